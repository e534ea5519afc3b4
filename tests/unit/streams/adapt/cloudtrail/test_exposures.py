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
        ("s3:PutBucketAcl", {"x-amz-grant-read": [7, "valid=79a5"], "x-amz-id": "id=79a5", "accessControlList": "id=79a5"}),
        ("s3:GetObject", {"x-amz-acl": "public-read"}),
        ("s3:PutBucketPolicy", {"bucketPolicy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}}]}}),
        ("s3:PutBucketAcl", {"x-amz-acl": "private"}),
        ("s3:CreateAccessPoint", {"name": "ap", "CreateAccessPointRequest": {"Bucket": "b", "PublicAccessBlockConfiguration": {"BlockPublicPolicy": "true"}}}),
        ("s3:PutAccessPointPolicy", {"name": "ap", "PutAccessPointPolicyRequest": "HIDDEN"}),
        ("s3:PutBucketAcl", {"x-amz-acl": [5]}),
        ("s3:PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicPolicy": True}}),
        ("ec2:ModifyImageAttribute", {"launchPermission": {"remove": {"items": [{"userId": OTHER}]}}}),
        ("ec2:ModifyImageAttribute", {"launchPermission": {"add": {"items": [{"userId": 5}]}}}),
        ("rds:ModifyDBSnapshotAttribute", {"attributeName": "other", "valuesToAdd": ["all"]}),
        ("lambda:AddPermission20150331v2", {"principal": "s3.amazonaws.com"}),
        ("lambda:CreateFunctionUrlConfig", {"authType": "AWS_IAM"}),
        ("s3:PutBucketPolicy", {"bucketPolicy": {"Statement": {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}}}}),
        ("sns:SetTopicAttributes", {"attributeName": "DisplayName", "attributeValue": json.dumps(POLICY)}),
        ("ram:CreateResourceShare", {"principals": [None, 7]}),
    ],
)  # fmt: skip
def test_what_stays_within_the_account_or_says_nothing_exposes_nothing(call: str, parameters: Any) -> None:
    assert _exposed(call, parameters) == []


def test_the_same_party_counts_once() -> None:
    twice = {"launchPermission": {"add": {"items": [{"userId": OTHER}, {"userId": OTHER}]}}}

    assert _exposed("ec2:ModifyImageAttribute", twice) == [NAMED]
