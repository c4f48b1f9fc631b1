"""Text as Markdown that shows it letter for letter: what visitors, shops and models write is data.

escaped("*")                        # a backslash stands before it
on_one_line("www.evil.invalid")     # and no link is made of it
"""

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Links, e-mail addresses, emoji, icons, and arrows and dashes made of signs ("->") are found in plain words too, after
# the escapes are gone; a word joiner, which nobody sees, inside them ends that.
_MAGIC = re.compile(r"(?<=[:@])|(?<=w)(?=ww)|(?<=[-<>=~+])(?=[-<>=~+])", re.I)
_WORD_JOINER = "\u2060"


def escaped(text: str) -> str:
    """Escape a text for any Markdown."""
    return _PUNCTUATION.sub(r"\\\1", text)


def on_one_line(text: str) -> str:
    """Escape a text for Streamlit's Markdown, on one line."""
    return escaped(_MAGIC.sub(_WORD_JOINER, " ".join(text.split())))
