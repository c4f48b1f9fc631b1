"""Which columns of a source are the uid, the title, the content and further identifiers.

A person may name them; else a profile that knows the source does (`profiles.toml`), else the usual names. Case, spaces,
dashes and the "g:" of Google's feeds do not matter. `variants.sku` is the `sku` of each of a row's `variants`.

    choose(Columns(title="Name"), ("SKU", "Name", "Description"))    # Chosen(uid="SKU", title="Name", …)
"""

import difflib
import fnmatch
import re
import shlex
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from index.errors import SourceError
from index.settings import Columns

FIELDS = ("uid", "title", "content", "ids")
OPTIONS = {"uid": "--uid", "title": "--title", "content": "--content", "ids": "--id"}
_SPACES = re.compile(r"[\s_\-]+")
_VALUE = re.compile(r"(.*\d+ )values?(?:\(s\))?")  # "Option1 Value", "Attribute 1 value(s)"
_MEASURED = re.compile(r"(.+) \((kg|g|lbs?|oz|m|cm|mm|in|ft|l|ml)\)", re.I)  # "Weight (kg)"
_WORDS = re.compile(r"[\s_\-]+|(?<=[a-z])(?=[A-Z])")
_MOST_NEAREST = 3
_MOST_NAMED = 12  # columns in an error


@dataclass(frozen=True)
class ContentColumn:
    """A column of the content; what a shop would print before it, a label or another column's value; and after."""

    name: str
    label: str = ""
    label_column: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Chosen:
    """The columns of one source, as it calls them."""

    uid: str
    title: str
    content: tuple[ContentColumn, ...]
    ids: tuple[str, ...] = ()
    profile: str = ""
    joins_rows: bool = False  # rows that follow one, with its uid and no other title, belong to it
    escapes_newlines: bool = False  # line ends are written as a backslash and an "n"

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that is read, each once: the uid first, then the title."""
        content = [name for column in self.content for name in (column.name, column.label_column) if name]
        return tuple(dict.fromkeys([self.uid, self.title, *content, *self.ids]))

    def read_of(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return which of a source's columns are read, the uid first; of "variants.sku", it is "variants"."""
        tops = (name if name in columns else name.partition(".")[0] for name in self.names)
        return tuple(dict.fromkeys(name for name in tops if name in columns))


def plain_name(name: str) -> str:
    """Return a name without case, and with single spaces for what parts its words."""
    plain = _SPACES.sub(" ", name.strip().strip("\ufeff").casefold()).strip()
    return plain.removeprefix("g:").strip()


def choose(wanted: Columns, names: Sequence[str]) -> Chosen:
    """Return the columns of a source that has columns `names`: those wanted, else those of a profile or the usual ones.

    What is wanted but not among the names stays as it was written; `absent` tells. A field for which nothing is found
    is looked for under its own name: rows that are still to come may have it.
    """
    tables = _tables()
    plain = _plain_names(names)
    profile: dict[str, Any] = next((each for each in tables["profile"] if plain.keys() >= set(each["told_by"])), {})
    found: dict[str, list[str]] = {}
    for field in FIELDS:
        given = _given(wanted, field)
        listed = profile.get(field, tables["usual"].get(field, []))
        found[field] = [_resolved(name, names, plain) for name in given] or _those_there(listed, plain)
    uid, title = ((found[field] or [field])[0] for field in ("uid", "title"))
    content = [name for name in found["content"] if wanted.content or name not in (uid, title)] or ["content"]
    return Chosen(
        uid,
        title,
        tuple(_content_column(name, plain, is_only=len(content) == 1) for name in content),
        tuple(name for name in found["ids"] if name != uid),
        profile.get("name", ""),
        bool(profile.get("joins_rows")) and not wanted.uid,
        bool(profile.get("escapes_newlines")),
    )


def absent(wanted: Columns, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return what is wanted and is no column among `names`, each with the field that it is wanted for."""
    plain = _plain_names(names)
    found = [(field, name) for field in FIELDS for name in _given(wanted, field)]
    return [(field, name) for field, name in found if _resolved(name, names, plain).partition(".")[0] not in names]


def no_such_column(field: str, name: str, names: Sequence[str], source: str) -> SourceError:
    """Return the error that no row of a source has a column, with the names that come nearest."""
    plain = _plain_names(names)
    own = plain_name(name)
    inside = [each for each in plain if own in each or each in own]
    nearest = [plain[each] for each in dict.fromkeys([*inside, *difflib.get_close_matches(own, plain)])][:_MOST_NEAREST]
    mend = f"titlewise prepare SOURCE {OPTIONS[field]} {shlex.quote(nearest[0]) if nearest else 'COLUMN'}"
    return SourceError(f"no row of {source} has a column {name!r}", f"one of {named(nearest or names)}", mend)


def named(names: Sequence[str]) -> str:
    """Return the names of columns as an error shows them."""
    shown = ", ".join(map(repr, names[:_MOST_NAMED]))
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown or "none"


def identity_names() -> frozenset[str]:
    """Return the usual names of uids and titles, in plain form."""
    usual = _tables()["usual"]
    return frozenset([*usual["uid"], *usual["title"], "@type"])


def label_of(name: str) -> str:
    """Return what a shop would print for a column or key: "brand_name" is "Brand name"."""
    labels: dict[str, str] = _tables()["labels"]
    if (known := labels.get(plain_name(name))) is not None:
        return known
    own = name.partition(" (product.metafields")[0].rpartition(":")[2]
    words = [word if word.isupper() else word.lower() if place else word for place, word in enumerate(_words(own))]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _words(name: str) -> list[str]:
    return [word for word in _WORDS.split(name) if word] if not name.strip().count(" ") else [name.strip()]


def _content_column(name: str, plain: dict[str, str], *, is_only: bool) -> ContentColumn:
    own = plain_name(name)
    if value := _VALUE.fullmatch(own):
        return ContentColumn(name, "", plain.get(f"{value[1]}name", ""))
    if measured := _MEASURED.fullmatch(name.strip()):
        return ContentColumn(name, label_of(measured[1]), unit=measured[2])
    shown = name if own in plain else name.rpartition(".")[2]
    return ContentColumn(name, "" if is_only or plain_name(shown) in _tables()["usual"]["prose"] else label_of(shown))


def _plain_names(names: Sequence[str]) -> dict[str, str]:
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(plain_name(name), name)
    return plain


def _given(wanted: Columns, field: str) -> list[str]:
    given = getattr(wanted, field)
    return [name for name in ([given] if isinstance(given, str) else given) if name]


def _resolved(name: str, names: Sequence[str], plain: dict[str, str]) -> str:
    return name if name in names else plain.get(plain_name(name), name)


def _those_there(listed: Sequence[str], plain: dict[str, str]) -> list[str]:
    """Return the columns that a table lists and a source has, in the table's order; "*" stands for anything."""
    found: list[str] = []
    for pattern in listed:
        top, _, below = pattern.partition(".")
        if pattern in plain:
            found.append(plain[pattern])
        elif below and top in plain:
            found.append(f"{plain[top]}.{below}")
        else:
            found += [plain[each] for each in fnmatch.filter(plain, pattern)]
    return found


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("profiles.toml").read_text(encoding="utf-8"))
