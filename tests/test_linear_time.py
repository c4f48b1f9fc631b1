"""Time that grows with the text and no faster: of every pattern, and of every function that reads a text."""

import ast
import contextlib
import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import hostile
import numpy as np
import pytest
from hostile import GENERAL, LONGEST, MOST_GROWTH, Attack, growth

import assistant
import finetune
import index
import ui
from assistant.attributes import ATTRIBUTES, MATTERS, carries, speaks_of
from assistant.choice import chosen
from assistant.grounding.answerability import Assessment
from assistant.grounding.citations import bearing_clause, check
from assistant.grounding.compose import compose_reply, quoted
from assistant.grounding.evidence import Budget, choose, described
from assistant.grounding.judge import Entailment
from assistant.messages import Message
from assistant.passages import split, title_passage
from assistant.prompt import answer_prompt
from assistant.question import read_question
from assistant.shopping.comparison import read_comparison
from assistant.shopping.facets import facets_of
from assistant.shopping.intents import features_of
from assistant.shopping.mentions import mentions_of
from index.catalogue.near_duplicates import sign
from index.catalogue.store import Product
from index.descriptions import Rarity
from index.errors import UserError
from index.hashing import trigram_hashes
from index.quantities import compare
from index.resolver import Hit, Resolution, parts_of
from index.text import fold
from ui.api.clients.tasks import read_task
from ui.api.schema import ChatRequest

pytestmark = pytest.mark.slow
PACKAGES = (index, assistant, finetune, ui)
NOT_IMPORTED = ("ui.web.app", "finetune.training", "finetune.judging")  # a script; what reads no text and brings torch
DEEPEST = 5  # containers within one another that are looked into


def _modules() -> list[ModuleType]:
    names = [module.name for each in PACKAGES for module in pkgutil.walk_packages(each.__path__, f"{each.__name__}.")]
    return [importlib.import_module(name) for name in names if not name.startswith(NOT_IMPORTED)]


MODULES = _modules()


