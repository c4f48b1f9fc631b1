"""Verbs that train adapters and measure them."""
