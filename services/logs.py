"""The log: one JSON object a line on stderr, and nothing of a person in it.

What our own modules say is safe by contract: texts of `AshiatoError` name fields and places, never contents. What
libraries say is not: an exception's text, an SQL statement or a URL may hold values of rows. So of

* our own loggers the whole message is written,
* `TRUSTED` libraries, whose messages were read and speak of brokers, topics and connections, likewise,
* every other logger the template of the message is written without what belongs in it,
* an exception its class and the places in the code are written; its text only if it is ours,
* extra fields those in `FIELDS` are written, all others are dropped.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import traceback
from collections.abc import Sequence
from typing import IO, Any, Final, Literal

from schemas.errors import AshiatoError
from services.log import Partition
from services.observer import Observer

Level = Literal["debug", "info", "warning", "error"]

OURS: Final = ("services", "streams", "schemas", "ashiato")
TRUSTED: Final = ("aiokafka", "uvicorn")
FIELDS: Final = (
    "away", "check", "files", "host", "kind", "messages", "offset", "outcome", "partition", "partitions", "port",
    "process", "seconds", "sha256", "signal", "source", "stage", "version", "what",
)  # fmt: skip
"""Extra fields that may be written: names, numbers and hashes of our own things."""
MAX_TEXT: Final = 2_000
_FRAMES: Final = 12


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: ``time``, ``level``, ``logger``, ``message``, fields, ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record)[:MAX_TEXT],
        }
        line |= {name: getattr(record, name) for name in FIELDS if name not in line and _given(record, name)}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=lambda value: type(value).__name__)


def set_up(level: Level, stream: IO[str] | None = None) -> None:
    """Send everything that is logged from now on to ``stream`` (stderr) as JSON, libraries from warnings on.

    Args:
        level: of our own messages.
        stream: where to.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
    logging.captureWarnings(capture=True)


class LogObserver(Observer):
    """Tells in the log what an operator wants to know of a recorder."""

    def __init__(self) -> None:
        self._log = logging.getLogger("ashiato.recorder")

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Tell what is read from now on."""
        self._log.info("partitions assigned" if partitions else "partitions let go", extra=_partitions(partitions))

    def resumed(self, partition: Partition, offset: int) -> None:
        """Tell where a partition goes on."""
        extra = {"source": partition.source, "partition": partition.number, "offset": offset}
        self._log.info("reading on", extra=extra)

    def retried(self, stage: str, error: AshiatoError, wait: float) -> None:
        """Tell what is away."""
        self._log.warning("%s; trying again", error, extra={"stage": stage, "seconds": round(wait, 1)})

    def warned(self, text: str) -> None:
        """Pass it on."""
        self._log.warning("%s", text)


def _partitions(partitions: Sequence[Partition]) -> dict[str, Any]:
    return {"partitions": [str(one) for one in partitions]}


def _given(record: logging.LogRecord, name: str) -> bool:
    """Return whether a field was given as an extra; ``process`` is also an attribute of every record, a number."""
    value = getattr(record, name, None)
    return value is not None and (name != "process" or isinstance(value, str))


def _message(record: logging.LogRecord) -> str:
    """Return what a record says, as far as its logger may say it."""
    if record.name.partition(".")[0] in {*OURS, *TRUSTED}:
        return record.getMessage()
    return str(record.msg).partition("\n")[0]


def _error(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    told: dict[str, Any] = {
        "class": type(error).__name__,
        "at": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, AshiatoError):
        told["text"] = str(error)[:MAX_TEXT]
    return told
