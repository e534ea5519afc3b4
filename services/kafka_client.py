"""What every client of Kafka shares: how to reach it, and its errors as ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from aiokafka.errors import KafkaError

from schemas.errors import LogAwayError, LogError, Place, UsageError

_AWAY: Final = frozenset({
    "KafkaConnectionError", "KafkaTimeoutError", "KafkaUnavailableError", "NodeNotReadyError", "NoBrokersAvailable",
    "RequestTimedOutError", "StaleMetadata", "CorruptRecordException", "UnknownTopicOrPartitionError",
    "NotEnoughReplicasError", "NotEnoughReplicasAfterAppendError", "KafkaStorageError",
    # of an idempotent producer that has to begin anew
    "OutOfOrderSequenceNumber", "DuplicateSequenceNumber", "InvalidProducerEpoch", "InvalidProducerIdMapping",
    "UnknownProducerId", "ProducerFenced", "ProducerClosed",
})  # fmt: skip
"""Names of errors that pass by themselves, besides those that Kafka itself calls retriable."""


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach Kafka.

    Attributes:
        bootstrap: ``host:port``, several with commas between.
        protocol: with or without TLS and SASL.
        ca_file: certificates of the authority that signed the brokers'; None: the system's.
        cert_file: our certificate, for mutual TLS; ``key_file`` is its key.
        sasl_mechanism: how the password is shown.
        sasl_user: our name.
        sasl_password_file: file whose first line is the password.
        request_timeout_ms: after so long a broker that does not answer is away.
    """

    bootstrap: str = "localhost:9092"
    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_user: str | None = None
    sasl_password_file: Path | None = None
    request_timeout_ms: int = 20_000

    def options(self) -> dict[str, Any]:
        """Return what every client takes.

        Raises:
            UsageError: a file cannot be read.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": "ashiato",
            "security_protocol": self.protocol,
            "request_timeout_ms": self.request_timeout_ms,
        }
        if self.protocol.endswith("SSL"):
            options["ssl_context"] = self._tls()
        if self.protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_user
            options["sasl_plain_password"] = self._password()
        return options

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:  # ssl.SSLError is one
            raise UsageError(
                "the certificates for Kafka cannot be used", why=error.strerror or type(error).__name__,
                todo="see kafka.security.ca_file, cert_file and key_file",
            ) from None  # fmt: skip
        return context

    def _password(self) -> str:
        if self.sasl_password_file is None:
            raise UsageError("there is no password for Kafka", todo="name its file in kafka.security.password_file")
        try:
            return self.sasl_password_file.read_text(encoding="utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "the password for Kafka cannot be read", where=Place(str(self.sasl_password_file)),
                why=type(error).__name__, todo="see kafka.security.password_file",
            ) from None  # fmt: skip


@contextmanager
def told(what: str, bootstrap: str) -> Iterator[None]:
    """Turn Kafka's errors into ours.

    Raises:
        LogAwayError: it may pass.
        LogError: it will not.
    """
    try:
        yield
    except KafkaError as error:
        raise kafka_error(what, error, bootstrap) from None


def kafka_error(what: str, error: KafkaError, bootstrap: str) -> LogError:
    """Return our error for one of Kafka's."""
    name = type(error).__name__
    if error.retriable or name in _AWAY:
        todo = "see that the brokers run and that kafka.bootstrap names them; recorders try again by themselves"
        return LogAwayError(what, where=Place(bootstrap), why=name, todo=todo)
    return LogError(what, where=Place(bootstrap), why=name, todo="see the broker's log and kafka.security")
