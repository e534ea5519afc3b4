"""The register: what a carrier knows about its services, assets, people, parties, countries and published policy.

People write it as YAML and review it in git; `services.register_files` reads the files and reports every error with
path, line and column; `streams.register` looks things up as of an event's time. Every entry is valid from
``valid_from`` (inclusive) until ``valid_to`` (exclusive, absent: until further notice); legal dates begin at midnight
in Asia/Tokyo. Entries of one kind may repeat an ``id`` as long as their validity does not overlap: that is how
history is written down. Absent facts are unknown facts.

Law: TBA 電気通信事業法, ORD 電気通信事業法施行規則, REP 電気通信事業報告規則, APPI 個人情報の保護に関する法律.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Contract, Count, CountryCode, Id, Sha256, Text

Category = Literal["1", "2", "both", "none"]
"""TBA 27-5: 1 secrecy of communications, 2 identifying a user, both, or none of them."""

RepCategory = Literal[
    "fixed_phone", "mobile_phone", "ip_phone", "internet_access", "ftth", "catv", "bwa", "public_wifi", "mvno",
    "email", "messaging", "search", "sns", "other",
]  # fmt: skip
"""Service categories of REP 2(3), in the order of its table."""

PartyKind = Literal[
    "own", "subcontractor", "re_subcontractor", "cloud_provider", "group_company", "government", "other"
]
Umu = Literal["yes", "no"]
"""有無: whether a foreign system (外国の制度) exists that is likely to affect proper handling."""
SourceKind = Literal[
    "ppc_survey", "mic_survey", "government_publication", "provider_inquiry", "counsel_opinion", "other"
]
PolicyItem = Literal["storage", "storage_party", "outsourcing", "cloud"]
"""Items of ORD 22-2-23 (iii): ロ(1) storage, ロ(2) storage_party, ハ outsourcing, ニ cloud."""


IdentifierKind = Literal[
    "account_id", "contract_id", "phone", "email", "name", "cookie_id", "ip_address", "advertising_id", "device_id",
]  # fmt: skip
"""Kinds of identifiers that a collection may hold (Q1)."""


class Entry(Contract):
    """What every entry has."""

    valid_from: dt.date = Field(description="First day, Asia/Tokyo.")
    valid_to: dt.date | None = Field(None, description="First day on which it no longer holds, Asia/Tokyo.")
    note: Text | None = Field(None, description="For people; not interpreted.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Entry:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            message = "valid_to must be later than valid_from"
            raise ValueError(message)
        return self


class NamedEntry(Entry):
    """An entry that others refer to by its id."""

    id: Id = Field(description="The name others refer to it by.")


class DocumentRef(Contract):
    """A document kept elsewhere, held fast by its hash."""

    title: Text = Field(description="What it is.")
    sha256: Sha256 = Field(description="SHA-256 of the file.")
    dated: dt.date | None = Field(None, description="Date of the document.")


class Filing(Contract):
    """One version of the handling rules (情報取扱規程) or of the policy (情報取扱方針)."""

    version: Text = Field(description="The carrier's own version name.")
    kind: Literal["rules", "policy"] = Field(description="規程 (TBA 27-6) or 方針 (TBA 27-8).")
    effective_from: dt.date = Field(description="In force from.")
    sha256: Sha256 = Field(description="SHA-256 of the file.")
    filed_on: dt.date | None = Field(None, description="Filing date with the Minister (rules).")
    receipt: Text | None = Field(None, description="Receipt number.")
    url: Text | None = Field(None, description="Where it is published (policy).")
    capture_sha256: Sha256 | None = Field(None, description="Hash of the capture of the published page.")


class Manager(Contract):
    """特定利用者情報統括管理者 (TBA 27-10, 27-11)."""

    title: Text = Field(description="Position; not the person's name.")
    appointed_on: dt.date = Field(description="Date of appointment.")
    dismissed_on: dt.date | None = Field(None, description="Date of dismissal.")
    notified_on: dt.date | None = Field(None, description="Date of the notice to the Minister.")
    opinions: tuple[DocumentRef, ...] = Field((), description="Opinions given (27-11).")
    responses: tuple[DocumentRef, ...] = Field((), description="The carrier's responses to them (27-11).")


class Designation(Contract):
    """A notice under TBA 27-5: all duties run from its date."""

    service_category: RepCategory = Field(description="Category designated.")
    designated_on: dt.date = Field(description="Date of designation.")
    notice: Text | None = Field(None, description="Number of the 告示 or of the notice.")


class Carrier(Entry):
    """The carrier itself."""

    name: Text = Field(description="Legal name.")
    registration_number: Text | None = Field(None, description="Registration or notification number.")
    bureau: Text | None = Field(None, description="総合通信局 of the head office's region.")
    designations: tuple[Designation, ...] = Field((), description="Designation notices.")
    filings: tuple[Filing, ...] = Field((), description="Versions of rules and policy.")
    managers: tuple[Manager, ...] = Field((), description="Managers, in order.")


class MonthlyUsers(Contract):
    """One monthly figure of users (利用者) that received the service."""

    month: Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] = Field(description="YYYY-MM.")
    users: Count = Field(description="Users that received the service in the month.")
    signed_off_by: Text | None = Field(None, description="Position of the owner of the figure who signed it off.")


class Service(NamedEntry):
    """A telecom service, or an option of one."""

    name: Text = Field(description="Its name.")
    category: RepCategory | None = Field(None, description="REP 2(3) category; an option has none of its own.")
    fee: Literal["free", "paid"] | None = Field(None, description="Fee type, judged at the start of provision.")
    parent: Id | None = Field(None, description="Service that an option belongs to (Q4, Q5).")
    monthly_users: tuple[MonthlyUsers, ...] = Field((), description="Monthly figures.")


class LogSource(Contract):
    """A log that tells of accesses to an asset."""

    source: Text = Field(description="CloudEvents `source` it arrives under.")
    expected_every_minutes: Annotated[int, Field(ge=1, le=525_600)] = Field(description="Longest silence to expect.")


class Anonymisation(Contract):
    """Attestation that an account code was processed beyond recognition (Q2). All four conditions must be true."""

    indistinguishable: bool = Field(description="Nobody can be told apart.")
    irreversible: bool = Field(description="Cannot be restored.")
    source_deleted: bool = Field(description="The data it was made from is deleted.")
    linked_data_non_identifying: bool = Field(description="What is filed under it identifies nobody.")
    method: Text = Field(description="How.")
    approver: Text = Field(description="Who approved it (position).")
    date: dt.date = Field(description="When; the attestation counts from this day on.")


class Locator(Contract):
    """One way in which logs name an asset.

    ``*`` stands for any run of characters, ``?`` for one. The most specific pattern wins; a tie is an error.
    """

    pattern: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(description="Pattern.")


class Asset(NamedEntry):
    """A collection of data: database, bucket, topic, file share, paper archive."""

    name: Text = Field(description="Its name.")
    locators: tuple[Locator, ...] = Field(
        (), description="How logs name it; the most specific pattern wins, also when it has ended."
    )
    service: Id | None = Field(None, description="Service in relation to which the data was acquired (27-5).")
    category: Category | None = Field(
        None, description="Declared category; absent: derived from the description below."
    )
    identifiers: tuple[IdentifierKind, ...] = Field((), description="Kinds of identifiers it holds (Q1).")
    linked_to_account: bool | None = Field(None, description="Keyed or linkable to an account or contract (Q1).")
    searchable_collection: bool | None = Field(None, description="Constitutes a searchable collection (ORD 22-2-21).")
    relates_to_communication: bool | None = Field(None, description="Tells of individual communications (category 1).")
    user_population: Count | None = Field(None, description="Users (利用者) in it at most.")
    natural_persons: bool | None = Field(None, description="Holds data of natural persons (APPI applies).")
    sensitive: bool | None = Field(None, description="Sensitive personal information (要配慮個人情報).")
    payment_data: bool | None = Field(None, description="Payment data: a leak risks property damage.")
    equipment_country: CountryCode | None = Field(None, description="Country where the equipment stands.")
    operator: Id | None = Field(None, description="Party that operates the equipment.")
    storage_service: bool | None = Field(
        None, description="Stored with a telecom service that is aimed at storing information (ORD 22-2-23 (iii) ニ)."
    )
    anonymisation: Anonymisation | None = Field(None, description="Attestation of Q2.")
    log_sources: tuple[LogSource, ...] = Field((), description="Logs that tell of it.")


class Identity(NamedEntry):
    """Who somebody is, told by issuer and subject, by role, or by group; a shared account is an unknown person.

    ``subject`` may hold ``*`` and ``?``; the most specific pattern wins, and a tie is an error.
    """

    issuer: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(description="Issuer, or a pattern.")
    subject: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(
        description="Subject, or a pattern."
    )
    role: Text | None = Field(None, description="Only when acting under this role.")
    party: Id | None = Field(None, description="Party they work for.")
    home_country: CountryCode | None = Field(None, description="Country of the home office.")
    contract: Id | None = Field(None, description="Contract they work under.")
    shared: bool = Field(default=False, description="A shared account: an unknown person.")


class Review(Contract):
    """One review of how a subcontractor handles the data (取扱状況の把握, ORD 22-2-22 (ii) ハ)."""

    date: dt.date = Field(description="Date of the review.")
    result: Literal["good", "issues", "failed"] = Field(description="Its result.")
    document: DocumentRef | None = Field(None, description="Report.")


class Selection(Contract):
    """Record of the selection of a subcontractor (委託先の選定, ORD 22-2-22 (ii) イ)."""

    date: dt.date = Field(description="Date of the selection.")
    document: DocumentRef | None = Field(None, description="Record.")


class CloudException(Contract):
    """Evidence for the cloud exception (クラウド例外, Q10)."""

    contract_no_handling_clause: bool = Field(description="A clause says that the provider does not handle the data.")
    access_control_in_place: bool = Field(description="Access is properly controlled.")
    evidence_date: dt.date = Field(description="Date of the evidence; counts from this day on.")
    document: DocumentRef | None = Field(None, description="Evidence.")


class Appi28Basis(Contract):
    """Basis for provision to a foreign third party (APPI 28)."""

    kind: Literal["consent", "equivalent_country", "equivalent_measures"] = Field(description="Which basis.")
    since: dt.date = Field(description="Holds from this day on.")
    confirmed_on: dt.date | None = Field(None, description="Last confirmation (equivalent measures: once a year).")


class Party(NamedEntry):
    """An organisation: ourselves, a subcontractor (委託先), a provider, a group company, a government."""

    name: Text = Field(description="Legal name.")
    kind: PartyKind = Field(description="What it is to the carrier.")
    legal_personality: bool = Field(default=True, description="Has legal personality of its own.")
    contracting_entity: Text | None = Field(None, description="Entity that signs.")
    contracting_country: CountryCode | None = Field(None, description="Where the contracting entity is located.")
    operating_entity: Text | None = Field(None, description="Entity that does the work.")
    operating_country: CountryCode | None = Field(None, description="Where the operating entity is located.")
    ultimate_parent: Text | None = Field(None, description="Ultimate parent.")
    parent_country: CountryCode | None = Field(None, description="Where the ultimate parent is located.")
    accounts: tuple[Text, ...] = Field((), description="Accounts at providers, for example `aws:123456789012`.")
    principal: Id | None = Field(None, description="Re-subcontractor (再委託先): the subcontractor it works for.")
    selection: Selection | None = Field(None, description="Selection record.")
    reviews: tuple[Review, ...] = Field((), description="Reviews of handling.")
    cloud_exception: CloudException | None = Field(None, description="Evidence of Q10.")
    appi28: Appi28Basis | None = Field(None, description="Basis under APPI 28.")
    documents: tuple[DocumentRef, ...] = Field((), description="Further documents.")


class Scope(Contract):
    """What a contract allows. An absent list is unknown and allows nothing; ``*`` in a list allows everything."""

    assets: tuple[Id | Literal["*"], ...] | None = Field(None, description="Assets.")
    fields: tuple[Text, ...] | None = Field(None, description="Names of fields.")
    privileges: tuple[Text, ...] | None = Field(None, description="Actions and granted privileges.")
    purposes: tuple[Text, ...] | None = Field(None, description="Purposes.")
    countries: tuple[CountryCode | Literal["*"], ...] | None = Field(None, description="Countries of handling.")
    users_per_day: Count | None = Field(None, description="Users (利用者) per day at most; absent: no limit agreed.")


class ResubApproval(Contract):
    """Prior report or approval of a re-subcontract, for one contract and one piece of work."""

    party: Id = Field(description="Re-subcontractor.")
    work: Text = Field(description="The work, one of the contract's purposes, or `*`.")
    approved_on: dt.date = Field(description="Holds from this day on.")
    until: dt.date | None = Field(None, description="First day on which it no longer holds.")
    document: DocumentRef | None = Field(None, description="Approval.")


class OutsourcingContract(NamedEntry):
    """A contract with a party; its validity is the contract's period."""

    party: Id = Field(description="The other side.")
    sui_terms: bool = Field(description="Has terms on handling of SUI (ORD 22-2-22 (ii) ロ).")
    scope: Scope = Field(description="What it allows.")
    resub_approvals: tuple[ResubApproval, ...] = Field((), description="Approved re-subcontracts.")
    document: DocumentRef | None = Field(None, description="The contract.")


