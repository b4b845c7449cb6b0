"""Tests of the names of steps in a report: assets, checks, and several assets."""

from __future__ import annotations

import pytest

HEAD = """
    from dagflow import *

    @asset
    def beans():
        return 0

    @asset_check(asset=beans, blocking=True)
    def fresh(beans):
        return AssetCheckResult(passed=beans > 0)

    @multi_asset(
        outs={name: AssetOut(is_required=False) for name in ("hot", "iced", "cold", "mild")}, can_subset=True
    )
    def drinks(context):
        for name in sorted(context.op_execution_context.selected_output_names):
            yield Output(1 / (name != "iced"), name)

    @multi_asset_check(specs=[AssetCheckSpec("a", asset="hot"), AssetCheckSpec("b", asset="beans")])
    def both():
        yield AssetCheckResult(asset_key="hot", check_name="a", passed=False)
        yield AssetCheckResult(asset_key="beans", check_name="b", passed=True)
"""


@pytest.fixture
def run(pytester: pytest.Pytester):
    """Run a failing test of assets and checks."""

    def run(body: str) -> pytest.RunResult:
        pytester.makepyfile(f"{HEAD}\n    def test_one(materialize_to_memory):\n        {body}")
        return pytester.runpytest()

    return run


def test_a_check_is_named_by_its_key(run):
    """The tree, the inputs and the command to select its tests name the check."""
    result = run("materialize_to_memory([beans, fresh])")

    result.stdout.fnmatch_lines([
        "  beans        succeeded in *",
        "  beans:fresh  failed in *: beans:fresh did not pass",
        "checks:",
        "  beans:fresh  did not pass (ERROR, blocking)",
        "inputs of 'beans:fresh':",
        """tests of the failed nodes:  pytest --dag-select 'check:"beans:fresh"'""",
    ])  # fmt: skip


def test_a_step_of_several_assets_lists_them(run):
    """The first ones of many, and only those that the run selected."""
    result = run("materialize_to_memory([beans, drinks, both])")

    result.stdout.fnmatch_lines([
        "  drinks (hot, iced, cold and 1 more)  failed in * ms",
        "      ZeroDivisionError: division by zero",
        "  both * not run",
        "tests of the failed nodes:  pytest --dag-select drinks",
    ])  # fmt: skip

    result = run("materialize_to_memory([drinks], selection='key:hot or key:iced')")
    result.stdout.fnmatch_lines(["  drinks (hot, iced)  failed in *"])
