"""The jobs of a project: the job of all assets, and the given jobs with its assets and resources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from dagflow._util import nearest
from dagflow.defs.assets.definition import AnyAsset
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition, build_asset_job
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.resource_check import check_resources
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.resources.io_managers import default_io_manager, fs_io_manager
from dagflow.defs.resources.needs import start_order
from dagflow.errors import DagflowInvalidDefinitionError, DagflowInvariantViolationError
from dagflow.keys import ANONYMOUS_JOB_PREFIX, ASSET_JOB_NAME

if TYPE_CHECKING:
    from dagflow.defs.assets.asset_graph import AssetGraph
    from dagflow.defs.assets.catalog import AssetCatalog
    from dagflow.defs.executors.definition import ExecutorDefinition
    from dagflow.defs.loggers.definition import LoggerDefinition


class Project(Protocol):
    """The interface of Definitions that the resolution of jobs needs."""

    resources: dict[str, Any]
    executor: ExecutorDefinition | None
    loggers: dict[str, LoggerDefinition]

    def all_jobs(self) -> Iterable[JobDefinition | UnresolvedAssetJobDefinition]:
        """Return the jobs of the project, its schedules and its sensors, each once."""

    def catalog(self) -> AssetCatalog:
        """Return all assets and checks by key."""

    def all_assets(self) -> list[AnyAsset]:
        """Return the definitions of all assets and checks, each once."""

    def resolve_asset_graph(self) -> AssetGraph:
        """Return all assets and checks with their dependencies."""


def resolved_jobs(project: Project) -> dict[str, JobDefinition]:
    """Return the jobs of a project by name, with its assets, resources, executor and loggers.

    Raises:
        DagflowInvalidDefinitionError: Two jobs have one name, a job does not fit the assets, or a resource is
            missing.
        DagflowInvalidInvocationError: An asset has its own resource with the key of one of the project.
    """
    by_name: dict[str, JobDefinition] = {}
    catalog = project.catalog()
    resources = project.resources
    if catalog.assets or catalog.checks:
        by_name[ASSET_JOB_NAME] = build_asset_job(
            catalog, name=ASSET_JOB_NAME, resources=resources, is_global=True
        )
    for job in project.all_jobs():
        if job.name == ASSET_JOB_NAME:
            raise DagflowInvalidDefinitionError(
                f"Attempted to provide job called {ASSET_JOB_NAME} to repository, which is a "
                "reserved name. It is the name of the job of all assets. Give this job another name."
            )
        if job.name in by_name and job.name.startswith(ANONYMOUS_JOB_PREFIX):
            raise DagflowInvalidDefinitionError(
                f"Duplicate definition found for {job.name.removeprefix(ANONYMOUS_JOB_PREFIX)}: two "
                "schedules or sensors have this name. Give one of them another name."
            )
        if job.name in by_name:
            raise DagflowInvalidDefinitionError(
                f"Duplicate job definition found for job '{job.name}'. Give one of them another name."
            )
        if isinstance(job, UnresolvedAssetJobDefinition):
            known = catalog if job.given_selection is None else project.resolve_asset_graph()
            by_name[job.name] = job.resolve(known, resources)
        elif project.resources:
            by_name[job.name] = job.with_top_level_resources(project.resources)
        else:
            by_name[job.name] = job
    return {name: _complete_job(project, job) for name, job in by_name.items()}


def _complete_job(project: Project, job: JobDefinition) -> JobDefinition:
    changes: dict[str, Any] = {}
    if project.executor is not None and job.given_executor_def is None:
        changes["given_executor_def"] = project.executor
    if project.loggers and not job.logger_defs:
        changes["logger_defs"] = project.loggers
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
    if name == ASSET_JOB_NAME:
        return DagflowInvariantViolationError(
            f"Could not find job '{name}', the job of all assets, because there are no assets. Give assets "
            "to the Definitions."
        )
    shown = sorted(str(job) for job in jobs if job != ASSET_JOB_NAME)  # users did not write this name
    return DagflowInvariantViolationError(
        f"Could not find job '{name}'. The jobs are {shown}.{nearest(name, shown)}"
    )
