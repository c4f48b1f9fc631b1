"""A conversation as a file: Markdown to read, JSON to work with.

as_markdown_file(conversation, STRINGS["en"])
as_json_file(conversation)
"""

import json

from ui.web.components.markdown import escaped
from ui.web.conversation import Conversation
from ui.web.strings import Strings


def as_markdown_file(conversation: Conversation, strings: Strings) -> str:
    """Return the conversation as Markdown in which every text stands letter for letter."""
    lines = [f"# {strings.export_title}"]
    for turn in conversation.turns:
        lines.append(f"**{strings.export_asked}:** {escaped(turn.request.text)}")
        reply = turn.reply
        if reply is None:
            continue
        if reply.kind in strings.badges:
            lines.append(f"*{strings.badges[reply.kind]}*")
        lines.append("\\\n".join(escaped(line) for line in reply.text.splitlines()))
        lines += [f"> {escaped(quote.text)}" for quote in reply.quotes]
        if reply.uid:
            lines.append(f"{strings.export_source} {escaped(reply.title)} ({escaped(reply.uid)})")
    return "\n\n".join(lines) + "\n"


def as_json_file(conversation: Conversation) -> str:
    """Return the conversation as a JSON array: each question with the row of its reply, null where none came."""
    rows = [
        {
            "question": turn.request.question,
            "uid": turn.request.uid,
            "compared": list(turn.request.compared),
            "describe": turn.request.describe,
            "stopped": turn.stopped,
            "reply": turn.reply.to_row() if turn.reply is not None else None,
        }
        for turn in conversation.turns
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
