"""A lock that does not fit pyproject.toml is refused."""

import re
from typing import Any

import pytest

from requirements.lock import HERE, LOCKS, Lock, header, problems, requirements

PROJECT: dict[str, Any] = {
    "name": "ashiato",
    "requires-python": ">=3.11",
    "dependencies": ["Rich>=15"],
    "optional-dependencies": {
        "embedded": ["chdb>=4.4"],
        "build": ["hatchling>=1"],
        "dev": ["ashiato[embedded]", "ruff>=0.17"],
    },
}
GOOD = header(PROJECT, Lock()) + "rich==15.0.0 \\\n    --hash=sha256:aa\n    # via ashiato (pyproject.toml)\n"


def test_a_lock_in_step_has_no_problem() -> None:
    assert list(problems(GOOD, PROJECT, Lock())) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("requirements: sha256:", "requirements: sha256:0", "something else"),
        ("==15.0.0", "==14.9.0", "pins Rich to ['14.9.0']"),
        ("rich==15.0.0", "richer==15.0.0", "pins Rich to nothing"),
        ("--hash=sha256:aa", "", "has no hash"),
        ("# via ashiato", "# from https://192.0.2.1/", "names a server"),
    ],
)
def test_a_lock_out_of_step_is_told_why(old: str, new: str, said: str) -> None:
    assert said in "; ".join(problems(GOOD.replace(old, new), PROJECT, Lock()))


def test_a_pin_that_differs_by_platform_must_fit_everywhere() -> None:
    two = GOOD + "rich==14.0.0 ; sys_platform == 'win32' \\\n    --hash=sha256:bb\n"
    assert [problem for problem in problems(two, PROJECT, Lock()) if "pins Rich" in problem]


def test_a_new_dependency_puts_the_lock_out_of_step() -> None:
    more = PROJECT | {"dependencies": [*PROJECT["dependencies"], "typer>=0.29"]}
    assert any("something else" in problem for problem in problems(GOOD, more, Lock()))


def test_extras_of_the_project_itself_are_unfolded() -> None:
    assert requirements(PROJECT, Lock(("dev",))) == ["Rich>=15", "chdb>=4.4", "ruff>=0.17"]


def test_a_lock_of_tools_holds_nothing_of_the_core() -> None:
    assert requirements(PROJECT, Lock(("build",), core=False)) == ["hatchling>=1"]


def test_every_lock_takes_its_versions_from_the_first() -> None:
    texts = [(HERE / name).read_text(encoding="utf-8") for name in LOCKS]
    widest, *others = [set(re.findall(r"^\S+==[^\s;\\]+", text, re.MULTILINE)) for text in texts]
    assert others
    assert not [pins - widest for pins in others if pins - widest]
