"""The ``detection`` section without its condition: each named detection becomes a tree.

A mapping holds if all of its fields do, a list of mappings if one of them does, a field if one of its values does (all
of them under ``all``). pySigma reads each value and applies its modifiers; what it makes of it is compiled by
`streams.sigma.values`.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence as SequenceType
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from sigma.exceptions import SigmaError
from sigma.modifiers import (
    SigmaAllModifier,
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaCaseSensitiveModifier,
    SigmaContainsModifier,
    SigmaEndswithModifier,
    SigmaExistsModifier,
    SigmaExpandModifier,
    SigmaModifier,
    SigmaNegateModifier,
    SigmaRegularExpressionModifier,
    SigmaStartswithModifier,
    SigmaUTF16BEModifier,
    SigmaUTF16Modifier,
    SigmaWideModifier,
    modifier_mapping,
)
from sigma.rule.detection import SigmaDetectionItem
from sigma.types import SigmaBool, SigmaNull, SigmaNumber, SigmaString, SigmaType

from schemas.errors import Place, RuleError
from streams.sigma.columns import RuleColumn, Schema
from streams.sigma.documents import Mapping, Node, Sequence, Value
from streams.sigma.predicates import Leaf, Likeness, Not, Present, Tree, all_of, any_of
from streams.sigma.questions import Question, RefusedError
from streams.sigma.regex import PatternError, check_pattern
from streams.sigma.values import tree_of

Modifiers = list[type[SigmaModifier[Any, Any]]]

_ENCODERS: Final = (
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaUTF16BEModifier,
    SigmaUTF16Modifier,
    SigmaWideModifier,
)
_CONTAINERS: Final[dict[type, Likeness]] = {
    SigmaContainsModifier: "contains",
    SigmaStartswithModifier: "startswith",
    SigmaEndswithModifier: "endswith",
}


@dataclass(slots=True)
class DetectionReader:
    """Reads detections and collects every error on the way.

    Attributes:
        schema: the columns that a rule may name.
        placeholders: values of ``%name%`` under ``expand``.
        errors: what was wrong so far, in reading order.
    """

    schema: Schema
    placeholders: MappingType[str, SequenceType[str]]
    errors: list[RuleError] = field(default_factory=list)

    def read(self, node: Node) -> Tree | None:
        """Return the tree of one detection, or None after an error."""
        if isinstance(node, Mapping):
            parts = [self._item(key, value) for key, value in node.pairs]
        elif isinstance(node, Sequence):
            parts = [self.read(item) for item in node.items]
        else:
            return self._refuse(_keyword(node.place))
        if not parts:
            return self._refuse(RuleError("The detection is empty", where=node.place, todo="name a field and a value"))
        trees = [part for part in parts if part is not None]
        if len(trees) < len(parts):
            return None
        return all_of(trees) if isinstance(node, Mapping) else any_of(trees)

    def _refuse(self, error: RuleError) -> Tree | None:
        """Note an error; there is no tree."""
        self.errors.append(error)
        return None

    def _item(self, key: Value, node: Node) -> Tree | None:
        """Return the tree of ``field|modifiers: values``, or None after an error."""
        try:
            column, modifiers = _asked(key, self.schema)
        except RuleError as error:
            return self._refuse(error)
        values = node.items if isinstance(node, Sequence) else (node,)
        if not values:
            todo = "write `null` to match absent fields"
            return self._refuse(RuleError(f"{column.name} has no value", where=node.place, todo=todo))
        trees = []
        for value in values:
            try:
                trees.append(self._value(column, modifiers, value))
            except RuleError as error:
                self.errors.append(error)
        return _linked(column, modifiers, trees) if len(trees) == len(values) else None

    def _value(self, column: RuleColumn, modifiers: Modifiers, node: Node) -> Tree:
        """Return the tree of one value.

        Raises:
            RuleError: it cannot be compared with the column, or not exactly.
        """
        what = f"The value of {column.name} cannot be compared"
        question = Question(
            column, SigmaCaseSensitiveModifier in modifiers, _anchor(modifiers), self.schema, self.placeholders
        )
        try:
            return any_of([tree_of(question, value) for value in _modified(column.name, modifiers, node)])
        except RefusedError as error:
            raise RuleError(what, where=node.place, why=str(error), todo=error.todo) from error
        except PatternError as error:
            what = f"The pattern for {column.name} is refused"
            raise RuleError(what, where=node.place, why=str(error)) from error
        except SigmaError as error:
            raise RuleError(what, where=node.place, why=str(error.args[0])) from error


def _keyword(where: Place) -> RuleError:
    """Return the error of a keyword without a field.

    In Sigma a keyword is looked for in the whole log message. Rules see columns, not messages.
    """
    return RuleError(
        "A keyword without a field is not supported",
        where=where,
        why="rules look at columns, not at raw messages",
        todo="name the field, for example `operation|contains: …`",
    )


def _asked(key: Value, schema: Schema) -> tuple[RuleColumn, Modifiers]:
    """Return the column and the modifiers that a key names.

    Raises:
        RuleError: there is no such column or modifier, or the modifiers contradict each other.
    """
    name, *ids = str(key.value).split("|")
    if not name:
        raise _keyword(key.place)
    if name not in schema:
        raise RuleError(f"There is no field {name!r}", where=key.place, todo=_nearest(name, schema))
    for one in ids:
        if one not in modifier_mapping:
            raise RuleError(f"There is no modifier {one!r}", where=key.place, todo=_nearest(one, modifier_mapping))
    modifiers = [modifier_mapping[one] for one in ids]
    if why := _contradiction(modifiers):
        raise RuleError(f"The modifiers of {name} contradict each other", where=key.place, why=why)
    return schema[name], modifiers


def _modified(name: str, modifiers: Modifiers, node: Node) -> list[SigmaType]:
    """Let pySigma read one value and apply the modifiers to it."""
    if not isinstance(node, Value):
        raise RefusedError("it is no single value", "nested fields are named with dots: `a.b: value`")
    is_regex = SigmaRegularExpressionModifier in modifiers
    if is_regex:
        if not isinstance(node.value, str):
            raise RefusedError("a regular expression is text", "put it in quotes")
        check_pattern(node.value)
    return SigmaDetectionItem(name, modifiers, [_sigma_value(node, is_regex=is_regex)]).value


def _sigma_value(node: Value, *, is_regex: bool) -> SigmaType:
    """Return a YAML value as pySigma's type."""
    match node.value:
        case None:
            return SigmaNull()
        case bool() as boolean:
            return SigmaBool(boolean)
        case int() as whole:
            number = SigmaNumber(whole)
            number.number = whole  # pySigma keeps a float of what no float holds exactly
            return number
        case float() as fraction:
            return SigmaNumber(fraction)
        case str() as text:
            return SigmaString.from_str(text) if is_regex else SigmaString(text)
    raise RefusedError(f"YAML reads it as {type(node.value).__name__}", "put it in quotes")


