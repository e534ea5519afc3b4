"""Scalar types and the strict base model that every contract shares."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

INT64_MAX: Final = 2**63 - 1
TOKYO: Final = ZoneInfo("Asia/Tokyo")
"""Every legal clock runs in this zone."""

JAPAN: Final = "JP"


class Contract(BaseModel):
    """Base of every contract: strict, immutable, unknown keys refused unless a model says otherwise."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", ser_json_timedelta="iso8601")


def tokyo_midnight(day: dt.date) -> dt.datetime:
    """Return the UTC instant at which ``day`` begins in Japan, from which legal dates take effect."""
    return dt.datetime.combine(day, dt.time(), tzinfo=TOKYO).astimezone(dt.UTC)


Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$")]
"""The name of an entry: what people type, so plain letters, digits and ``. _ : / @ + -``."""

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2, upper case. Whether the code is assigned is checked by the register (`schemas.countries`)."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 as 64 lower-case hexadecimal digits."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Count = Annotated[int, Field(ge=0, le=INT64_MAX)]
