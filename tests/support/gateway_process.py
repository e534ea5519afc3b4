"""A gateway over a spool as a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from services.gateway import Gateway, create_app
from services.gateway_server import producers_of, server_of
from services.gateway_settings import GatewaySettings
from tests.support.forked import Forked
from tests.support.gateways import EVENTS, producers_file, spool_in

START_SECONDS: Final = 60


def main(argument: str) -> None:
    """Serve until told to stop. The argument is JSON: ``[folder, port, limits]``."""
    folder, port, limits = json.loads(argument)
    path = Path(folder)
    settings = GatewaySettings(
        producers_file=producers_file(path), port=port, events_per_second=1_000_000, burst=1_000_000, **limits
    )
    spool = spool_in(path)
    server_of(settings, create_app(Gateway(settings, spool, producers_of(settings)), spool)).run()


class GatewayProcess:
    """The process, to be started, signalled and killed; it can be started again over the same spool.

    Args:
        folder: for its spool.
        limits: settings of the gateway.
        file_bytes: see `Forked`.
    """

    def __init__(
        self, folder: Path, limits: Mapping[str, float] | None = None, *, file_bytes: int | None = None
    ) -> None:
        self._folder = folder
        self._file_bytes = file_bytes
        self._limits = dict(limits or {})
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        argument = json.dumps([str(self._folder), self.port, self._limits])
        out, err = self._folder / "gateway.out", self._folder / "gateway.err"
        self._process = Forked(main, argument, out=out, err=err, file_bytes=self._file_bytes)
        self.connection().close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def connection(self) -> socket.socket:
        """Return a connection, once somebody listens."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS)
            except ConnectionRefusedError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        return self._process.wait(START_SECONDS)

    def kept(self) -> list[bytes]:
        """Return every message that its spool holds."""
        spool, messages, after = spool_in(self._folder), list[bytes](), None
        while batch := spool.read(EVENTS, after):
            messages += batch.messages
            after = batch.last
        spool.shut()
        return messages


if __name__ == "__main__":
    main(sys.argv[1])
