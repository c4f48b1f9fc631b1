r"""How replies, resolutions and products look in a terminal.

Whoever wrote a text, a catalogue, a model or another server, does not steer the terminal: signs that would are shown
as what they are, such as "\x1b".
"""

import json
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.reply import Quote, Reply
    from index.catalogue.report import Report
    from index.catalogue.store import Catalogue, Product
    from index.resolver import Resolution
    from index.titles.ranker import Explanation

WIDTH = 100
REASONS = 8  # of an explanation, the weightiest first
KINDS = {
    "answer": "answer",
    "not_stated": "not stated",
    "clarify": "which one?",
    "not_found": "not found",
    "suggestions": "products that fit",
    "comparison": "side by side",
    "help": "help",
    "generated": "generated: this title is in no catalogue, and nothing here is checked",
}


# Controls but the line's end and the tabulator, and what turns the direction or the order of what is written.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Return a text in which the signs that steer a terminal are written out."""
    return _STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def reply_lines(reply: "Reply") -> str:
    """Return a reply with its product, its quotes and its kind."""
    head = f"[{KINDS[reply.kind]}]" + (f" {reply.title} ({reply.uid})" if reply.uid else "")
    return "\n".join([visible(head), wrapped(reply.text), *quote_lines(reply)])


CONFLICTS = {
    "model_number_conflict": "part number",
    "model_digits_conflict": "part number's digits",
    "number_conflict": "number",
    "variant_conflict": "colour, size or edition",
}


def quote_lines(reply: "Reply") -> list[str]:
    """Return the quotes of a reply, one line each with its place in the product."""
    lines = [_quote_line(quote) for quote in reply.quotes]
    for product in reply.products:
        lines.append(visible(f"  {product.title} ({product.uid})"))
        lines += [_quote_line(quote) for quote in product.quotes]
    return lines


def _quote_line(quote: "Quote") -> str:
    return wrapped(f'"{quote.text}" ({_place_of(quote)})', "  > ")


def _place_of(quote: "Quote") -> str:
    """Return where in its product a quote stands."""
    return "the title" if quote.field == "title" else f"characters {quote.start}–{quote.end}"


def report_line(report: "Report") -> str:
    """Return what a preparation did in one line."""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.rejected.items())
    rejected = f"{sum(report.rejected.values()):,} rejected" + (f" ({reasons})" if reasons else "")
    joined = f"{report.joined:,} joined, " if report.joined else ""
    return (
        f"{report.kept:,} products kept of {report.rows_in:,} rows: {report.merged:,} merged, {joined}{rejected}, "
        f"{report.left_out:,} left out; {report.without_description:,} have no description"
    )


def changed_line(count: int, done: str, catalogue: "Catalogue") -> str:
    """Return what was done to so many products, and how many there are since, in one line."""
    since = catalogue.changed.changes.count if catalogue.changed else 0
    return (
        f"{count:,} {done}: the catalogue has {len(catalogue):,} products; "
        f"{since:,} came, changed or went since the last full build."
    )


def copied_line(done: str, names: Sequence[str], size_bytes: int) -> str:
    """Return which artefacts were copied from one place to another, in one line."""
    return f"{done}: {', '.join(names)}, {size_bytes:,} bytes." if names else f"{done}: nothing, all of it is there."


def resolution_lines(resolution: "Resolution") -> str:
    """Return a resolution as a small table, the best hit first."""
    rows = [f"  {hit.score:.3f}  {hit.uid}  {hit.title}" for hit in resolution.hits]
    return visible("\n".join([f"{resolution.decision} (probability {resolution.probability:.3f})", *rows]))


def explanation_lines(explanation: "Explanation") -> str:
    """Return what spoke for the best hit: the words of the question, then the weightiest features."""
    words = ", ".join(f"{word} {weight:.1f}" for word, weight in explanation.words)
    lines = [f"\nWords of the question, by how much they tell: {words}", "\nWhy the first is before the second:"]
    for reason in explanation.before_second[:REASONS]:
        if reason.weight:
            lines.append(f"  {reason.weight:+6.2f}  {reason.feature:32}{reason.value:8.2f}  against {reason.other:.2f}")
    lines.append("\nHow sure it is that the first is meant (in logits, above 0 for it):")
    for reason in explanation.sure[:REASONS]:
        lines.append(f"  {reason.weight:+6.2f}  {reason.feature:32}{reason.value:8.2f}")
    against = [f"its {CONFLICTS[name]} is another" for name in explanation.conflicts]
    if explanation.lacks:
        against.insert(0, "it lacks " + ", ".join(f'"{word}"' for word in explanation.lacks))
    if explanation.rivals:
        against.append(f"{explanation.rivals} other titles hold as much of the question")
    return visible("\n".join([*lines, "", "Against the first: " + ("; ".join(against) or "nothing")]))


def product_lines(product: "Product") -> str:
    """Return one product as it is stored."""
    return "\n".join(
        [visible(f"{product.title} ({product.uid})"), wrapped(product.content or "No description is known.")]
    )


def wrapped(text: str, lead: str = "") -> str:
    """Fold each line of a text to the width of a page; `lead` stands before the first and indents the rest."""
    indent = " " * len(lead)
    return "\n".join(
        textwrap.fill(line, WIDTH, initial_indent=lead, subsequent_indent=indent) for line in visible(text).splitlines()
    )


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    print(json_line(value))


def json_line(value: Any) -> str:
    """Return a value as one line of JSON, in which signs that steer a terminal are escaped."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
