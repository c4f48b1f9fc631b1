"""Kinds of questions about titles, each by several instances: units, foreign words, absence, identifiers, scripts."""

from pathlib import Path

import pytest
from test_resolver import made_catalogue

from index.measures import in_one_form
from index.progress import Progress
from index.resolver import Resolution, TitleIndex
from index.text import fold
from index.titles.described import DescribedWords
from index.titles.identifiers import plain_form

TITLES = {
    "F1": "Brightwell Frying Pan, Non-Stick, 28 cm",
    "F2": "Brightwell Saucepan with Lid, 2 Litre",
    "H1": "Gardenmate Soaker Hose 1/2 inch x 50 ft",
    "H2": "Gardenmate Hose Reel, Wall Mounted",
    "P1": "Corvane Ballpoint Pens, Blue, 12-Pack",
    "P2": "Corvane Fountain Pen, Medium Nib",
    "S1": "Ostrava Laboratory Beaker 500 ml Borosilicate",
    "M1": 'Halden Monitor Arm for 27" Screens',
    "K1": "Tessel Pressure Cooker 4.7 L Stainless Steel",
    "B1": "Flux",
    "B2": "It",
    "B3": "Up (Two-Disc Edition)",
    "B4": "Blind Eye",
    "V1": "Norwick Cinetic Big Ball Vacuum Cleaner",
    "V2": "Norwick Handheld V8 Vacuum",
    "G1": "Lantern Bay Part 1: The Drowned Bell",
    "G2": "World Almanac of Sailing 2012",
    "X1": "Felsen 79Ci Cross-Cut Paper Shredder",
    "X2": "Felsen Laminating Pouches A4, 100 Count",
    "D1": "Heavy Duty Door Hinge, Brass",
    "L1": "Old Orchard Lemonade, Dozen Bottles",
    "J1": "ソニー ワイヤレスヘッドホン 黒",
    "J2": "電気ケトル 1.5リットル 赤",
    "Z1": "不锈钢保温杯 红色",
    "R1": "Чайник электрический красный",
    "A1": "غلاية كهربائية حمراء",
    "T1": "กระทะเคลือบ สีแดง",
    "C1": "Ballet Tutu for Girls, Pink, Three Layers",
    "C2": "Bluetooth Speaker Oakmoor Mini",
    "C3": "Surface Wipes Cleanora, Lemon Scent",
    "Y1": "Röstmeister Kaffeemühle Größe L",
    "W1": "Kite with Tail 🪁 Rainbow",
}
IDENTIFIED = {
    "AB-0012.X": "Corduroy Cushion",
    "0140449132": "Crime and Punishment",
    "0036000291452": "Paper Tissues",
    "7": "Paper Napkins",
    "1984": "Cotton Socks",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> TitleIndex:
    return indexed(tmp_path_factory.mktemp("kinds"), {**TITLES, **IDENTIFIED})


def indexed(folder: Path, titles: dict[str, str]) -> TitleIndex:
    products = [
        (uid, title, f"What is told of product {number}.") for number, (uid, title) in enumerate(titles.items())
    ]
    catalogue = made_catalogue(folder / "shop", products)
    TitleIndex.build(catalogue, folder / "index", progress=Progress)
    return TitleIndex.load(folder / "index", catalogue)


def found(resolution: Resolution) -> str:
    """Return the uid that was found, or the decision where none was."""
    return resolution.hits[0].uid if resolution.decision == "found" else resolution.decision


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("is the brightwell frying pan 28cm oven safe?", "F1"),
        ("brightwell pan 28-cm", "F1"),
        ("frying pan 28 centimetres brightwell, induction?", "F1"),
        ("brightwell saucepan 2l", "F2"),
        ("does the 2-litre brightwell saucepan have a lid", "F2"),
        ('gardenmate hose 1/2"', "H1"),
        ("gardenmate soaker hose ½ inch", "H1"),
        ("gardenmate soaker hose 0.5 in x 50ft", "H1"),
        ("gardenmate soaker hose 50-foot", "H1"),
        ("corvane pens 12 pack", "P1"),
        ("corvane blue pens pack of 12", "P1"),
        ("corvane pens 12pk", "P1"),
        ("corvane ballpoint pack of twelve", "P1"),
        ("ostrava beaker 500ml", "S1"),
        ("ostrava beaker 0.5 l", "S1"),
        ("halden arm 27-inch", "M1"),
        ("halden monitor arm 27 in, weight limit?", "M1"),
        ("tessel cooker 4,7 L", "K1"),
        ("tessel pressure cooker 4700 ml", "K1"),
        ("felsen pouches a4 100ct", "X2"),
    ],
)
def test_a_number_meets_its_unit_however_they_are_written(index: TitleIndex, question: str, uid: str) -> None:
    assert found(index.resolve(question)) == uid


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("28cm", "28 cm"),
        ("15-inch", "15 inch"),
        ("4,7 l", "4.7 l"),
        ("1,000 pcs", "1000 piece"),
        ("2-1/2 inches", "2.5 inch"),
        (".75 oz", "0.75 oz"),
        ("8x10", "8 x 10"),
        ("20 × 30 cm", "20 x 30 cm"),
        ("pack of six", "6 pack"),
        ("3m tape", "3m tape"),
        ("2 in 1 pen", "2 in 1 pen"),
        ("wh-1000xm4", "wh-1000xm4"),
        ("born in 1984", "born in 1984"),
        ("windows 10", "windows 10"),
    ],
)
def test_measures_have_one_form_and_what_is_none_keeps_its_own(written: str, form: str) -> None:
    assert in_one_form(written).strip() == form
    assert fold(fold(written)) == fold(written)


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("will the oakmoor mini bluetooth speaker work with my Samsung Galaxy?", "C2"),
        ("is the oakmoor mini speaker ok for my nephew who is 9", "C2"),
        ("do cleanora surface wipes kill the coronavirus", "C3"),
        ("can i take the norwick handheld v8 vacuum on a ryanair flight", "V2"),
        ("how many layers does the pink ballet tutu for girls have, my daughter dances at Juilliard", "C1"),
        ("does the halden monitor arm fit an ikea desk", "M1"),
        ("my husband broke his leg, is the felsen 79ci shredder loud", "X1"),
    ],
)
def test_what_the_question_brings_along_hides_no_product(index: TitleIndex, question: str, uid: str) -> None:
    assert found(index.resolve(question)) == uid


