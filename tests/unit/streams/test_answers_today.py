import datetime as dt

from schemas.interpretations import Decision, Interpretations
from schemas.questions import QUESTIONS
from streams.answers_today import Answer, answers

DAY = dt.date(2026, 11, 1)


def answer(interpretations: Interpretations, name: str, day: dt.date = DAY) -> Answer:
    return next(one for group in answers(interpretations, day) for one in group.answers if one.setting.name == name)


def test_each_question_has_an_answer_in_the_order_of_the_paper() -> None:
    found = answers(Interpretations(), DAY)
    assert [group.question for group in found] == [*QUESTIONS, None]
    assert all(group.answers for group in found)


def test_an_answer_says_whether_it_is_the_default_pinned_or_set() -> None:
    settings = Interpretations().replace("subcontractor.review_interval_days", 90)
    assert answer(settings, "subcontractor.review_interval_days").source == "set"
    assert answer(settings, "subcontractor.review_interval_days").value == "90"
    assert answer(settings, "handling.grant_counts").source == "default"
    assert answer(settings, "policy.disclosure_mode").source == "pinned"


def test_an_answer_to_come_shows_the_default_that_still_counts() -> None:
    decision = Decision(
        setting="transit.treatment", decided_by="counsel", effective_from=DAY, reason=None, document=None
    )
    settings = Interpretations().replace("transit.treatment", "store").model_copy(update={"decisions": (decision,)})
    before = answer(settings, "transit.treatment", dt.date(2026, 10, 31))
    assert (before.value, before.source, before.decided_by) == ("review", "set, from 2026-11-01 on", "counsel")
    assert (answer(settings, "transit.treatment").value, answer(settings, "transit.treatment").source) == (
        "store",
        "set",
    )
