"""Adapters: opened where they fit the model and the prompts, and refused with the reason where they do not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_adapter
import tiny_llama as tiny
from small_adapter import PLAIN, said

from assistant.backends.base import BackendError, answering
from assistant.models import adapters
from assistant.models.adapters import Adapter, digest_of_model, open_adapter
from assistant.open import Engine, open_backend
from assistant.prompt import BASE_FORMAT, PromptFormat
from finetune.export import export_gguf
from index.artefacts import publish
from index.errors import ArtefactError, UserError

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, tiny_llama: Path) -> Make:
    """Make an adapter of the tiny Llama in the home `tmp_path`; what its manifest says may be told otherwise."""

    def made(name: str = "mine", **options: Any) -> Path:
        told = said(tiny_llama) | options.pop("told", {})
        return small_adapter.build(tmp_path / "adapters" / name, tiny_llama, made_by=told, **options)

    return made


def refusal(name: str, home: Path, model_place: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        open_adapter(name, home, model_place)
    assert "\n" not in str(caught.value)
    return caught.value


def test_an_adapter_is_opened_by_its_name_or_by_its_path(make: Make, tmp_path: Path, tiny_llama: Path) -> None:
    folder = make()
    by_name = open_adapter("mine", tmp_path, tiny_llama)
    assert (by_name.name, by_name.folder, by_name.gguf, by_name.prompt_format) == ("mine", folder, None, PLAIN)
    assert by_name.made_by["recipe"] == "small"
    assert open_adapter(str(folder), tmp_path / "elsewhere", tiny_llama) == by_name


def test_an_unknown_name_is_told_with_those_that_are_there(make: Make, tmp_path: Path, tiny_llama: Path) -> None:
    assert "titlewise finetune RECIPE" in refusal("mine", tmp_path, tiny_llama).mend
    make()
    make("other")
    (tmp_path / "adapters" / ".mine-scratch").mkdir()
    fault = refusal("third", tmp_path, tiny_llama)
    assert fault.expected == "one of mine, other, or the path of an adapter"


def test_an_adapter_of_another_model_is_refused_naming_both(make: Make, tmp_path: Path) -> None:
    folder = make()
    other = tiny.build(tmp_path / "other-model", context_tokens=2048)
    fault = refusal("mine", tmp_path, other)
    base = json.loads((folder / "manifest.json").read_bytes())["artefact"]["made_by"]["base"]
    assert base in fault.happened
    assert str(other) in fault.happened
    assert f"--model {base}" in fault.mend
    assert open_adapter("mine", tmp_path, None).name == "mine", "a server's model cannot be looked at"


def test_an_adapter_taught_with_other_prompts_is_refused(make: Make, tmp_path: Path, tiny_llama: Path) -> None:
    make(told={"prompt_digest": "0" * 64})
    fault = refusal("mine", tmp_path, tiny_llama)
    assert "taught with other prompts (000000000000)" in fault.happened
    assert PLAIN.digest()[:12] in fault.expected
    assert "titlewise finetune" in fault.mend


def test_an_adapter_that_changes_nothing_is_refused(make: Make, tmp_path: Path, tiny_llama: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = make(strength=0.0)
    assert "changes nothing" in refusal("mine", tmp_path, tiny_llama).happened
    tensors = load_file(folder / "adapter_model.safetensors")
    last = sorted(name for name in tensors if "lora_B" in name)[-1]
    for value, dtype, changes in (
        (-0.0, torch.float32, False),
        (1e-7, torch.float16, True),
        (1e-30, torch.bfloat16, True),
    ):
        one = {name: tensor.to(dtype) for name, tensor in tensors.items()}
        one[last][-1, -1] = value
        with publish(folder, kind="adapter", made_by=said(tiny_llama)) as scratch:
            save_file(one, scratch / "adapter_model.safetensors")
        if changes:
            assert open_adapter("mine", tmp_path, tiny_llama)
        else:
            refusal("mine", tmp_path, tiny_llama)


@pytest.mark.parametrize("strength", [0.0, 0.1])
def test_an_adapter_as_gguf_alone_is_looked_into_too(
    strength: float, make: Make, tmp_path: Path, tiny_llama: Path
) -> None:
    folder = make(strength=strength)
    export_gguf(adapters.read_adapter(folder, "mine"), tiny_llama)
    gguf = (folder / "adapter.gguf").read_bytes()
    with publish(folder, kind="adapter", made_by=said(tiny_llama)) as scratch:
        (scratch / "adapter.gguf").write_bytes(gguf)
    if strength:
        assert open_adapter("mine", tmp_path, tiny_llama).gguf == folder / "adapter.gguf"
    else:
        assert "changes nothing" in refusal("mine", tmp_path, tiny_llama).happened


def test_a_flipped_byte_is_found(make: Make, tmp_path: Path, tiny_llama: Path) -> None:
    path = make() / "adapter_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert str(path) in refusal("mine", tmp_path, tiny_llama).happened


@pytest.mark.parametrize(
    "told",
    [
        {"prompt_format": {"answer": "sung", "describe": "chat"}},
        {"prompt_format": None},
        {"base_digest": None},
        {"prompt_digest": 7},
    ],
)
def test_a_manifest_that_says_too_little_is_refused(
    told: dict[str, Any], make: Make, tmp_path: Path, tiny_llama: Path
) -> None:
    make(told=told)
    assert "does not say what it was made from" in refusal("mine", tmp_path, tiny_llama).happened


def test_a_plain_peft_folder_is_no_adapter_of_ours(tmp_path: Path, tiny_llama: Path, make: Make) -> None:
    folder = make()
    (folder / "manifest.json").unlink()
    assert "manifest.json" in refusal(str(folder), tmp_path, tiny_llama).expected


def test_the_digest_of_a_model_tells_its_weights_apart(tmp_path: Path, tiny_llama: Path) -> None:
    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(tiny_llama, tmp_path / "copy")
    assert digest_of_model(copy) == digest_of_model(tiny_llama)
    (copy / "tokenizer_config.json").write_text("{}")
    assert digest_of_model(copy) == digest_of_model(tiny_llama), "the tokenizer is no weight"
    weights = load_file(copy / "model.safetensors")
    weights["model.layers.0.mlp.up_proj.weight"] *= 1.01
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    assert (copy / "model.safetensors").stat().st_size == (tiny_llama / "model.safetensors").stat().st_size
    assert digest_of_model(copy) != digest_of_model(tiny_llama), "a fine-tune is another model"
    shutil.copy(tiny_llama / "model.safetensors", copy)
    (copy / "config.json").write_text("{}")
    assert digest_of_model(copy) != digest_of_model(tiny_llama)
    shutil.copy(tiny_llama / "config.json", copy)
    (copy / "model.safetensors").rename(copy / "model-1.safetensors")
    assert digest_of_model(copy) != digest_of_model(tiny_llama)
    (copy / "model-1.safetensors").write_bytes(b"\xff" * 20)
    with pytest.raises(ArtefactError, match="damaged"):
        digest_of_model(copy)


def test_the_digest_of_a_gguf_is_its_sha256(embedded_model: Path) -> None:
    from assistant.models.named import EMBEDDED, MODELS

    assert digest_of_model(embedded_model) == MODELS[EMBEDDED].members[0][1]


def test_who_answers_and_how_it_is_asked() -> None:
    described = PromptFormat("plain", "inst")
    loaded = [
        Adapter(name, Path(name), None, "", prompt_format, {})
        for name, prompt_format in (("one", PLAIN), ("two", described))
    ]
    assert answering(loaded, None) == ("one", PLAIN, None)
    assert answering(loaded, "two") == ("two", described, None)
    assert answering(loaded, "") == ("", BASE_FORMAT, None)
    assert answering([], None) == ("", BASE_FORMAT, None)
    with pytest.raises(BackendError, match="no adapter three is loaded; expected one, two, or the base model"):
        answering(loaded, "three")


# Opening


@pytest.fixture
def shipped(tmp_path: Path, embedded_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An adapter for the embedded model in the place of the shipped one."""
    folder = small_adapter.build(tmp_path / "package" / "adapter", embedded_model, targets=["q_proj"])
    for module in ("assistant.models.adapters", "assistant.open"):
        monkeypatch.setattr(f"{module}.SHIPPED", folder)
    return folder


