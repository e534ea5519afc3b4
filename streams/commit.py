"""Salted commitments: a record holds fast to a value that it does not contain.

The scheme is written down in `schemas.records`. Each function comes as a Polars expression for whole columns (native,
without the interpreter's lock) and, for verifying one value, in plain Python; a property test holds them together.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import polars as pl
from polars_hash import CryptographicHashingNameSpace as Hashes

from schemas.errors import InputError
from schemas.records import SALT_PAIRS, Clock

SALT_HEX_DIGITS: Final = 32
"""128 bits: nobody can search that space for a value, and it is half the storage of a whole digest."""
_KEY = re.compile(r"[0-9a-f]{64}")

_SALT_OF: Final = {name: (pair[0], which) for pair in SALT_PAIRS for which, name in enumerate(pair)}
"""The pair that the salt of a field comes from, by its first field, and which half of its digest it is."""


Position = tuple[str, int, int, int]
"""Source, partition, offset, part."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of recording. Both are 32 random bytes as 64 lower-case hexadecimal digits; never printed.

    Attributes:
        salt_key: makes the salts; destroyed once its ranges are sealed.
        pseudonym_key: makes pseudonyms of people and of events' contents; outlives salt keys, so that the same person
            keeps the same pseudonym.
    """

    salt_key: str = field(repr=False)
    pseudonym_key: str = field(repr=False)

    def __post_init__(self) -> None:
        for name, key in (("salt key", self.salt_key), ("pseudonym key", self.pseudonym_key)):
            if not _KEY.fullmatch(key):
                raise InputError(
                    f"the {name} cannot be used",
                    why="a key is 64 lower-case hexadecimal digits (32 random bytes)",
                    todo="make one with: openssl rand -hex 32",
                )

    @property
    def salt_key_id(self) -> str:
        """First 16 hex digits of SHA-256 of the salt key: names the key without telling it."""
        return hashlib.sha256(self.salt_key.encode()).hexdigest()[:16]


def derive_pseudonym_key(salt_key: str) -> str:
    """Return the pseudonym key that a first salt key gives rise to: HMAC-SHA-256(salt key, "ashiato pseudonym v1")."""
    return hmac.digest(salt_key.encode(), b"ashiato pseudonym v1", "sha256").hex()


def salts(keys: Keys) -> pl.Expr:
    """Return the salts of events under both clocks (String, 64 hex digits): `of_clock` takes them apart.

    Reads the columns of ``Position``.
    """
    # No number holds a "|": whatever the source is called, no two positions share a message.
    position = pl.concat_str("position.source", "position.partition", "position.offset", "position.part", separator="|")
    return _digest_hmac(position, keys.salt_key)


def of_clock(both: pl.Expr, clock: Clock) -> pl.Expr:
    """Return the salt of one clock: the first half of the digest under the short clock, the second under the long."""
    return half(both, 0 if clock == "short" else 1)


def half(both: pl.Expr, which: int) -> pl.Expr:
    """Return the first (0) or second (1) of the two salts that a digest holds."""
    return both.str.head(SALT_HEX_DIGITS) if which == 0 else both.str.tail(SALT_HEX_DIGITS)


def clock_commitments(rows: pl.DataFrame, salt: str, columns: Mapping[str, str]) -> pl.Series:
    """Return the commitment (String, 64 hex digits) to all values of each event under one clock, never null.

    Args:
        rows: the events.
        salt: its column with the salts of event and clock.
        columns: the fields (of ``SALT_PAIRS``) in their order, and the columns with their values, String.
    """
    if not columns:
        return pl.select(pl.repeat(hashlib.sha256(b"").hexdigest(), len(rows))).to_series()
    pairs, fields, together = _commitments(salt, tuple(columns.items()))
    # Side by side and not one column after the other: with two cores, two fields are hashed at once.
    salted = rows[[*dict.fromkeys([salt, *columns.values()])]].with_columns(pairs)
    return salted.select(fields).select(together).to_series()


@lru_cache(maxsize=256)  # of the few things that are committed to, whole batches lack this or that
def _commitments(salt: str, columns: tuple[tuple[str, str], ...]) -> tuple[list[pl.Expr], list[pl.Expr], pl.Expr]:
    """Return expressions for the salts of pairs, for the commitments to fields, and for that to all of them."""
    pairs = sorted({_SALT_OF[name][0] for name, _ in columns})
    return (
        [_pair_salts(salt, pair, dict(columns)).alias(_pair_column(pair)) for pair in pairs],
        [_field_commitments(name, column).alias(name) for name, column in columns],
        digest(pl.concat_str(pl.all(), separator="|", ignore_nulls=True)),
    )


def _pair_salts(salt: str, pair: str, columns: Mapping[str, str]) -> pl.Expr:
    """Return the digest whose halves are the salts of a pair; null where both values are absent: it costs nothing."""
    values = [pl.col(column) for name, column in columns.items() if _SALT_OF[name][0] == pair]
    wanted = pl.when(pl.any_horizontal(value.is_not_null() for value in values)).then(pl.col(salt))
    return digest(pl.concat_str(wanted, pl.lit(f"|{pair}")))


def _pair_column(pair: str) -> str:
    """Return the column that the salts of a pair stand in for a moment."""
    return f"salts of {pair}"


def _field_commitments(name: str, column: str) -> pl.Expr:
    """Return the commitments (String, 64 hex digits) to the values of one field; null where they are null."""
    pair, which = _SALT_OF[name]
    return digest(pl.concat_str(half(pl.col(_pair_column(pair)), which), pl.lit(f"|{name}|"), pl.col(column)))


def pseudonyms(kind: str, value: pl.Expr, keys: Keys) -> pl.Expr:
    """Return keyed pseudonyms: the first 16 hex digits of HMAC-SHA-256(pseudonym key, kind ‖ "|" ‖ value)."""
    return keyed_digest(kind, value, keys).str.head(16)


def keyed_digest(kind: str, value: pl.Expr, keys: Keys) -> pl.Expr:
    """Return HMAC-SHA-256(pseudonym key, kind ‖ "|" ‖ value), 64 hex digits; null stays null."""
    return _digest_hmac(pl.concat_str(pl.lit(f"{kind}|"), value), keys.pseudonym_key)


def keyed_hex(kind: str, value: str, keys: Keys) -> str:
    """Return the keyed digest of one value; see `keyed_digest`."""
    return hmac.digest(keys.pseudonym_key.encode(), f"{kind}|{value}".encode(), "sha256").hex()


def both(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Return two texts as one that no other two make: the first one's length in bytes goes before."""
    return pl.concat_str(one.str.len_bytes(), one, other, separator="|")


