"""Why a rule matched one event: each named selection of its detection, test by test, and what would have undone it.

A Sigma rule is a condition over named selections, and a selection is a list of tests of single columns. What is said
here is found with the compiler that judged the event and nothing else: a selection, and each of its tests, is compiled
as a rule of its own; the condition is compiled once more over columns that hold the selections' answers, so that
"what if this one had answered otherwise" is asked of the condition itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations, pairwise
from typing import Any, Final

import polars as pl

from schemas.facts import COLUMNS, Column
from streams.column_types import DTYPES
from streams.sigma import compile_rule

MAX_TURNED: Final = 3
"""A way out turns at most so many selections: a longer one helps nobody."""
MAX_SELECTIONS: Final = 16
"""Combinations grow fast; a rule that looks at more selections than this gets no ways out."""

_VERBS: Final[dict[str, tuple[str, str]]] = {
    "contains": ("contains", "does not contain"),
    "startswith": ("begins with", "does not begin with"),
    "endswith": ("ends with", "does not end with"),
    "re": ("matches", "does not match"),
    "cidr": ("lies in", "does not lie in"),
    "gt": ("is more than", "is not more than"),
    "gte": ("is at least", "is less than"),
    "lt": ("is less than", "is not less than"),
    "lte": ("is at most", "is more than"),
    "fieldref": ("equals the column", "does not equal the column"),
}
"""Words of a modifier, and of its opposite; without one of them a test asks whether the value ``is`` something."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One test of one column.

    Attributes:
        column: the column looked at.
        asks: what the rule asks of it, to be read after its name: ``is true``.
        opposite: the same, turned round: ``is not true``.
        met: whether the event meets it.
        group: tests of one group must all be met; a selection is met if one of its groups is.
        other: the column that it is compared with, if it is compared with one.
    """

    column: str
    asks: str
    opposite: str
    met: bool
    group: int
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """One named selection of the detection; ``tests`` in the order of the rule file."""

    name: str
    met: bool
    tests: tuple[Tested, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """How one condition of a rule came to its answer.

    Attributes:
        condition: the condition as the rule writes it.
        holds: whether it holds for the event.
        selections: every selection that the condition looks at, in the order of the rule file.
        turning: the smallest sets of selections, fewest first, that would have undone the match had they answered
            otherwise; empty if the condition does not hold.
    """

    condition: str
    holds: bool
    selections: tuple[Selected, ...]
    turning: tuple[frozenset[str], ...]


def why(
    detection: Mapping[str, Any], condition: str, row: Mapping[str, Any], columns: Mapping[str, Column] = COLUMNS
) -> Why:
    """Return how ``condition`` of ``detection`` comes to its answer for one event.

    Args:
        detection: the rule's ``detection`` as read from YAML: selections by name, and ``condition``.
        condition: the condition to follow; one of those in ``detection``.
        row: values of the event's columns (fields and facts) by name; what is missing is absent.
        columns: the columns that rules may name.

    Raises:
        RuleError: the detection cannot be compiled.
    """
    named = {name: body for name, body in selections(detection).items() if _looked_at(name, condition)}
    outcomes = tuple(_selected(name, body, row, columns) for name, body in named.items())
    answers = {selection.name: selection.met for selection in outcomes}
    holds = _holds(condition, [answers])[0]
    return Why(condition, holds, outcomes, _turning(condition, answers) if holds else ())


def conditions(detection: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the conditions of a detection; one text counts as a list of one."""
    written = detection["condition"]
    return (written,) if isinstance(written, str) else tuple(written)


def selections(detection: Mapping[str, Any]) -> dict[str, Any]:
    """Return the named selections of a detection."""
    return {name: body for name, body in detection.items() if name not in {"condition", "timeframe"}}


def row_frame(row: Mapping[str, Any], columns: Mapping[str, Column] = COLUMNS) -> pl.DataFrame:
    """Return one event as a frame of one row with every column of ``columns`` in its type; missing ones are null."""
    return pl.DataFrame(
        [pl.Series(name, [row.get(name)], dtype=DTYPES[column.type]) for name, column in columns.items()]
    )


