"""What an event loop has logged as an error: futures and tasks that nobody asked how they ended, callbacks that failed."""

import gc

import pytest


def loop_errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the texts of those of this test, of what can be collected by now too."""
    gc.collect()
    return [one.getMessage() for one in caplog.records if one.name == "asyncio" and one.levelname == "ERROR"]
