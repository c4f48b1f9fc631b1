"""Single products, upserted and removed: as a rebuild would have them, whole or not at all, seen by who reads."""

import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import small_shop
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.evaluation.resolver.queries import FRAMES, noisy
from index import artefacts
from index.artefacts import BusyError, only_writer, publish, read_manifest
from index.catalogue.changes import KIND, Changes, folder_of
from index.catalogue.editing import with_rows, without_uids
from index.catalogue.prepare import prepare
from index.catalogue.store import Catalogue, Product
from index.descriptions import stems_of_need
from index.errors import ArtefactError, SourceError, UnknownProductError, UserError
from index.live import LiveIndex, open_both
from index.progress import Progress, Silent
from index.resolver import TitleIndex
from index.sample import PATH as SAMPLE
from index.settings import CatalogueSettings, Columns, IndexSettings
from index.titles.bm25 import BM25Index, ChangedWords
from index.titles.came import CameIndex
from index.titles.identifiers import Identifiers
from index.upsert import RebuildDueError, read_rows, rebuild, remove, row_of, upsert
from ui.cli import main

Row = dict[str, str]
DRONE = {"uid": "Z9", "title": "Zephyr X9 Drone, 4K camera", "content": "It flies. It weighs 249 g."}
ASKED = "how heavy is the Zephyr X9 drone?"
KETTLE = "K1"
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("upsert")
    small_shop.build(home)
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A home of the small shop, to be changed."""
    return Path(shutil.copytree(built, tmp_path / "home"))


def rows(*products: Row) -> list[dict[str, object]]:
    return [row_of(Product(**product)) for product in products]


def put(live: LiveIndex, *products: Row) -> Catalogue:
    return upsert(live, rows(*products), progress=Silent)


def take(live: LiveIndex, *uids: str) -> Catalogue:
    return remove(live, uids, progress=Silent)


def best(index: TitleIndex, question: str = ASKED) -> str:
    return index.resolve(question).hits[0].uid


def files_in(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


# What is found


def test_a_product_is_found_at_once_in_other_words_later_and_no_more_when_it_is_removed(home: Path) -> None:
    live = LiveIndex(home)
    catalogue = put(live, DRONE)
    assert (len(catalogue), catalogue.find("Z9").title) == (len(small_shop.PRODUCTS) + 1, DRONE["title"])
    resolution = live.now()[1].resolve(ASKED)
    assert (resolution.decision, resolution.hits[0].uid, resolution.missing) == ("found", "Z9", ())
    put(live, DRONE | {"title": "Petrel Glider, Yellow"})
    assert best(live.now()[1], "the yellow petrel glider") == "Z9"
    assert DRONE["title"] not in [hit.title for hit in live.now()[1].resolve(ASKED).hits]
    catalogue = take(live, "Z9")
    assert "Z9" not in catalogue
    assert "Z9" not in [hit.uid for hit in live.now()[1].resolve("the yellow petrel glider").hits]
    assert catalogue.uids() == Catalogue.load(home / "catalogue").uids() == [*small_shop.PRODUCTS]


def test_a_product_is_found_by_need_and_by_its_identifier(home: Path) -> None:
    live = LiveIndex(home)
    put(live, DRONE | {"uid": "DR-0044-A", "content": "It hovers over meadows."})
    catalogue, index = live.now()
    found, _ = index.descriptions.search(stems_of_need("something that hovers over meadows"), 5)
    assert catalogue.product(int(found[0])).uid == "DR-0044-A"
    assert best(index, "what is dr 0044 a?") == "DR-0044-A"
    take(live, "DR-0044-A")
    assert live.now()[1].resolve("what is dr 0044 a?").decision == "unknown"


def edits(draw: random.Random, known: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Return rows to upsert, some new and some under a known uid, and uids to remove."""
    chosen = draw.sample(known, 45)
    gone = [row["uid"] for row in chosen[:15]]
    renamed = [row | {"title": f"{row['title']}, Renewed"} for row in chosen[15:30]]
    new = [
        {"uid": f"N{n}", "title": f"Quillmere {row['title'].split(',')[0]} QX-{n}", "content": row["content"]}
        for n, row in enumerate(chosen[30:])
    ]
    return [*renamed, *new, DRONE], gone


