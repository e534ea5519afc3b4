"""Flags: findings folded to what people see. The fold itself is the view ``flags`` of the store."""

from __future__ import annotations

import hashlib
from typing import Final

LEVELS: Final = ("critical", "high", "medium", "low", "informational")
"""Levels, the gravest first."""

FLAG_KEY: Final = ("rule", "role", "asset", "party", "country", "policy_item", "episode")
"""Columns of findings that are folded into one flag, in the order that its name is made of."""
SEPARATOR: Final = "\x1f"
FLAG_ID_HEX_DIGITS: Final = 16


def flag_id(
    *,
    rule: str,
    role: str,
    asset: str,
    party: str | None,
    country: str | None,
    policy_item: str | None,
    episode: str | None,
) -> str:
    """Return the stable name of a flag: the first 16 hex digits of SHA-256 over its folded key.

    The parts are joined by the unit separator (0x1F), absent ones are empty. The store's view computes the same.
    """
    parts = (rule, role, asset, party or "", country or "", policy_item or "", episode or "")
    return hashlib.sha256(SEPARATOR.join(parts).encode()).hexdigest()[:FLAG_ID_HEX_DIGITS]
