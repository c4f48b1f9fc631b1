"""What the page says in its frame, in the conversation and in the settings, in two languages.

STRINGS["pt"].new_conversation    # "Nova conversa"
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.phrases import Language
from assistant.reply import Kind
from ui.web.strings.tables import read_table

NAME = "Titlewise"
LANGUAGES: dict[Language, str] = {"en": "English", "pt": "Português"}


@dataclass(frozen=True)
class Matter:
    """Something that descriptions tell: how it is called, and how a shopper asks for it.

    `asked` is about a product that is named, with a place for its title; `asked_of_it` about the one at hand.
    """

    name: str
    asked_of_it: str
    asked: str = ""


@dataclass(frozen=True)
class Strings:
    """Everything that the page says in one language; numbers go into it as `number` writes them."""

    decimal_comma: bool

    # The frame
    products: str
    answered_by: str
    answered_by_adapter: str
    chat: str
    browse: str
    compare: str
    settings: str
    for_shop: str
    model: str
    # The conversation
    greeting: str
    greeting_help: str
    try_one: str
    placeholder: str
    new_conversation: str
    export: str
    export_markdown: str
    export_json: str
    export_title: str
    export_asked: str
    export_source: str
    stop: str
    stopped: str
    broken: str
    errors: Mapping[str, str]  # by the class of the error
    searching: str
    in_line: str
    waits: str
    withdraw: str
    copy: str
    copied: str
    regenerate: str
    edit: str
    edit_label: str
    ask_again: str
    cancel: str
    times: str
    time: str
    # A reply
    badges: dict[Kind, str]
    generated_help: str
    description: str
    no_description: str
    confident: Sequence[str]  # surely, probably, perhaps
    chosen: str
    kept: str
    not_this: str
    ask_about_this: str
    untold: str
    near: str
    which_then: str
    none_of_these: str
    covers: str
    ask_about_it: str
    ask_at_large: str
    invent: str
    # Products side by side
    tick: str
    tick_more: str
    narrow: str
    compared_by: str
    compared_at_large: str
    compare_two: str
    compare_three: str
    # Opinions
    vote_more: str
    vote_reason: str
    vote_reasons: Sequence[str]
    vote_comment: str
    # A title that is in no catalogue
    describe: str
    describe_help: str
    describe_title: str
    describe_asked: str
    # One product, and all of them
    product_unknown: str
    product_placeholder: str
    product_leave: str
    browse_help: str
    browse_search: str
    browse_placeholder: str
    browse_nothing: str
    browse_shown: str
    # Base or fine-tuned
    compare_help: str
    compare_placeholder: str
    compare_base: str
    compare_tuned: str
    compare_speed: str
    compare_no_words: str
    compare_no_adapter: str
    # Settings, and those of the model
    model_help: str
    settings_language: str
    settings_model: str
    settings_model_help: str
    settings_loading: str
    settings_adapter: str
    settings_base: str
    settings_length: str
    settings_length_help: str
    settings_temperature: str
    settings_temperature_help: str
    settings_top_p: str
    settings_top_p_help: str
    settings_theme: str
    settings_system: str
    settings_light: str
    settings_dark: str
    # First start
    start: str
    start_help: str
    start_catalogue: str
    start_catalogue_help: str
    start_catalogue_button: str
    start_index: str
    start_index_help: str
    start_index_button: str
    start_model: str
    start_model_help: str
    start_model_button: str
    start_model_button_plain: str
    start_or: str
    start_done: str
    # What descriptions tell, by the attributes of `finetune.data.facts`, the more telling the earlier
    matters: dict[str, Matter]

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number: "1,024.5", or "1.024,5" where the comma is the decimal one."""
        written = f"{value:,.{digits}f}"
        return written.translate(str.maketrans(",.", ".,")) if self.decimal_comma else written


def _read(language: Language) -> Strings:
    data = read_table(f"page_{language}")
    matters = {name: Matter(*wording) for name, wording in data.pop("matters").items()}
    return Strings(**data, matters=matters)


ENGLISH, PORTUGUESE = _read("en"), _read("pt")
STRINGS: dict[Language, Strings] = {"en": ENGLISH, "pt": PORTUGUESE}
