import json
from typing import Any

import pytest

from schemas.errors import MessageError
from services.gateway_bindings import binary_message, messages_of, mode_of
from services.gateway_problems import Problem

JSON = (b"content-type", b"application/json")


def binary(*headers: tuple[bytes, bytes], body: bytes = b"{}") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(binary_message([JSON, *headers], body))
    return found


@pytest.mark.parametrize(
    ("content_type", "mode"),
    [
        (b"application/cloudevents+json", "structured"),
        (b'Application/CloudEvents+JSON ; Charset="UTF-8"', "structured"),
        (b"application/cloudevents-batch+json;charset=utf-8", "batch"),
        (b"application/json", "binary"),
        (b"application/vnd.example+json; charset=us-ascii; x=y", "binary"),
    ],
)  # fmt: skip
def test_the_content_type_tells_the_mode(content_type: bytes, mode: str) -> None:
    assert mode_of([(b"content-type", content_type), (b"ce-id", b"1")]) == mode


def test_two_content_types_are_none() -> None:
    with pytest.raises(Problem) as caught:
        mode_of([JSON, (b"content-type", b"application/cloudevents+json")])
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (b"plain", "plain"),
        (b"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro \u20ac \U0001f600"),  # the example of the binding's §3.1.3.2
        (b"%25", "%"),
        (b"%2525", "%25"),  # one round only
        (b"a b", "a b"),
        (b"a+b", "a+b"),
        (b'"quoted \\"text\\""', 'quoted "text"'),
        (b'"%41"', "A"),
        (b"%22", '"'),
        (b"%00", "\0"),
        (b"", ""),
    ],
)
def test_a_header_is_unquoted_and_percent_decoded_once(value: bytes, meant: str) -> None:
    assert binary((b"ce-subject", value))["subject"] == meant


@pytest.mark.parametrize(
    ("header", "value", "reason", "fields"),
    [
        (b"ce-id", b"100%", "attribute-invalid", ("id",)),
        (b"ce-id", b"%zz", "attribute-invalid", ("id",)),
        (b"ce-id", b"%ff", "attribute-invalid", ("id",)),
        (b"ce-id", b"%ed%a0%80", "attribute-invalid", ("id",)),  # a surrogate is no text
        (b"ce-id", b"caf\xe9", "attribute-invalid", ("id",)),
        (b"ce-id", b"\tx", "attribute-invalid", ("id",)),
        (b"ce-mine", b"%", "attribute-invalid", ()),
        (b"ce-", b"x", "attribute-invalid", ()),
        (b"ce-a_b", b"x", "attribute-invalid", ()),
        (b"ce-a-b", b"x", "attribute-invalid", ()),
        (b"ce-data", b"{}", "attribute-invalid", ("data",)),
        (b"ce-datacontenttype", b"text/xml", "attribute-invalid", ("datacontenttype",)),
    ],
)
def test_a_header_that_is_no_attribute_is_told(
    header: bytes, value: bytes, reason: str, fields: tuple[str, ...]
) -> None:
    with pytest.raises(MessageError) as caught:
        binary((header, value))

    assert (caught.value.reason, caught.value.fields) == (reason, fields)
    assert "mine" not in str(caught.value)


def test_an_attribute_may_not_stand_twice() -> None:
    with pytest.raises(MessageError) as caught:
        binary((b"ce-id", b"1"), (b"ce-id", b"1"))
    assert caught.value.reason == "attribute-repeated"


@pytest.mark.parametrize(
    "body",
    [b'{},"source":"//other"', b'1,"id":2', b"", b" \n", b"{}}", b'{"a":1', b"{} {}", b'"x" "y"', b"\xff", b"[" * 300],
)  # fmt: skip
def test_a_body_cannot_bring_attributes_of_its_own(body: bytes) -> None:
    try:
        found = binary((b"ce-id", b"1"), (b"ce-source", b"//mine"), body=body)
    except MessageError:
        return
    assert body == b""
    assert (found["id"], found["source"]) == ("1", "//mine")
    assert "data" not in found


def test_other_headers_are_no_attributes() -> None:
    found = binary((b"authorization", b"Bearer x"), (b"ce-id", b"1"), (b"x-ce-source", b"y"))
    assert found == {"id": "1", "datacontenttype": "application/json", "data": {}}


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"[]", []),
        (b' [ {"a": 1 } , {} ,\n"x"] ', [b'{"a": 1 }', b"{}", b'"x"']),
        (b'[{"a":"],["}]', [b'{"a":"],["}']),
        ('[{"a":"漢字\\u0000"}]'.encode(), ['{"a":"漢字\\u0000"}'.encode()]),
    ],
)
def test_the_elements_of_a_batch_stay_as_they_are(body: bytes, parts: list[bytes]) -> None:
    assert messages_of("batch", [], body, 10) == parts


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"{}", "batch-invalid"),
        (b"7", "batch-invalid"),
        (b"[1,]", "invalid-json"),
        (b"[1 2]", "invalid-json"),
        (b"[1]x", "invalid-json"),
        (b"[", "invalid-json"),
        (b"[" * 100_000, "nesting-too-deep"),
        (b"[1]\xff", "invalid-utf8"),
        (b"[1]\0", "nul-byte"),
        (b"[1,NaN]", "not-a-number"),
        (b'[{"a":-Infinity}]', "not-a-number"),
    ],
)
def test_what_is_no_batch_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(MessageError) as caught:
        messages_of("batch", [], body, 10)
    assert caught.value.reason == reason


def test_a_batch_has_at_most_so_many_events() -> None:
    assert len(messages_of("batch", [], b"[1,1]", 2)) == 2
    with pytest.raises(Problem) as caught:
        messages_of("batch", [], b"[1,1,1]", 2)
    assert caught.value.status == 413
