"""Which product a question means: found, ambiguous or unknown, with a calibrated probability.

Candidates come from the hybrid retriever, the ranker orders them and says how sure that is, and stated costs
decide. The question is never answered here.

    TitleIndex.build(catalogue, home / "index", progress=Progress)
    resolution = TitleIndex.load(home / "index", catalogue).resolve("is the red Harrow kettle loud?")
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.artefacts import MANIFEST, Manifest, open_verified, publish, read_manifest
from index.catalogue.arrays import check, check_below, read_array
from index.catalogue.joining import GONE
from index.errors import ArtefactError, QuestionError
from index.normal_form import normal_form
from index.settings import IndexSettings
from index.text import fold, title_part
from index.titles.decision import Decision, decide
from index.titles.identifiers import Identifiers

if TYPE_CHECKING:
    from index.catalogue.store import Catalogue, Product
    from index.descriptions import DescriptionIndex
    from index.hashing import Hashes
    from index.progress import Progress
    from index.titles.bm25 import Rows
    from index.titles.came import CameIndex
    from index.titles.encoder import Floats
    from index.titles.hybrid_retriever import HybridRetriever
    from index.titles.ranker import Explanation, RankedCandidates, Ranker

MAX_QUESTION_CHARACTERS = 4_000
KEYS_FILE = "product_keys.npy"
DESCRIPTIONS = "descriptions"  # folder
_EITHER = re.compile(r"(?<!\s)\s+(?:or|vs\.?|versus|ou)\s+(?:the |a |o )?", re.I)
_COMPARED = re.compile(r"(?<!\s)\s+(?:or|vs\.?|versus|ou|and|e)\s+(?:the |a |o )?|[,;:]\s+(?:the |a |o )?", re.I)
_COMPARES = re.compile(
    r"\b(?:compare|comparar?|comparison|differen\w+|diferença\w*|better|best|lighter|heavier|larger|smaller|bigger"
    r"|cheaper|longer|shorter|faster|melhor|maior|menor|mais \w+)\b",
    re.I,
)


@dataclass(frozen=True)
class Change:
    """What an update found since the last full build: products added or renamed, and gone; whether it built anew."""

    added: int
    gone: int
    anew: bool


@dataclass(frozen=True)
class Hit:
    """A product with its score in [0, 1]: probability-like, higher is better."""

    uid: str
    title: str
    score: float


@dataclass(frozen=True)
class Resolution:
    """What a question was taken to mean.

    `probability` is that of the best hit being the one meant; `hits` are up to ten, best first,
    whatever the decision; `candidates` are two to four that differ visibly where it is ambiguous.
    `compares` says that the question names each of them. `missing` are folded words and numbers that stand with those
    of the best hits in the question and in none of their titles ("v15" beside "dyson").
    """

    decision: Decision
    probability: float
    hits: tuple[Hit, ...]
    candidates: tuple[Hit, ...] = ()
    compares: bool = False
    missing: tuple[str, ...] = ()


class TitleIndex:
    """The titles of one catalogue, ready for questions; one instance serves many threads."""

    def __init__(
        self,
        retriever: "HybridRetriever",
        descriptions: "DescriptionIndex",
        ranker: "Ranker",
        identifiers: Identifiers,
        catalogue: "Catalogue",
        base: "TitleIndex | None" = None,
    ) -> None:
        """Hold what `load` opened; call that instead. `base` is the index without the changes to the catalogue."""
        self.descriptions = descriptions
        self.base = base or self
        self.digest = ""  # of the artefact
        self._retriever = retriever
        self._ranker = ranker
        self._identifiers = identifiers
        self._catalogue = catalogue
        self._settings = retriever.settings

    @classmethod
    def build(
        cls,
        catalogue: "Catalogue",
        folder: Path,
        *,
        encoder: str = "",
        seed: int = 0,
        settings: IndexSettings = IndexSettings(),
        progress: "type[Progress]",
    ) -> None:
        """Index the titles of a catalogue and publish the artefact in `folder`.

        `encoder` names a sentence-transformers model, and is recorded with its commit where it is of the hub; "" is the
        built-in one. The same catalogue, seed
        and settings give the same files. Raises `UserError` where the encoder cannot be loaded,
        `StoreError` where the settings name a place for Qdrant and it fails there.
        """
        from index.descriptions import DescriptionIndex
        from index.titles.described import some_contents
        from index.titles.hybrid_retriever import HybridRetriever

        if Path(encoder).is_dir() and encoder:
            encoder = str(Path(encoder).resolve())
        titles = _titles_of(catalogue)
        contents = some_contents(catalogue, seed, settings)
        made_by: dict[str, Any] = {"encoder": "", "titles": len(titles), "seed": seed}
        with publish(folder, kind="index", made_by=made_by, made_from=catalogue.digest) as scratch:
            keys = product_keys(catalogue)
            retriever = HybridRetriever.build(titles, contents, encoder, settings, progress, keys)
            made_by |= {"encoder": retriever.encoder.name, "dims": retriever.encoder.dims}
            with retriever.publishing(folder):  # before the folder is swapped in: nobody asks it by the alias
                retriever.save(scratch)
                DescriptionIndex.build(catalogue, settings, progress).save(scratch / DESCRIPTIONS)
                Identifiers.of(*catalogue.identifiers()).save(scratch)
                np.save(scratch / KEYS_FILE, keys, allow_pickle=False)

    @classmethod
    def update(
        cls,
        catalogue: "Catalogue",
        folder: Path,
        *,
        settings: IndexSettings = IndexSettings(),
        progress: "type[Progress]",
    ) -> "Change":
        """Bring the index in `folder` to an edited catalogue, in time that the change takes, and publish it.

        What was learnt from the titles is kept: an index built anew learns it from all of today's. Where that takes
        seconds, or more than `max_changed` of the titles have changed, and where there is no index, it is built anew.

        It stays in the place where it is searched. Raises `ArtefactError` where the index is damaged, `UserError` where
        its encoder cannot be loaded, `StoreError` where Qdrant fails.
        """
        from index.descriptions import DescriptionIndex
        from index.titles.hybrid_retriever import HybridRetriever
        from index.titles.segments import Edit

        titles = _titles_of(catalogue)
        try:
            manifest = read_manifest(folder, "index")
        except ArtefactError:
            if (folder / MANIFEST).exists():
                raise
            cls.build(catalogue, folder, settings=settings, progress=progress)
            return Change(len(titles), 0, anew=True)
        encoder, seed = manifest.made_by.get("encoder", ""), manifest.made_by.get("seed", 0)

        def opened(place: Path, _: Manifest) -> "tuple[HybridRetriever, DescriptionIndex, Hashes]":
            descriptions = DescriptionIndex.load(place / DESCRIPTIONS, settings)
            return HybridRetriever.load(place, encoder, settings), descriptions, read_array(place / KEYS_FILE, "uint64")

        retriever, descriptions, old_keys = open_verified(folder, "index", opened)
        keys = product_keys(catalogue)
        rows, added = _matched(old_keys, keys)
        gone = int((rows == GONE).sum())
        if len(titles) <= settings.rebuilt_up_to or max(gone, len(added)) > settings.max_changed * len(old_keys):
            settings = settings.at(retriever.place)
            cls.build(catalogue, folder, encoder=encoder, seed=seed, settings=settings, progress=progress)
            return Change(len(added), gone, anew=True)
        retriever = retriever.changed(Edit(rows, added, titles, keys), progress)
        made_by = {key: value for key, value in manifest.made_by.items() if key != "titlewise"}
        made_by |= {"titles": len(titles), "added": len(added), "gone": gone}
        publishing = publish(folder, kind="index", made_by=made_by, made_from=catalogue.digest)
        with publishing as scratch, retriever.publishing(folder):
            retriever.save_changes(scratch, folder, renewed=Identifiers.FILES)
            descriptions.changed(catalogue, rows, added).save_changes(scratch / DESCRIPTIONS)
            Identifiers.of(*catalogue.identifiers()).save(scratch)
        return Change(len(added), gone, anew=False)

    @classmethod
    def load(cls, folder: Path, catalogue: "Catalogue", settings: IndexSettings = IndexSettings()) -> "TitleIndex":
        """Verify and open the index in `folder`.

        Raises `ArtefactError` where it is missing, damaged or made from another catalogue, and
        `UserError` where its encoder cannot be loaded, or Qdrant fails.
        """

        def opened(place: Path, manifest: Manifest) -> "TitleIndex":
            from index.descriptions import DescriptionIndex
            from index.titles.hybrid_retriever import HybridRetriever
            from index.titles.ranker import Ranker

            made_from = catalogue.base
            if manifest.made_from != made_from.digest:
                raise ArtefactError(
                    f"the index in {place} was made from another catalogue",
                    f"one made from the catalogue {made_from.digest[:12]}",
                    "titlewise index",
                )
            retriever = HybridRetriever.load(place, manifest.made_by["encoder"], settings)
            descriptions = DescriptionIndex.load(place / DESCRIPTIONS, settings)
            identifiers = Identifiers.load(place)
            parts = [*(segment.rows for segment in retriever.segments), *(rows for _, rows in descriptions.parts)]
            for rows in (identifiers.rows, *parts):
                check_below(rows, len(made_from), "rows of the catalogue", least=GONE)
            index = cls(retriever, descriptions, Ranker.shipped(settings), identifiers, made_from)
            index.digest = manifest.digest
            return index

        return open_verified(folder, "index", opened).joined(catalogue)

    def joined(self, catalogue: "Catalogue") -> "TitleIndex":
        """Return the index of the same catalogue with other changes, or none; what was built is not read anew.

        Raises `ArtefactError` where the changes are damaged, of another index, or other ones by now.
        """
        from index.titles.came import CameIndex

        base = self.base
        if catalogue.changed is None:
            return base
        changes, standing = catalogue.changed.changes, catalogue.changed.standing

        def opened(place: Path, manifest: Manifest) -> "list[CameIndex]":
            if (manifest.digest, changes.index_digest) != (changes.digest, base.digest):
                raise ArtefactError(
                    f"the changes in {place} were made for another index", "those of this one", "titlewise index"
                )
            first = len(catalogue) - changes.products.num_rows
            if first == len(catalogue):
                return []
            index = CameIndex.load(place, self._settings)
            check(len(index.titles) == len(index.descriptions[1]) == len(catalogue) - first, "an index of what came")
            return [index.standing_from(first)]

        came = open_verified(changes.folder, "changes", opened)
        went = [base._catalogue.product(row).title for row in np.flatnonzero(standing == GONE).tolist()]
        retriever = base._retriever.joined(standing, *(each.titles for each in came), went=went)
        descriptions = base.descriptions.joined(standing, *(each.descriptions for each in came))
        identifiers = base._identifiers.joined(standing, Identifiers.of(*catalogue.identifiers_that_came()))
        return TitleIndex(retriever, descriptions, base._ranker, identifiers, catalogue, base)

    def came(self, products: Sequence["Product"], progress: "type[Progress]") -> "CameIndex":
        """Return the index of products that came, by what the last full build learnt."""
        from index.titles.came import CameIndex

        return CameIndex.of(products, self._retriever, self.base.descriptions, progress)

    def encode(self, texts: Sequence[str]) -> "Floats":
        """Return the title encoder's vectors of any texts: (n, d) float32, unit rows; higher products are nearer."""
        return self._retriever.encoder.encode(texts)

    def resolve(self, question: str) -> Resolution:
        """Return which product a question means; of two that it names ("which is lighter, A or B?") both are offered.

        Raises `QuestionError` where it is blank or longer than 4,000 characters.
        """
        check_question(question)
        asked_of = parts_of(question, self._settings.max_candidates)
        whole = self._resolved(question)
        parts = [(part, self._resolved(part)) for part in asked_of]
        named = {found.hits[0].uid: found.hits[0] for _, found in parts if found.decision == "found"}
        others = [part for part, found in parts if found.decision != "found"]  # such as "which is lighter"
        most = self._settings.max_words_beside
        if len(named) < 2 or any(len(title_part(fold(part)).split()) > most for part in others):
            return whole
        both = tuple(named.values())
        rest = tuple(hit for hit in whole.hits if hit.uid not in named)
        hits = (*both, *rest)[: self._settings.max_hits]
        offered = both[: self._settings.max_candidates]
        return Resolution("ambiguous", max(hit.score for hit in both), hits, offered, compares=True)

    def explain(self, question: str) -> "Explanation":
        """Return what speaks for and against the best hit of a question; raises as `resolve`."""
        check_question(question)
        query, _, matrix = self._retriever.candidates(question)
        return self._ranker.explain(query, matrix)

    def _resolved(self, question: str) -> Resolution:
        """Take a question for one about a single product."""
        settings, named = self._settings, self._identifiers.row_in(question)
        query, rows, matrix = self._retriever.candidates(question)
        ranked = self._ranker.rank(query, matrix)
        ordered = [int(row) for row in rows[ranked.order]]
        titles = [matrix.titles[place] for place in ranked.order]
        alike = self._alike(ordered, titles, ranked)
        probability = min(ranked.first, 1 / len(alike))
        scored = [(row, probability * share) for row, share in zip(ordered, ranked.share, strict=True)]
        if named is not None:
            scored = [(named, 1.0), *((row, score) for row, score in scored if row != named)]
            return Resolution("found", 1.0, self._hits(scored[: settings.max_hits]))
        hits = self._hits(scored[: settings.max_hits])
        # Those that the question cannot tell from the best are as likely as it, where it names any of them.
        names_any = bool(matrix.covered[ranked.order[0]].any())
        of_any = max(ranked.four, min(1.0, ranked.first * len(alike) * names_any))
        of_four = min(max(ranked.first, ranked.four), settings.max_candidates / len(alike))
        decision = decide(probability, of_four, of_any, settings)
        if not query.folded or ranked.unmatched > settings.most_unmatched:  # no word to know a product by ("★")
            decision = "unknown"
        second = max(ranked.share[1:], default=0.0)
        alone = len(alike) == 1 and second < settings.alone_share and not ranked.missing
        if decision == "ambiguous" and alone and probability >= settings.alone_probability:
            decision = "found"
        offered = self._offered(scored, titles, alike) if decision == "ambiguous" else []
        if decision == "ambiguous" and len(offered) < 2:
            decision = "found" if probability >= 0.5 else "unknown"
            offered = []
        missing = () if decision == "found" else ranked.missing
        return Resolution(decision, probability, hits, self._hits(offered), missing=missing)

    def _alike(self, ordered: list[int], titles: list[str], ranked: "RankedCandidates") -> list[int]:
        """Return the places (0 is the best) that the question cannot tell from the best, that one first.

        Products of the best one's title with other contents are among them; exact copies are not.
        """
        contents = {self._catalogue.product(ordered[0]).content}
        copies = []
        for place in range(1, len(ordered)):
            if titles[place] == titles[0]:
                content = self._catalogue.product(ordered[place]).content
                if content not in contents:
                    contents.add(content)
                    copies.append(place)
        return [0, *copies, *ranked.rivals]

    def _offered(self, scored: list[tuple[int, float]], titles: list[str], alike: list[int]) -> list[tuple[int, float]]:
        """Choose two to four to ask about, best first: those alike, then other likely ones; no exact copies."""
        least = self._settings.least_share * scored[0][1]
        chosen: dict[tuple[str, str], int] = {}
        for place in [*alike, *range(len(scored))]:
            likely = place in alike or scored[place][1] > least
            if len(chosen) < (self._settings.max_candidates if likely else 2):
                chosen.setdefault((titles[place], self._catalogue.product(scored[place][0]).content), place)
        return [scored[place] for place in sorted(chosen.values())]

    def _hits(self, scored: Sequence[tuple[int, float]]) -> tuple[Hit, ...]:
        products = [(self._catalogue.product(row), score) for row, score in scored]
        return tuple(Hit(product.uid, product.title, float(score)) for product, score in products)


