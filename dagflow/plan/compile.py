"""`compile_plan`: a job and what a run is told become a plan, or the error that says why they cannot.

Pure: no clock, disk, thread or random number. The time, the environment and the known dynamic partitions are
arguments. What does not depend on the run is kept with the job.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow._util import UNSET
from dagflow.config.read import read_config
from dagflow.defs.assets.definition import AssetLayer, AssetsDefinition
from dagflow.defs.graphs.content import Node
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    MultiDependencyDefinition,
)
from dagflow.defs.hooks.definition import HookDefinition, in_order
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.run_config import needs_config, read_run_config
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY, InputDefinition
from dagflow.defs.resources.definition import resource_configs
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import (
    Requirement,
    loader_requirements,
    requirements_of,
    type_requirements,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    check_type,
)
from dagflow.keys import AssetKey
from dagflow.plan.dynamic import template_key, with_templates
from dagflow.plan.plan import Plan
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
    Step,
    StepInput,
    StepOutput,
)
from dagflow.plan.tags import timeout_of, timeout_refused

if TYPE_CHECKING:
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.mapping import PartitionMapping


class Surroundings(NamedTuple):
    """What a plan may depend on beside the definitions: the environment, the time, the known dynamic
    partitions.

    Attributes:
        environ: Environment variables.
        now: Seconds since the epoch.
        dynamic: What gives the keys of dynamic partitions (`get_dynamic_partitions(name)`), None if nothing
            does.
    """

    environ: Mapping[str, str]
    now: float
    dynamic: Any = None


def compile_plan(
    job: JobDefinition,
    run_config: Mapping[str, Any],
    surroundings: Surroundings,
    *,
    partition_key: str | None = None,
    bound_inputs: frozenset[str] = frozenset(),
    in_process: bool = True,
) -> Plan:
    """The plan of a run.

    Args:
        job: The job, its graph already cut down to what was selected.
        run_config: What the caller gave; empty takes the job's default.
        surroundings: Environment, time and dynamic partitions.
        partition_key: The partition that the run is for.
        bound_inputs: The inputs of the graph that are given as values.
        in_process: Whether all steps share this process, whatever executor the job and the run config name.

    Raises:
        DagflowInvalidConfigError: The run config does not match.
        DagflowInvalidDefinitionError: A resource is missing, or an input that nothing feeds.
        DagflowUnmetExecutorRequirementsError: A step has a time limit and shares this process.
        DagflowUnknownPartitionError: The partitions definition does not have the key.
        CheckError: A key was given, and nothing is partitioned.
    """
    partition_key = check_partition(job, partition_key, surroundings)
    if not in_process:
        environ = surroundings.environ
        config = read_run_config(
            job, run_config, bound_inputs=bound_inputs, environ=environ, in_process=False
        )
        plan = _compile(job, config, surroundings, partition_key, bound_inputs, in_process=False)
        plan.execution = (config.get("execution") or {}).get("config")
        return plan
    if not run_config and not needs_config(job, bound_inputs) and not _is_partitioned(job):
        key = ("plan", bound_inputs)
        if key not in job.compiled:
            job.compiled[key] = _compile(job, None, surroundings, None, bound_inputs)
        compiled: Plan = job.compiled[key]
        return compiled
    given = None
    if run_config or needs_config(job, bound_inputs):
        given = read_run_config(job, run_config, bound_inputs=bound_inputs, environ=surroundings.environ)
    return _compile(job, given, surroundings, partition_key, bound_inputs)


def part_of(job: JobDefinition, plan: Plan, keys: Collection[str]) -> Plan:
    """The plan of which only some steps are executed, with the resources that they need.

    Args:
        job: The job of the plan.
        plan: The plan, which has all these steps.
        keys: The keys of the steps; of one that is mapped, that of its template or of one mapping key.
    """
    bases = dict.fromkeys(key if key in plan.index_by_key else template_key(key) for key in keys)
    return plan.only(keys, _resource_keys(job, [plan.step_by_key(key) for key in bases]))


def _compile(
    job: JobDefinition,
    config: Mapping[str, Any] | None,
    surroundings: Surroundings,
    partition_key: str | None,
    bound_inputs: frozenset[str],
    in_process: bool = True,
) -> Plan:
    compiler = _Compiler(job, config, surroundings, partition_key, bound_inputs)
    compiler.in_process = in_process
    compiler.walk(job.graph, (), None, (config or {}).get("ops"), in_order(job.hook_defs))
    steps = with_templates(compiler.steps)
    keys = _resource_keys(job, steps)
    given = {
        key: (entry or {}).get("config", UNSET)
        for key, entry in ((config or {}).get("resources") or {}).items()
    }
    return Plan(
        job.name,
        steps,
        keys,
        resource_configs(job.resource_defs, keys, given, surroundings.environ),
        partition_key,
        bound_inputs,
        logger_configs={
            name: entry.get("config") for name, entry in ((config or {}).get("loggers") or {}).items()
        },
    )


def _is_partitioned(job: JobDefinition) -> bool:
    """Whether a plan may depend on a partition key, or on which partitions there are by now."""
    if "is_partitioned" not in job.compiled:
        layer = job.asset_layer
        read = [asset for graph_def in _graphs(job.graph) for asset in graph_def.input_assets.values()]
        assets = [*(layer.known.values() if layer is not None else ()), *read]
        job.compiled["is_partitioned"] = job.partitions_def is not None or any(
            asset.partitions_def is not None for asset in assets
        )
    return bool(job.compiled["is_partitioned"])


def _graphs(graph_def: GraphDefinition) -> Iterator[GraphDefinition]:
    """A graph and those inside it."""
    for definition in graph_def.iterate_node_defs():
        if isinstance(definition, GraphDefinition):
            yield definition


class _Frame(NamedTuple):
    """A graph on the way down: where it stands, and the frame of the graph around it."""

    graph: GraphDefinition
    path: tuple[str, ...]
    outer: _Frame | None
    config: Mapping[str, Any] | None
    hooks: tuple[HookDefinition, ...]


class _Compiler:
    """Walks a graph and the graphs inside it, and makes a step of each op."""

    def __init__(
        self,
        job: JobDefinition,
        config: Mapping[str, Any] | None,
        surroundings: Surroundings,
        partition_key: str | None,
        bound_inputs: frozenset[str],
    ) -> None:
        self.job = job
        self.root_config = config or {}
        self.surroundings = surroundings
        self.partition_key = partition_key
        self.bound_inputs = bound_inputs
        self.steps: list[Step] = []
        self.step_key = ""  # of the step that is being made, for messages
        self.outputs: dict[
            int, dict[str, StepOutput]
        ] = {}  # by op: shared by all its steps that are no assets
        self.layer: AssetLayer | None = job.asset_layer
        self.in_process = True

    def walk(
        self,
        graph: GraphDefinition,
        path: tuple[str, ...],
        outer: _Frame | None,
        config: Mapping[str, Any] | None,
        hooks: tuple[HookDefinition, ...],
    ) -> None:
        """Add the steps of a graph, in plan order."""
        frame = _Frame(graph, path, outer, config, hooks)
        for node in graph.nodes_in_topological_order:
            name, definition = node.name, node.definition
            entry = (config or {}).get(name)
            if isinstance(definition, OpDefinition):
                self.steps.append(self._step(frame, name, node, definition, entry))
            elif isinstance(definition, GraphDefinition):
                inner = in_order({*hooks, *node.hook_defs})
                self.walk(definition, (*path, name), frame, (entry or {}).get("ops"), inner)

    def _step(
        self, frame: _Frame, name: str, node: Node, op: OpDefinition, entry: Mapping[str, Any] | None
    ) -> Step:
        path = (*frame.path, name)
        key = self.step_key = name if not frame.path else ".".join(path)
        assets_def = self.layer.by_node.get(name) if self.layer is not None and not frame.path else None
        given_inputs = (entry.get("inputs") or {}) if entry else {}
        inputs = [self._input(frame, name, item, given_inputs, assets_def) for item in op.ins.values()]
        return Step(
            key,
            path,
            node,
            op,
            inputs,
            self._outputs(op, assets_def, (entry.get("outputs") or {}) if entry else {}),
            None if entry is None and op.config_field is None else self._config(op, entry),
            node.retry_policy or op.retry_policy or self.job.op_retry_policy,
            assets_def,
            hooks=in_order({*frame.hooks, *node.hook_defs}) if node.hook_defs else frame.hooks,
            timeout=self._timeout(node) if node.tags else None,
        )

    def _timeout(self, node: Node) -> float | None:
        seconds = timeout_of(node, self.step_key)
        if seconds is not None and self.in_process:
            raise timeout_refused(self.step_key, seconds)
        return seconds

    def _config(self, op: OpDefinition, entry: Mapping[str, Any] | None) -> Any:
        if entry is not None:
            return entry.get("config")
        preamble = f"Error in config for op '{op.name}'"
        return read_config(op.config_field, UNSET, preamble, self.surroundings.environ)

    def _outputs(
        self, op: OpDefinition, assets_def: AssetsDefinition | None, configs: Mapping[str, Any]
    ) -> dict[str, StepOutput]:
        if assets_def is not None or configs:
            keys = {} if assets_def is None else assets_def.keys_by_output_name
            return {
                name: StepOutput(out, position, keys.get(name), configs.get(name))
                for position, (name, out) in enumerate(op.outs.items())
            }
        outputs = self.outputs.get(id(op))
        if outputs is None:
            outputs = self.outputs[id(op)] = {
                name: StepOutput(out, position) for position, (name, out) in enumerate(op.outs.items())
            }
        return outputs

    def _input(
        self,
        frame: _Frame,
        node_name: str,
        definition: InputDefinition,
        given: Mapping[str, Any],
        assets_def: AssetsDefinition | None,
    ) -> StepInput:
        partition_keys = None
        asset_key = definition.asset_key
        if asset_key is not None and assets_def is not None:
            partition_keys = self._partition_keys(assets_def, asset_key)
        config = None
        if definition.input_manager_key is not None:  # what the run config says is for it; it is no value
            config, given = given.get(definition.name), {}
        source = self._source(frame, node_name, definition.name, definition, given)
        if (
            source.kind == FROM_STORAGE
            and source.value is not None
            and source.value.partitions_def is not None
        ):
            own_def = None if self.partition_key is None else self.job.partitions_def
            partition_keys = self._upstream_keys(own_def, source.value.partitions_def)
        return StepInput(definition, source, partition_keys, config)

    def _source(
        self, frame: _Frame, node_name: str, name: str, definition: InputDefinition, given: Mapping[str, Any]
    ) -> Source:
        """What feeds input `name` of a node, which ends at the input `definition` of an op in it."""
        dependency = frame.graph.dependencies[node_name].get(name)
        if isinstance(dependency, DependencyDefinition):
            return self._from(frame, dependency.node, dependency.output, definition)
        if isinstance(dependency, DynamicCollectDependencyDefinition):
            source = self._from(frame, dependency.node_name, dependency.output_name, definition)
            return source._replace(kind=FROM_COLLECT) if source.kind in (FROM_OUTPUT, NO_VALUE) else source
        if isinstance(dependency, MultiDependencyDefinition):
            parts = [
                self._from(frame, part.node, part.output, definition)
                if isinstance(part, DependencyDefinition)
                else self._outside(frame, node_name, name, definition, given, index)
                for index, part in enumerate(dependency.dependencies)
            ]
            if any(part.kind in (FROM_OUTPUTS, FROM_COLLECT) for part in parts):
                raise CheckError(
                    f"in graph '{frame.graph.name}': an element of the list for input '{name}' of node "
                    f"'{node_name}' is itself a list of outputs, given to an input of the graph. Pass that "
                    "list to an op that returns it."
                )
            return Source(FROM_OUTPUTS, parts=tuple(parts))
        return self._outside(frame, node_name, name, definition, given, None)

    def _outside(
        self,
        frame: _Frame,
        node_name: str,
        name: str,
        definition: InputDefinition,
        given: Mapping[str, Any],
        index: int | None,
    ) -> Source:
        """The source of an input that no node of its own graph feeds."""
        asset = frame.graph.input_assets.get((node_name, name))
        if asset is not None:
            manager = getattr(asset, "io_manager_key", None) or DEFAULT_IO_MANAGER_KEY
            return Source(FROM_STORAGE, None, manager, asset, asset_key=asset.key)
        graph_input = frame.graph.graph_input_of(node_name, name, index)
        if graph_input is None:
            outer = frame.graph.node_dict[node_name].definition.ins[name]
            return self._loose(node_name, name, definition, given, outer.dagflow_type.loader)
        if frame.outer is None:
            return self._top(graph_input, definition)
        entry = (frame.outer.config or {}).get(frame.path[-1]) or {}
        return self._source(frame.outer, frame.path[-1], graph_input, definition, entry.get("inputs") or {})

    def _loose(
        self, node_name: str, name: str, definition: InputDefinition, given: Mapping[str, Any], loader: Any
    ) -> Source:
        if definition.asset_key is not None and self.layer is not None:
            if definition.dagflow_type.is_nothing:
                return Source(NO_VALUE)
            manager = definition.input_manager_key or self.layer.io_manager_key(definition.asset_key)
            return Source(FROM_STORAGE, None, manager, asset_key=definition.asset_key)
        if name in given:
            return Source(FROM_CONFIG, value=given[name], loader=loader)
        if definition.default_value is not UNSET:
            return Source(FROM_DEFAULT, value=definition.default_value)
        if definition.dagflow_type.is_nothing:
            return Source(NO_VALUE)
        if definition.input_manager_key is not None:
            return Source(FROM_STORAGE, None, definition.input_manager_key)
        raise DagflowInvalidDefinitionError(
            f"input '{name}' of node '{node_name}' in job '{self.job.name}' is fed by nothing: connect it to "
            "an output, give it a default, or give its value in the run config."
        )

    def _top(self, graph_input: str, definition: InputDefinition) -> Source:
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
        kind = self.job.graph.ins[graph_input].dagflow_type
        if kind.loader is None:
            raise DagflowInvalidInvocationError(
                f"Attempted to invoke execute_in_process for '{self.job.graph.name}' without specifying an "
                f"input_value for input '{graph_input}', but downstream input {definition.name} of op "
                f"'{self.step_key}' has no other way of being loaded: the type '{kind.display_name}' has no "
                f"loader to read it from config. Pass it: input_values={{'{graph_input}': ...}}."
            )
        raise DagflowInvariantViolationError(
            f"{place} is fed by nothing: give it through 'input_values', or under 'inputs' in the run config."
        )

    def _from(self, frame: _Frame, node_name: str, output_name: str, definition: InputDefinition) -> Source:
        """The source that an output of a node is, followed into graphs."""
        path = (*frame.path, node_name)
        node = frame.graph.node_dict[node_name]
        while isinstance(node.definition, GraphDefinition):
            mapping = next(
                mapping
                for mapping in node.definition.output_mappings
                if mapping.graph_output_name == output_name
            )
            node = node.definition.node_dict[mapping.mapped_node_name]
            path, output_name = (*path, mapping.mapped_node_name), mapping.mapped_node_output_name
        ref = OutputRef(path[0] if len(path) == 1 else ".".join(path), output_name)
        if definition.dagflow_type.is_nothing:
            return Source(NO_VALUE, ref)
        op = node.definition
        assert isinstance(op, OpDefinition)
        output = op.outs[output_name]
        if output.dagflow_type.is_nothing:
            return self._from_nothing(ref, definition, output.io_manager_key)
        return Source(
            FROM_OUTPUT,
            ref,
            definition.input_manager_key or output.io_manager_key,
            asset_key=definition.asset_key,
        )

    def _from_nothing(self, ref: OutputRef, definition: InputDefinition, manager_key: str) -> Source:
        """An input with a value that reads an output without one: somebody else may have stored it."""
        if definition.asset_key is not None and self.layer is not None:
            manager_key = self.layer.io_manager_key(definition.asset_key)
        manager = definition.input_manager_key or manager_key
        return Source(FROM_STORAGE, ref, manager, asset_key=definition.asset_key)

    def _partition_keys(self, assets_def: AssetsDefinition, upstream: AssetKey) -> tuple[str, ...] | None:
        assert self.layer is not None
        upstream_def = self.layer.partitions_def(upstream)
        if upstream_def is None or (assets_def.partitions_def is not None and self.partition_key is None):
            return None
        return self._upstream_keys(
            assets_def.partitions_def, upstream_def, assets_def.partition_mappings.get(upstream)
        )

    def _upstream_keys(
        self,
        own_def: PartitionsDefinition | None,
        upstream_def: PartitionsDefinition,
        mapping: PartitionMapping | None = None,
    ) -> tuple[str, ...]:
        """The partitions that go with the partition of the run; all, for who has no partitions."""
        from dagflow.partitions.multi_mapping import default_mapping  # only what is partitioned needs it

        mapping = mapping or default_mapping(own_def, upstream_def)
        assert mapping is not None
        own = [self.partition_key] if own_def is not None and self.partition_key is not None else []
        return tuple(
            mapping.upstream_keys(
                own, own_def, upstream_def, now=self.surroundings.now, dynamic=self.surroundings.dynamic
            )
        )


def check_partition(job: JobDefinition, key: str | None, surroundings: Surroundings) -> str | None:
    """The key of the partition that a run of a job is for, as its definition has it.

    Raises:
        CheckError: Nothing is partitioned, or the key is no text.
        DagflowUnknownPartitionError: The partitions definition does not have the key.
    """
    if key is None:
        return None
    check_type(key, str, "partition_key")
    if job.partitions_def is None:
        raise CheckError(
            f"the partition_key '{key}' was given to job '{job.name}', but nothing in it is partitioned. "
            "Take it away, or give the job or its assets a partitions_def."
        )
    job.partitions_def.validate_partition_key(key, surroundings.now, surroundings.dynamic)
    of_text = getattr(job.partitions_def, "get_partition_key_from_str", None)
    typed_key: str = key if of_text is None else of_text(key)
    return typed_key


def _resource_keys(job: JobDefinition, steps: Sequence[Step]) -> list[str]:
    """Return the resources that the steps need, and those that these need, in the order of their start.

    A step needs an input manager or a loader only if its input is fed that way: hence not those of the op.
    """
    needed: dict[str, Requirement] = {}
    further: list[Requirement] = []
    for step in steps:
        for item in step.loads:
            for source in (item.source, *item.source.parts):
                if source.manager_key is not None and source.manager_key not in needed:
                    needed[source.manager_key] = Requirement(source.manager_key, _port(item, step))
                if source.loader is not None:
                    further += loader_requirements(source.loader, _port(item, step))
            if item.dagflow_type.required_resource_keys:
                further += type_requirements(item.dagflow_type, _port(item, step))
    for op in {id(step.op): step.op for step in steps}.values():
        for requirement in op.own_requirements():
            if requirement.key not in needed:
                needed[requirement.key] = requirement
    needed = requirements_of(needed.values(), further, job.hook_requirements().values())
    return start_order(job.resource_defs, needed, f"job '{job.name}'")


def _port(item: StepInput, step: Step) -> str:
    return f"input '{item.name}' of step '{step.key}'"