@pytest.mark.parametrize(
    ("question", "uid"), [("who wrote Flux?", "B1"), ("is blind eye scary", "B4"), ("how long is the book flux", "B1")]
)
def test_a_short_title_is_found_by_its_name(index: TitleIndex, question: str, uid: str) -> None:
    assert found(index.resolve(question)) == uid


@pytest.mark.parametrize(
    ("question", "lacking"),
    [
        ("what is the warranty of the flux capacitor 9000 turbo", {"capacitor", "9000"}),
        ("norwick v15", {"v15"}),
        ("does the norwick v15 have a hepa filter", {"v15"}),
        ("norwick handheld v15 vacuum", {"v15"}),
        ("lantern bay part 2", {"2"}),
        ("world almanac of sailing 2014", {"2014"}),
        ("corvane zeppelin pen", {"zeppelin"}),
    ],
)
def test_what_is_absent_is_not_found_and_what_lacks_is_named(
    index: TitleIndex, question: str, lacking: set[str]
) -> None:
    resolution = index.resolve(question)
    assert resolution.decision != "found"
    assert set(resolution.missing) == lacking


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("ab0012x", "AB-0012.X"),
        ("how wide is AB 0012 X", "AB-0012.X"),
        ("is sku ab-0012-x washable", "AB-0012.X"),
        ("isbn 978-0-14-044913-6", "0140449132"),
        ("9780140449136 hardcover or paperback?", "0140449132"),
        ("who translated 0-14-044913-2", "0140449132"),
        ("ean 036000291452", "0036000291452"),
        ("00036000291452", "0036000291452"),
        ("what is uid 7", "7"),
    ],
)
def test_an_identifier_counts_however_it_is_written(index: TitleIndex, question: str, uid: str) -> None:
    assert found(index.resolve(question)) == uid


@pytest.mark.parametrize(
    "question", ["I bought product 7 days ago", "7", "1984", "is it 7", "item 7 pieces", "call 555 1984", "order 7"]
)
def test_a_short_number_is_no_identifier(index: TitleIndex, question: str) -> None:
    assert found(index.resolve(question)) not in ("7", "1984")


def test_a_merged_duplicate_is_named_by_its_own_identifier_too(tmp_path: Path) -> None:
    same = ("Straw Hat, Wide", "A hat of straw, wide.")
    catalogue = made_catalogue(tmp_path / "shop", [("A-100", *same), ("B-200", *same), ("C-300", "Wool Hat", "Warm.")])
    TitleIndex.build(catalogue, tmp_path / "index", progress=Progress)
    index = TitleIndex.load(tmp_path / "index", catalogue)
    assert found(index.resolve("is b200 wide?")) == found(index.resolve("a 100")) == "A-100"


def test_equal_plain_forms_name_nobody(tmp_path: Path) -> None:
    twins = indexed(tmp_path, {"A-100": "Straw Hat", "a100": "Wool Hat"})
    assert twins.resolve("a.100").hits[0].score < 1


