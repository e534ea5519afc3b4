"""Keys of assets and parties: the register id, or a keyed pseudonym of what the event said.

So things that the register does not know can be counted and told apart without their names leaving the short clock.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from streams.commit import Keys, both, pseudonyms

UNREGISTERED: Final = "unregistered:"
UNKNOWN: Final = "unknown:"
UNNAMED: Final = "unnamed"
"""Stands for a pseudonym where the event names nothing at all."""


def asset_key(frame: pl.DataFrame, known: str, claimed: str, locator: str, keys: Keys) -> pl.Series:
    """Return asset keys (String) from the columns of the register id, the claimed id and the locator.

    Args:
        frame: these columns (String), and ``disagree`` (Boolean): the claimed id and the locator name two assets, so
            the pseudonym is of both.
        known: name of the column of the register id.
        claimed: name of the column of the claimed id.
        locator: name of the column of the locator.
        keys: the secrets.
    """
    said = pl.coalesce(pl.when("disagree").then(both(pl.col(claimed), pl.col(locator))), claimed, locator)
    name = pl.when(pl.col(known).is_null()).then(said)
    key = pl.lit(UNREGISTERED) + pl.coalesce(pseudonyms("asset", name, keys), pl.lit(UNNAMED))
    return frame.select(pl.coalesce(pl.col(known), key).alias("key")).to_series()


def party_key(who: pl.DataFrame, keys: Keys) -> pl.Series:
    """Return party keys (String): the register id, else a pseudonym of the party named, else of the principal.

    A claim to be the carrier itself names no party: those who make it are told apart as principals.

    Args:
        who: ``id`` (register id), ``claim`` (party that the event names), ``issuer`` and ``subject``, all String, and
            ``claimed`` (Boolean: that party is not in the register, nor is any other known).
        keys: the secrets.
    """
    claimed = pl.when("claimed").then("claim")
    named = pl.any_horizontal(pl.col("issuer", "subject").is_not_null())
    principal = pl.when(pl.col("id").is_null() & ~pl.col("claimed") & named).then(
        both(pl.col("issuer").fill_null(""), pl.col("subject").fill_null(""))
    )
    pseudonym = pl.coalesce(pseudonyms("party", claimed, keys), pseudonyms("actor", principal, keys), pl.lit(UNNAMED))
    return who.select(key=pl.coalesce(pl.col("id"), pl.lit(UNKNOWN) + pseudonym)).to_series()
