"""Opening what Qdrant is: a server by its URL, or its engine in this process by a folder.

store = open_store("http://localhost:6333")
"""

from pathlib import Path

from index.errors import UserError
from index.extras import require
from index.titles.qdrant.embedded import EmbeddedStore
from index.titles.qdrant.server import connect
from index.titles.qdrant.store import MEND, Store


def open_store(place: str) -> Store:
    """Open a server by its URL, or a folder for the engine in this process; nothing is asked of it yet.

    Raises `UserError` where what speaks to it is not installed, or the URL is none.
    """
    require("qdrant")
    if "://" not in place:
        return EmbeddedStore(Path(place).expanduser().resolve())
    if not place.startswith(("http://", "https://")):
        raise UserError(f"{place} is no address of Qdrant", "http://… or https://…, or a folder", f"{MEND} URL|PATH")
    return connect(place)
