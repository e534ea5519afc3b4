"""Calls by which others could come to know data (他人が知り得る状態): shares, public access, resource policies.

A reader yields `UNREAD` for each part of another shape than AWS documents, and for a part that is absent though the
call is nothing without it. Where the call may leave a part out, its absence is ordinary and shares nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from streams.adapt.cloudtrail.facets import ANY_ACCOUNT, PUBLIC, UNREAD, exposure_to, told
from streams.adapt.cloudtrail.policies import ANYONE, AWS_SERVICES, allowed
from streams.adapt.cloudtrail.record import Record
from streams.adapt.contract import inside, listed, mapping, members
from streams.fast_events import Exposure

Reader = Callable[[Record], Iterable[Exposure | None]]

_ALL_USERS: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
_ALL_ACCOUNTS: Final = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_LOG_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_GROUPS: Final = {_ALL_USERS: PUBLIC, _ALL_ACCOUNTS: ANY_ACCOUNT, _LOG_DELIVERY: None}
_GRANTEES: Final = {"ID": "canonical", "EmailAddress": "email", "URI": "uri"}
_HEADER_KINDS: Final = {"id": "canonical", "emailaddress": "email", "uri": "uri"}
_IN_HEADER: Final = re.compile(r'\b(id|emailAddress|uri)\s*=\s*"?([^",\s]+)"?', re.IGNORECASE)
_CANNED: Final = {
    "public-read": PUBLIC, "public-read-write": PUBLIC, "authenticated-read": ANY_ACCOUNT,
    "private": None, "aws-exec-read": None, "bucket-owner-read": None, "bucket-owner-full-control": None,
    "log-delivery-write": None,
}  # fmt: skip
_PERMITTED: Final = ("userId", "group", "organizationArn", "organizationalUnitArn")
_HARMLESS: Final = ("description", "imdsSupport", "productCodes")
_BLOCKS: Final = frozenset({"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"})


def _permission(name: str, *others: str) -> Reader:
    """EC2: ``<name>.add.items[]`` with an account, the group ``all``, or an organisation.

    Absent where the call changes one of ``others``, attributes that share nothing.
    """

    def read(record: Record) -> Iterator[Exposure | None]:
        change = record.parameters.get(name)
        if change is None and _changes(record, others):
            return
        if not mapping(change) or not mapping(change).keys() <= {"add", "remove"}:
            yield UNREAD
        for item in members(inside(change, "add")):
            for one in [value for key, value in mapping(item).items() if key in _PERMITTED] or [None]:
                yield exposure_to(record, one)

    return read


def _changes(record: Record, attributes: Iterable[str]) -> bool:
    """Return whether the call names one of ``attributes`` as what it changes, else whether it sets one of them."""
    named = record.parameters.get("attributeType", record.parameters.get("attribute"))
    return any(one == named if named is not None else one in record.parameters for one in attributes)


def _values(*path: str, only: tuple[str, str] | None = None, unless: str | None = None) -> Reader:
    """A list of accounts (or ``all``), or one account, under ``path``; ``only`` if a parameter has a value.

    Absent where the call has the parameter ``unless``.
    """

    def read(record: Record) -> Iterator[Exposure | None]:
        values = listed(inside(record.parameters, *path))
        if not _meant(record, only) or (not values and unless in record.parameters):
            return
        for value in values or [None]:
            if not isinstance(value, str) or not value.endswith(AWS_SERVICES):
                yield exposure_to(record, value)

    return read


def _meant(record: Record, only: tuple[str, str] | None) -> bool:
    """Return whether a parameter has the value of ``only``, or none that could be read."""
    said = record.parameters.get(only[0]) if only else None
    return only is None or said == only[1] or not isinstance(said, str)


def _policy(*path: str, only: tuple[str, str] | None = None, optional: bool = False) -> Reader:
    """A resource policy under ``path``; if it is ``optional``, an empty one takes away what there was."""

    def read(record: Record) -> Iterator[Exposure | None]:
        holder = mapping(inside(record.parameters, *path[:-1]))
        policy = holder.get(path[-1])
        if not _meant(record, only) or (optional and holder and policy in (None, "")):
            return
        for principal, _ in allowed(policy):
            yield exposure_to(record, principal)

    return read


def _point_policy(record: Record) -> Iterator[Exposure | None]:
    """S3: the policy of an access point, as text of an element of the request or of a parameter."""
    request = inside(record.parameters, f"{record.event_name}Request")
    holders = (record.parameters, mapping(request), mapping(inside(request, "Details")))
    for policy in [holder[key] for holder in holders for key in ("Policy", "policy") if key in holder] or [None]:
        for principal, _ in allowed(policy):
            yield exposure_to(record, principal)


def _point_made(record: Record) -> Iterator[Exposure]:
    """S3: an access point keeps the public out unless the request lowers that."""
    request = record.parameters.get("CreateAccessPointRequest")
    for holder in (record.parameters, mapping(request)):
        if "PublicAccessBlockConfiguration" in holder:
            yield from _lowered(holder)
    if not mapping(request):
        yield UNREAD


def _trust(parameter: str) -> Reader:
    """IAM: a trust policy that lets anybody with an account take the role; whom it names, is given a right."""

    def read(record: Record) -> Iterator[Exposure]:
        for principal, _ in allowed(record.parameters.get(parameter)):
            if principal in {ANYONE, None}:
                yield UNREAD if principal is None else ANY_ACCOUNT

    return read


def _acl(*, optional: bool = True) -> Reader:
    """S3: a canned ACL, or grants to the groups AllUsers and AuthenticatedUsers, to canonical users, to addresses.

    The record does not tell the canonical id of its own account except as the owner of what is opened.
    """

    def read(record: Record) -> Iterator[Exposure | None]:
        parts = list(_acl_parts(record.parameters))
        if not parts and not optional:
            yield UNREAD
        said = list(_texts(record.parameters, 8))
        if any(_ALL_USERS in one for one in said):
            yield PUBLIC
        if any(_ALL_ACCOUNTS in one for one in said):
            yield ANY_ACCOUNT
        for name, value in parts:
            yield from _acl_part(record, name, value)

    return read


def _acl_parts(parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the headers of an ACL, which may stand in ``accessControlList``, and its XML."""
    for name, value in parameters.items():
        plain = name.lower()
        if plain == "accesscontrollist" and mapping(value):
            yield from ((one.lower(), inner) for one, inner in value.items())
        elif plain.startswith(("x-amz-acl", "x-amz-grant-", "accesscontrol")):
            yield plain, value


