"""A store that was being made when its maker was killed is made by the next one that comes."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.store import Store
from tests.support.stores import NOW, counts

KILLED_AT = """
import itertools, os, signal, sys
from pathlib import Path
from services.migrations import Shape
from services.store import Store
from tests.support.stores import NOW

count, render = itertools.count(1), Shape.render

def mortal(shape, statement):
    for one in render(shape, statement):
        if next(count) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield one

Shape.render = mortal
Store.open(Path(sys.argv[1]), now=NOW, create=True).close()
"""


@pytest.mark.parametrize("statement", [1, 2, 5, 12])
def test_killed_while_tables_are_made_the_next_start_makes_them(tmp_path: Path, statement: int) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-c", KILLED_AT, str(data), str(statement)]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(Path.cwd())}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (data / "store").is_dir(), "it was killed while it made this store, and no other"

    with Store.open(data, now=NOW, create=True) as store:
        assert set(counts(store).values()) == {0}
        names = [row["name"] for row in store.rows("SELECT name FROM migrations ORDER BY name")]
    assert len(names) == len(set(names)) >= 2
    assert all(before < after for before, after in itertools.pairwise(names))
