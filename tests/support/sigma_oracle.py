"""Sigma judged the slow way: one event, one rule, plain Python.

It shares no code with `streams.sigma` nor with pySigma, so that both are checked against a second reading of
docs/reference/sigma.md. It expects rules that are valid and does not look for errors.
"""

import base64
import datetime as dt
import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Any

MANY, ONE = object(), object()
Token = object
Event = dict[str, Any]


def judge(detection: dict[str, Any], event: Event, exact: frozenset[str] = frozenset()) -> list[bool]:
    """Return for each condition whether the event meets it; ``exact`` are columns compared as they are."""
    conditions = detection["condition"]
    named = {name: value for name, value in detection.items() if name != "condition"}
    met = {name: _detection(value, event, exact) for name, value in named.items()}
    return [_Condition(text, met).value() for text in ([conditions] if isinstance(conditions, str) else conditions)]


def fold(text: str) -> str:
    return "".join("σ" if letter in "Σς" else letter.lower() for letter in text)


def _detection(value: Any, event: Event, exact: frozenset[str]) -> bool:
    if isinstance(value, list):
        return any(_detection(one, event, exact) for one in value)
    return all(_item(key, one, event, exact) for key, one in value.items())


def _elements(value: Any) -> list[Any]:
    """What an event holds under a name: nothing, one value, or the values of a list."""
    if value is None:
        return []
    return [one for one in value if one is not None] if isinstance(value, list) else [value]


def _item(key: str, value: Any, event: Event, exact: frozenset[str]) -> bool:
    name, *modifiers = key.split("|")
    have = _elements(event.get(name))
    if "exists" in modifiers:
        return bool(have) is value
    values = value if isinstance(value, list) else [value]
    as_is = "cased" in modifiers or name in exact
    met = [_value(one, modifiers, have, event, as_is=as_is, exact=exact) for one in values]
    joined = all(met) if "all" in modifiers else any(met)
    return (bool(have) and not joined) if "neq" in modifiers else joined


def _value(
    value: Any, modifiers: list[str], have: list[Any], event: Event, *, as_is: bool, exact: frozenset[str]
) -> bool:
    if value is None:
        return not have
    if "fieldref" in modifiers:
        others = _elements(event.get(value))
        as_is = "cased" in modifiers or (as_is and value in exact)
        return any(_refers(mine, other, modifiers, as_is=as_is) for mine in have for other in others)
    return any(_single(one, value, modifiers, as_is=as_is) for one in have)


def _refers(mine: Any, other: Any, modifiers: list[str], *, as_is: bool) -> bool:
    if not isinstance(mine, str):
        return bool(mine == other)
    if not as_is:
        mine, other = fold(mine), fold(other)
    starts, ends = "startswith" in modifiers, "endswith" in modifiers
    if "contains" in modifiers or (starts and ends):
        return other in mine
    return bool(mine.startswith(other) if starts else mine.endswith(other) if ends else mine == other)


def _single(mine: Any, value: Any, modifiers: list[str], *, as_is: bool) -> bool:
    if isinstance(mine, dt.datetime):
        mine = _part(mine, modifiers)
    if isinstance(value, bool):
        return mine is value
    if isinstance(value, int):
        return _compare(mine, value, modifiers)
    if "re" in modifiers:
        return _regex(mine, value, modifiers)
    if "cidr" in modifiers:
        return _cidr(mine, value)
    return any(_glob(mine, tokens, as_is=as_is) for tokens in _tokens(value, modifiers))


def _part(time: dt.datetime, modifiers: list[str]) -> int:
    if "week" in modifiers:
        return time.isocalendar().week
    return int(next(getattr(time, part) for part in ("minute", "hour", "day", "month", "year") if part in modifiers))


def _compare(mine: int, value: int, modifiers: list[str]) -> bool:
    if "gt" in modifiers:
        return mine > value
    if "gte" in modifiers:
        return mine >= value
    if "lt" in modifiers:
        return mine < value
    return mine <= value if "lte" in modifiers else mine == value


def _regex(mine: str, pattern: str, modifiers: list[str]) -> bool:
    flags = re.NOFLAG
    for letter, flag in (("i", re.IGNORECASE), ("m", re.MULTILINE), ("s", re.DOTALL)):
        if letter in modifiers:
            flags |= flag
    if "m" not in modifiers:
        pattern = re.sub(r"(\\.)|\$", lambda match: match[1] or r"\Z", pattern)
    if "startswith" in modifiers:
        pattern = rf"\A(?:{pattern})"
    if "endswith" in modifiers:
        pattern = rf"(?:{pattern})\Z"
    return re.search(pattern, mine, flags) is not None


