"""Values that are compared with text: plain ones with wildcards, regular expressions, networks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import Final

import polars as pl
from sigma.types import (
    Placeholder,
    SigmaCIDRExpression,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaType,
    SpecialChars,
)

from streams.sigma.expressions import leaf_expression
from streams.sigma.folding import fold_needed, fold_text
from streams.sigma.predicates import Fold, Is, Leaf, Like, Likeness, Matches, Present, Test, Tree, Within, any_of
from streams.sigma.questions import Question, RefusedError
from streams.sigma.regex import check_compiles

_FLAGS: Final = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_MAPPED_BITS: Final = 96


def text_tree(question: Question, value: SigmaType) -> Tree:
    """Return the test of a text column.

    Raises:
        RefusedError: the value is no text, or a placeholder has no value.
        PatternError: Rust refuses the pattern.
    """
    match value:
        case SigmaCIDRExpression():
            return question.leaf(Within(_unmapped(value.network)))
        case SigmaRegularExpression():
            return any_of([question.leaf(_known(question, Matches(pattern))) for pattern in _regex(question, value)])
        case SigmaString():
            texts = value.replace_placeholders(question.given)
            return any_of([question.leaf(_known(question, _string(question, text))) for text in texts])
    raise RefusedError(f"a value of type {type(value).__name__} is not supported")


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return the IPv4 network that an IPv4-mapped IPv6 network stands for."""
    if isinstance(network, IPv4Network) or network.prefixlen < _MAPPED_BITS:
        return network
    mapped = network.network_address.ipv4_mapped
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS)) if mapped is not None else network


def _regex(question: Question, value: SigmaRegularExpression) -> list[str]:
    """Return Rust patterns, one for each way to fill the placeholders."""
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    patterns = [
        _anchored(_pattern(text), question.anchor, flags)
        for text in value.regexp.replace_placeholders(lambda name: map(pl.escape_regex, question.given(name)))
    ]
    for pattern in patterns:
        check_compiles(pattern)
    return patterns


def _pattern(text: SigmaString) -> str:
    """Return the pattern as written: inside one, ``*`` and ``?`` are no wildcards."""
    signs = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    return "".join(signs[part] if isinstance(part, SpecialChars) else str(part) for part in text.s)


def _anchored(pattern: str, anchor: Likeness, flags: str) -> str:
    head = f"(?{flags})" if flags else ""
    if anchor == "startswith":
        return rf"{head}\A(?:{pattern})"
    if anchor == "endswith":
        return rf"{head}(?:{pattern})\z"
    return head + pattern


def _string(question: Question, value: SigmaString) -> Test:
    """Return the test of a plain text with wildcards."""
    as_is = question.cased or (question.column.exact and not question.column.values)
    # A text without any part is the empty text.
    parts = _normal([fold_text(part) if isinstance(part, str) and not as_is else part for part in value.s]) or [""]
    texts = [part for part in parts if isinstance(part, str)]
    fold = Fold.EXACT if as_is else fold_needed(*texts)
    many = SpecialChars.WILDCARD_MULTI
    match parts:
        case [str() as text]:
            return Is((text,), fold)
        case [SpecialChars.WILDCARD_MULTI]:
            return Present()
        case [str() as text, last] if last is many:
            return Like("startswith", text, fold)
        case [first, str() as text] if first is many:
            return Like("endswith", text, fold)
        case [first, str() as text, last] if first is many and last is many:
            return Like("contains", text, fold)
    return Matches(_wildcards(parts), fold)


def _known(question: Question, test: Test) -> Test:
    """Return the values that a test means, if every value that can occur is known."""
    column = question.column
    if not column.values or isinstance(test, Present):
        return test
    meant = _meant(column.values, test)
    if not meant:
        raise RefusedError(f"{column.name} never has such a value", f"its values are {', '.join(column.values)}")
    return Is(meant)


@lru_cache(maxsize=1024)  # a rulebook says the same few things two hundred times
def _meant(values: tuple[str, ...], test: Test) -> tuple[str, ...]:
    """Return those of some values that meet a test; equality (`streams.sigma.folding`) takes no engine."""
    if isinstance(test, Is):
        same = str if test.fold is Fold.EXACT else fold_text
        return tuple(value for value in values if same(value) in test.values)
    return tuple(pl.DataFrame({"value": values}).filter(leaf_expression(Leaf("value", test)))["value"])


def _normal(parts: list[str | SpecialChars | Placeholder]) -> list[str | SpecialChars]:
    """Join neighbouring texts, and wildcards that say no more than one does."""
    normal: list[str | SpecialChars] = []
    for part in parts:
        if isinstance(part, Placeholder):
            raise RefusedError(f"the placeholder %{part.name}% is left over")
        last = normal[-1] if normal else None
        if isinstance(part, str) and isinstance(last, str):
            normal[-1] = last + part
        elif part is not SpecialChars.WILDCARD_MULTI or last is not SpecialChars.WILDCARD_MULTI:
            normal.append(part)
    return normal


def _wildcards(parts: Sequence[str | SpecialChars]) -> str:
    """Return the pattern of a text with wildcards; ``?`` is one character, ``*`` any number, line feeds included."""
    many = SpecialChars.WILDCARD_MULTI
    # What stands before the first or after the last text does not matter, so the engine need not look there.
    head = "" if parts[0] is many else r"\A"
    tail = "" if parts[-1] is many else r"\z"
    inner = parts[not head : len(parts) - (not tail)]
    signs = {many: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    body = "".join(signs[part] if isinstance(part, SpecialChars) else pl.escape_regex(part) for part in inner)
    pattern = f"(?s){head}{body}{tail}"
    check_compiles(pattern)
    return pattern