def _within(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """Yield the compiled patterns that a value holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < DEEPEST:
        held: list[Any] = []
        if isinstance(value, Mapping):
            held = [*value, *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            held = list(value)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            held = [getattr(value, field.name, None) for field in dataclasses.fields(value)]
        yield from chain.from_iterable(_within(each, depth + 1) for each in held)


def _written_in(module: ModuleType) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns that the functions of a module give to `re` as they stand."""
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "re":
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and node.func.attr != "escape":
                flags = re.I if any("re.I" in ast.unparse(each) for each in node.args) else 0
                yield re.compile(first.value, flags)


def _patterns() -> dict[str, re.Pattern[Any]]:
    """Return every pattern of the packages, by where it stands."""
    found: dict[str, re.Pattern[Any]] = {}
    for module in MODULES:
        for name, value in vars(module).items():
            for number, pattern in enumerate(_within(value)):
                if pattern not in found.values():
                    found[f"{module.__name__}.{name}[{number}]"] = pattern
        for number, pattern in enumerate(_written_in(module)):
            if pattern not in found.values():
                found[f"{module.__name__}({number})"] = pattern
    return found


PATTERNS = _patterns()


@pytest.mark.parametrize("where", PATTERNS)
def test_a_pattern_takes_time_linear_in_any_text(where: str) -> None:
    pattern = PATTERNS[where]

    def find(text: str) -> None:
        of_its_kind = text.encode("latin-1", "ignore") if isinstance(pattern.pattern, bytes) else text
        deque(pattern.finditer(of_its_kind), maxlen=0)

    _check(find, [*hostile.attacks_on(pattern)])


# What takes names of files, models, tables and options, and refuses any other text in its own way.
OF_NAMES = (
    "assistant.attributes.carries",
    "assistant.backends.hf_loading.half_dtype",
    "assistant.evaluation.schema.versions_of",
    "assistant.models.",
    "finetune.data.facts.number_of",
    "finetune.data.tables",
    "finetune.data.unanswerable",
    "finetune.recipe",
    "ui.api.client",
    "ui.commands.options",
    "ui.commands.training",
    "ui.web.strings",
)
QUESTION = read_question("is the red Harrow kettle loud, and how heavy is it?", "Harrow Kettle, Red")
CONTENT = "Steel and glass, 1.2 kg. It is not loud. Hand wash only; the lid may go into the dishwasher."
KETTLE = Product("K1", "Harrow Kettle, Red", CONTENT)
BUDGET = Budget(len)


def _reads(_: str, texts: Sequence[str]) -> list[Entailment]:
    """Judge without a model."""
    return [Entailment(0.25, 0.25, 0.25, 0.25) for _ in texts]


def _twice(text: str) -> list[Product]:
    return [KETTLE, Product("K2", text[:400], text)]


AMONG_OTHERS: dict[str, Callable[[str], object]] = {
    "answer_prompt": lambda text: answer_prompt(text, [title_passage(text)], text),
    "as a chat": lambda text: ChatRequest(messages=[{"role": "user", "content": text}]).question,
    "as a client's task": lambda text: read_task([text], [Message("user", text), Message("assistant", text)] * 2),
    "asks_what_it_is": lambda text: read_question(text, "Harrow Kettle").asks_what_it_is("K1"),
    "bearing_clause": lambda text: bearing_clause(frozenset({"steel", "loud"}), text),
    "carries": lambda text: [carries(text, attribute.name) for attribute in ATTRIBUTES],
    "check a description": lambda text: check(
        "It weighs 1.2 kg. [1]", split(text)[:24] or [title_passage(text)], QUESTION
    ),
    "check a reply": lambda text: check(text, split(CONTENT), QUESTION),
    "choose": lambda text: choose(QUESTION, described(Product("K1", "Kettle", text)), _reads, BUDGET),
    "chosen by words": lambda text: chosen(text, [KETTLE, Product("K2", "Harrow Kettle, Black", "Black steel.")]),
    "chosen from": lambda text: chosen("the red one, and is it loud?", _twice(text)),
    "compare amounts": lambda text: compare("will it hold 2 kg?", text),
    "compose": lambda text: compose_reply(text, QUESTION, EVIDENCE, Assessment(0.9, 0.9, closed=True), _reads),
    "compose from": lambda text: quoted(QUESTION, choose(QUESTION, [title_passage(text)], _reads, BUDGET)),
    "facets_of": lambda text: facets_of([text] * 6),
    "features of a turn": lambda text: features_of(text, RESOLUTION),
    "mentions_of": lambda text: mentions_of(text, RESOLUTION, RARITY, compares=0.5),
    "mentions of titles": lambda text: mentions_of(
        "A or B?", Resolution("found", 1.0, (Hit("A", text, 1.0),) * 2), RARITY, compares=0.5
    ),
    "parts_of": lambda text: parts_of(text, 4),
    "read_comparison": lambda text: read_comparison(text, ["Harrow Kettle", "Tarn Kettle"]),
    "sign": lambda text: sign([text]),
    "speaks_of": lambda text: [speaks_of(text, matter) for matter in MATTERS],
    "trigram_hashes": lambda text: trigram_hashes([fold(text)]),
}
EVIDENCE = choose(QUESTION, split(CONTENT), _reads, BUDGET)
RESOLUTION = Resolution("found", 0.5, (Hit("K1", "Harrow Kettle, Red", 0.5), Hit("K2", "Harrow Kettle, Black", 0.4)))
RARITY: Rarity = lambda words: np.ones(len(words))  # noqa: E731


def _readers() -> dict[str, Callable[[str], object]]:
    """Return the public functions that take texts and nothing else, by where they stand."""
    found = {}
    for module in MODULES:
        for name, function in vars(module).items():
            where = f"{module.__name__}.{name}"
            if not inspect.isfunction(function) or function.__module__ != module.__name__ or name.startswith("_"):
                continue
            parameters = inspect.signature(function).parameters.values()
            required = [each for each in parameters if each.default is each.empty and each.kind != each.VAR_KEYWORD]
            if required and all(each.annotation is str for each in required) and not where.startswith(OF_NAMES):
                found[where] = partial(_called, function, len(required))
    return found


def _called(function: Callable[..., object], count: int, text: str) -> None:
    value = function(*[text] * count)
    if inspect.isgenerator(value):
        deque(value, maxlen=0)


READERS = _readers() | AMONG_OTHERS


@pytest.mark.parametrize("where", READERS)
def test_a_reader_takes_time_linear_in_any_text(where: str) -> None:
    def read(text: str) -> None:
        with contextlib.suppress(UserError):
            READERS[where](text)

    _check(read, [*GENERAL], LONGEST // 2)


def _check(work: Callable[[str], object], attacks: Sequence[Attack], longest: int = LONGEST) -> None:
    for attack in attacks:
        times = growth(work, attack.of, longest)
        assert times <= MOST_GROWTH, f"{times:.1f} times as long for twice {attack}"
