"""The log of a server: a line an event on standard error, for people or as JSON.

set_up_logging("json", texts=False)
"""

import logging
import logging.config
from datetime import UTC, datetime
from typing import Any

from index import live
from ui.api.observed import REQUESTS, current
from ui.commands.options import LogForm
from ui.commands.terminal import json_line


def set_up_logging(form: LogForm | None, *, texts: bool) -> None:
    """Log to standard error: warnings and errors, and with a form each request too.

    `texts` adds questions and replies to the lines of requests.
    """
    requests = "WARNING" if form is None else "DEBUG" if texts else "INFO"
    own = {"handlers": ["stderr"], "propagate": False}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": JsonLines if form == "json" else TextLines}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "loggers": {
                live.LOG.name: {**own, "level": "WARNING"},
                REQUESTS.name: {**own, "level": requests},
                "uvicorn": {**own, "level": "WARNING"},
            },
        }
    )


class JsonLines(logging.Formatter):
    """A record as an object of JSON in one line, its traceback within."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        row = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields_of(record),
        }
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json_line(row)


class TextLines(logging.Formatter):
    """A record as people read it: the level, what is said, and behind that the request's fields."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line, before a traceback where there is one."""
        fields = [f"{name}={_shown(value)}" for name, value in _fields_of(record).items()]
        return " ".join([f"{record.levelname}:", record.getMessage(), *fields])


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the id of the request within which a record came about, and what the record says of that request."""
    row: dict[str, Any] = getattr(record, "row", {})
    return {"request_id": current().id, **row} if current().id else row


def _shown(value: Any) -> str:
    shown = str(value)
    return shown if shown.isascii() and shown.isprintable() and not set(shown) & {" ", '"'} else json_line(value)
