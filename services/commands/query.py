"""``ashiato query``: read-only SQL over the evidence; the query itself is recorded."""

from __future__ import annotations

import click

from schemas.errors import UsageError
from services.acts import record_read
from services.cli_support import emit, example, json_option
from services.clock import new_id, utc_now
from services.query import run_query
from services.settings import Settings
from services.settings_options import existing_store, settings_options


@click.command(
    epilog=example(
        "ashiato query 'SELECT rule, uniqExact(event_identity, event_content) AS events FROM findings GROUP BY rule'",
        "ashiato query 'SELECT `event.time`, `asset.key`, `party.country`, leaf_hash FROM evidence LIMIT 5' --json",
        "ashiato query 'SHOW TABLES'",
        "ashiato query --config server.yaml 'SELECT count() FROM flags'",
    )
)
@click.argument("sql")
@settings_options
@json_option
def command(sql: str, *, settings: Settings, as_json: bool) -> None:
    """Run a read-only SQL query (ClickHouse) over the evidence.

    Views: evidence, findings, flags, ranges, dead_letters, personal_short, personal_long. Who asked what, and how many
    rows were given, is recorded before they are shown; so is a query that fails. It reads whatever the store's user may
    read, flags that few may see included. The same event delivered twice stands twice in evidence and findings; flags
    count it once.
    """
    with existing_store(settings) as store:
        try:
            columns, rows = run_query(store, sql)
        except UsageError:
            # What the engine says of a query that failed may show what it had read by then.
            record_read(store, sql, 0, now=utc_now(), new_id=new_id)
            raise
        record_read(store, sql, len(rows), now=utc_now(), new_id=new_id)
    emit(rows, as_json=as_json, columns=columns, empty="no rows")
