"""Unicode's normal forms, in time linear in any text; and texts that were cut inside a character.

Putting n marks on one letter into their canonical order takes n² steps. Of marks upon marks only as many are kept as
Unicode's Stream-Safe Text Format (UAX 15) allows; no language writes more.

    normal_form("café", "NFD")      # "cafe" and an accent
"""

import re
import unicodedata
from typing import Literal

MOST_MARKS = 30
# The two halfwidth marks are letters to `re`, and become combining marks in the compatibility forms.
_MARKS = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){{{MOST_MARKS + 1},}}")


def normal_form(text: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> str:
    """Return a text in one of Unicode's normal forms, without the marks on a letter beyond 30."""
    return text if text.isascii() else unicodedata.normalize(form, _MARKS.sub(_thinned, text))


def whole(text: str) -> str:
    """Join surrogate pairs, and put U+FFFD for a half: JavaScript cuts texts inside characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _thinned(run: re.Match[str]) -> str:
    kept = []
    marks = 0
    for sign in run[0]:
        marks = marks + 1 if unicodedata.combining(unicodedata.normalize("NFKD", sign)[0]) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)
