"""`make setup-kafka` brings what is missing, takes nothing for right that is not, and says what it cannot do."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.kafka import jars


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the right jars that a test may spoil."""
    copy = tmp_path / "kafka"
    shutil.copytree(jars.JARS, copy)
    monkeypatch.setattr(jars, "JARS", copy)
    return copy


def test_all_jars_are_there_as_their_digests_say(folder: Path) -> None:
    assert jars.missing() == []
    assert jars.require()[1] == folder


@pytest.mark.parametrize("how", ["changed", "gone", "foreign"])
def test_a_jar_that_is_changed_gone_or_foreign_is_named_and_nothing_runs(folder: Path, how: str) -> None:
    jar = folder / ("foreign.jar" if how == "foreign" else "kafka-clients-4.1.0.jar")
    if how == "gone":
        jar.unlink()
    else:
        jar.write_bytes(b"something else")
    assert jars.missing() == [jar.name]
    with pytest.raises(jars.SetupError, match="make setup-kafka"):
        jars.require()


def test_without_java_and_maven_a_person_who_is_not_root_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(jars, "JARS", tmp_path)
    with pytest.raises(jars.SetupError, match="apt-get install default-jre-headless maven; elsewhere"):
        jars.setup()


def test_a_java_that_is_too_old_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    old = tmp_path / "bin" / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    old.chmod(0o700)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    assert jars.java() is None
    old.write_text("#!/bin/sh\necho 'openjdk version \"17.0.2\" 2022-01-18' >&2\n")
    assert jars.java() == str(old)
