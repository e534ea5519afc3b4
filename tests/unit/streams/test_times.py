import datetime as dt

import polars as pl
import pytest

from schemas.events import parse_time
from streams.times import MICROSECONDS, canonical, parse_times

READ = [
    "2026-11-01T09:00:00+09:00",
    "2026-11-01T00:00:00Z",
    "2026-11-01T00:00:00.5Z",
    "2026-11-01T00:00:00.123456789Z",
    "2026-11-01T00:00:00.999999999999999+05:30",
    "1960-01-01T00:00:00.1234567Z",
    "1970-01-01T00:00:00Z",
    "2036-11-01T00:00:00-23:59",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
]
IN_DOUBT = [
    "2026-11-01t00:00:00z",
    "2026-02-30T00:00:00Z",
    "2026-11-01T24:00:00Z",
    "2026-11-01T23:59:60Z",
    "2026-11-01T00:00:00",
    "2026-11-01T00:00:00+24:00",
    "2026-11-01T00:00:00+0900",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+09:00",
    "9999-12-31T23:59:59-01:00",
    "２０２６-11-01T00:00:00Z",
    " 2026-11-01T00:00:00Z",
    "",
]


def test_times_are_read_as_the_contract_reads_them_and_cut_to_microseconds() -> None:
    moments = parse_times(pl.Series("t", READ))

    assert moments.dtype == MICROSECONDS
    assert moments.to_list() == [parse_time(text) for text in READ]


def test_rare_and_wrong_forms_are_in_doubt() -> None:
    assert parse_times(pl.Series(IN_DOUBT)).to_list() == [None] * len(IN_DOUBT)


@pytest.mark.parametrize("text", READ)
def test_a_time_is_read_the_same_in_any_company(text: str) -> None:
    assert parse_times(pl.Series([text])).to_list() == parse_times(pl.Series([text, None, *IN_DOUBT])).to_list()[:1]


def test_no_times_give_nulls_of_the_right_type() -> None:
    assert parse_times(pl.Series([None, None], dtype=pl.String)).dtype == MICROSECONDS
    assert parse_times(pl.Series([], dtype=pl.String)).to_list() == []


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 1, 9, 0, 0, 1, tzinfo=dt.timezone(dt.timedelta(hours=9))),
    ],
)
def test_the_canonical_text_is_always_read(moment: dt.datetime) -> None:
    assert parse_times(pl.Series([canonical(moment)])).to_list() == [moment]
