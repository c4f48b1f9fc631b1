"""Serving the page: opens what it stands on, then runs Streamlit in this process.

What is opened is opened once, for all visitors, and before the first one comes. Where the catalogue, the index or
the model is missing, the page says so itself, with the button that brings it; any other error is one line in the
terminal. Streamlit is imported at the top: only who serves the page imports this module.

    serve_page(Settings(home, Engine()), port=8501)
"""

import json
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit.web.cli import main

from assistant.assistant import Assistant, assistant_of
from assistant.backends.remote import estimated_tokens
from assistant.grounding.evidence import Budget
from assistant.models.named import entries
from assistant.open import Engine, Live, judge_of, open_backend, open_live
from assistant.retriever import Retriever
from assistant.shopping.shop import read_shop
from index.errors import ArtefactError, UserError
from index.live import LiveIndex
from ui.api.client import RemoteAssistant, is_ours
from ui.feedback import FILE, Feedback
from ui.free_port import check_port
from ui.queue import AdmissionQueue
from ui.web.context import AppContext
from ui.web.sessions import Sessions
from ui.web.setup import setup_steps
from ui.web.streamlit_server import confine

ADDRESS = "127.0.0.1"  # the page has no accounts, so only this machine may see it
NAMES = (ADDRESS, "localhost")  # by which it may be asked for
MOST_MODELS = 2  # in memory: the one that the page was started with, and one that a visitor chose
AT_ONCE, WAITING = 2, 100  # answers under way, and visitors in the queue behind them
APP = Path(__file__).with_name("app.py")
OPTIONS = {
    "server.address": ADDRESS,
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "1",  # megabytes; nothing is uploaded
    "server.maxMessageSize": "16",  # megabytes; a report's longest table has one
    "browser.serverAddress": ADDRESS,
    "browser.gatherUsageStats": "false",
    "logger.level": "warning",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "theme.showWidgetBorder": "true",
    "theme.headingFontWeights": "600",
    "theme.headingFontSizes": "1.6rem, 1.6rem, 1.2rem",
    "theme.light.primaryColor": "#0f6b5c",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f5f6f4",
    "theme.light.textColor": "#22282a",
    "theme.light.borderColor": "#dfe3e0",
    "theme.light.linkColor": "#0f6b5c",
    "theme.dark.primaryColor": "#58bfa9",
    "theme.dark.backgroundColor": "#15191a",
    "theme.dark.secondaryBackgroundColor": "#1f2526",
    "theme.dark.textColor": "#e6ebe9",
    "theme.dark.borderColor": "#384142",
    "theme.dark.linkColor": "#6fd0bb",
}


@dataclass(frozen=True)
class Settings:
    """What the page is about, as it is handed to the script that Streamlit runs.

    `feedback` is the URL of the database that keeps opinions, None where a file in the home does.
    """

    home: Path
    engine: Engine
    feedback: str | None = None

    def argument(self) -> str:
        """Return the settings as one argument of a command line."""
        return json.dumps(asdict(self) | {"home": str(self.home)})

    @classmethod
    def from_argument(cls, argument: str) -> "Settings":
        """Read what `argument` gave."""
        data = json.loads(argument)
        engine = data["engine"]
        named = None if engine["adapters"] is None else tuple(engine["adapters"])
        return cls(Path(data["home"]), Engine(**engine | {"adapters": named}), data["feedback"])


def options_for(port: int, origin: str = "") -> list[str]:
    """Return the options with which Streamlit runs the page; `origin` is where a proxy shows it to browsers.

    Raises `UserError` for an origin without a host.
    """
    options = {**OPTIONS, "server.port": str(port)}
    if origin:
        options |= {"browser.serverAddress": _host_of(origin), "logger.hideWelcomeMessage": "true"}
    hosts = [*NAMES, _host_of(origin)] if origin else NAMES
    return [f"--{name}={value}" for name, value in options.items()] + [
        f"--server.allowedHosts={host}" for host in hosts
    ]


def _host_of(origin: str) -> str:
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{origin} is no origin", "such as https://shop.example", "titlewise ui --origin URL")
    return parts.hostname


def serve_page(settings: Settings, *, port: int, origin: str = "") -> None:
    """Serve the page on this machine until it is stopped; a proxy may show it at another `origin`.

    Where opinions cannot be kept in the home it is without thumbs, and says so in the terminal.

    Raises `UserError` where the adapter or the database of opinions cannot be opened, the port is taken, or the origin
    has no host.
    """
    options = options_for(port, origin)
    check_port(ADDRESS, port, "titlewise ui")
    try:
        opened(settings)
    except ArtefactError as missing:
        if not any(step.problem for step in setup_steps(settings.home, settings.engine)):
            raise
        print(f"Not ready yet: {missing.happened}. The page tells how to mend it.")
    own = [f"http://{name}:{port}" for name in NAMES]
    confine([*own, origin.lower().rstrip("/")] if origin else own)
    arguments = ["run", str(APP), *options, "--", settings.argument()]
    if origin:
        print(f"The page is shown at {origin}.", flush=True)
    try:
        main(arguments, prog_name="streamlit", standalone_mode=False)
    finally:
        sessions().stop()


def opened(settings: Settings) -> AppContext:
    """Return what all visitors share, each piece opened at the first call, the catalogue as it is now.

    Raises `ArtefactError` where the catalogue, the index or the model is missing or damaged, `UserError` for what
    else a person can mend.
    """
    home, engine = settings.home, settings.engine
    names = [entry.model.name for entry in entries() if entry.place is not None and entry.model.name != engine.model]
    others = {} if engine.server else {name: partial(_answerer, home, Engine(name, engine.backend)) for name in names}
    assistant = _answerer(home, engine)
    feedback = _feedback(home, settings.feedback)
    return AppContext(home, assistant.retriever, assistant, feedback, _queue(), sessions(), others)


@st.cache_resource(show_spinner=False)
def sessions() -> Sessions:
    """Return everyone's sessions."""
    return Sessions()


@st.cache_resource(show_spinner=False)
def _live(home: Path) -> LiveIndex:
    return open_live(home)


def _answerer(home: Path, engine: Engine) -> Assistant | RemoteAssistant:
    return _live_answerer(home, engine).now()


# One that has to go is not closed: the answers that it is still writing hold it, and its memory is freed after them.
@st.cache_resource(show_spinner=False, max_entries=MOST_MODELS)
def _live_answerer(home: Path, engine: Engine) -> Live[Assistant] | Live[RemoteAssistant]:
    live = _live(home)
    if engine.server and is_ours(engine.server):
        retriever = Retriever(*live.now(), Budget(estimated_tokens), shop=read_shop(home))
        return Live(RemoteAssistant(retriever, engine.server, engine.adapters), live)
    assistant = assistant_of(*live.now(), open_backend(home, engine), engine.settings, judge_of(home), read_shop(home))
    assistant.warm_up()
    return Live(assistant, live)


@st.cache_resource(show_spinner=False)
def _feedback(home: Path, url: str | None = None) -> Feedback | None:
    if url:
        return Feedback(url)
    try:
        return Feedback(home / FILE)
    except UserError as error:  # a home that may only be read, a damaged file
        print(f"The page is without thumbs: {error}", file=sys.stderr)
        return None


@st.cache_resource(show_spinner=False)
def _queue() -> AdmissionQueue:
    return AdmissionQueue(AT_ONCE, WAITING)
