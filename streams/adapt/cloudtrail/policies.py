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


_KINDS = {"AWS": "", "CanonicalUser": "canonical:", "Federated": FEDERATED, "Service": "service:"}


def parsed(policy: Any) -> dict[str, Any]:
    """Return a policy document, which logs hold as an object or as JSON in a text; empty if it is neither."""
    if not isinstance(policy, str):
        return mapping(policy)
    try:
        return mapping(from_json(policy))
    except ValueError:
        return {}


def opened(policy: Any) -> list[str]:
    """Return the resources that the policy allows something on, each once; ``*`` where it says which it leaves out."""
    statements = [mapping(one) for one in listed(parsed(policy).get("Statement"))]
    named = [
        one
        for statement in statements
        if statement.get("Effect") == "Allow"
        for one in ([ANYTHING] if "NotResource" in statement else listed(statement.get("Resource")))
    ]
    return list(dict.fromkeys(one for one in named if isinstance(one, str)))


def allowed(policy: Any) -> list[tuple[str, list[str]]]:
    """Return (principal, actions) for each principal that the policy allows something, ``*`` for anyone.

    AWS principals are ARNs or account numbers, canonical users ``canonical:<id>``, providers of identities
    ``federated:<ARN or host>``, services of others than AWS ``service:<name>``. Services of AWS are left out: they act
    for the account.
    """
    statements = [mapping(one) for one in listed(parsed(policy).get("Statement"))]
    return [
        (principal, [action for action in listed(statement.get("Action")) if isinstance(action, str)])
        for statement in statements
        if statement.get("Effect") == "Allow"
        for principal in dict.fromkeys(_principals(statement))
    ]


def _principals(statement: dict[str, Any]) -> Iterator[str]:
    named = statement.get("Principal")
    if "NotPrincipal" in statement or named == ANYONE:
        yield ANYONE
    for kind, prefix in _KINDS.items():
        for one in listed(mapping(named).get(kind)):
            if isinstance(one, str) and not (kind == "Service" and one.endswith(AWS_SERVICES)):
                yield one if one == ANYONE else f"{prefix}{one}"
