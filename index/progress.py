"""Progress of long work, on standard error: a bar on a terminal, plain lines elsewhere.

    with Progress("preparing", total, unit="rows") as bar:
        for batch in batches:
            bar.update(len(batch))

Work shorter than a few seconds says nothing off a terminal. Where a function
takes `progress`, give it the class, or one like it: it opens a bar for each stage.
"""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_EVERY_S = 5.0


class Progress:
    """One stage of work; use it in a `with` statement and tell it of every step."""

    def __init__(self, label: str, total: int | None = None, unit: str = "rows") -> None:
        """Start the stage; `total` is None where the end cannot be known."""
        self._label = label
        self._total = total
        self._unit = unit
        self._done = self._reported = 0
        self._start_s = self._reported_s = time.monotonic()
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Self:
        self._bar = terminal_bar(self._label, self._total, self._unit)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif 0 < self._reported < self._done and kind is None:
            self._report()

    def update(self, steps: int = 1) -> None:
        """Count `steps` more as done."""
        self._done += steps
        if self._bar is not None:
            self._bar.update(steps)
        elif time.monotonic() - self._reported_s >= LINE_EVERY_S:
            self._report()

    def _report(self) -> None:
        self._reported, self._reported_s = self._done, time.monotonic()
        elapsed_s = self._reported_s - self._start_s
        of = f" of {self._total:,} ({self._done / self._total:.0%})" if self._total else ""
        speed = f"{self._done / elapsed_s:,.0f}" if elapsed_s > 0 else "?"
        print(
            f"{self._label}: {self._done:,}{of} {self._unit}, {elapsed_s:.0f} s, {speed} {self._unit}/s",
            file=sys.stderr,
            flush=True,
        )


class Silent(Progress):
    """Progress that is shown to nobody, as that of a server's work."""

    def __enter__(self) -> Self:
        return self

    def update(self, steps: int = 1) -> None:
        """Count nothing."""


def terminal_bar(label: str, total: int | None, unit: str, initial: int = 0) -> "tqdm[NoReturn] | None":
    """Return a bar where standard error is a terminal, None elsewhere."""
    if not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    return tqdm(desc=label, total=total, initial=initial, unit=f" {unit}", unit_scale=True, dynamic_ncols=True)
