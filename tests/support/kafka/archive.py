"""``python -m tests.support.kafka.archive`` (``make setup-kafka``): let brokers start with classes that are loaded already.

Each test that kills a broker starts one, and a third of what that takes is reading and checking the same classes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.support.kafka.broker import JAVA_OPTIONS, Broker
from tests.support.kafka.jars import ARCHIVES, archive, require


def write() -> None:
    """Write the file of classes that brokers of this machine start with, unless it is there."""
    java, _ = require()
    wanted = archive(java)
    if wanted.exists():
        return
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    for old in ARCHIVES.glob("*.jsa"):
        old.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=ARCHIVES) as folder:
        made = Path(folder, "classes.jsa")
        broker = Broker(Path(folder, "broker"), java_options=(*JAVA_OPTIONS, f"-XX:ArchiveClassesAtExit={made}"))
        broker.start().stop()
        if made.exists():  # a Java that cannot write it starts brokers without
            made.rename(wanted)


if __name__ == "__main__":
    write()
