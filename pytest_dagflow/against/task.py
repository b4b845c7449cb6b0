"""The task of a second session of `--dag-against`, and what it writes: files in one folder.

Each process of that session appends lines of JSON to a file of its own: `main.jsonl`, and one for each worker
of xdist. So the first session can show its progress, and an interrupt loses nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_dagflow.against.records import TestRun
from pytest_dagflow.outcomes import Outcome

REVISION, WORKING = "revision", "working"
"""The sides of a comparison."""
_MAIN = "main"


@dataclass(frozen=True)
class Task:
    """The task of a second session.

    Attributes:
        folder: The folder for its records, its output and its cache. Each attempt has one of its own.
        tests: The ids of the tests to run, in the order of the first session.
        now: The start time of the first session, so that both collect the same partition keys.
        root: The root folder of the second session.
        working_top: The top folder of the working tree.
        checkout_top: The top folder of the worktree of the revision; empty for a repeat on the working tree.
        attempt: The number of the attempt, from 1.
    """

    folder: str
    tests: list[str]
    now: float
    root: str
    working_top: str
    checkout_top: str = ""
    attempt: int = 1

    @property
    def side(self) -> str:
        """The side on which the tests run."""
        return REVISION if self.checkout_top else WORKING

    def write(self) -> Path:
        """Write the task into its folder, and return the file."""
        file = Path(self.folder, "task.json")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return file

    @classmethod
    def read(cls, file: Path) -> Task:
        """Return the task of a file."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))


def record_file(folder: str, worker: str = _MAIN) -> Path:
    """Return the file of a process of the second session.

    Args:
        folder: The folder of the task.
        worker: The id of the worker of xdist; default: the process of the session itself.
    """
    return Path(folder, f"{worker}.jsonl")


def append_line(file: Path, message: Mapping[str, Any]) -> None:
    """Append a message to the file of a process."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"{json.dumps(message)}\n")


def read_test(line: str) -> TestRun | None:
    """Return the test of a line; None for another one."""
    message: dict[str, Any] = json.loads(line)
    return TestRun(**message) if message.pop("kind") == "test" else None


def keep_outcomes(folder: Path) -> Callable[[str, str, Outcome], None]:
    """Return a function for `outcomes.Recorder`, which writes the outcomes into the folder of a side."""
    file = record_file(str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    process = os.getpid()

    def keep(kind: str, name: str, outcome: Outcome) -> None:
        if os.getpid() != process:  # a fork, such as that of a mutant
            return
        message: dict[str, Any] = {"kind": kind, "error": outcome.error}
        if kind == "test":
            message |= {"test": name, "outcome": outcome.result, "seconds": outcome.seconds}
        else:
            message["id"] = name
        append_line(file, message)

    return keep
