"""What Open WebUI makes of a question: errands of its own, and a wrapping around what the user asked.

    is_errand("### Task: Generate a concise title … <chat_history> …")
    unwrapped("### Task: Respond to the user query … </context> how heavy is it?")    # "how heavy is it?"

The wordings are its defaults (`DEFAULT_*_TEMPLATE` in its `config.py`). What another wording says cannot be known,
and counts as a question.
"""

import re

TASK = "### Task:"  # begins its errands, and its wrapping too
TALK = "<chat_history>"  # is in its errands alone: titles, tags, follow-ups, search queries, pictures, completions
EMOJI_ERRAND = "Your task is to reflect the speaker's likely facial expression through a fitting emoji."
QUERY = re.compile(r"<user_query>(.*)</user_query>", re.DOTALL)  # until 2025; since then the question stands last
CONTEXT_END = "</context>"


def is_errand(text: str) -> bool:
    """Say whether a message is an errand of the client's own."""
    return (text.startswith(TASK) and TALK in text) or text.startswith(EMOJI_ERRAND)


def unwrapped(text: str) -> str:
    """Give what the user asked, without the instructions and documents that were put around it."""
    if not text.startswith(TASK):
        return text
    tagged = QUERY.search(text)
    asked = tagged[1] if tagged else text.rpartition(CONTEXT_END)[2]
    return asked.strip() or text
