"""Today's answers to the carriers' questions: settings with their values and where the values come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.interpretations import Interpretations, catalogue
from schemas.questions import QUESTIONS, Question
from schemas.settings import Setting, show


@dataclass(frozen=True, slots=True)
class Answer:
    """The value of one setting on one day.

    Attributes:
        setting: name, type, default, allowed values and meaning.
        value: the value on that day, as it is written in YAML.
        source: ``default``, ``pinned`` (no choice), ``set``, or ``set, from <day> on`` while the default still counts.
        decided_by: position of who decided, if there is a decision.
        effective_from: first day of the decision.
    """

    setting: Setting
    value: str
    source: str
    decided_by: str | None = None
    effective_from: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One question with the settings that answer it; a question of None stands for choices nobody asked about."""

    question: Question | None
    answers: tuple[Answer, ...]


def answers(interpretations: Interpretations, day: dt.date) -> list[Answered]:
    """Return the answers of ``day`` (Asia/Tokyo) for Q1 to Q16 in the order of the paper, then the other settings."""
    today = interpretations.at(day)
    found = {setting.name: _answer(setting, interpretations, today) for setting in catalogue()}
    asked = [Answered(question, _of(question.number, found.values())) for question in QUESTIONS]
    rest = tuple(answer for answer in found.values() if not answer.setting.meaning.questions)
    return [*asked, Answered(None, rest)]


def _of(number: str, found: Iterable[Answer]) -> tuple[Answer, ...]:
    return tuple(answer for answer in found if number in answer.setting.meaning.questions)


def _answer(setting: Setting, written: Interpretations, today: Interpretations) -> Answer:
    decision = written.decision(setting.name)
    value = today.value(setting.name)
    source = "default"
    if setting.meaning.pinned:
        source = "pinned"
    elif value != setting.default:
        source = "set"
    elif decision is not None and written.value(setting.name) != value:
        source = f"set, from {decision.effective_from} on"
    return Answer(
        setting=setting,
        value=show(value),
        source=source,
        decided_by=decision.decided_by if decision else None,
        effective_from=decision.effective_from if decision else None,
    )
