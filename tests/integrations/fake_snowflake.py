"""A stand-in for the package of the Snowflake connector, so that no account and no network is needed.

The import of this module puts the modules that dagster-snowflake imports in place. `connect` opens a database
of DuckDB in memory, which understands the statements of the I/O manager.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any, ClassVar

import pytest
from how_to_run import HOW_TO_RUN

pytest.importorskip("duckdb", reason=HOW_TO_RUN)

import duckdb

NAMES = {
    "snowflake": (),
    "snowflake.connector": (),
    "snowflake.core": ("Root",),
    "snowflake.core.database": ("Database",),
    "snowflake.core.pipe": ("Pipe",),
    "snowflake.core.schema": ("Schema",),
    "snowflake.core.stage": ("Stage",),
    "snowflake.core.table": ("Table",),
    "snowflake.core.view": ("View",),
    "snowflake.snowpark": ("Session",),
}
"""The modules, each with the names that are only imported."""


class Cursor:
    """A cursor, which runs each statement in a transaction of its own."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def execute(self, statement: str, values: Any = None) -> Cursor:
        """Run a statement; `values` are those of its question marks."""
        shown = re.fullmatch(r"show schemas like '(\w+)' in database (\w+)", statement.strip(), re.IGNORECASE)
        if shown:
            statement = "select schema_name from duckdb_schemas() where schema_name = ? and database_name = ?"
            values = shown.groups()
        try:
            self._cursor.execute(statement, values)
        except duckdb.CatalogException as error:
            raise ValueError(f"{error}: it does not exist or not authorized") from None
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows of the last statement."""
        return self._cursor.fetchall()

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()


class SnowflakeConnection:
    """A connection to the only account, whose databases all connections share.

    Attributes:
        arguments: The arguments of each call of `connect`.
    """

    arguments: ClassVar[list[dict[str, Any]]] = []
    _account: ClassVar[duckdb.DuckDBPyConnection | None] = None

    def __init__(self, **arguments: Any) -> None:
        self.arguments.append(arguments)
        if SnowflakeConnection._account is None:
            SnowflakeConnection._account = duckdb.connect()
            SnowflakeConnection._account.execute(f"attach ':memory:' as {arguments['database']}")
        self._database = arguments["database"]

    @classmethod
    def reset(cls) -> None:
        """Forget the databases and the calls."""
        cls._account = None
        cls.arguments.clear()

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        assert self._account is not None
        cursor = self._account.cursor()
        return Cursor(cursor.execute(f"use {self._database}"))

    def commit(self) -> None:
        """Do nothing: each statement is a transaction."""

    def close(self) -> None:
        """Do nothing: the databases of the account stay."""


def _install() -> None:
    """Put the modules in place of those of the connector, whether they are installed or not."""
    for name, names in NAMES.items():
        module = sys.modules[name] = ModuleType(name)
        module.__path__ = []
        for own in names:
            setattr(module, own, type(own, (), {}))
        package, _, last = name.rpartition(".")
        if package:
            setattr(sys.modules[package], last, module)
    connector: Any = sys.modules["snowflake.connector"]
    connector.SnowflakeConnection = connector.connect = SnowflakeConnection


if find_spec("dagster_snowflake"):
    _install()
