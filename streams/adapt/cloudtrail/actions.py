"""What was done, in our words, and whether it took effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from schemas.events import Action, Outcome
from streams.adapt.cloudtrail.record import Record
from streams.adapt.contract import inside, listed

TRAIL: Final[dict[str, Action]] = {
    "cloudtrail:StopLogging": "trail_stop",
    "cloudtrail:StopEventDataStoreIngestion": "trail_stop",
    "cloudtrail:DeleteTrail": "trail_delete",
    "cloudtrail:DeleteEventDataStore": "trail_delete",
    "cloudtrail:UpdateTrail": "trail_narrow",
    "cloudtrail:PutEventSelectors": "trail_narrow",
    "cloudtrail:PutInsightSelectors": "trail_narrow",
    "config:StopConfigurationRecorder": "trail_stop",
    "config:DeleteConfigurationRecorder": "trail_delete",
    "config:DeleteDeliveryChannel": "trail_delete",
    "ec2:DeleteFlowLogs": "trail_delete",
    "guardduty:DeleteDetector": "trail_delete",
    "guardduty:StopMonitoringMembers": "trail_stop",
    "logs:DeleteLogGroup": "trail_delete",
    "logs:DeleteLogStream": "trail_delete",
    "logs:DeleteSubscriptionFilter": "trail_narrow",
    "logs:PutRetentionPolicy": "trail_retention_cut",
    "network-firewall:UpdateLoggingConfiguration": "trail_narrow",
    "redshift:DisableLogging": "trail_stop",
    "route53:DeleteQueryLoggingConfig": "trail_delete",
    "route53resolver:DeleteResolverQueryLogConfig": "trail_delete",
    "route53resolver:DisassociateResolverQueryLogConfig": "trail_stop",
    "securityhub:DisableSecurityHub": "trail_stop",
    "wafv2:DeleteLoggingConfiguration": "trail_delete",
}
"""Calls that stop, delete or narrow a log, or cut its retention, whatever their parameters."""


def _no_target(record: Record) -> bool:
    return not inside(record.parameters, "BucketLoggingStatus", "LoggingEnabled")


def _detector_off(record: Record) -> bool:
    return record.parameters.get("enable") is False


def _retention(record: Record) -> bool:
    return record.parameters.get("retentionPeriod") is not None


def _access_logs_off(record: Record) -> bool:
    pairs = [(inside(one, "key"), inside(one, "value")) for one in listed(record.parameters.get("attributes"))]
    return ("access_logs.s3.enabled", "false") in pairs


def _cluster_logs_off(record: Record) -> bool:
    setups = listed(inside(record.parameters, "logging", "clusterLogging"))
    return any(inside(setup, "enabled") is False for setup in setups)


TRAIL_IF: Final[dict[str, tuple[Action, Callable[[Record], bool], str]]] = {
    "s3:PutBucketLogging": ("trail_stop", _no_target, "it names no target"),
    "guardduty:UpdateDetector": ("trail_stop", _detector_off, "`enable` is false"),
    "cloudtrail:UpdateEventDataStore": ("trail_retention_cut", _retention, "it sets `retentionPeriod`"),
    "elasticloadbalancing:ModifyLoadBalancerAttributes": (
        "trail_stop", _access_logs_off, "it sets `access_logs.s3.enabled` to false",
    ),
    "eks:UpdateClusterConfig": ("trail_stop", _cluster_logs_off, "it turns a control plane log off"),
}  # fmt: skip
"""Calls that touch a log only with certain parameters."""

SPECIAL: Final[dict[str, Action]] = {
    "signin:ConsoleLogin": "login",
    "signin:SwitchRole": "login",
    "sts:AssumeRole": "login",
    "sts:AssumeRoleWithSAML": "login",
    "sts:AssumeRoleWithWebIdentity": "login",
    "sts:GetFederationToken": "login",
    "sts:GetSessionToken": "login",
    "ssm:StartSession": "login",
    "ssm:SendCommand": "manage",
    "s3:PutObject": "create",
    "s3:SelectObjectContent": "query",
    "dynamodb:PutItem": "change",
    "athena:StartQueryExecution": "query",
    "rds-data:ExecuteStatement": "query",
    "rds-data:BatchExecuteStatement": "query",
    "redshift-data:ExecuteStatement": "query",
    "redshift-data:BatchExecuteStatement": "query",
    "kms:Decrypt": "read",
    "kms:ReEncrypt": "change",
    "kms:GenerateDataKey": "read",
}
"""Calls whose name tells too little or the wrong thing."""

VERBS: Final[tuple[tuple[Action, tuple[str, ...]], ...]] = (
    ("export", ("Export", "StartExport", "CreateExport", "Download")),
    ("copy", ("Copy", "StartCopy", "Replicate", "Restore", "StartRestore")),
    ("query", ("List", "Describe", "Lookup", "Search", "Query", "Scan", "Filter", "StartQuery", "Select")),
    ("read", ("Get", "BatchGet", "Head", "Read", "Receive", "View", "Consume")),
    ("delete", ("Delete", "BatchDelete", "Remove", "Terminate", "Purge", "Destroy", "ScheduleKeyDeletion", "Release")),
    ("create", ("Create", "Run", "Allocate", "Import", "Upload", "Send", "Publish", "Generate", "CompleteMultipart")),
    ("share", ("Share",)),
    ("change", ("Put", "BatchWrite", "Update", "Modify", "Set", "Tag", "Untag", "Replace", "Reset", "Write", "Rename")),
)
"""First words of event names, tried in this order, for all calls that no table above names."""

CONTROL: Final = frozenset({
    "iam", "sts", "sso", "sso-directory", "organizations", "cloudtrail", "config", "guardduty", "securityhub", "signin",
    "account", "controltower", "ram", "support", "trustedadvisor", "health",
})  # fmt: skip
"""Services that hold no data of their own: what changes something there is ``manage``."""

DENIED: Final = ("accessdenied", "unauthorized", "authfailure", "forbidden", "notauthorized", "failed authentication",
                 "invalidclienttokenid", "signaturedoesnotmatch", "expiredtoken")  # fmt: skip
"""An error code that holds one of these (any case) means that the call was refused; any other, that it failed."""


def action_of(record: Record) -> Action:
    """Return what the call did: the tables of this module in their order, then the verb, then ``manage``."""
    call = record.call
    found = TRAIL.get(call) or SPECIAL.get(call)
    if found is not None:
        return found
    if call in TRAIL_IF and TRAIL_IF[call][1](record):
        return TRAIL_IF[call][0]
    name = str(record.event_name)
    action = next((action for action, words in VERBS if name.startswith(words)), None)
    if action is None:
        return "read" if record.read_only is True else "manage"
    return "manage" if record.service in CONTROL and action not in {"read", "query"} else action


def outcome_of(record: Record) -> Outcome:
    """Return whether the call took effect: without an error code it did (a console login says so itself)."""
    if record.error is None or record.error == "":
        signed_in = record.answer.get("ConsoleLogin") if record.call == "signin:ConsoleLogin" else None
        return "denied" if signed_in == "Failure" else "success"
    return _refusal(record.error)


def _refusal(error: Any) -> Outcome:
    code = str(error).lower()
    return "denied" if any(word in code for word in DENIED) else "failure"
