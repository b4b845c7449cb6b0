"""`check_partitions_independent` finds partitions that depend on those that ran before."""

from __future__ import annotations

from typing import Any

import pytest

import dagflow as dg
from pytest_dagflow.strategies import build_assets, check_partitions_independent

DAYS = dg.DailyPartitionsDefinition("2024-02-27", end_date="2024-03-03")
SHOPS = dg.DynamicPartitionsDefinition(name="shops")


@dg.asset(partitions_def=DAYS, required_resource_keys={"files"})
def rows(context: dg.AssetExecutionContext) -> list[str]:
    """Forget the partition in the name of the file."""
    return list(context.resources.files.setdefault("rows.csv", [context.partition_key]))


@dg.asset(partitions_def=DAYS)
def total(rows: list[str]) -> int:
    return len(rows)


@dg.asset(partitions_def=DAYS, required_resource_keys={"files"})
def last(context: dg.AssetExecutionContext) -> None:
    context.resources.files["last"] = context.partition_key


def files() -> dict[str, Any]:
    """Return new resources."""
    return {"files": {}}


def test_a_file_without_the_partition_in_its_name() -> None:
    """The second partition reads the file of the first, and two keys are enough to repeat it."""
    with pytest.raises(AssertionError) as caught:
        check_partitions_independent([rows, total], resources=files)

    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "partition '2024-02-29' depends on other runs: after '2024-02-27' the value of 'rows': "
        "[0] is '2024-02-27', expected '2024-02-29', as in a run alone"
    )
    assert lines[-1] == (
        "repeat it with: check_partitions_independent([rows, total], keys=['2024-02-27', '2024-02-29'], "
        "resources=files)"
    )


def test_a_state_that_depends_on_the_order() -> None:
    """The state after all partitions must not depend on their order."""
    keys = ["2024-02-27", "2024-02-28"]
    check_partitions_independent([last], keys, resources=files)

    with pytest.raises(AssertionError, match="the order of partitions matters: after '2024-02-28'"):
        check_partitions_independent(
            [last], keys, resources=files, state=lambda resources: resources["files"]["last"]
        )


def test_independent_partitions() -> None:
    """Partitions without state pass, also dynamic ones."""
    check_partitions_independent(build_assets("a", "b(a)", partitions_def=DAYS))
    check_partitions_independent(build_assets("a", "b(a)", partitions_def=SHOPS), ["s1", "s2"])


@pytest.mark.parametrize(
    ("assets", "keys", "message"),
    [
        (build_assets("a"), None, "needs partitions, and <job 'assets'> has none"),
        (build_assets("a", partitions_def=DAYS), ["2024-02-28"], "with two or more, not"),
        (build_assets("a", partitions_def=DAYS), "2024-02-28", "with two or more, not '2024-02-28'"),
        (build_assets("a", partitions_def=SHOPS), None, r"with two or more, not \[\]"),
    ],
)
def test_nothing_to_compare(assets: Any, keys: Any, message: str) -> None:
    """Fewer than two partitions are an error."""
    with pytest.raises(dg.ParameterCheckError, match=message):
        check_partitions_independent(assets, keys)
