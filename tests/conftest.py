"""Fixtures shared by the test modules."""

from pathlib import Path

import pytest
import small_shop
import tiny_llama as tiny

from assistant.models import EMBEDDED, fetch
from index.products import Catalogue
from index.resolver import TitleIndex


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """The embedded GGUF, fetched once into the user's own models folder; later runs need no network."""
    return fetch(EMBEDDED)


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with random weights in a transformers folder."""
    return tiny.build(tmp_path_factory.mktemp("tiny") / "tiny-llama")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, TitleIndex]:
    """The small shop, prepared and indexed."""
    return small_shop.build(tmp_path_factory.mktemp("shop"))
