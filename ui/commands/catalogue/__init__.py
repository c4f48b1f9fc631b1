"""Verbs that make the catalogue and its title index, and look into them."""
