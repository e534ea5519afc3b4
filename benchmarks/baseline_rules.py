"""Rules in the baseline: the same compiled trees as closures, each asked about one event at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from benchmarks.baseline_events import Row
from schemas.base import TOKYO
from schemas.facts import Column
from streams.judge import MAX_LISTED, Part, parts
from streams.rules import Rulebook
from streams.sigma.predicates import Absent, And, Compares, Fold, Is, Leaf, Not, Or, Present, Refers, Tree

_WRITE: Final = msgspec.json.Encoder().encode
Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """One rule and role that an event met, and the facts that it read as JSON."""

    part: Part
    episode: str | None
    facts: str


class Rules:
    """All conditions of a rulebook, in the order in which findings are sorted: by rule, then by role."""

    def __init__(self, rulebook: Rulebook) -> None:
        trees = (tree for rule in rulebook for tree in rule.compiled.trees)
        tests = [(part, _compiled(tree)) for part, tree in zip(parts(rulebook), trees, strict=True)]
        self._tests = sorted(tests, key=lambda pair: (pair[0].rule.id, pair[0].role))

    def judge(self, row: Row) -> Iterator[Found]:
        """Yield what an event met."""
        for part, holds in self._tests:
            if holds(row):
                day = row["event.time"].astimezone(TOKYO).date().isoformat()
                read = {column.name: _shown(column, row.get(column.name)) for column in part.reads}
                yield Found(part, day if part.rule.block.episode == "day" else None, _WRITE(read).decode())


def _compiled(tree: Tree) -> Test:
    match tree:
        case And(parts=found):
            return _all([_compiled(part) for part in found])
        case Or(parts=found):
            return _any([_compiled(part) for part in found])
        case Not(part=found):
            holds = _compiled(found)
            return lambda row: not holds(row)
        case Leaf(column=column, test=test, is_list=False):
            return _leaf(column, test)
    raise TypeError(f"the baseline has no test of lists such as {tree}: no rule of the rulebook needs one")


def _all(tests: list[Test]) -> Test:
    def every(row: Row) -> bool:
        for test in tests:  # noqa: SIM110  (a loop is twice as fast as a generator in all())
            if not test(row):
                return False
        return True

    return every


def _any(tests: list[Test]) -> Test:
    def some(row: Row) -> bool:
        for test in tests:  # noqa: SIM110
            if test(row):
                return True
        return False

    return some


def _leaf(column: str, test: object) -> Test:
    match test:
        case Present():
            return lambda row: column in row
        case Absent():
            return lambda row: column not in row
        case Is(values=(value,), fold=Fold.EXACT):
            return lambda row: row.get(column) == value
        case Is(values=values, fold=Fold.EXACT):
            allowed = frozenset(values)
            return lambda row: row.get(column) in allowed
        case Compares(comparison="gt", number=number):
            return lambda row: column in row and row[column] > number
        case Refers(other=other, how="equals", fold=Fold.EXACT):
            return lambda row: column in row and row[column] == row.get(other)
    raise TypeError(f"the baseline has no test such as {test}: no rule of the rulebook needs one")


def _shown(column: Column, value: Any) -> Any:
    """Return what a finding shows of a column; see `streams.judge`."""
    if column.personal:
        return value is not None and value != []
    if value is None:
        return None
    if column.type == "time":
        return written(value)
    if column.type == "texts" and len(value) > MAX_LISTED:
        return [*value[:MAX_LISTED], f"… {len(value) - MAX_LISTED} more"]
    return value


def written(moment: Any) -> str:
    """Return a UTC time as records write it: six digits and Z."""
    text: str = moment.replace(tzinfo=None).isoformat(timespec="microseconds")
    return f"{text}Z"
