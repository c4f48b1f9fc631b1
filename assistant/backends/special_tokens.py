"""Special tokens: by what a model knows turns, tools and its own end; and text in which none of them is left.

A question or a description is text, whoever wrote it: only the chat template may set a special token. So each is
broken by a space where text holds one, by the model's own list.

    special = special_tokens_of_gguf(path)
    special.broken("see <repo_name> there")         # "see < repo_name> there"
"""

import re
import struct
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO

# Of the file format GGUF, versions 2 and 3: its types of values with their sizes in bytes, those of tokens.
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4
_OPENS, _CLOSES = ("<", "[", "|"), (">", "]", "|")


class SpecialTokens:
    """The special tokens of one model."""

    def __init__(self, control: Iterable[str], others: Iterable[str] = ()) -> None:
        """Take those that steer the model, and `others` that were added to its words: of these what looks like a mark.

        A token with white space, or of a single sign, is text.
        """
        marks = (each for each in others if each.startswith(_OPENS) and each.endswith(_CLOSES))
        tokens = {each for each in (*control, *marks) if len(each) > 1 and not any(map(str.isspace, each))}
        self._tokens = tuple(sorted(tokens, key=lambda token: (-len(token), token)))

    def broken(self, text: str) -> str:
        """Return a text with a space inside each special token that it holds."""
        while self._tokens and self._pattern.search(text):
            text = self._pattern.sub(lambda found: f"{found[0][:1]} {found[0][1:]}", text)
        return text

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self._tokens)))


@lru_cache(8)
def special_tokens_of_gguf(path: Path) -> SpecialTokens:
    """Read the special tokens of a GGUF model from its head; none where it has no words of its own."""
    words: list[str] = []
    kinds: tuple[int, ...] = ()
    with path.open("rb") as file:
        file.seek(16)  # past the magic, the version and the number of tensors
        (count,) = struct.unpack("<Q", file.read(8))
        for _ in range(count):
            key = _text(file)
            (kind,) = struct.unpack("<I", file.read(4))
            if key == "tokenizer.ggml.tokens":
                words = _texts(file)
            elif key == "tokenizer.ggml.token_type":
                kinds = _numbers(file)
            else:
                _skip(file, kind)
            if words and kinds:
                break
    of_kind = list(zip(words, kinds, strict=False))
    control = [word for word, kind in of_kind if kind in (_UNKNOWN, _CONTROL)]
    return SpecialTokens(control, [word for word, kind in of_kind if kind == _USER_DEFINED])


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        file.seek(struct.unpack("<Q", file.read(8))[0], 1)
    elif kind == _ARRAY:
        kind, count = struct.unpack("<IQ", file.read(12))
        if kind in _SIZES:
            file.seek(_SIZES[kind] * count, 1)
        else:
            for _ in range(count):
                _skip(file, kind)
    else:
        file.seek(_SIZES[kind], 1)


def _text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    return file.read(length).decode(errors="replace")


def _texts(file: BinaryIO) -> list[str]:
    _, count = struct.unpack("<IQ", file.read(12))
    return [_text(file) for _ in range(count)]


def _numbers(file: BinaryIO) -> tuple[int, ...]:
    _, count = struct.unpack("<IQ", file.read(12))
    return struct.unpack(f"<{count}i", file.read(4 * count))
