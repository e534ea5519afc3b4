"""A program that records a file and is killed at a point of its writing: ``python -m tests.support.crash``.

Arguments: data directory, log, rows of a batch, kill after how many inserts, prefix of range names. It kills itself
with SIGKILL when that many inserts are done; ``-1`` never.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import polars as pl

from services.ingest import Ingest
from services.sources import BatchLimits
from services.store import Store
from tests.support.stores import NOW, context, names


class Mortal(Store):
    """A store that ends the process, as a power cut would, once it has done a number of inserts."""

    inserts_left = -1

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        """Insert, then perhaps end."""
        super().insert(table, rows)
        Mortal.inserts_left -= 1
        if Mortal.inserts_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(data: str, log: str, rows: str, inserts: str, prefix: str) -> None:
    """Record the log; die on the way if told so."""
    with Mortal.open(Path(data), now=NOW, create=True) as store:
        Mortal.inserts_left = int(inserts)
        run = Ingest(store, context(), now=lambda: NOW, new_id=names(prefix), limits=BatchLimits(rows=int(rows)))
        for one in run.files([Path(log)]).files:
            if one.error:
                raise one.error


if __name__ == "__main__":
    main(*sys.argv[1:])
