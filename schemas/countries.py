"""Country codes of ISO 3166-1: the 249 that are assigned, and what people write by mistake instead."""

from __future__ import annotations

from typing import Final

ASSIGNED: Final = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ
    BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU
    ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ
    LA LB LC LI LK LR LS LT LU LV LY
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ
    NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ
    TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT
    ZA ZM ZW
    """.split()  # noqa: SIM905  (a list of 249 quoted codes is harder to check)
)
"""Officially assigned alpha-2 codes. Withdrawn, reserved and user-assigned codes are not among them."""

INSTEAD: Final = {
    "AN": "BQ, CW or SX", "BU": "MM", "CS": "RS or ME", "DD": "DE", "EL": "GR", "EN": "GB", "EU": "the member state",
    "FX": "FR", "JA": "JP", "KS": "KR", "SU": "RU or the successor state", "SW": "SE or CH", "TP": "TL", "UK": "GB",
    "XK": "the code agreed on with counsel; Kosovo has none", "YU": "RS or the successor state", "ZR": "CD",
}  # fmt: skip
"""What to write instead of a code that is not assigned but often meant."""


def is_assigned(code: str) -> bool:
    """Return whether ``code`` is an assigned alpha-2 code, in upper case."""
    return code in ASSIGNED
