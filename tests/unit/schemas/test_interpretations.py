import datetime as dt

import pytest
from pydantic import ValidationError

from schemas.answers import ThirdParty
from schemas.interpretations import Decision, Interpretations, catalogue
from schemas.questions import QUESTION
from schemas.register import DocumentRef

DEFAULTS = Interpretations()

# Name → default, as docs of the law give them; what is here must not change by accident.
NAMED = {
    "sui.online_identifier_in_scope": "linked_only",
    "sui.linkable_keys": ("account_id", "contract_id", "phone", "email"),
    "sui.anonymised_accounts_exempt": True,
    "sui.anonymisation_applies_to_secrecy": False,
    "threshold.aggregation": "category_and_fee_type",
    "threshold.designation.free": 10_000_000,
    "threshold.designation.paid": 5_000_000,
    "threshold.bands.free": (9_000_000, 10_000_000),
    "threshold.bands.paid": (4_500_000, 5_000_000),
    "scope.covered_services": "whole_category",
    "ancillary.scope": "inherit_parent_service",
    "ancillary.threshold_basis": "parent_category",
    "ancillary.counts_as_additional_users": False,
    "foreign_system.max_age_days": 365,
    "foreign_system.min_sources": 1,
    "policy.disclosure_mode": "internet",
    "policy.may_be_merged": True,
    "policy.security_outline.missing_heading": "warn",
    "cloud_exception.enabled": True,
    "cloud_exception.removes": ("outsourcing",),
    "cloud_exception.never_removes": ("storage_location", "foreign_storage_service"),
    "temporary.exempt": False,
    "temporary.min_duration": dt.timedelta(0),
    "transit.treatment": "review",
    "third_party.country_basis": "contracting_entity",
    "handling.country_basis": "either",
    "handling.grant_counts": True,
    "subcontractor.review_interval_days": 365,
    "appi28.confirm_interval_days": 365,
    "leak.standard.secrecy": "exposure",
    "leak.standard.sui": "exposure",
    "leak.sui.open_case_on": "exposure",
    "leak.sui.recovered_unseen_is_leak": False,
    "leak.encryption_exempt.tba": False,
    "leak.encryption_exempt.appi": True,
    "deadline.tba.first_hours": 24,
    "deadline.tba.detail_days": 30,
    "deadline.appi.first_days": 3,
    "deadline.appi.final_days": 30,
    "deadline.appi.unlawful": 60,
    "deadline.designation_months": 3,
    "deadline.user_report_months": 1,
    "evaluation.first_period": "designation_to_fy_end",
    "retention.incident_days": 3653,
    "retention.audit_days": 1096,
    "retention.comm_history_days": 180,
}


def decided(name: str, day: dt.date, *, document: bool = False) -> Decision:
    paper = DocumentRef(title="opinion", sha256="0" * 64, dated=None)
    return Decision(
        setting=name, decided_by="counsel", effective_from=day, reason=None, document=paper if document else None
    )


def test_the_defaults_are_those_of_the_law_book() -> None:
    assert {name: DEFAULTS.value(name) for name in NAMED} == NAMED


def test_every_field_of_the_model_is_a_setting_with_a_basis() -> None:
    names = [setting.name for setting in catalogue()]
    assert len(names) == len(set(names))
    assert all(setting.doc and setting.meaning.basis and setting.allowed for setting in catalogue())
    leaves = DEFAULTS.model_dump(exclude={"decisions"})

    def count(value: object) -> int:
        return sum(map(count, value.values())) if isinstance(value, dict) else 1

    assert count(leaves) == len(names)


def test_every_question_has_a_setting_and_every_setting_a_known_question() -> None:
    answered = {number for setting in catalogue() for number in setting.meaning.questions}
    assert answered == set(QUESTION)


def test_the_least_of_incident_retention_is_ten_years_and_the_most_of_history_one() -> None:
    with pytest.raises(ValidationError):
        DEFAULTS.replace("retention.incident_days", 3652)
    with pytest.raises(ValidationError):
        DEFAULTS.replace("retention.comm_history_days", 366)


def test_replacing_a_value_is_checked_and_leaves_the_original() -> None:
    changed = DEFAULTS.replace("temporary.min_duration", dt.timedelta(hours=2))
    assert changed.temporary.min_duration == dt.timedelta(hours=2)
    assert DEFAULTS.temporary.min_duration == dt.timedelta(0)
    assert [setting.name for setting in changed.overridden()] == ["temporary.min_duration"]
    with pytest.raises(ValidationError):
        DEFAULTS.replace("policy.disclosure_mode", "on_request")


def test_a_sign_off_needs_a_decision_with_a_document() -> None:
    changed = DEFAULTS.replace("scope.covered_services", "services_over_threshold")
    day = dt.date(2026, 4, 1)
    bare = changed.model_copy(update={"decisions": (decided("scope.covered_services", day),)})
    signed = changed.model_copy(update={"decisions": (decided("scope.covered_services", day, document=True),)})
    assert [setting.name for setting in changed.unsigned()] == ["scope.covered_services"]
    assert [setting.name for setting in bare.unsigned()] == ["scope.covered_services"]
    assert signed.unsigned() == ()


def test_an_answer_counts_from_its_day_on_and_the_default_before() -> None:
    day = dt.date(2026, 4, 1)
    changed = Interpretations(
        third_party=ThirdParty(country_basis="ultimate_parent"),
        decisions=(decided("third_party.country_basis", day),),
    )
    assert changed.at(dt.date(2026, 3, 31)).third_party.country_basis == "contracting_entity"
    assert changed.at(day) == changed
    assert changed.change_days() == (day,)


@pytest.mark.parametrize("name", ["leak.standard.suo", "policy.disclosure_mode"])
def test_decisions_on_what_does_not_exist_or_cannot_be_set_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Interpretations(decisions=(decided(name, dt.date(2026, 4, 1)),))


def test_a_setting_is_decided_once() -> None:
    twice = (decided("temporary.exempt", dt.date(2026, 4, 1)), decided("temporary.exempt", dt.date(2026, 5, 1)))
    with pytest.raises(ValidationError, match="two decisions"):
        Interpretations(decisions=twice)
