"""Verbs that look after what lies around: models, the machine, opinions of replies."""
