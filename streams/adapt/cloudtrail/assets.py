"""What was touched: the ARNs that a record names, or what its parameters name, as ARNs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from streams.adapt.cloudtrail.record import Record
from streams.adapt.contract import elements, inside, listed, long_text, mapping

Namer = Callable[[Record, str], str]


def _owned(kind: str, service: str | None = None) -> Namer:
    return lambda record, name: record.arn(f"{kind}{name}", service)


def _global(kind: str) -> Namer:
    return lambda record, name: record.arn(f"{kind}{name.lstrip('/')}", region="")


def _shared(kind: str) -> Namer:
    return lambda record, name: record.arn(f"{kind}{name}", "ec2", owned=False)


def _as_is(_: Record, name: str) -> str:
    return name


PARAMETERS: Final[dict[str, tuple[tuple[str, Namer], ...]]] = {
    "athena": (("workGroup", _owned("workgroup/")),),
    "backup": (("recoveryPointArn", _as_is), ("backupVaultName", _owned("backup-vault:"))),
    "cloudtrail": (("name", _owned("trail/")), ("trailName", _owned("trail/")), ("eventDataStore", _as_is)),
    "dynamodb": (("tableName", _owned("table/")), ("tableArn", _as_is)),
    "ec2": (
        ("imageId", _shared("image/")), ("snapshotId", _shared("snapshot/")), ("volumeId", _owned("volume/")),
        ("instanceId", _owned("instance/")), ("flowLogId", _owned("vpc-flow-log/")),
    ),
    "ecr": (("repositoryName", _owned("repository/")),),
    "eks": (("name", _owned("cluster/")),),
    "elasticfilesystem": (("fileSystemId", _owned("file-system/")),),
    "firehose": (("deliveryStreamName", _owned("deliverystream/")),),
    "glue": (("databaseName", _owned("database/")),),
    "guardduty": (("detectorId", _owned("detector/")),),
    "iam": (
        ("roleName", _global("role/")), ("userName", _global("user/")), ("groupName", _global("group/")),
        ("policyArn", _as_is),
    ),
    "kinesis": (("streamName", _owned("stream/")),),
    "kms": (("keyId", _owned("key/")),),
    "lambda": (("functionName", _owned("function:")), ("layerName", _owned("layer:"))),
    "logs": (("logGroupName", _owned("log-group:")), ("logGroupIdentifier", _owned("log-group:"))),
    "rds": (
        ("dBInstanceIdentifier", _owned("db:")), ("dBClusterIdentifier", _owned("cluster:")),
        ("dBSnapshotIdentifier", _owned("snapshot:")), ("dBClusterSnapshotIdentifier", _owned("cluster-snapshot:")),
        ("sourceArn", _as_is),
    ),
    "redshift": (("clusterIdentifier", _owned("cluster:")), ("snapshotIdentifier", _owned("snapshot:"))),
    "s3": (("name", _owned("accesspoint/")),),
    "secretsmanager": (("secretId", _owned("secret:")), ("secretIdList", _owned("secret:"))),
    "sns": (("topicArn", _as_is),),
    "sqs": (("queueUrl", _as_is),),
    "ssm": (
        ("name", _owned("parameter/")), ("names", _owned("parameter/")), ("target", _owned("instance/", "ec2")),
        ("instanceId", _owned("instance/", "ec2")), ("instanceIds", _owned("instance/", "ec2")),
    ),
    "sts": (("roleArn", _as_is),),
}  # fmt: skip
"""For records without ``resources``: parameters that name an asset, and the ARN that each name stands for.

The first parameter that a record has counts: the role, not the policy attached to it."""

_SETS: Final = ("instancesSet", "imagesSet", "snapshotSet", "volumeSet", "flowLogIds", "DeleteFlowLogsRequest")
"""Where EC2 puts lists of what is touched: objects that hold the parameters of the table above."""


def locators_of(record: Record) -> list[str]:
    """Return the ARN (or URL) of each asset that a record names, in its order, without repetition.

    An object counts without its bucket. A record that names nothing touches something in its service and region of its
    account: ``arn:aws:<service>:<region>:<account>:*``.
    """
    found = _unique(_resources(record)) or _unique(_named(record))
    return found or [record.arn("*")]


def _unique(locators: Iterable[object]) -> list[str]:
    texts = [text for text in map(long_text, locators) if text is not None]
    wholes = {text.split("/", 1)[0] for text in texts if _is_object(text)}
    return list(dict.fromkeys(text for text in texts if text not in wholes))


def _is_object(arn: str) -> bool:
    return ":s3:::" in arn and "/" in arn


def _resources(record: Record) -> Iterator[object]:
    for resource in listed(record.resources):
        one = mapping(resource)
        yield one.get("ARN") or one.get("arn") or one.get("ARNPrefix")


def _named(record: Record) -> Iterator[object]:
    parameters = record.parameters
    if record.service in {"s3", "s3express", "s3-outposts"} and isinstance(parameters.get("bucketName"), str):
        yield record.bucket(parameters["bucketName"], parameters.get("key"))
        return
    bucket = inside(parameters, "CreateAccessPointRequest", "Bucket")
    if record.service == "s3" and isinstance(bucket, str) and bucket:
        yield record.bucket(bucket)
        return
    sets = [one for name in _SETS for one in elements(parameters.get(name))]
    for holder in (parameters, *sets):
        yield from _named_in(record, holder)


def _named_in(record: Record, holder: dict[str, Any]) -> Iterator[str]:
    for parameter, name_of in PARAMETERS.get(record.service, ()):
        names = [name for name in listed(holder.get(parameter)) if isinstance(name, str) and name]
        if names:
            yield from (name if name.startswith("arn:") else name_of(record, name) for name in names)
            return
