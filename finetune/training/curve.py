"""The picture of a run's losses, by step.

loss_png(read_status(run).log)
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

SIZE_INCHES = (6.4, 4.0)
DOTS_AN_INCH = 100


def loss_png(log: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw the losses of training and validation in a run's log, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    FigureCanvasAgg(figure)  # draws without a display
    axes = figure.add_subplot(xlabel="optimiser step", ylabel="loss per reply token")
    for key, label, style in (("loss", "training", "-"), ("eval_loss", "validation", "o-")):
        points = [(row["step"], row[key]) for row in log if key in row]
        if points:
            axes.plot(*zip(*points, strict=True), style, label=label, markersize=4)
    if axes.lines:
        axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DOTS_AN_INCH)
    return picture.getvalue()
