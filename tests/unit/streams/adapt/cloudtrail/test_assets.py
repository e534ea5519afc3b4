from typing import Any

import pytest

from streams.adapt.cloudtrail.assets import locators_of
from tests.support.cloudtrail import ACCOUNT, record

HERE = f"ap-northeast-1:{ACCOUNT}"


@pytest.mark.parametrize(
    ("call", "parameters", "locators"),
    [
        ("s3:GetObject", {"bucketName": "b", "key": "k"}, ["arn:aws:s3:::b/k"]),
        ("s3:PutAccessPointPolicy", {"name": "ap"}, [f"arn:aws:s3:{HERE}:accesspoint/ap"]),
        ("s3:CreateAccessPoint", {"name": "ap", "CreateAccessPointRequest": {"Bucket": "b"}}, ["arn:aws:s3:::b"]),
        ("s3:ListObjects", {"bucketName": "b"}, ["arn:aws:s3:::b"]),
        ("secretsmanager:GetSecretValue", {"secretId": "crm/db"}, [f"arn:aws:secretsmanager:{HERE}:secret:crm/db"]),
        (
            "secretsmanager:BatchGetSecretValue",
            {"secretIdList": ["a", "b"]},
            [f"arn:aws:secretsmanager:{HERE}:secret:{one}" for one in "ab"],
        ),
        ("kms:Encrypt", {"keyId": f"arn:aws:kms:{HERE}:key/1"}, [f"arn:aws:kms:{HERE}:key/1"]),
        ("ec2:ModifyImageAttribute", {"imageId": "ami-1"}, ["arn:aws:ec2:ap-northeast-1::image/ami-1"]),
        (
            "ec2:StopInstances",
            {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}},
            [f"arn:aws:ec2:{HERE}:instance/i-{n}" for n in (1, 2)],
        ),
        ("rds:DeleteDBInstance", {"dBInstanceIdentifier": "crm"}, [f"arn:aws:rds:{HERE}:db:crm"]),
        (
            "iam:AttachRolePolicy",
            {"policyArn": "arn:aws:iam::aws:policy/X", "roleName": "r"},
            [f"arn:aws:iam::{ACCOUNT}:role/r"],
        ),
        ("ssm:SendCommand", {"instanceIds": ["i-1"]}, [f"arn:aws:ec2:{HERE}:instance/i-1"]),
        ("sqs:SendMessage", {"queueUrl": "https://sqs.example/q"}, ["https://sqs.example/q"]),
        ("dynamodb:GetItem", {"tableName": "users"}, [f"arn:aws:dynamodb:{HERE}:table/users"]),
    ],
)
def test_parameters_name_the_asset_when_no_resource_does(call: str, parameters: Any, locators: list[str]) -> None:
    assert locators_of(record(call, parameters)) == locators


def test_resources_come_first_and_each_counts_once() -> None:
    tables = [{"ARN": f"arn:aws:dynamodb:{HERE}:table/{name}"} for name in ("a", "b", "a")]

    assert locators_of(record("dynamodb:BatchGetItem", {"tableName": "z"}, resources=tables)) == [
        f"arn:aws:dynamodb:{HERE}:table/a",
        f"arn:aws:dynamodb:{HERE}:table/b",
    ]


def test_an_object_counts_without_its_bucket() -> None:
    both = [{"ARN": "arn:aws:s3:::b/k"}, {"ARN": "arn:aws:s3:::b"}, {"ARN": "arn:aws:s3:::c"}]

    assert locators_of(record("s3:GetObject", resources=both)) == ["arn:aws:s3:::b/k", "arn:aws:s3:::c"]


@pytest.mark.parametrize("parameters", [None, "HIDDEN", {}, {"bucketName": 5}, {"bucketName": ["x"]}])
def test_a_record_that_names_nothing_touches_something_in_its_service_region_and_account(parameters: Any) -> None:
    assert locators_of(record("s3:ListBuckets", parameters, resources={"ARN": 5})) == [f"arn:aws:s3:{HERE}:*"]


def test_a_locator_too_long_to_be_kept_is_not_cut() -> None:
    assert locators_of(record("s3:GetObject", {"bucketName": "b", "key": "k" * 5000})) == [f"arn:aws:s3:{HERE}:*"]
