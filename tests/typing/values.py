"""Code of a user that must type-check: types, metadata, and values about assets."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

from dagflow import (
    AssetCheckResult,
    AssetMaterialization,
    AssetObservation,
    DagflowEvent,
    DagflowType,
    DagflowTypeLoaderContext,
    EventLogEntry,
    Int,
    IntMetadataValue,
    List,
    MetadataValue,
    Nothing,
    Optional,
    Output,
    PythonObjectDagflowType,
    SerializableErrorInfo,
    String,
    TableColumn,
    TableMetadataValue,
    TableRecord,
    TableSchema,
    TypeCheck,
    TypeCheckContext,
    check_dagflow_type,
    dagflow_type_loader,
    op,
    serialize_value,
    usable_as_dagflow_type,
)
from dagflow.testing import error_chain, event_catalogue


@usable_as_dagflow_type(name="Drink")
class Tea:
    """A class with a type of its own."""


@usable_as_dagflow_type
class Coffee:
    """Another class with a type of its own."""


@dagflow_type_loader({"degrees": int})
def load(context: DagflowTypeLoaderContext, config: Any) -> Any:
    """Load a value from config."""
    return config["degrees"]


def warm(context: TypeCheckContext, value: Any) -> bool | TypeCheck:
    """Check a value of a type."""
    return TypeCheck(value > context.resources.least, metadata={"degrees": value})


WARM = DagflowType(warm, name="Warm", loader=load, required_resource_keys={"least"})
DRINK = PythonObjectDagflowType((Tea, Coffee), name="Drink")


@op
def brew(cups: List[Int], name: Optional[String], tea: Tea) -> Nothing:
    """Use the names of dagflow in annotations."""
    assert_type(cups, list[int])
    assert_type(name, str | None)
    assert_type(tea, Tea)


def values() -> None:
    """Check the types of returned values."""
    assert_type(check_dagflow_type(WARM, 3), TypeCheck)
    assert_type(MetadataValue.int(3), IntMetadataValue)
    schema = TableSchema([TableColumn("cups", "int")])
    assert_type(MetadataValue.table([TableRecord({"cups": 3})], schema), TableMetadataValue)
    assert_type(AssetObservation("river").with_metadata({"schema": schema}), AssetObservation)
    assert_type(AssetMaterialization("shelf").with_metadata(None), AssetMaterialization)
    assert_type(AssetCheckResult(passed=True).with_metadata({}), AssetCheckResult)
    assert_type(Output(3).with_metadata({"rows": 3}), Output[int])
    assert_type(serialize_value(schema), str)


def read(event: DagflowEvent) -> None:
    """Check the types of an event's data and attributes; a misspelt one is an error."""
    assert_type(event.step_output_data.output_name, str)
    assert_type(event.step_materialization_data.materialization, AssetMaterialization)
    assert_type(event.materialization, AssetMaterialization)
    assert_type(event.step_retry_data.seconds_to_wait, float | None)
    assert_type(event.job_failure_data.first_step_failure_event, DagflowEvent | None)
    assert_type(event.is_step_event, bool)
    event.is_stepevent  # type: ignore[attr-defined]  # noqa: B018
    error = event.step_failure_data.error
    if error is not None:
        assert_type(error_chain(error)[-1], SerializableErrorInfo)
    assert_type(event_catalogue()["STEP_START"].has_step, bool)


def stored(event: DagflowEvent, entry: EventLogEntry) -> None:
    """Convert events and lines of the log to JSON and back."""
    assert_type(DagflowEvent.from_dict(event.to_dict()), DagflowEvent)
    assert_type(event.materialization, AssetMaterialization)
    assert_type(event.step_output_data.output_name, str)
    _ = event.step_output_dat  # type: ignore[attr-defined]
    _ = event.step_output_data.outputname  # type: ignore[attr-defined]
    _ = entry.dagflow_evnt  # type: ignore[attr-defined]
    assert_type(EventLogEntry.from_dict(entry.to_dict()), EventLogEntry)
