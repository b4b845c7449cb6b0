"""`observe`: a run that observes assets in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.catalog import AssetCatalog
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.jobs.asset_job import SELECTION_ERRORS, build_asset_job, unresolved
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
    repr_of,
)
from dagflow.instance.instance import DagflowInstance
from dagflow.runs.launch import LaunchRequest, launch
from dagflow.runs.results import ExecuteInProcessResult

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig

OBSERVATION_JOB_NAME = "in_process_observation_job"


def observe(
    assets: Sequence[AssetsDefinition | SourceAsset],
    run_config: Mapping[str, Any] | RunConfig | None = None,
    instance: DagflowInstance | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """Observe assets in this process. Assets that are not observed, but made, are materialized.

    Args:
        assets: Observable source assets, other assets that can run, and checks.
        run_config: The config of the run.
        instance: The instance that stores the run; default: an ephemeral instance.
        resources: Resource definitions or values by key.
        partition_key: The partition of the run.
        raise_on_error: Whether the first failure is raised; otherwise it is in the result.
        tags: The tags of the run.

    Returns:
        The result.

    Raises:
        CheckError: `assets` is not a list of definitions.
        DagflowInvalidDefinitionError: One of the assets can only be read, or the resources are invalid.
        Exception: The exception of the first failing function, with `raise_on_error`.

    Example:
        >>> from dagflow import DataVersion, observable_source_asset, observe
        >>> @observable_source_asset
        ... def river():
        ...     return DataVersion("7")
        >>> observe([river]).get_asset_observation_events()[0].asset_key
        AssetKey(['river'])
    """
    if not isinstance(assets, Sequence):
        raise ParameterCheckError(
            f"parameter 'assets' of observe must be a list of definitions, not {repr_of(assets)}"
        )
    for asset in assets:
        if not isinstance(asset, (AssetsDefinition, SourceAsset)):
            raise ElementCheckError(
                f"parameter 'assets' of observe holds {repr_of(asset)} of type '{type(asset).__name__}'. "
                "Give it definitions: SourceAssets, functions decorated with @asset or similar, and checks."
            )
        if not asset.is_executable:
            raise DagflowInvalidDefinitionError(
                f"observe was given {asset!r}, which has no function that observes it. Leave it out, or give "
                "it one: SourceAsset(observe_fn=...), @observable_source_asset."
            )
    catalog = AssetCatalog(assets)
    selection = AssetSelection.assets(*catalog.assets) | AssetSelection.checks(*catalog.checks)
    try:
        job = build_asset_job(assets, name=OBSERVATION_JOB_NAME, selection=selection, resources=resources)
    except SELECTION_ERRORS as error:
        raise unresolved(OBSERVATION_JOB_NAME, error) from error
    return launch(
        LaunchRequest(job, run_config, instance, partition_key, raise_on_error, tags), ExecuteInProcessResult
    )
