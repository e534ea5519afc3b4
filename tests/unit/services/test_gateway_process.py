"""The gateway does not start without what it needs."""

import pytest

from schemas.errors import UsageError
from services.gateway_process import gateway_settings
from services.settings import Settings


def test_a_gateway_needs_to_know_its_producers() -> None:
    with pytest.raises(UsageError, match="producers_file is not set"):
        gateway_settings(Settings())
