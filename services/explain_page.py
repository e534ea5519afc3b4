"""The page that ``explain`` shows: what was flagged, why, from which facts, how the Acts read it, how to check it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click
from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from schemas.base import TOKYO
from services.cli_support import cell, console
from streams.explain import Explanation, Fact, Language
from streams.selections import Why
from streams.ways_out import Way

WIDTH: Final = 110
ERASED: Final = "erased"
"""Shown in place of a value that was kept under a clock that has run out, or was erased."""

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "about": ("What it is about", "対象"),
    "event": ("The event", "事象"),
    "why": ("Why", "理由"),
    "clauses": ("Clauses", "条項"),
    "condition": ("condition", "条件"),
    "selection": ("selection", "選択"),
    "asks": ("asks", "問い"),
    "answer": ("answer", "答え"),
    "facts": ("The facts it looked at", "参照した事実"),
    "fact": ("fact", "事実"),
    "value": ("value", "値"),
    "from": ("from", "出所"),
    "passes": ("What would have made it pass", "該当しなくなる条件"),
    "would_pass": ("What would make it pass", "該当しなくなる条件"),
    "any": ("Any one of these is enough:", "次のいずれか一つで足りる。"),
    "unknown": ("Unknown, and worth knowing", "不明な事実"),
    "is": ("it is", "現在の値は"),
    "and": ("and", "かつ"),
    "readings": ("How the two Acts read it", "両法の読み方"),
    "tba": ("Telecommunications Business Act", "電気通信事業法"),
    "appi": ("Act on the Protection of Personal Information", "個人情報保護法"),
    "evidence": ("Evidence", "証拠"),
    "todo": ("What to do", "対応手順"),
    "notes": ("To be known", "注意"),
    "absent": ("absent", "なし"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that a page shows besides the explanation itself.

    Attributes:
        head: lines below the title: the flag, its events.
        event: fields of the event by name, in the catalogue's order; ``ERASED`` for what is not kept any more.
        explanation: what the rule says.
        evidence: where it stands and which versions judged, by name.
        notes: what the reader must know of how this page came about.
    """

    head: tuple[str, ...]
    event: Mapping[str, Any]
    explanation: Explanation
    evidence: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def page(shown: Page, language: Language = "en") -> Iterator[RenderableType]:
    """Yield the parts of a page, top to bottom."""
    said = shown.explanation
    word = _Words(language)
    yield headline(said)
    yield from (Text(line) for line in shown.head)
    yield from _section(word.event, [_pairs(shown.event)])
    yield from reasons(said, language)
    yield from _section(word.readings, [_readings(said, word)])
    yield from _section(word.evidence, [_pairs(shown.evidence)])
    if shown.notes:
        yield from _section(word.notes, [Text(note) for note in shown.notes])
    yield from _section(word.todo, [Text(said.runbook.rstrip())])


def headline(said: Explanation) -> Text:
    """Return the first line: rule, severity, title."""
    return Text(f"{said.rule}  {said.level}  {said.title}", style="bold")


def show(parts: Iterable[RenderableType]) -> None:
    """Print parts no wider than people read with ease; without a terminal no line ends in blanks."""
    out = console()
    out.width = min(out.width, WIDTH)
    if out.is_terminal:
        for part in parts:
            out.print(part)
        return
    with out.capture() as captured:
        for part in parts:
            out.print(part)
    click.echo("\n".join(line.rstrip() for line in captured.get().rstrip().splitlines()))


def reasons(said: Explanation, language: Language = "en") -> Iterator[RenderableType]:
    """Yield why a rule matched, the facts it looked at, and what would have made it pass."""
    word = _Words(language)
    clauses = Text(f"{word.clauses}: {'; '.join(said.clauses)}")
    condition = Text(f"{word.condition}: {said.why.condition}")
    yield from _section(word.why, [Text(said.reason), clauses, condition, _selections(said.why, word)])
    yield from _section(word.about, [_facts(said.about, word)])
    yield from _section(word.facts, [_facts(said.facts, word)])
    yield from page_section("passes", [said.passes_if, *ways(said, language)], language)


def page_section(title: str, lines: Iterable[str], language: Language) -> Iterator[RenderableType]:
    """Yield a section of plain lines under one of the page's own titles."""
    yield from _section(getattr(_Words(language), title), [Text(line) for line in lines])


def ways(said: Explanation, language: Language) -> list[str]:
    """Return the ways out as numbered lines under a line of introduction; nothing if there are none."""
    word = _Words(language)
    values = {fact.column: fact.value for fact in said.facts}
    lines = [f"{number}. {_way(way, values, word)}" for number, way in enumerate(said.ways_out, 1)]
    return [word.any, *lines] if lines else []


class _Words:
    """The page's own words in one language, as attributes."""

    def __init__(self, language: Language) -> None:
        self._index = ("en", "ja").index(language)

    def __getattr__(self, name: str) -> str:
        return _WORDS[name.rstrip("_")][self._index]


def _section(title: str, parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
    yield Text("")
    yield Text(title, style="bold")
    for part in parts:
        yield Padding(part, (0, 0, 0, 2))


def _pairs(values: Mapping[str, Any]) -> Table:
    """Return names and values side by side, absent ones left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in values.items():
        if value is not None:
            table.add_row(name, _shown(value))
    return table


def _shown(value: Any) -> str:
    """Return a value in the words that rules use for it; a time also in Japan, where the legal clocks run."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        return f"{cell(value)} ({value.astimezone(TOKYO):%Y-%m-%d %H:%M:%S} Asia/Tokyo)"
    return cell(value)


def _selections(why: Why, word: _Words) -> Table:
    """Return each selection with its tests and its answer."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in (word.selection, word.asks, word.answer):
        table.add_column(title, overflow="fold")
    for selection in why.selections:
        asked = "\n".join(f"{test.column} {test.asks}" for test in selection.tests)
        table.add_row(selection.name, asked, cell(selection.met))
    return table


def _facts(facts: Iterable[Fact], word: _Words) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in (word.fact, word.value, word.from_):
        table.add_column(title, overflow="fold")
    for fact in facts:
        table.add_row(fact.column, _now(fact.value, word), "\n".join(fact.sources) or "-")
    return table


def _way(way: Way, values: Mapping[str, Any], word: _Words) -> str:
    """Return one way out as a sentence: what must be, and what is."""
    needs = [f"{need.column} {need.must} ({word.is_} {_now(values.get(need.column), word)})" for need in way]
    return f" {word.and_} ".join(needs)


def _now(value: Any, word: _Words) -> str:
    return word.absent if value is None else _shown(value)


def _readings(said: Explanation, word: _Words) -> Table:
    """Return the readings of the two Acts side by side."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=True)
    table.add_column(word.tba, ratio=1, overflow="fold")
    table.add_column(word.appi, ratio=1, overflow="fold")
    table.add_row(said.tba, said.appi)
    return table


def columns_of_event(row: Mapping[str, Any], names: Sequence[str], erased: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields that an event had, in the order of ``names``; what is kept no more is told as erased."""
    gone = set(erased)
    values = {name: ERASED if name in gone and row.get(name) is None else row.get(name) for name in names}
    return {name: value for name, value in values.items() if value is not None}
