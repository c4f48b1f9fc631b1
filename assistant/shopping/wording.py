"""Replies about several products: suggestions for a need, and products side by side, as text and as data.

reply = suggestions(need, discover(need, catalogue, descriptions, fitter))
"""

from collections.abc import Sequence
from dataclasses import replace

from assistant.grounding.citations import leading_verdict
from assistant.phrases import Language, phrase
from assistant.reply import Quote, Reply, Side, Suggestion
from assistant.shopping.comparison import ComparisonQuery, Stated
from assistant.shopping.discovery import Found
from assistant.shopping.fit import Fit
from assistant.shopping.needs import Need


def suggestions(need: Need, found: Found) -> Reply:
    """Return the products that fit a need, each with what shows it; where none fits, say so and name the nearest."""
    matters = dict.fromkeys(matter.named[need.language] for _, matter in need.unknowable)
    unknowable = [phrase("unknowable", need.language, matter=matter) for matter in matters]
    if not found.fitting:
        lead = phrase("nothing_fits", need.language)
        near = [f"- {fit.product.title}" for fit in found.near]
        lines = [f"{lead} {phrase('near', need.language)}" if near else lead, *near, *unknowable]
        return Reply("not_found", "\n".join(lines), near=_suggested(found.near))
    lines = [phrase("suggestions", need.language)]
    for place, fit in enumerate(found.fitting, 1):
        lines.append(f"{place}. {fit.product.title}{_shown(fit, need.language)}")
    facets = tuple(value for facet in found.facets for value in facet.values)
    narrowing = [phrase("narrow", need.language, values=" · ".join(facets))] if facets else []
    lines += [*unknowable, *narrowing]
    return Reply("suggestions", "\n".join(lines), products=_suggested(found.fitting), facets=facets)


def side_by_side(comparison: ComparisonQuery, sides: Sequence[Side], language: Language) -> Reply:
    """Return products side by side, each with its own reply, and the one that the comparison favours."""
    outcome = comparison.outcome([_stated(side) for side in sides])
    if outcome.measured:  # by an amount, which is no yes or no
        sides = [replace(side, text=leading_verdict(side.text)[1]) for side in sides]
    lines = [f"{side.title}: {side.text}" for side in sides]
    winner = sides[outcome.place] if outcome.place is not None else None
    if winner:
        lines.append(phrase("favours", language, title=winner.title))
    elif outcome.tied:
        lines.append(phrase("tied", language))
    elif comparison.wins:
        lines.append(phrase("cannot_tell", language))
    return Reply("comparison", "\n".join(lines), products=tuple(sides), winner=winner.uid if winner else "")


def _suggested(fits: Sequence[Fit]) -> tuple[Suggestion, ...]:
    """Return products with what shows a fit, and the conditions of which they tell nothing."""
    return tuple(
        Suggestion(fit.product.uid, fit.product.title, tuple(map(Quote.of, fit.shown)), fit.untold) for fit in fits
    )


def _shown(fit: Fit, language: Language) -> str:
    """Return, behind a title, the passages of the description that show a fit, and what is not said."""
    quotes = " … ".join(f'"{passage.text}"' for passage in fit.shown if passage.field == "content")
    untold = phrase("untold", language, conditions="; ".join(fit.untold)) if fit.untold else ""
    return "".join([f" – {quotes}" if quotes else "", f" ({untold})" if untold else ""])


def _stated(side: Side) -> Stated:
    """Return what a side states, nothing where its description does not tell."""
    if side.kind != "answer":
        return Stated()
    verdict, words = leading_verdict(side.text)
    return Stated(words, " ".join(quote.text for quote in side.quotes), verdict)
