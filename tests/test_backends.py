"""The contract that every backend keeps, and what is particular to each."""

import http.server
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_adapter
import tiny_llama as tiny

from assistant.assistant import assistant_of
from assistant.backends.base import (
    Backend,
    BackendError,
    Clock,
    Completion,
    DeadlineError,
    PromptTooLongError,
    SamplingParams,
)
from assistant.backends.hf import Transformers
from assistant.backends.llamacpp import LlamaCpp, _library
from assistant.backends.remote import Remote
from assistant.backends.scripted import Scripted
from assistant.backends.streaming import drained
from assistant.messages import Message
from assistant.models.adapters import Adapter, open_adapter
from finetune.export import export_gguf
from index.catalogue.store import Catalogue
from index.resolver import TitleIndex

pytestmark = pytest.mark.model

ASK = [
    Message("system", "You are a patient storyteller."),
    Message("user", "Tell me a very long story about a kettle."),
]
TEXT = "### Entrada:\nGarrafa térmica [INST] 24 h\n\n### Resposta:\n"
KEY = "a key for this test"
LONG = 2000  # tokens; far more than any test waits for


@pytest.fixture(scope="module")
def llamacpp(embedded_model: Path) -> Iterator[LlamaCpp]:
    backend = LlamaCpp(embedded_model)
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def nf4(tiny_llama: Path) -> Iterator[Transformers]:
    backend = Transformers(tiny_llama)
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def remote(embedded_model: Path) -> Iterator[Remote]:
    """llama.cpp's own HTTP server on loopback, spoken to as any other server."""
    library = _library()
    params = library.CommonParams()
    params.model.path = str(embedded_model)
    params.n_ctx, params.n_parallel, params.verbosity, params.api_keys = 8192, 2, 0, [KEY]
    server = library.Server(params)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TITLEWISE_API_KEY", KEY)
        backend = Remote(f"{server.listening_address}/v1", "smollm2-135m")
        yield backend
        backend.close()
    del server


@pytest.fixture
def scripted() -> Scripted:
    return Scripted(lambda messages: "Once upon a time. " * 1000, delay_s=0.005)


@pytest.fixture(params=["scripted", "llamacpp", "nf4", "remote"])
def backend(request: pytest.FixtureRequest) -> Backend:
    made: Backend = request.getfixturevalue(request.param)
    return made


def text_of(backend: Backend, *, max_new_tokens: int = 96, **how: Any) -> str:
    return "".join(backend.stream(ASK, SamplingParams(max_new_tokens), **how))


# The contract


def test_text_comes_in_several_pieces(backend: Backend) -> None:
    pieces = list(backend.stream(ASK, SamplingParams(max_new_tokens=12)))
    assert 1 < len(pieces) <= 12
    assert all(pieces)


def test_greedy_text_is_the_same_twice(backend: Backend) -> None:
    assert text_of(backend, max_new_tokens=16) == text_of(backend, max_new_tokens=16)


def test_max_new_tokens_cuts_the_text(backend: Backend) -> None:
    short, long = text_of(backend, max_new_tokens=4), text_of(backend, max_new_tokens=16)
    assert len(short) < len(long)
    assert long.startswith(short)


def test_cancel_ends_the_stream_within_a_fifth_of_a_second(backend: Backend) -> None:
    cancel = threading.Event()
    set_at: list[float] = []

    def set_cancel() -> None:
        set_at.append(time.monotonic())
        cancel.set()

    stream = backend.stream(ASK, SamplingParams(LONG), cancel=cancel)
    next(stream)
    timer = threading.Timer(0.1, set_cancel)
    timer.start()
    for _ in stream:
        pass
    ended_at = time.monotonic()
    timer.join()
    assert set_at, "the text ended by itself"
    assert ended_at - set_at[0] < 0.2


def test_the_assistant_gives_the_same_kind_of_reply_through_every_backend(
    backend: Backend, shop: tuple[Catalogue, TitleIndex]
) -> None:
    assistant = assistant_of(*shop, backend)
    answer = assistant.ask("how heavy is the red Harrow electric kettle 1.7 L?")
    assert len(list(answer)) > 1
    assert answer.reply.kind == "answer"
    assert [quote.text for quote in answer.reply.quotes] == ["Weighs 1.3 kg empty."]
    assert assistant.ask("does it have bluetooth?", state=answer.state).reply.kind == "not_stated"


