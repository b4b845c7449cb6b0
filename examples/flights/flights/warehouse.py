"""The storage: a DuckDB file with one table for each asset, and a folder with one page for each month."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from dagflow import (
    ConfigurableIOManager,
    ConfigurableIOManagerFactory,
    ConfigurableResource,
    InputContext,
    OutputContext,
    UPathIOManager,
)
from pandas import DataFrame

from flights.sql import database


class Warehouse(ConfigurableResource):
    """A DuckDB database in a file.

    Attributes:
        path: The path of the file. It is created at the first use.
    """

    path: str

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a connection for one transaction. An error in the block undoes all of it."""
        with database(self.path).cursor() as connection:
            connection.begin()
            yield connection
            connection.commit()

    def query(self, sql: str) -> DataFrame:
        """Return the rows of a query."""
        with self.transaction() as connection:
            return connection.sql(sql).df()


class Tables(ConfigurableIOManager):
    """The I/O manager of data frames: a table for each asset, and the table `loads` with all partitions.

    The table of a partitioned asset has one more column, `partition_key`. A write replaces the rows of its
    partition in one transaction: after an error or a crash the old rows are there, and no new ones.

    Attributes:
        warehouse: The database.
    """

    warehouse: Warehouse

    def handle_output(self, context: OutputContext, frame: DataFrame) -> None:
        """Replace the table, or the rows of the partition.

        Raises:
            ValueError: The table has other columns than the frame.
        """
        table = context.asset_key.to_python_identifier()
        with self.warehouse.transaction() as connection:
            connection.register("frame", frame)
            if context.has_asset_partitions:
                _replace_partition(connection, table, str(context.partition_key), list(frame.columns))
            else:
                connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM frame")
        context.add_output_metadata({"table": table, "rows": len(frame)})

    def load_input(self, context: InputContext) -> DataFrame | dict[str, DataFrame]:
        """Return the table, the rows of the partition, or a dict of frames by partition key.

        Raises:
            LookupError: A partition is not loaded.
        """
        table = context.asset_key.to_python_identifier()
        with self.warehouse.transaction() as connection:
            if not context.has_asset_partitions:
                return connection.table(table).df()
            keys = [str(key) for key in context.asset_partition_keys]
            frames = {key: _partition(connection, table, key) for key in keys}
        return frames if len(frames) > 1 else frames[keys[0]]


def _replace_partition(
    connection: duckdb.DuckDBPyConnection, table: str, key: str, columns: list[str]
) -> None:
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {table} AS SELECT ''::VARCHAR AS partition_key, * FROM frame LIMIT 0"
    )
    stored = connection.table(table).columns[1:]
    if stored != columns:
        raise ValueError(f"table {table} has the columns {stored}, the new rows have {columns}")
    connection.execute(f"DELETE FROM {table} WHERE partition_key = ?", [key])
    connection.execute(f"INSERT INTO {table} SELECT ?, * FROM frame", [key])
    connection.execute(
        "CREATE TABLE IF NOT EXISTS loads "
        "(asset VARCHAR, partition_key VARCHAR, PRIMARY KEY (asset, partition_key))"
    )
    connection.execute("INSERT OR REPLACE INTO loads VALUES (?, ?)", [table, key])


def _partition(connection: duckdb.DuckDBPyConnection, table: str, key: str) -> DataFrame:
    loaded = "SELECT 1 FROM loads WHERE asset = ? AND partition_key = ?"
    if not connection.execute(loaded, [table, key]).fetchone():
        raise LookupError(f"partition {key} of table {table} is not loaded: materialize it first")
    rows = f"SELECT * EXCLUDE (partition_key) FROM {table} WHERE partition_key = ?"
    return connection.execute(rows, [key]).df()


class MarkdownFiles(UPathIOManager):
    """The I/O manager of texts. Its base class replaces a file as a whole."""

    extension = ".md"

    def dump_to_path(self, context: OutputContext, obj: str, path: Any) -> None:
        """Write a page."""
        with path.open("w", encoding="utf-8") as file:
            file.write(obj)

    def load_from_path(self, context: InputContext, path: Any) -> str:
        """Read a page."""
        return path.read_text(encoding="utf-8")


class Pages(ConfigurableIOManagerFactory):
    """A folder with pages, as config.

    Attributes:
        folder: The path of the folder.
    """

    folder: str

    def create_io_manager(self, context: object) -> MarkdownFiles:
        """Return the I/O manager of the folder."""
        return MarkdownFiles(base_path=Path(self.folder))
