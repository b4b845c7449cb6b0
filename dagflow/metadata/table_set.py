"""The metadata of a table under the names that every tool expects."""

from __future__ import annotations

from collections.abc import KeysView, Mapping
from typing import Any

from dagflow.errors import check_optional
from dagflow.metadata.table import TableColumnLineage, TableSchema
from dagflow.tags import system_tag, system_tag_spellings
from dagflow.values import Constant

_TYPES: dict[str, type[Any]] = {
    "column_schema": TableSchema,
    "column_lineage": TableColumnLineage,
    "row_count": int,
    "partition_row_count": int,
    "table_name": str,
    "storage_kind": str,
}


class TableMetadataSet(Constant):
    """The metadata of a table. `{**table}` is a dict of metadata, with `dagflow/` before each name.

    Args:
        column_schema: The columns.
        column_lineage: The columns that each column is computed from.
        row_count: The number of rows.
        partition_row_count: The number of rows of the stored partition.
        table_name: The name of the table, with database and schema.
        storage_kind: The kind of the database, such as "duckdb".

    Raises:
        ParameterCheckError: An argument is of another type.

    Example:
        >>> {**TableMetadataSet(row_count=3), "seconds": 1}
        {'dagflow/row_count': 3, 'seconds': 1}
    """

    __slots__ = tuple(_TYPES)

    column_schema: TableSchema | None
    column_lineage: TableColumnLineage | None
    row_count: int | None
    partition_row_count: int | None
    table_name: str | None
    storage_kind: str | None

    def __init__(
        self,
        *,
        column_schema: TableSchema | None = None,
        column_lineage: TableColumnLineage | None = None,
        row_count: int | None = None,
        partition_row_count: int | None = None,
        table_name: str | None = None,
        storage_kind: str | None = None,
    ) -> None:
        given = {
            "column_schema": column_schema,
            "column_lineage": column_lineage,
            "row_count": row_count,
            "partition_row_count": partition_row_count,
            "table_name": table_name,
            "storage_kind": storage_kind,
        }
        for name, value in given.items():
            check_optional(value, _TYPES[name], name, "a TableMetadataSet")
        self._set(**given)

    def keys(self) -> KeysView[str]:
        """Return the names of the values that are given."""
        return self._given().keys()

    def __getitem__(self, key: str) -> Any:
        return self._given()[key]

    @staticmethod
    def namespace() -> str:
        """Return the word before each name."""
        return system_tag("").rstrip("/")

    @classmethod
    def extract(cls, metadata: Mapping[str, Any]) -> TableMetadataSet:
        """Return the values of a dict of metadata that are metadata of a table.

        Example:
            >>> TableMetadataSet.extract({"dagflow/row_count": 3, "seconds": 1}).row_count
            3
        """
        found = {}
        for name in _TYPES:
            for key in system_tag_spellings(name):
                if key in metadata:
                    value = metadata[key]
                    found[name] = getattr(value, "value", value)
                    break
        return cls(**found)

    def _given(self) -> dict[str, Any]:
        values = {system_tag(name): getattr(self, name) for name in _TYPES}
        return {key: value for key, value in values.items() if value is not None}
