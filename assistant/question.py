"""A question, read once: its language, whether it wants yes or no, what it asks about.

question = read_question("is the Harrow kettle loud?", title="Harrow Kettle, Red")
question.closed               # True
question.bare.words           # {"loud"}: its content words, the mention of the title left out
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.attributes import Matter, asked_about, asks_own_weight, matter_of
from assistant.grounding.portuguese import in_english
from assistant.phrases import Language, language_of
from index.text import (
    ATTRIBUTE_WORDS,
    GRAMMAR_WORDS,
    POINTING_WORDS,
    WORD,
    TextWords,
    content_words,
    stem,
    unaccented,
    words_of,
)

WORDS_OF_A_MENTION = 3  # of a title's words in a question; fewer are as likely part of what is asked
NEAR = 3  # words from one of a mention to the next
MOST_WORDS_OF_A_FRAGMENT = 3  # "cor e tamanho?" asks for both

_CLOSED = re.compile(
    r"(?:^|[.,:;!?]|\b(?:and|so|but|hi|hello|oi) )\s*"
    r"(?:is|are|does|do|did|can|could|will|would|has|have|was|were|e|tem|vem|serve|funciona|posso|pode|da|acompanha)\b"
)
_OPEN_PORTUGUESE = re.compile(r"\b(?:qual|quais|quant[oa]s?|quando|onde|quem|como|por que|o que)\b")
# What asks for more than yes or no wherever it stands: "é pra que idade?", "tem quantas peças?", "it is made of what?".
_OPEN_ANYWHERE = re.compile(
    r"\b(?:qual|quais|(?<!tao )(?<!tanto )(?<!ver )quant[oa]s?(?! (?:o|a|os|as|um|uma)\b))\b"
    r"|(?<!garantia )\b(?:de|em|pra|para|com|ate|por|a) que\b|\bque\W*$"
    r"|\b(?:for|in|of|to|from|at) what(?: \w+)?\W*$"
)
# What is asked for by name counts even where the title has the word: "how many compartments has the 7 Compartment …".
_OBJECT = re.compile(r"\b(?:how many|how much|what|which|quant[oa]s|que|qual)\s+(\w+)")
_LEADING_UP = re.compile(
    r"^\s*(?:(?:and|so|but|also|ok|okay|hi|hello|hey|e|mas|então|oi|olá|ah|well|thanks|obrigad[oa])[,.!;:]*\s+)+", re.I
)
# Before a brand, which is the product's name then; behind "for the" or "in my" it is another thing.
_DEFINITE = {"en": frozenset({"the", "my"}), "pt": frozenset("o a os as do da dos das meu minha".split())}
_OF_ANOTHER = frozenset("for with on in into to fit fits onto under from against inside para pra pro com".split())
_MAY_FOLLOW_A_NAME = GRAMMAR_WORDS | ATTRIBUTE_WORDS
_ARTICLE = re.compile(r"\b(?:the|an?|my|this|that|os?|as?|uma?|est[ea]|ess[ea]) $", re.I)
_OF_IT = re.compile(r"\bthe ((?:[\w'-]{1,40} ){0,2}[\w'-]{1,40}) of it\b", re.I)  # "the battery life of it"
_EITHER = frozenset({"or", "ou"})
_COPULAS = frozenset({"is", "are", "e", "sao"})  # "what is it?" asks for no object
# "what is it for?", "who is it by?"
_MORE_THAN_WHAT = re.compile(r"\bfor\W*$|\b(?:who|whose|where|when|why|how|quem|onde|quando|como)\b")
# "channels on the rigol": a part of what is named; "art of war" stands so in its title.
_PART_OF = re.compile(
    r"^\W{0,9}(?:what'?s? |is |are |the |qual |o |a ){0,4}\w{3,}(?: \w{3,})?"
    r" (?:on|of|in|for|with|do|da) (?:the |my )?\w+"
)
# What a question at large is put with: "tell me more", "fale mais sobre ele".
_AT_LARGE = "what's more describe explain information details mais fale descreva explique informações detalhes"
_OVERVIEWS: dict[Language, str] = {"en": "What is this product?", "pt": "O que é este produto?"}


@dataclass(frozen=True)
class ReadQuestion:
    """A question as all that judges it sees it.

    `plain` is its text in lower case without accents, `plainly` the text without what only leads up to it ("and",
    "ok so"). `closed` says that yes or no can answer it, `points` that it points at its product ("it", "this"),
    `offers_choice` that it asks for one or the other ("porcelain or plastic?"). `matter` is what it asks that a shop
    knows and a description seldom says.
    `attributes` are those that it asks about, each with the words that ask; `own_weight` says that it asks how heavy
    the product is, and not how much it bears. `words` are its content words, `title_words` those of its product's
    title, `beyond_title` what it asks in words that the title lacks, or all that it asks where there are none.
    `without_mention` is the question without the title that it mentions, if it does, and `pointing` is `plainly` with
    "it" in place of that title, else "". `judged` is what the judge reads, and `judged_again` what it reads beside the
    likeliest passages once more, "" where nothing; `heard` is what a taught model begins to answer before it is decided
    what is said. In `judged` and `heard` a Portuguese question is in English, as far as its words are known.
    """

    text: str
    title: str
    plain: str
    plainly: str
    language: Language
    closed: bool
    points: bool
    offers_choice: bool
    matter: Matter | None
    attributes: Mapping[str, str]
    words: frozenset[str]
    title_words: frozenset[str]
    beyond_title: frozenset[str]
    judged: str
    heard: str
    judged_again: str = ""
    own_weight: bool = False
    pointing: str = ""
    without_mention: "ReadQuestion | None" = field(default=None, repr=False)

    def asks_what_it_is(self, uid: str) -> bool:
        """Return whether it asks for nothing but what the product is, by its title, its `uid`, or both."""
        if self.text.strip() == uid:
            return True
        part = _PART_OF.match(self.plain)
        asks_part = part is not None and part.group().strip() not in unaccented(self.title)
        asks_more = _MORE_THAN_WHAT.search(self.plain) or set(_OBJECT.findall(self.plain)) - _COPULAS
        if self.attributes or self.closed or asks_more or asks_part:
            return False
        return self.words <= self.title_words | content_words(f"{uid} {_AT_LARGE}")

    def overview(self) -> "ReadQuestion":
        """Return the question that is put in place of one that asks for nothing but what the product is."""
        return read_question(_OVERVIEWS[self.language], self.title)


def read_question(text: str, title: str = "") -> ReadQuestion:
    """Read a question about the product of this title; "" where no single product is meant."""
    words, title_words = words_of(text), words_of(title)
    named = _mentioned(words, title_words)
    rest_words = words_of(" ".join(word for word in WORD.findall(words.plain) if word not in named) if named else "")
    # A question that only names its product asks with the words of the title.
    bare = _read(rest_words.plain, title, rest_words, title_words) if rest_words.content else None
    whole = _read(text, title, words, title_words)
    if bare is None:
        return whole
    with_it = _pointing(whole.plainly, named, whole.language)
    return replace(
        whole,
        beyond_title=bare.words - title_words.content or bare.words,
        pointing=with_it,
        judged=in_english(with_it) if whole.language == "pt" else whole.plainly,
        heard=in_english(with_it) if whole.language == "pt" else with_it,
        judged_again=with_it,
        without_mention=bare,
    )


def _names(words: Sequence[str], brand: str) -> bool:
    """Return whether a brand stands for its product in a question: "how heavy is the neato"."""
    if not POINTING_WORDS.isdisjoint(words):
        return False
    articles = _DEFINITE[language_of(" ".join(words))]
    for place in (place for place, word in enumerate(words) if word == brand and place):
        before, behind = words[max(0, place - 2) : place], words[place + 1 : place + 2]
        if before[-1] in articles and before[0] not in _OF_ANOTHER and (not behind or behind[0] in _MAY_FOLLOW_A_NAME):
            return True
    return False


def is_closed(question: str) -> bool:
    """Return whether a question can be answered by yes or no."""
    return _is_closed(unaccented(question), language_of(question))


def _read(text: str, title: str, words: TextWords, title_words: TextWords) -> ReadQuestion:
    language, plainly = language_of(text), _LEADING_UP.sub("", text) or text
    return ReadQuestion(
        text=text,
        title=title,
        plain=words.plain,
        plainly=plainly,
        language=language,
        attributes=asked_about(text),
        matter=matter_of(text),
        own_weight=asks_own_weight(text),
        closed=_is_closed(words.plain, language),
        points=not POINTING_WORDS.isdisjoint(words.folded),
        offers_choice=not _EITHER.isdisjoint(WORD.findall(text.casefold())),
        words=words.content,
        title_words=title_words.content,
        beyond_title=words.content - title_words.content or words.content,
        judged=in_english(plainly) if language == "pt" else plainly,
        heard=in_english(plainly) if language == "pt" else text,
        judged_again=plainly if language == "pt" else "",
    )


def _is_closed(plain: str, language: Language) -> bool:
    if _OPEN_ANYWHERE.search(plain):
        return False
    if _CLOSED.search(plain):
        return True
    # Portuguese asks so by the tone alone: what has a question mark and no word that asks is closed.
    whole = "?" in plain and len(plain.split()) > MOST_WORDS_OF_A_FRAGMENT
    return whole and language == "pt" and not _OPEN_PORTUGUESE.search(plain)


def pointing(text: str, title: str) -> str:
    """Return a question with "it" in place of the title that it mentions; as it stands where it mentions none."""
    return _pointing(text, _mentioned(words_of(text), words_of(title)), language_of(text))


def _pointing(text: str, named: frozenset[str], language: Language) -> str:
    words = [*WORD.finditer(text)]
    runs: list[list[int]] = []
    for place, word in enumerate(words):
        if unaccented(word.group()) not in named:
            continue
        if runs and place - runs[-1][-1] <= NEAR:
            runs[-1].append(place)
        else:
            runs.append([place])
    if not runs:
        return text
    longest = max(runs, key=len)
    before = _ARTICLE.sub("", text[: words[longest[0]].start()])
    it = "ele" if language == "pt" else "it"
    return _OF_IT.sub(r"its \1", f"{before}{it}{text[words[longest[-1]].end() :]}")


def _mentioned(question: TextWords, title: TextWords) -> frozenset[str]:
    """Return the words by which a question mentions a title: three, or half of those of the title; none where fewer."""
    words = WORD.findall(question.plain)
    objects = frozenset(_OBJECT.findall(question.plain))
    named = [
        word for word in words if word not in GRAMMAR_WORDS and word not in objects and stem(word) in title.content
    ]
    first = WORD.search(title.plain)
    brand = first.group() if first else ""
    names_brand = brand in named
    if len(named) < WORDS_OF_A_MENTION - names_brand - (names_brand and _names(words, brand)) and 2 * len(named) < len(
        title.content
    ):
        return frozenset()
    return frozenset(named)
