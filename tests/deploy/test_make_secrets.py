"""deploy/make_secrets.py: random, once, for the right eyes; and what it makes is what those who read it expect."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from deploy.make_secrets import ACCOUNTS, make
from services.gateway_producers import read_producers
from services.keys import load_keys
from tests.support.deployed import CLICKHOUSE


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_what_is_there_stays_and_what_is_missing_comes_back(tmp_path: Path) -> None:
    assert make(tmp_path)
    before = content(tmp_path)
    assert make(tmp_path) == []
    (tmp_path / "grafana_admin_password").unlink()
    assert make(tmp_path) == ["grafana_admin_password"]
    after = content(tmp_path)
    assert after.pop("grafana_admin_password") != before.pop("grafana_admin_password")
    assert after == before


def test_no_two_machines_and_no_two_accounts_have_a_secret_in_common(tmp_path: Path) -> None:
    make(tmp_path / "a")
    make(tmp_path / "b")
    both = [*content(tmp_path / "a").values(), *content(tmp_path / "b").values()]
    assert len(set(both)) == len(both)


def test_only_the_owner_gets_to_the_files_and_containers_may_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}


def test_a_folder_that_others_could_enter_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@pytest.mark.parametrize("account", ACCOUNTS)
def test_clickhouse_gets_the_hash_of_the_password_that_the_account_is_given(tmp_path: Path, account: str) -> None:
    make(tmp_path)
    password = (tmp_path / f"clickhouse_{account}_password").read_text().rstrip("\n")
    accounts = ET.parse(tmp_path / "clickhouse_accounts").getroot()  # noqa: S314  (our own file)
    assert accounts.findtext(account) == hashlib.sha256(password.encode()).hexdigest()
    assert password not in (tmp_path / "clickhouse_accounts").read_text()


def test_every_account_of_clickhouse_has_a_password() -> None:
    users = ET.parse(CLICKHOUSE / "users.xml").getroot().find("users")  # noqa: S314
    assert users is not None
    assert [user.tag for user in users] == list(ACCOUNTS)
    for user in users:
        password = user.find("password_sha256_hex")
        assert password is not None
        assert password.attrib == {"incl": user.tag}


def test_the_salt_key_is_one(tmp_path: Path) -> None:
    make(tmp_path / "secrets")
    (tmp_path / "keys").mkdir()
    keys = load_keys(tmp_path / "keys", tmp_path / "secrets" / "salt_key")
    assert keys.salt_key in (tmp_path / "secrets" / "salt_key").read_text()


def test_the_gateway_knows_the_first_producer_by_its_token(tmp_path: Path) -> None:
    make(tmp_path)
    producers = read_producers(tmp_path / "producers.yaml")
    token = (tmp_path / "producer_token").read_text().strip()
    found = producers.by_token(token.encode())
    assert found is not None
    assert found.name == "first"
    assert not found.covers("//second/db")
    assert producers.by_token(b"another") is None
    assert token not in (tmp_path / "producers.yaml").read_text()