def parts_of(question: str, most: int) -> list[str]:
    """Cut a question that may be about several products into a part for each, `most` at most; [] where it is about one.

    "or" is enough; "and", which titles are full of, only where things are compared.
    """
    between = _COMPARED if _COMPARES.search(question) else _EITHER
    parts = [part for part in between.split(question) if any(sign.isalnum() for sign in part)]
    return parts if 2 <= len(parts) <= most else []


def product_keys(catalogue: "Catalogue") -> "Hashes":
    """Return (n,) uint64 that identify what each product says: uid, title and content."""
    from index.catalogue.store import uid_hash

    products = map(catalogue.product, range(len(catalogue)))
    texts = (f"{product.uid}\0{product.title}\0{product.content}" for product in products)
    return np.fromiter(map(uid_hash, texts), dtype=np.uint64, count=len(catalogue))


def _matched(old: "Hashes", new: "Hashes") -> "tuple[Rows, Rows]":
    """Return the new row of each old product, `GONE` where it has none, and the new rows that no old product has.

    The keys are (old products,) and (new products,) uint64.
    """
    order = np.argsort(new, kind="stable")
    place = np.minimum(np.searchsorted(new[order], old), max(0, len(new) - 1))
    same = new[order][place] == old
    rows = np.where(same, order[place], GONE)
    came = np.ones(len(new), dtype=bool)
    came[rows[same]] = False
    return rows, np.flatnonzero(came)


def _titles_of(catalogue: "Catalogue") -> list[str]:
    titles = catalogue.titles()
    if not titles:
        raise ArtefactError("the catalogue holds no product", "one product or more", "titlewise prepare SOURCE")
    return titles


def check_question(question: str) -> None:
    """Raise `QuestionError` where a question is blank or longer than 4,000 characters, or twice as many written out.

    One sign may stand for many: "½" for three, the longest Arabic ligature for eighteen.
    """
    written = len(normal_form(question[: MAX_QUESTION_CHARACTERS + 1], "NFKC"))
    if len(question) > MAX_QUESTION_CHARACTERS or written > 2 * MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"the question has {max(len(question), written):,} characters",
            f"{MAX_QUESTION_CHARACTERS:,} at most",
            "a shorter question",
        )
    if not question.strip():
        raise QuestionError("the question is empty", "a question about a product", "asking something")
