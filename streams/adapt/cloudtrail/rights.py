"""Calls by which a right to access is given, changed or revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from schemas.events import MAX_LIST, GrantChange
from streams.adapt.cloudtrail.facets import Right, principal_of
from streams.adapt.cloudtrail.policies import ANYONE, allowed, opened
from streams.adapt.cloudtrail.record import Record
from streams.adapt.contract import inside, listed, long_text, text

Reader = Callable[[Record], Iterable[Right]]

_KINDS: Final = (("userName", "user/"), ("roleName", "role/"), ("groupName", "group/"))


def _iam(change: GrantChange, privilege: str, *, literal: bool = False, kinds: tuple[str, ...] = ()) -> Reader:
    """IAM: the user, role or group named by the parameters; the privilege from a parameter, or a literal one."""

    def read(record: Record) -> Iterator[Right]:
        what = privilege if literal else record.parameters.get(privilege)
        for parameter, kind in _KINDS:
            name = record.parameters.get(parameter)
            if isinstance(name, str) and name and (not kinds or parameter in kinds):
                yield Right(principal_of(record, record.arn(kind + name, "iam", region="")), change, _privileges(what))

    return read


def _inline() -> Reader:
    """IAM: as `_iam`; what the right opens are the resources of the policy that stands in the record."""

    def read(record: Record) -> Iterator[Right]:
        resources = opened(record.parameters.get("policyDocument"))[:MAX_LIST]
        locators = tuple(one for one in map(long_text, resources) if one is not None)
        for right in _iam("given", "policyName")(record):
            yield replace(right, locators=locators)

    return read


def _key_status(record: Record) -> Iterable[Right]:
    change: GrantChange = "revoked" if record.parameters.get("status") == "Inactive" else "given"
    return _iam(change, "access-key", literal=True)(record)


def _trust(parameter: str) -> Reader:
    """IAM: the AWS principals that a trust policy allows to take a role."""

    def read(record: Record) -> Iterator[Right]:
        for principal, actions in allowed(record.parameters.get(parameter)):
            if principal != ANYONE:
                yield Right(principal_of(record, principal), "given", _privileges(actions))

    return read


def _named(change: GrantChange, grantee: tuple[str, ...], privileges: str, issuer: str | None = None) -> Reader:
    """Any service: grantee, privileges and perhaps the issuer each under a parameter."""

    def read(record: Record) -> Iterator[Right]:
        name = inside(record.parameters, *grantee)
        if isinstance(name, str) and name:
            principal = principal_of(record, name)
            if issuer is not None:
                principal.issuer = text(record.parameters.get(issuer))
            yield Right(principal, change, _privileges(record.parameters.get(privileges)))

    return read


def _privileges(values: Any) -> tuple[str, ...]:
    return tuple(value for value in map(text, listed(values)[:MAX_LIST]) if value is not None)


_LAKE: Final = ("principal", "dataLakePrincipalIdentifier")
_LOGIN: Final = "console-login"

RIGHTS: Final[dict[str, tuple[Reader, str]]] = {
    "iam:AttachGroupPolicy": (_iam("given", "policyArn"), "group; `policyArn`"),
    "iam:AttachRolePolicy": (_iam("given", "policyArn"), "role; `policyArn`"),
    "iam:AttachUserPolicy": (_iam("given", "policyArn"), "user; `policyArn`"),
    "iam:DetachGroupPolicy": (_iam("revoked", "policyArn"), "group; `policyArn`"),
    "iam:DetachRolePolicy": (_iam("revoked", "policyArn"), "role; `policyArn`"),
    "iam:DetachUserPolicy": (_iam("revoked", "policyArn"), "user; `policyArn`"),
    "iam:PutGroupPolicy": (_inline(), "group; `policyName`; assets: each `Resource` of `policyDocument`"),
    "iam:PutRolePolicy": (_inline(), "role; `policyName`; assets: each `Resource` of `policyDocument`"),
    "iam:PutUserPolicy": (_inline(), "user; `policyName`; assets: each `Resource` of `policyDocument`"),
    "iam:DeleteGroupPolicy": (_iam("revoked", "policyName"), "group; `policyName`"),
    "iam:DeleteRolePolicy": (_iam("revoked", "policyName"), "role; `policyName`"),
    "iam:DeleteUserPolicy": (_iam("revoked", "policyName"), "user; `policyName`"),
    "iam:AddUserToGroup": (_iam("given", "groupName", kinds=("userName",)), "user; `groupName`"),
    "iam:RemoveUserFromGroup": (_iam("revoked", "groupName", kinds=("userName",)), "user; `groupName`"),
    "iam:CreateAccessKey": (_iam("given", "access-key", literal=True), "user; `access-key`"),
    "iam:UpdateAccessKey": (_key_status, "user; `access-key`; given or, if Inactive, revoked"),
    "iam:DeleteAccessKey": (_iam("revoked", "access-key", literal=True), "user; `access-key`"),
    "iam:CreateLoginProfile": (_iam("given", _LOGIN, literal=True), "user; `console-login`"),
    "iam:UpdateLoginProfile": (_iam("changed", _LOGIN, literal=True), "user; `console-login`"),
    "iam:DeleteLoginProfile": (_iam("revoked", _LOGIN, literal=True), "user; `console-login`"),
    "iam:CreateRole": (_trust("assumeRolePolicyDocument"), "each AWS principal of the trust policy; its actions"),
    "iam:UpdateAssumeRolePolicy": (_trust("policyDocument"), "each AWS principal of the trust policy; its actions"),
    "kms:CreateGrant": (_named("given", ("granteePrincipal",), "operations"), "`granteePrincipal`; `operations`"),
    "lakeformation:GrantPermissions": (_named("given", _LAKE, "permissions"), "`principal`; `permissions`"),
    "lakeformation:RevokePermissions": (_named("revoked", _LAKE, "permissions"), "`principal`; `permissions`"),
    "sso:CreateAccountAssignment": (
        _named("given", ("principalId",), "permissionSetArn", "instanceArn"), "`principalId`; `permissionSetArn`",
    ),
    "sso:DeleteAccountAssignment": (
        _named("revoked", ("principalId",), "permissionSetArn", "instanceArn"), "`principalId`; `permissionSetArn`",
    ),
}  # fmt: skip
"""Call → (how its parameters are read, grantee and privileges in words)."""


def rights_of(record: Record) -> list[Right]:
    """Return the rights that the call gives, changes or revokes."""
    reader = RIGHTS.get(record.call)
    return list(reader[0](record)) if reader else []
