import json
from typing import Any

import pytest

from streams.adapt.cloudtrail.facets import UNREAD, Right
from streams.adapt.cloudtrail.rights import RIGHTS, rights_of
from tests.support.cloudtrail import ACCOUNT, OTHER, record

USER = f"arn:aws:iam::{ACCOUNT}:user/taro"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
GROUP = f"arn:aws:iam::{ACCOUNT}:group/g"
POLICY = {"policyArn": "arn:aws:iam::aws:policy/P"}
P = "arn:aws:iam::aws:policy/P"
TRUST = json.dumps(
    {
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": [f"arn:aws:iam::{OTHER}:root", "*"]}, "Action": "sts:AssumeRole"}
        ]
    }
)
THEM = f"arn:aws:iam::{OTHER}:root"

CASES: list[tuple[str, Any, tuple[str, str, str]]] = [
    ("iam:AttachGroupPolicy", {"groupName": "g", **POLICY}, (GROUP, "given", P)),
    ("iam:AttachRolePolicy", {"roleName": "r", **POLICY}, (ROLE, "given", P)),
    ("iam:AttachUserPolicy", {"userName": "taro", **POLICY}, (USER, "given", P)),
    ("iam:DetachGroupPolicy", {"groupName": "g", **POLICY}, (GROUP, "revoked", P)),
    ("iam:DetachRolePolicy", {"roleName": "r", **POLICY}, (ROLE, "revoked", P)),
    ("iam:DetachUserPolicy", {"userName": "taro", **POLICY}, (USER, "revoked", P)),
    ("iam:PutGroupPolicy", {"groupName": "g", "policyName": "n"}, (GROUP, "given", "n")),
    ("iam:PutRolePolicy", {"roleName": "r", "policyName": "n"}, (ROLE, "given", "n")),
    ("iam:PutUserPolicy", {"userName": "taro", "policyName": "n"}, (USER, "given", "n")),
    ("iam:DeleteGroupPolicy", {"groupName": "g", "policyName": "n"}, (GROUP, "revoked", "n")),
    ("iam:DeleteRolePolicy", {"roleName": "r", "policyName": "n"}, (ROLE, "revoked", "n")),
    ("iam:DeleteUserPolicy", {"userName": "taro", "policyName": "n"}, (USER, "revoked", "n")),
    ("iam:AddUserToGroup", {"userName": "taro", "groupName": "g"}, (USER, "given", "g")),
    ("iam:RemoveUserFromGroup", {"userName": "taro", "groupName": "g"}, (USER, "revoked", "g")),
    ("iam:CreateAccessKey", {"userName": "taro"}, (USER, "given", "access-key")),
    ("iam:UpdateAccessKey", {"userName": "taro", "status": "Inactive"}, (USER, "revoked", "access-key")),
    ("iam:DeleteAccessKey", {"userName": "taro"}, (USER, "revoked", "access-key")),
    ("iam:CreateLoginProfile", {"userName": "taro"}, (USER, "given", "console-login")),
    ("iam:UpdateLoginProfile", {"userName": "taro"}, (USER, "changed", "console-login")),
    ("iam:DeleteLoginProfile", {"userName": "taro"}, (USER, "revoked", "console-login")),
    ("iam:PutRolePermissionsBoundary", {"roleName": "r", "permissionsBoundary": P}, (ROLE, "changed", P)),
    ("iam:PutUserPermissionsBoundary", {"userName": "taro", "permissionsBoundary": P}, (USER, "changed", P)),
    ("iam:DeleteRolePermissionsBoundary", {"roleName": "r"}, (ROLE, "changed", "permissions-boundary")),
    ("iam:DeleteUserPermissionsBoundary", {"userName": "taro"}, (USER, "changed", "permissions-boundary")),
    ("iam:CreatePolicyVersion", {**POLICY, "setAsDefault": True}, (P, "changed", P)),
    ("iam:SetDefaultPolicyVersion", {**POLICY, "versionId": "v2"}, (P, "changed", P)),
    ("iam:CreateRole", {"roleName": "r", "assumeRolePolicyDocument": TRUST}, (THEM, "given", "sts:AssumeRole")),
    ("iam:UpdateAssumeRolePolicy", {"roleName": "r", "policyDocument": TRUST}, (THEM, "given", "sts:AssumeRole")),
    ("kms:CreateGrant", {"granteePrincipal": THEM, "operations": ["Decrypt"]}, (THEM, "given", "Decrypt")),
    ("lakeformation:GrantPermissions", {"principal": {"dataLakePrincipalIdentifier": USER}, "permissions": ["SELECT"]}, (USER, "given", "SELECT")),
    ("lakeformation:RevokePermissions", {"principal": {"dataLakePrincipalIdentifier": USER}, "permissions": ["SELECT"]}, (USER, "revoked", "SELECT")),
    ("sso:CreateAccountAssignment", {"principalId": "u-1", "permissionSetArn": "arn:p", "instanceArn": "arn:i"}, ("u-1", "given", "arn:p")),
    ("sso:DeleteAccountAssignment", {"principalId": "u-1", "permissionSetArn": "arn:p", "instanceArn": "arn:i"}, ("u-1", "revoked", "arn:p")),
]  # fmt: skip


@pytest.mark.parametrize(("call", "parameters", "right"), CASES, ids=[case[0] for case in CASES])
def test_each_call_tells_who_gets_or_loses_what(call: str, parameters: Any, right: tuple[str, str, str]) -> None:
    found = _right(call, parameters)

    assert (found.grantee.subject, found.change, *found.privileges) == right


