"""Updating an index: the same answers as if all had been indexed at once, and never half of one."""

import json
import random
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.artefacts import read_manifest
from index.catalogue.joining import GONE
from index.catalogue.prepare import CatalogueSettings, prepare
from index.catalogue.store import Catalogue
from index.descriptions import DescriptionIndex, stems_of_need
from index.errors import ArtefactError
from index.progress import Progress
from index.resolver import Change, TitleIndex, product_keys
from index.settings import IndexSettings
from index.titles.hybrid_retriever import HybridRetriever
from index.titles.segments import Edit, Segment
from ui.cli import main

pytestmark = pytest.mark.slow

Rows = list[dict[str, str]]
MAKERS = ("Harrow", "Lumen", "Tarn", "Osprey", "Brint")
THINGS = ("Kettle", "Desk Lamp", "Kitchen Scale", "Bread Knife", "Wall Clock", "Chess Set")
COLOURS = ("Red", "Black", "White", "Blue")
# Update however small the catalogue is, and however much has changed.
ALWAYS = IndexSettings(rebuilt_up_to=0, max_changed=1.0)


def made_rows(count: int) -> Rows:
    """Make products with distinct titles, many of them alike."""
    rows = []
    for number in range(count):
        maker, thing, colour = MAKERS[number % 5], THINGS[number // 5 % 6], COLOURS[number // 30 % 4]
        title = f"{maker} {thing} {maker[0]}{thing[0]}-{100 + number}, {colour}"
        rows.append({"uid": f"U{number}", "title": title, "content": f"A {thing.lower()} by {maker}, in {colour}."})
    return rows


def catalogue_of(rows: Rows, home: Path) -> Catalogue:
    home.mkdir(exist_ok=True)
    (home / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    prepare(home / "shop.jsonl", home / "catalogue", CatalogueSettings(workers=1), progress=Progress)
    return Catalogue.load(home / "catalogue")


def edited(rows: Rows) -> Rows:
    """Take every ninth product away, rename some, add some, and put the last first."""
    kept = [dict(row) for number, row in enumerate(rows) if number % 9]
    for row in kept[::20]:
        row["title"] = f"Zephyr {row['title']}"
    added = [{"uid": f"N{n}", "title": f"Quill Fountain Pen Q-{n}", "content": "It writes."} for n in range(7)]
    return [kept[-1], *kept[:-1], *added]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shop")
    TitleIndex.build(catalogue_of(made_rows(240), home), home / "index", progress=Progress)
    return home


@pytest.fixture
def before(built: Path, tmp_path: Path) -> Rows:
    """A shop, prepared and indexed in `tmp_path`."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return made_rows(240)


def questions(rows: Rows) -> list[str]:
    draw = random.Random(4)
    titles = [row["title"] for row in draw.sample(rows, 60)]
    asked = [f"how heavy is the {title.lower().split(',')[0]}?" for title in titles]
    return [*titles, *asked, "quill pen", "zephyr lamp"]


@pytest.mark.parametrize("exact_up_to", [50_000, 100])
def test_an_update_answers_as_an_index_of_all_titles_at_once(before: Rows, exact_up_to: int, tmp_path: Path) -> None:
    settings = replace(ALWAYS, exact_up_to=exact_up_to)
    if exact_up_to == 100:  # vectors are rounded then, as in a large catalogue
        TitleIndex.build(catalogue_of(before, tmp_path), tmp_path / "index", settings=settings, progress=Progress)
    old = HybridRetriever.load(tmp_path / "index", "")
    after = edited(before)
    catalogue = catalogue_of(after, tmp_path)
    assert TitleIndex.update(catalogue, tmp_path / "index", settings=settings, progress=Progress).anew is False
    updated = TitleIndex.load(tmp_path / "index", catalogue)
    titles = catalogue.titles()
    none = np.full(len(before), GONE)  # all of today's titles in one segment, by what was learnt from the old ones
    changed = old.changed(Edit(none, np.arange(len(titles)), titles, product_keys(catalogue)), Progress)
    at_once = TitleIndex(changed, updated.descriptions, updated._ranker, updated._identifiers, catalogue)
    for question in questions(after):
        one, other = updated.resolve(question), at_once.resolve(question)
        assert one.decision == other.decision
        assert one.probability == pytest.approx(other.probability, abs=1e-6)
        assert [hit.uid for hit in one.hits] == [hit.uid for hit in other.hits], question


def test_products_that_came_are_found_and_those_that_went_are_not(before: Rows, tmp_path: Path) -> None:
    after = edited(before)
    catalogue = catalogue_of(after, tmp_path)
    change = TitleIndex.update(catalogue, tmp_path / "index", settings=ALWAYS, progress=Progress)
    index = TitleIndex.load(tmp_path / "index", catalogue)
    renamed = sum(row["title"].startswith("Zephyr") for row in after)
    assert change == Change(added=7 + renamed, gone=len(before[::9]) + renamed, anew=False)
    known = {row["uid"]: row["title"] for row in after}
    for row in [*after[::5], *after[-7:]]:
        best = index.resolve(row["title"]).hits[0]
        assert (best.uid, best.title) == (row["uid"], row["title"])
    for row in before[::9]:
        hits = index.resolve(row["title"]).hits
        assert len(hits) == 10
        assert all(known[hit.uid] == hit.title for hit in hits)


def test_descriptions_are_brought_to_the_edited_catalogue(before: Rows, tmp_path: Path) -> None:
    after = [
        row | {"content": "It glows in the dark like a firefly."} if at == 30 else row for at, row in enumerate(before)
    ]
    after = [row for at, row in enumerate(after) if at != 60]
    catalogue = catalogue_of(after, tmp_path)
    change = TitleIndex.update(catalogue, tmp_path / "index", settings=ALWAYS, progress=Progress)
    assert change == Change(added=1, gone=2, anew=False)
    updated = TitleIndex.load(tmp_path / "index", catalogue).descriptions
    rows, _ = updated.search(stems_of_need("something that glows"), 10)
    assert [catalogue.product(row).uid for row in rows] == [before[30]["uid"]]
    anew = DescriptionIndex.build(catalogue, ALWAYS, Progress)
    for row in after[::40]:
        words = stems_of_need(row["title"])
        assert updated.search(words, 1)[0][0] == anew.search(words, 1)[0][0] == catalogue.row_of(row["uid"])


def test_updates_follow_each_other_and_lead_back(before: Rows, tmp_path: Path) -> None:
    def answer(catalogue: Catalogue) -> list[str]:
        return [hit.uid for hit in TitleIndex.load(tmp_path / "index", catalogue).resolve("tarn kettle").hits]

    first = answer(Catalogue.load(tmp_path / "catalogue"))
    for rows in (edited(before), before[:200], before):
        catalogue = catalogue_of(rows, tmp_path)
        change = TitleIndex.update(catalogue, tmp_path / "index", settings=ALWAYS, progress=Progress)
    assert change == Change(0, 0, anew=False)
    assert not (tmp_path / "index" / "added").exists()
    assert answer(catalogue) == first


def test_an_update_that_fails_leaves_the_old_index(
    before: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = read_manifest(tmp_path / "index", "index").digest
    catalogue = catalogue_of(edited(before), tmp_path)
    monkeypatch.setattr(Segment, "save", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        TitleIndex.update(catalogue, tmp_path / "index", settings=ALWAYS, progress=Progress)
    assert read_manifest(tmp_path / "index", "index").digest == digest


def test_while_updates_are_published_every_answer_is_of_one_index_whole(before: Rows, tmp_path: Path) -> None:
    sides = {name: {row["uid"]: row["title"] for row in rows} for name, rows in (("a", before), ("b", edited(before)))}
    homes = {name: catalogue_of(rows, tmp_path / name) for name, rows in (("a", before), ("b", edited(before)))}
    TitleIndex.build(homes["a"], tmp_path / "shared", settings=ALWAYS, progress=Progress)
    done, seen, errors = threading.Event(), set(), []

    def ask() -> None:
        while not done.is_set():
            for name, catalogue in homes.items():
                try:
                    index = TitleIndex.load(tmp_path / "shared", catalogue)
                except ArtefactError as error:
                    if "made from another catalogue" not in str(error):
                        errors.append(str(error))
                    continue
                for question in ("zephyr harrow kettle", "tarn chess set TC-117", "quill pen"):
                    hits = index.resolve(question).hits
                    if any(sides[name][hit.uid] != hit.title for hit in hits):
                        errors.append(f"{name}: {hits}")
                seen.add(name)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for name in ("b", "a", "b", "a", "b"):
        TitleIndex.update(homes[name], tmp_path / "shared", settings=ALWAYS, progress=Progress)
    done.set()
    for asker in askers:
        asker.join()
    assert errors == []
    assert seen == {"a", "b"}


def test_a_small_catalogue_is_learnt_anew_and_equals_a_rebuild(
    before: Rows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = edited(before)
    (tmp_path / "after.jsonl").write_text("".join(json.dumps(row) + "\n" for row in after), encoding="utf-8")
    assert main(["--home", str(tmp_path), "prepare", str(tmp_path / "after.jsonl")]) == 0
    assert main(["--home", str(tmp_path), "index", "--update"]) == 0
    assert "titles are indexed" in (printed := capsys.readouterr().out)
    assert "built anew" in printed
    files = read_manifest(tmp_path / "index", "index").files
    TitleIndex.build(Catalogue.load(tmp_path / "catalogue"), tmp_path / "again", progress=Progress)
    assert read_manifest(tmp_path / "again", "index").files == files


def test_where_there_is_no_index_an_update_builds_one_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    catalogue = catalogue_of(made_rows(20), tmp_path)
    change = TitleIndex.update(catalogue, tmp_path / "index", progress=Progress)
    assert change == Change(20, 0, anew=True)
    path = tmp_path / "index" / "manifest.json"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ArtefactError, match="damaged"):
        TitleIndex.update(catalogue, tmp_path / "index", progress=Progress)
