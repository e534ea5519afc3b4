"""What the scripts share: files that are compared and written, and blocks between marks."""

from pathlib import Path

import pytest

from scripts.generated import replaced, stale, write_or_check


def test_a_check_names_what_is_not_current_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {tmp_path / "missing.md": "a", tmp_path / "old.md": "b", tmp_path / "current.md": "c"}
    (tmp_path / "old.md").write_text("before")
    (tmp_path / "current.md").write_text("c")

    assert write_or_check(files, ["--check"], script="scripts.x") == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{name} is not current; run: python -m scripts.x" for name in ("missing.md", "old.md")
    ]
    assert not (tmp_path / "missing.md").exists()
    assert (tmp_path / "old.md").read_text() == "before"


def test_writing_makes_all_current_and_removes_what_is_left_over(tmp_path: Path) -> None:
    left, files = tmp_path / "left.md", {tmp_path / "new" / "page.md": "足跡"}
    left.write_text("x")

    assert write_or_check(files, [], script="scripts.x", there=[left]) == 0
    assert stale(files) == []
    assert not left.exists()
    assert write_or_check(files, ["--check"], script="scripts.x") == 0


def test_a_wrong_argument_writes_nothing(tmp_path: Path) -> None:
    assert write_or_check({tmp_path / "page.md": "x"}, ["--chek"], script="scripts.x") == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", ["", "<b>", "<e><b>", "<b><b><e>", "<b><e><e>"])
def test_a_page_needs_both_marks_once_in_order(page: str) -> None:
    with pytest.raises(ValueError, match="README must hold the line <b> and, after it, <e>, once each"):
        replaced(page, "text", begin="<b>", end="<e>", name="README")
