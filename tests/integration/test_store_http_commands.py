"""The commands of people over a ClickHouse server: they say what they say over a data directory, and record the same."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services import migrations
from services.cli import run
from services.keys import PSEUDONYM_KEY, SALT_KEY
from services.store import Store
from tests.support.clickhouse_front import TLS, Fault, Front, running_front
from tests.support.flagged import REGISTER, TRANSFER, fill, flagged_store, transfer
from tests.support.front_login import PASSWORD, USER
from tests.support.stores import NOW

DATABASE = "people"
ELSEWHERE = {**transfer(3), "data": {**TRANSFER["data"], "asset": {"locator": "db/unknown"}}}
EVENTS = (TRANSFER, transfer(2), ELSEWHERE)
ACTS = "SELECT kind, text, rows, actor, subject FROM acts ORDER BY at, id"
Output = pytest.CaptureFixture[str]


class Twins(NamedTuple):
    """The same evidence twice: in a data directory, and on a server, with the directory of its keys."""

    embedded: Path
    front: Front
    keys: Path

    def acts(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        with Store.open(self.embedded, now=NOW) as one, self.connect() as other:
            return one.rows(ACTS), other.rows(ACTS)

    def connect(self, database: str = DATABASE, **more: Any) -> Store:
        return Store.connect(self.front.settings(database), self.keys, now=NOW, **more)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with running_front(tmp_path_factory.mktemp("front")) as front:
        yield front


@pytest.fixture(scope="module")
def twins(front: Front, tmp_path_factory: pytest.TempPathFactory) -> Twins:
    folder = tmp_path_factory.mktemp("same")
    here, keys = folder / "data", folder / "keys"
    flagged_store(here, *EVENTS).close()
    # The source of a range is the file's path: both stores are filled from the same one.
    with Store.connect(front.settings(DATABASE), keys, now=NOW, create=True) as store:
        fill(store, here, *EVENTS)
    return Twins(here, front, keys)


@pytest.fixture
def server(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let commands work on the server; return what changes their environment."""
    twins.front.faults()
    of(monkeypatch, URL=twins.front.url, DATABASE=DATABASE, USER=USER, PASSWORD=PASSWORD)
    monkeypatch.setenv("ASHIATO_DATA_DIR", str(twins.keys))
    return monkeypatch


def of(monkeypatch: pytest.MonkeyPatch, **store: str) -> None:
    """Set settings of the store."""
    for name, value in store.items():
        monkeypatch.setenv(f"ASHIATO_STORE__{name}", value)


@pytest.fixture
def register(tmp_path: Path) -> str:
    (tmp_path / "register.yaml").write_text(REGISTER)
    return str(tmp_path / "register.yaml")


def flag(twins: Twins) -> str:
    with twins.connect() as store:
        return str(store.rows("SELECT id FROM flags WHERE rule = 'XB-STORE' AND asset = 'crm'")[0]["id"])


SAME: dict[str, tuple[list[list[str]], int]] = {
    "flags": (
        [
            ["flags", "list"],
            ["flags", "list", "--level", "critical", "--json"],
            ["flags", "show", "FLAG"],
            ["flags", "show", "0000000000000000"],
        ],
        3,
    ),
    "explain": (
        [
            ["explain", "FLAG", "--event", "2", "--lang", "ja"],
            ["explain", "FLAG", "--json"],
            ["explain", "FLAG", "--event", "99"],
        ],
        2,
    ),
    "query": (
        [
            ["query", "SELECT `event.id`, leaf_hash FROM evidence ORDER BY leaf_hash", "--json"],
            ["query", "SELECT nosuch FROM evidence"],
            ["query", "DROP TABLE acts"],
            ["query", "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"],
        ],
        4,
    ),
    "register": (
        [
            ["register", "load", "REGISTER"],
            ["register", "show", "assets", "crm"],
            ["register", "show", "assets", "none"],
            ["register", "diff", "latest", "empty", "--json"],
            ["register", "gaps"],
        ],
        1,
    ),
}
"""Commands, and how many acts they leave: each reading of evidence one, and a query that is refused as well."""