def names(home: Path, engine: Engine) -> list[str]:
    backend = open_backend(home, engine)
    try:
        return [adapter.name for adapter in backend.adapters]
    finally:
        backend.close()


def test_the_shipped_adapter_answers_for_the_embedded_model_alone(
    shipped: Path, tmp_path: Path, embedded_model: Path, tiny_llama: Path, make: Make
) -> None:
    export_gguf(adapters.read_adapter(shipped, "shipped"), embedded_model)
    make()
    assert names(tmp_path, Engine()) == ["shipped"]
    assert names(tmp_path, Engine(adapters=())) == []
    assert names(tmp_path, Engine(str(tiny_llama))) == []
    assert names(tmp_path, Engine(str(tiny_llama), adapters=("mine",))) == ["mine"]
    with pytest.raises(ArtefactError, match="was trained on"):
        open_backend(tmp_path, Engine(str(tiny_llama), adapters=("shipped",)))
    assert names(tmp_path, Engine("x", server="http://127.0.0.1:1/v1")) == []
    assert names(tmp_path, Engine("x", server="http://127.0.0.1:1/v1", adapters=("mine",))) == ["mine"]


def test_a_damaged_shipped_adapter_is_told_and_the_base_model_answers_all_the_same(
    shipped: Path, tmp_path: Path
) -> None:
    (shipped / "adapter_config.json").write_text("{}")
    with pytest.raises(ArtefactError, match=r"adapter_config\.json.*pip install --force-reinstall"):
        open_backend(tmp_path, Engine())
    assert names(tmp_path, Engine(adapters=())) == []


def test_without_a_shipped_adapter_the_base_model_answers(
    tmp_path: Path, embedded_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.open.SHIPPED", tmp_path / "absent")
    assert names(tmp_path, Engine()) == []
