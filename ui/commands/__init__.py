"""The command line's verbs, one file each, in wings by what they are for."""
