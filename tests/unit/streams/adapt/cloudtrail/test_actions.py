from typing import Any

import pytest

from streams.adapt.cloudtrail.actions import TRAIL, action_of, outcome_of
from tests.support.cloudtrail import record


@pytest.mark.parametrize(
    ("call", "action"),
    [
        ("s3:GetObject", "read"),
        ("s3:PutObject", "create"),
        ("s3:DeleteObjects", "delete"),
        ("ec2:DescribeInstances", "query"),
        ("secretsmanager:BatchGetSecretValue", "read"),
        ("dynamodb:UpdateItem", "change"),
        ("athena:StartQueryExecution", "query"),
        ("rds:StartExportTask", "export"),
        ("ec2:CopySnapshot", "copy"),
        ("signin:ConsoleLogin", "login"),
        ("sts:AssumeRole", "login"),
        ("iam:CreateRole", "manage"),
        ("iam:GetRole", "read"),
        ("kms:Decrypt", "read"),
        ("ssm:SendCommand", "manage"),
        ("quicksight:Frobnicate", "manage"),
    ],
)
def test_the_action_follows_tables_then_verbs(call: str, action: str) -> None:
    assert action_of(record(call)) == action


def test_an_unknown_verb_that_only_reads_is_read() -> None:
    assert action_of(record("quicksight:Frobnicate", readOnly=True)) == "read"


@pytest.mark.parametrize(("call", "action"), TRAIL.items())
def test_calls_against_the_trail_are_told(call: str, action: str) -> None:
    assert action_of(record(call, {"anything": 1})) == action


@pytest.mark.parametrize(
    ("call", "against", "harmless"),
    [
        (
            "s3:PutBucketLogging",
            {"BucketLoggingStatus": {}},
            {"BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": "b"}}},
        ),
        ("guardduty:UpdateDetector", {"enable": False}, {"enable": True}),
        ("cloudtrail:UpdateEventDataStore", {"retentionPeriod": 7}, {"name": "x"}),
        (
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            {"attributes": [{"key": "access_logs.s3.enabled", "value": "false"}]},
            {"attributes": [{"key": "access_logs.s3.enabled", "value": "true"}]},
        ),
        (
            "eks:UpdateClusterConfig",
            {"logging": {"clusterLogging": [{"types": ["audit"], "enabled": False}]}},
            {"logging": {"clusterLogging": [{"types": ["audit"], "enabled": True}]}},
        ),
    ],
)
def test_calls_that_touch_a_log_only_with_some_parameters(call: str, against: Any, harmless: Any) -> None:
    assert action_of(record(call, against)).startswith("trail_")
    assert not action_of(record(call, harmless)).startswith("trail_")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "success"),
        ("", "success"),
        ("AccessDenied", "denied"),
        ("Client.UnauthorizedOperation", "denied"),
        ("AccessDeniedException", "denied"),
        ("NoSuchBucket", "failure"),
        ("Client.DryRunOperation", "failure"),
        (9, "failure"),
    ],
)
def test_the_outcome_follows_the_error_code(error: Any, outcome: str) -> None:
    assert outcome_of(record("s3:GetObject", errorCode=error)) == outcome


def test_a_console_login_says_itself_whether_it_succeeded() -> None:
    assert outcome_of(record("signin:ConsoleLogin", responseElements={"ConsoleLogin": "Success"})) == "success"
    assert outcome_of(record("signin:ConsoleLogin", responseElements={"ConsoleLogin": "Failure"})) == "denied"