@pytest.mark.parametrize("name", SAME)
def test_commands_say_the_same_and_leave_the_same_acts_as_over_a_data_directory(
    name: str, twins: Twins, register: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    words = {"FLAG": flag(twins), "REGISTER": register}
    commands = [[words.get(word, word) for word in command] for command in SAME[name][0]]
    before = twins.acts()
    monkeypatch.setenv("ASHIATO_DATA_DIR", str(twins.embedded))
    expected = [(command, run(command), *capsys.readouterr()) for command in commands]
    of(monkeypatch, URL=twins.front.url, DATABASE=DATABASE, USER=USER, PASSWORD=PASSWORD)
    monkeypatch.setenv("ASHIATO_DATA_DIR", str(twins.keys))
    told = [(command, run(command), *capsys.readouterr()) for command in commands]

    assert told == expected
    assert {code for _, code, *_ in told} == {0, 2}
    assert PASSWORD not in repr(told)
    embedded, server = (acts[len(old) :] for acts, old in zip(twins.acts(), before, strict=True))
    assert server == embedded
    assert len(server) == SAME[name][1]
    assert {act["kind"] for act in server} == {"evidence_read"}


def test_what_an_event_would_be_said_and_the_answers_in_force_are_those_of_the_server(
    twins: Twins, server: pytest.MonkeyPatch, tmp_path: Path, capsys: Output
) -> None:
    event = json.dumps(TRANSFER)
    assert run(["preflight", event, "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert [said["rule"] for said in verdict["rules"]] == ["XB-STORE"]  # an empty register would know nothing
    assert run(["interpretation", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["origin"] == f"what {twins.front.url} was judged with last"

    of(server, URL="http://127.0.0.1:1", CONNECT_SECONDS="1")
    server.setenv("ASHIATO_DATA_DIR", str(tmp_path))
    for command in (["preflight", event], ["interpretation", "show"]):
        assert run(command) == 2
        assert "the store cannot be reached" in capsys.readouterr().err


@pytest.mark.usefixtures("server")
def test_what_writes_to_a_data_directory_says_that_it_leaves_the_server_alone(
    twins: Twins, tmp_path: Path, capsys: Output
) -> None:
    (tmp_path / "one.ndjson").write_text(json.dumps(TRANSFER) + "\n")
    before = twins.acts()
    assert run(["ingest", str(tmp_path / "one.ndjson"), "--data-dir", str(tmp_path / "data")]) == 0
    told = capsys.readouterr()
    assert f"Everything is written to {tmp_path / 'data'}; {twins.front.url} (store.url) is left as it is." in told.err
    assert "1 event, " in told.out
    assert twins.acts() == before


OUTSIDE = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:1', 'people', 'acts')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/x', 'CSV', 'a String')",
    "SELECT * FROM executable('ls', 'CSV', 'x String')",
    "SELECT * FROM merge('system', 'one')",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 INTO OUTFILE '/tmp/x.csv'",
    "WITH x AS (SELECT 1) INSERT INTO acts (id) SELECT 'x'",
]


@pytest.mark.usefixtures("server")
def test_a_query_over_http_neither_writes_nor_leaves_the_database(twins: Twins, capsys: Output) -> None:
    for sql in OUTSIDE:
        assert run(["query", sql]) == 2, sql
        assert "error:" in capsys.readouterr().err
    with twins.connect() as store:
        assert store.rows("SELECT count() AS n FROM acts WHERE id = 'x'") == [{"n": 0}]


@pytest.mark.usefixtures("server")
def test_what_cannot_be_recorded_is_not_shown(twins: Twins, capsys: Output) -> None:
    for command in (
        ["flags", "list"],
        ["query", "SELECT record FROM evidence"],
        ["explain", flag(twins)],
        ["register", "gaps"],
    ):
        twins.front.faults(Fault("error", "INTO acts", code=497))
        assert run(command) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert "rows cannot be written to acts: it does not let us in" in told.err


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


COMMANDS = (["flags", "list"], ["query", "SELECT 1"], ["register", "show"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"URL": "http://127.0.0.1:{free}"}, "the store cannot be reached: it refuses connections"),
        ({"PASSWORD": "wrong, and nobody's business"}, "it does not let us in: AUTHENTICATION_FAILED (516) (check store.user"),
        ({"DATABASE": "nothing_here"}, "the store has no tables yet: migration 0001_evidence has not run (run `ashiato migrate`)"),
        ({"URL": "http://x:secret-in-address@127.0.0.1"}, "must not hold a user or password"),
    ],
    ids=["away", "wrong password", "not migrated", "password in the address"],
)  # fmt: skip
def test_a_store_that_cannot_be_used_is_told_without_secrets(
    change: dict[str, str], says: str, server: pytest.MonkeyPatch, tmp_path: Path, capsys: Output
) -> None:
    of(server, **{name: value.format(free=_free_port()) for name, value in change.items()})
    server.setenv("ASHIATO_DATA_DIR", str(tmp_path / "none"))
    for command in COMMANDS:
        assert run(command) == 2
        told = capsys.readouterr()
        assert says in told.err
        for secret in (PASSWORD, "business", "secret-in-address"):
            assert secret not in told.out + told.err
    assert list(tmp_path.iterdir()) == []


def test_without_the_recorders_pseudonym_key_nothing_is_read_and_none_is_made(
    server: pytest.MonkeyPatch, tmp_path: Path, capsys: Output
) -> None:
    server.setenv("ASHIATO_DATA_DIR", str(tmp_path / "none"))
    assert run(["flags", "list"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "there is no pseudonym key here" in told.err
    assert run(["register", "show"]) == 0  # reads no evidence
    assert list(tmp_path.iterdir()) == []


def test_tables_are_made_by_migrate_alone_and_a_register_is_loaded_into_them(
    twins: Twins, server: pytest.MonkeyPatch, register: str, capsys: Output
) -> None:
    of(server, DATABASE="fresh")
    assert run(["register", "load", register]) == 2
    assert "run `ashiato migrate`" in capsys.readouterr().err
    for _ in range(2):
        assert run(["migrate", "--json"]) == 0
        assert [row["name"] for row in json.loads(capsys.readouterr().out)] == [one.name for one in migrations.known()]
    assert run(["register", "load", register]) == 0
    assert capsys.readouterr().out.startswith("Loaded: ")
    assert run(["register", "load", register]) == 0
    assert "loaded already" in capsys.readouterr().out
    with twins.connect("fresh") as store:
        assert [(act["kind"], act["rows"]) for act in store.rows(ACTS)] == [("register_loaded", 8)]


def checks(capsys: Output) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["state"], one["says"]) for one in json.loads(capsys.readouterr().out)}


@pytest.mark.usefixtures("server")
def test_doctor_looks_at_the_server_and_changes_nothing(twins: Twins, capsys: Output) -> None:
    before = twins.acts()[1]
    assert run(["doctor", "--json"]) == 0
    found = checks(capsys)
    assert found.keys() >= {
        "connection",
        "server",
        "server clock",
        "account",
        "keys",
        "pseudonym key",
        "fsync",
        "store",
    }
    assert "embedded store" not in found
    assert {name for name, (state, _) in found.items() if state == "fail"} == set()
    for name in ("connection", "server", "server clock", "pseudonym key", "fsync", "store", "keys"):
        assert found[name][0] == "ok", found[name]
    assert f"at {twins.front.url}, as " in found["server"][1]
    assert found["account"][0] == "warn", "the engine's own user may do everything"
    assert twins.acts()[1] == before


@pytest.mark.parametrize(
    ("change", "name", "says"),
    [
        ({"URL": "http://127.0.0.1:{free}"}, "server", "it refuses connections"),
        ({"PASSWORD": "wrong, and nobody's business"}, "server", "it does not let us in"),
        ({"DATABASE": "nothing_here"}, "store", "migration 0001_evidence has not run"),
    ],
    ids=["away", "wrong password", "not migrated"],
)
def test_doctor_says_why_a_server_cannot_be_used(
    change: dict[str, str], name: str, says: str, server: pytest.MonkeyPatch, capsys: Output
) -> None:
    of(server, **{name: value.format(free=_free_port()) for name, value in change.items()})
    assert run(["doctor", "--json"]) == 1
    state, said = checks(capsys)[name]
    assert state == "fail"
    assert says in said
    assert "business" not in said


def test_doctor_finds_tables_that_a_power_cut_would_empty_and_a_key_of_somewhere_else(
    twins: Twins, server: pytest.MonkeyPatch, tmp_path: Path, capsys: Output
) -> None:
    shutil.copytree(twins.keys, tmp_path / "foreign")
    of(server, DATABASE="altered")
    assert run(["migrate"]) == 0
    with twins.connect("altered") as store:
        store.client.command("ALTER TABLE acts MODIFY SETTING fsync_after_insert = 0")
    server.setenv("ASHIATO_DATA_DIR", str(tmp_path / "foreign"))
    assert run(["query", "SELECT 1"]) == 0
    (tmp_path / "foreign" / "keys" / PSEUDONYM_KEY).write_text("cd" * 32)
    capsys.readouterr()

    assert run(["doctor", "--json"]) == 1
    found = checks(capsys)
    assert found["fsync"] == ("fail", "a power cut may take rows that were acknowledged in: acts")
    assert found["pseudonym key"][0] == "fail"
    (tmp_path / "foreign" / "keys" / PSEUDONYM_KEY).unlink()
    run(["doctor", "--json"])
    assert checks(capsys)["keys"][0] == "warn"
    assert not (tmp_path / "foreign" / "keys" / PSEUDONYM_KEY).exists()
    assert (tmp_path / "foreign" / "keys" / SALT_KEY).exists()


def test_tls_is_used_and_a_server_that_nobody_vouches_for_is_refused(
    server: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, capsys: Output
) -> None:
    with running_front(tmp_path_factory.mktemp("tls"), tls=True) as front:
        of(server, URL=front.url, CA_FILE=str(TLS / "ca.pem"))
        assert run(["migrate"]) == 0
        assert run(["flags", "list"]) == 0
        assert "Nothing is flagged." in capsys.readouterr().out
        assert run(["doctor", "--json"]) == 0
        assert checks(capsys)["connection"] == ("ok", "TLS to 127.0.0.1")

        of(server, CA_FILE=str(TLS / "stranger-ca.pem"))
        assert run(["flags", "list"]) == 2
        assert "the server's certificate cannot be trusted (check store.ca_file" in capsys.readouterr().err
        assert run(["doctor", "--json"]) == 1
        assert "certificate cannot be trusted" in checks(capsys)["server"][1]
