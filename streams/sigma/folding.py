"""What "case-insensitive" means here.

Sigma compares text without regard to case and leaves open what that is. Here two texts are equal without regard to
case if their *folds* are equal, where ``fold(text)`` is

1. the full lower-case mapping of Unicode, as Polars' ``str.to_lowercase`` does it, then
2. every final sigma ``ς`` as ``σ``.

Step 2 makes the fold the same for a part of a text as for the text as a whole: only the sigma looks at its
neighbours when it becomes lower case. Both sides are folded by the same Rust code, the rule's text when it is compiled
and the column when it is judged, so a Unicode version that Python knows and Polars does not cannot part them.
It follows that

========================  =================================  ==========================================
text                      folds to                           so
========================  =================================  ==========================================
``K`` (Kelvin, U+212A)    ``k``                              equals ``k`` and ``K``
``Σ``, ``ς``              ``σ``                              all three are equal
``İ`` (U+0130)            ``i`` and U+0307                   not equal to ``i``; two characters for ``?``
``ı`` (U+0131)            itself                             not equal to ``i``
``ſ`` (U+017F)            itself, it is lower case already   not equal to ``s``
``ẞ`` (U+1E9E)            ``ß``                              equal to ``ß``, not to ``ss``
``Ａ`` (full width)       ``ａ``                             not equal to ``a``: width is not case
========================  =================================  ==========================================
"""

from __future__ import annotations

from typing import Final

import polars as pl

from streams.sigma.predicates import Fold

_FINAL_SIGMA: Final = "ς"
_SIGMA: Final = "σ"


def fold_text(text: str) -> str:
    """Return the fold of one text of a rule."""
    if text.isascii():
        return text.lower()  # what Polars gives, without a column for one text
    lowered: str = pl.Series([text]).str.to_lowercase()[0]
    return lowered.replace(_FINAL_SIGMA, _SIGMA)


def fold_needed(*folded: str) -> Fold:
    """Return how much of the fold a column needs before it is compared with these folded texts.

    Where no sigma is looked for, step 2 cannot change the answer; leaving it out saves a pass over the column.
    """
    return Fold.SIGMA if any(_SIGMA in text for text in folded) else Fold.LOWER


def fold_expression(text: pl.Expr, fold: Fold) -> pl.Expr:
    """Return the fold of a String expression; null stays null."""
    if fold is Fold.EXACT:
        return text
    lowered = text.str.to_lowercase()
    return lowered.str.replace_all(_FINAL_SIGMA, _SIGMA, literal=True) if fold is Fold.SIGMA else lowered
