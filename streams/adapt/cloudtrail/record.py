"""One CloudTrail record as far as we read it, and the names of things in AWS (ARNs).

The shape of a record is described in the AWS CloudTrail user guide, "CloudTrail record contents". Only four fields are
needed; every other may be absent or of an unusual shape, which then is unknown.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import msgspec
from pydantic_core import from_json

from streams.adapt.contract import mapping

_SUFFIXES: Final = (".amazonaws.com", ".amazonaws.com.cn")


_NAMES: Final = {
    "event_id": "eventID",
    "event_time": "eventTime",
    "event_source": "eventSource",
    "event_name": "eventName",
    "region": "awsRegion",
    "recipient": "recipientAccountId",
    "ip": "sourceIPAddress",
    "error": "errorCode",
    "read_only": "readOnly",
    "identity": "userIdentity",
    "request": "requestParameters",
    "response": "responseElements",
    "insight": "insightDetails",
    "additional": "additionalEventData",
}


class Record(msgspec.Struct, rename=_NAMES, dict=True):
    """The fields of a record that become part of an event; whatever the record says, not yet checked."""

    event_id: Any = None
    event_time: Any = None
    event_source: Any = None
    event_name: Any = None
    region: Any = None
    recipient: Any = None
    ip: Any = None
    error: Any = None
    read_only: Any = None
    identity: Any = None
    request: Any = None
    response: msgspec.Raw = msgspec.Raw(b"null")
    resources: Any = None
    insight: Any = None
    additional: Any = None

    @cached_property
    def service(self) -> str:
        """The service's short name: ``s3`` for ``s3.amazonaws.com``."""
        name = str(self.event_source)
        return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)

    @cached_property
    def call(self) -> str:
        """Service and event name as the tables of this package write it: ``s3:GetObject``."""
        return f"{self.service}:{self.event_name}"

    @cached_property
    def account(self) -> str:
        """The account whose trail this is; empty if the record does not say."""
        for value in (self.recipient, mapping(self.identity).get("accountId")):
            if isinstance(value, str) and value:
                return value
        return ""

    @property
    def anonymous(self) -> bool:
        """Whether nobody signed the request: whoever asks is answered."""
        return mapping(self.identity).get("accountId") == "ANONYMOUS_PRINCIPAL"

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The request's parameters; empty if there are none or they are no object."""
        return mapping(self.request)

    @cached_property
    def kept_back(self) -> bool:
        """Whether the request's parameters are not in the record: absent, of another shape, or too large to be told."""
        return not self.parameters or self.parameters.get("omitted", False) not in (False, "false")

    @property
    def counts_calls(self) -> bool:
        """Whether this is an insight, which tells how often a call was made and never what one of them asked for."""
        return isinstance(self.insight, dict) and self.request is None

    @cached_property
    def answer(self) -> dict[str, Any]:
        """The response's elements; empty if there are none."""
        try:
            return mapping(from_json(bytes(self.response)))
        except ValueError:
            return {}

    @cached_property
    def partition(self) -> str:
        """The ARN partition: that of the caller's ARN, else by the region's name."""
        arn = mapping(self.identity).get("arn")
        if isinstance(arn, str) and arn.startswith("arn:aws"):
            return arn.split(":", 2)[1]
        region = str(self.region)
        return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"

    def arn(self, resource: str, service: str | None = None, *, region: str | None = None, owned: bool = True) -> str:
        """Return the ARN of ``resource`` in this record's region and account.

        Args:
            resource: the part after the account, for example ``table/users``.
            service: the ARN's service, if it is not the record's.
            region: the ARN's region, if it is not the record's; empty for global resources.
            owned: False where AWS leaves the account out (images, snapshots of EC2).
        """
        where = region if region is not None else self.region if isinstance(self.region, str) else ""
        return f"arn:{self.partition}:{service or self.service}:{where}:{self.account if owned else ''}:{resource}"

    def bucket(self, name: str, key: object = None) -> str:
        """Return the ARN of an S3 bucket, or of the object ``key`` in it."""
        arn = name if name.startswith("arn:") else f"arn:{self.partition}:s3:::{name}"
        return f"{arn}/{key}" if isinstance(key, str) and key else arn


def region_of(arn: object) -> str | None:
    """Return the region that an ARN names, or None."""
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    return parts[3] or None if len(parts) == 6 and parts[0] == "arn" else None


def opened_by(arn: str) -> str:
    """Return the locator of whatever a policy, role, user or group opens, which its record does not tell.

    It is no ARN, so that a pattern of the register for IAM itself, which holds no data, does not answer for it.
    """
    return f"opened-by:{arn}"


def account_of(principal: str) -> str | None:
    """Return the account number of a principal: an account number, or an ARN that holds one."""
    number = principal.split(":", 5)[4] if principal.startswith("arn:") and principal.count(":") >= 5 else principal
    return number if len(number) == 12 and number.isascii() and number.isdigit() else None
