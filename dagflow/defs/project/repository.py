"""`@repository`: jobs and assets under one name, the older form of a project.

It is built from Definitions, which check that everything fits together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, overload

from dagflow import _doors
from dagflow.absent import explains_absent
from dagflow.copies import Copied
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.dependency import key_of
from dagflow.defs.assets.observed_source import definition_of
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.executors.definition import ExecutorDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.loggers.definition import check_loggers
from dagflow.defs.parts.function import name_of
from dagflow.defs.project.automation import automations_by_name
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.executors import executor_definition
from dagflow.defs.project.repository_content import ASSETS, content_of, jobs_by_name, members_of
from dagflow.defs.project.resolving import unknown_job
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.errors import (
    CheckError,
    check_elements,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import ASSET_JOB_NAME, AssetKey, check_name
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue

if TYPE_CHECKING:
    from dagflow.defs.assets.asset_graph import AssetGraph
    from dagflow.defs.project.automation import AnySchedule
    from dagflow.instance.instance import DagflowInstance
    from dagflow.keys import AssetCheckKey, CoercibleToAssetKey


class RepositoryDefinition(Copied):
    """Jobs and assets under one name. `@repository` creates it.

    Attributes:
        name: The name of the repository.
        description: A sentence for people, or None.
        metadata: Metadata by name.

    Example:
        >>> from dagflow import asset, define_asset_job, repository
        >>> @asset
        ... def water():
        ...     return 1
        >>> @repository
        ... def kitchen():
        ...     return [water, define_asset_job("boil")]
        >>> kitchen.get_job("boil").execute_in_process().asset_value("water")
        1
    """

    __slots__ = (
        "_assets", "_jobs", "_project", "_schedules", "_sensors", "description", "metadata", "name"
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        jobs: Mapping[str, JobDefinition | Callable[[], JobDefinition]],
        assets: Iterable[AssetsDefinition | SourceAsset | AssetSpec] = (),
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        schedules: Iterable[ScheduleDefinition] = (),
        sensors: Iterable[SensorDefinition] = (),
    ) -> None:
        self.name: str = check_name(name, "repository")
        place = f"repository '{name}'"
        check_texts(place, description=description)
        self.description: str | None = description
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(metadata, place)
        given: Mapping[Any, Any] = check_type(jobs, Mapping, "jobs", place)
        for job_name, job in given.items():
            check_name(job_name, "job")
            if not callable(job):
                check_type(job, JobDefinition, "jobs", place)
        self._jobs: dict[str, JobDefinition | Callable[[], JobDefinition]] = dict(given)
        self._assets = tuple(check_type(assets, Iterable, "assets", place))
        for asset in self._assets:
            check_type(asset, ASSETS, "assets", place)
        own_schedules = check_elements(schedules, ScheduleDefinition, "schedules")
        self._schedules: dict[str, ScheduleDefinition] = {one.name: one for one in own_schedules}
        own_sensors = check_elements(sensors, SensorDefinition, "sensors")
        self._sensors: dict[str, SensorDefinition] = {one.name: one for one in own_sensors}
        self._project: Definitions | None = None

    @property
    def job_names(self) -> list[str]:
        """The names of all jobs, unsorted. The job of all assets is included, if there is one."""
        return list(self._jobs)

    def has_job(self, name: str) -> bool:
        """Return whether a job has this name."""
        return name in self._jobs

    def get_job(self, name: str) -> JobDefinition:
        """Return the job with this name. If it was given as a function, the first call builds it.

        Raises:
            DagflowInvariantViolationError: No job has this name.
            DagflowInvalidDefinitionError: The function returned a value that is not a job, or a job with
                another name.
        """
        if name not in self._jobs:
            raise unknown_job(name, self._jobs)
        found = self._jobs[name]
        if not isinstance(found, JobDefinition):
            found = self._jobs[name] = found()
        return found

    def get_all_jobs(self) -> list[JobDefinition]:
        """Return all jobs, ordered by name. Jobs that were given as functions are built.

        Raises:
            DagflowInvalidDefinitionError: A function returned a value that is not a job, or a job with
                another name.
        """
        return [self.get_job(name) for name in sorted(self._jobs)]

    @property
    def schedule_defs(self) -> list[ScheduleDefinition]:
        """The schedules."""
        return list(self._schedules.values())

    def has_schedule_def(self, name: str) -> bool:
        """Return whether a schedule has this name."""
        return name in self._schedules

    def get_schedule_def(self, name: str) -> ScheduleDefinition:
        """Return the schedule with this name.

        Raises:
            DagflowInvariantViolationError: No schedule has this name.
        """
        from dagflow.defs.project.automation import named  # few repositories have schedules

        return named(self._schedules, name, "schedule")

    @property
    def sensor_defs(self) -> list[SensorDefinition]:
        """The sensors."""
        return list(self._sensors.values())

    def has_sensor_def(self, name: str) -> bool:
        """Return whether a sensor has this name."""
        return name in self._sensors

    def get_sensor_def(self, name: str) -> SensorDefinition:
        """Return the sensor with this name.

        Raises:
            DagflowInvariantViolationError: No sensor has this name.
        """
        from dagflow.defs.project.automation import named  # few repositories have sensors

        return named(self._sensors, name, "sensor")

    def has_implicit_global_asset_job_def(self) -> bool:
        """Return whether there is a job of all assets: the repository has assets to compute."""
        return self.has_job(ASSET_JOB_NAME)

    def get_implicit_global_asset_job_def(self) -> JobDefinition:
        """Return the job that computes all assets.

        Raises:
            DagflowInvariantViolationError: The repository has no assets to compute.
        """
        return self.get_job(ASSET_JOB_NAME)

    def get_implicit_asset_job_names(self) -> list[str]:
        """Return the name of the job of all assets in a list; an empty list if there is no such job."""
        return [ASSET_JOB_NAME] if self.has_job(ASSET_JOB_NAME) else []

    def get_implicit_job_def_for_assets(
        self, asset_keys: Iterable[CoercibleToAssetKey]
    ) -> JobDefinition | None:
        """Return the job of all assets, which can run a selection of them; None if there is none.

        Args:
            asset_keys: The assets that should run. One job computes all of them.
        """
        for key in asset_keys:
            key_of(key)
        return self.get_job(ASSET_JOB_NAME) if self.has_job(ASSET_JOB_NAME) else None

    def get_maybe_subset_job_def(
        self,
        job_name: str,
        op_selection: Sequence[str] | None = None,
        asset_selection: Iterable[CoercibleToAssetKey] | None = None,
        asset_check_selection: Iterable[AssetCheckKey] | None = None,
    ) -> JobDefinition:
        """Return the job with this name, or a copy with the selected ops, or assets and checks, only.

        Raises:
            DagflowInvariantViolationError: No job has this name.
            DagflowInvalidSubsetError: An element selects nothing, or the selected part cannot run alone.
        """
        found = self.get_job(job_name)
        assets = None if asset_selection is None else sorted(map(key_of, asset_selection))
        return found.get_subset(
            op_selection=op_selection or None,
            asset_selection=assets or None,
            asset_check_selection=asset_check_selection,
        )

    @property
    def asset_graph(self) -> AssetGraph:
        """All assets and checks with their dependencies."""
        return self._definitions().resolve_asset_graph()

    @property
    def assets_defs_by_key(self) -> dict[AssetKey, AssetsDefinition]:
        """The definition of each asset by key, without SourceAssets. One definition can have several keys."""
        definitions = (definition_of(asset) for asset in self._assets if not isinstance(asset, SourceAsset))
        return {key: definition for definition in definitions for key in definition.keys}

    @property
    def source_assets_by_key(self) -> dict[AssetKey, SourceAsset]:
        """The SourceAssets by asset key."""
        return {asset.key: asset for asset in self._assets if isinstance(asset, SourceAsset)}

    @property
    def asset_checks_defs_by_key(self) -> dict[AssetCheckKey, AssetsDefinition]:
        """The definition of each check by key, without the checks that an asset evaluates itself."""
        return {
            key: definition
            for definition in self._assets
            if isinstance(definition, AssetsDefinition) and not definition.has_keys
            for key in definition.check_keys
        }

    def get_top_level_resources(self) -> dict[str, ResourceDefinition]:
        """Return the resources of the Definitions that the repository is made of, by key."""
        return as_resources(self._definitions().resources, f"repository '{self.name}'")

    def validate_loadable(self) -> None:
        """Check that the definitions fit together.

        Raises:
            DagflowInvalidDefinitionError: Two assets have one key, or a function returned a value that is not
                a job, or a job with another name.
        """
        self.get_all_jobs()
        Definitions.validate_loadable(self._definitions())

    def get_asset_value_loader(self, instance: DagflowInstance | None = None) -> _doors.AssetValueLoader:
        """Return an object that loads the stored values of several assets.

        Args:
            instance: The instance of the runs that stored them. Default: the instance of DAGFLOW_HOME, or an
                ephemeral one if it is not set.
        """
        return self._definitions().get_asset_value_loader(instance)

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: type[Any] | None = None,
        instance: DagflowInstance | None = None,
        partition_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        resource_config: Mapping[str, Any] | None = None,
    ) -> Any:
        """Load the stored value of an asset; see `Definitions.load_asset_value`.

        Args:
            asset_key: The key. A string is a key of one part.
            python_type: The type that the I/O manager finds in its context. The value is not checked.
            instance: The instance of the run that stored it, as in `get_asset_value_loader`.
            partition_key: The partition whose value is loaded.
            metadata: The metadata of the input that the I/O manager finds in its context.
            resource_config: The config of resources, as `{key: {"config": ...}}`.
        """
        with self.get_asset_value_loader(instance) as loader:
            return loader.load_asset_value(
                asset_key,
                python_type=python_type,
                partition_key=partition_key,
                metadata=metadata,
                resource_config=resource_config,
            )

    def definitions(self) -> Definitions:
        """Return the Definitions that the repository is made of, or one with the same definitions."""
        if self._project is not None:
            return self._project
        return Definitions(
            self._assets, jobs=self.get_all_jobs(), schedules=self.schedule_defs, sensors=self.sensor_defs
        )

    def _definitions(self) -> Definitions:
        return Definitions(self._assets) if self._project is None else self._project

    def __call__(self) -> RepositoryDefinition:
        """Return the repository itself, for code that calls the decorated function."""
        return self

    def __repr__(self) -> str:
        return f"<repository '{self.name}'>"


def definitions_of(*values: Any) -> Definitions:
    """Return one Definitions with the content of definitions in any form, for tools that get a project.

    Args:
        values: Definitions, repositories, assets, checks, jobs, graphs, schedules and sensors. One
            Definitions alone is returned itself.

    Raises:
        DagflowInvalidDefinitionError: A value is something else, or a job of a repository is invalid.
        DagflowInvariantViolationError: Two of the values have different resources with one key.

    Example:
        >>> from dagflow import asset
        >>> from dagflow.testing import definitions_of
        >>> @asset
        ... def water():
        ...     return 1
        >>> definitions_of(water)
        <Definitions with 1 assets and 0 jobs>
    """
    projects: list[Definitions] = []
    others: list[Any] = []
    for value in values:
        if isinstance(value, Definitions):
            projects.append(value)
        elif isinstance(value, RepositoryDefinition):
            projects.append(value.definitions())
        else:
            others.append(value)
    if others:
        projects.append(Definitions(**members_of(others, "these are not the definitions of a project")))
    return projects[0] if len(projects) == 1 else Definitions.merge(*projects)


def repository_of(
    project: Definitions, name: str, description: str | None = None, metadata: Mapping[str, Any] | None = None
) -> RepositoryDefinition:
    """Return a repository with the jobs, assets, checks and resources of Definitions.

    Args:
        project: The Definitions.
        name: The name of the repository.
        description: A sentence for people.
        metadata: Default: the metadata of the Definitions.
    """
    jobs = {job.name: job for job in project.resolve_all_job_defs()}
    found = project.metadata if metadata is None else metadata
    schedules, sensors = project.resolve_automations()
    made = RepositoryDefinition(name, jobs, project.all_assets(), description, found, schedules, sensors)
    made._project = project  # noqa: SLF001 - its own
    return made


@explains_absent
def create_repository_using_definitions_args(
    name: str,
    assets: Iterable[Any] | None = None,
    *,
    schedules: Iterable[AnySchedule] | None = None,
    sensors: Iterable[SensorDefinition] | None = None,
    jobs: Iterable[JobDefinition | UnresolvedAssetJobDefinition] | None = None,
    resources: Mapping[str, Any] | None = None,
    executor: ExecutorDefinition | None = None,
    loggers: Mapping[str, Any] | None = None,
    asset_checks: Iterable[AssetsDefinition] | None = None,
) -> RepositoryDefinition:
    """Build a repository from the arguments of Definitions, for tools that need one with a name.

    Args:
        name: The name of the repository.
        assets: AssetsDefinitions, SourceAssets and AssetSpecs.
        schedules: Schedules with different names.
        sensors: Sensors with different names.
        jobs: Jobs with different names.
        resources: Resource definitions or values by key.
        executor: The executor of the jobs without an executor.
        loggers: Logger definitions by name, for the jobs without loggers.
        asset_checks: The checks of assets.

    Raises:
        CheckError: An argument has the wrong type.
        DagflowInvalidDefinitionError: The definitions do not fit together.

    Example:
        >>> create_repository_using_definitions_args("kitchen", assets=[AssetSpec("beans")])
        <repository 'kitchen'>
    """
    project = Definitions(
        assets,
        schedules=schedules,
        sensors=sensors,
        jobs=jobs,
        resources=resources,
        executor=executor,
        loggers=loggers,
        asset_checks=asset_checks,
    )
    Definitions.validate_loadable(project)
    return repository_of(project, name)


@overload
def repository(definitions_fn: Callable[[], Any]) -> RepositoryDefinition: ...


@overload
def repository(
    definitions_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    default_executor_def: ExecutorDefinition | None = None,
    default_logger_defs: Mapping[str, Any] | None = None,
) -> Callable[[Callable[[], Any]], RepositoryDefinition]: ...


def repository(
    definitions_fn: Callable[[], Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    default_executor_def: ExecutorDefinition | None = None,
    default_logger_defs: Mapping[str, Any] | None = None,
) -> RepositoryDefinition | Callable[[Callable[[], Any]], RepositoryDefinition]:
    """Build a repository from a function that returns jobs and assets. Use it with or without arguments.

    The function is called once, by the decorator. Prefer Definitions in new code.

    Args:
        definitions_fn: A function without parameters. It returns a list, or a dict `{"jobs": {name: job}}`.
            The list holds jobs, graphs, assets, results of `define_asset_job`, schedules, sensors and lists
            of these. The dict may have "schedules" and "sensors" too. In it a job may be a function without
            parameters, which builds the job when it is needed.
        name: The name of the repository. Default: the name of the function.
        description: A sentence for people.
        metadata: Metadata by name.
        default_executor_def: The executor of the jobs without an executor.
        default_logger_defs: Logger definitions by name, for the jobs without loggers.

    Returns:
        The RepositoryDefinition, or a decorator.

    Raises:
        CheckError: The function has parameters.
        DagflowInvalidDefinitionError: The function returns a value of another form, or two definitions
            conflict.

    Example:
        >>> from dagflow import job, op
        >>> @op
        ... def one():
        ...     return 1
        >>> @job
        ... def count():
        ...     one()
        >>> @repository(description="All that counts.")
        ... def numbers():
        ...     return [count]
        >>> numbers.job_names
        ['count']
    """

    def decorate(fn: Callable[[], Any]) -> RepositoryDefinition:
        if not callable(fn):
            raise CheckError(f"@repository must decorate a function, not {repr_of(fn)}")
        own_name = name_of(fn) if name is None else name
        place = f"repository '{check_name(own_name, 'repository')}'"
        define = partial(
            Definitions,
            executor=executor_definition(default_executor_def, "default_executor_def", place),
            loggers=check_loggers(default_logger_defs, place, "default_logger_defs"),
        )
        content = content_of(fn, place)
        if isinstance(content, Mapping):
            lazy = jobs_by_name(content, place, define)
            schedules, sensors = automations_by_name(content, lazy, place)
            return RepositoryDefinition(own_name, lazy, (), description, metadata, schedules, sensors)
        members = members_of(content, f"Bad return value from the function of {place}")
        return repository_of(define(**members), own_name, description, metadata)

    return decorate if definitions_fn is None else decorate(definitions_fn)
