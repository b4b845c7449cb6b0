"""The verdicts about mutants, and their summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagflow.testing import Mutation

KILLED, SURVIVED, TIMED_OUT, UNTESTED = "killed", "survived", "timed out", "without tests"
STATUSES = (KILLED, SURVIVED, TIMED_OUT, UNTESTED)


@dataclass(frozen=True)
class Verdict:
    """The verdict about one mutant.

    Attributes:
        mutation: The mutation.
        status: One of STATUSES.
        tests: The ids of the tests that ran.
        killed_by: The id of the test that failed; empty if none did, or if the process died.
        detail: The error of this test, or the end of the process.
        seconds: The time of the process.
    """

    mutation: Mutation
    status: str
    tests: tuple[str, ...] = ()
    killed_by: str = ""
    detail: str = ""
    seconds: float = 0.0


@dataclass
class Results:
    """The results of a session of `--dag-mutate`. They grow while it runs.

    Attributes:
        total: The number of mutants to run.
        nodes: The number of their nodes.
        verdicts: The verdicts so far.
        failing: The tests that fail without a mutation, each with its error. They run with no mutant.
        failures: The reasons why the session fails besides these tests.
        notes: Sentences for the user.
        why_new: The reason why each mutant runs in a new process; empty if it is forked.
        seconds: The time of all processes so far.
    """

    total: int = 0
    nodes: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    failing: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    why_new: str = ""
    seconds: float = 0.0

    def with_status(self, *statuses: str) -> list[Verdict]:
        """Return the verdicts with one of some statuses."""
        return [one for one in self.verdicts if one.status in statuses]

    @property
    def percent(self) -> float:
        """The percentage of mutants that a test detected: killed, or stopped at the time limit."""
        found = len(self.with_status(KILLED, TIMED_OUT))
        return 100 * found / len(self.verdicts) if self.verdicts else 100.0
