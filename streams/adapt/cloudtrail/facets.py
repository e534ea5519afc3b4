"""What else a record says beside who touched what: data shared, a right given, data sent elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from schemas.events import GrantChange
from streams.adapt.cloudtrail.actions import outcome_of
from streams.adapt.cloudtrail.policies import ANYONE, FEDERATED
from streams.adapt.cloudtrail.record import Record, account_of
from streams.adapt.contract import text
from streams.fast_events import Destination, Exposure, Principal


@dataclass(frozen=True, slots=True)
class Right:
    """A right given, changed or revoked; ``locators`` name what it opens, if that is not the record's asset."""

    grantee: Principal
    change: GrantChange
    privileges: tuple[str, ...] = ()
    locators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """Data sent elsewhere; ``locator`` and ``region`` name where it came from, if that is not the record's asset."""

    destination: Destination
    locator: str | None = None
    region: str | None = None
    exposure: Exposure | None = None


Facet = Exposure | Right | Sent
_Facet = TypeVar("_Facet", bound=Facet)

PUBLIC: Final = Exposure(to="public")
ANY_ACCOUNT: Final = Exposure(to="any_account")
UNREAD: Final = Exposure(to="unknown")
"""Part of a call that shares, gives or sends data could not be read: who could come to know it, is unknown."""
NOWHERE: Final = Sent(Destination(), exposure=UNREAD)
"""The same of where a call sends data to."""


def told(record: Record, found: Iterable[_Facet], unread: _Facet | None = None) -> list[_Facet]:
    """Return what was found in a call; ``unread`` too where the record keeps back what the call asked for.

    Nothing is unread of a call without effect: it shared nothing, and CloudTrail leaves out what it asked for. Nor of
    an insight, which is no call. Of what the public knows, nobody is left who could come to know it.
    """
    facets = list(found)
    if outcome_of(record) != "success" or record.counts_calls:
        return [one for one in facets if UNREAD not in (one, getattr(one, "exposure", None))]
    if unread is not None and record.kept_back and unread not in facets and PUBLIC not in facets:
        facets.append(unread)
    return facets


def exposure_to(record: Record, principal: object) -> Exposure | None:
    """Return the exposure to a principal of a policy or a share; None within the record's own account.

    Whatever is no text names nobody that could be read.
    """
    if not isinstance(principal, str) or not principal:
        return UNREAD
    if principal in {ANYONE, "all", "All", "ALL"}:
        return PUBLIC
    account = account_of(principal)
    if account is not None and account == record.account:
        return None
    return Exposure(to="named_party", party=text(f"aws:{account or principal}"))


def principal_of(record: Record, name: str) -> Principal:
    """Return the grantee that an ARN, an account number or a name within the record's account stands for.

    One of another account is said to work for the party whose account that is. Of those whom a provider of identities
    lets in, the issuer is the provider, and the subject ``*``: whoever it may be.
    """
    if name.startswith(FEDERATED):
        return Principal(issuer=text(name.removeprefix(FEDERATED)), subject="*")
    account = account_of(name) or record.account
    return Principal(issuer=text(f"aws:{account}"), subject=text(name), party=other_account(record, account))


def other_account(record: Record, account: object) -> str | None:
    """Return ``aws:<account>``, as parties of the register name theirs, if it is an account other than the record's."""
    if not isinstance(account, str) or account_of(account) != account or account == record.account:
        return None
    return f"aws:{account}"
