"""Who did it: the record's ``userIdentity`` (user guide, "CloudTrail userIdentity element")."""

from __future__ import annotations

from typing import Any, Final

from schemas.events import ActorKind
from streams.adapt.cloudtrail.facets import other_account
from streams.adapt.cloudtrail.record import Record
from streams.adapt.contract import inside, mapping, text
from streams.fast_events import Actor, Principal

_SERVICES: Final = (".amazonaws.com", ".amazonaws.com.cn")
_AWS: Final = "aws"
_BY_PROVIDER: Final = frozenset({"SAMLUser", "WebIdentityUser"})


def actor_of(record: Record) -> Actor:
    """Return who made the call.

    The issuer is ``aws:<account>``; the subject the ARN of the user or session; the role the ARN of the role that a
    session has taken. A service that calls for somebody (``sourceIPAddress`` names it) is the actor, on behalf of that
    somebody. The root user is a shared account: who used it cannot be told. Nor can it of a presigned URL, which names
    whoever signed it. A caller of another account is said to work for the party whose account that is.
    """
    identity = mapping(record.identity)
    if identity.get("type") == "AWSService":
        return Actor(issuer=_AWS, subject=text(identity.get("invokedBy")), kind="service")
    who = _principal(record, identity)
    service = record.ip
    if isinstance(service, str) and service.endswith(_SERVICES):
        return Actor(issuer=_AWS, subject=text(service), kind="service", on_behalf_of=who)
    role = text(inside(identity, "sessionContext", "sessionIssuer", "arn"))
    behalf = mapping(identity.get("onBehalfOf"))
    return Actor(
        issuer=who.issuer,
        subject=who.subject,
        party=who.party,
        kind="unknown" if _presigned(record) else _kind(identity),
        role=role if role != who.subject else None,
        on_behalf_of=_person(behalf) if behalf else None,
    )


def _principal(record: Record, identity: dict[str, Any]) -> Principal:
    subject = next(
        (found for key in ("arn", "userName", "principalId", "userId") if (found := text(identity.get(key)))), None
    )
    if identity.get("type") in _BY_PROVIDER:
        user = text(identity.get("userName")) or text(identity.get("principalId"))
        return Principal(issuer=text(identity.get("identityProvider")), subject=user or subject)
    if identity.get("type") == "IdentityCenterUser":
        return _person(mapping(identity.get("onBehalfOf")))
    account = identity.get("accountId")
    return Principal(
        issuer=text(f"aws:{account}") if isinstance(account, str) and account else None,
        subject=subject,
        party=other_account(record, account),
    )


def _presigned(record: Record) -> bool:
    return record.service == "s3" and inside(record.additional, "AuthenticationMethod") == "QueryString"


def _person(behalf: dict[str, Any]) -> Principal:
    """Return a user of IAM Identity Center."""
    return Principal(issuer=text(behalf.get("identityStoreArn")), subject=text(behalf.get("userId")))


def _kind(identity: dict[str, Any]) -> ActorKind | None:
    """Return what the record says for sure; an IAM user or a session may be a person or a program."""
    if identity.get("type") == "Root":
        return "shared"
    if identity.get("type") == "IdentityCenterUser":
        return "person"
    return "service" if inside(identity, "sessionContext", "ec2RoleDelivery") is not None else None
