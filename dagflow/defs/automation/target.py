"""The target of a schedule or sensor: a job, the name of a job, or a selection of assets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from dagflow._util import warn
from dagflow.copies import Copied
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition, define_asset_job
from dagflow.defs.jobs.definition import JobDefinition, job_of_graph
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import CheckError, check_texts, repr_of
from dagflow.keys import AssetKey

AnyJob = JobDefinition | UnresolvedAssetJobDefinition
_ANONYMOUS = "__anonymous_asset_job_"


class AutomationTarget(Copied):
    """The target of a schedule or sensor.

    Attributes:
        job_name: The name of the job.
        job: The job; None if only its name is known.
        assets: The definitions of the selected assets, as far as they were given.
    """

    __slots__ = ("assets", "job", "job_name")

    def __init__(self, job: AnyJob | str, assets: Sequence[AnyAsset] = ()) -> None:
        self.job: AnyJob | None = None if isinstance(job, str) else job
        self.job_name: str = job if isinstance(job, str) else job.name
        self.assets: tuple[AnyAsset, ...] = tuple(assets)

    @property
    def has_anonymous_job(self) -> bool:
        """Whether the job was made from a selection of assets."""
        return self.job_name.startswith(_ANONYMOUS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AutomationTarget) and self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def _value(self) -> tuple[Any, ...]:
        return self.job_name, self.job, self.assets

    def __repr__(self) -> str:
        return f"AutomationTarget({self.job_name if self.job is None else self.job!r})"


def target_of_name(job_name: str, place: str) -> AutomationTarget:
    """Return the target with the name of a job.

    Raises:
        ParameterCheckError: The name is not a string.
    """
    check_texts(place, job_name=job_name)
    return AutomationTarget(job_name)


def target_of_job(job: Any, place: str) -> AutomationTarget:
    """Return the target with a job, or with a graph, which becomes a job.

    Raises:
        CheckError: The value is neither.
    """
    if isinstance(job, GraphDefinition):
        warn(
            f"Passing GraphDefinition to the job argument of {place} is deprecated: use {job.name}.to_job()",
            DeprecationWarning,
        )
        return AutomationTarget(job_of_graph(job))
    if not isinstance(job, AnyJob):
        raise CheckError(
            f"Invalid target passed to {place}: {repr_of(job)} of type '{type(job).__name__}' is not a job. "
            "Give a job, or the name of a job as job_name."
        )
    return AutomationTarget(job)


def target_of(target: Any, name: str, place: str) -> AutomationTarget:
    """Return the target of the argument `target`: a job, or assets, for which a job is made.

    Args:
        target: A job, an AssetSelection, a selection string, an asset or its key, or a list of assets, keys
            or strings.
        name: The name of the schedule or sensor, which the name of the made job has.
        place: The schedule or sensor, for messages.

    Raises:
        CheckError: The value is something else.
    """
    if isinstance(target, (JobDefinition, UnresolvedAssetJobDefinition, GraphDefinition)):
        return target_of_job(target, place)
    if isinstance(target, (AssetSelection, str)):
        selection, assets = AssetSelection.from_coercible(target), []
    else:
        members = [target] if isinstance(target, (AssetKey, AssetsDefinition, SourceAsset)) else target
        if not isinstance(members, Sequence) or not members:
            raise _invalid(target, place)
        for member in members:
            if not isinstance(member, (str, AssetKey, AssetsDefinition, SourceAsset)):
                raise _invalid(target, place)
        parts = [AssetSelection.from_coercible(one if isinstance(one, str) else [one]) for one in members]
        selection = reduce(or_, parts) if any(isinstance(one, str) for one in members) else _all_of(members)
        assets = [one for one in members if isinstance(one, (AssetsDefinition, SourceAsset))]
    return AutomationTarget(define_asset_job(f"{_ANONYMOUS}{name}", selection=selection), assets)


def _all_of(members: Sequence[Any]) -> AssetSelection:
    """Return one selection of keys and definitions."""
    keys: list[AssetKey] = []
    for member in members:
        if isinstance(member, AssetKey):
            keys.append(member)
        else:
            keys.extend(member.keys if isinstance(member, AssetsDefinition) else [member.key])
    return AssetSelection.from_coercible(list(dict.fromkeys(keys)))


def _invalid(target: Any, place: str) -> CheckError:
    return CheckError(
        f"Invalid target passed to {place}: {repr_of(target)}. Give a job, an AssetSelection, a selection "
        "string, or a list of strings, AssetKeys, AssetsDefinitions or SourceAssets."
    )
