"""Runs in this process: `materialize`, `execute_in_process` and the check of a run config."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow._util import has_class
from dagflow.config.plain import run_config_dict
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.dependency import key_of
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.asset_job import SELECTION_ERRORS, build_asset_job, unresolved
from dagflow.defs.jobs.content import AssetSelectionData
from dagflow.defs.jobs.definition import JobDefinition, job_of_graph
from dagflow.defs.jobs.run_config import read_run_config, validated_dict
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.io_managers import default_io_manager, mem_io_manager
from dagflow.errors import (
    CheckError,
    DagflowInvalidSubsetError,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import EPHEMERAL_JOB_NAME, AssetCheckKey, nearest_key
from dagflow.runs.launch import LaunchRequest, launch
from dagflow.runs.results import ExecuteInProcessResult

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig


def materialize(
    assets: Sequence[Any],
    run_config: Mapping[str, Any] | RunConfig | None = None,
    instance: DagflowInstance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, Any] | None = None,
    selection: Any = None,
) -> ExecuteInProcessResult:
    """Run assets in this process, and store their values in files of the instance.

    Args:
        assets: The assets, and SourceAssets or AssetSpecs for assets that are only read.
        run_config: The config of the run.
        instance: The instance that stores the run; default: an ephemeral instance, whose files are removed
            with the result.
        resources: Resource definitions or values by key; an "io_manager" replaces the files.
        partition_key: The partition of the run.
        raise_on_error: Whether the first failure is raised; otherwise it is in the result.
        tags: The tags of the run.
        selection: The assets and checks that run, as in `define_asset_job`: a selection string such as
            `+tea`, a list of strings, keys or definitions, or an AssetSelection. The others are loaded.

    Returns:
        The result.

    Raises:
        DagflowInvalidDefinitionError: The assets or the resources are invalid, or the selection does not fit
            the assets.
        DagflowInvalidAssetSelectionError: A selection string cannot be parsed.
        DagflowError: The selection is of another form.
        DagflowInvalidConfigError: The run config does not match.
        DagflowUnknownPartitionError: The partition is unknown.
        Exception: The exception of the first failing asset, with `raise_on_error`.

    Example:
        >>> from dagflow import asset, materialize
        >>> @asset
        ... def water():
        ...     return 1
        >>> materialize([water]).asset_value("water")
        1
    """
    job = _asset_job(assets, selection, resources)
    return launch(
        LaunchRequest(job, run_config, instance, partition_key, raise_on_error, tags), ExecuteInProcessResult
    )


def materialize_to_memory(
    assets: Sequence[Any],
    run_config: Mapping[str, Any] | RunConfig | None = None,
    instance: DagflowInstance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, Any] | None = None,
    selection: Any = None,
) -> ExecuteInProcessResult:
    """Run assets in this process, and keep their values in memory, unless an asset has an I/O manager.

    Parameters, result and errors as `materialize`.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> materialize_to_memory([water]).asset_value("water")
        1
    """
    job = _asset_job(assets, selection, resources, default_io_manager=mem_io_manager)
    return launch(
        LaunchRequest(job, run_config, instance, partition_key, raise_on_error, tags), ExecuteInProcessResult
    )


def _asset_job(
    assets: Sequence[Any],
    selection: Any,
    resources: Mapping[str, Any] | None,
    default_io_manager: ResourceDefinition | None = None,
) -> JobDefinition:
    """Return the job that runs assets, with an error that names the run.

    The first definition keeps the job, because tests run the same assets again and again, and a range of
    partitions is often run one by one.
    """
    first = _first_of(assets) if selection is None and resources is None else None
    if first is not None and first.last_job is not None:
        parts, manager, known = first.last_job
        is_same = len(parts) == len(assets) and all(map(operator.is_, parts, assets))
        if is_same and manager is default_io_manager:
            job: JobDefinition = known
            return job
    try:
        job = build_asset_job(
            assets, selection=selection, resources=resources, default_io_manager=default_io_manager
        )
    except SELECTION_ERRORS as error:
        raise unresolved(EPHEMERAL_JOB_NAME, error) from error
    if first is not None:
        first.last_job = tuple(assets), default_io_manager, job
    return job


def _first_of(assets: Sequence[Any]) -> AssetsDefinition | None:
    """Return the first of a list of assets, if it is a definition with a computation."""
    first = assets[0] if isinstance(assets, (list, tuple)) and assets else None
    return first if has_class(first, AssetsDefinition) else None


def execute_in_process(
    definition: JobDefinition | GraphDefinition,
    *,
    run_config: Mapping[str, Any] | RunConfig | None = None,
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
    """Run a job or a graph in this process; see `JobDefinition.execute_in_process`."""
    if isinstance(definition, GraphDefinition):
        if definition.compiled_job is None:
            definition.compiled_job = job_of_graph(definition)
        job: JobDefinition = definition.compiled_job
    else:
        job = definition
    known = job.graph.input_names
    job = subset_of(_stored_in_memory(job, resources), op_selection, asset_selection)
    for name in check_optional(input_values, Mapping, "input_values", job.place) or {}:
        if name in known and name not in job.graph.input_names:
            raise DagflowInvalidSubsetError(
                f"'input_values' gives input '{name}' of {job.describe_target()}, but nothing "
                f"that the op selection {repr_of(list(op_selection or ()))} chooses reads it. Leave it out."
            )
    return launch(
        LaunchRequest(job, run_config, instance, partition_key, raise_on_error, tags, run_id, input_values),
        ExecuteInProcessResult,
    )


def validate_run_config(
    job_def: JobDefinition | None = None,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    mode: str | None = None,
    pipeline_def: JobDefinition | None = None,
) -> dict[str, Any]:
    """Check a run config against a job, without a run.

    Args:
        job_def: The job.
        run_config: The config; default: `{}`.
        mode: A legacy argument: None or "default".
        pipeline_def: An older name of `job_def`.

    Returns:
        The config with all defaults: `ops`, `execution`, `resources`, `loggers`.

    Raises:
        CheckError: No job or two jobs were given, or the mode is unknown.
        DagflowInvalidConfigError: The config does not match; the error has every mismatch.

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
        raise CheckError(f"'mode' must be None or 'default', not {repr_of(mode)}: a job has no modes")
    job = check_type(job_def if job_def is not None else pipeline_def, JobDefinition, "job_def")
    given = run_config_dict(run_config, job.describe_target())
    bound = frozenset(job.input_values)
    checked = read_run_config(job, given, bound_inputs=bound, environ=os.environ, in_process=False)
    return validated_dict(job, checked)


