"""Flags out of the store, with the titles of their rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from schemas.errors import UsageError
from schemas.findings import RESTRICTED
from services.context import current_interpretations
from services.store import Store, statement
from streams.rules import Rulebook

KEY: Final = ("rule", "role", "asset", "party", "country", "policy_item", "episode")
"""What findings are folded by."""
RESTRICTED_RULES: Final = ", ".join(sorted(RESTRICTED))
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


def sees_restricted(store: Store, *, asked: bool) -> bool:
    """Return whether flags that few may see are shown: to whoever asks for them, or to all if that is the setting."""
    return asked or not current_interpretations(store).leak.foreign_gov.restricted_visibility


def also_restricted(rule: str) -> str:
    """Return what a command that shows a flag of this rule takes besides; empty if all may see it."""
    return " --restricted" if rule in RESTRICTED else ""


def find_flag(store: Store, rulebook: Rulebook, name: str, *, restricted: bool = False) -> dict[str, Any]:
    """Return the flag whose id is, or begins with, ``name``.

    Args:
        store: the store.
        rulebook: for titles.
        name: id, or the beginning of one.
        restricted: flags of `schemas.findings.RESTRICTED` too. Without it they are told of as flags that are not there
            are: an id can be made by whoever guesses what a flag is about, and must not tell that there is one.

    Raises:
        UsageError: there is none, or there are several.
    """
    rows = []
    if _ID.fullmatch(name):
        parameters = {"name": name, "hidden": [] if restricted else sorted(RESTRICTED)}
        rows = store.rows(statement("flags_named"), parameters)
    if len(rows) == 1:
        return _titled(rows[0], rulebook)
    why, todo = "several ids begin like this" if rows else "no flag has this id", "see: ashiato flags list"
    if not rows and not restricted:
        why += " that all may see"
        todo += f"; what few may see ({RESTRICTED_RULES}) is shown with --restricted, which is recorded"
    raise UsageError(f'no single flag "{name[:64]}"', why=why, todo=todo)


def flag_findings(store: Store, flag: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Return the findings of a flag, the latest first: position, versions, the facts that the rule read."""
    parameters = {name: flag[name] or "" for name in KEY}
    return store.rows(statement("flag_findings"), {**parameters, "limit": limit})


def _titled(row: dict[str, Any], rulebook: Rulebook) -> dict[str, Any]:
    rule = rulebook.get(row["rule"])
    return {**row, "title": rule.title if rule else None, "clause": rule.clause if rule else None}