class SurveySource(Contract):
    """A source of an assessment (Q12, Q13)."""

    kind: SourceKind = Field(description="What kind of source.")
    url: Text | None = Field(None, description="Where.")
    dated: dt.date | None = Field(None, description="Date of the source.")


class Country(Entry):
    """What is known of a foreign country's systems (外国の制度, ORD 22-2-22 (i) ホ)."""

    code: CountryCode = Field(description="ISO 3166-1 alpha-2.")
    affecting: Literal["yes", "no", "unknown"] = Field(description="Whether an affecting system exists (有無).")
    kinds: tuple[Literal["government_access", "localisation", "other"], ...] = Field(
        (), description="Kinds of systems."
    )
    applies_to: Text | None = Field(None, description="To whom the systems apply.")
    sources: tuple[SurveySource, ...] = Field((), description="Sources.")
    assessed_on: dt.date | None = Field(None, description="Date of the assessment.")
    assessed_by: Text | None = Field(None, description="Position of the assessor.")
    in_use_from: dt.date | None = Field(None, description="First day of planned use; absent: not in use.")


class PolicyLine(Entry):
    """One line of the published policy (情報取扱方針, ORD 22-2-23 (iii)). Its validity is its time on the page."""

    id: Id = Field(description="Name of the line.")
    item: PolicyItem = Field(description="ロ(1) storage, ロ(2) storage_party, ハ outsourcing, ニ cloud.")
    country: CountryCode | None = Field(None, description="Country named.")
    party: Id | None = Field(None, description="Third party named (ロ(2)).")
    umu: Umu | None = Field(
        None, description="Published 有無; a line on a country without it does not satisfy the item."
    )
    url: Text | None = Field(None, description="Page.")
    anchor: Text | None = Field(None, description="Place on the page.")
    checked_on: dt.date | None = Field(None, description="When it was last seen there (R14).")
    disclosure: Literal["internet", "on_request"] = Field(
        "internet", description="on_request never satisfies ORD 22-2-23 (Q9)."
    )

    @model_validator(mode="after")
    def _names_what_its_item_needs(self) -> PolicyLine:
        if self.item == "storage_party" and self.party is None:
            message = "a storage_party line must name the party"
            raise ValueError(message)
        if self.item != "storage_party" and self.country is None:
            message = f"a line of item {self.item} must name the country"
            raise ValueError(message)
        return self


