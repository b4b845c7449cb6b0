"""The check that a job has every resource that its nodes, assets and hooks need. Each entrance calls it."""

from __future__ import annotations

from dagflow.defs.jobs.content import JobContent
from dagflow.defs.resources.requirements import Requirement, check_role, not_provided
from dagflow.errors import DagflowInvalidDefinitionError


def check_resources(job: JobContent, remedy: str | None = None) -> None:
    """Raise if a job lacks a resource. A job that passed is not checked again.

    Args:
        job: The job, with its selection applied.
        remedy: A sentence for the error; default: to give the resource to the job.

    Raises:
        DagflowInvalidDefinitionError: A resource is missing, or cannot be the I/O manager that it should be.
    """
    compiled, known = job.compiled, job.resource_defs
    if "checked" in compiled:
        return
    for need in job.all_requirements():
        if need.key in known:
            check_role(need, known[need.key])
        elif not need.is_optional:
            raise _missing(job, remedy)
    compiled["checked"] = True


def _missing(job: JobContent, remedy: str | None) -> DagflowInvalidDefinitionError:
    """Return the error about the first missing resource by key."""
    known = job.resource_defs
    missing = [need for need in job.all_requirements() if need.key not in known and not need.is_optional]
    first = min(missing, key=lambda requirement: requirement.key)
    return not_provided(first, known, job.place, remedy=remedy, asset=_asset_with(job, first))


def _asset_with(job: JobContent, requirement: Requirement) -> str:
    """Return the asset or check that has a requirement, as "asset 'tea'", or an empty string."""
    if job.asset_layer is not None:
        for asset in job.asset_layer.definitions.values():
            if requirement in asset.own_requirements():
                return asset.describe()
    return ""
