"""Processes of tests that are forked from one that has imported what they need: they start in a fraction of the time.

Each is a process like any other, with memory, files and an end of its own, that is killed and frozen as any other. The
one that they come from is started once and does nothing but to load: it has neither judged nor opened anything.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOADED: Final = "tests.support.preloaded"
"""chDB is not among what it loads, for its threads would not come along."""
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([LOADED])


class Forked:
    """One process. It ends with the one that has started it, however that one ends.

    Args:
        main: a function of a module, for it to run; what it raises is told on its standard error.
        argument: for ``main``.
        out: file for its standard output.
        err: file for its standard error.
        file_bytes: none of its files may grow beyond, as on a full disk.
    """

    def __init__(
        self, main: Callable[[str], None], argument: str, *, out: Path, err: Path, file_bytes: int | None = None
    ) -> None:
        out.touch()
        err.touch()
        arguments = (main, argument, str(out), str(err), file_bytes)
        self._process = _context.Process(target=_run, args=arguments, daemon=True)
        self._asking = threading.Lock()
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit code, less than 0 for the signal that ended it; None as long as it runs."""
        with self._asking:  # of two threads that ask at the moment of its end, one would get a wrong answer
            return self._process.exitcode

    def wait(self, seconds: float = math.inf) -> int:
        """Wait for its end, so many seconds at most; return its exit code."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} goes on after {seconds} s")
            time.sleep(0.01)
        return code

    def ended(self, seconds: float) -> int:
        """Wait for its end, and kill it if it has not ended after so many seconds; return its exit code."""
        try:
            return self.wait(seconds)
        finally:
            self.send_signal(signal.SIGKILL)
            self.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _run(main: Callable[[str], None], argument: str, out: str, err: str, file_bytes: int | None) -> None:
    """Run in the new process."""
    if file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # what is too long is an error then, and not the end
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
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
