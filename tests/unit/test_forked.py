"""Forked processes of tests end as processes do, tell what they say, and are not left behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.forked import Forked

LONG = "import time; time.sleep(600)"


def _forked(folder: Path, code: str) -> Forked:
    return Forked(exec, code, out=folder / "out", err=folder / "err")


def test_what_it_prints_is_in_its_files(tmp_path: Path) -> None:
    one = _forked(tmp_path, "import sys; print('said'); print('told', file=sys.stderr)")
    assert one.wait() == 0
    assert ((tmp_path / "out").read_text(), (tmp_path / "err").read_text()) == ("said\n", "told\n")


def test_it_begins_with_the_rules_compiled(tmp_path: Path) -> None:
    assert _forked(tmp_path, "from services.context import builtin_rulebook as b; print(b.cache_info())").wait() == 0
    assert "currsize=1" in (tmp_path / "out").read_text()


@pytest.mark.parametrize(("code", "why"), [("import sys; sys.exit('no')", "no\n"), ("1 / 0", "ZeroDivisionError")])
def test_an_error_is_exit_code_1_and_its_text(tmp_path: Path, code: str, why: str) -> None:
    assert _forked(tmp_path, code).wait() == 1
    assert why in (tmp_path / "err").read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    one = _forked(tmp_path, LONG)
    assert one.poll() is None
    one.send_signal(number)
    assert one.wait() == one.poll() == -number
    one.send_signal(number)  # nobody is there any more


def test_one_that_takes_too_long_is_told_and_ended(tmp_path: Path) -> None:
    one = _forked(tmp_path, LONG)
    with pytest.raises(TimeoutError, match="goes on after"):
        one.ended(0.2)
    assert one.poll() == -signal.SIGKILL


def test_it_does_not_outlive_a_process_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tests.support.forked import Forked\n"
        f"one = Forked(exec, {LONG!r}, out=Path(sys.argv[1], 'out'), err=Path(sys.argv[1], 'err'))\n"
        "print(one.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        command_line = Path("/proc", owner.stdout.readline().strip(), "cmdline")
        assert command_line.read_bytes()
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while command_line.exists() and command_line.read_bytes():  # that of a zombie is empty
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_loading_the_rules_asks_no_engine_whose_threads_a_fork_would_lack() -> None:
    code = (
        "import os, services.run_recorder, tests.support.stores\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "import tests.support.preloaded\n"
        "from services.context import builtin_rulebook\n"
        "print(builtin_rulebook.cache_info().currsize, len(os.listdir('/proc/self/task')) - before)\n"
        "import polars; polars.select(polars.lit(1))\n"
        "print(len(os.listdir('/proc/self/task')) > before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 0\nTrue\n"
