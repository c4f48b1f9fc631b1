"""What a comparison asks of each of its products: "which shreds more paper?" is "how much paper does it shred?".

English alone: a Portuguese comparison reads as a question about one product as it stands ("tem mais folhas"). A
product's name is a `NAME` in it.

    asked_of_each("does • have a longer power cord than •")     # "How long is its power cord?"
"""

import re
import tomllib
from pathlib import Path

NAME = "•"

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_ADJECTIVES = _TABLES["adjectives"]
_DOUBLED = frozenset(_ADJECTIVES["doubled"].split())
_PLURAL, _SINGULAR = (frozenset(_TABLES["nouns"][number].split()) for number in ("plural", "singular"))


def _forms(adjective: str) -> tuple[str, str]:
    """Return comparative and superlative of a regular adjective."""
    if adjective.endswith("y"):
        root = f"{adjective[:-1]}i"
    elif adjective.endswith("e"):
        root = adjective[:-1]
    else:
        root = adjective + (adjective[-1] if adjective in _DOUBLED else "")
    return f"{root}er", f"{root}est"


_OF_FORM: dict[str, str] = {
    form: adjective for adjective in _ADJECTIVES["regular"].split() for form in _forms(adjective)
}
_OF_FORM |= _ADJECTIVES["irregular"]
_FORMS = "|".join(_OF_FORM)
_FORM = rf"(?P<form>{_FORMS})\b"
_AMONG = rf"(?: one)?(?: of (?:{NAME}|(?:the|these|those|my|them)(?: (?:two|three|pair))?))?"
_THING = (
    r"(?: [a-z]+){1,2}(?= (?:of these )?(?:has|have|is|are|can|will|gets|holds|takes|comes|keeps|gives|lasts|needs)\b)"
)
_WHICH = rf"(?:wh?ich|what|who|whichever)(?:{_THING})?{_AMONG}"
_EACH = r"each(?: one| of (?:them|these|the \w+))?"
_ALL = r"all(?: three| of (?:them|these|those))?|any of (?:them|these|those)"
_BOTH = rf"(?:both|either|{_ALL}|{_EACH}|these(?: two| three)?|those(?: two)?|the (?:two|three)(?: of them)?)"
_IT = rf"(?:{NAME}|one|(?:they |it )?{_BOTH}|they|it)"
_MODAL = r"(?:can|could|will|would|may)"
_SMALL = r"(?:than|or|and|on|in|at|of|for|from|with|to|by|vs|against|out|when|before|once)"
_ABOUT = rf"(?:{_SMALL}|wins?|one|ones|please|pls)"
_PHRASE = rf"(?!{_ABOUT}\b)[a-z][\w-]{{0,30}}(?: (?!{_ABOUT}\b)[a-z][\w-]{{0,30}})?"  # one or two words

