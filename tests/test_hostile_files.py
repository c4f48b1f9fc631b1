"""Files that are not what they seem: sealed but senseless, unlisted, or named by others: one line each, no crash."""

import io
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import small_adapter
import small_shop

from assistant.backends.base import BackendError
from assistant.backends.trial import try_out, try_weights
from assistant.models import named
from assistant.models.adapters import digest_of_model
from assistant.models.named import MODELS, find, is_pinned
from assistant.open import Engine, open_backend
from finetune.recipe import read_recipe, to_toml
from index.artefacts import FORMATS, MANIFEST, Manifest, _sealed, checksum_of, open_verified, publish, read_manifest
from index.catalogue.arrays import ALIAS_COLUMNS, PRODUCT_COLUMNS
from index.catalogue.store import Catalogue
from index.errors import ArtefactError, UserError
from index.live import open_both
from index.resolver import TitleIndex
from index.titles.ranker import Ranker
from ui.cli import main

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, shop: tuple[Catalogue, TitleIndex]) -> Path:
    """The small shop's home, not to be changed."""
    return shop[0]._folder.parent


def sealed_anew(source: Path, folder: Path, kind: str, changed: dict[str, bytes]) -> Path:
    """Seal an artefact whose files are those of another but for some that were changed."""
    manifest = read_manifest(source, kind)
    shutil.rmtree(folder, ignore_errors=True)
    for name in manifest.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name in changed:
            (folder / name).write_bytes(changed[name])
        else:
            (folder / name).hardlink_to(source / name)
    files = {name: checksum_of(folder / name) for name in manifest.files}
    seal(folder, kind=kind, made_by=manifest.made_by, made_from=manifest.made_from, files=files)
    return folder


def seal(folder: Path, *, kind: str, **told: Any) -> None:
    """Write a manifest whose seal is right, whatever it says."""
    body = {"format": FORMATS[kind], "kind": kind, "made_by": {}, "made_from": "", **told}
    (folder / MANIFEST).write_bytes(_sealed(body))


