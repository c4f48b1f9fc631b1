"""The processes that train together: one, or as many as `accelerate launch` has started.

processes = Processes.at_hand()
"""

import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Processes:
    """Those that train together, seen from one of them."""

    count: int
    number: int  # this one's, from 0
    state: Any  # accelerate's

    @classmethod
    def at_hand(cls) -> "Processes":
        """Join the other processes, where there are any."""
        import torch
        from accelerate import PartialState

        state = PartialState(cpu=not torch.cuda.is_available())
        return cls(state.num_processes, state.process_index, state)

    @property
    def is_first(self) -> bool:
        """Return whether this is the process that writes, publishes and speaks."""
        return self.number == 0

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.state.wait_for_everyone()

    def say(self, line: str) -> None:
        """Print a line on standard error, once for all processes."""
        if self.is_first:
            print(line, file=sys.stderr, flush=True)
