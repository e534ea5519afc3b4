"""Calls by which others could come to know data (他人が知り得る状態): shares, public access, resource policies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from streams.adapt.cloudtrail.facets import ANY_ACCOUNT, PUBLIC, exposure_to
from streams.adapt.cloudtrail.policies import ANYONE, AWS_SERVICES, allowed
from streams.adapt.cloudtrail.record import Record
from streams.adapt.contract import elements, inside, listed, mapping
from streams.fast_events import Exposure

Reader = Callable[[Record], Iterable[Exposure | None]]

_ALL_USERS: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
_ALL_ACCOUNTS: Final = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_GRANTEES: Final = {"ID": "canonical", "EmailAddress": "email"}
_HEADER_KINDS: Final = {"id": "canonical", "emailaddress": "email"}
_IN_HEADER: Final = re.compile(r'\b(id|emailAddress)\s*=\s*"?([^",\s]+)"?', re.IGNORECASE)
_CANNED: Final = {"public-read": PUBLIC, "public-read-write": PUBLIC, "authenticated-read": ANY_ACCOUNT}


def _permission(name: str) -> Reader:
    """EC2: ``<name>.add.items[]`` with an account, the group ``all``, or an organisation."""

    def read(record: Record) -> Iterator[Exposure | None]:
        for item in elements(inside(record.parameters, name, "add")):
            for key in ("userId", "group", "organizationArn", "organizationalUnitArn"):
                if isinstance(item.get(key), str):
                    yield exposure_to(record, item[key])

    return read


def _values(*path: str, only: tuple[str, str] | None = None) -> Reader:
    """A list of accounts (or ``all``), or one account, under ``path``; ``only`` if a parameter has a value."""

    def read(record: Record) -> Iterator[Exposure | None]:
        if only is None or record.parameters.get(only[0]) == only[1]:
            for value in listed(inside(record.parameters, *path)):
                if isinstance(value, str) and not value.endswith(AWS_SERVICES):
                    yield exposure_to(record, value)

    return read


def _policy(*path: str, only: tuple[str, str] | None = None) -> Reader:
    """A resource policy under ``path``."""

    def read(record: Record) -> Iterator[Exposure | None]:
        if only is None or record.parameters.get(only[0]) == only[1]:
            for principal, _ in allowed(inside(record.parameters, *path)):
                yield exposure_to(record, principal)

    return read


def _point_policy(record: Record) -> Iterator[Exposure | None]:
    """S3: the policy of an access point, as text of an element of the request or of a parameter."""
    request = inside(record.parameters, f"{record.event_name}Request")
    for holder in (record.parameters, mapping(request), mapping(inside(request, "Details"))):
        for key in ("Policy", "policy"):
            for principal, _ in allowed(holder.get(key)):
                yield exposure_to(record, principal)


def _point_made(record: Record) -> Iterator[Exposure]:
    """S3: an access point keeps the public out unless the request lowers that."""
    request = mapping(inside(record.parameters, "CreateAccessPointRequest"))
    for holder in (record.parameters, request):
        if _lowered(holder):
            yield PUBLIC


def _trust(parameter: str) -> Reader:
    """IAM: a trust policy that lets anybody with an account take the role; whom it names, is given a right."""

    def read(record: Record) -> Iterator[Exposure]:
        if any(principal == ANYONE for principal, _ in allowed(record.parameters.get(parameter))):
            yield ANY_ACCOUNT

    return read


def _acl(record: Record) -> Iterator[Exposure | None]:
    """S3: a canned ACL, or grants to the groups AllUsers and AuthenticatedUsers, to canonical users, to addresses.

    The record does not tell the canonical id of its own account except as the owner of what is opened.
    """
    for value in listed(record.parameters.get("x-amz-acl")):
        yield _CANNED.get(value) if isinstance(value, str) else None
    said = list(_texts(record.parameters, 8))
    if any(_ALL_USERS in one for one in said):
        yield PUBLIC
    if any(_ALL_ACCOUNTS in one for one in said):
        yield ANY_ACCOUNT
    for kind, name in _grantees(record):
        yield exposure_to(record, f"{kind}:{name}")


def _grantees(record: Record) -> Iterator[tuple[str, str]]:
    """Yield the canonical users and e-mail addresses of an ACL, in its XML or in ``x-amz-grant-*`` headers."""
    policy = record.parameters.get("AccessControlPolicy")
    owner = inside(policy, "Owner", "ID")
    for grant in listed(inside(policy, "AccessControlList", "Grant")):
        for key, kind in _GRANTEES.items():
            name = inside(grant, "Grantee", key)
            if isinstance(name, str) and name not in {"", owner}:
                yield kind, name
    for header in (record.parameters, mapping(record.parameters.get("accessControlList"))):
        for key, value in header.items():
            for one in listed(value) if key.lower().startswith("x-amz-grant-") else ():
                for found in _IN_HEADER.finditer(one) if isinstance(one, str) else ():
                    yield _HEADER_KINDS[found[1].lower()], found[2]


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one, depth - 1)


def _block_removed(_: Record) -> Iterator[Exposure]:
    yield PUBLIC


def _block_lowered(record: Record) -> Iterator[Exposure]:
    if _lowered(record.parameters):
        yield PUBLIC


def _lowered(holder: dict[str, Any]) -> bool:
    """Return whether a flag of a block against the public is off; an element of XML holds it as a text."""
    flags = mapping(holder.get("PublicAccessBlockConfiguration")).values()
    return any(flag is False or (isinstance(flag, str) and flag.lower() == "false") for flag in flags)


def _open_url(record: Record) -> Iterator[Exposure]:
    if record.parameters.get("authType") == "NONE":
        yield PUBLIC


EXPOSURES: Final[dict[str, tuple[Reader, str]]] = {
    "backup:PutBackupVaultAccessPolicy": (_policy("policy"), "`policy`"),
    "dynamodb:PutResourcePolicy": (_policy("policy"), "`policy`"),
    "ec2:ModifyImageAttribute": (_permission("launchPermission"), "`launchPermission.add`"),
    "ec2:ModifySnapshotAttribute": (_permission("createVolumePermission"), "`createVolumePermission.add`"),
    "ecr:SetRepositoryPolicy": (_policy("policyText"), "`policyText`"),
    "es:UpdateElasticsearchDomainConfig": (_policy("accessPolicies"), "`accessPolicies`"),
    "es:UpdateDomainConfig": (_policy("accessPolicies"), "`accessPolicies`"),
    "glue:PutResourcePolicy": (_policy("policyInJson"), "`policyInJson`"),
    "iam:CreateRole": (_trust("assumeRolePolicyDocument"), "`assumeRolePolicyDocument` for anyone"),
    "iam:UpdateAssumeRolePolicy": (_trust("policyDocument"), "`policyDocument` for anyone"),
    "kms:PutKeyPolicy": (_policy("policy"), "`policy`"),
    "lambda:AddLayerVersionPermission20181031": (_values("principal"), "`principal`"),
    "lambda:AddPermission20150331v2": (_values("principal"), "`principal`"),
    "lambda:CreateFunctionUrlConfig": (_open_url, "`authType` NONE"),
    "lambda:UpdateFunctionUrlConfig": (_open_url, "`authType` NONE"),
    "logs:PutResourcePolicy": (_policy("policyDocument"), "`policyDocument`"),
    "ram:AssociateResourceShare": (_values("principals"), "`principals`"),
    "ram:CreateResourceShare": (_values("principals"), "`principals`"),
    "rds:ModifyDBClusterSnapshotAttribute": (
        _values("valuesToAdd", only=("attributeName", "restore")), "`valuesToAdd` of `restore`",
    ),
    "rds:ModifyDBSnapshotAttribute": (
        _values("valuesToAdd", only=("attributeName", "restore")), "`valuesToAdd` of `restore`",
    ),
    "redshift:AuthorizeSnapshotAccess": (_values("accountWithRestoreAccess"), "`accountWithRestoreAccess`"),
    "s3:CopyObject": (_acl, "canned ACL, grants to groups, users and addresses"),
    "s3:CreateAccessPoint": (_point_made, "`CreateAccessPointRequest.PublicAccessBlockConfiguration`, any flag false"),
    "s3:CreateMultipartUpload": (_acl, "canned ACL, grants to groups, users and addresses"),
    "s3:CreateBucket": (_acl, "canned ACL, grants to groups, users and addresses"),
    "s3:DeleteAccountPublicAccessBlock": (_block_removed, "always"),
    "s3:DeleteBucketPublicAccessBlock": (_block_removed, "always"),
    "s3:PutAccessPointPolicy": (_point_policy, "`PutAccessPointPolicyRequest.Policy`"),
    "s3:PutAccessPointPolicyForObjectLambda": (_point_policy, "`PutAccessPointPolicyForObjectLambdaRequest.Policy`"),
    "s3:PutMultiRegionAccessPointPolicy": (
        _point_policy, "`PutMultiRegionAccessPointPolicyRequest.Details.Policy`",
    ),
    "s3:PutAccountPublicAccessBlock": (_block_lowered, "any flag false"),
    "s3:PutBucketAcl": (_acl, "canned ACL, grants to groups, users and addresses"),
    "s3:PutBucketPolicy": (_policy("bucketPolicy"), "`bucketPolicy`"),
    "s3:PutBucketPublicAccessBlock": (_block_lowered, "any flag false"),
    "s3:PutObject": (_acl, "canned ACL, grants to groups, users and addresses"),
    "s3:PutObjectAcl": (_acl, "canned ACL, grants to groups, users and addresses"),
    "secretsmanager:PutResourcePolicy": (_policy("resourcePolicy"), "`resourcePolicy`"),
    "sns:AddPermission": (_values("aWSAccountId"), "`aWSAccountId`"),
    "sns:SetTopicAttributes": (
        _policy("attributeValue", only=("attributeName", "Policy")), "`attributeValue` of `Policy`",
    ),
    "sqs:AddPermission": (_values("aWSAccountIds"), "`aWSAccountIds`"),
    "sqs:SetQueueAttributes": (_policy("attributes", "Policy"), "`attributes.Policy`"),
    "ssm:ModifyDocumentPermission": (_values("accountIdsToAdd"), "`accountIdsToAdd`"),
}  # fmt: skip
"""Call → (how its parameters are read, the same in words)."""


def exposures_of(record: Record) -> list[Exposure]:
    """Return to whom the call exposes data, each once; empty if it exposes none or stays within the account.

    A service of AWS that a policy or a permission names is no party to whom data is exposed.
    """
    reader = EXPOSURES.get(record.call)
    found: dict[tuple[object, ...], Exposure] = {}
    for exposure in reader[0](record) if reader else ():
        if exposure is not None:
            found[exposure.to, exposure.party] = exposure
    return list(found.values())