class PlannedTransfer(NamedEntry):
    """A transfer approved beforehand. A claim in an event counts only if it resolves to one of these."""

    approver: Text = Field(description="Position of the approver.")
    assets: tuple[Id, ...] = Field(description="Assets it covers.")
    recipients: tuple[Id, ...] = Field((), description="Parties it covers; empty: any own party only.")
    countries: tuple[CountryCode, ...] = Field((), description="Countries it covers; empty: Japan only.")
    deletion_due: dt.date | None = Field(None, description="By when copies are deleted.")
    document: DocumentRef | None = Field(None, description="Approval.")


class Network(NamedEntry):
    """An address range and what is behind it. The longest prefix wins; a tie is an error."""

    cidr: Annotated[str, StringConstraints(min_length=2, max_length=64)] = Field(description="IPv4 or IPv6 range.")
    country: CountryCode | None = Field(None, description="Country where its hosts stand.")
    party: Id | None = Field(None, description="Whose hosts they are.")
    place: Text | None = Field(None, description="Office, data centre.")


class Region(Entry):
    """A provider's region name and the country it stands in, where the built-in table does not know it."""

    provider: Id = Field(description="Register id of the provider.")
    name: Text = Field(description="Region name as logs show it.")
    country: CountryCode = Field(description="Country.")


