"""What one SQL statement says outside its strings and comments: refuses what reaches beyond the store.

The engine's ``readonly`` refuses writes and most table functions. It leaves open: a file written by INTO OUTFILE, a
file read by the function ``file``, an address asked by an ``ai…`` function or by DESCRIBE of a table function, several
statements in one text, and what functions read of a server's other databases, clusters and dictionaries.

What this reader cannot read for sure, it refuses: a second way of quoting (typographic quotes, heredocs, escapes in
names) must not hide a name from it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from schemas.errors import UsageError

_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<text>'(?:[^'\\]|\\.)*')
    |(?P<name>`[^`\\]*`|"[^"\\]*")
    |(?P<word>\w+)
    |(?P<sign>[-()\[\]{},.;:+*/%=<>!?|@^&~])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OUTSIDE: Final = re.compile(r"file|ai(?:classify|embed|extract|filter|generate|redact|similarity|translate)\w*")
"""Functions that read files or send elsewhere what they are given; a name alone calls them (``APPLY file``)."""

_ELSEWHERE: Final = re.compile(r"cluster(?:allreplicas)?|eval|merge|dict(?:get|has|isin)\w*|catboostevaluate")
"""Functions that, when they are called, read other databases, nodes or dictionaries, or run a text as a query."""

_DESCRIBES: Final = frozenset({"describe", "desc"})


def check_words(sql: str) -> None:
    """Refuse a text that is more than one statement, or one that reaches beyond the store.

    Args:
        sql: what somebody asks.

    Raises:
        UsageError: why it is refused. A column or alias that happens to be called ``file`` is refused as well.
    """
    words = _words(sql)
    while words and words[-1] == ";":
        words.pop()
    if ";" in words:
        raise UsageError("this is more than one statement", why="a semicolon stands in it", todo="ask one at a time")
    outside = next((word for word in words if _OUTSIDE.fullmatch(word)), None)
    if outside is not None:
        raise UsageError("the query reaches beyond the store", why=f"it names {outside}", todo="queries only read")
    called = next((word for word, after in pairwise(words) if after == "(" and _ELSEWHERE.fullmatch(word)), None)
    if called is not None:
        todo = "name the tables and views themselves: ashiato query 'SHOW TABLES'"
        raise UsageError("the query reaches beyond the store", why=f"it calls {called}", todo=todo)
    if ("into", "outfile") in pairwise(words):
        raise UsageError("the query writes a file", why="it says INTO OUTFILE", todo="redirect the output of --json")
    if _describes_a_function(words):
        raise UsageError("the query reaches beyond the store", why="it describes a function, not a table or query")


def _words(sql: str) -> list[str]:
    """Return words and names in lower case and single signs; strings become an empty text, comments nothing."""
    found = []
    for token in _TOKEN.finditer(sql):
        match token.lastgroup:
            case "word":
                found.append(token[0].lower())
            case "name":
                found.append(token[0][1:-1].lower())
            case "text":
                found.append("")
            case "sign":
                found.append(token[0])
            case "other":
                why = f"{token[0]!r} stands outside of a string, or opens one that does not end"
                todo = "use 'plain quotes' for strings, `backticks` without \\ for names, -- for comments"
                raise UsageError("this cannot be read as a query", why=why, todo=todo)
    return found


def _describes_a_function(words: Sequence[str]) -> bool:
    """Return whether DESCRIBE is followed by a call; a table's name and a query in parentheses are none."""
    if not words or words[0] not in _DESCRIBES:
        return False
    named = words[2:] if words[1:2] == ["table"] else words[1:]
    return "(" in named and named[0] != "("
