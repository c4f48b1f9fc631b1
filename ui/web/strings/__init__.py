"""All that the page says, in English and Portuguese: the page's frame and conversation, its reports and runs.

STRINGS["pt"].new_conversation    # "Nova conversa"
"""

from ui.web.strings.page import ENGLISH, LANGUAGES, NAME, PORTUGUESE, STRINGS, Matter, Strings
from ui.web.strings.reports import REPORT_STRINGS, ReportStrings

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "NAME",
    "PORTUGUESE",
    "REPORT_STRINGS",
    "STRINGS",
    "Matter",
    "ReportStrings",
    "Strings",
]
