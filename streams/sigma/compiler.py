"""One Sigma file in, one compiled rule out, or every error in it with line and column.

What is supported and what it means is written in ``docs/reference/sigma.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from sigma import exceptions
from sigma.rule import SigmaRule

from schemas.errors import AshiatoError, ManyErrors, Place, RuleError
from schemas.facts import Column
from streams.sigma import documents
from streams.sigma.columns import rule_columns
from streams.sigma.conditions import condition_tree
from streams.sigma.detections import DetectionReader
from streams.sigma.expressions import tree_expression
from streams.sigma.predicates import Leaf, Present, Tree, columns, leaves

PRODUCT: Final = "ashiato"
MAX_LEAVES: Final = 2_000
"""Tests of a condition, those of a detection counted each time it is named."""

_RULE_ID: Final = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*")
_OTHER_DOCUMENTS: Final = {
    "correlation": ("correlations are not supported yet", "write a rule over single events"),
    "filter": ("Sigma filters are not supported", "put the exception into the rule's own condition"),
    "action": ("rule collections are not supported", "write one complete rule per file"),
}
_KEY_OF_ERROR: Final[dict[type[exceptions.SigmaError], str]] = {
    exceptions.SigmaAuthorError: "author",
    exceptions.SigmaDateError: "date",
    exceptions.SigmaDescriptionError: "description",
    exceptions.SigmaFalsePositivesError: "falsepositives",
    exceptions.SigmaFieldsError: "fields",
    exceptions.SigmaIdentifierError: "id",
    exceptions.SigmaLevelError: "level",
    exceptions.SigmaLicenseError: "license",
    exceptions.SigmaLogsourceError: "logsource",
    exceptions.SigmaModifiedError: "modified",
    exceptions.SigmaNameError: "name",
    exceptions.SigmaReferencesError: "references",
    exceptions.SigmaRelatedError: "related",
    exceptions.SigmaScopeError: "scope",
    exceptions.SigmaStatusError: "status",
    exceptions.SigmaTagError: "tags",
    exceptions.SigmaTaxonomyError: "taxonomy",
    exceptions.SigmaTitleError: "title",
    exceptions.SigmaTypeError: "name",
    exceptions.SigmaValueError: "tags",
}


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule that can judge frames.

    Attributes:
        id: the rule's id, which is Sigma's ``name``, for example ``XB-STORE``.
        conditions: one Boolean expression without nulls for each entry of ``detection.condition``.
        fields: the columns that the rule reads.
        trees: the same conditions as trees, for `streams.sigma.ruleset`.
    """

    id: str
    conditions: tuple[pl.Expr, ...]
    fields: frozenset[str]
    trees: tuple[Tree, ...]


def compile_rule(
    text: str,
    path: str,
    schema: Mapping[str, pl.DataType | type[pl.DataType]] | Mapping[str, Column],
    *,
    exact: Iterable[str] = (),
    placeholders: Mapping[str, Sequence[str]] | None = None,
) -> CompiledRule:
    """Compile a Sigma rule, exactly or not at all.

    Args:
        text: the YAML file.
        path: its name, for error texts.
        schema: the columns that a rule may name, as Polars types or as `schemas.facts` has them.
        exact: columns with canonical values, compared without case folding (besides those that ``schema`` says).
        placeholders: values of ``%name%`` for the modifier ``expand``.

    Raises:
        RuleError: the file's only error.
        ManyErrors: all of its errors, in the order of their places.
        TypeError: ``schema`` has a column of a type that rules cannot look at.
    """
    return compile_document(documents.read_document(text, path), schema, exact=exact, placeholders=placeholders)


def compile_document(
    document: documents.Mapping,
    schema: Mapping[str, pl.DataType | type[pl.DataType]] | Mapping[str, Column],
    *,
    exact: Iterable[str] = (),
    placeholders: Mapping[str, Sequence[str]] | None = None,
) -> CompiledRule:
    """Compile a Sigma rule that is read already, as `compile_rule` does; it raises the same errors."""
    _refuse_other_documents(document)
    reader = DetectionReader(rule_columns(schema, exact), placeholders or {})
    trees = _conditions(document, reader)
    _raise(document.place.path, _header_errors(document) + reader.errors)
    return CompiledRule(
        id=_rule_id(document),
        conditions=tuple(tree_expression(tree) for tree in trees),
        fields=frozenset().union(*(columns(tree) for tree in trees)),
        trees=tuple(trees),
    )


