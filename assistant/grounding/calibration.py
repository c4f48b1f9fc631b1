"""Calibration: how far the judge and the model are trusted, and from where on something is claimed.

It is learnt on validation questions and lies beside the weights that it belongs to: one with the judge, for when it
reads alone, and one with each adapter, for the two together.

    calibration = read_calibration(adapter.folder)
    calibration.answerable.probability({"judge": 1.2, "model": 0.4})
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import ArtefactError
from index.linear_model import LinearModel

CALIBRATION = "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """Logistic models over the logits of judge and model, and the limit of what is claimed.

    `answerable` gives the probability that the passages answer the question; `yes` that the answer is yes, if it is a
    yes or a no; `closed` that it is one of these. `least_confidence`, in [0, 1]: a claim that is less probably right
    is not made. `judge` is the digest of the judge that an adapter's was learnt with; with another one it says nothing.
    """

    answerable: LinearModel
    yes: LinearModel
    closed: LinearModel
    least_confidence: float
    judge: str = ""


def read_calibration(folder: Path) -> Calibration:
    """Read the calibration that lies in an artefact's folder, whose files are verified already.

    Raises `ArtefactError` where there is none, or it is none.
    """
    path = folder / CALIBRATION
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return Calibration(
            _model(body["answerable"]),
            _model(body["yes"]),
            _model(body["closed"]),
            float(body["least_confidence"]),
            str(body["judge"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ArtefactError(
            f"{path} is no calibration ({type(exc).__name__})", "one that finetune wrote", "titlewise finetune"
        ) from exc


def write_calibration(calibration: Calibration, folder: Path) -> None:
    """Write a calibration into a folder that is about to be published."""
    text = json.dumps(asdict(calibration), indent=1, ensure_ascii=False)
    (folder / CALIBRATION).write_text(text, encoding="utf-8")


def _model(body: Mapping[str, Any]) -> LinearModel:
    return LinearModel({str(name): float(weight) for name, weight in body["weights"].items()}, float(body["bias"]))
