"""What goes wrong with the store, told without quoting the engine: its messages may hold values of rows.

The one question that matters to whoever writes: is it worth trying again? A server that is away, restarting or
overloaded is (`StoreAwayError`); a table that does not exist is not (`StoreError`). Trying again always takes a new
range id: of what failed, everything, a part or nothing may be in the store, now or in a while.
"""

from __future__ import annotations

import errno
import re
import ssl
from collections.abc import Iterator
from typing import Final

from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from urllib3 import exceptions as transport

from schemas.errors import Place, StoreAwayError, StoreError

TROUBLE: Final = (ClickHouseError, transport.HTTPError, OSError)
"""What the client raises."""

_NO_SPACE: Final = (
    "NOT_ENOUGH_SPACE", "No space left", "File too large", "Disk quota exceeded",
    *(f"errno: {one}" for one in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)),
)  # fmt: skip
_HTTP_STATUS: Final = re.compile(r"HTTP driver received HTTP status (\d{3})")
_AWAY_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_MANY_PARTS: Final = 252
_AWAY: Final = {
    159: "a query took too long",
    160: "a query would take too long",
    202: "too many queries at a time",
    203: "no free connection between its nodes",
    209: "a connection between its nodes timed out",
    210: "its nodes cannot reach each other",
    225: "its coordination service is away",
    236: "it is stopping",
    241: "it has no memory left",
    242: "the table is read-only for now",
    243: "it has no space left",
    _TOO_MANY_PARTS: "it has more parts than it can merge",
    279: "none of its nodes can be reached",
    285: "too few replicas are alive",
    286: "an earlier write waits for its replicas",
    319: "it does not know whether the rows were written",
    394: "it ended the query",
    439: "it has no free thread",
    473: "a table is locked",
    499: "its object storage is away",
    999: "its coordination service is away",
    1000: "it has trouble with its network",
}
_REFUSED: Final = frozenset({193, 194, 497, 516})
"""Wrong or missing password, or a user that may not do this."""

_TRANSPORT: Final = (
    (transport.NameResolutionError, "its name cannot be resolved"),
    (ConnectionRefusedError, "it refuses connections"),
    ((TimeoutError, transport.TimeoutError), "it does not answer in time"),
    ((ssl.SSLError, transport.SSLError), "TLS failed"),
)
"""What a broken way to the server means; the first that fits."""
_BROKE: Final = "the connection broke"


def failure(what: str, error: Exception, where: Place) -> StoreError:
    """Return our own error for one of the engine inside the process, or of the system.

    Args:
        what: what was tried, in one sentence.
        error: what the client raised.
        where: the data directory.

    Returns:
        A `StoreAwayError` if there is no space, or there are more parts than it can merge: a process that runs on tries
        again until somebody has made room, or the engine has merged.
    """
    if any(sign in str(error) for sign in _NO_SPACE):
        return StoreAwayError(
            what, where=where, why="no space left for writing",
            todo="make room; what has ended goes on where it stopped when it is run again",
        )  # fmt: skip
    if getattr(error, "code", None) == _TOO_MANY_PARTS:
        return StoreAwayError(what, where=where, why=_AWAY[_TOO_MANY_PARTS], todo="it is worth trying again")
    return StoreError(what, where=where, why=(isinstance(error, OSError) and error.strerror) or _name(error))


def remote_failure(what: str, error: Exception, where: Place) -> StoreError:
    """Return our own error for one of a server, or of the way to it.

    Args:
        what: what was tried, in one sentence.
        error: what the client raised.
        where: the server's address.

    Returns:
        A `StoreAwayError` if it is worth trying again.
    """
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in _causes(error)):
        return StoreError(
            what, where=where, why="the server's certificate cannot be trusted",
            todo="check store.ca_file, and that store.url has the name that the certificate is for",
        )  # fmt: skip
    code = getattr(error, "code", None)
    if code in _REFUSED:
        todo = "check store.user, its password or certificate, and its grants"
        return StoreError(what, where=where, why=f"it does not let us in: {_name(error)}", todo=todo)
    if why := _away(error, code):
        return StoreAwayError(what, where=where, why=why, todo="it is worth trying again")
    if code is None and (status := _HTTP_STATUS.search(str(error))):
        todo = "check store.url: what answers there may be no ClickHouse, or a proxy in front of it"
        return StoreError(what, where=where, why=f"HTTP status {status[1]}", todo=todo)
    return StoreError(what, where=where, why=_name(error))


def _away(error: Exception, code: int | None) -> str:
    """Return why the server cannot be used for now; empty if trying again would not help."""
    if code is not None:
        return f"{_AWAY[code]} ({code})" if code in _AWAY else ""
    status = _HTTP_STATUS.search(str(error))
    if status:
        return f"HTTP status {status[1]}" if int(status[1]) in _AWAY_STATUS else ""
    if isinstance(error, OperationalError | transport.HTTPError | OSError):
        causes = list(_causes(error))
        return next((why for kind, why in _TRANSPORT if any(isinstance(one, kind) for one in causes)), _BROKE)
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        more = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [other for other in more if isinstance(other, BaseException)]


def _name(error: Exception) -> str:
    """Return the engine's name and number of an error, or our name of it."""
    name = getattr(error, "name", None) or type(error).__name__
    code = getattr(error, "code", None)
    return f"{name} ({code})" if code else str(name)