# What a product does or is, by who is asked about.
_STATEMENTS = [
    re.compile(rf"{_WHICH} (?P<modal>can|could|should) (?P<who>i|you|we) (?P<does>.+)"),
    re.compile(rf"(?P<modal>{_MODAL}) {_IT} (?P<does>.+)"),
    re.compile(rf"{_WHICH} (?P<modal>{_MODAL}) (?P<does>.+)"),
    re.compile(rf"(?:does|do|did) {_IT}(?: [a-z]+(?= have ))? (?P<does>.+)"),  # "• vac have": what is left of a name
    re.compile(rf"(?:is|are|'s) {_IT} (?P<is>.+)"),
    re.compile(rf"(?:{_WHICH} (?:is|are)|what'?s|who'?s) (?P<is>.+)"),
    re.compile(rf"{_WHICH} (?P<does>(?!do\b|does\b|i\b|you\b)[a-z]+(?:s|ve)\b(?!').*)"),
]
_HOW = re.compile(
    rf"(?P<how>(?:how|what)\b[^{NAME}]*?) (?:(?P<modal>{_MODAL})|(?P<be>is|are)|does|do) {_IT}(?P<does>.*)"
)
_BEHIND = re.compile(rf"{_IT} (?P<verb>[a-z]+s) (?P<how>how (?:many \w+|much \w+|\w+))(?P<rest>.*)")
_MORE = re.compile(
    rf"(?:me |you |us )?(?:the )?(?:more|most|less|least|fewer|fewest)(?: of)? (?P<noun>{_PHRASE})(?P<rest>.*)"
)
_VERB = re.compile(r"(?P<verb>[a-z]{1,30}(?: (?:up|down|out|off|through)\b)?) (?P<rest>.+)")
_SO = re.compile(rf"(?:the |any |a )?{_FORM}(?: ones?\b)?(?P<rest>.*)")
_DONE_SO = re.compile(rf"(?P<thing>{_PHRASE}) {_FORM}(?P<rest>.*)")
_ITS = re.compile(
    rf"(?:is|are) the (?P<thing>{_PHRASE}) (?:of|on|for|in) (?:the )?{NAME} (?P<so>{_FORMS})\b.*|"
    rf"whose (?P<noun>{_PHRASE}) (?:is|are) (?:the )?{_FORM}.*"
    rf"|what(?:'?s| is| are) the (?P<of>{_PHRASE}) (?:of|on|for|in) (?:the )?{NAME}.*"
)
_ADVERBS = re.compile(r"\b(?:actually|always|really|even|still|also|never) ")
_PART = re.compile(rf"(?:the |an? )?{_FORM} (?P<noun>{_PHRASE})")
_FRAGMENT = re.compile(rf"(?:the )?{_FORM}(?: (?P<noun>{_PHRASE}))?(?: {_ABOUT}\b.*)?")
_BESIDE = re.compile(
    rf" ?\b(?:than|like|versus|vs|compared (?:to|with)|next to|against|as opposed to)(?: [^{NAME}]{{0,40}})? {NAME}"
    rf"| ?{NAME}| ?\b(?:please|pls)\b"
)
_ENDS = re.compile(r"(?<!made)(?: (?:than|or|and|on|in|at|of|for|from|with|to|by|vs|against|the|an?|too|then)){1,6}$")
_NAMES = re.compile(
    rf"(?:both |either )?{NAME}(?: ones?)?(?: (?:and|or|n|vs|versus) (?:the |an? )?{NAME}(?: ones?)?)*(?: both\b)?"
)
_BEFORE = re.compile(rf"^(?:(?:{NAME}|yo|hey|hi|hello|so|ok|okay|well|pls|please|and) )+(?=wh?ich|who|what)")
_MUCH = re.compile(r"(?:the )?(?:more|most|less|least)")
_FOR_ONE = re.compile(  # "my boy is just 2"
    r"(?:(?:it'?s )?for )?(?:my|our|a) (?:[a-z]+ ){0,3}?(?:is |who'?s |turns )?(?:just |only |almost |nearly |about )?"
    r"(?P<age>\d{1,2})(?P<unit> ?(?:months?|mos?|m))?(?: ?(?:years?|yrs?|yo))?(?: old)?"
)
_DIFFERENCE = re.compile(
    rf"(?:what'?s? |is |are |any |there ){{0,4}}(?:the |an? )?"
    rf"(?:(?P<of>{_PHRASE}) (?:difference|diff)|(?:difference|diff) in (?P<within>{_PHRASE}))\b.*"
)
SHORTEST_IN_Y = 4  # letters of a verb's "ies": "dries", but "lies"
_BARE = {"has": "have", "does": "do", "goes": "go", "gets": "get"}
_OF_A_PART = ("have", "come with", "has", "comes with", "got")