@pytest.mark.slow
def test_the_sample_catalogue_changed_equals_one_that_is_built_anew(sample_home: Path, tmp_path: Path) -> None:
    changed, anew = tmp_path / "changed", tmp_path / "anew"
    shutil.copytree(sample_home, changed)
    before = Catalogue.load(changed / "catalogue")
    draw = random.Random(3)
    came, gone = edits(draw, [vars(before.product(row)) for row in range(len(before))])
    live = LiveIndex(changed)
    for start in range(0, len(came), 7):  # by and by
        put(live, *came[start : start + 7])
    take(live, *gone)

    out = {*gone, *(row["uid"] for row in came)}
    lines = [row for row in read_sample() if row.get("uid") not in out]
    anew.mkdir()
    (anew / "trn.json").write_text("".join(json.dumps(row) + "\n" for row in [*lines, *came]), encoding="utf-8")
    prepare(anew / "trn.json", anew / "catalogue")
    TitleIndex.build(Catalogue.load(anew / "catalogue"), anew / "index", progress=Progress)

    (one, found), (other, expected) = live.now(), open_both(anew)
    assert [one.product(row) for row in range(len(one))] == [other.product(row) for row in range(len(other))]
    assert one.identifiers() == other.identifiers()
    assert one.column("described").tolist() == other.column("described").tolist()
    titles = other.titles()
    questions = [draw.choice(FRAMES).format(title) for title in titles] + [noisy(title, draw) for title in titles]
    differing = 0
    for question in questions:
        ours, theirs = found.resolve(question), expected.resolve(question)
        assert ours.hits[0].uid == theirs.hits[0].uid, question
        differing += ours.decision != theirs.decision
    assert differing / len(questions) <= 0.005
    for uid in gone:
        ours, theirs = (index.resolve(before.find(uid).title) for index in (found, expected))
        assert ours.decision == theirs.decision
        assert uid not in [hit.uid for hit in ours.hits]
    for title in titles:
        need = stems_of_need(title)
        (ours, *_), (theirs, *_) = (index.descriptions.search(need, 8)[0] for index in (found, expected))
        assert ours == theirs, title

    rebuild(changed, partial(TitleIndex.build, progress=Progress))  # then nothing differs at all
    files = read_manifest(changed / "index", "index").files
    assert files == read_manifest(anew / "index", "index").files


def read_sample() -> Iterator[Row]:
    for line in SAMPLE.read_bytes().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # the sample has broken rows, on purpose