def written(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


NPY = {
    "of objects": written(np.array([{"a": 1}], dtype=object)),
    "of floats": written(np.zeros(8)),
    "of two dimensions": written(np.zeros((4, 4), dtype=np.uint64)),
    "empty": written(np.zeros(0, dtype=np.uint64)),
    "too large": header("{'descr': '<u8', 'fortran_order': False, 'shape': (1152921504606846976,)}\n"),
    "of a negative length": header("{'descr': '<u8', 'fortran_order': False, 'shape': (-8,)}\n"),
    "with a deep header": header("(" * 9_000 + ")" * 9_000 + "\n"),
    "a zip": b"PK\x03\x04" + bytes(100),
    "nothing": b"",
}


def said(error: pytest.ExceptionInfo[UserError]) -> str:
    line = str(error.value)
    assert "\n" not in line
    return line


# Catalogues


@pytest.mark.parametrize("name", ["uid_hashes.npy", "uid_entries.npy"])
@pytest.mark.parametrize("kind", NPY)
def test_a_sealed_array_that_is_none_is_one_line(home: Path, tmp_path: Path, name: str, kind: str) -> None:
    sealed_anew(home / "catalogue", tmp_path / "catalogue", "catalogue", {name: NPY[kind]})
    with pytest.raises(ArtefactError, match="sealed but makes no sense") as error:
        Catalogue.load(tmp_path / "catalogue")
    assert "titlewise prepare" in said(error)


@pytest.mark.parametrize("entry", [-1, 1 << 40])
def test_a_uid_that_leads_out_of_the_catalogue_is_one_line(home: Path, tmp_path: Path, entry: int) -> None:
    entries = np.load(home / "catalogue" / "uid_entries.npy")
    entries[0] = entry
    sealed_anew(home / "catalogue", tmp_path / "catalogue", "catalogue", {"uid_entries.npy": written(entries)})
    with pytest.raises(ArtefactError, match="uid_entries"):
        Catalogue.load(tmp_path / "catalogue")


def products_with(home: Path, change: Callable[[pa.Table], pa.Table]) -> bytes:
    """Return the stream of a changed table."""
    with pa.OSFile(str(home / "catalogue" / "products.arrow")) as file:
        table = change(pa.ipc.open_stream(file).read_all())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def retitled(table: pa.Table, title: str = "z") -> pa.Table:
    return table.set_column(1, "title", pa.array([title] * table.num_rows))


def offsets_of_titles(count: int) -> bytes:
    return np.arange(count + 1, dtype=np.int32).tobytes()


OFFSETS: dict[str, Callable[[int], list[int]]] = {
    "far away": lambda count: [*range(count), 1 << 30],
    "below zero": lambda count: [-(1 << 30), *range(1, count + 1)],
    "there and back": lambda count: [0, 1 << 30, *range(2, count + 1)],
}


@pytest.mark.parametrize("kind", OFFSETS)
def test_sealed_offsets_that_lead_elsewhere_are_one_line(home: Path, tmp_path: Path, kind: str) -> None:
    stream = products_with(home, retitled)
    count = len(Catalogue.load(home / "catalogue"))
    sound, hostile = offsets_of_titles(count), np.array(OFFSETS[kind](count), dtype=np.int32).tobytes()
    assert stream.count(sound) == 1
    changed = {"products.arrow": stream.replace(sound, hostile)}
    sealed_anew(home / "catalogue", tmp_path / "catalogue", "catalogue", changed)
    with pytest.raises(ArtefactError, match="sealed but makes no sense") as error:
        Catalogue.load(tmp_path / "catalogue")
    said(error)


def test_sealed_text_that_is_no_utf_8_is_one_line(home: Path, tmp_path: Path) -> None:
    stream = products_with(home, lambda table: retitled(table, "abcdefgh")).replace(b"abcdefgh", b"abcdefg\xff")
    sealed_anew(home / "catalogue", tmp_path / "catalogue", "catalogue", {"products.arrow": stream})
    with pytest.raises(ArtefactError, match=r"UTF-?8"):
        Catalogue.load(tmp_path / "catalogue")


ARROW: dict[str, Callable[[pa.Table], pa.Table]] = {
    "a title that is none": lambda table: table.set_column(1, "title", pa.nulls(table.num_rows, pa.string())),
    "titles that are numbers": lambda table: table.set_column(1, "title", pa.array(range(table.num_rows))),
    "a column less": lambda table: table.drop_columns(["content"]),
    "fewer rows": lambda table: table.slice(1),
}


@pytest.mark.parametrize("kind", ARROW)
def test_a_sealed_table_that_points_elsewhere_is_one_line(home: Path, tmp_path: Path, kind: str) -> None:
    changed = {"products.arrow": products_with(home, ARROW[kind])}
    sealed_anew(home / "catalogue", tmp_path / "catalogue", "catalogue", changed)
    with pytest.raises(ArtefactError, match="sealed but makes no sense") as error:
        Catalogue.load(tmp_path / "catalogue")
    said(error)


def test_the_columns_of_a_catalogue_are_those_that_are_looked_for(home: Path) -> None:
    for name, columns in {"products.arrow": PRODUCT_COLUMNS, "aliases.arrow": ALIAS_COLUMNS}.items():
        with pa.OSFile(str(home / "catalogue" / name)) as file:
            assert {field.name: str(field.type) for field in pa.ipc.open_stream(file).schema} == columns


# Changes


@pytest.fixture(scope="module")
def changed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the small shop in which a product came and another went, not to be changed."""
    home = tmp_path_factory.mktemp("changed")
    small_shop.build(home)
    rows = [{"uid": uid, "title": "Zephyr X9 Drone", "content": "It weighs 249 g."} for uid in ("Z1", "Z2")]
    (home / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["--home", str(home), "upsert", str(home / "rows.jsonl")]) == 0
    assert main(["--home", str(home), "remove", "K1"]) == 0
    open_both(home)
    return home


@pytest.mark.parametrize("kind", [*NPY, "cut", "out of the catalogue"])
def test_every_file_of_sealed_changes_may_be_senseless(changed_home: Path, tmp_path: Path, kind: str) -> None:
    for name in ("catalogue", "index"):
        (tmp_path / name).symlink_to(changed_home / name)
    source = changed_home / "catalogue-changes"
    contents = {**NPY, "out of the catalogue": written(np.array([1 << 40]))}
    for name in read_manifest(source, "changes").files:
        content = contents.get(kind, (source / name).read_bytes()[:-1])
        sealed_anew(source, tmp_path / "catalogue-changes", "changes", {name: content})
        if kind in ("empty", "cut") and name.endswith("gone.npy"):
            continue  # nothing went, for all that anybody can tell
        with pytest.raises(ArtefactError) as error:
            open_both(tmp_path)
        said(error)


# Indexes


def index_files(home: Path) -> list[str]:
    return sorted(read_manifest(home / "index", "index").files)


def test_every_file_of_a_sealed_index_may_be_senseless(home: Path, tmp_path: Path) -> None:
    catalogue = Catalogue.load(home / "catalogue")
    for name in index_files(home):
        kinds = {**NPY, "cut": (home / "index" / name).read_bytes()[:-1]}
        for kind, content in kinds.items():
            sealed_anew(home / "index", tmp_path / "index", "index", {name: content})
            try:
                TitleIndex.load(tmp_path / "index", catalogue).resolve("is the red Harrow kettle loud?")
            except ArtefactError as error:
                assert "\n" not in str(error)
            else:
                assert name == "product_keys.npy", (name, kind)  # which no question reads, but `index --update`


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base/rows.npy", 1 << 20),
        ("base/rows.npy", -2),
        ("base/posting_rows.npy", 1 << 31),
        ("base/token_starts.npy", 1 << 40),
        ("base/folded_title_starts.npy", -5),
        ("descriptions/base/rows.npy", 1 << 20),
        ("descriptions/base/posting_rows.npy", 1 << 31),
        ("identifier_rows.npy", 1 << 20),
    ],
)
def test_numbers_that_lead_out_of_an_index_are_one_line(home: Path, tmp_path: Path, name: str, value: int) -> None:
    array = np.load(home / "index" / name)
    array[len(array) // 2] = value
    sealed_anew(home / "index", tmp_path / "index", "index", {name: written(array)})
    with pytest.raises(ArtefactError, match="sealed but makes no sense"):
        TitleIndex.load(tmp_path / "index", Catalogue.load(home / "catalogue"))


@pytest.mark.parametrize("made_by", [{}, {"encoder": 7}, {"encoder": None}, {"encoder": []}])
def test_a_manifest_that_says_too_little_of_an_index_is_one_line(home: Path, tmp_path: Path, made_by: Any) -> None:
    sealed_anew(home / "index", tmp_path / "index", "index", {})
    manifest = read_manifest(home / "index", "index")
    seal(tmp_path / "index", kind="index", made_by=made_by, made_from=manifest.made_from, files=manifest.files)
    with pytest.raises(ArtefactError, match="makes no sense") as error:
        TitleIndex.load(tmp_path / "index", Catalogue.load(home / "catalogue"))
    said(error)


@pytest.mark.parametrize(
    ("encoder", "looked_for"), [("owner/model", []), ("owner/model@main", []), (f"owner/model@{'0' * 40}", [True])]
)
def test_an_index_of_a_hub_encoder_asks_nobody_when_it_is_opened(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: str, looked_for: list[bool]
) -> None:
    asked: list[bool] = []

    def download(repository: str, *, local_files_only: bool = False, **how: Any) -> None:
        asked.append(local_files_only)
        raise OSError("not here")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    sealed_anew(home / "index", tmp_path / "index", "index", {})
    manifest = read_manifest(home / "index", "index")
    made_by = manifest.made_by | {"encoder": encoder}
    seal(tmp_path / "index", kind="index", made_by=made_by, made_from=manifest.made_from, files=manifest.files)
    with pytest.raises(UserError, match=f"titlewise index --encoder {encoder}, which fetches it"):
        TitleIndex.load(tmp_path / "index", Catalogue.load(home / "catalogue"))
    assert asked == looked_for


# Manifests


def forged(folder: Path, **told: Any) -> None:
    """Make an adapter of one file, whose manifest says what it is told to."""
    (folder / "a").write_text("text")
    seal(folder, kind="adapter", **{"files": {"a": checksum_of(folder / "a")}, **told})


RECORD = {"size": 4, "sha256": "0"}


@pytest.mark.parametrize(
    "told",
    [
        {"made_by": None},
        {"made_by": []},
        {"made_from": None},
        {"files": {}},
        {"files": None},
        {"files": ["a"]},
        {"files": {"a": None}},
        {"files": {"a": {"size": "4", "sha256": "0"}}},
        {"files": {"a": {"size": 4}}},
        {"files": {"/etc/passwd": RECORD}},
        {"files": {"../a": RECORD}},
        {"files": {"b/../a": RECORD}},
        {"files": {"./a": RECORD}},
        {"files": {"": RECORD}},
        {"files": {"a\0": RECORD}},
        {"files": {MANIFEST: RECORD}},
    ],
    ids=str,
)
def test_a_sealed_manifest_of_another_shape_is_damaged(tmp_path: Path, told: dict[str, Any]) -> None:
    forged(tmp_path, **told)
    with pytest.raises(ArtefactError, match="is damaged") as error:
        read_manifest(tmp_path, "adapter")
    said(error)


@pytest.mark.parametrize("text", [DEEP, '{"artefact": ' + DEEP + "}", " " * (1 << 24) + "{}", "null", '"a"', "7"])
def test_a_manifest_that_is_none_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(ArtefactError, match="is damaged"):
        read_manifest(tmp_path, "adapter")


def nothing(folder: Path, manifest: Manifest) -> None: ...


@pytest.mark.parametrize("name", ["chat_template.jinja", "deeper/one.json", "z.safetensors"])
def test_a_file_that_a_manifest_does_not_list_is_refused_and_named(tmp_path: Path, name: str) -> None:
    forged(tmp_path)
    open_verified(tmp_path, "adapter", nothing)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("{{ 1 }}")
    with pytest.raises(ArtefactError, match=f"{name} is not in the manifest"):
        open_verified(tmp_path, "adapter", nothing)


def test_what_a_desktop_leaves_in_a_folder_is_let_be(tmp_path: Path) -> None:
    forged(tmp_path)
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    open_verified(tmp_path, "adapter", nothing)


@pytest.mark.parametrize(
    "raised", [KeyError("utility"), RuntimeError("a\nb"), MemoryError(), RecursionError(), OSError()]
)
def test_whatever_a_reader_says_of_verified_files_is_one_line(tmp_path: Path, raised: Exception) -> None:
    def load(folder: Path, manifest: Manifest) -> None:
        raise raised

    forged(tmp_path)
    with pytest.raises(ArtefactError, match=f"makes no sense.*{type(raised).__name__}") as error:
        open_verified(tmp_path, "adapter", load)
    said(error)


@pytest.mark.parametrize("raised", [UserError("a", "b", "c"), ImportError("no faiss")])
def test_what_is_no_fault_of_the_files_is_said_as_it_is(tmp_path: Path, raised: Exception) -> None:
    def load(folder: Path, manifest: Manifest) -> None:
        raise raised

    forged(tmp_path)
    with pytest.raises(type(raised)) as error:
        open_verified(tmp_path, "adapter", load)
    assert error.value is raised


@pytest.mark.parametrize("text", ["{}", "[]", "null", DEEP, '{"utility": {"weights": {"a": 1}, "intercept": 0}}', "{"])
def test_a_ranker_that_is_none_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "ranker.json").write_text(text)
    with pytest.raises(ArtefactError, match=r"ranker\.json is damaged") as error:
        Ranker.load(tmp_path / "ranker.json")
    said(error)


# Models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a transformers model."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name, content in {"config.json": "{}", "tokenizer.json": "{}", "model.safetensors": ""}.items():
        (folder / name).write_text(content)
    find(str(folder))
    return folder


@pytest.mark.parametrize(
    "shard", ["pytorch_model.bin", "../../etc/passwd", "/etc/passwd", "a/b.safetensors", "../m.safetensors", ""]
)
def test_shards_that_are_no_plain_safetensors_names_are_refused(folder: Path, shard: str) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder.parent / "m.safetensors").write_bytes(b"")
    index = {"weight_map": {"a": "model.safetensors", "b": shard}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match="of this folder alone") as error:
        find(str(folder))
    said(error)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors.index.json"])
@pytest.mark.parametrize(
    "text", [DEEP, "{", '{"weight_map": 7}', '{"weight_map": {"a": {}}}', '{"weight_map": {"a": 7}}', "\x00"]
)
def test_json_of_a_model_that_makes_no_sense_is_one_line(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    try:
        find(str(folder))
    except UserError as error:
        assert "JSON" in str(error)
        assert "\n" not in str(error)
    else:
        assert name == "config.json"  # what it means transformers judges
        json.loads(text)


def test_a_model_whose_weights_an_adapter_would_change_is_refused(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "somebody/else"}')
    with pytest.raises(UserError, match="of this folder alone"):
        find(str(folder))


def safetensors(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", (1 << 63) - 1) + b"{}",
        safetensors(DEEP.encode()),
        safetensors(b'{"a": ' + DEEP.encode() + b"}"),
        safetensors({"a": None}),
        safetensors({"a": {}}),
        safetensors({"a": {"data_offsets": [5, 1]}}, bytes(10)),
        safetensors({"a": {"data_offsets": [-50, 1]}}, bytes(10)),
        safetensors({"a": {"data_offsets": ["x", "y"]}}),
        safetensors({"a": {"data_offsets": [1]}}),
    ],
    ids=lambda content: repr(content[:40]),
)
def test_safetensors_that_are_none_are_one_line(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content + b" ")
    with pytest.raises(ArtefactError, match=r"model\.safetensors is damaged"):
        digest_of_model(folder)


def test_a_model_that_calls_itself_the_pinned_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITLEWISE_MODELS", str(tmp_path))
    model = MODELS[named.EMBEDDED]
    with publish(tmp_path / model.name, kind="model", made_by={"source": model.source}) as scratch:
        (scratch / Path(model.members[0][0]).name).write_bytes(b"GGUF of somebody else's")
    assert not is_pinned(find(model.name))


def test_the_models_of_the_hub_are_fetched_at_one_commit() -> None:
    assert all(bool(model.revision) == (not model.source.startswith("wheel:")) for model in MODELS.values())


COUNTS = [(key, value) for key in ("llama.block_count", "llama.context_length") for value in (0, 0xFFFFFFFF)]


@pytest.mark.parametrize(("key", "value"), COUNTS)
def test_a_gguf_that_aborts_llama_cpp_is_one_line(tiny_gguf: Path, tmp_path: Path, key: str, value: int) -> None:
    uint32 = 4
    named_value = struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", uint32)
    before, found, after = tiny_gguf.read_bytes().partition(named_value)
    assert found
    (tmp_path / "model.gguf").write_bytes(before + found + struct.pack("<I", value) + after[4:])
    with pytest.raises(BackendError, match="signal 6") as error:
        open_backend(tmp_path, Engine(str(tmp_path / "model.gguf")))
    said(error)


def test_what_llama_cpp_refuses_by_itself_is_said_by_loading_it(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0xFFFFFFFF, 0xFFFFFFFF))
    try_out(tmp_path / "model.gguf", [], "llamacpp")


LOOP = "{% for a in range(99999) %}"
NEVER_ENDS = 4 * LOOP + 4 * "{% endfor %}"
DOUBLED = "{% set a = namespace(x='abcdefgh') %}{% for b in range(40) %}{% set a.x = a.x + a.x %}{% endfor %}"
# With the seconds that the trial may take.
TEMPLATES = {"never ends": (NEVER_ENDS, "had not loaded", 8), "takes all memory": (DOUBLED, "MemoryError", 60)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_template_is_tried_in_bounded_time_and_memory(tiny_llama: Path, tmp_path: Path, kind: str) -> None:
    template, expected, limit_s = TEMPLATES[kind]
    shutil.copytree(tiny_llama, tmp_path / "model")
    (tmp_path / "model" / "chat_template.jinja").write_text(template)
    with pytest.raises(BackendError, match=expected) as error:
        try_out(tmp_path / "model", [], "transformers", limit_s=limit_s)
    said(error)


def test_a_sound_model_passes_its_trial(tiny_gguf: Path, tiny_llama: Path) -> None:
    try_out(tiny_gguf, [], "llamacpp")
    try_out(tiny_llama, [], "transformers")


@pytest.fixture
def senseless_gguf(tiny_gguf: Path, tmp_path: Path) -> Path:
    """A GGUF that llama.cpp ends its process over, and of which transformers makes layers without an end."""
    key = b"llama.block_count"
    named_value = struct.pack("<Q", len(key)) + key + struct.pack("<I", 4)
    before, _, after = tiny_gguf.read_bytes().partition(named_value)
    (tmp_path / "model.gguf").write_bytes(before + named_value + struct.pack("<I", 0xFFFFFFFF) + after[4:])
    return tmp_path / "model.gguf"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["finetune", "finetune --show 1", "lengths", "export"])
def test_a_model_is_tried_before_it_is_trained_on_or_exported(
    senseless_gguf: Path,
    tiny_gguf: Path,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    recipe = to_toml(read_recipe("embedded")).replace('"smollm2-135m"', json.dumps(str(senseless_gguf)))
    (tmp_path / "recipe.toml").write_text(recipe)
    small_adapter.build(tmp_path / "adapter", tiny_gguf, made_by=small_adapter.said(senseless_gguf))
    verb, *rest = command.split()
    given = tmp_path / ("adapter" if verb == "export" else "recipe.toml")
    assert main(["--home", str(home), verb, str(given), *rest]) == 1
    assert "ended the process that tried it (signal 6)" in capsys.readouterr().err


def test_a_gguf_that_llama_cpp_refuses_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0xFFFFFFFF, 0xFFFFFFFF))
    with pytest.raises(BackendError, match="is refused") as error:
        try_weights(tmp_path / "model.gguf")
    said(error)
