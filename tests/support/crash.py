"""A program that records a file and is killed at a point of its writing: `record` runs it as a process of its own."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import polars as pl

from services.ingest import Ingest
from services.sources import BatchLimits
from services.store import Store
from tests.support.forked import Forked
from tests.support.stores import NOW, context, names

PATIENCE: Final = 60.0
"""Seconds after which it is no longer waited for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What it does.

    Attributes:
        data: data directory.
        log: the file.
        rows: of a batch.
        prefix: of range names.
        inserts: it kills itself with SIGKILL when that many inserts are done; never if negative.
    """

    data: str
    log: str
    rows: int
    prefix: str
    inserts: int = -1


class Mortal(Store):
    """A store that ends the process, as a power cut would, once it has done a number of inserts."""

    inserts_left = -1

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        """Insert, then perhaps end."""
        super().insert(table, rows)
        Mortal.inserts_left -= 1
        if Mortal.inserts_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def record(plan: Plan, folder: Path, *, file_bytes: int | None = None) -> tuple[int, str]:
    """Carry a plan out; return the exit code, and what was said on standard error.

    Args:
        plan: what to do.
        folder: for what is said.
        file_bytes: see `Forked`.
    """
    out, err = folder / f"{plan.prefix}.out", folder / f"{plan.prefix}.err"
    code = Forked(_main, json.dumps(asdict(plan)), out=out, err=err, file_bytes=file_bytes).ended(PATIENCE)
    return code, err.read_text()


def _main(argument: str) -> None:
    """Record the log; die on the way if told so."""
    plan = Plan(**json.loads(argument))
    with Mortal.open(Path(plan.data), now=NOW, create=True) as store:
        Mortal.inserts_left = plan.inserts
        run = Ingest(store, context(), now=lambda: NOW, new_id=names(plan.prefix), limits=BatchLimits(rows=plan.rows))
        for one in run.files([Path(plan.log)]).files:
            if one.error:
                raise one.error
