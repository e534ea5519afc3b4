import json
from pathlib import Path

import pytest

from schemas.questions import QUESTIONS
from services.cli import run

SETTINGS = """
transit.treatment: store
decisions:
- setting: transit.treatment
  decided_by: 法務部長
  effective_from: 2026-11-01
  document: {title: opinion, sha256: 0000000000000000000000000000000000000000000000000000000000000000}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no data directory is there


def test_every_question_is_shown_with_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["interpretation", "show", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["origin"] == "the defaults"
    assert [one["question"] for one in said["questions"]] == [question.number for question in QUESTIONS] + [None]
    keys = {"setting", "says", "today", "from", "default", "type", "allowed", "basis", "authority", "affects"}
    assert all(keys <= setting.keys() for one in said["questions"] for setting in one["settings"])


def test_a_page_for_people_tells_question_answer_and_basis(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["interpretation", "show", "--question", "q9"]) == 0
    out = capsys.readouterr().out
    for word in (
        "Q9",
        "By default: Yes, on the Internet",
        "policy.disclosure_mode",
        "pinned",
        "ORD 22-2-23 [S]",
        "XB-STORE",
    ):
        assert word in out
    assert "Q10" not in out


def test_an_answer_of_a_file_is_told_with_who_decided_it_and_from_when(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "i.yaml").write_text(SETTINGS, encoding="utf-8")
    show = ["interpretation", "show", "--question", "Q11", "--interpretations", "i.yaml", "--at"]
    assert run([*show, "2026-11-01"]) == 0
    assert "Today otherwise: transit.treatment = store" in capsys.readouterr().out
    assert run([*show, "2026-10-31"]) == 0
    out = capsys.readouterr().out
    assert "Today otherwise" not in out
    assert "set, from 2026-11-01 on, by 法務部長" in out


def test_the_settings_used_last_are_shown_if_no_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "i.yaml").write_text("subcontractor.review_interval_days: 90\n")
    (tmp_path / "log.ndjson").write_text("")
    assert run(["ingest", "log.ndjson", "--interpretations", "i.yaml", "--data-dir", "data"]) == 0
    capsys.readouterr()
    assert run(["interpretation", "show", "--data-dir", "data", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["origin"] == "what data was judged with last"
    settings = {setting["setting"]: setting for one in said["questions"] for setting in one["settings"]}
    assert settings["subcontractor.review_interval_days"]["today"] == "90"
    assert settings["subcontractor.review_interval_days"]["from"] == "set"


def test_a_file_that_cannot_be_used_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "i.yaml").write_text("policy.disclosure_mode: on_request\n")
    assert run(["interpretation", "show", "--interpretations", "i.yaml"]) == 2
    assert "i.yaml:1:25: policy.disclosure_mode cannot be set" in capsys.readouterr().err
    assert run(["interpretation", "show", "--question", "Q99"]) == 2


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["interpretation", "show", "--help"]) == 0
    assert "ashiato interpretation show --question Q10" in capsys.readouterr().out
