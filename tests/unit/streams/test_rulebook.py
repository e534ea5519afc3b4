"""Every rule that must exist exists, says what a rule must say, and has tests that notice when it is changed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest

from schemas.facts import COLUMNS
from schemas.rules import RuleTest
from services.rulebook_files import read_lock_file, read_rulebook
from streams.explain import detection_of
from streams.rule_lock import lock_errors
from streams.rule_tests import expected_roles, frame_of_tests, run_tests
from streams.rules import Rule
from tests.support.mutants import mutants

REQUIRED: Final = {
    "XB-STORE", "XB-STORE-UNKNOWN", "XB-OUTSOURCE", "XB-CLOUD", "XB-SUBSIDIARY", "XB-NEW-COUNTRY", "XB-TRANSIT",
    "FS-UNASSESSED", "FS-NO-SOURCE", "APPI-28", "POL-UMU-MISMATCH", "CLOUD-EXC-CONTRADICTED",
    "SC-UNREGISTERED", "SC-NO-CONTRACT", "SC-NOT-SELECTED", "SC-STALE-REVIEW", "SC-OUT-OF-SCOPE", "SC-RESUB", "SC-EXCESS",
    "UNKNOWN-PARTY", "UNKNOWN-COUNTRY", "UNKNOWN-ASSET", "UNKNOWN-REGION", "UNKNOWN-CATEGORY",
    "EXPOSURE-PUBLIC", "EXPOSURE-ANY-ACCOUNT", "EXPOSURE-UNKNOWN-PARTY", "GOV-PROVISION",
    "TRAIL-TAMPERED", "TRAIL-ID-REUSED", "GRANT-FOREIGN", "GRANT-SUBCONTRACTOR",
}  # fmt: skip
BOOK: Final = read_rulebook()
COMMANDS: Final = {
    "demo", "ingest", "flags", "explain", "preflight", "rules", "register", "interpretation", "query", "migrate", "doctor",
}  # fmt: skip
JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

every_rule = pytest.mark.parametrize("rule", BOOK.rules, ids=lambda rule: rule.id)


def test_every_rule_that_must_exist_exists() -> None:
    assert {rule.id for rule in BOOK} >= REQUIRED


def test_the_lock_is_current() -> None:
    assert lock_errors(BOOK, read_lock_file(), "rulebook.lock") == []


@every_rule
def test_its_own_tests_hold(rule: Rule) -> None:
    assert [str(failure) for failure in run_tests(rule)] == []


@every_rule
def test_its_own_tests_notice_every_change_of_a_selection(rule: Rule) -> None:
    frame = frame_of_tests(rule.tests, rule.compiled.fields)
    missed = []
    for what, conditions in mutants(rule.compiled.trees):
        judged = frame.select(
            condition.alias(role) for role, condition in zip(rule.block.about, conditions, strict=True)
        )
        found = [frozenset(role for role, met in row.items() if met) for row in judged.iter_rows(named=True)]
        expected = [expected_roles(test) for test in rule.tests]
        if all(one == other or (other is None and one) for one, other in zip(found, expected, strict=True)):
            missed.append(what)
    assert missed == []


@every_rule
def test_it_has_reasons_in_both_languages(rule: Rule) -> None:
    block = rule.block
    for pair in (block.reason, block.passes_if, block.reading.tba, block.reading.appi):
        assert JAPANESE.search(pair.ja)
        assert pair.ja.endswith("。")
        assert pair.en.rstrip().endswith(".")


@every_rule
def test_its_tags_name_a_clause(rule: Rule) -> None:
    assert any(tag.split(".")[0] in {"ord", "tba", "appi"} for tag in rule.tags)
    assert all(re.fullmatch(r"[a-z-]+\.[a-z0-9.-]+", tag) for tag in rule.tags)


@every_rule
def test_its_runbook_has_steps_and_names_commands_that_exist(rule: Rule) -> None:
    steps = [line for line in rule.block.runbook.splitlines() if re.match(r"\d\. ", line)]
    named = re.findall(r"`ashiato ([a-z]+)", rule.block.runbook)
    assert len(steps) >= 3
    assert named
    assert set(named) <= COMMANDS


@every_rule
def test_of_what_is_personal_it_asks_at_most_whether_it_is_there(rule: Rule) -> None:
    asked = [*_asked(detection_of(rule.text, rule.path))]
    personal = {name for name in rule.compiled.fields if COLUMNS[name].personal}
    assert personal <= {name for name, _ in asked}
    assert not [name for name, value in asked if name in personal and value is not None]


def _asked(detection: Any) -> Iterator[tuple[str, Any]]:
    """Yield every column that a detection names, without its modifiers, and what it is compared with."""
    if isinstance(detection, list):
        for one in detection:
            yield from _asked(one)
    if isinstance(detection, Mapping):
        for name, value in detection.items():
            if isinstance(value, Mapping | list):
                yield from _asked(value)
            yield str(name).partition("|")[0], value


@every_rule
def test_rules_that_it_refers_to_exist(rule: Rule) -> None:
    texts = [rule.description, rule.block.runbook, rule.block.reading.tba.en, *(test.name for test in rule.tests)]
    ids = {
        found
        for text in texts
        for found in re.findall(r"\b(?:XB|FS|SC|UNKNOWN|EXPOSURE|TRAIL|GOV|POL)-[A-Z]+(?:-[A-Z]+)*", text)
    }
    assert ids <= {one.id for one in BOOK}


@every_rule
def test_a_policy_item_is_named_where_the_rule_checks_one(rule: Rule) -> None:
    items = {"XB-STORE": "storage", "XB-STORE-UNKNOWN": "storage_party", "XB-OUTSOURCE": "outsourcing",
             "XB-SUBSIDIARY": "outsourcing", "XB-CLOUD": "cloud"}  # fmt: skip
    assert rule.block.policy_item == items.get(rule.id)


def matches(rule: Rule, tests: Sequence[RuleTest]) -> list[str]:
    """Return the names of the tests that any condition of the rule matches."""
    conditions = dict(zip(rule.block.about, rule.compiled.conditions, strict=True))
    judged = frame_of_tests(tests, rule.compiled.fields).select(**conditions)
    return [test.name for test, row in zip(tests, judged.iter_rows(), strict=True) if any(row)]


OVER_DATA: Final = [rule for rule in BOOK if not rule.id.startswith("TRAIL-")]


@pytest.mark.parametrize("rule", OVER_DATA, ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    "trap",
    [
        {"outcome": "denied"},
        {"outcome": "failure"},
        {"event.kind": "act"},
        {"event.kind": "grant", "grant.change": "revoked"},
    ],
    ids=["denied", "failure", "act", "revoked"],
)
def test_no_rule_over_data_matches_what_reached_nothing(rule: Rule, trap: dict[str, str]) -> None:
    tests = [test.model_copy(update={"facts": {**test.facts, **trap}}) for test in rule.tests]
    assert not matches(rule, tests)


@pytest.mark.parametrize("rule", [rule for rule in OVER_DATA if rule.id != "APPI-28"], ids=lambda rule: rule.id)
def test_no_rule_over_data_matches_category_none(rule: Rule) -> None:
    none = {"asset.sui": False, "asset.category": "none"}
    tests = [test.model_copy(update={"facts": {**test.facts, **none}}) for test in rule.tests]
    assert not matches(rule, tests)
