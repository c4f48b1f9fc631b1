"""Fixtures shared by the test modules."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import absl.logging
import postgresql
import pytest
import small_shop
import tiny_gguf as tiny_gguf_module
import tiny_llama as tiny
from browsing import CHROMIUM, CHROMIUM_OPTIONS
from playwright.sync_api import Browser, sync_playwright

from assistant.models.download import fetch
from assistant.models.named import EMBEDDED
from finetune.training.tokenization import tokenizer_of
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from index.sample import PATH as SAMPLE
from ui.cli import main

# A handler of absl's, which rouge-score brings, closes its stream when uvicorn sets up logging: not pytest's, please.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__
MODELS = frozenset({"embedded_model", "tiny_llama", "tiny_gguf"})  # fixtures


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever asks for a model or a browser; `slow` stands beside the tests themselves."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & MODELS:
            item.add_marker("model")
        if "browser" in fixtures:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """The embedded GGUF, fetched once into the user's own models folder; later runs need no network."""
    return fetch(EMBEDDED)


@pytest.fixture(scope="session")
def embedded_tokenizer(embedded_model: Path) -> Any:
    """The embedded model's tokenizer, which takes transformers seconds to read from the GGUF; not to be changed."""
    return tokenizer_of(embedded_model)


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with random weights in a transformers folder."""
    return tiny.build(tmp_path_factory.mktemp("tiny") / "tiny-llama")


@pytest.fixture(scope="session")
def tiny_gguf(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same Llama as a GGUF file."""
    return tiny_gguf_module.build(tiny_llama, tmp_path_factory.mktemp("gguf") / "tiny-llama.gguf")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, TitleIndex]:
    """The small shop, prepared and indexed."""
    return small_shop.build(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the commands themselves have prepared and indexed the sample catalogue; not to be changed."""
    home = tmp_path_factory.mktemp("sample") / "home"
    assert main(["--home", str(home), "prepare", str(SAMPLE)]) == 0
    assert main(["--home", str(home), "index"]) == 0
    return home


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium; where there is none its tests are skipped, saying so."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL; where there is none its tests are skipped, saying so."""
    if postgresql.INITDB is None:
        pytest.skip("no PostgreSQL on this machine (Debian: apt-get install postgresql)")
    with postgresql.running() as url:
        yield url


@pytest.fixture(scope="session")
def golden() -> Callable[[str, str], None]:
    """Compare a text with a golden file; `GOLDEN=write` in the environment writes the file instead."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if os.environ.get("GOLDEN") == "write":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
