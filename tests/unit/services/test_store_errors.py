"""What is worth trying again, and what people are told."""

import ssl

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError, SSLError

from schemas.errors import Place, StoreAwayError
from services.store_errors import failure, remote_failure

WHERE = Place("https://store:8443")
POOL: object = None


def _broken(cause: BaseException) -> OperationalError:
    """Return what the client makes of a broken way."""
    error = OperationalError("Error executing HTTP request: taro@example.jp")
    error.__cause__ = cause
    return error


def _unconnected(cause: OSError) -> MaxRetryError:
    error = NewConnectionError(POOL, "x")  # type: ignore[arg-type]
    error.__cause__ = cause
    return MaxRetryError(POOL, "/", error)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (_broken(_unconnected(ConnectionRefusedError(111, "refused"))), "it refuses connections"),
        (_broken(MaxRetryError(POOL, "/", NameResolutionError("h", POOL, OSError()))), "its name cannot be resolved"),  # type: ignore[arg-type]
        (_broken(TimeoutError()), "it does not answer in time"),
        (_broken(ProtocolError("x", ConnectionResetError())), "the connection broke"),
        (_broken(SSLError(ssl.SSLEOFError())), "TLS failed"),
        (ConnectionResetError(), "the connection broke"),
        (DatabaseError("HTTP driver received HTTP status 503, server response: <html>"), "HTTP status 503"),
        (DatabaseError("HTTP driver received HTTP status 429"), "HTTP status 429"),
        (DatabaseError("x", code=241, name="MEMORY_LIMIT_EXCEEDED"), r"it has no memory left \(241\)"),
        (DatabaseError("x", code=243, name="NOT_ENOUGH_SPACE"), r"it has no space left \(243\)"),
        (DatabaseError("x", code=285), r"too few replicas are alive \(285\)"),
        (DatabaseError("x", code=319), r"it does not know whether the rows were written \(319\)"),
    ],
)
def test_what_may_pass_is_away(error: Exception, why: str) -> None:
    found = remote_failure("rows cannot be written", error, WHERE)
    assert isinstance(found, StoreAwayError)
    with pytest.raises(StoreAwayError, match=rf"https://store:8443: rows cannot be written: {why}"):
        raise found
    assert "taro" not in str(found)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (DatabaseError("taro", code=60, name="UNKNOWN_TABLE"), "UNKNOWN_TABLE (60)"),
        (DatabaseError("taro", code=53, name="TYPE_MISMATCH"), "TYPE_MISMATCH (53)"),
        (DatabaseError("taro", code=516, name="AUTHENTICATION_FAILED"), "it does not let us in"),
        (DatabaseError("taro", code=497, name="ACCESS_DENIED"), "it does not let us in"),
        (DatabaseError("HTTP driver received HTTP status 404 taro"), "HTTP status 404 (check store.url"),
        (ProgrammingError("taro"), "ProgrammingError"),
        (_broken(MaxRetryError(POOL, "/", SSLError(ssl.SSLCertVerificationError(1, "x")))), "cannot be trusted"),  # type: ignore[arg-type]
    ],
)
def test_what_will_not_pass_is_not_tried_again(error: Exception, why: str) -> None:
    found = remote_failure("rows cannot be written", error, WHERE)
    assert not isinstance(found, StoreAwayError)
    assert why in str(found)
    assert "taro" not in str(found)


def test_an_error_that_leads_to_itself_is_told_all_the_same() -> None:
    error = OperationalError("x")
    error.__context__ = other = ValueError("y")
    other.__context__ = error
    assert remote_failure("a", error, WHERE).why == "the connection broke"


def test_a_full_disk_of_our_own_is_worth_another_try_and_says_what_to_do() -> None:
    for error in (DatabaseError("Cannot write, errno: 28, taro"), OSError(28, "No space left on device")):
        found = failure("rows cannot be written", error, WHERE)
        assert isinstance(found, StoreAwayError)
        assert found.why == "no space left for writing"
        assert "taro" not in str(found)
