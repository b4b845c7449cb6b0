"""Definitions: the assets, jobs and resources of a project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow._util import nearest
from dagflow.absent import explains_absent
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.spec import AssetSpec, SourceAsset, key_of
from dagflow.defs.executors.definition import ExecutorDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition, build_asset_job
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.resource_check import check_resources
from dagflow.defs.loggers.definition import LoggerDefinition, check_loggers
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.resources.io_managers import default_io_manager, fs_io_manager
from dagflow.defs.resources.needs import start_order
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    check_optional,
    repr_of,
)
from dagflow.keys import ASSET_JOB_NAME, check_name, nearest_key

if TYPE_CHECKING:
    from dagflow.keys import CoercibleToAssetKey


class Definitions:
    """The assets, jobs and resources of a project. A job or asset without its own resource for a key uses the
    resource of the project.

    Args:
        assets: AssetsDefinitions, SourceAssets and AssetSpecs.
        jobs: Jobs with different names. A job of `define_asset_job` selects from `assets`.
        resources: Resource definitions or values by key.
        executor: The executor of the jobs without an executor.
        loggers: Logger definitions by name, for the jobs without loggers.

    Raises:
        CheckError: An element of `assets` is not an asset, or an element of `jobs` is not a job.
        ParameterCheckError: `resources` or `loggers` is not a mapping.

    Example:
        >>> from dagflow import Definitions, asset
        >>> @asset(required_resource_keys={"offset"})
        ... def water(context):
        ...     return 1 + context.resources.offset
        >>> project = Definitions(assets=[water], resources={"offset": 2})
        >>> result = project.get_implicit_global_asset_job_def().execute_in_process()
        >>> result.asset_value("water")
        3
    """

    @explains_absent
    def __init__(
        self,
        assets: Iterable[Any] | None = None,
        *,
        jobs: Iterable[JobDefinition | UnresolvedAssetJobDefinition] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: ExecutorDefinition | None = None,
        loggers: Mapping[str, Any] | None = None,
    ) -> None:
        self.assets: Sequence[AnyAsset] = _all_of(
            assets, (AssetsDefinition, SourceAsset, AssetSpec), "assets", "an asset"
        )
        self.jobs: Sequence[JobDefinition | UnresolvedAssetJobDefinition] = _all_of(
            jobs, (JobDefinition, UnresolvedAssetJobDefinition), "jobs", "a job"
        )
        self.resources: dict[str, Any] = {
            check_name(key, "resource", reserved=False): value
            for key, value in (check_optional(resources, Mapping, "resources") or {}).items()
        }
        self.executor: ExecutorDefinition | None = check_optional(executor, ExecutorDefinition, "executor")
        self.loggers: dict[str, LoggerDefinition] = check_loggers(loggers, "Definitions", "loggers")
        self._by_name: dict[str, JobDefinition] | None = None

    def __repr__(self) -> str:
        return f"<Definitions with {len(self.assets)} assets and {len(self.jobs)} jobs>"

    def get_job_def(self, name: str) -> JobDefinition:
        """Return a job with the resources of the project.

        Raises:
            DagflowInvariantViolationError: No job has this name.
            DagflowInvalidDefinitionError: Two jobs have one name, or a job lacks a required resource.
        """
        jobs = self._resolved()
        if name not in jobs:
            raise unknown_job(name, jobs)
        return jobs[name]

    def resolve_all_job_defs(self) -> list[JobDefinition]:
        """Return all jobs with the resources of the project, including the job of all assets."""
        return list(self._resolved().values())

    def get_implicit_global_asset_job_def(self) -> JobDefinition:
        """Return the job that computes all assets.

        Raises:
            DagflowInvariantViolationError: There are no assets.
        """
        return self.get_job_def(ASSET_JOB_NAME)

    def get_assets_def(self, key: CoercibleToAssetKey) -> AssetsDefinition:
        """Return the definition that computes an asset.

        Args:
            key: An AssetKey, or a string or list that can become an AssetKey.

        Raises:
            DagflowInvariantViolationError: No definition computes this asset.
        """
        wanted = key_of(key)
        for asset in self.assets:
            if isinstance(asset, AssetsDefinition) and wanted in asset.keys:
                return asset
        known = [own for asset in self.assets if isinstance(asset, AssetsDefinition) for own in asset.keys]
        raise DagflowInvariantViolationError(
            f"Could not find asset '{wanted.to_user_string()}' among the definitions."
            f"{nearest_key(wanted, known)}"
        )

    # newer names of the same methods
    resolve_job_def = get_job_def
    resolve_assets_def = get_assets_def
    resolve_implicit_global_asset_job_def = get_implicit_global_asset_job_def

    def _resolved(self) -> dict[str, JobDefinition]:
        if self._by_name is None:
            by_name: dict[str, JobDefinition] = {}
            assets = list(dict.fromkeys(self.assets))
            resources = self._shared_resources()
            if any(isinstance(asset, AssetsDefinition) for asset in assets):
                by_name[ASSET_JOB_NAME] = build_asset_job(
                    assets,
                    name=ASSET_JOB_NAME,
                    resources=resources,
                    one_partitioning=False,
                )
            for job in dict.fromkeys(self.jobs):
                if job.name in by_name:
                    raise DagflowInvalidDefinitionError(
                        f"Duplicate job definition found for job '{job.name}'. Give one of them another name."
                    )
                if isinstance(job, UnresolvedAssetJobDefinition):
                    by_name[job.name] = job.resolve(assets, resources)
                elif self.resources:
                    by_name[job.name] = job.with_top_level_resources(self.resources)
                else:
                    by_name[job.name] = job
            self._by_name = {name: self._complete_job(job) for name, job in by_name.items()}
        return self._by_name

    def _shared_resources(self) -> dict[str, Any]:
        """Return the resources whose key no asset uses for its own resource."""
        executable = [asset for asset in self.assets if isinstance(asset, AssetsDefinition)]
        owners = {key: asset for asset in executable for key in asset.resource_defs if key in self.resources}
        for asset in executable:
            read = asset.node_def.required_resource_keys | asset.node_def.body.optional_resources
            for key in sorted(set(owners) & read - set(asset.resource_defs)):
                raise DagflowInvalidDefinitionError(
                    f"{repr_of(asset)} needs the resource '{key}' of the Definitions, and "
                    f"{repr_of(owners[key])} has "
                    "another one with this key. Use one object, or two keys."
                )
        return {key: value for key, value in self.resources.items() if key not in owners}

    def _complete_job(self, job: JobDefinition) -> JobDefinition:
        changes: dict[str, Any] = {}
        if self.executor is not None and job.given_executor_def is None:
            changes["given_executor_def"] = self.executor
        if self.loggers and not job.logger_defs:
            changes["logger_defs"] = self.loggers
        known = job.resource_defs
        if job.asset_layer is not None and known[DEFAULT_IO_MANAGER_KEY] is default_io_manager:
            changes["resource_defs"] = {**known, DEFAULT_IO_MANAGER_KEY: fs_io_manager}
        complete = job.with_changes(**changes) if changes else job
        owner = "the Definitions" if job.name == ASSET_JOB_NAME else f"job '{job.name}' or to the Definitions"
        check_resources(complete, f"Give it to {owner}.")
        start_order(complete.resource_defs, complete.requirements(), complete.describe_target())
        return complete


def unknown_job(name: str, jobs: Iterable[str]) -> DagflowInvariantViolationError:
    """Return the error for an unknown name of a job."""
    shown = sorted(job for job in jobs if job != ASSET_JOB_NAME)  # users did not write this name
    return DagflowInvariantViolationError(
        f"Could not find job '{name}'. The jobs are {shown}.{nearest(name, shown)}"
    )


def _all_of(
    values: Iterable[Any] | None, classes: tuple[type[Any], ...], parameter: str, what: str
) -> list[Any]:
    if values is None:
        return []
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
        raise CheckError(f"parameter '{parameter}' of Definitions must be a list, not {repr_of(values)}")
    members = list(values)
    for member in members:
        if not isinstance(member, classes):
            raise CheckError(
                f"parameter '{parameter}' of Definitions holds {repr_of(member)} of type "
                f"'{type(member).__name__}', which is not {what}"
            )
    return members
