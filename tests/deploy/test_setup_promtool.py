"""`make setup-promtool` takes what is there, and says what it cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import promtool


def test_promtool_is_there() -> None:
    assert "promtool, version" in promtool.run("--version").stdout


def test_without_it_tests_fail_and_say_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promtool, "FOLDER", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(promtool.SetupError, match="make setup-promtool"):
        promtool.run("--version")
    with pytest.raises(promtool.SetupError, match="elsewhere install Prometheus"):
        promtool.setup()


def test_one_in_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "promtool"
    tool.write_text("#!/bin/sh\necho mine\n")
    tool.chmod(0o700)
    monkeypatch.setattr(promtool, "FOLDER", tmp_path / "none")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    promtool.setup()
    assert promtool.run("anything").stdout == "mine\n"
