"""Floor 1: products and their titles; which product a question means."""
