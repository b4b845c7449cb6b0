"""The base of ops and graphs, and an invocation of one with an alias, tags, hooks or a retry policy.

Called in the body of a graph, either becomes a node there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from dagflow import _doors
from dagflow._util import nearest
from dagflow.copies import Copied
from dagflow.defs.hooks.definition import NO_HOOKS, HookDefinition, check_hooks
from dagflow.defs.parts.function import location
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import (
    CheckError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    check_type,
)
from dagflow.keys import check_name
from dagflow.tags import definition_tags

if TYPE_CHECKING:
    from dagflow.defs.ops.ports import InputDefinition, OutputDefinition
    from dagflow.types.kinds import DagflowType


class NodeDefinition(Copied):
    """The definition of a node: an op, or a graph. Called in a graph's body it becomes a node there.

    Attributes: `name`, `description`, `tags`, `ins` and `outs` (definitions by name), `input_names`,
        `output_names`, `positional_inputs` (the inputs for positional arguments).
    """

    __slots__ = ("__weakref__", "description", "input_names", "ins", "name", "output_names", "outs", "tags")
    node_type_str = "node"

    name: str
    description: str | None
    tags: Mapping[str, str]
    ins: Mapping[str, InputDefinition]
    outs: Mapping[str, OutputDefinition]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    positional_inputs: Sequence[str]

    @property
    def input_defs(self) -> list[InputDefinition]:
        """The inputs, in order."""
        return list(self.ins.values())

    @property
    def output_defs(self) -> list[OutputDefinition]:
        """The outputs, in order."""
        return list(self.outs.values())

    @property
    def input_dict(self) -> Mapping[str, InputDefinition]:
        """The inputs by name."""
        return self.ins

    @property
    def output_dict(self) -> Mapping[str, OutputDefinition]:
        """The outputs by name."""
        return self.outs

    def has_input(self, name: str) -> bool:
        """Return whether there is an input of this name."""
        return name in self.ins

    def has_output(self, name: str) -> bool:
        """Return whether there is an output of this name."""
        return name in self.outs

    def input_def_named(self, name: str) -> InputDefinition:
        """Return the input of this name.

        Raises:
            DagflowInvariantViolationError: The name is unknown.
        """
        if name not in self.ins:
            raise self._unknown(name, "input", self.ins)
        return self.ins[name]

    def output_def_named(self, name: str) -> OutputDefinition:
        """Return the output of this name.

        Raises:
            DagflowInvariantViolationError: The name is unknown.
        """
        if name not in self.outs:
            raise self._unknown(name, "output", self.outs)
        return self.outs[name]

    def _unknown(self, name: str, what: str, known: Iterable[str]) -> DagflowInvariantViolationError:
        return DagflowInvariantViolationError(
            f"{self.describe_node()} has no {what} '{name}'; its {what}s are "
            f"{list(known)}.{nearest(name, known)}"
        )

    def describe_node(self) -> str:
        """Return type and name of the definition: "op 'brew'"."""
        return f"{self.node_type_str} '{self.name}'"

    def own_requirements(self) -> Iterable[Requirement]:
        """Return the resources that each run of it needs, however its inputs are fed."""
        return ()

    def input_requirements(self) -> Iterable[Requirement]:
        """Return the resources that its inputs need."""
        return ()

    def all_requirements(self) -> Iterable[Requirement]:
        """Return the resources that it, its inputs and the definitions in it need."""
        return (*self.own_requirements(), *self.input_requirements())

    def input_has_default(self, name: str) -> bool:
        """Return whether an input may stay unconnected, because it has a default."""
        return self.input_def_named(name).has_default_value

    def default_value_for_input(self, name: str) -> Any:
        """Return the default of an input.

        Raises:
            CheckError: The input has no default.
        """
        if not self.input_has_default(name):
            raise CheckError(f"input '{name}' of {self.describe_node()} has no default")
        return self.input_def_named(name).default_value

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        """Yield this definition, and for a graph all definitions in it, at every depth."""
        yield self

    def all_dagflow_types(self) -> Iterator[DagflowType]:
        """Yield the types of the inputs and outputs of all these definitions, and the types inside those,
        each once.
        """
        found: list[DagflowType] = []
        for definition in self.iterate_node_defs():
            found += (item.dagflow_type for item in definition.input_defs)
            found += (item.dagflow_type for item in definition.output_defs)
        for dagflow_type in found:  # grows during the loop
            found += (inner for inner in dagflow_type.inner_types if inner not in found)
        yield from dict.fromkeys(found)

    def alias(self, name: str) -> PendingInvocation:
        """Return an invocation of this definition under another name."""
        return PendingInvocation(self).alias(name)

    def tag(self, tags: Mapping[str, Any] | None) -> PendingInvocation:
        """Return an invocation of this definition with further tags."""
        return PendingInvocation(self).tag(tags)

    def with_hooks(self, hook_defs: set[HookDefinition] | frozenset[HookDefinition]) -> PendingInvocation:
        """Return an invocation of this definition with further hooks."""
        return PendingInvocation(self).with_hooks(hook_defs)

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingInvocation:
        """Return an invocation of this definition with another retry policy."""
        return PendingInvocation(self).with_retry_policy(retry_policy)

    def dynamic_outputs(self) -> frozenset[str]:
        """Return the names of the dynamic outputs, which have a value for each mapping key."""
        return frozenset()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a node to the graph, in the body of a graph."""
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self, args, kwargs)
        raise DagflowInvariantViolationError(
            f"Attempted to call {self.describe_node()} outside of a composition function. Invoking graphs is "
            "only valid in a function decorated with @job or @graph. Run it with execute_in_process()."
        )


