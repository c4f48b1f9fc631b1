"""What the assistant gives back: a kind, a text, the product, verbatim quotes.

Reply(kind="answer", text="It weighs 2 kg. [1]", uid="B01", title="…", quotes=(Quote("2 kg", 10, 14),), …)
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from assistant.passages import Field, Passage
from index.catalogue.store import Product
from index.resolver import Hit

Kind = Literal["answer", "not_stated", "clarify", "not_found", "generated", "suggestions", "comparison", "help"]


@dataclass(frozen=True)
class Quote:
    """A piece of a product's `field`: `field[start:end] == text`, in characters."""

    text: str
    start: int
    end: int
    field: Field = "content"

    @classmethod
    def of(cls, passage: Passage) -> "Quote":
        """Return a passage as a quote."""
        return cls(passage.text, passage.start, passage.end, passage.field)

    def stands_in(self, product: Product) -> bool:
        """Return whether the product holds it, character for character, at its place."""
        held: str = getattr(product, self.field)
        return held[self.start : self.end] == self.text


@dataclass(frozen=True)
class Suggestion:
    """A product that fits a need, with the quotes that show it, and the conditions of which it tells nothing."""

    uid: str
    title: str
    quotes: tuple[Quote, ...]
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """What is said of one of several products that are compared."""

    uid: str
    title: str
    kind: Literal["answer", "not_stated"]
    text: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class Reply:
    """One reply; `uid` and `title` are empty where no single product is meant.

    `products` are those suggested, best first, or compared, as they were named; `winner` is the uid of the one that a
    comparison favours, "" for none. `near` are products that do not quite fit a need which none fits, `facets` words
    that would narrow a bare need down. `hits` are the titles that the question may have meant, best first; `timings`
    are milliseconds by stage; `cut` says that the
    model's text ended at its limit of tokens.
    """

    kind: Kind
    text: str
    uid: str = ""
    title: str = ""
    quotes: tuple[Quote, ...] = ()
    products: tuple[Suggestion, ...] | tuple[Side, ...] = ()
    winner: str = ""
    near: tuple[Suggestion, ...] = ()
    facets: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    cut: bool = False

    def to_row(self) -> dict[str, Any]:
        """Return the reply as the JSON row of the command-line contract, without an id."""
        row = asdict(self)
        del row["cut"], row["near"], row["facets"]  # the text names those
        products = [each | {"quotes": list(each["quotes"])} for each in row["products"]]
        for product in products:
            product.pop("untold", None)  # the text says so
        return row | {"quotes": list(row["quotes"]), "products": products, "hits": list(row["hits"])}
