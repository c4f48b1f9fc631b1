"""Sources as shops have them: every product that a person would keep is kept, every fault is named."""

import contextlib
import csv
import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import threading
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.shopping.shop import read_shop
from index.catalogue.prepare import CatalogueSettings, Columns, Report, prepare
from index.catalogue.rows import product_of
from index.catalogue.sources import columns
from index.catalogue.sources.columns import choose
from index.catalogue.sources.json_documents import ListPlace, element_blocks, list_in
from index.catalogue.sources.source import Source, is_hub_name
from index.catalogue.sources.streams import Ending
from index.catalogue.sources.tables import table_of_splits
from index.catalogue.store import Catalogue
from index.errors import SourceError
from index.progress import Progress
from index.resolver import TitleIndex
from ui.cli import main

ROOT = Path(__file__).parents[1]
GUESSED = Columns()
WRITTEN = Path(__file__).parent / "data" / "sources"
PRODUCTS = {
    "007": ("Harrow Kettle, Red", "Boils 1.7 litres."),
    "A-2": ("Café Lamp 14 €", "White; with a shade.\nTwo lines."),
    "3": ("Tarn Bell", ""),
}
CLEAN = {uid: (title, content.replace("\n", " ")) for uid, (title, content) in PRODUCTS.items()}
ROWS = [{"uid": uid, "title": title, "content": content or None} for uid, (title, content) in PRODUCTS.items()]
Products = dict[str, tuple[str, str]]


@dataclass
class Reading:
    """What came of a source: products by uid, rejections by reason, uids by further identifier, and the source."""

    products: Products = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    ids: dict[str, str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)  # of the rejected
    told: str = ""
    broken: str = ""


def read(path: Path, columns: Columns = GUESSED, **options: Any) -> Reading:
    """Read a source as `prepare` does, without making a catalogue of it."""
    reading = Reading()
    with Source(path, CatalogueSettings(columns, **options)) as source:
        for block in source.blocks(lambda size: None):
            reading.rejected.update(each.reason for each in block.rejections)
            reading.lines += [each.line for each in block.rejections]
            for line, row, _ in block.rows():
                product = row if isinstance(row, str) else product_of(row, source.chosen)
                if isinstance(product, str):
                    reading.rejected[product] += 1
                    reading.lines.append(line)
                    continue
                reading.products[product.uid] = (product.title, product.content)
                reading.ids |= dict.fromkeys(product.identifiers, product.uid)
        reading.told, reading.broken = str(source.recognised), source.ending.broken
    return reading


def products_of(catalogue: Catalogue) -> Products:
    products = map(catalogue.product, range(len(catalogue)))
    return {each.uid: (each.title, each.content) for each in products}


def prepared(folder: Path, *sources: Path, **options: Any) -> tuple[Report, Catalogue]:
    report = prepare(sources, folder / "catalogue", CatalogueSettings(workers=1, **options))
    lost = report.merged + report.left_out + report.joined + sum(report.rejected.values())
    assert report.rows_in == report.kept + lost
    return report, Catalogue.load(folder / "catalogue")


