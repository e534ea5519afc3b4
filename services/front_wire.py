"""The part of ClickHouse's HTTP interface that clickhouse-connect speaks: a request becomes a statement.

POST /?database=…&<setting>=…      body: SQL, or `INSERT … FORMAT x`, a line feed, and the data
POST /?query=INSERT … FORMAT x     body: the data
POST, multipart/form-data          fields `query` and `param_<name>`: values of {name:Type} in the SQL
GET  /?query=…                     reads only
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from typing import BinaryIO, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

Headers: TypeAlias = "Message[str, str]"
"""Headers of a request, found by any case."""

MAX_SQL_BYTES: Final = 4 << 20
MAX_BODY_BYTES: Final = 1 << 30
_CHUNK_HEAD_BYTES: Final = 1 << 10
_INSERT: Final = re.compile(r"\s*(?P<into>INSERT\s+INTO\s.+?)\s+FORMAT\s+(?P<format>\w+)\s*", re.IGNORECASE | re.DOTALL)
_OF_TRANSPORT: Final = frozenset({
    "buffer_size", "session_id", "session_timeout", "session_check", "query_id", "quota_key", "compress", "decompress",
    "wait_end_of_query", "client_protocol_version", "role", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "enable_http_compression", "cancel_http_readonly_queries_on_client_close",
})  # fmt: skip
"""Parameters that speak of the way a request travels, not of the query."""

SYNTAX: Final = 62
AUTHENTICATION_FAILED: Final = 516
BAD_REQUEST: Final = 36
BUSY: Final = 202
NOT_ENOUGH_SPACE: Final = 243
CORRUPTED_DATA: Final = 246
NAMES: Final = {
    SYNTAX: "SYNTAX_ERROR", AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED", BAD_REQUEST: "BAD_ARGUMENTS",
    BUSY: "TOO_MANY_SIMULTANEOUS_QUERIES", NOT_ENOUGH_SPACE: "NOT_ENOUGH_SPACE", CORRUPTED_DATA: "CORRUPTED_DATA",
}  # fmt: skip
_BAD_REQUEST_CODES: Final = frozenset({6, 26, 27, 36, 38, 41, 43, 47, 53, 62, 70, 72, 117, 377, 456, 457})
_NOT_FOUND_CODES: Final = frozenset({16, 46, 50, 60, 81, 115})


class FrontError(Exception):
    """An error as the interface tells it: ``code`` is ClickHouse's number, ``status`` that of HTTP."""

    def __init__(self, code: int, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text if text.startswith("Code: ") else f"Code: {code}. DB::Exception: {text}. ({NAMES[code]})"
        self.status = status or _status(code)


def _status(code: int) -> int:
    if code in _BAD_REQUEST_CODES:
        return 400
    if code in _NOT_FOUND_CODES:
        return 404
    return {AUTHENTICATION_FAILED: 403, BUSY: 503}.get(code, 500)


@dataclass(frozen=True, slots=True)
class Statement:
    """One request.

    Attributes:
        sql: the statement; of an insert with data, its part before FORMAT.
        data: the data of an insert, in ``data_format``; None for any other statement.
        parameters: values of ``{name:Type}``, escaped as the engine wants to have them.
        settings: of the engine, for this statement.
        database: empty for the default one.
        result_format: format of the answer where the SQL names none.
        transport: parameters about the way it travels.
    """

    sql: str
    data: BinaryIO | None = None
    data_format: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    result_format: str = "TabSeparated"
    transport: Mapping[str, str] = field(default_factory=dict)


class Body(io.RawIOBase):
    """The body of a request as a file that ends where the body does.

    Args:
        source: the connection.
        length: bytes of the body; None: it comes in chunks (RFC 9112 §7.1).
    """

    def __init__(self, source: BinaryIO, length: int | None) -> None:
        self._source = source
        self._chunked = length is None
        self._left = length or 0  # of the body, or of the chunk
        self._taken = 0
        self.ended = length == 0
        if self._left > MAX_BODY_BYTES:
            raise FrontError(BAD_REQUEST, "the request is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; 0 at the end.

        Raises:
            ConnectionError: the client left before its end.
            FrontError: it is too large, or no chunk is where one must be.
        """
        if not self._left and self._chunked and not self.ended:
            self._next_chunk()
        if self.ended or not self._left:
            return 0
        got = self._source.read(min(len(buffer), self._left))
        if not got:
            message = "the request ended before its body did"
            raise ConnectionError(message)
        buffer[: len(got)] = got
        self._left -= len(got)
        if not self._left:
            self._end_piece()
        return len(got)

    def _next_chunk(self) -> None:
        head = self._source.readline(_CHUNK_HEAD_BYTES)
        try:
            self._left = int(head.split(b";")[0], 16)
        except ValueError:
            raise FrontError(BAD_REQUEST, "a chunk has no length") from None
        self._taken += self._left
        if self._taken > MAX_BODY_BYTES:
            raise FrontError(BAD_REQUEST, "the request is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not self._left:
            while self._source.readline(_CHUNK_HEAD_BYTES).strip():
                pass  # trailers
            self.ended = True

    def _end_piece(self) -> None:
        if self._chunked:
            self._source.readline(_CHUNK_HEAD_BYTES)
        else:
            self.ended = True


def body_of(headers: Headers, source: BinaryIO) -> Body:
    """Return the body of a request.

    Raises:
        FrontError: its length is none, or it is too large.
    """
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        return Body(source, None)
    length = headers.get("Content-Length") or "0"
    if not length.isascii() or not length.isdigit():
        raise FrontError(BAD_REQUEST, "the length of the request is no number")
    return Body(source, int(length))


def parse(target: str, headers: Headers, body: BinaryIO, *, reads_only: bool) -> Statement:
    """Return the statement of a request.

    Args:
        target: path and query of the request.
        headers: its headers.
        body: its body, decoded.
        reads_only: it is a GET.

    Raises:
        FrontError: there is none in it.
    """
    given = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    if headers.get("Content-Type", "").startswith("multipart/form-data"):
        given |= _fields(headers["Content-Type"], _all(body))
        body = io.BytesIO()
    query = given.pop("query", "")
    sql, data = _split(query, body)
    insert = _INSERT.fullmatch(sql) if data is not None else None
    settings = {name: value for name, value in given.items() if not _is_other(name)}
    if reads_only:
        settings.setdefault("readonly", "2")
    return Statement(
        sql=insert["into"] if insert else sql,
        data=data,
        data_format=insert["format"] if insert else "",
        parameters={name[6:]: value for name, value in given.items() if name.startswith("param_")},
        settings=settings,
        database=given.get("database", ""),
        result_format=given.get("default_format") or headers.get("X-ClickHouse-Format") or "TabSeparated",
        transport={name: value for name, value in given.items() if name in _OF_TRANSPORT},
    )


def _is_other(name: str) -> bool:
    """Return whether a parameter is no setting of the engine."""
    return name in _OF_TRANSPORT or name.startswith("param_") or name in {"database", "default_format"}


def _split(query: str, body: BinaryIO) -> tuple[str, BinaryIO | None]:
    """Return SQL, and the data of an insert that comes after it."""
    if query:
        if _INSERT.fullmatch(query):
            return query, body
        return f"{query}\n{_text(_all(body))}".rstrip("\n"), None
    head = body.readline(MAX_SQL_BYTES)
    first = _text(head)
    if head.endswith(b"\n") and _INSERT.fullmatch(first):
        return first, body
    return first + _text(_all(body, MAX_SQL_BYTES - len(head))), None


def _all(body: BinaryIO, most: int | None = None) -> bytes:
    most = MAX_SQL_BYTES if most is None else most
    found = body.read(most + 1)
    if len(found) > most:
        raise FrontError(SYNTAX, "the statement is too long", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return found


def _text(sql: bytes) -> str:
    try:
        return sql.decode()
    except UnicodeDecodeError:
        raise FrontError(SYNTAX, "the statement is not UTF-8") from None


def _fields(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a multipart form (RFC 7578)."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields[name] = _text(payload)
    return fields
