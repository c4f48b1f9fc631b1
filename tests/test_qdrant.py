"""The title index on Qdrant, by its engine in this process and over its REST interface: the answers of files."""

import json
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import qdrant_server
from known_questions import QUESTIONS
from test_update import ALWAYS, catalogue_of, edited, made_rows, questions

from assistant.evaluation.resolver.queries import FRAMES, noisy
from assistant.shopping.shop import read_shop
from index.catalogue.store import Catalogue
from index.errors import StoreError, UserError
from index.live import LiveIndex
from index.progress import Progress
from index.resolver import Change, TitleIndex
from index.settings import IndexSettings, QdrantSettings
from index.text import tokens
from index.titles.bm25 import BM25Index
from index.titles.qdrant.open import open_store
from index.titles.qdrant.segment import COLLECTION_FILE, QdrantSegment
from index.titles.qdrant.store import Store
from index.titles.qdrant.words import SparseVector, WordCounts
from ui.api.errors import error_response
from ui.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[qdrant_server.Qdrant]:
    with qdrant_server.running() as running:
        yield running


@pytest.fixture(params=["embedded", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder for the engine in this process, or the URL of a server."""
    if request.param == "server":
        server: qdrant_server.Qdrant = request.getfixturevalue("server")
        return server.url
    return str(tmp_path / "qdrant")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shop")
    catalogue_of(made_rows(240), home)
    return home


@pytest.fixture
def home(shop: Path, tmp_path: Path) -> Path:
    """A home with 240 products, prepared and not indexed."""
    return Path(shutil.copytree(shop, tmp_path / "home"))


def built(home: Path, settings: IndexSettings) -> TitleIndex:
    catalogue = Catalogue.load(home / "catalogue")
    TitleIndex.build(catalogue, home / "index", settings=settings, progress=Progress)
    return TitleIndex.load(home / "index", catalogue, settings)


def segment_of(index: TitleIndex) -> QdrantSegment:
    segment = index._retriever.segments[0]
    assert isinstance(segment, QdrantSegment)
    return segment


def collection_of(home: Path) -> str:
    """Give the name of the collection that an index is in."""
    name: str = json.loads((home / "index" / "base" / COLLECTION_FILE).read_text())["name"]
    return name


def collections(store: Store, *names: str) -> set[str]:
    """Give those of some names that are collections."""
    found = set()
    for name in names:
        try:
            store.count(name)
            found.add(name)
        except StoreError:
            pass
    return found


def answers(index: TitleIndex, asked: list[str]) -> list[tuple[str, str]]:
    resolutions = map(index.resolve, asked)
    return [(each.decision, each.hits[0].uid) for each in resolutions]


# The same as in files


def sample_questions(catalogue: Catalogue) -> list[str]:
    draw = random.Random(2)
    titles = [catalogue.product(row).title for row in range(0, len(catalogue), 8)]
    asked = [*(draw.choice(FRAMES).format(title) for title in titles), *(noisy(title, draw) for title in titles)]
    return [*asked, *(example.question for example in QUESTIONS)]


def test_candidates_and_decisions_are_those_of_files(sample_home: Path, place: str, tmp_path: Path) -> None:
    catalogue = Catalogue.load(sample_home / "catalogue")
    files = TitleIndex.load(sample_home / "index", catalogue)
    shutil.copytree(sample_home / "catalogue", tmp_path / "catalogue")
    index = built(tmp_path, IndexSettings().at(place))
    encoder, bm25 = files._retriever.encoder, files._retriever.segments[0].words
    assert isinstance(bm25, BM25Index)
    vectors = encoder.encode(catalogue.titles())
    for question in sample_questions(catalogue):
        one, other = files.resolve(question), index.resolve(question)
        assert (one.decision, one.hits[0].uid) == (other.decision, other.hits[0].uid), question
        assert one.probability == pytest.approx(other.probability, abs=0.02)
        query = files._retriever.candidates(question)[0]
        vector, counted = encoder.encode([query.core]), np.zeros(len(catalogue))
        rows, scores = bm25.search(query.tokens, len(catalogue))
        counted[rows] = scores
        chosen, others = files._retriever.fetch(vector, query.tokens), index._retriever.fetch(vector, query.tokens)
        assert_as_good(chosen[0], others[0], vectors @ vector[0], within=0.02)  # both hold them in 8 bits
        assert_as_good(chosen[1], others[1], counted, within=0.002 * counted.max())  # held in 16 bits


def assert_as_good(rows: np.ndarray, others: np.ndarray, scores: np.ndarray, within: float) -> None:
    """Hold that two choices differ in rows alone whose scores are nearly those of the last that was chosen."""
    assert len(rows) == len(others)
    differing = np.setxor1d(rows, others)
    assert (np.abs(scores[differing] - scores[rows].min(initial=np.inf)) <= within).all()


def product(one: SparseVector, other: SparseVector) -> float:
    values = dict(zip(other.indices, other.values, strict=True))
    return sum(value * values.get(index, 0.0) for index, value in zip(one.indices, one.values, strict=True))


def test_sparse_vectors_multiply_to_bm25() -> None:
    titles = [row["title"] for row in made_rows(90)] + ["Kettle kettle, the Kettle", "", "…"]
    bm25 = BM25Index.fit(titles)
    counts = WordCounts.of(bm25)
    vectors = counts.title_vectors(titles)
    for question in ("harrow kettle HK-100 red", "the kettle kettle", "osprey desk lamp of no known maker"):
        query = tokens(question)
        rare, every = counts.query_vectors(query)
        assert rare == every  # nothing is left out of so few
        rows, scores = bm25.search(query, len(titles))
        products = np.array([product(every, vector) for vector in vectors])
        assert np.flatnonzero(products).tolist() == sorted(rows.tolist())
        assert products[rows] == pytest.approx(scores, rel=1e-5)


def test_common_tokens_score_titles_that_rare_ones_found(home: Path, place: str) -> None:
    few = replace(IndexSettings(), max_postings=50, max_sparse_postings=50)
    index, files = built(home, few.at(place)), built(home, few)
    query = tokens("red harrow kettle HK-100 or tarn desk lamp")
    rare, every = segment_of(index).counts.query_vectors(query)
    assert 0 < len(rare.indices) < len(every.indices)
    vector = index._retriever.encoder.encode(["harrow kettle"])
    rows, scores = segment_of(index).search(vector, query, 10)[1]
    others, known = files._retriever.segments[0].search(vector, query, 10)[1]
    assert scores == pytest.approx(known, rel=2e-3)
    assert rows[0] == others[0]


def test_one_request_fetches_all_candidates(home: Path, server: qdrant_server.Qdrant) -> None:
    index = built(home, IndexSettings().at(server.url))
    server.requests.clear()
    assert index.resolve("harrow kettle HK-100").hits[0].title.startswith("Harrow Kettle HK-100")
    assert server.requests == [f"POST /collections/{collection_of(home)}/points/query/batch"]


# Publishing


def test_an_interrupted_build_leaves_the_old_one(home: Path, server: qdrant_server.Qdrant) -> None:
    settings = IndexSettings().at(server.url)
    index, name = built(home, settings), collection_of(home)
    asked = questions(made_rows(240))[::5]
    known = answers(index, asked)
    server.fail_after = 0
    with pytest.raises(StoreError, match="no room for more points"):
        TitleIndex.build(Catalogue.load(home / "catalogue"), home / "index", settings=settings, progress=Progress)
    assert server.names() == {name}
    assert open_store(server.url).target("titlewise") == name
    assert answers(TitleIndex.load(home / "index", Catalogue.load(home / "catalogue")), asked) == known


class Interrupted(Progress):
    """Progress at which a person stops the command when the first titles were sent."""

    def __init__(self, label: str, total: int | None = None, unit: str = "rows") -> None:
        super().__init__(label, total, unit)
        self.sending = label == "sending titles"

    def update(self, steps: int = 1) -> None:
        if self.sending:
            raise KeyboardInterrupt


@pytest.mark.parametrize("updates", [False, True])
def test_a_build_or_update_that_a_person_stops_leaves_the_old_one(home: Path, place: str, updates: bool) -> None:
    settings = ALWAYS.at(place)
    known = answers(built(home, settings), asked := questions(made_rows(240))[::5])
    before = Catalogue.load(home / "catalogue")
    shutil.copytree(home / "catalogue", home / "kept")
    catalogue = catalogue_of(edited(made_rows(240)), home)
    with pytest.raises(KeyboardInterrupt):
        if updates:
            TitleIndex.update(catalogue, home / "index", settings=settings, progress=Interrupted)
        else:
            TitleIndex.build(catalogue, home / "index", settings=settings, progress=Interrupted)
    assert answers(TitleIndex.load(home / "index", Catalogue.load(home / "kept")), asked) == known
    assert before.digest == Catalogue.load(home / "kept").digest
    if place.startswith("/"):  # nothing is left of what was begun
        assert {path.name for path in Path(place).iterdir()} == {"titlewise", collection_of(home)}


def test_the_alias_is_switched_and_the_collection_before_is_kept_for_its_readers(home: Path, place: str) -> None:
    settings, names, store = IndexSettings().at(place), [], open_store(place)
    asked = questions(made_rows(240))[::5]
    for _ in range(3):
        index = built(home, settings)
        names.append(collection_of(home))
        assert store.target("titlewise") == names[-1]
        if len(names) == 2:
            reader = index
    assert collections(store, *names) == set(names[1:])
    assert answers(reader, asked) == answers(index, asked)


def test_the_collection_of_another_shop_with_the_same_alias_is_kept(home: Path, place: str) -> None:
    other = Path(shutil.copytree(home, home.with_name("other")))
    settings, store = IndexSettings().at(place), open_store(place)
    for each in (home, other, home, other, other):
        built(each, settings)
    names = {collection_of(home), collection_of(other)}
    assert collections(store, *names) == names
    assert TitleIndex.load(home / "index", Catalogue.load(home / "catalogue")).resolve("tarn kettle").hits


def test_a_build_mends_a_damaged_index(home: Path, place: str) -> None:
    settings = IndexSettings().at(place)
    built(home, settings)
    (home / "index" / "base" / COLLECTION_FILE).write_text('{"name": ["nonsense"]}', encoding="utf-8")
    assert built(home, settings).resolve("tarn kettle").hits


def test_a_name_that_leads_out_of_the_folder_removes_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "qdrant").mkdir()
    with pytest.raises(ValueError, match="the name of a collection"):
        open_store(str(tmp_path / "qdrant")).drop("../kept")
    with pytest.raises(ValueError, match="the name of a collection"):
        open_store(str(tmp_path / "qdrant")).switch({"../kept": "titlewise-1"})
    assert (tmp_path / "kept").is_dir()


# Updating


def test_an_update_answers_as_one_of_files_and_is_unseen_by_who_asks_the_old_one(home: Path, place: str) -> None:
    rows, settings = made_rows(240), ALWAYS.at(place)
    asked = questions(edited(rows))[::3]
    old = built(home, settings)
    known, before = answers(old, asked), segment_of(old)
    files = Path(shutil.copytree(home, home.with_name("files"), ignore=shutil.ignore_patterns("index")))
    built(files, ALWAYS)
    for folder, each in ((home, settings), (files, ALWAYS)):
        catalogue = catalogue_of(edited(rows), folder)
        change = TitleIndex.update(catalogue, folder / "index", settings=each, progress=Progress)
        assert change.anew is False
    index = TitleIndex.load(home / "index", catalogue)
    assert answers(index, asked) == answers(TitleIndex.load(files / "index", catalogue), asked)
    assert answers(old, asked) == known
    after = segment_of(index)
    assert len(after.stale) == change.gone
    assert (after.store.count(after.collection.name) == len(after) + change.gone) is True
    assert (after.collection.name == before.collection.name) is place.startswith("http")


def test_updates_follow_each_other_send_what_came_and_lead_back(home: Path, server: qdrant_server.Qdrant) -> None:
    rows, settings = made_rows(240), ALWAYS.at(server.url)
    index = built(home, settings)
    asked = questions(rows)[::3]
    known = answers(index, asked)
    for now in (edited(rows), rows[:200], rows):
        catalogue = catalogue_of(now, home)
        change = TitleIndex.update(catalogue, home / "index", settings=ALWAYS, progress=Progress)
    assert change == Change(0, 0, anew=False)
    index = TitleIndex.load(home / "index", catalogue)
    assert answers(index, asked) == known
    assert server.names() == {collection_of(home)}
    assert server.client.count(collection_of(home)).count == 240  # what went by an update is removed by the next


def test_a_small_catalogue_is_built_anew_where_it_is(home: Path, place: str) -> None:
    built(home, IndexSettings().at(place))
    first = collection_of(home)
    catalogue = catalogue_of(made_rows(200), home)
    assert TitleIndex.update(catalogue, home / "index", progress=Progress).anew is True
    assert TitleIndex.load(home / "index", catalogue)._retriever.place == open_store(place).place
    assert collection_of(home) != first


def test_single_products_come_and_go_beside_a_collection(
    home: Path, place: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def command(*arguments: str) -> None:
        assert main(["--home", str(home), *arguments]) == 0, capsys.readouterr().err

    command("index", "--store", "qdrant", "--qdrant", place)
    live = LiveIndex(home)
    new = {"uid": "NEW1", "title": "Zephyr Weather Station ZW-9", "content": "It measures wind."}
    (tmp_path / "new.jsonl").write_text(json.dumps(new), encoding="utf-8")
    command("upsert", str(tmp_path / "new.jsonl"))
    command("remove", "U0")
    _, index = live.now()
    assert index.resolve("the zephyr weather station").hits[0].uid == "NEW1"
    assert "U0" not in {hit.uid for hit in index.resolve(made_rows(1)[0]["title"]).hits}
    command("index", "--store", "qdrant", "--qdrant", place)  # which folds them in
    assert live.now()[1].resolve("the zephyr weather station").hits[0].uid == "NEW1"


# The command and its faults


def test_a_server_keeps_titles_as_the_shop_says(
    home: Path, server: qdrant_server.Qdrant, capsys: pytest.CaptureFixture[str]
) -> None:
    own = '[qdrant]\nalias = "tarn"\nshards = 6\nreplicas = 3\nwrite_consistency = 2\n'
    (home / "shop.toml").write_text(own, encoding="utf-8")
    assert main(["--home", str(home), "index", "--store", "qdrant", "--qdrant", server.url]) == 0
    (made,) = server.created
    assert (made.shard_number, made.replication_factor, made.write_consistency_factor) == (6, 3, 2)
    assert open_store(server.url).target("tarn") == collection_of(home)
    capsys.readouterr()
    assert main(["--home", str(home), "resolve", "tarn chess set TC-127"]) == 0
    assert "Tarn Chess Set TC-127" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", ["shards = 0", "replicas = true", "write_consistency = 1.5", 'alias = "a/b"', 'place = "x"']
)
def test_a_faulty_setting_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(f"[qdrant]\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=rf"faults: qdrant\.{line.split()[0]}; expected .* \[qdrant\] with a name"):
        read_shop(tmp_path)


def test_the_settings_of_a_shop_are_read(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text('[qdrant]\nalias = "tarn"\nshards = 2\n', encoding="utf-8")
    assert read_shop(tmp_path).index.qdrant == QdrantSettings(alias="tarn", shards=2)


def fault(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str) -> str:
    capsys.readouterr()
    assert main(["--home", str(home), *arguments]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9", "Qdrant at http://127.0.0.1:9 cannot be reached ([Errno 111] Connection refused)"),
        ("ftp://127.0.0.1", "ftp://127.0.0.1 is no address of Qdrant"),
        ("/dev/null/qdrant", "in /dev/null/qdrant cannot be used ("),
    ],
)
def test_a_place_that_is_none_is_one_line(url: str, said: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in fault(capsys, home, "index", "--store", "qdrant", "--qdrant", url)
    assert not (home / "index").exists()


@pytest.mark.parametrize("package", ["qdrant_edge", "qdrant_client"])
def test_a_missing_extra_is_one_line(
    package: str, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    err = fault(capsys, home, "index", "--store", "qdrant", "--qdrant", str(home / "qdrant"))
    assert err.endswith("mend it with: pip install 'titlewise[qdrant]'\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--store", "qdrant"),
        ("--qdrant", "http://127.0.0.1:6333"),
        ("--update", "--store", "qdrant", "--qdrant", "http://127.0.0.1:6333"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    arguments: tuple[str, ...], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home), "index", *arguments])
    assert ended.value.code == 2
    assert "--qdrant" in capsys.readouterr().err


def test_a_collection_that_is_gone_or_lost_titles_is_told(
    home: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    segment = segment_of(built(home, IndexSettings().at(place)))
    segment.store.delete(segment.collection.name, segment.keys[:40])
    segment.store.finish(segment.collection.name)
    assert " has 200 titles; expected the 240 of this index" in fault(capsys, home, "resolve", "tarn kettle")
    segment.store.drop(segment.collection.name)
    assert segment.collection.name in (err := fault(capsys, home, "resolve", "tarn kettle"))
    assert "mend it with: titlewise index --store qdrant --qdrant " in err


@pytest.mark.parametrize(("status", "mend"), [(401, "export QDRANT_API_KEY=…"), (503, "titlewise index --store")])
def test_a_server_that_refuses_is_told_while_it_is_asked(
    status: int, mend: str, home: Path, server: qdrant_server.Qdrant
) -> None:
    index = built(home, IndexSettings().at(server.url))
    server.refusing = status
    with pytest.raises(StoreError, match=str(status)) as raised:
        index.resolve("tarn kettle")
    assert raised.value.mend.startswith(mend)
    sent, response = error_response(raised.value)
    assert (sent, response.error.code) == (503, "index")
