"""Descriptions for titles that are in no catalogue: invented by the model, and marked so.

describe(backend, "Fones de Ouvido Bluetooth Sem Fio").reply.text
"""

import threading

from assistant.answer import Answer, Generated, Pieces, Stopwatch, gathered
from assistant.backends.base import Backend, SamplingParams, answering
from assistant.conversation import State
from assistant.phrases import Language, language_of
from assistant.prompt import describe_prompt
from assistant.reply import Reply
from index.normal_form import whole
from index.resolver import check_question

# As the task was first set: 256 tokens, sampled at 0.7 from the nucleus of 0.9.
MAX_NEW_TOKENS = 256
TEMPERATURE = 0.7
TOP_P = 0.9


def describe(
    backend: Backend,
    title: str,
    *,
    language: Language | None = None,
    seed: int = 0,
    adapter: str | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Invent a description; its reply is of kind "generated".

    The prompt is in the title's language where `language` is None; `adapter` and `cancel` are as in `Assistant.ask`.

    Raises `QuestionError` where the title is blank or longer than 4,000 characters; while
    streaming, `BackendError` and `DeadlineError`.
    """
    title = whole(title)
    check_question(title)
    params = SamplingParams(MAX_NEW_TOKENS, TEMPERATURE, TOP_P, seed)
    pieces = _generate(backend, title, language or language_of(title), params, adapter, cancel)
    return Answer(pieces, title, State())


def _generate(
    backend: Backend,
    title: str,
    language: Language,
    params: SamplingParams,
    adapter: str | None,
    cancel: threading.Event | None,
) -> Pieces:
    watch = Stopwatch()
    name, prompt_format, _ = answering(backend.adapters, adapter)
    prompt = describe_prompt(backend.as_text(title), language, prompt_format)
    text, completion = yield from gathered(backend.stream(prompt, params, adapter=name, cancel=cancel), watch)
    cut = completion.finish_reason == "length"
    return watch.finish(
        Reply("generated", _whole_sentences(text), title=title, cut=cut), Generated(prompt, text, completion)
    )


def _whole_sentences(text: str) -> str:
    """Leave out a last sentence that the token limit cut, unless it is the only one."""
    end = max(text.rfind(sign) for sign in ".!?…")
    return (text[: end + 1] if end > 0 else text).strip()