def _acl_part(record: Record, name: str, value: Any) -> Iterator[Exposure | None]:
    if name == "x-amz-acl":
        for one in listed(value) or [None]:
            yield _CANNED.get(one, UNREAD) if isinstance(one, str) else UNREAD
    elif name.startswith("x-amz-grant-"):
        for one in listed(value) or [None]:
            yield from _header(record, one)
    elif name == "accesscontrolpolicy":
        yield from _xml(record, value)
    else:
        yield UNREAD


def _header(record: Record, header: Any) -> Iterator[Exposure | None]:
    """Read ``id="…", emailAddress="…", uri="…"``; whatever stands beside such pairs could not be read."""
    found = list(_IN_HEADER.finditer(header)) if isinstance(header, str) else []
    if not found or _IN_HEADER.sub("", header).strip(", "):
        yield UNREAD
    for one in found:
        yield _grantee(record, _HEADER_KINDS[one[1].lower()], one[2])


def _xml(record: Record, policy: Any) -> Iterator[Exposure | None]:
    """Read ``AccessControlPolicy``; an element that holds nothing is an empty text."""
    grants = inside(policy, "AccessControlList")
    if grants in ("", {}):
        return
    owner = inside(policy, "Owner", "ID")
    for grant in listed(inside(grants, "Grant")) or [None]:
        named = mapping(inside(grant, "Grantee"))
        found = [(kind, named[key]) for key, kind in _GRANTEES.items() if key in named]
        for kind, name in found or [("", None)]:
            if name != owner or not name:
                yield _grantee(record, kind, name)


def _grantee(record: Record, kind: str, name: Any) -> Exposure | None:
    if kind == "uri":
        return _GROUPS.get(name, UNREAD) if isinstance(name, str) else UNREAD
    return exposure_to(record, f"{kind}:{name}" if isinstance(name, str) and name else None)


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one, depth - 1)


def _block_removed(_: Record) -> Iterator[Exposure]:
    yield PUBLIC


def _block_lowered(record: Record) -> Iterator[Exposure]:
    yield from _lowered(record.parameters)


def _lowered(holder: dict[str, Any]) -> Iterator[Exposure]:
    """Yield the public if a flag of a block against it is off; an element of XML holds a flag as a text."""
    block = mapping(holder.get("PublicAccessBlockConfiguration"))
    flags = {name: str(flag).lower() for name, flag in block.items() if not name.startswith("xmlns")}
    if "false" in flags.values():
        yield PUBLIC
    if not flags or not flags.keys() <= _BLOCKS or not set(flags.values()) <= {"true", "false"}:
        yield UNREAD


def _open_url(*, optional: bool) -> Reader:
    """Lambda: a URL that answers whoever asks."""

    def read(record: Record) -> Iterator[Exposure]:
        kind = record.parameters.get("authType")
        if kind == "NONE":
            yield PUBLIC
        elif kind != "AWS_IAM" and not (optional and kind is None):
            yield UNREAD

    return read


_RESTORE: Final = _values("valuesToAdd", only=("attributeName", "restore"), unless="valuesToRemove")

