"""The tables of what the page says, TOML files beside this module.

read_table("page_pt")["new_conversation"]    # "Nova conversa"
"""

import tomllib
from pathlib import Path
from typing import Any


def read_table(name: str) -> dict[str, Any]:
    """Return a table by the name of its file."""
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))
