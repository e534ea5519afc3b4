"""``ashiato serve``: gateway, recorder and store in one process and on one port.

    sender ─▶ gateway ─▶ spool (durable, then 202) ─▶ recorder ─▶ embedded store ◀─ front ◀─ other commands

It may be ended at any time and in any way: what was acknowledged is in the spool, and the recorder goes on behind the
last range of the store. What is recorded is erased from the spool after a while.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from services.clock import new_id, utc_now
from services.gateway_process import gateway_server, gateway_settings
from services.hot_reload import Judging
from services.local_front import LocalFront
from services.logs import LogObserver
from services.metrics import Metrics
from services.observers import Observers
from services.readiness import StoreAnswers, Taking, register_loaded, sink_takes
from services.recorder import Recorder
from services.recorder_process import reloading
from services.recording import Recording
from services.reviewer import Reviewer, record_and_review
from services.settings import Settings
from services.spool import Spool
from services.spool_log import SpoolLog, SpoolSink, keep_short
from services.stopping import Stopping, together
from services.store import Store
from streams.outgoing import Outgoing

SPOOL: Final = "spool"
"""Folder of the spool within the data directory."""


async def serve(settings: Settings, store: Store) -> None:
    """Take events in, and make them evidence, until SIGTERM.

    Args:
        settings: of all; ``gateway``, ``recorder``, ``spool`` and ``paths`` count.
        store: an open embedded store; the caller closes it.

    Raises:
        EvidenceError: the spool is not the one that was recorded before.
        AshiatoError: whatever else ends a gateway or a recorder.
    """
    metrics, stopping, taking, answers = Metrics(utc_now), Stopping(), Taking(), StoreAnswers(store)
    stopping.listen()
    judging = Judging(store, settings.paths, metrics, now=utc_now, new_id=new_id)
    spool = Spool.open(settings.data_dir / SPOOL, now=utc_now, max_bytes=settings.spool.max_bytes)
    try:
        log = SpoolLog(spool)
        sink = SpoolSink(spool, log.wake)
        checks = {
            "spool": sink_takes(sink),
            "recorder": taking.check,
            "store": answers.check,
            "register": register_loaded(judging.context),
        }
        server = gateway_server(settings, sink, metrics, stopping, checks)
        observer = Observers(metrics, LogObserver(), taking)
        recording = Recording(store, judging.context, _tell_nobody, now=utc_now, new_id=new_id, observer=observer)
        recorder = Recorder(log, recording, settings.recorder.sizes(), observer=observer)
        aside = Recording(store, judging.context, _tell_nobody, now=utc_now, new_id=new_id, observer=observer)
        reviewer = Reviewer(aside, lambda: True, settings.recorder.sizes(), observer=observer)
        stopping.when(reviewer.stop)
        stopping.when(recorder.stop)
        keep = keep_short(log, dt.timedelta(hours=settings.spool.keep_hours), utc_now)
        longest = max(settings.recorder.grace_seconds, gateway_settings(settings).grace_seconds)
        with stopping.at_most(longest), LocalFront(store.directory):
            await together(
                [server.run_until_stopped(), record_and_review(recorder, reviewer)],
                [reloading(judging, settings, stopping), keep],
                stopping,
            )
    finally:
        answers.close()
        spool.shut()


async def _tell_nobody(_: Sequence[Outgoing]) -> None:
    """Do nothing: in one process, what follows from events is read from the store."""
