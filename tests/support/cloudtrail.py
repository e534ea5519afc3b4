"""CloudTrail records for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from streams.adapt.cloudtrail.record import Record

FIXTURES = Path(__file__).parent.parent / "fixtures" / "cloudtrail"
SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "cloudtrail"

ACCOUNT = "111122223333"
OTHER = "444455556666"
USER = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/hanako", "accountId": ACCOUNT, "userName": "hanako"}


def plain(call: str, parameters: Any = None, **more: Any) -> dict[str, Any]:
    """Return a record of ``service:EventName`` as plain data; ``more`` adds or replaces top-level fields."""
    service, _, name = call.partition(":")
    return {
        "eventID": "id-1", "eventTime": "2026-11-01T00:00:00Z", "eventSource": f"{service}.amazonaws.com",
        "eventName": name, "awsRegion": "ap-northeast-1", "sourceIPAddress": "192.0.2.10", "userIdentity": USER,
        "recipientAccountId": ACCOUNT, "requestParameters": parameters, "responseElements": None, **more,
    }  # fmt: skip


def record(call: str, parameters: Any = None, **more: Any) -> Record:
    """Return the same as a decoded record."""
    return msgspec.json.decode(json.dumps(plain(call, parameters, **more)), type=Record)


def message(call: str, parameters: Any = None, **more: Any) -> bytes:
    """Return the same as bytes."""
    return json.dumps(plain(call, parameters, **more)).encode()


def records(path: Path) -> list[bytes]:
    """Return the records of a fixture or sample, one message each."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ndjson":
        return [line.encode() for line in text.splitlines()]
    whole = json.loads(text)
    return [json.dumps(one).encode() for one in (whole["Records"] if isinstance(whole, dict) else whole)]
