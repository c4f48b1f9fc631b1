"""A shop's own settings, `shop.toml` in its home: its own lines, what mistakes cost it, how Qdrant keeps its titles.

What else is in that file, the columns of its sources, `index.catalogue.sources.shop_file` reads.

[help]
greeting = "Welcome to Tarn & Sons! Ask me about a product."
order = "For orders, please write to orders@tarn.example."

[decision]
wrong_cost = 10.0

[qdrant]
alias = "tarn"
shards = 6

shop = read_shop(home)      # ShopSettings(help={"greeting": …}, index=IndexSettings(wrong_cost=10.0))
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.shopping.help import SENTENCES
from index.catalogue.sources.shop_file import FILE, SECTION
from index.errors import UserError
from index.settings import IndexSettings, QdrantSettings

COSTS = ("wrong_cost", "vain_cost", "missed_cost")
COUNTS = ("shards", "replicas", "write_consistency")


@dataclass(frozen=True)
class ShopSettings:
    """What a shop says in its own words to turns about no product, by the names of `help.toml`; how its index is."""

    help: Mapping[str, str] = field(default_factory=dict)
    index: IndexSettings = IndexSettings()


AS_SHIPPED = ShopSettings()


def read_shop(home: Path) -> ShopSettings:
    """Read the settings of the shop in a home; where there is no such file, all is as it is shipped.

    Raises `UserError` that names what is wrong in it.
    """
    path = home / FILE
    if not path.is_file():
        return AS_SHIPPED
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise UserError(f"{path} is no TOML: {exc}", "a TOML file", f"edit {path}") from exc
    sections = ("help", "decision", "qdrant")
    faults = [f"unknown section {name}" for name in table if name not in (*sections, SECTION)]
    faults += [f"{name} is no section" for name in sections if not isinstance(table.get(name, {}), dict)]
    lines, costs, qdrant = (table.get(name, {}) if not faults else {} for name in sections)
    faults += [f"help.{name}" for name, line in lines.items() if name not in SENTENCES or not _is_line(line)]
    faults += [f"decision.{name}" for name, cost in costs.items() if name not in COSTS or not _is_cost(cost)]
    faults += [f"qdrant.{name}" for name, value in qdrant.items() if not _keeps(name, value)]
    if faults:
        raise UserError(
            f"{path} has faults: {', '.join(faults)}",
            f"[help] with texts for {', '.join(SENTENCES)}; [decision] with numbers above 0 for {', '.join(COSTS)}; "
            f"[qdrant] with a name for alias, whole numbers above 0 for {', '.join(COUNTS)}",
            f"edit {path}",
        )
    own: dict[str, Any] = {name: float(cost) for name, cost in costs.items()}
    return ShopSettings(lines, replace(IndexSettings(), qdrant=QdrantSettings(**qdrant), **own))


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _keeps(name: str, value: Any) -> bool:
    """Return whether a setting tells how Qdrant keeps titles."""
    if name == "alias":
        return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", value) is not None
    return name in COUNTS and type(value) is int and value > 0


def _is_cost(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
