"""A rule file and a rulebook: Sigma, our own block beside it, the tests inside, and the hash that names it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from schemas.base import Contract
from schemas.errors import AshiatoError, ManyErrors, Place, RuleError
from schemas.facts import COLUMNS
from schemas.findings import Level
from schemas.rules import RuleBlock, RuleTest
from streams.rule_tests import unsound
from streams.sigma import CompiledRule, RuleSet, compile_document
from streams.sigma import documents as nodes

M = TypeVar("M", bound=Contract)

SUFFIX: Final = ".yml"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to judge and to be explained.

    Attributes:
        id: for example XB-STORE; also the file's name.
        title: one line for people.
        description: what it looks at and what it leaves to others.
        level: severity.
        tags: clauses and questions, for example ``ord.22-2-no-23.item3.ro-1`` and ``question.q11``.
        falsepositives: when it is raised and nothing is wrong.
        path: name of the file.
        text: the whole file.
        sha256: SHA-256 of the file's bytes.
        block: our own block.
        tests: the tests inside.
        compiled: its conditions, parallel to ``block.about``.
    """

    id: str
    title: str
    description: str
    level: Level
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    path: str
    text: str
    sha256: str
    block: RuleBlock
    tests: tuple[RuleTest, ...]
    compiled: CompiledRule

    @property
    def version(self) -> int:
        """The version that the file states."""
        return self.block.version

    @property
    def clause(self) -> str:
        """The clause that it rests on first, in English."""
        return self.block.clauses[0].en


@dataclass(frozen=True)
class Rulebook:
    """Rules in the order of their ids."""

    rules: tuple[Rule, ...]
    ruleset: RuleSet = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the rules to judge together."""
        object.__setattr__(self, "ruleset", RuleSet(rule.compiled for rule in self.rules))

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def get(self, rule_id: str) -> Rule | None:
        """Return the rule of this id, or None."""
        return self._by_id.get(rule_id)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over the lines ``id:version:sha256`` of all rules, each ended by a line feed."""
        lines = (f"{rule.id}:{rule.version}:{rule.sha256}\n" for rule in self.rules)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def canonical_json(self) -> str:
        """Return all files as one JSON object, path to text, as a store keeps them beside `sha256`."""
        texts = {rule.path: rule.text for rule in self.rules}
        return json.dumps(texts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @cached_property
    def _by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}


def load_rulebook(texts: Mapping[str, str]) -> Rulebook:
    """Return the rulebook made of these files.

    Args:
        texts: name of each file to its text.

    Raises:
        ManyErrors: all errors of all files, in the order of their places.
        RuleError: the only error there is.
    """
    rules: list[Rule] = []
    errors: list[AshiatoError] = []
    for path in sorted(texts):
        try:
            rules.append(parse_rule(texts[path], path))
        except (RuleError, ManyErrors) as error:
            errors += errors_of(error)
    seen: dict[str, Rule] = {}
    for rule in rules:
        if (first := seen.setdefault(rule.id, rule)) is not rule:
            why = f"{first.path} has it too"
            errors.append(RuleError(f"Two files hold the rule {rule.id}", where=Place(rule.path), why=why))
    raise_all("The rulebook cannot be used", errors)
    return Rulebook(tuple(sorted(rules, key=lambda rule: rule.id)))


def rulebook_from_json(text: str) -> Rulebook:
    """Return the rulebook that `Rulebook.canonical_json` wrote.

    Raises:
        RuleError: the text is no such object, or a rule of it can no longer be used.
        ManyErrors: several of its rules cannot be used.
    """
    try:
        texts = json.loads(text)
    except ValueError as error:
        raise RuleError("The kept rulebook cannot be read", why=str(error)) from error
    return load_rulebook(texts)


def parse_rule(text: str, path: str) -> Rule:
    """Return the rule of one file.

    Args:
        text: the whole file.
        path: its name, for error texts; its last part is the rule's id and ``.yml``.

    Raises:
        RuleError: the only error of the file.
        ManyErrors: all of its errors with line and column: what Sigma refuses, what cannot be compiled exactly, what is
            missing or wrong in our own block, tests that name no column, hold a wrong type or are too few.
    """
    document = nodes.read_document(text, path)
    errors: list[AshiatoError] = []
    compiled = _compiled(document, errors)
    block = _read(RuleBlock, document, ("ashiato",), errors)
    tests = _read_tests(document, errors)
    errors += _header_errors(document)
    if block is not None and compiled is not None:
        errors += _about_errors(document, block, compiled)
        errors += unsound(tests, block, lambda *loc: place_of(document, ("tests", *loc)))
    if block is None or compiled is None or errors:
        raise_all(f"The rule {path} cannot be used", errors)
        raise AssertionError(path)  # pragma: no cover  (without a block or conditions there is an error)
    header = {str(key.value): nodes.plain(node) for key, node in document.pairs}
    return Rule(
        id=compiled.id,
        title=str(header["title"]),
        description=str(header["description"]).strip(),
        level=header["level"],  # type: ignore[arg-type]  # Sigma has the same levels
        tags=_texts(header.get("tags")),
        falsepositives=_texts(header.get("falsepositives")),
        path=path,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        block=block,
        tests=tuple(tests),
        compiled=compiled,
    )


