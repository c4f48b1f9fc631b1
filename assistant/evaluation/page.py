"""The report on answers as one HTML page that needs nothing else, and can do nothing.

page_of(report, samples)
"""

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.evaluation.markup import HTML_FOOT, html_head, html_table, html_text
from assistant.evaluation.plots import Bar, bars

PLOTTED = ("rouge_l", "yes_no", "no_recalled", "not_stated_recall", "answered", "bleu")
SAMPLES_SHOWN = 12  # of the best, and of the worst, of each table


def page_of(report: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> str:
    """Give the whole page, from what `report.json` and `samples.jsonl` hold."""
    parts = [html_head("How well it answers"), _made(report), _sets(report), _losses(report)]
    for table in report["tables"]:
        own = [row for row in samples if (row["table"], row["set"]) == (table["table"], table["set"])]
        parts += [
            f"<h2>{html_text(table['set'])}: {html_text(table['table'])}, {table['questions']} rows</h2>",
            _figures(table, report["definitions"]),
            *_plots(table, report["definitions"]),
            _differences(table, report["definitions"]),
            _samples(table, own),
        ]
    parts += ["<h2>What the figures are</h2>", _definitions(report), HTML_FOOT]
    return "\n".join(parts)


def _made(report: Mapping[str, Any]) -> str:
    adapters = ", ".join(adapter["name"] for adapter in report["adapters"]) or "none"
    facts = {
        "backend": report["backend"],
        "adapters": adapters,
        **report["plan"],
        **report["versions"],
        **report["machine"],
        "BLEU": report["bleu_signature"],
    }
    return html_table([("what", "value"), *facts.items()], "l")


def _sets(report: Mapping[str, Any]) -> str:
    rows = [("set", "from", "questions", "answerable", "yes", "no", "note")]
    for one in report["sets"]:
        left_out = "; ".join(f"left out: {count} {reason}" for reason, count in one["left_out"].items())
        counts = (one[key] for key in ("name", "source", "questions", "answerable", "yes", "no"))
        rows.append((*counts, one["missing"] or left_out))
    return html_table(rows, "l")


def _losses(report: Mapping[str, Any]) -> str:
    if not report["adapters"]:
        return "<h2>Where it loses</h2><p>No adapter was measured: nothing is compared.</p>"
    certain, chance = ([one for one in report["losses"] if one["certain"] is told] for told in (True, False))
    told = _loss_table(certain, report["definitions"]) if certain else "<p>Nowhere in what is compared.</p>"
    if chance:
        told += f"<details><summary>{len(chance)} more that may be chance</summary>"
        told += _loss_table(chance, report["definitions"]) + "</details>"
    return "<h2>Where it loses to the best baseline</h2>" + told


def _loss_table(losses: Sequence[Mapping[str, Any]], definitions: Mapping[str, Any]) -> str:
    rows = [("set", "table", "figure", "way", "best baseline", "behind by", "interval", "rows")]
    for one in losses:
        ends = f"{-one['high']:.3f} to {-one['low']:.3f}"
        title = definitions[one["metric"]]["title"]
        rows.append(
            (one["set"], one["table"], title, one["of"], one["minus"], f"{-one['value']:.3f}", ends, one["rows"])
        )
    return html_table(rows, "l")


def _figures(table: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    head = "".join(
        f'<th class="{html_text(way["role"])}">{html_text(label)}</th>' for label, way in table["ways"].items()
    )
    rows = []
    for name, definition in definitions.items():
        figures = [(way["role"], way["figures"].get(name)) for way in table["ways"].values()]
        if any(figure for _, figure in figures):
            cells = "".join(f'<td class="{html_text(role)}">{_cell(figure)}</td>' for role, figure in figures)
            rows.append(f"<tr><td>{html_text(definition['title'])}</td>{cells}</tr>")
    return f"<table><tr><th>figure</th>{head}</tr>{''.join(rows)}</table>"


def _cell(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    digits = 1 if abs(figure["value"]) >= 10 else 3
    ends = f"{figure['low']:.{digits}f}–{figure['high']:.{digits}f}"
    return f"{figure['value']:.{digits}f}<br><small>{ends}, n={figure['rows']}</small>"


def _plots(table: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    drawn = []
    for name in PLOTTED:
        found = [(label, way["role"], way["figures"].get(name)) for label, way in table["ways"].items()]
        rows = [
            Bar(label, role, figure["value"], figure["low"], figure["high"])
            for label, role, figure in found
            if figure and figure["value"] is not None
        ]
        if rows:
            drawn.append(f"<p>{bars(definitions[name]['title'], rows)}</p>")
    return drawn


def _differences(table: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    rows = []
    for kind in ("tuned_minus_base", "tuned_minus_best_baseline"):
        for one in table[kind]:
            if one["value"] is not None:
                mark = "" if not one["certain"] else "better" if one["value"] > 0 else "worse"
                cells = (
                    f"{one['of']} − {one['minus']}",
                    definitions[one["metric"]]["title"],
                    f"{one['value']:+.3f}",
                    f"{one['low']:+.3f} to {one['high']:+.3f}",
                )
                rows.append(f'<tr class="{mark}">' + "".join(f"<td>{html_text(cell)}</td>" for cell in cells) + "</tr>")
    if not rows:
        return ""
    head = "<tr><th>difference (above 0 is better)</th><th>figure</th><th>gain</th><th>interval</th></tr>"
    return f"<details><summary>Differences, paired</summary><table>{head}{''.join(rows)}</table></details>"


def _samples(table: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> str:
    """Show replies side by side: the worst of the way that is judged, then its best."""
    judged = next(
        (label for role in ("tuned", "base") for label, way in table["ways"].items() if way["role"] == role), ""
    )
    known = sorted(
        (row for row in samples if judged in row["replies"]), key=lambda row: float(row["replies"][judged]["score"])
    )
    worst = known[:SAMPLES_SHOWN]
    best = [row for row in known[::-1][:SAMPLES_SHOWN] if row not in worst]
    shown = ""
    for title, rows in (("worst first", worst), ("best first", best)):
        if rows:
            body = "".join(map(_sample, rows))
            shown += (
                f"<details><summary>Samples, {title} by the replies of “{html_text(judged)}”</summary>{body}</details>"
            )
    return shown


def _sample(row: Mapping[str, Any]) -> str:
    asked = row.get("question") or "describe it"
    right = "; ".join(row["references"]) or "not stated"
    rows = [("way", "score", "reply", "what the model wrote", "passages shown")]
    for label, reply in row["replies"].items():
        raw = reply["raw"] if reply["raw"] is not None else "(not asked)"
        shown = " ".join(f"[{number}] {text}" for number, text in enumerate(reply["shown"], 1))
        rows.append(
            (
                label,
                f"{reply['score']:.2f}",
                reply["text"],
                raw if raw.strip() != reply["text"] else "(the same)",
                shown,
            )
        )
    head = f"<p><b>{html_text(asked)}</b> <small>{html_text(row['title'])}</small><br>Right: {html_text(right)}</p>"
    return head + html_table(rows, "l")


def _definitions(report: Mapping[str, Any]) -> str:
    rows = [("figure", "better", "what it is")]
    rows += [(one["title"], one["better"], one["says"]) for one in report["definitions"].values()]
    return html_table(rows, "l") + html_table([("way", "what it does"), *report["ways"].items()], "l")
