"""What a context reads from: the surroundings of one call of one user function, in a run or outside of
one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow._util import UNSET
from dagflow.config.scalar import copied
from dagflow.context.availability import Manner
from dagflow.context.resources import ScopedResources
from dagflow.errors import DagflowInvalidPropertyError, DagflowInvariantViolationError
from dagflow.metadata.normalize import normalize_metadata

if TYPE_CHECKING:
    from dagflow.defs.assets.definition import AssetsDefinition
    from dagflow.defs.assets.layer import AssetLayer
    from dagflow.defs.graphs.content import Node
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.defs.ops.definition import OpDefinition
    from dagflow.events.run import DagflowRun
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.plan.step import Step


class Scope:
    """The surroundings of a call. One implementation for a step of a run and for a direct call.

    Attributes:
        manner: How the call differs from others (`dagflow.context.availability`).
        op_def, node, step, assets_def, layer: What runs; UNSET or None while nothing does.
        config: The checked config, handed out as a copy so that a plan can be run again.
        metadata: What `add_output_metadata` was told, by (output, mapping key).
        events: User events that were logged outside of a run.
        produced: The outputs that have already been handed over, by (output, mapping key).
    """

    __slots__ = (
        "_config_copy",
        "_log",
        "_resources",
        "assets_def",
        "config",
        "events",
        "get_instance",
        "job_def",
        "layer",
        "log_event",
        "make_log",
        "manner",
        "mapping_key",
        "metadata",
        "node",
        "op_def",
        "partition_key",
        "partition_key_range",
        "partitions_def",
        "produced",
        "resource_values",
        "retry_number",
        "run",
        "run_config",
        "run_id",
        "run_tags",
        "step",
        "take_back",
    )

    def __init__(
        self,
        manner: Manner,
        *,
        run_id: str,
        resource_values: Callable[[], Mapping[str, Any]],
        get_instance: Callable[[], Any],
        config: Any = None,
        run: DagflowRun | None = None,
        job_def: JobDefinition | None = None,
        op_def: OpDefinition | None = None,
        node: Node | None = None,
        step: Step | None = None,
        run_config: Mapping[str, Any] | None = None,
        make_log: Callable[[], Any] | None = None,
        retry_number: int = 0,
        partition_key: str | None = None,
        partition_key_range: Any = None,
        partitions_def: PartitionsDefinition | None = None,
        mapping_key: str | None = None,
        run_tags: Mapping[str, str] | None = None,
        assets_def: AssetsDefinition | None = None,
        layer: AssetLayer | None = None,
        log_event: Callable[[Any], None] | None = None,
        take_back: Callable[[], list[Any]] | None = None,
    ) -> None:
        self.manner = manner
        self.run_id = run_id
        self.run = run
        self.job_def = job_def
        self.op_def = op_def
        self.node = node
        self.step = step
        self.config = config
        self.run_config = run_config
        self.resource_values = resource_values
        self.get_instance = get_instance
        self.make_log = make_log
        self.retry_number = retry_number
        self.partition_key = partition_key
        self.partition_key_range = partition_key_range
        self.partitions_def = partitions_def
        self.mapping_key = mapping_key
        self.run_tags = run_tags or {}
        self.assets_def = assets_def
        self.layer = layer
        self.metadata: dict[tuple[str, str | None], dict[str, Any]] = {}
        self.events: list[Any] = []
        self.produced: set[tuple[str, str | None]] = set()
        self.log_event = self.events.append if log_event is None else log_event
        self.take_back = take_back
        self._log: Any = None
        self._resources: ScopedResources | None = None
        self._config_copy: Any = UNSET

    def bind(self, op_def: OpDefinition | None, assets_def: AssetsDefinition | None, config: Any) -> None:
        """Say what runs now, in a direct call; None when it has ended."""
        self.op_def = op_def
        self.assets_def = assets_def
        self.partitions_def = None if assets_def is None else assets_def.partitions_def
        self.config = config
        self._config_copy = UNSET
        self._resources = None

    def need(self, name: str) -> None:
        """Raise unless the attribute `name` exists here.

        Raises:
            DagflowInvalidPropertyError: It does not.
        """
        if name in self.manner.unavailable or (name in self.manner.bound_only and self.op_def is None):
            when = " while no op or asset is running" if name in self.manner.bound_only else ""
            raise DagflowInvalidPropertyError(
                f"'{name}' is not available on a context that was built for a direct call{when}. It exists "
                "in a run: use execute_in_process() or materialize_to_memory() to test what reads it."
            )

    @property
    def op_config(self) -> Any:
        """The config, copied at the first access where it is a container."""
        if self._config_copy is UNSET:
            self._config_copy = copied(self.config)
        return self._config_copy

    @property
    def resources(self) -> ScopedResources:
        """The resources that may be read here."""
        if self._resources is None:
            owner = f"op '{self.op_def.name}'" if self.op_def is not None else "this context"
            self._resources = ScopedResources(self.resource_values(), owner)
        return self._resources

    @property
    def log(self) -> Any:
        """The DagflowLogManager."""
        if self._log is None:
            self._log = self.make_log() if self.make_log is not None else self._own_log()
        return self._log

    def _own_log(self) -> Any:
        from dagflow.context.log import DagflowLogManager

        name = None if self.op_def is None else self.op_def.name
        return DagflowLogManager({"run_id": self.run_id, "job_name": None, "step_key": None, "op_name": name})

    def take_events(self) -> list[Any]:
        """Hand out what was logged and not handed out yet."""
        if self.take_back is not None:
            return self.take_back()
        events = self.events[:]
        self.events.clear()
        return events

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None, mapping_key: str | None
    ) -> None:
        """Keep metadata for an output that is still to come."""
        name = self._output_name(output_name, mapping_key)
        key = (name, mapping_key)
        if key in self.produced:
            of_key = "" if mapping_key is None else f" with mapping_key '{mapping_key}'"
            raise DagflowInvariantViolationError(
                f"In {self._owner()}, attempted to log output metadata for output '{name}'{of_key} which has "
                "already been yielded. Metadata must be logged before the output is yielded."
            )
        if key in self.metadata and not self.manner.merges_metadata:
            raise DagflowInvariantViolationError(
                f"metadata was added more than once to output '{name}' of {self._owner()} in a direct call. "
                "Add all of it in one call."
            )
        normalize_metadata(metadata, f"output '{name}' of {self._owner()}")  # raises; user code reads its own
        self.metadata[key] = {**self.metadata.get(key, {}), **metadata}

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