def delimited(delimiter: str = ",", names: tuple[str, ...] = ("uid", "title", "content"), end: str = "\r\n") -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if set(text) & {delimiter, '"', "\n"} else text

    rows = [list(names), *([uid, title, content] for uid, (title, content) in PRODUCTS.items())]
    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def arrow(table: pa.Table, *, is_stream: bool) -> bytes:
    sink = io.BytesIO()
    with (pa.ipc.new_stream if is_stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


XML = "<?xml version='1.0' encoding='{}'?>\n<products>{}</products>".format(
    "{}",
    "".join(
        f"<product><uid>{uid}</uid><title>{title}</title><content>{content}</content></product>"
        for uid, (title, content) in PRODUCTS.items()
    ),
)
TABLE = pa.Table.from_pylist(ROWS)

# The same three products in every form that shops have them in: file, bytes, what the report must say of it.
SAME = [
    ("lines.jsonl", lines(ROWS).encode(), "JSON Lines, UTF-8"),
    ("marked.jsonl", ("\ufeff" + lines(ROWS[:1]) + "\ufeff" + lines(ROWS[1:])).encode(), "JSON Lines, UTF-8"),
    ("utf16.jsonl", lines(ROWS).encode("utf-16"), "JSON Lines, UTF-16LE"),
    ("lines.jsonl.gz", gzip.compress(lines(ROWS).encode()), "JSON Lines, gzip"),
    ("lines.json.zst", pa.compress(lines(ROWS).encode(), "zstd", asbytes=True), "JSON Lines, zstd"),
    ("python.json", "".join(f"{row!r}\n" for row in ROWS).encode(), "JSON Lines"),
    ("array.json", json.dumps(ROWS).encode(), "JSON, UTF-8"),
    ("pretty.json", json.dumps(ROWS, indent=2, ensure_ascii=False).encode(), "JSON, UTF-8"),
    ("marked.json", json.dumps(ROWS, indent="\t").encode("utf-8-sig"), "JSON, UTF-8"),
    ("inside.json", json.dumps({"shop": {"name": "x"}, "products": ROWS, "total": 3}).encode(), "JSON"),
    ("deep.json", json.dumps({"data": {"products": {"edges": [{"node": row} for row in ROWS]}}}).encode(), "JSON"),
    ("one by one.json", "\n".join(json.dumps(row, indent=1) for row in ROWS).encode(), "JSON"),
    ("comma.csv", delimited().encode(), 'CSV with ","'),
    ("mac.csv", delimited(end="\r").replace("\n", " ").encode(), 'CSV with ","'),
    ("marked.csv", delimited().encode("utf-8-sig"), "UTF-8"),
    ("semicolon.csv", delimited(";").encode("cp1252"), 'CSV with ";", Windows-1252'),
    ("pipe.txt", delimited("|").encode(), 'CSV with "|"'),
    ("excel.csv", ("sep=;\r\n" + delimited(";")).encode(), 'CSV with ";"'),
    ("excel.txt", delimited("\t").encode("utf-16"), "TSV, UTF-16LE"),
    ("tabs.tsv", delimited("\t", end="\n").encode(), "TSV"),
    ("header.csv", delimited(names=(" UID ", "Title", "CONTENT")).encode(), 'CSV with ","'),
    ("packed.csv.gz", gzip.compress(delimited().encode()), "gzip"),
    ("table.parquet", parquet(TABLE, compression="zstd"), "Parquet"),
    ("table.parquet.gz", gzip.compress(parquet(TABLE)), "Parquet, gzip"),
    ("file.arrow", arrow(TABLE, is_stream=False), "Arrow"),
    ("stream.arrow", arrow(TABLE, is_stream=True), "Arrow"),
    ("feed.xml", XML.format("UTF-8").encode(), "XML, UTF-8"),
    ("latin.xml", XML.format("iso-8859-15").encode("iso-8859-15"), "XML, iso-8859-15"),
    ("utf16.xml", XML.format("UTF-16").encode("utf-16"), "XML, UTF-16LE"),
]


@pytest.mark.parametrize(("name", "data", "told"), SAME, ids=[name for name, _, _ in SAME])
def test_the_same_products_come_out_of_every_form(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(data)
    reading = read(tmp_path / name)
    assert (reading.products, reading.rejected, reading.broken) == (CLEAN, {}, "")
    assert told in reading.told


@pytest.mark.slow
def test_the_same_catalogue_comes_out_byte_for_byte_whatever_the_form(tmp_path: Path) -> None:
    made = set()
    for name, data, _ in SAME:
        if name != "mac.csv":  # whose content has no line end in it
            (tmp_path / name).write_bytes(data)
            prepared(tmp_path, tmp_path / name)
            made.add((tmp_path / "catalogue" / "products.arrow").read_bytes())
    assert len(made) == 1


@dataclass(frozen=True)
class Case:
    """A source as somebody has it, what must come of it, and the columns that are named."""

    name: str
    data: str | bytes
    kept: Products
    rejected: dict[str, int] = field(default_factory=dict)
    columns: Columns = GUESSED


CASES: list[Case] = [
    Case(
        "numbers.jsonl",
        '{"uid": 12345, "title": "A"}\n{"uid": 12346.0, "title": "B", "content": 5}\n{"uid": "007", "title": "C"}\n',
        {"12345": ("A", ""), "12346": ("B", "5"), "007": ("C", "")},
    ),
    Case(
        "pandas.csv",
        ",uid,title,content\n0,12345.0,A,NaN\n1,,B,\n2,007,C,null\n3,9,None,x\n",
        {"12345": ("A", ""), "007": ("C", "")},
        {"no uid": 1, "no title": 1},
    ),
    Case(
        "kinds.jsonl",
        '{"id": "A", "name": "T", "features": ["Red", 2.0, true, null, NaN], '
        '"details": {"Brand": "X", "Colour": ["red", "blue"], "Size": {"Height": 3, "Depth": null}, '
        '"Cordless": false}}\n',
        {"A": ("T", "Red • 2 • Yes • Brand: X • Colour: red; blue • Size: Height: 3 • Cordless: No")},
    ),
    Case(
        "literals.csv",
        "sku,product_name,bullet_points,about\n"
        '1,T,"[\'Steel body\', \'Two \\\\d years\']","{""Weight"": ""2 kg""}"\n2,U,[Sealed] box,{new}\n',
        {"1": ("T", "Steel body • Two \\d years • Weight: 2 kg"), "2": ("U", "[Sealed] box • {new}")},
    ),
    Case(
        "labels.csv",
        "id;name;brand_name;Colour;description;Weight (kg)\n1;T;Tarn;red;Made of oak.;1.5\n2;U;;;;\n",
        {"1": ("T", "Brand name: Tarn • Colour: red • Made of oak. Weight: 1.5 kg"), "2": ("U", "")},
        columns=Columns(content=("Brand Name", "colour", "description", "weight (KG)")),
    ),
    Case(
        "html.csv",
        'handle,title,body_html\na,T,"<ul><li>Holds 120 kg</li><li>Made of oak</li></ul><script>x()</script>"\n',
        {"a": ("T", "Holds 120 kg • Made of oak")},
    ),
    Case(
        "quotes.csv",
        'uid,title,content\n1,"5"" pipe, steel","a ""b"" c"\n2,6" hose,plain\n3,"He said "hi" to me",x\n'
        '4,"open,x\n5,F,"two\nlines"\n',
        {
            "1": ('5" pipe, steel', 'a "b" c'),
            "2": ('6" hose', "plain"),
            "3": ('He said "hi" to me', "x"),
            "4": ('"open', "x"),
            "5": ("F", "two lines"),
        },
    ),
    Case(
        "unclosed.csv",
        'uid,title,content\n1,A,x\n2,"B\n3,C,z\n',
        {"1": ("A", "x"), "3": ("C", "z")},
        {"a quote that is not closed": 1},
    ),
    Case("tail.csv", 'uid,title,content\n1,A,x\n2,B,"cut off\n', {"1": ("A", "x"), "2": ("B", '"cut off')}),
    Case(
        "inches.tsv",
        'uid\ttitle\tcontent\n1\t"Best" lamp\t14" shade\n2\t5" pipe\tx\n',
        {"1": ('"Best" lamp', '14" shade'), "2": ('5" pipe', "x")},
    ),
    Case(
        "ragged.csv",
        "uid,title,content,price\n1,A,x,2,\n2,B\n3,C,y,too,many,cells\n,,,\n\n4,D,z,1\n",
        {"1": ("A", "x"), "2": ("B", ""), "4": ("D", "z")},
        {"more cells than the header": 1},
    ),
    Case(
        "twice.csv",
        "uid,title,content,content\n1,A,x,y\n",
        {"1": ("A", "x • Content 4: y")},
        columns=Columns(content=("content", "content 4")),
    ),
    Case(
        "glued.csv",
        "uid,title,content\n1,A,x\n\ufeffuid,title,content\n2,B,y\n",
        {"1": ("A", "x"), "2": ("B", "y")},
        {"the header again": 1},
    ),
    Case(
        "mixed.csv",
        "uid,title,content\n1,Café,x\n2,Thé,y\n3,".encode() + "Maté,z\n".encode("cp1252"),
        {"1": ("Café", "x"), "2": ("Thé", "y"), "3": ("Maté", "z")},
    ),
    Case(
        "windows.jsonl",
        lines([{"uid": "1", "title": "Café"}, {"uid": "2", "title": "14 €"}]).encode("cp1252"),
        {"1": ("Café", ""), "2": ("14 €", "")},
    ),
    Case(
        "one_bad.jsonl",
        b'{"uid": "1", "title": "A"}\n{"uid": "2", "title": "caf\xe9"}\n',
        {"1": ("A", "")},
        {"not UTF-8": 1},
    ),
    Case("be.csv", "uid,title\n1,A\n2,B\n".encode("utf-16-be"), {"1": ("A", ""), "2": ("B", "")}),
    Case(
        "no end.json",
        '[{"uid": "1", "title": "A"}, {"uid": "2", "title": "B"}',
        {"1": ("A", ""), "2": ("B", "")},
        {"truncated JSON": 1},
    ),
    Case(
        "hurt.json",
        '[\n {"uid": "1", "title": "A"},\n {"uid": "2", "title": "B},\n {"uid": "3", "title": "C"},\n'
        ' {"uid": "4", "title": [1}},\n {"uid": "5", "title": "E"},\n 7, "x", null, [1, 2],\n'
        ' {"uid": "6", "title": "F"}\n]',
        {"1": ("A", ""), "3": ("C", ""), "5": ("E", ""), "6": ("F", "")},
        {"not JSON": 2, "not an object": 4},
    ),
    Case(
        "last.json",
        '[\n {"uid": "1", "title": "A"},\n {"uid": "2", "title": "B}\n]\n',
        {"1": ("A", "")},
        {"not JSON": 1},
    ),
    Case(
        "single.json",
        '{\n "sku": "1", "name": "A",\n "description": ["x y", "z w"],\n "offers": [{"price": 1}]\n}',
        {"1": ("A", "x y • z w")},
    ),
    Case(
        "hurt.xml",
        "<rss><item><id>1</id><title>A & B</title></item>\n"
        "<item><id>2</id><title>caf&eacute; <x></title></item>\n</rss>",
        {"1": ("A & B", ""), "2": ("café", "")},
        {"damaged XML": 2},
    ),
    Case(
        "no end.xml",
        "<rss><item><id>1</id><title>A</title>\n<item><id>2</id><title>B</title></item>\n"
        "<item><id>3</id><title>C</title></item></rss>",
        {"1": ("A", ""), "2": ("B", ""), "3": ("C", "")},
        {"damaged XML": 1},
    ),
    Case(
        "cut.xml",
        "<rss><item><id>1</id><title>A</title></item><item><id>2</id><title>Half a ti",
        {"1": ("A", "")},
        {"truncated XML": 1},
    ),
    Case(
        "cut between.xml",
        "<rss><item><id>1</id><title>A</title></item><item><id>2</id><title>B</title>",
        {"1": ("A", "")},
        {"truncated XML": 1},
    ),
    Case("cut after.xml", "<rss><item><id>1</id><title>A</title></item>\n", {"1": ("A", "")}, {"truncated XML": 1}),
    Case(
        "params.xml",
        '<shop><offer id="1"><name>A</name><param name="Colour">Red</param><param name="Size">L</param></offer></shop>',
        {"1": ("A", "Colour: Red • Size: L")},
        columns=Columns(content=("param",)),
    ),
    Case(
        "deep.jsonl",
        '{"uid": "1", "title": "A", "content": ' + "[" * 50 + "1" + "]" * 50 + "}\n",
        {"1": ("A", "")},
    ),
    Case(
        "woo.jsonl",
        '{"id": 1, "name": "A", "attributes": [{"id": 5, "name": "Colour", "options": ["Red", "Blue"]}], '
        '"brand": {"id": 3, "name": "Tarn"}, "weight": {"value": 2, "unit": "kg"}}\n',
        {"1": ("A", "Colour: Red; Blue • Brand: Tarn • Weight: 2 kg")},
        columns=Columns(content=("attributes", "brand", "weight")),
    ),
]


CASES += [
    Case(
        "new_shopify.csv",
        "Title,URL handle,Description,Vendor,SKU,Barcode,Option1 name,Option1 value\n"
        "Jacket,jacket,<p>Warm.</p>,Tarn,J-S,,Size,S\n,jacket,,,J-M,,,M\n",
        {"jacket": ("Jacket", "Warm. Brand: Tarn • Size: S; M")},
    ),
    Case(
        "by_variant.csv",
        "Handle,Title,Body (HTML),Variant SKU\na,Jacket,Warm.,J-S\na,,,J-M\n",
        {"J-S": ("Jacket", "Warm.")},
        {"no title": 1},
        Columns(uid="variant sku"),
    ),
    Case(
        "paths.csv",
        'id,name,details\n1,A,"{""size"": {""height"": ""3 cm""}, ""brand_name"": ""Tarn""}"\n',
        {"1": ("A", "Brand name: Tarn • Height: 3 cm")},
        columns=Columns(content=("details.brand_name", "details.size.height")),
    ),
    Case(
        "nested.jsonl",
        '{"id": 1, "name": {"en": "Lamp", "pt": "Luz"}}\n',
        {"1": ("Lamp", "")},
        columns=Columns(title="name.en"),
    ),
    Case(
        "escaped.csv",
        'id,title,about\n1,A,"He said \\"hi\\", then"\n2,B,"x"\n',
        {"1": ("A", 'He said "hi", then'), "2": ("B", "x")},
    ),
    Case("spaced.csv", 'id, title, about\n1, A, "x, y"\n2, B, z\n', {"1": ("A", "x, y"), "2": ("B", "z")}),
    Case("titled.csv", "Products of 2024,,\n,,\nid,title,about\n1,A,x\n2,B,y\n", {"1": ("A", "x"), "2": ("B", "y")}),
    Case("commas.ndjson", '{"id": 1, "title": "A"},\n{"id": 2, "title": "B"},\n', {"1": ("A", ""), "2": ("B", "")}),
    Case(
        "maps.parquet",
        parquet(
            pa.table(
                {
                    "id": pa.array([1.0, None, 3.0]),
                    "title": ["A", "B", "C"],
                    "attributes": pa.array([[("Colour", "red")], [], None], pa.map_(pa.string(), pa.string())),
                    "weight": pa.array([0.1, 2, 3], pa.float32()),
                    "sizes": pa.array([["S", "M"], [], None]),
                }
            )
        ),
        {"1": ("A", "Colour: red • Weight: 0.1 • Sizes: S; M"), "3": ("C", "Weight: 3")},
        {"no uid": 1},
        Columns(content=("attributes", "weight", "sizes")),
    ),
    Case(
        "odd keys.json",
        "{'uid': '1', 'title': 'A', 'details': {1: 2}}\n{'a': 1, 2: 3}\n",
        {"1": ("A", "1: 2")},
        {"not an object": 1},
    ),
    Case("crossed.csv", "uid,title\n,\n1,A\n\n2,B", {"1": ("A", ""), "2": ("B", "")}),
    Case("surrogate.jsonl", '{"uid": "1", "title": "A", "x\\ud83d": 1}\n', {"1": ("A", "")}),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_product_that_a_person_would_keep_is_kept(tmp_path: Path, case: Case) -> None:
    path = tmp_path / case.name
    path.write_bytes(case.data.encode() if isinstance(case.data, str) else case.data)
    reading = read(path, case.columns)
    assert (reading.products, dict(reading.rejected)) == (case.kept, case.rejected)


PROFILES: list[tuple[str, str, Products, dict[str, str]]] = [
    (
        "amazontitles.json",
        "AmazonTitles-1.3MM",
        {
            "0001": ("Norvik Chef's Knife, 8 Inch", "A forged blade of high-carbon steel."),
            "0002": ("Bread by Feel", ""),
        },
        {},
    ),
    (
        "amazon_reviews_2023.jsonl",
        "Amazon Reviews 2023 metadata",
        {
            "B00LANTERN": (
                "Lanternfall Board Game",
                "For 2 to 4 players • Ages 8 and up • One game takes about 45 minutes. The box holds 60 cards and a "
                "board. Item Weight: 1.2 pounds • Manufacturer recommended age: 8 years and up • Best Sellers Rank: "
                "Toys & Games: 12345 • Is Discontinued By Manufacturer: No",
            ),
            "B00BAKEMAT": ("Pellow Silicone Baking Mat, 2 Pack", "Material: Silicone • Batteries included?: No"),
        },
        {},
    ),
    (
        "shopify.csv",
        "Shopify export",
        {
            "waxwing-rain-jacket": (
                "Waxwing Rain Jacket",
                "Waterproof to 10,000 mm. Taped seams • Packs into its own pocket • Brand: Waxwing • Type: Jackets • "
                "Size: S; M; L • Colour: Moss; Slate",
            ),
            "tarn-bell": (
                "Tarn Bicycle Bell, 38 mm",
                'Brass, "ding-dong" tone. For handlebars of 22 mm. Brand: Tarn & Sons • Type: Bells',
            ),
            "orbel-hose": ("Orbel Garden Hose 20 m", "Brand: Orbel • Type: Hoses"),
        },
        {
            "WX-J-S-MO": "waxwing-rain-jacket",
            "WX-J-M-MO": "waxwing-rain-jacket",
            "WX-J-L-SL": "waxwing-rain-jacket",
            "4006381333931": "waxwing-rain-jacket",
            "TARN-BELL-38": "tarn-bell",
            "ORB-H20": "orbel-hose",
        },
    ),
    (
        "shopify_products.json",
        "Shopify products.json",
        {
            "waxwing-rain-jacket": (
                "Waxwing Rain Jacket",
                "Waterproof to 10,000 mm. Brand: Waxwing • Product type: Jackets • Size: S; M",
            ),
            "tarn-bell": ("Tarn Bicycle Bell, 38 mm", "Brand: Tarn & Sons"),
        },
        {
            "632910392": "waxwing-rain-jacket",
            "WX-J-S": "waxwing-rain-jacket",
            "WX-J-M": "waxwing-rain-jacket",
            "4006381333931": "waxwing-rain-jacket",
            "632910393": "tarn-bell",
            "TARN-BELL-38": "tarn-bell",
        },
    ),
    (
        "google.tsv",
        "Google Merchant feed",
        {
            "KX220R": (
                "Harrow Electric Kettle 1.7 L, Red",
                "Boils a full 1.7 litres in five minutes. Weighs 1.3 kg empty. Removable filter • Brand: Harrow • "
                "Color: Red • Size: 1.7 L • Material: Stainless steel • Condition: new",
            ),
            "DL40W": (
                "Brint Desk Lamp DL-40, White",
                'A white steel lamp with a 14" shade. Brand: Brint • Color: White • Material: Steel • Condition: new',
            ),
        },
        {"4006381333931": "KX220R", "KX-220R": "KX220R", "DL-40": "DL40W"},
    ),
    (
        "google.xml",
        "Google Merchant feed",
        {
            "KX220R": (
                "Harrow & Finch Kettle, Red",
                "Boils a full 1.7 litres in five minutes. Removable filter • Two-year warranty • Cord length: 75 cm • "
                "Brand: Harrow & Finch • Color: Red",
            ),
            "00042": ("Brint Desk Lamp DL-40, White", "A white steel lamp with a shade of 14 cm."),
        },
        {"4006381333931": "KX220R", "KX-220R": "KX220R"},
    ),
    (
        "woocommerce.csv",
        "WooCommerce export",
        {
            "44": (
                "Plover Hoodie",
                "A warm hoodie of brushed cotton. Brushed inside. Wash at 30 degrees. Colour: Blue, Green • Fit: "
                "Regular • Weight: 0.6 kg",
            ),
            "45": ("Plover Hoodie - Blue", "Colour: Blue • Weight: 0.6 kg"),
            "46": ("Tolk Vacuum Flask 500 ml", "Keeps tea hot for 12 hours. Weight: 0.35 kg • Length: 24 cm"),
        },
        {"HOODIE": "44", "HOODIE-BLUE": "45"},
    ),
    (
        "products.jsonld",
        "schema.org",
        {
            "KX220R": (
                "Harrow Kettle, Red",
                "Boils 1.7 litres in five minutes. Brand: Harrow • Color: Red • Weight: 1.3 kg • Cord length: 75 cm • "
                "Dishwasher safe: No",
            ),
            "12": ("Brint Desk Lamp", "A white steel lamp. Material: Steel; Glass"),
        },
        {"4006381333931": "KX220R"},
    ),
]


@pytest.mark.parametrize(("name", "profile", "products", "ids"), PROFILES, ids=[each[0] for each in PROFILES])
def test_a_known_export_is_read_without_a_word(
    name: str, profile: str, products: Products, ids: dict[str, str]
) -> None:
    reading = read(WRITTEN / name)
    assert profile in reading.told
    assert reading.products == products
    assert reading.ids == ids


def test_every_profile_has_a_sample() -> None:
    table = tomllib.loads((Path(columns.__file__).parent / "profiles.toml").read_text(encoding="utf-8"))
    assert {profile["name"] for profile in table["profile"]} == {profile for _, profile, _, _ in PROFILES}


# Through `prepare` and the command line


def test_further_identifiers_lead_to_their_product(tmp_path: Path) -> None:
    rows = [
        {
            "uid": "1",
            "title": "Harrow Kettle",
            "content": "Of steel, with a lid.",
            "ean": 4006381333931,
            "sku": "AB-12",
        },
        {"uid": "2", "title": "Harrow Kettle", "content": "Of steel, with a lid.", "ean": None, "sku": ["CD-34", "1"]},
        {
            "uid": "3",
            "title": "Brint Lamp",
            "content": "White.",
            "variants": [{"code": "XY 56"}, {"code": "XY 57"}, {"code": "WX-J-MO"}, {}],
        },
    ]
    (tmp_path / "shop.jsonl").write_text(lines(rows), encoding="utf-8")
    columns = Columns(ids=("EAN", "sku", "variants.code"))
    report, catalogue = prepared(tmp_path, tmp_path / "shop.jsonl", columns=columns)
    assert report.merged == 1
    wanted = {"1": 0, "2": 0, "3": 1, "4006381333931": 0, "AB-12": 0, "CD-34": 0, "XY 56": 1, "XY 57": 1, "WX-J-MO": 1}
    assert {identifier: catalogue.row_of(identifier) for identifier in wanted} == wanted
    assert dict(zip(*catalogue.identifiers(), strict=True)) == wanted
    TitleIndex.build(catalogue, tmp_path / "index", progress=Progress)
    index = TitleIndex.load(tmp_path / "index", catalogue)
    for question, uid in (
        ("is xy-57 in stock?", "3"),
        ("ean 4006381333931", "1"),
        ("what is cd34?", "1"),
        ("how heavy is WX-J-MO?", "3"),
    ):
        resolution = index.resolve(question)
        assert (resolution.decision, resolution.hits[0].uid) == ("found", uid)


def test_the_uid_of_another_product_goes_before_an_identifier(tmp_path: Path) -> None:
    rows = [{"uid": "A", "title": "One", "sku": "B"}, {"uid": "B", "title": "Two", "sku": "A"}]
    (tmp_path / "shop.jsonl").write_text(lines(rows), encoding="utf-8")
    _, catalogue = prepared(tmp_path, tmp_path / "shop.jsonl", columns=Columns(ids=("sku",)))
    assert [catalogue.row_of(uid) for uid in "AB"] == [0, 1]
    assert catalogue.identifiers() == (["A", "B"], [0, 1])


def test_variants_are_one_product_and_every_row_is_accounted_for(tmp_path: Path) -> None:
    report, catalogue = prepared(tmp_path, WRITTEN / "shopify.csv")
    assert (report.rows_in, report.kept, report.joined, report.rejected) == (6, 3, 3, {})
    assert catalogue.find("WX-J-L-SL").uid == "waxwing-rain-jacket"
    assert "joined to their product" in (tmp_path / "catalogue" / "report.md").read_text(encoding="utf-8")


def test_a_description_that_cannot_be_read_loses_no_product(tmp_path: Path) -> None:
    text = '{"uid": "1", "title": "A", "details": ' + '{"x": ' * 40 + "1" + "}" * 40 + "}\n"
    (tmp_path / "shop.jsonl").write_text(text, encoding="utf-8")
    report, catalogue = prepared(tmp_path, tmp_path / "shop.jsonl")
    assert (report.kept, report.unread, report.without_description) == (1, 1, 1)
    assert products_of(catalogue) == {"1": ("A", "")}


def test_a_folder_is_read_file_by_file_and_faults_name_theirs(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "b.csv").write_text("sku;name;description\n2;Lamp;White.\n;Nameless;x\n1;Again;y\n")
    (folder / "a.jsonl").write_text('{"uid": "1", "title": "Kettle"}\nbroken\n')
    (folder / "notes.docx").write_bytes(b"notes")
    (folder / "more").mkdir()
    report, catalogue = prepared(tmp_path, folder, WRITTEN / "google.tsv")
    assert list(products_of(catalogue)) == ["1", "2", "KX220R", "DL40W"]
    assert report.rejected == {"duplicate uid": 1, "no uid": 1, "not JSON": 1}
    assert [row.name for row in report.recognised] == ["a.jsonl", "b.csv", "google.tsv"]
    assert report.passed_over == ["more", "notes.docx"]
    text = (tmp_path / "catalogue" / "rejected.jsonl").read_text(encoding="utf-8")
    places = {(row["source"], row["line"], row["reason"]) for row in map(json.loads, text.splitlines())}
    assert places == {("a.jsonl", 2, "not JSON"), ("b.csv", 3, "no uid"), ("b.csv", 4, "duplicate uid")}
    made_by = json.loads((tmp_path / "catalogue" / "manifest.json").read_text())["artefact"]["made_by"]
    assert [source["uid"] for source in made_by["sources"]] == ["uid", "sku", "id"]
    assert made_by["sources"][0]["sha256"] == hashlib.sha256((folder / "a.jsonl").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("data", "columns", "said"),
    [
        (
            "id,titel,text\n1,A,x\n",
            Columns(title="title"),
            r"no row of shop has a column 'title'; expected one of 'titel'",
        ),
        ("id,name,text\n1,A,x\n", Columns(content=("name", "txt")), r"column 'txt'.*'text'.*--content text"),
        ("id,name,Item no\n1,A,x\n", Columns(ids=("item number",)), r"--id 'Item no'"),
        ('{"id": 1, "name": "A"}\n', Columns(uid="idd"), r"no row of shop has a column 'idd'.*--uid id"),
        ('[{"id": 1, "name": "A"}]', Columns(content=("zzz",)), r"column 'zzz'; expected one of 'id', 'name'"),
        ("id,name,Body (HTML)\n1,A,x\n", Columns(content=("body",)), r"one of 'Body \(HTML\)'; .*--content 'Body"),
        ("a;b;c\n1;A;x\n", Columns(), r"known to hold the uid; .* 'a', 'b', 'c'; .*--uid COLUMN"),
        ("id;b;c\n1;A;x\n", Columns(), r"known to hold the title"),
        ('{"id": 1, "headline": "A"}\n', Columns(), r"no usable row .1 lines: 1 × no title.; .* 'headline', 'id'"),
        ("PK\x03\x04xl/workbook.xml", Columns(), r"shop is a ZIP file or an Excel workbook; .*save the sheet as CSV"),
        ("<!DOCTYPE html><html><body>Log in</body></html>", Columns(), r"shop is a web page; .*feed or export itself"),
        ("1,Kettle,Of steel.\n2,Lamp,White.\n", Columns(), r"a first row with the names of the columns.*'1', 'Kettle'"),
        ("PAR1 and no more", Columns(), r"shop is no whole Parquet file"),
        (
            '[{"id": 1, "name": "A"}',
            Columns(),
            r"shop ends in mid-stream .truncated JSON.; 1 rows .*--accept-truncated",
        ),
    ],
)
def test_a_fault_is_one_line_that_names_its_mend(tmp_path: Path, data: str, columns: Columns, said: str) -> None:
    (tmp_path / "shop").write_text(data, encoding="utf-8")
    with pytest.raises(SourceError, match=said) as raised:
        prepared(tmp_path, tmp_path / "shop", columns=columns)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "catalogue").exists()


def test_a_column_that_only_later_rows_have_is_no_fault(tmp_path: Path) -> None:
    rows = [{"uid": str(number), "title": f"T{number}", "content": "x" * 2000} for number in range(700)]
    (tmp_path / "shop.jsonl").write_text(lines([*rows, {"uid": "L", "title": "Last", "text": "y"}]), encoding="utf-8")
    report, catalogue = prepared(tmp_path, tmp_path / "shop.jsonl", columns=Columns(content=("text",)))
    assert catalogue.find("L").content == "y"
    assert report.recognised[0].unused == ["content"]


@pytest.mark.parametrize("packed", ["gzip", "zstd"])
@pytest.mark.parametrize("name", ["shop.csv", "shop.json", "shop.xml"])
def test_what_came_before_the_cut_is_kept_where_that_is_accepted(tmp_path: Path, name: str, packed: str) -> None:
    chance = random.Random(1)
    rows = [{"uid": f"U{number}", "title": f"T{chance.getrandbits(300)}"} for number in range(3000)]
    texts = {
        "shop.csv": "uid,title\n" + "".join(f"{row['uid']},{row['title']}\n" for row in rows),
        "shop.json": json.dumps(rows),
        "shop.xml": "<a>"
        + "".join(f"<item><uid>{r['uid']}</uid><title>{r['title']}</title></item>" for r in rows)
        + "</a>",
    }
    text = texts[name].encode()
    data = gzip.compress(text) if packed == "gzip" else pa.compress(text, "zstd", asbytes=True)
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError, match=f"ends in mid-stream .truncated {packed}"):
        prepared(tmp_path, tmp_path / name)
    report, catalogue = prepared(tmp_path, tmp_path / name, accept_truncated=True)
    assert report.rejected[f"truncated {packed}"] == 1
    assert 900 < report.kept < 2000
    whole = {row["uid"]: row["title"] for row in rows}
    lost = [uid for uid, (title, _) in products_of(catalogue).items() if whole[uid] != title]
    assert lost == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shop.csv", "shop.json", "shop.parquet", "shop.xml"])
def test_the_number_of_processes_changes_no_byte(tmp_path: Path, name: str) -> None:
    rows = [
        {"uid": f"U{number % 1900}", "title": f"T {number}", "content": f"Text {number} of words."}
        for number in range(2000)
    ]
    table = pa.Table.from_pylist(rows)
    data = {
        "shop.csv": "uid,title,content\n" + "".join(",".join(row.values()) + "\n" for row in rows),
        "shop.json": json.dumps(rows, indent=1),
        "shop.xml": "<a>"
        + "".join("<item>" + "".join(f"<{k}>{v}</{k}>" for k, v in r.items()) + "</item>" for r in rows)
        + "</a>",
    }.get(name, "")
    (tmp_path / name).write_bytes(data.encode() or parquet(table, row_group_size=300))
    made = []
    for workers in (1, 2):
        prepare(tmp_path / name, tmp_path / str(workers), CatalogueSettings(workers=workers, read_bytes=1 << 14))
        made.append({path.name: path.read_bytes() for path in (tmp_path / str(workers)).iterdir()})
    assert made[0] == made[1]


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12)


