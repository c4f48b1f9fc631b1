"""Descriptions for titles that are in no catalogue: invented by the model, and marked so.

describe(backend, "Fones de Ouvido Bluetooth Sem Fio").reply.text
"""

from assistant.answer import Answer, Asking, Pieces, Stopwatch
from assistant.backends.base import Backend, Generation, answering
from assistant.conversation import State
from assistant.phrases import Language, language_of
from assistant.prompt import describe_prompt
from assistant.reply import Reply
from index.resolver import check_question

# As the task was first set: 256 tokens, sampled at 0.7 from the nucleus of 0.9.
MAX_NEW_TOKENS = 256
TEMPERATURE = 0.7
TOP_P = 0.9


def describe(backend: Backend, title: str, *, language: Language | None = None, asking: Asking = Asking()) -> Answer:
    """Invent a description; its reply is of kind "generated". The prompt is in the title's language unless told.

    Raises `QuestionError` where the title is blank or longer than 4,000 characters; while
    streaming, `BackendError` and `DeadlineError`.
    """
    check_question(title)
    return Answer(_generate(backend, title, language or language_of(title), asking), title, State())


def _generate(backend: Backend, title: str, language: Language, asking: Asking) -> Pieces:
    watch = Stopwatch()
    adapter, prompt_format = answering(backend.adapters, asking.adapter)
    generation = Generation(
        max_new_tokens=MAX_NEW_TOKENS,
        temperature=TEMPERATURE,
        top_p=TOP_P,
        adapter=adapter,
        cancel=asking.cancel,
        seed=asking.seed,
    )
    pieces: list[str] = []
    for piece in backend.stream(describe_prompt(title, language, prompt_format), generation):
        if not pieces:
            watch.lap("first_token_ms")
        pieces.append(piece)
        yield piece
    text = "".join(pieces)
    cut = backend.count_tokens(text) >= MAX_NEW_TOKENS
    return watch.finish(Reply("generated", _whole_sentences(text), title=title, cut=cut))


def _whole_sentences(text: str) -> str:
    """Leave out a last sentence that the token limit cut, unless it is the only one."""
    end = max(text.rfind(sign) for sign in ".!?…")
    return (text[: end + 1] if end > 0 else text).strip()
