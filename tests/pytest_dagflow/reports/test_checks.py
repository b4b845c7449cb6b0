"""Tests of the lines about asset checks in the report of a failed test."""

from __future__ import annotations

import pytest

PROJECT = """
from dagflow import (
    AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, MaterializeResult, asset, asset_check,
    materialize_to_memory, multi_asset_check,
)


@asset(check_specs=[AssetCheckSpec("hot", asset="coffee", blocking=True)])
def coffee():
    result = AssetCheckResult(passed=False, description="cold", metadata={"degrees": 40})
    return MaterializeResult(value=1, check_results=[result])


@asset
def party(coffee):
    return coffee


@asset
def beans():
    return 1


@multi_asset_check(specs=[AssetCheckSpec(name, asset="beans") for name in ("dry", "many")])
def looks():
    yield AssetCheckResult(check_name="dry", passed=True)
    yield AssetCheckResult(check_name="many", passed=False, severity=AssetCheckSeverity.WARN)
"""


def test_a_blocking_check_that_failed(pytester: pytest.Pytester):
    """The tree says that the step was blocked, and the lines below it say by which check and why."""
    pytester.makepyfile(PROJECT + "\n\ndef test_all():\n    materialize_to_memory([coffee, party])\n")

    result = pytester.runpytest("-p", "no:randomly")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "run of assets: failed in * ms, id *",
            "  coffee  failed in * ms, blocked by its checks",
            "  party   not run",
            "",
            "checks:",
            "  coffee:hot  did not pass (ERROR, blocking): cold; degrees = 40",
            "",
            "run it again:  pytest *",
        ],
        consecutive=True,
    )


def test_checks_of_a_run_that_succeeded(pytester: pytest.Pytester):
    """A failed test shows the checks of its run that did not pass, and the number of the others."""
    pytester.makepyfile(
        PROJECT
        + "\n\ndef test_looks():\n    assert not materialize_to_memory([beans, looks]).success\n"
        + "\n\ndef test_party():\n    assert not materialize_to_memory([beans]).success\n"
    )

    result = pytester.runpytest("-p", "no:randomly")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["checks:", "  beans:many  did not pass (WARN)", "  1 passed", ""], consecutive=True
    )
    assert result.stdout.str().count("checks:\n") == 1


def test_many_checks(pytester: pytest.Pytester):
    """Of many failed checks the first ones are shown."""
    pytester.makepyfile(
        PROJECT
        + """

@multi_asset_check(specs=[AssetCheckSpec(f"c{number}", asset="beans") for number in range(25)])
def numbers():
    for number in range(25):
        yield AssetCheckResult(check_name=f"c{number}", passed=False, description="no " * 60)


def test_numbers():
    assert not materialize_to_memory([beans, numbers]).success
"""
    )

    result = pytester.runpytest("-p", "no:randomly")

    result.stdout.fnmatch_lines(["  beans:c19 *no no...", "  ... and 5 more did not pass"], consecutive=True)
