"""The schedules and sensors of a project: their jobs and assets, and the check of their names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from dagflow._util import nearest
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.automation.partitioned_schedule import UnresolvedPartitionedAssetScheduleDefinition
from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.automation.target import AnyJob, AutomationTarget
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.errors import DagflowInvalidDefinitionError, DagflowInvariantViolationError, repr_of

if TYPE_CHECKING:
    from dagflow.defs.assets.asset_graph import AssetGraph

AnySchedule = ScheduleDefinition | UnresolvedPartitionedAssetScheduleDefinition
SCHEDULES = (ScheduleDefinition, UnresolvedPartitionedAssetScheduleDefinition)
_T = TypeVar("_T")
_A = TypeVar("_A", ScheduleDefinition, SensorDefinition)


def resolved_automations(
    schedules: Iterable[AnySchedule], sensors: Iterable[SensorDefinition], jobs: Mapping[str, JobDefinition]
) -> tuple[list[ScheduleDefinition], list[SensorDefinition]]:
    """Return the schedules and sensors of a project with their jobs; see `resolve_automations`."""
    check_automations([*schedules, *sensors], jobs, "this repository")
    found = resolved_schedules(schedules, jobs).values()
    return [*found], [*resolved_sensors(sensors, jobs).values()]


def all_sensors(
    sensors: Sequence[SensorDefinition], assets: Iterable[AnyAsset], get_graph: Callable[[], AssetGraph]
) -> Sequence[SensorDefinition]:
    """Return the sensors of a project, with one for the automation conditions that none of them evaluates.

    Args:
        sensors: The sensors that were given.
        assets: The definitions of all assets and checks.
        get_graph: Returns the graph of the assets. It is called if an asset or check has a condition.
    """
    if not any(map(_has_condition, assets)):
        return sensors
    from dagflow.defs.automation.condition_sensor import with_default_sensor  # few projects have conditions

    return with_default_sensor(sensors, get_graph())


def _has_condition(asset: AnyAsset) -> bool:
    """Return whether a condition belongs to an asset of a definition, or to a check of it."""
    if not isinstance(asset, AssetsDefinition):
        return asset.automation_condition is not None
    return any(spec.automation_condition is not None for spec in asset.specs) or any(
        spec.automation_condition is not None for spec in asset.check_specs
    )


def jobs_of(automations: Iterable[AnySchedule | SensorDefinition]) -> list[AnyJob]:
    """Return the jobs that schedules and sensors have as objects, each once."""
    jobs = [target.job for one in automations for target in targets_of(one) if target.job is not None]
    return list(dict.fromkeys(jobs))


def assets_of(automations: Iterable[AnySchedule | SensorDefinition]) -> list[AnyAsset]:
    """Return the definitions of assets that are targets of schedules and sensors, each once."""
    assets = [asset for one in automations for target in targets_of(one) for asset in target.assets]
    return list(dict.fromkeys(assets))


def targets_of(automation: AnySchedule | SensorDefinition) -> Iterator[AutomationTarget]:
    """Yield the targets of a schedule or sensor."""
    if isinstance(automation, SensorDefinition):
        yield from automation.targets
    elif isinstance(automation, ScheduleDefinition):
        yield automation.target
    else:
        yield AutomationTarget(automation.job)


def resolved_schedules(
    schedules: Iterable[AnySchedule], jobs: Mapping[str, JobDefinition]
) -> dict[str, ScheduleDefinition]:
    """Return schedules by name, with the jobs of the project and with known partitions.

    Args:
        schedules: The schedules.
        jobs: The jobs of the project by name.

    Raises:
        DagflowInvalidDefinitionError: Two different schedules have one name.
        CheckError: The job of a schedule of partitions is not partitioned.
    """
    found: dict[str, ScheduleDefinition] = {}
    for name, one in by_name(schedules).items():
        resolved = jobs.get(one.job_name)
        if not isinstance(one, ScheduleDefinition):
            assert resolved is not None, "the job of the schedule is a job of the project"
            found[name] = one.resolve(resolved)
        elif resolved is not None and isinstance(one.target.job, JobDefinition):
            found[name] = one if one.job is resolved else one.with_updated_job(resolved)
        else:
            found[name] = one
    return found


def resolved_sensors(
    sensors: Iterable[SensorDefinition], jobs: Mapping[str, JobDefinition]
) -> dict[str, SensorDefinition]:
    """Return sensors by name, with the jobs of the project. Arguments and errors as `resolved_schedules`."""
    found: dict[str, SensorDefinition] = {}
    for name, one in by_name(sensors).items():
        given = [target.job for target in one.targets]
        own = [jobs.get(job.name, job) if isinstance(job, JobDefinition) else job for job in given]
        is_same = all(new is old for new, old in zip(own, given, strict=True))
        found[name] = one if is_same else one.with_updated_jobs([job for job in own if job is not None])
    return found


def by_name(definitions: Iterable[_T]) -> dict[str, _T]:
    """Return definitions by name. One object may be given several times.

    Raises:
        DagflowInvalidDefinitionError: Two different definitions have one name.
    """
    found: dict[str, Any] = {}
    for one in dict.fromkeys(definitions):
        _claim(found, one)
    return found


def _claim(found: dict[str, Any], one: Any) -> None:
    other = found.setdefault(one.name, one)
    if other is not one:
        raise DagflowInvalidDefinitionError(
            f"Duplicate definition found for {one.name}: {repr_of(other)} and {repr_of(one)} have one name. "
            "Give one of them another name."
        )


def check_automations(
    automations: Iterable[AnySchedule | SensorDefinition], jobs: Collection[str], place: str
) -> None:
    """Check that all names are different, and that each named job exists.

    Args:
        automations: The schedules and sensors.
        jobs: The names of the jobs.
        place: The project, for messages.

    Raises:
        DagflowInvalidDefinitionError: Two of them have one name, or a job is unknown.
    """
    names: dict[str, Any] = {}
    for one in dict.fromkeys(automations):
        _claim(names, one)
        what = "SensorDefinition" if isinstance(one, SensorDefinition) else "ScheduleDefinition"
        for target in targets_of(one):
            if target.job_name not in jobs:
                raise DagflowInvalidDefinitionError(
                    f'{what} "{one.name}" targets job "{target.job_name}" which was not found in {place}.'
                    f"{nearest(target.job_name, jobs)} Add the job, or give it as job=."
                )


def named(found: Mapping[str, _T], name: str, what: str) -> _T:
    """Return the schedule or sensor with a name.

    Raises:
        DagflowInvariantViolationError: The name is unknown.
    """
    if name not in found:
        known = ", ".join(repr(one) for one in found)
        raise DagflowInvariantViolationError(
            f"Could not find {what} {name!r}. Found: {known}.{nearest(name, found)}"
        )
    return found[name]


def automations_by_name(
    content: Mapping[str, Any], jobs: Collection[str], place: str
) -> tuple[list[ScheduleDefinition], list[SensorDefinition]]:
    """Return the schedules and sensors of the dict of a repository. A function in it is called.

    Args:
        content: The dict, with "schedules" and "sensors" by name.
        jobs: The names of the jobs.
        place: The repository, for messages.

    Raises:
        DagflowInvalidDefinitionError: A value is of another class or name, or a job is unknown.
    """
    schedules = [_built(*item, ScheduleDefinition, place) for item in _items(content, "schedules", place)]
    sensors = [_built(*item, SensorDefinition, place) for item in _items(content, "sensors", place)]
    check_automations([*schedules, *sensors], jobs, "this repository")
    return schedules, sensors


def _items(content: Mapping[str, Any], key: str, place: str) -> Iterable[tuple[str, Any]]:
    given = content.get(key, {})
    if not isinstance(given, Mapping):
        raise DagflowInvalidDefinitionError(
            f"'{key}' of {place} must be a dict of {key} by name, not {repr_of(given)}"
        )
    return given.items()


def _built(name: str, given: Any, cls: type[_A], place: str) -> _A:
    one = given() if isinstance(given, FunctionType) else given
    if not isinstance(one, cls):
        raise DagflowInvalidDefinitionError(
            f"Object mapped to {name} is not an instance of {cls.__name__}. It is {repr_of(one)}, in {place}."
        )
    if one.name != name:
        raise DagflowInvalidDefinitionError(
            f"Bad constructor for {cls.__name__} '{name}': name does not match: got '{one.name}', in "
            f"{place}. Use one name in both places."
        )
    return one
