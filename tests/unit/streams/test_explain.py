"""An explanation names every fact that the rule looked at, says where it comes from, and speaks both languages."""

from importlib import resources
from typing import Any

import pytest

from schemas.errors import RuleError
from schemas.findings import Role
from streams.citations import Citations
from streams.explain import Explanation, Language, detection_of, explain
from streams.register_versions import EMPTY_REGISTER
from streams.rules import parse_rule
from streams.ways_out import Need

ROW: dict[str, Any] = {
    "event.kind": "transfer",
    "asset.sui": True,
    "asset.abroad": False,
    "destination.abroad": True,
    "destination.stored": True,
    "destination.policy_lists_storage": False,
    "recipient.id": "acme-sg",
}
SOURCES = {
    "destination.abroad": "region table",
    "destination.stored": "event destination.persistence; setting transit.treatment = review",
    "destination.policy_lists_storage": "no policy line for storage",
}


def explained(
    rule_id: str = "XB-STORE", role: Role = "destination", language: Language = "en", row: dict[str, Any] = ROW
) -> Explanation:
    text = resources.files("streams.rulebook").joinpath(f"{rule_id}.yml").read_text(encoding="utf-8")
    rule, detection = parse_rule(text, f"{rule_id}.yml"), detection_of(text, f"{rule_id}.yml")
    return explain(rule, detection, role, row, sources=SOURCES, citations=Citations(EMPTY_REGISTER), language=language)


def test_every_column_of_the_condition_is_a_fact_in_the_order_of_the_catalogue() -> None:
    assert [fact.column for fact in explained().facts] == [
        "event.kind", "outcome", "grant.change",
        "destination.abroad", "destination.stored", "destination.policy_lists_storage", "asset.sui",
    ]  # fmt: skip


def test_only_the_condition_of_the_role_is_explained() -> None:
    assert explained().why.holds
    assert not explained(role="asset").why.holds
    assert explained(role="asset").ways_out == ()


def test_each_fact_says_its_value_and_where_it_comes_from() -> None:
    facts = {fact.column: fact for fact in explained().facts}
    assert (facts["destination.abroad"].value, facts["destination.abroad"].sources) == (True, ("region table",))
    assert facts["event.kind"].sources == ("event",)
    assert facts["grant.change"].value is None
    stored = facts["destination.stored"].sources
    assert stored[0] == "event destination.persistence"
    assert stored[1].startswith("setting transit.treatment = review (Q11; ")


def test_a_fact_of_which_nobody_knows_the_source_says_nothing() -> None:
    (fact,) = [fact for fact in explained().facts if fact.column == "asset.sui"]
    assert fact.sources == ()


def test_a_column_that_a_fact_is_compared_with_is_looked_at_too() -> None:
    row = {**ROW, "destination.operator_abroad": True, "destination.operator": "acme-sg"}
    said = explained("XB-OUTSOURCE", row=row)
    assert {"recipient.id", "destination.operator"} <= {fact.column for fact in said.facts}


def test_the_policy_line_comes_first_among_the_ways_out() -> None:
    assert explained().ways_out[0] == (Need("destination.policy_lists_storage", "is true"),)


@pytest.mark.parametrize(("language", "clause", "word"), [("en", "ORD 22-2-23", "abroad"), ("ja", "施行規則", "外国")])
def test_texts_come_in_the_language_asked_for(language: Language, clause: str, word: str) -> None:
    said = explained(language=language)
    assert clause in said.clauses[0]
    assert word in said.tba
    assert said.reason != said.passes_if


def test_a_file_without_a_detection_cannot_be_explained() -> None:
    with pytest.raises(RuleError, match="no detection"):
        detection_of("title: x\n", "x.yml")
