"""Two ways to one and the same ClickHouse: inside this process (chDB), or over HTTP to a server.

Above this everything is equal: the same SQL, the same tables, the same client.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol

import clickhouse_connect
import cramjam
import urllib3
from clickhouse_connect import common
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from schemas.errors import InputError, Place, StoreError, UsageError
from services.arrow_streams import ArrowStream
from services.data_dir import DataDir
from services.store_errors import TROUBLE, failure, remote_failure
from services.store_settings import DATABASE, StoreSettings
from services.written_parts import Engine

ARROW: Final = "ArrowStream"
_PIECE_BYTES: Final = 1 << 20
_THREADS: Final = 8
_ENGINE: Final[dict[str, Any]] = {"background_pool_size": 1, "background_merges_mutations_concurrency_ratio": 8}
"""Merges leave a core to whoever records: each batch adds a part to each table, so all tables are merged at one moment.
One thread has them all, a step of each in turn, eight at a time, so that no small one waits for the end of four large
ones. (Eight may not be less than the tables' ``number_of_free_entries_in_pool_…``, which are 0 in this build.)"""
_INSERT: Final[dict[str, Any]] = {
    "async_insert": 0,  # the server's default would gather rows and let another insert's error be ours
    "wait_end_of_query": 1,  # the status of the answer is that of the whole insert
}
_CLUSTER: Final[dict[str, Any]] = {
    "distributed_foreground_insert": 1,  # rows are on their shard when the insert returns
    "insert_quorum": "auto",  # and on most of its replicas
    "distributed_product_mode": "global",  # a subquery is asked once, and its answer is sent to the shards
}

common.set_setting("send_os_user", False)  # a person's name; who asked stands in the acts
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())  # our errors say it, once


class Connector(Protocol):
    """A way to the store.

    Attributes:
        directory: where the keys lie.
        where: what errors name.
        database: database of the tables.
        cluster: name of the cluster; None where there is one server.
        has_keys: the directory is the one in which this store's keys are made. Those of a server are made by its
            recorders; whoever only reads has a copy.
    """

    directory: DataDir
    where: Place
    database: str
    cluster: str | None
    has_keys: bool

    def client(self, *, database: str | None, settings: Mapping[str, Any]) -> Client:
        """Return a new client.

        Raises:
            StoreError: it cannot be had.
        """

    def insert(self, client: Client, table: str, columns: Sequence[str], rows: ArrowStream) -> None:
        """Append rows, a stream that is not looked at after this; once, whatever happens on the way."""

    def checked(self, client: Client, tables: Sequence[str]) -> AbstractContextManager[None]:
        """See, where that can be seen, that what is inserted into some tables within is written.

        One that lies within another of the same thread and has no further tables leaves it to that one.
        """

    def failed(self, what: str, error: Exception) -> StoreError:
        """Return our own error for one that a client raised."""

    def close(self) -> None:
        """Let everything go."""


class Embedded:
    """ClickHouse inside this process, over a data directory that this process holds."""

    def __init__(self, directory: DataDir) -> None:
        self.directory = directory
        self.where = Place(str(directory.path))
        self.database = DATABASE
        self.cluster: str | None = None
        self.has_keys = True
        self._former_tempdir = tempfile.tempdir
        # Where rows are no file of memory, the client hands them to the engine through temporary files: they stay under
        # our own roof and clock.
        tempfile.tempdir = str(directory.temporary)

    def client(self, *, database: str | None, settings: Mapping[str, Any]) -> Client:
        """Return a new client of the engine."""
        try:
            return clickhouse_connect.get_client(
                interface="chdb",
                path=str(self.directory.store),
                database=database,
                settings=dict(settings),
                tz_mode="aware",
                chdb_options=_ENGINE,
            )
        except ImportError:  # images that talk to a server leave half a gigabyte out
            raise UsageError(
                "the embedded store is not installed", where=self.where,
                todo="name a server in store.url, or pip install 'ashiato[embedded]'",
            ) from None  # fmt: skip
        except TROUBLE as error:
            raise self.failed("the store cannot be opened", error) from None

    def insert(self, client: Client, table: str, columns: Sequence[str], rows: ArrowStream) -> None:
        """Append rows."""
        if rows.path is None:  # the client lays them down in a file; it writes any buffer as it is
            client.raw_insert(table, columns, rows.bytes, fmt=ARROW)  # type: ignore[arg-type]
        else:
            names = ", ".join(map(quote_identifier, columns))
            client.command(f"INSERT INTO {table} ({names}) FROM INFILE '{rows.path}' FORMAT {ARROW}")

    def checked(self, client: Client, tables: Sequence[str]) -> AbstractContextManager[None]:
        """See that what is inserted within is written."""
        return self.directory.written.checked(engine_of(client), [(self.database, table) for table in tables])

    def failed(self, what: str, error: Exception) -> StoreError:
        """Return our own error for one of the engine."""
        return failure(what, error, self.where)

    def close(self) -> None:
        """Let the data directory go."""
        tempfile.tempdir = self._former_tempdir
        self.directory.release()