@pytest.mark.parametrize(
    ("one", "other"), [("0140449132", "978-0-14-044913-6"), ("AB.12-c", "ab 12 C"), ("00123456789", "123456789")]
)
def test_plain_forms_meet(one: str, other: str) -> None:
    assert plain_form(one) == plain_form(other)


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("are the heavy duty door hinges brass?", "D1"),
        ("a dozen lemonades from old orchard", "L1"),
        ("old orchard lemonades 12 bottles", "L1"),
        ("rostmeister kaffeemuhle", "Y1"),
        ("röstmeister kaffeemühle grösse l", "Y1"),
        ("rainbow kite with tail", "W1"),
        ("oldorchard lemonade", "L1"),
        ("gardenmate hosereel wall mounted", "H2"),
        ("fragmentadora felsen 79ci", "X1"),
        ("a frigideira brightwell de 28 cm serve no forno?", "F1"),
        ("canetas corvane azuis pacote com 12", "P1"),
        ("mangueira gardenmate de 1/2 polegada", "H1"),
    ],
)
def test_other_forms_of_a_word_and_portuguese_names_are_the_product(index: TitleIndex, question: str, uid: str) -> None:
    assert found(index.resolve(question)) == uid


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("ソニーのワイヤレスヘッドホンは防水ですか", "J1"),
        ("電気ケトル 赤", "J2"),
        ("不锈钢保温杯多大", "Z1"),
        ("红色保温杯", "Z1"),
        ("чайник электрический", "R1"),
        ("غلاية كهربائية", "A1"),
        ("กระทะเคลือบสีแดง", "T1"),
    ],
)
def test_any_script_finds_its_title(index: TitleIndex, question: str, uid: str) -> None:
    assert index.resolve(question).hits[0].uid == uid
    assert index.resolve(question).decision != "unknown"


@pytest.mark.parametrize(
    "question",
    [
        "is the {} waterproof",
        "does the {} need batteries",
        "what size is the {}",
        "can the {} go in the dishwasher",
        "how heavy is the {}",
        "a {} é resistente?",
    ],
)
@pytest.mark.parametrize(
    ("name", "uid"), [("ostrava", "S1"), ("tessel", "K1"), ("halden", "M1"), ("röstmeister", "Y1")]
)
def test_a_single_word_that_no_other_title_holds_is_a_name(
    index: TitleIndex, question: str, name: str, uid: str
) -> None:
    found = index.resolve(question.format(name))
    assert found.decision != "unknown"
    assert found.hits[0].uid == uid


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("does the tessel need batteries", "K1"),
        ("can the halden hold a speaker", "M1"),
        ("does the ostrava beaker fit the pressure cooker", "S1"),
        ("will the felsen 79ci shred laminating pouches", "X1"),
        ("o norwick cinetic aspira fita e pano?", "V1"),
        ("does the cleanora come with a kite", "C3"),
    ],
)
def test_what_stands_behind_a_name_and_a_verb_is_asked_of_it(index: TitleIndex, question: str, uid: str) -> None:
    found = index.resolve(question)
    assert found.hits[0].uid == uid
    assert found.decision != "unknown"


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("how loud is the c880dw", "E1"),
        ("brenner l6200dwt", "E2"),
        ("is the tge275s loud", "E3"),
        ("sl300vc battery", "E4"),
    ],
)
def test_the_letters_of_a_series_before_a_code_may_be_left_away(question: str, uid: str, tmp_path: Path) -> None:
    titles = {
        "E1": "Brenner MFC-C880DW All-in-One Printer",
        "E2": "Brenner Laser Printer HL-L6200DWT",
        "E3": "Sonakai KX-TGE275S Cordless Phone",
        "E4": "Kasimo Calculator HS-SL300VC",
        "E5": "Brenner MFC-C480DW Printer",
        "E6": "Sonakai KX-TGE274S Cordless Phone",
    }
    found = indexed(tmp_path, titles).resolve(question)
    assert found.hits[0].uid == uid
    assert found.decision == "found"


@pytest.mark.parametrize(
    "question",
    [
        "tessel cooker, valve with it?",
        "is the halden arm any good",
        "old orchard lemonade how many",
        "felsen 79ci noise",
    ],
)
def test_a_title_that_stands_alone_is_not_asked_about_beside_a_hopeless_one(index: TitleIndex, question: str) -> None:
    resolution = index.resolve(question)
    assert resolution.decision == "found"
    assert all(hit.score < 0.1 for hit in resolution.hits[1:])


@pytest.mark.parametrize("question", ["corvane pens refill?", "gardenmate hose, is it loud", "norwick vacuum noise"])
def test_two_that_are_near_are_asked_about(index: TitleIndex, question: str) -> None:
    assert index.resolve(question).decision == "ambiguous"


def test_each_word_of_descriptions_is_counted_by_itself() -> None:
    words = [f"word{number}" for number in range(40_000)]
    described = DescribedWords.of([" ".join(words[::2]), " ".join(words[::4])])
    assert described.rates(words).tolist() == [1.0, 0.0, 0.5, 0.0] * 10_000
    assert described.rates(["another"]).tolist() == [0.0]
    assert DescribedWords.of([]).rates(words[:2]).tolist() == [0.0, 0.0]
