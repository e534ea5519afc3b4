"""What a rule file says besides Sigma: the block ``ashiato:`` and the list ``tests:``.

The Sigma part (title, name, level, detection, …) follows the Sigma specification; `streams.sigma` compiles it. These
models describe the rest; `streams.rules` reads both.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Contract, Sha256, Text
from schemas.findings import Role
from schemas.register import PolicyItem

Version = Annotated[int, Field(ge=1, le=1_000_000)]


class Bilingual(Contract):
    """The same thing in English and in Japanese."""

    en: Text = Field(description="English.")
    ja: Text = Field(description="Japanese.")


class Reading(Contract):
    """What two Acts say of the same event."""

    tba: Bilingual = Field(description="Under the Telecommunications Business Act (電気通信事業法).")
    appi: Bilingual = Field(description="Under the Act on the Protection of Personal Information (個人情報保護法).")


class RuleBlock(Contract):
    """The block ``ashiato:`` of a rule file."""

    version: Version = Field(description="Grows with every change of the file; the lock checks it.")
    about: tuple[Role, ...] = Field(min_length=1, description="What each condition is about, in the conditions' order.")
    policy_item: PolicyItem | None = Field(description="Item of ORD 22-2-23 (iii) that the rule checks.")
    episode: Literal["none", "day"] = Field(description="day: flags are folded by day (Asia/Tokyo) of the event.")
    clauses: tuple[Bilingual, ...] = Field(min_length=1, description="Clauses that the rule rests on.")
    reason: Bilingual = Field(description="Why it is raised, for people.")
    passes_if: Bilingual = Field(description="What would have made the event pass.")
    reading: Reading = Field(description="What the Acts say of it.")
    runbook: Text = Field(description="Numbered steps, with the commands to use.")


FactValue = str | bool | int | tuple[str, ...] | dt.datetime | None


class RuleTest(Contract):
    """One test inside a rule file: columns that are present, all others being absent, and what must come of it."""

    name: Text = Field(description="What the event is; unique within the rule.")
    facts: dict[str, str | bool | int | tuple[str, ...] | None] = Field(
        description="Column to value; times as RFC 3339."
    )
    match: bool = Field(description="Whether the rule must match.")
    role: Role | tuple[Role, ...] | None = Field(
        None, description="For which roles it must match, and for no others; needed if the rule has several."
    )

    @property
    def roles(self) -> frozenset[Role] | None:
        """The roles named, or None if the test leaves them open."""
        if self.role is None:
            return None
        return frozenset((self.role,) if isinstance(self.role, str) else self.role)


class LockedRule(Contract):
    """One line of ``rulebook.lock``: the last version of a rule that was locked."""

    version: Version = Field(description="Its version.")
    sha256: Sha256 = Field(description="SHA-256 of the rule file's bytes.")
    retired: bool = Field(default=False, description="The rule is gone; its versions are never used again.")
