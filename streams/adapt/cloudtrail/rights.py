"""Calls by which a right to access is given, changed or revoked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from schemas.events import MAX_LIST, GrantChange
from streams.adapt.cloudtrail.facets import UNREAD, Right, principal_of, told
from streams.adapt.cloudtrail.policies import ANYONE, allowed, opened
from streams.adapt.cloudtrail.record import Record, opened_by
from streams.adapt.contract import inside, listed, long_text, text
from streams.fast_events import Exposure

Reader = Callable[[Record], Iterable[Right | Exposure]]

_LOGIN: Final = "console-login"
_KEY: Final = "access-key"
_OWN: Final = frozenset({_LOGIN, _KEY})
"""Given to the caller where the call names no user."""
_KINDS: Final = (("userName", "user/"), ("roleName", "role/"), ("groupName", "group/"))


def _iam(change: GrantChange, privilege: str, *, literal: bool = False, kinds: tuple[str, ...] = ()) -> Reader:
    """IAM: the user, role or group named by the parameters; the privilege from a parameter, or a literal one.

    What the right opens is whatever the policy or group opens that is given, else whatever the grantee may open.
    """

    def read(record: Record) -> Iterator[Right | Exposure]:
        unread = change != "revoked" and privilege not in _OWN
        what = privilege if literal else record.parameters.get(privilege)
        for parameter, kind in _KINDS:
            name = record.parameters.get(parameter)
            if isinstance(name, str) and name and (not kinds or parameter in kinds):
                unread = False
                grantee = record.arn(kind + name, "iam", region="")
                opens = _opened(record, privilege, grantee)
                yield Right(principal_of(record, grantee), change, _privileges(what), opens)
        if unread:
            yield UNREAD

    return read


def _opened(record: Record, privilege: str, grantee: str) -> tuple[str, ...]:
    """Return what a right of IAM opens: what its policy or its group does, else what the grantee may."""
    named = record.parameters.get(privilege)
    giver = grantee
    if isinstance(named, str) and privilege in {"policyArn", "groupName"}:
        giver = named if privilege == "policyArn" else record.arn(f"group/{named}", "iam", region="")
    return _locators([opened_by(giver)])


def _locators(named: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in map(long_text, named) if one is not None)


def _inline() -> Reader:
    """IAM: as `_iam`; what the right opens are the resources of the policy that stands in the record.

    Where the policy could not be read, it is whatever the grantee may open.
    """

    def read(record: Record) -> Iterator[Right | Exposure]:
        opens = opened(record.parameters.get("policyDocument"))
        for right in _iam("given", "policyName")(record):
            yield replace(right, locators=_opens(opens, right.locators)) if isinstance(right, Right) else right

    return read


def _opens(resources: list[str | None], otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Return the locators of ``resources``; ``otherwise`` stands for what could not be read."""
    return _locators(one for named in resources[:MAX_LIST] for one in (otherwise if named is None else (named,)))


def _version(record: Record) -> Iterator[Right | Exposure]:
    """IAM: whoever has a policy gets what its new version opens, once that is the policy's default."""
    policy = record.parameters.get("policyArn")
    if not isinstance(policy, str) or not policy:
        yield UNREAD
    elif record.call == "iam:SetDefaultPolicyVersion" or record.parameters.get("setAsDefault", False) is not False:
        opens = opened(record.parameters.get("policyDocument"))
        yield Right(principal_of(record, policy), "changed", _privileges(policy), _opens(opens, (opened_by(policy),)))


def _key_status(record: Record) -> Iterable[Right | Exposure]:
    change: GrantChange = "revoked" if record.parameters.get("status") == "Inactive" else "given"
    return _iam(change, _KEY, literal=True)(record)


def _trust(parameter: str) -> Reader:
    """IAM: the principals that a trust policy allows to take a role, and so to use whatever the role opens."""

    def read(record: Record) -> Iterator[Right]:
        for principal, actions in allowed(record.parameters.get(parameter)):
            if principal is not None and principal != ANYONE:
                yield Right(principal_of(record, principal), "given", _privileges(actions), opened_by_role(record))

    return read


