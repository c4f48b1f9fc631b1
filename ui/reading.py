"""Reading an answer so that a stop is heard at once, even while the model is silent.

A page hears a stop only where it draws. The answer is therefore read in a thread
of its own, and the page draws what came several times a second.

    reading = Reading(answer, asking)
    try:
        for text in reading:
            draw(text)
    finally:
        reading.stop()
    reading.reply
"""

import queue
import threading
from collections.abc import Iterator

from assistant.answer import Answer, Asking
from assistant.reply import Reply

DRAW_EVERY_S = 0.1
PATIENCE_S = 2.0  # for a backend to heed a cancel; it owes that within 0.2 s


class Reading:
    """An answer being read: iterate for its text so far.

    Once it has ended or was stopped, `reply` is there, or `fault`; `stopped` says that it was cut short.
    """

    def __init__(self, answer: Answer, asking: Asking) -> None:
        """Start reading; `asking` is what the answer was asked with."""
        self.reply: Reply | None = None
        self.fault: Exception | None = None
        self.stopped = False
        self._asking = asking
        self._pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, args=(answer,), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[str]:
        """Yield the text so far, at each piece and at least every 0.1 s.

        Raises what the answer raised.
        """
        text = ""
        while True:
            yield text
            try:
                piece = self._pieces.get(timeout=DRAW_EVERY_S)
            except queue.Empty:
                continue
            if piece is None:
                break
            text += piece
        if self.fault is not None:
            raise self.fault

    def stop(self) -> None:
        """Cancel what is still running and keep what came; any thread may call it, any number of times."""
        if self.reply is None and self.fault is None:
            self.stopped = True
            self._asking.cancel.set()
            self._thread.join(PATIENCE_S)

    def _read(self, answer: Answer) -> None:
        try:
            for piece in answer:
                self._pieces.put(piece)
            self.reply = answer.reply
        except Exception as fault:
            self.fault = fault  # raised again where the answer is drawn
        self._pieces.put(None)
