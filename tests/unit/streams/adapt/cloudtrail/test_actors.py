from typing import Any

import pytest

from streams.adapt.cloudtrail.actors import actor_of
from streams.fast_events import Actor, Principal
from tests.support.cloudtrail import ACCOUNT, OTHER, USER, record

ME = USER["arn"]
ISSUER = f"aws:{ACCOUNT}"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/batch/s1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
TAKEN = {
    "type": "AssumedRole",
    "arn": SESSION,
    "accountId": ACCOUNT,
    "sessionContext": {"sessionIssuer": {"arn": ROLE}},
}
STORE = "arn:aws:identitystore::1:identitystore/d-1"


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        (USER, Actor(issuer=ISSUER, subject=ME)),
        (TAKEN, Actor(issuer=ISSUER, subject=SESSION, role=ROLE)),
        ({**TAKEN, "sessionContext": {"sessionIssuer": {"arn": ROLE}, "ec2RoleDelivery": "2.0"}}, Actor(issuer=ISSUER, subject=SESSION, role=ROLE, kind="service")),
        ({"type": "Root", "arn": "arn:aws:iam::1:root", "accountId": "1"}, Actor(issuer="aws:1", subject="arn:aws:iam::1:root", kind="shared")),
        ({"type": "AWSService", "invokedBy": "s3.amazonaws.com"}, Actor(issuer="aws", subject="s3.amazonaws.com", kind="service")),
        ({"type": "AWSAccount", "principalId": "AIDA:x", "accountId": "1"}, Actor(issuer="aws:1", subject="AIDA:x")),
        ({"type": "SAMLUser", "identityProvider": "idp", "userName": "taro"}, Actor(issuer="idp", subject="taro")),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u", "identityStoreArn": STORE}}, Actor(issuer=STORE, subject="u", kind="person", on_behalf_of=Principal(issuer=STORE, subject="u"))),
        ({**TAKEN, "onBehalfOf": {"userId": "u", "identityStoreArn": STORE}}, Actor(issuer=ISSUER, subject=SESSION, role=ROLE, on_behalf_of=Principal(issuer=STORE, subject="u"))),
        (None, Actor()),
        ("somebody", Actor()),
        ({"type": 5, "arn": [], "accountId": {}, "sessionContext": "x"}, Actor()),
    ],
)  # fmt: skip
def test_each_type_of_identity_becomes_an_actor(identity: Any, actor: Actor) -> None:
    assert actor_of(record("s3:GetObject", userIdentity=identity)) == actor


def test_a_service_that_calls_for_somebody_is_the_actor_on_their_behalf() -> None:
    actor = actor_of(record("kms:Decrypt", sourceIPAddress="athena.amazonaws.com"))

    assert actor == Actor(
        issuer="aws", subject="athena.amazonaws.com", kind="service", on_behalf_of=Principal(issuer=ISSUER, subject=ME)
    )


def test_the_console_is_no_service_of_that_kind() -> None:
    assert actor_of(record("kms:Decrypt", sourceIPAddress="AWS Internal")).subject == ME


@pytest.mark.parametrize("identity", [{"type": "AWSAccount", "principalId": "AIDA:x"}, {**TAKEN, "arn": "arn:x"}])
def test_a_caller_of_another_account_is_said_to_work_for_the_party_whose_account_it_is(identity: Any) -> None:
    theirs = actor_of(record("s3:GetObject", userIdentity={**identity, "accountId": OTHER}))
    ours = actor_of(record("s3:GetObject", userIdentity={**identity, "accountId": ACCOUNT}))

    assert (theirs.issuer, theirs.party) == (f"aws:{OTHER}", f"aws:{OTHER}")
    assert (ours.issuer, ours.party) == (ISSUER, None)


def test_nobody_is_no_party() -> None:
    nobody = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}

    assert actor_of(record("s3:GetObject", userIdentity=nobody)) == Actor(issuer="aws:ANONYMOUS_PRINCIPAL")


def test_who_used_a_presigned_url_cannot_be_told() -> None:
    signed = {"additionalEventData": {"AuthenticationMethod": "QueryString"}}

    assert actor_of(record("s3:GetObject", **signed)) == Actor(issuer=ISSUER, subject=ME, kind="unknown")
    assert actor_of(record("s3:GetObject", additionalEventData={"AuthenticationMethod": "AuthHeader"})).kind is None
    assert actor_of(record("kms:Decrypt", **signed)).kind is None
    assert actor_of(record("s3:GetObject", additionalEventData="QueryString")).kind is None
