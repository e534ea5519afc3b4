"""Settings: where they come from, and what is said of a wrong one."""

import os
from pathlib import Path

import pytest

from schemas.errors import InputError, ManyErrors
from services.kafka_source import ConsumerSettings
from services.recorder import RecorderSettings
from services.settings import KafkaSection, RecorderSection
from services.settings_files import read_settings, variable
from services.topics import format_of
from streams.adapt import FORMATS


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ASHIATO_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ashiato.yaml"


def told(file: Path | None, text: str = "") -> list[str]:
    """Return the errors of a file, without its path."""
    if file:
        file.write_text(text)
    with pytest.raises(ManyErrors) as caught:
        read_settings(file)
    return [str(error).replace(f"{file}:", "") for error in caught.value.errors]


def test_the_defaults_are_those_of_what_they_set() -> None:
    settings = read_settings()
    assert settings.recorder.sizes() == RecorderSettings()
    assert settings.kafka.consumer(RecorderSettings().drain_seconds) == ConsumerSettings()
    assert settings.data_dir == Path("ashiato-data")
    assert settings.gateway is None
    assert settings.store is None


def test_the_environment_goes_before_the_file_and_leaves_the_rest_of_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("kafka: {bootstrap: a:1, group: of-the-file, security: {user: me}}\nrecorder: {batch_rows: 7}\n")
    monkeypatch.setenv("ASHIATO_KAFKA__BOOTSTRAP", "b:2")
    monkeypatch.setenv("ASHIATO_KAFKA__SECURITY__PROTOCOL", "SASL_SSL")
    settings = read_settings(file)
    assert (settings.kafka.bootstrap, settings.kafka.group, settings.recorder.batch_rows) == ("b:2", "of-the-file", 7)
    assert settings.kafka.client().protocol == "SASL_SSL"
    assert settings.kafka.client().sasl_user == "me"


def test_what_a_gateway_takes_in_is_recorded_unless_somebody_chooses() -> None:
    topics = read_settings().kafka.topics
    assert topics[0] == "audit.events"  # who reads it reviews identities
    assert sorted(map(format_of, topics)) == sorted(FORMATS)


def test_lists_have_commas_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_KAFKA__TOPICS", "audit.events~2, audit.raw.cloudtrail")
    monkeypatch.setenv("ASHIATO_PATHS__REGISTER", "a.yaml,b")
    settings = read_settings()
    assert settings.kafka.topics == ("audit.events~2", "audit.raw.cloudtrail")
    assert settings.paths.register_files == (Path("a.yaml"), Path("b"))


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_KAFKA__BOOTSTRAP", "")
    assert read_settings().kafka == KafkaSection()


def test_what_a_container_platform_adds_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_GATEWAY_PORT", "tcp://10.0.0.1:8080")
    monkeypatch.setenv("ASHIATO_SERVICE_HOST", "10.0.0.1")
    assert read_settings().gateway is None


def test_the_names_of_ingest_mean_the_same_files(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_SALT_KEY", "/run/salt")
    monkeypatch.setenv("ASHIATO_MMDB", "/geo")
    file.write_text("paths: {mmdb: /of/the/file}\n")
    paths = read_settings(file).paths
    assert (paths.salt_key, paths.mmdb) == (Path("/run/salt"), Path("/of/the/file"))


def test_the_data_directory_of_the_command_line_goes_before_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_DATA_DIR", "/env")
    assert read_settings().data_dir == Path("/env")
    assert read_settings(data_dir=Path("/line")).data_dir == Path("/line")


def test_a_setting_that_does_not_exist_is_told_with_the_nearest_one(file: Path) -> None:
    assert told(file, "kafka:\n  bootsrap: a:1\ngatewy: {}\npaths: {registr: x}\n") == [
        "2:3: there is no setting kafka.bootsrap (did you mean bootstrap?)",
        "4:9: there is no setting paths.registr (did you mean register?)",
        "3:1: there is no setting gatewy (did you mean gateway?)",
    ]


def test_a_variable_that_does_not_exist_is_told_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_KAFKA__BOOTSRAP", "a:1")
    monkeypatch.setenv("ASHIATO_KAFKA__SECURTY__USER", "me")
    monkeypatch.setenv("ASHIATO_KAFAK__GROUP", "g")
    assert sorted(told(None)) == [
        "ASHIATO_KAFAK__GROUP: there are no settings kafak (did you mean kafka?)",
        "ASHIATO_KAFKA__BOOTSRAP: there is no setting kafka.bootsrap (did you mean bootstrap?)",
        "ASHIATO_KAFKA__SECURTY__USER: there is no setting kafka.securty (did you mean security?)",
    ]


def test_a_wrong_value_is_told_by_the_name_and_the_place_where_it_was_set(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASHIATO_RECORDER__BATCH_MS", "soon")
    assert told(file, "recorder:\n  batch_rows: 0\n  batch_ms: 5\nlog: {level: loud}\n") == [
        "2:15: recorder.batch_rows must be greater than or equal to 1",
        "ASHIATO_RECORDER__BATCH_MS: recorder.batch_ms must be a valid integer, unable to parse string as an integer",
        "4:14: log.level must be one of: debug, info, warning, error",
    ]


def test_no_value_becomes_part_of_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_STORE__URL", "https://me:hunter2@ch:8443")
    monkeypatch.setenv("ASHIATO_OPS__PORT", "hunter2")
    text = "\n".join(told(file, "kafka: {security: {protocol: hunter2}}"))
    assert "hunter2" not in text
    assert "store.url" in text


def test_what_is_needed_is_told_with_its_variable(file: Path) -> None:
    assert told(file, "gateway: {port: 1}\n") == [
        "1:10: gateway.producers_file is not set (set it there, or as ASHIATO_GATEWAY__PRODUCERS_FILE)"
    ]


@pytest.mark.parametrize("text", ["- a\n", "just a text\n"])
def test_a_file_that_holds_no_settings_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match="holds no settings"):
        read_settings(file)


def test_an_empty_file_holds_the_defaults(file: Path) -> None:
    file.write_text("# nothing\n")
    assert read_settings(file).recorder == RecorderSection()


def test_a_file_that_is_not_there_is_an_error(file: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_settings(file)


def test_a_variable_is_the_name_in_capitals_with_two_underscores_for_a_dot() -> None:
    assert variable(("kafka", "security", "ca_file")) == "ASHIATO_KAFKA__SECURITY__CA_FILE"


def test_draining_has_time_before_others_take_over() -> None:
    assert KafkaSection().consumer(30.0).drain_ms == 60_000
