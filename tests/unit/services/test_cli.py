"""The command line as a whole: exit codes, and that no error is a traceback."""

import errno
import sys
from collections.abc import Iterator
from io import StringIO

import click
import pytest

from services.cli import ashiato, run
from services.lazy_group import LazyGroup


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


def test_a_reader_that_has_gone_ends_it_in_silence_but_never_as_if_all_were_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", _Full(errno.EPIPE))
    monkeypatch.setattr(sys, "stderr", StringIO())

    assert run(["rules", "list", "--json"]) == 141


def _groups(group: click.Group, path: str) -> Iterator[tuple[str, click.Group]]:
    """Yield every group of commands below one, with how it is called."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield f"{path} {name}", found
            yield from _groups(found, f"{path} {name}")


def test_the_help_of_every_group_shows_how_its_commands_are_called() -> None:
    groups = dict(_groups(ashiato, "ashiato"))

    assert isinstance(groups["ashiato run"], LazyGroup)
    assert [path for path, group in groups.items() if path not in (group.epilog or "")] == []
