"""The second session of `--dag-runtime=both`: a new pytest with the same arguments, on Dagster."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pytest_dagflow.children import end_of, ending_at_sigterm
from pytest_dagflow.outcomes import DURING_COLLECTION, INTERRUPTED, Outcome
from pytest_dagflow.runtime import PART_OPTION
from pytest_dagflow.runtimes.outcomes import Side
from pytest_dagflow.second_session import (
    AS_SCRIPT,
    KNOWN_CODES,
    arguments_of_second,
    last_lines,
    run_session,
    starts_as_module,
)


def run_second(config: pytest.Config, side: Side, show: Callable[[Outcome], None]) -> str:
    """Run the second session, and add its outcomes to a side.

    Args:
        config: The config of the first session.
        side: The second session.
        show: Is called with each outcome when its test ends.

    Returns:
        The output of the session if it ended in another way than by its tests; empty otherwise.
    """

    def receive(line: str) -> None:
        outcome = side.read(line)
        if outcome is not None:
            show(outcome)

    with tempfile.TemporaryDirectory(prefix="dag-runtime-") as folder, ending_at_sigterm():
        file, output = Path(folder, "outcomes.jsonl"), Path(folder, "output.txt")
        side.stopped = DURING_COLLECTION
        try:
            command = _command(config, file)
            status = run_session(command, file, output, receive, folder=config.invocation_params.dir)
        except BaseException:
            side.stopped = INTERRUPTED
            raise
        side.exit_code = status
        if status in KNOWN_CODES or side.broken:
            return ""
        side.stopped = end_of(status)
        return last_lines(output)


def _command(config: pytest.Config, file: Path) -> Sequence[str]:
    """Return the command. Its own arguments are first, because a `--` of the user may follow."""
    start = ["-m", "pytest"] if starts_as_module() else ["-c", AS_SCRIPT]
    given = [str(argument) for argument in config.invocation_params.args]
    return [sys.executable, *start, f"{PART_OPTION}={file}", *arguments_of_second(config), *given]
