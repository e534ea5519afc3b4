"""The columns that rules may name: their types, and what is known of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from schemas.facts import Column

Kind = Literal["text", "bool", "int", "time"]

_KINDS: Final[dict[pl.DataType, Kind]] = {
    pl.String(): "text",
    pl.Boolean(): "bool",
    pl.Int64(): "int",
    pl.Datetime("us", "UTC"): "time",
}

WORDS: Final[dict[Kind, str]] = {"text": "text", "bool": "true or false", "int": "whole numbers", "time": "times"}
"""What a column of a kind holds, in the words of error texts."""


@dataclass(frozen=True, slots=True)
class RuleColumn:
    """One column as rules see it.

    Attributes:
        name: the column's name, which is the Sigma field name.
        kind: what a value, or an element of a list, is.
        is_list: whether the column holds lists.
        exact: values are canonical, so they are compared as they are. Case-insensitive and exact comparison agree on
            them as long as the rule writes the canonical form too.
        values: every value that can occur; empty if that is not known.
    """

    name: str
    kind: Kind
    is_list: bool = False
    exact: bool = False
    values: tuple[str, ...] = ()


Schema = Mapping[str, RuleColumn]


def rule_columns(
    schema: Mapping[str, pl.DataType | type[pl.DataType]] | Mapping[str, Column],
    exact: Iterable[str] = (),
) -> dict[str, RuleColumn]:
    """Return the columns that rules may name, from Polars types or from the catalogue of facts.

    Args:
        schema: column name to String, Boolean, Int64, Datetime(us, UTC) or List(String); or to its entry in
            `schemas.facts`, which also says whether values are canonical and which can occur.
        exact: further columns whose values are canonical.

    Raises:
        TypeError: a column has another type; rules cannot look at it.
    """
    canonical = frozenset(exact)
    return {name: _rule_column(name, declared, exact=name in canonical) for name, declared in schema.items()}


def _rule_column(name: str, declared: pl.DataType | type[pl.DataType] | Column, *, exact: bool) -> RuleColumn:
    if isinstance(declared, Column):
        is_list = declared.type == "texts"
        kind: Kind = "text" if declared.type == "texts" else declared.type
        return RuleColumn(name, kind, is_list, exact or declared.exact, declared.values)
    dtype = declared() if isinstance(declared, type) else declared
    if isinstance(dtype, pl.List) and dtype.inner == pl.String:
        return RuleColumn(name, "text", is_list=True, exact=exact)
    if dtype not in _KINDS:
        raise TypeError(f"column {name!r} is {dtype}; rules look at {', '.join(map(str, _KINDS))} and List(String)")
    return RuleColumn(name, _KINDS[dtype], exact=exact)
