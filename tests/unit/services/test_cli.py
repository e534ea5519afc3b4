"""The command line as a whole: exit codes, and that no error is a traceback."""

import errno
import sys
from io import StringIO

import pytest

from services.cli import run


class _Full(StringIO):
    """Standard output on a disk that is full."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, _: str) -> int:
        raise OSError(self._number, "No space left on device" if self._number == errno.ENOSPC else "Broken pipe")


@pytest.mark.parametrize("arguments", [["rules", "list"], ["rules", "list", "--json"]])
def test_output_that_cannot_be_written_is_an_error_without_a_traceback(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", _Full(errno.ENOSPC))

    assert run(arguments) == 2
    assert capsys.readouterr().err == "error: no space left on device\n"


def test_a_reader_that_has_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Full(errno.EPIPE))
    monkeypatch.setattr(sys, "stderr", StringIO())

    assert run(["rules", "list", "--json"]) == 0
