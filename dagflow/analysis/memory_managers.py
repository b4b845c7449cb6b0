"""The I/O managers of a job in memory: for runs of tests that must not write to the real storage."""

from __future__ import annotations

from collections.abc import Collection

from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.resources.io_managers import IOManagerDefinition
from dagflow.io.manager import IOManager


def in_memory_managers(job: JobDefinition, given: Collection[str], memory: IOManager) -> dict[str, IOManager]:
    """Return an I/O manager in memory for the key of each I/O manager of a job that the test does not give.

    Args:
        job: The job.
        given: The keys of the resources that the test gives.
        memory: The I/O manager.

    Example:
        >>> from dagflow import InMemoryIOManager, job, op
        >>> @op
        ... def brew(): ...
        >>> @job
        ... def cafe():
        ...     brew()
        >>> list(in_memory_managers(cafe, [], InMemoryIOManager()))
        ['io_manager']
    """
    return {
        key: memory
        for key, resource in job.resource_defs.items()
        if key not in given
        and (
            isinstance(resource, IOManagerDefinition)
            or isinstance(getattr(resource, "value", None), IOManager)
        )
    }
