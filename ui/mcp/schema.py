"""What the tools give back, as clients read it in their schemas.

suggested_products(retriever.suggested("a kettle for pour-over", 3)).products[0].quotes
product_reply(assistant.ask("is it loud?", uid="K1")).verdict
side_by_side(assistant.compare("which is lighter?", ["K1", "K2"]).reply).table
"""

from typing import Literal

from pydantic import BaseModel, Field

from assistant.answer import Answer
from assistant.grounding.citations import leading_verdict
from assistant.passages import Field as ProductField
from assistant.reply import Kind, Quote, Reply, Side, Suggestion
from index.resolver import Hit


class Source(BaseModel):
    """A product that a reply rests on."""

    uid: str
    title: str


class SourcedQuote(Source):
    """A verbatim piece of a product's text: `field[start:end]` of the product `uid`, in characters."""

    text: str
    field: ProductField
    start: int
    end: int


class SuggestedProducts(BaseModel):
    """Products that fit a need."""

    kind: Literal["suggestions", "not_found"] = Field(description="not_found: no product shows that it fits")
    text: str = Field(description="the same for people; where none fits, it names the nearest titles")
    products: tuple[Suggestion, ...] = Field(
        description="best first; `untold` are conditions of which the product says nothing: neither met nor denied"
    )


class ProductReply(BaseModel):
    """A reply whose facts stand in the quotes."""

    kind: Kind = Field(
        description="answer: the quotes carry it. not_stated: the product's description does not tell; do not guess. "
        "clarify: several products fit; ask again with the uid of one of the candidates. not_found: no product fits. "
        "suggestions, comparison: the question was a need, or named several products. help: it was about no product."
    )
    text: str = Field(description="the reply for people")
    verdict: Literal["yes", "no", ""] = Field(description="of a yes-or-no question that the description settles")
    uid: str = Field(description="the product that the reply is about; empty where it is about none, or several")
    title: str
    quotes: tuple[SourcedQuote, ...]
    sources: tuple[Source, ...] = Field(description="the products that the reply is about, each once")
    candidates: tuple[Hit, ...] = Field(description="products to choose from, where the kind is clarify")


class SideBySide(BaseModel):
    """Products side by side, each asked by itself."""

    text: str = Field(description="the same for people")
    sides: tuple[Side, ...] = Field(description="in the order of the uids")
    winner: str = Field(description="the uid of the product that the comparison favours; empty where none is known")
    table: str = Field(description="the sides as a Markdown table")


def suggested_products(reply: Reply) -> SuggestedProducts:
    """Return the reply to a need as the tool gives it."""
    products = tuple(each for each in reply.products if isinstance(each, Suggestion))
    return SuggestedProducts(kind="suggestions" if products else "not_found", text=reply.text, products=products)


def product_reply(answer: Answer) -> ProductReply:
    """Return an answer as the tool gives it, reading its stream to the end."""
    reply = answer.reply
    quoted = [(Source(uid=reply.uid, title=reply.title), reply.quotes)] if reply.uid else []
    quoted += [(Source(uid=each.uid, title=each.title), each.quotes) for each in reply.products]
    return ProductReply(
        kind=reply.kind,
        text=reply.text,
        verdict=_verdict(answer),
        uid=reply.uid,
        title=reply.title,
        quotes=tuple(_sourced(quote, source) for source, quotes in quoted for quote in quotes),
        sources=tuple(source for source, _ in quoted),
        candidates=answer.state.candidates if reply.kind == "clarify" else (),
    )


def side_by_side(reply: Reply) -> SideBySide:
    """Return a comparison as the tool gives it."""
    sides = tuple(each for each in reply.products if isinstance(each, Side))
    head = "| product | answer | quotes |\n|---|---|---|\n"
    rows = [
        [f"{side.title} ({side.uid})", side.text, " … ".join(f'"{quote.text}"' for quote in side.quotes)]
        for side in sides
    ]
    table = head + "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)
    return SideBySide(text=reply.text, sides=sides, winner=reply.winner, table=table)


def _verdict(answer: Answer) -> Literal["yes", "no", ""]:
    """Return the yes or no that was judged, where the reply begins with it."""
    claim = answer.judged.claim if answer.judged and answer.reply.kind == "answer" else "answer"
    return claim if claim != "answer" and leading_verdict(answer.reply.text)[0] == claim else ""


def _sourced(quote: Quote, source: Source) -> SourcedQuote:
    return SourcedQuote(**vars(source), **vars(quote))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
