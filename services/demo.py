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

from schemas.errors import ManyErrors, Place, UsageError
from schemas.register import Register
from services.amounts import counted
from services.context import build_context
from services.data_dir import MODE, DataDir
from services.demo_report import Day, read_day
from services.ingest import Ingest, Summary
from services.interpretation_files import read_interpretations
from services.register_files import read_register
from services.register_store import Doer, load_register, stored_gaps
from services.store import Store
from streams.rules import Rulebook

DEFAULT_DATA_DIR: Final = "ashiato-demo"
LOGS: Final = "logs"
SIZE: Final = "events.txt"
"""File beside the logs that says how many events of ordinary work they hold."""
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
        """Write the day's logs below the data directory and return the files.

        Raises:
            UsageError: the logs of a day with another number of events are there.
        """
        generator = self.generator()
        count = generator.DEFAULT_EVENTS if events is None else events
        size = data_dir / LOGS / SIZE
        if size.exists() and size.read_text("ascii") != f"{count}\n":
            why = f"it has {counted(int(size.read_text('ascii')), 'event')} of ordinary work, not {count}"
            raise _another_day(data_dir, why)
        data_dir.mkdir(mode=MODE, parents=True, exist_ok=True)
        files: list[Path] = generator.write(data_dir / LOGS, count=count)
        size.write_text(f"{count}\n", "ascii")
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


@dataclass(frozen=True, slots=True)
class Played:
    """A day that was played.

    Attributes:
        day: what the store says of it.
        rulebook: the rules it was judged by.
    """

    day: Day
    rulebook: Rulebook


def play(
    carrier: Carrier,
    data_dir: Path,
    *,
    register_path: Path | None = None,
    events: int | None = None,
    who: str,
    now: Callable[[], dt.datetime],
    new_id: Callable[[], str],
    say: Callable[[str], None] = lambda _: None,
) -> Played:
    """Write the day, load the register, ingest the logs, and return what the store says of it all.

    Args:
        carrier: the example.
        data_dir: where logs and evidence go; made if missing. Played there again, the same day adds nothing.
        register_path: another register than the carrier's.
        events: messages of ordinary work; None: as many as the example has.
        who: who plays it; loading a register and reading evidence are recorded.
        now: the clock, UTC.
        new_id: names ranges and acts.
        say: is told of each step.

    Raises:
        UsageError: another day is recorded in this directory, or evidence that is no demo's.
    """
    _check_own(carrier, data_dir, now())
    files = carrier.write_day(data_dir, events)
    size = sum(file.stat().st_size for file in files) / 1e6
    say(f"1  Wrote the day's logs to {data_dir / LOGS}: {counted(len(files), 'file')}, {size:.1f} MB.")
    register = read_register([register_path or carrier.register])
    with Store.open(data_dir, now=now(), create=True) as store:
        version, _ = load_register(store, register, Doer(who, now(), new_id))
    say(f"2  Loaded the register: {counted(version.entries, 'entry', 'entries')}, version {version.sha256[:12]}.")
    rulebook, summary = _ingest(carrier, data_dir, files, now, new_id)
    say(f"3  {_recorded(summary)}")
    with Store.open(data_dir, now=now()) as store:
        gaps = stored_gaps(store, Doer(who, now(), new_id))
        day = read_day(store, gaps, names_of(register))
        Doer(who, now(), new_id).record(store, "evidence_read", "demo", len(day.flags))
        return Played(day, rulebook)


def _check_own(carrier: Carrier, data_dir: Path, now: dt.datetime) -> None:
    """Refuse a store in which no demo was played.

    Raises:
        UsageError: it is such a one.
    """
    if (data_dir / LOGS / SIZE).exists() or not DataDir(data_dir).store.is_dir():
        return
    names = [f"file:{name}#" for name in carrier.generator().FILES.values()]
    with Store.open(data_dir, now=now) as store:
        statement = "SELECT 1 FROM range_rows WHERE multiSearchAny(source, {names:Array(String)}) LIMIT 1"
        if store.rows(statement, {"names": names}):
            return
    raise UsageError(
        "this directory holds evidence of your own",
        where=Place(str(data_dir)),
        why="the demo would add a made-up carrier's register and events to it, for good",
        todo="name a new one with --data-dir",
    )


def _ingest(
    carrier: Carrier, data_dir: Path, files: list[Path], now: Callable[[], dt.datetime], new_id: Callable[[], str]
) -> tuple[Rulebook, Summary]:
    """Record the files; return the rules and what became of the files."""
    settings = read_interpretations(carrier.interpretations)
    with Store.open(data_dir, now=now()) as store:
        context = build_context(store, now=now(), interpretations=settings)
        summary = Ingest(store, context, now=now, new_id=new_id).files(files)
    errors = [one.error for one in summary.files if one.error is not None]
    if errors:
        raise _another_day(data_dir, str(ManyErrors("the logs are not the ones recorded there", errors)))
    return context.rulebook, summary


def _another_day(data_dir: Path, why: str) -> UsageError:
    """Return the error for a directory in which something else was played."""
    what, todo = "this directory holds the evidence of another day", "name a new one with --data-dir"
    return UsageError(what, where=Place(str(data_dir)), why=why, todo=todo)


def _recorded(summary: Summary) -> str:
    """Return in words what became of the logs."""
    messages, known = summary.total("messages"), summary.total("known")
    if known and not messages:
        before = counted(known, "message")
        return f"{before} had been recorded before, so nothing was added; another --data-dir judges anew."
    rate = summary.total("events") / max(summary.seconds, 1e-9)
    return (
        f"Judged and recorded {counted(messages, 'message')} in {summary.seconds:.1f} seconds ({rate:,.0f} events/s)."
    )


def names_of(register: Register) -> dict[str, str]:
    """Return id to name of the assets and parties of a register."""
    return {entry.id: entry.name for part in (register.assets, register.parties) for entry in part}
