"""`titlewise ui`: the page, served on this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ui.commands.command import Command, option
from ui.commands.options import EngineOptions, FeedbackUrl


@dataclass(frozen=True)
class Options:
    home: Path
    port: Annotated[int, option("(%(default)s)", type=int, default=8501)]
    origin: Annotated[
        str, option("where a proxy shows the page to browsers, such as https://shop.example", default="", metavar="URL")
    ]
    feedback: FeedbackUrl
    engine: EngineOptions


def run(options: Options) -> None:
    from ui.telemetry import set_up_tracing
    from ui.web.serve import Settings, serve_page

    set_up_tracing()
    settings = Settings(options.home.absolute(), options.engine.engine(), options.feedback)
    serve_page(settings, port=options.port, origin=options.origin)


COMMAND = Command("ui", "chat in the browser", Options, run, needs="ui")
