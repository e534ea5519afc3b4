from pathlib import Path

import pytest

from schemas.errors import InputError, StoreError
from services.keys import PSEUDONYM_KEY, SALT_KEY, Made, load_keys, load_reading_keys
from streams.commit import derive_pseudonym_key, keyed_hex


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first = load_keys(tmp_path)

    assert load_keys(tmp_path) == first
    assert first.pseudonym_key == derive_pseudonym_key(first.salt_key)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in (SALT_KEY, PSEUDONYM_KEY)} == {0o600}
    assert load_keys(_made(tmp_path / "other")) != first


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_later_salt_key_changes_nobodys_pseudonym(tmp_path: Path) -> None:
    first = load_keys(tmp_path)
    (tmp_path / SALT_KEY).unlink()

    later = load_keys(tmp_path)

    assert later.salt_key != first.salt_key
    assert later.pseudonym_key == first.pseudonym_key


def test_of_processes_that_find_no_key_at_the_same_time_all_use_the_one_that_was_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_keys(tmp_path)

    monkeypatch.setattr(Path, "exists", lambda _: False)  # what the others saw a moment before

    assert load_keys(tmp_path) == first
    assert {path.name for path in tmp_path.iterdir()} == {SALT_KEY, PSEUDONYM_KEY}


def test_the_same_salt_key_gives_the_same_keys_in_two_data_directories(tmp_path: Path) -> None:
    elsewhere = tmp_path / "mounted.key"
    elsewhere.write_text("ab" * 32 + "\n")

    one, two = (load_keys(_made(tmp_path / name), elsewhere) for name in ("one", "two"))

    assert one == two
    assert one.salt_key == "ab" * 32
    assert not (tmp_path / "one" / SALT_KEY).exists()


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_keys(tmp_path)
    (tmp_path / SALT_KEY).chmod(0o640)

    with pytest.raises(InputError, match=r"its mode is 0640 \(chmod 600 "):
        load_keys(tmp_path)


@pytest.mark.parametrize("text", ["", "secret", "AB" * 32, "ab" * 33])
def test_a_file_without_a_key_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    file = tmp_path / "some.key"
    file.write_text(text)

    with pytest.raises(InputError, match="64 lower-case hexadecimal digits") as caught:
        load_keys(_made(tmp_path / "keys"), file)
    assert not text or text not in str(caught.value)
    assert "some.key" in str(caught.value)


def test_a_key_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the key file cannot be used"):
        load_keys(tmp_path, tmp_path / "none.key")


def test_a_salt_key_that_evidence_was_made_with_is_not_remade(tmp_path: Path) -> None:
    made = Made(load_keys(tmp_path).salt_key_id)
    (tmp_path / SALT_KEY).unlink()

    with pytest.raises(StoreError, match=f"the salt key {made.salt_key_id} is missing") as caught:
        load_keys(tmp_path, made=lambda: made)
    assert str(tmp_path / SALT_KEY) in str(caught.value)
    assert "--salt-key" in caught.value.todo
    assert not (tmp_path / SALT_KEY).exists()


def test_another_salt_key_may_be_given_once_the_old_one_is_destroyed(tmp_path: Path) -> None:
    first = load_keys(tmp_path)
    (tmp_path / SALT_KEY).unlink()
    new = tmp_path / "new.key"
    new.write_text("cd" * 32)

    later = load_keys(tmp_path, new, lambda: Made(first.salt_key_id))

    assert (later.salt_key, later.pseudonym_key) == ("cd" * 32, first.pseudonym_key)


@pytest.mark.parametrize("also", [[], [SALT_KEY]], ids=["salt key given", "nothing left"])
def test_a_pseudonym_key_that_evidence_was_made_with_is_not_remade(tmp_path: Path, also: list[str]) -> None:
    first = load_keys(tmp_path)
    other = tmp_path / "other.key"
    other.write_text("cd" * 32)
    for name in (PSEUDONYM_KEY, *also):
        (tmp_path / name).unlink()

    for given in (other, None) if also else (other,):
        with pytest.raises(StoreError, match=r"the pseudonym key is missing.*restore"):
            load_keys(tmp_path, given, lambda: Made(first.salt_key_id))
    assert not (tmp_path / PSEUDONYM_KEY).exists()
    assert (tmp_path / SALT_KEY).exists() != bool(also)


def test_the_first_salt_key_is_enough_to_have_the_pseudonym_key_again(tmp_path: Path) -> None:
    first = load_keys(tmp_path)
    made = Made(first.salt_key_id, ("SELECT 1", keyed_hex("text", "SELECT 1", first)))
    (tmp_path / PSEUDONYM_KEY).unlink()

    assert load_keys(tmp_path, made=lambda: made) == first


def test_a_pseudonym_key_that_the_acts_were_not_made_with_is_not_derived(tmp_path: Path) -> None:
    """The first act may be older than the first salt key in use: the pseudonym key did not follow from that one."""
    first = load_keys(tmp_path)
    (tmp_path / PSEUDONYM_KEY).unlink()

    with pytest.raises(StoreError, match="the pseudonym key is missing"):
        load_keys(tmp_path, made=lambda: Made(first.salt_key_id, ("SELECT 1", "0" * 64)))


def test_whoever_only_reads_needs_no_salt_key_and_makes_none(tmp_path: Path) -> None:
    first = load_keys(tmp_path)
    (tmp_path / SALT_KEY).unlink()

    assert load_reading_keys(tmp_path, lambda: Made(first.salt_key_id)).pseudonym_key == first.pseudonym_key
    assert not (tmp_path / SALT_KEY).exists()


def test_a_pseudonym_key_that_others_may_read_is_refused_for_reading_too(tmp_path: Path) -> None:
    load_keys(tmp_path)
    (tmp_path / PSEUDONYM_KEY).chmod(0o604)

    with pytest.raises(InputError, match=r"its mode is 0604 \(chmod 600 "):
        load_reading_keys(tmp_path)
