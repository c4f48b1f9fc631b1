"""What the assistant gives back: a kind, a text, the product, verbatim quotes.

Reply(kind="answer", text="It weighs 2 kg. [1]", uid="B01", title="…", quotes=(Quote("2 kg", 10, 14),), …)
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from assistant.passages import Field
from index.catalogue.store import Product
from index.resolver import Hit

Kind = Literal["answer", "not_stated", "clarify", "not_found", "generated"]


@dataclass(frozen=True)
class Quote:
    """A piece of a product's `field`: `field[start:end] == text`, in characters."""

    text: str
    start: int
    end: int
    field: Field = "content"

    def stands_in(self, product: Product) -> bool:
        """Return whether the product holds it, character for character, at its place."""
        held: str = getattr(product, self.field)
        return held[self.start : self.end] == self.text


@dataclass(frozen=True)
class Reply:
    """One reply; `uid` and `title` are empty where no single product is meant.

    `hits` are the titles that the question may have meant, best first;
    `timings` are milliseconds by stage; `cut` says that the model's text ended at its limit of tokens.
    """

    kind: Kind
    text: str
    uid: str = ""
    title: str = ""
    quotes: tuple[Quote, ...] = ()
    hits: tuple[Hit, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    cut: bool = False

    def to_row(self) -> dict[str, Any]:
        """Return the reply as the JSON row of the command-line contract, without an id."""
        row = asdict(self)
        del row["cut"]
        return row | {"quotes": list(row["quotes"]), "hits": list(row["hits"])}
