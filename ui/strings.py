"""What the page says, in one place: its English, and the questions that it suggests.

strings.SUGGESTIONS["en"]["weight"].format(title="Harrow kettle")
"""

from assistant.phrases import Language
from assistant.reply import Kind

NAME = "Titlewise"
ABOUT = (
    "Ask about a product whose title you only half remember. "
    "The answer comes from its description, with the words it rests on."
)
PRODUCTS = "{count:,} products"
MODEL = "Answered by {name}"
NEW_CONVERSATION = "New conversation"

GREETING = "What would you like to know?"
GREETING_HELP = (
    "Name the product as far as you remember it, and ask. If several fit, I ask which one; "
    "if the description does not tell, I say so."
)
TRY_ONE = "For example:"
PLACEHOLDER = "Ask about a product"

STOP = "Stop"
STOPPED = "Stopped."
BROKEN = "This reply failed, by a fault of the program. The terminal tells more."
SEARCHING = "…"

BADGES: dict[Kind, str] = {
    "not_stated": "not stated",
    "not_found": "not found",
    "generated": "generated, not checked",
}
GENERATED_HELP = "The model invented this text for a title that is in no catalogue. Do not take it for fact."
DESCRIPTION = "Description"
NO_DESCRIPTION = "No description is known."
TIMES = "first word after {first_s:.1f} s, whole reply after {total_s:.1f} s"
TIME = "after {total_ms:.0f} ms"

VOTE_MORE = "Tell more"
VOTE_REASON = "What is wrong?"
VOTE_REASONS = ("another product", "not in the description", "wrong", "does not answer", "badly worded")
VOTE_COMMENT = "A comment"

DESCRIBE = "A title that is in no catalogue"
DESCRIBE_HELP = "The model invents a description. It is marked as generated."
DESCRIBE_TITLE = "Title"
DESCRIBE_BUTTON = "Describe it"
DESCRIBE_ASKED = "Describe “{title}”"

# By the attributes of `assistant.attributes`; the likelier a description tells, the earlier.
SUGGESTIONS: dict[Language, dict[str, str]] = {
    "en": {
        "weight": "How heavy is the {title}?",
        "material": "What is the {title} made of?",
        "capacity": "What is the capacity of the {title}?",
        "players": "How many players is {title} for?",
        "size": "How big is the {title}?",
        "age": "What ages is {title} for?",
        "included": "What comes with the {title}?",
    },
    "pt": {
        "weight": "Quanto pesa o produto {title}?",
        "material": "De que é feito o produto {title}?",
        "size": "Quais são as medidas do produto {title}?",
    },
}
