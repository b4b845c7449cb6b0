"""The context of a hook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow.context.resources import ScopedResources
from dagflow.errors import DagflowInvalidPropertyError

if TYPE_CHECKING:
    from dagflow.context.log import DagflowLogManager
    from dagflow.defs.graphs.content import Node
    from dagflow.defs.hooks.definition import HookDefinition
    from dagflow.instance.instance import DagflowInstance
    from dagflow.metadata.value import MetadataValue


class HookContext:
    """The context of a hook, about the attempt at a step before it.

    Created by dagflow, or by `build_hook_context` for a direct call.

    Args:
        resources: Returns the resources that the hook requires.
        log: Returns the log.
        values: The other attributes that exist here, by name; "get_instance" returns the instance.
    """

    __slots__ = ("__dict__", "__weakref__", "_log", "_resources", "_values")

    def __init__(
        self,
        resources: Callable[[], Mapping[str, Any]],
        log: Callable[[], DagflowLogManager],
        values: Mapping[str, Any],
    ) -> None:
        self._resources = resources
        self._log = log
        self._values = values

    def bound_to(self, hook: HookDefinition) -> HookContext:
        """Copy this context for the call of a hook."""
        return HookContext(self._resources, self._log, {**self._values, "hook_def": hook})

    def _get(self, name: str) -> Any:
        if name not in self._values:
            raise DagflowInvalidPropertyError(
                f"'{name}' is not available on this hook context. "
                + (
                    f"Give the parameter '{name}' of build_hook_context."
                    if name in ("op", "run_id", "job_name")
                    else "It exists in a run: use execute_in_process() to test what reads it."
                )
            )
        return self._values[name]

    @property
    def job_name(self) -> str:
        """The name of the job."""
        name: str = self._get("job_name")
        return name

    @property
    def run_id(self) -> str:
        """The id of the run."""
        run_id: str = self._get("run_id")
        return run_id

    @property
    def hook_def(self) -> HookDefinition:
        """The hook."""
        hook_def: HookDefinition = self._get("hook_def")
        return hook_def

    @property
    def op(self) -> Node:
        """The node of the graph that ran. Its name is the alias."""
        node: Node = self._get("op")
        return node

    @property
    def step_key(self) -> str:
        """The key of the step."""
        key: str = self._get("step_key")
        return key

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """The resources that the hook requires."""
        return self.hook_def.required_resource_keys

    @property
    def resources(self) -> ScopedResources:
        """The resources that the hook requires, by attribute."""
        return ScopedResources(self._resources(), "this hook")

    @property
    def op_config(self) -> Any:
        """The checked config of the op."""
        return self._get("op_config")

    @property
    def op_exception(self) -> BaseException | None:
        """The error of the op; None unless the step failed after its last attempt."""
        error: BaseException | None = self._values.get("op_exception")
        return error

    @property
    def op_output_values(self) -> Mapping[str, Any]:
        """The outputs of this attempt, by name; for a dynamic output a dict by mapping key."""
        values: Mapping[str, Any] = self._get("op_output_values")
        return values

    @property
    def op_output_metadata(self) -> Mapping[str, Mapping[str, MetadataValue]]:
        """The metadata of the outputs, by name; for a dynamic output a dict by mapping key."""
        metadata: Mapping[str, Mapping[str, MetadataValue]] = self._get("op_output_metadata")
        return metadata

    @property
    def log(self) -> DagflowLogManager:
        """The log of the step."""
        return self._log()

    @property
    def instance(self) -> DagflowInstance:
        """The instance."""
        instance: DagflowInstance = self._get("get_instance")()
        return instance

    def __repr__(self) -> str:
        return f"<HookContext {sorted(self._values)}>"
