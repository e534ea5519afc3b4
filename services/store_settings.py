"""The settings of a store that is a ClickHouse server or cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from schemas.errors import InputError, Place

DATABASE: Final = "ashiato"
HTTP_PORT: Final = 8123
HTTPS_PORT: Final = 8443
_LONGEST_SECRET: Final = 4096  # bytes of a password file
_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"
_CLUSTER: Final = r"^[A-Za-z_][A-Za-z0-9_.-]{0,62}$"

Seconds = Annotated[int, Field(ge=1, le=86_400)]


class StoreSettings(BaseModel):
    """Settings ``store.*``. Secrets come from files or the environment, and are shown nowhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="HTTP interface of the server: http://host:8123 or https://host:8443.")
    user: str = Field("default", min_length=1, max_length=256, description="User of the server.")
    password: SecretStr | None = Field(None, description="Its password; better in a file.")
    password_file: Path | None = Field(None, description="File that holds the password, such as a mounted secret.")
    ca_file: Path | None = Field(None, description="PEM file of who signs the server's certificate.")
    client_certificate_file: Path | None = Field(None, description="PEM file of our certificate, for mutual TLS.")
    client_key_file: Path | None = Field(None, description="PEM file of its private key, without a pass phrase.")
    database: str = Field(DATABASE, pattern=_NAME, description="Database that the tables are in.")
    cluster: str | None = Field(
        None, pattern=_CLUSTER, description="Cluster of the server's configuration; absent: one plain server."
    )
    compression: Literal["none", "lz4", "zstd"] = Field(
        "lz4", description="How rows travel: none inside one machine, zstd where the network is slow."
    )
    connect_seconds: Seconds = Field(10, description="Time to connect.")
    request_seconds: Seconds = Field(300, description="Time for the server to answer.")

    @field_validator("database")
    @classmethod
    def _is_a_database(cls, database: str) -> str:
        """Refuse the name that clickhouse-connect takes for none: tables would be made here and looked for there."""
        if database == "__default__":
            message = "must be the name of a database; default is one"
            raise ValueError(message)
        return database

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        """Refuse what is no address of a server, and one that holds a password: addresses stand in errors and logs."""
        message = "must be http://host:port or https://host:port"
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise ValueError(message) from None
        if parts.username is not None or parts.password is not None:
            message = "must not hold a user or password: use store.user and store.password_file"
            raise ValueError(message)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(message)
        return url.rstrip("/")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse settings of which one would be silently ignored."""
        if self.password is not None and self.password_file is not None:
            message = "password and password_file are both given"
            raise ValueError(message)
        if (self.client_certificate_file is None) != (self.client_key_file is None):
            message = "client_certificate_file and client_key_file belong together"
            raise ValueError(message)
        if (self.ca_file or self.client_certificate_file) and not self.is_https:
            message = "ca_file and client_certificate_file need an https url"
            raise ValueError(message)
        return self

    @property
    def is_https(self) -> bool:
        """Whether the way to the server is encrypted."""
        return self._parts.scheme == "https"

    @property
    def host(self) -> str:
        """Host of the server."""
        return self._parts.hostname or ""

    @property
    def port(self) -> int:
        """Port of the server."""
        return self._parts.port or (HTTPS_PORT if self.is_https else HTTP_PORT)

    @property
    def path(self) -> str:
        """Path in front of the server's own, where a proxy asks for one."""
        return self._parts.path

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    def read_password(self) -> str:
        """Return the password; empty if there is none.

        Raises:
            InputError: the file cannot be read.
        """
        if self.password_file is None:
            return self.password.get_secret_value() if self.password else ""
        try:
            with self.password_file.open("rb") as file:
                return file.read(_LONGEST_SECRET).decode().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror or "" if isinstance(error, OSError) else "it is not UTF-8"
            where = Place(str(self.password_file))
            raise InputError("the file of the store's password cannot be read", where=where, why=why) from None
