"""YAML files that people write by hand, read so that every error can name its line and column.

Read as YAML 1.2 (core schema): only ``true`` and ``false`` are booleans, so ``NO`` stays Norway and ``on`` a word;
dates stay texts for the contract to read; keys are always texts. Two equal keys in one mapping, a second document, a
tag, text that is not UTF-8 and anything beyond the limits below are errors; no file can make the reader explode.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from schemas.errors import AshiatoError, InputError, ManyErrors, Place

MAX_BYTES: Final = 16 << 20
MAX_VALUES: Final = 1_000_000
"""Values of one file, those that an alias repeats counted again: a "billion laughs" ends here."""
MAX_DEPTH: Final = 32

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,40}", re.ASCII)
_BASED: Final = re.compile(r"0o([0-7]{1,40})|0x([0-9a-fA-F]{1,40})", re.ASCII)
_REAL: Final = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,3})?", re.ASCII)
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_STRING_TAG: Final = "tag:yaml.org,2002:str"

Loc = tuple[str | int, ...]
"""The way to a value: keys and list indices from the top."""


@dataclass(slots=True)
class Node:
    """One value, where it stands, and where the keys of a mapping stand. Lines and columns count from one."""

    line: int
    column: int
    value: Any = None
    items: list[Node] | None = None
    fields: dict[str, Node] | None = None
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    size: int = 1

    def plain(self) -> Any:
        """Return the value as plain data: dict, list, str, int, float, bool, None."""
        if self.fields is not None:
            return {key: node.plain() for key, node in self.fields.items()}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return self.value

    def child(self, step: str | int) -> Node | None:
        """Return the value under a key or index, or None."""
        if self.fields is not None and isinstance(step, str):
            return self.fields.get(step)
        if self.items is not None and isinstance(step, int) and 0 <= step < len(self.items):
            return self.items[step]
        return None


@dataclass(frozen=True, slots=True)
class YamlFile:
    """One file: its path, its plain data (None for an empty file), and the places of everything in it."""

    path: str
    data: Any
    root: Node

    def reach(self, loc: Loc) -> tuple[Node, Loc]:
        """Return the deepest value on the way ``loc``, and how much of the way exists."""
        node = self.root
        for depth, step in enumerate(loc):
            inner = node.child(step)
            if inner is None:
                return node, loc[:depth]
            node = inner
        return node, loc

    def place_of(self, loc: Loc) -> Place:
        """Return where a value stands; if there is none, where the nearest value around it does."""
        node, _ = self.reach(loc)
        return Place(self.path, node.line, node.column)

    def place_of_key(self, loc: Loc) -> Place:
        """Return where the last key of ``loc`` stands, else what `place_of` returns."""
        node, found = self.reach(loc[:-1])
        if loc and found == loc[:-1] and str(loc[-1]) in node.keys:
            return Place(self.path, *node.keys[str(loc[-1])])
        return self.place_of(loc)


def read_yaml(path: Path, error: type[InputError]) -> YamlFile:
    """Read one file. Raises ``error``, or `ManyErrors` of them: not readable, not UTF-8, no YAML, beyond a limit."""
    place = Place(str(path))
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as problem:
        why = (problem.strerror or type(problem).__name__).lower()
        todo = "name a file that exists and that you may read"
        raise error("the file cannot be read", where=place, why=why, todo=todo) from problem
    return parse_yaml(raw, str(path), error)


def parse_yaml(raw: bytes, path: str, error: type[InputError]) -> YamlFile:
    """Read the bytes of one file; see `read_yaml`."""
    text = _decoded(raw, path, error)
    reader = _Reader(path, error)
    try:
        root = reader.document(text)
    except yaml.YAMLError as problem:
        raise _syntax_error(problem, text, path, error) from problem
    if reader.problems:
        raise reader.problems[0] if len(reader.problems) == 1 else ManyErrors("the YAML has errors", reader.problems)
    return YamlFile(path, root.plain(), root)


def _decoded(raw: bytes, path: str, error: type[InputError]) -> str:
    if len(raw) > MAX_BYTES:
        what = f"the file is larger than {MAX_BYTES >> 20} MiB"
        raise error(what, where=Place(path), todo="spread it over several files of one directory")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = raw[: problem.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        where = Place(path, line, column)
        raise error("the text is not UTF-8", where=where, why=problem.reason, todo="save it as UTF-8") from problem


def _syntax_error(problem: yaml.YAMLError, text: str, path: str, error: type[InputError]) -> InputError:
    """Turn the parser's error into ours."""
    if isinstance(problem, yaml.MarkedYAMLError):
        mark = problem.problem_mark or problem.context_mark
        where = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        why = ", ".join(part for part in (problem.context, problem.problem) if part)
        return error("this is no YAML", where=where, why=why, todo="check indentation, colons and quotes there")
    found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    before = text[: found.start()] if found else text
    where = Place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))
    return error("a character here is not allowed in YAML", where=where, todo="remove the control character")


