from typing import Any

import pytest

from streams.adapt.cloudtrail.facets import NOWHERE, UNREAD
from streams.adapt.cloudtrail.transfers import TRANSFERS, transfers_of
from tests.support.cloudtrail import ACCOUNT, record

HERE = "ap-northeast-1"
VAULT = f"arn:aws:backup:eu-west-1:{ACCOUNT}:backup-vault:v"
B = "arn:aws:s3:::b"

Place = tuple[str | None, str | None]
CASES: list[tuple[str, Any, Place, Place]] = [  # call, parameters, destination, where it came from (locator, region)
    ("backup:StartCopyJob", {"destinationBackupVaultArn": VAULT}, (VAULT, "eu-west-1"), (None, None)),
    ("dynamodb:CreateGlobalTable", {"replicationGroup": [{"regionName": "eu-west-1"}]}, (None, "eu-west-1"), (None, None)),
    ("dynamodb:ExportTableToPointInTime", {"s3Bucket": "b"}, (B, None), (None, None)),
    ("dynamodb:UpdateTable", {"replicaUpdates": [{"create": {"regionName": "eu-west-1"}}]}, (None, "eu-west-1"), (None, None)),
    ("ec2:CopyImage", {"sourceRegion": "eu-west-1", "sourceImageId": "ami-1"}, (None, HERE), ("arn:aws:ec2:eu-west-1::image/ami-1", "eu-west-1")),
    ("ec2:CopySnapshot", {"sourceRegion": "eu-west-1", "sourceSnapshotId": "snap-1"}, (None, HERE), ("arn:aws:ec2:eu-west-1::snapshot/snap-1", "eu-west-1")),
    ("ec2:CreateInstanceExportTask", {"exportToS3": {"s3Bucket": "b"}}, (B, None), (None, None)),
    ("ec2:CreateStoreImageTask", {"bucket": "b"}, (B, None), (None, None)),
    ("ec2:CreateVolume", {"zone": "ap-northeast-1-tpe-1a", "snapshotId": "snap-1"}, (None, "ap-northeast-1-tpe-1"), (None, HERE)),
    ("ec2:RunInstances", {"placement": {"availabilityZone": "ap-northeast-1-tpe-1a"}}, (None, "ap-northeast-1-tpe-1"), (None, HERE)),
    ("rds:RestoreDBInstanceFromDBSnapshot", {"availabilityZone": "us-west-2-lax-1b", "dBSnapshotIdentifier": "s"}, (None, "us-west-2-lax-1"), (f"arn:aws:rds:{HERE}:{ACCOUNT}:snapshot:s", HERE)),
    ("rds:RestoreDBInstanceToPointInTime", {"availabilityZone": "us-west-2-lax-1b", "sourceDBInstanceIdentifier": "d"}, (None, "us-west-2-lax-1"), (f"arn:aws:rds:{HERE}:{ACCOUNT}:db:d", HERE)),
    ("ec2:ExportImage", {"s3ExportLocation": {"s3Bucket": "b"}}, (B, None), (None, None)),
    ("kms:ReplicateKey", {"replicaRegion": "eu-west-1"}, (None, "eu-west-1"), (None, None)),
    ("logs:CreateExportTask", {"destination": "b"}, (B, None), (None, None)),
    ("logs:PutSubscriptionFilter", {"destinationArn": "arn:aws:kinesis:eu-west-1:1:stream/s"}, ("arn:aws:kinesis:eu-west-1:1:stream/s", "eu-west-1"), (None, None)),
    ("rds:CopyDBClusterSnapshot", {"sourceDBClusterSnapshotIdentifier": "c"}, (None, HERE), (f"arn:aws:rds::{ACCOUNT}:cluster-snapshot:c", HERE)),
    ("rds:CopyDBSnapshot", {"sourceDBSnapshotIdentifier": "arn:aws:rds:eu-west-1:1:snapshot:s"}, (None, HERE), ("arn:aws:rds:eu-west-1:1:snapshot:s", "eu-west-1")),
    ("rds:CreateDBInstanceReadReplica", {"sourceDBInstanceIdentifier": "arn:aws:rds:eu-west-1:1:db:d"}, (None, HERE), ("arn:aws:rds:eu-west-1:1:db:d", "eu-west-1")),
    ("rds:StartExportTask", {"s3BucketName": "b", "sourceArn": "arn:x"}, (B, None), (None, None)),
    ("redshift:EnableSnapshotCopy", {"destinationRegion": "eu-west-1"}, (None, "eu-west-1"), (None, None)),
    ("s3:CopyObject", {"bucketName": "b", "key": "k", "x-amz-copy-source": "/src/a%20b?versionId=1"}, (f"{B}/k", HERE), ("arn:aws:s3:::src/a b", None)),
    ("s3:UploadPartCopy", {"bucketName": "b", "key": "k", "x-amz-copy-source": ["src/a"]}, (f"{B}/k", HERE), ("arn:aws:s3:::src/a", None)),
    ("s3:PutBucketReplication", {"ReplicationConfiguration": {"Rule": {"Destination": {"Bucket": B}}}}, (B, None), (None, None)),
    ("secretsmanager:ReplicateSecretToRegions", {"addReplicaRegions": [{"region": "eu-west-1"}]}, (None, "eu-west-1"), (None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("call", "parameters", "to", "came_from"), CASES, ids=[case[0] for case in CASES])
def test_each_call_tells_where_data_goes(call: str, parameters: Any, to: Place, came_from: Place) -> None:
    (sent,) = transfers_of(record(call, parameters))

    assert (sent.destination.locator, sent.destination.region) == to
    assert (sent.locator, sent.region) == came_from


def test_every_call_of_the_table_has_a_case() -> None:
    assert {call for call, _, _, _ in CASES} == set(TRANSFERS)


@pytest.mark.parametrize(
    ("source", "locator"),
    [
        ("b/k", "b/k"),
        ("/b/a%2Fb%3Fc", "b/a/b?c"),
        ("b/%E8%B6%B3", "b/足"),
        ("b/%FF%zz%", "b/\ufffd%zz%"),
        ("b/足", "b/足"),
    ],
)
def test_the_source_of_a_copy_is_read_without_its_percent_encoding(source: str, locator: str) -> None:
    (sent,) = transfers_of(record("s3:CopyObject", {"bucketName": "t", "x-amz-copy-source": source}))

    assert sent.locator == f"arn:aws:s3:::{locator}"


def test_each_replica_is_a_transfer() -> None:
    regions = {"addReplicaRegions": [{"region": "eu-west-1"}, {"region": "us-east-1"}, {"region": 5}, "x"]}

    sent = transfers_of(record("secretsmanager:ReplicateSecretToRegions", regions))

    assert [one.destination.region for one in sent] == ["eu-west-1", "us-east-1", None, None]
    assert [one.exposure for one in sent] == [None, None, UNREAD, UNREAD]


@pytest.mark.parametrize(
    "parameters",
    [
        None,
        {},
        {"omitted": True},
        {"bucketName": "b"},
        {"x-amz-copy-source": 5, "bucketName": "b"},
        {"sourceImageId": []},
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        "s3:CopyObject",
        "s3:PutBucketReplication",
        "ec2:CopyImage",
        "rds:StartExportTask",
        "kms:ReplicateKey",
        "logs:PutSubscriptionFilter",
    ],
)
def test_a_call_that_does_not_say_what_goes_where_sends_something_unknown(call: str, parameters: Any) -> None:
    sent = transfers_of(record(call, parameters))

    assert sent
    assert all(one.exposure == UNREAD for one in sent)


@pytest.mark.parametrize("call", sorted(TRANSFERS))
def test_where_a_call_sends_data_is_unknown_if_its_parameters_are_kept_back(call: str) -> None:
    assert NOWHERE in transfers_of(record(call, {"omitted": "true", "originalSize": "204800"}))


def test_a_copy_of_an_unknown_source_is_not_taken_for_one_of_its_target() -> None:
    (sent,) = transfers_of(record("s3:CopyObject", {"bucketName": "b", "key": "k"}))

    assert (sent.destination.locator, sent.destination.region) == (f"{B}/k", HERE)
    assert (sent.locator, sent.region) == (f"arn:aws:s3:{HERE}:{ACCOUNT}:*", None)


@pytest.mark.parametrize("call", sorted(TRANSFERS))
def test_a_call_without_effect_that_does_not_say_where_to_sends_nothing(call: str) -> None:
    assert transfers_of(record(call, None, errorCode="AccessDenied")) == []


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("dynamodb:UpdateTable", {"tableName": "t"}),
        ("dynamodb:UpdateTable", {"replicaUpdates": [{"delete": {"regionName": "eu-west-1"}}, {"update": {"regionName": "x"}}]}),
        ("rds:CreateDBInstanceReadReplica", {"sourceDBClusterIdentifier": "c"}),
        ("ec2:CreateVolume", {"zone": "ap-northeast-1a", "snapshotId": "snap-1"}),
        ("ec2:CreateVolume", {"availabilityZoneId": "apne1-az4", "snapshotId": "snap-1"}),
        ("ec2:CreateVolume", {"zone": "ap-northeast-1-tpe-1a", "size": 8}),
        ("ec2:RunInstances", {"placement": {"availabilityZone": "ap-northeast-1c"}}),
        ("ec2:RunInstances", {"subnetId": "subnet-1"}),
        ("rds:RestoreDBInstanceFromDBSnapshot", {"dBSnapshotIdentifier": "s"}),
    ],
)  # fmt: skip
def test_a_call_that_need_not_send_data_elsewhere_and_does_not_sends_nothing(call: str, parameters: Any) -> None:
    assert transfers_of(record(call, parameters)) == []


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("ap-northeast-1-tpe-1a", "ap-northeast-1-tpe-1"),
        ("ap-northeast-1-wl1-nrt-wlz-1", "ap-northeast-1-wl1-nrt-wlz-1"),
        ("apne1-tpe1-az1", "apne1-tpe1-az1"),
        ("us-east-1a", "us-east-1"),
        (5, None),
        ("", None),
        ("x", None),
    ],
)
def test_a_zone_that_is_none_of_the_region_is_a_region_of_its_own(zone: Any, region: str | None) -> None:
    (volume,) = transfers_of(record("ec2:CreateVolume", {"zone": zone, "snapshotId": "snap-1"}))
    copy = {"sourceRegion": HERE, "sourceSnapshotId": "snap-1", "destinationAvailabilityZone": zone}
    (snapshot,) = transfers_of(record("ec2:CopySnapshot", copy))

    assert volume.destination.region == snapshot.destination.region == region
    assert volume.exposure == (None if region else UNREAD)


def test_the_zone_of_a_subnet_is_told_by_the_answer() -> None:
    started = {"instancesSet": {"items": [{"placement": {"availabilityZone": "ap-northeast-1-tpe-1a"}}]}}
    (sent,) = transfers_of(record("ec2:RunInstances", {"subnetId": "subnet-1"}, responseElements=started))

    assert sent.destination.region == "ap-northeast-1-tpe-1"


def test_where_a_volume_is_made_is_unknown_if_neither_request_nor_answer_tells() -> None:
    told = {"zone": "ap-northeast-1a"}

    assert transfers_of(record("ec2:CreateVolume", {"snapshotId": "snap-1"})) == [NOWHERE]
    assert transfers_of(record("ec2:CreateVolume", {"snapshotId": "snap-1"}, responseElements=told)) == []
