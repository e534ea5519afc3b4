"""The log: JSON lines, and nothing of a person in them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.errors import Place, StoreAwayError
from services import logs
from services.log import Partition
from services.logs import LogObserver


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Return where the log goes during a test; loggers are as before afterwards."""
    names = ("", *logs.OURS, "uvicorn", "uvicorn.error", "uvicorn.access")
    before = {name: (logging.getLogger(name).handlers, logging.getLogger(name).level) for name in names}
    stream = io.StringIO()
    logs.set_up("info", stream)
    yield stream
    logging.captureWarnings(capture=False)
    for name, (handlers, level) in before.items():
        logging.getLogger(name).handlers = handlers
        logging.getLogger(name).setLevel(level)


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_fields(written: io.StringIO) -> None:
    logging.getLogger("services.x").warning("partition %s\nlags", 3, extra={"stage": "rows", "seconds": 1.5})
    (line,) = lines(written)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning", "logger": "services.x", "message": "partition 3\nlags", "stage": "rows", "seconds": 1.5,
    }  # fmt: skip


def test_a_field_that_is_not_listed_is_not_written(written: io.StringIO) -> None:
    logging.getLogger("services.x").warning(
        "read", extra={"subject": "taro", "sql": "SELECT 'taro'", "what": "register"}
    )
    assert "taro" not in written.getvalue()
    assert lines(written)[0]["what"] == "register"


def test_the_level_is_that_of_our_own_messages_and_libraries_speak_from_warnings_on(written: io.StringIO) -> None:
    logging.getLogger("services.x").debug("details")
    logging.getLogger("services.x").info("news")
    logging.getLogger("aiokafka.consumer").info("joined")
    logging.getLogger("aiokafka.consumer").warning("broker away")
    assert [line["message"] for line in lines(written)] == ["news", "broker away"]


def test_what_a_library_says_is_written_without_what_it_says_it_of(written: io.StringIO) -> None:
    logging.getLogger("urllib3.connectionpool").warning("Retrying after %r: %s", "x", "/?param_who=taro")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nexception=ValueError('taro')")
    assert "taro" not in written.getvalue()
    assert [line["message"] for line in lines(written)] == [
        "Retrying after %r: %s", "Task exception was never retrieved",
    ]  # fmt: skip


def test_of_an_exception_class_and_places_are_written_and_its_text_only_if_it_is_ours(written: io.StringIO) -> None:
    log = logging.getLogger("uvicorn.error")
    for error in (ValueError("taro"), StoreAwayError("the store is away", where=Place("http://ch:8123"))):
        try:
            raise error
        except (ValueError, StoreAwayError):
            log.exception("Exception in ASGI application\n")
    foreign, ours = lines(written)
    assert "taro" not in json.dumps(foreign)
    assert foreign["error"]["class"] == "ValueError"
    assert foreign["error"]["at"][0].startswith("test_logs.py:")
    assert ours["error"]["text"] == "http://ch:8123: the store is away"


def test_uvicorn_writes_through_the_same_door_only(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").handlers.append(logging.StreamHandler())
    logs.set_up("info", written)
    assert logging.getLogger("uvicorn.error").handlers == []
    logging.getLogger("uvicorn.error").warning("once")
    assert len(lines(written)) == 1


def test_a_very_long_message_is_cut(written: io.StringIO) -> None:
    logging.getLogger("services.x").warning("x" * 1_000_000)
    assert len(written.getvalue()) < 2 * logs.MAX_TEXT


def test_the_recorder_is_told_of_in_the_log(written: io.StringIO) -> None:
    observer, partition = LogObserver(), Partition("kafka:audit.events", 2, "native")
    observer.assigned([partition])
    observer.resumed(partition, 42)
    observer.retried("rows", StoreAwayError("the store is away"), 0.25)
    observer.warned("careful")
    observer.assigned(())
    told = [{name: line[name] for name in line if name not in {"time", "logger"}} for line in lines(written)]
    assert told == [
        {"level": "info", "message": "partitions assigned", "partitions": ["kafka:audit.events|2"]},
        {"level": "info", "message": "reading on", "source": "kafka:audit.events", "partition": 2, "offset": 42},
        {"level": "warning", "message": "the store is away; trying again", "stage": "rows", "seconds": 0.2},
        {"level": "warning", "message": "careful"},
        {"level": "info", "message": "partitions let go", "partitions": []},
    ]  # an order of keys does not matter
