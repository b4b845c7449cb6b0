"""Tests of the marker `dag_always`: a test that runs under every selection."""

from __future__ import annotations

import pytest

TESTS = """
    import unittest
    import pytest
    from dagflow import asset

    pytestmark = {pytestmark}

    @asset
    def water(): ...

    @asset
    def milk(): ...

    @pytest.mark.dag_always
    def test_bare():
        assert milk

    @pytest.mark.dag_always()
    def test_called():
        assert milk

    @pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.dag_always)])
    def test_param(n):
        assert milk

    @pytest.mark.dag_always.with_args()
    class TestClass:
        def test_method(self):
            assert milk

    @pytest.mark.dag_always
    class TestCase(unittest.TestCase):
        def test_case(self):
            assert milk

    def test_other():
        assert milk
"""
MARKED = ["bare", "called", "case", "method", "param[2]"]


def passed(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the tests that passed, without `test_`."""
    result = pytester.runpytest("-p", "no:randomly", "--strict-markers", "-v", *arguments)
    assert result.ret == 0, str(result.stdout) + str(result.stderr)
    names = (line.partition(" ")[0].rpartition("test_")[2] for line in result.outlines if " PASSED" in line)
    return sorted(names)


def test_a_marked_test_runs_under_every_selection(pytester: pytest.Pytester):
    """It runs although the selection does not select its node, or excludes it."""
    pytester.makepyfile(TESTS.format(pytestmark=[]))

    assert passed(pytester, "--dag-select", "water") == MARKED
    assert passed(pytester, "--dag-exclude", "milk") == MARKED
    assert passed(pytester, "--dag-select", "changed()") == sorted([*MARKED, "other", "param[1]"])
    assert passed(pytester, "--dag-select", "changed()") == MARKED
    assert passed(pytester, "--dag-select", "water", "-k", "bare") == ["bare"]


def test_a_module_can_be_marked(pytester: pytest.Pytester):
    """`pytestmark` marks all tests of a module."""
    pytester.makepyfile(TESTS.format(pytestmark="pytest.mark.dag_always"))

    assert len(passed(pytester, "--dag-select", "water")) == 7


def test_it_takes_no_arguments(pytester: pytest.Pytester):
    """An argument is an error of the collection with the usage."""
    pytester.makepyfile("import pytest\n@pytest.mark.dag_always('water')\ndef test_it(): ...")

    result = pytester.runpytest()

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*test_it: marker dag_always: *", "usage: dag_always()"])
