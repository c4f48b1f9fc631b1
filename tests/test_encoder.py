import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tiny_sentence_model as tiny

from index.errors import UserError
from index.hashing import trigram_hashes, word_hashes
from index.text import fold, is_model_number, quoted_part, title_part, tokens
from index.titles.encoder import HashedTfidfEncoder, SentenceEncoder, hashed, hashed_idf

TITLES = ["Sony WH-1000XM4 Headphones", "Harrow Kettle 1.7 L, Red", "Caneta esferográfica azul", "Moby-Dick"]

GOLDEN_WORDS = [15595507714165963015, 8636986668884201633, 6312495234129301595]
GOLDEN_TRIGRAMS = [
    5016383448647317079,
    17851397723374049462,
    7594482057636873596,
    4181415414311972219,
    12442185811001425648,
    16236870407269833610,
]


def tfidf_encoder(titles: list[str]) -> HashedTfidfEncoder:
    return HashedTfidfEncoder.of(hashed_idf([fold(title) for title in titles]))


def test_a_part_number_folds_to_the_same_word_with_and_without_hyphen() -> None:
    assert fold("Sony WH-1000XM4") == fold("SONY wh1000xm4") == "sony wh1000xm4"


def test_ages_from_two_to_eight_stay_two_numbers() -> None:
    assert fold("Ages 2-8, Café 3.5") == "ages 2 8 cafe 3.5"


@pytest.mark.parametrize("title", [*TITLES, "É½ ﬁn 12\u00a0oz", "İstanbul ß", "don't 2-1/2'"])
def test_folding_twice_equals_folding_once(title: str) -> None:
    assert fold(fold(title)) == fold(title)


def test_tokens_hold_the_joined_form_and_the_parts_of_a_part_number() -> None:
    assert tokens("WH-1000XM4") == ["wh1000xm4", "wh", "1000xm4"]
    assert "wh1000xm4" in tokens("wh 1000xm4")
    assert "12oz" in tokens("12 oz")


def test_years_and_measures_are_no_part_numbers() -> None:
    assert [
        word for word in ("wh1000xm4", "1999", "64gb", "18inch", "100057600", "kettle") if is_model_number(word)
    ] == [
        "wh1000xm4",
        "100057600",
    ]


def test_the_frame_around_a_title_is_left_out_unless_nothing_else_is_there() -> None:
    assert title_part("does the harrow kettle have it") == "harrow kettle"
    assert title_part("what is it") == "what is it"
    assert quoted_part('is "The Old Man" long?') == "The Old Man"
    assert quoted_part('is the hose clamp, 1-1/16" - 2" (Pack of 10), made of steel or "old brass"?') == "old brass"


def test_hashes_are_the_same_on_every_machine_and_in_every_version() -> None:
    assert word_hashes(["kettle", "wh1000xm4", "são"]).tolist() == GOLDEN_WORDS
    assert trigram_hashes(["kettle"])[0].tolist() == GOLDEN_TRIGRAMS


def test_vectors_do_not_depend_on_the_process() -> None:
    code = (
        "from index.titles.encoder import *; from index.text import fold;"
        f"t={TITLES!r}; e=HashedTfidfEncoder.of(hashed_idf([fold(x) for x in t])); print(e.encode(t).tobytes().hex())"
    )
    others = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert others == [tfidf_encoder(TITLES).encode(TITLES).tobytes().hex()] * 2


def test_vectors_are_unit_rows_and_equal_the_plain_sum() -> None:
    encoder = tfidf_encoder(TITLES)
    vectors = encoder.encode(TITLES)
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, encoder.dims)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    for title, vector in zip(TITLES, vectors, strict=True):
        ids, _ = hashed([fold(title)], len(encoder.idf))
        plain = sum(encoder.idf[place] * encoder.table[place].astype(np.float64) for place in ids)
        assert np.allclose(vector, plain / np.linalg.norm(plain), atol=1e-5)


def test_a_typo_stays_nearer_than_another_product() -> None:
    encoder = tfidf_encoder(TITLES)
    near = encoder.encode(["sonny wh1000xm4 headfones"]) @ encoder.encode(TITLES).T
    assert near[0].argmax() == 0
    assert near[0, 0] > 2 * near[0, 1:].max()


def test_texts_without_a_word_give_zero_rows() -> None:
    vectors = tfidf_encoder(TITLES).encode(["", "😀", "\ud800", "\x00", "kettle"])
    assert (np.linalg.norm(vectors, axis=1) > 0).tolist() == [False, False, False, False, True]


def test_directions_are_those_that_indexes_on_disk_were_made_with() -> None:
    table = HashedTfidfEncoder.of(np.ones(1 << 12, dtype=np.float32)).table
    assert hashlib.sha256(table.tobytes()).hexdigest().startswith("7c16e1ec5f8ceade")


def test_ten_thousand_titles_take_seconds() -> None:
    titles = [
        f"Brand{number % 97} Steel Kettle KX-{number} 1.7 L with Limescale Filter, Red" for number in range(10_000)
    ]
    encoder = tfidf_encoder(titles)
    start_s = time.perf_counter()
    encoder.encode(titles)
    assert time.perf_counter() - start_s < 10  # 2 s on an idle core


def test_a_sentence_transformers_model_is_loaded_by_path(tmp_path: Path) -> None:
    encoder = SentenceEncoder.open(str(tiny.build(tmp_path / "model", TITLES)))
    vectors = encoder.encode(["Harrow Kettle", "a \ud800 broken sign"])
    assert vectors.shape == (2, encoder.dims)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_an_encoder_that_cannot_be_loaded_is_one_line_for_a_person(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be loaded") as caught:
        SentenceEncoder.open(str(tmp_path / "nothing"))
    assert "\n" not in str(caught.value)
