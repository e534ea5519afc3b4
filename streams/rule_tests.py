"""The tests inside a rule file: are they sound, and do they hold?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import polars as pl

from schemas.errors import Place, RuleError
from schemas.events import parse_time
from schemas.facts import COLUMNS, Column
from schemas.findings import Role
from schemas.rules import RuleBlock, RuleTest
from streams.column_types import dtypes
from streams.sigma import CompiledRule

MIN_EACH: Final = 2
"""A rule has at least so many tests that must match, and so many that must not."""


class Tested(Protocol):
    """What can be tested: a rule, or a rule that was changed to see whether its tests notice."""

    @property
    def block(self) -> RuleBlock:
        """Its own block."""

    @property
    def tests(self) -> tuple[RuleTest, ...]:
        """Its tests."""

    @property
    def compiled(self) -> CompiledRule:
        """Its conditions."""


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A test that does not hold.

    Attributes:
        name: the test's name.
        expected: the roles that had to match; None if any would have done.
        found: the roles that matched.
    """

    name: str
    expected: frozenset[Role] | None
    found: frozenset[Role]

    def __str__(self) -> str:
        """Return one line for people."""
        wanted = "a match" if self.expected is None else _roles(self.expected)
        return f"{self.name}: expected {wanted}, found {_roles(self.found)}"


def run_tests(rule: Tested) -> list[FailedTest]:
    """Run the tests of a rule, each as one row whose other columns are absent; return those that do not hold."""
    judged = frame_of_tests(rule.tests, rule.compiled.fields).select(
        condition.alias(role) for role, condition in zip(rule.block.about, rule.compiled.conditions, strict=True)
    )
    failures = []
    for test, row in zip(rule.tests, judged.iter_rows(named=True), strict=True):
        found = frozenset(role for role in rule.block.about if row[role])
        expected = expected_roles(test)
        if found != expected and not (expected is None and found):
            failures.append(FailedTest(test.name, expected, found))
    return failures


def expected_roles(test: RuleTest) -> frozenset[Role] | None:
    """Return the roles that must match: none for a test that must not match, None if any will do."""
    return test.roles if test.match else frozenset()


def frame_of_tests(tests: Sequence[RuleTest], fields: frozenset[str]) -> pl.DataFrame:
    """Return one row per test with every column that a test names or the rule reads, in its type."""
    names = [name for name in COLUMNS if name in fields or any(name in test.facts for test in tests)]
    schema = dtypes(names)
    return pl.DataFrame(
        [{name: fact_value(COLUMNS[name], test.facts.get(name)) for name in names} for test in tests], schema
    )


def fact_value(column: Column, value: Any) -> Any:
    """Return a value of a rule file as a value of the column.

    Raises:
        ValueError: the value cannot stand in that column; the text says why.
    """
    if value is None:
        return None
    wrong = {
        "text": not isinstance(value, str),
        "bool": not isinstance(value, bool),
        "int": isinstance(value, bool) or not isinstance(value, int),
        "time": False,
        "texts": not isinstance(value, tuple | list),
    }[column.type]
    if wrong:
        message = f"{column.name} holds {column.type}, not {type(value).__name__}"
        raise ValueError(message)
    if column.type == "time":
        return parse_time(value) if not isinstance(value, dt.datetime) else value
    if column.values and value not in column.values:
        message = f"{column.name} is one of {', '.join(column.values)}"
        raise ValueError(message)
    return list(value) if column.type == "texts" else value


def unsound(tests: Sequence[RuleTest], block: RuleBlock, place: Callable[..., Place]) -> list[RuleError]:
    """Return why the tests are not sound.

    Args:
        tests: the tests of one rule.
        block: its own block.
        place: the place of a test (its number) or of something in it (number, key, …).
    """
    errors = [error for number, test in enumerate(tests) for error in _errors_of(number, test, block, place)]
    for match, what in ((True, "must match"), (False, "must not match")):
        if sum(test.match is match for test in tests) < MIN_EACH:
            why = f"fewer than {MIN_EACH} tests that {what}"
            errors.append(RuleError("The rule is not tested enough", where=place(), why=why, todo="add tests"))
    names = [test.name for test in tests]
    for number, name in enumerate(names):
        if name in names[:number]:
            errors.append(RuleError(f"Two tests are called {name!r}", where=place(number, "name")))
    return errors


def _errors_of(number: int, test: RuleTest, block: RuleBlock, place: Callable[..., Place]) -> list[RuleError]:
    errors = []
    for name, value in test.facts.items():
        if name not in COLUMNS:
            where, todo = place(number, "facts", name), "docs/reference/facts.md lists the columns"
            errors.append(RuleError(f"There is no column {name}", where=where, todo=todo))
            continue
        try:
            fact_value(COLUMNS[name], value)
        except ValueError as error:
            where = place(number, "facts", name)
            errors.append(RuleError("A test's value cannot stand in its column", where=where, why=str(error)))
    if test.match and test.roles is None and len(block.about) > 1:
        todo = f"write `role:`, one or a list of {', '.join(block.about)}"
        errors.append(RuleError("The test does not say for which role it must match", where=place(number), todo=todo))
    if test.roles is not None and not (test.match and test.roles and test.roles <= set(block.about)):
        where = place(number, "role")
        errors.append(RuleError("The test names a role that the rule has not", where=where, todo="see `about`"))
    return errors


def _roles(roles: frozenset[Role]) -> str:
    return f"a match for {', '.join(sorted(roles))}" if roles else "no match"
