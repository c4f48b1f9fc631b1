"""Cleaning of catalogue text: markup and damage go, meaning stays.

Entities, tags, scripts, mojibake, control characters and loose white space go.
Digits, hyphens, units, accents and case stay: "ages 2-8" is "ages 2-8". Nothing
here knows of files, rows or splits.

    clean("Fits&nbsp;ages&amp;nbsp;2-8<br>Weighs 2&frac12; kg")   # "Fits ages 2-8 • Weighs 2½ kg"

`clean` is a fixed point of itself and takes time linear in the text, whatever
the text: see `clean`.
"""

import html
import html.entities
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.normal_form import normal_form

_LISTS = tomllib.loads(Path(__file__).with_name("cleaning.toml").read_text(encoding="utf-8"))
_LEFT_BEHIND = {
    name: left
    for kind, left in (("nothing", ""), ("space", " "), ("paragraph", "\n\n"))
    for name in _LISTS["tags"][kind].split()
}
_PLACEHOLDERS = frozenset(_LISTS["contents"]["placeholders"]) | {""}

# Names outside that table are no tags. A tag's inside is empty or holds an "=", for
# "a <b and c> d" is prose. No inside may hold "<": many unclosed tags are each read once.
_MARKUP = re.compile(
    r"<(?:(?P<comment>!--)|!doctype[^<>]*>|\?xml[^<>]*>"
    r"|(?P<slash>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,9})(?=[\s/>])(?:\s*(?:/\s*)?|\s[^<>=]*=[^<>]*)>)",
    re.ASCII | re.IGNORECASE,
)
_ENDS = {
    "comment": re.compile("-->"),
    "script": re.compile(r"</script[^<>]*>", re.ASCII | re.IGNORECASE),
    "style": re.compile(r"</style[^<>]*>", re.ASCII | re.IGNORECASE),
}

_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
# Characters with neither width nor meaning of their own: controls that are no white
# space, soft hyphen, zero-width, direction marks, surrogates, tags, non-characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]+"
)
_BULLET_GLYPHS = str.maketrans({"\uf0b7": "•", "\uf0a7": "•"})  # Word's private bullets
_NEWLINES = str.maketrans({"\r": "\n", "\u2028": "\n", "\u2029": "\n\n", "\x85": "\n", "\v": "\n", "\f": "\n"})
_ENDS_A_CLAUSE = frozenset(".!?:;,…•·|*-–—/")
_STARTS_AN_ITEM = frozenset("•·|*-–—")

# Mojibake needs two neighbours outside ASCII, or a lead byte whose no-break space became a space.
_MOJIBAKE_HINT = re.compile(r"[^\x00-\x7f]{2}|[ÃÂ] ")
_CAPITAL_TILDE = re.compile(r"(?<=[A-ZÀ-Þ])Ã(?=[®™”’»])")  # the end of "MAÇÃ" in quotes is no damage

# Honest text settles in three rounds. What does not in this many was nested to deceive.
_MAX_ROUNDS = 8

# Text that was wrapped to a width has lines of at least this many characters, all but the last nearly full.
_SHORTEST_WRAPPED = 40
_WRAPPED_SHARE = 0.7

_MIN_DESCRIPTION_WORDS = 3
_WORD = re.compile(r"\w+")


def clean(text: str) -> str:
    """Clean one text: where no punctuation parts them, blocks, list items and blank lines become " • ".

    `clean(clean(text)) == clean(text)` for any string, because rounds go on until one
    changes nothing. A text that is still changing after a few rounds was nested to
    deceive; it loses its "&" and "<", and failing that its non-ASCII characters.
    """
    for hostile in ("", "&<", "&<\x80-\U0010ffff"):
        if hostile:
            text = re.sub(f"[{hostile}]", " ", text)
        for _ in range(_MAX_ROUNDS):
            cleaned = _clean_once(text)
            if cleaned == text:
                return cleaned
            text = cleaned
    raise AssertionError("plain ASCII without markup settles at once")


def clean_uid(uid: str) -> str:
    """Clean a uid: invisible characters go, white space is folded; nothing else."""
    return " ".join(_INVISIBLE.sub("", uid).split())