def errors_of(error: AshiatoError | ManyErrors) -> list[AshiatoError]:
    """Return the single errors of an error."""
    return list(error.errors) if isinstance(error, ManyErrors) else [error]


def raise_all(what: str, errors: list[AshiatoError]) -> None:
    """Raise what was found: nothing, the only error, or all of them in the order of their places."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ManyErrors(what, sorted(errors, key=_order))


def place_of(root: nodes.Mapping, loc: tuple[object, ...]) -> Place:
    """Return the place of the value at ``loc``, or of the nearest thing around it that is there."""
    node: nodes.Node | None = root
    place = root.place
    for step in loc:
        if isinstance(node, nodes.Mapping) and node.get(str(step)) is not None:
            place, node = node.place_of(str(step)), node.get(str(step))
        elif isinstance(node, nodes.Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            place = node.place
        else:
            break
    return place


def _order(error: AshiatoError) -> tuple[str, int, int]:
    where = error.where or Place()
    return (where.path, where.line or 0, where.column or 0)


def _compiled(document: nodes.Mapping, errors: list[AshiatoError]) -> CompiledRule | None:
    try:
        return compile_document(document, COLUMNS)
    except (RuleError, ManyErrors) as error:
        errors += errors_of(error)
        return None


def _read(model: type[M], root: nodes.Mapping, loc: tuple[str | int, ...], errors: list[AshiatoError]) -> M | None:
    """Read one model from the document; its errors get their places."""
    node: nodes.Node | None = root
    for step in loc:
        node = node.get(step) if isinstance(node, nodes.Mapping) and isinstance(step, str) else _item(node, step)
    if node is None:
        errors.append(RuleError(f"The rule has no `{loc[0]}`", where=root.place, todo="see docs/reference/rules.md"))
        return None
    try:
        return model.model_validate_json(json.dumps(nodes.plain(node), default=str))
    except ValidationError as error:
        errors += _validation_errors(error, root, loc)
        return None


def _validation_errors(error: ValidationError, root: nodes.Mapping, loc: tuple[str | int, ...]) -> Iterator[RuleError]:
    """Yield what a model refuses, each at its place; a list that is too short for wrong items only is not told."""
    all_found = error.errors(include_url=False, include_input=False, include_context=False)
    for found in all_found:
        inner = found["loc"]
        if any(other["loc"][: len(inner)] == inner and other["loc"] != inner for other in all_found):
            continue
        name = ".".join(str(step) for step in (*loc, *inner))
        yield RuleError(f"{name} is wrong", where=place_of(root, (*loc, *inner)), why=found["msg"])


def _item(node: nodes.Node | None, step: str | int) -> nodes.Node | None:
    return node.items[step] if isinstance(node, nodes.Sequence) and isinstance(step, int) else None


def _read_tests(document: nodes.Mapping, errors: list[AshiatoError]) -> list[RuleTest]:
    """Read the tests, all of them or those that can be read."""
    section = document.get("tests")
    if not isinstance(section, nodes.Sequence):
        where = document.place_of("tests")
        errors.append(RuleError("The rule has no tests", where=where, todo="write `tests:` as a list"))
        return []
    read = [_read(RuleTest, document, ("tests", number), errors) for number in range(len(section.items))]
    return [test for test in read if test is not None]


def _header_errors(document: nodes.Mapping) -> list[RuleError]:
    """Return what Ashiato asks of the Sigma header beyond Sigma: title, description and level are there."""
    errors = []
    for key in ("title", "description", "level"):
        node = document.get(key)
        if not isinstance(node, nodes.Value) or not isinstance(node.value, str):
            errors.append(RuleError(f"The rule has no {key}", where=document.place_of(key), todo=f"write `{key}:`"))
    name = document.get("name")
    expected = document.place.path.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(SUFFIX)
    if isinstance(name, nodes.Value) and name.value != expected:
        why = f"the file is called {expected}{SUFFIX}"
        errors.append(
            RuleError("Name and file differ", where=name.place, why=why, todo="a rule is found by its file's name")
        )
    return errors


def _about_errors(document: nodes.Mapping, block: RuleBlock, compiled: CompiledRule) -> list[RuleError]:
    """Return why ``about`` and the conditions do not fit each other."""
    where = place_of(document, ("ashiato", "about"))
    if len(block.about) != len(compiled.conditions):
        why = f"{len(compiled.conditions)} condition(s), {len(block.about)} role(s)"
        return [RuleError("Conditions and roles differ in number", where=where, why=why, todo="one role a condition")]
    if len(set(block.about)) < len(block.about):
        return [RuleError("A role is named twice", where=where, todo="join its conditions with `or`")]
    return []


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
