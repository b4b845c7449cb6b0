"""A scheduler and workers in their own processes, as if they were started by hand."""

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
    """A scheduler with default settings, and workers.

    Attributes:
        address: The address of the scheduler.
        scheduler: The process of the scheduler.
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
        except (FileNotFoundError, ValueError):  # not written completely
            return None

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker; by default its nanny restarts it when it dies."""
        return self._start("worker", self.address, "--local-directory", str(self._folder), *options)

    def _start(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        number = len(self._processes)
        with open(self._folder / f"{program}-{number}.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{program}", *_EVERYWHERE, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def wait_for_threads(self, count: int) -> None:
        """Wait until the workers have a total number of threads."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            wait_for(lambda: sum(client.nthreads().values()) >= count, f"{count} threads of workers")

    def close(self) -> None:
        """Kill all processes and their child processes."""
        for process in self._processes:
            with suppress(ProcessLookupError):  # all processes of the group have ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
