r"""Pieces of the reports' pages: self-contained HTML that can do nothing.

No script, no picture or style from elsewhere, and a policy that forbids both: titles, questions and
replies come from strangers. Every text is escaped.

    page = "\n".join([html_head("How well it answers"), html_table([("what", "value"), ("cores", 2)], "l"), HTML_FOOT])
"""

import html
from collections.abc import Sequence
from typing import Any

LONGEST = 600  # characters of a text that are shown
HTML_FOOT = "</body></html>\n"
_HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>{title}</title><style>
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:76em;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0;font-size:13px;display:block;overflow-x:auto}
td,th{border:1px solid #ddd;padding:3px 7px;text-align:right;vertical-align:top}
td:first-child,th:first-child,.l td,.l th{text-align:left}
small{color:#777;white-space:nowrap}.tuned{background:#eaf6f0}.worse{background:#fbe9e7}.better{background:#e7f5ea}
details{margin:.6em 0}svg text{font:12px system-ui,sans-serif}svg .t{font-weight:600}
</style></head><body>
"""


def html_head(title: str) -> str:
    """Give the beginning of a page, its heading included."""
    return _HEAD.replace("{title}", html_text(title)) + f"<h1>{html_text(title)}</h1>"


def html_table(rows: Sequence[Sequence[Any]], kind: str) -> str:
    """Give a table whose first row is its head; `kind` is its class, "l" for text."""
    head, *body = (
        "".join(f"<{cell}>{html_text(value)}</{cell}>" for value in row)
        for cell, row in (("th" if place == 0 else "td", row) for place, row in enumerate(rows))
    )
    return f'<table class="{kind}"><tr>{head}</tr>' + "".join(f"<tr>{row}</tr>" for row in body) + "</table>"


def html_text(value: Any) -> str:
    """Escape a text, and shorten it."""
    whole = str(value)
    return html.escape(whole if len(whole) <= LONGEST else whole[:LONGEST] + " …", quote=True)
