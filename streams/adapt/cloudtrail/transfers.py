"""Calls by which data goes from one place to another: copies, exports, replication, subscriptions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from streams.adapt.cloudtrail.facets import Sent
from streams.adapt.cloudtrail.record import Record, region_of
from streams.adapt.contract import inside, listed, long_text, mapping, text
from streams.fast_events import Destination

Reader = Callable[[Record], Iterable[Sent]]

_QUOTED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


def _object_copy(record: Record) -> Iterator[Sent]:
    """S3: from ``x-amz-copy-source`` (a bucket of unknown region) to the record's bucket and region."""
    bucket = record.parameters.get("bucketName")
    for source in listed(record.parameters.get("x-amz-copy-source")):
        if not isinstance(source, str) or not isinstance(bucket, str):
            continue
        name = _unquoted(source.partition("?")[0]).lstrip("/")
        target = Destination(
            locator=long_text(record.bucket(bucket, record.parameters.get("key"))), region=text(record.region)
        )
        yield Sent(target, locator=long_text(record.bucket(name)))


def _unquoted(text: str) -> str:
    """Return ``text`` without percent-encoding (RFC 3986 §2.1); bytes that are no UTF-8 become U+FFFD."""
    plain = _QUOTED.sub(lambda found: bytes([int(found[1], 16)]), text.encode())
    return plain.decode("utf-8", "replace")


def _to_buckets(record: Record) -> Iterator[Sent]:
    """S3 replication: each rule's bucket; which region it stands in is not said."""
    for rule in listed(inside(record.parameters, "ReplicationConfiguration", "Rule")):
        bucket = inside(rule, "Destination", "Bucket")
        if isinstance(bucket, str):
            yield Sent(Destination(locator=long_text(record.bucket(bucket))))


def _from_region(region: str, source: str, resource: str, *, owned: bool) -> Reader:
    """Copy of a resource of another region into the record's region."""

    def read(record: Record) -> Iterator[Sent]:
        name, where = record.parameters.get(source), text(record.parameters.get(region))
        if isinstance(name, str):
            arn = name if name.startswith("arn:") else record.arn(resource + name, region=where or "", owned=owned)
            came_from = where or region_of(name) or (None if name.startswith("arn:") else text(record.region))
            yield Sent(Destination(region=text(record.region)), long_text(arn), came_from)

    return read


def _to_regions(*path: str, each: tuple[str, ...] = ()) -> Reader:
    """Replication to the region or regions named under ``path``."""

    def read(record: Record) -> Iterator[Sent]:
        for one in listed(inside(record.parameters, *path)):
            region = text(inside(one, *each) if each else one)
            if region is not None:
                yield Sent(Destination(region=region))

    return read


def _to_bucket(*path: str) -> Reader:
    """Export to the S3 bucket named under ``path``."""

    def read(record: Record) -> Iterator[Sent]:
        bucket = inside(record.parameters, *path)
        if isinstance(bucket, str) and bucket:
            yield Sent(Destination(locator=long_text(record.bucket(bucket))))

    return read


def _to_arn(*path: str) -> Reader:
    """Delivery to the resource whose ARN stands under ``path``; the ARN tells the region."""

    def read(record: Record) -> Iterator[Sent]:
        arn = inside(record.parameters, *path)
        if isinstance(arn, str):
            yield Sent(Destination(locator=long_text(arn), region=text(region_of(arn))))

    return read


def _table_replicas(record: Record) -> Iterator[Sent]:
    """DynamoDB: a replica of the table in another region."""
    updates: list[Any] = listed(record.parameters.get("replicaUpdates"))
    for update in updates:
        region = text(mapping(inside(update, "create")).get("regionName"))
        if region is not None:
            yield Sent(Destination(region=region))


_DB: Final = _from_region("sourceRegion", "sourceDBSnapshotIdentifier", "snapshot:", owned=True)
_CLUSTER: Final = _from_region("sourceRegion", "sourceDBClusterSnapshotIdentifier", "cluster-snapshot:", owned=True)
_REPLICA: Final = _from_region("sourceRegion", "sourceDBInstanceIdentifier", "db:", owned=True)

TRANSFERS: Final[dict[str, tuple[Reader, str]]] = {
    "backup:StartCopyJob": (_to_arn("destinationBackupVaultArn"), "`destinationBackupVaultArn`"),
    "dynamodb:CreateGlobalTable": (_to_regions("replicationGroup", each=("regionName",)), "`replicationGroup`"),
    "dynamodb:ExportTableToPointInTime": (_to_bucket("s3Bucket"), "`s3Bucket`"),
    "dynamodb:UpdateTable": (_table_replicas, "`replicaUpdates[].create.regionName`"),
    "ec2:CopyImage": (_from_region("sourceRegion", "sourceImageId", "image/", owned=False), "own region"),
    "ec2:CopySnapshot": (_from_region("sourceRegion", "sourceSnapshotId", "snapshot/", owned=False), "own region"),
    "ec2:CreateInstanceExportTask": (_to_bucket("exportToS3", "s3Bucket"), "`exportToS3.s3Bucket`"),
    "ec2:CreateStoreImageTask": (_to_bucket("bucket"), "`bucket`"),
    "ec2:ExportImage": (_to_bucket("s3ExportLocation", "s3Bucket"), "`s3ExportLocation.s3Bucket`"),
    "kms:ReplicateKey": (_to_regions("replicaRegion"), "`replicaRegion`"),
    "logs:CreateExportTask": (_to_bucket("destination"), "`destination`"),
    "logs:PutSubscriptionFilter": (_to_arn("destinationArn"), "`destinationArn`"),
    "rds:CopyDBClusterSnapshot": (_CLUSTER, "own region"),
    "rds:CopyDBSnapshot": (_DB, "own region"),
    "rds:CreateDBInstanceReadReplica": (_REPLICA, "own region"),
    "rds:StartExportTask": (_to_bucket("s3BucketName"), "`s3BucketName`"),
    "redshift:EnableSnapshotCopy": (_to_regions("destinationRegion"), "`destinationRegion`"),
    "s3:CopyObject": (_object_copy, "own bucket, key and region"),
    "s3:UploadPartCopy": (_object_copy, "own bucket, key and region"),
    "s3:PutBucketReplication": (_to_buckets, "each rule's `Destination.Bucket`"),
    "secretsmanager:ReplicateSecretToRegions": (
        _to_regions("addReplicaRegions", each=("region",)), "`addReplicaRegions`",
    ),
}  # fmt: skip
"""Call → (how its parameters are read, where the data goes in words)."""


def transfers_of(record: Record) -> list[Sent]:
    """Return where the call sends data; empty if nowhere, or if the record does not say."""
    reader = TRANSFERS.get(record.call)
    return list(reader[0](record)) if reader else []
