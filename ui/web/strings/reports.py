"""What the views of reports and of training say, in two languages.

REPORT_STRINGS["pt"].evaluation_title    # "Avaliação"
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.phrases import Language
from ui.web.strings.figures import PORTUGUESE_MEANINGS


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
    evaluation_command: str
    evaluation_missing: str
    evaluation_empty: str
    evaluation_figures: str
    evaluation_figures_help: str
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
    evaluation_losses_head: tuple[str, str, str, str, str, str, str]
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
    "en": ReportStrings(
        date="%Y-%m-%d %H:%M",
        evaluation_title="Evaluation",
        evaluation_about="How well questions are answered and titles found, measured where the right answer is known.",
        evaluation_none="Nothing has been measured yet. This command measures the answers, and leaves a report here:",
        evaluation_damaged="This report cannot be read: {error}. This command makes it anew:",
        evaluation_report="Report",
        evaluation_kinds={"answers": "Answers", "resolver": "Finding titles"},
        evaluation_made="Made on {date} by Titlewise {version}",
        evaluation_model="Model: {backend} · adapter: {adapters}",
        evaluation_no_adapter="none",
        evaluation_command="Made by:",
        evaluation_missing="Not measured",
        evaluation_empty="There was no question to measure with.",
        evaluation_figures="Figures",
        evaluation_figures_help="In brackets the 95% interval; “–” where nothing could be measured.",
        evaluation_table="Questions",
        evaluation_table_name="{of_set}: {table} ({questions})",
        evaluation_figure="Figure",
        evaluation_drawn="Figure to draw",
        evaluation_drawn_help="The dot is the figure, the line its 95% interval. The table above has the same numbers.",
        evaluation_roles={"tuned": "fine-tuned", "base": "base model", "baseline": "baseline", "slice": "questions"},
        evaluation_way="Way of replying",
        evaluation_slice="Kind of question",
        evaluation_meanings_head="What the figures are",
        evaluation_meanings={},
        evaluation_losses="Where it loses",
        evaluation_losses_none="In nothing that is compared the fine-tuned model is behind the best of the others.",
        evaluation_losses_head=(
            "Figure",
            "Behind by",
            "Sure?",
            "Fine-tuned",
            "Best of the others",
            "Questions",
            "Table",
        ),
        evaluation_certain="yes",
        evaluation_chance="may be chance",
        evaluation_absence="In the catalogue or not?",
        evaluation_absence_help=(
            "Half of the titles were indexed ({present}), and both halves asked about in noisy questions. The AUROC is "
            "the chance that a title that is there looks surer than one that is not: 1 is best, 0.5 is a guess."
        ),
        evaluation_auroc="AUROC",
        evaluation_absent_found="Absent, called found",
        evaluation_bins_help=(
            "Each dot is a bin of questions, larger for more of them. On the diagonal, what is said to be right in "
            "7 of 10 cases is right in 7 of 10."
        ),
        evaluation_bins_said="Probability said",
        evaluation_bins_right="Share that was right",
        evaluation_bins_count="Questions",
        evaluation_samples="Samples, the worst first",
        evaluation_samples_help=(
            "A score is the nearness of a reply to what was expected, from 0 to 1 (ROUGE-L). Where the description "
            "does not tell, it is 1 for saying so and 0 for anything else."
        ),
        evaluation_samples_none="This table has no samples.",
        evaluation_judged="In the order of",
        evaluation_shown="{first} to {last} of {count}",
        evaluation_describe="Describe it.",
        evaluation_expected="Expected",
        evaluation_not_stated="That the description does not tell.",
        evaluation_said="{way}: score {score:.2f}",
        evaluation_meant="Meant",
        evaluation_decided="Decision: {decision}, with a probability of {probability:.2f}",
        evaluation_place="The title came at place {place}.",
        evaluation_no_place="The title was not among those found.",
        evaluation_found="Found",
        evaluation_words={
            "accuracy_1": "first is right",
            "accuracy_4": "right among 4",
            "accuracy_10": "right among 10",
            "mrr": "mean of 1/place",
            "found": "found",
            "ambiguous": "ambiguous",
            "unknown": "unknown",
            "wrong_when_found": "found, but wrong",
            "shown": "found or offered",
            "calibration": "calibration error",
            "ms_p50": "ms, median",
            "ms_p99": "ms, 99 of 100",
            "base": "base model",
        },
        training_title="Training",
        training_about="The runs that teach the model, and how each goes.",
        training_none="No run has been started yet. This command starts one; it takes over an hour on two cores:",
        training_damaged="This run cannot be read: {error}. This command begins it anew:",
        training_run="Run",
        training_states={"running": "running", "done": "done", "stopped": "stopped"},
        training_starting="The model is being loaded; the first step comes in a moment.",
        training_resume="This run was stopped before it was done. This command goes on with it:",
        training_step="Step {step} of {last_step}",
        training_left="Time left",
        training_speed="Tokens a second",
        training_rate="Learning rate",
        training_loss="Training loss",
        training_eval_loss="Validation loss",
        training_axis_step="step",
        training_axis_loss="loss per reply token",
        training_curve="Loss",
        training_curve_help="Lower is better. The line with dots is the loss on examples that are not taught with.",
        training_log="The same as a table",
        training_checkpoints="Checkpoints",
        training_checkpoints_help="The two newest are kept, and the best one.",
        training_checkpoints_none="None has been saved yet.",
        training_saved="Saved",
        training_sealed="Whole",
        training_unsealed="no, or being written",
        training_whole="yes",
        training_recipe="What it is made from",
        training_examples="{count} examples, and this recipe:",
    ),
    "pt": ReportStrings(
        date="%d/%m/%Y %H:%M",
        evaluation_title="Avaliação",
        evaluation_about=(
            "Quão bem as perguntas são respondidas e os títulos encontrados, medido onde a resposta certa é conhecida."
        ),
        evaluation_none="Nada foi medido ainda. Este comando mede as respostas e deixa um relatório aqui:",
        evaluation_damaged="Não foi possível ler este relatório: {error}. Este comando o refaz:",
        evaluation_report="Relatório",
        evaluation_kinds={"answers": "Respostas", "resolver": "Busca de títulos"},
        evaluation_made="Feito em {date} pelo Titlewise {version}",
        evaluation_model="Modelo: {backend} · adaptador: {adapters}",
        evaluation_no_adapter="nenhum",
        evaluation_command="Feito por:",
        evaluation_missing="Não medido",
        evaluation_empty="Não havia pergunta com que medir.",
        evaluation_figures="Números",
        evaluation_figures_help="Entre parênteses, o intervalo de 95%; “–” onde não havia o que medir.",
        evaluation_table="Perguntas",
        evaluation_table_name="{of_set}: {table} ({questions})",
        evaluation_figure="Medida",
        evaluation_drawn="Medida no gráfico",
        evaluation_drawn_help=(
            "O ponto é o valor; a linha, seu intervalo de 95%. A tabela acima traz os mesmos números."
        ),
        evaluation_roles={
            "tuned": "ajustado",
            "base": "modelo base",
            "baseline": "referência",
            "slice": "perguntas",
        },
        evaluation_way="Modo de responder",
        evaluation_slice="Tipo de pergunta",
        evaluation_meanings_head="O que as medidas significam",
        evaluation_meanings=PORTUGUESE_MEANINGS,
        evaluation_losses="Onde ele perde",
        evaluation_losses_none="Em nada do que se compara o modelo ajustado fica atrás do melhor dos outros.",
        evaluation_losses_head=(
            "Medida",
            "Atrás por",
            "Certeza?",
            "Ajustado",
            "Melhor dos outros",
            "Perguntas",
            "Tabela",
        ),
        evaluation_certain="sim",
        evaluation_chance="pode ser acaso",
        evaluation_absence="Está no catálogo ou não?",
        evaluation_absence_help=(
            "Metade dos títulos foi indexada ({present}), e as duas metades foram perguntadas com ruído. A AUROC é a "
            "chance de um título que está lá parecer mais certo do que um que não está: 1 é o melhor, 0,5 é um palpite."
        ),
        evaluation_auroc="AUROC",
        evaluation_absent_found="Ausentes, dados como encontrados",
        evaluation_bins_help=(
            "Cada ponto reúne perguntas de probabilidade parecida; quanto maior, mais perguntas. Na diagonal, o que se "
            "diz certo em 7 de 10 casos está certo em 7 de 10."
        ),
        evaluation_bins_said="Probabilidade informada",
        evaluation_bins_right="Parcela que estava certa",
        evaluation_bins_count="Perguntas",
        evaluation_samples="Exemplos, os piores primeiro",
        evaluation_samples_help=(
            "A nota é a proximidade entre a resposta e o esperado, de 0 a 1 (ROUGE-L). Onde a descrição não informa, "
            "ela é 1 para quem diz isso e 0 para o resto."
        ),
        evaluation_samples_none="Esta tabela não tem exemplos.",
        evaluation_judged="Na ordem de",
        evaluation_shown="{first} a {last} de {count}",
        evaluation_describe="Descreva o produto.",
        evaluation_expected="Esperado",
        evaluation_not_stated="Que a descrição não informa.",
        evaluation_said="{way}: nota {score:.2f}",
        evaluation_meant="Título procurado",
        evaluation_decided="Decisão: {decision}, com probabilidade de {probability:.2f}",
        evaluation_place="O título ficou na posição {place}.",
        evaluation_no_place="O título não está entre os encontrados.",
        evaluation_found="Encontrados",
        evaluation_words={
            "accuracy_1": "primeiro certo",
            "accuracy_4": "certo entre 4",
            "accuracy_10": "certo entre 10",
            "mrr": "média de 1/posição",
            "found": "encontrado",
            "ambiguous": "ambíguo",
            "unknown": "desconhecido",
            "wrong_when_found": "encontrado, mas errado",
            "shown": "encontrado ou oferecido",
            "calibration": "erro de calibração",
            "ms_p50": "ms, mediana",
            "ms_p99": "ms, 99 de 100",
            "rouge_l_marked": "ROUGE-L, com as marcas",
            "rouge_l_answered": "ROUGE-L, respondidas",
            "token_f1": "F1 de palavras",
            "yes_no": "acerto de sim/não",
            "yes_recalled": "acerto do sim",
            "no_recalled": "acerto do não",
            "neither": "nem sim nem não",
            "numbers_right": "números certos",
            "numbers_invented": "números inventados",
            "not_stated_recall": "não informadas, reconhecidas",
            "not_stated_precision": "não informadas, precisão",
            "answered": "respondíveis respondidas",
            "quotes_verbatim": "citações literais",
            "citations_exist": "citações existentes",
            "citing": "respostas que citam",
            "ended": "terminou por si",
            "worded": "modelo consultado",
            "words": "palavras",
            "latency_p50": "latência p50, ms",
            "latency_p95": "latência p95, ms",
            "generated": "geradas",
            "titles": "títulos",
            "whole assistant": "assistente inteiro",
            "bare model, given passages": "modelo sozinho, com trechos",
            "title to description": "do título à descrição",
            "base": "modelo base",
            "scorers alone": "só os avaliadores",
            "print the best sentence": "copiar a melhor frase",
            "print the description": "copiar a descrição",
            "pairs": "pares",
            "full title in a question": "título inteiro na pergunta",
            "Portuguese frame": "pergunta em português",
            "noisy question": "pergunta com ruído",
            "few distinctive words": "poucas palavras distintivas",
            "typos": "erros de digitação",
            "translated name": "nome traduzido",
            "twins": "títulos gêmeos",
        },
        training_title="Treino",
        training_about="As execuções que ensinam o modelo, e como vai cada uma.",
        training_none="Ainda não há execuções. Este comando inicia uma; leva mais de uma hora em dois núcleos:",
        training_damaged="Não foi possível ler esta execução: {error}. Este comando a recomeça:",
        training_run="Execução",
        training_states={"running": "em andamento", "done": "concluída", "stopped": "parada"},
        training_starting="O modelo está sendo carregado; o primeiro passo vem em instantes.",
        training_resume="Esta execução parou antes do fim. Este comando a continua:",
        training_step="Passo {step} de {last_step}",
        training_left="Tempo restante",
        training_speed="Tokens por segundo",
        training_rate="Taxa de aprendizado",
        training_loss="Perda no treino",
        training_eval_loss="Perda na validação",
        training_axis_step="passo",
        training_axis_loss="perda por token da resposta",
        training_curve="Perda",
        training_curve_help="Quanto menor, melhor. A linha com pontos é a perda nos exemplos que não são ensinados.",
        training_log="O mesmo em tabela",
        training_checkpoints="Checkpoints",
        training_checkpoints_help="Ficam os dois mais novos e o melhor.",
        training_checkpoints_none="Nenhum foi salvo ainda.",
        training_saved="Salvo em",
        training_sealed="Inteiro",
        training_unsealed="não, ou sendo escrito",
        training_whole="sim",
        training_recipe="Do que ela é feita",
        training_examples="{count} exemplos, e esta receita:",
    ),
}
