"""Classification: whether an asset holds specified user information (特定利用者情報), and of which category.

Law: TBA 27-5, ORD 2-2 and 22-2-21; questions Q1, Q2, Q4, Q5; domain §1, §8. Category 1 is secrecy of communications
(no database needed), category 2 identifies a contract or account user within a searchable collection.

A declared category counts; without one it follows from the asset's description. Each of the two halves is yes, no or
unknown, and an unknown half leaves the category absent, but never takes back what the other half says: data that tells
of communications is specified user information whatever else it is. An attestation of anonymisation (Q2) takes out
category 2 only, declared or not, unless ``sui.anonymisation_applies_to_secrecy`` says otherwise. Data of which the
service is not known is classified by its nature alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from schemas.facts import FACTS
from schemas.register import Asset, Category, IdentifierKind
from streams.column_types import absent, dtypes
from streams.coverage import Coverage, coverage_of
from streams.distinct import DistinctTable, Key
from streams.enrich.facts import Facts, cite
from streams.register_index import RegisterIndex
from streams.register_moment import Moment

CATEGORY_FACTS: Final = (
    "category", "category_reason", "sui", "secrecy", "natural_persons", "sensitive", "payment_data",
    "user_population", "service", "designated",
)  # fmt: skip
"""Facts of the asset that this stage adds, without ``asset.``."""

_ONLINE: Final[frozenset[IdentifierKind]] = frozenset({"cookie_id", "ip_address", "advertising_id", "device_id"})
_DECLARED: Final[dict[Category, tuple[bool, bool]]] = {
    "1": (True, False), "2": (False, True), "both": (True, True), "none": (False, False),
}  # fmt: skip
_CATEGORIES: Final[dict[tuple[bool | None, bool | None], Category]] = {
    halves: category for category, halves in _DECLARED.items()
}


@dataclass(frozen=True, slots=True)
class Half:
    """One half of the question: yes, no or unknown (None), why, and where that comes from."""

    answer: bool | None
    reason: str
    source: str


def classify(events: pl.DataFrame, index: RegisterIndex) -> pl.DataFrame:
    """Return the enriched events with the facts of categories, all facts in the order of the catalogue.

    Args:
        events: what `streams.enrich.enrich` returned.
        index: register and settings.

    Returns:
        The same rows in the same order: the columns that came in before the facts, then ``FACTS`` of
        `schemas.facts`; ``event.contents`` is absent until the identity review counts it.
    """
    table = index.kept(CategoryColumns).of(events)
    contents = absent(["event.contents"], len(events))
    whole = pl.concat([events, table, contents], how="horizontal")
    facts = [column.name for column in FACTS]
    before = [name for name in events.columns if name not in set(facts)]
    return whole[[*before, *facts]]


class CategoryColumns:
    """Categories of assets under one version of register and settings."""

    def __init__(self, index: RegisterIndex) -> None:
        self._index = index
        self._table = DistinctTable(dtypes(f"asset.{name}" for name in CATEGORY_FACTS), self._resolve)

    def of(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the facts of `CATEGORY_FACTS`, columns ``asset.*``, for each event."""
        segments = self._index.segments(events["event.time"])
        keys = pl.DataFrame({"asset": events["asset.id"], "known": events["asset.known"], "segment": segments})
        return self._table.of(keys)

    def _resolve(self, key: Key) -> Sequence[Any]:
        if key["known"] is None:
            return (None,) * len(CATEGORY_FACTS)  # an act has no asset
        moment = self._index.moment(key["segment"])
        asset = moment.assets.get(key["asset"]) if key["asset"] is not None else None
        return category_facts(moment, asset).row(CATEGORY_FACTS)


def category_facts(moment: Moment, asset: Asset | None) -> Facts:
    """Return the facts of `CATEGORY_FACTS` of an asset; one that the register does not know is of unknown category."""
    facts = Facts()
    if asset is None:
        for name in CATEGORY_FACTS:
            facts.say(name, "unregistered" if name == "category_reason" else None, "no register entry")
        return facts
    coverage = coverage_of(moment, asset)
    first, second = _halves(moment, asset, coverage)
    source = f"{first.source}; {second.source}"
    facts.say("category", _CATEGORIES.get((first.answer, second.answer)), source)
    facts.say("category_reason", "+".join(dict.fromkeys((first.reason, second.reason))), source)
    facts.say("sui", _either(first, second), source)
    facts.say("secrecy", first.answer, first.source)
    for name in ("natural_persons", "sensitive", "payment_data", "user_population"):
        facts.say(name, getattr(asset, name), cite(asset, name))
    facts.say("service", coverage.service.id if coverage.service else None, coverage.source)
    facts.say("designated", coverage.designated, f"{coverage.source}; register carrier designations")
    return facts


