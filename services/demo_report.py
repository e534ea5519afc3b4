"""What the demo tells of a day: read from the store alone, so that it says what the evidence says."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from schemas.base import TOKYO
from schemas.findings import Level
from services.amounts import counted
from services.cli_support import cell
from services.flags import also_restricted
from streams.register_gaps import Gap
from streams.rules import Rule, Rulebook

LEVELS: Final[tuple[Level, ...]] = ("critical", "high", "medium", "low", "informational")
WIDTH: Final = 114
WORST: Final = 10
GAPS: Final = 8

CAME_IN: Final = """
SELECT sum(messages) AS messages, sum(dead_letters) AS dead_letters, uniqExact(source) AS files, count() AS ranges
FROM ranges WHERE startsWith(source, 'file:')
"""
EVENTS: Final = """
SELECT
    count() AS events,
    uniqExact(`event.source`, `event.id`, `event.content`) AS different,
    countIf(`event.kind` = 'access') AS accesses,
    countIf(`event.kind` = 'transfer') AS transfers,
    countIf(`event.kind` = 'grant') AS grants,
    countIf(`asset.category` IN ('1', '2', 'both')) AS sui,
    countIf(`asset.category` IS NULL) AS unclassified,
    min(`event.time`) AS first,
    max(`event.time`) AS last
FROM evidence WHERE `event.kind` IN ('access', 'transfer', 'grant')
"""
SOURCES: Final = """
SELECT `event.source` AS source, count() AS events, uniqExact(`asset.key`) AS assets, uniqExact(`party.key`) AS parties
FROM evidence WHERE `event.kind` IN ('access', 'transfer', 'grant') GROUP BY source ORDER BY events DESC, source
"""
FLAGGED_EVENTS: Final = "SELECT uniqExact(event_identity, event_content) AS events FROM findings"
KEPT: Final = """
SELECT
    count() AS ranges, sum(events) + sum(dead_letters) + sum(findings) AS leaves,
    argMax(register_sha256, recorded_at) AS register, argMax(rulebook_sha256, recorded_at) AS rulebook,
    argMax(interpretations_sha256, recorded_at) AS settings
FROM ranges
"""
FLAGS: Final = """
SELECT id, rule, role, level, asset, party, country, events, first_event, last_event, operations
FROM flags ORDER BY rule, events DESC, id
"""


class Rows(Protocol):
    """Something that answers one of our own queries: the store."""

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the rows of the answer."""


@dataclass(frozen=True, slots=True)
class Day:
    """What the store says of everything in it.

    Attributes:
        came_in: one row of ``CAME_IN``.
        events: one row of ``EVENTS``.
        sources: rows of ``SOURCES``.
        flagged_events: different events with at least one finding.
        flags: rows of ``FLAGS``.
        kept: one row of ``KEPT``.
        gaps: what the register would have to say, ranked.
        names: id to name, of assets and parties.
    """

    came_in: Mapping[str, Any]
    events: Mapping[str, Any]
    sources: Sequence[Mapping[str, Any]]
    flagged_events: int
    flags: Sequence[Mapping[str, Any]]
    kept: Mapping[str, Any]
    gaps: Sequence[Gap]
    names: Mapping[str, str]


def read_day(store: Rows, gaps: Sequence[Gap], names: Mapping[str, str]) -> Day:
    """Return what the store says."""
    return Day(
        came_in=store.rows(CAME_IN)[0],
        events=store.rows(EVENTS)[0],
        sources=store.rows(SOURCES),
        flagged_events=store.rows(FLAGGED_EVENTS)[0]["events"],
        flags=store.rows(FLAGS),
        kept=store.rows(KEPT)[0],
        gaps=gaps,
        names=names,
    )


def worst(flags: Sequence[Mapping[str, Any]], count: int = WORST) -> list[Mapping[str, Any]]:
    """Return the worst flags: by level, a second flag of one rule only after the first of every other of that level."""
    seen: Counter[str] = Counter()
    ranked = []
    for flag in sorted(flags, key=lambda flag: (-flag["events"], flag["id"])):
        ranked.append(
            (LEVELS.index(flag["level"]), seen[flag["rule"]], -flag["events"], flag["rule"], flag["id"], flag)
        )
        seen[flag["rule"]] += 1
    return [entry[-1] for entry in sorted(ranked, key=lambda entry: entry[:-1])][:count]


