"""How a question travels: the modules that are handed it, from `Assistant.ask` to the reply.

Follows one answered question with a tracer. A *stay* is a run of calls of one module that are handed the question, as
text or read; a *climb* is a move from a lower floor to a higher one. Unicode's normal forms are no stay, as none of
the standard library is. `python tests/test_question_walk.py` prints them.
"""

import dataclasses
import inspect
import re
import sys
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

from assistant.open import Engine, open_assistant
from ui.commands.answering.demo import make_ready

ROOT = Path(__file__).parents[1]
STANDARD = ROOT / "index" / "normal_form.py"
FLOORS = ("index", "assistant", "finetune", "ui")
QUESTION = "how heavy is the red Harrow kettle?"
WORDS = frozenset(re.findall(r"\w+", QUESTION.casefold()))
MOST_STAYS, MOST_CLIMBS, MOST_STEMS = 50, 6, 80  # five of the stays tell what the turn wants


@dataclasses.dataclass
class Walk:
    """The modules entered, in order, and how often each function was called, whatever it was handed."""

    modules: list[str] = dataclasses.field(default_factory=list)
    calls: Counter[str] = dataclasses.field(default_factory=Counter)
    generators: set[FrameType] = dataclasses.field(default_factory=set)

    def trace(self, frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if (
            event != "call"
            or ROOT not in path.parents
            or path == STANDARD
            or path.relative_to(ROOT).parts[0] not in FLOORS
        ):
            return
        if frame in self.generators:
            return  # one that goes on after a piece is no new call
        if frame.f_code.co_flags & inspect.CO_GENERATOR:
            self.generators.add(frame)
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        self.calls[f"{module}.{frame.f_code.co_name}"] += 1
        code = frame.f_code
        arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        sys.setprofile(None)
        if any(carries(frame.f_locals.get(name)) for name in arguments) and self.modules[-1:] != [module]:
            self.modules.append(module)
        sys.setprofile(self.trace)

    @property
    def climbs(self) -> int:
        floors = [FLOORS.index(module.split(".")[0]) for module in self.modules]
        return sum(one < other for one, other in pairwise(floors))


def carries(value: Any, depth: int = 2) -> bool:
    """Return whether a value is the question, or words of it, or holds them."""
    if isinstance(value, str):
        words = re.findall(r"\w+", value.casefold())
        return len(words) > 1 and WORDS.issuperset(words)
    if depth and dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(carries(getattr(value, field.name), depth - 1) for field in dataclasses.fields(value))
    return bool(depth) and isinstance(value, tuple | list) and any(carries(each, depth - 1) for each in value[:8])


def walk(home: Path) -> Walk:
    """Ask another question first, so that nothing is read for the first time, then follow the question."""
    walked = Walk()
    with open_assistant(home, Engine()) as assistant:
        assert assistant.ask("is the Lumeo Drift 40 in black waterproof?").reply
        sys.setprofile(walked.trace)
        try:
            reply = assistant.ask(QUESTION).reply
        finally:
            sys.setprofile(None)
    assert reply.kind == "answer"
    return walked


def test_a_question_is_read_once_and_goes_straight_through(sample_home: Path, embedded_model: Path) -> None:
    walked = walk(sample_home)
    assert len(walked.modules) <= MOST_STAYS
    assert walked.climbs <= MOST_CLIMBS
    assert walked.calls["index.text.stem"] <= MOST_STEMS
    assert walked.calls["assistant.question.read_question"] == 1


def main() -> None:
    """Print the walk on the sample catalogue."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        make_ready(home)
        walked = walk(home)
    print(" → ".join(walked.modules))
    print(f"{len(walked.modules)} stays in {len(set(walked.modules))} modules, {walked.climbs} climbs")
    print(", ".join(f"{walked.calls[f'index.text.{name}']} {name}" for name in ("unaccented", "content_words", "stem")))


if __name__ == "__main__":
    main()
