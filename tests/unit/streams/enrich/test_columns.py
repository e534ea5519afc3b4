"""Rows taken out of a batch, and spread over it again."""

import polars as pl
import pytest

from streams.commit import compact_json
from streams.enrich.columns import Chosen, prefixed, text_of, texts_of

BATCH = pl.DataFrame({"n": [1, 2, 3, 4], "keep": [True, None, False, True]})


def test_what_is_found_for_chosen_rows_is_null_for_the_others() -> None:
    chosen = Chosen(BATCH, pl.col("keep"))
    taken = chosen.of(BATCH)
    assert taken["n"].to_list() == chosen.series(BATCH["n"]).to_list() == [1, 4]
    found = chosen.spread(taken.select(double=pl.col("n") * 2, text=pl.lit("x")))
    assert found["double"].to_list() == [2, None, None, 8]
    assert found["text"].to_list() == ["x", None, None, "x"]


@pytest.mark.parametrize("keep", [True, False])
def test_all_rows_or_none_may_be_chosen(*, keep: bool) -> None:
    chosen = Chosen(BATCH, pl.lit(keep) & pl.col("n").is_not_null())
    found = chosen.spread(chosen.of(BATCH).select("n"))
    assert found["n"].to_list() == (BATCH["n"].to_list() if keep else [None] * 4)


def test_of_an_empty_batch_nothing_is_chosen() -> None:
    chosen = Chosen(BATCH.clear(), pl.col("keep"))
    assert chosen.spread(chosen.of(BATCH.clear())).schema == BATCH.schema


@pytest.mark.parametrize("texts", [(), ("a",), ('quo"te', "b\\c", "日本", "\x1f,")])
def test_texts_survive_being_one_text(texts: tuple[str, ...]) -> None:
    assert texts_of(text_of(texts)) == texts
    assert texts_of(_as_text(list(texts))) == texts


def test_no_list_is_no_text() -> None:
    assert texts_of(_as_text(None)) is None


def _as_text(texts: list[str] | None) -> str | None:
    found: str | None = pl.select(list=pl.lit(texts, pl.List(pl.String))).select(compact_json("list")).item()
    return found


def test_a_role_stands_before_its_facts() -> None:
    assert prefixed(BATCH, "party").columns == ["party.n", "party.keep"]
