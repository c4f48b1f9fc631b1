"""`titlewise serve`: answers over HTTP."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args

from ui.commands.command import Command, UsageError, option, switch
from ui.commands.options import EngineOptions, LogForm, origin_and_key, positive, zero_or_more


@dataclass(frozen=True)
class Options:
    home: Path
    host: Annotated[str, option("(%(default)s)", default="127.0.0.1")]
    port: Annotated[int, option("(%(default)s)", type=int, default=8000)]
    at_once: Annotated[int, option("answers under way (%(default)s)", type=positive, default=2, metavar="N")]
    waiting: Annotated[int, option("questions in line (%(default)s)", type=zero_or_more, default=32, metavar="N")]
    origin: Annotated[
        list[str],
        option(
            "whose pages may ask from within a browser, such as http://localhost:3000; may be repeated",
            action="append",
            default=[],
            metavar="URL",
        ),
    ]
    widget: Annotated[
        list[tuple[str, str]],
        option(
            "a shop whose pages hold the widget, and the key in their tag; may be repeated",
            action="append",
            default=[],
            type=origin_and_key,
            metavar="ORIGIN=KEY",
        ),
    ]
    log: Annotated[LogForm | None, option("log each request, as text or JSON", choices=get_args(LogForm))]
    log_texts: Annotated[bool, switch("log questions and replies too")]
    engine: EngineOptions

    def __post_init__(self) -> None:
        if self.log_texts and not self.log:
            raise UsageError("--log-texts goes with --log")


def run(options: Options) -> None:
    from ui.api.access import API_KEY_VARIABLE, WRITE_KEY_VARIABLE, Access
    from ui.api.server import serve
    from ui.api.workers import Limits
    from ui.logs import set_up_logging
    from ui.telemetry import set_up_tracing

    set_up_tracing()
    set_up_logging(options.log, texts=options.log_texts)
    limits = Limits(at_once=options.at_once, waiting=options.waiting)
    keys = [os.environ.get(name, "") for name in (API_KEY_VARIABLE, WRITE_KEY_VARIABLE)]
    access = Access(keys[0], options.origin, dict(options.widget), keys[1])
    serve(options.home, options.engine.engine(), limits, access, host=options.host, port=options.port)


COMMAND = Command("serve", "answer over HTTP, in OpenAI's protocol", Options, run, needs="server")
