import hashlib
import hmac

import polars as pl
import pytest

from schemas.errors import InputError
from schemas.records import COMMITTED, SALT_PAIRS
from streams.commit import (
    Keys,
    clock_commitment_of,
    clock_commitments,
    commitment_of,
    compact_json,
    derive_pseudonym_key,
    of_clock,
    pseudonyms,
    salt_of,
    salts,
)
from tests.support.evidence import KEYS


def test_salt_and_commitment_follow_the_written_scheme() -> None:
    both = hmac.new(KEYS.salt_key.encode(), b"file:a|0|7|0", "sha256").hexdigest()
    salt = both[:32]
    own = hashlib.sha256(f"{salt}|raw".encode()).hexdigest()

    assert salt_of(("file:a", 0, 7, 0), "short", KEYS) == salt
    assert salt_of(("file:a", 0, 7, 0), "long", KEYS) == both[32:]
    assert commitment_of(salt, "raw", b"{}") == hashlib.sha256(f"{own[:32]}|raw|{{}}".encode()).hexdigest()
    address = hashlib.sha256(f"{own[32:]}|origin.ip|192.0.2.1".encode()).hexdigest()
    assert commitment_of(salt, "origin.ip", b"192.0.2.1") == address


def test_each_committed_field_has_a_salt_of_its_own_under_its_clock() -> None:
    paired = [name for pair in SALT_PAIRS for name in pair]

    assert sorted(paired) == sorted(COMMITTED)
    assert all(len({COMMITTED[name] for name in pair}) == 1 and len(pair) <= 2 for pair in SALT_PAIRS)
    assert len({commitment_of("0" * 32, name, b"") for name in paired}) == len(paired)


def test_columns_give_what_single_values_give() -> None:
    places = {"position.source": ["a|b", "a|b"], "position.partition": [3, 3]}
    rows = pl.DataFrame(
        {**places, "position.offset": [7, 8], "position.part": [0, 2], "origin.ip": ["192.0.2.1", None]}
    )

    got = rows.with_columns(of_clock(salts(KEYS), "long").alias("salt"))

    salt = salt_of(("a|b", 3, 7, 0), "long", KEYS)
    assert got["salt"].to_list() == [salt, salt_of(("a|b", 3, 8, 2), "long", KEYS)]
    assert clock_commitments(got, "salt", {"origin.ip": "origin.ip"}).to_list() == [
        clock_commitment_of([commitment_of(salt, "origin.ip", b"192.0.2.1")]),
        clock_commitment_of([]),
    ]


def test_the_commitment_of_a_clock_is_over_its_present_fields_in_order() -> None:
    rows = pl.DataFrame({"salt": ["0" * 32, "1" * 32, "2" * 32], "a": ["x", None, None], "b": ["y", None, "z"]})

    got = clock_commitments(rows, "salt", {"raw": "a", "origin.ip": "b"}).to_list()

    fields = [commitment_of("0" * 32, "raw", b"x"), commitment_of("0" * 32, "origin.ip", b"y")]
    alone = [commitment_of("2" * 32, "origin.ip", b"z")]
    assert got == [clock_commitment_of(fields), clock_commitment_of([]), clock_commitment_of(alone)]
    assert clock_commitment_of(fields) == hashlib.sha256("|".join(fields).encode()).hexdigest()
    assert clock_commitment_of(fields[::-1]) != clock_commitment_of(fields)
    assert clock_commitments(rows, "salt", {}).to_list() == [clock_commitment_of([])] * 3


def test_one_value_has_other_salts_at_other_positions_clocks_and_fields() -> None:
    all_salts = {
        salt_of((source, partition, offset, part), clock, KEYS)
        for source in ("a", "b")
        for partition in (0, 1)
        for offset in (0, 1)
        for part in (0, 1)
        for clock in ("short", "long")
    }

    assert len(all_salts) == 32
    assert commitment_of("0" * 32, "ticket", b"x") != commitment_of("0" * 32, "purpose", b"x")


def test_pseudonyms_are_keyed_and_kinds_do_not_mix() -> None:
    rows = pl.DataFrame({"v": ["taro", None]})
    other = Keys(salt_key=KEYS.salt_key, pseudonym_key="d4" * 32)

    mine = rows.select(pseudonyms("user", pl.col("v"), KEYS)).to_series().to_list()

    assert mine == [hmac.new(KEYS.pseudonym_key.encode(), b"user|taro", "sha256").hexdigest()[:16], None]
    assert rows.select(pseudonyms("user", pl.col("v"), other)).to_series().to_list() != mine
    assert rows.select(pseudonyms("party", pl.col("v"), KEYS)).to_series().to_list() != mine


def test_lists_are_compact_json_and_absent_lists_stay_absent() -> None:
    rows = pl.DataFrame({"v": [["利用者", 'a"b'], [], None]}, schema={"v": pl.List(pl.String)})

    assert rows.select(compact_json("v")).to_series().to_list() == ['["利用者","a\\"b"]', "[]", None]


def test_keys_are_not_printed_and_have_a_name() -> None:
    assert "5a5a" not in repr(KEYS)
    assert "c3c3" not in repr(KEYS)
    assert KEYS.salt_key_id == hashlib.sha256(("5a" * 32).encode()).hexdigest()[:16]


@pytest.mark.parametrize("key", ["", "5A" * 32, "5a" * 31, "zz" * 32, "5a" * 32 + "\n"])
def test_a_key_of_another_form_is_refused_without_telling_it(key: str) -> None:
    with pytest.raises(InputError, match="64 lower-case hexadecimal digits") as caught:
        Keys(salt_key=key, pseudonym_key="c3" * 32)
    assert not key.strip() or key.strip() not in str(caught.value)


def test_the_pseudonym_key_follows_from_the_first_salt_key() -> None:
    expected = hmac.new(b"5a" * 32, b"ashiato pseudonym v1", "sha256").hexdigest()

    assert derive_pseudonym_key("5a" * 32) == expected
