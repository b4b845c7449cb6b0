"""The project that smoke tests read: its definitions in one form, and the answers that they share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

from dagflow.analysis.smoke.findings import SmokeFinding
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.repository import RepositoryDefinition
from dagflow.defs.project.validation import PartitionLink, partition_links
from dagflow.defs.resources.definition import ResourceDefinition, as_resource
from dagflow.errors import DagflowError
from dagflow.keys import ANONYMOUS_JOB_PREFIX, ASSET_JOB_NAME, AssetKey
from dagflow.partitions.boundaries import boundaries
from dagflow.partitions.definition import PartitionsDefinition


class _NoKeys:
    """A store without dynamic partitions."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        return []


NO_KEYS = _NoKeys()


class SmokeProject:
    """A project, and the facts that several of its smoke tests need, each computed once.

    Args:
        definitions: The definitions of the project.
        now: The current time in seconds since the epoch.

    Attributes:
        definitions, now: The arguments.
        unread: For the partitions and the mapping of a dependency, by their `id()`: the first partition that
            reads an upstream partition that does not exist, and the problem; None without a problem.
    """

    def __init__(self, definitions: Definitions, now: float) -> None:
        self.definitions: Definitions = definitions
        self.now: float = now
        self.unread: dict[tuple[int, int, int], tuple[str | None, SmokeFinding | None]] = {}
        self._boundaries: dict[PartitionsDefinition, list[str]] = {}

    @cached_property
    def jobs(self) -> Mapping[str, JobDefinition] | None:
        """The jobs with the resources of the project; None if the project does not load as a whole."""
        try:
            return {job.name: job for job in self.definitions.resolve_all_job_defs()}
        except DagflowError:
            return None

    @cached_property
    def repository(self) -> RepositoryDefinition | None:
        """The repository, which ticks read; None if the project does not load as a whole."""
        try:
            return self.definitions.get_repository_def()
        except DagflowError:
            return None

    @cached_property
    def job_names(self) -> list[str]:
        """The names of the jobs that users know: without the job of all assets and those of automations."""
        jobs = (job for job in self.definitions.all_jobs() if isinstance(job.name, str))
        return [job.name for job in jobs if not job.name.startswith((ANONYMOUS_JOB_PREFIX, ASSET_JOB_NAME))]

    @cached_property
    def resources(self) -> dict[str, ResourceDefinition | DagflowError]:
        """The resources of the project by key; an error for a value that cannot be a resource."""
        return {key: _resource_or_error(value) for key, value in self.definitions.resources.items()}

    @cached_property
    def links(self) -> Mapping[AssetKey, list[PartitionLink]]:
        """The dependencies of each asset on partitioned assets."""
        found: dict[AssetKey, list[PartitionLink]] = {}
        with suppress(DagflowError):  # two assets with one key: the definitions do not load as a whole
            for link in partition_links(self.definitions.catalog()):
                found.setdefault(link.key, []).append(link)
        return found

    @cached_property
    def asset_keys(self) -> set[AssetKey]:
        """The keys of all assets that have a definition."""
        found: set[AssetKey] = set()
        for asset in self.definitions.all_assets():
            found.update(asset.keys if isinstance(asset, AssetsDefinition) else [asset.key])
        return found

    def boundaries(self, definition: PartitionsDefinition) -> list[str]:
        """Return the keys at which a definition is tested: first, last, and those of `boundaries`.

        Dynamic partitions have no key here, because no instance is read.
        """
        if definition not in self._boundaries:
            self._boundaries[definition] = boundaries(definition, self.now, NO_KEYS)
        return self._boundaries[definition]


def _resource_or_error(value: object) -> ResourceDefinition | DagflowError:
    try:
        return as_resource(value)
    except DagflowError as error:
        return error
