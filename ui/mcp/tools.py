"""The five tools, as a server of MCP's that knows no transport yet.

server = server_of(assistant, Limits())
server.run("stdio")
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from importlib.metadata import version
from typing import Annotated, Any, TypeVar

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from assistant.shopping.discovery import MOST_OFFERED
from assistant.shopping.mentions import MOST_TOGETHER
from index.catalogue.store import Product
from index.errors import UnknownProductError, UserError
from index.resolver import Resolution, check_question
from ui.api.workers import AnswerWorkers, CurrentAssistant, Limits
from ui.mcp.schema import ProductReply, SideBySide, SuggestedProducts, product_reply, side_by_side, suggested_products

INSTRUCTIONS = """Answers about the products of one catalogue, from their titles and descriptions alone.
Find products by need with search_products, by half-remembered title with resolve_product; then ask about one with
ask_product, or compare several. What a product does not say is told as not stated or untold: never fill it in. Quotes
are verbatim: give them along. Questions may be English or Portuguese. Prices, stock and orders are not known here."""
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)

T = TypeVar("T")

Question = Annotated[
    str, Field(description="in a shopper's own words, English or Portuguese; 4,000 characters at most")
]
Need = Annotated[
    str,
    Field(
        description='the thing and its conditions, such as "a kettle under 1 litre for pour-over coffee, not plastic"'
    ),
]
Uid = Annotated[str, Field(description="of a product, as search_products and resolve_product give it")]
MaybeUid = Annotated[
    str | None, Field(description="asks about this product; without it the question has to name its product")
]
Uids = Annotated[list[str], Field(description="of the products to compare", min_length=2, max_length=MOST_TOGETHER)]
Limit = Annotated[int, Field(description="products at most", ge=1, le=MOST_OFFERED)]


def server_of(assistant: CurrentAssistant, limits: Limits) -> MCPServer[None]:
    """Return the server of one assistant, which stays the caller's."""
    workers = AnswerWorkers(assistant, limits)

    @contextlib.asynccontextmanager
    async def lifespan(_: MCPServer[None]) -> AsyncIterator[None]:
        async with workers.open(asyncio.Event()):
            yield

    server = MCPServer[None](
        "titlewise",
        title="Titlewise",
        instructions=INSTRUCTIONS,
        version=version("titlewise"),
        lifespan=lifespan,
        log_level="WARNING",
        subscriptions=False,
        middleware=[errors_in_one_line],
    )
    _add_finding(server, assistant, workers)
    _add_answering(server, assistant, workers)
    return server


def _add_finding(server: MCPServer[None], assistant: CurrentAssistant, workers: AnswerWorkers) -> None:
    """Add what finds products."""

    @server.tool(title="Find products by need", annotations=READS)
    async def search_products(need: Need, limit: Limit = MOST_OFFERED) -> SuggestedProducts:
        """Find products that fit a need, judged by what each one's title and description say.

        Each comes with the verbatim quotes that show it and with the conditions of which it says nothing. For a
        product that the shopper half remembers by name, use resolve_product instead.
        """

        def work(_: threading.Event) -> SuggestedProducts:
            check_question(need)
            return suggested_products(assistant.now().retriever.suggested(need, limit))

        return await _turn(workers, work)

    @server.tool(title="Say which product is meant", annotations=READS)
    async def resolve_product(question: Question) -> Resolution:
        """Say which product of the catalogue a question or a half-remembered title means.

        The decision is found, ambiguous (see candidates) or unknown, with the calibrated probability of the best hit
        being the one meant; hits are up to ten titles, best first, whatever the decision.
        """
        with _tool_errors():
            return await workers.lookups.run((await workers.now()).retriever.index.resolve, question)

    @server.tool(title="Read a product", annotations=READS)
    async def get_product(uid: Uid) -> Product:
        """Return a product's title and its whole description (`content`), as stored."""
        with _tool_errors():
            return await workers.in_thread((await workers.now()).retriever.catalogue.find, uid)


def _add_answering(server: MCPServer[None], assistant: CurrentAssistant, workers: AnswerWorkers) -> None:
    """Add what answers questions."""

    @server.tool(title="Ask about a product", annotations=READS)
    async def ask_product(question: Question, uid: MaybeUid = None) -> ProductReply:
        """Answer a question about a product from its description, with verbatim quotes.

        It may take some seconds. Where the description does not tell, the kind is not_stated.
        """
        return await _turn(
            workers, lambda cancel: product_reply(assistant.now().ask(question, uid=uid or "", cancel=cancel))
        )

    @server.tool(title="Compare products", annotations=READS)
    async def compare_products(question: Question, uids: Uids) -> SideBySide:
        """Ask two or three products the same thing, and say which one the comparison favours.

        The question says by what: "which is lighter?", "which ones are dishwasher safe?". Amounts are converted and
        compared by code; where a side does not tell, no winner is named.
        """
        return await _turn(
            workers, lambda cancel: side_by_side(assistant.now().compare(question, uids, cancel=cancel).reply)
        )


async def errors_in_one_line(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Hand a message on; where a tool refuses its arguments, fold what pydantic says of them into one line."""
    result = await call_next(ctx)
    if not (isinstance(result, dict) and result.get("isError")):
        return result
    return result | {"content": [part | {"text": " ".join(part["text"].split())} for part in result["content"]]}


async def _turn(workers: AnswerWorkers, work: Callable[[threading.Event], T]) -> T:
    """Run what takes the model, in its turn."""
    with _tool_errors():
        return await workers.in_turn(work)


@contextlib.contextmanager
def _tool_errors() -> Iterator[None]:
    """Tell a tool's client what it can mend, in its own terms; what is unforeseen is for the log alone."""
    try:
        yield
    except UnknownProductError as error:
        mendable = UserError(error.happened, error.expected, "search_products or resolve_product, which give uids")
        raise ToolError(str(mendable)) from error
    except UserError as error:
        raise ToolError(str(error)) from error
