"""The judge: a small cross-encoder that reads a question beside a text, and says whether and how the text settles it.

Shipped as int8 ONNX, run by onnxruntime; `titlewise finetune judge` makes it. It words nothing.

    judge = open_judge()
    entailments = judge.read("does it need batteries?", ["Runs on USB; there is no battery.", "Made of steel."])
    entailments[0].answers_logit, entailments[0].yes_logit        # logits: above 0 and below
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assistant.grounding.calibration import Calibration, read_calibration
from assistant.grounding.pauses import pause
from index.artefacts import Manifest, open_verified

SHIPPED_JUDGE = Path(__file__).parents[1] / "judge"
WEIGHTS, TOKENIZER = "judge.onnx", "tokenizer.json"
VERDICTS = ("none", "yes", "no", "answer")  # what the network tells apart, in the order of its outputs
LONGEST_PAIR = 128  # tokens of question and text together, as in training
LONGEST_QUESTION, LONGEST_TEXT = 400, 4_000  # characters
MOST_QUESTION_TOKENS = 96  # of a pair: there is always room for some of the text
BATCH = 16  # texts of like length that are read at once
READINGS_KEPT = 1024  # questions with the texts that were read to them last, some 2 kB each
_LARGEST_LOGIT = 12.0

Verdict = Literal["none", "yes", "no", "answer"]


@dataclass(frozen=True)
class Entailment:
    """What one text says to a question: probabilities, in [0, 1], that sum to 1.

    `none`: it settles nothing; else the reply is `yes`, `no`, or an `answer` that is neither.
    """

    none: float
    yes: float
    no: float
    answer: float

    @property
    def answers_logit(self) -> float:
        """Return the logit that the text settles the question."""
        return _logit(self.yes + self.no + self.answer, self.none)

    @property
    def yes_logit(self) -> float:
        """Return the logit of yes over no, if it is one of them."""
        return _logit(self.yes, self.no)

    @property
    def closed_logit(self) -> float:
        """Return the logit that the reply begins with yes or no, if the text settles the question."""
        return _logit(self.yes + self.no, self.answer)

    def together(self, other: "Entailment") -> "Entailment":
        """Return what two readings of the text say together: that it settles as much as the surer one holds.

        What it then says is their geometric mean.
        """
        none = min(self.none, other.none)
        pairs = zip(astuple(self)[1:], astuple(other)[1:], strict=True)
        means = [math.sqrt(one * two) for one, two in pairs]
        total = sum(means)
        return Entailment(none, *((1 - none) * mean / total for mean in means)) if total else self


Read = Callable[[str, Sequence[str]], list[Entailment]]  # question, texts → what each says


class Judge:
    """The network and its tokenizer; one instance serves many threads."""

    def __init__(self, network: Any, tokenizer: Any, calibration: Calibration, digest: str) -> None:
        """Hold an onnxruntime session and a tokenizers tokenizer; call `open_judge` instead."""
        self.digest = digest  # of the weights
        self._network = network
        self._tokenizer = tokenizer
        self.calibration = calibration  # for when it reads alone
        self._recently = lru_cache(READINGS_KEPT)(self._read)

    def calibration_beside(self, adapter: Calibration | None) -> Calibration:
        """Return by which calibration judge and model are joined: the adapter's, if it was learnt beside this judge."""
        return adapter if adapter is not None and adapter.judge == self.digest else self.calibration

    def read(self, question: str, texts: Sequence[str]) -> list[Entailment]:
        """Return what each text says to the question; some 2 ms a text on two cores, unless it was just asked."""
        return list(self._recently(question, tuple(texts)))

    def read_pairs(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Return the probabilities of each (question, text), shape (n, 4), in the order of `VERDICTS`.

        There is a pause before each batch; raises what is raised in it.
        """
        found = np.zeros((len(pairs), len(VERDICTS)), dtype=np.float32)
        shortened = {question: self._shortened(question) for question in {question for question, _ in pairs}}
        encoded = self._tokenizer.encode_batch([(shortened[question], text[:LONGEST_TEXT]) for question, text in pairs])
        by_length = sorted(range(len(pairs)), key=lambda place: len(encoded[place].ids))
        for start in range(0, len(pairs), BATCH):
            places = by_length[start : start + BATCH]
            pause()
            logits = self._network.run(None, _padded([encoded[place] for place in places]))[0].astype(np.float64)
            weights = np.exp(logits - logits.max(axis=1, keepdims=True))
            found[places] = weights / weights.sum(axis=1, keepdims=True)
        return found

    def _read(self, question: str, texts: tuple[str, ...]) -> tuple[Entailment, ...]:
        return tuple(Entailment(*map(float, row)) for row in self.read_pairs([(question, text) for text in texts]))

    def _shortened(self, question: str) -> str:
        """Return a question, or as much of it as a pair holds; a few signs may be many tokens."""
        encoded = self._tokenizer.encode("", question[:LONGEST_QUESTION])
        places = zip(encoded.offsets, encoded.sequence_ids, strict=True)
        ends = [end for (_, end), sequence in places if sequence == 1]
        return question[: ends[MOST_QUESTION_TOKENS - 1] if len(ends) > MOST_QUESTION_TOKENS else LONGEST_QUESTION]


@cache
def open_judge(folder: Path = SHIPPED_JUDGE) -> Judge:
    """Open a judge, the shipped one unless told; a process has each once.

    Raises `ArtefactError` where it is missing or damaged.
    """
    return open_verified(folder, "judge", _open)


def _open(folder: Path, manifest: Manifest) -> Judge:
    return unsealed(folder, read_calibration(folder), manifest.files[WEIGHTS]["sha256"])


def unsealed(folder: Path, calibration: Calibration, digest: str = "") -> Judge:
    """Open the judge in a folder that is not published yet."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Threads that spin while they wait take the cores from whatever else runs: beside other work, 4 times as long.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    network = onnxruntime.InferenceSession(str(folder / WEIGHTS), options, providers=["CPUExecutionProvider"])
    return Judge(network, pair_tokenizer(folder / TOKENIZER), calibration, digest)


def pair_tokenizer(path: Path) -> Any:
    """Open a judge's tokenizer, or that of what it is trained from; it cuts a pair at `LONGEST_PAIR` tokens.

    "[SEP]" in a text is text.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    tokenizer.enable_truncation(LONGEST_PAIR, strategy="only_second")
    return tokenizer


def _padded(encoded: Sequence[Any]) -> dict[str, NDArray[np.int64]]:
    """Return token lists of unequal length as the network reads them, each of shape (n, longest)."""
    longest = max(len(each.ids) for each in encoded)
    columns = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
    padded = {name: np.zeros((len(encoded), longest), dtype=np.int64) for name in columns}
    for row, each in enumerate(encoded):
        for name, attribute in columns.items():
            padded[name][row, : len(each.ids)] = getattr(each, attribute)
    return padded


def _logit(one: float, other: float) -> float:
    return max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, math.log(max(one, 1e-12) / max(other, 1e-12))))
