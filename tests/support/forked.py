"""Processes of tests that are forked from one that has imported what they need: they start in a fraction of the time.

Each is a process like any other, with memory, files and an end of its own, that is killed and frozen as any other. The
one that they come from is started once, imports, and does nothing else: it has neither judged nor opened anything.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

IMPORTED: Final = ["services.run_recorder", "tests.support.stores"]
"""All that takes long; chDB is not among it, for its threads would not come along."""
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(IMPORTED)


class Forked:
    """One process. It ends with the one that has started it, however that one ends.

    Args:
        main: a function of a module, for it to run; what it raises is told on its standard error.
        argument: for ``main``.
        out: file for its standard output.
        err: file for its standard error.
    """

    def __init__(self, main: Callable[[str], None], argument: str, *, out: Path, err: Path) -> None:
        out.touch()
        err.touch()
        self._process = _context.Process(target=_run, args=(main, argument, str(out), str(err)), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit code, less than 0 for the signal that ended it; None as long as it runs."""
        return self._process.exitcode

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _run(main: Callable[[str], None], argument: str, out: str, err: str) -> None:
    """Run in the new process."""
    for path, number in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    gc.freeze()  # what was imported stays; to look through it again and again takes as long as to judge
    threading.Thread(target=_end_with_the_test, daemon=True).start()
    main(argument)


def _end_with_the_test() -> None:
    """End when whoever started this process is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