@given(rows=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=8), delimiter=st.sampled_from(",;\t|"))
@settings(max_examples=60, deadline=None)
def test_what_csv_writes_is_read_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], delimiter: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "shop.csv"
    names = ("uid", "title", "content")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([names, *rows])
    with Source(path, CatalogueSettings()) as source:
        found = [row for block in source.blocks(lambda size: None) for _, row, _ in block.rows()]
    assert source.names == names
    missing = {"", "null", "nan", "none", "\\n", "#n/a", "<na>", "nil"}
    wanted = [tuple(None if cell.strip().lower() in missing else cell for cell in row) for row in rows]
    assert [tuple(row.values()) for row in found if isinstance(row, dict)] == wanted


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.sampled_from(['{"', "[[", '\\"', "]}", "\\\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(
    rows=st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=6),
    indent=st.sampled_from([None, 0, 2, "\t"]),
    piece=st.integers(1, 60),
    inside=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_objects_are_cut_out_of_a_document_however_it_comes(
    rows: list[dict[str, Any]], indent: int | str | None, piece: int, inside: bool
) -> None:
    document = {"a": {"b": "]}"}, "products": rows, "c": [{"d": 1}]} if inside and rows else rows
    text = json.dumps(document, indent=indent).encode()
    ending = Ending()
    place = list_in(text) if inside and rows else ListPlace(text.index(b"[") + 1, True)
    pieces = (text[start : start + piece] for start in range(0, len(text), piece))
    blocks = list(element_blocks(pieces, place, CatalogueSettings(), ending))
    assert [json.loads(element) for block in blocks for _, element in block.numbered] == rows
    assert [each for block in blocks for each in block.rejections] == []
    assert ending == Ending()


@given(data=st.binary(max_size=300), name=st.sampled_from(["a.json", "a.csv", "a.xml", "a"]), piece=st.integers(1, 50))
@settings(max_examples=200, deadline=None)
def test_noise_is_refused_or_rejected_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str, piece: int
) -> None:
    path = tmp_path_factory.mktemp("noise") / name
    path.write_bytes(data)
    with contextlib.suppress(SourceError):
        read(path, read_bytes=piece)


