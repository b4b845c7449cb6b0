"""The contexts of an I/O manager: of an output that it stores, of an input that it loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.context.resources import ScopedResources
from dagflow.errors import CheckError, DagflowInvalidMetadata, DagflowInvariantViolationError
from dagflow.events.user import AssetMaterialization, AssetObservation
from dagflow.keys import AssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.keys import PartitionKeyRange, TimeWindow

if TYPE_CHECKING:
    from dagflow.context.log import DagflowLogManager
    from dagflow.defs.assets.definition import AssetSpec
    from dagflow.defs.ops.definition import OpDefinition
    from dagflow.instance.instance import DagflowInstance
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.types.kinds import DagflowType

_EPHEMERAL_RUN_ID = "__EPHEMERAL_RUN_ID"


class _IOContext:
    """What the contexts of outputs and inputs share."""

    __slots__ = (
        "_asset_key",
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
        asset_key: AssetKey | None,
        partition_keys: Sequence[str] | None,
        partitions_def: PartitionsDefinition | None,
        definition_metadata: Mapping[str, Any] | None,
        config: Any,
        resource_config: Any,
        resources: Mapping[str, Any] | None,
        get_instance: Callable[[], DagflowInstance] | None,
        log: Callable[[], DagflowLogManager] | None = None,
    ) -> None:
        self._name = name
        self._op_def = op_def
        self._dagflow_type = dagflow_type
        self._asset_key = asset_key
        self._partition_keys = partition_keys
        self._partitions_def = partitions_def
        self.definition_metadata: Mapping[str, Any] = definition_metadata or {}
        self.config = config
        self.resource_config = {} if resource_config is None else resource_config
        self._resources = resources or {}
        self._get_instance = get_instance
        self._log = log

    def _known(self, value: Any, attribute: str) -> Any:
        if value is None:
            raise DagflowInvariantViolationError(
                f"the attribute '{attribute}' of this {self._kind} context was not given when it was built"
            )
        return value

    def _of_partitions(self, value: Any, attribute: str) -> Any:
        if value is None:
            raise CheckError(
                f"'{attribute}' was read on this {self._kind} context, but the {self._kind} stands for no "
                "partition"
            )
        return value

    @property
    def name(self) -> str:
        """The name of the output or input."""
        return str(self._known(self._name, "name"))

    @property
    def op_def(self) -> OpDefinition:
        """The op that has it."""
        op_def: OpDefinition = self._known(self._op_def, "op_def")
        return op_def

    @property
    def dagflow_type(self) -> DagflowType:
        """Its type."""
        kind: DagflowType = self._known(self._dagflow_type, "dagflow_type")
        return kind

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
        """Whether it is an asset."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """The asset that it is."""
        key: AssetKey = self._known(self._asset_key, "asset_key")
        return key

    @property
    def has_asset_partitions(self) -> bool:
        """Whether it is one or more partitions of an asset."""
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
                f"{self._kind} '{self._name}' stands for {len(keys)} partitions, so it has no single key"
            )
        return keys[0]

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """The partitions of the asset, as a range."""
        keys = self.asset_partition_keys
        if not keys:
            raise CheckError(f"{self._kind} '{self._name}' stands for no partition")
        return PartitionKeyRange(keys[0], keys[-1])

    @property
    def asset_partitions_def(self) -> PartitionsDefinition:
        """The partitions definition of the asset."""
        definition: PartitionsDefinition = self._known(self._partitions_def, "asset_partitions_def")
        return definition

    @property
    def asset_partitions_time_window(self) -> TimeWindow:
        """From the start of the first to the end of the last partition of the asset."""
        definition: Any = self.asset_partitions_def
        if not hasattr(definition, "time_window_for_partition_key"):
            raise DagflowInvariantViolationError(f"{self._kind} '{self._name}' is not partitioned by time")
        keys = self.asset_partition_keys
        first, last = (definition.time_window_for_partition_key(key) for key in (keys[0], keys[-1]))
        return TimeWindow(first.start, last.end)

    def get_asset_identifier(self) -> list[str]:
        """The parts of the asset's key, and the partition if there is one."""
        path = self.asset_key.path
        return [*path, self.asset_partition_key] if self.has_asset_partitions else path


