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
from typing import Final

import polars as pl
from polars_hash import CryptographicHashingNameSpace as Hashes

from schemas.errors import InputError
from schemas.records import Clock

SALT_HEX_DIGITS: Final = 32
"""128 bits: nobody can search that space for a value, and it is half the storage of a whole digest."""
_KEY = re.compile(r"[0-9a-f]{64}")


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


def salts(source: str, partition: int, keys: Keys) -> pl.Expr:
    """Return the salts of events under both clocks (String, 64 hex digits): `of_clock` takes them apart.

    Reads ``position.offset`` and ``position.part``.
    """
    # No number holds a "|": whatever the source is called, no two positions share a message.
    position = pl.concat_str(
        pl.lit(f"{source}|{partition}|"), pl.col("position.offset"), pl.lit("|"), pl.col("position.part")
    )
    return _digest_hmac(position, keys.salt_key)


def of_clock(both: pl.Expr, clock: Clock) -> pl.Expr:
    """Return the salt of one clock: the first half of the digest under the short clock, the second under the long."""
    return both.str.head(SALT_HEX_DIGITS) if clock == "short" else both.str.tail(SALT_HEX_DIGITS)


def field_commitments(salt: str, name: str, value: pl.Expr) -> pl.Expr:
    """Return the commitments (String, 64 hex digits) to a text column; null where the value is null.

    Args:
        salt: column with the salts of event and clock.
        name: name of the field, part of its salt.
        value: the values, String.
    """
    # Most values of most fields are absent: a null salt costs no hashing.
    wanted = pl.when(value.is_not_null()).then(pl.col(salt))
    own = digest(pl.concat_str(wanted, pl.lit(f"|{name}"))).str.head(SALT_HEX_DIGITS)
    return digest(pl.concat_str(own, pl.lit("|"), value))


def clock_commitments(salt: str, values: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the commitment (String, 64 hex digits) to all values of an event under one clock, never null.

    Args:
        salt: column with the salts of event and clock.
        values: the fields in their order and their values, String.
    """
    present = [field_commitments(salt, name, value) for name, value in values.items()]
    if not present:
        return pl.lit(hashlib.sha256(b"").hexdigest())
    return digest(pl.concat_str(present, separator="|", ignore_nulls=True))


def pseudonyms(kind: str, value: pl.Expr, keys: Keys) -> pl.Expr:
    """Return keyed pseudonyms: the first 16 hex digits of HMAC-SHA-256(pseudonym key, kind ‖ "|" ‖ value)."""
    return keyed_digest(kind, value, keys).str.head(16)


def keyed_digest(kind: str, value: pl.Expr, keys: Keys) -> pl.Expr:
    """Return HMAC-SHA-256(pseudonym key, kind ‖ "|" ‖ value), 64 hex digits; null stays null."""
    return _digest_hmac(pl.concat_str(pl.lit(f"{kind}|"), value), keys.pseudonym_key)


def keyed_hex(kind: str, value: str, keys: Keys) -> str:
    """Return the keyed digest of one value; see `keyed_digest`."""
    return hmac.digest(keys.pseudonym_key.encode(), f"{kind}|{value}".encode(), "sha256").hex()


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
    """Return the commitment to one value; see `field_commitments`. Needs the salt only, not the key."""
    own = hashlib.sha256(f"{salt}|{name}".encode()).hexdigest()[:SALT_HEX_DIGITS]
    return hashlib.sha256(own.encode() + b"|" + value).hexdigest()


def clock_commitment_of(fields: Iterable[str]) -> str:
    """Return the commitment of a clock from the commitments to its present fields, in their order."""
    return hashlib.sha256("|".join(fields).encode()).hexdigest()


def _digest_hmac(text: pl.Expr, key: str) -> pl.Expr:
    """Return HMAC-SHA-256 as 64 hex digits; the key is the ASCII text of its hexadecimal digits."""
    return Hashes(text).hmac_sha256(key=key)
