"""The execution of the runs that simulated ticks request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dagflow._util import nearest
from dagflow.analysis.ticks.tick import SimulatedRequest
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.defs.project.repository import RepositoryDefinition
from dagflow.defs.resources.definition import as_resources
from dagflow.defs.resources.io_managers import default_io_manager, fs_io_manager
from dagflow.errors import DagflowInvalidSubsetError, DagflowInvariantViolationError
from dagflow.events.run import DagflowRun, RunsFilter
from dagflow.instance.instance import DagflowInstance
from dagflow.io.memory import InMemoryIOManager
from dagflow.keys import ANONYMOUS_JOB_PREFIX, AssetCheckKey, AssetKey
from dagflow.runs.launch import LaunchRequest, launch
from dagflow.runs.results import ExecuteInProcessResult
from dagflow.tags import system_tag

JobResources = Callable[[JobDefinition], Mapping[str, Any]]
_MAX_KEYS = 5


class Launcher:
    """The execution of requested runs in this process, on one instance.

    Args:
        repository: The repository with the jobs.
        instance: The instance that stores the runs.
        resources: Resources by key, over those of the jobs.
        job_resources: Returns further resources of a job; default: one I/O manager in memory for all runs, in
            place of those that store files in the instance.
        execute: Whether the runs are executed.
    """

    def __init__(
        self,
        repository: RepositoryDefinition,
        instance: DagflowInstance,
        resources: Mapping[str, Any],
        job_resources: JobResources | None,
        *,
        execute: bool,
    ) -> None:
        self._repository = repository
        self._instance = instance
        self._resources = resources
        self._job_resources = _in_memory() if job_resources is None else job_resources
        self._execute = execute
        self._jobs: dict[str, JobDefinition] = {}
        self._run_keys: dict[str, set[str]] = {}  # by the tag of the schedule or sensor

    def launch(self, request: RunRequest, job_name: str, owner: Mapping[str, str]) -> SimulatedRequest:
        """Execute a requested run, unless its run key had a run before.

        Args:
            request: The request.
            job_name: The name of its job.
            owner: The tag of the schedule or sensor, which all of its runs have.

        Raises:
            DagflowInvariantViolationError: The job is unknown, or only stale assets are requested.
            DagflowInvalidSubsetError: An asset or check is unknown.
            DagflowInvalidConfigError: The run config does not match.
        """
        target = self._target_of(request, job_name)
        key = request.run_key
        if key is not None and key in self._known_keys(owner):
            return SimulatedRequest(request, target, is_repeated=True)
        run = self._run(request, job_name) if self._execute else None
        if key is not None:
            self._known_keys(owner).add(key)
        return SimulatedRequest(request, target, run)

    def _known_keys(self, owner: Mapping[str, str]) -> set[str]:
        """Return the run keys of the earlier runs of a schedule or sensor. The result can be changed."""
        (name,) = owner.items()
        text = "=".join(name)
        if text not in self._run_keys:
            tag = system_tag("run_key")
            runs = self._instance.get_runs(RunsFilter(tags=owner))
            self._run_keys[text] = {run.tags[tag] for run in runs if tag in run.tags}
        return self._run_keys[text]

    def _run(self, request: RunRequest, job_name: str) -> DagflowRun:
        if request.stale_assets_only:
            raise DagflowInvariantViolationError(
                "it requests stale assets only, and a simulation does not know which assets are stale: "
                "remove stale_assets_only, or simulate with execute=False"
            )
        job = self._job_named(job_name)
        assets, checks = request.asset_selection, request.asset_check_keys
        if assets is not None or checks is not None:
            if assets is None and job.asset_layer is not None:
                assets = sorted(job.asset_layer.selected_asset_keys)
            job = job.get_subset(asset_selection=assets or None, asset_check_selection=checks)
        run_key = {} if request.run_key is None else {system_tag("run_key"): request.run_key}
        result = launch(
            LaunchRequest(
                job,
                request.run_config,
                self._instance,
                request.partition_key,
                raise_on_error=False,
                tags={**request.tags, **run_key},
            ),
            ExecuteInProcessResult,
        )
        return result.dagflow_run

    def _job_named(self, name: str) -> JobDefinition:
        """Return a job with the resources of the simulation."""
        if name not in self._jobs:
            job = self._repository.get_job(name)
            given = {**self._job_resources(job), **self._resources}
            if given:
                own = as_resources(given, job.describe_target())
                job = job.with_changes(resource_defs={**job.resource_defs, **own})
            self._jobs[name] = job
        return self._jobs[name]

    def _target_of(self, request: RunRequest, job_name: str) -> str:
        """Return the text about what a request runs."""
        keys: Sequence[AssetKey | AssetCheckKey] = request.asset_selection or request.asset_check_keys or ()
        if not keys and job_name.startswith(ANONYMOUS_JOB_PREFIX):
            layer = self._repository.get_job(job_name).asset_layer
            keys = () if layer is None else sorted(layer.selected_asset_keys)
        if not keys:
            self._repository.get_job(job_name)  # raises if it is unknown
            return job_name
        self._check_known(keys)
        names = [key.to_user_string() for key in keys[:_MAX_KEYS]]
        return "+".join([*names, *([f"... ({len(keys)} keys)"] if len(keys) > _MAX_KEYS else [])])

    def _check_known(self, keys: Iterable[AssetKey | AssetCheckKey]) -> None:
        """Raise unless the definitions have all assets and checks."""
        graph = self._repository.asset_graph
        for key in keys:
            if key not in graph.asset_nodes and key not in graph.check_nodes:
                text = key.to_user_string()
                known = [one.to_user_string() for one in graph.asset_nodes]
                known += [one.to_user_string() for one in graph.check_nodes]
                raise DagflowInvalidSubsetError(
                    f"it requests '{text}', which is neither an asset nor a check of the definitions."
                    f"{nearest(text, known)}"
                )


def _in_memory() -> JobResources:
    """Return a function that replaces I/O managers of files by one in memory, the same for all jobs."""
    memory = InMemoryIOManager()

    def resources_of(job: JobDefinition) -> Mapping[str, Any]:
        files = (default_io_manager, fs_io_manager)
        found = {key for key, given in job.resource_defs.items() if any(given is one for one in files)}
        return dict.fromkeys(found, memory)

    return resources_of
