"""Registers as the store keeps them: loaded versions, and what the evidence shows that the register does not know."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import UsageError
from schemas.events import ActKind
from schemas.register import Register, RegisterVersion
from services.acts import record_act
from services.register_files import read_register
from services.store import Store, statement
from services.store_keys import reading_keys_of
from streams.register_gaps import Gap, Unknown, gaps
from streams.register_known import Known
from streams.register_versions import (
    EMPTY_REGISTER,
    canonical_json,
    register_from_json,
    version_of,
)

_DIGITS: Final = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something now: the user of the operating system, the time in UTC, and what names the act."""

    who: str
    now: dt.datetime
    new_id: Callable[[], str]

    def record(self, store: Store, kind: ActKind, text: str, rows: int) -> None:
        """Record the act; it must not happen if this fails."""
        keys = reading_keys_of(store)
        record_act(store, kind=kind, who=self.who, text=text, rows=rows, keys=keys, now=self.now, new_id=self.new_id)


def load_register(store: Store, register: Register, doer: Doer) -> tuple[RegisterVersion, bool]:
    """Keep a register as the current version of a store; return the version and whether it was new.

    That somebody loads it is recorded before it takes effect.

    Args:
        store: the store.
        register: the register.
        doer: who loads it, and when.

    Raises:
        StoreError: it cannot be recorded, so it is not loaded.
    """
    version = version_of(register, doer.now)
    is_new = store.current_version("register") != version.sha256
    if is_new:
        doer.record(store, "register_loaded", version.sha256, version.entries)
        content = canonical_json(register)
        store.save_version("register", version.sha256, content, entries=version.entries, now=doer.now)
    kept = store.versions("register")[-1]
    return RegisterVersion(sha256=kept["sha256"], recorded_at=kept["recorded_at"], entries=kept["entries"]), is_new


def find_register(name: str, opened: Callable[[], Store]) -> Register:
    """Return a register by what a person calls it.

    Args:
        name: a path, ``latest`` (the version loaded last), ``empty``, or the first digits of a loaded version.
        opened: opens the store that versions are kept in; called only for a version.

    Raises:
        UsageError: there is no such version, or several begin with these digits.
        ManyErrors: the files at the path hold no register.
    """
    path = Path(name)
    if name == "empty":
        return EMPTY_REGISTER
    if path.exists():
        return read_register([path])
    if name != "latest" and not _DIGITS.fullmatch(name):
        todo = "name a path, `latest`, `empty`, or at least four digits of a version"
        raise UsageError(f'"{name}" is neither a path nor a version', todo=todo)
    with opened() as store:
        return _stored(store, name)


def current_register(store: Store) -> Register:
    """Return the register that was loaded last; the empty one if none was."""
    sha256 = store.current_version("register")
    content = store.version_content("register", sha256) if sha256 else None
    return register_from_json(content) if content else EMPTY_REGISTER


def _stored(store: Store, name: str) -> Register:
    if name == "latest":
        return current_register(store)
    content = store.version_content("register", name)
    if content is None:
        loaded = ", ".join(
            f"{row['sha256'][:12]} of {row['recorded_at']:%Y-%m-%d %H:%M}Z" for row in store.versions("register")
        )
        why = f"loaded are: {loaded}" if loaded else "none has been loaded"
        raise UsageError(f"no single version begins with {name}", why=why, todo="give more digits")
    return register_from_json(content)


def stored_gaps(store: Store, doer: Doer) -> list[Gap]:
    """Return what the evidence names and the register loaded last does not know, ranked.

    Reads names that lie outside the records (locators, subjects, addresses) as far as their clocks have kept them;
    that somebody reads them is recorded first.
    """
    known = Known(current_register(store))
    unknowns = [Unknown(**row) for row in store.rows(statement("unknowns"))]
    doer.record(store, "evidence_read", "register gaps", len(unknowns))
    return gaps(unknown for unknown in unknowns if not known.knows(unknown))
