"""Reads the settings: all errors at once, each with the setting's name and where it was set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.errors import AshiatoError, InputError, ManyErrors, Place
from services.contract_errors import fields_at, say
from services.settings import BETWEEN, PREFIX, Settings
from services.yaml_files import YamlFile, read_yaml
from streams.register_references import closest

OTHER_NAMES: Final = {
    "ASHIATO_INTERPRETATIONS": "interpretations",
    "ASHIATO_MMDB": "mmdb",
    "ASHIATO_SALT_KEY": "salt_key",
}
"""What `ashiato ingest` calls settings under ``paths``; whoever has set them means the same files here."""


def read_settings(path: Path | None = None, *, data_dir: Path | None = None) -> Settings:
    """Return the settings of the environment and of a file.

    Args:
        path: YAML file; None: the environment and the defaults alone.
        data_dir: the data directory, if it was named on the command line.

    Raises:
        InputError: the file cannot be read or is no YAML.
        ManyErrors: `InputError` for everything that is wrong with settings, each by its name and place.
    """
    file = read_yaml(path, InputError) if path else None
    given: Any = file.data if file and file.data is not None else {}
    if not isinstance(given, dict):
        raise InputError("this holds no settings", where=Place(str(path)), todo="write `kafka: {bootstrap: …}`")
    unknown = list(_unknown_variables())
    try:
        found = Settings(**_with_other_names(given))
    except ValidationError as problem:
        details = problem.errors(include_url=False)
        raise ManyErrors("the settings cannot be used", [*unknown, *_told(details, file)]) from None
    if unknown:
        raise ManyErrors("the settings cannot be used", unknown)
    return found.model_copy(update={"data_dir": data_dir}) if data_dir else found


def variable(loc: Iterable[str | int]) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + BETWEEN.join(str(step) for step in loc).upper()


def _with_other_names(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the file says, and under it what the environment says in the words of other commands."""
    other = {name: os.environ[key] for key, name in OTHER_NAMES.items() if os.environ.get(key)}
    paths = given.get("paths") or {}
    return {**given, "paths": {**other, **paths}} if other and isinstance(paths, dict) else given


def _unknown_variables() -> Iterator[AshiatoError]:
    """Yield an error for each variable that means a setting and names no section.

    Variables without two underscores are left alone: container platforms add some of their own for each service.
    """
    for name in sorted(os.environ):
        section, between, _ = name.removeprefix(PREFIX).lower().partition(BETWEEN)
        if name.startswith(PREFIX) and between and section not in Settings.model_fields:
            hint = closest(section, Settings.model_fields) or f"one of: {', '.join(Settings.model_fields)}"
            yield InputError(f"there are no settings {section}", where=Place(name), todo=hint)


def _told(found: Iterable[ErrorDetails], file: YamlFile | None) -> Iterator[AshiatoError]:
    """Yield an error for each thing that is wrong."""
    for details in found:
        loc = details["loc"]
        name = ".".join(str(step) for step in loc if isinstance(step, str))
        where = _place(loc, file, key=details["type"] == "extra_forbidden")
        if details["type"] == "extra_forbidden":
            allowed = _names_at(loc[:-1])
            hint = closest(str(loc[-1]), allowed) or f"one of: {', '.join(allowed)}"
            yield InputError(f"there is no setting {name}", where=where, todo=hint)
        elif details["type"] == "missing":
            yield InputError(f"{name} is not set", where=where, todo=f"set it there, or as {variable(loc)}")
        else:
            what, todo = say(details)
            yield InputError(f"{name or 'this'} {what}", where=where, todo=todo)


def _place(loc: tuple[str | int, ...], file: YamlFile | None, *, key: bool) -> Place:
    """Return where a setting was set: the environment goes before the file."""
    names = {name.upper(): name for name in os.environ}
    inside = (name for upper, name in names.items() if upper.startswith(variable(loc) + BETWEEN))
    exact = (names[variable(loc[:length])] for length in range(len(loc), 0, -1) if variable(loc[:length]) in names)
    if found := next(exact, None) or next(inside, None):
        return Place(found)
    if file is None:
        return Place("settings")
    return file.place_of_key(loc) if key else file.place_of(loc)


def _names_at(loc: tuple[str | int, ...]) -> list[str]:
    """Return the settings of a section."""
    return ["register" if name == "register_files" else name for name in fields_at(Settings, loc)]
