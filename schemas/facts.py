"""The catalogue of columns: every field of an event and every fact that a rule may look at.

A *field* is what the event says; a *fact* is what the register, the published policy and the interpretations say about
it at the event's time. Both are columns with dotted names; a Sigma rule uses exactly these names. Null means absent,
and absent means unknown.

Two families repeat for two roles each, computed by the same functions:

* a **place** (``asset``: where the touched data stands; ``destination``: where a transfer puts it);
* a **handler** (``party``: who acts, for a grant who gets the right; ``recipient``: who receives a transfer or to whom
  data is exposed). Of who acts and the one acted for, and of two recipients, the graver one is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ColumnType = Literal["text", "bool", "int", "time", "texts"]
Origin = Literal["event", "register", "policy", "interpretation", "computed"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the frames between decode and judge.

    Attributes:
        name: dotted name, the same in frames, rules, SQL and documentation.
        type: text (String), bool (Boolean), int (Int64), time (Datetime µs UTC), texts (List of String).
        doc: what it says, for people.
        origin: where its value comes from.
        personal: its value never enters a record, a log or an error; a record commits to it, or to the message that it
            stands in. What a producer may fill with anything counts as personal, claims of ids among it.
        exact: values are canonical (ids, enumerations, codes), so rules compare them without case folding.
        values: the allowed values of an enumeration.
    """

    name: str
    type: ColumnType
    doc: str
    origin: Origin
    personal: bool = False
    exact: bool = False
    values: tuple[str, ...] = ()


def _event(name: str, kind: ColumnType, doc: str, **more: bool | tuple[str, ...]) -> Column:
    return Column(name, kind, doc, "event", **more)  # type: ignore[arg-type]


KINDS: Final = ("access", "transfer", "grant", "act")

POSITION: Final = (
    _event("position.source", "text", "Source that the message was read from.", exact=True),
    _event("position.partition", "int", "Partition of the source; 0 for files."),
    _event("position.offset", "int", "Offset in the partition; line or element index of a file, from 0."),
    _event("position.part", "int", "Index of the event within its message; 0 unless one message holds several."),
)