def test_windows_text_that_begins_late_is_recognised(tmp_path: Path) -> None:
    rows = [{"uid": str(number), "title": f"T{number}"} for number in range(2000)]
    cafes = [{"uid": f"C{number}", "title": f"Café {number}"} for number in range(2000)]
    (tmp_path / "shop.jsonl").write_bytes(lines(rows + cafes).encode("cp1252"))
    reading = read(tmp_path / "shop.jsonl", read_bytes=1 << 12)
    assert len(reading.products) == 4000
    assert reading.products["C7"] == ("Café 7", "")
    assert "Windows-1252" in reading.told


def test_a_pipe_is_a_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = gzip.compress(lines(ROWS).encode())
    writing = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(data))
    writing.start()
    assert read(tmp_path / "pipe").products == CLEAN
    writing.join()


def test_a_line_without_an_end_is_not_held_whole(tmp_path: Path) -> None:
    text = f'uid,title\n1,A\n2,{"x" * 50_000}\n3,"{"y" * 50_000}\n4,D\n'
    (tmp_path / "shop.csv").write_text(text)
    reading = read(tmp_path / "shop.csv", max_line_bytes=10_000)
    assert reading.products == {"1": ("A", ""), "4": ("D", "")}
    assert (reading.rejected, reading.lines) == ({"line too long": 2}, [3, 4])
    (tmp_path / "shop.json").write_text(
        json.dumps([{"uid": "1", "title": "A"}, {"uid": "x" * 50_000}, {"uid": "4", "title": "D"}])
    )
    reading = read(tmp_path / "shop.json", max_line_bytes=10_000, read_bytes=1000)
    assert reading.products == {"1": ("A", ""), "4": ("D", "")}
    assert reading.rejected == {"object too long": 1}


