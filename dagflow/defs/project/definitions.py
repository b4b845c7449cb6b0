"""Definitions: the assets, jobs and resources of a project."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow import _doors
from dagflow._util import nearest
from dagflow.absent import explains_absent
from dagflow.defs.assets.catalog import AssetCatalog, place_of
from dagflow.defs.assets.changed import map_asset_specs
from dagflow.defs.assets.conditions import has_condition
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.dependency import key_of
from dagflow.defs.assets.observed_source import definition_of
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.executors.definition import ExecutorDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.loggers.definition import LoggerDefinition, check_loggers
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.project.executors import executor_definition, is_same_executor
from dagflow.defs.project.merging import members_of, merged
from dagflow.defs.project.resolving import resolved_jobs, unknown_job
from dagflow.defs.project.stubs import specs_with_stubs
from dagflow.defs.project.validation import check_partitions
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.io_managers import fs_io_manager
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import ASSET_JOB_NAME, AssetCheckKey, check_name, nearest_key
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue

if TYPE_CHECKING:
    from dagflow.defs.assets.asset_graph import AssetGraph
    from dagflow.defs.automation.schedule import ScheduleDefinition
    from dagflow.defs.automation.sensor import SensorDefinition
    from dagflow.defs.executors.builtin import Executor
    from dagflow.defs.project.automation import AnySchedule
    from dagflow.instance.instance import DagflowInstance
    from dagflow.keys import AssetKey, CoercibleToAssetKey


class Definitions:
    """The assets, checks, jobs and resources of a project. A job or asset without its own resource for a key
    uses the resource of the project.

    The constructor checks the types of its arguments only. Everything else is checked when it is first used,
    and by `validate_loadable`.

    Args:
        assets: AssetsDefinitions, SourceAssets and AssetSpecs; checks too.
        schedules: Schedules with different names. Their jobs and assets are part of the project.
        sensors: Sensors with different names. Their jobs and assets are part of the project.
        jobs: Jobs with different names. A job of `define_asset_job` selects from `assets`.
        resources: Resource definitions or values by key.
        executor: The executor of the jobs without an executor, or an object such as `InProcessExecutor()`.
        loggers: Logger definitions by name, for the jobs without loggers.
        asset_checks: The checks of assets, such as functions with `@asset_check`.
        metadata: Metadata of the project by name.

    Raises:
        CheckError: An element of `assets` is not an asset, an element of `jobs` is not a job, or an element
            of `asset_checks` is not a definition of checks.
        ParameterCheckError: `resources` or `loggers` is not a mapping, or another argument has the wrong
            type.

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
        schedules: Iterable[AnySchedule] | None = None,
        sensors: Iterable[SensorDefinition] | None = None,
        jobs: Iterable[JobDefinition | UnresolvedAssetJobDefinition] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: ExecutorDefinition | Executor | None = None,
        loggers: Mapping[str, Any] | None = None,
        asset_checks: Iterable[AssetsDefinition] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.assets: Sequence[AnyAsset] = members_of(
            assets, (AssetsDefinition, SourceAsset, AssetSpec), "assets", "an asset"
        )
        self.asset_checks: Sequence[AssetsDefinition] = members_of(
            asset_checks, (AssetsDefinition,), "asset_checks", "a definition of checks"
        )
        self.jobs: Sequence[JobDefinition | UnresolvedAssetJobDefinition] = members_of(
            jobs, (JobDefinition, UnresolvedAssetJobDefinition), "jobs", "a job"
        )
        self.schedules: Sequence[AnySchedule] = () if schedules is None else _schedules(schedules)
        self.sensors: Sequence[SensorDefinition] = () if sensors is None else _sensors(sensors)
        self.resources: dict[str, Any] = {
            check_name(key, "resource", reserved=False): value
            for key, value in (check_optional(resources, Mapping, "resources", "Definitions") or {}).items()
        }
        self.executor: ExecutorDefinition | None = executor_definition(executor)
        self.loggers: dict[str, LoggerDefinition] = check_loggers(loggers, "Definitions", "loggers")
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(metadata, "Definitions")
        self._catalog: AssetCatalog | None = None
        self._specs: list[AssetSpec] | None = None
        self._graph: AssetGraph | None = None
        self._by_name: dict[str, JobDefinition] | None = None
        self._repository: _doors.RepositoryDefinition | None = None

    def __repr__(self) -> str:
        return f"<Definitions with {len(self.assets)} assets and {len(self.jobs)} jobs>"

    def get_job_def(self, name: str) -> JobDefinition:
        """Return a job with the resources of the project.

        Raises:
            DagflowInvariantViolationError: No job has this name.
            DagflowInvalidDefinitionError: Two jobs have one name, or a job lacks a required resource.
        """
        jobs = self._resolved()
        check_type(name, str, "name", "Definitions.get_job_def")
        if name not in jobs:
            raise unknown_job(name, jobs)
        return jobs[name]

    def resolve_all_job_defs(self) -> list[JobDefinition]:
        """Return all jobs with the resources of the project, including the job of all assets."""
        return list(self._resolved().values())

    def get_schedule_def(self, name: str) -> ScheduleDefinition:
        """Return a schedule with its job of this project.

        Raises:
            DagflowInvariantViolationError: No schedule has this name.
            DagflowInvalidDefinitionError: Two definitions have one name, or the job is invalid.

        Example:
            >>> from dagflow import ScheduleDefinition, job
            >>> @job
            ... def brew():
            ...     pass
            >>> daily = ScheduleDefinition(job=brew, cron_schedule="@daily")
            >>> Definitions(schedules=[daily]).get_schedule_def("brew_schedule") is daily
            True
        """
        from dagflow.defs.project.automation import named, resolved_schedules  # few projects have schedules

        return named(resolved_schedules(self.schedules, self._resolved()), name, "schedule")

    def get_sensor_def(self, name: str) -> SensorDefinition:
        """Return a sensor with its jobs of this project.

        Raises:
            DagflowInvariantViolationError: No sensor has this name.
            DagflowInvalidDefinitionError: Two definitions have one name, or a job is invalid.
        """
        from dagflow.defs.project.automation import by_name, named, resolved_sensors  # few projects have them

        return named(
            by_name(self._with_default(resolved_sensors(self.sensors, self._resolved()))), name, "sensor"
        )

    def all_jobs(self) -> list[JobDefinition | UnresolvedAssetJobDefinition]:
        """Return the jobs as they were given, with those of schedules and sensors, each once."""
        if not self.schedules and not self.sensors:
            return list(dict.fromkeys(self.jobs))
        from dagflow.defs.project.automation import jobs_of  # few projects have schedules or sensors

        return list(dict.fromkeys([*self.jobs, *jobs_of([*self.schedules, *self.sensors])]))

    def resolve_automations(self) -> tuple[list[ScheduleDefinition], list[SensorDefinition]]:
        """Return all schedules and all sensors, with their jobs of this project.

        Raises:
            DagflowInvalidDefinitionError: Two of them have one name, or a job is unknown or invalid.
        """
        if not self.schedules and not self.sensors and not any(map(has_condition, self.all_assets())):
            return [], []
        from dagflow.defs.project import automation  # few projects have schedules or sensors

        jobs = self._resolved()
        automation.check_automations([*self.schedules, *self.sensors], jobs, "this repository")
        schedules = automation.resolved_schedules(self.schedules, jobs).values()
        sensors = self._with_default(automation.resolved_sensors(self.sensors, jobs))
        return [*schedules], [*automation.by_name(sensors).values()]

    def _with_default(self, sensors: Mapping[str, SensorDefinition]) -> list[SensorDefinition]:
        """Return sensors, with one for the automation conditions that none of them evaluates."""
        from dagflow.defs.project.automation import with_default_sensor  # few projects have conditions

        return with_default_sensor(sensors.values(), self.all_assets(), self.resolve_asset_graph)

    def get_implicit_global_asset_job_def(self) -> JobDefinition:
        """Return the job that computes all assets.

        Raises:
            DagflowInvariantViolationError: There are no assets.
        """
        return self.get_job_def(ASSET_JOB_NAME)

    def get_assets_def(self, key: CoercibleToAssetKey) -> AssetsDefinition:
        """Return the definition of an asset. That of a SourceAsset or AssetSpec has no function.

        Args:
            key: An AssetKey, or a string or list that can become an AssetKey.

        Raises:
            DagflowInvariantViolationError: There is no definition of this asset.
        """
        wanted = key_of(key)
        known: list[AssetKey] = []
        for asset in self.all_assets():
            keys = asset.keys if isinstance(asset, AssetsDefinition) else {asset.key}
            if wanted in keys:
                return definition_of(asset)
            known += keys
        raise DagflowInvariantViolationError(
            f"Could not find asset '{wanted.to_user_string()}' among the definitions."
            f"{nearest_key(wanted, known)}"
        )

    def get_asset_checks_def(self, key: AssetCheckKey) -> AssetsDefinition:
        """Return the definition of a check. A check that an asset evaluates itself has no definition.

        Args:
            key: The key of the check.

        Raises:
            ParameterCheckError: `key` is not an AssetCheckKey.
            DagflowInvariantViolationError: There is no definition of this check.

        Example:
            >>> from dagflow import AssetCheckKey, AssetCheckResult, AssetKey, asset_check
            >>> @asset_check(asset="beans")
            ... def enough():
            ...     return AssetCheckResult(passed=True)
            >>> project = Definitions(asset_checks=[enough])
            >>> project.get_asset_checks_def(AssetCheckKey(AssetKey("beans"), "enough")) is enough
            True
        """
        check_type(key, AssetCheckKey, "key", "get_asset_checks_def")
        known: list[str] = []
        for definition in self.all_assets():
            if not isinstance(definition, AssetsDefinition) or not definition.has_check_keys:
                continue
            if key not in definition.check_keys:
                known += [check.to_user_string() for check in definition.check_keys]
            elif not definition.has_keys:
                return definition
            else:
                raise DagflowInvariantViolationError(
                    f"Could not find asset checks defs for '{key.to_user_string()}', because "
                    f"{definition.describe()} evaluates this check itself. Use get_assets_def."
                )
        raise DagflowInvariantViolationError(
            f"Could not find asset checks defs for '{key.to_user_string()}' among the definitions."
            f"{nearest(key.to_user_string(), known)}"
        )

    def has_implicit_global_asset_job_def(self) -> bool:
        """Return whether there is a job of all assets: there are assets or checks."""
        return ASSET_JOB_NAME in self._resolved()

    def resolve_all_asset_specs(self) -> list[AssetSpec]:
        """Return the facts about all assets.

        An asset that is only named as a dependency or by a check has a spec too, behind those of the
        definitions. Its metadata has `dagflow/auto_created_stub_asset`.

        Raises:
            DagflowInvalidDefinitionError: Two assets have one key, or two dependencies on an asset without a
                definition have different metadata.
        """
        if self._specs is None:
            self._specs = specs_with_stubs(self.catalog())
        return list(self._specs)

    def resolve_all_asset_keys(self) -> list[AssetKey]:
        """Return the keys of all assets, in the order of `resolve_all_asset_specs`."""
        return [spec.key for spec in self.resolve_all_asset_specs()]

    def resolve_asset_graph(self) -> AssetGraph:
        """Return all assets and checks with their dependencies, for example to resolve an AssetSelection.

        Raises:
            DagflowInvalidDefinitionError: Two assets or checks have one key.

        Example:
            >>> graph = Definitions([AssetSpec("tea", deps=["water"])]).resolve_asset_graph()
            >>> [key.to_user_string() for key in graph.toposorted_asset_keys]
            ['water', 'tea']
        """
        if self._graph is None:
            from dagflow.defs.assets.asset_graph import AssetGraph  # few projects are looked at

            catalog = self.catalog()
            self._graph = AssetGraph(catalog, ShortNames(catalog.assets))
        return self._graph

    def get_repository_def(self) -> _doors.RepositoryDefinition:
        """Return the repository with these definitions. Its name is `__repository__`.

        Raises:
            DagflowInvalidDefinitionError: The definitions do not fit together.
        """
        if self._repository is None:
            self._repository = _doors.repository_of(self, "__repository__")
        return self._repository

    def resolve_implicit_job_def_def_for_assets(
        self, asset_keys: Iterable[CoercibleToAssetKey]
    ) -> JobDefinition | None:
        """Return the job of all assets, which can run a selection of them; None if there is none.

        Args:
            asset_keys: The assets that should run. One job computes all of them.
        """
        for key in asset_keys:
            key_of(key)
        return self._resolved().get(ASSET_JOB_NAME)

    @staticmethod
    def validate_loadable(defs: Definitions) -> None:
        """Check that definitions fit together. Call it in a test of a project.

        Raises:
            DagflowInvalidDefinitionError: Two definitions of assets, checks or jobs have one key or name, a
                resource is missing, assets form a cycle, the selection of a job is invalid, two partitions
                have the same key, or a partition mapping does not fit.

        Example:
            >>> Definitions.validate_loadable(Definitions(assets=[AssetSpec("beans")]))
        """
        check_type(defs, Definitions, "defs", "validate_loadable").resolve_all_asset_specs()
        defs.resolve_all_job_defs()
        check_partitions(defs.catalog())
        defs.resolve_automations()

    @staticmethod
    def merge(*def_sets: Definitions) -> Definitions:
        """Return one Definitions with the assets, checks, jobs, resources, loggers and metadata of several.

        Raises:
            CheckError: An argument is not a Definitions.
            DagflowInvariantViolationError: Two of them have different resources or loggers with one key, or
                different executors.

        Example:
            >>> cups, pots = Definitions(resources={"cup": 1}), Definitions(resources={"pot": 2})
            >>> Definitions.merge(cups, pots).resources
            {'cup': 1, 'pot': 2}
        """
        found = check_elements(def_sets, Definitions, "def_sets", "Definitions.merge")
        owners = [index for index, one in enumerate(found) if one.executor is not None]
        for index in owners[1:]:
            if not is_same_executor(found[index].executor, found[owners[0]].executor):
                raise DagflowInvariantViolationError(
                    f"Definitions objects {owners[0]} and {index} both have an executor: "
                    f"{found[owners[0]].executor!r} and {found[index].executor!r}. Keep one of them."
                )
        return Definitions(
            [asset for one in found for asset in one.assets],
            schedules=[schedule for one in found for schedule in one.schedules] or None,
            sensors=[sensor for one in found for sensor in one.sensors] or None,
            jobs=[job for one in found for job in one.jobs],
            resources=merged([one.resources for one in found], "resources"),
            executor=found[owners[0]].executor if owners else None,
            loggers=merged([one.loggers for one in found], "loggers"),
            asset_checks=[check for one in found for check in one.asset_checks],
            metadata={name: value for one in found for name, value in one.metadata.items()},
        )

    @staticmethod
    def merge_unbound_defs(*def_sets: Definitions) -> Definitions:
        """Merge Definitions as `merge` does, if no job or asset spec of them was resolved.

        Raises:
            CheckError: One of them is resolved, so that its jobs would be built twice.
        """
        for index, one in enumerate(check_elements(def_sets, Definitions, "def_sets", "Definitions.merge")):
            if one._is_resolved():  # noqa: SLF001 - its own class
                raise CheckError(
                    f"Definitions object {index} has previously been resolved. Merge it before its jobs or "
                    "asset specs are used, or use Definitions.merge."
                )
        return Definitions.merge(*def_sets)

    def with_resources(self, resources: Mapping[str, Any] | None) -> Definitions:
        """Return a copy of these definitions with further resources.

        Raises:
            DagflowInvariantViolationError: There is another resource with one of the keys.
        """
        return Definitions.merge(self, Definitions(resources=resources)) if resources else self

    def map_asset_specs(
        self, *, func: Callable[[AssetSpec], AssetSpec], selection: Any = None
    ) -> Definitions:
        """Return a copy of these definitions with the asset specs that a function returns.

        Args:
            func: Returns the new spec for a spec; see `dagflow.map_asset_specs`.
            selection: Not supported; see `map_resolved_asset_specs`.

        Raises:
            CheckError: `selection` is given, or `func` returns something else than a spec.
            DagflowInvariantViolationError: There is a SourceAsset, which has no spec to change.
            DagflowInvalidDefinitionError: `func` changes the key of an asset that is computed.
        """
        if selection is not None:
            raise CheckError(
                "parameter 'selection' of Definitions.map_asset_specs is not supported. Use "
                "Definitions.map_resolved_asset_specs, or let 'func' return the spec that it gets for the "
                "assets that should not change."
            )
        return self.map_resolved_asset_specs(func=func)

    def map_resolved_asset_specs(
        self, *, func: Callable[[AssetSpec], AssetSpec], selection: Any = None
    ) -> Definitions:
        """Return a copy of these definitions with the asset specs that a function returns for some assets.

        Args:
            func: Returns the new spec for a spec; see `dagflow.map_asset_specs`.
            selection: The assets whose specs change, as in `define_asset_job`. Default: all assets.

        Raises:
            CheckError: `func` returns something else than a spec.
            DagflowInvariantViolationError: There is a SourceAsset, which has no spec to change.
            DagflowInvalidDefinitionError: `func` changes the key of an asset that is computed.
            DagflowInvalidSubsetError: The selection names an unknown asset.
            DagflowInvalidAssetSelectionError: A selection string cannot be parsed.

        Example:
            >>> def add_owner(spec):
            ...     return spec.replace_attributes(owners=["team:bar"])
            >>> project = Definitions([AssetSpec("tea", deps=["water"]), AssetSpec("water")])
            >>> project = project.map_resolved_asset_specs(func=add_owner, selection="tea")
            >>> [spec.owners for spec in project.resolve_all_asset_specs()]
            [['team:bar'], []]
        """
        for asset in self.assets:
            if not isinstance(asset, (AssetsDefinition, AssetSpec)):
                raise DagflowInvariantViolationError(
                    f"map_asset_specs can only change AssetsDefinitions and AssetSpecs, but one asset is "
                    f"{asset!r} of type '{type(asset).__name__}'. Write an AssetSpec instead."
                )
        chosen: Container[AssetKey] = set()
        if selection is not None:
            from dagflow.defs.selections.definition import AssetSelection  # few projects map

            chosen = AssetSelection.from_coercible(selection).resolve(self.resolve_asset_graph())

        if not callable(func):
            raise ParameterCheckError(
                f"parameter 'func' of map_asset_specs must be a function, not {repr_of(func)}"
            )

        def mapped(spec: AssetSpec) -> AssetSpec:
            return func(spec) if selection is None or spec.key in chosen else spec

        return Definitions(
            map_asset_specs(mapped, self.assets),
            schedules=self.schedules or None,
            sensors=self.sensors or None,
            asset_checks=self.asset_checks,
            jobs=self.jobs,
            resources=self.resources,
            executor=self.executor,
            loggers=self.loggers,
            metadata=self.metadata,
        )

    def get_asset_value_loader(self, instance: DagflowInstance | None = None) -> _doors.AssetValueLoader:
        """Return an object that loads the stored values of several assets.

        Args:
            instance: The instance of the runs that stored them. Default: the instance of DAGFLOW_HOME, or an
                ephemeral one if it is not set.

        Raises:
            DagflowInvalidDefinitionError: The definitions do not fit together.
        """
        return _doors.AssetValueLoader(self.catalog().assets, self.all_resources(), instance)

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: type[Any] | None = None,
        instance: DagflowInstance | None = None,
        partition_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Any:
        """Load the stored value of an asset by its I/O manager. Use `get_asset_value_loader` for several.

        Args:
            asset_key: The key. A string is a key of one part.
            python_type: The type that the I/O manager finds in its context. The value is not checked.
            instance: The instance of the run that stored it, as in `get_asset_value_loader`.
            partition_key: The partition whose value is loaded.
            metadata: The metadata of the input that the I/O manager finds in its context.

        Raises:
            CheckError: No definition has this key.
            DagflowInvalidInvocationError: The asset has no such partition.
            DagflowInvalidDefinitionError: The definitions do not fit together.
        """
        with self.get_asset_value_loader(instance) as loader:
            return loader.load_asset_value(
                asset_key, python_type=python_type, partition_key=partition_key, metadata=metadata
            )

    def all_resources(self) -> dict[str, ResourceDefinition]:
        """Return the resources of the project and of its assets by key, with the default I/O manager.

        Raises:
            DagflowInvalidDefinitionError: The definitions do not fit together.
        """
        self._resolved()  # raises if assets have different resources with one key
        found = {DEFAULT_IO_MANAGER_KEY: fs_io_manager, **as_resources(self.resources, "Definitions")}
        for asset in self.all_assets():
            found.update(getattr(asset, "resource_defs", {}))
        return found

    # newer names of the same methods
    get_all_job_defs = resolve_all_job_defs
    resolve_schedule_def = get_schedule_def
    resolve_sensor_def = get_sensor_def
    resolve_job_def = get_job_def
    resolve_assets_def = get_assets_def
    resolve_implicit_global_asset_job_def = get_implicit_global_asset_job_def

    def catalog(self) -> AssetCatalog:
        """Return all assets and checks by key.

        Raises:
            DagflowInvalidDefinitionError: Two assets or two checks have one key.
        """
        if self._catalog is None:
            elsewhere = {id(asset) for asset in self.assets}
            for definition in self.asset_checks:
                if id(definition) in elsewhere:
                    raise DagflowInvalidDefinitionError(
                        f"Duplicate definition: {definition.describe()} ({place_of(definition)}) is in "
                        "'assets' and in 'asset_checks' of the Definitions. Give it in one of them."
                    )
            self._catalog = AssetCatalog(self.all_assets())
        return self._catalog

    def all_assets(self) -> list[AnyAsset]:
        """Return the definitions of all assets and checks, each once."""
        own = [*self.assets, *self.asset_checks]
        if self.schedules or self.sensors:
            from dagflow.defs.project.automation import assets_of  # few projects have them

            own += assets_of([*self.schedules, *self.sensors])
        return list(dict.fromkeys(own))

    def _is_resolved(self) -> bool:
        return self._by_name is not None or self._specs is not None

    def _resolved(self) -> dict[str, JobDefinition]:
        if self._by_name is None:
            self._by_name = resolved_jobs(self)
        return self._by_name


def _schedules(schedules: Iterable[Any]) -> list[AnySchedule]:
    from dagflow.defs.project.automation import SCHEDULES  # few projects have schedules

    return members_of(schedules, SCHEDULES, "schedules", "a schedule")


def _sensors(sensors: Iterable[Any]) -> list[SensorDefinition]:
    from dagflow.defs.automation.sensor import SensorDefinition  # few projects have sensors

    return members_of(sensors, (SensorDefinition,), "sensors", "a sensor")
