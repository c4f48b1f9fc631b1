"""Products: reading a source, cleaning, merging duplicates, splitting, keeping."""
