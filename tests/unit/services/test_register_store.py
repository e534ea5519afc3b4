"""Loaded registers and gaps, against a real store."""

from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ManyErrors, UsageError
from schemas.register import Register, RegisterVersion
from services.register_store import Doer, current_register, find_register, load_register, stored_gaps
from services.store import Store
from streams.register_gaps import Gap
from streams.register_versions import EMPTY_REGISTER, content_sha256
from tests.support.registers import register_of
from tests.support.stores import NOW, event, ingest, lines, names, open_store

DOER = Doer(who="somebody", now=NOW, new_id=names("act"))
US = register_of("parties: [{id: us, valid_from: 2025-04-01, name: Us, kind: own}]")
THEM = register_of("parties: [{id: them, valid_from: 2025-04-01, name: Them, kind: other}]")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def recorded(data_dir: Path, *events: dict[str, Any]) -> None:
    log = data_dir.parent / "events.ndjson"
    log.write_text(lines(events))
    with open_store(data_dir) as store:
        assert ingest(store, log).files[0].dead_letters == 0


def found(data_dir: Path) -> dict[tuple[str, str], Gap]:
    with open_store(data_dir) as store:
        return {(gap.kind, gap.name): gap for gap in stored_gaps(store, DOER)}


def load(data_dir: Path, register: Register) -> tuple[RegisterVersion, bool]:
    with Store.open(data_dir, now=NOW, create=True) as store:
        return load_register(store, register, DOER)


def find(name: str, data_dir: Path) -> Register:
    return find_register(name, lambda: Store.open(data_dir, now=NOW))


def test_the_register_loaded_last_counts(data_dir: Path) -> None:
    version, is_new = load(data_dir, US)
    assert is_new
    assert (version.sha256, version.entries, version.recorded_at) == (content_sha256(US), 1, NOW)
    assert load(data_dir, US) == (version, False)
    with open_store(data_dir) as store:
        assert current_register(store) == US
        assert [row["kind"] for row in store.rows("SELECT kind FROM acts")] == ["register_loaded"]


def test_a_store_without_a_register_has_the_empty_one(data_dir: Path) -> None:
    with open_store(data_dir) as store:
        assert current_register(store) == EMPTY_REGISTER


def test_a_register_is_found_by_path_version_and_name(data_dir: Path, tmp_path: Path) -> None:
    load(data_dir, THEM)
    load(data_dir, US)
    (tmp_path / "r.yaml").write_text("# empty\n")
    assert find("empty", data_dir) == Register()
    assert find(str(tmp_path / "r.yaml"), data_dir) == Register()
    assert find(content_sha256(US)[:12], data_dir) == US
    assert find(content_sha256(THEM), data_dir) == THEM


def test_what_names_no_register_is_told(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no evidence here"):
        find("latest", data_dir)
    load(data_dir, US)
    for name in ("", "lastest", "abc", "zzzz", "ABCD"):
        if name:
            with pytest.raises(UsageError, match="neither a path nor a version"):
                find(name, data_dir)
    with pytest.raises(UsageError, match=f"loaded are: {content_sha256(US)[:12]} of 2026-11-02 00:00Z"):
        find("0000000000", data_dir)
    (tmp_path / "r.yaml").write_text("nonsense: 1\n")
    with pytest.raises(ManyErrors, match="no part"):
        find(str(tmp_path / "r.yaml"), data_dir)


def test_everything_that_events_name_in_vain_is_a_gap(data_dir: Path) -> None:
    recorded(
        data_dir,
        event(1, origin={"ip": "192.0.2.7"}, asset={"locator": "arn:aws:s3:::lake/a", "region": "mars-1"}),
        event(2, origin={"ip": "192.0.2.8"}, asset={"locator": "arn:aws:s3:::lake/b", "region": "mars-1"}),
        event(2, origin={"ip": "192.0.2.8"}, asset={"locator": "arn:aws:s3:::lake/b", "region": "mars-1"}),
        event(3, actor={"issuer": "idp", "subject": "bob", "party": "acme"}, asset={"id": "crm-db"}),
        event(4, exposure={"to": "named_party", "party": "aws:999"}),
    )
    gaps = found(data_dir)
    assert (gaps["asset", "arn:aws:s3:::lake/*"].names, gaps["asset", "arn:aws:s3:::lake/*"].events) == (2, 2)
    assert (gaps["network", "192.0.2.0/24"].names, gaps["network", "192.0.2.0/24"].events) == (2, 2)
    assert gaps["region", "mars-1"].events == 2
    assert gaps["asset_id", "crm-db"].events == 1
    assert gaps["party", "acme"].events == 1
    assert gaps["party", "aws:999"].events == 1
    assert gaps["identity", "user-1"].events == 1
    assert 'issuer: "idp"' in gaps["identity", "user-1"].stub
    assert ("identity", "bob") not in gaps


def test_what_the_loaded_register_knows_by_now_is_no_gap(data_dir: Path) -> None:
    recorded(data_dir, event(1, asset={"locator": "arn:aws:s3:::lake/a"}), event(2, asset={"locator": "db/x"}))
    assert {("asset", "arn:aws:s3:::lake/*"), ("asset", "db/x")} <= found(data_dir).keys()
    text = 'assets: [{id: lake, valid_from: 2026-10-01, name: L, locators: [{pattern: "arn:aws:s3:::lake/*"}]}]'
    load(data_dir, register_of(text))
    assert ("asset", "arn:aws:s3:::lake/*") not in found(data_dir)
    assert ("asset", "db/x") in found(data_dir)


def test_reading_gaps_leaves_an_act(data_dir: Path) -> None:
    recorded(data_dir, event(1))
    with open_store(data_dir) as store:
        stored_gaps(store, DOER)
        acts = store.rows("SELECT kind, text, rows FROM acts")
    assert [(act["kind"], act["text"]) for act in acts] == [("evidence_read", "register gaps")]
    assert acts[0]["rows"] > 0
