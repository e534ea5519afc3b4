"""Keys that a store's evidence was made with are missed, never made anew in silence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import StoreError
from services.acts import record_read
from services.context import build_context
from services.ingest import Ingest
from services.keys import PSEUDONYM_KEY, SALT_KEY
from services.store import Store
from services.store_keys import keys_of, reading_keys_of
from tests.support.stores import NOW, event, lines, names


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", now=NOW, create=True) as opened:
        yield opened


def ingest(store: Store, tmp_path: Path, number: int = 1, salt_key: Path | None = None) -> None:
    log = tmp_path / f"log{number}.ndjson"
    log.write_text(lines([event(number)]))
    context = build_context(store, now=NOW, salt_key=salt_key)
    (one,) = Ingest(store, context, now=lambda: NOW, new_id=names(f"r{number}-")).files([log]).files
    assert (one.error, one.messages) == (None, 1)


def remove(store: Store, *keys: str) -> None:
    for name in keys:
        (store.directory.keys / name).unlink()


def test_a_store_without_evidence_gets_keys(store: Store) -> None:
    first = keys_of(store)
    remove(store, SALT_KEY, PSEUDONYM_KEY)
    assert keys_of(store) != first


@pytest.mark.parametrize("lost", [(SALT_KEY,), (SALT_KEY, PSEUDONYM_KEY)])
def test_nothing_is_recorded_with_new_keys_beside_evidence_made_with_others(
    store: Store, tmp_path: Path, lost: tuple[str, ...]
) -> None:
    ingest(store, tmp_path)
    remove(store, *lost)
    before = store.rows("SELECT id FROM range_rows ORDER BY id")
    with pytest.raises(StoreError, match="is missing: evidence in the store was made with it"):
        ingest(store, tmp_path, 2)
    assert store.rows("SELECT id FROM range_rows ORDER BY id") == before
    assert not any((store.directory.keys / name).exists() for name in lost)


def test_a_new_salt_key_is_taken_when_it_is_given(store: Store, tmp_path: Path) -> None:
    ingest(store, tmp_path)
    pseudonym_key = keys_of(store).pseudonym_key
    remove(store, SALT_KEY)
    new = tmp_path / "new.key"
    new.write_text("cd" * 32)
    ingest(store, tmp_path, 2, new)
    assert keys_of(store, new).pseudonym_key == pseudonym_key
    remove(store, PSEUDONYM_KEY)
    with pytest.raises(StoreError, match="the pseudonym key is missing"):
        ingest(store, tmp_path, 3, new)


def test_the_first_salt_key_brings_the_pseudonym_key_back_on_another_machine(store: Store, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted.key"
    mounted.write_text("ab" * 32)
    ingest(store, tmp_path, 1, mounted)
    first = keys_of(store, mounted)
    record_read(store, "flags list", 0, now=NOW, new_id=names("act"))
    remove(store, PSEUDONYM_KEY)
    assert keys_of(store, mounted) == first


def test_reading_is_recorded_where_the_salt_key_is_with_the_recorder_alone(store: Store, tmp_path: Path) -> None:
    mounted = tmp_path / "mounted.key"
    mounted.write_text("ab" * 32)
    ingest(store, tmp_path, 1, mounted)
    record_read(store, "flags list", 0, now=NOW, new_id=names("act"))
    assert not (store.directory.keys / SALT_KEY).exists()


def test_without_its_pseudonym_key_nothing_is_read(store: Store, tmp_path: Path) -> None:
    ingest(store, tmp_path)
    remove(store, SALT_KEY, PSEUDONYM_KEY)
    with pytest.raises(StoreError, match="the pseudonym key is missing"):
        record_read(store, "flags list", 0, now=NOW, new_id=names("act"))


def test_acts_alone_are_evidence_too(store: Store) -> None:
    record_read(store, "flags list", 0, now=NOW, new_id=names("act"))
    first = reading_keys_of(store)
    remove(store, PSEUDONYM_KEY)
    assert reading_keys_of(store).pseudonym_key == first.pseudonym_key
    remove(store, PSEUDONYM_KEY, SALT_KEY)
    with pytest.raises(StoreError, match="the pseudonym key is missing"):
        keys_of(store)
