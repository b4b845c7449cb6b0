"""The context of a resource function while it makes its resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow.context.resources import ScopedResources

if TYPE_CHECKING:
    from dagflow.defs.resource import ResourceDefinition
    from dagflow.events.run import DagflowRun


class InitResourceContext:
    """What a resource function knows.

    Attributes: `resource_config` (checked), `resource_def`, `run`, `run_id` (None outside of a run).
    """

    __slots__ = ("_get_instance", "_log", "_resources", "resource_config", "resource_def", "run")

    def __init__(
        self,
        resource_config: Any,
        resources: Mapping[str, Any],
        get_instance: Callable[[], Any],
        resource_def: ResourceDefinition | None = None,
        run: DagflowRun | None = None,
        log: Callable[[], Any] | None = None,
    ) -> None:
        self.resource_config = resource_config
        self.resource_def = resource_def
        self.run = run
        self._resources = resources
        self._get_instance = get_instance
        self._log = log

    def with_config(self, config: Any, resource_def: ResourceDefinition) -> InitResourceContext:
        """The same context for one resource, with its checked config."""
        return InitResourceContext(
            config, self._resources, self._get_instance, resource_def, self.run, self._log
        )

    @property
    def dagflow_run(self) -> DagflowRun | None:
        """The run, None outside of one."""
        return self.run

    @property
    def run_id(self) -> str | None:
        """The id of the run, None outside of one."""
        return None if self.run is None else self.run.run_id

    @property
    def resources(self) -> ScopedResources:
        """The resources that this one requires."""
        return ScopedResources(self._resources, "this resource")

    @property
    def instance(self) -> Any:
        """The DagflowInstance."""
        return self._get_instance()

    @property
    def log(self) -> Any:
        """The log of the run."""
        if self._log is not None:
            return self._log()
        from dagflow.context.log import DagflowLogManager

        return DagflowLogManager({"run_id": self.run_id})
