"""What Open WebUI makes of a question: tasks of its own, and a wrapping around what the user asked.

    is_client_task("### Task: Generate a concise title … <chat_history> …")
    unwrapped("### Task: Respond to the user query … </context> how heavy is it?")    # "how heavy is it?"

The wordings are its defaults (`DEFAULT_*_TEMPLATE` in its `config.py`). What another wording says cannot be known,
and counts as a question.
"""

TASK = "### Task:"  # begins its tasks, and its wrapping too
HISTORY = "<chat_history>"  # is in its tasks alone: titles, tags, follow-ups, search queries, pictures, completions
EMOJI_TASK = "Your task is to reflect the speaker's likely facial expression through a fitting emoji."
QUERY, QUERY_END = "<user_query>", "</user_query>"  # until 2025; since then the question stands last
CONTEXT_END = "</context>"


def is_client_task(text: str) -> bool:
    """Return whether a message is a task of the client's own."""
    return (text.startswith(TASK) and HISTORY in text) or text.startswith(EMOJI_TASK)


def unwrapped(text: str) -> str:
    """Return what the user asked, without the instructions and documents that were put around it."""
    if not text.startswith(TASK):
        return text
    tagged, ended, _ = text.partition(QUERY)[2].rpartition(QUERY_END)
    asked = tagged if ended else text.rpartition(CONTEXT_END)[2]
    return asked.strip() or text
