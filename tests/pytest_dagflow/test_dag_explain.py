"""Tests of `--dag-explain`: the reason why each test was kept or dropped."""

from __future__ import annotations

import pytest

TESTS = """
    import pytest
    from dagflow import asset

    @asset
    def water():
        return 1

    @asset
    def coffee(water):
        return 2

    def helper():
        return water

    @pytest.fixture
    def cup():
        return coffee

    @pytest.mark.dag_nodes("coffee")
    def test_declared():
        pass

    def test_inferred():
        assert water

    def test_helper():
        assert helper()

    def test_fixture(cup):
        assert cup

    @pytest.mark.parametrize("node", [water], ids=["w"])
    def test_parameter(node):
        assert node

    @pytest.mark.dag_nodes("water")
    def test_strongest():
        assert water

    def test_nothing():
        pass
"""


def explained(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the lines about tests, without the file."""
    pytester.makepyfile(test_it=TESTS)
    result = pytester.runpytest("-p", "no:randomly", "--dag-explain", *arguments)
    return [
        line.partition("test_it.py::test_")[2] for line in result.outlines if line.startswith("test_it.py::")
    ]


def test_each_tie_says_how_it_is_known(pytester: pytest.Pytester):
    """Without a selection all tests are kept; the strongest link to each node is shown."""
    assert explained(pytester) == [
        "declared: kept: coffee (declared by dag_nodes)",
        "inferred: kept: water (inferred from 'water')",
        "helper: kept: water (inferred from 'water' in helper())",
        "fixture: kept: coffee (inferred from 'coffee' in fixture 'cup')",
        "parameter[w]: kept: water (inferred from parameter 'node')",
        "strongest: kept: water (declared by dag_nodes)",
        "nothing: kept",
    ]


def test_each_verdict_has_a_reason(pytester: pytest.Pytester):
    """A test is dropped for an excluded node, or because it touches no selected node."""
    assert explained(pytester, "--dag-select", "coffee") == [
        "declared: kept: coffee (declared by dag_nodes)",
        "inferred: dropped, it touches no selected node: water (inferred from 'water')",
        "helper: dropped, it touches no selected node: water (inferred from 'water' in helper())",
        "fixture: kept: coffee (inferred from 'coffee' in fixture 'cup')",
        "parameter[w]: dropped, it touches no selected node: water (inferred from parameter 'node')",
        "strongest: dropped, it touches no selected node: water (declared by dag_nodes)",
        "nothing: dropped, it touches no known node",
    ]


def test_what_is_excluded_is_said(pytester: pytest.Pytester):
    """The reason for an exclusion is shown without a selection too."""
    lines = explained(pytester, "--dag-exclude", "coffee")

    assert lines[0] == "declared: dropped, it touches an excluded node: coffee (declared by dag_nodes)"
    assert lines[-1] == "nothing: kept"


def test_it_is_shown_under_xdist_too(pytester: pytest.Pytester):
    """The controller shows the lines of a worker."""
    pytest.importorskip("xdist")
    pytester.makepyfile(test_it=TESTS)

    result = pytester.runpytest_subprocess("-n", "2", "--dag-explain")

    result.stdout.fnmatch_lines(["*::test_declared: kept: coffee (declared by dag_nodes)"])
