"""`make setup-kafka` brings what is missing, takes nothing for right that is not, and says what it cannot do."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.kafka import broker, jars
from tests.support.kafka.broker import Broker


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


def test_loaded_classes_are_those_of_the_very_jars_and_the_very_java(folder: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old-java", tmp_path / "new-java"
    old.write_text("17")
    new.write_text("21.1")
    names = [jars.archive(str(old)), jars.archive(str(new))]
    (folder / "kafka-clients-4.1.0.jar").touch()
    names.append(jars.archive(str(old)))
    (folder / "kafka-clients-4.1.0.jar").unlink()
    names.append(jars.archive(str(old)))
    assert len(set(names)) == 4
    assert jars.archive(str(old)) == names[3]


def test_a_folder_is_made_once_for_brokers_that_differ_in_their_places_only(tmp_path: Path) -> None:
    one, other = Broker(tmp_path / "one"), Broker(tmp_path / "other")
    assert one.port != other.port
    assert one.formatted == other.formatted
    assert Broker(tmp_path / "third", settings={"node.id": "2"}).formatted != one.formatted


def test_a_folder_is_made_anew_for_another_kafka(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Broker(tmp_path / "kafka")
    before = mine.formatted
    (tmp_path / "jars.sha256").write_text("another Kafka")
    monkeypatch.setattr(broker, "HERE", tmp_path)
    assert mine.formatted != before