def test_cancel_before_the_first_piece_gives_no_text(backend: Backend) -> None:
    cancel = threading.Event()
    cancel.set()
    assert list(backend.stream(ASK, SamplingParams(LONG), cancel=cancel)) == []


def test_deadline_raises(backend: Backend) -> None:
    start_s = time.monotonic()
    with pytest.raises(DeadlineError, match=r"within 0\.1 s"):
        text_of(backend, max_new_tokens=LONG, deadline_s=0.1)
    assert time.monotonic() - start_s < 0.4


def test_deadline_counts_from_the_call(backend: Backend) -> None:
    stream = backend.stream(ASK, SamplingParams(max_new_tokens=LONG), deadline_s=0.05)
    time.sleep(0.1)
    with pytest.raises(DeadlineError):
        next(stream)


def test_closing_a_stream_frees_its_place_for_the_next(backend: Backend) -> None:
    for _ in range(3):  # more than any backend here works on at once
        stream = backend.stream(ASK, SamplingParams(max_new_tokens=LONG))
        next(stream)
        stream.close()
    start_s = time.monotonic()
    next(backend.stream(ASK, SamplingParams(max_new_tokens=4)))
    assert time.monotonic() - start_s < 3


def test_two_threads_at_once_get_their_own_texts(backend: Backend) -> None:
    alone = text_of(backend, max_new_tokens=12)
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(text_of(backend, max_new_tokens=12, deadline_s=30)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Sums in another order may tip a later near-tie between two tokens; the first words are firm.
    assert len(texts) == 2
    assert all(text.split()[:3] == alone.split()[:3] for text in texts)


def test_tokens_are_counted_and_a_longer_text_has_more(backend: Backend) -> None:
    assert 0 < backend.count_tokens("The kettle") < backend.count_tokens("The kettle holds 1.7 litres of water.")


def test_a_backend_has_a_name(backend: Backend) -> None:
    assert backend.name


# Sampling


@pytest.mark.parametrize("which", ["llamacpp", "nf4"])
def test_the_seed_decides_a_sampled_text(which: str, request: pytest.FixtureRequest) -> None:
    backend = request.getfixturevalue(which)

    def text(seed: int) -> str:
        return "".join(backend.stream(ASK, SamplingParams(16, temperature=1.0, seed=seed)))

    assert text(1) == text(1)
    assert text(1) != text(2)


# llama.cpp


def test_llamacpp_and_transformers_read_the_same_tokens(llamacpp: LlamaCpp, embedded_tokenizer: Any) -> None:
    from assistant.backends.hf_loading import prompt_ids

    conversation = [
        Message("system", "Answer from the passages.\n[1] It weighs 1,2 kg – “light”.\n[2] 日本語 and émigré."),
        Message("user", "How heavy is it?"),
        Message("assistant", "It weighs 1,2 kg. [1]"),
        Message("user", "  And the colour?  "),
    ]
    for messages in (conversation, conversation[1:], conversation[-1:]):
        assert llamacpp.prompt_ids(messages) == prompt_ids(embedded_tokenizer, messages)
    assert llamacpp.prompt_ids(TEXT) == prompt_ids(embedded_tokenizer, TEXT)
    assert embedded_tokenizer.decode(llamacpp.prompt_ids(TEXT)) == TEXT, "this model asks for no BOS"


def test_llamacpp_can_be_cancelled_while_it_reads_the_prompt(llamacpp: LlamaCpp) -> None:
    cancel = threading.Event()
    long_prompt = [Message("user", "Sort these: " + " ".join(str(number) for number in range(700)))]
    threading.Timer(0.1, cancel.set).start()
    start_s = time.monotonic()
    assert list(llamacpp.stream(long_prompt, SamplingParams(LONG), cancel=cancel)) == []
    assert time.monotonic() - start_s < 0.3
    start_s = time.monotonic()
    text_of(llamacpp, max_new_tokens=2)
    assert time.monotonic() - start_s < 3


def test_llamacpp_refuses_a_prompt_longer_than_its_context(llamacpp: LlamaCpp) -> None:
    with pytest.raises(PromptTooLongError, match=r"the prompt has \d+ tokens; expected at most 4096"):
        list(llamacpp.stream([Message("user", "word " * 5000)], SamplingParams()))


@pytest.mark.parametrize("damage", ["cut", "header", "no gguf", "absent"])
def test_llamacpp_says_in_one_line_that_a_file_is_damaged(damage: str, embedded_model: Path, tmp_path: Path) -> None:
    head = embedded_model.read_bytes()[:5_000_000]
    contents = {"cut": head, "header": head[:8] + b"\xff" * 8 + head[16:], "no gguf": b"<html>"}
    path = tmp_path / "model.gguf"
    if damage in contents:
        path.write_bytes(contents[damage])
    with pytest.raises(BackendError) as caught:
        LlamaCpp(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_llamacpp_prints_nothing(embedded_model: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    backend = LlamaCpp(embedded_model, context_tokens=512, slots=1)
    text_of(backend, max_new_tokens=4)
    with pytest.raises(PromptTooLongError):
        list(backend.stream([Message("user", "word " * 1000)], SamplingParams()))
    backend.close()
    broken = tmp_path / "model.gguf"
    broken.write_bytes(b"GGUF" + b"\x00" * 100)
    with pytest.raises(BackendError):
        LlamaCpp(broken)
    assert capfd.readouterr() == ("", "")


def test_llamacpp_lets_nobody_else_use_its_loopback_door(llamacpp: LlamaCpp) -> None:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(f"{llamacpp._engines.first.listening_address}/v1/chat/completions", data=b"{}")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    assert caught.value.code == 401
    caught.value.close()


def test_llamacpp_leaves_the_environment_as_it_was(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    LlamaCpp(tiny_gguf).close()
    assert "OMP_WAIT_POLICY" not in os.environ


def test_closing_llamacpp_ends_what_is_under_way(embedded_model: Path) -> None:
    backend = LlamaCpp(embedded_model)
    stream = backend.stream(ASK, SamplingParams(max_new_tokens=LONG))
    next(stream)
    start_s = time.monotonic()
    backend.close()
    assert time.monotonic() - start_s < 2
    with pytest.raises(RuntimeError, match="closed"):
        text_of(backend)


def test_llamacpp_can_be_closed_at_once_again_and_again(tiny_gguf: Path) -> None:
    # In a process of its own: one that hangs here can only be killed. The smallest model is closed the soonest.
    code = (
        "import sys, pathlib\nfrom assistant.backends.llamacpp import LlamaCpp\n"
        "for _ in range(20):\n    LlamaCpp(pathlib.Path(sys.argv[1])).close()\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tiny_gguf)], check=True, timeout=120)


# Adapters


@pytest.fixture(scope="module")
def adapters(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Adapter]:
    """Two adapters of the tiny Llama, in both forms; a point in a name is nothing special."""
    home = tmp_path_factory.mktemp("adapters")
    made = []
    for seed, name in enumerate(("v1.0", "second"), 1):
        small_adapter.build(home / "adapters" / name, tiny_llama, seed=seed)
        made.append(export_gguf(open_adapter(name, home, tiny_llama), tiny_llama))
    return made


@pytest.fixture(scope="module", params=["llamacpp", "transformers"])
def tuned(
    request: pytest.FixtureRequest, tiny_llama: Path, tiny_gguf: Path, adapters: list[Adapter]
) -> Iterator[LlamaCpp | Transformers]:
    backend: LlamaCpp | Transformers
    if request.param == "llamacpp":
        backend = LlamaCpp(tiny_gguf, adapters)
    else:
        backend = Transformers(tiny_llama, adapters, precision="fp32")
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def untuned(tiny_llama: Path) -> Iterator[Transformers]:
    backend = Transformers(tiny_llama, precision="fp32")
    yield backend
    backend.close()


def whole(text: str) -> str:
    """Leave out what only one engine shows: half a character at the end, a space at the beginning."""
    return text.lstrip().rstrip("\ufffd")


def test_each_text_chooses_its_adapter_or_the_base_model(
    tuned: LlamaCpp | Transformers, untuned: Transformers, tiny_llama: Path, adapters: list[Adapter]
) -> None:
    merged = {}
    for adapter in adapters:
        alone = Transformers(tiny_llama, [adapter], precision="fp32")
        merged[adapter.name] = text_of(alone, max_new_tokens=8, adapter=adapter.name)
        alone.close()
    base = text_of(untuned, max_new_tokens=8)
    assert len({base, *merged.values()}) == 3
    for name, expected in [("v1.0", merged["v1.0"]), ("", base), ("second", merged["second"]), ("", base)] * 2:
        assert whole(text_of(tuned, max_new_tokens=8, adapter=name)) == whole(expected), name


def test_two_adapters_answer_at_once(tuned: LlamaCpp | Transformers) -> None:
    names = ["v1.0", "second", ""] * 2
    alone = {name: text_of(tuned, max_new_tokens=8, adapter=name) for name in names}
    with ThreadPoolExecutor(len(names)) as pool:
        texts = list(pool.map(lambda name: text_of(tuned, max_new_tokens=8, adapter=name), names))
    assert texts == [alone[name] for name in names]


def test_the_loaded_adapters_are_told_in_their_order(
    tuned: LlamaCpp | Transformers, backend: Backend, adapters: list[Adapter]
) -> None:
    assert list(tuned.adapters) == adapters
    assert list(backend.adapters) == []


def test_an_adapter_that_is_not_loaded_is_refused(tuned: LlamaCpp | Transformers, backend: Backend) -> None:
    with pytest.raises(BackendError, match=r"no adapter third is loaded; expected v1\.0, second, or the base model"):
        text_of(tuned, adapter="third")
    with pytest.raises(BackendError, match="no adapter third is loaded"):
        text_of(backend, adapter="third")


def test_two_adapters_of_one_name_are_refused(tiny_llama: Path, tiny_gguf: Path, adapters: list[Adapter]) -> None:
    for load in (
        lambda: LlamaCpp(tiny_gguf, adapters[:1] * 2),
        lambda: Transformers(tiny_llama, adapters[:1] * 2),
        lambda: Remote("http://127.0.0.1:1/v1", "m", adapters[:1] * 2),
    ):
        with pytest.raises(BackendError, match=r"two adapters are named v1\.0"):
            load()


def test_an_adapter_in_the_other_engine_s_form_is_refused(
    tiny_llama: Path, tiny_gguf: Path, adapters: list[Adapter], tmp_path: Path
) -> None:
    with pytest.raises(BackendError, match=r"not yet in llama\.cpp's form.*titlewise export v1\.0"):
        LlamaCpp(tiny_gguf, [replace(adapters[0], gguf=None)])
    with pytest.raises(BackendError, match=r"has no adapter_model\.safetensors"):
        Transformers(tiny_llama, [replace(adapters[0], folder=tmp_path)], precision="fp32")


def test_a_damaged_adapter_is_refused_in_one_line(
    tiny_llama: Path, tiny_gguf: Path, adapters: list[Adapter], tmp_path: Path
) -> None:
    assert adapters[0].gguf is not None
    (tmp_path / "adapter.gguf").write_bytes(adapters[0].gguf.read_bytes()[:500])
    with pytest.raises(BackendError, match=r"could not load .* with the adapter v1\.0"):
        LlamaCpp(tiny_gguf, [replace(adapters[0], gguf=tmp_path / "adapter.gguf")])
    files = ("adapter_config.json", "adapter_model.safetensors")
    for name in files:
        (tmp_path / name).write_bytes((adapters[0].folder / name).read_bytes())
    for name in files:
        (tmp_path / name).write_bytes((adapters[0].folder / name).read_bytes()[:-10])
        with pytest.raises(BackendError, match="could not be loaded") as caught:
            Transformers(tiny_llama, [replace(adapters[0], folder=tmp_path)], precision="fp32")
        assert "\n" not in str(caught.value)
        (tmp_path / name).write_bytes((adapters[0].folder / name).read_bytes())


def end_of(backend: Backend, **how: Any) -> Completion:
    return drained(backend.stream(ASK, **how))


def test_a_stream_returns_why_it_ended(backend: Backend) -> None:
    cut, cancel = end_of(backend, params=SamplingParams(max_new_tokens=4)), threading.Event()
    assert (cut.finish_reason, cut.completion_tokens) == ("length", 4)
    assert cut.prompt_tokens > 4
    cancel.set()
    assert end_of(backend, params=SamplingParams(LONG), cancel=cancel).finish_reason == "cancelled"


def assert_it_stops(backend: LlamaCpp | Transformers) -> None:
    prompt = [Message("user", "What is the capital of France? Answer in one word.")]
    end = drained(backend.stream(prompt, SamplingParams(max_new_tokens=40)))
    assert end.finish_reason == "stop"
    assert 1 < end.completion_tokens < 40
    assert end.prompt_tokens == len(backend.prompt_ids(prompt))


def test_a_text_that_ends_by_itself_stopped(llamacpp: LlamaCpp) -> None:
    assert_it_stops(llamacpp)


# Prompts that are texts


def test_a_text_is_continued_as_it_stands(backend: Backend) -> None:
    pieces = list(backend.stream(TEXT, SamplingParams(max_new_tokens=12)))
    assert 1 < len(pieces) <= 12
    assert "".join(pieces) != text_of(backend, max_new_tokens=12) or isinstance(backend, Scripted)


def test_a_text_s_tokens_are_its_own_after_one_bos(nf4: Transformers, tiny_gguf: Path) -> None:
    backend = LlamaCpp(tiny_gguf)
    for text in (TEXT, "<|begin_of_text|>" + TEXT):
        ids = backend.prompt_ids(text)
        assert ids == nf4.prompt_ids(text)
        assert (ids[0], ids.count(0)) == (0, 1)
        assert nf4._tokenizer.decode(ids[1:]) == TEXT
    backend.close()


def test_llamacpp_and_transformers_continue_a_text_alike(untuned: Transformers, tiny_gguf: Path) -> None:
    backend = LlamaCpp(tiny_gguf)
    params = SamplingParams(max_new_tokens=8)
    assert whole("".join(backend.stream(TEXT, params))) == whole("".join(untuned.stream(TEXT, params)))
    with pytest.raises(PromptTooLongError, match="at most 4096"):
        list(backend.stream("word " * 5000, params))
    backend.close()


# First tokens


@pytest.mark.parametrize("which", ["llamacpp", "nf4", "remote"])
def test_the_likeliest_first_token_is_what_is_written(which: str, request: pytest.FixtureRequest) -> None:
    backend: Backend = request.getfixturevalue(which)
    logprobs = backend.first_token_logprobs(ASK)
    assert next(iter(logprobs)) == max(logprobs, key=lambda token: logprobs[token])
    assert next(iter(logprobs)).strip() == text_of(backend, max_new_tokens=1).strip()
    assert 15 <= len(logprobs) <= 20  # two tokens may be the same half of a character
    assert max(logprobs.values()) <= 0
    assert 0.1 < sum(math.exp(logprob) for logprob in logprobs.values()) <= 1.001


@pytest.mark.parametrize("which", ["llamacpp", "nf4", "remote"])
def test_first_tokens_end_when_cancelled_and_at_the_deadline(which: str, request: pytest.FixtureRequest) -> None:
    backend: Backend = request.getfixturevalue(which)
    cancel = threading.Event()
    cancel.set()
    assert backend.first_token_logprobs(ASK, cancel=cancel) == {}
    with pytest.raises(DeadlineError):
        backend.first_token_logprobs(ASK, deadline_s=1e-6)


def test_llamacpp_and_transformers_weigh_first_tokens_alike(untuned: Transformers, tiny_gguf: Path) -> None:
    backend = LlamaCpp(tiny_gguf)
    served, computed = (each.first_token_logprobs(ASK) for each in (backend, untuned))
    backend.close()
    shared = served.keys() & computed.keys()
    assert len(shared) >= 10
    assert all(served[token] == pytest.approx(computed[token], abs=0.02) for token in shared)


def test_the_adapter_weighs_first_tokens_otherwise_than_its_base(
    tuned: LlamaCpp | Transformers, adapters: list[Adapter]
) -> None:
    base, first, again = (tuned.first_token_logprobs(ASK, adapter=name) for name in ("", adapters[0].name, ""))
    # llama.cpp reads a prompt that it holds already in other pieces than a new one: that rounds otherwise (by .007).
    assert again == pytest.approx(base, abs=0.05)
    assert first != pytest.approx(base, abs=0.5)


@pytest.mark.parametrize("which", ["llamacpp", "nf4"])
def test_a_text_begins_with_its_prefill_and_goes_on_from_there(which: str, request: pytest.FixtureRequest) -> None:
    backend: Backend = request.getfixturevalue(which)
    pieces = list(backend.stream(ASK, SamplingParams(max_new_tokens=8), prefill="No. The red"))
    assert pieces[0] == "No. The red"
    assert 2 <= len(pieces) <= 9
    assert "".join(pieces[1:]) != text_of(backend, max_new_tokens=8)


def test_a_prefill_that_would_have_come_anyway_changes_nothing(llamacpp: LlamaCpp) -> None:
    whole_text = text_of(llamacpp, max_new_tokens=12)
    first = next(iter(llamacpp.stream(ASK, SamplingParams(max_new_tokens=12))))
    assert whole_text.startswith(text_of(llamacpp, max_new_tokens=8, prefill=first))


def test_a_server_s_text_begins_as_the_model_likes(remote: Remote) -> None:
    assert text_of(remote, max_new_tokens=8, prefill="No. The red") == text_of(remote, max_new_tokens=8)


# transformers


def test_transformers_loads_nf4_with_double_quantization(tiny_llama: Path) -> None:
    import bitsandbytes
    import torch

    # A fresh one: on a CPU the first text repacks the weights, and the constants with them.
    layer = Transformers(tiny_llama)._model.model.layers[0].self_attn.q_proj
    assert isinstance(layer, bitsandbytes.nn.Linear4bit)
    assert layer.weight.quant_state.quant_type == "nf4"
    assert layer.weight.quant_state.nested
    assert layer.compute_dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("device", "capability", "expected"),
    [
        ("cpu", None, "bfloat16"),
        ("cuda:0", (7, 5), "float16"),
        ("cuda:0", (8, 0), "bfloat16"),
        ("cuda", (12, 0), "bfloat16"),
    ],
)
def test_a_gpu_without_bf16_computes_in_fp16(
    device: str, capability: tuple[int, int] | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from assistant.backends.hf_loading import half_dtype

    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert half_dtype(device) == getattr(torch, expected)


@pytest.mark.parametrize("precision", ["int8", "bf16", "fp32"])
def test_transformers_generates_in_every_precision(precision: Any, tiny_llama: Path) -> None:
    backend = Transformers(tiny_llama, precision=precision)
    assert text_of(backend, max_new_tokens=4)
    backend.close()


def test_transformers_prompts_begin_with_one_bos(nf4: Transformers) -> None:
    ids = nf4.prompt_ids(ASK)
    assert ids[0] == 0
    assert ids.count(0) == 1


def test_transformers_adds_the_bos_that_a_template_leaves_out(tiny_llama: Path) -> None:
    from transformers import AutoTokenizer

    from assistant.backends.hf_loading import prompt_ids

    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    whole = prompt_ids(tokenizer, ASK)
    tokenizer.chat_template = tiny.TEMPLATE.replace("{{ bos_token }}", "")
    assert prompt_ids(tokenizer, ASK) == whole


def test_transformers_prompts_do_not_change_by_the_day(tiny_llama: Path) -> None:
    from transformers import AutoTokenizer

    from assistant.backends.hf_loading import prompt_ids

    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    tokenizer.chat_template = "{{ date_string if date_string is defined else strftime_now('%d %b %Y') }}"
    assert tokenizer.decode(prompt_ids(tokenizer, ASK), skip_special_tokens=True) == "26 Jul 2024"


def test_transformers_refuses_a_model_without_chat_template(tmp_path: Path) -> None:
    folder = tiny.build(tmp_path / "base-model")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(BackendError, match="has no chat template"):
        Transformers(folder)


def test_transformers_refuses_a_prompt_longer_than_its_context(nf4: Transformers) -> None:
    with pytest.raises(PromptTooLongError, match="fewer than 4096"):
        list(nf4.stream([Message("user", "word " * 5000)], SamplingParams()))


def test_transformers_refuses_a_damaged_folder_in_one_line(tmp_path: Path) -> None:
    folder = tiny.build(tmp_path / "model")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BackendError) as caught:
        Transformers(folder, precision="fp32")
    assert "\n" not in str(caught.value)


def test_transformers_streams_whole_characters(tiny_llama: Path) -> None:
    import torch
    from transformers import AutoTokenizer

    from assistant.backends.hf import _Streamer
    from assistant.backends.streaming import Outlet

    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    said = "térmica 水 – ok"
    outlet = Outlet(threading.Event())
    streamer = _Streamer(tokenizer, outlet)
    streamer.put(torch.tensor([[0]]))
    for token in tokenizer.encode(said, add_special_tokens=False):
        streamer.put(torch.tensor([token]))
    outlet.end()
    pieces = list(outlet.read(Clock(5)))
    assert "".join(pieces) == said
    assert not any("�" in piece for piece in pieces)


def test_transformers_runs_the_embedded_gguf_and_its_texts_stop(
    embedded_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BackendError, match="quantized already"):
        Transformers(embedded_model, precision="nf4")
    backend = Transformers(embedded_model)
    text = "".join(
        backend.stream([Message("user", "What is the capital of France?")], SamplingParams(max_new_tokens=12))
    )
    assert_it_stops(backend)
    backend.close()
    assert "Paris" in text
    assert capfd.readouterr().err == ""


# Remote servers that misbehave

Behaviour = Callable[[http.server.BaseHTTPRequestHandler, int], None]


@pytest.fixture
def misbehaving() -> Iterator[Callable[[Behaviour], str]]:
    """Starts a real server on loopback that answers each request by a function; gives its address."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(behave: Behaviour) -> str:
        asked: list[None] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.body = self.rfile.read(int(self.headers["Content-Length"]))
                asked.append(None)
                behave(self, len(asked))

            def log_message(self, *_: Any) -> None: ...

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def say(handler: http.server.BaseHTTPRequestHandler, *pieces: str, end: bool = True) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    for piece in pieces:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        chunk["choices"] = [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]  # type: ignore[assignment]
        handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        handler.wfile.flush()
    if end:
        chunk["choices"] = [{"index": 0, "delta": {}, "finish_reason": "stop"}]  # type: ignore[assignment]
        handler.wfile.write(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())


def fail(handler: http.server.BaseHTTPRequestHandler, status: int, message: str) -> None:
    body = json.dumps({"error": {"message": message}}).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def ask(address: str, **options: Any) -> str:
    backend = Remote(address, "m", **options)
    try:
        return text_of(backend, deadline_s=10)
    finally:
        backend.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_remote_tries_again_until_the_server_recovers(status: int, misbehaving: Callable[[Behaviour], str]) -> None:
    numbers: list[int] = []

    def behave(handler: http.server.BaseHTTPRequestHandler, number: int) -> None:
        numbers.append(number)
        if number <= 2:
            fail(handler, status, "busy")
        else:
            say(handler, "Here", " I am.")

    start_s = time.monotonic()
    assert ask(misbehaving(behave)) == "Here I am."
    assert numbers == [1, 2, 3]
    assert time.monotonic() - start_s > 1  # it paused, and longer the second time


def test_remote_gives_up_after_its_retries(misbehaving: Callable[[Behaviour], str]) -> None:
    address = misbehaving(lambda handler, number: fail(handler, 500, f"failure {number}"))
    with pytest.raises(BackendError, match="failure 2"):
        ask(address, retries=1)


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (401, "bad key", "refused the key .* export TITLEWISE_API_KEY"),
        (404, "no such model", "knows no model m"),
        (400, "maximum context length is 10", "refused the prompt"),
        (422, "no", "could not answer"),
    ],
)
def test_remote_explains_a_refusal_in_one_line(
    status: int, message: str, expected: str, misbehaving: Callable[[Behaviour], str]
) -> None:
    with pytest.raises(BackendError, match=expected) as caught:
        ask(misbehaving(lambda handler, _: fail(handler, status, message)))
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, PromptTooLongError) == (status == 400)


def test_remote_explains_a_refused_connection() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        port = server.server_port
    with pytest.raises(BackendError, match=r"no whole answer from .* start the server"):
        ask(f"http://127.0.0.1:{port}/v1", retries=0)


def test_remote_notices_a_text_that_breaks_off(misbehaving: Callable[[Behaviour], str]) -> None:
    backend = Remote(misbehaving(lambda handler, _: say(handler, "Half a", " sent", end=False)), "m")
    stream = backend.stream(ASK, SamplingParams())
    assert next(stream) == "Half a"
    assert next(stream) == " sent"
    with pytest.raises(BackendError, match="broke off"):
        next(stream)
    backend.close()


def test_remote_refuses_what_is_no_json(misbehaving: Callable[[Behaviour], str]) -> None:
    def behave(handler: http.server.BaseHTTPRequestHandler, _: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(b"data: {half\n\n")

    with pytest.raises(BackendError, match="cannot be read"):
        ask(misbehaving(behave))


@pytest.mark.parametrize("phase", ["before the answer", "within the text"])
def test_remote_cancels_while_the_server_is_silent(phase: str, misbehaving: Callable[[Behaviour], str]) -> None:
    closed, release = threading.Event(), threading.Event()

    def behave(handler: http.server.BaseHTTPRequestHandler, _: int) -> None:
        if phase == "within the text":
            say(handler, "One", end=False)
        handler.connection.settimeout(5)
        if handler.connection.recv(1) == b"":  # the client hung up
            closed.set()
        release.wait(5)

    backend = Remote(misbehaving(behave), "m")
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    start_s = time.monotonic()
    pieces = list(backend.stream(ASK, SamplingParams(), cancel=cancel))
    assert time.monotonic() - start_s < 0.5
    assert pieces == (["One"] if phase == "within the text" else [])
    assert closed.wait(1), "the connection was left open"
    release.set()
    backend.close()


def test_remote_asks_for_an_adapter_by_its_name(
    misbehaving: Callable[[Behaviour], str], adapters: list[Adapter]
) -> None:
    asked: list[str] = []

    def behave(handler: http.server.BaseHTTPRequestHandler, _: int) -> None:
        asked.append(json.loads(handler.body)["model"])  # type: ignore[attr-defined]
        if asked[-1] == "second":
            fail(handler, 404, "no such model")
        else:
            say(handler, "x")

    backend = Remote(misbehaving(behave), "base", adapters)
    for name in ("v1.0", ""):
        assert text_of(backend, adapter=name) == "x"
    with pytest.raises(BackendError, match="knows no model second"):
        text_of(backend, adapter="second")
    backend.close()
    assert asked == ["v1.0", "base", "second"]


def test_remote_first_tokens_are_empty_where_the_server_tells_none(misbehaving: Callable[[Behaviour], str]) -> None:
    backend = Remote(misbehaving(lambda handler, _: say(handler, "Yes")), "m")
    assert backend.first_token_logprobs(ASK) == {}
    backend.close()


# The scripted backend


def test_scripted_gives_its_texts_in_order_and_records_the_calls() -> None:
    backend = Scripted(["It weighs 2 kg.\n", " No. "])
    params = SamplingParams(seed=3)
    assert [text_of(backend), "".join(backend.stream(ASK[1:], params))] == ["It weighs 2 kg.\n", " No. "]
    assert (backend.calls[0].messages, backend.calls[0].text) == (tuple(ASK), False)
    assert backend.calls[1].params is params
    with pytest.raises(IndexError):
        backend.stream(ASK, SamplingParams())


def test_scripted_takes_a_text_as_a_message_of_a_user() -> None:
    backend = Scripted(lambda messages: messages[-1].content.upper())
    assert "".join(backend.stream("a b", SamplingParams())) == "A B"
    assert (backend.calls[0].messages, backend.calls[0].text) == ((Message("user", "a b"),), True)
