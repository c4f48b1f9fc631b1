"""Floor 4: the doors."""
