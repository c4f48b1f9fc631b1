"""What a run leaves: the adapter as an artefact, with its recipe, its loss curve and its card.

Writes files alone; how the weights came about is `finetune.training.run`'s affair.

    publish_adapter(recipe, provenance, result, home / "adapters" / "embedded", examples)
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finetune.data.example import Example
from finetune.recipe import Recipe, parse_recipe
from finetune.training.curve import loss_png
from index.artefacts import publish


@dataclass(frozen=True)
class Provenance:
    """What a run is made from; whoever resumes it must have the same."""

    recipe: str  # as TOML
    recipe_digest: str
    base_digest: str  # the base model's weights
    prompt_digest: str  # the words of the prompts
    data_digest: str  # the examples and their order
    start_digest: str  # the adapter that it goes on from; empty for none
    examples: int
    versions: dict[str, str]  # of the libraries

    def differences(self, record: Mapping[str, Any]) -> list[str]:
        """Return in words how this differs from the record of an earlier run, the versions apart."""
        found: list[str] = []
        if record["recipe_digest"] != self.recipe_digest:
            was, now = (_flat(asdict(parse_recipe("", text, "run.json"))) for text in (record["recipe"], self.recipe))
            found += [f"{key} was {was.get(key)} and is {now[key]}" for key in now if was.get(key) != now[key]]
        for key, what in (
            ("data_digest", "the examples"),
            ("base_digest", "the base model"),
            ("start_digest", "the adapter that it goes on from"),
            ("prompt_digest", "the words of the prompts"),
        ):
            if record.get(key, "") != asdict(self)[key]:  # runs before this version went on from nothing
                found.append(f"{what} differ" if what.endswith("s") else f"{what} differs")
        return found


@dataclass(frozen=True)
class TrainingResult:
    """What the training left: the checkpoint to publish, the log of losses, how far and how fast it went.

    `steps` were taken of the `planned` ones; `to_the_end` unless it was asked to stop before.
    """

    chosen: Path
    log: list[dict[str, Any]]
    steps: int
    planned: int
    to_the_end: bool
    tokens_per_s: float


def publish_adapter(
    recipe: Recipe, provenance: Provenance, result: TrainingResult, folder: Path, examples: Sequence[Example]
) -> None:
    """Publish the chosen checkpoint's adapter as the artefact `folder`; the card counts the `examples`.

    The weights are rounded to 16 bits: half the size, and far below what training wavers by.

    Raises `ArtefactError` where `folder` holds something else.
    """
    from safetensors.torch import load_file, save_file

    curve: list[dict[str, Any]] = [
        {key: row[key] for key in ("step", "loss", "eval_loss", "learning_rate", "grad_norm") if key in row}
        for row in result.log
        if "loss" in row or "eval_loss" in row
    ]
    made_by = {
        "recipe": recipe.name,
        "base": recipe.model.base,
        "base_digest": provenance.base_digest,
        "precision": recipe.model.precision,
        "prompt_format": asdict(recipe.prompt),
        "prompt_digest": provenance.prompt_digest,
        "data_digest": provenance.data_digest,
        "start_digest": provenance.start_digest,
        "versions": provenance.versions,
        "seed": recipe.training.seed,
    }
    weights = load_file(result.chosen / "adapter_model.safetensors")
    config = json.loads((result.chosen / "adapter_config.json").read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = recipe.model.base  # not the place where it lies on this machine
    with publish(folder, kind="adapter", made_by=made_by) as scratch:
        save_file({name: tensor.half() for name, tensor in weights.items()}, scratch / "adapter_model.safetensors")
        (scratch / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True), encoding="utf-8")
        (scratch / "recipe.toml").write_text(provenance.recipe, encoding="utf-8")
        (scratch / "loss.json").write_text(json.dumps(curve, indent=1), encoding="utf-8")
        (scratch / "loss.png").write_bytes(loss_png(curve))
        (scratch / "README.md").write_text(
            _card(folder.name, recipe, provenance, result, curve, examples), encoding="utf-8"
        )


def _card(
    name: str,
    recipe: Recipe,
    provenance: Provenance,
    result: TrainingResult,
    curve: Sequence[Mapping[str, float]],
    examples: Sequence[Example],
) -> str:
    """Write the model card."""
    training, adapter = recipe.training, recipe.adapter
    kinds, origins = (
        ", ".join(f"{number:,} {name}" for name, number in sorted(Counter(names).items()))
        for names in ([each.kind for each in examples], [each.source for each in examples])
    )
    evaluated = [row["eval_loss"] for row in curve if "eval_loss" in row]
    learnt = [row["loss"] for row in curve if "loss" in row]
    losses = (
        f"The loss per reply token went from {learnt[0]:.3f} to {learnt[-1]:.3f}" if learnt else "No loss was logged"
    )
    losses += f"; on products not trained on, the best was {min(evaluated):.3f}." if evaluated else "."
    versions = ", ".join(f"{library} {version}" for library, version in provenance.versions.items())
    step = result.chosen.name.removeprefix("checkpoint-")
    start = f", from {adapter.start} (digest {provenance.start_digest[:12]})" if adapter.start else ""
    exported = f"titlewise export {name}     # for llama.cpp, which answers where the base is a GGUF\n    "
    return f"""# {name}: a LoRA adapter for {recipe.model.base}

It teaches the model to answer a shopper's question from numbered passages of one product's description, to cite the
passage, and to say "Not stated." where the passages do not tell.

- **Base model:** {recipe.model.base}, frozen in {recipe.model.precision}; the adapter fits these weights alone
  (digest {provenance.base_digest[:12]}), and is under their licence.
- **Examples:** {provenance.examples:,} ({kinds}), from train products alone (digest {provenance.data_digest[:12]}).
  By source: {origins}; `facts` and `describe` are made from the catalogue's own descriptions.
- **Adapter:** rank {adapter.rank}, alpha {adapter.alpha}, dropout {adapter.dropout:g}, on
  {", ".join(adapter.targets)}{start}.
- **Training:** {result.steps:,} of the {result.planned:,} steps of {training.epochs:g} epochs, in batches of
  {training.batch}, learning rate {training.learning_rate:g}, {training.schedule}; loss on reply tokens alone.
  Weights of step {step}. {losses}
- **Prompts:** answers `{recipe.prompt.answer}`, descriptions `{recipe.prompt.describe}`
  (digest {provenance.prompt_digest[:12]}).
- **Made with:** {versions}; seed {training.seed}.

All settings are in `recipe.toml`, the losses in `loss.json` and `loss.png`.

    {exported}titlewise ask --adapter {name} "QUESTION"

**Limits.** It knows nothing of products by itself: without the right passages before its eyes it has nothing to say. It
can still misread a passage; the quote shown with an answer is verbatim text of the description, so trust that one.
"""


def _flat(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return nested tables as one, with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{path}.{key}".removeprefix(".")
        flat |= _flat(value, name) if isinstance(value, Mapping) else {name: value}
    return flat
