"""The Grafana dashboard asks for figures that the server has, by labels that they have, and for all of them."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from assistant.reply import Reply
from ui.api.metrics import Metrics
from ui.queue import AdmissionQueue

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "deploy" / "grafana.json").read_text(encoding="utf-8")
)
OF_PROMETHEUS = {"instance", "job"}  # labels that Prometheus adds to what it fetches


def figures() -> dict[str, set[str]]:
    """Return the samples of a server that has counted one thing of each kind, each with its labels."""
    metrics = Metrics(AdmissionQueue(1, 1))
    metrics.request("/resolve", 200, 0.1)
    metrics.reply(Reply("answer", "It weighs 1.3 kg. [1]"))
    metrics.error("late")
    found: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            found[sample.name] |= sample.labels.keys()
    return found


def queries() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


@pytest.mark.parametrize("query", sorted({*queries()}))
def test_a_query_asks_for_figures_and_labels_that_there_are(query: str) -> None:
    known = figures()
    names = re.findall(r"titlewise_\w+", query)
    assert names
    assert set(names) <= known.keys()
    labels = set().union(*(known[name] for name in names)) | OF_PROMETHEUS
    matched = re.findall(r"(\w+)(?:=~|!~|!=|=)\"", query)
    grouped = [name for group in re.findall(r"by \(([^)]*)\)", query) for name in group.split(", ")]
    legends = [
        name
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
        if target["expr"] == query
        for name in re.findall(r"{{(\w+)}}", target["legendFormat"])
    ]
    assert {*matched, *grouped, *legends} <= labels
    assert "sum by" not in query or set(legends) <= set(grouped), "a sum keeps only the labels that it is made by"


def test_every_figure_is_shown() -> None:
    shown = {name for query in queries() for name in re.findall(r"titlewise_\w+", query)}
    families = {re.sub("_(bucket|count|sum|created)$", "", name) for name in figures() if not name.endswith("_created")}
    assert {re.sub("_bucket$", "", name) for name in shown} == families


def test_a_quantile_is_taken_over_the_bounds_of_buckets() -> None:
    taken = [query for query in queries() if "histogram_quantile" in query]
    assert taken
    for query in taken:
        assert re.search(r"sum by \(le\b.*_bucket{", query)


def test_no_panel_lies_on_another_and_each_asks_the_chosen_prometheus() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not own & cells, panel["title"]
        assert max(x for x, _ in own) < 24
        cells |= own
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
