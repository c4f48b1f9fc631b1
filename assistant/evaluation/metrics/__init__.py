"""Metrics as `evaluate.Metric` modules of our own; `evaluate.load` takes their paths, and nothing is fetched."""
