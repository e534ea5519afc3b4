"""The verdict on each event of a request: the contract's, which is the recorder's too, and the producer's rights."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.errors import MessageError
from schemas.events import ACCESS, ACT, GRANT, TRANSFER
from services.gateway_problems import REASONS, Fault
from services.gateway_producers import Producer
from services.gateway_sink import Message
from services.topics import EVENTS, RAW
from streams.adapt import Refused, adapter_of
from streams.fast_events import KINDS, FastEvent
from streams.verdicts import check_text, read_by_contract, too_large

_TYPES = {"access": ACCESS, "transfer": TRANSFER, "grant": GRANT, "act": ACT}


def check_events(values: Sequence[bytes], producer: Producer, max_bytes: int) -> tuple[list[Message], list[Fault]]:
    """Return the messages that may go into the log, and what is wrong with each of the others.

    Args:
        values: native events, as `services.gateway_bindings.messages_of` gives them.
        producer: who sent them.
        max_bytes: limit of one event.
    """
    messages, faults = list[Message](), list[Fault]()
    for index, value in enumerate(values):
        try:
            if len(value) > max_bytes:
                raise _larger(len(value), max_bytes)
            event = read_by_contract(value)
        except MessageError as error:
            faults.append(Fault.of(error, index))
            continue
        fault = _not_allowed(event, producer, index)
        if fault is None:
            messages.append(Message(EVENTS, _key(event), value, producer.name))
        else:
            faults.append(fault)
    return messages, faults


def check_raw(value: bytes, format_name: str, producer: Producer) -> tuple[list[Message], list[Fault]]:
    """Return the one message of a foreign format, and what is wrong with it if it may not go into the log.

    A part of it that cannot be read is no fault: the recorder keeps it as a dead letter beside the others.
    """
    try:
        check_text(value)
        parts = adapter_of(format_name)(value, None)
    except MessageError as error:
        return [], [Fault.of(error, 0)]
    events = [part for part in parts if not isinstance(part, Refused)]
    fault = next((fault for event in events if (fault := _not_allowed(event, producer, 0))), None)
    if fault is not None:
        return [], [fault]
    key = _key(events[0]) if events else b""
    return [Message(f"{RAW}{format_name}", key, value, producer.name)], []


def _not_allowed(event: FastEvent, producer: Producer, index: int) -> Fault | None:
    if _TYPES[KINDS[type(event)]] not in producer.types:
        return Fault(index, "type-not-allowed", ("type",), REASONS["type-not-allowed"])
    if not producer.covers(event.source):
        return Fault(index, "source-not-allowed", ("source",), REASONS["source-not-allowed"])
    return None


def _key(event: FastEvent) -> bytes:
    return f"{event.source}\n{event.id}".encode()


def _larger(size: int, allowed: int) -> MessageError:
    """Return the contract's error for a size, with the gateway's own limit where that is the smaller one."""
    error = too_large(size)
    error.why = f"{size:,} bytes, of which {allowed:,} are allowed"
    return error
