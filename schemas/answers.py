"""The settings in their groups; `schemas.interpretations` puts them together and says how to read them.

Law: TBA 電気通信事業法, ORD 電気通信事業法施行規則, REP 電気通信事業報告規則, APPI 個人情報の保護に関する法律,
APPI-R its 施行規則, PPC-G and PPC-X the PPC's guidelines (general; provision to third parties abroad).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Contract
from schemas.register import IdentifierKind, SourceKind
from schemas.settings import Meaning

CountryBasis = Literal["contracting_entity", "operating_entity", "ultimate_parent"]
HandlingBasis = Literal["either", "party", "location"]
LeakStandard = Literal["exposure", "outflow"]
Severity = Literal["ignore", "warn", "fail"]
Days = Annotated[int, Field(ge=1, le=3660)]


class Sui(Contract):
    """What is specified user information (特定利用者情報)."""

    online_identifier_in_scope: Annotated[
        Literal["never", "linked_only", "always"],
        Meaning("definition", "ORD 2-2, 22-2-21", "I", ("Q1",), ("asset.category",), sign_off=True),
    ] = Field("linked_only", description="When Cookie IDs, addresses and the like are category 2.")
    linkable_keys: Annotated[
        tuple[IdentifierKind, ...], Meaning("definition", "ORD 2-2", "I", ("Q1",), ("asset.category",))
    ] = Field(
        ("account_id", "contract_id", "phone", "email"),
        min_length=1,
        description="Identifiers that link a collection to a contract or account user.",
    )
    anonymised_accounts_exempt: Annotated[
        bool, Meaning("definition", "ORD 22-2-21; APPI-R 34 by analogy", "I", ("Q2",), ("asset.category",))
    ] = Field(default=True, description="An account attested as processed beyond recognition is not category 2.")
    anonymisation_applies_to_secrecy: Annotated[
        bool, Meaning("definition", "TBA 4, 27-5 (i)", "I", ("Q2",), ("asset.category",), sign_off=True)
    ] = Field(default=False, description="The same attestation also takes data out of category 1.")


class DesignationThreshold(Contract):
    """Average monthly users of the last fiscal year from which the Minister may designate."""

    free: Annotated[
        Literal[10_000_000], Meaning("reporting", "ORD 22-2-20", "S", ("Q3",), ("usercount",), pinned=True)
    ] = Field(10_000_000, description="Users of a category without fee.")
    paid: Annotated[
        Literal[5_000_000], Meaning("reporting", "ORD 22-2-20", "S", ("Q3",), ("usercount",), pinned=True)
    ] = Field(5_000_000, description="Users of a category with fee.")


class Bands(Contract):
    """Lower bounds of bands 2 and 3 of the user-count report."""

    free: Annotated[
        tuple[Literal[9_000_000], Literal[10_000_000]],
        Meaning("reporting", "REP 2(3)", "S", ("Q3",), ("usercount",), pinned=True),
    ] = Field((9_000_000, 10_000_000), description="Without fee; search and SNS whatever the fee.")
    paid: Annotated[
        tuple[Literal[4_500_000], Literal[5_000_000]],
        Meaning("reporting", "REP 2(4)", "S", ("Q3",), ("usercount",), pinned=True),
    ] = Field((4_500_000, 5_000_000), description="With fee, except search and SNS.")


class Threshold(Contract):
    """How users are counted against the thresholds."""

    aggregation: Annotated[
        Literal["category_and_fee_type", "per_service"],
        Meaning("reporting", "ORD 22-2-20, REP 2(4)", "S", ("Q3",), ("usercount",), sign_off=True),
    ] = Field("category_and_fee_type", description="What the users are summed over.")
    designation: DesignationThreshold = DesignationThreshold()
    bands: Bands = Bands()


class CoveredScope(Contract):
    """Which services a designation covers."""

    covered_services: Annotated[
        Literal["whole_category", "services_over_threshold"],
        Meaning("definition", "ORD 22-2-20", "I", ("Q3",), ("asset.category", "asset.sui"), sign_off=True),
    ] = Field("whole_category", description="All services of a designated category, or those over the threshold.")


class Ancillary(Contract):
    """Options of a covered service."""

    scope: Annotated[
        Literal["inherit_parent_service", "exclude", "review"],
        Meaning("definition", "TBA 27-5", "I", ("Q4",), ("asset.category", "UNKNOWN-CATEGORY"), sign_off=True),
    ] = Field("inherit_parent_service", description="How data of an option is classified; review leaves it unknown.")
    threshold_basis: Annotated[
        Literal["parent_category", "own_count"],
        Meaning("definition", "ORD 22-2-20", "I", ("Q5",), ("asset.category", "usercount"), sign_off=True),
    ] = Field("parent_category", description="Whose user count decides on an option.")
    counts_as_additional_users: Annotated[bool, Meaning("reporting", "ORD 22-2-20", "I", ("Q5",), ("usercount",))] = (
        Field(default=False, description="Users of an option are added to those of its parent.")
    )


class ForeignSystem(Contract):
    """Assessments of foreign systems (外国の制度)."""

    max_age_days: Annotated[
        Days,
        Meaning("rules", "ORD 22-2-22 (i) ホ, 22-2-24", "I", ("Q6",), ("FS-UNASSESSED", "asset.assessment")),
    ] = Field(365, description="Days after which an assessment is stale.")
    accepted_methods: Annotated[
        tuple[SourceKind, ...],
        Meaning("rules", "PPC-X 5-2(2)(1) by analogy", "I", ("R7", "R12", "Q13"), ("FS-NO-SOURCE",)),
    ] = Field(
        ("ppc_survey", "mic_survey", "government_publication", "provider_inquiry", "counsel_opinion"),
        min_length=1,
        description="Kinds of sources that count.",
    )
    min_sources: Annotated[int, Meaning("rules", "PPC-X 5-2(2)(1) by analogy", "I", ("Q13",), ("FS-NO-SOURCE",))] = (
        Field(1, ge=0, le=10, description="Sources that an assessment needs.")
    )


class SecurityOutline(Contract):
    """The outline of security measures in the policy."""

    headings: Annotated[
        tuple[Literal["organisational", "human", "physical", "technical"], ...],
        Meaning("policy", "ORD 22-2-23 (iii) イ; PPC-G 3-8-1", "S", ("Q8",), ("POL-SEC-OUTLINE",)),
    ] = Field(("organisational", "human", "physical", "technical"), description="Headings it covers.")
    missing_heading: Annotated[
        Severity, Meaning("policy", "ORD 22-2-23 (iii) イ", "I", ("Q8",), ("POL-SEC-OUTLINE",))
    ] = Field("warn", description="What a missing heading leads to.")
    empty: Annotated[
        Literal["fail"], Meaning("policy", "ORD 22-2-23 (iii) イ", "S", ("Q8",), ("POL-SEC-OUTLINE",), pinned=True)
    ] = Field("fail", description="What an empty outline leads to.")


class Policy(Contract):
    """The published policy (情報取扱方針)."""

    security_outline: SecurityOutline = SecurityOutline()
    disclosure_mode: Annotated[
        Literal["internet"],
        Meaning("policy", "ORD 22-2-23", "S", ("Q9",), ("XB-STORE", "XB-OUTSOURCE", "XB-CLOUD"), pinned=True),
    ] = Field("internet", description="A line that is told on request only never satisfies an item.")
    may_be_merged: Annotated[
        bool, Meaning("policy", "ORD 22-2-23 and the carriers' paper", "S2", ("R14",), ("POL-NOT-EASY-TO-FIND",))
    ] = Field(default=True, description="It may stand in the privacy policy.")
    required_place: Annotated[
        tuple[Literal["url", "anchor", "checked_on"], ...],
        Meaning("policy", "ORD 22-2-23", "I", ("R14",), ("POL-NOT-EASY-TO-FIND",)),
    ] = Field(("url", "anchor", "checked_on"), description="What every published line must tell of its place.")
    missing_place: Annotated[Severity, Meaning("policy", "ORD 22-2-23", "I", ("R14",), ("POL-NOT-EASY-TO-FIND",))] = (
        Field("warn", description="What a line without them leads to.")
    )


class CloudExceptionSettings(Contract):
    """The cloud exception (クラウド例外)."""

    enabled: Annotated[
        bool,
        Meaning("cross-border", "PPC FAQ A7-53 by analogy", "U", ("Q10",), ("XB-OUTSOURCE", "party.subcontractor")),
    ] = Field(default=True, description="The exception is accepted at all.")
    required_evidence: Annotated[
        tuple[Literal["contract_no_handling_clause"], Literal["access_control_in_place"]],
        Meaning("cross-border", "PPC FAQ A7-53", "S2", ("Q10",), ("party.cloud_exception",), pinned=True),
    ] = Field(("contract_no_handling_clause", "access_control_in_place"), description="Evidence that it needs.")
    removes: Annotated[
        tuple[Literal["outsourcing"], ...],
        Meaning("cross-border", "ORD 22-2-23 (iii) ハ, ニ", "I", ("Q10",), ("XB-OUTSOURCE", "SC-*")),
    ] = Field(("outsourcing",), description="Duties that it removes.")
    never_removes: Annotated[
        tuple[Literal["storage_location"], Literal["foreign_storage_service"]],
        Meaning("cross-border", "ORD 22-2-23 (iii) ロ, ニ", "I", ("Q10",), ("XB-STORE", "XB-CLOUD"), pinned=True),
    ] = Field(("storage_location", "foreign_storage_service"), description="Duties that it never removes.")


class TemporaryStay(Contract):
    """Storage or handling abroad that is meant to end."""

    exempt: Annotated[
        bool,
        Meaning(
            "cross-border",
            "ORD 22-2-23 (iii) is silent",
            "I",
            ("Q11",),
            ("XB-STORE", "destination.stored"),
            sign_off=True,
        ),
    ] = Field(default=False, description="Stays shorter than min_duration need not be published.")
    min_duration: Annotated[
        dt.timedelta,
        Meaning(
            "cross-border",
            "ORD 22-2-23 (iii) is silent",
            "I",
            ("Q11",),
            ("XB-STORE", "destination.stored"),
            sign_off=True,
        ),
    ] = Field(
        dt.timedelta(0), ge=dt.timedelta(0), le=dt.timedelta(days=366), description="Least duration, if exempt is true."
    )


class Transit(Contract):
    """Data that only passes, or is held in memory."""

    treatment: Annotated[
        Literal["review", "ignore", "store"],
        Meaning("cross-border", "ORD 22-2-23 (iii)", "U", ("Q11",), ("XB-TRANSIT", "XB-STORE"), sign_off=True),
    ] = Field("review", description="Whether transit and memory count as storage.")


class ThirdParty(Contract):
    """Where a third party is located."""

    country_basis: Annotated[
        CountryBasis,
        Meaning(
            "cross-border",
            "ORD 22-2-23 (iii) ハ, ニ",
            "U",
            (),
            ("XB-OUTSOURCE", "XB-CLOUD", "party.country"),
            sign_off=True,
        ),
    ] = Field("contracting_entity", description="Which entity's country counts.")


class Handling(Contract):
    """Where and when data is handled."""

    country_basis: Annotated[
        HandlingBasis, Meaning("cross-border", "ORD 22-2-23 (iii) ハ", "U", (), ("XB-OUTSOURCE", "party.abroad"))
    ] = Field("either", description="The party's country, the place of handling, or either.")
    grant_counts: Annotated[
        bool,
        Meaning("cross-border", "MIC's guidance to LINE, 2021-04", "S2", (), ("XB-OUTSOURCE", "SC-*"), sign_off=True),
    ] = Field(default=True, description="A right that is given is judged as if it were used.")


class Appi28(Contract):
    """Provision to third parties abroad under APPI 28."""

    confirm_interval_days: Annotated[
        Days, Meaning("cross-border", "PPC-X 6-1", "S", (), ("APPI-28", "party.appi28_valid"))
    ] = Field(365, description="Days after which equivalent measures must have been confirmed again.")


class Subcontractor(Contract):
    """Supervision of subcontractors (委託先)."""

    review_interval_days: Annotated[
        Days, Meaning("subcontractor", "ORD 22-2-22 (ii) ハ", "I", (), ("SC-STALE-REVIEW", "party.review_current"))
    ] = Field(365, description="Days after which a review of handling is stale.")


class LeakStandards(Contract):
    """What counts as a leak (漏えい)."""

    secrecy: Annotated[
        Literal["exposure"], Meaning("leak", "TBA 4, 28(1)(ii) イ", "M", ("Q15",), ("TBA-SECRECY",), pinned=True)
    ] = Field("exposure", description="For secrecy of communications: others can know it.")
    sui: Annotated[
        LeakStandard, Meaning("leak", "TBA 28(1)(ii) ロ, ORD 58", "U", ("Q15",), ("TBA-SUI",), sign_off=True)
    ] = Field("exposure", description="For category 2: others can know it, or it flowed out.")


class LeakSui(Contract):
    """Leaks of category 2."""

    open_case_on: Annotated[
        LeakStandard, Meaning("leak", "ORD 58(1)", "I", ("Q15",), ("CASE-OPEN",), sign_off=True)
    ] = Field("exposure", description="What opens a case below the threshold.")
    recovered_unseen_is_leak: Annotated[
        bool, Meaning("leak", "PPC-G 3-5-1-2 by analogy", "U", ("Q15",), ("TBA-SUI",))
    ] = Field(default=False, description="Data recovered before anybody saw it leaked; read under outflow only.")
    user_threshold: Annotated[Literal[1000], Meaning("leak", "ORD 58(1)(i)", "S", (), ("TBA-SUI",), pinned=True)] = (
        Field(1000, description="Reportable from one user more than this.")
    )
    unknown_count_is_above: Annotated[
        Literal[True], Meaning("leak", "unknown never passes", "I", (), ("TBA-SUI",), pinned=True)
    ] = Field(default=True, description="A user count that is not known is treated as above the threshold.")


class EncryptionExempt(Contract):
    """Whether data under strong encryption is exempt from leak reports."""

    tba: Annotated[
        bool, Meaning("leak", "ORD 58(1) has no exemption", "S", ("Q15",), ("TBA-SECRECY", "TBA-SUI"), sign_off=True)
    ] = Field(default=False, description="Under the Telecommunications Business Act.")
    appi: Annotated[bool, Meaning("leak", "APPI-R 7(i)", "S", ("Q15",), ("APPI-INCIDENT",))] = Field(
        default=True, description="Under APPI."
    )


class ForeignGovernment(Contract):
    """Provision to a foreign government under a foreign system."""

    min_users: Annotated[
        Literal[0], Meaning("leak", "ORD 58(1)(ii)", "S", ("Q16",), ("TBA-SUI-FG", "GOV-PROVISION"), pinned=True)
    ] = Field(0, description="Reportable at any count.")
    unknown_system_is_affecting: Annotated[
        Literal[True], Meaning("leak", "unknown never passes", "I", ("Q16",), ("TBA-SUI-FG",), pinned=True)
    ] = Field(default=True, description="A system that is not assessed is treated as affecting.")
    publish_years: Annotated[
        Literal[10], Meaning("leak", "ORD 22-2-23 (v)", "S", ("Q16",), ("incident register",), pinned=True)
    ] = Field(10, description="Years in the carrier's publication of incidents.")
    legal_hold: Annotated[bool, Meaning("leak", "TBA 166", "I", ("Q16",), ("TBA-SUI-FG",))] = Field(
        default=True, description="Evidence of the case is held beyond its clocks."
    )
    restricted_visibility: Annotated[
        bool, Meaning("leak", "foreign orders of silence", "I", ("Q16",), ("TBA-SUI-FG",))
    ] = Field(default=True, description="Cases and flags are shown to few.")


class Leak(Contract):
    """Leaks (漏えい) and their reports."""

    standard: LeakStandards = LeakStandards()
    sui: LeakSui = LeakSui()
    encryption_exempt: EncryptionExempt = EncryptionExempt()
    foreign_gov: ForeignGovernment = ForeignGovernment()


class DeadlineTba(Contract):
    """Deadlines of TBA 28."""

    first_hours: Annotated[int, Meaning("deadline", "ORD 57: 速やかに, no count", "I", (), ("cases",))] = Field(
        24, ge=1, le=72, description="Hours to the first report; our target, not the law's."
    )
    detail_days: Annotated[Literal[30], Meaning("deadline", "ORD 57", "S", (), ("cases",), pinned=True)] = Field(
        30, description="Days to the detailed report; the day of knowing is the first."
    )
    roll_to_working_day: Annotated[bool, Meaning("deadline", "PPC-G 3-5-3-4 by analogy", "I", (), ("cases",))] = Field(
        default=True, description="A last day on a closed day moves to the next working day; alerts never move."
    )


class DeadlineAppi(Contract):
    """Deadlines of APPI 26."""

    first_days: Annotated[int, Meaning("deadline", "PPC-G 3-5-3-3", "S", (), ("cases",))] = Field(
        3, ge=1, le=5, description="Days to the preliminary report (速報)."
    )
    final_days: Annotated[Literal[30], Meaning("deadline", "APPI-R 8", "S", (), ("cases",), pinned=True)] = Field(
        30, description="Days to the confirmed report (確報)."
    )
    unlawful: Annotated[Literal[60], Meaning("deadline", "APPI-R 8", "S", (), ("cases",), pinned=True)] = Field(
        60, description="The same for an unlawful purpose."
    )


class Deadline(Contract):
    """Deadlines."""

    tba: DeadlineTba = DeadlineTba()
    appi: DeadlineAppi = DeadlineAppi()
    designation_months: Annotated[
        Literal[3], Meaning("deadline", "TBA 27-6, 27-8, 27-10", "S", (), ("evaluation",), pinned=True)
    ] = Field(3, description="Months from designation to rules, policy and manager.")
    user_report_months: Annotated[Literal[1], Meaning("deadline", "REP 2(3)", "S", (), ("usercount",), pinned=True)] = (
        Field(1, description="Months from the end of the report year to the user-count report.")
    )


class Evaluation(Contract):
    """The yearly evaluation."""

    first_period: Annotated[
        Literal["designation_to_fy_end"],
        Meaning("deadline", "ORD 22-2-24", "S", (), ("evaluation",), pinned=True),
    ] = Field("designation_to_fy_end", description="What the first evaluation covers.")


class Retention(Contract):
    """How long records are kept."""

    incident_days: Annotated[int, Meaning("retention", "ORD 22-2-23 (v)", "S", (), ("erase",))] = Field(
        3653, ge=3653, le=36_600, description="Days for incidents and what proves them."
    )
    audit_days: Annotated[int, Meaning("retention", "APPI 29, 30; ORD 22-2-24 by analogy", "I", (), ("erase",))] = (
        Field(1096, ge=732, le=36_600, description="Days for other audit events and their long clock.")
    )
    comm_history_days: Annotated[
        int, Meaning("retention", "commentary on communications history (通信履歴)", "S2", (), ("erase",))
    ] = Field(180, ge=1, le=365, description="Days for values derived from communications; the short clock.")
