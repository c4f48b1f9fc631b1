"""An answer as it comes, read in a thread of its own while the page is drawn anew as often as its visitor acts.

A page hears a stop only where it draws, and a drawing ends at every act of the visitor. The answer goes on
without it, until it ends, is stopped, or nobody has looked for a while.

    stream = AnswerStream(lambda cancel: assistant.ask(question, cancel=cancel), queue)
    for text in stream:
        print(text, stream.before)
    stream.reply
"""

import math
import threading
import time
import traceback
from collections.abc import Callable, Iterator

from assistant.answer import Answer
from assistant.reply import Reply
from assistant.tracing import span
from index.errors import UserError
from ui.queue import AdmissionQueue, GoneError

DRAW_EVERY_S = 0.1
WATCH_EVERY_S = 0.5
UNWATCHED_S = 5.0  # a page that is loaded anew is back sooner
PATIENCE_S = 2.0  # for a backend to heed a cancel; it owes that within 0.2 s


class AnswerStream:
    """An answer being read: iterate for its text so far, in as many places as you like.

    `answer` is there as soon as it is known what the question is about, `before` says how many are before it in
    the queue. `text` is what came so far, in so many `pieces`, the last one `writing_s` after the first. Once it has
    ended or was stopped, `reply` is there, or `error`; `stopped` says that it was cut short.
    """

    def __init__(self, ask: Callable[[threading.Event], Answer], queue: AdmissionQueue) -> None:
        """Start reading what `ask` returns, in the queue before the model; it is given what stops the answer."""
        self.answer: Answer | None = None
        self.reply: Reply | None = None
        self.error: Exception | None = None
        self.stopped = False
        self.before = 0
        self.text = ""
        self.pieces = 0
        self.writing_s = self._first_s = 0.0
        self._cancel = threading.Event()
        self._looked_s = time.monotonic()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(ask, queue), daemon=True)
        self._thread.start()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Return whether nothing more will come."""
        return not self._thread.is_alive()

    def __iter__(self) -> Iterator[str]:
        """Yield the text so far, at each piece and at least every 0.1 s, until it has ended."""
        shown = ""
        while not self.ended:
            self._looked_s = time.monotonic()
            yield self.text
            with self._news:
                if shown == self.text:
                    self._news.wait(DRAW_EVERY_S)
            shown = self.text

    def stop(self) -> None:
        """Cancel what is still running and keep what came; any thread may call it, any number of times."""
        if not self.ended:
            self._cut()
            self._thread.join(PATIENCE_S)

    def _read(self, ask: Callable[[threading.Event], Answer], queue: AdmissionQueue) -> None:
        try:
            with span("question"):
                answer = ask(self._cancel)
                self.answer = answer
                with queue.admission(self._cancel, at_most_s=math.inf, moved=self._move):
                    if self._cancel.is_set():
                        return
                    for piece in answer:
                        self._take(piece)
                    self.reply = answer.reply
        except GoneError:
            return  # it was stopped while it read
        except Exception as error:
            self.error = error  # shown where the answer is drawn
            if not isinstance(error, UserError):
                traceback.print_exception(error)
        finally:
            self._notify()

    def _take(self, piece: str) -> None:
        now_s = time.monotonic()
        if not self.pieces:
            self._first_s = now_s
        self.text += piece
        self.pieces += 1
        self.writing_s = now_s - self._first_s
        self._notify()

    def _watch(self) -> None:
        """Stop an answer that nobody looks at, be it in the queue, silent or speaking."""
        while not self.ended:
            if time.monotonic() - self._looked_s > UNWATCHED_S:
                self._cut()
            self._thread.join(WATCH_EVERY_S)

    def _cut(self) -> None:
        self.stopped = True
        self._cancel.set()

    def _move(self, before: int) -> None:
        self.before = before
        self._notify()

    def _notify(self) -> None:
        with self._news:
            self._news.notify_all()