@pytest.mark.slow
def test_standard_input_is_a_source(tmp_path: Path) -> None:
    for name, data, told in SAME:
        if name in ("comma.csv", "lines.jsonl.gz", "table.parquet", "deep.json"):
            command = [sys.executable, "-m", "ui.cli", "--home", str(tmp_path / name), "prepare", "-"]
            done = subprocess.run(command, input=data, capture_output=True, cwd=ROOT, check=True)
            assert (done.stderr, done.stdout.count(b"3 products kept")) == (b"", 1)
            assert f"Read as standard input ({told}" in done.stdout.decode()
            assert products_of(Catalogue.load(tmp_path / name / "catalogue")) == CLEAN


def test_a_shop_names_its_columns_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.toml").write_text(
        '[source]\nuid = "no"\ntitle = "what"\ncontent = ["colour", "why"]\nid = "code"\n'
    )
    (tmp_path / "shop.csv").write_text("no,what,why,colour,code,id,title\n1,Kettle,For tea.,red,K-1,x,y\n")
    assert main(["--home", str(tmp_path), "prepare", str(tmp_path / "shop.csv"), "--content", "why"]) == 0
    assert (
        "uid: no; title: what; content: why; further ids: code; not used: colour, id, title" in capsys.readouterr().out
    )
    assert main(["--home", str(tmp_path), "prepare", str(tmp_path / "shop.csv")]) == 0
    catalogue = Catalogue.load(tmp_path / "catalogue")
    assert catalogue.find("K-1").content == "Colour: red • Why: For tea."
    assert read_shop(tmp_path).help == {}


