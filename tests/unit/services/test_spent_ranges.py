"""Range ids of failed inserts never vouch for anything."""

import polars as pl
import pytest

import services.spent_ranges
from schemas.errors import Place, StoreError
from services.spent_ranges import SpentRanges

HERE = Place("store")


def _rows(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"range_id": names})


def test_an_id_is_good_until_one_insert_of_it_failed() -> None:
    spent = SpentRanges()
    assert sorted(spent.names("evidence_rows", _rows("a", "a", "b"), HERE)) == ["a", "b"]
    spent.add(["a"])

    assert spent.names("evidence_rows", _rows("b"), HERE) == ["b"]
    for table, rows in (("finding_rows", _rows("b", "a")), ("range_rows", pl.DataFrame({"id": ["a"]}))):
        with pytest.raises(StoreError, match=f"rows cannot be written to {table}: .* under a new range id"):
            spent.names(table, rows, HERE)


def test_a_range_itself_may_be_written_again() -> None:
    assert SpentRanges().names("range_rows", pl.DataFrame({"id": ["a"]}), HERE) == []


def test_tables_without_ranges_are_nobodys_business() -> None:
    spent = SpentRanges()
    spent.add(["a"])
    assert spent.names("acts", pl.DataFrame({"id": ["a"]}), HERE) == []
    assert spent.names("sealed_ranges", _rows("a"), HERE) == []
    assert spent.names("other_rows", pl.DataFrame({"x": ["a"]}), HERE) == []


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.spent_ranges, "_MOST", 2)
    spent = SpentRanges()
    spent.add(["a", "b", "c"])
    assert spent.names("evidence_rows", _rows("a"), HERE) == ["a"]
    with pytest.raises(StoreError):
        spent.names("evidence_rows", _rows("c"), HERE)
