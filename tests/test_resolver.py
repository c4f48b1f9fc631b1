import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tiny_sentence_model as tiny

from index.artefacts import read_manifest
from index.catalogue.prepare import CatalogueSettings, prepare
from index.catalogue.store import Catalogue
from index.errors import ArtefactError, QuestionError, UserError
from index.progress import Progress
from index.resolver import Resolution, TitleIndex
from index.settings import IndexSettings

PRODUCTS = [
    ("K1", "Harrow Electric Kettle 1.7 L, Red", "Boils 1.7 litres. The enamel is red. Switches off by itself."),
    ("K2", "Harrow Electric Kettle 1.7 L, Black", "Boils 1.7 litres. The enamel is black. Switches off by itself."),
    ("K3", "Harrow Toaster, Two Slices", "Toasts two slices of bread, with a crumb tray."),
    ("H1", "Sony WH-1000XM4 Wireless Headphones, Black", "Noise cancelling headphones in black, 30 hours."),
    ("H2", "Sony WH-1000XM4 Wireless Headphones, Silver", "Noise cancelling headphones in silver, 30 hours."),
    ("H3", "Sony WH-1000XM5 Wireless Headphones", "The successor, lighter, with eight microphones."),
    ("B1", "Moby-Dick (Penguin Classics)", "The whale, with an introduction by a sailor."),
    ("B2", "Moby-Dick (Penguin Classics)", "An abridged edition for younger readers, illustrated."),
    ("C1", "Chess Set, Wooden, 15 inch", "A folding board of 15 inches with 32 men."),
    ("C2", "Chess Set, Wooden, 18 inch", "A folding board of 18 inches with 32 men."),
    ("P1", "Caneta esferográfica azul, caixa com 50", "Cinquenta canetas de tinta azul."),
    ("T1", "Kitchen Timer with Magnet", "Counts down from 99 minutes and rings."),
    ("D1", "Desk Lamp", "A lamp for a desk, 40 cm."),
    ("D2", "Desk Lamp with Clamp", "A lamp that is clamped to a table."),
]

BRANDS_AND_THINGS = [(brand, thing) for brand in ("Harrow", "Lumen", "Tarn") for thing in ("Kettle", "Lamp", "Scale")]


def made_catalogue(folder: Path, products: list[tuple[str, str, str]]) -> Catalogue:
    rows = [{"uid": uid, "title": title, "content": content} for uid, title, content in products]
    folder.mkdir(parents=True)
    (folder / "trn.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    prepare(folder / "trn.json", folder / "catalogue", CatalogueSettings(workers=1), progress=Progress)
    return Catalogue.load(folder / "catalogue")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return made_catalogue(tmp_path_factory.mktemp("home") / "a", PRODUCTS)


@pytest.fixture(scope="module")
def folder(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home") / "index"
    TitleIndex.build(catalogue, place, progress=Progress)
    return place


@pytest.fixture(scope="module")
def index(folder: Path, catalogue: Catalogue) -> TitleIndex:
    return TitleIndex.load(folder, catalogue)


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("does the red Harrow kettle switch off by itself?", "K1"),
        ("harow ketle red", "K1"),
        ("how loud is the Harrow Electric Kettle 1.7 L, Black?", "K2"),
        ("silver sony wh1000xm4", "H2"),
        ("sony wh 1000 xm5", "H3"),
        ("chess set 18 inch", "C2"),
        ("qual é a cor da caneta esferográfica?", "P1"),
        ("IS THE DESK LAMP BRIGHT?", "D1"),
        ("is the desk lamp with clamp bright?", "D2"),
    ],
)
def test_a_question_that_tells_the_product_apart_finds_it(index: TitleIndex, question: str, uid: str) -> None:
    resolution = index.resolve(question)
    assert (resolution.decision, resolution.hits[0].uid, resolution.candidates) == ("found", uid, ())


@pytest.mark.parametrize(
    ("question", "uids"),
    [
        ("Harrow kettle", {"K1", "K2"}),
        ("is the chess set made of oak?", {"C1", "C2"}),
        ("do the Sony WH-1000XM4 headphones fold?", {"H1", "H2"}),
        ("Moby-Dick (Penguin Classics)", {"B1", "B2"}),
    ],
)
def test_twins_that_the_question_cannot_tell_apart_are_offered(
    index: TitleIndex, question: str, uids: set[str]
) -> None:
    resolution = index.resolve(question)
    assert resolution.decision == "ambiguous"
    assert uids <= {hit.uid for hit in resolution.candidates}
    assert 2 <= len(resolution.candidates) <= 4
    assert resolution.probability <= 0.5


