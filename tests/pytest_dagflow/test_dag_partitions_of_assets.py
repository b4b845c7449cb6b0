"""Tests of the marker `dag_partitions` with checks and multi-assets."""

from __future__ import annotations

import pytest

CUPS = """
    import pytest
    from dagflow import *
    from pytest_dagflow import assert_check, assert_materialized

    CUPS = StaticPartitionsDefinition(["small", "large"])
    DAYS = StaticPartitionsDefinition(["monday"])

    @asset(partitions_def=CUPS)
    def cups(context):
        return context.partition_key

    @asset_check(asset=cups, partitions_def=CUPS)
    def full(cups):
        return AssetCheckResult(passed=cups != "large")

    @multi_asset(specs=[AssetSpec("hot"), AssetSpec("cold")], partitions_def=CUPS)
    def drinks(context):
        yield MaterializeResult("hot", metadata={"cup": context.partition_key})
        yield MaterializeResult("cold")

    @multi_asset(
        specs=[AssetSpec("one", partitions_def=CUPS), AssetSpec("two", partitions_def=DAYS)], can_subset=True
    )
    def mixed(context): ...

    @asset_check(asset="hot")
    def plain(): ...
"""


@pytest.fixture
def run(pytester: pytest.Pytester):
    """Run a test file with partitioned checks and assets."""

    def run(tests: str) -> pytest.RunResult:
        pytester.makepyfile(CUPS + tests)
        return pytester.runpytest("-p", "no:randomly", "-v")

    return run


def test_each_key_of_a_check_and_a_multi_asset_is_a_test(run):
    """The keys are those of the partitions that the check, or all assets, have."""
    result = run("""
    @pytest.mark.dag_partitions(full)
    def test_check(partition_key, materialize_to_memory):
        result = materialize_to_memory([cups, full], partition_key=partition_key)
        assert_check(result, "cups", "full", passed=partition_key == "small", partition=partition_key)

    @pytest.mark.dag_partitions(drinks)
    def test_assets(partition_key, materialize_to_memory):
        result = materialize_to_memory([drinks], partition_key=partition_key)
        assert_materialized(result, "hot", partition=partition_key, metadata={"cup": partition_key})
        assert_materialized(result, "cold", partition=partition_key)
    """)

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*::test_check[[]large[]] PASSED*", "*::test_assets[[]small[]] PASSED*"])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("plain", "*checks of 'hot_plain'> has no partitions: pass a partitions definition, or an asset, *"),
        ("mixed", "*'one', 'two'> has several partitions definitions: pass one of them (*of one; *of two)*"),
    ],
)
def test_an_unclear_choice_is_an_error(run, target: str, message: str):
    """A check without partitions, and assets with different ones, have no keys to choose from."""
    result = run(f"""
    @pytest.mark.dag_partitions({target})
    def test_one(partition_key): ...
    """)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
