"""CloudEvents over HTTP (HTTP protocol binding 1.0.2, JSON format 1.0.2): requests to messages of our own format.

A message is what the recorder will read from the log. In the structured and the batched mode it holds the sender's
bytes as they came. In the binary mode the attributes come from headers; the body becomes ``data``, byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from schemas.errors import MessageError
from services.gateway_problems import Problem
from streams.verdicts import check_json, check_text

Mode = Literal["structured", "binary", "batch"]
Headers = Sequence[tuple[bytes, bytes]]
"""Names in lower case, and values, as ASGI gives them."""

_PREFIX: Final = b"ce-"
_NAME: Final = re.compile(rb"[a-z0-9]{1,64}")
_TRIPLET: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]*")
_KNOWN: Final = frozenset({"dataschema", "id", "source", "specversion", "subject", "time", "type"})
_NOT_IN_HEADERS: Final = frozenset({"data", "datacontenttype"})
"""``datacontenttype`` is the Content-Type header; an attribute named ``data`` would take the place of the body."""

_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class MediaType(NamedTuple):
    """A Content-Type in lower case: the type without parameters, and its charset if it names one."""

    name: str
    charset: str


def media_type(headers: Headers) -> MediaType:
    """Return the Content-Type of a request; empty if it has none.

    Raises:
        Problem: there are two, or the body is compressed (415).
    """
    found = [value.decode("latin-1") for name, value in headers if name == b"content-type"]
    coding = [value.strip().lower() for name, value in headers if name == b"content-encoding"]
    if len(found) > 1:
        raise Problem("unsupported-media-type", "there is more than one Content-Type header")
    if coding not in ([], [b"identity"]):
        raise Problem("unsupported-media-type", "the body is compressed; send it as it is")
    name, *parameters = (found[0] if found else "").lower().split(";")
    charset = next(
        (value for key, _, value in (one.partition("=") for one in parameters) if key.strip() == "charset"), ""
    )
    return MediaType(name.strip(), charset.strip().strip('"'))


def mode_of(headers: Headers) -> Mode:
    """Return the content mode of a request.

    Raises:
        Problem: it is in none that is read (415).
    """
    kind = media_type(headers)
    if kind.charset not in {"", "utf-8", "us-ascii"}:
        raise Problem("unsupported-media-type", "the charset must be utf-8")
    if kind.name == "application/cloudevents+json":
        return "structured"
    if kind.name == "application/cloudevents-batch+json":
        return "batch"
    is_json = kind.name == "application/json" or (kind.name.endswith("+json") and "/" in kind.name)
    if is_json and not kind.name.startswith("application/cloudevents"):
        if any(name.startswith(_PREFIX) for name, _ in headers):
            return "binary"
        raise Problem("unsupported-media-type", "there are no ce- headers; a JSON body needs them (binary mode)")
    raise Problem(
        "unsupported-media-type",
        "send application/cloudevents+json, application/cloudevents-batch+json, or application/json with ce- headers",
    )


def messages_of(mode: Mode, headers: Headers, body: bytes, max_events: int) -> list[bytes]:
    """Return the messages of a request, in its order; whether they fulfil the contract is not looked at.

    Raises:
        MessageError: the body, or a header, cannot be read at all.
        Problem: there are more events than ``max_events`` (413).
    """
    if mode == "structured":
        return [body]
    if mode == "binary":
        return [binary_message(headers, body)]
    return _elements(body, max_events)


def binary_message(headers: Headers, body: bytes) -> bytes:
    """Return the structured form of an event in the binary mode (HTTP binding §3.1).

    Raises:
        MessageError: a header holds no attribute, or the body is no JSON text.
    """
    attributes = _attributes(headers)
    content_type = next((value for name, value in headers if name == b"content-type"), b"")
    attributes["datacontenttype"] = content_type.decode("latin-1")
    head = json.dumps(attributes, ensure_ascii=True).encode()
    if not body:
        return head
    # Only a body that is one JSON value by itself may stand behind `data`: it cannot bring keys of its own in.
    check_json(body)
    return b'%b,"data":%b}' % (head[:-1], body)


def _attributes(headers: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for header, value in headers:
        if not header.startswith(_PREFIX):
            continue
        name = header.removeprefix(_PREFIX)
        if not _NAME.fullmatch(name):
            raise MessageError("attribute-invalid", "the name of a ce- header is not of letters and digits alone")
        attribute = name.decode()
        if attribute in _NOT_IN_HEADERS:
            raise MessageError("attribute-invalid", f"ce-{attribute} cannot be sent as a header", fields=(attribute,))
        if attribute in found:
            raise _attribute_error("attribute-repeated", attribute, "stands in two headers")
        found[attribute] = _decoded(attribute, value)
    return found


def _decoded(attribute: str, value: bytes) -> str:
    """Return a header's value after unquoting and one round of percent-decoding (HTTP binding §3.1.3.2)."""
    if not _PRINTABLE.fullmatch(value):
        raise _attribute_error("attribute-invalid", attribute, "holds bytes that must be percent-encoded")
    bare = _QUOTED.sub(lambda quoted: re.sub(rb"\\(.)", rb"\1", quoted[1]), value)
    if _TRIPLET.search(bare):
        raise _attribute_error("attribute-invalid", attribute, "holds a % that two hexadecimal digits do not follow")
    try:
        return unquote_to_bytes(bare).decode()
    except UnicodeDecodeError:
        raise _attribute_error("attribute-invalid", attribute, "is no UTF-8 text after percent-decoding") from None


def _attribute_error(reason: str, attribute: str, says: str) -> MessageError:
    """Return an error that names an attribute of the contract; other names are the sender's and are not repeated."""
    if attribute in _KNOWN:
        return MessageError(reason, f"the header ce-{attribute} {says}", fields=(attribute,))
    return MessageError(reason, f"the header of an extension attribute {says}")


def _elements(body: bytes, max_events: int) -> list[bytes]:
    """Return the elements of a JSON array, each as the bytes that stand there (JSON format §4)."""
    try:
        found = _ELEMENTS(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _no_batch(body, error) from error
    if len(found) > max_events:
        raise Problem("too-large", f"the batch holds {len(found):,} events, of which {max_events:,} are allowed")
    return [bytes(element) for element in found]


def _no_batch(body: bytes, refused: Exception) -> MessageError:
    """Return why a body is no batch: the contract's parser tells the line and column of what is no JSON."""
    try:
        check_text(body)
        check_json(body)
    except MessageError as error:
        return error
    if isinstance(refused, msgspec.ValidationError):
        return MessageError("batch-invalid", "the body is JSON, but no array of events")
    # All that the contract's parser reads and this one does not. One event alone is told which of its fields it is.
    return MessageError("not-a-number", "the batch holds NaN or an infinite number")
