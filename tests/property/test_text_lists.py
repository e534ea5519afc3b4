"""Lists of texts come out of their column as they went in, whichever slices they came in and whichever were left out."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from streams.event_columns import TextLists

LISTS = st.none() | st.lists(st.text(max_size=20), max_size=4)
SLICES = st.lists(st.lists(LISTS, min_size=1, max_size=6), min_size=1, max_size=6)


@given(slices=SLICES, data=st.data())
def test_each_list_comes_out_at_its_place(slices: list[list[list[str] | None]], data: st.DataObject) -> None:
    lists, wanted = TextLists(), list[list[str] | None]()
    first = data.draw(st.integers(0, len(slices) - 1), label="one that is not left out")
    for number, values in enumerate(slices):
        if number == first or data.draw(st.booleans(), label="told"):
            lists.add(len(wanted), values)
            wanted += values
        else:
            wanted += [None] * len(values)

    series = lists.series(len(wanted))

    assert series.dtype == pl.List(pl.String)
    assert series.to_list() == wanted
    assert series.is_null().to_list() == [one is None for one in wanted]
