"""Read-only SQL over the evidence; every query leaves an act."""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.errors import StoreAwayError, UsageError
from services.sql_words import check_words
from services.store import Store
from services.store_errors import TROUBLE

MAX_ROWS: Final = 100_000
MAX_SECONDS: Final = 600
MAX_MEMORY_BYTES: Final = 2 << 30
_READS: Final = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*\(*\s*(select|with|describe|desc|show|explain)\b", re.IGNORECASE | re.DOTALL
)
_MESSAGE: Final = re.compile(
    r"Code: \d+\. DB::Exception: (.*?)(?: \(version [^)]*\))?(?: \(for url [^)]*\))?\s*$", re.DOTALL
)


def run_query(store: Store, sql: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Return columns and rows of a query that only reads.

    The engine itself refuses writes and table functions (``readonly``), `check_words` what it lets through; time,
    memory and rows are bounded.

    Args:
        store: the store.
        sql: one statement.

    Raises:
        UsageError: the statement does not only read, is wrong, or asks for too much.
        StoreAwayError: the store cannot be reached.
    """
    if not _READS.match(sql):
        raise UsageError("this is no query", why="only SELECT, WITH, SHOW, DESCRIBE and EXPLAIN are allowed")
    check_words(sql)
    limits = {
        "max_result_rows": MAX_ROWS,
        "max_execution_time": MAX_SECONDS,
        "max_memory_usage": MAX_MEMORY_BYTES,
        "readonly": 1,  # the last: no setting can be changed after it
    }
    client = store.new_client(settings=limits)
    try:
        result = client.query(sql)
        return list(result.column_names), list(result.named_results())
    except TROUBLE as error:
        failed = store.failed("the query cannot be asked", error)
        if isinstance(failed, StoreAwayError) and getattr(error, "code", None) is None:
            raise failed from None
        raise UsageError("the query cannot be answered", why=_reason(error), todo=_advice(str(error))) from None
    finally:
        client.close()


def _reason(error: Exception) -> str:
    """Return the engine's own words: the person who asked may read them, they are about the person's own SQL."""
    found = _MESSAGE.search(str(error))
    return " ".join((found[1] if found else str(error)).split())[:600]


def _advice(text: str) -> str:
    if "TOO_MANY_ROWS" in text:
        return f"at most {MAX_ROWS:,} rows are given: add LIMIT, or count"
    if "READONLY" in text:
        return "queries only read"
    if "UNKNOWN_TABLE" in text or "UNKNOWN_IDENTIFIER" in text:
        return "see: ashiato query 'SHOW TABLES', ashiato query 'DESCRIBE evidence'; dotted names go into backticks"
    return ""
