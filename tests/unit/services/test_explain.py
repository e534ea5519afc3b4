"""A flag is explained as it was judged then; what cannot be looked up any more, or was changed, is said."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import EvidenceError, UsageError
from services.context import builtin_rulebook
from services.explain import explain_flag
from services.explain_page import ERASED, Page
from services.flags import list_flags
from services.store import Store
from streams.register_versions import canonical_json, content_sha256
from streams.rules import Rule, Rulebook
from tests.support.flagged import REGISTER, flagged_store, transfer
from tests.support.registers import register_of
from tests.support.stores import NOW

RULEBOOK = builtin_rulebook()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one flag of two events, one of them delivered twice; for tests to copy."""
    path = tmp_path_factory.mktemp("recorded")
    flagged_store(path, transfer(2, "2026-11-02T12:00:00+09:00"), transfer(1), transfer(1)).close()
    return path


@pytest.fixture
def store(recorded: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copytree(recorded, tmp_path / "data", symlinks=True)
    with Store.open(tmp_path / "data", now=NOW) as opened:
        yield opened


def flag_of(store: Store) -> dict[str, Any]:
    (flag,) = list_flags(store, RULEBOOK, rule="XB-STORE")
    return flag


def explained(store: Store, number: int = 1, **options: Any) -> Page:
    return explain_flag(store, RULEBOOK, flag_of(store), number=number, **options)


def change(store: Store, table: str, what: str) -> None:
    """Change rows behind the program's back."""
    store.client.command(f"ALTER TABLE {table} {what} SETTINGS mutations_sync = 2")


def test_every_fact_has_a_source(store: Store) -> None:
    said = explained(store).explanation
    assert said.why.holds
    assert all(fact.sources for fact in (*said.about, *said.facts))
    assert "register assets/qa@2025-04-01 equipment_country" in {
        source for fact in said.facts for source in fact.sources
    }


def test_events_are_counted_in_the_order_of_their_times_and_repeated_ones_once(store: Store) -> None:
    assert [explained(store, number).event["event.id"] for number in (1, 2)] == ["t1", "t2"]
    with pytest.raises(UsageError, match="no event 3"):
        explained(store, 3)


def test_the_register_that_judged_counts_not_the_one_of_today(store: Store) -> None:
    """A line that was added later explains an old flag; it does not erase it."""
    later = register_of(REGISTER.replace("2026-11-16", "2026-10-16"))
    store.save_version("register", content_sha256(later), canonical_json(later), entries=8, now=NOW)
    (listed,) = [fact for fact in explained(store).explanation.facts if fact.column.endswith("policy_lists_storage")]
    assert (listed.value, listed.sources) == (False, ("no policy line for storage SG",))


def test_the_way_out_that_lies_nearest_is_a_line_in_the_policy(store: Store) -> None:
    (need,) = explained(store).explanation.ways_out[0]
    assert (need.column, need.must) == ("destination.policy_lists_storage", "is true")


def test_an_erased_message_leaves_what_the_finding_recorded(store: Store) -> None:
    change(store, "personal_short_rows", "DELETE WHERE 1")
    shown = explained(store)
    assert shown.event["origin.ip"] == ERASED
    assert shown.event["actor.subject"] == "hanako"
    assert shown.explanation.why.holds
    assert shown.explanation.ways_out
    assert "has been erased" in shown.notes[0]


def test_a_register_that_is_not_kept_leaves_what_the_finding_recorded(store: Store) -> None:
    change(store, "versions", "DELETE WHERE kind = 'register'")
    shown = explained(store)
    assert shown.explanation.why.holds
    assert "not in this store" in shown.notes[0]


@pytest.mark.parametrize("table", ["evidence_rows", "finding_rows"])
def test_a_changed_record_is_not_explained(table: str, store: Store) -> None:
    change(store, table, "UPDATE record = replaceAll(record, 'crm', 'CRM') WHERE 1")
    with pytest.raises(EvidenceError, match="not what was recorded"):
        explained(store)


def test_a_changed_message_does_not_lead_to_the_finding(store: Store) -> None:
    change(store, "personal_short_rows", "UPDATE raw = replaceAll(raw, 'sg/qa', 'db/crm/copy') WHERE 1")
    with pytest.raises(EvidenceError, match="does not lead to the recorded finding") as error:
        explained(store)
    assert "destination.abroad" in error.value.why
    assert "db/crm" not in str(error.value)


def test_a_missing_record_is_not_explained(store: Store) -> None:
    flag = flag_of(store)
    change(store, "evidence_rows", "DELETE WHERE 1")
    with pytest.raises(EvidenceError, match="missing"):
        explain_flag(store, RULEBOOK, flag)


def test_another_mmdb_file_is_no_contradiction_of_the_evidence(store: Store) -> None:
    change(store, "range_rows", f"UPDATE mmdb_sha256 = '{'0' * 64}' WHERE 1")
    change(store, "personal_short_rows", "UPDATE raw = replaceAll(raw, 'sg/qa', 'db/crm/copy') WHERE 1")
    assert "--mmdb" in explained(store).notes[0]


def test_another_program_version_is_no_contradiction_of_the_evidence(store: Store) -> None:
    change(store, "range_rows", "UPDATE program = '0.0.1' WHERE 1")
    change(store, "personal_short_rows", "UPDATE raw = replaceAll(raw, 'sg/qa', 'db/crm/copy') WHERE 1")
    assert "0.0.1" in explained(store).notes[0]


def test_the_rule_that_judged_counts_not_the_one_of_today(store: Store) -> None:
    other = Rulebook(tuple(rule if rule.id != "XB-STORE" else _next_version(rule) for rule in RULEBOOK))
    for today in (other, Rulebook(())):
        shown = explain_flag(store, today, flag_of(store))
        assert shown.explanation == explained(store).explanation
        assert not shown.notes


def _next_version(rule: Rule) -> Rule:
    return replace(rule, sha256="f" * 64, title="another", block=rule.block.model_copy(update={"version": 2}))


def test_a_rule_that_is_not_kept_and_has_changed_since_is_said_to_have(store: Store) -> None:
    change(store, "versions", "DELETE WHERE kind = 'rulebook'")
    other = Rulebook(tuple(rule if rule.id != "XB-STORE" else _next_version(rule) for rule in RULEBOOK))
    shown = explain_flag(store, other, flag_of(store))
    assert "Version 1 of the rule judged" in shown.notes[0]


def test_a_rule_that_is_neither_kept_nor_known_is_an_error_that_says_so(store: Store) -> None:
    change(store, "versions", "DELETE WHERE kind = 'rulebook'")
    with pytest.raises(UsageError, match="has no rule XB-STORE"):
        explain_flag(store, Rulebook(()), flag_of(store))


def test_the_evidence_names_position_leaves_and_versions(store: Store) -> None:
    evidence = explained(store).evidence
    assert evidence["position"].endswith("partition 0 offset 1 part 0")
    assert evidence["record"].startswith("leaf ")
    assert evidence["register"] == content_sha256(register_of(REGISTER))
    assert evidence["rulebook"] == RULEBOOK.sha256