@pytest.mark.parametrize(
    "question",
    [
        "does it have a timer?",
        "what is the weather today",
        "is the Bosch dishwasher quiet?",
        "😀",
        "\x00",
        "\ud800",
        "?!",
    ],
)
def test_a_question_about_no_product_here_is_unknown(index: TitleIndex, question: str) -> None:
    assert index.resolve(question).decision == "unknown"


@pytest.mark.parametrize(("_", "title", "__"), [product for product in PRODUCTS if product[0] not in ("B1", "B2")])
def test_a_full_title_inside_a_question_is_always_found(index: TitleIndex, _: str, title: str, __: str) -> None:
    for question in (f"hi, does the {title} come with a charger?", title.upper(), f"o {title} é bom?"):
        resolution = index.resolve(question)
        assert (resolution.decision, resolution.hits[0].title) == ("found", title)


def test_a_uid_alone_is_its_product(index: TitleIndex) -> None:
    resolution = index.resolve(" B2 ")
    assert (resolution.decision, resolution.probability, resolution.hits[0].uid) == ("found", 1.0, "B2")
    assert len({hit.uid for hit in resolution.hits}) == 10


@pytest.mark.parametrize("question", ["Harrow kettle", "K2", "what is the weather", "😀", "Harrow " * 570])
def test_ten_hits_come_best_first_whatever_the_decision(index: TitleIndex, question: str) -> None:
    resolution = index.resolve(question)
    scores = [hit.score for hit in resolution.hits]
    assert len({hit.uid for hit in resolution.hits}) == 10
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] == pytest.approx(resolution.probability)


@pytest.mark.parametrize("question", ["", "  \n\t", "x" * 4001])
def test_blank_and_overlong_questions_are_refused(index: TitleIndex, question: str) -> None:
    with pytest.raises(QuestionError):
        index.resolve(question)


def test_a_question_of_four_thousand_characters_is_answered(index: TitleIndex) -> None:
    words = " ".join(f"word{number}" for number in range(1000))
    assert len(index.resolve(("red harrow kettle " + words)[:4000]).hits) == 10


@pytest.mark.parametrize(
    ("question", "uids"),
    [
        ("which is lighter, the red Harrow kettle or the Kitchen Timer?", {"K1", "T1"}),
        ("difference between the black harrow kettle and the desk lamp with clamp", {"K2", "D2"}),
        ("o que é maior, Kitchen Timer with Magnet ou Harrow Toaster?", {"T1", "K3"}),
        ("Sony WH-1000XM5 vs Moby-Dick or Kitchen Timer with Magnet", {"H3", "T1"}),
    ],
)
def test_of_two_products_in_one_question_both_are_offered(index: TitleIndex, question: str, uids: set[str]) -> None:
    resolution = index.resolve(question)
    assert resolution.decision == "ambiguous"
    assert uids <= {hit.uid for hit in resolution.candidates}
    assert {hit.uid for hit in resolution.hits[: len(resolution.candidates)]} == {
        hit.uid for hit in resolution.candidates
    }


@pytest.mark.parametrize(
    ("question", "uid"),
    [
        ("is the Kitchen Timer with Magnet loud or not?", "T1"),
        ("is the red Harrow kettle 1.7 or 2 litres?", "K1"),
        ("does the Harrow Toaster have a crumb tray and a cord?", "K3"),
        ("which is better for bread, Harrow Toaster?", "K3"),
    ],
)
def test_or_and_and_do_not_make_two_products_of_one(index: TitleIndex, question: str, uid: str) -> None:
    resolution = index.resolve(question)
    assert resolution.hits[0].uid == uid
    assert not resolution.compares
    assert resolution.decision != "unknown"


