"""Tests of `--dag-first`: all tests run, the affected ones first."""

from __future__ import annotations

import sys

import pytest

KITCHEN = """
    from dagflow import asset

    @asset
    def water():
        return {water}

    @asset
    def milk():
        return 1
"""
TESTS = """
    from kitchen import milk, water

    def test_milk():
        assert milk()

    def test_plain(): ...

    def test_water():
        assert water()
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Create a test for each of two assets, and run them."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    pytester.makepyfile(kitchen=KITCHEN.format(water=1), test_it=TESTS)
    pytester.runpytest().assert_outcomes(passed=3)
    return pytester


def order(project: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the tests in the order in which they ran, without `test_`."""
    result = project.runpytest("-v", "--dag-first", *arguments)
    result.assert_outcomes(passed=3)
    return [line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line]


def test_changed_tests_run_first(project: pytest.Pytester):
    """Without an expression the affected tests are those of changed(); the others keep their order."""
    assert order(project, "-p", "no:randomly") == ["milk", "plain", "water"]
    project.makepyfile(kitchen=KITCHEN.format(water=2))

    assert order(project, "-p", "no:randomly") == ["water", "milk", "plain"]


@pytest.mark.usefixtures("all_plugins")
def test_an_expression_chooses_the_first_tests(project: pytest.Pytester):
    """With --dag-select nothing is deselected, also if another plugin shuffles the tests."""
    pytest.importorskip("pytest_randomly")
    for seed in ("1", "2", "3"):
        assert order(project, f"--randomly-seed={seed}", "--dag-select", "water")[0] == "water"


def test_the_report_says_which_tests_are_first(project: pytest.Pytester):
    """The summary has the number of tests; explanations say first and later."""
    result = project.runpytest("-p", "no:randomly", "--dag-first", "--dag-select", "water", "--dag-explain")

    result.stdout.fnmatch_lines(["*test_water: first: *", "dag-select: 1 node, 1 of 3 tests first"])
    result.stdout.fnmatch_lines(["*test_milk: later, it touches no selected node: *"])
