"""Which process something runs in, so that another can tell later whether it still lives.

A process id alone is given to others again. With the moment at which its process began it never is: on Linux
that is the boot of the machine and the clock tick since then, which no change of the time of day disturbs.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple


class Process(NamedTuple):
    """One process of one machine.

    Attributes:
        host: The name of the machine.
        pid: Its id there.
        start: When it began, in a form that is only good for comparing.
    """

    host: str
    pid: int
    start: str


def this_process() -> Process:
    """The process that calls this.

    Example:
        >>> is_alive(this_process())
        True
    """
    return Process(this_host(), os.getpid(), start_of(os.getpid()) or "")


def this_host() -> str:
    """The name of this machine."""
    import platform  # only who stores runs needs it

    return platform.node()


def is_alive(process: Process) -> bool:
    """Whether a process of this machine still runs; one that has ended and is not collected yet does not."""
    return start_of(process.pid) == process.start


def start_of(pid: int) -> str | None:
    """When the process with this id began, None if there is none.

    Example:
        >>> start_of(2**30) is None
        True
    """
    return _start_on_linux(pid) if sys.platform == "linux" else _start_by_ps(pid)


def _start_on_linux(pid: int) -> str | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *others = text[text.rindex(")") + 2 :].split()  # the name before it may hold anything
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
