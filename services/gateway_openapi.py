"""What the gateway's OpenAPI document says of its routes."""

from __future__ import annotations

from typing import Any, Final

from services.gateway_problems import KINDS, MEDIA_TYPE

_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "enum": [f"urn:ashiato:problem:{kind}" for kind in KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["reason", "detail"],
                "properties": {
                    "event": {"type": "integer", "description": "Zero-based index of the event in the request."},
                    "reason": {"type": "string"},
                    "fields": {"type": "array", "items": {"type": "string"}},
                    "detail": {"type": "string"},
                },
            },
        },
        "more_errors": {"type": "integer"},
    },
}
_ACCEPTED: Final = {
    "type": "object",
    "required": ["accepted"],
    "properties": {"accepted": {"type": "integer", "description": "Events that are durable now."}},
}
_RETRIED: Final = {"rate-limited", "unavailable"}


def _responses() -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {
        202: {"description": "Every event is durable.", "content": {"application/json": {"schema": _ACCEPTED}}}
    }
    for kind, (status, title) in KINDS.items():
        found[status] = {"description": title, "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
        if kind in _RETRIED:
            found[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return found


def _documented(summary: str, media_types: tuple[str, ...]) -> dict[str, Any]:
    content: dict[str, Any] = {name: {"schema": {}} for name in media_types}
    return {
        "summary": summary,
        "status_code": 202,
        "responses": _responses(),
        "response_model": None,
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
    }


EVENTS_DOC: Final = _documented(
    "Send events: CloudEvents 1.0 in the structured, binary or batched mode.",
    ("application/cloudevents+json", "application/cloudevents-batch+json", "application/json"),
)
RAW_DOC: Final = _documented("Send one message of a foreign log format.", ("application/json",))
