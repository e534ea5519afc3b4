"""What else a record says beside who touched what: data shared, a right given, data sent elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.events import GrantChange
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


Facet = Exposure | Right | Sent

PUBLIC = Exposure(to="public")
ANY_ACCOUNT = Exposure(to="any_account")


def exposure_to(record: Record, principal: str) -> Exposure | None:
    """Return the exposure to a principal of a policy or a share; None within the record's own account."""
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
