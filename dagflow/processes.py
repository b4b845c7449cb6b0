"""The identity of a process, with which another process can check whether it still runs.

The system reuses process ids, so an identity also has the start time. On Linux that is the boot and the clock
ticks since the boot, which do not change when the clock is set. (The start times of `psutil` do change, so it
cannot replace this code. On other systems it would only save a call of `ps`.)
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple


class Process(NamedTuple):
    """One process of one host.

    Attributes:
        host: The name of the host.
        pid: The process id on the host.
        start: The start time, in a form that can only be compared.
    """

    host: str
    pid: int
    start: str


def this_process() -> Process:
    """Return the identity of this process.

    Example:
        >>> is_alive(this_process())
        True
    """
    return Process(this_host(), os.getpid(), start_of(os.getpid()) or "")


def this_host() -> str:
    """Return the name of this host."""
    import platform  # imported lazily: only stores and clusters use it

    return platform.node()


def is_alive(process: Process) -> bool:
    """Return whether a process of this host still runs. A zombie does not.

    Args:
        process: Its identity.

    Example:
        >>> is_alive(this_process()._replace(start="another"))
        False
    """
    return start_of(process.pid) == process.start


def start_of(pid: int) -> str | None:
    """Return the start time of the process with an id, None if there is no such process.

    Example:
        >>> start_of(2**30) is None
        True
    """
    return _start_on_linux(pid) if sys.platform == "linux" else _start_by_ps(pid)


def _start_on_linux(pid: int) -> str | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            stat = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *others = stat[stat.rindex(")") + 2 :].split()  # the program name before it may contain ")"
    if state in "ZX":
        return None
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return f"{file.read().strip()}/{others[18]}"


def _start_by_ps(pid: int) -> str | None:
    import subprocess

    done = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, start = done.stdout.strip().partition(" ")
    return start.strip() or None if state[:1] not in ("", "Z") else None
