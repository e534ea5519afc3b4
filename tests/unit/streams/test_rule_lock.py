"""A version names one text of a rule for ever."""

import pytest

from schemas.errors import RuleError
from schemas.rules import LockedRule
from streams.rule_lock import lock_errors, lock_text, read_lock, updated_lock
from tests.support.rules import rule

LOCK = updated_lock([rule()], {})
SECOND = rule(("version: 1", "version: 2"), ("Look.", "Look twice."))


def told(rules: list[object], lock: dict[str, LockedRule]) -> list[str]:
    return [error.what for error in lock_errors(rules, lock, "rulebook.lock")]  # type: ignore[arg-type]


def test_a_lock_holds_version_and_hash_of_each_rule() -> None:
    assert set(LOCK) == {"T-RULE"}
    assert LOCK["T-RULE"] == LockedRule(version=1, sha256=rule().sha256)
    assert told([rule()], LOCK) == []


def test_a_lock_reads_as_it_was_written() -> None:
    lock = {**LOCK, "A-RULE": LockedRule(version=3, sha256="a" * 64, retired=True)}
    text = lock_text(lock)
    assert read_lock(text, "rulebook.lock") == lock
    assert text.splitlines()[1].startswith("A-RULE 3 ")


def test_a_changed_rule_with_its_old_version_is_refused() -> None:
    changed = rule(("Look.", "Look twice."))
    with pytest.raises(RuleError, match="changed and its version did not") as caught:
        updated_lock([changed], LOCK)
    assert "version: 2" in caught.value.todo
    assert told([changed], LOCK) == ["T-RULE changed and its version did not"]


def test_a_comment_is_a_change_too() -> None:
    with pytest.raises(RuleError, match="changed"):
        updated_lock([rule(("level: low", "level: low # for now"))], LOCK)


def test_a_changed_rule_with_a_new_version_is_locked() -> None:
    assert told([SECOND], LOCK) == ["T-RULE version 2 is not in the lock"]
    assert updated_lock([SECOND], LOCK)["T-RULE"] == LockedRule(version=2, sha256=SECOND.sha256)


def test_a_version_never_goes_back() -> None:
    newer = updated_lock([SECOND], LOCK)
    with pytest.raises(RuleError, match="went back"):
        updated_lock([rule()], newer)
    assert told([rule()], newer) == ["T-RULE went back to an older version"]


def test_a_new_rule_is_missing_from_the_lock() -> None:
    assert told([rule()], {}) == ["T-RULE version 1 is not in the lock"]


def test_a_removed_rule_stays_in_the_lock_so_that_its_versions_are_not_used_again() -> None:
    assert told([], LOCK) == ["T-RULE is in the lock, its file is gone"]
    retired = updated_lock([], LOCK)
    assert retired["T-RULE"].retired
    assert told([], retired) == []
    with pytest.raises(RuleError, match="changed"):
        updated_lock([rule()], retired)
    assert not updated_lock([SECOND], retired)["T-RULE"].retired


@pytest.mark.parametrize(
    "line", ["T-RULE", "T-RULE one " + "a" * 64, "T-RULE 1 short", "T-RULE 1 " + "a" * 64 + " gone now"]
)
def test_a_line_that_is_no_lock_line_is_told_with_its_place(line: str) -> None:
    with pytest.raises(RuleError, match="cannot be read") as caught:
        read_lock(f"# head\n\n{line}\n", "rulebook.lock")
    assert str(caught.value).startswith("rulebook.lock:3:1: ")


def test_a_rule_named_twice_as_a_merge_leaves_it_is_told() -> None:
    line = f"T-RULE 1 {'a' * 64}\n"
    with pytest.raises(RuleError, match="twice"):
        read_lock(line + line, "rulebook.lock")
