"""Several observers as one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from schemas.errors import StoreAwayError
from services.log import Partition
from services.observer import Observer
from services.observers import Observers


class Heard(Observer):
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def assigned(self, partitions: Sequence[Partition]) -> None:
        self.calls.append(("assigned", *partitions))

    def resumed(self, partition: Partition, offset: int) -> None:
        self.calls.append(("resumed", partition, offset))

    def recorded(self, prepared: Sequence[Any]) -> None:
        self.calls.append(("recorded", *prepared))

    def reviewed(self, prepared: Any) -> None:
        self.calls.append(("reviewed", prepared))

    def lag(self, partition: Partition, messages: int) -> None:
        self.calls.append(("lag", partition, messages))

    def retried(self, stage: str, error: Exception, wait: float) -> None:
        self.calls.append(("retried", stage, error, wait))

    def warned(self, text: str) -> None:
        self.calls.append(("warned", text))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        self.calls.append(("begin", stage))
        yield
        self.calls.append(("end", stage))


def test_each_of_them_hears_everything_in_order() -> None:
    first, second = Heard(), Heard()
    both, partition, error = Observers(first, second), Partition("kafka:a", 0, "native"), StoreAwayError("away")
    both.assigned([partition])
    both.resumed(partition, 3)
    both.recorded([])
    both.reviewed("a piece")  # type: ignore[arg-type]
    both.lag(partition, 4)
    both.retried("rows", error, 0.5)
    both.warned("careful")
    with both.timed("read"):
        both.warned("inside")
    assert first.calls == second.calls
    assert first.calls == [
        ("assigned", partition), ("resumed", partition, 3), ("recorded",), ("reviewed", "a piece"),
        ("lag", partition, 4),
        ("retried", "rows", error, 0.5), ("warned", "careful"), ("begin", "read"), ("warned", "inside"), ("end", "read"),
    ]  # fmt: skip


def test_they_override_all_that_an_observer_can_be_told() -> None:
    told = {name for name, value in vars(Observer).items() if callable(value) and not name.startswith("_")}
    assert told <= vars(Observers).keys()
