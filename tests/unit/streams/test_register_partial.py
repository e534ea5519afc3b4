"""Of an entry that is refused, everything that can be read takes part in the checks."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.register import Entry, Identity, PolicyLine, Register, Service
from services.register_files import MODELS
from streams.register_partial import STAND_INS, Partial, read_partly


def _read(model: type[Entry], item: Any) -> Partial:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(json.dumps(item))
    return read_partly(caught.value, item, model)


def test_refused_keys_are_left_out_and_handed_back() -> None:
    found = _read(Service, {"id": "s", "valid_from": "2025-04-01", "name": "S", "parent": "t", "fee": "cheap", "x": 1})
    assert found.entry == Service.model_validate_json('{"id":"s","valid_from":"2025-04-01","name":"S","parent":"t"}')
    assert found.unread == {"fee": "cheap", "x": 1}
    assert found.later == []


@pytest.mark.parametrize(
    "item", [None, "text", [], {}, {"id": "s", "name": "S"}, {"id": 1, "valid_from": "2025-04-01"}]
)
def test_without_id_or_first_day_nothing_can_be_judged(item: Any) -> None:
    assert _read(Service, item) == Partial(None, [], item)


@pytest.mark.parametrize("key", ["valid_to", "valid_too", "role", "rolle"])
def test_what_would_hold_for_more_than_it_says_is_left_out(key: str) -> None:
    item = {"id": "i", "valid_from": "2025-04-01", "issuer": "i", "subject": "*", key: ["?"]}
    assert _read(Identity, item).entry is None


def test_what_the_whole_is_refused_for_is_told_unless_a_key_left_out_is_the_reason() -> None:
    item = {"id": "l", "valid_from": "2025-04-01", "item": "cloud", "umu": "perhaps"}
    assert [details["type"] for details in _read(PolicyLine, item).later] == ["value_error"]
    assert _read(PolicyLine, {**item, "country": "jp"}).later == []


def test_stand_ins_are_allowed_wherever_they_may_stand() -> None:
    for model in MODELS.values():
        for name in STAND_INS.keys() & model.model_fields.keys():
            with pytest.raises(ValidationError) as caught:
                model.model_validate({name: STAND_INS[name]})
            assert name not in {str(details["loc"][0]) for details in caught.value.errors()}
    assert Register.model_fields.keys() == MODELS.keys()