EXPOSURES: Final[dict[str, tuple[Reader, str]]] = {
    "backup:PutBackupVaultAccessPolicy": (_policy("policy"), "`policy`"),
    "dynamodb:PutResourcePolicy": (_policy("policy"), "`policy`"),
    "ec2:ModifyImageAttribute": (_permission("launchPermission", *_HARMLESS), "`launchPermission.add`"),
    "ec2:ModifySnapshotAttribute": (_permission("createVolumePermission"), "`createVolumePermission.add`"),
    "ecr:SetRepositoryPolicy": (_policy("policyText"), "`policyText`"),
    "es:UpdateElasticsearchDomainConfig": (_policy("accessPolicies", optional=True), "`accessPolicies`"),
    "es:UpdateDomainConfig": (_policy("accessPolicies", optional=True), "`accessPolicies`"),
    "glue:PutResourcePolicy": (_policy("policyInJson"), "`policyInJson`"),
    "iam:CreateRole": (_trust("assumeRolePolicyDocument"), "`assumeRolePolicyDocument` for anyone"),
    "iam:UpdateAssumeRolePolicy": (_trust("policyDocument"), "`policyDocument` for anyone"),
    "kms:PutKeyPolicy": (_policy("policy"), "`policy`"),
    "lambda:AddLayerVersionPermission20181031": (_values("principal"), "`principal`"),
    "lambda:AddPermission20150331v2": (_values("principal"), "`principal`"),
    "lambda:CreateFunctionUrlConfig": (_open_url(optional=False), "`authType` NONE"),
    "lambda:UpdateFunctionUrlConfig": (_open_url(optional=True), "`authType` NONE"),
    "logs:PutResourcePolicy": (_policy("policyDocument"), "`policyDocument`"),
    "ram:AssociateResourceShare": (_values("principals", unless="resourceArns"), "`principals`"),
    "ram:CreateResourceShare": (_values("principals", unless="name"), "`principals`"),
    "rds:ModifyDBClusterSnapshotAttribute": (_RESTORE, "`valuesToAdd` of `restore`"),
    "rds:ModifyDBSnapshotAttribute": (_RESTORE, "`valuesToAdd` of `restore`"),
    "redshift:AuthorizeSnapshotAccess": (_values("accountWithRestoreAccess"), "`accountWithRestoreAccess`"),
    "s3:CopyObject": (_acl(), "canned ACL, grants to groups, users and addresses"),
    "s3:CreateAccessPoint": (_point_made, "`CreateAccessPointRequest.PublicAccessBlockConfiguration`, any flag false"),
    "s3:CreateMultipartUpload": (_acl(), "canned ACL, grants to groups, users and addresses"),
    "s3:CreateBucket": (_acl(), "canned ACL, grants to groups, users and addresses"),
    "s3:DeleteAccountPublicAccessBlock": (_block_removed, "always"),
    "s3:DeleteBucketPublicAccessBlock": (_block_removed, "always"),
    "s3:PutAccessPointPolicy": (_point_policy, "`PutAccessPointPolicyRequest.Policy`"),
    "s3:PutAccessPointPolicyForObjectLambda": (_point_policy, "`PutAccessPointPolicyForObjectLambdaRequest.Policy`"),
    "s3:PutMultiRegionAccessPointPolicy": (
        _point_policy, "`PutMultiRegionAccessPointPolicyRequest.Details.Policy`",
    ),
    "s3:PutAccountPublicAccessBlock": (_block_lowered, "any flag false"),
    "s3:PutBucketAcl": (_acl(optional=False), "canned ACL, grants to groups, users and addresses"),
    "s3:PutBucketPolicy": (_policy("bucketPolicy"), "`bucketPolicy`"),
    "s3:PutBucketPublicAccessBlock": (_block_lowered, "any flag false"),
    "s3:PutObject": (_acl(), "canned ACL, grants to groups, users and addresses"),
    "s3:PutObjectAcl": (_acl(optional=False), "canned ACL, grants to groups, users and addresses"),
    "secretsmanager:PutResourcePolicy": (_policy("resourcePolicy"), "`resourcePolicy`"),
    "sns:AddPermission": (_values("aWSAccountId"), "`aWSAccountId`"),
    "sns:SetTopicAttributes": (
        _policy("attributeValue", only=("attributeName", "Policy")), "`attributeValue` of `Policy`",
    ),
    "sqs:AddPermission": (_values("aWSAccountIds"), "`aWSAccountIds`"),
    "sqs:SetQueueAttributes": (_policy("attributes", "Policy", optional=True), "`attributes.Policy`"),
    "ssm:ModifyDocumentPermission": (_values("accountIdsToAdd", unless="accountIdsToRemove"), "`accountIdsToAdd`"),
}  # fmt: skip
"""Call → (how its parameters are read, the same in words)."""


def exposures_of(record: Record) -> list[Exposure]:
    """Return to whom the call exposes data, each once; empty if it exposes none or stays within the account.

    A service of AWS that a policy or a permission names is no party to whom data is exposed.
    """
    reader = EXPOSURES.get(record.call)
    if reader is None:
        return []
    found = (exposure for exposure in reader[0](record) if exposure is not None)
    return list({(one.to, one.party): one for one in told(record, found, UNREAD)}.values())
