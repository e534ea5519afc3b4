"""What the gateway tells of each request, without the gateway: a recorder counts with the same metrics."""

from __future__ import annotations

from typing import NamedTuple


class Handled(NamedTuple):
    """What became of one request, for metrics: no field of it names a person or an event.

    Attributes:
        producer: its name; empty if it is not known.
        status: HTTP status.
        problem: kind of the problem; empty if all was accepted.
        events: events that were accepted.
        bytes: bytes of the body that were read.
        seconds: time from its head to its answer.
    """

    producer: str
    status: int
    problem: str
    events: int
    bytes: int
    seconds: float
