"""Reads the settings that stand for open legal questions from a YAML file: all errors at once, with their places.

The file holds only what differs from the defaults, nested or dotted (``third_party.country_basis: party``), and under
``decisions`` who decided what and from which day on. What the law pins down cannot be set, and what needs a sign-off
is refused without a decision that cites a document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.errors import AshiatoError, InterpretationError, ManyErrors, Place
from schemas.interpretations import Interpretations, catalogue
from schemas.settings import show
from services.contract_errors import explain
from services.yaml_files import Loc, Node, YamlFile, read_yaml
from streams.register_references import closest


def read_interpretations(path: Path | None) -> Interpretations:
    """Return the settings of a file; without a file, the defaults.

    Raises:
        InterpretationError: the file cannot be read or is no YAML.
        ManyErrors: `InterpretationError` for everything that is wrong in it, each with its place.
    """
    if path is None:
        return Interpretations()
    file = read_yaml(path, InterpretationError)
    if file.data is None:
        return Interpretations()
    if not isinstance(file.data, dict):
        todo = "write settings such as `third_party: {country_basis: operating_entity}`"
        raise InterpretationError("this holds no settings", where=file.place_of(()), todo=todo)
    nesting = _Nesting(file)
    nested = nesting.nested()
    found, errors = _validated(nested)
    errors = [*nesting.errors, *_pinned(nested), *_decisions(nested), *errors]
    if found is not None:
        errors += _unsigned(found, nested)
        if not errors:
            return found
    raise ManyErrors("the interpretations cannot be used", _one_per_place(errors))


def _validated(file: YamlFile) -> tuple[Interpretations | None, list[AshiatoError]]:
    """Return the settings of a nested file, or what its contract says against it."""
    try:
        return Interpretations.model_validate_json(json.dumps(file.data)), []
    except ValidationError as problem:
        return None, list(explain(problem.errors(include_url=False), Interpretations, file, (), InterpretationError))


def _one_per_place(errors: list[AshiatoError]) -> list[AshiatoError]:
    """Return the errors in the order of their places; of several at one place the first, which says the most."""
    kept: dict[Place, AshiatoError] = {}
    for error in errors:
        kept.setdefault(error.where or Place(), error)
    return [kept[place] for place in sorted(kept, key=lambda place: (place.line or 0, place.column or 0))]


class _Nesting:
    """Writes the dotted keys of a file out as nested ones."""

    def __init__(self, file: YamlFile) -> None:
        self._file = file
        self._top = Node(file.root.line, file.root.column, fields={})
        self.errors: list[AshiatoError] = []

    def nested(self) -> YamlFile:
        """Return the file with nested keys only."""
        self._spread(self._top, self._file.root, "")
        return YamlFile(self._file.path, self._top.plain(), self._top)

    def _spread(self, here: Node, node: Node, name: str) -> None:
        """Put what stands in ``node`` below ``here``, which has this dotted name."""
        for key, inner in (node.fields or {}).items():
            *steps, last = key.split(".")
            below: Node | None = here
            for step in steps:
                below = self._below(below, step, node.keys[key]) if below else None
            full = f"{name}{key}"
            if inner.fields is not None:
                below = self._below(below, last, node.keys[key]) if below else None
            if below is None or (inner.fields is None and not self._put(below, last, inner, node.keys[key])):
                where = Place(self._file.path, *node.keys[key])
                self.errors.append(InterpretationError(f"{full} is set twice", where=where, todo="keep one of them"))
            elif inner.fields is not None:
                self._spread(below, inner, f"{full}.")

    @staticmethod
    def _below(here: Node, step: str, at: tuple[int, int]) -> Node | None:
        """Return the group ``step`` in ``here``, made if it is not there; None if a value stands in its place."""
        fields = here.fields if here.fields is not None else {}
        here.keys.setdefault(step, at)
        found = fields.setdefault(step, Node(*at, fields={}))
        return found if found.fields is not None else None

    @staticmethod
    def _put(here: Node, key: str, node: Node, at: tuple[int, int]) -> bool:
        """Put a value into a group; return whether its place was free."""
        if here.fields is None or key in here.fields:
            return False
        here.fields[key] = node
        here.keys[key] = at
        return True


def _decisions(file: YamlFile) -> Iterator[AshiatoError]:
    """Yield an error for each decision on a setting that does not exist, cannot be set, or was decided already."""
    settings = {setting.name: setting for setting in catalogue()}
    node = file.root.child("decisions")
    seen: set[str] = set()
    for index in range(len(node.items or ()) if node else 0):
        loc: Loc = ("decisions", index, "setting")
        found, reached = file.reach(loc)
        name = found.plain()
        if reached != loc or not isinstance(name, str):
            continue
        where = file.place_of(loc)
        if name not in settings:
            yield InterpretationError(f"there is no setting {name}", where=where, todo=closest(name, settings))
        elif settings[name].meaning.pinned:
            yield InterpretationError(f"{name} cannot be decided on", where=where, why=settings[name].meaning.basis)
        elif name in seen:
            yield InterpretationError(f"{name} is decided twice", where=where, todo="keep the decision in force")
        seen.add(name)


def _pinned(file: YamlFile) -> list[AshiatoError]:
    """Return an error for each pinned setting that the file sets to something else."""
    errors: list[AshiatoError] = []
    for setting in catalogue():
        loc: Loc = tuple(setting.name.split("."))
        node, reached = file.reach(loc)
        if not setting.meaning.pinned or reached != loc or _same(node.plain(), setting.default):
            continue
        what = f"{setting.name} cannot be set"
        why = f"{setting.meaning.basis} leaves no choice but {show(setting.default)}"
        errors.append(InterpretationError(what, where=file.place_of(loc), why=why, todo="remove the line"))
    return errors


def _same(written: Any, default: Any) -> bool:
    return bool(written == (list(default) if isinstance(default, tuple) else default))


def _unsigned(found: Interpretations, file: YamlFile) -> list[AshiatoError]:
    """Return an error for each setting whose value needs a sign-off that is not there."""
    errors: list[AshiatoError] = []
    for setting in found.unsigned():
        what = f"{setting.name} needs a sign-off before it can differ from {show(setting.default)}"
        why = f"its default rests on {setting.meaning.basis}"
        todo = "add a decision with setting, decided_by, effective_from and document"
        where = file.place_of(tuple(setting.name.split(".")))
        errors.append(InterpretationError(what, where=where, why=why, todo=todo))
    return errors
