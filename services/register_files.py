"""Reads a register from YAML files: all errors at once, each with path, line and column.

The parts of a register may be spread over any number of files; each file holds some of the keys ``carrier``,
``services``, ``assets``, … with a list of entries under each. The layout of the files does not change the version.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from schemas.errors import AshiatoError, ManyErrors, Place, RegisterError
from schemas.register import Entry, Register
from services.contract_errors import explain
from services.yaml_files import YamlFile, read_yaml
from streams.register_checks import check
from streams.register_partial import read_partly
from streams.register_references import Loc, Problem, check_plain, closest
from streams.register_versions import PARTS, key_of, ordered

MODELS: Final[dict[str, type[Entry]]] = {
    part: get_args(field.annotation)[0] for part, field in Register.model_fields.items()
}
"""Part → contract of its entries."""
MAX_FILES: Final = 10_000
MAX_ENTRIES: Final = 500_000


@dataclass(slots=True)
class RegisterFiles:
    """A register as it stands in files.

    Attributes:
        register: the register, its parts sorted by key and first day; complete, and of use, only without errors.
        errors: everything that refuses it, in the order of files and lines.
        warnings: consequences that may not be meant.
        files: the files read.
    """

    register: Register
    errors: list[AshiatoError]
    warnings: list[AshiatoError]
    files: list[Path]


def read_register(paths: Sequence[Path]) -> Register:
    """Return the register in these files and directories (``*.yaml``, ``*.yml``, at any depth).

    Raises:
        ManyErrors: `RegisterError` for everything that is wrong, each with its place.
    """
    found = survey_register(paths)
    if found.errors:
        raise ManyErrors("the register cannot be used", found.errors)
    return found.register


def survey_register(paths: Sequence[Path]) -> RegisterFiles:
    """Return the register in these files with all errors and warnings; raise nothing for what is in them."""
    collected = _Collected()
    files = list(_files(paths, collected.errors))
    for path in files:
        try:
            collected.take(read_yaml(path, RegisterError))
        except ManyErrors as many:
            collected.errors.extend(many.errors)
        except RegisterError as error:
            collected.errors.append(error)
    collected.look_into_unread()
    register = Register.model_validate({part: tuple(items) for part, items in collected.entries.items()})
    warnings: list[AshiatoError] = []
    for problem in check(register, collected.broken):
        if problem.level == "error":
            collected.errors.append(collected.located(problem))
        elif problem.loc[:2] not in collected.partial:
            warnings.append(collected.located(problem))
    rank = {str(path): at for at, path in enumerate(files)}
    collected.errors.sort(key=lambda error: _order(error, rank))
    warnings.sort(key=lambda error: _order(error, rank))
    return RegisterFiles(ordered(register), collected.errors, warnings, files)


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files that `read_register` reads, in its order."""
    return list(_files(paths, []))


def _order(error: AshiatoError, rank: dict[str, int]) -> tuple[int, int, int]:
    place = error.where or Place()
    return rank.get(place.path, -1), place.line or 0, place.column or 0


def _files(paths: Sequence[Path], errors: list[AshiatoError]) -> Iterator[Path]:
    """Yield the files named and those in the directories named, each once, hidden ones left out."""
    seen: set[Path] = set()
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = sorted(found for found in path.rglob("*") if _is_part_of_a_register(found, path))
            if not inside:
                todo = "put *.yaml files there, or name another"
                errors.append(RegisterError("the directory holds no YAML file", where=Place(str(path)), todo=todo))
        for one in inside:
            if one not in seen:
                seen.add(one)
                yield one
        if len(seen) > MAX_FILES:
            raise RegisterError(f"there are more than {MAX_FILES:,} files", where=Place(str(path)), todo="join some")


def _is_part_of_a_register(path: Path, top: Path) -> bool:
    hidden = any(name.startswith(".") for name in path.relative_to(top).parts)
    return path.suffix in {".yaml", ".yml"} and path.is_file() and not hidden


@dataclass(slots=True)
class _Collected:
    """Entries read so far, where each of them stands, and what was wrong."""

    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    origins: dict[str, list[tuple[YamlFile, int]]] = field(default_factory=lambda: defaultdict(list))
    partial: set[Loc] = field(default_factory=set)  # part and index of entries that are there in part
    broken: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # ids of those that are not there
    unread: list[tuple[YamlFile, str, int, Any]] = field(default_factory=list)
    errors: list[AshiatoError] = field(default_factory=list)

    def take(self, file: YamlFile) -> None:
        """Take the entries of one file."""
        if file.data is None:
            return
        if not isinstance(file.data, dict):
            todo = f"begin with one of: {', '.join(PARTS)}"
            self.errors.append(RegisterError("this is no register", where=file.place_of(()), todo=todo))
            return
        for part, items in file.data.items():
            if part not in MODELS:
                todo = closest(part, PARTS) or f"one of: {', '.join(PARTS)}"
                what = f'a register has no part "{part}"'
                self.errors.append(RegisterError(what, where=file.place_of_key((part,)), todo=todo))
            elif isinstance(items, list):
                self._take_part(file, part, items)
            elif items is not None:
                todo = "begin each entry with `- `"
                self.errors.append(RegisterError(f"{part} must be a list", where=file.place_of((part,)), todo=todo))

    def _take_part(self, file: YamlFile, part: str, items: list[Any]) -> None:
        model = MODELS[part]
        for index, item in enumerate(items):
            if len(self.entries[part]) >= MAX_ENTRIES:
                what = f"{part} has more than {MAX_ENTRIES:,} entries"
                raise RegisterError(
                    what, where=file.place_of((part, index)), todo="use patterns instead of single names"
                )
            try:
                entry = model.model_validate_json(json.dumps(item))
            except ValidationError as problem:
                self._take_partly(problem, file, part, index, item)
            else:
                self._keep(entry, file, part, index)

    def _keep(self, entry: Entry, file: YamlFile, part: str, index: int) -> None:
        self.entries[part].append(entry)
        self.origins[part].append((file, index))

    def _take_partly(self, problem: ValidationError, file: YamlFile, part: str, index: int, item: Any) -> None:
        """Take what can be read of an entry, so that what else is wrong with it can be told too."""
        model = MODELS[part]
        found = read_partly(problem, item, model)
        details = [*problem.errors(include_url=False), *found.later]
        self.errors.extend(explain(details, model, file, (part, index), RegisterError))
        self.unread.append((file, part, index, found.unread))
        if found.entry is not None:
            self.partial.add((part, len(self.entries[part])))
            self._keep(found.entry, file, part, index)
        elif isinstance(item, dict):
            self.broken[part].add(str(item.get("id", "")))

    def look_into_unread(self) -> None:
        """Add what else is wrong with what could not be read, so that one pass tells all."""
        known = {part: {key_of(entry) for entry in self.entries[part]} | self.broken[part] for part in MODELS}
        for file, part, index, item in self.unread:
            for problem in check_plain(part, item, known):
                where = file.place_of((part, index, *problem.loc))
                self.errors.append(RegisterError(problem.what, where=where, why=problem.why, todo=problem.todo))

    def located(self, problem: Problem) -> RegisterError:
        """Return a problem of the register as an error at its place in a file."""
        part, index, *rest = problem.loc
        file, at = self.origins[str(part)][int(index)]
        where = file.place_of((part, at, *rest))
        return RegisterError(problem.what, where=where, why=problem.why, todo=problem.todo)
