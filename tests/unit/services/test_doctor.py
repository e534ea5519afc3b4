"""The checks of the installation see what is wrong, and say what to do about it."""

import datetime as dt
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from services import doctor

NOW = dt.datetime(2026, 11, 23, 3, 4, 5, tzinfo=dt.UTC)


def test_this_python_and_its_packages_are_fine() -> None:
    assert doctor.check_python().state == "ok"
    packages = doctor.check_packages()
    assert packages.state == "ok"
    assert "polars" in packages.says
    assert "ashiato" in packages.says


def test_an_old_python_is_a_failure_that_names_the_least_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    check = doctor.check_python()
    assert (check.state, check.says) == ("fail", "3.10.4")
    assert "3.11" in check.todo


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "needed_packages", lambda: ["pydantic", "no-such-package-of-ours"])
    check = doctor.check_packages()
    assert check.state == "fail"
    assert "no-such-package-of-ours" in check.says
    assert "pydantic" not in check.says


def test_a_missing_embedded_store_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EMBEDDED", "no-such-package-of-ours")
    check = doctor.check_embedded()
    assert check.state == "fail"
    assert "ashiato[embedded]" in check.todo


def test_optional_packages_are_not_asked_for() -> None:
    assert "pytest" not in doctor.needed_packages()
    assert "chdb" not in doctor.needed_packages()


@pytest.mark.parametrize("year", [1970, 2025, 2999])
def test_a_year_that_cannot_be_is_a_failure(year: int) -> None:
    assert doctor.check_clock(NOW.replace(year=year)).state == "fail"


def test_the_clock_is_told_in_utc_with_the_local_offset() -> None:
    check = doctor.check_clock(NOW)
    assert check.state == "ok"
    assert "2026-11-23 03:04:05Z" in check.says
    assert "-0330" in check.says


def test_a_data_directory_that_does_not_exist_is_no_failure(tmp_path: Path) -> None:
    check = doctor.check_data_dir(tmp_path / "none")
    assert check.state == "warn"
    assert "ingest" in check.todo
    assert not (tmp_path / "none").exists()


def test_a_file_in_place_of_the_data_directory_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert doctor.check_data_dir(tmp_path / "file").state == "fail"


def test_a_data_directory_open_to_everybody_is_warned_of(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    check = doctor.check_data_dir(tmp_path)
    assert check.state == "warn"
    assert "chmod 700" in check.todo
    tmp_path.chmod(0o700)
    assert doctor.check_data_dir(tmp_path).state == "ok"


def test_a_data_directory_that_cannot_be_written_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The user who runs the tests may be root, who can write everywhere; so the answer of the system is set.
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # noqa: ARG005
    assert doctor.check_data_dir(tmp_path).state == "fail"


@pytest.mark.parametrize(("free", "state"), [(100, "fail"), (5 << 30, "warn"), (50 << 30, "ok")])
def test_little_space_is_told_before_it_is_none(
    free: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))  # noqa: ARG005
    assert doctor.check_space(tmp_path / "not" / "yet").state == state


def test_keys_must_be_closed_to_others(tmp_path: Path) -> None:
    key = tmp_path / "salt"
    key.write_text("00" * 32)
    key.chmod(0o640)
    check = doctor.check_keys(tmp_path)
    assert check.state == "fail"
    assert "salt" in check.says
    assert "chmod 600" in check.todo
    key.chmod(0o600)
    assert doctor.check_keys(tmp_path).state == "ok"


def test_keys_of_another_user_are_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "salt").write_text("00" * 32)
    (tmp_path / "salt").chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: 987_654)
    assert doctor.check_keys(tmp_path).state == "fail"


def test_no_keys_yet_is_no_failure(tmp_path: Path) -> None:
    assert doctor.check_keys(tmp_path / "keys").state == "warn"


@pytest.mark.parametrize("server", [False, True])
@pytest.mark.parametrize("text", ["", "no key"])
def test_a_file_that_holds_no_key_is_a_failure(text: str, server: bool, tmp_path: Path) -> None:  # noqa: FBT001  (parametrized)
    (tmp_path / "pseudonym.key").write_text(text)
    (tmp_path / "pseudonym.key").chmod(0o600)
    check = doctor.check_keys(tmp_path, server=server)
    assert (check.state, "the pseudonym key cannot be used" in check.says) == ("fail", True)
    assert str(tmp_path) in check.says
    assert [file.name for file in tmp_path.iterdir()] == ["pseudonym.key"]


def test_where_the_store_is_a_server_the_directory_needs_the_pseudonym_key_alone(tmp_path: Path) -> None:
    def found() -> dict[str, doctor.Check]:
        return {check.name: check for check in doctor.check_machine(tmp_path, NOW, server=True)}

    assert not {"embedded store", "disk space"} & found().keys()
    assert (found()["keys"].state, found()["keys"].says) == (
        "warn", "no pseudonym key: commands that read evidence are refused",
    )  # fmt: skip
    assert "pseudonym.key" in found()["keys"].todo
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "salt.key").write_text("00" * 32)
    assert found()["keys"].state == "warn"
    (tmp_path / "keys" / "pseudonym.key").write_text("00" * 32)
    for file in (tmp_path / "keys").iterdir():
        file.chmod(0o600)
    assert found()["keys"].state == "ok"
    assert "pseudonym.key" in doctor.check_data_dir(tmp_path / "none", server=True).todo


def test_no_check_prints_a_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "salt").write_text("ab" * 32)
    assert "abab" not in repr(list(doctor.check_machine(tmp_path, NOW)))
