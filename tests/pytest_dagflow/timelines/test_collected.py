"""The tests of a session for its page: their outcomes, and the limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_dagflow.timelines.collected import MAX_RUNS, MAX_TESTS, CollectedTests
from pytest_dagflow.timelines.recorder import Phase

NO_RUNS = Phase([], 0, [])


def report(nodeid: str, when: str, outcome: str = "passed", text: str | None = None) -> pytest.TestReport:
    """Return the report of a phase."""
    return pytest.TestReport(nodeid, ("", None, ""), {}, outcome, text, when, duration=0.5)  # type: ignore[arg-type]


def collected() -> CollectedTests:
    """Return no tests."""
    return CollectedTests(Path.cwd())


def test_the_worst_phase_counts() -> None:
    """A test whose teardown fails is an error, with the time and the runs of all phases."""
    tests = collected()

    tests.add(report("a", "setup"), "", Phase(["{}"], 1, ["1"]))
    tests.add(report("a", "call"), "passed", Phase(["{}"], 3, []))
    tests.add(report("a", "teardown", "failed", "no"), "error", NO_RUNS)

    (test,) = tests.tests()
    assert (test.outcome, test.message, test.seconds, test.count, test.shared) == (
        "error",
        "no",
        1.5,
        4,
        {"1"},
    )
    assert (tests.counts, tests.runs) == ({"error": 1}, 4)


def test_a_repeated_test_is_one_test() -> None:
    """The last attempt of a plugin that repeats tests decides, with the runs of all attempts."""
    tests = collected()

    for outcome, category in (("failed", "rerun"), ("passed", "passed")):
        tests.add(report("a", "call", outcome), category, Phase(["{}"], 1, []))
        tests.add(report("a", "teardown"), "", NO_RUNS)

    (test,) = tests.tests()
    assert (test.outcome, test.count, tests.counts, tests.runs) == ("passed", 2, {"rerun": 0, "passed": 1}, 2)


def test_a_test_without_an_end_is_interrupted() -> None:
    """A test of a worker that is gone has no last report."""
    tests = collected()

    tests.add(report("a", "setup"), "", NO_RUNS)

    assert [(test.nodeid, test.outcome) for test in tests.tests()] == [("a", "interrupted")]


def test_tests_and_runs_have_a_limit() -> None:
    """The tests after the limit are counted; a failed test behind them is kept with its runs."""
    tests = collected()

    for number in range(MAX_TESTS + 5):
        tests.add(report(f"a{number}", "call"), "passed", Phase(["{}"] * 2, 2, []))
        tests.add(report(f"a{number}", "teardown"), "", NO_RUNS)
    tests.add(report("b", "call", "failed"), "failed", Phase(["{}"], 1, []))
    tests.add(report("b", "teardown"), "", NO_RUNS)

    kept = tests.tests()
    assert len(kept) == MAX_TESTS + 1
    assert tests.counts == {"passed": MAX_TESTS + 5, "failed": 1}
    assert sum(len(test.runs) for test in kept) == MAX_RUNS + 1
    assert tests.runs == 2 * MAX_TESTS + 11
