"""The common part of the contexts of schedules and sensors."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from dagflow.context.log import DagflowLogManager
from dagflow.context.resources import ScopedResources
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.errors import DagflowInvariantViolationError, check_elements, check_optional, check_type
from dagflow.instance.home import InstanceRef
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import InstanceWhenAsked, Owner, OwnResources

if TYPE_CHECKING:
    from dagflow.defs.project.repository import RepositoryDefinition

_Self = TypeVar("_Self", bound="EvaluationContext")


class EvaluationContext(Owner):
    """A context with an instance, a repository and resources. Resources that must be closed need a `with`
    block.

    Attributes:
        resource_defs: The definitions of the resources by key.
        log_key: The key of the captured log; None without one.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_instance",
        "_log",
        "_opens_instance",
        "_own",
        "_replaced",
        "_repository_def",
        "log_key",
        "resource_defs",
    )
    builder = "build_sensor_context"
    """The name of the function that builds it, for messages."""

    _own: OwnResources

    def __init__(
        self,
        instance: DagflowInstance | None,
        instance_ref: InstanceRef | None,
        repository_def: RepositoryDefinition | None,
        resources: Mapping[str, Any] | None,
        log_key: Sequence[str] | None = None,
    ) -> None:
        check_optional(instance, DagflowInstance, "instance", self.builder)
        check_optional(instance_ref, InstanceRef, "instance_ref", self.builder)
        self._opens_instance: bool = instance is None and instance_ref is not None
        if instance is None and instance_ref is not None:
            instance = DagflowInstance.from_ref(instance_ref)  # its storage is opened at the first use
        self._instance: DagflowInstance | None = instance
        self._repository_def: RepositoryDefinition | None = _checked_repository(repository_def, self.builder)
        given = check_optional(resources, Mapping, "resources", self.builder)
        self.resource_defs: Mapping[str, ResourceDefinition] = as_resources(given, self.builder)
        self.log_key: list[str] | None = None if log_key is None else check_elements(log_key, str, "log_key")
        self._log: DagflowLogManager | None = None
        self._own = OwnResources(given, None, InstanceWhenAsked(instance), self.builder)
        self._replaced: OwnResources | None = None

    @property
    def instance(self) -> DagflowInstance:
        """The instance.

        Raises:
            DagflowInvariantViolationError: None was given.
        """
        if self._instance is None:
            raise DagflowInvariantViolationError(
                "Attempted to initialize dagflow instance, but no instance reference was provided. Give "
                f"{self.builder} the argument instance, as DagflowInstance.ephemeral()."
            )
        return self._instance

    @property
    def instance_ref(self) -> InstanceRef | None:
        """The location of the instance; None without an instance, or for one in memory."""
        instance = self._instance
        return None if instance is None or instance.is_ephemeral else instance.ref()

    @property
    def has_instance(self) -> bool:
        """Whether an instance, or its location, was given."""
        return self._instance is not None

    @property
    def given_repository(self) -> RepositoryDefinition | None:
        """The repository; None if none was given."""
        return self._repository_def

    @property
    def resources(self) -> ScopedResources:
        """The resources by attribute.

        Raises:
            DagflowInvariantViolationError: A resource must be closed, and no `with` block will close it.
        """
        return ScopedResources(self.resource_values(), "this context")

    def resource_values(self) -> Mapping[str, Any]:
        """Return the resources by key. Errors as for `resources`."""
        values = self._own()
        # not one dict, which would start the resources that nothing reads
        return values if self._replaced is None else ChainMap(dict(self._replaced()), values)  # type: ignore[arg-type]

    def merge_resources(self: _Self, resources: Mapping[str, Any]) -> _Self:
        """Return a copy with further resources, which win over those of this context."""
        merged = copy(self)
        own = OwnResources(resources, None, InstanceWhenAsked(self._instance), self.builder)
        own.is_entered = self._own.is_entered
        merged._replaced = own  # noqa: SLF001 - a copy of this very class
        merged.resource_defs = {**self.resource_defs, **as_resources(resources, self.builder)}
        return merged

    def share_resources(self, other: EvaluationContext) -> None:
        """Use the resources of another context, which closes them."""
        self.resource_defs = other.resource_defs
        self._own, self._replaced = other._own, other._replaced

    @property
    def log(self) -> DagflowLogManager:
        """The log of the tick. Its records go to the Python logger "dagflow"."""
        if self._log is None:
            self._log = DagflowLogManager({})
        return self._log

    def close(self) -> None:
        """Close the resources, the last first, and the instance, if this context opened it."""
        try:
            super().close()
        finally:
            if self._opens_instance:
                self.instance.dispose()

    def has_captured_logs(self) -> bool:
        """Return whether the log is stored: never, because no daemon runs the tick."""
        return False


def _checked_repository(repository_def: Any, builder: str) -> RepositoryDefinition | None:
    if repository_def is None:
        return None
    from dagflow.defs.project.repository import RepositoryDefinition  # loaded already: the caller has one

    return check_type(repository_def, RepositoryDefinition, "repository_def", builder)
