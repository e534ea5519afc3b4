"""What stands around a value in a rule, and how a value is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sigma.types import Placeholder

from streams.sigma.columns import WORDS, Kind, RuleColumn, Schema
from streams.sigma.predicates import Leaf, Likeness, Test


class RefusedError(ValueError):
    """A value or modifier that cannot be compiled exactly: why, and what to write instead."""

    def __init__(self, why: str, todo: str = "") -> None:
        super().__init__(why)
        self.todo = todo


@dataclass(frozen=True, slots=True)
class Question:
    """What stands around a value: ``column|modifiers: value``.

    Attributes:
        column: the column that is asked.
        cased: ``cased`` is among the modifiers. pySigma forgets it when a later modifier makes a new value.
        anchor: where a regular expression must match: anywhere, at the start, at the end.
        schema: every column, for references.
        placeholders: values of ``%name%`` under ``expand``.
    """

    column: RuleColumn
    cased: bool
    anchor: Likeness
    schema: Schema
    placeholders: Mapping[str, Sequence[str]]

    def leaf(self, test: Test) -> Leaf:
        """Return ``test`` of the column."""
        return Leaf(self.column.name, test, self.column.is_list)

    def need(self, kind: Kind, what: str) -> None:
        """Refuse unless the column's values are of a kind."""
        if self.column.kind != kind:
            todo = "put the value in quotes" if self.column.kind == "text" else "compare it with such a value"
            raise RefusedError(f"{self.column.name} holds {WORDS[self.column.kind]}, this is {what}", todo)

    def given(self, placeholder: Placeholder) -> Iterator[str]:
        """Yield the values of a placeholder, or refuse it if it has none."""
        values = self.placeholders.get(placeholder.name)
        if not values:
            raise RefusedError(
                f"nothing is given for the placeholder %{placeholder.name}%", "remove `expand` or give it"
            )
        yield from values
