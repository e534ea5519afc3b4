"""The contract's own verdict on one message: the event it holds, or the exact reason why it holds none.

This is the slow way. `streams.decode` asks it about the few messages that its fast way refuses or doubts. Reasons are
stable slugs (`REASONS`); texts name lines, columns and fields, never what the message says there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from schemas.errors import MessageError, Place
from schemas.events import MAX_MESSAGE_BYTES, Event
from streams.fast_events import FastEvent

REASONS: Final = {
    "empty": "the message holds nothing but blanks",
    "invalid-json": "the message is no JSON text (RFC 8259)",
    "invalid-utf8": "the message is no UTF-8 text",
    "invalid-time": "a time is no RFC 3339 time, or names a moment that does not exist",
    "invalid-value": "a value is not one of the allowed ones",
    "message-too-large": f"the message is larger than {MAX_MESSAGE_BYTES:,} bytes",
    "missing-field": "a required field is absent",
    "nesting-too-deep": "objects and lists are nested more than 200 deep",
    "not-a-number": "a number is NaN or infinite",
    "nul-byte": "the message holds a NUL byte",
    "number-out-of-range": "a number lies outside its range, at most 64 bits",
    "time-without-zone": "a time has no zone",
    "too-long": "a text or a list is longer than its limit",
    "too-many-events": "one message holds more events than the limit",
    "tombstone": "the message has a key and no value, as Kafka marks what is deleted",
    "too-short": "a text is shorter than its limit",
    "unknown-event-type": "the event's type is none of ours",
    "wrong-type": "a value has the wrong JSON type",
}
"""Every reason of a dead letter, for documentation and metrics."""

MAX_NAMED: Final = 5
"""A text names at most so many fields of one message."""

_CONTRACT: Final[TypeAdapter[Any]] = TypeAdapter(Event)
_READ: Final[Callable[[bytes], FastEvent]] = msgspec.json.Decoder(FastEvent).decode
_AT: Final = re.compile(r" at line (\d+) column (\d+)$")
_WITHOUT_ZONE: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?", re.ASCII)

_MAY_BE_DEEP: Final = 190  # of 200 levels; known keys nest five deep
KEPT: Final = "mend it at its sender; the message is kept as a dead letter"
"""What to do about a message that cannot be read, where messages are recorded."""

_REASON_OF: Final = {
    "missing": "missing-field",
    "union_tag_not_found": "missing-field",
    "union_tag_invalid": "unknown-event-type",
    "literal_error": "invalid-value",
    "string_pattern_mismatch": "invalid-value",
    "string_too_long": "too-long",
    "too_long": "too-long",
    "string_too_short": "too-short",
    "greater_than_equal": "number-out-of-range",
    "less_than_equal": "number-out-of-range",
    "finite_number": "not-a-number",
}
_SAYS: Final = {
    "missing": "is required and absent",
    "string_type": "must be a text",
    "int_type": "must be an integer",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_pattern_mismatch": "must be a country code of two capital letters (ISO 3166-1 alpha-2)",
    "greater_than_equal": "must be 0 or more",
    "less_than_equal": "must fit into 64 bits with sign",
}


def read_by_contract(message: bytes, line: int | None = None) -> FastEvent:
    """Return the event that a native message holds, its times in canonical form.

    Args:
        message: the bytes as they came.
        line: one-based line on which the message begins, for the text of errors.

    Raises:
        MessageError: the message holds no event; ``reason`` is one of `REASONS`.
    """
    check_text(message, line)
    try:
        event = _CONTRACT.validate_json(message)
    except ValidationError as error:
        raise _explained(error, line) from None
    return _READ(_CONTRACT.dump_json(event, exclude_none=True))


def check_text(message: bytes, line: int | None = None) -> None:
    """Raise a `MessageError` if ``message`` is empty, too large, holds NUL bytes or is no UTF-8."""
    if len(message) > MAX_MESSAGE_BYTES:
        raise too_large(len(message), line)
    if not message.strip(b" \t\r\n"):
        raise _error("empty", "the message is empty", line)
    if b"\0" in message:
        raise _at_byte("nul-byte", "the message holds a NUL byte", message, message.index(b"\0"), line)
    try:
        message.decode()
    except UnicodeDecodeError as error:
        raise _at_byte("invalid-utf8", "the message is no UTF-8 text", message, error.start, line) from None


def check_json(message: bytes, line: int | None = None) -> None:
    """Raise a `MessageError` if ``message`` is no JSON text within the limits of the contract's parser."""
    check_text(message, line)
    try:
        from_json(message, allow_inf_nan=True, cache_strings="none")
    except ValueError as error:
        raise _not_json(str(error), line) from None


def may_be_deep(message: bytes) -> bool:
    """Return whether ``message`` has so many brackets that they may be nested beyond the contract's limit.

    What msgspec reads or skips is bounded by the interpreter's stack only, which is not the same everywhere; so where
    this holds, the contract's parser must have a look (`check_json`).
    """
    return message.count(b"{") + message.count(b"[") > _MAY_BE_DEEP


def too_large(size: int, line: int | None = None) -> MessageError:
    """Return the error of a message of ``size`` bytes, above the limit."""
    why = f"{size:,} bytes, of which {MAX_MESSAGE_BYTES:,} are allowed"
    return _error("message-too-large", "the message is too large", line, why=why)


