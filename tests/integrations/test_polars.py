"""Tests of dagster-polars: Parquet files with a file for each partition."""

from pathlib import Path

import pytest
from how_to_run import HOW_TO_RUN

pytest.importorskip("dagster_polars", reason=HOW_TO_RUN)

import dagster as dg
import polars as pl
from dagster_polars import DataFramePartitions, PolarsParquetIOManager

# dagster-polars passes arguments that later releases of polars replace
pytestmark = pytest.mark.filterwarnings("ignore:.*parameter.*:DeprecationWarning")

SHOPS = dg.StaticPartitionsDefinition(["north", "south"])


@dg.asset(partitions_def=SHOPS)
def orders(context: dg.AssetExecutionContext) -> pl.DataFrame:
    """Orders of a shop."""
    return pl.DataFrame({"shop": [context.partition_key] * 2, "amount": [1, 7]})


@dg.asset(partitions_def=SHOPS)
def large(orders: pl.LazyFrame) -> pl.LazyFrame:
    """The large orders, filtered without loading the file."""
    return orders.filter(pl.col("amount") > 5)


@dg.asset
def rows(context: dg.AssetExecutionContext, large: DataFramePartitions) -> pl.DataFrame:
    """The large orders of all shops."""
    return pl.concat(frame for _, frame in sorted(large.items()))


def test_partitions_in_files(tmp_path: Path) -> None:
    """A partition is a file, a lazy frame is loaded by its annotation, and all partitions are a dict."""
    resources = {"io_manager": PolarsParquetIOManager(base_dir=str(tmp_path))}
    for shop in SHOPS.get_partition_keys():
        result = dg.materialize([orders, large], partition_key=shop, resources=resources)
    everything = dg.materialize([orders, large, rows], selection=[rows], resources=resources)

    [stored] = result.asset_materializations_for_node("orders")
    assert (tmp_path / "orders" / "north.parquet").is_file()
    assert stored.metadata["dagster/partition_row_count"] == dg.IntMetadataValue(2)
    assert [column.name for column in stored.metadata["dagster/column_schema"].schema.columns] == [
        "shop",
        "amount",
    ]
    assert everything.output_for_node("rows").rows() == [("north", 7), ("south", 7)]


def test_the_type_of_a_stored_frame(tmp_path: Path) -> None:
    """A value that is not of the annotated type fails the step before it is stored."""

    @dg.asset
    def wrong() -> pl.DataFrame:
        return {"amount": [1]}  # type: ignore[return-value]

    with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="DataFrame"):
        dg.materialize([wrong], resources={"io_manager": PolarsParquetIOManager(base_dir=str(tmp_path))})

    assert not (tmp_path / "wrong.parquet").exists()
