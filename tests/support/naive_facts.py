"""Facts of one event, found the slow way: no segments, no memory, no columns; every entry is looked at for every event.

Lookups, the choice of whom an event is judged by, who receives, keys and counts are written here a second time, in
plain Python over one event and its own day in Japan. What a single place, handler or contract means is asked of the
resolvers, which have tests of their own.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from schemas.base import TOKYO
from schemas.facts import FACTS
from schemas.interpretations import Interpretations
from schemas.register import Asset, Entry, Identity, Network, Register
from streams.classify import category_facts
from streams.enrich.contracts import CONTRACT_FACTS, Work, contract_facts
from streams.enrich.employers import Who
from streams.enrich.handlers import HANDLER_FACTS, handler_facts
from streams.enrich.places import Placed, place_facts
from streams.enrich.planned import claim_of, planned_facts
from streams.patterns import identity_specificity, matches, specificity
from streams.register_index import Geo
from streams.register_moment import Moment
from streams.register_versions import reference, valid_at
from tests.support.facts import KEYS

Row = Mapping[str, Any]
E = TypeVar("E", bound=Entry)


class Naive:
    """Answers for one register, settings and geography."""

    def __init__(self, register: Register, settings: Interpretations, geo: Geo) -> None:
        self.register = register
        self.settings = settings
        self.geo = geo

    def facts(self, event: Row) -> dict[str, Any]:
        """Return all facts of one event."""
        found: dict[str, Any] = dict.fromkeys(column.name for column in FACTS)
        if event["event.kind"] == "act":
            return found
        moment = Moment(self.register, self.settings, event["event.time"].astimezone(TOKYO).date())
        asset = self._asset(event, "asset.claimed_id", "asset.locator")
        put(found, "asset", place_facts(moment, Placed(asset, event["asset.region"]), "asset").values)
        put(found, "asset", category_facts(moment, asset).values)
        found["asset.key"] = asset.id if asset else self._unregistered(event, "asset.claimed_id", "asset.locator")
        if event["event.kind"] == "transfer":
            self._destination(found, event, moment)
        self._party(found, event, moment)
        self._recipient(found, event, moment)
        exposed = event["exposure.party"]
        found["exposure.party_known"] = None if exposed is None else moment.party(exposed) is not None
        put(found, "planned", planned_facts(moment, claim_of({**event, **found})).values)
        return found

    def _destination(self, found: dict[str, Any], event: Row, moment: Moment) -> None:
        asset = self._asset(event, "destination.claimed_asset", "destination.locator")
        placed = Placed(
            asset,
            event["destination.region"],
            event["destination.claimed_country"],
            event["destination.persistence"],
        )
        put(found, "destination", place_facts(moment, placed, "destination").values)
        until, temporary = event["destination.temporary.until"], moment.settings.temporary
        if temporary.exempt and until is not None and until >= event["event.time"]:
            found["destination.stored"] &= until - event["event.time"] >= temporary.min_duration
        names = ("destination.claimed_asset", "destination.locator")
        found["destination.key"] = asset.id if asset else self._unregistered(event, *names)

    def _party(self, found: dict[str, Any], event: Row, moment: Moment) -> None:
        given = event["event.kind"] == "grant" and event["grant.change"] != "revoked"
        granted = given and moment.settings.handling.grant_counts
        behalf = any(event[f"actor.on_behalf_of.{name}"] is not None for name in ("issuer", "subject", "party"))
        first = self._principal(event, moment, "grantee" if granted else "actor")
        if behalf and not granted:
            second = self._principal(event, moment, "actor.on_behalf_of")
            service = event["actor.kind"] == "service"
            grades = [grade(values, government=False) for values in (first, second)]
            both_known = first["person_known"] and second["person_known"]
            if (
                (service and first["third_party"] is False)
                or grades[1] > grades[0]
                or (service and grades[0] == grades[1])
            ):
                first = {**second, "person_known": both_known}
        done = event["grant.privileges"] if granted else [event["action"]]
        self._handler(found, event, first, "party", done)
        identity = first["who"].identity
        found["party.identity_ref"] = reference("identities", identity) if identity else None
        found["party.key"] = found["party.id"] or unknown(
            first["who"].claim if first["claimed"] else None, *first["name"]
        )

    def _principal(self, event: Row, moment: Moment, source: str) -> dict[str, Any]:
        """Return what is known of one who may be judged."""
        issuer, subject, claim = (event[f"{source}.{name}"] for name in ("issuer", "subject", "party"))
        own, granted = source == "actor", source == "grantee"
        ip, country = (None, None) if granted else (event["origin.ip"], event["origin.country"])
        who = Who(
            identity=self._identity(event, issuer, subject, event["actor.role"] if own else None),
            claim=claim,
            nameless=own and event["actor.kind"] in {"shared", "unknown"},
            network=self._network(event, ip) if ip is not None else None,
            geo=self.geo(ip) if ip is not None else None,
            claimed_country=country,
            has_place=not granted and not (own and event["actor.kind"] == "service" and ip is None and country is None),
        )
        return known_of(moment, who, "party", (issuer, subject))

    def _recipient(self, found: dict[str, Any], event: Row, moment: Moment) -> None:
        claimed = event["destination.claimed_party"]
        sent_to = claimed or (found["destination.operator"] if found["destination.third_party_equipment"] else None)
        government = event["exposure.to"] == "government"
        named = event["exposure.party"] is not None or event["exposure.to"] in {"named_party", "unknown"}
        receivers = []
        if sent_to is not None:
            who = Who(
                claim=sent_to,
                operator=found["destination.operator"] if claimed else None,
                claimed_country=found["destination.equipment_country"],
                has_home=False,
            )
            receivers.append((known_of(moment, who, "recipient"), False))
        if named or (receivers and government and event["exposure.country"] != "JP"):
            claim, country = event["exposure.party"], event["exposure.country"]
            who = Who(claim=claim, government=government, claimed_country=country, has_home=False, has_place=False)
            receivers.append((known_of(moment, who, "recipient"), government))
        if not receivers:
            return
        values, _ = max(receivers, key=lambda pair: grade(pair[0], government=pair[1]))
        self._handler(found, event, values, "recipient", None)
        claim = values["who"].claim if values["claimed"] else None
        found["recipient.key"] = found["recipient.id"] or unknown(claim, None, None)

    def _handler(self, found: dict[str, Any], event: Row, values: dict[str, Any], role: str, done: Any) -> None:
        """Add the facts of the party (which did or may do something) or of the recipient (which did nothing)."""
        judged, handled = role == "party", values["handled"]
        put(found, role, values, HANDLER_FACTS)
        if values["third_party"] is None:
            found[f"{role}.contract_in_force"] = False
        if not values["third_party"]:
            return
        work = Work(
            asset=found["asset.id"],
            fields=None if event["records.fields"] is None else tuple(event["records.fields"]),
            privileges=None if done is None else tuple(done),
            judged=judged,
            purpose=event["purpose"],
            countries=handled.countries,
            countries_known=handled.countries_known,
        )
        moment: Moment = values["moment"]
        party = moment.parties[values["id"]]
        under, limit = contract_facts(moment, party, handled.contracts, work)
        put(found, role, under.values, CONTRACT_FACTS)
        if under.values["contract"] is not None:
            users = event["records.users"]
            within = None if users is None else limit is None or len(set(users)) <= limit
            found[f"{role}.users_in_scope"] = True if limit is None else within

    def _asset(self, event: Row, id_column: str, locator_column: str) -> Asset | None:
        """Return the asset that id and locator agree on, as far as the event has both."""
        by_id, by_locator = self._by_id(event, id_column), self._by_locator(event, locator_column)
        if event[id_column] is None:
            return by_locator
        if event[locator_column] is None:
            return by_id
        return by_id if by_id is not None and by_locator is not None and by_locator.id == by_id.id else None

    def _unregistered(self, event: Row, id_column: str, locator_column: str) -> str:
        """Return the key of an unknown asset: of its id, else of its locator; of both if they do not agree."""
        name, locator = event[id_column], event[locator_column]
        if self._by_id(event, id_column) and locator is not None:
            return unregistered(both(name, locator))
        return unregistered(name if name is not None else locator)

    def _by_id(self, event: Row, column: str) -> Asset | None:
        named = (asset for asset in self.register.assets if asset.id == event[column])
        return next((asset for asset in named if valid_at(asset, event["event.time"])), None)

    def _by_locator(self, event: Row, column: str) -> Asset | None:
        time, locator = event["event.time"], event[column]
        day = time.astimezone(TOKYO).date()
        valid = {asset.id: asset for asset in reversed(self.register.assets) if valid_at(asset, time)}
        found = [
            (specificity(one.pattern), valid_at(asset, time), asset)
            for asset in self.register.assets
            if valid_at(asset, time) or (asset.valid_to is not None and asset.valid_to <= day and asset.id not in valid)
            for one in asset.locators
            if locator is not None and matches(one.pattern, locator)
        ]
        # Among patterns alike, the one of an entry that is valid wins over one of an entry that has ended.
        best = max(found, key=lambda candidate: candidate[:2], default=None)
        return valid[best[2].id] if best is not None and best[1] else None

    def _identity(self, event: Row, issuer: str | None, subject: str | None, role: str | None) -> Identity | None:
        found = [
            (identity_specificity(specificity(one.issuer), specificity(one.subject), one.role), one)
            for one in self.register.identities
            if valid_at(one, event["event.time"])
            and issuer is not None
            and subject is not None
            and matches(one.issuer, issuer)
            and matches(one.subject, subject)
            and (one.role is None or (role is not None and matches(one.role, role)))
        ]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _network(self, event: Row, ip: str) -> Network | None:
        found = [
            (block.prefixlen, one)
            for one in self.register.networks
            if valid_at(one, event["event.time"])
            and ipaddress.ip_address(ip) in (block := ipaddress.ip_network(one.cidr))
        ]
        return max(found, key=lambda pair: pair[0])[1] if found else None


def known_of(moment: Moment, who: Who, role: str, name: tuple[Any, Any] = (None, None)) -> dict[str, Any]:
    """Return a handler's facts, how it handles, and who it is."""
    facts, handled = handler_facts(moment, who, role)
    return {**facts.values, "handled": handled, "who": who, "name": name, "moment": moment}


