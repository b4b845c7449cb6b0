"""Tables in metadata: rows, columns, column lineage, and invalid arguments."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from dagflow import AssetMaterialization
from dagflow.errors import CheckError, DagflowInvalidMetadata, ParameterCheckError
from dagflow.keys import AssetKey
from dagflow.metadata.table import (
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableConstraints,
    TableRecord,
    TableSchema,
)
from dagflow.metadata.value import MetadataValue

SCHEMA = TableSchema([TableColumn("cups", "int"), TableColumn("note", tags={"pii": ""})])
LINEAGE = TableColumnLineage({"total": [TableColumnDep("orders", "price"), TableColumnDep("items", "cups")]})


def test_a_schema_is_made_of_the_first_row() -> None:
    """The default schema has the names and types of the columns of the first row."""
    row = TableRecord({"a": 1, "b": "x", "c": True, "d": 1.5, "e": None})

    table = MetadataValue.table([row, TableRecord({"b": 2, "a": 2, "c": 2, "d": 2, "e": 2})])

    assert table.schema == TableSchema.from_name_type_dict(
        {"a": "int", "b": "string", "c": "bool", "d": "float", "e": "string"}
    )
    assert (table.records[0], table.value) == (row, table)


def test_a_given_schema_stands() -> None:
    """With a schema, rows can be empty or have other columns."""
    assert MetadataValue.table([], SCHEMA).schema is SCHEMA
    assert MetadataValue.table([TableRecord({"x": 1})], schema=SCHEMA).schema is SCHEMA


def test_defaults_of_a_column() -> None:
    """By default a column has strings that can be missing and repeated."""
    column = TableColumn("a")

    assert (column.type, column.description, column.tags) == ("string", None, {})
    assert column.constraints == TableColumnConstraints(nullable=True, unique=False, other=[])
    assert TableSchema([column]).constraints == TableConstraints([])


def test_schema_and_lineage_stand_in_metadata_as_they_are() -> None:
    """They are wrapped like plain values, and `value` returns them unchanged."""
    found = AssetMaterialization("a", metadata={"schema": SCHEMA, "lineage": LINEAGE}).metadata

    assert found == {
        "schema": MetadataValue.table_schema(SCHEMA),
        "lineage": MetadataValue.column_lineage(LINEAGE),
    }
    assert [value.value for value in found.values()] == [SCHEMA, LINEAGE]
    with pytest.raises(DagflowInvalidMetadata, match="'row'"):
        AssetMaterialization("a", metadata={"row": TableRecord({})})


def test_the_columns_of_a_lineage_are_in_order() -> None:
    """Equality of lineages does not depend on the order of their columns."""
    reverse = TableColumnLineage({"total": list(reversed(LINEAGE.deps_by_column["total"]))})

    assert reverse == LINEAGE
    assert [dep.asset_key for dep in reverse.deps_by_column["total"]] == [
        AssetKey("items"),
        AssetKey("orders"),
    ]


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: TableRecord([1]), ParameterCheckError, "'data'"),
        (lambda: TableRecord({"a": [1]}), CheckError, "'a' in parameter 'data'.*str, int, float, bool, None"),
        (lambda: TableRecord({1: 1}), CheckError, "strings as keys, not 1"),
        (lambda: TableColumn(1), ParameterCheckError, "'name'"),
        (lambda: TableColumn("a", None), ParameterCheckError, "'type'"),
        (lambda: TableColumn("a", description=3), ParameterCheckError, "'description'"),
        (lambda: TableColumn("a", constraints=[]), ParameterCheckError, "'constraints'"),
        (lambda: TableColumn("a", tags={"x": 1}), CheckError, "'x' in parameter 'tags'"),
        (lambda: TableColumnConstraints(nullable=1), ParameterCheckError, "'nullable'"),
        (lambda: TableColumnConstraints(unique=1), ParameterCheckError, "'unique'"),
        (lambda: TableConstraints(None), ParameterCheckError, "'other'"),
        (lambda: TableConstraints([1]), CheckError, "'other'.*number 1 is 1"),
        (lambda: TableSchema(["a"]), CheckError, "'columns'.*TableColumn"),
        (lambda: TableSchema([], []), ParameterCheckError, "'constraints'"),
        (lambda: TableSchema.from_name_type_dict({"a": int}), CheckError, "'a'"),
        (lambda: TableColumnDep("a", 1), ParameterCheckError, "'column_name'"),
        (lambda: TableColumnLineage([]), ParameterCheckError, "'deps_by_column'"),
        (lambda: TableColumnLineage({"a": ["x"]}), CheckError, r"deps_by_column\['a'\]"),
        (
            lambda: TableColumnLineage({"a": [TableColumnDep("b", "c")] * 2}),
            CheckError,
            "'a'.*'c'.*'b' twice",
        ),
        (lambda: MetadataValue.table([]), CheckError, "'schema'"),
        (lambda: MetadataValue.table([{"a": 1}]), CheckError, "'records'.*TableRecord"),
        (lambda: MetadataValue.table([TableRecord({"a": 1}), TableRecord({})]), CheckError, "same columns"),
        (lambda: MetadataValue.table([TableRecord({"a": 1})], []), ParameterCheckError, "'schema'"),
        (lambda: MetadataValue.table_schema([]), ParameterCheckError, "'schema'"),
        (lambda: MetadataValue.column_lineage({}), ParameterCheckError, "'column_lineage'"),
    ],
)
def test_what_is_no_table_is_refused(make: Callable[[], Any], kind: type[Exception], message: str) -> None:
    """Arguments of the wrong type or with a conflict raise in the constructor."""
    with pytest.raises(kind, match=message):
        make()


@pytest.mark.parametrize(
    "value",
    [MetadataValue.table([TableRecord({"a": 1})]), MetadataValue.table_schema(SCHEMA), LINEAGE, SCHEMA],
    ids=lambda value: type(value).__name__,
)
def test_tables_are_constants(value: Any) -> None:
    """Tables are immutable, and survive pickling and sets."""
    copy = pickle.loads(pickle.dumps(value))

    assert {copy, value} == {value}
    with pytest.raises(AttributeError, match="does not change"):
        value.schema = None
