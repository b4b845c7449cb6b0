"""The content of a repository, as its function returns it: a list of definitions, or jobs by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.automation.sensor import SensorDefinition
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition, job_of_graph
from dagflow.defs.parts.function import named_parameters
from dagflow.defs.project.automation import SCHEDULES
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, repr_of

if TYPE_CHECKING:
    from dagflow.defs.project.automation import AnySchedule
    from dagflow.defs.project.definitions import Definitions

ASSETS = (AssetsDefinition, SourceAsset, AssetSpec)
_JOBS = (JobDefinition, UnresolvedAssetJobDefinition, GraphDefinition)
_Job = JobDefinition | UnresolvedAssetJobDefinition


def content_of(fn: Callable[[], Any], place: str) -> list[Any] | Mapping[str, Any]:
    """Call the function of a repository, and return its list or dict.

    Raises:
        CheckError: The value is not a function, or it has parameters.
        DagflowInvalidDefinitionError: The function returns something else.
    """
    if not callable(fn):
        raise CheckError(f"@repository must decorate a function, not {repr_of(fn)}")
    parameters = named_parameters(fn, place)
    if parameters:
        raise CheckError(
            f"the function of {place} must have no parameters, but has {[each.name for each in parameters]}"
        )
    content = fn()
    if not isinstance(content, (list, Mapping)):
        raise DagflowInvalidDefinitionError(
            f"Bad return value of type {type(content)} from the function of {place}: it must return a list "
            "of jobs and assets, or a dict with 'jobs' by name"
        )
    return content


def members_of(content: Sequence[Any], problem: str) -> dict[str, Any]:
    """Return the elements of a list by the argument of Definitions. Its elements may be lists of them.

    Args:
        content: The list.
        problem: The first words of the message about an element of another class.

    Raises:
        DagflowInvalidDefinitionError: An element is of another class.
    """
    jobs: list[_Job] = []
    assets: list[Any] = []
    schedules: list[AnySchedule] = []
    sensors: list[SensorDefinition] = []
    for index, element in enumerate(content):
        for one in element if isinstance(element, list) else [element]:
            if isinstance(one, ASSETS):
                assets.append(one)
            elif isinstance(one, _JOBS):
                jobs.append(_as_job(one))
            elif isinstance(one, SCHEDULES):
                schedules.append(one)
            elif isinstance(one, SensorDefinition):
                sensors.append(one)
            else:
                raise DagflowInvalidDefinitionError(
                    f"{problem}: all elements of list must be of type "
                    "JobDefinition, GraphDefinition, AssetsDefinition, SourceAsset, AssetSpec, "
                    "ScheduleDefinition or SensorDefinition, results of "
                    f"define_asset_job, or lists of these. Got {repr_of(one)} of type {type(one)} at index "
                    f"{index}."
                )
    return {"jobs": jobs, "assets": assets, "schedules": schedules, "sensors": sensors}


def _as_job(one: Any) -> _Job:
    job: _Job = job_of_graph(one) if isinstance(one, GraphDefinition) else one
    return job


def jobs_by_name(
    content: Mapping[str, Any], place: str, define: Callable[..., Definitions]
) -> dict[str, JobDefinition | Callable[[], JobDefinition]]:
    """Return the jobs of a dict. A function is not called, but wrapped in a check of its result.

    Args:
        content: The dict, with "jobs" by name.
        place: The repository, for messages.
        define: Makes Definitions with the executor and loggers of the repository.

    Raises:
        DagflowInvalidDefinitionError: The dict has other keys, or a value is of another class or name.
    """
    for key in content:
        if key not in ("jobs", "schedules", "sensors"):
            raise DagflowInvalidDefinitionError(
                f"Bad return value from the function of {place}: dict must not contain keys other than "
                f"'jobs', 'schedules' and 'sensors': found {repr_of(key)}. To add assets, return a list."
            )
    by_name = content.get("jobs", {})
    if not isinstance(by_name, Mapping):
        raise DagflowInvalidDefinitionError(
            f"'jobs' of {place} must be a dict of jobs by name, not {repr_of(by_name)}"
        )
    found: dict[str, JobDefinition | Callable[[], JobDefinition]] = {}
    for name, given in by_name.items():
        is_lazy = isinstance(given, FunctionType)
        found[name] = (
            partial(_build_job, given, name, place, define)
            if is_lazy
            else _checked(given, name, place, define)
        )
    return found


def _build_job(
    build: Callable[[], Any], name: str, place: str, define: Callable[..., Definitions]
) -> JobDefinition:
    """Call a function that builds a job, and return the checked job."""
    return _checked(build(), name, place, define)


def _checked(one: Any, name: str, place: str, define: Callable[..., Definitions]) -> JobDefinition:
    """Return a job with the default executor and loggers. Raise if it is not a job of this name."""
    if not isinstance(one, _JOBS):
        raise DagflowInvalidDefinitionError(
            f"Object mapped to {name} is not an instance of JobDefinition or GraphDefinition. It is "
            f"{repr_of(one)}, "
            f"in the 'jobs' of {place}."
        )
    if one.name != name:
        raise DagflowInvalidDefinitionError(
            f"Bad constructor for job '{name}': name in JobDefinition does not match: got '{one.name}', in "
            f"the 'jobs' of {place}. Use one name in both places."
        )
    return define(jobs=[_as_job(one)]).get_job_def(name)
