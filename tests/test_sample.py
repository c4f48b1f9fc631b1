"""What the sample catalogue promises: its size, its variety, its twins, its dirt and its accidents."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from index.catalogue.cleaning import clean, is_description
from index.catalogue.prepare import CatalogueSettings, prepare
from index.catalogue.report import Report
from index.catalogue.store import Catalogue
from index.progress import Progress

SAMPLE = Path(__file__).parents[1] / "index" / "sample" / "trn.json"

# Titles that differ only by colour, size, capacity, pack or edition.
TWINS = """
TWK0000101 TWK0000102 | TWK0000106 TWK0000107 | TWK0000108 TWK0000109 TWK0000110 | TWK0000111 TWK0000112
TWK0000114 TWK0000115 | TWK0000117 TWK0000118 | TWK0000120 TWK0000121 | TWK0000122 TWK0000123
TWK0000124 TWK0000125 | TWK0000130 TWK0000131 | TWK0000136 TWK0000137 | TWA0000101 TWA0000102
TWA0000106 TWA0000107 | TWA0000108 TWA0000109 | TWA0000113 TWA0000114 | TWA0000117 TWA0000118
TWA0000123 TWA0000124 | TWC0000101 TWC0000102 | TWC0000104 TWC0000105 | TWC0000106 TWC0000107 TWC0000108
TWC0000116 TWC0000117 | TWC0000126 TWC0000127 | TWC0000129 TWC0000130 | TWH0000110 TWH0000111
TWH0000112 TWH0000113 | TWH0000114 TWH0000115 | TWH0000119 TWH0000120 TWH0000121 | TWG0000101 TWG0000102
TWG0000105 TWG0000106 | TWG0000108 TWG0000109 | TWG0000116 TWG0000117 | TWG0000123 TWG0000124
TWT0000104 TWT0000105 | TWT0000106 TWT0000107 | TWT0000108 TWT0000109 | TWT0000115 TWT0000116
TWT0000117 TWT0000118 | TWB0000101 TWB0000102 | TWB0000103 TWB0000104 | TWB0000108 TWB0000109
TWB0000116 TWB0000117 | TWB0000123 TWB0000124 | TWW0000101 TWW0000102 | TWW0000103 TWW0000104
TWW0000105 TWW0000106 | TWW0000109 TWW0000110 | TWW0000111 TWW0000112 | TWW0000113 TWW0000114
TWW0000120 TWW0000121 | TWS0000101 TWS0000102 | TWS0000104 TWS0000105 | TWS0000109 TWS0000110
TWS0000111 TWS0000112 | TWS0000114 TWS0000115 | TWY0000101 TWY0000102 | TWY0000103 TWY0000104 TWY0000105
TWY0000106 TWY0000107 | TWY0000109 TWY0000110 | TWY0000117 TWY0000118 | TWP0000101 TWP0000102
TWP0000103 TWP0000104 | TWP0000106 TWP0000107 | TWP0000108 TWP0000109 | TWP0000110 TWP0000111
TWP0000117 TWP0000118 | TWO0000101 TWO0000102 | TWO0000103 TWO0000104 | TWO0000105 TWO0000106
TWO0000108 TWO0000109 | TWO0000111 TWO0000112 | TWO0000113 TWO0000114 | TWE0000103 TWE0000104
TWE0000105 TWE0000106 | TWM0000101 TWM0000102 | TWM0000103 TWM0000104 | TWM0000105 TWM0000106
TWV0000104 TWV0000105 | TWV0000107 TWV0000108 | TWV0000110 TWV0000111 | TWF0000101 TWF0000102
TWF0000110 TWF0000111
"""

# uid → a piece that cleaning must leave whole.
DIRTY = {
    "TWK0000119": "Includes 500 ml beaker & wall bracket",
    "TWK0000129": "It’s the simplest way to good coffee – coarse grounds, hot water, four minutes.",
    "TWK0000135": "The 700 ml jug has a pulp filter with three settings.",
    "TWH0000126": "Blades are very sharp: keep away from children.",
    "TWT0000124": "It never dries out, it doesn’t crumble and it washes off hands – mostly. 12 x 20 g.",
    "TWB0000122": "A café table, a bus stop, your grandmother’s hands: Élodie Marchetti teaches you to look longer.",
    "TWS0000123": "Rechargeable by USB-C (1,200 mAh), 4 h on high, 60 h on low.",
    "TWP0000125": "Takes up seven times its weight in water. Wash at 60 °C, no softener.",
    "TWO0000123": "Ours has fifty-three, without dates, so that you can start in any month.",
    "TWO0000124": "a flat foot that chairs don’t bump into. 80 cm across, 74 cm high, 19 kg.",
    "TWE0000117": "Cruelty free & made in small batches.",
    "TWM0000113": "CD, 14 tracks & a hidden one.",
    "TWF0000119": "Café 100% arábica, torra média, moagem fina",
    "TWF0000122": "Evaporated by sun and wind. 250 g. Refill for the box.",
}
DIRT = re.compile(
    "<[a-z/]|&[a-z#0-9]+;|[\x00-\x1f\x7f\xa0\xad]|  |Ã|â€|track\\(",
)

UNDESCRIBED = [
    "TWK0000128",
    "TWC0000125",
    "TWH0000125",
    "TWG0000122",
    "TWT0000123",
    "TWB0000120",
    "TWB0000121",
    "TWW0000119",
    "TWY0000120",
    "TWP0000123",
    "TWO0000120",
    "TWE0000121",
    "TWM0000117",
    "TWV0000121",
    "TWF0000123",
]

DUPLICATES = {"TWO0000119": "TWO0000118", "TWV0000116": "TWV0000115"}  # dropped → kept

REJECTIONS = {  # reason → what the row tells of itself in rejected.jsonl
    "not JSON": "TWH0000129",
    "no title": "TWG0000126",
    "title is no string": "TWO0000125",
    "empty title": "TWV0000123",
    "duplicate uid": "TWP0000106",
}

CATEGORY_LETTERS = "KACHGTBWSYPOEMVF"


def parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


ROWS = [parsed(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
TITLED = [row for row in ROWS if row and isinstance(row.get("title"), str) and row["title"].strip()]
# Of two rows with one uid, the first counts.
PRODUCTS: dict[str, dict[str, str]] = {row["uid"]: row for row in reversed(TITLED)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("home") / "catalogue"
    return folder, prepare(SAMPLE, folder, CatalogueSettings(workers=1), progress=Progress)


@pytest.fixture(scope="module")
def catalogue(prepared: tuple[Path, Report]) -> Catalogue:
    return Catalogue.load(prepared[0])


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def test_there_are_330_products_or_more_in_sixteen_categories() -> None:
    sizes = Counter(uid[2] for uid in PRODUCTS)
    assert len(PRODUCTS) >= 330
    assert set(sizes) == set(CATEGORY_LETTERS)
    assert min(sizes.values()) >= 15


def test_uids_look_like_asins_and_only_one_is_used_twice() -> None:
    assert all(re.fullmatch(r"TW[A-Z]\d{7}", uid) for uid in PRODUCTS)
    assert [uid for uid, count in Counter(row["uid"] for row in TITLED).items() if count > 1] == ["TWP0000106"]


def test_rows_have_the_three_fields_of_trn_json() -> None:
    assert all(set(row) == {"uid", "title", "content"} for row in PRODUCTS.values())
    assert all(isinstance(value, str) for row in PRODUCTS.values() for value in row.values())


def test_descriptions_run_from_a_few_words_to_250() -> None:
    lengths = [len(row["content"].split()) for row in PRODUCTS.values() if row["uid"] not in UNDESCRIBED]
    assert sum(length <= 15 for length in lengths) >= 20
    assert sum(15 < length <= 50 for length in lengths) >= 150
    assert sum(50 < length <= 100 for length in lengths) >= 50
    assert sum(length > 100 for length in lengths) >= 20
    assert 230 <= max(lengths) <= 270


def test_titles_run_from_two_words_to_more_than_a_line() -> None:
    titles = [row["title"] for row in PRODUCTS.values()]
    assert sum(len(title.split()) <= 3 for title in titles) >= 15
    assert sum(len(title) >= 90 for title in titles) >= 10


def test_twins_share_most_of_their_title_and_differ_in_their_description() -> None:
    groups = [group.split() for group in TWINS.replace("\n", "|").split("|") if group.strip()]
    assert len(groups) >= 25
    members = [uid for group in groups for uid in group]
    assert len(members) == len(set(members))
    for group in groups:
        titles = [words(PRODUCTS[uid]["title"]) for uid in group]
        shared = set.intersection(*titles)
        assert all(len(shared) >= len(title) / 2 for title in titles), group
        assert len({PRODUCTS[uid]["content"] for uid in group}) == len(group), group


def test_some_titles_stand_twice_with_different_descriptions() -> None:
    contents: dict[str, set[str]] = {}
    for row in PRODUCTS.values():
        contents.setdefault(row["title"], set()).add(row["content"])
    assert sum(len(of_title) > 1 for of_title in contents.values()) >= 4


def test_no_two_products_but_the_exact_duplicates_share_a_description() -> None:
    described = {uid: row for uid, row in PRODUCTS.items() if uid not in UNDESCRIBED}
    uses = Counter(row["content"] for row in described.values())
    again = {uid for uid, row in described.items() if uses[row["content"]] > 1}
    assert again == set(DUPLICATES) | set(DUPLICATES.values())
    for dropped, kept in DUPLICATES.items():
        assert PRODUCTS[dropped] == PRODUCTS[kept] | {"uid": dropped}


def test_twenty_products_or_more_are_in_portuguese() -> None:
    portuguese = re.compile(r"\b(?:não|para|com|de|em|até)\b")
    found = [
        row["title"]
        for row in PRODUCTS.values()
        if len(set(portuguese.findall(clean(row["title"] + " " + row["content"]).casefold()))) >= 2
    ]
    assert len(found) >= 20
    assert "Fones de Ouvido Bluetooth Sem Fio" in found


def test_the_rows_called_undescribed_are_the_ones_without_a_usable_description() -> None:
    found = [
        uid for uid, row in PRODUCTS.items() if not is_description(clean(row["content"]), title=clean(row["title"]))
    ]
    assert sorted(found) == sorted(UNDESCRIBED)


def test_dirt_is_where_it_was_put_and_nowhere_else() -> None:
    found = {uid for uid, row in PRODUCTS.items() if DIRT.search(row["title"] + row["content"].replace("\n", ""))}
    assert found == set(DIRTY)


@pytest.mark.parametrize("uid", DIRTY)
def test_a_dirty_row_comes_out_clean_and_keeps_its_facts(catalogue: Catalogue, uid: str) -> None:
    product = catalogue.find(uid)
    assert not DIRT.search(product.title + product.content)
    assert DIRTY[uid] in product.content


def test_dirty_titles_come_out_clean(catalogue: Catalogue) -> None:
    titles = [catalogue.find(uid).title for uid in ("TWK0000135", "TWO0000124", "TWP0000125")]
    assert titles == [
        "Brumble Citrus Press & Juice Jug, 700 ml",
        "Café Style Meeting Table, Round, 80 cm",
        "Barkbridge Dog Drying Towel , Grey",
    ]


def test_every_product_is_kept_but_the_exact_duplicates_which_lead_to_the_kept_one(catalogue: Catalogue) -> None:
    assert len(catalogue) == len(PRODUCTS) - len(DUPLICATES)
    for dropped, kept in DUPLICATES.items():
        assert catalogue.row_of(dropped) == catalogue.row_of(kept)
    assert {catalogue.product(row).uid for row in range(len(catalogue))} == set(PRODUCTS) - set(DUPLICATES)


def test_products_without_a_usable_description_stay_but_out_of_training(catalogue: Catalogue) -> None:
    described = catalogue.column("described")
    assert [uid for uid in UNDESCRIBED if described[catalogue.row_of(uid)]] == []


def test_each_accident_is_rejected_once_for_its_own_reason(prepared: tuple[Path, Report]) -> None:
    folder, report = prepared
    assert report.rejected == dict.fromkeys(REJECTIONS, 1)
    lines = [json.loads(line) for line in (folder / "rejected.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["reason"]: re.findall(r"TW[A-Z]\d{7}", row["sample"]) for row in lines} == {
        reason: [uid] for reason, uid in REJECTIONS.items()
    }


def test_the_report_accounts_for_every_line(prepared: tuple[Path, Report]) -> None:
    report = prepared[1]
    assert report.rows_in == len(ROWS)
    assert report.merged == len(DUPLICATES)
    assert report.without_description == len(UNDESCRIBED)


def test_the_first_row_of_a_repeated_uid_is_the_one_that_stays(catalogue: Catalogue) -> None:
    assert "Reflective stitching" in catalogue.find("TWP0000106").content


def test_twins_are_in_one_cluster(tmp_path: Path) -> None:
    prepare(SAMPLE, tmp_path / "catalogue")
    catalogue = Catalogue.load(tmp_path / "catalogue")
    clusters = catalogue.column("cluster")
    groups = [group.split() for group in TWINS.replace("\n", "|").split("|") if group.strip()]
    parted = [group for group in groups if len({clusters[catalogue.row_of(uid)] for uid in group}) > 1]
    # "Skylark 2, 2 Person" and "Skylark 3, 3 Person": a number in a name parts "Book 3" from "Book 4" too.
    assert parted == [["TWS0000101", "TWS0000102"]]
