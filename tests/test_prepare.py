"""Preparing a catalogue: whatever the source holds, every row is accounted for."""

import gzip
import itertools
import json
import os
import random
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from index.catalogue.prepare import CatalogueSettings, Columns, Report, prepare
from index.catalogue.sources.source import Source
from index.catalogue.store import Catalogue
from index.errors import ArtefactError, SourceError

pytestmark = pytest.mark.slow

REAL = Path(__file__).parents[2] / "shared" / "data" / "amazon_mixed_9k.trn.json.gz"


def _row(uid: Any, title: Any = "Harrow Kettle", content: Any = "A kettle of brushed steel.") -> bytes:
    return json.dumps({"uid": uid, "title": title, "content": content}).encode() + b"\n"


def _many(count: int, start: int = 0) -> list[bytes]:
    """Return rows of distinct products, with near-duplicates among them."""
    rows = []
    for number in range(start, start + count):
        chance = random.Random(number // 2)
        words = [f"{chance.choice('bcdfgklmnprst')}{chance.choice('aeiou')}{chance.randrange(90)}" for _ in range(40)]
        title = f"{words[0]} {words[1]} {words[2]}, {('red', 'blue')[number % 2]}"
        rows.append(_row(f"U{number:06d}", title, " ".join(words[3:])))
    return rows


def _prepare(folder: Path, data: bytes, **options: Any) -> tuple[Report, Catalogue]:
    (folder / "trn.json").write_bytes(data)
    report = prepare(folder / "trn.json", folder / "catalogue", CatalogueSettings(**options))
    _check_account(report)
    return report, Catalogue.load(folder / "catalogue")


def _check_account(report: Report) -> None:
    assert report.rows_in == report.kept + report.merged + report.left_out + sum(report.rejected.values())
    assert report.kept == report.train + report.validation


def _samples(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "catalogue" / "rejected.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _uids(catalogue: Catalogue) -> list[str]:
    return [catalogue.product(row).uid for row in range(len(catalogue))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{broken\n", "not JSON"),
        (b'{"uid": "B", "title": "cut' + b"\n", "not JSON"),
        (b"[" * 100_000 + b"\n", "not JSON"),
        (b'{"uid": ' + b"9" * 5000 + b', "title": "T"}\n', "not JSON"),
        (b'{"uid": "B", "title": "caf\xe9", "content": "x"}\n', "not UTF-8"),
        (b'{"uid": "B", "title": "ca\x00fe", "content": "x"}\n', "NUL byte"),
        (b'["uid", "title"]\n', "not an object"),
        (b"null\n", "not an object"),
        (b'"text"\n', "not an object"),
        (b"3\n", "not an object"),
        (b'{"title": "T", "content": "x"}\n', "no uid"),
        (_row(None), "no uid"),
        (_row(True), "uid is no string"),
        (_row(["B"]), "uid is no string"),
        (_row(" \u200b "), "empty uid"),
        (b'{"uid": "B", "content": "x"}\n', "no title"),
        (_row("B", 365), "title is no string"),
        (_row("B", {"en": "T"}), "title is no string"),
        (_row("B", ""), "empty title"),
        (_row("B", "<p>&nbsp;</p>"), "empty title"),
        (_row("A", "Another"), "duplicate uid"),
        (_row(" A\u200b", "Another"), "duplicate uid"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_what_is_unusable_is_counted_by_reason_with_a_sample(tmp_path: Path, line: bytes, reason: str) -> None:
    report, catalogue = _prepare(tmp_path, _row("A") + line + _row("Z", "Tent"))
    assert report.rejected == {reason: 1}
    assert _uids(catalogue) == ["A", "Z"]
    assert catalogue.product(0).title == "Harrow Kettle"
    (sample,) = _samples(tmp_path)
    assert (sample["line"], sample["reason"]) == (2, reason)
    assert 0 < len(sample["sample"]) <= 200


def test_twenty_samples_of_each_reason_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    lines = [b"broken\n", b"[]\n", _row("A", "T")] * 30
    report, _ = _prepare(tmp_path, _row("A") + b"".join(lines))
    assert report.rejected == {"duplicate uid": 30, "not JSON": 30, "not an object": 30}
    samples = _samples(tmp_path)
    assert Counter(sample["reason"] for sample in samples) == dict.fromkeys(report.rejected, 20)
    assert [sample["line"] for sample in samples] == sorted(sample["line"] for sample in samples)


def test_a_product_without_a_description_stays_and_is_marked(tmp_path: Path) -> None:
    rows = [_row("A"), _row("B", "Tent", None), b'{"uid": "C", "title": "Pan"}\n', _row("D", "Pot", "N/A")]
    report, catalogue = _prepare(tmp_path, b"".join(rows))
    assert report.without_description == 3
    assert not report.rejected
    assert catalogue.column("described").tolist() == [True, False, False, False]
    assert [catalogue.product(row).content for row in (1, 2, 3)] == ["", "", "N/A"]


def test_equal_products_merge_into_the_first_and_their_uids_lead_there(tmp_path: Path) -> None:
    rows = [_row("A"), _row("B", "Tent"), _row("C", "Harrow&nbsp;Kettle"), _row("D", "harrow kettle"), _row("E")]
    report, catalogue = _prepare(tmp_path, b"".join(rows))
    assert (report.kept, report.merged) == (3, 2)
    assert _uids(catalogue) == ["A", "B", "D"]
    assert [catalogue.row_of(uid) for uid in "ABCDE"] == [0, 1, 0, 2, 0]


def test_text_is_mended_not_refused(tmp_path: Path) -> None:
    lines = b'\xef\xbb\xbf{"uid": "A", "title": "Lone \\ud83d half", "content": "a\\u0000b \\ud83d\\ude00"}\r\n\r\n  \n'
    report, catalogue = _prepare(tmp_path, lines)
    assert (report.rows_in, report.kept) == (1, 1)
    assert catalogue.product(0).title == "Lone half"
    assert catalogue.product(0).content == "ab 😀"


def test_columns_are_mapped_by_name(tmp_path: Path) -> None:
    line = b'{"asin": "A", "name": "Kettle", "text": "Of steel.", "uid": 3, "title": null}\n'
    _, catalogue = _prepare(tmp_path, line, columns=Columns(uid="asin", title="name", content=("text",)))
    assert (catalogue.product(0).uid, catalogue.product(0).title) == ("A", "Kettle")


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\n\n"])
@pytest.mark.parametrize("piece", [7, 64, 1 << 20])
@pytest.mark.parametrize("zipped", [False, True])
def test_lines_are_whole_however_the_file_is_read(tmp_path: Path, ending: bytes, piece: int, zipped: bool) -> None:
    data = b"\xef\xbb\xbf" + b"".join(_many(20)).rstrip(b"\n") + ending
    report, catalogue = _prepare(tmp_path, gzip.compress(data) if zipped else data, read_bytes=piece)
    assert (report.rows_in, report.kept, report.rejected) == (20, 20, {})
    assert _uids(catalogue) == [f"U{number:06d}" for number in range(20)]


@pytest.mark.parametrize("place", ["first", "middle", "last", "last without end"])
def test_a_line_over_the_limit_is_passed_over(tmp_path: Path, place: str) -> None:
    rows = [_row("A"), _row("B", "Tent"), _row("C", "Pan"), _row("D", "Pot")]
    where = {"first": 0, "middle": 2}.get(place, 4)
    rows.insert(where, _row("L", "Long", "x" * 5000))
    data = b"".join(rows)[: -1 if place == "last without end" else None]
    report, catalogue = _prepare(tmp_path, data, read_bytes=100, max_line_bytes=1000)
    assert report.rejected == {"line too long": 1}
    assert _uids(catalogue) == ["A", "B", "C", "D"]
    assert _samples(tmp_path)[0]["line"] == where + 1
    assert _samples(tmp_path)[0]["sample"].startswith('{"uid": "L"')


def test_a_line_just_within_the_limit_is_kept(tmp_path: Path) -> None:
    line = _row("L", "Long", "word " * 300)
    for limit, kept in ((len(line) - 1, 2), (len(line) - 2, 1)):
        assert _prepare(tmp_path, _row("A") + line, read_bytes=100, max_line_bytes=limit)[0].kept == kept


@pytest.mark.parametrize("zipped", [False, True])
def test_a_line_of_a_hundred_megabytes_is_never_held_whole(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "trn.json"
    with gzip.open(path, "wb", compresslevel=1) if zipped else path.open("wb") as file:
        file.write(_row("A") + b'{"uid": "L", "title": "T", "content": "')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n' + _row("Z", "Tent"))
    code = (
        "import resource, sys, pathlib, pyarrow, numpy\n"
        "import index.catalogue.prepare, index.catalogue.near_duplicates, index.catalogue.writer\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "from index.catalogue.prepare import CatalogueSettings, prepare\n"
        "report = prepare(*map(pathlib.Path, sys.argv[1:]), CatalogueSettings(workers=1))\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(report.kept, report.rejected, grown // (1 if sys.platform == 'darwin' else 1 / 1024) // 2**20)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, path, tmp_path / "catalogue"], capture_output=True, text=True, check=True
    )
    kept, rejected, grown_mb = ended.stdout.split(" ", 1)[0], ended.stdout, float(ended.stdout.split()[-1])
    assert kept == "2"
    assert "'line too long': 1" in rejected
    assert grown_mb < 40


def test_gzip_is_told_by_its_bytes_and_may_have_several_members(tmp_path: Path) -> None:
    rows = _many(30)
    members = [gzip.compress(b"".join(rows[:10])), gzip.compress(b"".join(rows[10:])[:-5]), b"\0" * 64]
    end = gzip.compress(b"".join(rows[10:])[-5:])
    report, _ = _prepare(tmp_path, b"".join(members) + end)
    assert (report.kept, report.rejected) == (30, {})


def test_many_tiny_gzip_members_are_read_in_good_time(tmp_path: Path) -> None:
    report, _ = _prepare(tmp_path, b"".join(map(gzip.compress, _many(3000))))
    assert (report.kept, report.rejected) == (3000, {})


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_what_came_before_the_end_of_a_truncated_gzip_is_kept(tmp_path: Path, share: float) -> None:
    zipped = gzip.compress(b"".join(_many(4000)))
    with pytest.raises(SourceError, match=r"ends in mid-stream .truncated gzip.; .* --accept-truncated"):
        _prepare(tmp_path, zipped[: int(len(zipped) * share)])
    assert not (tmp_path / "catalogue").exists()
    report, catalogue = _prepare(tmp_path, zipped[: int(len(zipped) * share)], accept_truncated=True)
    assert report.rejected == {"truncated gzip": 1}
    assert 4000 * (share - 0.2) < report.kept < 4000 * (share + 0.1)
    assert _uids(catalogue) == [f"U{number:06d}" for number in range(report.kept)]
    assert _samples(tmp_path)[0]["line"] == report.kept + 1


def test_no_byte_before_the_truncation_is_lost(tmp_path: Path) -> None:
    zipped = gzip.compress(b"".join(_row(f"U{number}", "T" * 250, "x" * 900) for number in range(20)))
    for length in range(100, len(zipped) - 8, 3):
        (tmp_path / "trn.json").write_bytes(zipped[:length])
        with Source(tmp_path / "trn.json", CatalogueSettings(read_bytes=10)) as source:
            blocks = list(source.blocks(lambda read: None))
        text = b"".join(block.text for block in blocks)
        there = zlib.decompressobj(31).decompress(zipped[:length])
        whole, _, tail = there.rpartition(b"\n")
        assert text.rstrip(b"\n") == (there if tail.endswith(b"}") else whole).rstrip(b"\n")
        (lost,) = [rejection for block in blocks for rejection in block.rejections]
        assert lost.reason == "truncated gzip"


def test_a_gzip_without_its_last_bytes_loses_no_row(tmp_path: Path) -> None:
    for data in (b"".join(_many(50)), b"".join(_many(50))[:-1]):
        report, _ = _prepare(tmp_path, gzip.compress(data)[:-3], accept_truncated=True)
        assert (report.kept, report.rejected) == (50, {"truncated gzip": 1})


def test_a_damaged_gzip_gives_what_came_before(tmp_path: Path) -> None:
    zipped = bytearray(gzip.compress(b"".join(_many(4000))))
    zipped[len(zipped) // 2 : len(zipped) // 2 + 200] = b"\xff" * 200
    with pytest.raises(SourceError, match="damaged gzip"):
        _prepare(tmp_path, bytes(zipped))
    report, _ = _prepare(tmp_path, bytes(zipped), accept_truncated=True)
    assert report.rejected["damaged gzip"] == 1
    assert report.kept > 500


def test_what_follows_a_gzip_is_reported(tmp_path: Path) -> None:
    report, _ = _prepare(tmp_path, gzip.compress(b"".join(_many(10))) + b"garbage behind")
    assert (report.kept, report.rejected) == (10, {"damaged gzip": 1})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 lines"),
        (b"\n\n", "0 lines"),
        (b'[{"uid": "A",\n "text": "T"}]\n', "1 × no title"),
        (b'{"number": "A", "title": "T"}\n', "1 × no uid"),
        (b"\x1f\x8b", "1 × truncated gzip"),
        (os.urandom(3000).replace(b"\n", b""), "1 lines: 1 × no"),
    ],
    ids=["empty", "blank", "array", "other names", "gzip magic alone", "noise"],
)
def test_a_source_without_a_usable_row_is_an_error_of_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    if message == "1 lines: 1 × no":
        data = b"\x80" + data.replace(b"\0", b"\1")
        message = "1 × not UTF-8"
    with pytest.raises(SourceError, match="holds no usable row") as raised:
        _prepare(tmp_path, data)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "catalogue").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["trn.json"]


def test_a_missing_source_and_a_folder_are_errors_of_one_line(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "nowhere.json", "there is no file"), (tmp_path, "is a folder")):
        with pytest.raises(SourceError, match=message):
            prepare(path, tmp_path / "catalogue")


def test_a_sample_of_nothing_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a sample of 0 products"):
        _prepare(tmp_path, _row("A"), sample=0)


def test_a_failed_preparation_leaves_the_old_catalogue(tmp_path: Path) -> None:
    _prepare(tmp_path, b"".join(_many(10)))
    digest = Catalogue.load(tmp_path / "catalogue").digest
    (tmp_path / "bad.json").write_bytes(b"broken\n")
    with pytest.raises(SourceError):
        prepare(tmp_path / "bad.json", tmp_path / "catalogue")
    assert Catalogue.load(tmp_path / "catalogue").digest == digest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "catalogue", "trn.json"]


def test_a_folder_of_somebody_else_is_refused_before_reading(tmp_path: Path) -> None:
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "mine.txt").write_text("mine")
    with pytest.raises(ArtefactError, match="no catalogue of ours"):
        _prepare(tmp_path, _row("A"))


def dirty(count: int) -> bytes:
    rows = _many(count)
    for place in range(50, count, 50):
        rows[place] = (b"broken\n", b"[]\n", rows[0], _row(f"X{place}", "Same", "The same text."))[place // 50 % 4]
    return b"".join(rows)


def test_the_number_of_workers_changes_no_byte(tmp_path: Path) -> None:
    source = tmp_path / "trn.json"
    source.write_bytes(dirty(4000))
    made = []
    for workers in (1, 2):
        settings = CatalogueSettings(workers=workers, read_bytes=1 << 16)  # a dozen blocks, more than may be pending
        report = prepare(source, tmp_path / str(workers), settings)
        _check_account(report)
        made.append({path.name: path.read_bytes() for path in (tmp_path / str(workers)).iterdir()})
    assert report.merged
    assert set(report.rejected) == {"duplicate uid", "not JSON", "not an object"}
    assert made[0] == made[1]


def _sides(catalogue: Catalogue) -> dict[str, bool]:
    return dict(zip(_uids(catalogue), catalogue.column("train").tolist(), strict=True))


def test_no_cluster_is_on_both_sides_and_near_twins_are_one_cluster(tmp_path: Path) -> None:
    report, catalogue = _prepare(tmp_path, b"".join(_many(2000)))
    sides: dict[int, set[bool]] = {}
    for cluster, train in zip(catalogue.column("cluster").tolist(), catalogue.column("train").tolist(), strict=True):
        sides.setdefault(cluster, set()).add(train)
    assert all(len(found) == 1 for found in sides.values())
    assert report.clusters == len(sides) == 1000
    assert report.largest_cluster == 2
    assert 0.75 < report.train / report.kept < 0.85


def test_texts_are_compared_with_those_of_their_own_rows(tmp_path: Path) -> None:
    rows = _many(600)
    texts = [json.loads(row)["content"] for row in rows[::2]]
    twins = [_row(f"T{place}", f"Another name {place}x", f"{text} indeed") for place, text in enumerate(texts)]
    mixed = [line for one, twin in zip(rows[::2], twins, strict=True) for line in (one, one, _row("S", "S", "s"), twin)]
    report, catalogue = _prepare(tmp_path, b"".join(mixed))
    clusters = catalogue.column("cluster")
    for place, row in enumerate(rows[::2]):
        uid = json.loads(row)["uid"]
        assert clusters[catalogue.row_of(uid)] == clusters[catalogue.row_of(f"T{place}")]
    assert report.clusters == 301


def test_new_rows_and_another_order_move_no_product_to_the_other_side(tmp_path: Path) -> None:
    _, before = _prepare(tmp_path, b"".join(_many(1000)))
    grown = _many(3000)
    random.Random(5).shuffle(grown)
    (tmp_path / "grown").mkdir()
    _, after = _prepare(tmp_path / "grown", b"".join(grown))
    sides = _sides(after)
    assert all(sides[uid] == train for uid, train in _sides(before).items())


def test_a_sample_has_exactly_its_size_and_follows_from_seed_and_uid_alone(tmp_path: Path) -> None:
    rows = [*_many(600), *(_row(f"D{number}", f"Twice {number % 20}", "The same text.") for number in range(40))]
    drawn = {}
    for name, seed, shuffle in (("a", 0, False), ("b", 0, True), ("c", 1, False)):
        order = list(rows)
        if shuffle:
            random.Random(9).shuffle(order)
        (tmp_path / name).mkdir()
        report, catalogue = _prepare(tmp_path / name, b"".join(order), sample=100, seed=seed)
        assert (report.kept, report.merged, report.left_out) == (100, 20, 520)
        drawn[name] = {(catalogue.product(row).title, catalogue.product(row).content) for row in range(100)}
    assert drawn["a"] == drawn["b"] != drawn["c"]


def test_whichever_uid_of_a_product_comes_first_its_lot_is_the_same(tmp_path: Path) -> None:
    rows = [_row(f"D{number}", f"Thrice {number % 100}", "The same text.") for number in range(300)]
    drawn = []
    for order in (rows, rows[::-1]):
        _, catalogue = _prepare(tmp_path, b"".join(order), sample=20)
        drawn.append(set(catalogue.titles()))
    assert drawn[0] == drawn[1]


def test_a_larger_sample_holds_the_smaller_and_a_sample_beyond_all_is_all(tmp_path: Path) -> None:
    samples = []
    for sample in (50, 200, 400, 10_000):
        _, catalogue = _prepare(tmp_path, b"".join(_many(400)), sample=sample)
        samples.append(set(_uids(catalogue)))
    assert [len(drawn) for drawn in samples] == [50, 200, 400, 400]
    assert all(smaller <= larger for smaller, larger in itertools.pairwise(samples))


def test_uids_of_products_outside_the_sample_are_unknown(tmp_path: Path) -> None:
    rows = [_row(f"D{number}", f"Twice {number % 20}", "The same text.") for number in range(40)]
    _, catalogue = _prepare(tmp_path, b"".join(rows), sample=5)
    known = 0
    for number in range(40):
        try:
            row = catalogue.row_of(f"D{number}")
        except Exception as error:
            assert type(error).__name__ == "UnknownProductError"
        else:
            known += 1
            assert catalogue.product(row).title == f"Twice {number % 20}"
    assert known == 10


def test_the_reports_and_the_manifest_say_what_was_done(tmp_path: Path) -> None:
    report, _ = _prepare(tmp_path, dirty(400), sample=100, seed=3)
    folder = tmp_path / "catalogue"
    written = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert written == report.to_row()
    assert written["rows_in"] == 400
    assert written["lengths"]["title words"]["median"] == 4
    assert "| rejected: not an object | 2 | 0.5% |" in (folder / "report.md").read_text(encoding="utf-8")
    made_by = json.loads((folder / "manifest.json").read_text())["artefact"]["made_by"]
    assert (made_by["source"], made_by["sample"], made_by["seed"]) == ("trn.json", 100, 3)
    with Source(tmp_path / "trn.json", CatalogueSettings()) as source:
        list(source.blocks(lambda read: None))
        assert made_by["source_sha256"] == source.sha256
    assert report.rows_per_s > 0


def test_a_real_catalogue_is_prepared_with_its_text_as_it_stands(tmp_path: Path) -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not here")
    report = prepare(REAL, tmp_path / "catalogue")
    _check_account(report)
    catalogue = Catalogue.load(tmp_path / "catalogue")
    assert (report.kept, report.rejected) == (9576, {})
    assert 8000 < report.clusters < 9300
    assert report.largest_cluster < 100
    with gzip.open(REAL, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    changed = [row for place, row in enumerate(rows) if catalogue.product(place).content != row["content"]]
    assert len(changed) < 0.02 * len(rows)


def test_a_product_is_on_the_same_side_in_a_sample_and_in_the_whole(tmp_path: Path) -> None:
    rows = [
        {"uid": f"u{n}", "title": f"Brint Lamp {n // 3} {colour}", "content": f"A lamp of number {n}, in {colour}."}
        for n, colour in enumerate(["Red", "Blue", "White"] * 200)
    ]
    source = tmp_path / "trn.json"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    prepare(source, tmp_path / "whole")
    prepare(source, tmp_path / "sample", CatalogueSettings(sample=150))
    whole, sample = Catalogue.load(tmp_path / "whole"), Catalogue.load(tmp_path / "sample")
    sides = whole.column("train")
    sample_sides = sample.column("train")
    for row in range(len(sample)):
        assert sample_sides[row] == sides[whole.row_of(sample.product(row).uid)]


def test_a_title_longer_than_any_question_is_rejected(tmp_path: Path) -> None:
    rows = [{"uid": "a", "title": "x" * 4_001, "content": "c"}, {"uid": "b", "title": "x" * 4_000, "content": "c"}]
    source = tmp_path / "trn.json"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = prepare(source, tmp_path / "catalogue")
    assert (report.kept, report.rejected) == (1, {"title too long": 1})
