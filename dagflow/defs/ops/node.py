"""What can stand in a graph, and an invocation of it that says more.

Called in the body of a graph, either becomes a node there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from dagflow import _doors
from dagflow._util import nearest
from dagflow.defs.hooks.definition import check_hooks
from dagflow.defs.parts.function import location
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import (
    CheckError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    check_type,
)
from dagflow.keys import check_name, definition_tags

if TYPE_CHECKING:
    from dagflow.defs.ops.ports import InputDefinition, OutputDefinition
    from dagflow.types.kinds import DagflowType


class NodeDefinition:
    """What can stand in a graph: an op, or a graph. Called in a graph's body it becomes a node there.

    Attributes: `name`, `description`, `tags`, `ins` and `outs` (definitions by name), `input_names`,
        `output_names`, `positional_inputs` (the inputs that positional arguments stand for).
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
        """Whether there is an input of this name."""
        return name in self.ins

    def has_output(self, name: str) -> bool:
        """Whether there is an output of this name."""
        return name in self.outs

    def input_def_named(self, name: str) -> InputDefinition:
        """The input of this name.

        Raises:
            DagflowInvariantViolationError: There is none.
        """
        if name not in self.ins:
            raise self._nothing_named(name, "input", self.ins)
        return self.ins[name]

    def output_def_named(self, name: str) -> OutputDefinition:
        """The output of this name.

        Raises:
            DagflowInvariantViolationError: There is none.
        """
        if name not in self.outs:
            raise self._nothing_named(name, "output", self.outs)
        return self.outs[name]

    def _nothing_named(self, name: str, what: str, known: Iterable[str]) -> DagflowInvariantViolationError:
        return DagflowInvariantViolationError(
            f"{self.describe_node()} has no {what} '{name}'; its {what}s are "
            f"{list(known)}.{nearest(name, known)}"
        )

    def describe_node(self) -> str:
        """What it is, and its name: "op 'brew'"."""
        return f"{self.node_type_str} '{self.name}'"

    def own_requirements(self) -> Iterable[Requirement]:
        """Return the resources that each run of it needs, however its inputs are fed."""
        return ()

    def input_requirements(self) -> Iterable[Requirement]:
        """Return the resources that its inputs need."""
        return ()

    def input_has_default(self, name: str) -> bool:
        """Whether an input may stay unconnected, because it has a default."""
        return self.input_def_named(name).has_default_value

    def default_value_for_input(self, name: str) -> Any:
        """The default of an input.

        Raises:
            CheckError: It has none.
        """
        if not self.input_has_default(name):
            raise CheckError(f"input '{name}' of {self.describe_node()} has no default")
        return self.input_def_named(name).default_value

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        """This definition, and for a graph all that stand in it, however deep."""
        yield self

    def all_dagflow_types(self) -> Iterator[DagflowType]:
        """The types of the inputs and outputs of all these definitions, and the types inside those, each
        once.
        """
        found: list[DagflowType] = []
        for definition in self.iterate_node_defs():
            found += (item.dagflow_type for item in definition.input_defs)
            found += (item.dagflow_type for item in definition.output_defs)
        for kind in found:  # grows while it is walked through
            found += (inner for inner in kind.inner_types if inner not in found)
        yield from dict.fromkeys(found)

    def alias(self, name: str) -> PendingInvocation:
        """An invocation of this definition under another name."""
        return PendingInvocation(self).alias(name)

    def tag(self, tags: Mapping[str, Any] | None) -> PendingInvocation:
        """An invocation of this definition with further tags."""
        return PendingInvocation(self).tag(tags)

    def with_hooks(self, hook_defs: set[Any] | frozenset[Any]) -> PendingInvocation:
        """An invocation of this definition with hooks of its own."""
        return PendingInvocation(self).with_hooks(hook_defs)

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingInvocation:
        """An invocation of this definition with a retry policy of its own."""
        return PendingInvocation(self).with_retry_policy(retry_policy)

    def dynamic_outputs(self) -> frozenset[str]:
        """The names of the outputs that have a value for each mapping key."""
        return frozenset()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """In a graph's body: become a node there."""
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self, args, kwargs)
        raise DagflowInvariantViolationError(
            f"Attempted to call {self.describe_node()} outside of a composition function. Invoking graphs is "
            "only valid in a function decorated with @job or @graph. Run it with execute_in_process()."
        )


