"""Titles: candidates by meaning and by words, measured, ranked, decided."""
