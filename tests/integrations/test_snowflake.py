"""Tests of dagster-snowflake: its I/O manager with a type handler of the project, over a fake connection."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from how_to_run import HOW_TO_RUN

pytest.importorskip("fake_snowflake", reason=HOW_TO_RUN)
pytest.importorskip("dagster_snowflake", reason=HOW_TO_RUN)

import dagster as dg
from dagster._check import CheckError
from dagster._core.storage.db_io_manager import DbTypeHandler, TableSlice
from dagster_snowflake import SnowflakeIOManager, SnowflakeResource
from dagster_snowflake.snowflake_io_manager import SnowflakeDbClient
from fake_snowflake import SnowflakeConnection

DAYS = dg.DailyPartitionsDefinition(start_date="2024-02-28", end_date="2024-03-02")
CREDENTIALS = {"account": "north", "user": "ann", "password": "none", "database": "SHOP"}


class RowsHandler(DbTypeHandler[tuple]):
    """Stores a tuple of pairs of a day and an amount."""

    supported_types = (tuple,)

    def handle_output(
        self, context: dg.OutputContext, table_slice: TableSlice, obj: tuple[Any, ...], connection: Any
    ) -> dict[str, int]:
        """Insert the rows, and return their number as metadata."""
        table = f"{table_slice.database}.{table_slice.schema}.{table_slice.table}"
        cursor = connection.cursor()
        cursor.execute(f"create table if not exists {table} (day timestamp, amount int)")
        for row in obj:
            cursor.execute(f"insert into {table} values (?, ?)", row)
        return {"rows": len(obj)}

    def load_input(
        self, context: dg.InputContext, table_slice: TableSlice, connection: Any
    ) -> tuple[Any, ...]:
        """Select the rows of the partition."""
        return tuple(
            connection.cursor().execute(SnowflakeDbClient.get_select_statement(table_slice)).fetchall()
        )


class ManagerOfRows(SnowflakeIOManager):
    """The I/O manager of the project."""

    @staticmethod
    def type_handlers() -> Sequence[DbTypeHandler[Any]]:
        """Return the only handler."""
        return [RowsHandler()]


@dg.asset(partitions_def=DAYS, metadata={"partition_expr": "day"}, key_prefix="sales")
def orders(context: dg.AssetExecutionContext) -> tuple:
    """Rows of the day."""
    return ((context.partition_key, 1), (context.partition_key, 7))


@dg.asset(partitions_def=DAYS, io_manager_key="memory")
def total(orders: tuple) -> int:
    """The sum of the day."""
    return sum(amount for _, amount in orders)


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    """Give each test an empty account."""
    SnowflakeConnection.reset()
    yield
    SnowflakeConnection.reset()


def test_partitions_in_a_schema() -> None:
    """A partition replaces its own rows in the schema of its key, and is loaded alone."""
    resources = {"io_manager": ManagerOfRows(**CREDENTIALS), "memory": dg.mem_io_manager}
    for day in ("2024-02-28", "2024-02-29", "2024-02-29"):
        result = dg.materialize([orders, total], partition_key=day, resources=resources)

    [stored] = result.asset_materializations_for_node("sales__orders")
    rows = SnowflakeConnection(**CREDENTIALS).cursor().execute("select * from SHOP.sales.orders").fetchall()
    assert result.output_for_node("total") == 8
    assert stored.metadata["rows"] == dg.IntMetadataValue(2)
    assert len(rows) == 4


def test_a_query_of_the_resource() -> None:
    """An asset queries by the connection of the resource, whose config `connect` gets."""

    @dg.asset
    def one(snowflake: SnowflakeResource) -> int:
        with snowflake.get_connection() as connection:
            return connection.cursor().execute("select 1").fetchall()[0][0]

    result = dg.materialize_to_memory([one], resources={"snowflake": SnowflakeResource(**CREDENTIALS)})

    [arguments] = SnowflakeConnection.arguments
    assert result.output_for_node("one") == 1
    assert {name: arguments[name] for name in CREDENTIALS} == CREDENTIALS


def test_a_type_without_a_handler() -> None:
    """A value of another type is refused, and the message names the types of the handlers."""

    @dg.asset
    def wrong() -> dict:
        return {"amount": 1}

    with pytest.raises(CheckError, match="tuple"):
        dg.materialize([wrong], resources={"io_manager": ManagerOfRows(**CREDENTIALS)})