def engine_of(client: Client) -> Engine:
    """Return how a client asks."""

    def rows(sql: str, parameters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        return list(client.query(sql, parameters=dict(parameters)).named_results())

    return Engine(rows, client.command, TROUBLE)


class Remote:
    """ClickHouse over HTTP.

    Args:
        settings: the server, and who we are to it.
        directory: where the keys lie.
        token: a bearer token in place of user and password, for a front on this machine.
        where: what errors name; by default the server's address.
    """

    def __init__(
        self, settings: StoreSettings, directory: DataDir, *, token: str | None = None, where: Place | None = None
    ) -> None:
        self.directory = directory
        self.where = where or Place(settings.url)
        self.database = settings.database
        self.cluster = settings.cluster
        self.has_keys = token is not None  # of a front on this machine, whose directory this is
        self._settings = settings
        self._token = token
        # A pool that is given is used as it is: a proxy of the environment would get to see the token.
        self._pool = urllib3.PoolManager(maxsize=_THREADS) if token else None

    def client(self, *, database: str | None, settings: Mapping[str, Any]) -> Client:
        """Return a new client with connections of its own; the password's file is read each time, so it may change."""
        given = self._settings
        try:
            return clickhouse_connect.get_client(
                interface="https" if given.is_https else "http",
                host=given.host,
                port=given.port,
                proxy_path=given.path,
                database=database,
                settings={**(_CLUSTER if self.cluster else {}), **settings},
                tz_mode="aware",
                compress=given.compression if given.compression != "none" else False,
                connect_timeout=given.connect_seconds,
                send_receive_timeout=given.request_seconds,
                query_retries=0,  # whoever asks decides
                autogenerate_session_id=False,  # any node of a cluster may answer
                form_encode_query_params=True,  # values of queries stay out of addresses, and so of access logs
                dedicated_pool=self._pool is None,
                **self._credentials(),
            )
        except InputError:
            raise
        except TROUBLE as error:
            raise self.failed("the store cannot be reached", error) from None

    def _credentials(self) -> dict[str, Any]:
        """Return who we are, as the client wants to have it."""
        given = self._settings
        if self._token:
            return {"access_token": self._token, "pool_mgr": self._pool}
        password = given.read_password()
        return {
            "username": given.user,
            "password": password,
            "ca_cert": str(given.ca_file) if given.ca_file else None,
            "client_cert": str(given.client_certificate_file) if given.client_certificate_file else None,
            "client_cert_key": str(given.client_key_file) if given.client_key_file else None,
            "tls_mode": "strict" if given.client_certificate_file and password else None,
        }

    def insert(self, client: Client, table: str, columns: Sequence[str], rows: ArrowStream) -> None:
        """Append rows.

        The body is given as a generator, which the client cannot begin anew: bytes it would send a second time when the
        connection breaks, and rows that were written already would be there twice under one range id.
        """
        method = self._settings.compression
        client.raw_insert(
            table, columns, _body(rows.bytes, method), settings=_INSERT, fmt=ARROW,
            compression=None if method == "none" else method,
        )  # fmt: skip

    def checked(self, client: Client, tables: Sequence[str]) -> AbstractContextManager[None]:  # noqa: ARG002  (Connector's signature)
        """Believe the server: its disk is out of our sight."""
        return nullcontext()

    def failed(self, what: str, error: Exception) -> StoreError:
        """Return our own error for one of the server, or of the way to it."""
        return remote_failure(what, error, self.where)

    def close(self) -> None:
        """Let connections go that clients do not own."""
        if self._pool is not None:
            self._pool.clear()


def _body(rows: memoryview, compression: str) -> Generator[bytes, None, None]:
    """Yield an Arrow stream in pieces, compressed."""
    pieces: Iterable[bytes] = (bytes(rows[at : at + _PIECE_BYTES]) for at in range(0, len(rows), _PIECE_BYTES))
    if compression == "none":
        yield from pieces
        return
    compressor = cramjam.lz4.Compressor() if compression == "lz4" else cramjam.zstd.Compressor(level=1)
    for piece in pieces:
        compressor.compress(piece)
        if ready := bytes(compressor.flush()):
            yield ready
    yield bytes(compressor.finish())
