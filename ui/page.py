"""Serving the page: opens what it stands on, then runs Streamlit in this process.

Everything that can be missing is opened before the first visitor comes, so that a
fault is one line in the terminal. The assistant is opened once, for all visitors.

    serve_page(home, Engine(), port=8501)
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.chat import Assistant
from assistant.opening import Engine, open_backend, open_catalogue
from ui.feedback import FILE, Feedback
from ui.ports import check_port

ADDRESS = "127.0.0.1"  # the page has no accounts, so only this machine may see it
APP = Path(__file__).with_name("app.py")
OPTIONS = {
    "server.address": ADDRESS,
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "logger.level": "warning",
    "client.toolbarMode": "minimal",
    "theme.base": "light",
    "theme.primaryColor": "#0f6b5c",
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#f5f6f4",
    "theme.textColor": "#22282a",
    "theme.borderColor": "#dfe3e0",
    "theme.linkColor": "#0f6b5c",
    "theme.showWidgetBorder": "true",
    "theme.headingFontWeights": "600",
    "theme.headingFontSizes": "1.6rem, 1.6rem, 1.2rem",
}


@dataclass(frozen=True)
class Settings:
    """What the page is about, as it is handed to the script that Streamlit runs."""

    home: Path
    engine: Engine

    def argument(self) -> str:
        """Give the settings as one argument of a command line."""
        return json.dumps({"home": str(self.home), "engine": asdict(self.engine)})

    @classmethod
    def from_argument(cls, argument: str) -> "Settings":
        """Read what `argument` gave."""
        data = json.loads(argument)
        return cls(Path(data["home"]), Engine(**data["engine"]))


def options_for(port: int) -> list[str]:
    """Give the options with which Streamlit runs the page."""
    return [f"--{name}={value}" for name, value in {**OPTIONS, "server.port": str(port)}.items()]


def serve_page(home: Path, engine: Engine, *, port: int) -> None:
    """Serve the page on this machine until it is stopped.

    Raises `UserError` where the catalogue, the index, the opinions or the model cannot be opened, or the port is taken.
    """
    from streamlit.web.cli import main

    check_port(ADDRESS, port, "titlewise ui")
    settings = Settings(home.absolute(), engine)
    argument = settings.argument()
    opened_feedback(settings.home)
    assistant = opened(argument)
    try:
        main(["run", str(APP), *options_for(port), "--", argument], prog_name="streamlit", standalone_mode=False)
    finally:
        assistant.backend.close()


def opened(argument: str) -> Assistant:
    """Give the assistant that all visitors share, opened at the first call; `argument` as of `Settings`."""
    import streamlit as st

    return st.cache_resource(show_spinner=False)(_open)(argument)


def opened_feedback(home: Path) -> Feedback:
    """Give the place of all visitors' opinions, opened at the first call."""
    import streamlit as st

    return st.cache_resource(show_spinner=False)(Feedback)(home / FILE)


def _open(argument: str) -> Assistant:
    settings = Settings.from_argument(argument)
    catalogue, index = open_catalogue(settings.home)
    assistant = Assistant(catalogue, index, open_backend(settings.home, settings.engine))
    assistant.warm_up()
    return assistant
