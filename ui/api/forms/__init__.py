"""The forms in which a talk can be asked and answered: chat, responses, completions."""