UIDS, TEXTS = st.sampled_from("ABCDEFGH"), st.sampled_from(["Kettle", "Lamp", "Tent", "Mug"])
SOURCE = [("A", "Kettle"), ("B", "Kettle"), ("C", "Lamp"), ("D", "Tent"), ("E", "Kettle"), ("F", "Lamp")]


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue in which most uids were merged into others."""
    folder = tmp_path_factory.mktemp("merged")
    (folder / "trn.json").write_text(
        "".join(json.dumps({"uid": uid, "title": text, "content": ""}) + "\n" for uid, text in SOURCE)
    )
    prepare(folder / "trn.json", folder / "catalogue")
    return folder / "catalogue"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(UIDS, st.none() | TEXTS), max_size=12))
def test_whatever_comes_and_goes_the_catalogue_is_that_of_its_rows(
    merged: Path, steps: list[tuple[str, str | None]]
) -> None:
    artefacts.remove(folder_of(merged), KIND)
    catalogue, source = Catalogue.load(merged), dict(SOURCE)
    for uid, text in steps:
        if text is None and uid not in source:
            with pytest.raises(UnknownProductError):
                without_uids(catalogue, [uid])
            continue
        if text is None:
            del source[uid]
            changes = without_uids(catalogue, [uid])
        else:
            source[uid] = text
            changes = with_rows(catalogue, rows({"uid": uid, "title": text, "content": ""}))
        catalogue = published(catalogue, changes)
        assert {each: catalogue.find(each).title for each in "ABCDEFGH" if each in catalogue} == source
        assert sorted(catalogue.titles()) == sorted(set(source.values()))  # each text is one product
        uids, places = catalogue.identifiers()
        assert {each: catalogue.product(row).title for each, row in zip(uids, places, strict=True)} == source
        assert [catalogue.row_of(each) for each in catalogue.uids()] == [*range(len(catalogue))]
        assert len(catalogue.dataset()) == len(catalogue) if len(catalogue) else True


IDENTIFIERS = st.sampled_from(["EAN-1", "EAN-2", "EAN-3", "C", "D"])  # some are uids of other products
NAMED = {"A": ("Kettle of A", ["EAN-1", "EAN-2"]), "B": ("Lamp of B", ["EAN-2", "C"]), "C": ("Tent of C", [])}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue whose products have further identifiers."""
    folder = tmp_path_factory.mktemp("named")
    source = [{"uid": uid, "title": title, "sku": ids} for uid, (title, ids) in NAMED.items()]
    (folder / "trn.json").write_text("".join(json.dumps(row) + "\n" for row in source))
    prepare(folder / "trn.json", folder / "catalogue", CatalogueSettings(Columns(ids=("sku",))))
    return folder / "catalogue"


@settings(max_examples=40, deadline=None)
@example([("A", ["D"]), ("D", []), ("D", None)])
@example([("D", []), ("A", ["D"]), ("D", None), ("A", [])])
@example([("B", ["C"]), ("A", ["C", "EAN-1"])])
@given(st.lists(st.tuples(st.sampled_from("ABD"), st.none() | st.lists(IDENTIFIERS, max_size=2)), max_size=8))
def test_further_identifiers_come_and_go_with_their_products(
    named: Path, steps: list[tuple[str, list[str] | None]]
) -> None:
    artefacts.remove(folder_of(named), KIND)
    catalogue, source = Catalogue.load(named), dict(NAMED)
    for number, (uid, identifiers) in enumerate(steps):
        if identifiers is None and uid not in source:
            with pytest.raises(UnknownProductError):
                without_uids(catalogue, [uid])
            continue
        if identifiers is None:
            del source[uid]
            changes = without_uids(catalogue, [uid])
        else:
            title = f"Mug {number} of {uid}" if number % 2 else source.get(uid, (f"Mug of {uid}", []))[0]
            source[uid] = (title, identifiers or source.get(uid, ("", []))[1])
            row = row_of(Product(uid, title, "")) | {"identifiers": identifiers}
            changes = with_rows(catalogue, [row])
        catalogue = published(catalogue, changes)
        # One that is a uid now is no further identifier any more, not even when that product goes.
        source = {uid: (title, [each for each in ids if each not in source]) for uid, (title, ids) in source.items()}
        assert sorted(catalogue.titles()) == sorted(title for title, _ in source.values())  # no ghost of any
        for identifier in ("EAN-1", "EAN-2", "EAN-3", "C", "D"):
            leads_to = {title for title, ids in source.values() if identifier in ids}
            if identifier in source:
                assert catalogue.find(identifier).title == source[identifier][0]
            elif leads_to:
                assert catalogue.find(identifier).title in leads_to
            else:
                assert identifier not in catalogue


def test_a_further_identifier_is_no_uid_to_remove(named: Path) -> None:
    artefacts.remove(folder_of(named), KIND)
    with pytest.raises(UnknownProductError, match="no product has the uid 'EAN-1'"):
        without_uids(Catalogue.load(named), ["EAN-1"])


