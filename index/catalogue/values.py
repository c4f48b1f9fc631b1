"""What the values of a source mean: as a text, as lines that a shop would print, as an identifier.

Numbers, booleans, null and NaN are what they are; lists, dictionaries, and either written down in a text, become lines.

    lines_of({"Brand": "Tarn", "Colour": ["red", "blue"]}, "")      # ["Brand: Tarn", "Colour: red; blue"]
    text_of(12345.0)                                                # "12345"
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from index.catalogue.sources.columns import label_of
from index.catalogue.sources.literals import structure_in

_DEEPEST = 8  # structures in structures
_EXACT = 2**53  # below, a float holds every whole number
_STRUCTURES = (list, tuple, Mapping)
_NAMES = ("name", "label", "key", "attribute_name")  # of a pair, as a dictionary writes it
_VALUES = ("value", "values", "attribute_value", "options")
_UNITS = ("unitText", "unit", "unitCode")
_UNIT_CODES = {
    "CMT": "cm",
    "GRM": "g",
    "INH": "in",
    "KGM": "kg",
    "LBR": "lb",
    "LTR": "l",
    "MLT": "ml",
    "MMT": "mm",
    "MTR": "m",
    "ONZ": "oz",
}
_IDENTITIES = ("@type", "@id", "id", "slug", "url")  # beside a name: the dictionary is about a thing called so


class TooDeepError(ValueError):
    """A value of structures within structures, deeper than anything that describes a product."""


def text_of(value: Any) -> str:
    """Return a number, text or truth value as a text; what is missing, or is a list or dictionary, is ""."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, _STRUCTURES):
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else str(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def is_missing(value: Any) -> bool:
    """Return whether a value says that there is none: null, or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def value_at(row: Mapping[str, Any], name: str) -> Any:
    """Return a row's value in a column; of "variants.sku", which is no column, the list of what the variants have."""
    if name in row or "." not in name:
        return row.get(name)
    top, _, below = name.partition(".")
    inner = _read(row.get(top))
    if isinstance(inner, Mapping):
        return value_at(inner, below)
    if isinstance(inner, list | tuple):
        found = [value_at(each, below) for each in map(_read, inner) if isinstance(each, Mapping)]
        return [each for each in found if not is_missing(each)]
    return None


def texts_in(value: Any) -> list[str]:
    """Return the texts in a value: it itself, or each in a list; truth values are none."""
    read = _read(value)
    each = read if isinstance(read, list | tuple) else [read]
    return [text for one in each if not isinstance(one, bool) and (text := text_of(one))]


def lines_of(value: Any, label: str) -> list[str]:
    """Return a value as the lines that a shop would print, the label before them where it tells something.

    Raises `TooDeepError`.
    """
    read = _read(value)
    if isinstance(read, Mapping) and not _called(read):
        return [line for line in (_line(*item) for item in _items(read)) if line]
    if isinstance(read, list | tuple):
        if any(isinstance(each, Mapping) and not _called(each) for each in map(_read, read)):
            return [line for each in read for line in lines_of(each, label)]
        if not label:
            return [text for each in read if (text := _inline(each, 1))]
    text = _inline(read, 1)
    return [f"{label}: {text}" if label else text] if text else []


def _line(name: str, value: Any) -> str:
    text = _inline(value, 1)
    return f"{name}: {text}" if text else ""


def _inline(value: Any, depth: int) -> str:
    """Return a value in one line: "red; blue", "Height: 3 cm; Width: 2 cm"."""
    if depth > _DEEPEST:
        raise TooDeepError
    read = _read(value)
    if isinstance(read, Mapping):
        if called := _called(read):
            return called
        pairs = ((name, _inline(inner, depth + 1)) for name, inner in _items(read))
        return "; ".join(f"{name}: {text}" for name, text in pairs if text)
    if isinstance(read, list | tuple):
        return "; ".join(text for each in read if (text := _inline(each, depth + 1)))
    return text_of(read)


def _items(read: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    """Return the names, as labels, and values of a dictionary; of `{"name": "Size", "value": "L"}`, "Size" and "L"."""
    name = next((read[key] for key in _NAMES if isinstance(read.get(key), str) and read[key]), "")
    value = next((key for key in _VALUES if key in read), "")
    if name and value:
        return [(name, _called({key: each for key, each in read.items() if key not in _NAMES}) or read[value])]
    return [(label_of(str(key)), each) for key, each in read.items() if not str(key).startswith("@")]


def _called(read: Mapping[str, Any]) -> str:
    """Return what a dictionary about one thing is called, or the amount that it is; "" where it is about more."""
    unit = next((text_of(read[key]) for key in _UNITS if read.get(key)), "")
    if unit and (amount := text_of(read.get("value"))):
        return f"{amount} {_UNIT_CODES.get(unit, unit)}" if not any(key in read for key in _NAMES) else ""
    if "@value" in read:
        return text_of(read["@value"])
    if any(key in read for key in _VALUES):
        return ""
    name = text_of(read.get("name"))
    return name if len(read) == 1 or any(key in read for key in _IDENTITIES) else ""


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    structure = structure_in(value)
    return value if structure is None else structure
