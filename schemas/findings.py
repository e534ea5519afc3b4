"""What is said: findings (one rule, one role, one position; immutable) and the flags that people see."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from schemas.base import Contract, Count, Sha256
from schemas.register import PolicyItem

Level = Literal["informational", "low", "medium", "high", "critical"]
Role = Literal["event", "asset", "destination", "party", "recipient"]
"""What a finding is about; it decides which columns fill its country, party and policy line."""

ContentKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""Keyed hash of an event's content, 128 bits; see `schemas.records`."""

PARTY_OF: Final[dict[Role, str]] = {
    "event": "party.key",
    "asset": "asset.operator",
    "destination": "destination.operator",
    "party": "party.key",
    "recipient": "recipient.key",
}
"""Column that says whom a finding of a role is about."""

_COUNTRY_OF_ITEM: Final[dict[PolicyItem, str]] = {
    "storage": "equipment_country",
    "storage_party": "equipment_country",
    "cloud": "operator_country",
    "outsourcing": "operator_country",
}
"""Items (1) and (2) of ロ are about where equipment stands; ハ and ニ about where its operator is located."""


def country_of(role: Role, item: PolicyItem | None) -> str | None:
    """Return the column that says which country a finding is about; None if it is about none.

    A policy line names one country for one item, so of a place only the country counts that the item is about. Rules
    without an item look at all foreign countries.

    Args:
        role: what the finding is about.
        item: the item of ORD 22-2-23 (iii) that its rule checks, if it checks one.
    """
    if role == "event":
        return None
    if item is None or role in {"party", "recipient"}:
        return f"{role}.foreign_countries"
    return f"{role}.{_COUNTRY_OF_ITEM[item]}"


RESTRICTED: Final = frozenset({"GOV-PROVISION"})
"""Rules whose findings few may see: a provision to a foreign government, of which an order may forbid to tell."""


class Finding(Contract):
    """One rule and role at one position. A record: nothing of it ever changes."""

    source: str = Field(description="Position: source.")
    partition: Count = Field(description="Position: partition.")
    offset: Count = Field(description="Position: offset.")
    part: Count = Field(description="Position: event within the message.")
    rule: str = Field(description="Rule id, for example XB-STORE.")
    rule_version: Count = Field(description="Version of the rule.")
    rule_sha256: Sha256 = Field(description="SHA-256 of the rule file's bytes.")
    role: Role = Field(description="What it is about.")
    level: Level = Field(description="Severity.")
    event_identity: Sha256 = Field(
        description="SHA-256 of `length|source|id`: CloudEvents source and id, and the former's length in bytes."
    )
    event_content: ContentKey = Field(description="Keyed hash of the event as decoded; see schemas.records.")
    event_time: dt.datetime = Field(description="Time of the event, UTC.")
    asset: str = Field(description="asset.key.")
    party: str | None = Field(description="Party it is about.")
    country: str | None = Field(
        description="Country it is about: of the equipment for ロ, of the operator for ハ, ニ; else the foreign ones."
    )
    policy_item: str | None = Field(description="Item of ORD 22-2-23 (iii) that the rule checks.")
    episode: str | None = Field(description="Day in Asia/Tokyo for rules with daily episodes, else absent.")
    register_sha256: Sha256 = Field(description="Register version used.")
    interpretations_sha256: Sha256 = Field(description="Interpretation version used.")
    facts: dict[str, str | int | bool | list[str] | None] = Field(
        description="Columns that the rule read; personal ones only as present or absent."
    )


class Flag(Contract):
    """Findings folded by rule, role, asset, party, country, policy item and episode.

    The same event delivered twice counts once: counts are over (identity, content).
    """

    id: str = Field(description="First 16 hex digits of SHA-256 over the folded key; stable.")
    rule: str = Field(description="Rule id.")
    role: Role = Field(description="What it is about.")
    level: Level = Field(description="Severity.")
    asset: str = Field(description="Asset.")
    party: str | None = Field(description="Party.")
    country: str | None = Field(description="Country.")
    policy_item: str | None = Field(description="Policy item.")
    episode: str | None = Field(description="Episode.")
    events: Count = Field(description="Distinct events.")
    positions: Count = Field(description="Positions, repeated deliveries included.")
    first_event: dt.datetime = Field(description="Time of the first event.")
    last_event: dt.datetime = Field(description="Time of the last event.")
    planned: bool = Field(description="Every event resolves to a planned transfer.")
