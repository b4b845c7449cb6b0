"""A scheduler and workers in processes of their own, as somebody would start them by hand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from run_checks import wait_for

_EVERYWHERE = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    """A scheduler as it is without any setting, and workers.

    Attributes:
        address: Of the scheduler.
        scheduler: Its process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--scheduler-file", str(self._file), "--port", "0")
        self.address: str = wait_for(self._address, "the scheduler")

    def _address(self) -> str | None:
        try:
            return str(json.loads(self._file.read_text(encoding="utf-8"))["address"])
        except (FileNotFoundError, ValueError):  # not written, or not to the end
            return None

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker, by default one with a nanny, which starts it again when it dies."""
        return self._start("worker", self.address, "--local-directory", str(self._folder), *options)

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        number = len(self._processes)
        with open(self._folder / f"{kind}-{number}.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *_EVERYWHERE, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def wait_for_threads(self, count: int) -> None:
        """Wait until the workers have so many threads together."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            wait_for(lambda: sum(client.nthreads().values()) >= count, f"{count} threads of workers")

    def close(self) -> None:
        """End all processes, and those that they started."""
        for process in self._processes:
            with suppress(ProcessLookupError):  # it has ended, and all that it had started
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
