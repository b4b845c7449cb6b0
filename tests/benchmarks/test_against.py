"""Benchmarks of `--dag-against`: the suite of an example on two equal revisions."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "weather"
ROUNDS = 5
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Commit a copy of the example."""
    folder = tmp_path / "weather"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "one")):
        subprocess.run([*GIT, *arguments], cwd=folder, check=True)
    return folder


def test_the_cost_of_a_second_revision(table: Any, repository: Path) -> None:
    """Measure the time of the same session with and without the option, in turn.

    All tests run twice. The rest is the recording, the worktree, the start of a process and the comparison.
    """

    def seconds(*options: str) -> float:
        start = time.perf_counter()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--dag-select=*", *options]
        subprocess.run(command, cwd=repository, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    seconds("--dag-against=HEAD")  # fills the caches
    rounds = [(seconds(), seconds("--dag-against=HEAD")) for _ in range(ROUNDS)]
    once, both = (statistics.median(times) for times in zip(*rounds, strict=True))
    table.add("session_once", "dagflow", once)
    table.add("session_against", "dagflow", both)
    table.add("against_rest", "dagflow", both - 2 * once)
