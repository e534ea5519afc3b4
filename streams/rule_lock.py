"""The version lock: a rule that changes gets another version, so that a version names one text for ever.

Findings name rule, version and SHA-256. ``rulebook.lock`` keeps the last of these for every rule, one line each::

    XB-STORE 3 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    XB-OLD 2 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752 retired
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import ValidationError

from schemas.errors import AshiatoError, Place, RuleError
from schemas.rules import LockedRule
from streams.rules import Rule, raise_all

HEAD: Final = "# Last locked version of every rule. Written by `ashiato rules lock`; do not edit.\n"
RETIRED: Final = "retired"

Lock = Mapping[str, LockedRule]


def read_lock(text: str, path: str) -> dict[str, LockedRule]:
    """Return the lock of a file.

    Args:
        text: the file; empty lines and lines that begin with ``#`` say nothing.
        path: its name, for error texts.

    Raises:
        RuleError: a line is no lock line, or names a rule again.
    """
    lock: dict[str, LockedRule] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        rule_id, *rest = line.split()
        if rule_id in lock:
            raise RuleError(f"The lock names {rule_id} twice", where=Place(path, number, 1), todo=_MERGE)
        try:
            version, sha256, *more = rest
            lock[rule_id] = LockedRule(version=int(version), sha256=sha256, retired=_retired(more))
        except (ValueError, ValidationError) as error:
            why = "a line is: rule id, version, SHA-256, and `retired` if the rule is gone"
            raise RuleError("The lock cannot be read", where=Place(path, number, 1), why=why, todo=_MERGE) from error
    return lock


def lock_text(lock: Lock) -> str:
    """Return the file of a lock: one line per rule, by id."""
    lines = (
        " ".join([rule_id, str(entry.version), entry.sha256, *([RETIRED] if entry.retired else [])])
        for rule_id, entry in sorted(lock.items())
    )
    return HEAD + "".join(f"{line}\n" for line in lines)


def updated_lock(rules: Iterable[Rule], lock: Lock) -> dict[str, LockedRule]:
    """Return the lock that holds these rules; rules that are gone stay in it as retired.

    Raises:
        RuleError: a rule changed and its version did not grow.
        ManyErrors: several did.
    """
    current = {rule.id: rule for rule in rules}
    errors: list[AshiatoError] = [
        error for rule in current.values() if (error := version_error(rule, lock.get(rule.id))) is not None
    ]
    raise_all("The rulebook cannot be locked", errors)
    gone = {rule_id: entry.model_copy(update={"retired": True}) for rule_id, entry in lock.items()}
    here = {rule.id: LockedRule(version=rule.version, sha256=rule.sha256) for rule in current.values()}
    return gone | here


def lock_errors(rules: Iterable[Rule], lock: Lock, path: str) -> list[AshiatoError]:
    """Return how rules and lock differ; an empty list means that the lock is current.

    Args:
        rules: all rules of the rulebook.
        lock: the lock as it is.
        path: name of the lock file, for error texts.
    """
    current = {rule.id: rule for rule in rules}
    errors: list[AshiatoError] = []
    for rule in current.values():
        entry = lock.get(rule.id)
        error = version_error(rule, entry)
        if error is None and (entry is None or entry.retired or entry.version != rule.version):
            what = f"{rule.id} version {rule.version} is not in the lock"
            error = RuleError(what, where=Place(rule.path), todo=_LOCK)
        if error is not None:
            errors.append(error)
    missing = sorted(rule_id for rule_id, entry in lock.items() if not entry.retired and rule_id not in current)
    errors += [
        RuleError(f"{rule_id} is in the lock, its file is gone", where=Place(path), todo=_LOCK) for rule_id in missing
    ]
    return errors


def version_error(rule: Rule, entry: LockedRule | None) -> RuleError | None:
    """Return why this rule may not be locked as it is, or None."""
    if entry is None or rule.version > entry.version:
        return None
    where = Place(rule.path)
    if rule.version < entry.version:
        why = f"the file says {rule.version}, version {entry.version} was locked before"
        return RuleError(
            f"{rule.id} went back to an older version", where=where, why=why, todo=_RAISE.format(entry.version + 1)
        )
    if rule.sha256 != entry.sha256 or entry.retired:
        why = f"version {entry.version} was locked with another text" if not entry.retired else "it had been retired"
        return RuleError(
            f"{rule.id} changed and its version did not", where=where, why=why, todo=_RAISE.format(entry.version + 1)
        )
    return None


def _retired(rest: list[str]) -> bool:
    """Return what the end of a line says.

    Raises:
        ValueError: it says something else.
    """
    if rest not in ([], [RETIRED]):
        raise ValueError(rest)
    return bool(rest)


_LOCK: Final = "run `ashiato rules lock`"
_RAISE: Final = "set `version: {}` in the file, then run `ashiato rules lock`"
_MERGE: Final = "take one side of the merge, then run `ashiato rules lock`"