class PendingInvocation:
    """A definition with what an invocation adds to it: alias, tags, hooks, retry policy. Call it in a
    graph's body.
    """

    __slots__ = ("definition", "given_alias", "hooks", "retry_policy", "tags")

    def __init__(
        self,
        definition: NodeDefinition,
        given_alias: str | None = None,
        tags: Mapping[str, str] | None = None,
        hooks: frozenset[Any] = frozenset(),
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.definition = definition
        self.given_alias = given_alias
        self.tags: Mapping[str, str] = tags or {}
        self.hooks = hooks
        self.retry_policy = retry_policy

    @property
    def name(self) -> str:
        """The name that the node will have, unless it is taken."""
        return self.given_alias or self.definition.name

    def alias(self, name: str) -> PendingInvocation:
        """The same under another name."""
        return self._with(given_alias=check_name(name, "node"))

    def tag(self, tags: Mapping[str, Any] | None) -> PendingInvocation:
        """The same with further tags."""
        return self._with(tags={**self.tags, **definition_tags(tags, f"node '{self.name}'")})

    def with_hooks(self, hook_defs: set[Any] | frozenset[Any]) -> PendingInvocation:
        """The same with further hooks."""
        return self._with(hooks=self.hooks | check_hooks(hook_defs, "hook_defs", f"node '{self.name}'"))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingInvocation:
        """The same with another retry policy."""
        return self._with(retry_policy=check_type(retry_policy, RetryPolicy, "retry_policy"))

    def _with(self, **changes: Any) -> PendingInvocation:
        said = {name: getattr(self, name) for name in PendingInvocation.__slots__}
        pending = PendingInvocation(**{**said, **changes})
        composition = current.get()
        if composition is not None:
            composition.uninvoked.pop(self.name, None)
            composition.uninvoked[pending.name] = pending
        return pending

    def to_job(self, name: str | None = None, **arguments: Any) -> _doors.JobDefinition:
        """Make a job of a graph; its name, tags, hooks and retry policy are what this invocation says.

        Args:
            name: Default: the alias.
            **arguments: As those of `GraphDefinition.to_job`.

        Raises:
            DagflowInvalidInvocationError: The definition is no graph.
        """
        to_job = getattr(self.definition, "to_job", None)
        if to_job is None:
            raise DagflowInvalidInvocationError(
                f"{self.definition.describe_node()} is no graph, so no job can be made of it"
            )
        arguments["tags"] = {**self.tags, **(arguments.get("tags") or {})}
        arguments["hooks"] = self.hooks | (arguments.get("hooks") or frozenset())
        arguments["op_retry_policy"] = arguments.get("op_retry_policy") or self.retry_policy
        made: _doors.JobDefinition = to_job(name=name or self.given_alias, **arguments)
        return made

    def execute_in_process(self, **arguments: Any) -> _doors.ExecuteInProcessResult:
        """Run a graph here and now, with what this invocation says. Arguments as
        `GraphDefinition.execute_in_process`.

        Raises:
            DagflowInvalidInvocationError: The definition is no graph.
        """
        return self.to_job().execute_in_process(**arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        composition = current.get()
        if composition is not None:
            return composition.invoke(self.definition, args, kwargs, self)
        definition = self.definition  # called directly: of all that was added only the alias counts
        if self.given_alias is not None:
            definition = copy.copy(definition)
            definition.name = self.given_alias
        return definition(*args, **kwargs)


def same_name(name: str, one: NodeDefinition, other: NodeDefinition) -> str:
    """The complaint about two definitions of one name."""
    places = " and ".join(
        f"{definition.describe_node()} ({location(getattr(definition, '__wrapped__', None))})"
        for definition in (one, other)
    )
    return (
        f"Detected conflicting node definitions with the same name '{name}': {places}. Give one of them "
        "another name."
    )


class GraphBody(Protocol):
    """A body of a graph while it runs, which collects the nodes that it invokes.

    Attributes:
        uninvoked: Invocations that were prepared (with an alias, tags, hooks or a retry policy), by name.
    """

    uninvoked: dict[str, PendingInvocation]

    def invoke(
        self,
        definition: NodeDefinition,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        pending: PendingInvocation | None = None,
    ) -> Any:
        """Add a node. Return the handles of its outputs."""


current: ContextVar[GraphBody | None] = ContextVar("dagflow_composition", default=None)


def current_composition() -> GraphBody | None:
    """Return the graph body that runs now, None outside of one."""
    return current.get()