def report(day: Day, rulebook: Rulebook, data_dir: Path) -> Iterator[RenderableType]:
    """Yield the parts of the summary, top to bottom, for a console of `WIDTH`."""
    yield from _came_in(day)
    yield from _flagged(day, rulebook)
    yield from _worst(day, rulebook)
    yield from _unknown(day)
    yield from _kept(day, data_dir)
    yield from _next(day, data_dir)


def _came_in(day: Day) -> Iterator[RenderableType]:
    came, events = day.came_in, day.events
    yield heading("What came in")
    yield line(
        f"{counted(came['messages'], 'message')} in {counted(came['files'], 'file')}; "
        f"{came['dead_letters']:,} of them could not be read. "
        f"{counted(events['events'], 'event')} between {clock(events['first'])} and {clock(events['last'])} in Japan: "
        f"{counted(events['accesses'], 'access', 'accesses')}, {counted(events['transfers'], 'transfer')}, "
        f"{counted(events['grants'], 'grant')} of access. "
        f"{events['sui']:,} concern specified user information (SUI, 特定利用者情報); of {events['unclassified']:,} "
        "it is not known whether they do. "
        f"{repeats(events['events'] - events['different'])}"
    )
    table = grid("source", "events", "assets", "parties", right=("events", "assets", "parties"))
    for row in day.sources:
        table.add_row(row["source"], f"{row['events']:,}", f"{row['assets']:,}", f"{row['parties']:,}")
    yield indented(table)


def repeats(count: int) -> str:
    """Return in words how many events came again, unchanged."""
    if count == 0:
        return "None came twice."
    return f"{count:,} came a second time, unchanged, and {'counts' if count == 1 else 'count'} once."


def _flagged(day: Day, rulebook: Rulebook) -> Iterator[RenderableType]:
    rules = {flag["rule"] for flag in day.flags}
    quiet = day.events["different"] - day.flagged_events
    yield heading("What was flagged, under which clause")
    yield line(
        f"{counted(day.flagged_events, 'event')} raised {counted(len(day.flags), 'flag')} under {len(rules)} of "
        f"{counted(len(rulebook), 'rule')}; {counted(quiet, 'event')} raised nothing."
    )
    table = grid("rule", "flags", "events", "clause", "what it says", right=("flags", "events"))
    for level in LEVELS:
        fired = [rule for rule in rulebook if rule.id in rules and rule.level == level]
        if fired:
            table.add_row(Text(level, style="bold"))
        for rule in fired:
            mine = [flag["events"] for flag in day.flags if flag["rule"] == rule.id]
            table.add_row(f"  {rule.id}", f"{len(mine)}", f"{sum(mine):,}", rule.clause, brief(rule.title))
    yield indented(table)


def brief(title: str) -> str:
    """Return a title with the long name of the data shortened as the summary introduces it."""
    return title.replace("Specified user information", "SUI").replace("specified user information", "SUI")


def _worst(day: Day, rulebook: Rulebook) -> Iterator[RenderableType]:
    chosen = worst(day.flags)
    yield heading(f"The worst {len(chosen)}, with their reasons")
    for number, flag in enumerate(chosen, 1):
        rule = rulebook.get(flag["rule"])
        yield Text(f" {number:>2}. {flag['rule']} ({flag['level']}), {_when(flag)}", style="bold")
        yield line(_about(flag, day.names), 5)
        if rule is not None:
            yield line(_reason(rule), 5)
            yield line(
                f"{rule.clause}. Told in full by: ashiato explain {flag['id']}{also_restricted(flag['rule'])}", 5
            )