def _linked(column: RuleColumn, modifiers: Modifiers, trees: list[Tree]) -> Tree:
    """Join the values of a field. ``neq`` holds for a field that is present and has none of the values."""
    joined = all_of(trees) if SigmaAllModifier in modifiers else any_of(trees)
    if SigmaNegateModifier not in modifiers:
        return joined
    return all_of([Leaf(column.name, Present(), column.is_list), Not(joined)])


def _contradiction(modifiers: Modifiers) -> str:
    """Return why modifiers cannot stand together where pySigma lets them, or an empty text."""
    if SigmaExpandModifier in modifiers and any(encoder in modifiers for encoder in _ENCODERS):
        return "`expand` with an encoding would encode the placeholder instead of its value"
    if SigmaExistsModifier in modifiers and SigmaNegateModifier in modifiers:
        return "`exists|neq` is `exists` with the other value"
    return ""


def _anchor(modifiers: Modifiers) -> Likeness:
    """Return where a regular expression has to match; without such a modifier, anywhere."""
    given = {_CONTAINERS[modifier] for modifier in modifiers if modifier in _CONTAINERS}
    return given.pop() if len(given) == 1 else "contains"


def _nearest(name: str, known: MappingType[str, object]) -> str:
    found = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(found)}?" if found else "see docs/reference for what there is"
