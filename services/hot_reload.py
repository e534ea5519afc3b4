"""Hot reload: register, interpretations and rules are exchanged while events are being judged.

Files are told by their content. A change counts once two looks in a row have seen the same, so that half a file is
never taken for a whole one; SIGHUP says that what is there is meant. What does not hold is refused with all its errors,
and the version in use stays. What holds is recorded as an act, kept as a version, and used from the next batch on: each
range names the versions that it was judged with.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from schemas.errors import AshiatoError, ManyErrors, StoreError
from services.acts import record_act, user_name
from services.context import context_of
from services.geo import Geo
from services.judged_files import ACTS, Version, Watched, watched
from services.metrics import Metrics
from services.settings import PathsSection
from services.silence import last_heard, log_sources
from services.store import Store, VersionKind
from services.store_keys import keys_of
from streams.pipeline import Context

MAX_TOLD: Final = 50
"""Errors of one refused version that are told one by one."""

_log = logging.getLogger("ashiato.reload")


@dataclass(slots=True)
class _State:
    """What is known of one watched thing: the fingerprint that was dealt with, and the one that was seen last."""

    version: Version
    dealt_with: str
    seen: str


@dataclass(frozen=True, slots=True)
class _Change:
    """What will be judged with, and when the log sources of its register were last heard of."""

    context: Context
    heard: Mapping[str, dt.datetime] = field(default_factory=dict)


class Judging:
    """Holds what events are judged with, and exchanges it when that changes.

    Args:
        store: keeps versions and acts.
        paths: where register, interpretations and rules are.
        metrics: is told of changes.
        now: the clock, UTC.
        new_id: names acts.
    """

    def __init__(
        self,
        store: Store,
        paths: PathsSection,
        metrics: Metrics,
        *,
        now: Callable[[], dt.datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._now = now
        self._new_id = new_id
        self._watched = watched(paths, store)
        self._keys = keys_of(store, paths.salt_key)
        self._geo = Geo(paths.mmdb) if paths.mmdb else None
        self._states: dict[VersionKind, _State] = {}
        for one in self._watched:
            fingerprint = one.fingerprint()
            self._states[one.kind] = _State(self._first(one), fingerprint, fingerprint)
        self._context = self._built({})
        for one in self._watched:
            self._keep(one, self._states[one.kind].version)
        self._use(_Change(self._context, self._heard(self._context)))

    def context(self) -> Context:
        """Return what the next batch is judged with."""
        return self._context

    async def watch(self, seconds: float, now: asyncio.Event) -> None:
        """Look for changes until cancelled.

        Args:
            seconds: between two looks.
            now: set by somebody who wants one at once.
        """
        loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, thread_name_prefix="reload")
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(now.wait(), seconds)
                look = partial(self._look, at_once=now.is_set())
                now.clear()
                change = await loop.run_in_executor(thread, look)
                if change:
                    self._use(change)
        finally:
            thread.shutdown(wait=False, cancel_futures=True)

    def look(self, *, at_once: bool = False) -> bool:
        """Look for changes once; return whether something else is judged with from now on.

        Args:
            at_once: take what is there, even if it was not there at the last look.
        """
        change = self._look(at_once=at_once)
        if change:
            self._use(change)
        return change is not None

    # At the start

    def _first(self, one: Watched) -> Version:
        """Return what is there at the start; if that does not hold, what was used last, as if it had been running."""
        try:
            return one.read()
        except AshiatoError as error:
            sha256 = self._store.current_version(one.kind)
            content = self._store.version_content(one.kind, sha256) if sha256 else None
            if content is None:
                raise
            self._refuse(one.kind, error)
            return one.restore(content)

    # At every look

    def _look(self, *, at_once: bool) -> _Change | None:
        try:
            found = {one.kind: version for one in self._watched if (version := self._new(one, at_once=at_once))}
            return self._take(found) if found else None
        except StoreError as error:  # whoever records will say so too; here there is time
            _log.warning("changes are looked for again later: %s", error)
            return None

    def _new(self, one: Watched, *, at_once: bool) -> Version | None:
        """Return another version that holds, if there is one."""
        state, fingerprint = self._states[one.kind], one.fingerprint()
        settled = at_once or fingerprint == state.seen
        state.seen = fingerprint
        if fingerprint == state.dealt_with or not settled:
            return None
        try:
            version = one.read()
        except StoreError:
            raise
        except AshiatoError as error:
            state.dealt_with = fingerprint
            self._refuse(one.kind, error)
            return None
        if one.fingerprint() != fingerprint:
            return None  # it was written to while it was read
        if version.sha256 == state.version.sha256:
            state.dealt_with = fingerprint
            self._metrics.reloaded(one.kind, good=True)
            return None
        return version

    def _take(self, found: Mapping[VersionKind, Version]) -> _Change | None:
        """Record and keep new versions, if they hold together; return what will be judged with."""
        taken = [one for one in self._watched if one.kind in found]
        try:
            context = self._built(found)
        except StoreError:
            raise
        except AshiatoError as error:
            for one in taken:
                self._states[one.kind].dealt_with = self._states[one.kind].seen
                self._refuse(one.kind, error)
            return None
        for one in taken:
            self._keep(one, found[one.kind])
        change = _Change(context, self._heard(context))
        for one in taken:
            seen = self._states[one.kind].seen
            self._states[one.kind] = _State(found[one.kind], seen, seen)
            self._metrics.reloaded(one.kind, good=True)
            _log.info("another version is in use", extra={"what": one.kind, "sha256": found[one.kind].sha256})
        return change

    def _built(self, found: Mapping[VersionKind, Version]) -> Context:
        """Return what to judge with: new versions, and those in use for the rest."""
        values: dict[VersionKind, Any] = {kind: state.version.value for kind, state in self._states.items()}
        values |= {kind: version.value for kind, version in found.items()}
        return context_of(values["register"], values["interpretations"], values["rulebook"], self._keys, self._geo)

    def _keep(self, one: Watched, version: Version) -> None:
        """Record the change, then keep the version; both are durable before it judges anything."""
        former = self._store.current_version(one.kind)
        if former == version.sha256 or (one.kind == "register" and not one.files):
            return  # it is kept already, or there never was a register
        if former or one.kind == "register":
            record_act(
                self._store, kind=ACTS[one.kind], who=user_name(), text=version.sha256, rows=version.entries,
                keys=self._keys, now=self._now(), new_id=self._new_id,
            )  # fmt: skip
        self._store.save_version(one.kind, version.sha256, version.content, entries=version.entries, now=self._now())

    def _heard(self, context: Context) -> Mapping[str, dt.datetime]:
        now = self._now()
        return last_heard(self._store, log_sources(context.index.register, now), now)

    def _use(self, change: _Change) -> None:
        """Judge with this from now on."""
        self._context = change.context
        self._metrics.judged_with(change.context.versions)
        self._metrics.silence.expect(log_sources(change.context.index.register, self._now()), change.heard)

    def _refuse(self, kind: VersionKind, error: AshiatoError) -> None:
        """Tell why a version is not taken."""
        self._metrics.reloaded(kind, good=False)
        errors = _all(error)
        extra = {"what": kind, "messages": len(errors)}
        _log.error("a new version is refused, the one before stays in use", extra=extra)
        for one in errors[:MAX_TOLD]:
            _log.error("%s", one, extra={"what": kind})


def _all(error: AshiatoError) -> Sequence[AshiatoError]:
    return error.errors if isinstance(error, ManyErrors) else [error]
