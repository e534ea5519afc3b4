"""What events are judged with, put together from a data directory: register, settings, rules, keys, addresses."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

from schemas.interpretations import Interpretations
from schemas.records import Versions
from schemas.register import Register
from services.geo import Geo
from services.register_store import current_register
from services.rulebook_files import read_rulebook
from services.store import Store
from services.store_keys import keys_of
from streams.commit import Keys
from streams.pipeline import Context
from streams.register_index import RegisterIndex, no_geo
from streams.register_versions import canonical_json, content_sha256, interpretations_from_json
from streams.rules import Rulebook

DISTRIBUTION: Final = "ashiato"


def build_context(
    store: Store,
    *,
    now: dt.datetime,
    interpretations: Interpretations | None = None,
    salt_key: Path | None = None,
    mmdb: Path | None = None,
) -> Context:
    """Return what events are judged with, and keep the versions that findings will name.

    Args:
        store: its last loaded register counts; without one everything is unknown.
        now: UTC, recorded with versions that are new.
        interpretations: settings; None: those that were used last in this store, else the defaults.
        salt_key: file of a salt key outside the data directory.
        mmdb: the operator's file of addresses and countries.

    Raises:
        InputError: a key or the MMDB file cannot be used.
        StoreError: a key is missing though there is evidence.
        RuleError: a rule does not compile.
    """
    keys = keys_of(store, salt_key)
    register = current_register(store)
    settings = interpretations or current_interpretations(store)
    rulebook = builtin_rulebook()
    context = context_of(register, settings, rulebook, keys, Geo(mmdb) if mmdb else None)
    versions, entries = context.versions, len(Interpretations.model_fields)
    store.save_version(
        "interpretations", versions.interpretations_sha256, canonical_json(settings), entries=entries, now=now
    )
    # The texts themselves: a finding is explained by the rule that judged, whatever became of it since.
    store.save_version("rulebook", rulebook.sha256, rulebook.canonical_json(), entries=len(rulebook), now=now)
    return context


def context_of(
    register: Register, settings: Interpretations, rulebook: Rulebook, keys: Keys, geo: Geo | None
) -> Context:
    """Return what events are judged with, made of its parts; nothing is kept.

    Raises:
        RegisterError: an address range of the register cannot be read.
    """
    versions = Versions(
        register_sha256=content_sha256(register),
        rulebook_sha256=rulebook.sha256,
        interpretations_sha256=content_sha256(settings),
        mmdb_sha256=geo.sha256 if geo else None,
        program=metadata.version(DISTRIBUTION),
    )
    return Context(RegisterIndex(register, settings, geo or no_geo), rulebook, keys, versions)


def current_interpretations(store: Store) -> Interpretations:
    """Return the settings that were used last; the defaults if none were."""
    sha256 = store.current_version("interpretations")
    content = store.version_content("interpretations", sha256) if sha256 else None
    return interpretations_from_json(content) if content else Interpretations()


@cache
def builtin_rulebook() -> Rulebook:
    """Return the rules that come with this program, read once.

    Raises:
        ManyErrors: they do not compile.
    """
    return read_rulebook()
