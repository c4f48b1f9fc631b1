"""How well titles are resolved: questions, figures, report."""