def test_an_explanation_names_features_and_adds_up(index: TitleIndex) -> None:
    question = "how heavy is the red harrow kettle?"
    explanation = index.explain(question)
    assert {word for word, _ in explanation.words[:3]} == {"harrow", "kettle", "red"}
    assert [reason.feature for reason in explanation.before_second if reason.feature == "variant_conflict"]
    best, second = index.resolve(question).hits[:2]
    apart = sum(reason.weight for reason in explanation.before_second)
    assert apart == pytest.approx(np.log(best.score / second.score), abs=1e-3)
    ranker = index._ranker
    logit = sum(reason.weight for reason in explanation.sure) + ranker.first.bias
    assert 1 / (1 + np.exp(-logit)) == pytest.approx(index.resolve(question).probability, abs=1e-6)
    weights = [abs(reason.weight) for reason in explanation.sure]
    assert weights == sorted(weights, reverse=True)


def test_an_isbn_names_its_book_with_hyphens_or_without(tmp_path: Path) -> None:
    shop = made_catalogue(tmp_path / "books", [("9780140449136", "Crime and Punishment", "A novel."), *PRODUCTS])
    TitleIndex.build(shop, tmp_path / "index", progress=Progress)
    books = TitleIndex.load(tmp_path / "index", shop)
    for question in ("how long is 9780140449136?", "is isbn 978-0-14-044913-6 in stock", "9780140449136"):
        resolution = books.resolve(question)
        assert (resolution.decision, resolution.hits[0].uid) == ("found", "9780140449136")
    assert books.resolve("call me at 9780140449999 about the kettle").hits[0].uid != "9780140449136"


@pytest.mark.slow
def test_building_twice_gives_identical_files(catalogue: Catalogue, folder: Path, tmp_path: Path) -> None:
    TitleIndex.build(catalogue, tmp_path / "again", progress=Progress)
    assert read_manifest(tmp_path / "again", "index").digest == read_manifest(folder, "index").digest


def test_one_product_is_enough_for_an_index(tmp_path: Path) -> None:
    alone = made_catalogue(tmp_path / "one", PRODUCTS[:1])
    TitleIndex.build(alone, tmp_path / "index", progress=Progress)
    index = TitleIndex.load(tmp_path / "index", alone)
    assert index.resolve("Harrow Electric Kettle 1.7 L, Red").decision == "found"
    assert index.resolve("what is the weather").decision == "unknown"


def test_an_index_of_another_catalogue_is_refused(folder: Path, tmp_path: Path) -> None:
    other = made_catalogue(tmp_path / "other", PRODUCTS[1:])
    with pytest.raises(ArtefactError, match=r"another catalogue.*titlewise index"):
        TitleIndex.load(folder, other)


def test_every_damaged_or_shortened_file_is_refused_by_name(catalogue: Catalogue, folder: Path, tmp_path: Path) -> None:
    import shutil

    names = sorted(read_manifest(folder, "index").files)
    assert {"base/vectors.faiss", "identifier_rows.npy", "hashed_idf.npy", "base/posting_rows.npy"} <= set(names)
    for name in names:
        for damage in ("flip", "cut", "gone"):
            copy = tmp_path / f"{name.replace('/', '-')}-{damage}"
            shutil.copytree(folder, copy)
            whole = (copy / name).read_bytes()
            if damage == "flip":
                middle = len(whole) // 2
                (copy / name).write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
            elif damage == "cut":
                (copy / name).write_bytes(whole[:-1])
            else:
                (copy / name).unlink()
            with pytest.raises(ArtefactError, match=name):
                TitleIndex.load(copy, catalogue)
            shutil.rmtree(copy)


def test_many_threads_get_the_same_resolutions_as_one(index: TitleIndex) -> None:
    questions = [title for _, title, _ in PRODUCTS] + ["Harrow kettle", "wh1000xm4", "what is the weather"]
    alone = [index.resolve(question) for question in questions]
    together: list[list[Resolution]] = []

    def ask() -> None:
        together.append([index.resolve(question) for question in questions])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 8


@pytest.mark.slow
def test_a_sentence_transformers_model_can_be_the_encoder(catalogue: Catalogue, tmp_path: Path) -> None:
    model = tiny.build(tmp_path / "model", [title for _, title, _ in PRODUCTS])
    TitleIndex.build(catalogue, tmp_path / "index", encoder=str(model), progress=Progress)
    manifest = read_manifest(tmp_path / "index", "index")
    assert manifest.made_by["encoder"] == str(model)
    index = TitleIndex.load(tmp_path / "index", catalogue)
    assert index.resolve("the black Harrow kettle").hits[0].uid == "K2"

    tiny.build(model, [title for _, title, _ in PRODUCTS], dims=24)
    with pytest.raises(ArtefactError, match="24 dimensions"):
        TitleIndex.load(tmp_path / "index", catalogue)