def _when(flag: Mapping[str, Any]) -> str:
    """Return how many events a flag has, and between which times in Japan."""
    first, last = clock(flag["first_event"]), clock(flag["last_event"])
    return f"{counted(flag['events'], 'event')}, {first if first == last else f'{first} to {last}'}"


def _about(flag: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return what and whom a flag is about."""
    country = flag["country"].replace("+", ", ") if flag["country"] else ""
    parts = (named(flag["asset"], names), named(flag["party"], names), country, ", ".join(flag["operations"]))
    return " · ".join(part for part in parts if part)


def _reason(rule: Rule) -> str:
    return " ".join(rule.block.reason.en.split())


def _unknown(day: Day) -> Iterator[RenderableType]:
    yield heading("What was unknown")
    if not day.gaps:
        yield line("Nothing: the register knew every asset, identity, party, network, region and country.")
        return
    yield line("Unknown is never taken for domestic. The register would have to say, the most important first:")
    table = grid("kind", "name", "events", "on user information", right=("events", "on user information"))
    for gap in day.gaps[:GAPS]:
        table.add_row(gap.kind, gap.name, f"{gap.events:,}", f"{gap.sui_events:,}")
    yield indented(table)
    if len(day.gaps) > GAPS:
        yield line(f"and {len(day.gaps) - GAPS} more")


def _kept(day: Day, data_dir: Path) -> Iterator[RenderableType]:
    kept = day.kept
    yield heading("Where the evidence lies")
    yield pairs({
        f"{data_dir / 'store'}": f"{counted(kept['leaves'], 'record')} under {counted(kept['ranges'], 'range')}, each "
        "with its Merkle root; addresses, names and raw messages apart from them, with the salts that bind them",
        f"{data_dir / 'keys'}": "the keys of salts and pseudonyms; readable by you alone",
        f"{data_dir / 'logs'}": "the logs as their senders wrote them",
    })  # fmt: skip
    yield line(
        f"Each finding names what it was judged with: register {kept['register'][:12]}, rulebook "
        f"{kept['rulebook'][:12]}, settings {kept['settings'][:12]}."
    )


def _next(day: Day, data_dir: Path) -> Iterator[RenderableType]:
    yield heading("What to try next")
    ranked = sorted(worst(day.flags), key=lambda flag: flag["rule"] != "XB-OUTSOURCE")
    flag = next((f"{flag['id']}{also_restricted(flag['rule'])}" for flag in ranked), "FLAG")
    yield pairs({
        f"export ASHIATO_DATA_DIR={data_dir}": "so that the commands below look here",
        "ashiato flags list --restricted": "everything that was flagged",
        f"ashiato explain {flag}": "one flag: each fact with its source, what would have made it pass, both Acts",
        "ashiato register gaps": "what the register does not know, with entries to fill in",
        "ashiato interpretation show": "how the open legal questions are answered, and what hangs on that",
        'ashiato query "SELECT count() FROM evidence"': "your own question; that you asked is recorded",
        "ashiato ingest YOUR-LOGS --data-dir mine": "your own logs: docs/how-to/first-hour.md",
    })  # fmt: skip


def named(key: str | None, names: Mapping[str, str]) -> str:
    """Return an id with the name that the register has for it."""
    if key is None:
        return ""
    return f"{names[key]} ({key})" if key in names else key


def clock(moment: dt.datetime) -> str:
    """Return a time of day in Japan."""
    return f"{moment.astimezone(TOKYO):%H:%M}"


def heading(text: str) -> RenderableType:
    """Return a heading with a blank line above it."""
    return Text(f"\n{text}", style="bold underline")


def line(text: str, indent: int = 2) -> RenderableType:
    """Return a paragraph, set in."""
    return Padding(Text(text), (0, 0, 0, indent))


def indented(table: Table) -> RenderableType:
    """Return a table set in by two columns, below a blank line."""
    return Padding(table, (1, 0, 0, 2))


def grid(*names: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table with these columns."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def pairs(rows: Mapping[str, Any]) -> RenderableType:
    """Return names and values side by side."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    for name, value in rows.items():
        table.add_row(name, cell(value))
    return Padding(table, (0, 0, 0, 2))
