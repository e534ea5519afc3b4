"""Small Sigma rules and frames for tests of the compiler."""

from typing import Any

import polars as pl
import yaml

from streams.sigma import CompiledRule, RuleSet, compile_rule

PATH = "rules/t.yml"

SCHEMA: dict[str, pl.DataType] = {
    "t": pl.String(),
    "u": pl.String(),
    "x": pl.String(),
    "y": pl.String(),
    "ip": pl.String(),
    "n": pl.Int64(),
    "m": pl.Int64(),
    "b": pl.Boolean(),
    "c": pl.Boolean(),
    "d": pl.Datetime("us", "UTC"),
    "f": pl.Datetime("us", "UTC"),
    "l": pl.List(pl.String()),
    "k": pl.List(pl.String()),
}
"""One or two columns of every type; ``x`` and ``y`` are exact."""

EXACT = frozenset({"x", "y"})

HEADER: dict[str, Any] = {
    "title": "A rule of a test",
    "id": "05d7f27a-0f78-4c8d-8460-d7b5f3ecf5d4",
    "name": "T-RULE",
    "logsource": {"product": "ashiato"},
}


def rule_text(detection: dict[str, Any], **header: Any) -> str:
    return yaml.safe_dump({**HEADER, **header, "detection": detection}, sort_keys=False)


def compiled(detection: dict[str, Any], **placeholders: list[str]) -> CompiledRule:
    return compile_rule(rule_text(detection), PATH, SCHEMA, exact=EXACT, placeholders=placeholders)


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


def judged(rule: CompiledRule, rows: list[dict[str, Any]]) -> list[list[bool]]:
    """Return what each condition says of each row, and check that both ways of judging say the same."""
    facts = frame(rows)
    alone = facts.select(condition.alias(str(index)) for index, condition in enumerate(rule.conditions))
    together = RuleSet([rule]).judge(facts)
    assert alone.equals(together)
    return [series.to_list() for series in together.get_columns()]


def hits(selection: Any, *rows: dict[str, Any], **placeholders: list[str]) -> list[bool]:
    """Return which rows a single selection matches."""
    [found] = judged(compiled({"selection": selection, "condition": "selection"}, **placeholders), list(rows))
    return found


def texts_hit(key: str, value: Any, *texts: str | None) -> list[bool]:
    """Return which texts a field test matches; the key's column is ``t`` unless it names another."""
    name = key.partition("|")[0]
    return hits({key: value}, *({name: text} for text in texts))
