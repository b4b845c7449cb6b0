"""The metadata of a table."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import MetadataValue, ParameterCheckError, TableColumn, TableSchema, asset, materialize
from dagflow.metadata.table_set import TableMetadataSet


def test_metadata_of_a_run() -> None:
    """It is unpacked into a dict of metadata, with a word before each name."""

    @asset
    def beans(context: Any) -> None:
        columns = TableSchema([TableColumn("kind")])
        context.add_output_metadata({**TableMetadataSet(row_count=3, column_schema=columns), "x": 1})

    result = materialize([beans])
    (event,) = result.filter_events(lambda event: event.is_step_materialization)
    assert sorted(event.materialization.metadata) == ["dagflow/column_schema", "dagflow/row_count", "x"]


def test_given_values() -> None:
    """Only given values are there."""
    table = TableMetadataSet(table_name="a.b", partition_row_count=0)

    assert dict(table) == {"dagflow/table_name": "a.b", "dagflow/partition_row_count": 0}
    assert (table.row_count, table.namespace()) == (None, "dagflow")
    assert TableMetadataSet() == TableMetadataSet()
    assert dict(TableMetadataSet()) == {}


@pytest.mark.parametrize("values", [{"row_count": "3"}, {"table_name": 3}, {"column_schema": ["a"]}])
def test_values_of_another_type(values: Any) -> None:
    """A value of another type is refused by name."""
    with pytest.raises(ParameterCheckError, match=next(iter(values))):
        TableMetadataSet(**values)


def test_extract() -> None:
    """It is found in metadata, plain or as metadata values, in both spellings."""
    found = TableMetadataSet.extract(
        {"dagflow/row_count": MetadataValue.int(3), "dagster/table_name": "a.b", "row_count": 5}
    )

    assert found == TableMetadataSet(row_count=3, table_name="a.b")
