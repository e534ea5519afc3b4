"""The answers to open legal questions, as settings: no answer is a constant in code.

The path of an attribute is the setting's name: ``interpretations.third_party.country_basis``. Each field (in
`schemas.answers`) says what it decides; its `Meaning` says on what basis, how sure that is, which of the carriers'
questions it answers and what it affects. A YAML file overrides defaults (`services.interpretation_files`). A *pinned*
setting cannot be set: the law or an invariant leaves no choice. A setting with *sign-off* refuses another value than
its default without a decision that cites a document. A decision takes effect on a day (Asia/Tokyo); before it, the
default counts (`Interpretations.at`).
"""

from __future__ import annotations

import datetime as dt
from functools import cache, reduce
from typing import Any, TypeVar

from pydantic import Field, model_validator

from schemas.answers import (
    Ancillary,
    Appi28,
    CloudExceptionSettings,
    CoveredScope,
    Deadline,
    Evaluation,
    ForeignSystem,
    Handling,
    Leak,
    Policy,
    Retention,
    Subcontractor,
    Sui,
    TemporaryStay,
    ThirdParty,
    Threshold,
    Transit,
)
from schemas.base import Contract, Text
from schemas.register import DocumentRef
from schemas.settings import Setting, settings_of

M = TypeVar("M", bound=Contract)


class Decision(Contract):
    """Who answered a question with another value than the default, and from when on."""

    setting: Text = Field(description="Dotted name of the setting.")
    decided_by: Text = Field(description="Position of who decided; not the person's name.")
    effective_from: dt.date = Field(description="First day on which it counts, Asia/Tokyo; the default before it.")
    reason: Text | None = Field(None, description="Why.")
    document: DocumentRef | None = Field(None, description="The decision itself; needed for a sign-off.")


class Interpretations(Contract):
    """All settings. ``Interpretations()`` holds the defaults."""

    sui: Sui = Sui()
    threshold: Threshold = Threshold()
    scope: CoveredScope = CoveredScope()
    ancillary: Ancillary = Ancillary()
    foreign_system: ForeignSystem = ForeignSystem()
    policy: Policy = Policy()
    cloud_exception: CloudExceptionSettings = CloudExceptionSettings()
    temporary: TemporaryStay = TemporaryStay()
    transit: Transit = Transit()
    third_party: ThirdParty = ThirdParty()
    handling: Handling = Handling()
    appi28: Appi28 = Appi28()
    subcontractor: Subcontractor = Subcontractor()
    leak: Leak = Leak()
    deadline: Deadline = Deadline()
    evaluation: Evaluation = Evaluation()
    retention: Retention = Retention()
    decisions: tuple[Decision, ...] = Field((), description="Decisions behind values other than the default.")

    @model_validator(mode="after")
    def _decisions_are_on_settings(self) -> Interpretations:
        names = [decision.setting for decision in self.decisions]
        settings = {setting.name: setting for setting in catalogue()}
        for name in names:
            if name not in settings:
                message = f"a decision names the setting {name}, which does not exist"
                raise ValueError(message)
            if settings[name].meaning.pinned:
                message = f"a decision names the setting {name}, which cannot be set"
                raise ValueError(message)
            if names.count(name) > 1:
                message = f"two decisions name the setting {name}; keep the one in force"
                raise ValueError(message)
        return self

    def value(self, name: str) -> Any:
        """Return the value of the setting with this dotted name."""
        return reduce(getattr, name.split("."), self)

    def replace(self, name: str, value: Any) -> Interpretations:
        """Return a copy in which the setting with this dotted name has ``value``; for what-if questions and tests.

        Raises:
            pydantic.ValidationError: the setting does not allow the value.
        """
        changed = _with(self, name.split("."), value)
        return Interpretations.model_validate_json(changed.model_dump_json(warnings=False))

    def decision(self, name: str) -> Decision | None:
        """Return the decision behind this setting, if there is one."""
        return next((decision for decision in self.decisions if decision.setting == name), None)

    def overridden(self) -> tuple[Setting, ...]:
        """Return the settings whose value is not the default."""
        return tuple(setting for setting in catalogue() if self.value(setting.name) != setting.default)

    def unsigned(self) -> tuple[Setting, ...]:
        """Return the settings that need a sign-off, are not at their default, and whose decision cites no document."""
        return tuple(
            setting
            for setting in self.overridden()
            if setting.meaning.sign_off and ((found := self.decision(setting.name)) is None or found.document is None)
        )

    def change_days(self) -> tuple[dt.date, ...]:
        """Return the days, ascending, on which an answer takes effect."""
        return tuple(sorted({decision.effective_from for decision in self.decisions}))

    def at(self, day: dt.date) -> Interpretations:
        """Return what counts on ``day`` (Asia/Tokyo): the default where a decision takes effect later."""
        later = {decision.setting for decision in self.decisions if decision.effective_from > day}
        if not later:
            return self
        reverted = [setting for setting in self.overridden() if setting.name in later]
        return reduce(lambda model, setting: _with(model, setting.name.split("."), setting.default), reverted, self)


@cache
def catalogue() -> tuple[Setting, ...]:
    """Return every setting in the order of the model."""
    return tuple(settings_of(Interpretations))


def _with(model: M, path: list[str], value: Any) -> M:
    """Return ``model`` with the value at ``path`` replaced."""
    head, *rest = path
    inner = _with(getattr(model, head), rest, value) if rest else value
    return model.model_copy(update={head: inner})
