"""Verbs that answer: in the terminal, in the browser, over HTTP."""
