from streams.adapt.cloudtrail.record import account_of, region_of
from tests.support.cloudtrail import ACCOUNT, record


def test_a_call_is_named_by_service_and_event() -> None:
    assert record("s3:GetObject").call == "s3:GetObject"
    assert record("x:Y", eventSource="s3.amazonaws.com.cn").call == "s3:Y"
    assert record("x:Y", eventSource="new.example").call == "new.example:Y"


def test_the_account_is_the_recipient_else_the_callers() -> None:
    assert record("s3:GetObject").account == ACCOUNT
    assert record("s3:GetObject", recipientAccountId=None).account == ACCOUNT
    assert record("s3:GetObject", recipientAccountId=[], userIdentity="x").account == ""


def test_arns_are_in_the_partition_of_the_caller_else_of_the_region() -> None:
    assert record("kms:Decrypt").arn("key/1") == f"arn:aws:kms:ap-northeast-1:{ACCOUNT}:key/1"
    assert record("kms:Decrypt", userIdentity=None, awsRegion="cn-north-1").partition == "aws-cn"
    assert record("kms:Decrypt", userIdentity=None, awsRegion="us-gov-west-1").partition == "aws-us-gov"
    gov = {"arn": "arn:aws-us-gov:iam::1:user/a"}
    assert record("kms:Decrypt", userIdentity=gov).partition == "aws-us-gov"
    assert record("ec2:X").arn("image/a", owned=False) == "arn:aws:ec2:ap-northeast-1::image/a"
    assert record("iam:X", awsRegion=7).arn("role/r") == f"arn:aws:iam::{ACCOUNT}:role/r"


def test_buckets_have_global_names() -> None:
    assert record("s3:X").bucket("b") == "arn:aws:s3:::b"
    assert record("s3:X").bucket("b", "k/1") == "arn:aws:s3:::b/k/1"
    assert record("s3:X").bucket("arn:aws:s3:::b", "k") == "arn:aws:s3:::b/k"


def test_the_answer_is_read_when_asked_for() -> None:
    assert record("signin:ConsoleLogin", responseElements={"ConsoleLogin": "Success"}).answer == {
        "ConsoleLogin": "Success"
    }
    assert record("s3:X", responseElements="none").answer == {}


def test_regions_and_accounts_of_arns() -> None:
    assert region_of("arn:aws:rds:eu-west-1:1:db:x") == "eu-west-1"
    assert [region_of(one) for one in ("arn:aws:s3:::b", "b", 5)] == [None] * 3
    assert account_of(ACCOUNT) == ACCOUNT
    assert account_of(f"arn:aws:iam::{ACCOUNT}:root") == ACCOUNT
    assert [account_of(one) for one in ("x", "arn:aws:s3:::b", "*", "１１１１２２２２３３３３")] == [None] * 4
