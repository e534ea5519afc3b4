"""The demo: a day of the example carrier is written, its register loaded, its logs ingested, and the evidence read.

Nothing of what it tells is written down beforehand: all is asked of the store.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from schemas.errors import UsageError
from schemas.register import Register

DEFAULT_DATA_DIR: Final = "ashiato-demo"
LOGS: Final = "logs"
_GENERATOR: Final = "ashiato_example_carrier"


@dataclass(frozen=True, slots=True)
class Carrier:
    """The example carrier as it is installed.

    Attributes:
        folder: its files.
    """

    folder: Path

    @property
    def register(self) -> Path:
        """Folder of the register's YAML files."""
        return self.folder / "register"

    @property
    def interpretations(self) -> Path:
        """File of the carrier's answers to open legal questions."""
        return self.folder / "interpretations.yaml"

    def generator(self) -> ModuleType:
        """Return ``generate.py`` as a module; it is a program of its own and imports nothing of ours."""
        spec = importlib.util.spec_from_file_location(_GENERATOR, self.folder / "generate.py")
        if spec is None or spec.loader is None:
            raise UsageError("the example carrier cannot be loaded", todo="install the package again")
        module = importlib.util.module_from_spec(spec)
        sys.modules[_GENERATOR] = module  # dataclasses look their module up by name
        spec.loader.exec_module(module)
        return module

    def write_day(self, data_dir: Path, events: int | None = None) -> list[Path]:
        """Write the day's logs below the data directory and return the files."""
        generator = self.generator()
        count = generator.DEFAULT_EVENTS if events is None else events
        files: list[Path] = generator.write(data_dir / LOGS, count=count)
        return files


def example_carrier() -> Carrier:
    """Return the example: beside this module in an installed wheel, in ``examples/`` in a checkout.

    Raises:
        UsageError: this installation holds neither.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "example_carrier", here.parent / "examples" / "carrier"):
        if (folder / "generate.py").is_file():
            return Carrier(folder)
    raise UsageError("this installation holds no example carrier", todo="install the wheel, or run in a checkout")


def names_of(register: Register) -> dict[str, str]:
    """Return id to name of the assets and parties of a register."""
    return {entry.id: entry.name for part in (register.assets, register.parties) for entry in part}
