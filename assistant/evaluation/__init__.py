"""Evaluation: how well any assistant answers, measured on questions whose answers are known."""