def test_an_upserted_product_is_found_by_its_further_identifiers(home: Path) -> None:
    path = home.parent / "new.jsonl"
    path.write_text(json.dumps(DRONE | {"ean": "4006381333931"}), encoding="utf-8")
    assert main(["--home", str(home), "upsert", str(path), "--id", "ean"]) == 0
    live = LiveIndex(home)
    assert best(live.now()[1], "ean 4006381333931") == "Z9"
    put(live, DRONE | {"content": "It hovers."})  # which names none
    assert (best(live.now()[1], "ean 4006381333931"), live.now()[0].find("4006381333931").uid) == ("Z9", "Z9")
    rebuild(home, partial(TitleIndex.build, progress=Progress))
    assert best(live.now()[1], "ean 4006381333931") == "Z9"
    take(live, "Z9")
    assert "4006381333931" not in live.now()[0]


def published(catalogue: Catalogue, changes: Changes) -> Catalogue:
    """Publish the changes to a catalogue, without an index."""
    folder = folder_of(catalogue._folder)
    with publish(folder, kind=KIND, made_by={"index": ""}, made_from=catalogue.base.digest) as scratch:
        changes.save(scratch)
    return catalogue.followed()


WORDS = st.sampled_from("red kettle lamp tent x9 zephyr 4k".split())
TITLES = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=8)


@settings(deadline=None)
@given(TITLES, TITLES, st.sets(st.integers(0, 7)))
def test_how_common_words_are_follows_what_comes_and_goes(old: list[str], new: list[str], out: set[int]) -> None:
    went = [title for place, title in enumerate(old) if place in out]
    left = [title for place, title in enumerate(old) if place not in out]
    changed = ChangedWords(BM25Index.fit(old), BM25Index.fit(new), BM25Index.fit(went))
    anew, words = BM25Index.fit([*left, *new]), "red kettle lamp tent x9 zephyr 4k absent".split()
    assert changed.titles == anew.titles
    assert changed.document_frequency(words).tolist() == anew.document_frequency(words).tolist()
    assert changed.idf(words).tolist() == anew.idf(words).tolist()


@settings(deadline=None)
@given(st.lists(st.sampled_from(["A-1001", "a1001", "B-2002", "c3003", "D 4004"]), unique=True, min_size=1), st.data())
def test_identifiers_follow_what_comes_and_goes(old: list[str], data: st.DataObject) -> None:
    import numpy as np

    gone = data.draw(st.sets(st.sampled_from(range(len(old)))))
    new = data.draw(st.lists(st.sampled_from(["e5005", "B2002", "f6006"]), unique=True))
    left = [uid for row, uid in enumerate(old) if row not in gone]
    standing = np.array([left.index(uid) if uid in left else -1 for uid in old], dtype=np.int32)
    came = Identifiers.of(new, range(len(left), len(left) + len(new)))
    joined = Identifiers.of(old, range(len(old))).joined(standing, came)
    expected = Identifiers.of([*left, *new], range(len(left) + len(new)))
    for uid in {*old, *new}:
        if {"A-1001", "a1001"} <= {*old} and "1001" in uid:  # what two products shared stays undecided
            continue
        assert (joined.row_in(uid) if len(joined.hashes) else None) == (
            expected.row_in(uid) if len(expected.hashes) else None
        )