def _stored_in_memory(job: JobDefinition, resources: Mapping[str, Any] | None) -> JobDefinition:
    """Return the job with these resources, and with values in memory by default."""
    if given := as_resources(resources, job.describe_target()):
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
    job: JobDefinition,
    op_selection: Sequence[str] | None,
    asset_selection: Iterable[Any] | None,
    asset_check_selection: Iterable[AssetCheckKey] | None = None,
) -> JobDefinition:
    """Return the selected part of a job; see `JobDefinition.get_subset`."""
    if asset_selection is None and asset_check_selection is None:
        return _op_subset(job, op_selection)
    if op_selection:
        raise CheckError("both 'op_selection' and 'asset_selection' were given; give one of them")
    return _asset_subset(job, asset_selection, asset_check_selection)


def _op_subset(job: JobDefinition, op_selection: Sequence[str] | None) -> JobDefinition:
    if op_selection is None or (isinstance(op_selection, (list, tuple)) and not op_selection):
        return job
    from dagflow.defs.graphs.selection import clauses_of  # imported lazily: few runs select ops

    clauses = clauses_of(op_selection)
    key = ("selection", clauses)
    if key not in job.compiled:
        job.compiled[key] = job.with_op_selection(clauses)
    part: JobDefinition = job.compiled[key]
    return part


def _asset_subset(job: JobDefinition, assets: Any, checks: Any) -> JobDefinition:
    if isinstance(assets, str) or not isinstance(assets, (Iterable, type(None))):
        raise ParameterCheckError(
            f"parameter 'asset_selection' must be a list of asset keys, not {repr_of(assets)}"
        )
    keys = [key_of(key) for key in assets or ()]
    check_keys = (
        None if checks is None else frozenset(check_elements(checks, AssetCheckKey, "asset_check_selection"))
    )
    if not keys and not check_keys:
        return job
    layer = job.asset_layer
    known = {} if layer is None else layer.known
    for key in keys:
        if key not in known:
            raise DagflowInvalidSubsetError(
                f"{job.describe_target()} has no asset '{key.to_user_string()}', so 'asset_selection' "
                f"cannot choose it.{nearest_key(key, known)}"
            )
    if layer is None:
        raise DagflowInvalidSubsetError(f"{job.describe_target()} has no checks to choose from")
    from dagflow.defs.selections.definition import AssetSelection  # imported lazily: few runs select assets

    selection = AssetSelection.assets(*keys)
    if check_keys is not None:
        selection = selection.without_checks() | AssetSelection.checks(*check_keys)
    part = build_asset_job(layer.all_definitions(), name=job.graph.name, selection=selection)
    return job.with_changes(
        graph=part.graph,
        asset_layer=part.asset_layer,
        partitions_def=part.partitions_def,
        asset_selection_data=AssetSelectionData(frozenset(keys), check_keys, job),
    )
