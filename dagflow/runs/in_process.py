"""What is called to run something: assets, jobs and graphs, here and now; and the check of a run config."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagflow.config.plain import run_config_dict
from dagflow.defs.assets.definition import key_of
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.selection import clauses_of
from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.defs.jobs.content import AssetSelectionData
from dagflow.defs.jobs.definition import JobDefinition, check_inputs, job_of_graph
from dagflow.defs.jobs.run_config import read_run_config, validated_dict
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.resources.definition import as_resources
from dagflow.defs.resources.io_managers import default_io_manager, mem_io_manager
from dagflow.engine.loop import run_plan
from dagflow.errors import CheckError, DagflowInvalidSubsetError, ParameterCheckError, check_type
from dagflow.events.run import DagflowRun, DagflowRunStatus
from dagflow.executors.in_process import submit
from dagflow.instance.instance import DagflowInstance
from dagflow.io.builtin import BUILTINS
from dagflow.observers import report_run
from dagflow.options import current_options
from dagflow.plan.compile import Surroundings, check_partition, compile_plan
from dagflow.runs.launch import begin, checked_id, end, new_state, run_tags, with_given
from dagflow.runs.results import ExecuteInProcessResult


def materialize(
    assets: Sequence[Any],
    run_config: Any = None,
    instance: DagflowInstance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, Any] | None = None,
    selection: Any = None,
) -> ExecuteInProcessResult:
    """Run assets here and now; what they return is stored in files of the instance.

    Args:
        assets: The assets, and SourceAssets or AssetSpecs for what they only read.
        run_config: Config of the run.
        instance: What remembers the run; default: an ephemeral one, whose files go away with the result.
        resources: Resource definitions or values by key; an "io_manager" stores instead of files.
        partition_key: The partition that the run is for.
        raise_on_error: Whether the first failure is raised; else the result tells.
        tags: Tags of the run.
        selection: Which of the assets run: keys, definitions, or clauses such as "+tea". The others are
            loaded.

    Returns:
        The result.

    Raises:
        DagflowInvalidDefinitionError: Assets, resources or a selection that cannot be.
        DagflowInvalidConfigError: A run config that does not match.
        Exception: What the first failing asset raised, with `raise_on_error`.

    Example:
        >>> from dagflow import asset, materialize
        >>> @asset
        ... def water():
        ...     return 1
        >>> materialize([water]).asset_value("water")
        1
    """
    job = build_asset_job(assets, selection=selection, resources=resources)
    return _run_in_process(job, run_config, instance, partition_key, raise_on_error, tags=tags)


def materialize_to_memory(
    assets: Sequence[Any],
    run_config: Any = None,
    instance: DagflowInstance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, Any] | None = None,
    selection: Any = None,
) -> ExecuteInProcessResult:
    """Run assets here and now; what they return stays in memory, unless an I/O manager was given for it.

    Parameters, result and errors as `materialize`.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> materialize_to_memory([water]).asset_value("water")
        1
    """
    job = build_asset_job(assets, selection=selection, resources=resources, default_io_manager=mem_io_manager)
    return _run_in_process(job, run_config, instance, partition_key, raise_on_error, tags=tags)


def execute_in_process(
    definition: JobDefinition | GraphDefinition,
    *,
    run_config: Any = None,
    instance: DagflowInstance | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    op_selection: Sequence[str] | None = None,
    asset_selection: Sequence[Any] | None = None,
    run_id: str | None = None,
    input_values: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """`execute_in_process` of a job or graph; see there."""
    if isinstance(definition, GraphDefinition):
        if definition.compiled_job is None:
            definition.compiled_job = job_of_graph(definition)
        job: JobDefinition = definition.compiled_job
    else:
        job = definition
    known = job.graph.input_names
    job = subset_of(_in_memory(job, resources), op_selection, asset_selection)
    for name in check_type(input_values or {}, Mapping, "input_values", f"job '{job.name}'"):
        if name in known and name not in job.graph.input_names:
            raise DagflowInvalidSubsetError(
                f"'input_values' gives input '{name}' of job '{job.name}', but nothing that the op selection "
                f"{list(op_selection or ())!r} chooses reads it. Leave it out."
            )
    return _run_in_process(
        job,
        run_config,
        instance,
        partition_key,
        raise_on_error,
        run_id=run_id,
        input_values=input_values,
        tags=tags,
    )


def validate_run_config(
    job_def: JobDefinition | None = None,
    run_config: Any = None,
    mode: str | None = None,
    pipeline_def: JobDefinition | None = None,
) -> dict[str, Any]:
    """Check a run config against a job, without a run.

    Args:
        job_def: The job.
        run_config: The config; None is `{}`.
        mode: A legacy argument: None or "default".
        pipeline_def: An older name of `job_def`.

    Returns:
        The config with all defaults: `ops`, `execution`, `resources`, `loggers`.

    Raises:
        CheckError: No job was given, or two, or an unknown mode.
        DagflowInvalidConfigError: All that is wrong with the config.

    Example:
        >>> from dagflow import job, op, validate_run_config
        >>> @op(config_schema={"n": int})
        ... def count(context):
        ...     return context.op_config["n"]
        >>> @job
        ... def j():
        ...     count()
        >>> validate_run_config(j, {"ops": {"count": {"config": {"n": 1}}}})["ops"]["count"]["config"]
        {'n': 1}
    """
    if (job_def is None) == (pipeline_def is None):
        raise CheckError("validate_run_config needs exactly one of 'job_def' and 'pipeline_def'")
    if mode not in (None, "default"):
        raise CheckError(f"'mode' must be None or 'default', not {mode!r}: a job has no modes")
    job = check_type(job_def if job_def is not None else pipeline_def, JobDefinition, "job_def")
    given = run_config_dict(run_config, f"job '{job.name}'")
    bound = frozenset(job.input_values)
    checked = read_run_config(job, given, bound_inputs=bound, environ=os.environ, in_process=False)
    return validated_dict(job, checked)


def create_run(
    instance: DagflowInstance,
    job: JobDefinition,
    run_id: str | None = None,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    parent_run_id: str | None = None,
    root_run_id: str | None = None,
) -> DagflowRun:
    """Keep a run of a job in an instance, without starting it; see `DagflowInstance.create_run_for_job`."""
    run = DagflowRun(
        job.name,
        checked_id(run_id),
        run_config_dict(run_config, f"job '{job.name}'"),
        tags=run_tags(job, tags),
        parent_run_id=parent_run_id,
        root_run_id=root_run_id,
    )
    instance.add_run(run, current_options().clock.now())
    return run


def _run_in_process(
    job: JobDefinition,
    run_config: Any,
    instance: DagflowInstance | None,
    partition_key: str | None,
    raise_on_error: bool,
    *,
    run_id: str | None = None,
    input_values: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    options = current_options()
    place = f"job '{job.name}'"
    config = run_config_dict(run_config, place)
    if instance is None:
        instance = DagflowInstance.ephemeral()
    check_type(instance, DagflowInstance, "instance")
    check_type(raise_on_error, bool, "raise_on_error")
    inputs = job.input_values
    if input_values:
        check_inputs(input_values, job.graph, place)
        inputs = {**inputs, **input_values}
    surroundings = Surroundings(os.environ, options.clock.now(), instance)
    if partition_key is not None and not config and job.partitioned_config is not None:
        check_partition(job, partition_key, surroundings)
        config = job.partitioned_config.get_run_config_for_partition_key(partition_key)
    plan = compile_plan(
        job, config, surroundings, partition_key=partition_key, bound_inputs=frozenset(inputs)
    )
    plan, values = with_given(plan, options)
    plan = plan.for_run()
    run = DagflowRun(
        job.name,
        checked_id(run_id),
        config,
        DagflowRunStatus.STARTED,
        run_tags(job, tags, partition_key),
        asset_selection=frozenset() if job.asset_layer is not None else None,
        step_keys_to_execute=plan.step_keys,
    )
    given = dict(values)
    state = new_state(
        job, plan, run, instance, options, values=values, input_values=inputs, raise_on_error=raise_on_error
    )
    begin(state, instance)
    succeeded = False
    try:
        succeeded = run_plan(state, submit, BUILTINS)
    finally:
        ended = end(state, instance, succeeded)
        result = ExecuteInProcessResult(job, state.log, values, ended, instance, given, inputs)
        report_run(result)
    if state.error is not None and raise_on_error:
        raise state.error
    return result


def _in_memory(job: JobDefinition, resources: Mapping[str, Any] | None) -> JobDefinition:
    """The job as it runs in process: the default I/O manager keeps values in memory."""
    if resources:
        given = as_resources(resources, f"job '{job.name}'")
        job = job.with_changes(resource_defs={**job.resource_defs, **given})
    if job.resource_defs.get(DEFAULT_IO_MANAGER_KEY) is not default_io_manager:
        return job
    if "in_memory" not in job.compiled:
        job.compiled["in_memory"] = job.with_changes(
            resource_defs={**job.resource_defs, DEFAULT_IO_MANAGER_KEY: mem_io_manager}
        )
    in_memory: JobDefinition = job.compiled["in_memory"]
    return in_memory


def subset_of(
    job: JobDefinition, op_selection: Sequence[str] | None, asset_selection: Sequence[Any] | None
) -> JobDefinition:
    """The part of a job that is selected; see `JobDefinition.get_subset`."""
    if asset_selection is None:
        return _selected(job, op_selection)
    if op_selection:
        raise CheckError("both 'op_selection' and 'asset_selection' were given; give one of them")
    return _assets_of(job, asset_selection)


def _selected(job: JobDefinition, op_selection: Sequence[str] | None) -> JobDefinition:
    if not op_selection:
        return job
    clauses = clauses_of(op_selection)
    key = ("selection", clauses)
    if key not in job.compiled:
        job.compiled[key] = job.with_op_selection(clauses)
    part: JobDefinition = job.compiled[key]
    return part


def _assets_of(job: JobDefinition, asset_selection: Sequence[Any]) -> JobDefinition:
    layer = job.asset_layer
    known = {} if layer is None else {key for asset in layer.by_node.values() for key in asset.keys}
    if isinstance(asset_selection, str) or not isinstance(asset_selection, Iterable):
        raise ParameterCheckError(
            f"parameter 'asset_selection' must be a list of asset keys, not {asset_selection!r}"
        )
    keys = [key_of(key) for key in asset_selection]
    for key in keys:
        if key not in known:
            raise DagflowInvalidSubsetError(
                f"job '{job.name}' makes no asset '{key.to_user_string()}', so 'asset_selection' cannot "
                "choose it"
            )
    assert layer is not None
    part = build_asset_job(list(dict.fromkeys(layer.known.values())), name=job.graph.name, selection=keys)
    return job.with_changes(
        graph=part.graph,
        asset_layer=part.asset_layer,
        partitions_def=part.partitions_def,
        asset_selection_data=AssetSelectionData(frozenset(keys), job),
    )
