"""`titlewise mcp`: tools for agents, by the Model Context Protocol."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, option, switch
from ui.commands.options import EngineOptions


@dataclass(frozen=True)
class Options:
    home: Path
    http: Annotated[bool, switch("serve over HTTP, instead of over standard input and output to whoever starts it")]
    host: Annotated[str, option("with --http (%(default)s)", default="127.0.0.1")]
    port: Annotated[int, option("with --http (%(default)s)", type=int, default=8001)]
    name: Annotated[
        list[str],
        option(
            "by which clients may ask for it over HTTP, beside its address, such as shop.example; may be repeated",
            action="append",
            default=[],
            metavar="HOST",
        ),
    ]
    engine: EngineOptions


def run(options: Options) -> None:
    from ui.api.access import API_KEY_VARIABLE, Access
    from ui.mcp.server import serve_http, serve_stdio
    from ui.telemetry import set_up_tracing

    engine = options.engine.engine()
    set_up_tracing()
    if options.http:
        access = Access(os.environ.get(API_KEY_VARIABLE, ""))
        serve_http(options.home, engine, access, host=options.host, port=options.port, names=options.name)
    else:
        serve_stdio(options.home, engine)


COMMAND = Command("mcp", "give agents tools, by the Model Context Protocol", Options, run, needs="mcp")
