"""YAML in, values with their places out: every later error can say line and column.

pySigma reads rules into its own types and keeps the file's path, not the place of a value. So the document is read
here once, into nodes that carry both the value and the place, and pySigma is asked about the values.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from schemas.errors import Place, RuleError

MAX_TEXT: Final = 262_144
"""Characters of a rule file."""

MAX_NODES: Final = 20_000
"""Values of a rule file, those that aliases repeat counted each time."""

MAX_DEPTH: Final = 40
"""Values inside values. It also ends an alias that contains itself."""

Scalar = str | int | float | bool | bytes | dt.date | None


@dataclass(frozen=True, slots=True)
class Mapping:
    """``key: value`` pairs in the file's order; no key occurs twice."""

    place: Place
    pairs: tuple[tuple[Value, Node], ...]

    def get(self, key: str) -> Node | None:
        """Return the node under a key, or None."""
        return next((node for name, node in self.pairs if name.value == key), None)

    def place_of(self, key: str) -> Place:
        """Return the place of a key, or of the whole mapping if it has no such key."""
        return next((name.place for name, _ in self.pairs if name.value == key), self.place)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A single value as YAML 1.1 reads it."""

    place: Place
    value: Scalar


Node = Mapping | Sequence | Value


def read_document(text: str, path: str) -> Mapping:
    """Read a file that holds one YAML mapping.

    Args:
        text: the whole file.
        path: its name, for error texts.

    Raises:
        RuleError: not YAML, not one mapping, a key twice, a key that is no text, or over a limit of this module.
    """
    if len(text) > MAX_TEXT:
        raise RuleError(
            "The rule file is too large",
            where=Place(path),
            why=f"{len(text)} characters, at most {MAX_TEXT} are read",
            todo="write one rule per file",
        )
    root = _compose(text, path)
    node = _Reader(path).read(root, depth=0) if root is not None else None
    if not isinstance(node, Mapping):
        raise RuleError(
            "The rule file holds no rule",
            where=node.place if node else Place(path, 1, 1),
            why="its content is no YAML mapping",
            todo="begin with `title:`",
        )
    return node


def plain(node: Node) -> object:
    """Return a node as dicts, lists and scalars, as pySigma takes it."""
    if isinstance(node, Mapping):
        return {key.value: plain(value) for key, value in node.pairs}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value


def _compose(text: str, path: str) -> yaml.Node | None:
    try:
        _refuse_deep(text, path)
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        why = " ".join(filter(None, (error.context, error.problem)))
        raise RuleError(
            "The rule file is not one YAML document", where=_place(path, error.problem_mark), why=why
        ) from error
    except yaml.YAMLError as error:
        # Characters that YAML forbids; the text of the error would quote them.
        why = getattr(error, "reason", "cannot be read")
        raise RuleError("The rule file is not one YAML document", where=Place(path), why=str(why)) from error
    return root


def _refuse_deep(text: str, path: str) -> None:
    """Refuse a deep document before it is composed: libyaml's composer recurses in C and would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _too_complex(_place(path, event.start_mark))


def _too_complex(where: Place) -> RuleError:
    why = f"more than {MAX_NODES} values, or {MAX_DEPTH} inside each other"
    return RuleError("The rule file is too complex", where=where, why=why, todo="write aliases out or split it")


def _place(path: str, mark: Any) -> Place:
    """Return the place of a mark of PyYAML, in Python or in C, or the file if there is none."""
    return Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)


class _Reader:
    """Turns PyYAML's nodes into ours, counting them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0
        self._constructor = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, depth: int) -> Node:
        place = _place(self._path, node.start_mark)
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise _too_complex(place)
        if isinstance(node, yaml.MappingNode):
            return Mapping(place, tuple(self._pairs(node, depth)))
        if isinstance(node, yaml.SequenceNode):
            return Sequence(place, tuple(self.read(item, depth + 1) for item in node.value))
        return Value(place, self._scalar(node, place))

    def _pairs(self, node: yaml.MappingNode, depth: int) -> Iterator[tuple[Value, Node]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                where = _place(self._path, key_node.start_mark)
                raise RuleError("The merge key `<<` is not read", where=where, todo="write the keys out")
            key = self.read(key_node, depth + 1)
            if not isinstance(key, Value) or not isinstance(key.value, str):
                raise RuleError("A key is no text", where=key.place, todo="put the key in quotes")
            if key.value in seen:
                raise RuleError(f"The key {key.value!r} occurs twice", where=key.place, todo="keep one of the two")
            seen.add(key.value)
            yield key, self.read(value_node, depth + 1)

    def _scalar(self, node: yaml.Node, place: Place) -> Scalar:
        if node.tag == "tag:yaml.org,2002:str" and isinstance(node, yaml.ScalarNode):
            text: str = node.value  # nearly all of a rule, and PyYAML would only hand it back
            return text
        try:
            value: Scalar = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            why = getattr(error, "problem", None) or str(error)
            raise RuleError("A value cannot be read", where=place, why=why, todo="put it in quotes") from error
        return value