def asked_of_each(piece: str) -> str:
    """Return what a piece of a comparison asks of each of its products; "" where it asks nothing by itself."""
    text = _ADVERBS.sub("", _BEFORE.sub("", _NAMES.sub(NAME, " ".join(piece.casefold().split()))))
    if its := _ITS.fullmatch(text):
        if its["thing"]:
            return _of_part(its["so"], its["thing"])
        return _of_part(its["form"], its["noun"]) if its["noun"] else _question("what is its", its["of"], "")
    if one := _FOR_ONE.fullmatch(text):
        return f"Is it for a {one['age']} {'month' if one['unit'] else 'year'} old?"
    if difference := _DIFFERENCE.fullmatch(text):
        return _question("what is its", difference["of"] or difference["within"], "")
    if how := _HOW.fullmatch(text):
        aux = how["modal"] or how["be"] or "does"
        asked = re.sub(r"^how (many|much) (?:more|fewer|less) ", r"how \1 ", how["how"])
        return _question(asked, f"{'is' if aux == 'are' else aux} it", how["does"])
    if behind := _BEHIND.fullmatch(text):
        return _question(behind["how"], f"does it {_bare(behind['verb'])}", behind["rest"])
    for statement in _STATEMENTS:
        if found := statement.fullmatch(text):
            groups = found.groupdict()
            if groups.get("who"):
                verb, _, rest = groups["does"].partition(" ")
                return _question(f"{groups['modal']} {groups['who']} {verb} it", "", f" {rest}")
            if groups.get("is"):
                return _of_being(groups["is"])
            return _of_doing(groups.get("modal") or "does", groups["does"])
    if fragment := _FRAGMENT.fullmatch(_BESIDE.sub("", text)):
        return _of_part(fragment["form"], fragment["noun"]) if fragment["noun"] else _how(fragment["form"], "is it", "")
    return ""


def _of_being(rest: str) -> str:
    if so := _SO.fullmatch(rest):
        return _how(so["form"], "is it", so["rest"])
    if of_a_part := _DONE_SO.fullmatch(rest):
        return _of_part(of_a_part["form"], of_a_part["thing"])
    return _question("is it", "", f" {rest}")


def _of_doing(auxiliary: str, does: str) -> str:
    verb = _VERB.fullmatch(does)
    if verb is None:
        return _question(f"{auxiliary} it", _bare(does), "")
    bare = _bare(verb["verb"])
    if _MUCH.fullmatch(verb["rest"]):
        return _question("how much", f"does it {bare}", "")
    if more := _MORE.fullmatch(verb["rest"]):
        amount = "many" if _is_plural(more["noun"]) else "much"
        return _question(f"how {amount} {more['noun']}", f"does it {bare}", more["rest"])
    if does.startswith(_OF_A_PART):
        if part := _PART.match(does.removeprefix("comes ").removeprefix("come ").partition(" ")[2]):
            return _of_part(part["form"], part["noun"])
    elif thing := _PART.match(verb["rest"]):
        article = "" if _is_plural(thing["noun"]) else "a "
        return _question(f"how {_OF_FORM[thing['form']]} {article}{thing['noun']}", f"does it {bare}", "")
    elif done := _DONE_SO.fullmatch(verb["rest"]):
        return _how(done["form"], f"does it {bare} {done['thing']}", done["rest"])
    elif so := _SO.fullmatch(verb["rest"]):
        return _how(so["form"], f"does it {bare}", so["rest"])
    return _question(f"{auxiliary} it", bare, f" {verb['rest']}")


def _of_part(form: str, noun: str) -> str:
    return _how(form, f"{'are' if _is_plural(noun) else 'is'} its {noun}", "")


def _how(form: str, asked: str, rest: str) -> str:
    return _question(f"how {_OF_FORM[form]}", asked, rest)


def _question(beginning: str, middle: str, rest: str) -> str:
    """Return a question without what is compared with, and what led up to a name."""
    end = _ENDS.sub("", _BESIDE.sub("", rest)).rstrip()
    text = " ".join(f"{beginning} {middle}{' ' if end else ''}{end.strip()}".split())
    return f"{text[:1].upper()}{text[1:]}?"


def _is_plural(noun: str) -> bool:
    last = noun.split()[-1]
    return last in _PLURAL or (last.endswith("s") and not last.endswith("ss") and last not in _SINGULAR)


def _bare(verb: str) -> str:
    """Return a verb, with its particle, as it stands after "does it"."""
    first, *particle = verb.split()
    if first in _BARE:
        first = _BARE[first]
    elif first.endswith("ies"):
        first = f"{first[:-3]}y" if len(first) > SHORTEST_IN_Y else first[:-1]
    elif first.endswith(("shes", "ches", "sses", "xes")):
        first = first[:-2]
    elif first.endswith("s") and not first.endswith("ss"):
        first = first[:-1]
    return " ".join([first, *particle])
