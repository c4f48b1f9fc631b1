"""What `titlewise doctor` finds, on this machine and on machines played by a folder of programs."""

import os
import sys
from pathlib import Path

import pytest
from small_adapter import said

from assistant.models import doctor
from assistant.models.doctor import Finding, examine
from assistant.models.named import EMBEDDED
from index.artefacts import publish


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITLEWISE_MODELS", str(tmp_path / "models"))


def found(home: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(home)}


def artefact(folder: Path, kind: str, made_from: str = "") -> str:
    with publish(folder, kind=kind, made_by={}, made_from=made_from) as scratch:
        (scratch / "data").write_text(kind)
    from index.artefacts import read_manifest

    return read_manifest(folder, kind).digest


def test_an_empty_home_names_the_commands_that_fill_it(tmp_path: Path, no_models: None) -> None:
    findings = found(tmp_path / "home")
    assert (findings["catalogue"].state, findings["catalogue"].mend) == ("missing", "titlewise prepare SOURCE")
    assert (findings["index"].state, findings["index"].mend) == ("missing", "titlewise index")
    model = findings[f"model {EMBEDDED}"]
    assert (model.state, model.mend) == ("missing", f"titlewise models fetch {EMBEDDED}")
    assert not (tmp_path / "home").exists(), "looking must not make anything"


def test_whatever_is_not_well_says_how_to_mend_it(tmp_path: Path, no_models: None) -> None:
    for finding in examine(tmp_path / "home"):
        assert finding.detail
        assert finding.state == "ok" or finding.mend, finding


def test_sound_artefacts_are_ok(tmp_path: Path, embedded_model: Path) -> None:
    digest = artefact(tmp_path / "catalogue", "catalogue")
    artefact(tmp_path / "index", "index", made_from=digest)
    findings = found(tmp_path)
    for name in ("catalogue", "index", f"model {EMBEDDED}"):
        assert findings[name].state == "ok", findings[name]


def adapter(folder: Path, model_place: Path, *, gguf: bool, prompt_digest: str = "") -> None:
    told = said(model_place)
    with publish(
        folder, kind="adapter", made_by=told | {"prompt_digest": prompt_digest or told["prompt_digest"]}
    ) as new:
        (new / ("adapter.gguf" if gguf else "adapter_model.safetensors")).write_bytes(b"weights")


def test_the_adapters_of_the_home_are_told(tmp_path: Path, embedded_model: Path, no_models: None) -> None:
    adapter(tmp_path / "adapters" / "mine", embedded_model, gguf=True)
    adapter(tmp_path / "adapters" / "raw", embedded_model, gguf=False)
    adapter(tmp_path / "adapters" / "old", embedded_model, gguf=True, prompt_digest="0")
    artefact(tmp_path / "adapters" / "odd", "adapter")
    (tmp_path / "adapters" / ".mine-scratch").mkdir()
    findings = {name: one for name, one in found(tmp_path).items() if name.startswith("adapter ")}
    assert {name: (one.state, one.mend) for name, one in findings.items()} == {
        "adapter mine": ("ok", ""),
        "adapter raw": ("ok", "titlewise export raw"),
        "adapter old": ("missing", "titlewise finetune RECIPE, to teach it anew"),
        "adapter odd": ("missing", "titlewise finetune RECIPE"),
    }
    assert str(embedded_model) in findings["adapter mine"].detail


def test_who_answers_is_told(tmp_path: Path, embedded_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "package" / "adapter"
    monkeypatch.setattr(doctor, "SHIPPED", shipped)
    monkeypatch.setattr("assistant.models.adapters.SHIPPED", shipped)
    assert found(tmp_path)["adapter"].detail.startswith("none is shipped; the base model answers")
    adapter(shipped, embedded_model, gguf=True)
    assert found(tmp_path)["adapter"].detail == f"the shipped one answers with {EMBEDDED}; --base turns it off"
    adapter(shipped, embedded_model, gguf=True, prompt_digest="0")
    finding = found(tmp_path)["adapter"]
    assert finding.state == "missing"
    assert "taught with other prompts" in finding.detail
    assert "--base" in finding.mend
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    adapter(shipped, other, gguf=True)
    assert "was trained on" in found(tmp_path)["adapter"].detail


def test_an_index_of_another_catalogue_is_told(tmp_path: Path) -> None:
    artefact(tmp_path / "catalogue", "catalogue")
    artefact(tmp_path / "index", "index", made_from="another")
    index = found(tmp_path)["index"]
    assert (index.state, index.mend) == ("warning", "titlewise index")
    assert "another catalogue" in index.detail


@pytest.mark.parametrize("kind", ["catalogue", "index"])
def test_a_damaged_artefact_is_told_by_its_file(kind: str, tmp_path: Path) -> None:
    artefact(tmp_path / kind, kind)
    (tmp_path / kind / "data").write_text("other")
    finding = found(tmp_path)[kind]
    assert finding.state == "missing"
    assert str(tmp_path / kind / "data") in finding.detail


def test_a_machine_with_little_memory_is_warned_of_large_models(
    tmp_path: Path, no_models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    real = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=1_000_000_000))
    findings = found(tmp_path)
    assert findings["model llama-3.1-8b"].state == "warning"
    assert findings["memory"].state == "ok"
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=100_000_000))
    assert found(tmp_path)["memory"].state == "warning"


@pytest.mark.skipif(sys.platform == "win32", reason="plays nvidia-smi by a shell script")
def test_a_gpu_is_described_and_a_torch_that_cannot_use_it_told(
    tmp_path: Path, no_models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'NVIDIA L4, 23034, 8.9'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(doctor, "_torch_build", lambda: "2.13.0+cpu")
    graphics = found(tmp_path)["GPU"]
    assert graphics.state == "warning"
    assert "NVIDIA L4, 24.2 GB, compute 8.9, bf16" in graphics.detail
    monkeypatch.setattr(doctor, "_torch_build", lambda: "2.13.0+cu130")
    assert found(tmp_path)["GPU"].state == "ok"
    program.write_text("#!/bin/sh\necho 'Tesla T4, 15360, 7.5'\n")
    assert "compute 7.5, fp16, no bf16" in found(tmp_path)["GPU"].detail
    program.write_text("#!/bin/sh\necho 'no devices were found'\nexit 6\n")
    assert found(tmp_path)["GPU"].detail.startswith("none")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_the_processor_is_described() -> None:
    assert doctor.cpu_flags()


def test_the_doctor_does_not_import_heavy_libraries(tmp_path: Path) -> None:
    import subprocess

    code = (
        "import sys; from pathlib import Path; from assistant.models.doctor import examine; examine(Path(sys.argv[1]));"
        "print(sorted({'torch', 'transformers', 'xllamacpp', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