class Register(Contract):
    """A whole register. An entry's key is its part, its id (or code, or provider and name) and valid_from.

    Read from files, each part is sorted by that key: how entries are spread over files does not change the version.
    """

    carrier: tuple[Carrier, ...] = Field((), description="The carrier itself.")
    services: tuple[Service, ...] = Field((), description="Telecom services and their options.")
    assets: tuple[Asset, ...] = Field((), description="Collections of data.")
    identities: tuple[Identity, ...] = Field((), description="Who logs speak of.")
    parties: tuple[Party, ...] = Field((), description="Organisations, ourselves included.")
    contracts: tuple[OutsourcingContract, ...] = Field((), description="Contracts with parties.")
    countries: tuple[Country, ...] = Field((), description="Assessments of foreign systems.")
    policy: tuple[PolicyLine, ...] = Field((), description="Lines of the published policy.")
    planned_transfers: tuple[PlannedTransfer, ...] = Field((), description="Transfers approved beforehand.")
    networks: tuple[Network, ...] = Field((), description="Address ranges.")
    regions: tuple[Region, ...] = Field((), description="Regions that the built-in table does not know.")


class RegisterVersion(Contract):
    """A loaded register: its content hash names it."""

    sha256: Sha256 = Field(description="SHA-256 over the canonical JSON of the register.")
    recorded_at: dt.datetime = Field(description="When it was loaded, UTC.")
    entries: Count = Field(description="Number of entries.")
