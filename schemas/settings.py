"""What is known of a setting that stands for an open legal question, and how a model tells it of its fields.

`schemas.interpretations` writes a `Meaning` beside each field; `settings_of` reads them back as a flat catalogue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Authority = Literal["S", "S2", "I", "M", "U"]
"""How sure the basis is: S read in the statute, ordinance or official guideline; S2 in a secondary source; I inferred
from them; M from memory; U not established."""

AUTHORITY_WORDS: dict[Authority, str] = {
    "S": "stands in the text of the law or of an official guideline",
    "S2": "told by a secondary source",
    "I": "inferred from the text; no authority says it in terms",
    "M": "long-standing reading; not found in a source at hand",
    "U": "not established; ask a lawyer",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a field of the interpretations stands for.

    Attributes:
        section: where it belongs: ``definition``, ``reporting``, ``rules``, ``policy``, ``cross-border``,
            ``subcontractor``, ``leak``, ``deadline`` or ``retention``.
        basis: the clause or guideline that the default rests on.
        authority: how sure that is.
        questions: numbers of the carriers' questions it answers; empty for choices that nobody asked about.
        affects: rule ids and fact columns that change with it.
        pinned: the law or an invariant leaves no choice; a file cannot set it.
        sign_off: a value other than the default is refused without a decision that cites a document.
    """

    section: str
    basis: str
    authority: Authority
    questions: tuple[str, ...] = ()
    affects: tuple[str, ...] = ()
    pinned: bool = False
    sign_off: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as people look it up: its dotted name, its type, what is allowed, and its meaning."""

    name: str
    doc: str
    type: str
    default: Any
    allowed: str
    meaning: Meaning


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Yield a setting for each field of ``model``, nested models included, that carries a `Meaning`."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from settings_of(annotation, f"{path}.")
            continue
        for meaning in (item for item in field.metadata if isinstance(item, Meaning)):
            default = field.get_default(call_default_factory=True, validated_data={})
            yield Setting(path, field.description or "", _type(annotation), default, _allowed(field), meaning)


def _type(annotation: Any) -> str:
    """Return the name of a field's type in the words of a YAML author."""
    origin = get_origin(annotation)
    if origin is tuple:
        return f"list of {_type(get_args(annotation)[0])}"
    if origin is Literal:
        return _type(type(get_args(annotation)[0]))
    return {bool: "true or false", int: "whole number", str: "word", dt.timedelta: "duration"}[annotation]


def _allowed(field: FieldInfo) -> str:
    """Return the allowed values as a person reads them."""
    annotation = field.annotation
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)
        if inner[-1] is not Ellipsis:
            return "exactly: " + ", ".join(_words(item) for item in inner)
        return f"any of: {_words(inner[0])}"
    if get_origin(annotation) is Literal:
        return _words(annotation)
    if annotation is bool:
        return "true | false"
    return _bounds(field)


def _words(literal: Any) -> str:
    return " | ".join(str(word).lower() if isinstance(word, bool) else str(word) for word in get_args(literal))


def _bounds(field: FieldInfo) -> str:
    """Return ``least to most`` of a number or duration."""
    least, most = "", ""
    for item in field.metadata:
        if isinstance(item, annotated_types.Ge):
            least = show(item.ge)
        if isinstance(item, annotated_types.Le):
            most = show(item.le)
    return f"{least} to {most}" if least and most else ""


def show(value: Any) -> str:
    """Return a setting's value as it is written in YAML, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.timedelta):
        return iso_duration(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(show(item) for item in value) + "]"
    return str(value)


def iso_duration(value: dt.timedelta) -> str:
    """Return a duration of whole seconds in ISO 8601 form, days being the largest unit: ``P1DT2H``, ``PT0S``."""
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    days = f"{value.days}D" if value.days else ""
    if not days and not clock:
        return "PT0S"
    return f"P{days}" + (f"T{clock}" if clock else "")
