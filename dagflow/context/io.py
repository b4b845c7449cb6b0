"""The contexts of an I/O manager: OutputContext for `handle_output`, InputContext for `load_input`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.context.resources import ScopedResources
from dagflow.errors import CheckError, DagflowInvalidMetadata, DagflowInvariantViolationError, repr_of
from dagflow.events.user import AssetMaterialization, AssetObservation
from dagflow.keys import AssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue

if TYPE_CHECKING:
    from dagflow.context.log import DagflowLogManager
    from dagflow.context.op import OpExecutionContext
    from dagflow.defs.assets.spec import AssetSpec
    from dagflow.defs.ops.definition import OpDefinition
    from dagflow.instance.instance import DagflowInstance
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.keys import PartitionKeyRange, TimeWindow
    from dagflow.types.kinds import DagflowType

_EPHEMERAL_RUN_ID = "__EPHEMERAL_RUN_ID"


class IOAsset(NamedTuple):
    """The asset that an output or an input is.

    Attributes:
        key: Its key.
        partition_keys: The partitions that are stored or loaded, None if it is not partitioned.
        partitions_def: Its partitions definition.
        spec: The other facts about it.
    """

    key: AssetKey | None
    partition_keys: Sequence[str] | None = None
    partitions_def: PartitionsDefinition | None = None
    spec: AssetSpec | None = None


class IOAccess(NamedTuple):
    """The objects of the run that an I/O manager can use.

    Attributes:
        get_instance: Returns the instance of the run.
        resources: The resources that the I/O manager requires, by key.
        resource_config: The config of the I/O manager, None if it has none.
        log: Returns the log of the step.
    """

    get_instance: Callable[[], DagflowInstance] | None = None
    resources: Mapping[str, Any] | None = None
    resource_config: Any = None
    log: Callable[[], DagflowLogManager] | None = None


_NO_ASSET = IOAsset(None)


class _IOContext:
    """The attributes that OutputContext and InputContext have in common."""

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_asset_key",
        "_asset_spec",
        "_dagflow_type",
        "_get_instance",
        "_log",
        "_name",
        "_op_def",
        "_partition_keys",
        "_partitions_def",
        "_resources",
        "config",
        "definition_metadata",
        "resource_config",
    )

    _kind = "output"

    def __init__(
        self,
        *,
        name: str | None,
        op_def: OpDefinition | None,
        dagflow_type: DagflowType | None,
        definition_metadata: Mapping[str, Any] | None,
        config: Any,
        access: IOAccess,
        asset: IOAsset | None = None,
    ) -> None:
        self._name = name
        self._op_def = op_def
        self._dagflow_type = dagflow_type
        self._asset_key, self._partition_keys, self._partitions_def, self._asset_spec = asset or _NO_ASSET
        self.definition_metadata: Mapping[str, Any] = definition_metadata or {}
        self.config: Any = config
        self.resource_config: Any = access.resource_config
        self._resources = access.resources or {}
        self._get_instance = access.get_instance
        self._log = access.log

    def _known(self, value: Any, attribute: str) -> Any:
        if value is None:
            raise DagflowInvariantViolationError(
                f"the attribute '{attribute}' of this {self._kind} context was not given when it was built"
            )
        return value

    def _of_partitions(self, value: Any, attribute: str) -> Any:
        if value is None:
            raise CheckError(
                f"'{attribute}' was read on this {self._kind} context, but the {self._kind} has no partition"
            )
        return value

    @property
    def name(self) -> str:
        """The name of the output or input."""
        return str(self._known(self._name, "name"))

    @property
    def op_def(self) -> OpDefinition:
        """The op of the output or input."""
        op_def: OpDefinition = self._known(self._op_def, "op_def")
        return op_def

    @property
    def dagflow_type(self) -> DagflowType:
        """The type of the output or input."""
        dagflow_type: DagflowType = self._known(self._dagflow_type, "dagflow_type")
        return dagflow_type

    @property
    def instance(self) -> DagflowInstance:
        """The instance of the run."""
        get_instance: Callable[[], DagflowInstance] = self._known(self._get_instance, "instance")
        return get_instance()

    @property
    def resources(self) -> ScopedResources:
        """The resources that the I/O manager requires."""
        return ScopedResources(self._resources, f"the context of {self._kind} '{self._name}'")

    @property
    def log(self) -> DagflowLogManager:
        """The log of the step."""
        if self._log is None:
            from dagflow.context.log import DagflowLogManager

            return DagflowLogManager({})
        return self._log()

    @property
    def has_asset_key(self) -> bool:
        """True if the output or input is an asset."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """The key of the asset of the output or input."""
        key: AssetKey = self._known(self._asset_key, "asset_key")
        return key

    @property
    def has_asset_partitions(self) -> bool:
        """True if the output or input has one or more partitions of an asset."""
        return self._asset_key is not None and self._partition_keys is not None

    @property
    def asset_partition_keys(self) -> Sequence[str]:
        """The partitions of the asset."""
        return list(self._of_partitions(self._partition_keys, "asset_partition_keys"))

    @property
    def asset_partition_key(self) -> str:
        """The one partition of the asset."""
        keys = self.asset_partition_keys
        if len(keys) != 1:
            raise CheckError(
                f"{self._kind} '{self._name}' has {len(keys)} partitions, so it has no single key"
            )
        return keys[0]

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """The partitions of the asset, as a range.

        Raises:
            CheckError: They are not one range.
        """
        instance = None if self._get_instance is None else self._get_instance()
        place = f"{self._kind} '{self._name}'"
        from dagflow.partitions.definition import range_of  # imported lazily: only partitions use it

        return range_of(self.asset_partition_keys, self._partitions_def, place, instance)

    @property
    def asset_partitions_def(self) -> PartitionsDefinition:
        """The partitions definition of the asset."""
        definition: PartitionsDefinition = self._known(self._partitions_def, "asset_partitions_def")
        return definition

    @property
    def asset_partitions_time_window(self) -> TimeWindow:
        """The time window from the start of the first to the end of the last partition of the asset."""
        found = self.asset_partition_key_range
        definition: Any = self.asset_partitions_def
        if not hasattr(definition, "time_window_for_partition_key"):
            raise DagflowInvariantViolationError(f"{self._kind} '{self._name}' is not partitioned by time")
        first, last = map(definition.time_window_for_partition_key, found)
        from dagflow.partitions.keys import TimeWindow  # imported lazily: only partitions use it

        return TimeWindow(first.start, last.end)

    def get_asset_identifier(self) -> list[str]:
        """Return the parts of the asset's key, and the partition if there is one."""
        path = self.asset_key.path
        return [*path, self.asset_partition_key] if self.has_asset_partitions else path