def opened_by_role(record: Record) -> tuple[str, ...]:
    """Return the locator of whatever the role opens that the parameters name; empty if they name none."""
    role = record.parameters.get("roleName")
    return _locators([opened_by(record.arn(f"role/{role}", "iam", region=""))] if isinstance(role, str) else [])


def _named(change: GrantChange, grantee: tuple[str, ...], privileges: str, issuer: str | None = None) -> Reader:
    """Any service: grantee, privileges and perhaps the issuer each under a parameter."""

    def read(record: Record) -> Iterator[Right | Exposure]:
        name = inside(record.parameters, *grantee)
        if isinstance(name, str) and name:
            principal = principal_of(record, name)
            if issuer is not None:
                principal.issuer = text(record.parameters.get(issuer))
            yield Right(principal, change, _privileges(record.parameters.get(privileges)))
        elif change != "revoked":
            yield UNREAD

    return read


def _privileges(values: Any) -> tuple[str, ...]:
    return tuple(value for value in map(text, listed(values)[:MAX_LIST]) if value is not None)


_LAKE: Final = ("principal", "dataLakePrincipalIdentifier")
_BOUNDARY: Final = "permissions-boundary"

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
    "iam:PutRolePermissionsBoundary": (_iam("changed", "permissionsBoundary"), "role; `permissionsBoundary`"),
    "iam:PutUserPermissionsBoundary": (_iam("changed", "permissionsBoundary"), "user; `permissionsBoundary`"),
    "iam:DeleteRolePermissionsBoundary": (_iam("changed", _BOUNDARY, literal=True), "role; `permissions-boundary`"),
    "iam:DeleteUserPermissionsBoundary": (_iam("changed", _BOUNDARY, literal=True), "user; `permissions-boundary`"),
    "iam:CreatePolicyVersion": (
        _version, "`policyArn`, for whoever has it, if `setAsDefault`; assets: each `Resource` of `policyDocument`",
    ),
    "iam:SetDefaultPolicyVersion": (_version, "`policyArn`, for whoever has it"),
    "iam:DeleteGroupPolicy": (_iam("revoked", "policyName"), "group; `policyName`"),
    "iam:DeleteRolePolicy": (_iam("revoked", "policyName"), "role; `policyName`"),
    "iam:DeleteUserPolicy": (_iam("revoked", "policyName"), "user; `policyName`"),
    "iam:AddUserToGroup": (_iam("given", "groupName", kinds=("userName",)), "user; `groupName`"),
    "iam:RemoveUserFromGroup": (_iam("revoked", "groupName", kinds=("userName",)), "user; `groupName`"),
    "iam:CreateAccessKey": (_iam("given", _KEY, literal=True), "user; `access-key`"),
    "iam:UpdateAccessKey": (_key_status, "user; `access-key`; given or, if Inactive, revoked"),
    "iam:DeleteAccessKey": (_iam("revoked", _KEY, literal=True), "user; `access-key`"),
    "iam:CreateLoginProfile": (_iam("given", _LOGIN, literal=True), "user; `console-login`"),
    "iam:UpdateLoginProfile": (_iam("changed", _LOGIN, literal=True), "user; `console-login`"),
    "iam:DeleteLoginProfile": (_iam("revoked", _LOGIN, literal=True), "user; `console-login`"),
    "iam:CreateRole": (_trust("assumeRolePolicyDocument"), "each principal of the trust policy; its actions"),
    "iam:UpdateAssumeRolePolicy": (_trust("policyDocument"), "each principal of the trust policy; its actions"),
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


def rights_of(record: Record) -> list[Right | Exposure]:
    """Return the rights that the call gives, changes or revokes; `UNREAD` where to whom could not be read."""
    reader = RIGHTS.get(record.call)
    return told(record, reader[0](record)) if reader else []