# Whole or not at all


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"uid": "B"}', "no title"),
        (b'{"title": "Tent"}', "no uid"),
        (b'{"uid": "B", "title": " "}', "empty title"),
        (b'{"uid": "B", "title": 7}', "title is no string"),
        (b'{"uid": "Z9", "title": "Tent"}', "duplicate uid"),
        (b"[]", "not an object"),
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_faulty_row_changes_nothing_and_is_named(
    home: Path, line: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_in(home)
    path = home.parent / "new.jsonl"
    path.write_bytes(json.dumps(DRONE).encode() + b"\n\n" + line + b"\n")
    assert main(["--home", str(home), "upsert", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"titlewise: new.jsonl, line 3: {reason}; expected ")
    assert err.count("\n") == 1
    assert files_in(home) == before


def test_a_uid_that_is_not_there_changes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files_in(home)
    assert main(["--home", str(home), "remove", KETTLE, "NOPE"]) == 1
    err = capsys.readouterr().err
    assert "no product has the uid 'NOPE'" in err
    assert "titlewise resolve" in err
    assert files_in(home) == before


def test_rows_come_from_a_file_and_from_standard_input(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home.parent / "new.jsonl"
    path.write_text(json.dumps({"sku": "Y1", "name": "Petrel Glider"}) + "\n", encoding="utf-8")
    assert main(["--home", str(home), "upsert", str(path), "--uid", "sku", "--title", "name"]) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(DRONE).encode())))
    assert main(["--home", str(home), "upsert", "-"]) == 0
    assert main(["--home", str(home), "remove", "Y1", KETTLE]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "1 upserted: the catalogue has 12 products; 2 came, changed or went since the last full build.",
        "2 removed: the catalogue has 10 products; 1 came, changed or went since the last full build.",
    ]


@pytest.mark.parametrize("nothing", [b"", b"\n \n"])
def test_an_empty_file_is_a_fault(tmp_path: Path, nothing: bytes) -> None:
    (tmp_path / "new.jsonl").write_bytes(nothing)
    with pytest.raises(SourceError, match=r"new\.jsonl holds no row"):
        read_rows(tmp_path / "new.jsonl")