def is_description(content: str, title: str) -> bool:
    """Return whether cleaned content describes the product well enough to learn from.

    It does not when it says nothing (see `says_something`) or has fewer than three words.
    """
    if len(content) > 2 * len(title) + 64:
        return True  # too long for any of these; most descriptions end here
    return says_something(content, title) and len(_WORD.findall(content)) >= _MIN_DESCRIPTION_WORDS


def says_something(content: str, title: str) -> bool:
    """Return whether cleaned content is more than nothing, a placeholder, or the cleaned title again."""
    words = [word for word in _WORD.findall(content.casefold()) if word != "_"]
    return " ".join(words) not in _PLACEHOLDERS and words != _WORD.findall(title.casefold())


def _clean_once(text: str) -> str:
    if text.isprintable() and "&" not in text and "<" not in text and text.isascii():
        return text.strip() if "  " not in text else " ".join(text.split())
    text = _mend_mojibake(text)
    if "&" in text:
        text = _AMPERSANDS.sub("&", text)
        text = _ENTITY.sub(_unescape, text)
    if "<" in text:
        text = _strip_markup(text)
    text = _INVISIBLE.sub("", text.translate(_BULLET_GLYPHS))
    return _fold_space(normal_form(text, "NFC"))


def _mend_mojibake(text: str) -> str:
    if not _MOJIBAKE_HINT.search(text):
        return text
    import ftfy
    from ftfy.badness import is_bad

    # Taken apart, a real capital looks like no damage; NFC puts it together again.
    apart = _CAPITAL_TILDE.sub("A\u0303", text)
    return ftfy.fix_encoding(apart) if is_bad(apart) else text


def _unescape(entity: re.Match[str]) -> str:
    body = entity[0][1:]
    if body.startswith("#") or body in html.entities.html5:
        return html.unescape(entity[0])
    return entity[0]


def _strip_markup(text: str) -> str:
    """Take known tags out, with the content of comments, scripts and styles."""
    pieces = []
    unclosed = set()  # ends that are known to be nowhere ahead, looked for once only
    position = 0
    while match := _MARKUP.search(text, position):
        start, position = match.span()
        pieces.append(text[match.pos : start])
        name = "comment" if match["comment"] else (match["name"] or "!").lower()
        end = None
        if name in _ENDS and not match["slash"] and name not in unclosed:
            end = _ENDS[name].search(text, position)
            if end is None:
                unclosed.add(name)
        if end is not None:
            position = end.end()
            pieces.append(" ")
        elif name == "sup" and text[start - 1 : start].isdigit() and text[position : position + 1].isdigit():
            pieces.append("^")  # 10<sup>3</sup> is not 103
        else:
            pieces.append(_LEFT_BEHIND.get(name, match[0] if match["name"] else " "))
    pieces.append(text[position:])
    return "".join(pieces)


def _fold_space(text: str) -> str:
    """Fold white space to single spaces; a blank line parts clauses, and so does each line of a list."""
    text = text.strip()
    if text.isprintable():
        return " ".join(text.split())
    folded: list[str] = []
    for block in _blocks(text.replace("\r\n", "\n").translate(_NEWLINES)):
        parts = block if _is_list(block) else [" ".join(block)]
        for part in parts:
            if folded and folded[-1][-1] not in _ENDS_A_CLAUSE and part[0] not in _STARTS_AN_ITEM:
                folded.append("•")
            folded.append(part)
    return " ".join(folded)


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield the runs of lines between blank ones, each line folded."""
    block: list[str] = []
    for line in text.split("\n"):
        folded = " ".join(line.split())
        if folded:
            block.append(folded)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _is_list(block: Sequence[str]) -> bool:
    """Return whether lines stand for themselves: of two words at least, and not about as long each, as if wrapped."""
    longest = max(map(len, block))
    wrapped = longest >= _SHORTEST_WRAPPED and all(len(line) >= _WRAPPED_SHARE * longest for line in block[:-1])
    return len(block) > 1 and not wrapped and all(" " in line for line in block)
