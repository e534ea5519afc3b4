"""Who a resource policy lets in. Conditions are not evaluated: the careful reading counts whom the policy names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from streams.adapt.contract import listed, mapping

ANYONE = "*"
ANYTHING = "*"
FEDERATED = "federated:"
"""Begins the name of a provider of identities: whom it lets in, it decides, within the account or not."""
AWS_SERVICES = (".amazonaws.com", ".amazonaws.com.cn")


_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_STATEMENT = frozenset({
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
})  # fmt: skip
"""Elements of a policy as the grammar of AWS's policy language writes them, which tells upper from lower case."""
_KINDS = {"AWS": "", "CanonicalUser": "canonical:", "Federated": FEDERATED, "Service": "service:"}


def parsed(policy: Any) -> dict[str, Any]:
    """Return a policy document, which logs hold as an object or as JSON in a text; empty if it is neither."""
    if not isinstance(policy, str):
        return mapping(policy)
    try:
        return mapping(from_json(policy))
    except ValueError:
        return {}


def opened(policy: Any) -> list[str | None]:
    """Return the resources that the policy allows something on, each once; ``*`` where it says which it leaves out.

    None stands for what could not be read.
    """
    named = [
        one if isinstance(one, str) and one else None
        for statement in _allowing(policy)
        for one in ([ANYTHING] if "NotResource" in statement else listed(statement.get("Resource")) or [None])
    ]
    return list(dict.fromkeys(named))


def allowed(policy: Any) -> list[tuple[str | None, list[str]]]:
    """Return (principal, actions) for each principal that the policy allows something, ``*`` for anyone.

    AWS principals are ARNs or account numbers, canonical users ``canonical:<id>``, providers of identities
    ``federated:<ARN or host>``, services of others than AWS ``service:<name>``. Services of AWS are left out: they act
    for the account. The principal is None for each part that could not be read.
    """
    return [
        (principal, [action for action in listed(statement.get("Action")) if isinstance(action, str)])
        for statement in _allowing(policy)
        for principal in dict.fromkeys(_principals(statement))
    ]


def _allowing(policy: Any) -> Iterator[dict[str, Any]]:
    """Yield the statements that allow something, and an empty one for each part of another shape than documented."""
    document = parsed(policy)
    if document.get("Statement") is None or not document.keys() <= _DOCUMENT:
        yield {}
    for statement in listed(document.get("Statement")):
        effect = mapping(statement).get("Effect")
        if effect == "Allow":
            yield statement
        if effect not in ("Allow", "Deny") or not statement.keys() <= _STATEMENT:
            yield {}


def _principals(statement: dict[str, Any]) -> Iterator[str | None]:
    named = statement.get("Principal")
    if "NotPrincipal" in statement or named == ANYONE:
        yield ANYONE
    elif not mapping(named):
        yield None
    for kind, ones in mapping(named).items():
        for one in listed(ones) or [None]:
            if kind not in _KINDS or not isinstance(one, str) or not one:
                yield None
            elif kind != "Service" or not one.endswith(AWS_SERVICES):
                yield one if one == ANYONE else f"{_KINDS[kind]}{one}"