def _raise(path: str, errors: list[RuleError]) -> None:
    """Raise what was found, if anything was."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ManyErrors(f"The rule {path} cannot be compiled", list[AshiatoError](sorted(errors, key=_position)))


def _position(error: AshiatoError) -> tuple[int, int]:
    where = error.where or Place()
    return (where.line or 0, where.column or 0)


def _refuse_other_documents(document: documents.Mapping) -> None:
    for key, (why, todo) in _OTHER_DOCUMENTS.items():
        if document.get(key) is not None:
            raise RuleError("The file is no rule", where=document.place_of(key), why=why, todo=todo)


def _conditions(document: documents.Mapping, reader: DetectionReader) -> list[Tree]:
    """Return the tree of each condition; errors go to the reader."""
    section = document.get("detection")
    if not isinstance(section, documents.Mapping):
        where = section.place if section else document.place
        reader.errors.append(RuleError("The rule has no detection", where=where, todo="write a `detection:` mapping"))
        return []
    read = {str(key.value): reader.read(node) for key, node in section.pairs if key.value != "condition"}
    # A detection with errors stands in for itself, so that the condition is checked too.
    named = {name: tree or Leaf(name, Present()) for name, tree in read.items()}
    trees = []
    for condition in _condition_values(section, reader):
        try:
            trees.append(_bounded(condition_tree(str(condition.value), named, condition.place), condition.place))
        except RuleError as error:
            reader.errors.append(error)
    return trees


def _condition_values(section: documents.Mapping, reader: DetectionReader) -> list[documents.Value]:
    """Return the conditions, one or a list of them."""
    node = section.get("condition")
    items = node.items if isinstance(node, documents.Sequence) else (node,)
    values = [item for item in items if isinstance(item, documents.Value) and isinstance(item.value, str)]
    if node is None or not values or len(values) < len(items):
        where = section.place_of("condition")
        reader.errors.append(
            RuleError(
                "The rule has no condition", where=where, todo="write `condition:` with a text or a list of texts"
            )
        )
    return values


def _bounded(tree: Tree, where: Place) -> Tree:
    if (count := len(leaves(tree))) > MAX_LEAVES:
        why = f"it makes {count} tests, at most {MAX_LEAVES} are compiled"
        raise RuleError("The condition is too large", where=where, why=why, todo="split the rule")
    return tree


def _header_errors(document: documents.Mapping) -> list[RuleError]:
    """Return what is wrong outside of ``detection``."""
    return [*_sigma_errors(document), *_own_errors(document)]


def _sigma_errors(document: documents.Mapping) -> list[RuleError]:
    """Let pySigma check the keys that the Sigma specification defines."""
    # The detection is compiled value by value elsewhere; a stub keeps its errors out of this list.
    header: dict[str, Any] = {str(key.value): documents.plain(node) for key, node in document.pairs}
    header["detection"] = {"any": {"field": "value"}, "condition": "any"}
    if not isinstance(header.get("id", ""), str):
        where = document.place_of("id")
        return [RuleError("The rule's header is wrong", where=where, why="id is no text", todo="put it in quotes")]
    try:
        errors = SigmaRule.from_dict(header, collect_errors=True).errors
    except (TypeError, AttributeError, ValueError) as error:
        # pySigma expects texts and lists of texts without checking it everywhere.
        return [RuleError("The rule's header is wrong", where=document.place, why=str(error))]
    return [
        RuleError(
            "The rule's header is wrong",
            where=document.place_of(_KEY_OF_ERROR.get(type(error), "")),
            why=str(error.args[0]),
        )
        for error in errors
    ]


def _own_errors(document: documents.Mapping) -> list[RuleError]:
    """Return breaches of what Ashiato asks of a rule besides: an id of ours, and events of ours."""
    errors = []
    if not _RULE_ID.fullmatch(_rule_id(document)):
        where = document.place_of("name")
        errors.append(RuleError("The rule has no id", where=where, todo="write `name:`, for example XB-STORE"))
    logsource = document.get("logsource")
    if logsource is not None and documents.plain(logsource) != {"product": PRODUCT}:
        why = "category, service and other products would narrow the rule, and there is nothing to narrow it by"
        where = document.place_of("logsource")
        errors.append(
            RuleError("The log source is not ours", where=where, why=why, todo=f"write `product: {PRODUCT}` alone")
        )
    return errors


def _rule_id(document: documents.Mapping) -> str:
    """Return Sigma's ``name``, or an empty text."""
    name = document.get("name")
    return str(name.value) if isinstance(name, documents.Value) else ""
