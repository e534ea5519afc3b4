"""How Kafka is reached, and its errors as ours."""

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import errors

from schemas.errors import LogAwayError, LogError, UsageError
from services.kafka_client import KafkaSettings, told


def test_a_password_comes_from_the_first_line_of_its_file_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\nnext\n")
    settings = KafkaSettings("a:1,b:2", protocol="SASL_PLAINTEXT", sasl_user="me", sasl_password_file=file)
    options = settings.options()
    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("me", "s3cret")
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("missing", [None, "no-such-file"])
def test_a_password_that_cannot_be_read_is_told_by_its_setting(tmp_path: Path, missing: str | None) -> None:
    file = tmp_path / missing if missing else None
    with pytest.raises(UsageError, match=r"kafka\.security\.password_file"):
        KafkaSettings("a:1", protocol="SASL_SSL", sasl_password_file=file).options()


def test_tls_trusts_the_named_authority_or_the_system_and_a_wrong_file_is_told(tmp_path: Path) -> None:
    context = KafkaSettings("a:1", protocol="SSL").options()["ssl_context"]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    for file in (wrong, tmp_path / "missing.pem"):
        with pytest.raises(UsageError, match=r"kafka\.security\.ca_file"):
            KafkaSettings("a:1", protocol="SSL", ca_file=file).options()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.KafkaConnectionError("x"), LogAwayError),
        (errors.KafkaTimeoutError("x"), LogAwayError),
        (errors.NotEnoughReplicasError("x"), LogAwayError),
        (errors.LeaderNotAvailableError("x"), LogAwayError),
        (errors.OutOfOrderSequenceNumber("x"), LogAwayError),
        (errors.TopicAuthorizationFailedError("x"), LogError),
        (errors.MessageSizeTooLargeError("x"), LogError),
        (errors.UnsupportedVersionError("x"), LogError),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else one.__name__,
)
def test_what_may_pass_is_away_and_what_will_not_is_an_error_and_neither_quotes_kafka(
    error: Any, kind: type[LogError]
) -> None:
    with pytest.raises(LogError) as ours, told("this cannot be done", "broker:1"):
        raise error
    assert type(ours.value) is kind
    assert str(ours.value).startswith(f"broker:1: this cannot be done: {type(error).__name__}")


def test_other_errors_are_not_touched() -> None:
    with pytest.raises(ZeroDivisionError), told("this cannot be done", "broker:1"):
        SimpleNamespace(x=1 // 0)
