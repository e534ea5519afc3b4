"""Write or check the hash locks in this folder.

``python requirements/lock.py write`` resolves pyproject.toml anew for every platform and Python version that the
project supports. ``python requirements/lock.py check`` tells, without any network, whether the locks still fit it:
same requirements as when they were written, every pin within its bound and hashed, no address of any server in them.

Exit codes: 0 done or in step, 1 a lock is out of step, 2 wrong use.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
PYPROJECT = HERE.parent / "pyproject.toml"


class Lock(NamedTuple):
    """What a lock holds: extras of pyproject.toml, and the core dependencies or not."""

    extras: tuple[str, ...] = ()
    core: bool = True


# The first holds all the others, and they take their versions from it: what is tested is what ships.
LOCKS = {
    "dev.lock": Lock(("dev",)),
    "runtime.lock": Lock(),  # what the image holds
    "embedded.lock": Lock(("embedded",)),  # the same with the store inside
    "build.lock": Lock(("build",), core=False),  # what builds the wheel that goes into the image
}

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
_HEADER = "# Written by `make lock` from pyproject.toml; do not edit. requirements: sha256:{digest}\n"


def requirements(project: dict[str, Any], lock: Lock) -> list[str]:
    """Return the sorted requirements of a lock; the project's own extras are unfolded."""
    found: set[str] = set(project["dependencies"] if lock.core else ())
    waiting = list(lock.extras)
    while waiting:
        for line in project["optional-dependencies"][waiting.pop()]:
            parsed = Requirement(line)
            if parsed.name == project["name"]:
                waiting.extend(parsed.extras)
            else:
                found.add(line)
    return sorted(found)


def header(project: dict[str, Any], lock: Lock) -> str:
    """Return the first line of a lock: it names the digest of what was asked for."""
    asked = {"python": project["requires-python"], "requirements": requirements(project, lock)}
    return _HEADER.format(digest=hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest())


def problems(text: str, project: dict[str, Any], lock: Lock) -> Iterator[str]:
    """Yield what is wrong with the lock `text`, one sentence each."""
    if not text.startswith(header(project, lock)):
        yield "pyproject.toml asks for something else than when it was written"
    if "://" in text:
        yield "it names a server; a lock holds names, versions and hashes only"
    pins: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if pin := _PIN.match(block):
            pins.setdefault(canonicalize_name(pin["name"]), []).append(pin["version"])
            if "--hash=sha256:" not in block:
                yield f"{pin['name']} {pin['version']} has no hash"
    for line in requirements(project, lock):
        wanted = Requirement(line)
        versions = pins.get(canonicalize_name(wanted.name), [])
        if not versions or not all(wanted.specifier.contains(version, prereleases=True) for version in versions):
            yield f"it pins {wanted.name} to {versions or 'nothing'}, and pyproject.toml asks for {line}"


def write(project: dict[str, Any]) -> int:
    """Resolve every lock again; pins that still fit stay, `--upgrade` as a second argument moves them."""
    widest = next(iter(LOCKS))
    for name, lock in LOCKS.items():
        # Extras without the core are nothing that uv can ask pyproject.toml for: their lines go in by hand.
        source = [PYPROJECT.name, *(f"--extra={extra}" for extra in lock.extras)] if lock.core else ["-"]
        command = [
            *("uv", "pip", "compile", *source, f"--output-file={HERE.name}/{name}", "--quiet", "--universal"),
            *("--python-version", project["requires-python"].removeprefix(">="), "--generate-hashes"),
            *("--no-header", "--no-emit-index-url", "--annotation-style", "line"),
            *([] if name == widest else [f"--constraint={HERE.name}/{widest}"]),
            *sys.argv[2:],
        ]
        given = "\n".join(requirements(project, lock))  # uv reads it for "-" alone
        subprocess.run(command, check=True, cwd=HERE.parent, input=given, text=True)  # no paths of ours in comments
        target = HERE / name
        target.write_text(header(project, lock) + target.read_text(encoding="utf-8"), encoding="utf-8")
    return check(project)


def check(project: dict[str, Any]) -> int:
    """Print every lock's problems; return 0 when there are none, else 1."""
    wrong = [
        f"requirements/{name}: {problem}; run `make lock`"
        for name, lock in LOCKS.items()
        for problem in problems((HERE / name).read_text(encoding="utf-8"), project, lock)
    ]
    print("\n".join(wrong) or f"requirements: {len(LOCKS)} locks are in step with pyproject.toml")
    return int(bool(wrong))


def main() -> int:
    """Run the command in argv."""
    commands = {"write": write, "check": check}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    return commands[sys.argv[1]](tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"])


if __name__ == "__main__":
    sys.exit(main())
