from tests.support.facts import facts_of, register


def test_two_principals_never_have_one_key_by_where_a_bar_stands() -> None:
    pairs = [("a|b", "c"), ("a", "b|c"), (None, "|x"), ("|", "x"), ("", "1|a")]
    keys = [
        facts_of(register(), {"actor.issuer": issuer, "actor.subject": subject})["party.key"]
        for issuer, subject in pairs
    ]
    assert len(set(keys)) == len(pairs)
