"""The session on one runtime, and its form in the file of the second session.

The file has one JSON document in each line: the tests as they end, so that the first session can show its
progress, and that an interrupt loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_dagflow.outcomes import Outcome, Recorder


@dataclass
class Side:
    """The session on one runtime.

    Attributes:
        name: The runtime: "dagflow" or "dagster".
        version: Its version.
        import_seconds: The time of its import.
        session_seconds: The time from the start of its import to the end of the last test.
        tests: The outcome of each test that ended, by its id, in the order of their ends.
        broken: The error of each file and folder that could not be collected, by its id.
        stopped: The reason why not all tests ran; empty if all did.
        exit_code: The exit code of the second session; None while it runs, and for the first session.
        is_collected: Whether all files were collected, apart from those in `broken`.
    """

    name: str
    version: str = ""
    import_seconds: float = 0.0
    session_seconds: float = 0.0
    tests: dict[str, Outcome] = field(default_factory=dict)
    broken: dict[str, Outcome] = field(default_factory=dict)
    stopped: str = ""
    exit_code: int | None = None
    is_collected: bool = False

    @property
    def tests_seconds(self) -> float:
        """The sum of the times of all tests."""
        return sum(outcome.seconds for outcome in self.tests.values())

    def count(self, *results: str) -> int:
        """Return the number of tests with some results."""
        return sum(outcome.result in results for outcome in self.tests.values())

    def read(self, line: str) -> Outcome | None:
        """Add a line of the file of the second session; return the outcome of a test, if it has one."""
        message: dict[str, Any] = json.loads(line)
        kind = message.pop("kind")
        if kind in ("test", "broken"):
            test_id = message.pop("id")
            outcome = Outcome(**message)
            (self.tests if kind == "test" else self.broken)[test_id] = outcome
            return outcome if kind == "test" else None
        for name, value in message.items():
            setattr(self, name, value)
        return None


def recorder_of(
    side: Side, config: pytest.Config, send: Callable[[Mapping[str, Any]], None] | None = None
) -> Recorder:
    """Return the plugin that adds the outcomes of the tests to a session.

    Args:
        side: The session.
        config: The config of pytest.
        send: Sends a message; default: nothing is sent.
    """

    def keep(kind: str, test_id: str, outcome: Outcome) -> None:
        (side.tests if kind == "test" else side.broken)[test_id] = outcome
        if send is not None:
            send({"kind": kind, "id": test_id, **outcome._asdict()})

    return Recorder(config, keep)
