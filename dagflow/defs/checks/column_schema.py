"""`build_column_schema_change_checks`: checks that the columns of a table stay the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.absent import explains_absent
from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.checks.definition import AssetChecksDefinition
from dagflow.defs.checks.factory import Verdict, build_checks, checked_keys, system_value
from dagflow.events.check import AssetCheckSeverity
from dagflow.keys import AssetKey
from dagflow.metadata.value import TableSchemaMetadataValue

if TYPE_CHECKING:
    from dagflow.instance.records import EventLogRecord

_PLACE = "build_column_schema_change_checks"


@explains_absent
def build_column_schema_change_checks(
    *, assets: Sequence[Any], severity: AssetCheckSeverity = AssetCheckSeverity.WARN
) -> list[AssetChecksDefinition]:
    """Build a check of each asset: its columns are the same in the two latest materializations.

    The check compares the names and types of the columns in the metadata `dagflow/column_schema`. It passes
    if there are fewer than two materializations, and fails if one of the two has no such metadata.

    Args:
        assets: The keys or definitions of the assets.
        severity: The severity of a failed check.

    Returns:
        A list with one definition, which has the checks of all assets. Their name is `column_schema_change`.

    Raises:
        ParameterCheckError: An argument is of the wrong type.

    Example:
        >>> from dagflow import AssetMaterialization, DagflowInstance, Definitions, TableSchema
        >>> instance = DagflowInstance.ephemeral()
        >>> for columns in ({"id": "int"}, {"id": "int", "price": "float"}):
        ...     metadata = {"dagflow/column_schema": TableSchema.from_name_type_dict(columns)}
        ...     instance.report_runless_asset_event(AssetMaterialization("beans", metadata=metadata))
        >>> checks = build_column_schema_change_checks(assets=["beans"])
        >>> job = Definitions(asset_checks=checks).get_implicit_global_asset_job_def()
        >>> result = job.execute_in_process(instance=instance)
        >>> [found.passed for found in result.get_asset_check_evaluations()]
        [False]
    """
    specs = [
        AssetCheckSpec(
            "column_schema_change",
            asset=key,
            description="Checks whether there are changes to column schema between the asset's two most "
            "recent materializations",
        )
        for key in checked_keys(assets, _PLACE)
    ]
    return build_checks(specs, "asset_check", [spec.key for spec in specs], severity, _judge)


def _judge(context: Any, key: AssetKey) -> Verdict:
    records = context.instance.fetch_materializations(key, limit=2).records
    if len(records) < 2:
        return Verdict(True, "The asset has been materialized fewer than 2 times")
    found = [_columns(record) for record in records]
    for columns, which in zip(found, ("Latest", "Previous"), strict=True):
        if columns is None:
            return Verdict(False, f"{which} materialization has no column schema metadata")
    new, old = found
    assert new is not None
    assert old is not None
    return _compared(old, new)


def _columns(record: EventLogRecord) -> Mapping[str, str] | None:
    """Return the types of columns by name; None without a schema."""
    materialization = record.asset_materialization
    value = None if materialization is None else system_value(materialization.metadata, "column_schema")
    if not isinstance(value, TableSchemaMetadataValue):
        return None
    return {column.name: column.type for column in value.schema.columns}


def _compared(old: Mapping[str, str], new: Mapping[str, str]) -> Verdict:
    changes = []
    added = [name for name in new if name not in old]
    removed = [name for name in old if name not in new]
    if added:
        changes.append(f"Added columns: {', '.join(added)}")
    if removed:
        changes.append(f"Removed columns: {', '.join(removed)}")
    changed = [
        f"- {name}: {old[name]} -> {new[name]}" for name in old if new.get(name, old[name]) != old[name]
    ]
    if changed:
        changes.append("\n".join(["Column type changes:", *changed]))
    if not changes:
        return Verdict(True, "No changes to column schema between previous and latest materialization")
    start = "Column schema changed between previous and latest materialization."
    return Verdict(False, "\n\n".join([start, *changes]))
