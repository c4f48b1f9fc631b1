"""The seam between work that is a map and whatever it is done by.

A whole is a sequence of parts (the files of a source), each of which is read as items (its blocks), each of which is
worked on (cleaned) without knowing of the others. What comes out is the same whoever did it, and in the same order.

    for cleaned in mapped(read, sources, clean):
        …
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

Part = TypeVar("Part")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Map(Protocol):
    """A function that maps; functions, parts, items and results can be handed to another process."""

    def __call__(
        self, read: Callable[[Part], Iterable[Item]], parts: Sequence[Part], work: Callable[[Item], Result]
    ) -> Iterator[Result]:
        """Yield what `work` returns of every item that `read` yields of each part, in their order.

        A bounded number of items is under way at a time. Raises what `read` and `work` raise.
        """
        ...
