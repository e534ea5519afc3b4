"""Facts in the baseline: the resolvers of `streams.enrich` and `streams.classify` for one event at a time.

Whatever depends on few distinct values is looked up in a dict first, as one would do who writes a pipeline event by
event and cares about its speed: places by asset and region, handlers by identity and network, contracts by what was
done. Absent facts are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from typing import Any, Final

from benchmarks.baseline_events import Row
from schemas.base import JAPAN
from schemas.interpretations import Interpretations
from schemas.register import Register
from streams.asset_lookup import AssetLookup, Named
from streams.classify import category_facts
from streams.commit import Keys, keyed_hex
from streams.enrich.contracts import CONTRACT_FACTS, Work, contract_facts
from streams.enrich.employers import Who
from streams.enrich.handlers import HANDLER_FACTS, Handled, gravity, handler_facts
from streams.enrich.places import PLACE_FACTS, Placed, place_facts
from streams.enrich.planned import CLAIM_COLUMNS, claim_of, planned_facts
from streams.networks import NetworkIndex
from streams.patterns import IdentityIndex
from streams.register_days import change_days, instant
from streams.register_moment import Moment, holds
from streams.register_versions import reference

MAX_KNOWN: Final = 65_536
"""Answers that one dict remembers; it begins anew when it is full."""

Handler = tuple[Row, Handled, int, tuple[str | None, str | None, str | None]]
"""Facts, how it handles, its gravity, and its names: the party named if nobody knows it, issuer and subject."""


class Facts:
    """Answers for one register and settings.

    Args:
        register: the register.
        settings: the interpretations.
        keys: for the pseudonyms of what the register does not know.
    """

    def __init__(self, register: Register, settings: Interpretations, keys: Keys) -> None:
        self.register, self.settings, self.keys = register, settings, keys
        self._days = change_days(register, settings)
        self._instants = [instant(day) for day in self._days[1:]]
        self._moments: dict[int, Moment] = {}
        self._assets = AssetLookup(register.assets)
        self._identities = IdentityIndex(
            (entry.issuer, entry.subject, entry.role, index) for index, entry in enumerate(register.identities)
        )
        self._networks = NetworkIndex(register.networks)
        self._known: dict[Hashable, Any] = {}

    def add_to(self, row: Row) -> None:
        """Add all present facts of an event to its columns."""
        if row["event.kind"] == "act":
            return
        segment = bisect_right(self._instants, row["event.time"])
        said = (row.get("asset.claimed_id"), row.get("asset.locator"))
        named = self._named(*said, segment)
        row |= self._touched(named.entry, row.get("asset.region"), segment)
        if named.entry is None:
            row["asset.key"] = self._unregistered(*said, disagree=named.disagree)
        if row["event.kind"] == "transfer":
            self._add_destination(row, segment)
        self._add_party(row, segment)
        self._add_recipient(row, segment)
        if "exposure.party" in row:
            row["exposure.party_known"] = self._moment(segment).party(row["exposure.party"]) is not None
        row["planned.claimed"] = bool(row.get("approval"))
        if row["planned.claimed"]:
            claim = claim_of({name: row.get(name) for name in CLAIM_COLUMNS})
            plan = planned_facts(self._moment(segment), claim).values["id"]
            row |= {"planned.id": plan} if plan else {}

    def _moment(self, segment: int) -> Moment:
        found = self._moments.get(segment)
        if found is None:
            found = self._moments[segment] = Moment(self.register, self.settings, self._days[segment])
        return found

    def _remember(self, key: Hashable, value: Any) -> Any:
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[key] = value
        return value

    # --- Places -------------------------------------------------------------------------------------------------------

    def _named(self, name: str | None, locator: str | None, segment: int) -> Named:
        key = ("asset", name, locator, segment)
        if (known := self._known.get(key)) is None:
            known = self._remember(key, self._assets.find(name, locator, self._days[segment]))
        found: Named = known
        return found

    def _touched(self, asset: int | None, region: str | None, segment: int) -> Row:
        key = ("touched", asset, region, segment)
        if (known := self._known.get(key)) is None:
            entry = None if asset is None else self.register.assets[asset]
            moment = self._moment(segment)
            facts = _under("asset", place_facts(moment, Placed(entry, region), "asset").values, PLACE_FACTS)
            categories = category_facts(moment, entry).values
            facts |= _under("asset", categories, categories)
            facts |= {"asset.key": entry.id} if entry else {}
            known = self._remember(key, facts)
        found: Row = known
        return found

    def _add_destination(self, row: Row, segment: int) -> None:
        names = (row.get("destination.claimed_asset"), row.get("destination.locator"))
        named = self._named(*names, segment)
        entry = None if named.entry is None else self.register.assets[named.entry]
        region, country = row.get("destination.region"), row.get("destination.claimed_country")
        persistence = row.get("destination.persistence")
        key = ("destination", named.entry, region, country, persistence, segment)
        if (known := self._known.get(key)) is None:
            placed = Placed(entry, region, country, persistence)
            facts = place_facts(self._moment(segment), placed, "destination").values
            known = self._remember(key, _under("destination", facts, PLACE_FACTS))
        row |= known
        temporary, until = self._moment(segment).settings.temporary, row.get("destination.temporary.until")
        if temporary.exempt and until is not None and until >= row["event.time"]:
            row["destination.stored"] &= until - row["event.time"] >= temporary.min_duration
        row["destination.key"] = entry.id if entry else self._unregistered(*names, disagree=named.disagree)

    def _unregistered(self, name: str | None, locator: str | None, *, disagree: bool) -> str:
        said = both(name or "", locator or "") if disagree else name if name is not None else locator
        return f"unregistered:{keyed_hex('asset', said, self.keys)[:16] if said is not None else 'unnamed'}"

    # --- Handlers -----------------------------------------------------------------------------------------------------

    def _add_party(self, row: Row, segment: int) -> None:
        settings = self._moment(segment).settings
        given = row["event.kind"] == "grant" and row["grant.change"] != "revoked"
        granted = given and settings.handling.grant_counts
        judged = self._principal(row, "grantee" if granted else "actor", segment)
        if not granted and any(f"actor.on_behalf_of.{name}" in row for name in ("issuer", "subject", "party")):
            judged = self._graver(judged, self._principal(row, "actor.on_behalf_of", segment), row)
        facts, handled, _, named = judged
        row |= facts
        done = row.get("grant.privileges") if granted else (row["action"],)
        self._add_contract(row, "party", handled, None if done is None else tuple(done), segment)
        row["party.key"] = row.get("party.id") or self._unknown(*named)

    def _graver(self, actor: Handler, behind: Handler, row: Row) -> Handler:
        service = row.get("actor.kind") == "service"
        passes = service and actor[0].get("party.third_party") is False
        if not passes and (behind[2], service) <= (actor[2], not service):
            return actor
        known = actor[0]["party.person_known"] and behind[0]["party.person_known"]
        return {**behind[0], "party.person_known": known}, *behind[1:]

    def _principal(self, row: Row, whose: str, segment: int) -> Handler:
        own, granted = whose == "actor", whose == "grantee"
        issuer, subject, claim = (row.get(f"{whose}.{name}") for name in ("issuer", "subject", "party"))
        identity = self._identity(issuer, subject, row.get("actor.role") if own else None, segment)
        ip, country = (None, None) if granted else (row.get("origin.ip"), row.get("origin.country"))
        nameless = own and row.get("actor.kind") in {"shared", "unknown"}
        placed = not granted and not (own and row.get("actor.kind") == "service" and ip is None and country is None)
        network = self._network(ip, segment) if ip is not None else None
        key = ("party", identity, claim, nameless, network, country, placed, segment)
        if (known := self._known.get(key)) is None:
            who = Who(
                identity=None if identity is None else self.register.identities[identity],
                claim=claim,
                nameless=nameless,
                network=None if network is None else self.register.networks[network],
                claimed_country=country,
                has_place=placed,
            )
            known = self._remember(key, self._handler(who, "party", segment))
        return *known, (claim if known[0]["party.claimed"] else None, issuer, subject)

    def _add_recipient(self, row: Row, segment: int) -> None:
        operator, claimed = row.get("destination.operator"), row.get("destination.claimed_party")
        sent_to = claimed or (operator if row.get("destination.third_party_equipment") else None)
        exposed, to, country = row.get("exposure.party"), row.get("exposure.to"), row.get("exposure.country")
        found = []
        if sent_to is not None:
            place = row.get("destination.equipment_country")
            found.append(self._receiver((sent_to, operator if claimed else None, False, place, True), segment))
        if (
            exposed is not None
            or to in {"named_party", "unknown"}
            or (found and to == "government" and country != JAPAN)
        ):
            found.append(self._receiver((exposed, None, to == "government", country, False), segment))
        if not found:
            return
        facts, handled, _, named = max(found, key=lambda one: one[2])
        row |= facts
        self._add_contract(row, "recipient", handled, None, segment)
        row["recipient.key"] = row.get("recipient.id") or self._unknown(*named)

    def _receiver(self, said: tuple[str | None, str | None, bool, str | None, bool], segment: int) -> Handler:
        key = ("recipient", *said, segment)
        claim, operator, government, country, placed = said
        if (known := self._known.get(key)) is None:
            who = Who(
                claim=claim,
                operator=operator,
                government=government,
                claimed_country=country,
                has_home=False,
                has_place=placed,
            )
            known = self._remember(key, self._handler(who, "recipient", segment))
        return *known, (claim if known[0]["recipient.claimed"] else None, None, None)

    def _handler(self, who: Who, role: str, segment: int) -> tuple[Row, Handled, int]:
        facts, handled = handler_facts(self._moment(segment), who, role)
        named = _under(role, facts.values, HANDLER_FACTS)
        if who.identity is not None:
            named[f"{role}.identity_ref"] = reference("identities", who.identity)
        if facts.values["third_party"] is None:
            named[f"{role}.contract_in_force"] = False
        return named, handled, gravity(facts, who)

    def _add_contract(
        self, row: Row, role: str, handled: Handled, privileges: tuple[str, ...] | None, segment: int
    ) -> None:
        if not row.get(f"{role}.third_party"):
            return
        party, fields = row[f"{role}.id"], row.get("records.fields")
        work = Work(
            asset=row.get("asset.id"),
            fields=None if fields is None else tuple(fields),
            privileges=privileges,
            judged=role == "party",
            purpose=row.get("purpose"),
            countries=handled.countries,
            countries_known=handled.countries_known,
        )
        key = (role, party, handled.contracts, work, segment)
        if (known := self._known.get(key)) is None:
            moment = self._moment(segment)
            under, limit = contract_facts(moment, moment.parties[party], handled.contracts, work)
            known = self._remember(key, (_under(role, under.values, CONTRACT_FACTS), limit))
        facts, limit = known
        row |= facts
        if f"{role}.contract" in facts:
            if limit is None:
                row[f"{role}.users_in_scope"] = True
            elif "records.users" in row:
                row[f"{role}.users_in_scope"] = len(set(row["records.users"])) <= limit

    def _identity(self, issuer: str | None, subject: str | None, role: str | None, segment: int) -> int | None:
        if issuer is None or subject is None:
            return None
        key = ("identity", issuer, subject, role, segment)
        if key in self._known:
            found: int | None = self._known[key]
            return found
        day, entries = self._days[segment], self.register.identities
        candidates = self._identities.find_all(issuer, subject, role)
        found = next((index for index in candidates if holds(entries[index], day)), None)
        self._remember(key, found)
        return found

    def _network(self, ip: str, segment: int) -> int | None:
        key = ("network", ip, segment)
        if key in self._known:
            found: int | None = self._known[key]
            return found
        day, networks = self._days[segment], self.register.networks
        candidates = self._networks.containing(None, ip)
        found = next((index for index in candidates if holds(networks[index], day)), None)
        self._remember(key, found)
        return found

    def _unknown(self, claim: str | None, issuer: str | None, subject: str | None) -> str:
        if claim is not None:
            return f"unknown:{keyed_hex('party', claim, self.keys)[:16]}"
        if issuer is None and subject is None:
            return "unknown:unnamed"
        return f"unknown:{keyed_hex('actor', both(issuer or '', subject or ''), self.keys)[:16]}"


def both(one: str, other: str) -> str:
    """Return two texts as one, as `streams.commit.both` joins them."""
    return f"{len(one.encode())}|{one}|{other}"


def _under(role: str, values: Row, names: Iterable[str]) -> Row:
    """Return the present values of these names under their role."""
    return {f"{role}.{name}": value for name in names if (value := values[name]) is not None}
