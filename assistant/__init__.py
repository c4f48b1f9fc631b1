"""Floor 2: from a question to a grounded reply."""
