"""Hot reload: what is judged with changes while it is in use, or stays if the change does not hold."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import ManyErrors
from services.hot_reload import Judging
from services.metrics import Metrics
from services.rulebook_files import rulebook_folder
from services.store import Store
from streams.pipeline import Context
from streams.register_versions import EMPTY_REGISTER, canonical_json, content_sha256
from tests.support.judging import acts, judging, metrics, register_file
from tests.support.recorders import until
from tests.support.stores import NOW, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "data") as store:
        yield store


def refused(metrics: Metrics, what: str) -> bool:
    return f'ashiato_reload_refused{{what="{what}"}} 1.0' in metrics.text().decode()


def test_what_is_there_at_the_start_is_kept_and_the_register_is_an_act(store: Store, tmp_path: Path) -> None:
    one = judging(store, metrics(), register=register_file(tmp_path))
    versions = one.context().versions
    assert acts(store) == [("register_loaded", versions.register_sha256)]
    assert store.current_version("register") == versions.register_sha256
    assert store.current_version("rulebook") == versions.rulebook_sha256
    assert store.current_version("interpretations") == versions.interpretations_sha256


def test_starting_again_with_the_same_files_is_no_act(store: Store, tmp_path: Path) -> None:
    register = register_file(tmp_path)
    judging(store, metrics(), register=register)
    judging(store, metrics(), register=register)
    assert len(acts(store)) == 1


def test_a_change_counts_at_the_second_look_that_sees_it(store: Store, tmp_path: Path) -> None:
    one = judging(store, metrics(), register=register_file(tmp_path))
    before = one.context()
    assert not one.look()
    register_file(tmp_path, name="Tsubame Mobile")
    assert not one.look()
    assert one.context() is before
    assert one.look()
    after = one.context().versions
    assert after.register_sha256 != before.versions.register_sha256
    assert after.rulebook_sha256 == before.versions.rulebook_sha256
    assert acts(store)[-1] == ("register_loaded", after.register_sha256)
    assert store.version_content("register", after.register_sha256) == canonical_json(one.context().index.register)
    assert not one.look()


def test_who_asks_at_once_is_believed_at_once(store: Store, tmp_path: Path) -> None:
    one = judging(store, metrics(), register=register_file(tmp_path))
    register_file(tmp_path, name="Tsubame Mobile")
    assert one.look(at_once=True)


def test_a_file_that_is_still_being_written_is_not_taken(store: Store, tmp_path: Path) -> None:
    one = judging(store, metrics(), register=register_file(tmp_path))
    for size in range(5):
        register_file(tmp_path, name="T" * (size + 1))
        assert not one.look()
    assert one.look()


def test_other_blanks_and_comments_change_nothing(store: Store, tmp_path: Path) -> None:
    register = register_file(tmp_path)
    one = judging(store, metrics(), register=register)
    file = register / "all.yaml"
    file.write_text(f"# a comment\n{file.read_text()}")
    assert not one.look(at_once=True)
    assert len(acts(store)) == 1


def test_a_register_that_does_not_hold_is_refused_with_all_its_errors_and_the_old_one_stays(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = metrics()
    register = register_file(tmp_path)
    one = judging(store, told, register=register)
    before = one.context()
    (register / "all.yaml").write_text("parties:\n  - {id: x}\nassets:\n  - {id: y, valid_from: never, name: Y}\n")
    assert not one.look(at_once=True)
    assert one.context() is before
    assert refused(told, "register")
    assert len(acts(store)) == 1
    texts = [record.getMessage() for record in caplog.records if record.name == "ashiato.reload"]
    assert texts[0] == "a new version is refused, the one before stays in use"
    assert any("all.yaml:2" in text for text in texts)
    assert any("all.yaml:4" in text for text in texts)

    caplog.clear()
    assert not one.look(at_once=True)
    assert not caplog.records  # it was told once

    register_file(tmp_path)
    assert not one.look(at_once=True)  # it is again what is in use
    assert not refused(told, "register")


def test_files_that_are_gone_are_refused_and_taken_when_they_are_back(store: Store, tmp_path: Path) -> None:
    told = metrics()
    register = register_file(tmp_path)
    one = judging(store, told, register=register)
    shutil.rmtree(register)
    assert not one.look(at_once=True)
    assert refused(told, "register")
    register_file(tmp_path, name="Back")
    assert one.look(at_once=True)
    assert not refused(told, "register")


def test_a_bad_register_at_the_start_leaves_the_last_good_one_in_use(store: Store, tmp_path: Path) -> None:
    register = register_file(tmp_path)
    good = judging(store, metrics(), register=register).context().versions
    (register / "all.yaml").write_text("parties: 7\n")
    told = metrics()
    assert judging(store, told, register=register).context().versions == good
    assert refused(told, "register")


def test_a_bad_register_at_the_very_first_start_is_an_error(store: Store, tmp_path: Path) -> None:
    register = register_file(tmp_path)
    (register / "all.yaml").write_text("parties: 7\n")
    with pytest.raises(ManyErrors, match="register cannot be used"):
        judging(store, metrics(), register=register)


def test_interpretations_change_as_an_act(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "interpretations.yaml"
    file.write_text("")
    one = judging(store, metrics(), interpretations=file)
    assert acts(store) == []
    file.write_text("leak: {foreign_gov: {legal_hold: false}}\n")
    assert one.look(at_once=True)
    assert acts(store) == [("interpretation_changed", one.context().versions.interpretations_sha256)]
    assert not one.context().index.interpretations.leak.foreign_gov.legal_hold

    file.write_text("leak: {foreign_gov: {legal_hld: true}}\n")
    assert not one.look(at_once=True)
    assert not one.context().index.interpretations.leak.foreign_gov.legal_hold


def test_rules_change_as_an_act_and_one_that_does_not_compile_is_refused(store: Store, tmp_path: Path) -> None:
    told, rules = metrics(), tmp_path / "rules"
    rules.mkdir()
    for name in ("UNKNOWN-ASSET.yml", "XB-STORE.yml"):
        shutil.copy(rulebook_folder() / name, rules)
    one = judging(store, told, rules=rules)
    assert {rule.id for rule in one.context().rulebook} == {"UNKNOWN-ASSET", "XB-STORE"}
    (rules / "XB-STORE.yml").unlink()
    assert one.look(at_once=True)
    assert {rule.id for rule in one.context().rulebook} == {"UNKNOWN-ASSET"}
    assert acts(store) == [("rulebook_changed", one.context().versions.rulebook_sha256)]

    (rules / "UNKNOWN-ASSET.yml").write_text("title: half a rule")
    assert not one.look(at_once=True)
    assert {rule.id for rule in one.context().rulebook} == {"UNKNOWN-ASSET"}
    assert refused(told, "rulebook")


def test_without_files_a_register_that_somebody_loads_is_taken_from_the_store(store: Store) -> None:
    told = metrics()
    one = judging(store, told)
    assert one.context().versions.register_sha256 == content_sha256(EMPTY_REGISTER)
    text = '{"parties":[{"id":"x","valid_from":"2025-04-01","name":"X","kind":"own"}]}'
    loaded = type(EMPTY_REGISTER).model_validate_json(text)
    store.save_version("register", content_sha256(loaded), canonical_json(loaded), entries=1, now=NOW)
    assert one.look(at_once=True)
    assert one.context().index.register == loaded
    assert acts(store) == []  # whoever loaded it has recorded that


def test_silence_is_expected_of_the_log_sources_of_the_register_in_use(store: Store, tmp_path: Path) -> None:
    told = metrics()
    one = judging(store, told, register=register_file(tmp_path, source="urn:one"))
    assert list(told.silence.expected) == ["urn:one"]
    register_file(tmp_path, source="urn:two")
    assert one.look(at_once=True)
    assert list(told.silence.expected) == ["urn:two"]


@pytest.mark.asyncio
async def test_watching_looks_by_itself_and_at_once_when_told(store: Store, tmp_path: Path) -> None:
    one = judging(store, metrics(), register=register_file(tmp_path))
    now, before = asyncio.Event(), one.context()
    slow = asyncio.create_task(one.watch(3_600, now))
    register_file(tmp_path, name="Told")
    now.set()
    await changed(one, before)
    slow.cancel()

    before = one.context()
    quick = asyncio.create_task(one.watch(0.05, now))
    register_file(tmp_path, name="Seen")
    await changed(one, before)
    quick.cancel()
    await asyncio.gather(slow, quick, return_exceptions=True)


async def changed(one: Judging, before: Context) -> None:
    await until(lambda: one.context() is not before)