EVENT: Final = (
    _event("event.kind", "text", "access, transfer, grant or act.", exact=True, values=KINDS),
    _event("event.id", "text", "CloudEvents id.", exact=True),
    _event("event.source", "text", "CloudEvents source.", exact=True),
    _event("event.time", "time", "When it happened."),
    _event("actor.issuer", "text", "Who vouches for the actor."),
    _event("actor.subject", "text", "Name of the actor within the issuer.", personal=True),
    _event("actor.kind", "text", "person, service, shared, unknown.", exact=True),
    _event("actor.role", "text", "Role under which the actor acted."),
    _event("actor.party", "text", "Party that the actor is claimed to work for.", exact=True, personal=True),
    _event("actor.on_behalf_of.issuer", "text", "Who vouches for the one acted for."),
    _event("actor.on_behalf_of.subject", "text", "For whom the actor acted.", personal=True),
    _event("actor.on_behalf_of.party", "text", "Party that is claimed to be acted for.", exact=True, personal=True),
    _event("origin.ip", "text", "Source address.", personal=True),
    _event("origin.country", "text", "Country that the event claims to come from.", exact=True),
    _event("asset.claimed_id", "text", "Asset id as the event says it.", exact=True, personal=True),
    _event("asset.locator", "text", "Locator as the event says it.", personal=True),
    _event("asset.region", "text", "Provider region as the event says it."),
    _event("action", "text", "What was done, in our words.", exact=True),
    _event("operation", "text", "What was done, in the source system's words."),
    _event("outcome", "text", "success, denied, failure.", exact=True, values=("success", "denied", "failure")),
    _event("records.count", "int", "Records touched."),
    _event("records.fields", "texts", "Names of the fields touched."),
    _event("records.users", "texts", "References of the users (利用者) concerned.", personal=True),
    _event("purpose", "text", "Stated purpose.", personal=True),
    _event("ticket", "text", "Work order.", personal=True),
    _event("approval", "texts", "Claims of approval.", personal=True),
    _event("destination.claimed_asset", "text", "Receiving asset as the event says it.", exact=True, personal=True),
    _event("destination.locator", "text", "Receiving locator.", personal=True),
    _event("destination.region", "text", "Provider region of the receiver."),
    _event("destination.claimed_party", "text", "Receiving party as the event says it.", exact=True, personal=True),
    _event("destination.claimed_country", "text", "Receiving country as the event says it.", exact=True),
    _event("destination.protocol", "text", "Protocol."),
    _event("destination.encrypted", "bool", "Encrypted on the way."),
    _event("destination.bytes", "int", "Bytes transferred."),
    _event("destination.persistence", "text", "stored, transit, memory.", exact=True),
    _event("destination.temporary.until", "time", "When a temporary copy will have been deleted."),
    _event("destination.temporary.purpose", "text", "What the temporary copy is for.", personal=True),
    _event("exposure.to", "text", "named_party, any_account, public, government, unknown (the event does not say).",
           exact=True, values=("named_party", "any_account", "public", "government", "unknown")),
    _event("exposure.party", "text", "Named party or foreign account number.", exact=True, personal=True),
    _event("exposure.country", "text", "Country of the party or government.", exact=True),
    _event("exposure.system", "text", "Law or system that a government invoked.", personal=True),
    _event("grantee.issuer", "text", "Who vouches for the grantee."),
    _event("grantee.subject", "text", "Who got or lost the right.", personal=True),
    _event("grantee.party", "text", "Party that the grantee is claimed to work for.", exact=True, personal=True),
    _event("grant.change", "text", "given, changed, revoked.", exact=True, values=("given", "changed", "revoked")),
    _event("grant.privileges", "texts", "What the right allows."),
    _event("grant.until", "time", "When the right ends by itself."),
    _event("act.kind", "text", "What kind of act in Ashiato itself.", exact=True),
    _event("act.subject", "text", "What the act is about.", personal=True),
)  # fmt: skip


def _place(role: str, what: str) -> tuple[Column, ...]:
    """Facts of a place where data stands."""
    return (
        Column(f"{role}.id", "text", f"Register id of {what}; absent if the register does not know it.", "register", exact=True),
        Column(f"{role}.key", "text", "The id, or `unregistered:` and a keyed pseudonym of what the event said.", "computed", exact=True),
        Column(f"{role}.known", "bool", f"Whether the register knows {what} at the event's time.", "register"),
        Column(f"{role}.ref", "text", "Register entry that the facts come from.", "register", exact=True),
        Column(f"{role}.equipment_country", "text", "Country in which the equipment stands: register, else region table, else the event's claim.", "register", exact=True),
        Column(f"{role}.abroad", "bool", "Equipment stands outside Japan; absent if the country is unknown.", "computed"),
        Column(f"{role}.country_from", "text", "register, region, network or event: where the country comes from.", "computed", exact=True),
        Column(f"{role}.country_disputed", "bool", "The event's region or claim names another country than the one that counts.", "computed"),
        Column(f"{role}.region_unknown", "bool", "The event names a region, and neither register nor region table knows where it is.", "computed"),
        Column(f"{role}.stored", "bool", "Data is stored there (transit.treatment decides on transit and memory; temporary.* on temporary stays).", "interpretation"),
        Column(f"{role}.in_transit", "bool", "Only transit or memory, and transit.treatment asks for a review.", "interpretation"),
        Column(f"{role}.operator", "text", "Party that operates the equipment.", "register", exact=True),
        Column(f"{role}.third_party_equipment", "bool", "The equipment is a third party's.", "register"),
        Column(f"{role}.operator_country", "text", "Where the operator is located (third_party.country_basis).", "register", exact=True),
        Column(f"{role}.operator_abroad", "bool", "The operator is located outside Japan; absent if unknown.", "computed"),
        Column(f"{role}.storage_service", "bool", "A telecom service aimed at storing information.", "register"),
        Column(f"{role}.cloud_exception", "bool", "Valid evidence of the cloud exception (Q10).", "interpretation"),
        Column(f"{role}.policy_lists_storage", "bool", "The policy of that day lists (country, 有無) for ロ(1).", "policy"),
        Column(f"{role}.policy_names_operator", "bool", "The policy of that day names the operator for ロ(2).", "policy"),
        Column(f"{role}.policy_lists_cloud", "bool", "The policy of that day lists the operator's country for ニ.", "policy"),
        Column(f"{role}.policy_lists_outsourcing", "bool", "The policy of that day lists the operator's country for ハ.", "policy"),
        Column(f"{role}.assessment", "text", "Assessment of the equipment's and operator's foreign countries, the worst of them: current, stale, unknown, missing.", "register", exact=True, values=("current", "stale", "unknown", "missing")),
        Column(f"{role}.assessment_sources", "int", "Accepted sources of the weakest current assessment.", "register"),
        Column(f"{role}.assessment_sourced", "bool", "Every current assessment has at least foreign_system.min_sources accepted sources; absent without a current one.", "interpretation"),
        Column(f"{role}.country_in_use", "bool", "All of the foreign countries have an in_use_from that is not later than the event.", "register"),
        Column(f"{role}.foreign_countries", "text", "The foreign countries looked at, sorted, joined by `+`.", "computed", exact=True),
        Column(f"{role}.umu_matches", "bool", "The published 有無 of the foreign countries agrees with their current assessments; absent if nothing can be compared.", "policy"),
    )  # fmt: skip


