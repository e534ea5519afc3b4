import json
from typing import Any

import pytest

from streams.adapt.cloudtrail.exposures import EXPOSURES, exposures_of
from tests.support.cloudtrail import ACCOUNT, OTHER, record

NAMED = ("named_party", f"aws:{OTHER}")
PUBLIC = ("public", None)
POLICY = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "*"}]}
ALL_USERS = {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}
ALL_ACCOUNTS = {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}, "Permission": "READ"}

CASES: list[tuple[str, Any, list[tuple[str, str | None]]]] = [
    ("backup:PutBackupVaultAccessPolicy", {"policy": POLICY}, [NAMED]),
    ("dynamodb:PutResourcePolicy", {"policy": json.dumps(POLICY)}, [NAMED]),
    ("ec2:ModifyImageAttribute", {"launchPermission": {"add": {"items": [{"userId": OTHER}, {"group": "all"}]}}}, [NAMED, PUBLIC]),
    ("ec2:ModifySnapshotAttribute", {"createVolumePermission": {"add": {"items": [{"userId": OTHER}]}}}, [NAMED]),
    ("ecr:SetRepositoryPolicy", {"policyText": json.dumps(POLICY)}, [NAMED]),
    ("es:UpdateElasticsearchDomainConfig", {"accessPolicies": json.dumps(POLICY)}, [NAMED]),
    ("es:UpdateDomainConfig", {"accessPolicies": json.dumps(POLICY)}, [NAMED]),
    ("glue:PutResourcePolicy", {"policyInJson": json.dumps(POLICY)}, [NAMED]),
    ("iam:CreateRole", {"assumeRolePolicyDocument": json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}}]})}, [("any_account", None)]),
    ("iam:UpdateAssumeRolePolicy", {"policyDocument": json.dumps({"Statement": {"Effect": "Allow", "Principal": "*"}})}, [("any_account", None)]),
    ("kms:PutKeyPolicy", {"policy": json.dumps(POLICY)}, [NAMED]),
    ("lambda:AddLayerVersionPermission20181031", {"principal": "*"}, [PUBLIC]),
    ("lambda:AddPermission20150331v2", {"principal": OTHER}, [NAMED]),
    ("lambda:CreateFunctionUrlConfig", {"authType": "NONE"}, [PUBLIC]),
    ("lambda:UpdateFunctionUrlConfig", {"authType": "NONE"}, [PUBLIC]),
    ("logs:PutResourcePolicy", {"policyDocument": json.dumps(POLICY)}, [NAMED]),
    ("ram:AssociateResourceShare", {"principals": [OTHER]}, [NAMED]),
    ("ram:CreateResourceShare", {"principals": [OTHER]}, [NAMED]),
    ("rds:ModifyDBClusterSnapshotAttribute", {"attributeName": "restore", "valuesToAdd": [OTHER]}, [NAMED]),
    ("rds:ModifyDBSnapshotAttribute", {"attributeName": "restore", "valuesToAdd": ["all"]}, [PUBLIC]),
    ("redshift:AuthorizeSnapshotAccess", {"accountWithRestoreAccess": OTHER}, [NAMED]),
    ("s3:CopyObject", {"x-amz-acl": "public-read"}, [PUBLIC]),
    ("s3:CreateAccessPoint", {"name": "ap", "CreateAccessPointRequest": {"Bucket": "b", "PublicAccessBlockConfiguration": {"BlockPublicPolicy": "FALSE"}}}, [PUBLIC]),
    ("s3:CreateMultipartUpload", {"x-amz-grant-read": "id=79a5"}, [("named_party", "aws:canonical:79a5")]),
    ("s3:PutAccessPointPolicy", {"name": "ap", "PutAccessPointPolicyRequest": {"Policy": json.dumps(POLICY)}}, [NAMED]),
    ("s3:PutAccessPointPolicyForObjectLambda", {"name": "ap", "policy": json.dumps(POLICY)}, [NAMED]),
    ("s3:PutMultiRegionAccessPointPolicy", {"PutMultiRegionAccessPointPolicyRequest": {"Details": {"Name": "m", "Policy": json.dumps(POLICY)}}}, [NAMED]),
    ("s3:CreateBucket", {"x-amz-acl": ["public-read"]}, [PUBLIC]),
    ("s3:DeleteAccountPublicAccessBlock", {}, [PUBLIC]),
    ("s3:DeleteBucketPublicAccessBlock", {"bucketName": "b"}, [PUBLIC]),
    ("s3:PutAccountPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": False}}, [PUBLIC]),
    ("s3:PutBucketAcl", {"AccessControlPolicy": {"AccessControlList": {"Grant": [ALL_USERS, ALL_ACCOUNTS]}}}, [PUBLIC, ("any_account", None)]),
    ("s3:PutBucketPolicy", {"bucketPolicy": {"Statement": [{"Effect": "Allow", "Principal": "*"}]}}, [PUBLIC]),
    ("s3:PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicPolicy": False}}, [PUBLIC]),
    ("s3:PutObject", {"x-amz-acl": "authenticated-read"}, [("any_account", None)]),
    ("s3:PutObjectAcl", {"accessControlList": {"x-amz-grant-read": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'}}, [PUBLIC]),
    ("secretsmanager:PutResourcePolicy", {"resourcePolicy": json.dumps(POLICY)}, [NAMED]),
    ("sns:AddPermission", {"aWSAccountId": [OTHER]}, [NAMED]),
    ("sns:SetTopicAttributes", {"attributeName": "Policy", "attributeValue": json.dumps(POLICY)}, [NAMED]),
    ("sqs:AddPermission", {"aWSAccountIds": [OTHER]}, [NAMED]),
    ("sqs:SetQueueAttributes", {"attributes": {"Policy": json.dumps(POLICY)}}, [NAMED]),
    ("ssm:ModifyDocumentPermission", {"accountIdsToAdd": ["all"]}, [PUBLIC]),
]  # fmt: skip


def _exposed(call: str, parameters: Any) -> list[tuple[str | None, str | None]]:
    return [(one.to, one.party) for one in exposures_of(record(call, parameters))]


@pytest.mark.parametrize(("call", "parameters", "exposed"), CASES, ids=[case[0] for case in CASES])
def test_each_call_tells_to_whom_it_exposes(call: str, parameters: Any, exposed: list[tuple[str, str | None]]) -> None:
    assert _exposed(call, parameters) == exposed


def test_every_call_of_the_table_has_a_case() -> None:
    assert {call for call, _, _ in CASES} == set(EXPOSURES)


@pytest.mark.parametrize(
    ("parameters", "parties"),
    [
        ({"AccessControlPolicy": {"Owner": {"ID": "us"}, "AccessControlList": {"Grant": [{"Grantee": {"ID": "us"}}, {"Grantee": {"ID": "79a5"}}]}}}, ["aws:canonical:79a5"]),
        ({"AccessControlPolicy": {"Owner": {"ID": "us"}, "AccessControlList": {"Grant": {"Grantee": {"EmailAddress": "taro@other.example"}}}}}, ["aws:email:taro@other.example"]),
        ({"accessControlList": {"x-amz-grant-read": 'id="79a5", id="80b6"'}}, ["aws:canonical:79a5", "aws:canonical:80b6"]),
        ({"x-amz-grant-full-control": ['emailAddress="taro@other.example"']}, ["aws:email:taro@other.example"]),
        ({"x-amz-grant-read": "id=79a5", "x-amz-acl": "private"}, ["aws:canonical:79a5"]),
    ],
)  # fmt: skip
def test_an_acl_tells_of_other_users_by_id_and_by_address(parameters: Any, parties: list[str]) -> None:
    assert _exposed("s3:PutBucketAcl", parameters) == [("named_party", party) for party in parties]


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("s3:PutBucketAcl", {"AccessControlPolicy": {"Owner": {"ID": "us"}, "AccessControlList": {"Grant": {"Grantee": {"ID": "us"}}}}}),
        ("s3:GetObject", {"x-amz-acl": "public-read"}),
        ("s3:PutBucketPolicy", {"bucketPolicy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}}]}}),
        ("s3:PutBucketAcl", {"x-amz-acl": "private"}),
        ("s3:CreateAccessPoint", {"name": "ap", "CreateAccessPointRequest": {"Bucket": "b", "PublicAccessBlockConfiguration": {"BlockPublicPolicy": "true"}}}),
        ("s3:PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicPolicy": True}}),
        ("ec2:ModifyImageAttribute", {"launchPermission": {"remove": {"items": [{"userId": OTHER}]}}}),
        ("rds:ModifyDBSnapshotAttribute", {"attributeName": "other", "valuesToAdd": ["all"]}),
        ("lambda:AddPermission20150331v2", {"principal": "s3.amazonaws.com"}),
        ("lambda:CreateFunctionUrlConfig", {"authType": "AWS_IAM"}),
        ("s3:PutBucketPolicy", {"bucketPolicy": {"Statement": {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}}}}),
        ("sns:SetTopicAttributes", {"attributeName": "DisplayName", "attributeValue": json.dumps(POLICY)}),
        ("s3:PutBucketPolicy", {"bucketPolicy": {"Statement": [{"Effect": "Deny", "Principal": "*"}]}}),
        ("ec2:ModifySnapshotAttribute", {"createVolumePermission": {"remove": {"items": [{"group": "all"}]}}, "attributeType": "CREATE_VOLUME_PERMISSION"}),
        ("ec2:ModifySnapshotAttribute", {"createVolumePermission": {"add": {}, "remove": {"items": [{"group": "all"}]}}}),
        ("ec2:ModifySnapshotAttribute", {"createVolumePermission": {"add": {"items": [{"userId": ACCOUNT}]}}}),
        ("ec2:ModifyImageAttribute", {"imageId": "ami-1", "description": {"value": "d"}}),
        ("ec2:ModifyImageAttribute", {"imageId": "ami-1", "attributeType": "description", "value": "d"}),
        ("rds:ModifyDBSnapshotAttribute", {"attributeName": "restore", "valuesToRemove": ["all"]}),
        ("ssm:ModifyDocumentPermission", {"name": "d", "accountIdsToRemove": [OTHER]}),
        ("ram:CreateResourceShare", {"name": "empty"}),
        ("ram:AssociateResourceShare", {"resourceArns": ["arn:aws:ec2:::subnet/s"]}),
        ("es:UpdateDomainConfig", {"domainName": "d"}),
        ("es:UpdateDomainConfig", {"domainName": "d", "accessPolicies": ""}),
        ("sqs:SetQueueAttributes", {"attributes": {"VisibilityTimeout": "100"}}),
        ("sqs:SetQueueAttributes", {"attributes": {"Policy": ""}}),
        ("lambda:UpdateFunctionUrlConfig", {"functionName": "f"}),
        ("s3:PutBucketAcl", {"x-amz-acl": ["private"], "acl": [""]}),
        ("s3:PutBucketAcl", {"AccessControlPolicy": {"Owner": {"ID": "us"}, "AccessControlList": ""}}),
        ("s3:PutBucketAcl", {"x-amz-grant-write": 'uri="http://acs.amazonaws.com/groups/s3/LogDelivery"'}),
        ("s3:PutObject", {"bucketName": "b", "key": "k", "x-amz-acl": "bucket-owner-full-control"}),
        ("s3:PutObject", {"bucketName": "b", "key": "k"}),
        ("s3:CreateBucket", {"bucketName": "b"}),
        ("s3:CreateAccessPoint", {"name": "ap", "CreateAccessPointRequest": {"Bucket": "b"}}),
        ("s3:PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "BlockPublicAcls": True}}),
        ("iam:UpdateAssumeRolePolicy", {"policyDocument": json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": OTHER}}})}),
    ],
)  # fmt: skip
def test_what_stays_within_the_account_or_shares_nothing_exposes_nothing(call: str, parameters: Any) -> None:
    assert _exposed(call, parameters) == []


def test_the_same_party_counts_once() -> None:
    twice = {"launchPermission": {"add": {"items": [{"userId": OTHER}, {"userId": OTHER}]}}}

    assert _exposed("ec2:ModifyImageAttribute", twice) == [NAMED]


UNREAD = ("unknown", None)
OMITTED = {"omitted": True, "originalSize": 204800, "reason": "requestParameters too large"}
ALWAYS_PUBLIC = {"s3:DeleteAccountPublicAccessBlock", "s3:DeleteBucketPublicAccessBlock"}


@pytest.mark.parametrize("request_", [None, OMITTED, {**OMITTED, "omitted": "true"}, "HIDDEN", []])
@pytest.mark.parametrize("call", sorted(EXPOSURES))
def test_whoever_a_call_shares_with_is_unknown_if_its_parameters_are_kept_back(call: str, request_: Any) -> None:
    assert _exposed(call, request_) == [PUBLIC if call in ALWAYS_PUBLIC else UNREAD]


def test_what_is_kept_back_counts_beside_what_is_told() -> None:
    assert _exposed("s3:PutBucketPolicy", {**OMITTED, "bucketPolicy": POLICY}) == [NAMED, UNREAD]


NOT_POLICIES: list[Any] = [
    None, "", "{not json", 5, {"Statement": "x"}, {"Statement": [{"Effect": "Allow", "Principal": 5}]},
    {"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}, {"statement": [{"effect": "Allow", "principal": "*"}]},
]  # fmt: skip


@pytest.mark.parametrize("policy", NOT_POLICIES)
@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        ("s3:PutBucketPolicy", "bucketPolicy"),
        ("kms:PutKeyPolicy", "policy"),
        ("iam:UpdateAssumeRolePolicy", "policyDocument"),
        ("iam:CreateRole", "assumeRolePolicyDocument"),
        ("s3:PutAccessPointPolicyForObjectLambda", "policy"),
        ("secretsmanager:PutResourcePolicy", "resourcePolicy"),
    ],
)
def test_whoever_a_policy_that_cannot_be_read_lets_in_is_unknown(call: str, parameter: str, policy: Any) -> None:
    assert _exposed(call, {"name": "n", parameter: policy}) == [UNREAD]


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("s3:PutBucketPolicy", {"bucketName": "b"}),
        ("s3:PutAccessPointPolicy", {"name": "ap", "PutAccessPointPolicyRequest": "HIDDEN"}),
        ("s3:CreateAccessPoint", {"name": "ap", "CreateAccessPointRequest": "HIDDEN"}),
        ("s3:CreateAccessPoint", {"name": "ap", "CreateAccessPointRequest": {"Bucket": "b", "PublicAccessBlockConfiguration": "x"}}),
        ("s3:PutBucketAcl", {"bucketName": "b", "acl": [""]}),
        ("s3:PutBucketAcl", {"x-amz-acl": [5]}),
        ("s3:PutBucketAcl", {"x-amz-acl": "a-new-one"}),
        ("s3:PutBucketAcl", {"AccessControlPolicy": "zzz"}),
        ("s3:PutBucketAcl", {"AccessControlPolicy": {"Owner": {"ID": "us"}}}),
        ("s3:PutBucketAcl", {"AccessControlPolicy": {"AccessControlList": {"Grant": [{"Grantee": {"Type": "x"}}]}}}),
        ("s3:PutBucketAcl", {"AccessControlPolicy": {"AccessControlList": {"Grant": [{"Grantee": {"ID": 5}}, 5]}}}),
        ("s3:PutBucketAcl", {"AccessControlPolicy": {"AccessControlList": {"Grant": {"Grantee": {"URI": "http://other"}}}}}),
        ("s3:PutBucketAcl", {"x-amz-grant-read": [7, "valid=79a5"], "x-amz-id": "id=79a5", "accessControlList": "id=79a5"}),
        ("s3:PutObjectAcl", {"bucketName": "b", "key": "k"}),
        ("s3:PutObject", {"bucketName": "b", "key": "k", "x-amz-grant-read": ""}),
        ("s3:PutBucketPublicAccessBlock", {"bucketName": "b"}),
        ("s3:PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {}}),
        ("s3:PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": 0}}),
        ("s3:PutAccountPublicAccessBlock", {"PublicAccessBlockConfiguration": {"blockPublicAcls": True}}),
        ("ec2:ModifySnapshotAttribute", {"snapshotId": "snap-1"}),
        ("ec2:ModifySnapshotAttribute", {"snapshotId": "snap-1", "description": {"value": "d"}}),
        ("ec2:ModifySnapshotAttribute", {"createVolumePermission": {}}),
        ("ec2:ModifySnapshotAttribute", {"createVolumePermission": {"add": "x"}}),
        ("ec2:ModifySnapshotAttribute", {"createVolumePermission": {"Add": {"items": [{"group": "all"}]}}}),
        ("ec2:ModifyImageAttribute", {"launchPermission": {"add": {"items": [{"userId": 5}, {"user": OTHER}]}}}),
        ("ec2:ModifyImageAttribute", {"imageId": "ami-1"}),
        ("ec2:ModifyImageAttribute", {"imageId": "ami-1", "attributeType": "launchPermission", "description": {"value": "d"}}),
        ("rds:ModifyDBSnapshotAttribute", {"attributeName": "restore"}),
        ("rds:ModifyDBSnapshotAttribute", {"dBSnapshotIdentifier": "s"}),
        ("rds:ModifyDBClusterSnapshotAttribute", {"attributeName": "restore", "valuesToAdd": {"x": 1}, "valuesToRemove": []}),
        ("redshift:AuthorizeSnapshotAccess", {"snapshotIdentifier": "s"}),
        ("ssm:ModifyDocumentPermission", {"name": "d", "permissionType": "Share"}),
        ("ram:CreateResourceShare", {"name": "n", "principals": [None, 7]}),
        ("ram:AssociateResourceShare", {"resourceShareArn": "arn:aws:ram:::share"}),
        ("lambda:AddPermission20150331v2", {"functionName": "f"}),
        ("lambda:CreateFunctionUrlConfig", {"functionName": "f"}),
        ("lambda:UpdateFunctionUrlConfig", {"functionName": "f", "authType": "none"}),
        ("es:UpdateDomainConfig", {"domainName": "d", "accessPolicies": "{"}),
        ("sqs:SetQueueAttributes", {"attributes": "x"}),
        ("sns:SetTopicAttributes", {"attributeName": "Policy"}),
        ("sns:SetTopicAttributes", {"topicArn": "arn:aws:sns:::t"}),
    ],
)  # fmt: skip
def test_whoever_a_part_that_cannot_be_read_shares_with_is_unknown(call: str, parameters: Any) -> None:
    assert _exposed(call, parameters) == [UNREAD]


@pytest.mark.parametrize("more", [{"errorCode": "AccessDenied"}, {"errorCode": "NoSuchBucket"}, {"insightDetails": {"state": "Start"}}])  # fmt: skip
def test_nothing_is_unread_of_what_took_no_effect_or_is_no_call(more: dict[str, Any]) -> None:
    assert exposures_of(record("s3:PutBucketPolicy", None, **more)) == []


def test_a_call_that_only_looks_like_an_insight_is_read() -> None:
    told = exposures_of(record("s3:PutBucketPolicy", OMITTED, insightDetails={"state": "Start"}))
    assert [(one.to, one.party) for one in told] == [UNREAD]
