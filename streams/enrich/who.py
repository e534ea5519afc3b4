"""Whom an event is judged by, as columns: the actor, the one acted for, or the one who is given a right.

A right that is given or changed is judged by its grantee, as if it were used (handling.grant_counts; MIC's guidance to
LINE, 2021); a revoked one by the actor. Who is acted for counts before who acts for them.
"""

from __future__ import annotations

import polars as pl

from streams.register_index import RegisterIndex


def judged_principal(events: pl.DataFrame, index: RegisterIndex, segments: pl.Series) -> pl.DataFrame:
    """Return who each event is judged by.

    Returns:
        ``issuer``, ``subject``, ``role``, ``claim`` (String: the party named), ``nameless`` (Boolean: shared or
        unknown by the event's own word), ``ip``, ``country`` (String: the origin, absent for a grantee),
        ``has_place`` (Boolean: the place must be known) and ``granted`` (Boolean: judged by the grantee).
    """
    counts = index.setting(lambda settings: settings.handling.grant_counts, segments)
    granted = (pl.col("event.kind") == "grant") & pl.col("grant.change").ne_missing("revoked") & counts
    behalf = pl.any_horizontal(
        pl.col("actor.on_behalf_of.issuer", "actor.on_behalf_of.subject", "actor.on_behalf_of.party").is_not_null()
    )
    own = ~granted & ~behalf
    no_origin = pl.col("origin.ip").is_null() & pl.col("origin.country").is_null()
    return events.select(
        issuer=_chosen(granted, behalf, "grantee.issuer", "actor.on_behalf_of.issuer", "actor.issuer"),
        subject=_chosen(granted, behalf, "grantee.subject", "actor.on_behalf_of.subject", "actor.subject"),
        role=pl.when(own).then("actor.role"),
        claim=_chosen(granted, behalf, "grantee.party", "actor.on_behalf_of.party", "actor.party"),
        nameless=own & pl.col("actor.kind").is_in(["shared", "unknown"]).fill_null(False),
        ip=pl.when(~granted).then("origin.ip"),
        country=pl.when(~granted).then("origin.country"),
        has_place=~granted & ~(own & pl.col("actor.kind").eq_missing("service") & no_origin),
        granted=granted,
    )


def received_by(seen: pl.DataFrame) -> pl.DataFrame:
    """Return who receives what an event is about, if anybody does.

    That is the party that a transfer names, else the third party that operates the receiving asset, else the party
    that data is exposed to. Whom an exposure names beside a transfer, ``exposure.party_known`` tells.

    Args:
        seen: events with their facts of the destination.

    Returns:
        ``claim`` (String: register id or account), ``country`` (String: where the data goes, or what the exposure
        says), ``has_place`` (Boolean: the place must be known) and ``received`` (Boolean: somebody receives).
    """
    operator = pl.when(pl.col("destination.third_party_equipment")).then("destination.operator")
    sent_to = pl.coalesce("destination.claimed_party", operator)
    sent = sent_to.is_not_null()
    named = pl.col("exposure.party").is_not_null() | pl.col("exposure.to").eq_missing("named_party")
    return seen.select(
        claim=pl.coalesce(sent_to, "exposure.party"),
        country=pl.when(sent).then("destination.equipment_country").otherwise("exposure.country"),
        has_place=sent,
        received=sent | named,
    )


def _chosen(granted: pl.Expr, behalf: pl.Expr, grantee: str, acted_for: str, actor: str) -> pl.Expr:
    return pl.when(granted).then(grantee).when(behalf).then(acted_for).otherwise(actor)