def _handler(role: str, what: str) -> tuple[Column, ...]:
    """Facts of a party that handles data."""
    return (
        Column(f"{role}.id", "text", f"Register id of {what}; absent if the register does not know it.", "register", exact=True),
        Column(f"{role}.key", "text", "The id, or `unknown:` and a keyed pseudonym of what the event said.", "computed", exact=True),
        Column(f"{role}.known", "bool", f"Whether the register knows {what} at the event's time; absent if the event has none.", "register"),
        Column(f"{role}.claimed", "bool", "The event names a party that the register does not know at that time.", "computed"),
        Column(f"{role}.ref", "text", "Register entry of the party.", "register", exact=True),
        Column(f"{role}.identity_ref", "text", "Register entry of the identity.", "register", exact=True),
        Column(f"{role}.person_known", "bool", "The identity is known, not a shared account, and no own one in the network of another organisation (a cloud provider's aside); of a proxy and the one behind it, both are.", "register"),
        Column(f"{role}.kind", "text", "own, subcontractor, re_subcontractor, cloud_provider, group_company, government, other.", "register", exact=True),
        Column(f"{role}.third_party", "bool", "Not the carrier itself.", "register"),
        Column(f"{role}.subcontractor", "bool", "Third party that handles on the carrier's behalf: supervision applies (a valid cloud exception lifts it).", "interpretation"),
        Column(f"{role}.principal", "text", "Re-subcontractor: the subcontractor it works for.", "register", exact=True),
        Column(f"{role}.country", "text", "Where the party is located (third_party.country_basis).", "register", exact=True),
        Column(f"{role}.home_country", "text", "Home office of the identity.", "register", exact=True),
        Column(f"{role}.place_country", "text", "Country that the actor came from: network, MMDB, else the event's claim; for a recipient the destination's country.", "register", exact=True),
        Column(f"{role}.abroad", "bool", "Handles abroad (handling.country_basis); absent if it cannot be known.", "interpretation"),
        Column(f"{role}.foreign_countries", "text", "The foreign countries looked at, sorted, joined by `+`.", "computed", exact=True),
        Column(f"{role}.countries_known", "bool", "Every country that handling.country_basis asks for is known.", "interpretation"),
        Column(f"{role}.policy_lists_outsourcing", "bool", "The policy of that day lists every one of the foreign countries for ハ, with 有無; false while one of the countries is unknown.", "policy"),
        Column(f"{role}.umu_matches", "bool", "The published 有無 of the countries agrees with their current assessments; absent if nothing can be compared.", "policy"),
        Column(f"{role}.cloud_exception", "bool", "Valid evidence of the cloud exception (Q10).", "interpretation"),
        Column(f"{role}.assessment", "text", "Assessment of the foreign countries, the worst of them: current, stale, unknown, missing.", "register", exact=True, values=("current", "stale", "unknown", "missing")),
        Column(f"{role}.assessment_sources", "int", "Accepted sources of the weakest current assessment.", "register"),
        Column(f"{role}.assessment_sourced", "bool", "Every current assessment has at least foreign_system.min_sources accepted sources; absent without a current one.", "interpretation"),
        Column(f"{role}.country_in_use", "bool", "All of the foreign countries have an in_use_from that is not later than the event.", "register"),
        Column(f"{role}.appi28_valid", "bool", "A basis under APPI 28 holds (equivalent measures: confirmed within a year).", "register"),
        Column(f"{role}.selected", "bool", "A selection record exists.", "register"),
        Column(f"{role}.review_current", "bool", "The last review is not older than subcontractor.review_interval_days.", "interpretation"),
        Column(f"{role}.contract", "text", "Contract in force under which it handles.", "register", exact=True),
        Column(f"{role}.contract_in_force", "bool", "A contract with SUI terms is in force.", "register"),
        Column(f"{role}.contract_ended", "bool", "A contract existed but its period is over or has not begun.", "register"),
        Column(f"{role}.asset_in_scope", "bool", "The contract's scope names the asset.", "register"),
        Column(f"{role}.fields_in_scope", "bool", "The contract's scope names every field touched.", "register"),
        Column(f"{role}.privileges_in_scope", "bool", "The contract's scope names the action, and every granted privilege.", "register"),
        Column(f"{role}.purpose_in_scope", "bool", "The contract's scope names the purpose.", "register"),
        Column(f"{role}.countries_in_scope", "bool", "The contract's scope names the countries of handling.", "register"),
        Column(f"{role}.users_in_scope", "bool", "This event alone stays within the users per day.", "register"),
        Column(f"{role}.resub_approved", "bool", "Re-subcontractor: approved for the contract and the work.", "register"),
    )  # fmt: skip


