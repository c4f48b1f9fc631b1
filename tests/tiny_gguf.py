"""Writes a tiny Llama's transformers folder as a GGUF of the same weights, in fp32; for tests only."""

import json
from pathlib import Path
from typing import Any


def build(folder: Path, out: Path) -> Path:
    """Convert the model that `tiny_llama.build` saved in `folder`, and give `out` back."""
    import gguf
    from safetensors.numpy import load_file

    from finetune.export import permuted

    config: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
    tokenizer: dict[str, Any] = json.loads((folder / "tokenizer.json").read_bytes())
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    tokens = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].__getitem__)
    special = {token["content"] for token in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(True)
    writer.add_chat_template((folder / "chat_template.jinja").read_text(encoding="utf-8"))
    heads = {"self_attn.q_proj": config["num_attention_heads"], "self_attn.k_proj": config["num_key_value_heads"]}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for source, weights in load_file(folder / "model.safetensors").items():
        module = source.removesuffix(".weight")
        count = heads.get(module.split(".", 3)[-1])
        writer.add_tensor(f"{names.get_name(module)}.weight", permuted(weights, count) if count else weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out
