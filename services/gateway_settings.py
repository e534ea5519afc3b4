"""The settings of the gateway: where it listens, whom it lets in, and the limits that keep it standing."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.events import MAX_MESSAGE_BYTES

_MIB = 1 << 20


class TlsSettings(BaseModel):
    """TLS of the gateway's port; PEM files, the key without a pass phrase."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificate_file: Path = Field(description="The server's certificate and its chain.")
    key_file: Path = Field(description="The private key of the certificate.")
    client_ca_file: Path | None = Field(
        None, description="Who signs the certificates of producers; absent: producers have tokens only."
    )


class GatewaySettings(BaseModel):
    """Settings ``gateway.*``; each limit protects memory, the log behind, or other producers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen at.")
    port: int = Field(8080, ge=0, le=65_535, description="Port to listen at; 0 takes a free one.")
    producers_file: Path = Field(description="YAML file of the producers that may send.")
    tls: TlsSettings | None = Field(None, description="Absent: plain HTTP, for a loopback or behind a proxy.")

    max_event_bytes: int = Field(
        MAX_MESSAGE_BYTES, ge=1024, le=MAX_MESSAGE_BYTES, description="Bytes of one event; more is answered with 413."
    )
    max_batch_bytes: int = Field(4 * _MIB, ge=1024, le=64 * _MIB, description="Bytes of one request.")
    max_batch_events: int = Field(10_000, ge=1, le=100_000, description="Events of one request.")
    max_pending_bytes: int = Field(
        64 * _MIB, ge=1024, description="Bytes of all requests being read or not yet durable; past it 503 is answered."
    )
    max_connections: int = Field(1_000, ge=1, description="Connections at a time; further ones are answered with 503.")

    events_per_second: int = Field(
        5_000, ge=1, description="Rate of one producer, unless the producers file gives another; past it 429."
    )
    burst: int = Field(20_000, ge=1, description="Events that a producer may send at once after a pause.")

    header_seconds: float = Field(10, gt=0, le=600, description="Time for a client to send the head of a request.")
    body_seconds: float = Field(30, gt=0, le=600, description="Time for a client to send the body of a request.")
    append_seconds: float = Field(
        15, gt=0, le=600, description="Time for the log behind to make events durable; past it 503 is answered."
    )
    grace_seconds: int = Field(20, ge=1, le=600, description="Time for open requests to end after SIGTERM.")

    @model_validator(mode="after")
    def _one_request_fits(self) -> Self:
        """Refuse limits under which a request that is allowed could never be taken."""
        if self.max_pending_bytes < self.max_batch_bytes:
            message = "max_pending_bytes must be at least max_batch_bytes"
            raise ValueError(message)
        return self