def grade(values: Row, *, government: bool) -> float:
    """Return how grave a handler is, found in another way than `streams.enrich.handlers.gravity`."""
    if values["abroad"] is not False and (government or values["kind"] == "government"):
        return 9.0
    if values["id"] is None:
        return 6.0
    own = values["kind"] == "own" or values["third_party"] is False
    far = {False: 0.0, None: 1.0, True: 1.0 if own else 3.0}[values["abroad"]]
    return (0.0 if own else 4.0) + far


def put(found: dict[str, Any], role: str, values: Mapping[str, Any], names: Iterable[str] | None = None) -> None:
    """Put a resolver's facts under their role."""
    for name in names if names is not None else values:
        found[f"{role}.{name}"] = values[name]


def both(one: str, other: str) -> str:
    """Return two texts as one that no other two make."""
    return f"{len(one.encode())}|{one}|{other}"


def unregistered(name: str | None) -> str:
    """Return the key of an asset that the register does not know."""
    return f"unregistered:{pseudonym('asset', name)}" if name is not None else "unregistered:unnamed"


def unknown(claim: str | None, issuer: str | None, subject: str | None) -> str:
    """Return the key of a party that the register does not know."""
    if claim is not None:
        return f"unknown:{pseudonym('party', claim)}"
    if issuer is None and subject is None:
        return "unknown:unnamed"
    return f"unknown:{pseudonym('actor', both(issuer or '', subject or ''))}"


def pseudonym(kind: str, value: str) -> str:
    """Return a keyed pseudonym as `streams.commit` says it."""
    return hmac.digest(KEYS.pseudonym_key.encode(), f"{kind}|{value}".encode(), "sha256").hex()[:16]
