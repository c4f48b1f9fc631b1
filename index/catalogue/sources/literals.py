"""Lists and dictionaries that are written down in a text, as JSON or as Python writes them.

structure_in("['Waterproof', 'Red']")      # ["Waterproof", "Red"]
structure_in("[Sealed] A puzzle")          # None
"""

import ast
import json
import warnings
from typing import Any

_ENDS = {"[": "]", "{": "}"}


def structure_in(text: str) -> list[Any] | dict[str, Any] | None:
    """Return the list or dictionary that is the whole of a text, None where it is prose."""
    stripped = text.strip()
    if not stripped or stripped[-1] != _ENDS.get(stripped[0]):
        return None
    try:
        read = json.loads(stripped)
    except (ValueError, RecursionError):
        read = _python(stripped)
    return read if isinstance(read, list | dict) else None


def _python(text: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # "\d" in a text is no escape, and no matter
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
