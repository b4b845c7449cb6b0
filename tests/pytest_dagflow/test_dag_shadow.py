"""Tests of `--dag-shadow`: all tests run, and the report compares the failures with the selection."""

from __future__ import annotations

import pytest

TESTS = """
    from dagflow import asset

    @asset
    def water(): ...

    @asset
    def milk(): ...

    def test_water():
        assert water is None

    def test_milk():
        assert milk{milk}

    def test_plain(): ...
"""


def test_missed_failures_are_reported(pytester: pytest.Pytester):
    """Each failure that the selection would have missed is named, with the tests that it would have saved."""
    pytester.makepyfile(test_it=TESTS.format(milk=" is None"))

    result = pytester.runpytest("--dag-shadow", "--dag-select", "milk")

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "dag-select: 1 node, 1 of 3 tests would run",
            "dag-shadow: the selection would have missed test_it.py::test_water",
            "dag-shadow: 1 of 2 failures missed; the selection would have saved 2 of 3 tests",
        ]
    )


def test_it_compares_with_changed_by_default(pytester: pytest.Pytester):
    """Without an expression the selection is changed(), which selects a test that failed the last time."""
    pytester.makepyfile(test_it=TESTS.format(milk=""))
    pytester.runpytest().assert_outcomes(passed=2, failed=1)

    result = pytester.runpytest("--dag-shadow")

    result.stdout.fnmatch_lines(
        ["dag-shadow: 0 of 1 failures missed; the selection would have saved 2 of 3 tests"]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_it_works_under_xdist(pytester: pytest.Pytester):
    """The controller compares the failures of all workers."""
    pytest.importorskip("xdist")
    pytester.makepyfile(test_it=TESTS.format(milk=" is None"))

    result = pytester.runpytest_subprocess("-n", "2", "--dag-shadow", "--dag-select", "milk")

    result.stdout.fnmatch_lines(
        ["dag-shadow: 1 of 2 failures missed; the selection would have saved 2 of 3 tests"]
    )


def test_a_session_without_failures(pytester: pytest.Pytester):
    """The report has the saved tests alone."""
    pytester.makepyfile(test_it=TESTS.format(milk=""))

    result = pytester.runpytest("--dag-shadow", "--dag-select", "milk", "-k", "milk or plain")

    result.stdout.fnmatch_lines(["dag-shadow: no test failed; the selection would have saved 2 of 3 tests"])
