"""`titlewise export`: an adapter as GGUF, or merged with its model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, option, positional


@dataclass(frozen=True)
class Options:
    home: Path
    adapter: Annotated[str, positional("a name in HOME/adapters, or a path", metavar="ADAPTER")]
    merged: Annotated[Path | None, option("write model and adapter in one instead, for vLLM", type=Path, metavar="DIR")]
    unpacked: Annotated[
        Path | None, option("write both side by side, for transformers and vLLM", type=Path, metavar="DIR")
    ]
    slim: Annotated[Path | None, option("publish it in DIR too, without PEFT's weights", type=Path, metavar="DIR")]
    model: Annotated[str, option("where the model lies that it was trained on (as it says itself)", default="")]


def run(options: Options) -> None:
    from assistant.backends.trial import try_weights
    from assistant.models.adapters import GGUF, WEIGHTS, open_adapter
    from assistant.models.named import find
    from finetune.export import check_export, export_gguf, merge, slim, unpack, why_unchecked
    from index.errors import UserError

    adapter = open_adapter(options.adapter, options.home, None)
    place = find(options.model or adapter.made_by["base"])
    try_weights(place)
    if options.unpacked:
        unpack(adapter, place, options.unpacked)
        print(f"{options.unpacked / 'model'} is {place.stem}, and {options.unpacked / 'adapter'} the adapter, in fp16.")
        return
    if not (adapter.folder / WEIGHTS).is_file():
        raise UserError(
            f"the adapter {adapter.name} is for llama.cpp alone", f"one with {WEIGHTS}", "titlewise finetune RECIPE"
        )
    if options.merged:
        merge(adapter, place, options.merged)
        print(f"{place.stem} with the adapter {adapter.name} is in {options.merged}, in bf16.")
        return
    reason = why_unchecked(place)
    parity = None if reason else check_export(adapter, place)
    adapter = export_gguf(adapter, place)
    written = adapter.folder / GGUF
    print(f"{written} is written: {written.stat().st_size / 1e6:.1f} MB, in fp16.")
    if options.slim:
        slim(adapter, options.slim)
        print(f"{options.slim} holds the adapter for llama.cpp alone.")
    if parity is None:
        print(f"Not compared with PEFT: {reason}.")
        return
    tuned, base = parity
    print(
        f"llama.cpp and PEFT differ by at most {tuned.largest:.2f} in log-probability, without the adapter by "
        f"{base.largest:.2f}; they hold the same token likeliest at {tuned.agreeing} of {tuned.places} places."
    )


COMMAND = Command("export", "write an adapter as GGUF, for llama.cpp", Options, run, needs="train")
