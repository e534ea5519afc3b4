"""Observer: what a recorder tells whoever measures it. This one keeps everything to itself; metrics override it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from schemas.errors import AshiatoError

if TYPE_CHECKING:
    from services.log import Partition
    from services.recording import Prepared

Stage = Literal["read", "decode", "pipeline", "rows", "publish", "ranges", "commit", "review"]


class Observer:
    """Is told of everything that a recorder does; all calls come from its event loop and must return at once."""

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Take note of the partitions that are this recorder's from now on; none: it has let go of all."""

    def resumed(self, partition: Partition, offset: int) -> None:
        """Take note that a partition is read from ``offset`` on."""

    def recorded(self, prepared: Sequence[Prepared]) -> None:
        """Take note of batches that count now."""

    def reviewed(self, prepared: Prepared) -> None:
        """Take note of findings of the identity review that count now."""

    def lag(self, partition: Partition, messages: int) -> None:
        """Take note of how many messages of a partition do not count yet, those of batches under way among them."""

    def retried(self, stage: str, error: AshiatoError, wait: float) -> None:
        """Take note of a step that will be tried again in ``wait`` seconds."""

    def warned(self, text: str) -> None:
        """Take note of what a person should know; holds no personal data."""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:  # noqa: ARG002  (for those who override)
        """Measure a stage, one of `Stage`."""
        yield