class OutputContext(_IOContext):
    """What `handle_output` of an I/O manager knows of the output that it stores.

    Attributes: `step_key`, `name`, `run_id`, `op_def`, `mapping_key`, `dagflow_type`, `definition_metadata`
    (of the `Out`), `output_metadata` (of the value), `config`, `resource_config`, `resources`, `asset_key`,
    `partition_key`, `version` (None), `log`, `instance`.
    """

    __slots__ = (
        "_asset_spec",
        "_events",
        "_logged",
        "_partition_key",
        "_run_id",
        "_step_key",
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
        asset_spec: AssetSpec | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self._asset_spec = asset_spec
        self._step_key = step_key
        self._run_id = run_id
        self.mapping_key = mapping_key
        self.output_metadata = output_metadata or {}
        self._partition_key = partition_key
        self.version = version
        self._logged: dict[str, MetadataValue] = {}
        self._events: list[Any] = []

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the `Out` says."""
        return self.definition_metadata

    @property
    def asset_spec(self) -> AssetSpec:
        """What is known of the asset that it is."""
        spec: AssetSpec = self._known(self._asset_spec, "asset_spec")
        return spec

    @property
    def step_key(self) -> str:
        """The step that made it."""
        return str(self._known(self._step_key, "step_key"))

    @property
    def run_id(self) -> str:
        """The run that made it."""
        return _EPHEMERAL_RUN_ID if self._run_id is None else self._run_id

    @property
    def has_partition_key(self) -> bool:
        """Whether the run is for a partition."""
        return self._partition_key is not None

    @property
    def partition_key(self) -> str:
        """The partition that the run is for."""
        return str(self._of_partitions(self._partition_key, "partition_key"))

    def get_identifier(self) -> list[str]:
        """Run id, step key, output name, and the mapping key if there is one."""
        parts = [self.run_id, self.step_key, self.name]
        return [*parts, self.mapping_key] if self.mapping_key else parts

    get_run_scoped_output_identifier = get_identifier

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Say something about how it was stored; shown on HANDLED_OUTPUT and on the materialization.

        Raises:
            DagflowInvalidMetadata: A value of a kind that metadata cannot hold, or a name that has a value.
        """
        values = normalize_metadata(metadata, f"output '{self._name}'")
        twice = sorted(values.keys() & self._logged.keys())
        if twice:
            raise DagflowInvalidMetadata(
                f"output '{self._name}' already has metadata for {twice}. Each value is said once."
            )
        self._logged.update(values)

    def get_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """What `add_output_metadata` was told."""
        return dict(self._logged)

    def consume_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """What `add_output_metadata` was told since the last call."""
        logged, self._logged = self._logged, {}
        return logged

    def log_event(self, event: AssetMaterialization | AssetObservation) -> None:
        """Put an AssetMaterialization or AssetObservation into the log of the run."""
        if not isinstance(event, AssetMaterialization):
            raise CheckError(
                f"log_event of an output takes an AssetMaterialization or AssetObservation, not {event!r}"
            )
        self._events.append(event)

    def get_logged_events(self) -> Sequence[Any]:
        """What `log_event` was told."""
        return list(self._events)

    def consume_events(self) -> Iterator[Any]:
        """Hand out what `log_event` was told since the last call."""
        events, self._events = self._events, []
        yield from events


class InputContext(_IOContext):
    """What `load_input` of an I/O manager knows of the input that it loads.

    Attributes: `name`, `upstream_output` (the OutputContext of what is read, None where this run does not
    make it), `op_def`, `dagflow_type`, `definition_metadata` (of the `In`), `config`, `resource_config`,
    `resources`, `asset_key`, `asset_partition_key(s)`, `log`, `instance`.
    """

    __slots__ = ("_logged", "_observations", "_partition_key", "_step_context", "upstream_output")
    _kind = "input"

    def __init__(
        self,
        *,
        upstream_output: OutputContext | None = None,
        partition_key: str | None = None,
        step_context: Any = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self._step_context = step_context
        self.upstream_output = upstream_output
        self._partition_key = partition_key
        self._logged: dict[str, MetadataValue] = {}
        self._observations: list[AssetObservation] = []

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the `In` says."""
        return self.definition_metadata

    @property
    def step_context(self) -> Any:
        """The context of the op that reads it, if its builder was given one."""
        return self._known(self._step_context, "step_context")

    @property
    def has_input_name(self) -> bool:
        """Whether it has a name."""
        return self._name is not None

    @property
    def has_partition_key(self) -> bool:
        """Whether the run is for a partition."""
        return self._partition_key is not None

    @property
    def partition_key(self) -> str:
        """The partition that the run is for."""
        return str(self._of_partitions(self._partition_key, "partition_key"))

    def get_identifier(self) -> list[str]:
        """The identifier of the output that is read."""
        upstream: OutputContext = self._known(self.upstream_output, "upstream_output")
        return upstream.get_identifier()

    def add_input_metadata(self, metadata: Mapping[str, Any], description: str | None = None) -> None:
        """Say something about what was loaded; shown on LOADED_INPUT, and as an observation of the asset that
        is read, if it is one.
        """
        values = normalize_metadata(metadata, f"input '{self._name}'")
        self._logged.update(values)
        if self.has_asset_key:
            keys: Sequence[str | None] = self.asset_partition_keys if self.has_asset_partitions else [None]
            self._observations += [
                AssetObservation(self.asset_key, description, values, partition) for partition in keys
            ]

    def get_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """What `add_input_metadata` was told."""
        return dict(self._logged)

    def consume_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """What `add_input_metadata` was told since the last call."""
        logged, self._logged = self._logged, {}
        return logged

    def get_observations(self) -> Sequence[AssetObservation]:
        """The observations that `add_input_metadata` made."""
        return list(self._observations)

    def consume_observations(self) -> Iterator[AssetObservation]:
        """Hand out the observations that were made since the last call."""
        observations, self._observations = self._observations, []
        yield from observations