@pytest.mark.parametrize(
    "text", ["[source\n", "source = 1\n", "[source]\nuid = 3\n", "[source]\nsku = 'x'\n", "[source]\ntitle = ['a']\n"]
)
def test_a_fault_in_the_shops_file_is_one_line(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop.toml").write_text(text)
    assert main(["--home", str(tmp_path), "prepare", str(WRITTEN / "google.tsv")]) == 1
    err = capsys.readouterr().err
    assert "shop.toml" in err
    assert err.count("\n") == 1


def test_sources_that_take_long_are_announced_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.commands.catalogue.prepare.LONG_BYTES", 10)
    assert main(["--home", str(tmp_path), "prepare", str(WRITTEN / "shopify.csv")]) == 0
    assert 'Reading shopify.csv (CSV with ",", UTF-8, Shopify export): uid: Handle; ' in capsys.readouterr().err


@pytest.mark.slow
def test_a_data_set_is_read_split_by_split(tmp_path: Path) -> None:
    from datasets import load_dataset

    for name, row in (("train", {"uid": "1", "title": "A", "content": "x"}), ("test", {"uid": "2", "title": "B"})):
        pq.write_table(pa.Table.from_pylist([{"content": None, **row}]), tmp_path / f"{name}.parquet")
    table = table_of_splits(load_dataset(str(tmp_path), streaming=True))
    chosen = choose(Columns(), table.columns)
    rows = [row for block in table.blocks(chosen, Ending(), lambda count: None) for _, row, _ in block.rows()]
    assert [product_of(row, chosen)[:3] for row in rows if isinstance(row, dict)] == [("1", "A", "x"), ("2", "B", "")]


@pytest.mark.slow
def test_a_data_set_that_is_not_there_is_an_error_of_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ui.cli", "--home", str(tmp_path), "prepare", "nobody-here/no-such-set"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no data set of that name could be opened at the hub" in done.stderr


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("McAuley-Lab/Amazon-Reviews-2023", True),
        ("owner/set:raw_meta_Toys", True),
        ("data/shop.json", False),
        ("data/shop.csv.gz", False),
        ("shop", False),
        ("/nowhere/shop", False),
        ("../set", False),
        ("a/b/c", False),
        ("tests/data/absent", False),
    ],
)
def test_only_what_looks_like_one_is_asked_for_at_the_hub(name: str, is_one: bool) -> None:
    assert is_hub_name(Path(name)) is is_one
