"""Where a fact comes from, told so that a person can go and look: the page of a policy line, the basis of a setting.

`streams.enrich` says a fact's source as one text, its parts separated by semicolons (see `streams.enrich.facts`):
``register assets/crm-db@2025-04-01 operator``, ``register policy/us-storage@2025-04-01``,
``setting transit.treatment = review``, ``event origin.country``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.interpretations import catalogue
from schemas.register import Entry, PolicyLine, Register
from schemas.settings import AUTHORITY_WORDS, Setting
from streams.register_versions import entries, reference

_REGISTER: Final = "register "
_SETTING: Final = "setting "


class Citations:
    """Tells more of the sources of facts; made once per version of the register."""

    def __init__(self, register: Register) -> None:
        self._entries: Mapping[str, Entry] = {
            reference(found.part, found.entry): found.entry for found in entries(register)
        }
        self._settings = {setting.name: setting for setting in catalogue()}

    def cite(self, source: str) -> tuple[str, ...]:
        """Return the parts of a source, each once and with what helps to look it up."""
        parts = dict.fromkeys(part.strip() for part in source.split(";"))
        return tuple(self._cite(part) for part in parts if part)

    def _cite(self, part: str) -> str:
        if part.startswith(_SETTING) and (setting := self._settings.get(part.split()[1])) is not None:
            return f"{part} ({_basis(setting)})"
        if part.startswith(_REGISTER):
            entry = self._entries.get(part.split()[1])
            return f"{part} ({_published(entry)})" if isinstance(entry, PolicyLine) else part
        return part


def _basis(setting: Setting) -> str:
    """Return the question that a setting answers, its basis, and how sure that is."""
    questions = ", ".join(setting.meaning.questions)
    basis = f"{setting.meaning.basis}: {AUTHORITY_WORDS[setting.meaning.authority]}"
    return f"{questions}; {basis}" if questions else basis


def _published(line: PolicyLine) -> str:
    """Return what a policy line says, and where it is published."""
    said = " ".join(part for part in (line.item, line.country, line.party, line.umu and f"有無 {line.umu}") if part)
    place = f"{line.url or ''}{'#' if line.url and line.anchor else ''}{line.anchor or ''}"
    return f"{said}; {place}" if place else f"{said}; no page given"
