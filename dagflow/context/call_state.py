"""The state behind a context: one call of one user function, in a run or outside of it.

`CallState` holds everything that both have in common. `DirectCallState` is the state of a direct call; the
engine has the one of a step.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow._util import UNSET
from dagflow.config.scalar import copied
from dagflow.context.availability import BOUND_ONLY, RUN_ONLY, unavailable
from dagflow.context.resources import ScopedResources
from dagflow.errors import DagflowInvariantViolationError
from dagflow.metadata.normalize import normalize_metadata

if TYPE_CHECKING:
    from dagflow.context.log import DagflowLogManager
    from dagflow.defs.assets.definition import AssetsDefinition
    from dagflow.defs.assets.layer import AssetLayer
    from dagflow.defs.graphs.content import Node
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.defs.ops.definition import OpDefinition
    from dagflow.events.record import DagflowEvent
    from dagflow.events.run import DagflowRun
    from dagflow.events.user import UserEvent
    from dagflow.instance.instance import DagflowInstance
    from dagflow.keys import CoercibleToAssetKey
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.keys import PartitionKeyRange
    from dagflow.plan.step import Step

OutputName = tuple[str, str | None]
"""An output of an op: its name, and the mapping key of a dynamic output."""


class RunFacts:
    """The facts of a run that its contexts show. In a direct call there is neither run nor job.

    Attributes:
        get_instance: Returns the instance.
        run_config: The run config of the caller.
        tags: The tags of the run.
        partition_key, partition_key_range: The partitions that the run is for; at most one of the two.
    """

    __slots__ = (
        "get_instance",
        "job_def",
        "partition_key",
        "partition_key_range",
        "run",
        "run_config",
        "run_id",
        "tags",
    )

    def __init__(
        self,
        run_id: str,
        get_instance: Callable[[], DagflowInstance],
        tags: Mapping[str, str] | None = None,
        partition_key: str | None = None,
        partition_key_range: PartitionKeyRange | None = None,
        run: DagflowRun | None = None,
        job_def: JobDefinition | None = None,
        run_config: Mapping[str, Any] | None = None,
    ) -> None:
        self.run_id: str = run_id
        self.get_instance: Callable[[], DagflowInstance] = get_instance
        self.tags: Mapping[str, str] = tags or {}
        self.partition_key: str | None = partition_key
        self.partition_key_range: PartitionKeyRange | None = partition_key_range
        self.run: DagflowRun | None = run
        self.job_def: JobDefinition | None = job_def
        self.run_config: Mapping[str, Any] | None = run_config


class CallState:
    """The state of one call, which its context reads.

    Attributes:
        run: The facts of the run.
        step: The step; None in a direct call.
        op_def, assets_def: The definition that runs; None while nothing runs.
        config: The checked config. User code gets a copy, so that a plan can be run again.
        retry_number: The number of attempts before this one.
        mapping_key: The value of the dynamic output for which this step runs.
        output_metadata: The arguments of `add_output_metadata` so far, by output.
        asset_metadata: The metadata of assets, by output and partition (None for all partitions).
        produced: The outputs so far.
        logged_events: The events that were logged in a direct call and not taken; empty in a run.
        has_external_results: Whether the function opened a pipes session, whose results it must return.
    """

    __slots__ = (
        "_config_copy",
        "_log",
        "_resources",
        "asset_metadata",
        "assets_def",
        "config",
        "has_external_results",
        "logged_events",
        "mapping_key",
        "op_def",
        "output_metadata",
        "produced",
        "retry_number",
        "run",
        "step",
    )
    merges_output_metadata: bool = True
    """Whether a second `add_output_metadata` for the same output is allowed."""

    op_def: OpDefinition | None
    assets_def: AssetsDefinition | None

    def __init__(
        self,
        run: RunFacts,
        step: Step | None = None,
        config: Any = None,
        mapping_key: str | None = None,
        retry_number: int = 0,
    ) -> None:
        self.run: RunFacts = run
        self.step: Step | None = step
        if step is None:
            self.op_def = self.assets_def = None
        else:
            self.op_def, self.assets_def = step.op, step.assets_def
        self.config: Any = config
        self.mapping_key: str | None = mapping_key
        self.retry_number: int = retry_number
        self.output_metadata: dict[OutputName, dict[str, Any]] = {}
        self.asset_metadata: dict[tuple[str, str | None], dict[str, Any]] | None = None
        self.produced: set[OutputName] = set()
        self.logged_events: list[UserEvent] = []
        self.has_external_results: bool = False
        self._log: DagflowLogManager | None = None
        self._resources: ScopedResources | None = None
        self._config_copy: Any = UNSET

    def require(self, name: str) -> None:
        """Raise if the attribute `name` of the context does not exist here. In a run all of them exist."""

    def resource_values(self) -> Mapping[str, Any]:
        """Return the resources by key."""
        raise NotImplementedError

    def make_log(self) -> DagflowLogManager:
        """Create the log of this call."""
        raise NotImplementedError

    def log_event(self, event: UserEvent) -> None:
        """Append an event to the log of the run."""
        raise NotImplementedError

    def load_asset_value(
        self, asset_key: CoercibleToAssetKey, python_type: type[Any] | None, partition_key: str | None
    ) -> Any:
        """Load the stored value of an asset."""
        raise NotImplementedError

    def take_events(self) -> Sequence[DagflowEvent | UserEvent]:
        """Return the events that were logged since the last call, and remove them from the run."""
        raise NotImplementedError

    @property
    def node(self) -> Node | None:
        """The node of the graph; None in a direct call."""
        return None if self.step is None else self.step.node

    @property
    def asset_layer(self) -> AssetLayer | None:
        """The assets of the job; None in a direct call."""
        return None if self.run.job_def is None else self.run.job_def.asset_layer

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """The partitions of the asset that runs. Of an op, or of a check without partitions: of the job."""
        assets_def = self.assets_def
        if assets_def is not None and (assets_def.partitions_def is not None or not assets_def.is_of_checks):
            return assets_def.partitions_def
        return None if self.run.job_def is None else self.run.job_def.partitions_def

    @property
    def op_config(self) -> Any:
        """The config, copied at the first access, if it is a container."""
        if self._config_copy is UNSET:
            self._config_copy = copied(self.config)
        return self._config_copy

    @property
    def resources(self) -> ScopedResources:
        """The resources, by attribute."""
        if self._resources is None:
            owner = f"op '{self.op_def.name}'" if self.op_def is not None else "this context"
            self._resources = ScopedResources(self.resource_values(), owner)
        return self._resources

    @property
    def log(self) -> DagflowLogManager:
        """The log of this call, created at the first access."""
        if self._log is None:
            self._log = self.make_log()
        return self._log

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None, mapping_key: str | None
    ) -> None:
        """Store metadata for an output before it is produced.

        Raises:
            DagflowInvariantViolationError: The output is unknown, was already produced, or has metadata that
                cannot be extended.
        """
        name = self._output_name(output_name, mapping_key)
        key = (name, mapping_key)
        self._check_not_produced(name, mapping_key)
        if key in self.output_metadata and not self.merges_output_metadata:
            raise DagflowInvariantViolationError(
                f"metadata was added more than once to output '{name}' of {self._owner()} in a direct call. "
                "Add all of it in one call."
            )
        normalize_metadata(metadata, f"output '{name}' of {self._owner()}")  # raises; user code reads its own
        self.output_metadata[key] = {**self.output_metadata.get(key, {}), **metadata}

    def add_asset_metadata(
        self, metadata: Mapping[str, Any], name: str, partition_key: str | None = None
    ) -> None:
        """Store metadata for the asset of an output, or for one of its partitions, before it is produced.

        Raises:
            DagflowInvariantViolationError: The output was already produced.
        """
        self._check_not_produced(name, None)
        normalize_metadata(metadata, f"output '{name}' of {self._owner()}")  # raises; user code reads its own
        if self.asset_metadata is None:
            self.asset_metadata = {}
        self.asset_metadata.setdefault((name, partition_key), {}).update(metadata)

    def _check_not_produced(self, name: str, mapping_key: str | None) -> None:
        if (name, mapping_key) in self.produced:
            of_key = "" if mapping_key is None else f" with mapping_key '{mapping_key}'"
            raise DagflowInvariantViolationError(
                f"In {self._owner()}, attempted to log output metadata for output '{name}'{of_key} which has "
                "already been yielded. Metadata must be logged before the output is yielded."
            )

    def _output_name(self, name: str | None, mapping_key: str | None) -> str:
        outs = self.op_def.outs if self.op_def is not None else None
        if outs is None:
            return name or "result"
        if name is None:
            if len(outs) != 1:
                raise DagflowInvariantViolationError(
                    f"{self._owner()} has the outputs {list(outs)}, so metadata without an 'output_name' is "
                    "ambiguous"
                )
            name = next(iter(outs))
        if name not in outs:
            raise DagflowInvariantViolationError(
                f"{self._owner()} has no output '{name}' to add metadata to; its outputs are {list(outs)}"
            )
        if outs[name].is_dynamic != (mapping_key is not None):
            needs = "needs a 'mapping_key'" if mapping_key is None else "takes no 'mapping_key'"
            raise DagflowInvariantViolationError(
                f"metadata for output '{name}' of {self._owner()} {needs}: the output is "
                f"{'dynamic' if outs[name].is_dynamic else 'not dynamic'}"
            )
        return name

    def _owner(self) -> str:
        return f"op '{self.op_def.name}'" if self.op_def is not None else "this context"


class DirectCallState(CallState):
    """The state of direct calls with one context, one call after the other.

    Args:
        run: The facts of a run that the caller gave to the builder of the context.
        resource_values: Returns the resources by key.
        config: The config of the op.
        mapping_key: The result of `get_mapping_key()`.
    """

    __slots__ = ("_bound_resources", "_own_resources")
    merges_output_metadata = False

    def __init__(
        self,
        run: RunFacts,
        resource_values: Callable[[], Mapping[str, Any]] = dict,
        config: Any = None,
        mapping_key: str | None = None,
    ) -> None:
        super().__init__(run, None, config, mapping_key)
        self._own_resources = resource_values
        self._bound_resources: Mapping[str, Any] = {}

    def bind(
        self,
        op_def: OpDefinition | None,
        assets_def: AssetsDefinition | None,
        config: Any,
        resources: Mapping[str, Any],
    ) -> None:
        """Begin a call, or end it if `op_def` is None. The events of the call can be read after its end.

        Args:
            op_def: The op that runs.
            assets_def: The asset that runs, if it is one.
            config: The checked config.
            resources: Resources of this call alone, by key.
        """
        if op_def is not None:
            self.logged_events.clear()
            self.output_metadata.clear()
            self.produced.clear()
        self.op_def = op_def
        self.assets_def = assets_def
        self.config = config
        self._bound_resources = resources
        self._config_copy = UNSET
        self._resources = None

    def require(self, name: str) -> None:
        """Raise if the attribute `name` of the context does not exist now.

        Raises:
            DagflowInvalidPropertyError: It exists in a run only, or only while an op or asset runs.
        """
        if name in RUN_ONLY or (self.op_def is None and name in BOUND_ONLY):
            raise unavailable(name)

    def resource_values(self) -> Mapping[str, Any]:
        """Return the resources by key."""
        values = self._own_resources()
        # a ChainMap, because a new dict would start every resource that is started when it is first read
        return ChainMap(self._bound_resources, values) if self._bound_resources else values  # type: ignore[arg-type]

    def make_log(self) -> DagflowLogManager:
        """Create a log that belongs to no run."""
        from dagflow.context.log import DagflowLogManager  # imports `logging`

        name = None if self.op_def is None else self.op_def.name
        run_id = self.run.run_id
        return DagflowLogManager({"run_id": run_id, "job_name": None, "step_key": None, "op_name": name})

    def log_event(self, event: UserEvent) -> None:
        """Keep an event for the caller."""
        self.logged_events.append(event)

    def take_events(self) -> Sequence[DagflowEvent | UserEvent]:
        """Return the events that were logged since the last call, and remove them."""
        events = self.logged_events[:]
        self.logged_events.clear()
        return events
