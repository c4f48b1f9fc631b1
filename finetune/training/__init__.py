"""One training run, from examples to a published adapter."""
