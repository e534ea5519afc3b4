import json
from typing import Any

import pytest

from streams.adapt.cloudtrail.policies import allowed, opened, parsed


def _policy(**statement: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", **statement}]}


@pytest.mark.parametrize(
    ("statement", "principals"),
    [
        ({"Principal": "*"}, ["*"]),
        ({"Principal": {"AWS": "*"}}, ["*"]),
        (
            {"Principal": {"AWS": ["111122223333", "arn:aws:iam::1:root", "111122223333"]}},
            ["111122223333", "arn:aws:iam::1:root"],
        ),
        ({"Principal": {"CanonicalUser": "79a5"}}, ["canonical:79a5"]),
        ({"NotPrincipal": {"AWS": "1"}}, ["*"]),
        ({"Principal": {"Service": ["s3.amazonaws.com", "states.cn-north-1.amazonaws.com.cn"]}}, []),
        ({"Principal": {"Service": "s3.amazonaws.com", "Federated": "idp"}}, ["federated:idp"]),
        ({"Principal": {"Federated": "cognito-identity.amazonaws.com"}}, ["federated:cognito-identity.amazonaws.com"]),
        ({"Principal": {"Service": ["ci.other.example", 5]}}, ["service:ci.other.example", None]),
        ({"Principal": {"Federated": "*"}}, ["*"]),
        ({"Principal": "*", "Effect": "Deny"}, []),
        ({"Principal": {"AWS": [5, None]}}, [None]),
        ({"Principal": {"AWS": []}}, [None]),
        ({"Principal": {"AWS": ""}}, [None]),
        ({"Principal": {"Somebody": "79a5"}}, [None]),
        ({"Principal": {}}, [None]),
        ({"Principal": 5}, [None]),
        ({"Principal": "111122223333"}, [None]),
        ({}, [None]),
        ({"Principal": "*", "effect": "Allow"}, ["*", None]),
        ({"Effect": "allow", "Principal": {"AWS": "1"}}, [None]),
    ],
)
def test_whom_a_statement_lets_in(statement: dict[str, Any], principals: list[str | None]) -> None:
    assert [principal for principal, _ in allowed(_policy(**statement))] == principals


def test_a_condition_is_not_evaluated_so_the_careful_reading_counts() -> None:
    assert allowed(_policy(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})) == [
        ("*", ["s3:GetObject"])
    ]


def test_a_policy_may_be_a_text_and_a_statement_may_stand_alone() -> None:
    text = json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": ["a", "b", 5]}})

    assert allowed(text) == [("*", ["a", "b"])]


@pytest.mark.parametrize(
    "policy",
    [
        None, 5, "", "no json", "{not json", "[" * 5000, [], {}, {"Statement": None}, {"Statement": "x"}, {"Statement": [5]},
        {"statement": [{"effect": "Allow", "principal": "*"}]}, {"Statement": [], "statement": []},
    ],
)  # fmt: skip
def test_who_is_let_in_by_what_is_no_policy_is_unknown(policy: Any) -> None:
    assert allowed(policy) == [(None, [])]
    assert opened(policy) == [None]
    assert isinstance(parsed(policy), dict)


def test_a_policy_that_allows_nobody_anything_is_read() -> None:
    assert allowed({"Version": "2012-10-17", "Id": "none", "Statement": []}) == []


def test_what_a_statement_opens_is_unknown_where_it_does_not_say() -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::lake", 5]},
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other"},
        {"Effect": "Allow", "Action": "s3:*"},
    ]
    assert opened({"Statement": statements}) == ["arn:aws:s3:::lake", None, "*"]
