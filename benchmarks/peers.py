"""Ask the same questions of Titlewise and of the frameworks that such assistants are built with, on the same GGUF.

    pip install -e '.[bench]'
    python benchmarks/peers.py [--questions artifacts/questions/written_kept.jsonl] [--limit 40]

Written questions about products on which nothing was chosen; each names its product by the first words of the title.
Every system finds the product among all of the file's: Haystack (BM25, a prompt with numbered documents, its
AnswerBuilder) and LlamaIndex (BM25, its CitationQueryEngine) as their guides build them. The model is llama.cpp's, with
and without the shipped adapter. One rule judges all: a refusal is right where nothing is stated; a yes or no by the
reply's first word; an open question by the words of the passage that settles it, six in ten of which the reply has.
"""

import argparse
import contextlib
import json
import random
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.assistant import assistant_of
from assistant.backends.llamacpp import LlamaCpp
from assistant.evaluation.predict import open_index
from assistant.evaluation.questions import DescriptionExample
from assistant.grounding.citations import leading_verdict, without_marks
from assistant.models.adapters import SHIPPED, read_adapter
from assistant.models.named import EMBEDDED, find
from index.text import content_words

NAMED_BY = 6  # words of a title
SOURCES = 3  # products that a framework shows its model
MOST_TOKENS = 96  # of a reply
LEAST_SAID = 0.6  # of the settling words, in a reply to an open question
VERBATIM_WORDS = 5  # in a row, as the description has them
_REFUSES = re.compile(
    r"not (?:stated|mentioned|specified|provided|given|say|tell|state|mention|specify)|no information"
    r"|n['’]t (?:say|tell|state|mention|specify|provide)|does not say|tells nothing|none of the sources"
    r"|não (?:diz|informa|menciona)",
    re.I,
)


@dataclass(frozen=True)
class Question:
    """A question that names its product, and what is right."""

    text: str
    uid: str
    label: str
    span: str  # of the description, that settles it


@dataclass(frozen=True)
class Response:
    """What a system replied, about which product, and in how many milliseconds."""

    text: str
    uid: str
    refuses: bool
    ms: float


Ask = Callable[[str], tuple[str, str]]  # question → reply, and the uid of the product that it is about


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, default=Path("artifacts") / "questions" / "written_kept.jsonl")
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("artifacts") / "reports" / "peers.jsonl")
    arguments = parser.parse_args()
    questions, products = read(arguments.questions, arguments.limit, arguments.seed)
    print(f"{len(questions)} questions, {len(products)} products")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with arguments.out.open("w", encoding="utf-8") as out, open_index(products) as shop:
        for adapter in ("", "shipped"):
            named = f"adapter {adapter}" if adapter else "base"
            with titlewise(shop, adapter) as ask:
                report(f"Titlewise, {named}", questions, products, ask, out)
            with endpoint(adapter) as (address, key):
                for name, framework in (("Haystack", haystack), ("LlamaIndex", llama_index)):
                    report(f"{name}, {named}", questions, products, framework(products, address, key), out)


def read(path: Path, limit: int, seed: int) -> tuple[list[Question], list[DescriptionExample]]:
    """Return some questions of a question file, and all products that it is about."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["source"] != "invented"]  # whose products are no shop's
    products = {
        row["group"]: DescriptionExample(row["group"], row["title"], "\n".join(row["passages"][1:])) for row in rows
    }
    drawn = random.Random(seed).sample(rows, min(limit, len(rows)))
    questions = []
    for row in drawn:
        name = " ".join(row["title"].split()[:NAMED_BY]).strip(" ,;:-–")
        questions.append(Question(f"{name}: {row['question']}", row["group"], row["label"], row.get("span", "")))
    return questions, list(products.values())


@contextlib.contextmanager
def titlewise(shop: Any, adapter: str) -> Iterator[Ask]:
    """Open the assistant."""
    backend = LlamaCpp(find(EMBEDDED), [read_adapter(SHIPPED, adapter)] if adapter else [])
    assistant = assistant_of(shop.catalogue, shop.index, backend)
    assistant.warm_up()

    def ask(question: str) -> tuple[str, str]:
        reply = assistant.ask(question).reply
        return reply.text, reply.uid or (reply.hits[0].uid if reply.hits else "")

    try:
        yield ask
    finally:
        backend.close()


@contextlib.contextmanager
def endpoint(adapter: str) -> Iterator[tuple[str, str]]:
    """Serve the GGUF by llama.cpp's own OpenAI protocol; yield its address and key."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.verbosity = str(find(EMBEDDED)), 4096, 1, 0
    params.api_keys, params.use_jinja = [secrets.token_hex(8)], True
    if adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(SHIPPED / "adapter.gguf"), 1.0)]
    server = xllamacpp.Server(params)
    server.handle_completions({"prompt": "a", "n_predict": 1})
    yield f"{server.listening_address}/v1", params.api_keys[0]
    del server


