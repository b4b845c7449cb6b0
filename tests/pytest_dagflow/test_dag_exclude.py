"""Tests of `--dag-exclude`: no test that touches an excluded node runs."""

from __future__ import annotations

import pytest


@pytest.fixture
def kitchen(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create two assets in a row, and tests that touch the first, the second, both or no asset."""
    pytester.makepyfile(
        """
        from dagflow import asset

        @asset
        def water():
            return 1

        @asset
        def coffee(water):
            return 2

        def test_water():
            assert water

        def test_coffee():
            assert coffee

        def test_both():
            assert water and coffee

        def test_none():
            pass
        """
    )
    return pytester


def names(result: pytest.RunResult) -> list[str]:
    """Return the tests that passed."""
    return sorted(line.split("::test_")[1].split()[0] for line in result.outlines if " PASSED" in line)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--dag-exclude", "water"], "coffee none"),
        (["--dag-exclude", "water*"], "none"),
        (["--dag-exclude", "water", "--dag-exclude", "coffee"], "none"),
        (["--dag-select", "coffee", "--dag-exclude", "water"], "coffee"),
        (["--dag-select", "*", "--dag-exclude", "coffee"], "water"),
    ],
)
def test_no_test_that_touches_an_excluded_node_runs(
    kitchen: pytest.Pytester, arguments: list[str], expected: str
):
    """A test without nodes is not excluded; a selection and an exclusion both apply."""
    result = kitchen.runpytest("-p", "no:randomly", "-v", *arguments)

    assert result.ret == 0
    assert names(result) == sorted(expected.split())


def test_the_header_shows_what_is_excluded(kitchen: pytest.Pytester):
    """The header contains both expressions."""
    result = kitchen.runpytest("--dag-select", "*", "--dag-exclude", "coffee")

    result.stdout.fnmatch_lines(["dag-select: [*]", "dag-exclude: coffee"])


@pytest.mark.parametrize("expression", ["watr", "water and"])
def test_a_mistake_names_the_option(kitchen: pytest.Pytester, expression: str):
    """An unknown node and an invalid expression are usage errors."""
    result = kitchen.runpytest("--dag-exclude", expression)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --dag-exclude*"])