def words(key: str, value: Any) -> tuple[str, str, str]:
    """Return the column of one Sigma test, what it asks, and the opposite: ``asset.region|startswith: us-``."""
    column, *modifiers = key.split("|")
    if "exists" in modifiers or value is None:
        return (column, "is present", "is absent") if value else (column, "is absent", "is present")
    verb, opposite = next((_VERBS[modifier] for modifier in modifiers if modifier in _VERBS), ("is", "is not"))
    shown = [_shown(item) for item in (value if isinstance(value, list) else [value])]
    if len(shown) == 1:
        return column, f"{verb} {shown[0]}", f"{opposite} {shown[0]}"
    together = ", ".join(shown)
    if "all" in modifiers:
        return column, f"{verb} all of {together}", f"{opposite} all of {together}"
    return column, f"{verb} one of {together}", f"{opposite} any of {together}"


def _shown(value: Any) -> str:
    return "absent" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _looked_at(name: str, condition: str) -> bool:
    """Tell whether a condition looks at a selection: by its name, by a pattern of ``1 of x*``, or by ``of them``."""
    written = condition.replace("(", " ").replace(")", " ").split()
    patterns = [word for before, word in pairwise(written) if before == "of"]
    hidden = name.startswith("_")
    return name in written or any(
        not hidden if pattern == "them" else fnmatchcase(name, pattern) for pattern in patterns
    )


def _selected(name: str, body: Any, row: Mapping[str, Any], columns: Mapping[str, Column]) -> Selected:
    """Answer one selection as a whole, and each of its tests by itself."""
    groups = [body] if isinstance(body, Mapping) else [item for item in body if isinstance(item, Mapping)]
    parts = [(group, key, value) for group, tests in enumerate(groups) for key, value in tests.items()]
    detection = {"whole": body, **{f"t{i}": {key: value} for i, (_, key, value) in enumerate(parts)}}
    expressions = _compile({**detection, "condition": list(detection)}, columns)
    frame = row_frame(row, columns)
    met, *each = frame.select(expression.alias(str(i)) for i, expression in enumerate(expressions)).row(0)
    tests = tuple(
        Tested(*words(key, value), bool(answer), group, value if "fieldref" in key.split("|") else None)
        for (group, key, value), answer in zip(parts, each, strict=True)
    )
    return Selected(name, bool(met), tests)


def _holds(condition: str, answers: Sequence[Mapping[str, bool]]) -> list[bool]:
    """Return whether the condition holds under each set of answers of its selections."""
    names = list(answers[0])
    schema = dict.fromkeys(names, pl.Boolean())
    (expression,) = _compile({**{name: {name: True} for name in names}, "condition": condition}, schema)
    frame = pl.DataFrame([dict(answer) for answer in answers], schema=schema)
    return frame.select(expression.alias("holds"))["holds"].to_list()


def _compile(
    detection: Mapping[str, Any], schema: Mapping[str, Column] | Mapping[str, pl.Boolean]
) -> tuple[pl.Expr, ...]:
    """Compile a bare detection. JSON is YAML, and leaves no doubt about ``no`` and ``on``."""
    document = {"title": "explain", "name": "EXPLAIN", "logsource": {"product": "ashiato"}, "detection": detection}
    return compile_rule(json.dumps(document, ensure_ascii=False, default=str), "explain", schema).conditions


def _turning(condition: str, answers: Mapping[str, bool]) -> tuple[frozenset[str], ...]:
    """Return the smallest sets of selections whose other answer undoes the match, fewest first."""
    if len(answers) > MAX_SELECTIONS:
        return ()
    tried = [frozenset(turned) for size in range(1, MAX_TURNED + 1) for turned in combinations(answers, size)]
    held = _holds(condition, [{name: met ^ (name in turned) for name, met in answers.items()} for turned in tried])
    undoing = [turned for turned, holds in zip(tried, held, strict=True) if not holds]
    return tuple(turned for turned in undoing if not any(other < turned for other in undoing))
