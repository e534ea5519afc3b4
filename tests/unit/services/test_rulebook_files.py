"""The rules that come with the program, and folders of other rules, are read from files."""

from pathlib import Path

import pytest

from schemas.errors import ManyErrors, RuleError
from services.rulebook_files import (
    LOCK_NAME,
    read_lock_file,
    read_rulebook,
    rule_texts,
    rulebook_folder,
    write_lock_file,
)
from streams.rule_lock import updated_lock
from tests.support.rules import TEXT, changed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "T-RULE.yml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_the_rules_of_the_program_are_named_alike_wherever_it_is_installed() -> None:
    texts = rule_texts()
    assert len(texts) == len(list(rulebook_folder().glob("*.yml")))
    assert all(name.startswith("rulebook/") for name in texts)
    assert read_rulebook().sha256 == read_rulebook(rulebook_folder()).sha256


def test_a_folder_of_rules_is_read(folder: Path) -> None:
    (folder / "README.md").write_text("no rule", encoding="utf-8")
    assert [rule.id for rule in read_rulebook(folder)] == ["T-RULE"]


def test_an_error_names_the_file(folder: Path) -> None:
    (folder / "T-RULE.yml").write_text(changed(("level: low", "level: grave")), encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        read_rulebook(folder)
    assert str(caught.value).startswith(f"{folder / 'T-RULE.yml'}:3:")


def test_the_errors_of_all_files_are_told(folder: Path) -> None:
    (folder / "T-RULE.yml").write_text("- no rule", encoding="utf-8")
    (folder / "U-RULE.yml").write_text("{", encoding="utf-8")
    with pytest.raises(ManyErrors) as caught:
        read_rulebook(folder)
    assert len(caught.value.errors) == 2


def test_a_folder_without_rules_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="0 files"):
        read_rulebook(tmp_path)
    with pytest.raises(RuleError, match="no folder"):
        read_rulebook(tmp_path / "nowhere")


def test_bytes_that_are_no_utf_8_are_told_with_their_place(folder: Path) -> None:
    (folder / "T-RULE.yml").write_bytes(b"title: \xff")
    with pytest.raises(RuleError, match="byte 8 is no UTF-8"):
        read_rulebook(folder)


def test_a_folder_in_place_of_a_file_is_told(folder: Path) -> None:
    (folder / "U-RULE.yml").mkdir()
    with pytest.raises(RuleError, match="cannot be read"):
        read_rulebook(folder)


def test_line_ends_are_part_of_a_rule(folder: Path) -> None:
    before = read_rulebook(folder).rules[0].sha256
    (folder / "T-RULE.yml").write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert read_rulebook(folder).rules[0].sha256 != before


def test_a_lock_is_kept_beside_its_rules(folder: Path) -> None:
    assert read_lock_file(folder) == {}
    lock = updated_lock(read_rulebook(folder), {})
    write_lock_file(lock, folder)
    assert (folder / LOCK_NAME).read_bytes().endswith(b"\n")
    assert read_lock_file(folder) == lock


def test_a_lock_that_cannot_be_written_is_told(folder: Path) -> None:
    (folder / LOCK_NAME).mkdir()
    with pytest.raises(RuleError, match="cannot be written"):
        write_lock_file({}, folder)
