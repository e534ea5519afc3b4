"""Commands get their settings from a file, the environment and the command line, and the store that these name."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from schemas.errors import StoreAwayError, UsageError
from services.settings import Settings
from services.settings_options import existing_store, settings_options, store_to_fill
from services.store_settings import StoreSettings


@click.command()
@settings_options
def command(*, settings: Settings) -> None:
    click.echo(f"{settings.data_dir} {settings.store.url if settings.store else None}")


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("data_dir: from-the-file\nstore: {url: 'http://from-the-file'}\n")

    def told(*arguments: str) -> str:
        return CliRunner().invoke(command, arguments, catch_exceptions=False).output.strip()

    assert told() == "ashiato-data None"
    assert told("--config", str(file)) == "from-the-file http://from-the-file"
    monkeypatch.setenv("ASHIATO_DATA_DIR", "from-the-environment")
    monkeypatch.setenv("ASHIATO_CONFIG", str(file))
    assert told() == "from-the-environment http://from-the-file"
    monkeypatch.setenv("ASHIATO_STORE__URL", "https://from-the-environment")
    assert told("--data-dir", "here") == "here https://from-the-environment"
    monkeypatch.setenv("ASHIATO_DATA_DIR", "")
    assert told() == "from-the-file https://from-the-environment"


def test_only_what_fills_a_store_makes_one(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with pytest.raises(UsageError, match="there is no evidence here"):
        existing_store(settings)
    assert list(tmp_path.iterdir()) == []
    store_to_fill(settings).close()
    existing_store(settings).close()


def test_a_server_is_asked_and_not_the_data_directory(tmp_path: Path) -> None:
    store_to_fill(Settings(data_dir=tmp_path / "data")).close()
    away = StoreSettings(url="http://127.0.0.1:1", connect_seconds=1)
    for opened in (existing_store, store_to_fill):
        with pytest.raises(StoreAwayError, match=r"http://127\.0\.0\.1:1: the store cannot be reached"):
            opened(Settings(data_dir=tmp_path / "data", store=away))


def test_a_check_of_the_register_loads_neither_settings_nor_the_store() -> None:
    program = (
        "import sys, services.commands.register\n"
        "print([name for name in ('services.settings', 'services.store', 'aiokafka', 'chdb') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
