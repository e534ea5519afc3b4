"""The ``condition`` of a rule: pySigma parses it, the detections' trees are put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
    SigmaCondition,
)
from sigma.exceptions import SigmaError
from sigma.rule.detection import EmptySigmaDetections

from schemas.errors import Place, RuleError
from streams.sigma.predicates import Not, Tree, all_of, any_of

MAX_CONDITION: Final = 4000
"""Characters of a condition."""

MAX_DEPTH: Final = 30
"""Parentheses and negations inside each other."""


def condition_tree(condition: str, detections: Mapping[str, Tree], where: Place) -> Tree:
    """Return a condition as a tree.

    Args:
        condition: for example ``selection and not 1 of filter_*``.
        detections: tree of each named detection.
        where: the condition's place, for errors.

    Raises:
        RuleError: it cannot be parsed, names a detection that is not there, or is over a limit.
    """
    if len(condition) > MAX_CONDITION or max(condition.count("("), condition.count("not ")) > MAX_DEPTH:
        why = f"at most {MAX_CONDITION} characters, {MAX_DEPTH} parentheses and {MAX_DEPTH} negations are read"
        raise RuleError("The condition is too complex", where=where, why=why, todo="use `1 of` and `all of`")
    try:
        parsed = SigmaCondition(condition, EmptySigmaDetections()).parse(postprocess=False)
        return _tree(parsed, detections)
    except SigmaError as error:
        why = str(error.args[0])
    except LookupError as error:
        why = str(error.args[0])
    raise RuleError("The condition cannot be compiled", where=where, why=why, todo=_known(detections))


def _tree(item: object, detections: Mapping[str, Tree]) -> Tree:
    match item:
        case ConditionIdentifier():
            return _named(item.identifier, detections)
        case ConditionSelector():
            selected = _selected(item.pattern, detections)
            return any_of(selected) if item.cond_class is ConditionOR else all_of(selected)
        case ConditionNOT():
            return Not(_tree(item.args[0], detections))
        case ConditionAND() | ConditionOR():
            parts = [_tree(part, detections) for part in item.args]
            return any_of(parts) if isinstance(item, ConditionOR) else all_of(parts)
    raise LookupError(f"it has a part of type {type(item).__name__}")


def _named(name: str, detections: Mapping[str, Tree]) -> Tree:
    if name not in detections:
        raise LookupError(f"there is no detection {name!r}")
    return detections[name]


def _selected(pattern: str, detections: Mapping[str, Tree]) -> list[Tree]:
    """Return the detections that a pattern names; ones that begin with ``_`` only if the pattern does."""
    expression = ".*" if pattern == "them" else pattern.replace("*", ".*")
    found = [
        tree
        for name, tree in detections.items()
        if re.fullmatch(expression, name) and (pattern.startswith("_") or not name.startswith("_"))
    ]
    if not found:
        raise LookupError(f"no detection is named like {pattern!r}")
    return found


def _known(detections: Mapping[str, Tree]) -> str:
    return f"the detections are {', '.join(detections)}" if detections else ""
