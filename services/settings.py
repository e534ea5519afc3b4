"""Settings of the processes: defaults, over them a YAML file (``--config``), over that ASHIATO_… of the environment.

``kafka.security.user`` is ``ASHIATO_KAFKA__SECURITY__USER``: two underscores for each dot; lists have commas there.
Secrets belong into files of their own, which settings name. docs/reference/settings.md is made from these models.
Answers to open legal questions are elsewhere: `schemas.interpretations`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.gateway_settings import GatewaySettings
from services.kafka_client import KafkaSettings
from services.kafka_source import ConsumerSettings
from services.logs import Level
from services.recorder import RecorderSettings
from services.spool import DEFAULT_MAX_BYTES
from services.store_settings import StoreSettings
from services.topics import INPUTS

PREFIX: Final = "ASHIATO_"
BETWEEN: Final = "__"


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_split)]
Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Seconds = Annotated[float, Field(gt=0, le=3_600)]


class Section(BaseModel):
    """A group of settings; a name that is not in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SecuritySection(Section):
    """How Kafka lets us in."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="With or without TLS (SSL) and SASL."
    )
    ca_file: Path | None = Field(
        None, description="Who signed the brokers' certificates; absent: whom the system trusts."
    )
    cert_file: Path | None = Field(None, description="Our certificate, for mutual TLS.")
    key_file: Path | None = Field(None, description="The key of our certificate.")
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How SASL shows the password."
    )
    user: str | None = Field(None, description="Our name for SASL.")
    password_file: Path | None = Field(None, description="File whose first line is the password for SASL.")


class KafkaSection(Section):
    """Kafka, in front of recorder and behind the gateway."""

    bootstrap: str = Field("localhost:9092", min_length=1, description="`host:port` of brokers, commas between.")
    group: str = Field("ashiato-recorder", min_length=1, description="Recorders of one group share the partitions.")
    topics: Words = Field(
        INPUTS, min_length=1,
        description="Topics to record; `audit.events~2` is a topic that was made anew on purpose.",
    )  # fmt: skip
    security: SecuritySection = Field(SecuritySection(), description="How it lets us in.")
    request_timeout_ms: Milliseconds = Field(20_000, description="A broker that does not answer for so long is away.")
    fetch_bytes: int = Field(64 << 20, ge=1 << 16, le=1 << 30, description="What brokers may send ahead, as it comes.")
    session_timeout_ms: Milliseconds = Field(
        15_000, description="A recorder that is not heard of for so long loses its partitions."
    )
    heartbeat_ms: Milliseconds = Field(3_000, description="How often a recorder is heard of.")
    metadata_ms: Milliseconds = Field(30_000, description="New partitions are noticed within this time.")

    def client(self) -> KafkaSettings:
        """Return how to reach Kafka."""
        security = self.security
        return KafkaSettings(
            bootstrap=self.bootstrap,
            protocol=security.protocol,
            ca_file=security.ca_file,
            cert_file=security.cert_file,
            key_file=security.key_file,
            sasl_mechanism=security.mechanism,
            sasl_user=security.user,
            sasl_password_file=security.password_file,
            request_timeout_ms=self.request_timeout_ms,
        )

    def consumer(self, drain_seconds: float) -> ConsumerSettings:
        """Return how to read Kafka; whoever takes partitions over waits for twice the time that draining may take."""
        return ConsumerSettings(
            group=self.group,
            fetch_bytes=self.fetch_bytes,
            session_timeout_ms=self.session_timeout_ms,
            heartbeat_ms=self.heartbeat_ms,
            drain_ms=int(2_000 * drain_seconds),
            metadata_ms=self.metadata_ms,
        )


class DeadLetterStopSection(Section):
    """When so much cannot be read that the recorder stops and says so."""

    messages: int = Field(1_000, ge=1, le=10_000_000, description="The share is taken over so many messages at least.")
    ratio: float = Field(0.5, gt=0, le=1, description="The share that stops; 1 stops only if nothing can be read.")


class RecorderSection(Section):
    """How much a recorder takes at a time, and how long it waits."""

    batch_rows: int = Field(30_000, ge=1, le=1_000_000, description="A batch ends with so many messages,")
    batch_bytes: int = Field(16 << 20, ge=1 << 10, le=1 << 30, description="or so many bytes,")
    batch_ms: Milliseconds = Field(500, description="or so long after its first message.")
    dead_letter_stop: DeadLetterStopSection = Field(DeadLetterStopSection(), description="When dead letters stop it.")
    drain_seconds: Seconds = Field(30.0, description="Time to finish what was begun when partitions are taken away.")
    grace_seconds: Seconds = Field(25.0, description="Time to finish what was begun after SIGTERM.")
    review_seconds: Seconds = Field(
        60.0, description="How often what came in is reviewed for event ids that were used again with other content."
    )

    def sizes(self) -> RecorderSettings:
        """Return the same as the recorder takes it."""
        return RecorderSettings(
            batch_rows=self.batch_rows,
            batch_bytes=self.batch_bytes,
            batch_ms=self.batch_ms,
            dead_letter_stop_messages=self.dead_letter_stop.messages,
            dead_letter_stop_ratio=self.dead_letter_stop.ratio,
            drain_seconds=self.drain_seconds,
            grace_seconds=self.grace_seconds,
            review_seconds=self.review_seconds,
        )


class SpoolSection(Section):
    """The spool of `ashiato serve`, in the data directory."""

    max_bytes: int = Field(
        DEFAULT_MAX_BYTES, ge=1 << 20, description="Size at which it takes nothing more, and 503 is answered."
    )
    keep_hours: int = Field(24, ge=0, le=4_320, description="What is recorded is erased from it after so long.")


class PathsSection(Section):
    """Files that events are judged with. Relative ones are looked for where the process was started."""

    register_files: Paths = Field(
        (), alias="register", description="Files and directories of the register; absent: the version loaded last."
    )
    interpretations: Path | None = Field(
        None, description="Answers to open legal questions; absent: those used last, else the defaults."
    )
    rules: Path | None = Field(None, description="Folder of rules; absent: those that come with the program.")
    mmdb: Path | None = Field(None, description="Your file of address and country; absent: addresses tell nothing.")
    salt_key: Path | None = Field(None, description="File of the salt key; absent: the data directory's own.")
    watch_seconds: Seconds = Field(
        10.0,
        description="How often register, interpretations and rules are looked at for changes; SIGHUP does so at once.",
    )


class OpsSection(Section):
    """Where /metrics, /healthz and /readyz of a recorder are; gateway and serve have them on their own port."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen at.")
    port: int = Field(9464, ge=0, le=65_535, description="Port to listen at; 0 takes a free one.")


class LogSection(Section):
    """The log on stderr."""

    level: Level = Field("info", description="What is not worth that much is not written.")


class Settings(BaseSettings):
    """All settings of all processes."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=BETWEEN,
        env_ignore_empty=True,
        enable_decoding=False,  # lists stand there with commas, not as JSON
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(Path("ashiato-data"), description="Where keys, spool and the embedded store are kept.")
    kafka: KafkaSection = Field(KafkaSection(), description="Kafka.")
    store: StoreSettings | None = Field(None, description="A server; absent: the store in the data directory.")
    recorder: RecorderSection = Field(RecorderSection(), description="The recorder.")
    gateway: GatewaySettings | None = Field(None, description="The gateway; needed by `run gateway` and `serve`.")
    spool: SpoolSection = Field(SpoolSection(), description="The spool.")
    paths: PathsSection = Field(PathsSection(), description="Files.")
    ops: OpsSection = Field(OpsSection(), description="Health and metrics.")
    log: LogSection = Field(LogSection(), description="The log.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment go before what is given, which comes from the file."""
        return env_settings, init_settings
