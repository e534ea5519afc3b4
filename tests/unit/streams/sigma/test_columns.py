"""Rules see the catalogue of facts, or Polars types, as columns of a few kinds."""

import polars as pl
import pytest

from schemas.facts import COLUMNS
from streams.sigma.columns import RuleColumn, rule_columns


def test_polars_types_become_kinds() -> None:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "t": pl.String(),
        "b": pl.Boolean,
        "n": pl.Int64(),
        "d": pl.Datetime("us", "UTC"),
        "l": pl.List(pl.String()),
    }
    assert rule_columns(schema, exact=["t"]) == {
        "t": RuleColumn("t", "text", exact=True),
        "b": RuleColumn("b", "bool"),
        "n": RuleColumn("n", "int"),
        "d": RuleColumn("d", "time"),
        "l": RuleColumn("l", "text", is_list=True),
    }


def test_the_catalogue_says_what_is_exact_and_which_values_occur() -> None:
    columns = rule_columns(COLUMNS)
    assert columns.keys() == COLUMNS.keys()
    assert columns["outcome"].exact
    assert columns["outcome"].values == ("success", "denied", "failure")
    assert columns["records.fields"].is_list
    assert not columns["operation"].exact


@pytest.mark.parametrize(
    "dtype", [pl.Float64(), pl.Int32(), pl.Date(), pl.Datetime("ms", "UTC"), pl.Datetime("us"), pl.List(pl.Int64)]
)
def test_another_type_is_refused(dtype: pl.DataType) -> None:
    with pytest.raises(TypeError, match="'x' is"):
        rule_columns({"x": dtype})
