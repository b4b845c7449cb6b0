"""Tests of dagster-duckdb and dagster-duckdb-pandas: tables in a database, and a connection to it."""

from pathlib import Path

import pytest
from how_to_run import HOW_TO_RUN

pytest.importorskip("dagster_duckdb_pandas", reason=HOW_TO_RUN)

import dagster as dg
import pandas as pd
from dagster_duckdb import DuckDBResource
from dagster_duckdb_pandas import DuckDBPandasIOManager

DAYS = dg.DailyPartitionsDefinition(start_date="2024-02-28", end_date="2024-03-02")


@dg.asset(partitions_def=DAYS, metadata={"partition_expr": "day"})
def orders(context: dg.AssetExecutionContext) -> pd.DataFrame:
    """Two rows of the day."""
    day = pd.Timestamp(context.partition_key)
    return pd.DataFrame({"day": [day, day], "amount": [day.day, 1]})


@dg.asset(partitions_def=DAYS)
def totals(context: dg.AssetExecutionContext, orders: pd.DataFrame) -> None:
    """The sum of the day, as metadata."""
    context.add_output_metadata({"total": int(orders["amount"].sum())})


@dg.asset
def summary(context: dg.AssetExecutionContext, orders: pd.DataFrame, database: DuckDBResource) -> None:
    """The rows of all days, as the I/O manager loads and as the database counts them."""
    with database.get_connection() as connection:
        found = connection.execute("select count(*) from shop.orders").fetchone()
    context.add_output_metadata({"loaded": len(orders), "counted": found[0] if found else 0})


def test_partitions_in_a_database(tmp_path: Path) -> None:
    """A partition replaces its own rows, is loaded alone, and a table without partitions gets all rows."""
    path = str(tmp_path / "data.duckdb")
    resources = {
        "io_manager": DuckDBPandasIOManager(database=path, schema="shop"),
        "database": DuckDBResource(database=path),
    }
    for day in ("2024-02-28", "2024-02-29", "2024-02-29"):
        day_result = dg.materialize([orders, totals], partition_key=day, resources=resources)
    all_days = dg.materialize([orders, summary], selection=[summary], resources=resources)

    assert metadata_of(day_result, "totals")["total"] == dg.IntMetadataValue(30)
    assert metadata_of(all_days, "summary")["loaded"] == dg.IntMetadataValue(4)
    assert metadata_of(all_days, "summary")["counted"] == dg.IntMetadataValue(4)


def metadata_of(result: dg.ExecuteInProcessResult, node: str) -> dict[str, dg.MetadataValue]:
    """Return the metadata of the only materialization of a node."""
    [materialization] = result.asset_materializations_for_node(node)
    return dict(materialization.metadata)


def test_the_type_of_a_stored_table(tmp_path: Path) -> None:
    """A value that is not of the annotated type fails the step before it is stored."""

    @dg.asset
    def wrong() -> pd.DataFrame:
        return [1]  # type: ignore[return-value]

    path = tmp_path / "shop.duckdb"
    with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="DataFrame"):
        dg.materialize([wrong], resources={"io_manager": DuckDBPandasIOManager(database=str(path))})

    assert not path.exists()
