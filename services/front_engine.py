"""Runs statements of the front on the engine inside this process."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, Final

import chdb

from schemas.errors import StoreAwayError, StoreError
from services.data_dir import DataDir
from services.front_wire import BAD_REQUEST, CORRUPTED_DATA, NOT_ENOUGH_SPACE, FrontError, Statement
from services.written_parts import Engine

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CODE: Final = re.compile(r"Code: (\d+)\.")
_INTO: Final = re.compile(r"\s*INSERT\s+INTO\s+(?:`?(?P<database>\w+)`?\.)?`?(?P<table>\w+)`?", re.IGNORECASE)
_KEEPS_STATE: Final = re.compile(r"\s*(SET|USE)\b", re.IGNORECASE)
_IDLE_CONNECTIONS: Final = 16
_COPY_BYTES: Final = 1 << 20
_UNKNOWN_EXCEPTION: Final = 1002

Key = tuple[str, tuple[tuple[str, str], ...]]


class FrontEngine:
    """The engine of one data directory.

    A connection keeps its database and settings, and ``readonly`` cannot be taken back, so each kind of request has its
    own ones.

    Args:
        directory: this process holds it; it has the engine's files open already, or nobody has.
        options: more for the engine's connection, for example ``{"config-file": …}``.
    """

    def __init__(self, directory: DataDir, options: str = "") -> None:
        self._name = os.path.realpath(directory.store) + options
        self._temporary = directory.temporary
        self._written = directory.written
        self._idle: list[tuple[Key, Any]] = []
        self._lock = threading.Lock()

    def run(self, statement: Statement) -> bytes:
        """Run a statement and return its result in the format that was asked for.

        Raises:
            FrontError: the engine refuses it.
        """
        with self._connection(statement) as connection:
            if statement.data is None:
                return self._query(connection, statement.sql, statement.result_format, statement.parameters)
            with self._file(statement.data) as path:
                sql = f"{statement.sql} FROM INFILE {_quoted(path)} FORMAT {statement.data_format}"
                with self._checked(connection, statement):
                    return self._query(connection, sql, statement.result_format, {})

    @contextmanager
    def _checked(self, connection: Any, statement: Statement) -> Iterator[None]:
        """See that what an insert says to have written is written (`services.written_parts`)."""
        into = _INTO.match(statement.sql)
        if into is None:
            yield
            return
        engine = Engine(partial(self._rows, connection), partial(self._query, connection), (FrontError,))
        try:
            with self._written.checked(engine, [(into["database"] or statement.database or "default", into["table"])]):
                yield
        except StoreError as error:
            code = NOT_ENOUGH_SPACE if isinstance(error, StoreAwayError) else CORRUPTED_DATA
            raise FrontError(code, error.why) from None

    def _rows(self, connection: Any, sql: str, parameters: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        texts = {name: f"[{','.join(map(_quoted, values))}]" for name, values in parameters.items()}
        return [json.loads(line) for line in self._query(connection, sql, "JSONEachRow", texts).splitlines()]

    def close(self) -> None:
        """Close connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    @contextmanager
    def _connection(self, statement: Statement) -> Iterator[Any]:
        """Lend a connection that has the statement's database and settings."""
        key: Key = (statement.database, tuple(sorted(statement.settings.items())))
        connection = self._take(key) or self._open(key)
        try:
            yield connection
        finally:
            if _KEEPS_STATE.match(statement.sql):
                connection.close()
            else:
                self._put(key, connection)

    def _take(self, key: Key) -> Any:
        with self._lock:
            for at, (kind, connection) in enumerate(self._idle):
                if kind == key:
                    del self._idle[at]
                    return connection
        return None

    def _put(self, key: Key, connection: Any) -> None:
        with self._lock:
            self._idle.append((key, connection))
            surplus = self._idle.pop(0)[1] if len(self._idle) > _IDLE_CONNECTIONS else None
        if surplus is not None:
            surplus.close()

    def _open(self, key: Key) -> Any:
        connection = chdb.connect(self._name)  # type: ignore[no-untyped-call]
        database, settings = key
        try:
            if database:
                self._query(connection, f"USE {_identifier(database)}")
            for name, value in sorted(settings, key=lambda one: one[0] == "readonly"):  # after it nothing can be set
                self._query(connection, f"SET {_identifier(name)} = {_quoted(value)}")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _file(self, data: BinaryIO) -> Iterator[str]:
        """Lay data down in a file that is gone afterwards."""
        with tempfile.NamedTemporaryFile(dir=self._temporary, suffix=".front") as file:
            shutil.copyfileobj(data, file, _COPY_BYTES)
            file.flush()
            yield file.name

    @staticmethod
    def _query(
        connection: Any, sql: str, form: str = "TabSeparated", parameters: Mapping[str, str] | None = None
    ) -> bytes:
        try:
            return connection.query(sql, form, params=dict(parameters or {})).bytes() or b""
        except RuntimeError as error:
            text = str(error)
            code = _CODE.search(text)
            text = text[code.start() :] if code else f"Code: {_UNKNOWN_EXCEPTION}. DB::Exception: {text}"
            raise FrontError(int(code[1]) if code else _UNKNOWN_EXCEPTION, text) from None


def _identifier(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise FrontError(BAD_REQUEST, "the name of a database or setting is none")
    return name


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
