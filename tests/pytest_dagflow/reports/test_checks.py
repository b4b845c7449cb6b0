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
            "  coffee  failed in * ms: coffee:hot did not pass",
            "  party   not run, blocked by coffee:hot",
            "",
            "checks:",
            "  coffee:hot  did not pass (ERROR, blocking): cold; degrees = 40",
            "",
            "run it again:  pytest *",
        ],
        consecutive=True,
    )


def test_what_a_check_blocked(pytester: pytest.Pytester):
    """Each step downstream names the checks that blocked it, through steps that did not run either."""
    pytester.makepyfile(
        PROJECT
        + """

@multi_asset_check(specs=[AssetCheckSpec(name, asset="beans", blocking=True) for name in "abcdx"])
def sorted_out():
    for name in "abcdx":
        yield AssetCheckResult(check_name=name, passed=name == "x")


@asset
def roast(beans):
    return beans


@asset
def cup(roast):
    return roast


def test_cup():
    result = materialize_to_memory([beans, sorted_out, roast, cup, coffee], raise_on_error=False)
    assert result.success
"""
    )

    result = pytester.runpytest()

    result.stdout.re_match_lines(
        [
            r"  sorted_out  failed in .* ms: beans:a, beans:b, beans:c and 1 more did not pass",
            r"  roast       not run, blocked by beans:a, beans:b, beans:c and 1 more",
            r"  cup         not run, blocked by beans:a, beans:b, beans:c and 1 more",
        ]
    )
    result.stdout.no_fnmatch_line("*DagflowAssetCheckFailedError*")  # the lines about the checks have it all


def test_a_suite_for_dagster(pytester: pytest.Pytester):
    """The reasons are shown under the names of Dagster too."""
    pytester.makeconftest("from dagflow.compat import install\n\ninstall()\n")
    run = "materialize_to_memory([coffee, party], raise_on_error=False)"
    pytester.makepyfile(
        f"{PROJECT.replace('dagflow', 'dagster')}\n\ndef test_all():\n    assert {run}.success\n"
    )

    result = pytester.runpytest_subprocess()

    result.stdout.fnmatch_lines(["  coffee  failed in * ms: coffee:hot did not pass", "  party   not run, *"])


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
