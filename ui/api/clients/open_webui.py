"""What Open WebUI puts around a question: instructions, and documents that it found.

    unwrapped("### Task: Respond to the user query … </context> how heavy is it?")    # "how heavy is it?"

The wording is its default (`DEFAULT_RAG_TEMPLATE` in its `config.py`). What another wording says cannot be known,
and counts as a question.
"""

TASK = "### Task:"
QUERY, QUERY_END = "<user_query>", "</user_query>"  # until 2025; since then the question stands last
CONTEXT_END = "</context>"


def unwrapped(text: str) -> str:
    """Return what the user asked, without the instructions and documents that were put around it."""
    if not text.startswith(TASK):
        return text
    tagged, ended, _ = text.partition(QUERY)[2].rpartition(QUERY_END)
    asked = tagged if ended else text.rpartition(CONTEXT_END)[2]
    return asked.strip() or text
