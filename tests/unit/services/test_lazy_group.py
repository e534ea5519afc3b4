import click
import pytest
from click.testing import CliRunner

from services.cli import COMMANDS, ashiato
from services.commands.run import PROCESSES
from services.commands.run import command as run

GROUPS = pytest.mark.parametrize(("group", "table"), [(ashiato, COMMANDS), (run, PROCESSES)], ids=["ashiato", "run"])


@GROUPS
def test_every_command_of_the_table_is_there_and_no_other(group: click.Group, table: dict[str, str]) -> None:
    context = click.Context(group)

    assert group.list_commands(context) == list(table)
    assert all(isinstance(group.get_command(context, name), click.Command) for name in table)
    assert group.get_command(context, "nothing") is None


@GROUPS
def test_help_tells_the_table_and_loads_none_of_it(
    group: click.Group, table: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr("services.lazy_group.importlib.import_module", refuse)
    told = " ".join(CliRunner().invoke(group, ["--help"]).output.split())

    assert all(f"{name} {says}" in told for name, says in table.items())
