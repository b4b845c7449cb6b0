"""The base of the contexts of ops and assets: run, job, op, config, resources, partitions, and the functions
that add metadata and events. The attributes about assets are in `dagflow.context.op`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from dagflow.context.call_state import CallState
from dagflow.context.resources import ScopedResources
from dagflow.errors import (
    CheckError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    check_type,
    repr_of,
)
from dagflow.events.user import UserEvent
from dagflow.keys import AssetKey, NodeHandle

if TYPE_CHECKING:
    from dagflow.context.debugger import ForkedPdb
    from dagflow.context.log import DagflowLogManager
    from dagflow.defs.graphs.content import Node
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.defs.ops.definition import OpDefinition
    from dagflow.events.data_versions import DataProvenance
    from dagflow.events.record import DagflowEvent
    from dagflow.events.run import DagflowRun
    from dagflow.instance.instance import DagflowInstance
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.keys import PartitionKeyRange, TimeWindow
    from dagflow.partitions.multi_key import MultiPartitionKey


class _Mode:
    """The mode of a run in older versions; there is only one."""

    name = "default"


class CallContext:
    """The base of the contexts of ops and assets."""

    __slots__ = ("__dict__", "__weakref__", "_state")  # tests replace methods; a dict is made only then

    def __init__(self, state: CallState) -> None:
        self._state = state

    @property
    def call_state(self) -> CallState:
        """The state that this context reads. Internal."""
        return self._state

    @property
    def run_id(self) -> str:
        """The id of the run; "EPHEMERAL" in a direct call."""
        return self._state.run.run_id

    @property
    def run(self) -> DagflowRun:
        """The run."""
        self._state.require("run")
        run = self._state.run.run
        assert run is not None
        return run

    dagflow_run = run
    pipeline_run = run

    @property
    def job_def(self) -> JobDefinition:
        """The job."""
        self._state.require("job_def")
        job_def = self._state.run.job_def
        assert job_def is not None
        return job_def

    pipeline_def = job_def

    @property
    def job_name(self) -> str:
        """The name of the job."""
        self._state.require("job_name")
        return self.job_def.name

    pipeline_name = job_name

    @property
    def mode_def(self) -> _Mode:
        """The mode of the run, as in older versions; its name is always "default"."""
        return _Mode()

    @property
    def op_def(self) -> OpDefinition:
        """The op."""
        self._state.require("op_def")
        assert self._state.op_def is not None
        return self._state.op_def

    solid_def = op_def

    @property
    def op(self) -> Node:
        """The node of the graph that runs. Its name is the alias, and its tags include those of the op."""
        self._state.require("op")
        assert self._state.step is not None
        return self._state.step.node

    solid = op

    @property
    def alias(self) -> str:
        """The name of the node; in a direct call the name of the op."""
        self._state.require("alias")
        step = self._state.step
        return self.op_def.name if step is None else step.node.name

    @property
    def op_handle(self) -> NodeHandle:
        """The path of the node in the job."""
        self._state.require("op_handle")
        assert self._state.step is not None
        return self._state.step.node_handle

    node_handle = op_handle

    @property
    def op_config(self) -> Any:
        """The checked config with its defaults; None if there is neither schema nor config."""
        return self._state.op_config

    solid_config = op_config

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config of the caller."""
        self._state.require("run_config")
        return self._state.run.run_config or {}

    @property
    def run_tags(self) -> Mapping[str, str]:
        """The tags of the run."""
        return self._state.run.tags

    @property
    def resources(self) -> ScopedResources:
        """The resources, by attribute."""
        return self._state.resources

    @property
    def instance(self) -> DagflowInstance:
        """The instance."""
        return self._state.run.get_instance()

    def get_asset_provenance(self, asset_key: AssetKey) -> DataProvenance | None:
        """Return the versions of code and inputs with which an asset was last materialized.

        Args:
            asset_key: The key of the asset.

        Returns:
            The versions; None if the asset was never materialized, or not by a run.

        Raises:
            ParameterCheckError: It is not an AssetKey.
        """
        from dagflow.events.data_versions import DataProvenance  # few functions ask

        key = check_type(asset_key, AssetKey, "asset_key", "get_asset_provenance")
        entry = self.instance.get_latest_materialization_event(key)
        materialization = None if entry is None else entry.asset_materialization
        return None if materialization is None else DataProvenance.from_tags(materialization.tags)

    @property
    def log(self) -> DagflowLogManager:
        """The log of the step."""
        return self._state.log

    @property
    def pdb(self) -> ForkedPdb:
        """A debugger for this process: `context.pdb.set_trace()`."""
        from dagflow.context.debugger import ForkedPdb

        return ForkedPdb()

    @property
    def retry_number(self) -> int:
        """0 in the first attempt, 1 in the first retry."""
        return self._state.retry_number

    @property
    def step_launcher(self) -> None:
        """None, because step launchers do not exist here."""
        self._state.require("step_launcher")

    @property
    def has_partition_key(self) -> bool:
        """True if the run is for a partition."""
        return self._state.run.partition_key is not None

    @property
    def has_partition_key_range(self) -> bool:
        """True if the run is for several partitions."""
        return self._state.run.partition_key_range is not None

    @property
    def partition_key(self) -> str:
        """The partition that the run is for.

        Raises:
            DagflowInvariantViolationError: The run is for no partition, or for several.
        """
        run = self._state.run
        key = run.partition_key
        if key is None and run.partition_key_range is not None:
            start, end = run.partition_key_range
            if start != end:
                raise DagflowInvariantViolationError(
                    f"'partition_key' was read in a run that is for the partitions '{start}' to '{end}'. "
                    "Read 'partition_keys' or 'partition_key_range'."
                )
            return start
        if key is None:
            raise DagflowInvariantViolationError(
                "'partition_key' was read in a run that is for no partition. Give the run a partition_key."
            )
        return key

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """The partitions that the run is for, as a range; start and end are equal for one."""
        if self._state.run.partition_key_range is not None:
            return self._state.run.partition_key_range
        from dagflow.partitions.keys import PartitionKeyRange  # imported lazily: only partitions use it

        return PartitionKeyRange(self.partition_key, self.partition_key)

    asset_partition_key_range = partition_key_range

    @property
    def multi_partition_key(self) -> MultiPartitionKey:
        """The partition that the run is for, as a key with a part for each dimension.

        Raises:
            DagflowInvariantViolationError: The run is for no partition, or its partition has no dimensions.
        """
        key: Any = self.partition_key
        parse = getattr(self._state.partitions_def, "get_partition_key_from_str", None)
        if parse is None:
            raise DagflowInvariantViolationError(
                f"'multi_partition_key' was read in a run for partition '{key}', which has no dimensions. "
                "Read 'partition_key'."
            )
        multi_partition_key: MultiPartitionKey = parse(key)
        return multi_partition_key

    @property
    def partition_keys(self) -> Sequence[str]:
        """The partitions that the run is for."""
        if self._state.run.partition_key_range is None:
            return [self.partition_key]
        return self._partitions_def().get_partition_keys_in_range(
            self._state.run.partition_key_range, dynamic_partitions_store=self._state.run.get_instance()
        )

    @property
    def partition_time_window(self) -> TimeWindow:
        """The start and end of the partition.

        Raises:
            DagflowInvariantViolationError: The run is for no partition, or not for a time window.
        """
        self._state.require("partition_time_window")
        definition = self._state.partitions_def
        is_of_time = hasattr(definition, "time_window_for_partition_key")
        if is_of_time and not self.has_partition_key and not self.has_partition_key_range:
            raise CheckError("'partition_time_window' was read in a run that is for no partition")
        keys = self.partition_key_range
        from dagflow.partitions.keys import TimeWindow  # imported lazily: only partitions use it

        return TimeWindow(
            self.window_of(definition, keys.start).start, self.window_of(definition, keys.end).end
        )

    def _partitions_def(self) -> PartitionsDefinition:
        definition = self._state.partitions_def
        if definition is None:
            raise DagflowInvariantViolationError("neither the asset nor the job of this call is partitioned")
        return definition

    def window_of(self, definition: PartitionsDefinition | None, key: str) -> TimeWindow:
        """Return the start and end of a partition. Internal."""
        time_dimension = getattr(definition, "time_window_for_partition_key", None)
        if time_dimension is not None:
            window: TimeWindow = time_dimension(key)
            return window
        raise DagflowInvariantViolationError(
            f"partition '{key}' is not a time window. Only partitions by time, or by two dimensions with a "
            f"single time dimension, have time windows, and these are {repr_of(definition)}."
        )

    def get_tag(self, key: str) -> str | None:
        """Return the value of a tag of the run, None if the run does not have the tag."""
        return self._state.run.tags.get(key)

    def has_tag(self, key: str) -> bool:
        """Return whether the run has a tag."""
        return key in self._state.run.tags

    def get_mapping_key(self) -> str | None:
        """Return the mapping key of the dynamic output for which this step runs, None for any other step."""
        return self._state.mapping_key

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Add metadata to an output before it is produced.

        Args:
            metadata: Values by name; they replace values of an `Output` object with the same names.
            output_name: The output; optional if the op has only one.
            mapping_key: The mapping key, if the output is dynamic.

        Raises:
            DagflowInvariantViolationError: The output is unknown, ambiguous, or was already produced.
        """
        self._state.require("add_output_metadata")
        self._state.add_output_metadata(metadata, output_name, mapping_key)

    def get_output_metadata(
        self, output_name: str, mapping_key: str | None = None
    ) -> Mapping[str, Any] | None:
        """Return the metadata that was added to an output so far, None without any."""
        return self._state.output_metadata.get((output_name, mapping_key))

    def log_event(self, event: UserEvent) -> None:
        """Append an AssetMaterialization, AssetObservation, ExpectationResult or AssetCheckEvaluation to the
        log of the run.

        Raises:
            CheckError: The event is of another class.
        """
        self._state.require("log_event")
        if not isinstance(event, UserEvent):
            raise CheckError(
                "log_event takes an AssetMaterialization, AssetObservation, ExpectationResult or "
                f"AssetCheckEvaluation, not {repr_of(event)} of type '{type(event).__name__}'"
            )
        self._state.log_event(event)

    def consume_events(self) -> Iterator[DagflowEvent | UserEvent]:
        """Yield the events that were logged since the last call. They are removed from the events of the run,
        but stay in the log of the instance.
        """
        yield from self._state.take_events()

    def get_events(self) -> Sequence[UserEvent]:
        """Return the events that were logged in a direct call and not consumed."""
        return list(self._state.logged_events)

    def has_events(self) -> bool:
        """Return whether there are events that were logged in a direct call and not consumed."""
        return bool(self._state.logged_events)

    def get_step_execution_context(self) -> NoReturn:
        """Raise: a context has no further context behind it.

        Raises:
            DagflowInvalidPropertyError: Always.
        """
        raise DagflowInvalidPropertyError(
            "'get_step_execution_context' was called, but there is no other context behind this one. The "
            "attributes of the step are attributes of the context itself."
        )

    def describe_op(self) -> str:
        """Return a string that names the op."""
        self._state.require("describe_op")
        return f'op "{self.alias}"'