def test_every_call_of_the_table_has_a_case() -> None:
    assert {call for call, _, _ in CASES} == set(RIGHTS)


def _right(call: str, parameters: Any) -> Right:
    (found,) = rights_of(record(call, parameters))
    assert isinstance(found, Right)
    return found


def test_the_issuer_is_the_account_of_the_grantee_or_its_directory() -> None:
    assert _right("kms:CreateGrant", {"granteePrincipal": THEM}).grantee.issuer == f"aws:{OTHER}"
    assert _right("iam:CreateAccessKey", {"userName": "taro"}).grantee.issuer == f"aws:{ACCOUNT}"
    assignment = {"principalId": "u-1", "instanceArn": "arn:aws:sso:::instance/i"}
    assert _right("sso:CreateAccountAssignment", assignment).grantee.issuer == "arn:aws:sso:::instance/i"


def test_an_access_key_switched_on_is_given() -> None:
    assert _right("iam:UpdateAccessKey", {"userName": "taro", "status": "Active"}).change == "given"


READS = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::lake/*"}}
DENIES = {"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}


@pytest.mark.parametrize(
    ("call", "parameters", "opens"),
    [
        ("iam:AttachUserPolicy", {"userName": "taro", **POLICY}, [f"opened-by:{P}"]),
        ("iam:AddUserToGroup", {"userName": "taro", "groupName": "g"}, [f"opened-by:{GROUP}"]),
        ("iam:CreateAccessKey", {"userName": "taro"}, [f"opened-by:{USER}"]),
        ("iam:PutRolePermissionsBoundary", {"roleName": "r", "permissionsBoundary": P}, [f"opened-by:{ROLE}"]),
        ("iam:PutUserPolicy", {"userName": "taro", "policyDocument": READS}, ["arn:aws:s3:::lake/*"]),
        ("iam:PutUserPolicy", {"userName": "taro", "policyDocument": "no policy"}, [f"opened-by:{USER}"]),
        ("iam:PutUserPolicy", {"userName": "taro", "policyDocument": DENIES}, []),
        ("iam:CreateRole", {"roleName": "r", "assumeRolePolicyDocument": TRUST}, [f"opened-by:{ROLE}"]),
        ("iam:CreateRole", {"assumeRolePolicyDocument": TRUST}, []),
        ("iam:SetDefaultPolicyVersion", {**POLICY, "versionId": "v2"}, [f"opened-by:{P}"]),
        ("iam:CreatePolicyVersion", {**POLICY, "setAsDefault": True, "policyDocument": READS}, ["arn:aws:s3:::lake/*"]),
    ],
)
def test_a_right_of_iam_is_to_what_it_opens(call: str, parameters: Any, opens: list[str]) -> None:
    found = _right(call, parameters)

    assert list(found.locators) == opens


def test_a_version_of_a_policy_that_is_not_its_default_gives_nothing() -> None:
    assert (
        rights_of(record("iam:CreatePolicyVersion", {**POLICY, "setAsDefault": False, "policyDocument": READS})) == []
    )


@pytest.mark.parametrize("parameters", [None, {}, {"userName": 5}, {"userName": ""}, {"principalId": []}, "HIDDEN"])
@pytest.mark.parametrize(
    "call",
    ["iam:CreateAccessKey", "sso:DeleteAccountAssignment", "iam:DetachUserPolicy", "iam:CreateRole", "s3:GetObject"],
)
def test_a_call_that_need_not_say_who_gives_no_right(call: str, parameters: Any) -> None:
    assert rights_of(record(call, parameters)) == []


@pytest.mark.parametrize("parameters", [None, {}, {"userName": 5}, {"userName": ""}, {"principalId": []}, "HIDDEN"])
@pytest.mark.parametrize(
    "call",
    [
        "iam:AttachUserPolicy",
        "iam:AddUserToGroup",
        "iam:PutRolePolicy",
        "iam:DeleteUserPermissionsBoundary",
        "iam:CreatePolicyVersion",
        "kms:CreateGrant",
        "lakeformation:GrantPermissions",
        "sso:CreateAccountAssignment",
    ],
)
def test_who_gets_a_right_is_unknown_where_the_call_has_to_say_and_does_not(call: str, parameters: Any) -> None:
    assert rights_of(record(call, parameters)) == [UNREAD]
    assert rights_of(record(call, parameters, errorCode="AccessDenied")) == []


@pytest.mark.parametrize(
    "document", ["no policy", {"Statement": "x"}, {"Statement": {"Effect": "Allow", "Action": "*"}}]
)
def test_what_a_policy_that_cannot_be_read_opens_is_unknown(document: Any) -> None:
    inline = _right("iam:PutUserPolicy", {"userName": "taro", "policyDocument": document})
    version = _right("iam:CreatePolicyVersion", {**POLICY, "setAsDefault": True, "policyDocument": document})

    assert inline.locators == (f"opened-by:{USER}",)
    assert version.locators == (f"opened-by:{P}",)


def test_what_is_read_of_a_policy_counts_beside_what_is_not() -> None:
    mixed = {"Statement": [READS["Statement"], 5]}
    found = _right("iam:PutUserPolicy", {"userName": "taro", "policyDocument": mixed})

    assert found.locators == ("arn:aws:s3:::lake/*", f"opened-by:{USER}")
