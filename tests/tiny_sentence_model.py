"""A sentence-transformers model of a few words with seeded weights, built where it is needed."""

from pathlib import Path

DIMS = 16


def build(folder: Path, titles: list[str], dims: int = DIMS) -> Path:
    """Save a static word-embedding model that knows the words of the titles; give its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace

    words = sorted({word for title in titles for word in title.lower().replace(",", " ").split()})
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    generator = torch.Generator().manual_seed(7)
    weights = torch.randn(len(vocabulary), dims, generator=generator)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights.numpy())], device="cpu")
    model.save(str(folder))
    return folder
