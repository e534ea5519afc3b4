"""From a value as pySigma read it to the test that a column is put to.

A value that cannot be compared with its column is refused; it never becomes a weaker test.
"""

from __future__ import annotations

from typing import Final

from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaTimestampPart,
    SigmaType,
    TimestampPart,
)

from streams.sigma.columns import WORDS
from streams.sigma.predicates import (
    Absent,
    Compares,
    ComparesPart,
    Comparison,
    Fold,
    Is,
    Likeness,
    Present,
    Refers,
    Test,
    TimePart,
    Tree,
    any_of,
)
from streams.sigma.questions import Question, RefusedError
from streams.sigma.texts import text_tree

INT64: Final = range(-(2**63), 2**63)

_COMPARISONS: Final[dict[CompareOperators, Comparison]] = {
    CompareOperators.LT: "lt",
    CompareOperators.LTE: "lte",
    CompareOperators.GT: "gt",
    CompareOperators.GTE: "gte",
}
_PARTS: Final[dict[TimestampPart, tuple[TimePart, range]]] = {
    TimestampPart.MINUTE: ("minute", range(60)),
    TimestampPart.HOUR: ("hour", range(24)),
    TimestampPart.DAY: ("day", range(1, 32)),
    TimestampPart.WEEK: ("week", range(1, 54)),
    TimestampPart.MONTH: ("month", range(1, 13)),
    TimestampPart.YEAR: ("year", range(1, 10_000)),
}


def tree_of(question: Question, value: SigmaType) -> Tree:
    """Return the test of one value after its modifiers.

    Raises:
        RefusedError: the value cannot be compared with the column, or not exactly.
    """
    match value:
        case SigmaNull() | SigmaExists():
            is_present = isinstance(value, SigmaExists) and value.exists
            return question.leaf(Present() if is_present else Absent())
        case SigmaExpansion():
            return any_of([tree_of(question, one) for one in value.values])
        case SigmaFieldReference():
            return question.leaf(_reference(question, value))
        case SigmaBool():
            question.need("bool", "true or false")
            return question.leaf(Is((value.boolean,)))
        case SigmaNumber() | SigmaCompareExpression():
            return question.leaf(_number(question, value))
        case _:
            question.need("text", "text")
            return text_tree(question, value)


def _number(question: Question, value: SigmaNumber | SigmaCompareExpression) -> Test:
    """Return an equality or order with a whole number, or with a part of a time."""
    comparison: Comparison = "eq"
    if isinstance(value, SigmaCompareExpression):
        comparison, number = _COMPARISONS[value.op], value.number
    else:
        number = value
    if isinstance(number, SigmaTimestampPart):
        question.need("time", "a part of a time")
        part, allowed = _PARTS[number.timestamp_part]
        return ComparesPart(part, comparison, _whole(number, allowed, part))
    question.need("int", "a number")
    whole = _whole(number, INT64, question.column.name)
    return Is((whole,)) if comparison == "eq" else Compares(comparison, whole)


def _whole(number: SigmaNumber, allowed: range, what: str) -> int:
    if not isinstance(number.number, int) or number.number not in allowed:
        raise RefusedError(f"{what} is a whole number from {allowed[0]} to {allowed[-1]}, this is {number.number}")
    return number.number


def _reference(question: Question, value: SigmaFieldReference) -> Refers:
    """Return the comparison with another column."""
    other = question.schema.get(value.field)
    if other is None:
        raise RefusedError(f"there is no field {value.field!r} to refer to")
    if other.kind != question.column.kind:
        raise RefusedError(
            f"{question.column.name} holds {WORDS[question.column.kind]}, {other.name} holds {WORDS[other.kind]}",
            "compare fields of one type",
        )
    how = _likeness(value)
    if how != "equals" and (other.kind != "text" or question.column.is_list or other.is_list):
        raise RefusedError(f"{how} with fieldref compares two text fields that are no lists")
    as_is = question.cased or (question.column.exact and other.exact) or other.kind != "text"
    return Refers(other.name, how, Fold.EXACT if as_is else Fold.SIGMA, other.is_list)


def _likeness(value: SigmaFieldReference) -> Likeness:
    if value.starts_with:
        return "contains" if value.ends_with else "startswith"
    return "endswith" if value.ends_with else "equals"
