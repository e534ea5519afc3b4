"""What a process tells its allocator and its interpreter before the work begins.

Allocator and switching are about many columns that come and go with every batch, and about two threads that share the
interpreter: one takes messages apart in Python, the other writes into the store or talks to Kafka. Garbage and linear
algebra are about the start: a quarter of it was looking through what had just been loaded, again and again.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from typing import Final

ALLOCATOR_VARIABLE: Final = "_RJEM_MALLOC_CONF"
"""jemalloc, which Polars brings with it on Linux, reads this when Polars is imported."""

ALLOCATOR: Final = "dirty_decay_ms:10000,muzzy_decay_ms:10000"
"""Memory of the batch before is kept for the next one: ten seconds, as jemalloc does by itself. Polars asks for half a
second, and the kernel then clears the same pages again for every batch."""

BLAS_VARIABLE: Final = "OPENBLAS_NUM_THREADS"
"""numpy, which others bring with them, starts a thread of linear algebra for each core, and those look for work in vain
for 60 ms of CPU time. Nothing here multiplies matrices."""

ARENAS_VARIABLES: Final = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
"""The C library reads these when the process starts, so what is said by them cannot be said here."""

M_ARENA_MAX: Final = -8
"""Of malloc.h, for mallopt(3)."""

SWITCH_SECONDS: Final = 0.000_5
"""A thread that comes back from native code waits so long for the interpreter, at most. By default it waits ten times
as long at each of some two hundred steps of a batch while another thread runs Python."""


def prepare() -> None:
    """Set all of it, before Polars and numpy are imported; what the environment says stays."""
    os.environ.setdefault(ALLOCATOR_VARIABLE, ALLOCATOR)
    os.environ.setdefault(BLAS_VARIABLE, "1")
    _keep_one_arena()
    sys.setswitchinterval(SWITCH_SECONDS)


def _keep_one_arena() -> None:
    """Let all threads take memory from one arena of the C library.

    With one for each thread, what a batch's objects left in the arena of the thread that made them is of no use to the
    other threads. Columns are kept by allocators of their own, and Python's threads hold the interpreter while they
    ask, so hardly any of them waits for another.
    """
    # Another C library than glibc has no arenas, or no such function.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and not any(name in os.environ for name in ARENAS_VARIABLES):
        mallopt(M_ARENA_MAX, 1)


def collect_later() -> None:
    """Look for no garbage until `collect_again`: a command that is being loaded makes none, only much to look at."""
    gc.disable()


def collect_again() -> None:
    """Look for garbage again, after `collect_later`, but not among what is loaded: that stays until the end."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
