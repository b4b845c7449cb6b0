"""The sources of the inputs of steps: an output, a default, config, a given value or storage."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow._util import UNSET
from dagflow.defs.assets.ports import AssetInput
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.leaves import leaf_output
from dagflow.defs.graphs.wiring import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    MultiDependencyDefinition,
)
from dagflow.defs.hooks.definition import HookDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY, InputDefinition, OutputDefinition
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
)
from dagflow.keys import AssetKey
from dagflow.plan.step import (
    FROM_COLLECT,
    FROM_CONFIG,
    FROM_DEFAULT,
    FROM_INPUT_VALUE,
    FROM_OUTPUT,
    FROM_OUTPUTS,
    FROM_STORAGE,
    NO_VALUE,
    OutputRef,
    Source,
    StepInput,
)
from dagflow.plan.surroundings import PartitionsOfRun, Surroundings

if TYPE_CHECKING:
    from dagflow.defs.assets.layer import AssetLayer
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.mapping import PartitionMapping


class Frame(NamedTuple):
    """A graph that is being compiled.

    Attributes:
        graph: The graph.
        path: The names of the nodes from the graph of the job down to this graph.
        outer: The frame of the graph around it, None for the graph of the job.
        config: The run config of its nodes.
        hooks: The hooks of its nodes.
    """

    graph: GraphDefinition
    path: tuple[str, ...]
    outer: Frame | None
    config: Mapping[str, Any] | None
    hooks: tuple[HookDefinition, ...]


class InputSources:
    """The search for the sources of the inputs of a plan.

    Attributes:
        step_key: The step whose inputs are being compiled, for messages.
        gates: The steps of the blocking checks that this step waits for.
        is_partitioned: Whether the plan depends on partitions.
    """

    def __init__(
        self,
        job: JobDefinition,
        config: Mapping[str, Any] | None,
        surroundings: Surroundings,
        partitions: PartitionsOfRun,
        bound_inputs: frozenset[str],
        is_partitioned: bool,
    ) -> None:
        self.job = job
        self.is_partitioned = is_partitioned
        self.root_config: Mapping[str, Any] = config or {}
        self.surroundings = surroundings
        self.partitions = partitions
        self.bound_inputs = bound_inputs
        self.layer: AssetLayer | None = job.asset_layer
        self.step_key = ""
        self.gates: list[str] = []

    def step_input(
        self,
        frame: Frame,
        node_name: str,
        definition: InputDefinition,
        given: Mapping[str, Any],
        asset: AssetInput | None,
    ) -> StepInput:
        """Return an input of a step.

        Args:
            frame: The graph that the node is in.
            node_name: The node of the step.
            definition: The input of the op.
            given: The run config of the inputs of the node.
            asset: The asset that the input reads.
        """
        partition_keys = ordered_keys = None
        asset_key = definition.asset_key
        if asset is not None:
            asset_key = asset.key
        if asset is not None and self.is_partitioned:
            if definition.dagflow_type.is_nothing:  # a dependency that is not loaded reads no partitions
                ordered_keys = partial(self._partition_keys, asset, definition.name)
            else:
                partition_keys = self._partition_keys(asset, definition.name)
        config = None
        if definition.input_manager_key is not None:  # the config is for the input manager, not a value
            config, given = given.get(definition.name), {}
        source = self._source(frame, node_name, definition.name, definition, given, asset_key)
        if (
            source.source_type == FROM_STORAGE
            and source.value is not None
            and source.value.partitions_def is not None
        ):
            own_def = self.job.partitions_def if self.partitions.keys else None
            partition_keys = self._upstream_keys(own_def, source.value.partitions_def)
        if asset is None and self.layer is not None and self.partitions.keys:
            partition_keys = self._partition_of_outputs(source)
        return StepInput(definition, source, partition_keys, config, ordered_keys)

    def _source(
        self,
        frame: Frame,
        node_name: str,
        name: str,
        definition: InputDefinition,
        given: Mapping[str, Any],
        asset_key: AssetKey | None,
    ) -> Source:
        """Find the source of input `name` of a node, which leads to the input `definition` of an op."""
        dependency = frame.graph.wires[node_name].get(name)
        for gate in frame.graph.gates.get((node_name, name), ()):
            self.gates.append(_step_and_output(frame, gate.node, gate.output)[0].step_key)
        if isinstance(dependency, DependencyDefinition):
            return self._output_source(frame, dependency.node, dependency.output, definition, asset_key)
        if isinstance(dependency, DynamicCollectDependencyDefinition):
            source = self._output_source(
                frame, dependency.node_name, dependency.output_name, definition, asset_key
            )
            if source.source_type in (FROM_OUTPUT, NO_VALUE):
                return source._replace(source_type=FROM_COLLECT)
            return source
        if isinstance(dependency, MultiDependencyDefinition):
            parts = [
                self._output_source(frame, part.node, part.output, definition, asset_key)
                if isinstance(part, DependencyDefinition)
                else self._outer_source(frame, node_name, name, definition, given, asset_key, index)
                for index, part in enumerate(dependency.dependencies)
            ]
            if any(part.source_type in (FROM_OUTPUTS, FROM_COLLECT) for part in parts):
                raise CheckError(
                    f"in graph '{frame.graph.name}': an element of the list for input '{name}' of node "
                    f"'{node_name}' is itself a list of outputs, given to an input of the graph. Pass that "
                    "list to an op that returns it."
                )
            return Source(FROM_OUTPUTS, parts=tuple(parts))
        return self._outer_source(frame, node_name, name, definition, given, asset_key)

    def _outer_source(
        self,
        frame: Frame,
        node_name: str,
        name: str,
        definition: InputDefinition,
        given: Mapping[str, Any],
        asset_key: AssetKey | None,
        index: int | None = None,
    ) -> Source:
        """Find the source of an input that no node of its own graph feeds."""
        asset = frame.graph.input_assets.get((node_name, name))
        if asset is not None:
            manager = getattr(asset, "io_manager_key", None) or DEFAULT_IO_MANAGER_KEY
            return Source(FROM_STORAGE, None, manager, asset, asset_key=asset.key)
        graph_input = frame.graph.graph_input_of(node_name, name, index)
        if graph_input is None:
            outer = frame.graph.node_dict[node_name].definition.ins[name]
            return self._unconnected_source(
                node_name, name, definition, given, asset_key, outer.dagflow_type.loader
            )
        if frame.outer is None:
            return self._job_input_source(graph_input, definition, asset_key)
        entry = (frame.outer.config or {}).get(frame.path[-1]) or {}
        return self._source(
            frame.outer, frame.path[-1], graph_input, definition, entry.get("inputs") or {}, asset_key
        )

    def _unconnected_source(
        self,
        node_name: str,
        name: str,
        definition: InputDefinition,
        given: Mapping[str, Any],
        asset_key: AssetKey | None,
        loader: Any,
    ) -> Source:
        """Find the source of an input that no node and no graph input feeds."""
        if asset_key is not None and self.layer is not None:
            if definition.dagflow_type.is_nothing:
                return Source(NO_VALUE)
            return self._asset_source(asset_key, definition)
        if name in given:
            return Source(FROM_CONFIG, value=given[name], loader=loader)
        if definition.default_value is not UNSET:
            return Source(FROM_DEFAULT, value=definition.default_value)
        if definition.dagflow_type.is_nothing:
            return Source(NO_VALUE)
        if definition.input_manager_key is not None:
            return Source(FROM_STORAGE, None, definition.input_manager_key)
        raise DagflowInvalidDefinitionError(
            f"input '{name}' of node '{node_name}' in {self.job.describe_target()} is connected "
            "to nothing: connect it to an output, give it a default, or give its value in the run config."
        )

    def _asset_source(self, asset_key: AssetKey, definition: InputDefinition) -> Source:
        """Return the source that loads an asset which no step of this plan stores."""
        assert self.layer is not None
        manager = definition.input_manager_key or self.layer.io_manager_key(asset_key)
        return Source(FROM_STORAGE, None, manager, asset_key=asset_key)

    def _job_input_source(
        self, graph_input: str, definition: InputDefinition, asset_key: AssetKey | None
    ) -> Source:
        """Find the source of an input of the graph of the job."""
        if graph_input in self.bound_inputs:
            return Source(FROM_INPUT_VALUE, value=graph_input)
        inputs = self.root_config.get("inputs") or {}
        if graph_input in inputs:
            loader = self.job.graph.ins[graph_input].dagflow_type.loader
            return Source(FROM_CONFIG, value=inputs[graph_input], loader=loader)
        if definition.default_value is not UNSET:
            return Source(FROM_DEFAULT, value=definition.default_value)
        if definition.dagflow_type.is_nothing:
            return Source(NO_VALUE)
        place = f"input '{graph_input}' of graph '{self.job.graph.name}'"
        dagflow_type = self.job.graph.ins[graph_input].dagflow_type
        if dagflow_type.loader is None:
            raise DagflowInvalidInvocationError(
                f"Attempted to invoke execute_in_process for '{self.job.graph.name}' without specifying an "
                f"input_value for input '{graph_input}', but downstream input {definition.name} of op "
                f"'{self.step_key}' has no other way of being loaded: the type '{dagflow_type.display_name}' "
                f"has no loader to read it from config. Pass it: input_values={{'{graph_input}': ...}}."
            )
        raise DagflowInvariantViolationError(
            f"{place} is fed by nothing: give it through 'input_values', or under 'inputs' in the run config."
        )

    def _output_source(
        self,
        frame: Frame,
        node_name: str,
        output_name: str,
        definition: InputDefinition,
        asset_key: AssetKey | None,
    ) -> Source:
        """Return the source that reads an output of a node, which may be an output inside a graph."""
        ref, output = _step_and_output(frame, node_name, output_name)
        if definition.dagflow_type.is_nothing:
            return Source(NO_VALUE, ref)
        manager_key = output.io_manager_key
        if asset_key is None and self.layer is not None:
            made = self.layer.output_at(*ref[:2])
            asset_key = None if made is None else made.key
        if not output.dagflow_type.is_nothing:
            manager = definition.input_manager_key or manager_key
            return Source(FROM_OUTPUT, ref, manager, asset_key=asset_key)
        # the output has no value; the input has one, so something else has stored it
        if asset_key is not None and self.layer is not None:
            manager_key = self.layer.io_manager_key(asset_key)
        return Source(FROM_STORAGE, ref, definition.input_manager_key or manager_key, asset_key=asset_key)

    def _partition_of_outputs(self, source: Source) -> tuple[str, ...] | None:
        """Return the partitions of this run, if an output that is read is a partitioned asset.

        Only ops of one graph read assets in this way, so that the partitions are the same.
        """
        assert self.layer is not None
        for part in (source, *source.parts):
            asset = (
                None if part.ref is None else self.layer.output_at(part.ref.step_key, part.ref.output_name)
            )
            if asset is not None and asset.partitions_def is not None:
                return self.partitions.keys
        return None

    def _partition_keys(self, asset: AssetInput, input_name: str) -> tuple[str, ...] | None:
        """Return the partitions that an input reads of its asset, None if the asset is not partitioned."""
        assert self.layer is not None
        upstream_def = self.layer.partitions_def(asset.key)
        if upstream_def is None or (asset.partitions_def is not None and not self.partitions.keys):
            return None
        try:
            return self._upstream_keys(asset.partitions_def, upstream_def, asset.partition_mapping)
        except _OF_MAPPINGS as error:
            of_run = "" if self.partitions.key is None else f", partition '{self.partitions.key}'"
            raise type(error)(
                f"step '{self.step_key}'{of_run}, input '{input_name}' (asset "
                f"'{asset.key.to_user_string()}'): {error}"
            ) from error

    def _upstream_keys(
        self,
        own_def: PartitionsDefinition | None,
        upstream_def: PartitionsDefinition,
        mapping: PartitionMapping | None = None,
    ) -> tuple[str, ...]:
        """Return the upstream partitions that this run reads; all of them if `own_def` is None."""
        from dagflow.partitions.multi_mapping import keys_read  # imported lazily: only partitions use it

        own_keys, now, dynamic = self.partitions.keys, self.surroundings.now, self.surroundings.dynamic
        return keys_read(own_keys, own_def, upstream_def, mapping, now, dynamic)


_OF_MAPPINGS = (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
)
"""The errors that partition mappings of dagflow raise."""


def _step_and_output(frame: Frame, node_name: str, output_name: str) -> tuple[OutputRef, OutputDefinition]:
    """Return the output of a step that gives an output of a node, with its definition."""
    node_def = frame.graph.node_dict[node_name].definition
    if not frame.path and isinstance(node_def, OpDefinition):
        return OutputRef(node_name, output_name), node_def.outs[output_name]
    leaf = leaf_output(node_def, output_name)
    step_key = ".".join((*frame.path, node_name, *leaf.path))
    return OutputRef(step_key, leaf.definition.name), leaf.definition
