"""What the views of reports and of training say, in two languages.

REPORT_STRINGS["pt"].evaluation_title    # "Avaliação"
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.phrases import Language
from ui.web.strings.tables import read_table


@dataclass(frozen=True)
class ReportStrings:
    """Everything that the two views say in one language."""

    date: str  # as strftime has it
    # Reports
    evaluation_title: str
    evaluation_about: str
    evaluation_none: str
    evaluation_damaged: str
    evaluation_report: str
    evaluation_kinds: Mapping[str, str]  # by the report's folder
    evaluation_made: str
    evaluation_model: str
    evaluation_no_adapter: str
    evaluation_assistant: str
    evaluation_command: str
    evaluation_missing: str
    evaluation_empty: str
    evaluation_figures: str
    evaluation_figures_help: str
    evaluation_share: str
    evaluation_of: str
    evaluation_failed: str
    evaluation_failed_none: str
    evaluation_wrong: str
    evaluation_table: str
    evaluation_table_name: str
    evaluation_figure: str
    evaluation_drawn: str
    evaluation_drawn_help: str
    evaluation_roles: Mapping[str, str]
    evaluation_way: str
    evaluation_slice: str
    evaluation_meanings_head: str
    evaluation_meanings: Mapping[str, str]  # by figure; the report's own where there is none
    evaluation_losses: str
    evaluation_losses_none: str
    evaluation_losses_head: Sequence[str]
    evaluation_certain: str
    evaluation_chance: str
    evaluation_absence: str
    evaluation_absence_help: str
    evaluation_auroc: str
    evaluation_absent_found: str
    evaluation_bins_help: str
    evaluation_bins_said: str
    evaluation_bins_right: str
    evaluation_bins_count: str
    evaluation_samples: str
    evaluation_samples_help: str
    evaluation_samples_none: str
    evaluation_judged: str
    evaluation_shown: str
    evaluation_describe: str
    evaluation_expected: str
    evaluation_not_stated: str
    evaluation_said: str
    evaluation_meant: str
    evaluation_decided: str
    evaluation_place: str
    evaluation_no_place: str
    evaluation_found: str
    evaluation_words: Mapping[str, str]  # the reports' own words for figures, tables, sets, slices and decisions
    # Training
    training_title: str
    training_about: str
    training_none: str
    training_damaged: str
    training_run: str
    training_states: Mapping[str, str]
    training_starting: str
    training_resume: str
    training_step: str
    training_left: str
    training_speed: str
    training_rate: str
    training_loss: str
    training_eval_loss: str
    training_axis_step: str
    training_axis_loss: str
    training_curve: str
    training_curve_help: str
    training_log: str
    training_checkpoints: str
    training_checkpoints_help: str
    training_checkpoints_none: str
    training_saved: str
    training_sealed: str
    training_unsealed: str
    training_whole: str
    training_recipe: str
    training_examples: str

    def word(self, name: str, title: str = "") -> str:
        """Return a report's own word in this language; where it is not known, the report's `title` for it, or it."""
        return self.evaluation_words.get(name, title or name)

    def way(self, name: str, role: str) -> str:
        """Name a way of replying; a tuned one, whose name may be anything, with its role."""
        word = self.word(name)
        return f"{word} ({self.evaluation_roles[role]})" if role == "tuned" else word


REPORT_STRINGS: dict[Language, ReportStrings] = {
    "en": ReportStrings(**read_table("reports_en")),
    "pt": ReportStrings(**read_table("reports_pt")),
}
