"""Prometheus' files: promtool takes them, every alert is tested, and each name in them is a metric of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.findings import RESTRICTED
from services.metric_names import METRICS, Metric
from tests.support import promtool
from tests.support.deployed import ROOT

ALERTS = ROOT / "dashboards" / "alerts.yml"
TESTS = ROOT / "dashboards" / "alerts.test.yml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
DASHBOARDS = sorted((ROOT / "dashboards").glob("*.json"))
NAMES = {
    name: one
    for one in METRICS
    for name in (
        [f"{one.name}_{part}" for part in ("bucket", "sum", "count")] if one.kind == "histogram" else [one.name]
    )
}
OF_THE_SCRAPE = {"job", "instance"}
"""Labels that Prometheus adds."""
every_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def panels(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text())["panels"])


def queries(path: Path) -> Iterator[str]:
    """Yield the queries of a dashboard as Prometheus gets them: Grafana fills its variables in."""
    board = json.loads(path.read_text())
    given = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    given += [one["expr"] for one in board["annotations"]["list"]]
    for expr in given:
        yield expr.replace("$__rate_interval", "5m").replace("$__range", "6h")


def names(expr: str) -> set[str]:
    return set(re.findall(r"\bashiato_\w+", expr))


def labels(expr: str) -> set[str]:
    """Return the labels that a query names: in matchers, and after by, on and without."""
    inside = {
        label for part in re.findall(r"\{([^}]*)\}", expr) for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", part)
    }
    grouped = {
        label for part in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", expr) for label in re.findall(r"\w+", part)
    }
    return inside | grouped


def unknown(expr: str) -> set[str]:
    """Return the metrics and labels of a query that there are not."""
    found = names(expr)
    used = [NAMES[name] for name in found & NAMES.keys()]
    there = {label for one in used for label in one.labels} | OF_THE_SCRAPE
    if any(one.kind == "histogram" for one in used):
        there.add("le")
    return (found - NAMES.keys()) | (labels(expr) - there)


def test_promtool_takes_configuration_and_rules(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "prometheus.yml").read_text()
    assert text.count("/etc/prometheus/alerts.yml") == 1
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus/alerts.yml", str(ALERTS)))
    told = promtool.run("check", "config", tmp_path / "prometheus.yml")
    assert told.returncode == 0, told.stderr
    assert f"{len(RULES)} rules found" in told.stdout


def test_promtool_would_say_if_a_rule_could_not_be_read(tmp_path: Path) -> None:
    broken = ALERTS.read_text().replace("sum by (rule) (", "sum by (rule) ((", 1)
    (tmp_path / "alerts.yml").write_text(broken)
    assert promtool.run("check", "rules", tmp_path / "alerts.yml").returncode != 0


def test_alerts_fire_when_they_must_and_only_then() -> None:
    told = promtool.run("test", "rules", TESTS)
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_alert_is_tested_both_ways() -> None:
    asked = [ask for test in yaml.safe_load(TESTS.read_text())["tests"] for ask in test["alert_rule_test"]]
    fires = {ask["alertname"] for ask in asked if ask["exp_alerts"]}
    rests = {ask["alertname"] for ask in asked if not ask["exp_alerts"]}
    assert fires == rests == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_urgent_it_is_what_it_means_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    assert unknown(rule["expr"]) == set()
    assert names(rule["expr"]) or "up{" in rule["expr"]


@every_dashboard
def test_a_dashboard_asks_for_metrics_and_labels_that_there_are(path: Path) -> None:
    for expr in queries(path):
        assert unknown(expr) == set(), expr


def test_a_metric_or_label_that_there_is_not_is_seen() -> None:
    assert unknown("sum by (soruce) (ashiato_lag_message)") == {"ashiato_lag_message", "soruce"}


@every_dashboard
def test_promtool_takes_the_queries_of_a_dashboard(path: Path, tmp_path: Path) -> None:
    rules = [{"record": f"q:{number}", "expr": expr} for number, expr in enumerate(queries(path))]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    told = promtool.run("check", "rules", tmp_path / "rules.yml")
    assert told.returncode == 0, told.stdout + told.stderr
    assert len(rules) > 20


@every_dashboard
def test_a_dashboard_names_no_data_source_but_asks_for_one_and_keeps_its_address(path: Path) -> None:
    board = json.loads(path.read_text())
    assert board["uid"] == f"ashiato-{path.stem}"
    assert "id" not in board
    (variable,) = board["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    asked = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels(path):
        if panel["type"] != "row":
            assert panel["datasource"] == asked
            assert all(target["datasource"] == asked for target in panel["targets"])
    assert all(one["datasource"] == asked for one in board["annotations"]["list"])


@every_dashboard
def test_panels_lie_beside_each_other_and_each_says_what_it_shows(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    found = panels(path)
    assert len({panel["id"] for panel in found}) == len({panel["title"] for panel in found}) == len(found)
    for panel in found:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells
        assert panel["type"] == "row" or panel["description"]


def test_every_metric_is_on_a_dashboard_or_in_an_alert() -> None:
    text = ALERTS.read_text() + "".join(path.read_text() for path in DASHBOARDS)
    unseen: list[Metric] = [one for one in METRICS if one.name not in text]
    assert [one.name for one in unseen] == ["ashiato_silent_log_sources"]  # one recorder's view; the sum is another


def test_rules_that_few_may_see_are_named_nowhere() -> None:
    for path in [ALERTS, TESTS, *DASHBOARDS]:
        assert not [rule for rule in RESTRICTED if rule in path.read_text()]


def test_grafana_finds_data_source_and_dashboards_where_compose_puts_them() -> None:
    provisioning = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "ashiato.yaml").read_text())["providers"]
    mounts = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["grafana"]["volumes"]
    assert f"./dashboards:{provider['options']['path']}:ro" in mounts
    assert "./deploy/grafana/provisioning:/etc/grafana/provisioning:ro" in mounts
