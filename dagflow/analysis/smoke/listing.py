"""The list of the smoke tests of a project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from dagflow.analysis.smoke.conditions import ConditionTest
from dagflow.analysis.smoke.parts import AssetTest, CheckTest, DefinitionsTest, ResourceTest, SmokeTest
from dagflow.analysis.smoke.project import SmokeProject
from dagflow.analysis.smoke.starts import JobTest, ScheduleTest, SensorTest, assets_of_sensor
from dagflow.defs.assets.catalog import place_of
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.automation.partitioned_schedule import UnresolvedPartitionedAssetScheduleDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.automation.target import AnyJob, AutomationTarget
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.parts.function import location
from dagflow.defs.project.repository import definitions_of
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.errors import DagflowError
from dagflow.options import current_options


def smoke_tests(*definitions: Any, now: float | None = None) -> list[SmokeTest]:
    """Return a test of each definition of a project, and one of all definitions as a whole.

    Nothing is tested yet. `run()` of a test returns its findings. It starts no run and no resource. It calls
    the functions of schedules, sensors and config, with an instance in memory.

    Args:
        definitions: The definitions of the project, as `definitions_of` takes them.
        now: The current time in seconds since the epoch. Default: the time of the current clock.

    Raises:
        DagflowInvalidDefinitionError: A value is no definition, or a job of a repository is invalid.

    Example:
        >>> from dagflow import Definitions, asset
        >>> @asset(required_resource_keys={"kettle"})
        ... def tea():
        ...     return "tea"
        >>> whole, test = smoke_tests(Definitions([tea]))
        >>> test, test.run()[0].fact
        (<smoke test of asset 'tea'>, "asset 'tea' lacks a resource")
    """
    project = SmokeProject(
        definitions_of(*definitions), current_options().clock.now() if now is None else now
    )
    return [
        DefinitionsTest(project, "", project.definitions, "", ("*",)),
        *_tests_of_jobs(project),
        *_tests_of_assets(project),
        *_tests_of_conditions(project),
        *_tests_of_automations(project),
        *_tests_of_resources(project),
    ]


def _tests_of_jobs(project: SmokeProject) -> Iterator[SmokeTest]:
    by_name = {job.name: job for job in project.definitions.all_jobs()}
    for name in project.job_names:
        yield JobTest(project, name, by_name[name], _place_of_job(by_name[name]), (by_name[name],))


def _place_of_job(job: Any) -> str:
    fn = job.graph.composition_fn if isinstance(job, JobDefinition) else None
    return "" if fn is None else location(fn)


def _tests_of_assets(project: SmokeProject) -> Iterator[SmokeTest]:
    """Yield the tests of all assets, then those of all checks."""
    assets: dict[str, Any] = {}
    checks: dict[str, Any] = {}
    for asset in project.definitions.all_assets():
        keys = asset.keys if isinstance(asset, AssetsDefinition) else [asset.key]
        assets.update((key.to_user_string(), asset) for key in sorted(keys))
        for spec in asset.check_specs if isinstance(asset, AssetsDefinition) else ():
            checks[spec.key.to_user_string()] = asset
    for name, asset in assets.items():
        yield AssetTest(project, name, asset, _place_of_asset(asset), (f'key:"{name}"',))
    for name, asset in checks.items():
        yield CheckTest(project, name, asset, _place_of_asset(asset), (f'check:"{name}"',))


def _place_of_asset(asset: Any) -> str:
    is_computed = isinstance(asset, AssetsDefinition) and not asset.is_declaration
    return place_of(asset) if is_computed else ""


def _tests_of_conditions(project: SmokeProject) -> Iterator[SmokeTest]:
    """Yield the tests of the conditions of assets, then of checks, then of jobs."""
    assets: list[tuple[str, str, Any, str]] = []
    checks: list[tuple[str, str, Any, str]] = []
    for asset in project.definitions.all_assets():
        place = _place_of_asset(asset)
        specs = asset.specs if isinstance(asset, AssetsDefinition) else [asset]
        check_specs = asset.check_specs if isinstance(asset, AssetsDefinition) else ()
        assets += [("asset", spec.key.to_user_string(), spec, place) for spec in specs]
        checks += [("check", spec.key.to_user_string(), spec, place) for spec in check_specs]
    jobs = [("job", job.name, job, _place_of_job(job)) for job in project.definitions.all_jobs()]
    for owner, name, found, place in (*assets, *checks, *jobs):
        condition = getattr(found, "automation_condition", None)  # some kinds of jobs cannot have one
        if condition is not None:
            yield ConditionTest(project, f"{owner}:{name}", condition, place, (f'{owner}:"{name}"',))


def _tests_of_automations(project: SmokeProject) -> Iterator[SmokeTest]:
    jobs = {job.name: job for job in project.definitions.all_jobs()}
    for schedule in dict.fromkeys(project.definitions.schedules):
        is_resolved = not isinstance(schedule, UnresolvedPartitionedAssetScheduleDefinition)
        function = schedule.function if is_resolved else None
        targets = [schedule.target] if is_resolved else [AutomationTarget(schedule.job)]
        place = "" if function is None else location(function.fn)
        yield ScheduleTest(project, schedule.name, schedule, place, _started_by(targets, jobs))
    for sensor in dict.fromkeys(project.definitions.sensors):
        touches = (*_started_by(sensor.targets, jobs), *_selected_by(sensor, project))
        yield SensorTest(project, sensor.name, sensor, location(sensor.function.fn), touches)


def _started_by(targets: Iterable[AutomationTarget], jobs: Mapping[str, AnyJob]) -> tuple[object, ...]:
    """Return the jobs and the assets of targets; a job of which only the name is known if it is here."""
    found = [one for target in targets for one in (target.job or jobs.get(target.job_name), *target.assets)]
    return tuple(one for one in found if one is not None)


def _selected_by(sensor: SensorDefinition, project: SmokeProject) -> Iterator[str]:
    """Yield expressions for the assets and checks that a sensor is about, as far as they exist."""
    selection = assets_of_sensor(sensor)
    with suppress(DagflowError):  # two assets with one key: the definitions do not load as a whole
        if selection is not None:
            graph = project.definitions.resolve_asset_graph()
            keys = selection.resolve(graph, allow_missing=True)
            checks = selection.resolve_checks(graph, allow_missing=True)
            yield from (f'key:"{key.to_user_string()}"' for key in sorted(keys))
            yield from (f'check:"{key.to_user_string()}"' for key in sorted(checks))


def _tests_of_resources(project: SmokeProject) -> Iterator[SmokeTest]:
    for key, found in project.resources.items():
        place = found.place if isinstance(found, ResourceDefinition) else ""
        yield ResourceTest(project, key, found, place, (f'resource:"{key}"',))