def _halves(moment: Moment, asset: Asset, coverage: Coverage) -> tuple[Half, Half]:
    """Return whether the asset holds category 1 and whether it holds category 2."""
    if asset.category is not None:
        source = cite(asset, "category")
        one, two = (Half(answer, "declared", source) for answer in _DECLARED[asset.category])
    else:
        one, two = _secrecy(asset), _covered(_identifying(moment, asset), coverage)
    settings = moment.settings.sui
    attested = _attested(moment, asset)
    if attested is not None and settings.anonymised_accounts_exempt:
        if two.answer is not False:
            two = attested
        if settings.anonymisation_applies_to_secrecy and one.answer is not False:
            one = attested
    return one, two


def _secrecy(asset: Asset) -> Half:
    """Return whether data tells of individual communications (通信の秘密, TBA 4 and 27-5 (i))."""
    answer = asset.relates_to_communication
    reason = {True: "communication", False: "no-communication", None: "communication-unknown"}[answer]
    return Half(answer, reason, cite(asset, "relates_to_communication"))


def _identifying(moment: Moment, asset: Asset) -> Half:
    """Return whether data identifies a contract or account user within a searchable collection (27-5 (ii), Q1)."""
    user = _user(moment, asset)
    source = f"{user.source}; {cite(asset, 'searchable_collection')}"
    if user.answer is False:
        return user
    if asset.searchable_collection is False:
        return Half(False, "no-searchable-collection", source)
    if user.answer is None:
        return user
    if asset.searchable_collection is None:
        return Half(None, "collection-unknown", source)
    return Half(True, user.reason, source)


def _user(moment: Moment, asset: Asset) -> Half:
    """Return whether data identifies a user: by a key of the contract or account, or by an online identifier (Q1)."""
    scope = moment.settings.sui.online_identifier_in_scope
    kinds, linked = set(asset.identifiers), asset.linked_to_account
    source = f"{cite(asset, 'identifiers')}; setting sui.linkable_keys"
    if kinds & {"name", *moment.settings.sui.linkable_keys}:
        return Half(True, "user-key", source)
    source = f"{cite(asset, 'linked_to_account')}; setting sui.online_identifier_in_scope = {scope}"
    if kinds and kinds <= _ONLINE and scope != "linked_only":
        return Half(scope == "always", "online-identifier" if scope == "always" else "online-identifier-out", source)
    if linked is True:
        return Half(True, "linked-to-user", source)
    if linked is None:
        return Half(None, "link-unknown", source)
    # Without a list of identifiers nobody has said that there is none.
    return Half(False, "not-linked", source) if kinds else Half(None, "identifiers-unknown", source)


def _covered(half: Half, coverage: Coverage) -> Half:
    """Return category 2 after the question whether the service is covered (Q3, Q4, Q5)."""
    if half.answer is False or coverage.standing in {"covered", "unknown"}:
        return half
    source = f"{half.source}; {coverage.source}"
    if coverage.standing == "review":
        return Half(None, "option-review", source)
    return Half(False, f"service-{coverage.standing}", source)


def _attested(moment: Moment, asset: Asset) -> Half | None:
    """Return the answer of an attestation that an account was processed beyond recognition (Q2), if it counts.

    All four conditions must be true, from the date of the attestation on.
    """
    attested = asset.anonymisation
    if attested is None or attested.date > moment.day:
        return None
    conditions = (
        attested.indistinguishable,
        attested.irreversible,
        attested.source_deleted,
        attested.linked_data_non_identifying,
    )
    return Half(False, "anonymised", cite(asset, "anonymisation")) if all(conditions) else None


def _either(one: Half, two: Half) -> bool | None:
    """Return yes if either is, no if neither is, else unknown."""
    answers = {one.answer, two.answer}
    return True if True in answers else (None if None in answers else False)