FACTS: Final = (
    *_place("asset", "the asset"),
    *_place("destination", "the receiving asset"),
    *_handler("party", "the party that acts"),
    *_handler("recipient", "the party that receives"),
    Column("asset.category", "text", "1, 2, both, none; absent if unknown (TBA 27-5, Q1, Q2, Q4, Q5).", "register", exact=True, values=("1", "2", "both", "none")),
    Column("asset.category_reason", "text", "Why it has that category.", "interpretation", exact=True),
    Column("asset.sui", "bool", "Specified user information (特定利用者情報): category 1, 2 or both; absent if unknown.", "register"),
    Column("asset.secrecy", "bool", "Category 1 or both.", "register"),
    Column("asset.natural_persons", "bool", "Holds data of natural persons.", "register"),
    Column("asset.sensitive", "bool", "Holds sensitive personal information.", "register"),
    Column("asset.payment_data", "bool", "Holds payment data.", "register"),
    Column("asset.user_population", "int", "Users in it at most.", "register"),
    Column("asset.service", "text", "Covered service in relation to which the data was acquired.", "register", exact=True),
    Column("asset.designated", "bool", "The covered service's category was designated (TBA 27-5) by the day of the event; absent if unknown.", "register"),
    Column("exposure.party_known", "bool", "The register knows the party that data is exposed to; absent if the event names none.", "register"),
    Column("planned.id", "text", "Planned transfer that an approval claim of the event resolves to.", "register", exact=True),
    Column("planned.claimed", "bool", "The event claims an approval.", "computed"),
    Column("event.contents", "int", "1, or 2 if several contents are known under the identity (source, id); set by the identity review.", "computed"),
)  # fmt: skip

COLUMNS: Final = {column.name: column for column in (*POSITION, *EVENT, *FACTS)}
"""Every column by name; the order is the order of frames and of the generated reference."""