def _cidr(mine: str, network: str) -> bool:
    try:
        address = ipaddress.ip_address(mine)
    except ValueError:
        return False
    if "%" in mine:
        return False
    within = ipaddress.ip_network(network)
    mapped = ipaddress.IPv6Network("::ffff:0:0/96")
    if isinstance(within, ipaddress.IPv6Network) and within.subnet_of(mapped):
        within = ipaddress.ip_network(
            (int(within.network_address) - int(mapped.network_address), within.prefixlen - 96)
        )
    return (getattr(address, "ipv4_mapped", None) or address) in within


def _read(text: str) -> list[Token]:
    """Characters and wildcards of a value; a backslash escapes ``*``, ``?`` and itself, else it stands for itself."""
    tokens: list[Token] = []
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            following = next(letters, "")
            tokens.extend([following] if following and following in "*?\\" else ["\\", *following])
        else:
            tokens.append({"*": MANY, "?": ONE}.get(letter, letter))
    return tokens


def _plain(tokens: Sequence[Token]) -> str:
    return "".join(token for token in tokens if isinstance(token, str))


def _tokens(text: str, modifiers: list[str]) -> Iterator[list[Token]]:
    """Every pattern that a value stands for once its modifiers are applied from left to right."""
    variants = [_read(text)]
    for modifier in modifiers:
        variants = [changed for tokens in variants for changed in _modified(tokens, modifier)]
    yield from variants


def _modified(tokens: list[Token], modifier: str) -> list[list[Token]]:
    if modifier in ("contains", "startswith", "endswith"):
        return [[*[MANY] * (modifier != "startswith"), *tokens, *[MANY] * (modifier != "endswith")]]
    if modifier == "base64":
        return [list(base64.b64encode(_plain(tokens).encode()).decode())]
    if modifier == "base64offset":
        return [list(_at_offset(_plain(tokens).encode(), offset)) for offset in range(3)]
    if modifier in ("wide", "utf16be"):
        encoding = "utf-16-le" if modifier == "wide" else "utf-16-be"
        return [list(_plain(tokens).encode(encoding).decode())]
    return _dashes(tokens) if modifier == "windash" else [tokens]


def _at_offset(data: bytes, offset: int) -> str:
    """The Base64 letters that depend on ``data`` alone when it stands ``offset`` bytes into a longer text."""
    bits = f"{int.from_bytes(data):0{len(data) * 8}b}" if data else ""
    skip = (-offset * 8) % 6
    whole = bits[skip : len(bits) - (len(bits) - skip) % 6]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return "".join(alphabet[int(whole[at : at + 6], 2)] for at in range(0, len(whole), 6))


def _dashes(tokens: list[Token]) -> list[list[Token]]:
    """A dash or slash before a letter, with no letter before it, stands for every kind of dash."""
    variants: list[list[Token]] = [[]]
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        is_dash = token in ("-", "/") and not _is_word(before) and _is_word(after)
        choices = ["-", "/", "\u2013", "\u2014", "\u2015"] if is_dash else [token]
        variants = [[*variant, choice] for variant in variants for choice in choices]
    return variants


def _is_word(token: Token) -> bool:
    return isinstance(token, str) and (token.isalnum() or token == "_")


def _glob(mine: str, tokens: list[Token], *, as_is: bool) -> bool:
    """Match a text with wildcards by the set of places that are reachable in it."""
    if not as_is:
        mine = fold(mine)
        tokens = [letter for token in tokens for letter in (fold(token) if isinstance(token, str) else [token])]
    places = {0}
    for token in tokens:
        if token is MANY:
            places = set(range(min(places), len(mine) + 1)) if places else places
        else:
            places = {at + 1 for at in places if at < len(mine) and (token is ONE or token == mine[at])}
    return len(mine) in places


class _Condition:
    """A condition read by recursive descent: ``or`` binds weaker than ``and``, ``and`` weaker than ``not``."""

    def __init__(self, text: str, met: dict[str, bool]) -> None:
        self.words = re.findall(r"[()]|[^\s()]+", text)
        self.met = met

    def value(self) -> bool:
        return self._or()

    def _take(self, *expected: str) -> bool:
        if self.words and self.words[0] in expected:
            self.words.pop(0)
            return True
        return False

    def _or(self) -> bool:
        value = self._and()
        while self._take("or"):
            value = self._and() or value
        return value

    def _and(self) -> bool:
        value = self._not()
        while self._take("and"):
            value = self._not() and value
        return value

    def _not(self) -> bool:
        if self._take("not"):
            return not self._not()
        if self._take("("):
            value = self._or()
            assert self._take(")")
            return value
        word = self.words.pop(0)
        return self._of(word) if self._take("of") else self.met[word]

    def _of(self, quantifier: str) -> bool:
        pattern = self.words.pop(0)
        prefix, star, suffix = ("", "*", "") if pattern == "them" else pattern.partition("*")
        found = [
            met
            for name, met in self.met.items()
            if (name.startswith(prefix) and name.endswith(suffix) if star else name == pattern)
            and (pattern.startswith("_") or not name.startswith("_"))
        ]
        return all(found) if quantifier == "all" else any(found)