def digest(text: pl.Expr) -> pl.Expr:
    """Return SHA-256 as 64 hex digits of a String or Binary column; null stays null."""
    return Hashes(text).sha2_256()


def compact_json(column: str) -> pl.Expr:
    """Return a list column as compact JSON text (String); null stays null."""
    wrapped = pl.struct(pl.col(column).alias("v")).struct.json_encode()
    return pl.when(pl.col(column).is_not_null()).then(wrapped.str.strip_prefix('{"v":').str.strip_suffix("}"))


def salt_of(position: Position, clock: Clock, keys: Keys) -> str:
    """Return the salt of one event under one clock; see `salts`."""
    both = hmac.digest(keys.salt_key.encode(), "|".join(map(str, position)).encode(), "sha256").hex()
    return both[:SALT_HEX_DIGITS] if clock == "short" else both[SALT_HEX_DIGITS:]


def commitment_of(salt: str, name: str, value: bytes) -> str:
    """Return the commitment to one value of a field. Needs the salt of event and clock only, not the key."""
    pair, which = _SALT_OF[name]
    begin = which * SALT_HEX_DIGITS
    own = hashlib.sha256(f"{salt}|{pair}".encode()).hexdigest()[begin : begin + SALT_HEX_DIGITS]
    return hashlib.sha256(f"{own}|{name}|".encode() + value).hexdigest()


def clock_commitment_of(fields: Iterable[str]) -> str:
    """Return the commitment of a clock from the commitments to its present fields, in their order."""
    return hashlib.sha256("|".join(fields).encode()).hexdigest()


def _digest_hmac(text: pl.Expr, key: str) -> pl.Expr:
    """Return HMAC-SHA-256 as 64 hex digits; the key is the ASCII text of its hexadecimal digits."""
    return Hashes(text).hmac_sha256(key=key)
