from schemas.interpretations import Interpretations
from schemas.register import Asset, OutsourcingContract, Party
from services.contract_errors import fields_at


def test_the_keys_allowed_are_found_through_lists_and_unions() -> None:
    assert fields_at(Party, ("selection", "document")) == ["title", "sha256", "dated"]
    assert fields_at(OutsourcingContract, ("resub_approvals", 3)) == [
        "party",
        "work",
        "approved_on",
        "until",
        "document",
    ]
    assert fields_at(Asset, ("locators", 0)) == ["pattern"]
    assert fields_at(Interpretations, ("leak", "standard")) == ["secrecy", "sui"]
    assert fields_at(Asset, ("name", "x")) == []
