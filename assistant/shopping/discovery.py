"""Finding by need: the products of a catalogue whose titles and descriptions show that they fit.

found = discover(read_need("a stapler for 100 sheets"), catalogue, index.descriptions, fitter)
found.fitting, found.near
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.shopping.facets import Facet, facets_of
from assistant.shopping.fit import Fit, Fitter
from assistant.shopping.needs import Need
from index.catalogue.store import Catalogue
from index.descriptions import DescriptionIndex, stems_of, stems_of_need

MOST_JUDGED = 16  # products, of those that share most words with the need
MOST_OFFERED, MOST_NEAR = 5, 3
MOST_ALIKE = 64  # products that a bare need is narrowed down among
LEAST_FIT = 0.3  # probability from which a product is offered
LEAST_OF_BEST = 0.5  # of the best one's probability, for another to be offered beside it
LEAST_NEAR = 0.05  # and from which it is named where none is


@dataclass(frozen=True)
class Found:
    """What was found for a need: products that fit, best first, and such as come near where none does."""

    fitting: tuple[Fit, ...]
    near: tuple[Fit, ...]
    facets: tuple[Facet, ...] = ()  # by which a bare need could be narrowed down


NOTHING = Found((), ())


def discover(need: Need, catalogue: Catalogue, descriptions: DescriptionIndex, fitter: Fitter) -> Found:
    """Return the products that fit a need, five at most."""
    if not need.parts:
        return NOTHING
    rows, _ = descriptions.search(need.stems, MOST_JUDGED)
    judged = [fitter.fit(need, catalogue.product(int(row))) for row in rows]
    ranked = _folded(sorted((fit for fit in judged if fit.is_the_thing), key=lambda fit: -fit.probability))
    thing = set(stems_of_need(need.thing))
    if not need.conditions:  # what is named in the title comes before what only speaks of it
        ranked.sort(key=lambda fit: thing.isdisjoint(stems_of(fit.product.title)))
    least = max(LEAST_FIT, LEAST_OF_BEST * ranked[0].probability) if ranked else LEAST_FIT
    fitting = [fit for fit in ranked if fit.probability >= least][:MOST_OFFERED]
    near = [fit for fit in ranked if fit.probability >= LEAST_NEAR][:MOST_NEAR]
    facets = () if need.conditions or not fitting else _facets(need, thing, catalogue, descriptions)
    return Found(tuple(fitting), () if fitting else tuple(near), facets)


def _facets(need: Need, thing: set[str], catalogue: Catalogue, descriptions: DescriptionIndex) -> tuple[Facet, ...]:
    """Return in what the products differ whose titles name the thing."""
    rows, _ = descriptions.search(need.stems, MOST_ALIKE)
    titles = [catalogue.product(int(row)).title for row in rows]
    return facets_of([title for title in titles if thing & set(stems_of(title))], thing)


def _folded(ranked: Sequence[Fit]) -> list[Fit]:
    """Return the fits without those whose title says what a better one's says."""
    kept: dict[frozenset[str], Fit] = {}
    for fit in ranked:
        kept.setdefault(frozenset(stems_of(fit.product.title)), fit)
    return list(kept.values())