def test_an_upsert_that_fails_leaves_everything_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveIndex(home)
    put(live, {"uid": "Y1", "title": "Petrel Glider", "content": ""})
    before = files_in(home)
    monkeypatch.setattr(CameIndex, "save", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        put(live, DRONE)
    assert files_in(home) == before
    assert "Z9" not in live.now()[0]


KILLED = """
import os, signal, sys
from pathlib import Path
from index import artefacts
from index.live import LiveIndex
from index.progress import Silent
from index.upsert import read_rows, upsert

live = LiveIndex(Path(sys.argv[1]))
setattr(artefacts, sys.argv[3], lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
upsert(live, read_rows(Path(sys.argv[2])), progress=Silent)
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["_write_manifest", "swap_in"])
def test_a_killed_upsert_leaves_the_old_state_and_the_next_one_works(home: Path, tmp_path: Path, moment: str) -> None:
    path = tmp_path / "new.jsonl"
    path.write_text(json.dumps(DRONE), encoding="utf-8")
    command = [sys.executable, "-c", KILLED, str(home), str(path), moment]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    live = LiveIndex(home)
    assert live.now()[0].uids() == [*small_shop.PRODUCTS]
    (left,) = home.glob(".catalogue-changes-*")
    os.utime(left, (0, 0))
    put(live, DRONE)
    assert best(live.now()[1]) == "Z9"
    assert not [*home.glob(".*")]  # what was left behind is gone too


# Who reads meanwhile


def test_who_has_it_open_sees_it_without_opening_all_anew(home: Path) -> None:
    reader, writer = LiveIndex(home), LiveIndex(home)
    held, index = reader.now()
    assert reader.now() == (held, index)
    put(writer, DRONE)
    catalogue, now = reader.now()
    assert best(now) == "Z9"
    assert catalogue.base is held
    assert now.base is index
    assert "Z9" not in held
    assert best(index) != "Z9"  # an answer under way goes on as it began


READER = """
import json, sys
from pathlib import Path
from index.descriptions import stems_of_need
from index.live import LiveIndex, open_both

home, done = map(Path, sys.argv[1:3])
reader, wrong, seen = LiveIndex(home), [], set()
print("ready", flush=True)
while not done.exists():
    for catalogue, index in (reader.now(), open_both(home)):
        hit = index.resolve(sys.argv[3]).hits[0]
        product = catalogue.find("Z9")
        row = int(index.descriptions.search(stems_of_need("zephyr"), 1)[0][0])
        if (hit.uid, hit.title) != ("Z9", product.title) or catalogue.product(row) != product:
            wrong.append([hit.title, product.title, catalogue.product(row).title])
        seen.add(product.title)
print(json.dumps([wrong, sorted(seen)]))
"""


@pytest.mark.slow
def test_every_reader_sees_one_state_whole(home: Path, tmp_path: Path) -> None:
    sides = [
        {"uid": "Z9", "title": f"Zephyr X9 Drone, {word}", "content": f"It is {word}."} for word in ("Blue", "Red")
    ]
    live, done = LiveIndex(home), tmp_path / "done"
    put(live, sides[0])
    command = [sys.executable, "-c", READER, str(home), str(done), ASKED]
    readers = [subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    for number in range(1, 13):
        put(live, sides[number % 2])
        if number % 5 == 4:
            rebuild(home, partial(TitleIndex.build, progress=Progress))
    done.touch()
    for reader in readers:
        out, _ = reader.communicate(timeout=60)
        assert json.loads(out) == [[], [side["title"] for side in sides]]


def test_writers_wait_for_each_other_and_nothing_is_lost(home: Path) -> None:
    writers = [LiveIndex(home) for _ in range(6)]

    def write(number: int) -> None:
        catalogue = put(writers[number], {"uid": f"Y{number}", "title": f"Petrel Glider {number}", "content": ""})
        stored.append(catalogue.find(f"Y{number}").title)

    stored: list[str] = []
    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stored) == [f"Petrel Glider {number}" for number in range(6)]
    assert {f"Y{number}" for number in range(6)} <= {*Catalogue.load(home / "catalogue").uids()}


def test_a_writer_that_waits_too_long_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefacts, "WRITER_WAIT_S", 0.1)
    live = LiveIndex(home)
    with only_writer(home), pytest.raises(BusyError, match="another process is changing"):
        put(live, DRONE)
    put(live, DRONE)


# Beside full builds


@pytest.mark.parametrize("command", [("index",), ("index", "--update")], ids=" ".join)
def test_a_full_build_folds_the_changes_in(home: Path, command: tuple[str, ...]) -> None:
    live = LiveIndex(home)
    put(live, DRONE)
    take(live, KETTLE)
    before = live.now()[0]
    assert main(["--home", str(home), *command]) == 0
    assert not folder_of(home / "catalogue").exists()
    for catalogue, index in (live.now(), open_both(home)):
        assert catalogue.changed is None
        assert [catalogue.product(row) for row in range(len(catalogue))] == [
            before.product(row) for row in range(len(before))
        ]
        assert best(index) == "Z9"
        assert [catalogue.row_of(uid) for uid in catalogue.uids()] == [*range(len(catalogue))]
    put(live, {"uid": "Y1", "title": "Petrel Glider", "content": ""})
    assert best(live.now()[1], "petrel glider") == "Y1"
    assert {path.name for path in home.iterdir()} == {"trn.json", "catalogue", "catalogue-changes", "index"}


def test_a_full_build_that_is_killed_between_its_two_swaps_is_mended_by_another(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveIndex(home)
    put(live, DRONE)
    swap = artefacts.swap_in

    def swapped(scratch: Path, folder: Path) -> None:
        if folder == home / "index":
            raise KeyboardInterrupt
        swap(scratch, folder)

    monkeypatch.setattr("index.upsert.swap_in", swapped)
    with pytest.raises(KeyboardInterrupt):
        rebuild(home, partial(TitleIndex.build, progress=Progress))
    with pytest.raises(ArtefactError, match="mend it with: titlewise index"):
        open_both(home)
    assert best(live.now()[1]) == "Z9"  # who has it open goes on
    monkeypatch.undo()
    assert main(["--home", str(home), "index"]) == 0
    assert best(live.now()[1]) == best(open_both(home)[1]) == "Z9"


def test_preparing_leaves_a_folder_of_somebody_elses_alone(home: Path) -> None:
    folder = folder_of(home / "catalogue")
    folder.mkdir()
    (folder / "notes.txt").write_text("Mine.")
    prepare(home / "trn.json", home / "catalogue")
    assert (folder / "notes.txt").read_text() == "Mine."
    with pytest.raises(ArtefactError, match="is no changes of ours"):
        put(LiveIndex(home), DRONE)


def test_preparing_says_that_changes_are_gone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(LiveIndex(home), DRONE)
    for expected in (True, False):
        assert main(["--home", str(home), "prepare", str(home / "trn.json")]) == 0
        assert ("What was upserted and removed" in capsys.readouterr().out) is expected


def test_preparing_anew_is_what_the_source_says(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = LiveIndex(home)
    put(live, DRONE)
    prepare(home / "trn.json", home / "catalogue")
    assert "Z9" not in live.now()[0]  # the same catalogue, and the same index
    put(live, DRONE)
    (home / "trn.json").write_text(json.dumps({"uid": "Y1", "title": "Petrel Glider", "content": "It glides."}))
    prepare(home / "trn.json", home / "catalogue")
    assert best(live.now()[1]) == "Z9"  # until there is an index that belongs to it
    assert best(live.now()[1]) == "Z9"
    (message,) = caplog.messages
    assert "was made from another catalogue" in message
    with pytest.raises(ArtefactError, match="another catalogue"):
        put(live, {"uid": "Y2", "title": "Tent", "content": ""})
    TitleIndex.build(Catalogue.load(home / "catalogue"), home / "index", progress=Progress)
    assert live.now()[0].uids() == ["Y1"]


def test_changes_for_another_index_are_refused(home: Path) -> None:
    put(LiveIndex(home), DRONE)
    TitleIndex.build(Catalogue.load(home / "catalogue").base, home / "index", seed=5, progress=Progress)
    with pytest.raises(ArtefactError, match=r"were made for another index.*titlewise index"):
        open_both(home)
    assert main(["--home", str(home), "index"]) == 0
    assert best(open_both(home)[1]) == "Z9"


def test_a_flipped_byte_in_the_changes_is_an_error_that_names_the_file(home: Path) -> None:
    live = LiveIndex(home)
    put(live, DRONE)
    take(live, KETTLE)
    folder = folder_of(home / "catalogue")
    for name in (*read_manifest(folder, KIND).files, "manifest.json"):
        path = folder / name
        good = path.read_bytes()
        path.write_bytes(bytes([*good[:-2], good[-2] ^ 1, good[-1]]))
        with pytest.raises(ArtefactError, match=path.name):
            open_both(home)
        path.write_bytes(good)
    assert best(open_both(home)[1]) == "Z9"


def test_too_many_changes_wait_for_a_full_build(home: Path) -> None:
    live = LiveIndex(home, IndexSettings(max_upserted=2))
    put(live, DRONE, DRONE | {"uid": "Z8", "title": "Zephyr X8"})
    with pytest.raises(RebuildDueError, match=r"3 products would have changed.*2 at most.*titlewise index"):
        put(live, DRONE | {"uid": "Z7", "title": "Zephyr X7"})
    assert len(live.now()[0]) == len(small_shop.PRODUCTS) + 2
    rebuild(home, partial(TitleIndex.build, progress=Progress))
    put(live, DRONE | {"uid": "Z7", "title": "Zephyr X7"})


def test_the_last_product_stays(home: Path) -> None:
    live = LiveIndex(home)
    with pytest.raises(UserError, match="no product would be left"):
        take(live, *small_shop.PRODUCTS)
    put(live, DRONE)
    assert take(live, *small_shop.PRODUCTS).uids() == ["Z9"]
    assert best(live.now()[1]) == "Z9"
