"""DuckDB: one open database for each file of the process, and SQL on data frames."""

from __future__ import annotations

from functools import cache

import duckdb
from pandas import DataFrame


@cache
def database(path: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """Return the database of a file, or one in memory. To open it costs more than most queries.

    Use it by `cursor()`, which is a connection of its own. Threads can do so at the same time.
    """
    return duckdb.connect(path)


def query(sql: str, **frames: DataFrame) -> DataFrame:
    """Return the rows of a query whose tables are the frames, by name."""
    with database().cursor() as connection:
        for name, frame in frames.items():
            connection.register(name, frame)
        return connection.sql(sql).df()
