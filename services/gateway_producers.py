"""Who may send: the producers file, and the look-up of a producer by bearer token or client certificate.

Tokens are kept as SHA-256 only. That is enough for tokens of 32 random bytes, which nobody can guess; it is not for
passwords that people choose.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator

from schemas.base import Contract, Id, Sha256, Text
from schemas.errors import AshiatoError, InputError, ManyErrors, Place
from schemas.events import ACCESS, GRANT, TRANSFER, EventType
from services.contract_errors import explain
from services.yaml_files import YamlFile, read_yaml

_SEPARATORS: Final = "/:#?"

_SHORT_NAMES: Final = {
    "commonName": "CN", "countryName": "C", "domainComponent": "DC", "localityName": "L", "organizationName": "O",
    "organizationalUnitName": "OU", "stateOrProvinceName": "ST", "streetAddress": "STREET", "userId": "UID",
}  # fmt: skip
"""Attribute names of RFC 4514 §3 for those that the TLS library spells out."""


class Peer(NamedTuple):
    """The certificate that a client has proved to hold.

    Attributes:
        sha256: fingerprint, the SHA-256 of the certificate in DER, in hexadecimal.
        subject: its subject as RFC 4514 writes it, the most specific part first.
    """

    sha256: str
    subject: str


class Certificate(Contract):
    """A client certificate: this very one, or every one that the client CA gives to a subject."""

    sha256: Sha256 | None = Field(None, description="SHA-256 fingerprint of the certificate (DER).")
    subject: Text | None = Field(None, description="Subject as RFC 4514 writes it, such as CN=crm,O=Example,C=JP.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.sha256 is None) == (self.subject is None):
            message = "both or neither: give either sha256 or subject"
            raise ValueError(message)
        return self


class Producer(Contract):
    """One system that may send events."""

    name: Id = Field(description="Its name in metrics and logs.")
    source_prefix: Text = Field(description="What the `source` of each of its events begins with.")
    tokens: tuple[Sha256, ...] = Field((), description="SHA-256 of its bearer tokens; two while one replaces another.")
    certificates: tuple[Certificate, ...] = Field((), description="Its client certificates.")
    types: tuple[EventType, ...] = Field(
        (ACCESS, TRANSFER, GRANT), description="Types that it may send; acts of Ashiato itself only if said so."
    )
    formats: tuple[Literal["cloudtrail"], ...] = Field((), description="Foreign log formats that it may send.")
    events_per_second: int | None = Field(None, ge=1, description="Its rate, if not `gateway.events_per_second`.")
    burst: int | None = Field(None, ge=1, description="Its burst, if not `gateway.burst`.")

    @model_validator(mode="after")
    def _can_be_known(self) -> Self:
        if not self.tokens and not self.certificates:
            message = "this producer has neither tokens nor certificates"
            raise ValueError(message)
        return self

    def covers(self, source: str) -> bool:
        """Return whether ``source`` begins with the prefix, and not in the middle of a name.

        ``//crm`` covers ``//crm`` and ``//crm/db``, not ``//crm-of-somebody-else``.
        """
        if not source.startswith(self.source_prefix):
            return False
        rest = source[len(self.source_prefix) :]
        return not rest or self.source_prefix[-1] in _SEPARATORS or rest[0] in _SEPARATORS


class _File(Contract):
    producers: tuple[Producer, ...] = Field(description="All producers.")


class Producers:
    """All producers, and the way to find one."""

    def __init__(self, producers: Sequence[Producer]) -> None:
        self._all = tuple(producers)
        self._tokens = [(bytes.fromhex(token), one) for one in producers for token in one.tokens]
        self._prints = {held.sha256: one for one in producers for held in one.certificates if held.sha256}
        self._subjects = {held.subject: one for one in producers for held in one.certificates if held.subject}

    def __iter__(self) -> Iterator[Producer]:
        return iter(self._all)

    def by_token(self, token: bytes) -> Producer | None:
        """Return whose bearer token this is. Every hash is compared in constant time: time tells nothing."""
        given = hashlib.sha256(token).digest()
        found = None
        for known, producer in self._tokens:
            if hmac.compare_digest(given, known):
                found = producer
        return found

    def by_certificate(self, peer: Peer) -> Producer | None:
        """Return whose certificate this is; the fingerprint says more than the subject."""
        return self._prints.get(peer.sha256) or self._subjects.get(peer.subject)


def read_producers(path: Path) -> Producers:
    """Return the producers of a YAML file.

    Raises:
        InputError: the file cannot be read or is no YAML.
        ManyErrors: `InputError` for everything that is wrong in it, each with its place.
    """
    file = read_yaml(path, InputError)
    try:
        found = _File.model_validate_json(json.dumps(file.data))
    except ValidationError as problem:
        errors = list(explain(problem.errors(include_url=False), _File, file, (), InputError))
        raise ManyErrors("the producers cannot be used", errors) from None
    twice = list(_twice(found.producers, file))
    if twice:
        raise ManyErrors("the producers cannot be used", twice)
    return Producers(found.producers)


def _twice(producers: Sequence[Producer], file: YamlFile) -> Iterator[AshiatoError]:
    """Yield an error for each producer that shares a name or a credential with one before it."""
    seen: Counter[tuple[str, object]] = Counter()
    for index, one in enumerate(producers):
        marks: list[tuple[str, object]] = [("name", one.name), *(("token", token) for token in set(one.tokens))]
        marks += [("certificate", (held.sha256, held.subject)) for held in set(one.certificates)]
        for what, mark in marks:
            if seen[what, mark]:
                where: Place = file.place_of(("producers", index))
                yield InputError(f"another producer has the same {what}", where=where, todo="give each its own")
            seen[what, mark] += 1


def peer_of(der: bytes, fields: dict[str, Any]) -> Peer:
    """Return the identity of a verified client certificate.

    Args:
        der: the certificate as `ssl.SSLObject.getpeercert` gives it in binary form.
        fields: the same as it gives it decoded.
    """
    parts = [
        "+".join(f"{_SHORT_NAMES.get(name, name)}={_escaped(value)}" for name, value in part)
        for part in reversed(fields.get("subject", ()))
    ]
    return Peer(hashlib.sha256(der).hexdigest(), ",".join(parts))


def _escaped(value: str) -> str:
    """Return an attribute's value as RFC 4514 §2.4 writes it, so that no value can pass for two attributes."""
    text = "".join(f"\\{letter}" if letter in '\\,+"<>;' else letter for letter in value)
    if value[:1] in {" ", "#"}:
        text = f"\\{text}"
    return f"{text[:-1]}\\ " if len(value) > 1 and value.endswith(" ") else text
