import json
import re
from pathlib import Path
from typing import get_args

from services.gateway_openapi import EVENTS_DOC
from services.gateway_problems import KINDS, MAX_LISTED, REASONS, Fault, Kind, Problem, of_faults, of_status
from streams import verdicts

GUIDE = (Path(__file__).parents[3] / "docs/how-to/send-events.md").read_text()


def test_a_problem_has_the_members_of_rfc_9457_and_its_headers() -> None:
    problem = Problem("rate-limited", "slow down", retry_after=7, close=True)

    assert json.loads(problem.body()) == {
        "type": "urn:ashiato:problem:rate-limited",
        "title": KINDS["rate-limited"][1],
        "status": 429,
        "detail": "slow down",
    }
    assert problem.headers == {"retry-after": "7", "connection": "close"}


def test_what_a_fault_does_not_know_it_does_not_say() -> None:
    body = json.loads(of_faults([Fault(None, "batch-invalid", (), "no array")], 1).body())
    assert body["errors"] == [{"reason": "batch-invalid", "detail": "no array"}]
    assert body["detail"] == "no array"


def test_many_faults_are_cut_and_counted() -> None:
    faults = [Fault(index, "empty", (), "x") for index in range(MAX_LISTED + 3)]
    body = json.loads(of_faults(faults, 500).body())
    assert (len(body["errors"]), body["more_errors"]) == (MAX_LISTED, 3)
    assert body["detail"] == f"{MAX_LISTED + 3} of 500 events cannot be accepted"


def test_events_that_are_only_too_large_are_a_413() -> None:
    large = Fault(0, "message-too-large", (), "x")
    assert of_faults([large, large], 2).status == 413
    assert of_faults([large, Fault(1, "empty", (), "x")], 2).status == 400


def test_every_status_of_the_framework_has_a_problem() -> None:
    assert [of_status(code).kind for code in (404, 405, 500, 418)] == [
        "not-found", "method-not-allowed", "internal-error", "internal-error",
    ]  # fmt: skip


def test_every_problem_and_every_reason_is_in_the_guide_and_no_other() -> None:
    assert set(KINDS) == set(get_args(Kind))
    told = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", GUIDE, re.MULTILINE)
    assert told == [(str(status), kind) for kind, (status, _) in KINDS.items()]
    reasons = GUIDE.partition("Reasons of a single event:")[2]
    assert (
        set(re.findall(r"^\| `([a-z0-9-]+)` \| ", reasons, re.MULTILINE))
        == (verdicts.REASONS | REASONS).keys() - UNSENT
    )


UNSENT = {"tombstone", "too-many-events"}  # a request always has a body; the limit of events is a problem of its own


def test_every_problem_is_in_the_description_of_the_api() -> None:
    assert {status for status, _ in KINDS.values()} <= EVENTS_DOC["responses"].keys()
