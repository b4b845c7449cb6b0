"""`compile_plan`: from a job and the arguments of a run to a plan, or to the first error.

Pure: without clock, disk, threads or random numbers. The time, the environment and the dynamic partitions are
arguments. Everything that does not depend on the run is stored with the job.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow._util import UNSET
from dagflow.config.read import read_config
from dagflow.defs.assets.ports import NO_PORTS, AssetPorts
from dagflow.defs.graphs.content import Node
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.hooks.definition import in_order
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.resource_check import check_resources
from dagflow.defs.jobs.run_config import needs_config, read_run_config
from dagflow.defs.ops.definition import OpDefinition, op_location
from dagflow.defs.resources.definition import resource_configs
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import (
    Requirement,
    loader_requirements,
    requirements_of,
    type_requirements,
)
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.plan.dynamic import template_key, with_templates
from dagflow.plan.plan import Plan
from dagflow.plan.sources import Frame, InputSources
from dagflow.plan.step import OutputRef, Step, StepInput, StepOutput
from dagflow.plan.surroundings import (
    NO_PARTITIONS,
    PartitionsOfRun,
    Surroundings,
    check_partition,
    check_range,
)
from dagflow.plan.tags import timeout_of, timeout_refused

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.defs.assets.definition import AssetsDefinition
    from dagflow.partitions.keys import PartitionKeyRange


def compile_plan(
    job: JobDefinition,
    run_config: Mapping[str, Any],
    surroundings: Surroundings,
    *,
    partition_key: str | None = None,
    partition_range: PartitionKeyRange | None = None,
    bound_inputs: frozenset[str] = frozenset(),
    in_process: bool = True,
) -> Plan:
    """Compile the plan of a run.

    Args:
        job: The job, with the selected part of its graph.
        run_config: The run config of the caller; if empty, the default config of the job.
        surroundings: Environment, time and dynamic partitions.
        partition_key: The partition of the run.
        partition_range: The partitions of a run for a range of them.
        bound_inputs: The inputs of the graph that the run has values for.
        in_process: Whether all steps run in this process, so that the executor is ignored.

    Raises:
        DagflowInvalidConfigError: The run config does not match.
        DagflowInvalidDefinitionError: A resource or the source of an input is missing.
        DagflowUnmetExecutorRequirementsError: A step of this process has a time limit.
        DagflowUnknownPartitionError: The partition is unknown.
        DagflowInvalidInvocationError: An end of the range is unknown, or the ends are reversed.
        CheckError: There is a partition key, but the job is not partitioned.
    """
    partition_key = check_partition(job, partition_key, surroundings)
    partitions = (
        check_range(job, partition_range, surroundings)
        if partition_key is None
        else PartitionsOfRun(partition_key, None, (partition_key,))
    )
    check_resources(job)
    if not in_process:
        environ = surroundings.environ
        config = read_run_config(
            job, run_config, bound_inputs=bound_inputs, environ=environ, in_process=False
        )
        plan = _compile(job, config, surroundings, partitions, bound_inputs, in_process=False)
        plan.execution = (config.get("execution") or {}).get("config")
        return plan
    if not run_config and not needs_config(job, bound_inputs) and not _is_partitioned(job):
        key = ("plan", bound_inputs)
        if key not in job.compiled:
            job.compiled[key] = _compile(job, None, surroundings, NO_PARTITIONS, bound_inputs)
        compiled: Plan = job.compiled[key]
        return compiled
    given = None
    if run_config or needs_config(job, bound_inputs):
        given = read_run_config(job, run_config, bound_inputs=bound_inputs, environ=surroundings.environ)
    return _compile(job, given, surroundings, partitions, bound_inputs)


def part_of(job: JobDefinition, plan: Plan, keys: Collection[str]) -> Plan:
    """Return the plan that executes only some steps, with the resources that these need.

    Args:
        job: The job of the plan.
        plan: The plan, which has all these steps.
        keys: The keys of the steps. A mapped step has the key of its template, or the key of one value.
    """
    bases = dict.fromkeys(key if key in plan.index_by_key else template_key(key) for key in keys)
    return plan.only(keys, _resource_keys(job, [plan.step_by_key(key) for key in bases]))


def with_given(job: JobDefinition, plan: Plan, given: frozenset[OutputRef]) -> Plan:
    """Return the plan of a run with given values, without the resources that only the given steps need.

    Args:
        job: The job of the plan.
        plan: The plan.
        given: The outputs, as for `Plan.with_given`.
    """
    part = plan.with_given(given)
    part.resource_keys = tuple(_resource_keys(job, [step for step in part.steps if part.executes(step)]))
    return part


def _compile(
    job: JobDefinition,
    config: Mapping[str, Any] | None,
    surroundings: Surroundings,
    partitions: PartitionsOfRun,
    bound_inputs: frozenset[str],
    in_process: bool = True,
) -> Plan:
    sources = InputSources(
        job, config, surroundings, partitions, bound_inputs, is_partitioned=_is_partitioned(job)
    )
    compiler = _Compiler(job, sources, in_process)
    frame = Frame(job.graph, (), None, None if config is None else config.get("ops"), in_order(job.hook_defs))
    compiler.add_steps(frame)
    steps = with_templates(compiler.steps)
    config = config or {}
    resources, loggers = config.get("resources") or {}, config.get("loggers") or {}
    keys = _resource_keys(job, steps)
    given = {key: (entry or {}).get("config", UNSET) for key, entry in resources.items()}
    return Plan(
        job.name,
        steps,
        keys,
        resource_configs(job.resource_defs, keys, given, surroundings.environ),
        partitions,
        bound_inputs,
        logger_configs={name: entry.get("config") for name, entry in loggers.items()},
    )


def _is_partitioned(job: JobDefinition) -> bool:
    """Return whether a plan of the job depends on the partition key or on the existing partitions."""
    if "is_partitioned" not in job.compiled:
        layer = job.asset_layer
        read = [asset for graph_def in _graphs(job.graph) for asset in graph_def.input_assets.values()]
        assets = [*(layer.known.values() if layer is not None else ()), *read]
        job.compiled["is_partitioned"] = job.partitions_def is not None or any(
            asset.partitions_def is not None for asset in assets
        )
    return bool(job.compiled["is_partitioned"])


def _graphs(graph_def: GraphDefinition) -> Iterator[GraphDefinition]:
    """Yield a graph and all graphs inside it."""
    for definition in graph_def.iterate_node_defs():
        if isinstance(definition, GraphDefinition):
            yield definition


class _Compiler:
    """The steps of the ops of a graph and of the graphs inside it.

    Attributes:
        steps: The steps so far, in plan order.
    """

    def __init__(self, job: JobDefinition, sources: InputSources, in_process: bool) -> None:
        self.job = job
        self.sources = sources
        self.in_process = in_process
        self.layer = job.asset_layer
        self.steps: list[Step] = []
        self.outputs: dict[int, dict[str, StepOutput]] = {}  # by op, shared by its steps without assets

    def add_steps(self, frame: Frame) -> None:
        """Add the steps of a graph, in plan order."""
        config = frame.config or {}
        for node in frame.graph.nodes_in_topological_order:
            definition = node.definition
            entry = config.get(node.name)
            if isinstance(definition, OpDefinition):
                self.steps.append(self._step(frame, node, definition, entry))
            elif isinstance(definition, GraphDefinition):
                hooks = in_order({*frame.hooks, *node.hook_defs})
                path = (*frame.path, node.name)
                self.add_steps(Frame(definition, path, frame, (entry or {}).get("ops"), hooks))

    def _step(self, frame: Frame, node: Node, op: OpDefinition, entry: Mapping[str, Any] | None) -> Step:
        name, sources, layer = node.name, self.sources, self.layer
        path = (*frame.path, name)
        key = sources.step_key = name if not frame.path else ".".join(path)
        assets_def = asset_inputs = selected = None
        ports = NO_PORTS
        if layer is not None:
            assets_def = layer.definitions.get(path)
            if assets_def is not None:
                asset_inputs = layer.inputs[path]
                ports = AssetPorts(
                    layer.outputs[path], layer.checks.get(path, {}), path in layer.passing_check_results
                )
                selected = layer.selected.get(path)
                if selected is not None:
                    ports = ports._replace(other_checks=_unselected_checks(assets_def, op))
        if assets_def is None and op.body.context == "asset":
            raise DagflowInvalidDefinitionError(
                f"{op_location(op)}: its context is annotated with AssetExecutionContext, but the op is no "
                "part of a graph-backed asset in this job. Use OpExecutionContext."
            )
        sources.gates = []
        given_inputs: Mapping[str, Any] = {}
        output_configs: Mapping[str, Any] = {}
        if entry is not None:
            given_inputs, output_configs = entry.get("inputs") or {}, entry.get("outputs") or {}
        step = Step(
            key,
            path,
            node,
            op,
            [
                sources.step_input(
                    frame, name, item, given_inputs, asset_inputs.get(item.name) if asset_inputs else None
                )
                for item in op.ins.values()
            ],
            self._outputs(op, ports, output_configs, selected),
            None if entry is None and op.config_field is None else self._config(op, entry),
            sources.gates,
        )
        step.assets_def, step.ports = assets_def, ports
        step.retry_policy = node.retry_policy or op.retry_policy or self.job.op_retry_policy
        step.hooks = in_order({*frame.hooks, *node.hook_defs}) if node.hook_defs else frame.hooks
        if node.tags:
            step.timeout = self._timeout(node, key)
        return step

    def _timeout(self, node: Node, step_key: str) -> float | None:
        seconds = timeout_of(node, step_key)
        if seconds is not None and self.in_process:
            raise timeout_refused(step_key, seconds)
        return seconds

    def _config(self, op: OpDefinition, entry: Mapping[str, Any] | None) -> Any:
        if entry is not None:
            return entry.get("config")
        preamble = f"Error in config for op '{op.name}'"
        return read_config(op.config_field, UNSET, preamble, self.sources.surroundings.environ)

    def _outputs(
        self,
        op: OpDefinition,
        ports: AssetPorts,
        configs: Mapping[str, Any],
        selected: frozenset[str] | None,
    ) -> dict[str, StepOutput]:
        is_part = selected is not None and len(selected) < len(op.outs)
        if ports.outputs or ports.checks or configs or is_part:
            return {
                name: StepOutput(
                    out,
                    position,
                    ports.outputs.get(name),
                    configs.get(name) if configs else None,
                    ports.checks.get(name) or ports.other_checks.get(name),
                    selected is None or name in selected,
                )
                for position, (name, out) in enumerate(op.outs.items())
            }
        outputs = self.outputs.get(id(op))
        if outputs is None:
            outputs = self.outputs[id(op)] = {
                name: StepOutput(out, position) for position, (name, out) in enumerate(op.outs.items())
            }
        return outputs


def _unselected_checks(part: AssetsDefinition, op: OpDefinition) -> dict[str, AssetCheckSpec]:
    """Return the checks of an op that are not in the selected part of its definition, by output name."""
    if part.node_def is not op:  # in a graph, the ops of checks that are not selected do not run
        return {}
    every = part.whole.check_specs_by_output_name
    return {name: spec for name, spec in every.items() if name not in part.check_specs_by_output_name}


def _resource_keys(job: JobDefinition, steps: Sequence[Step]) -> list[str]:
    """Return the resources that the steps need, and those that these need, in the order of their start.

    A step needs an input manager or a loader only if its input uses it, so those of the op are not included.
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
    ops = {id(step.op): step.op for step in steps}.values()
    own = [requirement for op in ops for requirement in op.own_requirements()]
    needed = requirements_of(needed.values(), own, further, job.hook_requirements().values())
    return start_order(job.resource_defs, needed, job.place)


def _port(item: StepInput, step: Step) -> str:
    return f"input '{item.name}' of step '{step.key}'"