def test_an_encoder_that_is_nowhere_is_told_soon_and_leaves_the_old_index(catalogue: Catalogue, folder: Path) -> None:
    before, start_s = read_manifest(folder, "index").digest, time.monotonic()
    with pytest.raises(UserError, match="no-such/model"):
        TitleIndex.build(catalogue, folder, encoder="no-such/model", progress=Progress)
    assert time.monotonic() - start_s < 40  # the libraries' own retries take 70 s
    assert read_manifest(folder, "index").digest == before


def test_faiss_finds_what_the_matrix_product_finds(index: TitleIndex, catalogue: Catalogue) -> None:
    retriever = index._retriever
    vectors = retriever.encoder.encode(catalogue.titles())
    for question in ("harrow kettle", "wireless sony", "caneta"):
        asked = retriever.encoder.encode([question])
        scores, rows = retriever.segments[0].vectors.search(asked, 5)
        product = (vectors @ asked[0]).astype(np.float32)
        assert scores[0] == pytest.approx(np.sort(product)[::-1][:5], abs=0.01)  # held in 8 bits
        assert product[rows[0]] == pytest.approx(scores[0], abs=0.01)


def test_loading_needs_neither_torch_nor_scikit_learn(shop: tuple[Catalogue, TitleIndex]) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from index.live import open_both;"
        f"open_both(Path({str(shop[0]._folder.parent)!r}));"
        "print({'torch', 'sklearn', 'scipy', 'datasets'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_a_large_catalogue_is_compressed_and_still_finds_its_titles(
    tmp_path: Path,
) -> None:
    from index.titles.hybrid_retriever import HybridRetriever

    titles = [f"{brand} {thing} KX-{number}" for number in range(200) for brand, thing in BRANDS_AND_THINGS]
    built = HybridRetriever.build(titles, [], "", IndexSettings(exact_up_to=1_000), Progress)
    built.save(tmp_path)
    retriever = HybridRetriever.load(tmp_path, "")
    assert type(retriever.segments[0].vectors).__name__ == "IndexRefine"
    for row in range(0, len(titles), 97):
        vector = retriever.encoder.encode([titles[row]])
        assert row in retriever.segments[0].vectors.search(vector, 10)[1][0]
        assert row in retriever.candidates(titles[row])[1]


def test_titles_without_a_word_harm_nobody(tmp_path: Path) -> None:
    wordless = [("W1", "???", "Nobody knows what it is."), ("W2", "★ 😀", "Nor this one, in truth.")]
    catalogue = made_catalogue(tmp_path / "wordless", [*PRODUCTS[:20], *wordless])
    TitleIndex.build(catalogue, tmp_path / "index", progress=Progress)
    index = TitleIndex.load(tmp_path / "index", catalogue)
    for question in (PRODUCTS[0][1], "is it loud?", "★", "???"):
        assert index.resolve(question).hits
    assert index.resolve("★").decision == "unknown"


def test_a_catalogue_of_one_title_again_and_again_can_be_asked(tmp_path: Path) -> None:
    catalogue = made_catalogue(
        tmp_path / "same", [(str(n), "Same Title Here", f"Text number {n} of it.") for n in range(220)]
    )
    TitleIndex.build(catalogue, tmp_path / "index", progress=Progress)
    resolution = TitleIndex.load(tmp_path / "index", catalogue).resolve("same title here")
    assert resolution.decision == "ambiguous"
    assert len(resolution.candidates) == 4


@pytest.mark.parametrize("question", ["how heavy is E012?", "what is sku: 77-b about?", "E012"])
def test_a_uid_in_a_question_names_its_product(tmp_path: Path, question: str) -> None:
    products = [
        *PRODUCTS[:10],
        ("E012", "Sunmere Power Bank", "It weighs 300 g."),
        ("77-b", "Tin Box", "A box of tin."),
    ]
    catalogue = made_catalogue(tmp_path / "uids", products)
    TitleIndex.build(catalogue, tmp_path / "index", progress=Progress)
    resolution = TitleIndex.load(tmp_path / "index", catalogue).resolve(question)
    assert (resolution.decision, resolution.probability) == ("found", 1.0)
    assert resolution.hits[0].uid == ("77-b" if "77" in question else "E012")
