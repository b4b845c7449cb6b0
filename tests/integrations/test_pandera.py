"""Tests of dagster-pandera: a schema of pandera as the type of an asset."""

import warnings
from pathlib import Path

import pytest
from how_to_run import HOW_TO_RUN

pytest.importorskip("dagster_pandera", reason=HOW_TO_RUN)

import dagster as dg
import pandas as pd
import pandera.pandas as pa
from dagster_pandera import pandera_schema_to_dagster_type
from pandera.typing import Series


class Orders(pa.DataFrameModel):
    """Orders of a shop."""

    shop: Series[str] = pa.Field(description="the name of the shop")
    amount: Series[int] = pa.Field(ge=1, description="the number of things")


with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)
    OrdersType = pandera_schema_to_dagster_type(Orders)
SHOPS = dg.StaticPartitionsDefinition(["north", "south"])


@dg.asset(partitions_def=SHOPS, dagster_type=OrdersType)
def orders(context: dg.AssetExecutionContext):
    """Orders of a shop; one of the south breaks the schema."""
    least = 1 if context.partition_key == "north" else 0
    return pd.DataFrame({"shop": [context.partition_key] * 2, "amount": [least, 7]})


@dg.asset(partitions_def=SHOPS)
def total(orders: pd.DataFrame) -> int:
    """The sum of the shop."""
    return int(orders["amount"].sum())


def test_a_partition_of_the_schema(tmp_path: Path) -> None:
    """A frame that fits is stored and loaded; the type has the columns of the schema."""
    resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))}
    assert dg.materialize([orders], partition_key="north", resources=resources).success
    result = dg.materialize([orders, total], selection=[total], partition_key="north", resources=resources)

    columns = OrdersType.metadata["schema"].schema.columns
    assert result.output_for_node("total") == 8
    assert [(column.name, column.description) for column in columns] == [
        ("shop", "the name of the shop"),
        ("amount", "the number of things"),
    ]
    assert columns[1].constraints.other == [">= 1"]


def test_a_partition_that_breaks_the_schema(tmp_path: Path) -> None:
    """The step fails, and the description names the check of the column."""
    resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))}
    result = dg.materialize([orders], partition_key="south", resources=resources, raise_on_error=False)

    [check] = [event for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
    data = check.event_specific_data.type_check_data
    assert (result.success, data.success) == (False, False)
    assert "greater_than_or_equal_to(1)" in data.description
    assert not (tmp_path / "orders" / "south").exists()
