import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.runtime import (
    ALLOCATOR,
    ALLOCATOR_VARIABLE,
    ARENAS_VARIABLES,
    BLAS_VARIABLE,
    SWITCH_SECONDS,
    collect_again,
    prepare,
)
from tests.support.stores import event, lines

PROGRAM = """
import sys
sys.argv = ["ashiato", "--version"]
import services.cli
assert not {"polars", "numpy"} & {*sys.modules}, "they read what they are told when they are imported"
try:
    services.cli.main()
except SystemExit:
    import os
    print(os.environ["_RJEM_MALLOC_CONF"], os.environ["OPENBLAS_NUM_THREADS"], sys.getswitchinterval())
"""


def _told(environment: dict[str, str]) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in {ALLOCATOR_VARIABLE, BLAS_VARIABLE}}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env={**clean, **environment}, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_the_command_line_tells_allocator_numpy_and_interpreter_before_polars_comes() -> None:
    assert _told({}) == f"{ALLOCATOR} 1 {SWITCH_SECONDS}"


def test_what_the_environment_says_stays() -> None:
    told = _told({ALLOCATOR_VARIABLE: "dirty_decay_ms:1", BLAS_VARIABLE: "2"})
    assert told == f"dirty_decay_ms:1 2 {SWITCH_SECONDS}"


def test_the_names_are_those_that_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ALLOCATOR_VARIABLE, raising=False)
    monkeypatch.setenv(BLAS_VARIABLE, "1")
    before = sys.getswitchinterval()
    try:
        prepare()
        assert (os.environ[ALLOCATOR_VARIABLE], sys.getswitchinterval()) == (ALLOCATOR, SWITCH_SECONDS)
    finally:
        sys.setswitchinterval(before)
        monkeypatch.setenv(ALLOCATOR_VARIABLE, ALLOCATOR)


ARENAS = """
import ctypes, threading
from services.runtime import prepare
prepare()
started = threading.Barrier(4)
def take():
    started.wait()
    held.append(bytes(100_000))  # more than the interpreter gives out by itself
held = []
threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="a C library without arenas")
@pytest.mark.parametrize(("environment", "arenas"), [({}, 1), ({"MALLOC_ARENA_MAX": "2"}, 2)], ids=str)
def test_threads_share_one_arena_of_the_c_library_if_the_environment_says_nothing_else(
    environment: dict[str, str], arenas: int
) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in ARENAS_VARIABLES}
    command = [sys.executable, "-c", ARENAS]
    done = subprocess.run(command, env={**clean, **environment}, capture_output=True, text=True, check=True)
    assert done.stderr.count("Arena ") == arenas


COLLECTS = """
import gc, sys
import services.cli
from services.lazy_group import LazyGroup
found, load = [], LazyGroup.get_command
def get_command(group, context, name):
    command = load(group, context, name)
    found.append(gc.isenabled())
    return command
LazyGroup.get_command = get_command
sys.argv = ["ashiato", *sys.argv[1:], "--help"]
try:
    services.cli.main()
except SystemExit:
    print(*found, gc.isenabled(), gc.get_freeze_count() > 0)
"""


@pytest.mark.parametrize(
    ("command", "told"), [("rules", "True True True"), ("run recorder", "False True True True")], ids=str
)
def test_garbage_is_collected_from_when_the_command_is_loaded(command: str, told: str) -> None:
    arguments = [sys.executable, "-c", COLLECTS, *command.split()]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == told


def test_within_another_program_nothing_changes_when_a_command_is_loaded() -> None:
    before = gc.get_freeze_count()
    collect_again()
    assert gc.isenabled()
    assert gc.get_freeze_count() == before


RECORDS = """
import sys
from services.cli import run
sys.exit(run(["ingest", *sys.argv[1:]]) or "pandas" in sys.modules)
"""


def test_recording_into_a_new_store_does_not_load_pandas(tmp_path: Path) -> None:
    """It comes with chDB; Arrow and the store's client would load it, in a third of a second, for what others do."""
    (tmp_path / "log.ndjson").write_text(lines([event(1, approval=["a"]), event(2)]))
    command = [sys.executable, "-c", RECORDS, "--data-dir", str(tmp_path / "data"), str(tmp_path / "log.ndjson")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
