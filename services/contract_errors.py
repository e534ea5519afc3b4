"""Turns what pydantic finds in a YAML file into errors with line, column, reason and a hint.

Values never become part of a text: only names of keys, the words a contract allows, and places do.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from schemas.errors import AshiatoError, InputError
from services.yaml_files import Loc, YamlFile
from streams.register_references import closest

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "bool_type": ("must be true or false", "yes, no, on and off are words in YAML 1.2"),
    "bool_parsing": ("must be true or false", "yes, no, on and off are words in YAML 1.2"),
    "string_type": ("must be a text", "put it in quotes"),
    "int_type": ("must be a whole number", "write it without quotes or fraction"),
    "int_from_float": ("must be a whole number", "write it without a fraction"),
    "tuple_type": ("must be a list", "begin each item with `- `, or write [a, b]"),
    "date_type": ("must be a date", "write it as 2026-04-01"),
    "date_parsing": ("must be a date", "write it as 2026-04-01"),
    "date_from_datetime_parsing": ("must be a date", "write it as 2026-04-01"),
    "date_from_datetime_inexact": ("must be a date without a time", "write it as 2026-04-01"),
    "time_delta_type": ("must be a duration", "write it as PT2H or P1D"),
    "time_delta_parsing": ("must be a duration", "write it as PT2H or P1D"),
    "model_type": ("must be keys with values", "write `key: value` lines below it"),
    "model_attributes_type": ("must be keys with values", "write `key: value` lines below it"),
    "string_too_short": ("must not be empty", "write something, or leave the key out"),
    "string_too_long": ("is too long", "shorten it"),
    "too_short": ("has too few items", "add some, or leave the key out"),
    "too_long": ("has too many items", "remove some"),
}
"""Error type of pydantic → what we say and what to do."""

_FORMS: Final[dict[str, tuple[str, str]]] = {
    r"^[A-Z]{2}$": ("must be a country code", "two capital letters of ISO 3166-1, such as JP"),
    r"^[0-9a-f]{64}$": ("must be a SHA-256", "64 hexadecimal digits in lower case, as sha256sum prints them"),
    r"^\d{4}-(0[1-9]|1[0-2])$": ("must be a month", 'write it as "2026-04"'),
    r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$": ("is no id", "letters, digits and . _ : / @ + - after a letter or digit"),
}
"""Pattern of a contract → what we say of a text that does not have its form."""


def explain(
    problems: Iterable[ErrorDetails], model: type[BaseModel], file: YamlFile, base: Loc, error: type[InputError]
) -> Iterator[AshiatoError]:
    """Yield one error for each thing that pydantic found, in its order, at its place in the file.

    Args:
        problems: what pydantic found in the value at ``base``.
        model: the contract that the value was read as.
        file: the file that the value stands in.
        base: the way to the value.
        error: what to make of it.
    """
    told: set[Loc] = set()
    for details in problems:
        loc = (*base, *details["loc"])
        _, reached = file.reach(loc)
        # A value that may have several forms is reported once for each: one of them says enough.
        unknown = details["type"] in {"extra_forbidden", "missing"}
        if not unknown and reached in told:
            continue
        told.add(loc if unknown else reached)
        yield _one(details, model, file, loc, error)


def _one(
    details: ErrorDetails, model: type[BaseModel], file: YamlFile, loc: Loc, error: type[InputError]
) -> InputError:
    """Return the error for one finding."""
    last = str(loc[-1]) if loc else ""
    if details["type"] == "extra_forbidden":
        allowed = fields_at(model, details["loc"][:-1])
        hint = closest(last, allowed) or (f"one of: {', '.join(allowed)}" if allowed else "remove it")
        return error(f'there is no key "{last}" here', where=file.place_of_key(loc), todo=hint)
    if details["type"] == "missing":
        return error(f'the key "{last}" is missing', where=file.place_of(loc), todo="add it")
    what, todo = say(details)
    if details["type"] == "value_error":
        loc = _named(details, file, loc)
    name = ".".join(str(step) for step in file.reach(loc)[1] if isinstance(step, str))
    return error(f"{name or 'this'} {what}", where=file.place_of(loc), todo=todo)


def _named(details: ErrorDetails, file: YamlFile, loc: Loc) -> Loc:
    """Return the way to the key that a contract's own check names first, else ``loc``."""
    word = str(details["ctx"]["error"]).partition(" ")[0]
    node, reached = file.reach(loc)
    return (*loc, word) if reached == loc and word in (node.fields or {}) else loc


def say(details: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong with a value, and what to do."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "literal_error":
        expected = str(context["expected"]).replace(" or ", ", ").replace("'", "")
        return f"must be one of: {expected}", _closest_word(details["input"], expected.split(", "))
    if kind == "string_pattern_mismatch":
        return _FORMS.get(str(context["pattern"]), ("does not have the form asked for", f"form: {context['pattern']}"))
    if kind in {"value_error", "assertion_error"}:
        return f"cannot be: {context['error']}", ""
    if kind in _WORDS:
        return _WORDS[kind]
    return details["msg"].replace("Input should be", "must be"), ""


def _closest_word(given: object, words: list[str]) -> str:
    """Return a hint at the allowed word that was probably meant."""
    if isinstance(given, str):
        return closest(given, words)
    return "put it in quotes" if str(given) in words else ""


def fields_at(model: Any, loc: Iterable[str | int]) -> list[str]:
    """Return the keys that the contract allows at ``loc``, as far as it can be followed."""
    models = _models(model)
    for step in loc:
        if isinstance(step, str):
            models = [
                inner
                for one in models
                if step in one.model_fields
                for inner in _models(one.model_fields[step].annotation)
            ]
    return list(dict.fromkeys(name for one in models for name in one.model_fields))


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the models within an annotation: those of unions, lists and annotated types."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) is Literal:
        return []
    return [model for part in typing.get_args(annotation) for model in _models(part)]
