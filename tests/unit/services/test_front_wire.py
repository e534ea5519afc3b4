"""Requests of ClickHouse's HTTP interface become statements."""

from __future__ import annotations

import io
from email.message import Message
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.front_wire
from services.front_wire import Body, FrontError, Statement, body_of, parse


def _headers(**named: str) -> Message[str, str]:
    headers: Message[str, str] = Message()
    for name, value in named.items():
        headers[name.replace("_", "-")] = value
    return headers


def _parse(
    body: bytes = b"", *, reads_only: bool = False, headers: dict[str, str] | None = None, **query: str
) -> Statement:
    return parse(f"/?{urlencode(query)}", _headers(**(headers or {})), io.BytesIO(body), reads_only=reads_only)


def test_an_insert_ends_at_the_first_line_feed_and_its_data_begin_there() -> None:
    found = _parse(b"INSERT INTO t (`a`, `b`) FORMAT ArrowStream\n\n\xff\x00INSERT\n", database="d")
    assert (found.sql, found.data_format, found.database) == ("INSERT INTO t (`a`, `b`)", "ArrowStream", "d")
    assert found.data is not None
    assert found.data.read() == b"\n\xff\x00INSERT\n"


def test_an_insert_in_the_address_has_the_whole_body_as_its_data() -> None:
    found = _parse(b"1\n2\n", query="insert into t\n format CSV ")
    assert (found.sql, found.data_format) == ("insert into t", "CSV")
    assert found.data is not None
    assert found.data.read() == b"1\n2\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1\nFORMAT Native",
        "INSERT INTO t VALUES (1)\n",
        "INSERT INTO t SELECT 1",
        "CREATE VIEW v AS\nSELECT '足跡'",
        "",
    ],
)
def test_anything_else_is_sql_as_it_stands(sql: str) -> None:
    found = _parse(sql.encode())
    assert (found.sql, found.data) == (sql, None)
    assert _parse(query=sql).sql == sql.rstrip("\n")


def test_parameters_settings_and_transport_are_told_apart() -> None:
    found = _parse(
        b"SELECT {x:String}", param_x="it's", readonly="1", max_result_rows="5", query_id="q", default_format="JSON",
        enable_http_compression="1",
    )  # fmt: skip
    assert found.parameters == {"x": "it's"}
    assert found.settings == {"readonly": "1", "max_result_rows": "5"}
    assert found.transport == {"query_id": "q", "enable_http_compression": "1"}
    assert found.result_format == "JSON"


def test_what_is_got_only_reads() -> None:
    assert _parse(query="SELECT 1", reads_only=True).settings == {"readonly": "2"}
    assert _parse(query="SELECT 1", reads_only=True, readonly="1").settings == {"readonly": "1"}


def test_a_form_holds_sql_and_values() -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {x:String}\nFORMAT Native\r\n'
        b'--b\r\nContent-Disposition: form-data; name="param_x"\r\n\r\n\xe8\xb6\xb3\'\\n\r\n--b--\r\n'
    )
    found = _parse(form, headers={"Content_Type": "multipart/form-data; boundary=b"}, max_threads="1")
    assert found.sql == "SELECT {x:String}\nFORMAT Native"
    assert found.parameters == {"x": "足'\\n"}
    assert found.settings == {"max_threads": "1"}


def test_what_is_no_statement_is_refused_with_number_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FrontError, match="not UTF-8") as caught:
        _parse(b"SELECT '\xff'")
    assert (caught.value.status, caught.value.code) == (400, 62)
    assert caught.value.text == "Code: 62. DB::Exception: the statement is not UTF-8. (SYNTAX_ERROR)"
    monkeypatch.setattr(services.front_wire, "MAX_SQL_BYTES", 10)
    with pytest.raises(FrontError, match="too long") as caught:
        _parse(b"SELECT 1234")
    assert caught.value.status == 413


@given(st.binary(max_size=300), st.lists(st.integers(1, 40)), st.integers(1, 50))
def test_a_body_is_the_same_whole_or_in_chunks(content: bytes, sizes: list[int], piece: int) -> None:
    chunked, at = b"", 0
    for size in [*sizes, len(content) + 1]:
        part, at = content[at : at + size], at + size
        if part:
            chunked += b"%x;note=1\r\n%b\r\n" % (len(part), part)
    chunked += b"0\r\nTrailer: x\r\n\r\n"
    whole, chunks = io.BytesIO(content + b"NEXT"), io.BytesIO(chunked + b"NEXT")

    for headers, source in (
        (_headers(Content_Length=str(len(content))), whole),
        (_headers(Transfer_Encoding="chunked"), chunks),
    ):
        body = body_of(headers, source)
        assert b"".join(iter(lambda body=body: body.read(piece) or b"", b"")) == content  # type: ignore[misc]
        assert body.ended
        assert source.read() == b"NEXT", "more was taken from the connection than the body"


def test_a_client_that_leaves_in_the_middle_is_no_end() -> None:
    for body in (Body(io.BytesIO(b"abc"), 5), Body(io.BytesIO(b"5\r\nabc"), None)):
        assert body.read(3) == b"abc"
        with pytest.raises(ConnectionError):
            body.read(3)


@pytest.mark.parametrize("length", ["-1", "1e3", "１", "a"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(FrontError, match="no number"):
        body_of(_headers(Content_Length=length), io.BytesIO())


def test_too_much_is_refused_however_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.front_wire, "MAX_BODY_BYTES", 10)
    with pytest.raises(FrontError, match="too large"):
        body_of(_headers(Content_Length="11"), io.BytesIO())
    with pytest.raises(FrontError, match="too large"):
        Body(io.BytesIO(b"6\r\nabcdef\r\n5\r\nabcde\r\n"), None).readall()
    with pytest.raises(FrontError, match="no length"):
        Body(io.BytesIO(b"six\r\n"), None).readall()