def tombstone() -> MessageError:
    """Return the error of a message without a value: evidence is never deleted by a message."""
    return _error("tombstone", "the message has no value", None, why="evidence is not deleted by messages")


def field_error(reason: str, field: str, says: str, line: int | None = None) -> MessageError:
    """Return the error of one field: ``says`` tells what is wrong with it, without its contents."""
    return _error(reason, f"{field} {says}", line, fields=(field,))


def dead_letter_text(error: MessageError) -> str:
    """Return the text of a dead letter: line and column in words, then what, why and what to do."""
    line, column = (error.where.line, error.where.column) if error.where else (None, None)
    begin = f"line {line}, column {column}: " if column else f"line {line}: " if line else ""
    why = f": {error.why}" if error.why else ""
    return f"{begin}{error.what}{why} ({error.todo})"


def time_reason(text: object) -> str:
    """Return the reason why ``text`` cannot be read as a time."""
    if not isinstance(text, str):
        return "wrong-type"
    return "time-without-zone" if _WITHOUT_ZONE.fullmatch(text) else "invalid-time"


def _error(
    reason: str,
    what: str,
    line: int | None,
    *,
    column: int | None = None,
    why: str = "",
    todo: str = KEPT,
    fields: tuple[str, ...] = (),
) -> MessageError:
    where = Place(line=line, column=column) if line is not None else None
    return MessageError(reason, what, where=where, why=why, todo=todo, fields=fields)


def _at_byte(reason: str, what: str, message: bytes, index: int, line: int | None) -> MessageError:
    before = message[:index]
    column = index - (before.rfind(b"\n") + 1) + 1
    return _error(reason, what, (line or 1) + before.count(b"\n"), column=column)


def _not_json(text: str, line: int | None) -> MessageError:
    found = _AT.search(text)
    row, column = (int(found[1]), int(found[2])) if found else (1, 1)
    why = _AT.sub("", text).removeprefix("Invalid JSON: ")
    reason = "invalid-json"
    if "recursion limit" in why:
        reason, why = "nesting-too-deep", "more than 200 objects and lists inside each other"
    elif "number out of range" in why:
        reason = "number-out-of-range"
    return _error(reason, "the message is no JSON text that can be read", (line or 1) + row - 1, column=column, why=why)


def _explained(error: ValidationError, line: int | None) -> MessageError:
    """Turn what pydantic says into our words; the first problem gives the reason."""
    problems = error.errors(include_url=False)
    if problems[0]["type"] == "json_invalid":
        return _not_json(problems[0]["msg"], line)
    said = [_said(problem) for problem in problems[:MAX_NAMED]]
    more = len(problems) - len(said)
    why = "; ".join(said) + (f"; and {more} more" if more else "")
    fields = tuple(dict.fromkeys(_field(problem) for problem in problems[:MAX_NAMED]))
    return _error(_reason(problems[0]), "the message is no event", line, why=why, fields=fields)


def _reason(problem: ErrorDetails) -> str:
    value = problem["input"]
    if problem["type"] == "value_error":
        return time_reason(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "not-a-number"
    if problem["type"] in {"int_parsing_size", "int_type"} and isinstance(value, int) and not isinstance(value, bool):
        return "number-out-of-range"
    return _REASON_OF.get(problem["type"], "wrong-type")


def _said(problem: ErrorDetails) -> str:
    """Return one problem in words: the field's path and what it must be, from the contract alone."""
    kind, context = problem["type"], problem.get("ctx", {})
    field = field_path(problem["loc"])
    if kind == "union_tag_invalid":
        return f"type must be one of {context['expected_tags']}"
    if kind == "union_tag_not_found":
        return "type is required and absent"
    if kind == "literal_error":
        return f"{field} must be {context['expected']}"
    if kind in {"string_too_long", "too_long", "string_too_short"}:
        bound = context.get("max_length", context.get("min_length"))
        word = "at most" if "max_length" in context else "at least"
        return f"{field} must have {word} {bound} {'elements' if kind == 'too_long' else 'characters'}"
    if kind == "value_error":
        return f"{field} must be an RFC 3339 time with a zone, such as 2026-11-01T09:00:00+09:00"
    return f"{field} {_SAYS.get(kind, 'has a wrong value')}"


def _field(problem: ErrorDetails) -> str:
    """Return the path of the field that a problem lies in; a missing or unknown type is found at the event itself."""
    return "type" if problem["type"].startswith("union_tag") else field_path(problem["loc"])


def field_path(location: tuple[int | str, ...]) -> str:
    """Return pydantic's ``loc`` as ``data.records.fields[3]``, without the union's tag and without the keys of a map.

    The keys of ``data.details`` are contents of the message, so they are written as ``*``.
    """
    names = location[1:] if location and str(location[0]).startswith("io.ashiato.") else location
    path = ""
    for depth, name in enumerate(names):
        if isinstance(name, int):
            path += f"[{name}]"
        elif depth >= 2 and names[1] == "details":
            return f"{path}.*"
        else:
            path += f".{name}" if path else name
    return path or "the message"
