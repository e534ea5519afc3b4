import hashlib
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InputError, ManyErrors
from schemas.events import ACCESS, ACT, GRANT, TRANSFER
from services.gateway_producers import Peer, Producer, Producers, peer_of, read_producers

TOKEN = hashlib.sha256(b"token").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()
GOOD = f"""
producers:
  - name: crm
    source_prefix: https://crm.example.jp/
    tokens: ["{TOKEN}", "{OTHER}"]   # the second replaces the first
  - name: core
    source_prefix: //core
    certificates: [{{sha256: "{"a" * 64}"}}, {{subject: "CN=core,O=Example"}}]
    types: [io.ashiato.act.v1]
    formats: [cloudtrail]
    events_per_second: 10
    burst: 100
"""


def read(tmp_path: Path, text: str) -> Producers:
    (tmp_path / "producers.yaml").write_text(text)
    return read_producers(tmp_path / "producers.yaml")


def producer(prefix: str, **more: Any) -> Producer:
    return Producer(name="p", source_prefix=prefix, tokens=(TOKEN,), **more)


def test_a_file_says_who_may_send_and_what(tmp_path: Path) -> None:
    crm, core = read(tmp_path, GOOD)

    assert (crm.name, crm.types, crm.formats, crm.events_per_second) == ("crm", (ACCESS, TRANSFER, GRANT), (), None)
    assert (core.types, core.formats, core.events_per_second, core.burst) == ((ACT,), ("cloudtrail",), 10, 100)


def test_a_producer_is_found_by_each_of_its_credentials_and_by_nothing_else(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)

    names = [one.name if (one := found.by_token(token)) else None for token in (b"token", b"other", b"tokenx", b"")]
    assert names == ["crm", "crm", None, None]
    assert found.by_token(bytes.fromhex(TOKEN)) is None, "what the file holds is no token"
    peers = [Peer("a" * 64, "CN=x"), Peer("b" * 64, "CN=core,O=Example"), Peer("b" * 64, "CN=core"), Peer("", "")]
    names = [one.name if (one := found.by_certificate(peer)) else None for peer in peers]
    assert names == ["core", "core", None, None]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "producers.yaml"),
        ("producers: [{name: a}]", "source_prefix"),
        ("producers: [{name: a, source_prefix: //a}]", "neither tokens nor certificates"),
        (f"producers: [{{name: a, source_prefix: '', tokens: ['{TOKEN}']}}]", "must not be empty"),
        ("producers: [{name: a, source_prefix: //a, tokens: [secret]}]", "SHA-256"),
        ("producers: [{name: a, source_prefix: //a, certificates: [{}]}]", "sha256 or subject"),
        (f"producers: [{{name: a, source_prefix: //a, tokens: ['{TOKEN}'], rate: 1}}]", 'no key "rate"'),
        (f"producers: [{{name: a, source_prefix: //a, tokens: ['{TOKEN}'], burst: 0}}]", "burst"),
        (f"producers: [{{name: a, source_prefix: //a, tokens: ['{TOKEN}'], types: [x]}}]", "must be one of"),
        (f"producers: [{{name: a b, source_prefix: //a, tokens: ['{TOKEN}']}}]", "is no id"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_never_repeats_a_token(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises((InputError, ManyErrors)) as caught:
        read(tmp_path, text)

    assert says in str(caught.value)
    assert "producers.yaml:" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("name: a, tokens: [T]", "name: a, tokens: [U]", "name"),
        ("name: a, tokens: [T]", "name: b, tokens: [U, T]", "token"),
        ("name: a, certificates: [{subject: CN=x}]", "name: b, certificates: [{subject: CN=x}]", "certificate"),
    ],
)
def test_two_producers_share_neither_name_nor_credentials(tmp_path: Path, first: str, second: str, what: str) -> None:
    text = f"producers:\n  - {{source_prefix: //x, {first}}}\n  - {{source_prefix: //y, {second}}}\n"
    with pytest.raises(ManyErrors, match=f"another producer has the same {what}") as caught:
        read(tmp_path, text.replace("T]", f"'{TOKEN}']").replace("T,", f"'{TOKEN}',").replace("U", f"'{OTHER}'"))
    assert "producers.yaml:3:" in str(caught.value)


@pytest.mark.parametrize(
    ("prefix", "source", "covered"),
    [
        ("//crm", "//crm", True),
        ("//crm", "//crm/db", True),
        ("//crm", "//crm:1", True),
        ("//crm", "//crm-evil", False),
        ("//crm", "//crm.evil", False),
        ("//crm", "//cr", False),
        ("//crm/", "//crm/db", True),
        ("//crm/", "//crm", False),
        ("aws:cloudtrail:", "aws:cloudtrail:111122223333", True),
        ("//crm", "https://evil/#//crm", False),
    ],
)
def test_a_prefix_covers_whole_names_only(prefix: str, source: str, covered: object) -> None:
    assert producer(prefix).covers(source) is covered


def test_a_subject_is_written_as_rfc_4514_does() -> None:
    subject = (
        (("countryName", "JP"),),
        (("organizationName", "Example, Inc."), ("localityName", "#1 +x ")),
        (("commonName", 'a "b" \\ <c>;'),),
        (("1.2.3", " x"),),
    )
    peer = peer_of(b"der", {"subject": subject})

    assert peer.subject == '1.2.3=\\ x,CN=a \\"b\\" \\\\ \\<c\\>\\;,O=Example\\, Inc.+L=\\#1 \\+x\\ ,C=JP'
    assert peer.sha256 == hashlib.sha256(b"der").hexdigest()


def test_no_value_can_pass_for_another_attribute() -> None:
    honest = peer_of(b"", {"subject": ((("organizationName", "Example"),), (("commonName", "crm"),))})
    forged = peer_of(b"", {"subject": ((("commonName", "crm,O=Example"),),)})

    assert honest.subject == "CN=crm,O=Example"
    assert forged.subject != honest.subject
