"""What the context of every op and asset knows: its run, job, op, config, resources and partitions; and what
user code says through it. What it knows of assets stands in `dagflow.context.op`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from dagflow.context.call_state import Scope
from dagflow.context.resources import ScopedResources
from dagflow.errors import CheckError, DagflowInvalidPropertyError, DagflowInvariantViolationError
from dagflow.events.user import UserEvent
from dagflow.keys import NodeHandle
from dagflow.partitions.keys import PartitionKeyRange, TimeWindow

if TYPE_CHECKING:
    from dagflow.defs.graphs.content import Node
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.defs.ops.definition import OpDefinition
    from dagflow.events.run import DagflowRun
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.multi import MultiPartitionKey


class _Mode:
    """What older versions called the mode of a run; there is only one."""

    name = "default"


class CallContext:
    """The base of the contexts of ops and assets."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def scope(self) -> Scope:
        """What this context reads from; for dagflow itself."""
        return self._scope

    @property
    def run_id(self) -> str:
        """The id of the run; "EPHEMERAL" in a direct call."""
        return self._scope.run_id

    @property
    def run(self) -> DagflowRun:
        """The run."""
        self._scope.need("run")
        assert self._scope.run is not None
        return self._scope.run

    dagflow_run = pipeline_run = run

    @property
    def job_def(self) -> JobDefinition:
        """The job."""
        self._scope.need("job_def")
        assert self._scope.job_def is not None
        return self._scope.job_def

    pipeline_def = job_def

    @property
    def job_name(self) -> str:
        """The name of the job."""
        self._scope.need("job_name")
        return self.job_def.name

    pipeline_name = job_name

    @property
    def mode_def(self) -> _Mode:
        """A stand-in for what older versions called the mode; its name is "default"."""
        return _Mode()

    @property
    def op_def(self) -> OpDefinition:
        """The op."""
        self._scope.need("op_def")
        assert self._scope.op_def is not None
        return self._scope.op_def

    solid_def = op_def

    @property
    def op(self) -> Node:
        """The node of the graph that runs: its name is the alias, its tags are merged."""
        self._scope.need("op")
        assert self._scope.node is not None
        return self._scope.node

    solid = op

    @property
    def alias(self) -> str:
        """The name of the node, in a direct call that of the op."""
        self._scope.need("alias")
        return self._scope.node.name if self._scope.node is not None else self.op_def.name

    @property
    def op_handle(self) -> NodeHandle:
        """The place of the node."""
        self._scope.need("op_handle")
        assert self._scope.step is not None
        return self._scope.step.node_handle

    node_handle = op_handle

    @property
    def op_config(self) -> Any:
        """The checked config with its defaults; None without schema and config."""
        return self._scope.op_config

    solid_config = op_config

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config, as the caller gave it."""
        self._scope.need("run_config")
        return self._scope.run_config or {}

    @property
    def run_tags(self) -> Mapping[str, str]:
        """The tags of the run."""
        return self._scope.run_tags

    @property
    def resources(self) -> ScopedResources:
        """The resources, by attribute."""
        return self._scope.resources

    @property
    def instance(self) -> Any:
        """The DagflowInstance."""
        return self._scope.get_instance()

    @property
    def log(self) -> Any:
        """The DagflowLogManager."""
        return self._scope.log

    @property
    def pdb(self) -> Any:
        """A debugger for this process: `context.pdb.set_trace()`."""
        from dagflow.context.debugger import ForkedPdb

        return ForkedPdb()

    @property
    def retry_number(self) -> int:
        """0 in the first attempt, 1 in the first retry."""
        return self._scope.retry_number

    @property
    def step_launcher(self) -> None:
        """None: there are no step launchers."""
        self._scope.need("step_launcher")

    @property
    def has_partition_key(self) -> bool:
        """Whether the run is for a partition."""
        return self._scope.partition_key is not None

    @property
    def has_partition_key_range(self) -> bool:
        """Whether the run is for several partitions."""
        return self._scope.partition_key_range is not None

    @property
    def partition_key(self) -> str:
        """The partition that the run is for.

        Raises:
            DagflowInvariantViolationError: It is for none.
        """
        if self._scope.partition_key is None:
            raise DagflowInvariantViolationError(
                "'partition_key' was read in a run that is for no partition. Give the run a partition_key."
            )
        return self._scope.partition_key

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """The partitions that the run is for, as a range; start and end are equal for one."""
        if self._scope.partition_key_range is not None:
            given: PartitionKeyRange = self._scope.partition_key_range
            return given
        return PartitionKeyRange(self.partition_key, self.partition_key)

    asset_partition_key_range = partition_key_range

    @property
    def multi_partition_key(self) -> MultiPartitionKey:
        """The partition that the run is for, as a key with a part for each dimension.

        Raises:
            DagflowInvariantViolationError: It is for none, or for one that has no dimensions.
        """
        key: Any = self.partition_key
        parse = getattr(self._scope.partitions_def, "get_partition_key_from_str", None)
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
        if self._scope.partition_key_range is None:
            return [self.partition_key]
        return self._partitions_def().get_partition_keys_in_range(self._scope.partition_key_range)

    @property
    def partition_time_window(self) -> TimeWindow:
        """Start and end of the partition.

        Raises:
            DagflowInvariantViolationError: The run is for no partition, or for one that is no time.
        """
        self._scope.need("partition_time_window")
        definition = self._scope.partitions_def
        is_of_time = hasattr(definition, "time_window_for_partition_key")
        if is_of_time and not self.has_partition_key and not self.has_partition_key_range:
            raise CheckError("'partition_time_window' was read in a run that is for no partition")
        keys = self.partition_key_range
        return TimeWindow(
            self.window_of(definition, keys.start).start, self.window_of(definition, keys.end).end
        )

    def _partitions_def(self) -> PartitionsDefinition:
        if self._scope.partitions_def is None:
            raise DagflowInvariantViolationError("nothing that runs here is partitioned")
        return self._scope.partitions_def

    def window_of(self, definition: PartitionsDefinition | None, key: str) -> TimeWindow:
        """Start and end of a partition; for dagflow itself."""
        time_dimension = getattr(definition, "time_window_for_partition_key", None)
        if time_dimension is not None:
            window: TimeWindow = time_dimension(key)
            return window
        raise DagflowInvariantViolationError(
            f"partition '{key}' is no time window: that takes partitions by time, or by two dimensions with "
            f"a single time dimension, but they are {definition!r}"
        )

    def get_tag(self, key: str) -> str | None:
        """The value of a tag of the run, None if it has none."""
        return self._scope.run_tags.get(key)

    def has_tag(self, key: str) -> bool:
        """Whether the run has a tag."""
        return key in self._scope.run_tags

    def get_mapping_key(self) -> str | None:
        """The key of the dynamic output for which this step runs, None outside of one."""
        return self._scope.mapping_key

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Say something about an output that is still to come.

        Args:
            metadata: Values by name; they win over those of an `Output` object.
            output_name: Which output; may stay away where there is only one.
            mapping_key: Which of the values of a dynamic output.

        Raises:
            DagflowInvariantViolationError: There is no such output, it is ambiguous, or it was already
                handed over.
        """
        self._scope.need("add_output_metadata")
        self._scope.add_output_metadata(metadata, output_name, mapping_key)

    def get_output_metadata(
        self, output_name: str, mapping_key: str | None = None
    ) -> Mapping[str, Any] | None:
        """What was said so far about an output, None if nothing."""
        return self._scope.metadata.get((output_name, mapping_key))

    def log_event(self, event: Any) -> None:
        """Put an AssetMaterialization, AssetObservation, ExpectationResult or AssetCheckEvaluation into the
        log of the run.

        Raises:
            CheckError: It is something else.
        """
        self._scope.need("log_event")
        if not isinstance(event, UserEvent):
            raise CheckError(
                "log_event takes an AssetMaterialization, AssetObservation, ExpectationResult or "
                f"AssetCheckEvaluation, not {event!r} of type '{type(event).__name__}'"
            )
        self._scope.log_event(event)

    def consume_events(self) -> Iterator[Any]:
        """Hand out the events that were logged since the last call; they are no events of the run any more,
        but stay in the log of the instance.
        """
        yield from self._scope.take_events()

    def get_events(self) -> Sequence[Any]:
        """The events that were logged in a direct call and not consumed."""
        return list(self._scope.events)

    def has_events(self) -> bool:
        """Whether `get_events` has any."""
        return bool(self._scope.events)

    def get_step_execution_context(self) -> NoReturn:
        """There is no further context behind this one.

        Raises:
            DagflowInvalidPropertyError: Always.
        """
        raise DagflowInvalidPropertyError(
            "'get_step_execution_context' was called, but there is no other context behind this one. What "
            "user code may know of its step are attributes of the context itself."
        )

    def describe_op(self) -> str:
        """A text that names the op."""
        self._scope.need("describe_op")
        return f'op "{self.alias}"'
