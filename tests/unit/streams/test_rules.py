"""A rule file is used as a whole or refused with every error at its place."""

import hashlib

import pytest

from schemas.errors import AshiatoError, ManyErrors, RuleError
from streams.rules import errors_of, load_rulebook, parse_rule, rulebook_from_json
from tests.support.rules import PATH, TEXT, changed, rule


def told(text: str, path: str = PATH) -> list[str]:
    """Return the errors that a text gets."""
    try:
        parse_rule(text, path)
    except (RuleError, ManyErrors) as error:
        return [str(one) for one in errors_of(error)]
    return []


def test_a_rule_says_what_its_file_says() -> None:
    one = rule()
    assert (one.id, one.version, one.level, one.title, one.clause) == ("T-RULE", 1, "low", "A test rule", "A clause")
    assert one.tags == ("test.rule",)
    assert one.falsepositives == ("never",)
    assert one.block.about == ("asset",)
    assert one.block.reading.appi.ja == "いいえ。"
    assert one.compiled.fields == {"asset.abroad", "asset.policy_lists_storage"}
    assert len(one.tests) == 4


def test_a_rule_is_named_by_the_hash_of_its_bytes() -> None:
    assert rule().sha256 == hashlib.sha256(TEXT.encode()).hexdigest()
    assert rule(("Look.", "Look twice.")).sha256 != rule().sha256


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("  version: 1\n", "", "17:1", "ashiato.version"),
        ("version: 1", "version: one", "18:3", "ashiato.version"),
        ("version: 1", "version: 0", "18:3", "ashiato.version"),
        ("about: [asset]", "about: [planet]", "19:11", "ashiato.about.0"),
        ("about: [asset]", "about: [asset, party]", "19:3", "differ in number"),
        ("policy_item: storage", "policy_item: weather", "20:3", "ashiato.policy_item"),
        ("episode: none", "episode: week", "21:3", "ashiato.episode"),
        ("    - {en: A clause, ja: 条項}", "    - {en: A clause}", "23:7", "ashiato.clauses.0.ja"),
        ("runbook: |", "runbooks: |", "29:3", "ashiato.runbooks"),
        ("level: low", "level: grave", "3:1", "level"),
        ("title: A test rule\n", "", "", "title"),
        ("description: Looks at two columns.\n", "", "", "description"),
        ("name: T-RULE", "name: U-RULE", "2:7", "Name and file differ"),
        ("asset.abroad: true\n  listed", "asset.distance: 7\n  listed", "11:5", "asset.distance"),
        ("facts: {}", "facts: {asset.distance: 7}", "42:13", "no column asset.distance"),
        ("facts: {}", "facts: {asset.abroad: nowhere}", "42:13", "holds bool"),
        ("facts: {}", "facts: {asset.category: '3'}", "42:13", "one of 1, 2, both, none"),
        ("facts: {}", "facts: {event.time: yesterday}", "42:13", "RFC 3339"),
        ("facts: {}", "facts: {destination.bytes: true}", "42:13", "holds int"),
        ("facts: {}", "facts: {records.fields: name}", "42:13", "holds texts"),
        ("name: nothing is known", "name: listed", "41:5", "Two tests"),
        ("    match: true\n  - name: listed", "    match: false\n  - name: listed", "", "fewer than 2 tests that must match"),
        ("    match: true\n  - name: listed", "    match: true\n    role: party\n  - name: listed", "38:5", "role"),
        ("    facts: {}\n    match: false", "    facts: {}\n    match: false\n    role: asset", "44:5", "role"),
    ],
)  # fmt: skip
def test_an_error_is_told_at_its_place(old: str, new: str, where: str, what: str) -> None:
    errors = told(changed((old, new)))
    assert any(error.startswith(f"{PATH}:{where}") and what in error for error in errors), errors


def test_all_errors_of_a_file_are_told_in_the_order_of_their_places() -> None:
    errors = told(changed(("level: low", "level: grave"), ("episode: none", "episode: week"), ("    facts: {}\n", "")))
    assert [error.split(":")[1] for error in errors] == ["3", "21", "41"]


def test_a_file_without_block_and_tests_is_told_so() -> None:
    errors = told(TEXT[: TEXT.index("ashiato:")])
    assert any("no `ashiato`" in error for error in errors)
    assert any("no tests" in error for error in errors)


def test_a_rule_over_several_roles_must_say_which_role_a_test_is_about() -> None:
    two = (("condition: abroad and not listed", "condition: [abroad and not listed, listed]"),)
    errors = told(changed(*two, ("about: [asset]", "about: [asset, event]")))
    assert sum("for which role" in error for error in errors) == 2


def test_two_conditions_about_one_role_are_refused() -> None:
    two = ("condition: abroad and not listed", "condition: [abroad and not listed, listed]")
    assert any("named twice" in error for error in told(changed(two, ("about: [asset]", "about: [asset, asset]"))))


def test_an_error_never_repeats_the_value_of_another_place() -> None:
    assert all("secret" not in error for error in told(changed(("version: 1", "version: secret-value"))))


def test_a_rulebook_is_ordered_by_id_whatever_the_order_of_files() -> None:
    texts = {PATH: TEXT, "rulebook/A-RULE.yml": changed(("T-RULE", "A-RULE"))}
    book = load_rulebook(texts)
    assert [one.id for one in book] == ["A-RULE", "T-RULE"]
    assert book.sha256 == load_rulebook(dict(reversed(texts.items()))).sha256
    assert book.get("T-RULE") is book.rules[1]
    assert book.get("Z-RULE") is None


def test_a_rulebook_is_named_by_ids_versions_and_hashes_of_its_rules() -> None:
    line = f"T-RULE:1:{rule().sha256}\n"
    assert load_rulebook({PATH: TEXT}).sha256 == hashlib.sha256(line.encode()).hexdigest()


def test_a_kept_rulebook_is_the_same_rulebook() -> None:
    book = load_rulebook({PATH: TEXT})
    assert rulebook_from_json(book.canonical_json()).sha256 == book.sha256
    with pytest.raises(RuleError, match="cannot be read"):
        rulebook_from_json("{")


def test_one_rule_in_two_files_is_refused() -> None:
    with pytest.raises(RuleError, match="Two files hold"):
        load_rulebook({"a/T-RULE.yml": TEXT, "b/T-RULE.yml": TEXT})


def test_a_rulebook_tells_the_errors_of_all_files() -> None:
    bad = changed(("level: low", "level: grave"))
    with pytest.raises(ManyErrors) as caught:
        load_rulebook({"a/T-RULE.yml": bad, "b/T-RULE.yml": "- no rule"})
    assert [str(error).split(":")[0] for error in caught.value.errors] == ["a/T-RULE.yml", "b/T-RULE.yml"]


def test_a_rule_over_its_limits_is_an_error_like_any_other() -> None:
    with pytest.raises(AshiatoError, match="too large"):
        parse_rule(TEXT + "# " + "x" * 300_000, PATH)
