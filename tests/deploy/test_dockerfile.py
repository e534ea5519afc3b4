"""Dockerfile: what it may not do, and the image's program as its steps make it, started without the embedded store."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

from requirements.lock import LOCKS
from tests.support.deployed import ROOT, compose

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
WITHOUT_THE_STORE = "import sys; sys.modules['chdb'] = None  # an import of it fails\n"


class Step(NamedTuple):
    stage: int
    word: str
    rest: str


def steps(text: str = TEXT) -> list[Step]:
    """Return the instructions of a Dockerfile, each on one line, with the number of its stage (0: before the first)."""
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    found, stage = [], 0
    for line in filter(str.strip, lines):
        word, _, rest = line.strip().partition(" ")
        stage += word == "FROM"
        found.append(Step(stage, word, rest))
    return found


STEPS = steps()
LAST = max(step.stage for step in STEPS)


def copied() -> Iterator[str]:
    """Yield what comes from the checkout."""
    for step in STEPS:
        if step.word == "COPY" and "--from=" not in step.rest:
            *sources, _ = [part for part in step.rest.split() if not part.startswith("--")]
            yield from sources


def let_through(path: str) -> bool:
    """Return whether .dockerignore lets a path of the checkout into the build: its last line that fits counts."""
    ignored = False
    parents = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        names = [Path(one).name for one in parents] if "**/" in line else parents
        if line and not line.startswith("#") and any(fnmatch(name, pattern) for name in names):
            ignored = not line.startswith("!")
    return not ignored


def test_every_stage_begins_with_an_image_whose_tag_does_not_move() -> None:
    (given,) = [step.rest for step in STEPS if step.stage == 0]
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+-slim-[a-z]+", given)
    assert {step.rest.split()[0] for step in STEPS if step.word == "FROM"} == {"${PYTHON_IMAGE}"}
    assert LAST == 2


def test_it_ends_as_a_user_who_is_not_root() -> None:
    words = [step.word for step in STEPS if step.stage == LAST]
    (user,) = [step.rest for step in STEPS if step.word == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert "RUN" not in words[words.index("USER") :]
    ours = [service for service in compose()["services"].values() if service["image"].startswith("ashiato")]
    assert {service["user"] for service in ours} == {user}


def test_it_says_how_to_ask_whether_it_is_well_and_how_to_end_it() -> None:
    last = {step.word: step.rest for step in STEPS if step.stage == LAST}
    assert "healthcheck" in last["HEALTHCHECK"]
    assert last["ENTRYPOINT"] == '["ashiato"]'
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert last["VOLUME"] == '["/var/lib/ashiato"]'


def test_whatever_is_installed_was_compared_with_a_hash_or_made_here() -> None:
    runs = [step.rest for step in STEPS if step.word == "RUN"]
    installs = [one for run in runs for one in run.split("&&") if re.search(r"\bpip\b.*\b(install|wheel)\b", one)]
    assert len(installs) == 4
    for one in installs:
        assert "--no-deps" in one
        assert ("--require-hashes" in one and "--only-binary :all:" in one) or "--no-index" in one
    assert not [step for step in STEPS if step.word == "ADD"]
    assert not re.search(r"\b(curl|wget|apt-get|git)\b", " ".join(runs))


def test_its_locks_are_those_of_the_repository() -> None:
    sources = {Path(source).name for source in copied() if source.startswith("requirements/")}
    assert sources == LOCKS.keys() - {"dev.lock"}
    assert "chdb==" not in (ROOT / "requirements/runtime.lock").read_text()
    assert "chdb==" in (ROOT / "requirements/embedded.lock").read_text()


def test_neither_argument_nor_variable_holds_a_secret() -> None:
    given = " ".join(step.rest for step in STEPS if step.word in {"ARG", "ENV"})
    assert not re.search(r"PASSWORD|TOKEN|SECRET|_KEY", given, re.IGNORECASE)


@pytest.mark.parametrize("source", sorted(copied()))
def test_what_is_copied_is_there_and_let_through(source: str) -> None:
    assert (ROOT / source).exists()
    assert let_through(source.rstrip("/"))


@pytest.mark.parametrize(
    "path",
    [
        ".git", ".venv/bin/python", "deploy/secrets/salt_key", "deploy/make_secrets.py", "ashiato-data/keys/salt.key",
        "services/__pycache__/cli.cpython-311.pyc", "tests/conftest.py", ".env", "compose.yaml",
    ],
)  # fmt: skip
def test_history_data_and_keys_do_not_get_into_a_build(path: str) -> None:
    assert not let_through(path)


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment made by the image's own steps from what a build would get, with the packages of this one.

    Two things differ: packages are not fetched anew, and the embedded store cannot be imported.
    """
    folder = tmp_path_factory.mktemp("image")
    for source in copied():
        target = folder / "build" / source.rstrip("/")
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=lambda _, names: {name for name in names if "cache" in name})
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, target)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheels = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", "wheels", "."]
    subprocess.run([*pip, *wheels], cwd=folder / "build", check=True)
    venv.create(folder / "ashiato", with_pip=False)
    python = folder / "ashiato" / "bin" / "python"
    (wheel,) = (folder / "build" / "wheels").iterdir()
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = (folder / "ashiato" / "lib").glob("python*/site-packages")
    packages = [line for line in sys.path if line == sysconfig.get_paths()["purelib"]]
    (site / "packages.pth").write_text("".join(f"{line}\n" for line in packages))
    # No sitecustomize: Debian's Python has one of its own, which comes first.
    (site / "without_the_store.pth").write_text(WITHOUT_THE_STORE)
    shutil.rmtree(folder / "build")
    return folder / "ashiato" / "bin"


def run(image: Path, folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{image}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **more}
    return subprocess.run(
        ["ashiato", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["rules", "check"],
        ["rules", "test"],
        ["interpretation", "show"],
        ["register", "check", "/etc/none"],
    ]
    + [[*service["command"], "--help"] for service in compose()["services"].values() if "ashiato" in service["image"]],
    ids=" ".join,
)
def test_its_program_has_all_that_it_needs(image: Path, tmp_path: Path, arguments: list[str]) -> None:
    done = run(image, tmp_path, *arguments, ASHIATO_DATA_DIR=str(tmp_path / "data"))
    expected = 2 if "/etc/none" in arguments else 0
    assert done.returncode == expected, done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_the_embedded_store_it_says_so(image: Path, tmp_path: Path) -> None:
    done = run(image, tmp_path, "migrate", ASHIATO_DATA_DIR=str(tmp_path / "data"))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "embedded" in done.stderr