def haystack(products: Sequence[DescriptionExample], address: str, key: str) -> Ask:
    """Build Haystack's pipeline as its guide to BM25 does."""
    from haystack import Document, Pipeline
    from haystack.components.builders import AnswerBuilder, ChatPromptBuilder
    from haystack.components.generators.chat import OpenAIChatGenerator
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
    from haystack.dataclasses import ChatMessage
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.utils import Secret

    store = InMemoryDocumentStore()
    store.write_documents([Document(content=f"{one.title}\n{one.content}", meta={"uid": one.uid}) for one in products])
    template = [
        ChatMessage.from_user(
            "Answer the question in one short sentence, only from the documents. Begin with Yes or No where that is "
            "asked. Cite the document, like [1]. If they do not tell, answer: Not stated.\n"
            "{% for document in documents %}[{{ loop.index }}] {{ document.content }}\n{% endfor %}"
            "Question: {{ question }}\nAnswer:"
        )
    ]
    pipeline = Pipeline()
    pipeline.add_component("retriever", InMemoryBM25Retriever(store, top_k=SOURCES))
    pipeline.add_component("prompt", ChatPromptBuilder(template, required_variables="*"))
    pipeline.add_component(
        "llm",
        OpenAIChatGenerator(
            api_key=Secret.from_token(key),
            api_base_url=address,
            model="gguf",
            generation_kwargs={"temperature": 0, "max_tokens": MOST_TOKENS},
        ),
    )
    pipeline.add_component("answer", AnswerBuilder(reference_pattern=r"\[(\d+)\]"))
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt.prompt", "llm.messages")
    pipeline.connect("llm.replies", "answer.replies")
    pipeline.connect("retriever.documents", "answer.documents")

    def ask(question: str) -> tuple[str, str]:
        found = pipeline.run(
            {"retriever": {"query": question}, "prompt": {"question": question}, "answer": {"query": question}},
            include_outputs_from={"retriever"},
        )
        answer, documents = found["answer"]["answers"][0], found["retriever"]["documents"]
        cited = answer.documents or documents
        return answer.data, cited[0].meta["uid"] if cited else ""

    return ask


def llama_index(products: Sequence[DescriptionExample], address: str, key: str) -> Ask:
    """Build LlamaIndex's CitationQueryEngine over its BM25 retriever."""
    from llama_index.core.query_engine import CitationQueryEngine
    from llama_index.core.schema import TextNode
    from llama_index.llms.openai_like import OpenAILike
    from llama_index.retrievers.bm25 import BM25Retriever

    nodes = [TextNode(text=f"{one.title}\n{one.content}", metadata={"uid": one.uid}) for one in products]
    for node in nodes:
        node.excluded_llm_metadata_keys = ["uid"]
    llm = OpenAILike(
        model="gguf",
        api_base=address,
        api_key=key,
        is_chat_model=True,
        context_window=4096,
        temperature=0.0,
        max_tokens=MOST_TOKENS,
    )
    retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=SOURCES)
    engine = CitationQueryEngine(retriever=retriever, llm=llm)

    def ask(question: str) -> tuple[str, str]:
        response = engine.query(question)
        sources = response.source_nodes
        numbers = [int(number) for number in re.findall(r"\[(\d+)\]", str(response))]
        cited = [sources[number - 1] for number in numbers if 0 < number <= len(sources)] or sources
        return str(response), cited[0].metadata["uid"] if cited else ""

    return ask


def report(
    name: str, questions: Sequence[Question], products: Sequence[DescriptionExample], ask: Ask, out: Any
) -> None:
    """Ask all questions of one system; print its figures, and write its replies."""
    texts = {one.uid: f"{one.title}\n{one.content}" for one in products}
    replies = []
    for one in questions:
        start_s = time.perf_counter()
        text, uid = ask(one.text)
        response = Response(
            text, uid, bool(_REFUSES.search(text)) or not text.strip(), 1000 * (time.perf_counter() - start_s)
        )
        replies.append((one, response))
        out.write(
            json.dumps(
                {"system": name, **vars(one), **{f"reply_{key}": value for key, value in vars(response).items()}}
            )
            + "\n"
        )
    right = [is_right(one, response) for one, response in replies]
    claims = [
        (one, response, good) for (one, response), good in zip(replies, right, strict=True) if not response.refuses
    ]
    figures = {
        "product": np.mean([response.uid == one.uid for one, response in replies]),
        "right": np.mean(right),
        "misled": sum(not good for _, _, good in claims) / len(replies),
        "verbatim": np.mean(
            [has_stretch(response.text, texts.get(response.uid, "")) for _, response, _ in claims] or [False]
        ),
    }
    median = float(np.median([response.ms for _, response in replies]))
    print(
        f"{name:28}" + "".join(f"{key} {value:.3f}  " for key, value in figures.items()) + f"{median:,.0f} ms",
        flush=True,
    )


def is_right(question: Question, response: Response) -> bool:
    """Return whether a reply is right, by the rule at the head of this file."""
    if question.label == "not_stated" or response.refuses:
        return bool((question.label == "not_stated") == response.refuses)
    if question.label in ("yes", "no"):
        return leading_verdict(response.text.strip())[0] == question.label
    wanted = content_words(question.span)
    return len(wanted & content_words(response.text)) >= LEAST_SAID * len(wanted)


def has_stretch(reply: str, text: str) -> bool:
    """Return whether a reply has some words in a row as the product's text has them."""
    words, there = without_marks(reply).casefold().split(), " ".join(text.casefold().split())
    runs = (" ".join(words[place : place + VERBATIM_WORDS]) for place in range(len(words) - VERBATIM_WORDS + 1))
    return any(run in there for run in runs)


if __name__ == "__main__":
    main()
