"""The comparison of two sessions of the same tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pytest_dagflow.outcomes import FAILURES, PASSED, Outcome
from pytest_dagflow.runtimes.outcomes import Side


class Difference(NamedTuple):
    """One test, or one file, whose outcome is not the same on both runtimes.

    Attributes:
        id: The id of the test or file.
        first, second: The outcome on each runtime; None if there is no such test or error.
        is_file: Whether it is a file that only one runtime could collect.
    """

    id: str
    first: Outcome | None
    second: Outcome | None
    is_file: bool = False


class Comparison(NamedTuple):
    """The comparison of two sessions.

    Attributes:
        differences: The tests and files with different outcomes.
        unmatched: The tests that only one runtime has, for no known reason, such as different parameters.
        unrun: The number of tests that one session did not run, because it stopped before or lacks a file.
        equal: The number of tests with the same outcome.
        passed: The number of tests that passed on both.
        passed_seconds: The sum of the times of these tests on each runtime, which can be compared.
        failures: The number of tests and files that fail on either runtime.
    """

    differences: list[Difference]
    unmatched: list[Difference]
    unrun: int
    equal: int
    passed: int
    passed_seconds: tuple[float, float]
    failures: int


def compare(first: Side, second: Side) -> Comparison:
    """Return the comparison of two sessions."""
    differences: list[Difference] = []
    unmatched: list[Difference] = []
    times: list[tuple[float, float]] = []
    unrun = equal = failures = 0
    for one in _pairs(first.broken, second.broken):
        failures += 1
        other = second if one.second is None else first
        if other.is_collected and (one.first is None or one.second is None):
            differences.append(one._replace(is_file=True))
    for one in _pairs(first.tests, second.tests):
        results = [outcome.result for outcome in (one.first, one.second) if outcome is not None]
        failures += any(result in FAILURES for result in results)
        if one.first is None or one.second is None:
            other = second if one.second is None else first
            if other.stopped or _is_in(one.id, other.broken):
                unrun += 1
            else:
                unmatched.append(one)
        elif results[0] != results[1]:
            differences.append(one)
        else:
            equal += 1
            if results[0] == PASSED:
                times.append((one.first.seconds, one.second.seconds))
    passed_seconds = (sum(pair[0] for pair in times), sum(pair[1] for pair in times))
    return Comparison(differences, unmatched, unrun, equal, len(times), passed_seconds, failures)


def _pairs(first: dict[str, Outcome], second: dict[str, Outcome]) -> Iterator[Difference]:
    for test_id in dict.fromkeys([*first, *second]):
        yield Difference(test_id, first.get(test_id), second.get(test_id))


def _is_in(test_id: str, broken: dict[str, Outcome]) -> bool:
    return any(not file or test_id.startswith((f"{file}::", f"{file}/")) for file in broken)