class PendingInvocation:
    """A definition with the alias, tags, hooks and retry policy of one invocation. Call it in the body of a
    graph.
    """

    __slots__ = ("definition", "given_alias", "hooks", "retry_policy", "tags")

    def __init__(
        self,
        definition: NodeDefinition,
        given_alias: str | None = None,
        tags: Mapping[str, str] | None = None,
        hooks: frozenset[HookDefinition] = NO_HOOKS,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.definition: NodeDefinition = definition
        self.given_alias: str | None = given_alias
        self.tags: Mapping[str, str] = tags or {}
        self.hooks: frozenset[Any] = hooks
        self.retry_policy: RetryPolicy | None = retry_policy

    @property
    def name(self) -> str:
        """The name of the node, unless another node has it."""
        return self.given_alias or self.definition.name

    def alias(self, name: str) -> PendingInvocation:
        """Return a copy with another name."""
        return self._with(given_alias=check_name(name, "node"))

    def tag(self, tags: Mapping[str, Any] | None) -> PendingInvocation:
        """Return a copy with further tags."""
        return self._with(tags={**self.tags, **definition_tags(tags, f"node '{self.name}'")})

    def with_hooks(self, hook_defs: set[HookDefinition] | frozenset[HookDefinition]) -> PendingInvocation:
        """Return a copy with further hooks."""
        return self._with(hooks=self.hooks | check_hooks(hook_defs, "hook_defs", f"node '{self.name}'"))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingInvocation:
        """Return a copy with another retry policy."""
        return self._with(retry_policy=check_type(retry_policy, RetryPolicy, "retry_policy"))

    def _with(self, **changes: Any) -> PendingInvocation:
        fields = {name: getattr(self, name) for name in PendingInvocation.__slots__}
        pending = PendingInvocation(**{**fields, **changes})
        composition = current_composition()
        if composition is not None:
            composition.uninvoked.pop(self.name, None)
            composition.uninvoked[pending.name] = pending
        return pending

    def to_job(self, name: str | None = None, **arguments: Any) -> _doors.JobDefinition:
        """Make a job of a graph, with the name, tags, hooks and retry policy of this invocation.

        Args:
            name: Default: the alias.
            **arguments: Arguments of `GraphDefinition.to_job`.

        Raises:
            DagflowInvalidInvocationError: The definition is not a graph.
        """
        to_job = getattr(self.definition, "to_job", None)
        if to_job is None:
            raise DagflowInvalidInvocationError(
                f"{self.definition.describe_node()} is not a graph, so no job can be made of it"
            )
        arguments["tags"] = {**self.tags, **(arguments.get("tags") or {})}
        arguments["hooks"] = self.hooks | (arguments.get("hooks") or frozenset())
        arguments["op_retry_policy"] = arguments.get("op_retry_policy") or self.retry_policy
        job: _doors.JobDefinition = to_job(name=name or self.given_alias, **arguments)
        return job

    def execute_in_process(self, **arguments: Any) -> _doors.ExecuteInProcessResult:
        """Run a graph in this process, with the name, tags, hooks and retry policy of this invocation.

        Args:
            **arguments: Arguments of `GraphDefinition.execute_in_process`.

        Raises:
            DagflowInvalidInvocationError: The definition is not a graph.
        """
        return self.to_job().execute_in_process(**arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a node to the graph, in the body of a graph. Elsewhere call the function of the definition."""
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self.definition, args, kwargs, self)
        definition = self.definition  # a direct call uses the alias only
        if self.given_alias is not None:
            definition = copy.copy(definition)
            definition.name = self.given_alias
        return definition(*args, **kwargs)


def same_name(name: str, one: NodeDefinition, other: NodeDefinition) -> str:
    """Return the message about two definitions of one name."""
    places = " and ".join(
        f"{definition.describe_node()} ({location(getattr(definition, '__wrapped__', None))})"
        for definition in (one, other)
    )
    return (
        f"Detected conflicting node definitions with the same name '{name}': {places}. Give one of them "
        "another name."
    )


class GraphBody(Protocol):
    """A body of a graph while it runs. It collects the nodes that the body invokes.

    Attributes:
        graph_name: The name of the graph or job.
        uninvoked: Invocations (with an alias, tags, hooks or a retry policy) that were not called, by name.
    """

    graph_name: str
    uninvoked: dict[str, PendingInvocation]

    def invoke(
        self,
        definition: NodeDefinition,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        pending: PendingInvocation | None = None,
    ) -> Any:
        """Add a node. Return the handles of its outputs."""


COMPOSITION: ContextVar[GraphBody | None] = ContextVar("dagflow_composition", default=None)


def current_composition() -> GraphBody | None:
    """Return the graph body that runs now, None outside of one."""
    return COMPOSITION.get()
