"""Tests of dagster-pandas: types of data frames with constraints of their columns."""

import warnings
from pathlib import Path

import pytest
from how_to_run import HOW_TO_RUN

pytest.importorskip("dagster_pandas", reason=HOW_TO_RUN)

import dagster as dg
import pandas as pd
from dagster_pandas import PandasColumn, create_dagster_pandas_dataframe_type

with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)
    Orders = create_dagster_pandas_dataframe_type(
        name="Orders",
        columns=[
            PandasColumn.string_column("shop", non_nullable=True),
            PandasColumn.integer_column("amount", min_value=1),
        ],
        metadata_fn=lambda frame: {"rows": len(frame)},
    )
SHOPS = dg.StaticPartitionsDefinition(["north", "south"])


@dg.asset(partitions_def=SHOPS, dagster_type=Orders)
def orders(context: dg.AssetExecutionContext):
    """Orders of a shop; those of the south break a constraint."""
    least = 1 if context.partition_key == "north" else 0
    return pd.DataFrame({"shop": [context.partition_key] * 2, "amount": [least, 7]})


@dg.asset(partitions_def=SHOPS, ins={"orders": dg.AssetIn(dagster_type=Orders)})
def total(orders):
    """The sum of the shop."""
    return int(orders["amount"].sum())


def test_a_partition_of_the_type(tmp_path: Path) -> None:
    """A frame that fits is stored as a file, loaded as a checked input, and its metadata is in the event."""
    resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))}
    assert dg.materialize([orders], partition_key="north", resources=resources).success
    result = dg.materialize([orders, total], selection=[total], partition_key="north", resources=resources)

    [loaded] = [event for event in result.all_events if event.event_type_value == "STEP_INPUT"]
    assert result.output_for_node("total") == 8
    assert (tmp_path / "orders" / "north").is_file()
    assert loaded.event_specific_data.type_check_data.success
    assert loaded.event_specific_data.type_check_data.metadata == {"rows": dg.IntMetadataValue(2)}


def test_a_partition_that_breaks_a_constraint(tmp_path: Path) -> None:
    """The error names the column and the constraint, and nothing is stored."""
    resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))}
    with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="amount"):
        dg.materialize([orders], partition_key="south", resources=resources)

    assert not (tmp_path / "orders" / "south").exists()
