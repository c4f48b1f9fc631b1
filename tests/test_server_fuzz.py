"""The HTTP door against requests that nobody thought of: schemathesis makes them from the server's OpenAPI document."""

import pytest
import schemathesis
import small_shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import negative_data_rejection, positive_data_acceptance

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from assistant.open import Live
from index.live import LiveIndex
from ui.api.access import Access
from ui.api.server import app_of
from ui.api.workers import Limits

pytestmark = pytest.mark.slow

# Numbers may come as strings, and a question that fits its schema may be blank: neither is a fault.
LEFT_OUT = [negative_data_rejection, positive_data_acceptance]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
KEY, WRITE_KEY = ({"Authorization": f"Bearer {key}"} for key in "kw")
EXAMPLES = 60  # of each operation in each mode


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> schemathesis.BaseSchema:
    """The server as its OpenAPI document tells it, in this process, with a shop of its own to change."""
    home = tmp_path_factory.mktemp("fuzzed")
    small_shop.build(home)
    live = LiveIndex(home)
    assistant = Live(assistant_of(*live.now(), Scripted(lambda messages: "It weighs 1.3 kg. [1]")), live)
    return schemathesis.openapi.from_asgi(
        "/openapi.json", app_of(assistant, Limits(), Access("k", write_key="w"), live)
    )


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_whatever_is_asked_is_answered_as_documented(documented: schemathesis.BaseSchema, mode: GenerationMode) -> None:
    operations = [found.ok() for found in documented.get_all_operations()]
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.path_parameters):
            continue  # nothing is sent that could be wrong

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode), st.sampled_from(["", "K1", "E1"]))
        def ask(case: schemathesis.Case, uid: str) -> None:
            if uid and isinstance(case.body, dict):  # no generated question finds a product
                case.body["titlewise"] = {"product": uid, "live": len(case.body) % 2 == 1}
            key = WRITE_KEY if case.operation.method in ("put", "delete") else KEY
            case.call_and_validate(headers=key, excluded_checks=LEFT_OUT)

        ask()
