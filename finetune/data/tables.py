"""The tables of words and wordings that lie beside these modules as TOML.

table("phrasing")["subject"]["en"]      # ["it", "it", "it", "this", …]
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Read a table, once."""
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
