"""The columns that a shop names in its `shop.toml`, so that it need not name them at every `prepare`.

[source]
uid = "Item no"
content = ["Description", "Colour"]
id = "EAN"

columns = read_columns(home)      # Columns(uid="Item no", content=("Description", "Colour"), ids=("EAN",))
"""

import tomllib
from pathlib import Path
from typing import Any

from index.errors import UserError
from index.settings import Columns

FILE = "shop.toml"
SECTION = "source"
_FIELDS = ("uid", "title", "content", "id")
_LISTS = ("content", "id")


def read_columns(home: Path) -> Columns:
    """Read the columns that the shop in a home names; none where it has no such file or section.

    Raises `UserError` that names what is wrong in it.
    """
    path = home / FILE
    if not path.is_file():
        return Columns()
    try:
        section = tomllib.loads(path.read_text(encoding="utf-8")).get(SECTION, {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise UserError(f"{path} is no TOML: {exc}", "a TOML file", f"edit {path}") from exc
    if not isinstance(section, dict):
        raise UserError(f"{path} has a {SECTION} that is no section", f"[{SECTION}]", f"edit {path}")
    faults = [f"{SECTION}.{name}" for name, value in section.items() if not _is_sound(name, value)]
    if faults:
        expected = (
            f"[{SECTION}] with the names of columns for {', '.join(_FIELDS)}; several in a list for content and id"
        )
        raise UserError(f"{path} has faults: {', '.join(faults)}", expected, f"edit {path}")
    content, ids = ([value] if isinstance(value := section.get(name, []), str) else value for name in _LISTS)
    return Columns(section.get("uid", ""), section.get("title", ""), tuple(content), tuple(ids))


def _is_sound(name: str, value: Any) -> bool:
    names = value if isinstance(value, list) and name in _LISTS else [value]
    return name in _FIELDS and all(isinstance(each, str) and each.strip() for each in names)
