import datetime as dt
from pathlib import Path

import pytest

from schemas.errors import InterpretationError, ManyErrors
from schemas.interpretations import Interpretations
from services.interpretation_files import read_interpretations

SIGNED = """
decisions:
  - setting: leak.standard.sui
    decided_by: 法務部長
    effective_from: 2026-04-01
    document: {title: opinion, sha256: 0000000000000000000000000000000000000000000000000000000000000000}
"""


def read(path: Path, text: str) -> Interpretations:
    file = path / "i.yaml"
    file.write_text(text, encoding="utf-8")
    return read_interpretations(file)


def told(path: Path, text: str) -> list[str]:
    with pytest.raises(ManyErrors) as caught:
        read(path, text)
    return [str(error).removeprefix(f"{path}/i.yaml:") for error in caught.value.errors]


def test_without_a_file_and_with_an_empty_one_the_defaults_hold(tmp_path: Path) -> None:
    assert read_interpretations(None) == Interpretations() == read(tmp_path, "# nothing\n")


def test_dotted_and_nested_keys_mean_the_same(tmp_path: Path) -> None:
    nested = read(tmp_path, "subcontractor: {review_interval_days: 90}\ndeadline: {tba: {first_hours: 12}}")
    dotted = read(tmp_path, "subcontractor.review_interval_days: 90\ndeadline.tba: {first_hours: 12}")
    mixed = read(tmp_path, "subcontractor: {review_interval_days: 90}\ndeadline: {tba.first_hours: 12}")
    assert nested == dotted == mixed
    assert nested.subcontractor.review_interval_days == 90


def test_a_signed_answer_is_accepted_and_counts_from_its_day(tmp_path: Path) -> None:
    found = read(tmp_path, f"leak.standard.sui: outflow\n{SIGNED}")
    assert found.at(dt.date(2026, 4, 1)).leak.standard.sui == "outflow"
    assert found.at(dt.date(2026, 3, 31)).leak.standard.sui == "exposure"


def test_what_needs_a_sign_off_is_refused_without_its_record(tmp_path: Path) -> None:
    wanted = "1:20: leak.standard.sui needs a sign-off before it can differ from exposure"
    unsigned = SIGNED.replace("    document:", "    # document:")
    assert told(tmp_path, "leak.standard.sui: outflow")[0].startswith(wanted)
    assert told(tmp_path, f"leak.standard.sui: outflow\n{unsigned}")[0].startswith(wanted)


def test_what_the_law_pins_down_cannot_be_set(tmp_path: Path) -> None:
    assert told(tmp_path, "deadline: {tba: {detail_days: 31}}\npolicy.disclosure_mode: on_request") == [
        "1:31: deadline.tba.detail_days cannot be set: ORD 57 leaves no choice but 30 (remove the line)",
        "2:25: policy.disclosure_mode cannot be set: ORD 22-2-23 leaves no choice but internet (remove the line)",
    ]
    assert read(tmp_path, "deadline.tba.detail_days: 30") == Interpretations()


def test_all_errors_are_told_at_their_places(tmp_path: Path) -> None:
    text = """\
third_party.country_basis: operating_entity
third_party:
  country_basis: ultimate_parent
temporary: {exempt: yes, min_duration: 2h}
leek: {standard: x}
sui.linkable_keys: [account_id, fone]
foreign_system: {min_sources: -1, max_age_days: 1.5}
retention: 180
decisions:
  - {setting: temporary.exemt, decided_by: GC, effective_from: 2026-04-01}
  - {setting: leak.sui.user_threshold, decided_by: GC, effective_from: 2026-04-01}
  - {setting: handling.grant_counts, decided_by: GC, effective_from: soon}
  - {setting: handling.grant_counts, decided_by: GC, effective_from: 2026-04-01}
"""
    assert [line.split(" (")[0].split(", email")[0] for line in told(tmp_path, text)] == [
        "3:3: third_party.country_basis is set twice",
        "4:21: temporary.exempt must be true or false",
        "4:40: temporary.min_duration must be a duration",
        '5:1: there is no key "leek" here',
        "6:33: sui.linkable_keys must be one of: account_id, contract_id, phone",
        "7:31: foreign_system.min_sources must be greater than or equal to 0",
        "7:49: foreign_system.max_age_days must be a whole number",
        "8:12: retention must be keys with values",
        "10:15: there is no setting temporary.exemt",
        "11:15: leak.sui.user_threshold cannot be decided on: ORD 58(1)(i)",
        "12:70: decisions.effective_from must be a date",
        "13:15: handling.grant_counts is decided twice",
    ]


def test_empty_groups_are_looked_at_too(tmp_path: Path) -> None:
    assert read(tmp_path, "leak: {}\nleak.standard: {}") == Interpretations()
    assert told(tmp_path, "leek: {}") == ['1:1: there is no key "leek" here (did you mean leak?)']
    assert told(tmp_path, "leak.standard: exposure\nleak: {standard: {sui: exposure}}")[0].startswith(
        "1:16: leak.standard"
    )


def test_a_list_instead_of_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InterpretationError, match="holds no settings"):
        read(tmp_path, "- third_party")


def test_a_missing_file_and_broken_yaml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InterpretationError, match="cannot be read"):
        read_interpretations(tmp_path / "none.yaml")
    with pytest.raises(InterpretationError, match="no YAML"):
        read(tmp_path, "a: [")


def test_the_interpretations_of_the_example_hold() -> None:
    example = Path(__file__).resolve().parents[3] / "examples" / "carrier" / "interpretations.yaml"
    assert read_interpretations(example).overridden()
