"""What chat clients make of a question, and ask for themselves."""
