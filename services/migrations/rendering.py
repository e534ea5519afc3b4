"""The same tables on one server and on a cluster. What the SQL files say is one server; a cluster is made from it.

On a cluster, rows of ranges are spread over the shards by their range id, so that a range stays together, and are read
and written through a Distributed table of the same name. Ranges themselves, seals, acts and versions are few, and every
node has all of them: what counts is decided in one place, from one copy. Joins with them are GLOBAL: the node that was
asked decides which ranges count, and tells the shards, so that no two of them answer from different moments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SHARDED: Final = "/clickhouse/tables/{shard}/{database}/{table}", "{replica}"
EVERYWHERE: Final = "/clickhouse/tables/all/{database}/{table}", "{shard}-{replica}"
"""Path in the coordination service and name of the replica; ClickHouse fills in its macros."""

SPREAD: Final = frozenset({
    "evidence_rows", "personal_short_rows", "personal_long_rows", "dead_letter_rows", "finding_rows",
})  # fmt: skip
"""Tables whose rows are spread over the shards; all others are on every node."""

_TABLE: Final = re.compile(
    r"CREATE TABLE IF NOT EXISTS (?P<name>\w+)(?P<columns>\s*\(.*\)\s*)ENGINE = MergeTree\n(?P<rest>.*)", re.DOTALL
)
_ALTER: Final = re.compile(r"ALTER TABLE (?P<name>\w+)\s(?P<change>\s*ADD COLUMN .*)", re.DOTALL)
_SETTING: Final = re.compile(r"ALTER TABLE (?P<name>\w+)\s(?P<change>\s*MODIFY SETTING .*)", re.DOTALL)
_VIEW: Final = re.compile(r"CREATE OR REPLACE VIEW (?P<name>\w+) AS\n(?P<select>.*)", re.DOTALL)
_JOIN: Final = re.compile(r"\b(INNER|LEFT) JOIN\b")


@dataclass(frozen=True, slots=True)
class Shape:
    """What the tables are made on.

    Attributes:
        database: their database.
        cluster: name of the cluster; None where there is one server.
    """

    database: str
    cluster: str | None = None

    def create_database(self) -> str:
        """Return the statement that makes the database."""
        return f"CREATE DATABASE IF NOT EXISTS `{self.database}`{self._on_cluster}"

    def render(self, statement: str) -> Iterator[str]:
        """Yield the statements that one statement of a migration becomes, in order.

        Args:
            statement: for one server.

        Raises:
            ValueError: it is of a kind that is not known to fit on a cluster; a defect of the migration.
        """
        if self.cluster is None:
            yield statement
        elif table := _TABLE.fullmatch(statement):
            yield from self._table(table["name"], table["columns"], table["rest"])
        elif alter := _ALTER.fullmatch(statement):
            # Where the rows are first: what is asked through the table in front must be there by then.
            name = alter["name"]
            for one in [f"{name}_local", name] if name in SPREAD else [name]:
                yield f"ALTER TABLE {one}{self._on_cluster}\n{alter['change']}"
        elif setting := _SETTING.fullmatch(statement):
            name = setting["name"]  # parts are where the rows are
            local = f"{name}_local" if name in SPREAD else name
            yield f"ALTER TABLE {local}{self._on_cluster}\n{setting['change']}"
        elif view := _VIEW.fullmatch(statement):
            select = _JOIN.sub(r"GLOBAL \1 JOIN", view["select"])
            yield f"CREATE OR REPLACE VIEW {view['name']}{self._on_cluster} AS\n{select}"
        else:
            message = f"no form for a cluster: {statement[:60]}"
            raise ValueError(message)

    def _table(self, name: str, columns: str, rest: str) -> Iterator[str]:
        if name not in SPREAD:
            yield self._replicated(name, columns, rest, EVERYWHERE)
            return
        local = f"{name}_local"
        yield self._replicated(local, columns, rest, SHARDED)
        yield (
            f"CREATE TABLE IF NOT EXISTS {name}{self._on_cluster}{columns}"
            f"ENGINE = Distributed('{self.cluster}', '{self.database}', '{local}', cityHash64(range_id))"
        )

    def _replicated(self, name: str, columns: str, rest: str, place: tuple[str, str]) -> str:
        engine = f"ReplicatedMergeTree('{place[0]}', '{place[1]}')"
        return f"CREATE TABLE IF NOT EXISTS {name}{self._on_cluster}{columns}ENGINE = {engine}\n{rest}"

    @property
    def _on_cluster(self) -> str:
        return f" ON CLUSTER `{self.cluster}`" if self.cluster else ""
