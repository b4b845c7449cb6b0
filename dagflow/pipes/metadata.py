"""The metadata values of an external process: a raw value and the name of its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dagflow.errors import DagflowInvalidMetadata, ParameterCheckError, repr_of
from dagflow.keys import AssetKey
from dagflow.metadata.normalize import normalize_metadata
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


def metadata_of(external: Mapping[str, Any] | None, where: str) -> dict[str, MetadataValue]:
    """Return the metadata values of an external process.

    Args:
        external: For each name a dict with `raw_value` and `type`.
        where: The owner of the metadata for error messages.

    Raises:
        DagflowInvalidMetadata: A value is not such a dict, has an unknown type, or does not fit its type.

    Example:
        >>> metadata_of({"page": {"raw_value": "http://x", "type": "url"}}, "asset 'a'")
        {'page': UrlMetadataValue(url='http://x')}
    """
    values = {}
    for name, value in (external or {}).items():
        if not isinstance(value, Mapping) or set(value) != {"raw_value", "type"}:
            raise DagflowInvalidMetadata(
                f"metadata '{name}' of {where} must be a dict with 'raw_value' and 'type', not "
                f"{repr_of(value)}"
            )
        kind, raw = value["type"], value["raw_value"]
        if kind not in _BY_TYPE:
            raise DagflowInvalidMetadata(
                f"metadata '{name}' of {where} has the unknown type {repr_of(kind)}; the types are "
                f"{', '.join(_BY_TYPE)}"
            )
        try:
            values[name] = _BY_TYPE[kind](raw)
        except (KeyError, TypeError, AttributeError, ParameterCheckError) as error:
            raise DagflowInvalidMetadata(
                f"metadata '{name}' of {where} has the value {repr_of(raw)}, which does not fit its type "
                f"'{kind}' ({type(error).__name__}: {error})"
            ) from error
    return values


def _inferred(raw: Any) -> MetadataValue:
    return normalize_metadata({"value": raw}, "an external process")["value"]


def _table(raw: Mapping[str, Any]) -> MetadataValue:
    schema = None if raw.get("schema") is None else TableSchema([_column(one) for one in raw["schema"]])
    return MetadataValue.table([TableRecord(record) for record in raw["records"]], schema)


def _table_schema(raw: Mapping[str, Any]) -> MetadataValue:
    constraints = TableConstraints(raw.get("constraints", {}).get("other", []))
    return MetadataValue.table_schema(TableSchema([_column(one) for one in raw["columns"]], constraints))


def _column(raw: Mapping[str, Any]) -> TableColumn:
    constraints = TableColumnConstraints(**(raw.get("constraints") or {}))
    return TableColumn(raw["name"], raw["type"], raw.get("description"), constraints, raw.get("tags"))


def _lineage(raw: Mapping[str, Any]) -> MetadataValue:
    deps = {
        column: [
            TableColumnDep(AssetKey.from_escaped_user_string(dep["asset_key"]), dep["column_name"])
            for dep in found
        ]
        for column, found in raw["deps_by_column"].items()
    }
    return MetadataValue.column_lineage(TableColumnLineage(deps))


_BY_TYPE: dict[str, Callable[[Any], MetadataValue]] = {
    "__infer__": _inferred,
    "text": MetadataValue.text,
    "url": MetadataValue.url,
    "path": MetadataValue.path,
    "notebook": MetadataValue.notebook,
    "json": MetadataValue.json,
    "md": MetadataValue.md,
    "float": MetadataValue.float,
    "int": MetadataValue.int,
    "bool": MetadataValue.bool,
    "dagster_run": MetadataValue.dagflow_run,
    "asset": lambda raw: MetadataValue.asset(AssetKey.from_escaped_user_string(raw)),
    "null": lambda raw: MetadataValue.null(),
    "table": _table,
    "table_schema": _table_schema,
    "table_column_lineage": _lineage,
    "timestamp": lambda raw: MetadataValue.timestamp(float(raw)),
}
