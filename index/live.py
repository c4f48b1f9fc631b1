"""The catalogue of a home and its title index as they are now, for who runs longer than they stay the same.

Whoever asks for them gets the newest pair that belongs together, and may hold on to it: what is published meanwhile is
seen by who asks next.

    live = LiveIndex(home)
    catalogue, index = live.now()
"""

import logging
import threading
import time
from pathlib import Path

from index.artefacts import stamp_of
from index.catalogue.changes import folder_of
from index.catalogue.store import Catalogue
from index.errors import UserError
from index.resolver import TitleIndex
from index.settings import IndexSettings

LOG = logging.getLogger("titlewise")
CATALOGUE, INDEX = "catalogue", "index"  # folders of a home
BETWEEN_SWAPS_S = 0.1  # a build that folds changes in swaps two folders, one right after the other

Stamps = tuple[tuple[int, int] | None, ...]  # of the changes, the index and the catalogue


class LiveIndex:
    """A catalogue and its index, opened anew when they change; one instance serves many threads."""

    def __init__(self, home: Path, settings: IndexSettings = IndexSettings()) -> None:
        """Open both. Raises as `open_both`."""
        self.home = home
        self.settings = settings
        self._lock = threading.Lock()
        self._opened = self._refused = stamps_of(home)
        self._both = open_both(home, settings)

    def now(self) -> tuple[Catalogue, TitleIndex]:
        """Return both as they are now; it costs microseconds where nothing has changed.

        Where they cannot be opened, as between `titlewise prepare` and `titlewise index`, those before stay, and the
        log says why.
        """
        stamps = stamps_of(self.home)
        if stamps not in (self._opened, self._refused):
            try:
                return self.newest()
            except (UserError, OSError) as error:
                LOG.warning("Answers come from the catalogue as it was opened before: %s", error)
                self._refused = stamps
        return self._both

    def newest(self) -> tuple[Catalogue, TitleIndex]:
        """Return both as they are now. Raises as `open_both` where they cannot be opened."""
        with self._lock:
            while (stamps := stamps_of(self.home)) != self._opened:
                try:
                    self._both, self._opened = self._open_anew(stamps), stamps
                except UserError:  # were they published anew meanwhile?
                    if stamps_of(self.home) == stamps:
                        raise
            return self._both

    def _open_anew(self, stamps: Stamps) -> tuple[Catalogue, TitleIndex]:
        if stamps[1:] != self._opened[1:]:
            return open_both(self.home, self.settings)
        catalogue, index = self._both  # what is large stays open
        catalogue = catalogue.followed()
        return catalogue, index.joined(catalogue)


def open_both(home: Path, settings: IndexSettings = IndexSettings()) -> tuple[Catalogue, TitleIndex]:
    """Verify and open the catalogue in a home and the title index that belongs to it.

    Raises `ArtefactError` where one is missing or damaged, or they do not belong together.
    """
    while True:
        seen = stamps_of(home)
        try:
            catalogue = Catalogue.load(home / CATALOGUE)
            return catalogue, TitleIndex.load(home / INDEX, catalogue, settings)
        except UserError:  # were they swapped meanwhile, or are they being swapped?
            if None in seen[1:]:
                raise
            time.sleep(BETWEEN_SWAPS_S)
            if stamps_of(home) == seen:
                raise


def stamps_of(home: Path) -> Stamps:
    """Return what changes whenever the catalogue of a home, its index or its changes are published anew.

    Changes are folded into a catalogue before they go: where they are gone, the catalogue's stamp is the new one's.
    """
    return tuple(stamp_of(home / name) for name in (folder_of(home / CATALOGUE).name, INDEX, CATALOGUE))
