"""A conversation as a file: Markdown to read, JSON to work with.

as_markdown_file(talk, STRINGS["en"])
as_json_file(talk)
"""

import json

from ui.web.components.markdown import escaped
from ui.web.conversation import Talk
from ui.web.strings import Strings


def as_markdown_file(talk: Talk, strings: Strings) -> str:
    """Give the conversation as Markdown in which every text stands letter for letter."""
    lines = [f"# {strings.export_title}"]
    for exchange in talk.exchanges:
        lines.append(f"**{strings.export_asked}:** {escaped(exchange.request.shown or exchange.request.question)}")
        reply = exchange.reply
        if reply is None:
            continue
        if reply.kind in strings.badges:
            lines.append(f"*{strings.badges[reply.kind]}*")
        lines.append("\\\n".join(escaped(line) for line in reply.text.splitlines()))
        lines += [f"> {escaped(quote.text)}" for quote in reply.quotes]
        if reply.uid:
            lines.append(f"{strings.export_source} {escaped(reply.title)} ({escaped(reply.uid)})")
    return "\n\n".join(lines) + "\n"


def as_json_file(talk: Talk) -> str:
    """Give the conversation as a JSON array: each question with the row of its reply, null where none came."""
    rows = [
        {
            "question": exchange.request.question,
            "uid": exchange.request.uid,
            "describe": exchange.request.describe,
            "stopped": exchange.stopped,
            "reply": exchange.reply.to_row() if exchange.reply is not None else None,
        }
        for exchange in talk.exchanges
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
