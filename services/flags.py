"""Flags out of the store, with the titles of their rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from schemas.errors import UsageError
from schemas.findings import RESTRICTED
from services.store import Store, statement
from streams.rules import Rulebook

KEY: Final = ("rule", "role", "asset", "party", "country", "policy_item", "episode")
"""What findings are folded by."""
_ID: Final = re.compile(r"[0-9a-f]{4,16}")


def list_flags(
    store: Store,
    rulebook: Rulebook,
    *,
    rule: str = "",
    asset: str = "",
    party: str = "",
    levels: Sequence[str] = (),
    restricted: bool = False,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return flags (`schemas.findings.Flag`, with ``operations``, ``title`` and ``clause``), the gravest first.

    Args:
        store: the store.
        rulebook: for titles.
        rule: only of this rule; empty: of any.
        asset: only of this asset; empty: of any.
        party: only of this party; empty: of any.
        levels: only of these; empty: of any.
        restricted: those of `schemas.findings.RESTRICTED` too, which few may see.
        limit: at most so many.
    """
    hidden = [] if restricted else sorted(RESTRICTED)
    parameters = {
        "rule": rule,
        "asset": asset,
        "party": party,
        "levels": list(levels),
        "hidden": hidden,
        "limit": limit,
    }
    return [_titled(row, rulebook) for row in store.rows(statement("flags"), parameters)]


def find_flag(store: Store, rulebook: Rulebook, name: str) -> dict[str, Any]:
    """Return the flag whose id is, or begins with, ``name``.

    Raises:
        UsageError: there is none, or there are several.
    """
    rows = []
    if _ID.fullmatch(name):
        rows = store.rows("SELECT * FROM flags WHERE startsWith(id, {name:String}) LIMIT 2", {"name": name})
    if len(rows) != 1:
        why = "several ids begin like this" if rows else "no flag has this id"
        raise UsageError(f'no single flag "{name[:64]}"', why=why, todo="see: ashiato flags list")
    return _titled(rows[0], rulebook)


def flag_findings(store: Store, flag: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Return the findings of a flag, the latest first: position, versions, the facts that the rule read."""
    parameters = {name: flag[name] or "" for name in KEY}
    return store.rows(statement("flag_findings"), {**parameters, "limit": limit})


def _titled(row: dict[str, Any], rulebook: Rulebook) -> dict[str, Any]:
    rule = rulebook.get(row["rule"])
    return {**row, "title": rule.title if rule else None, "clause": rule.clause if rule else None}
