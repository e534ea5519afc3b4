"""How many of something, in words that are right for one as well."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number and its noun: ``1 event``, ``2 events``, ``24,000 events``.

    Args:
        number: how many.
        noun: what there is one of.
        plural: what there are several of, if that is not the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
