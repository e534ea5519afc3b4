"""What the gateway says when it does not accept: problem details of RFC 9457.

A text names events by their index, fields by their path and reasons by a stable slug. It never repeats what an event
says: answers end up in the logs of clients and proxies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Literal, NamedTuple

from schemas.errors import MessageError, Place

MEDIA_TYPE: Final = "application/problem+json"
MAX_LISTED: Final = 100
"""A problem lists at most so many bad events of a batch, and says how many more there are."""

Kind = Literal[
    "invalid-events",
    "not-authenticated",
    "not-allowed",
    "not-found",
    "method-not-allowed",
    "request-timeout",
    "too-large",
    "unsupported-media-type",
    "rate-limited",
    "internal-error",
    "unavailable",
]
_TYPE: Final = "urn:ashiato:problem:"

KINDS: Final[dict[Kind, tuple[int, str]]] = {
    "invalid-events": (400, "At least one event does not fulfil the contract; none was accepted"),
    "not-authenticated": (401, "No producer is known by these credentials"),
    "not-allowed": (403, "This producer may not send this; nothing was accepted"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "This method has no meaning here"),
    "request-timeout": (408, "The request took too long to arrive; nothing was accepted"),
    "too-large": (413, "An event or the request is too large; nothing was accepted"),
    "unsupported-media-type": (415, "The body has a form that is not read"),
    "rate-limited": (429, "This producer sends more than its rate allows; nothing was accepted"),
    "internal-error": (500, "The gateway failed; whether anything was accepted is not known"),
    "unavailable": (503, "The events cannot be made durable now; come again"),
}
"""Status and title of every problem."""

REASONS: Final = {
    "attribute-invalid": "a header of the binary mode holds no CloudEvents attribute",
    "attribute-repeated": "an attribute stands in two headers",
    "batch-invalid": "the body is no JSON array of events",
    "source-not-allowed": "the event's source does not begin with the producer's prefix",
    "type-not-allowed": "the producer may not send events of this type",
}
"""Reasons of a single event beyond those of `streams.verdicts`."""

_FORBIDDEN: Final = {"source-not-allowed", "type-not-allowed"}


class Fault(NamedTuple):
    """What is wrong with one event.

    Attributes:
        event: zero-based index in the request; None if the request as a whole is at fault.
        reason: slug of `streams.verdicts.REASONS` or of `REASONS`.
        fields: paths of the fields at fault, as far as the fault lies in fields.
        detail: one sentence.
    """

    event: int | None
    reason: str
    fields: tuple[str, ...]
    detail: str

    @classmethod
    def of(cls, error: MessageError, event: int | None) -> Fault:
        """Return the fault that the contract found; its text without the advice, which is for keepers of logs."""
        column = error.where.column if error.where else None
        place = f"{_in_words(error.where)}: " if error.where and column else ""
        why = f": {error.why}" if error.why else ""
        return cls(event, error.reason, error.fields, f"{place}{error.what}{why}")


class Problem(Exception):  # noqa: N818  (RFC 9457 calls it so)
    """Ends a request with problem details.

    Args:
        kind: which problem.
        detail: what exactly, in one sentence.
        faults: the events at fault.
        retry_after: seconds after which the same request may succeed.
        close: whether the connection ends with the answer.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        retry_after: int | None = None,
        close: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status, self.title = KINDS[kind]
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["retry-after"] = str(retry_after)
        if close:
            self.headers["connection"] = "close"

    def body(self) -> bytes:
        """Return the problem as JSON (RFC 9457 §3), the faults as the extension member ``errors``."""
        members: dict[str, Any] = {
            "type": f"{_TYPE}{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.faults:
            members["errors"] = [_plain(fault) for fault in self.faults[:MAX_LISTED]]
        if len(self.faults) > MAX_LISTED:
            members["more_errors"] = len(self.faults) - MAX_LISTED
        return json.dumps(members, ensure_ascii=False).encode()


def of_faults(faults: Sequence[Fault], events: int) -> Problem:
    """Return the problem of a request of ``events`` events, of which some are at fault."""
    reasons = {fault.reason for fault in faults}
    kind: Kind = "invalid-events"
    if reasons == {"message-too-large"}:
        kind = "too-large"
    elif reasons <= _FORBIDDEN:
        kind = "not-allowed"
    whole = faults[0].detail if faults[0].event is None else f"{len(faults)} of {events} events cannot be accepted"
    return Problem(kind, whole, faults=faults)


def of_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem for a status that the framework raised: no such path, no such method."""
    kind: Kind = next((kind for kind, (code, _) in KINDS.items() if code == status), "internal-error")
    return Problem(kind, HTTPStatus(KINDS[kind][0]).phrase, headers=headers)


def _plain(fault: Fault) -> dict[str, Any]:
    whole = {"event": fault.event, "reason": fault.reason, "fields": list(fault.fields), "detail": fault.detail}
    return {name: value for name, value in whole.items() if value is not None and value != []}


def _in_words(where: Place) -> str:
    return f"line {where.line}, column {where.column}"
