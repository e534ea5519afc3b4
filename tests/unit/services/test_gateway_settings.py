from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.events import MAX_MESSAGE_BYTES
from services.gateway_settings import GatewaySettings


def test_the_defaults_hold_together() -> None:
    settings = GatewaySettings(producers_file=Path("p.yaml"))
    assert settings.host == "127.0.0.1", "nobody listens to the world unless told so"
    assert settings.max_event_bytes == MAX_MESSAGE_BYTES
    assert settings.max_pending_bytes >= settings.max_batch_bytes >= settings.max_event_bytes


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"max_event_bytes": MAX_MESSAGE_BYTES + 1}, "max_event_bytes"),
        ({"max_batch_bytes": 8192, "max_pending_bytes": 4096}, "max_pending_bytes must be at least max_batch_bytes"),
        ({"body_seconds": 0}, "body_seconds"),
        ({"port": 65536}, "port"),
        ({"prot": 1}, "prot"),
    ],
)
def test_a_setting_out_of_its_range_is_named(wrong: dict[str, int], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        GatewaySettings.model_validate({"producers_file": "p.yaml", **wrong})