class _Reader:
    """Builds nodes from parser events, within the limits, and collects what is wrong with them."""

    def __init__(self, path: str, error: type[InputError]) -> None:
        self._path, self._error = path, error
        self._anchors: dict[str, Node] = {}
        self._values = 0
        self.problems: list[AshiatoError] = []
        self._next: Callable[[], yaml.Event]

    def document(self, text: str) -> Node:
        """Return the one document of a file; an empty file is a null."""
        events = yaml.parse(text, Loader=_LOADER)
        self._next = lambda: next(events)
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Node(1, 1)
        root = self._node(self._next(), 0)
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._stop("a second document begins here", event, "keep one document in a file")
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._stop(f"values are nested deeper than {MAX_DEPTH}", event, "flatten them")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._count(1, event)
        node = Node(*_position(event))
        if isinstance(event, yaml.ScalarEvent):
            node.value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._refuse_tag(event)
            self._sequence(node, depth)
        else:
            self._refuse_tag(event)
            self._mapping(node, depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _sequence(self, node: Node, depth: int) -> None:
        node.items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            inner = self._node(event, depth + 1)
            node.items.append(inner)
            node.size += inner.size

    def _mapping(self, node: Node, depth: int) -> None:
        node.fields = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event)
            inner = self._node(self._next(), depth + 1)
            if key in node.fields:
                first = Place("", *node.keys[key])
                self._note(
                    f'the key "{key}" stands twice in one mapping', event, f"the first is at {first}", "remove one"
                )
                continue
            node.fields[key] = inner
            node.keys[key] = _position(event)
            node.size += inner.size

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._stop("a key must be a plain text", event, "write `key: value`")
        return str(event.value)

    def _alias(self, event: yaml.AliasEvent) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise self._stop(f"the alias *{event.anchor} has no anchor before it", event, "write the value out")
        self._count(node.size, event)
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if event.tag not in {None, "!", _STRING_TAG}:
            self._refuse_tag(event)
        if event.tag is not None or not event.implicit[0]:
            return event.value
        return resolve(event.value)

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            self._note(
                "a tag is not allowed here", event, "files hold plain data only", "remove the word beginning with !"
            )

    def _count(self, size: int, event: yaml.Event) -> None:
        self._values += size
        if self._values > MAX_VALUES:
            raise self._stop(
                f"the file holds more than {MAX_VALUES:,} values, repeated ones included", event, "split it"
            )

    def _note(self, what: str, event: yaml.Event, why: str, todo: str) -> None:
        where = Place(self._path, *_position(event))
        self.problems.append(self._error(what, where=where, why=why, todo=todo))

    def _stop(self, what: str, event: yaml.Event, todo: str) -> InputError:
        return self._error(what, where=Place(self._path, *_position(event)), todo=todo)


def _position(event: yaml.Event) -> tuple[int, int]:
    """Return line and column, from one, at which an event begins."""
    mark: Any = event.start_mark
    return mark.line + 1, mark.column + 1


def resolve(text: str) -> str | int | float | bool | None:
    """Return what an unquoted text means in YAML 1.2 (core schema, §10.3.2); what no float can hold stays a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if based := _BASED.fullmatch(text):
        return int(based[1], 8) if based[1] else int(based[2], 16)
    if _REAL.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
