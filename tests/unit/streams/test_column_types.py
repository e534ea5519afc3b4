import polars as pl

from schemas.facts import COLUMNS
from streams.column_types import DTYPES, absent, dtypes, nulls


def test_every_column_of_the_catalogue_has_a_type() -> None:
    assert {column.type for column in COLUMNS.values()} == set(DTYPES)
    assert list(dtypes(COLUMNS)) == list(COLUMNS)


def test_nulls_are_of_the_type_and_the_length_asked_for() -> None:
    found = nulls("a", pl.List(pl.String), 3)
    assert (found.name, found.dtype, found.to_list()) == ("a", pl.List(pl.String), [None] * 3)
    assert nulls("a", pl.Boolean(), 0).to_list() == []


def test_absent_columns_stand_in_the_order_asked_for() -> None:
    found = absent(["event.time", "action"], 2)
    assert dict(found.schema) == {"event.time": pl.Datetime("us", "UTC"), "action": pl.String()}
    assert found.rows() == [(None, None)] * 2
