"""Whom an event is judged by, and who receives, as columns of candidates of which the graver one counts.

A right that is given or changed is judged by its grantee, as if it were used (handling.grant_counts; MIC's guidance to
LINE, 2021); a revoked one by the actor. Where somebody acts for somebody else, the graver of the two is judged
(`streams.enrich.handlers.gravity`): neither a proxy nor the one behind it hides the other. The carrier's own registered
service decides nothing itself, so the one it acts for is judged; of two alike it is the actor, unless it is a service.

What is exposed while it is transferred has two recipients, of which the graver counts as well; of two alike it is the
one that the transfer goes to.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from schemas.base import JAPAN
from schemas.interpretations import Interpretations
from streams.register_index import RegisterIndex

EXPOSED_COLUMNS: Final = ("exposure.to", "exposure.party", "exposure.country")
"""What `exposed_to` reads."""

_OF_PRINCIPALS: Final = [
    "event.kind", "grant.change", "actor.issuer", "actor.subject", "actor.role", "actor.party", "actor.kind",
    "actor.on_behalf_of.issuer", "actor.on_behalf_of.subject", "actor.on_behalf_of.party",
    "grantee.issuer", "grantee.subject", "grantee.party", "origin.ip", "origin.country",
]  # fmt: skip
"""What `judged_principal` reads."""

_SOMEBODY: Final = ("named_party", "unknown")
"""Values of ``exposure.to`` that tell of one party, whoever it is."""

_NOBODY: Final = pl.lit(None, pl.String)


def judged_principal(events: pl.DataFrame, index: RegisterIndex, segments: pl.Series) -> pl.DataFrame:
    """Return who each event is judged by, unless the one acted for is (`acted_for`).

    Returns:
        ``issuer``, ``subject``, ``role``, ``claim`` (String: the party named), ``nameless`` (Boolean: shared or
        unknown by the event's own word), ``ip``, ``country`` (String: the origin, absent for a grantee),
        ``has_place`` (Boolean: the place must be known), ``granted`` (Boolean: judged by the grantee), ``service``
        (Boolean: a service acts) and ``proxy`` (Boolean: the actor says that it acts for somebody).
    """
    counts = index.setting(_grants_count, segments).alias("counts")
    return events[_OF_PRINCIPALS].hstack([counts]).select_seq(_principal())


def _grants_count(settings: Interpretations) -> bool:
    """Return whether a right counts as used once it is given (handling.grant_counts)."""
    return settings.handling.grant_counts


@cache
def _principal() -> tuple[pl.Expr, ...]:
    """Return the columns of `judged_principal`; reads ``counts`` beside the events."""
    granted = (pl.col("event.kind") == "grant") & pl.col("grant.change").ne_missing("revoked") & pl.col("counts")
    behalf = pl.any_horizontal(
        pl.col("actor.on_behalf_of.issuer", "actor.on_behalf_of.subject", "actor.on_behalf_of.party").is_not_null()
    )
    service = ~granted & pl.col("actor.kind").eq_missing("service")
    no_origin = pl.col("origin.ip").is_null() & pl.col("origin.country").is_null()
    return (
        pl.when(granted).then("grantee.issuer").otherwise("actor.issuer").alias("issuer"),
        pl.when(granted).then("grantee.subject").otherwise("actor.subject").alias("subject"),
        pl.when(~granted).then("actor.role").alias("role"),
        pl.when(granted).then("grantee.party").otherwise("actor.party").alias("claim"),
        (~granted & pl.col("actor.kind").is_in(["shared", "unknown"]).fill_null(False)).alias("nameless"),
        pl.when(~granted).then("origin.ip").alias("ip"),
        pl.when(~granted).then("origin.country").alias("country"),
        (~granted & ~(service & no_origin)).alias("has_place"),
        granted.alias("granted"),
        service.alias("service"),
        (~granted & behalf).alias("proxy"),
    )


def acted_for(events: pl.DataFrame) -> pl.DataFrame:
    """Return whom the actors of ``events`` act for; columns as of `judged_principal`, without ``proxy``."""
    return events.select_seq(
        issuer="actor.on_behalf_of.issuer",
        subject="actor.on_behalf_of.subject",
        role=_NOBODY,
        claim="actor.on_behalf_of.party",
        nameless=pl.lit(False),
        ip="origin.ip",
        country="origin.country",
        has_place=pl.lit(True),
        granted=pl.lit(False),
        service=pl.lit(False),
    )


def received_by(seen: pl.DataFrame) -> pl.DataFrame:
    """Return who receives what an event is about, if anybody does, unless whom it is exposed to is graver.

    That is the party that a transfer names, else the third party that operates the receiving asset, else the party
    that data is exposed to.

    Args:
        seen: events with their facts of the destination.

    Returns:
        ``claim`` (String: register id or account), ``operator`` (String: who operates the equipment of a party that the
        transfer names), ``country`` (String: where the data goes, or what the exposure says), ``has_place`` (Boolean:
        the place must be known), ``government`` (Boolean: by the event's word; asked for in `exposed_to` only),
        ``received`` (Boolean: somebody receives) and ``two`` (Boolean: `exposed_to` tells of another recipient).
    """
    return seen.select_seq(_recipient())


@cache
def _recipient() -> tuple[pl.Expr, ...]:
    """Return the columns of `received_by`."""
    operator = pl.when(pl.col("destination.third_party_equipment")).then("destination.operator")
    sent_to = pl.coalesce("destination.claimed_party", operator)
    sent = sent_to.is_not_null()
    named = pl.col("exposure.party").is_not_null() | pl.col("exposure.to").is_in(_SOMEBODY).fill_null(False)
    # A government without a name must not be taken for the destination's party, unless it is claimed to be Japan's.
    unnamed = pl.col("exposure.to").eq_missing("government") & pl.col("exposure.country").ne_missing(JAPAN)
    claimed = pl.col("destination.claimed_party").is_not_null()
    return (
        pl.coalesce(sent_to, "exposure.party").alias("claim"),
        pl.when(claimed).then("destination.operator").alias("operator"),
        pl.when(sent).then("destination.equipment_country").otherwise("exposure.country").alias("country"),
        sent.alias("has_place"),
        pl.lit(False).alias("government"),
        (sent | named).alias("received"),
        (sent & (named | unnamed)).alias("two"),
    )


def exposed_to(events: pl.DataFrame) -> pl.DataFrame:
    """Return whom the data of ``events`` is exposed to; columns as of `received_by`, without the last two."""
    return events.select_seq(
        claim="exposure.party",
        operator=_NOBODY,
        country="exposure.country",
        has_place=pl.lit(False),
        government=pl.col("exposure.to").eq_missing("government"),
    )
