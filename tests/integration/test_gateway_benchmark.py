"""The gateway part of `make bench-kafka` finds what it starts; the other parts are run by hand, for they take minutes."""

import asyncio
import tempfile
from argparse import Namespace
from pathlib import Path

from benchmarks.kafka import PARTS
from benchmarks.kafka_text import text


def test_requests_of_one_and_of_many_events_are_counted_for_spool_and_kafka() -> None:
    with tempfile.TemporaryDirectory() as folder:  # that of a test would be kept, with all that a broker lays down
        found = asyncio.run(PARTS["gateway"](Path(folder), Namespace(requests=40, batches=4, seed=1)))

    for sink in ("spool", "kafka"):
        assert found[sink]["single"]["requests_per_second"] > 0
        assert found[sink]["batch"]["events_per_second"] > found[sink]["batch"]["requests_per_second"] > 0
    assert "spool, single" in text("gateway", found)
