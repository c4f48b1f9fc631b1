"""The judge's network: a BERT whose first weights are those of a packaged reranker, and its way to int8 ONNX and back.

The reranker is an int8 ONNX graph, and so is the judge that it becomes: training can begin with either. Its weights are
unpacked for torch, and what is learnt is packed into the very same graph: weights in 7 bits by column, so that
processors without VNNI do not overflow, word embeddings in 8.

    network = load_network(place / "model.onnx")
    pack(network, place / "model.onnx", scratch / "judge.onnx")
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assistant.grounding.judge import VERDICTS

if TYPE_CHECKING:
    import torch

HIDDEN, LAYERS, HEADS, INNER, WORDS, POSITIONS = 384, 12, 12, 1536, 30_522, 512
RELEVANCE_SHARE = 0.3  # of the reranker's logit that a new head begins with
LARGEST_PACKED = 63  # 7 bits with a sign
EMBEDDED = "bert.embeddings."
_QUANTISED, _SCALE, _ZERO = "_quantized", "_scale", "_zero_point"
_HEAD = "classifier"

Floats = NDArray[np.float32]


def load_network(place: Path) -> Any:
    """Return a `BertForSequenceClassification` over `VERDICTS` that begins with a judge's or a reranker's weights.

    Of a reranker the head begins with "this is relevant", and without a difference between the verdicts.
    """
    import onnx
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    weights = {name: torch.from_numpy(value) for name, value in _unpacked(onnx.load(str(place)))}
    relevance, bias = weights[f"{_HEAD}.weight"], weights[f"{_HEAD}.bias"]
    config = BertConfig(
        vocab_size=WORDS,
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        max_position_embeddings=POSITIONS,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    config.num_labels = len(VERDICTS)
    network = BertForSequenceClassification(config)
    if len(bias) != len(VERDICTS):
        signs = torch.tensor([[-1.0], *[[1.0]] * (len(VERDICTS) - 1)]) * RELEVANCE_SHARE
        weights[f"{_HEAD}.weight"] = network.classifier.weight.detach() + signs * relevance
        weights[f"{_HEAD}.bias"] = signs[:, 0] * bias
    network.load_state_dict(weights)
    return network


def pack(weights: "dict[str, torch.Tensor]", start: Path, target: Path) -> None:
    """Write trained weights into the graph of the reranker at `start`, as int8 ONNX."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(start))
    named = {tensor.name: tensor for tensor in graph.graph.initializer}

    def put(name: str, value: NDArray[Any]) -> None:
        named[name].CopyFrom(numpy_helper.from_array(value, name))

    for name in named.keys() & weights.keys():
        put(name, weights[name].float().numpy())
    for name in (each.removesuffix(_QUANTISED) for each in list(named) if each.startswith(EMBEDDED)):
        if name in weights and name not in named:  # in the steps of before: what was not trained stays, byte for byte
            scale, zero = (numpy_helper.to_array(named[name + end]).astype(np.float32) for end in (_SCALE, _ZERO))
            steps = np.rint(weights[name].float().numpy() / scale) + zero
            put(name + _QUANTISED, np.clip(steps, 0, 255).astype(np.uint8))
    for layer, packed in _products(graph):
        matrix = weights[f"{layer}.weight"].float().numpy().T  # (in, out)
        scales = np.maximum(np.abs(matrix).max(axis=0) / LARGEST_PACKED, 1e-12).astype(np.float32)
        put(packed + _QUANTISED, np.rint(matrix / scales).astype(np.int8))
        put(packed + _SCALE, scales)
        put(packed + _ZERO, np.zeros((), dtype=np.int8))
    graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value = len(VERDICTS)
    del graph.graph.value_info[:]  # the shapes of the reranker's single output
    onnx.checker.check_model(graph)
    onnx.save(graph, str(target))


def _unpacked(graph: Any) -> Iterator[tuple[str, Floats]]:
    """Yield the weights of a graph by their names in transformers."""
    from onnx import numpy_helper

    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}

    def wide(name: str) -> Floats:
        packed, zero = (values[name + end].astype(np.float32) for end in (_QUANTISED, _ZERO))
        widened: Floats = (packed - zero) * values[name + _SCALE]
        return widened

    for name, value in values.items():
        if name.startswith(("bert.", _HEAD)) and not name.endswith((_QUANTISED, _SCALE, _ZERO)):
            yield name, value.copy()
        elif name.startswith(EMBEDDED) and name.endswith(_QUANTISED):
            yield name.removesuffix(_QUANTISED), wide(name.removesuffix(_QUANTISED))
    for layer, packed in _products(graph):
        yield f"{layer}.weight", wide(packed).T.copy()


def _products(graph: Any) -> Iterator[tuple[str, str]]:
    """Yield each matrix product's layer, as transformers names it, and the stem of its packed weights' names."""
    for node in graph.graph.node:
        if node.op_type == "MatMulInteger":
            layer = node.name.strip("/").replace("/", ".").rpartition(".")[0]
            yield layer, node.input[1].removesuffix(_QUANTISED)