class OutputContext(_IOContext):
    """The context of `handle_output`: the output that an I/O manager stores.

    Attributes: `step_key`, `name`, `run_id`, `op_def`, `mapping_key`, `dagflow_type`, `definition_metadata`
    (of the `Out`), `output_metadata` (of the value), `config`, `resource_config`, `resources`, `asset_key`,
    `partition_key`, `version` (None), `log`, `instance`.
    """

    __slots__ = (
        "_events",
        "_logged",
        "_partition_key",
        "_run_id",
        "_step_key",
        "_write",
        "mapping_key",
        "output_metadata",
        "version",
    )

    def __init__(
        self,
        *,
        step_key: str | None = None,
        run_id: str | None = None,
        mapping_key: str | None = None,
        output_metadata: Mapping[str, MetadataValue] | None = None,
        partition_key: str | None = None,
        version: str | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self._step_key = step_key
        self._run_id = run_id
        self.mapping_key: str | None = mapping_key
        self.output_metadata: Mapping[str, MetadataValue] = output_metadata or {}
        self._partition_key = partition_key
        self.version: str | None = version
        self._logged: dict[str, MetadataValue] = {}
        self._events: list[Any] = []
        self._write: Callable[[AssetMaterialization], None] | None = None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata of the `Out`."""
        return self.definition_metadata

    @property
    def asset_spec(self) -> AssetSpec:
        """The facts about the asset."""
        spec: AssetSpec = self._known(self._asset_spec, "asset_spec")
        return spec

    @property
    def step_key(self) -> str:
        """The key of the step of the output."""
        return str(self._known(self._step_key, "step_key"))

    @property
    def run_id(self) -> str:
        """The id of the run of the output."""
        return _EPHEMERAL_RUN_ID if self._run_id is None else self._run_id

    @property
    def has_partition_key(self) -> bool:
        """True if the run is for a partition."""
        return self._partition_key is not None

    @property
    def partition_key(self) -> str:
        """The partition that the run is for."""
        return str(self._of_partitions(self._partition_key, "partition_key"))

    def get_identifier(self) -> list[str]:
        """Return the run id, step key, output name, and the mapping key if there is one.

        With a version, the identifier is "versioned_outputs", the version, step key and output name.

        Raises:
            CheckError: There are both a version and a mapping key.
        """
        if self.version is None:
            return self.get_run_scoped_output_identifier()
        if self.mapping_key is not None:
            raise CheckError(
                f"output '{self.name}' of step '{self.step_key}' has both a version and a mapping key, but a "
                "dynamic output has no versions. Give one of them."
            )
        return ["versioned_outputs", self.version, self.step_key, self.name]

    def get_run_scoped_output_identifier(self) -> list[str]:
        """Return the run id, step key, output name, and the mapping key if there is one."""
        parts = [self.run_id, self.step_key, self.name]
        return [*parts, self.mapping_key] if self.mapping_key else parts

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add metadata to HANDLED_OUTPUT and to the materialization.

        Raises:
            DagflowInvalidMetadata: A value is invalid, or its name has a value already.
        """
        values = normalize_metadata(metadata, f"output '{self._name}'")
        twice = sorted(values.keys() & self._logged.keys())
        if twice:
            raise DagflowInvalidMetadata(
                f"output '{self._name}' already has metadata for {twice}. Add each name once only."
            )
        self._logged.update(values)

    def get_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Return the metadata of all calls of `add_output_metadata`."""
        return dict(self._logged)

    def consume_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Return the metadata of `add_output_metadata` since the last call."""
        logged, self._logged = self._logged, {}
        return logged

    def log_event(self, event: AssetMaterialization | AssetObservation) -> None:
        """Append an AssetMaterialization or AssetObservation to the log of the run."""
        if not isinstance(event, AssetMaterialization):
            raise CheckError(
                f"log_event of an output takes an AssetMaterialization or AssetObservation, not "
                f"{repr_of(event)}"
            )
        self._events.append(event)
        if self._write is not None:
            self._write(event)

    def write_events_with(self, write: Callable[[AssetMaterialization], None]) -> None:
        """Append the events of `log_event` to the log of a run at once. Called by the engine."""
        self._write = write

    def get_logged_events(self) -> Sequence[Any]:
        """Return the events of all calls of `log_event`."""
        return list(self._events)

    def consume_events(self) -> Iterator[Any]:
        """Yield the events of `log_event` since the last call."""
        events, self._events = self._events, []
        yield from events


class InputContext(_IOContext):
    """The context of `load_input`: the input that an I/O manager loads.

    Attributes: `name`, `upstream_output` (the OutputContext of the output that is read, None if it
    is unknown), `op_def`, `dagflow_type`, `definition_metadata` (of the `In`), `config`, `resource_config`,
    `resources`, `asset_key`, `asset_partition_key(s)`, `log`, `instance`.
    """

    __slots__ = (
        "_job_name",
        "_logged",
        "_observations",
        "_partition_key",
        "_step_context",
        "upstream_output",
    )
    _kind = "input"

    def __init__(
        self,
        *,
        upstream_output: OutputContext | None = None,
        partition_key: str | None = None,
        step_context: OpExecutionContext | None = None,
        job_name: str | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self._job_name = job_name
        self._step_context = step_context
        self.upstream_output: OutputContext | None = upstream_output
        self._partition_key = partition_key
        self._logged: dict[str, MetadataValue] = {}
        self._observations: list[AssetObservation] = []

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata of the `In`."""
        return self.definition_metadata

    @property
    def step_context(self) -> OpExecutionContext:
        """The context of the op that reads the input, if the builder of this context got one."""
        context: OpExecutionContext = self._known(self._step_context, "step_context")
        return context

    @property
    def job_name(self) -> str:
        """The name of the job that reads the input."""
        return str(self._known(self._job_name, "job_name"))

    @property
    def has_input_name(self) -> bool:
        """True if the input has a name."""
        return self._name is not None

    @property
    def has_partition_key(self) -> bool:
        """True if the run is for a partition."""
        return self._partition_key is not None

    @property
    def partition_key(self) -> str:
        """The partition that the run is for."""
        return str(self._of_partitions(self._partition_key, "partition_key"))

    def get_identifier(self) -> list[str]:
        """Return the identifier of the output that is read."""
        upstream: OutputContext = self._known(self.upstream_output, "upstream_output")
        return upstream.get_identifier()

    def add_input_metadata(self, metadata: Mapping[str, Any], description: str | None = None) -> None:
        """Add metadata to LOADED_INPUT, and to an observation of the asset that is read."""
        values = normalize_metadata(metadata, f"input '{self._name}'")
        self._logged.update(values)
        if self.has_asset_key:
            keys: Sequence[str | None] = self.asset_partition_keys if self.has_asset_partitions else [None]
            self._observations += [
                AssetObservation(self.asset_key, description, values, partition) for partition in keys
            ]

    def get_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Return the metadata of all calls of `add_input_metadata`."""
        return dict(self._logged)

    def consume_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Return the metadata of `add_input_metadata` since the last call."""
        logged, self._logged = self._logged, {}
        return logged

    def get_observations(self) -> Sequence[AssetObservation]:
        """Return the observations of all calls of `add_input_metadata`."""
        return list(self._observations)

    def consume_observations(self) -> Iterator[AssetObservation]:
        """Yield the observations of `add_input_metadata` since the last call."""
        observations, self._observations = self._observations, []
        yield from observations


def is_nothing(context: InputContext | OutputContext) -> bool:
    """Return whether an output or input has the type Nothing. An unknown type is not Nothing."""
    dagflow_type = context._dagflow_type  # noqa: SLF001 - the public attribute raises for an unknown type
    return dagflow_type is not None and dagflow_type.is_nothing


def reads_nothing(context: InputContext) -> bool:
    """Return whether an input reads an output of type Nothing: its value is None, and is not stored."""
    return context.upstream_output is not None and is_nothing(context.upstream_output)
