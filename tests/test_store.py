"""A catalogue read back: rows, uids, aliases, columns, the dataset."""

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from index.catalogue import store as products
from index.catalogue.prepare import CatalogueSettings, prepare
from index.catalogue.store import Catalogue, Product
from index.errors import ArtefactError, UnknownProductError

ROWS = [
    {"uid": "A", "title": "Harrow Kettle", "content": "A kettle of brushed steel for all hobs."},
    {"uid": "B", "title": "Harrow <b>Kettle</b>", "content": "A kettle of  brushed steel for all hobs."},
    {"uid": "C", "title": "Tent", "content": None},
    {"uid": "é 1", "title": "Lantern", "content": "N/A"},
]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("home")
    source = folder / "trn.json"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    prepare(source, folder / "catalogue")
    return Catalogue.load(folder / "catalogue")


def test_products_come_back_as_cleaned(catalogue: Catalogue) -> None:
    assert [catalogue.product(row) for row in range(len(catalogue))] == [
        Product("A", "Harrow Kettle", "A kettle of brushed steel for all hobs."),
        Product("C", "Tent", ""),
        Product("é 1", "Lantern", "N/A"),
    ]
    assert catalogue.titles() == ["Harrow Kettle", "Tent", "Lantern"]


@pytest.mark.parametrize("row", [-1, 3])
def test_a_row_outside_is_an_index_error(catalogue: Catalogue, row: int) -> None:
    with pytest.raises(IndexError, match="catalogue of 3"):
        catalogue.product(row)


def test_uids_lead_to_rows_and_those_of_merged_products_to_the_kept_one(catalogue: Catalogue) -> None:
    assert [catalogue.row_of(uid) for uid in ("A", "B", "C", "é 1")] == [0, 0, 1, 2]


@pytest.mark.parametrize("uid", ["", "a", "A ", "\ud800", "é"])
def test_an_unknown_uid_is_an_error_of_one_line(catalogue: Catalogue, uid: str) -> None:
    with pytest.raises(UnknownProductError) as raised:
        catalogue.row_of(uid)
    assert "\n" not in str(raised.value)


def test_uids_of_equal_hash_are_told_apart(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    one_hash = np.zeros_like(catalogue._hashes)
    monkeypatch.setattr(catalogue, "_hashes", one_hash)
    monkeypatch.setattr(products, "uid_hash", lambda uid: np.uint64(0))
    assert [catalogue.row_of(uid) for uid in ("A", "B", "C", "é 1")] == [0, 0, 1, 2]
    with pytest.raises(UnknownProductError):
        catalogue.row_of("D")


def test_columns_have_one_value_a_product(catalogue: Catalogue) -> None:
    assert catalogue.column("described").tolist() == [True, False, False]
    assert catalogue.column("cluster").dtype == np.uint64
    assert catalogue.column("train").dtype == np.bool_
    assert len(set(catalogue.column("cluster").tolist())) == 3
    with pytest.raises(KeyError):
        catalogue.column("colour")


def test_the_dataset_holds_the_same_products(catalogue: Catalogue) -> None:
    dataset = catalogue.dataset()
    assert dataset.column_names == ["uid", "title", "content", "cluster", "train", "described"]
    assert dataset[0]["title"] == catalogue.product(0).title
    assert dataset["cluster"][:] == catalogue.column("cluster").tolist()
    assert dataset.cache_files  # memory-mapped from disk, not held


def test_a_missing_catalogue_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="titlewise prepare SOURCE"):
        Catalogue.load(tmp_path / "nowhere")


def test_a_single_product_takes_well_under_a_millisecond(tmp_path: Path) -> None:
    source = tmp_path / "trn.json"
    count = 50_000
    with source.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(f'{{"uid": "U{number}", "title": "Product number {number}", "content": "Short."}}\n')
    prepare(source, tmp_path / "catalogue", CatalogueSettings(workers=1))
    catalogue = Catalogue.load(tmp_path / "catalogue")
    start_s = time.process_time()
    for number in range(0, count, 50):
        assert catalogue.find(f"U{number}").title == f"Product number {number}"
    assert (time.process_time() - start_s) / (count / 50) < 0.0005


def test_many_threads_read_the_same_catalogue(catalogue: Catalogue) -> None:
    wrong: list[str] = []

    def read() -> None:
        for _ in range(500):
            for uid, title in (("B", "Harrow Kettle"), ("C", "Tent"), ("é 1", "Lantern")):
                found = catalogue.find(uid).title
                if found != title:
                    wrong.append(found)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
