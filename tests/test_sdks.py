"""Other people's libraries and this server; each test runs where its library is installed (docs/server.md says how)."""

import json
import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import running

from assistant.assistant import assistant_of
from assistant.backends.scripted import Scripted
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex
from ui.api.access import Access
from ui.api.server import app_of
from ui.api.workers import Limits

NODE_MODULES = os.environ.get("TITLEWISE_NODE_MODULES", "")  # a folder in which npm has installed them
RED = "how heavy is the red Harrow electric kettle 1.7 L?"
WHICH = "how heavy is the Harrow electric kettle?"
WHOLE = 'It weighs 1.3 kg. [1]\n\n[1] "Weighs 1.3 kg empty." – Harrow Electric Kettle 1.7 L, Red (K1)'
SCRIPT = """
import {{ generateText, streamText }} from "ai";
import {{ createOpenAICompatible }} from "@ai-sdk/openai-compatible";
import {{ createOpenAI }} from "@ai-sdk/openai";

const settings = {{ name: "titlewise", baseURL: "{address}", apiKey: "k" }};
const compatible = createOpenAICompatible(settings), openai = createOpenAI(settings);
const messages = [
  {{ role: "user", content: "{which}" }},
  {{ role: "assistant", content: "Which?" }},
  {{ role: "user", content: "the red one" }},
];
const models = [
  compatible("titlewise"), compatible.completionModel("titlewise"),
  openai("titlewise"), openai.chat("titlewise"), openai.completion("titlewise"),
];
for (const model of models) {{
  console.log(JSON.stringify((await generateText({{ model, messages }})).text));
  console.log(JSON.stringify(await streamText({{ model, messages }}).text));
}}
"""


@pytest.fixture(scope="module")
def address(shop: tuple[Catalogue, TitleIndex]) -> Iterator[str]:
    backend = Scripted(lambda _: "It weighs 1.3 kg. [1]")
    with running(app_of(assistant_of(*shop, backend), Limits(), Access("k"))) as address:
        yield f"{address}/v1"


@pytest.mark.parametrize("form", ["chat", "responses", "completions"])
def test_langchain_asks_and_streams(address: str, form: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        langchain = pytest.importorskip("langchain_openai")
        messages = pytest.importorskip("langchain_core.messages")
    settings = {"base_url": address, "api_key": "k", "model": "titlewise"}
    if form == "completions":
        model = langchain.OpenAI(**settings)
    else:
        model = langchain.ChatOpenAI(**settings, use_responses_api=form == "responses")
    talk = [messages.HumanMessage(WHICH), messages.AIMessage("Which?"), messages.HumanMessage("the red one")]
    for asked in (RED, talk):
        assert text_of(model.invoke(asked)) == WHOLE
        assert "".join(map(text_of, model.stream(asked))) == WHOLE


def text_of(message: object) -> str:
    return message if isinstance(message, str) else str(message.text)  # type: ignore[attr-defined]


@pytest.mark.parametrize("is_chat", [True, False])
def test_llama_index_asks_and_streams(address: str, is_chat: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        like = pytest.importorskip("llama_index.llms.openai_like")
        llms = pytest.importorskip("llama_index.core.llms")
    model = like.OpenAILike(
        model="titlewise", api_base=address, api_key="k", is_chat_model=is_chat, context_window=4096
    )
    turns = [("system", "Be kind."), ("user", WHICH), ("assistant", "Which?"), ("user", "the red one")]
    talk = [llms.ChatMessage(role=role, content=text) for role, text in turns]
    assert model.complete(RED).text == model.chat(talk).message.content == WHOLE
    assert "".join(part.delta or "" for part in model.stream_complete(RED)) == WHOLE
    assert "".join(part.delta or "" for part in model.stream_chat(talk)) == WHOLE


@pytest.mark.skipif(not NODE_MODULES or not shutil.which("node"), reason="TITLEWISE_NODE_MODULES names no folder")
def test_vercels_ai_sdk_asks_and_streams(address: str) -> None:
    script = SCRIPT.format(address=address, which=WHICH)
    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(command, cwd=Path(NODE_MODULES).parent, capture_output=True, encoding="utf-8", check=True)
    texts = [json.loads(line) for line in done.stdout.splitlines()]
    assert texts == [WHOLE] * 10
