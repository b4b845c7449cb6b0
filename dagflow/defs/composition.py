"""Tracing the body of a graph or job: each call of an op or graph in it becomes a node, each value a handle.

While a body runs, a `Composition` stands in a context variable; `NodeDefinition.__call__` asks for it. What
the body did is collected as a `Wiring`, from which `dagflow.defs.graph` makes the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from dagflow._util import nearest
from dagflow.defs.policy import RetryPolicy
from dagflow.defs.wiring import (
    GRAPH_INPUT_SLOT,
    Dependency,
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    GraphInputSlot,
    InputMapping,
    MultiDependencyDefinition,
    NodeInvocation,
    Wiring,
)
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    check_type,
)
from dagflow.keys import check_name, jsonable_tags


class NodeDefinition:
    """What can stand in a graph: an op, or a graph. Called in a graph's body it becomes a node there."""

    __slots__ = ("__weakref__", "description", "input_names", "name", "output_names", "tags")

    name: str
    description: str | None
    tags: Mapping[str, str]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]

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
            f"{type(self).__name__} '{self.name}' was called outside of a graph's body. Call it in the body "
            "of a @graph or @job, or run it with execute_in_process()."
        )


class PendingInvocation:
    """A definition with what an invocation adds to it: alias, tags, hooks, retry policy. Call it in a
    graph's body.
    """

    __slots__ = ("definition", "given_alias", "hooks", "retry_policy", "tags")

    def __init__(self, definition: NodeDefinition) -> None:
        self.definition = definition
        self.given_alias: str | None = None
        self.tags: dict[str, str] = {}
        self.hooks: frozenset[Any] = frozenset()
        self.retry_policy: RetryPolicy | None = None

    @property
    def name(self) -> str:
        """The name that the node will have, unless it is taken."""
        return self.given_alias or self.definition.name

    def alias(self, name: str) -> PendingInvocation:
        """The same under another name."""
        return self._with(given_alias=check_name(name, "node"))

    def tag(self, tags: Mapping[str, Any] | None) -> PendingInvocation:
        """The same with further tags."""
        return self._with(tags={**self.tags, **jsonable_tags(tags, f"node '{self.name}'")})

    def with_hooks(self, hook_defs: set[Any] | frozenset[Any]) -> PendingInvocation:
        """The same with further hooks."""
        return self._with(hooks=self.hooks | frozenset(check_type(hook_defs, (set, frozenset), "hook_defs")))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingInvocation:
        """The same with another retry policy."""
        return self._with(retry_policy=check_type(retry_policy, RetryPolicy, "retry_policy"))

    def _with(self, **changes: Any) -> PendingInvocation:
        copy = PendingInvocation(self.definition)
        for name in ("given_alias", "tags", "hooks", "retry_policy"):
            setattr(copy, name, changes.get(name, getattr(self, name)))
        return copy

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        composition = _current.get()
        if composition is None:
            return self.definition(*args, **kwargs)  # called directly, alias and tags mean nothing
        return composition.invoke(self.definition, args, kwargs, self)


class OutputHandle:
    """In a graph's body: one output of a node."""

    __slots__ = ("composition", "dynamic_sources", "node_name", "output_name")

    def __init__(
        self,
        composition: Composition,
        node_name: str,
        output_name: str,
        dynamic_sources: frozenset[str] = frozenset(),
    ) -> None:
        self.composition = composition
        self.node_name = node_name
        self.output_name = output_name
        self.dynamic_sources = dynamic_sources

    def __repr__(self) -> str:
        return f"output '{self.output_name}' of '{self.node_name}'"

    def __iter__(self) -> Iterator[Any]:
        raise DagflowInvalidDefinitionError(
            f"in the body of '{self.composition.graph_name}': {self!r} was unpacked, but it is one output. "
            "Give the op several outputs with out={...} to unpack them."
        )


class DynamicHandle(OutputHandle):
    """In a graph's body: a dynamic output of a node. Map it, or collect it."""

    __slots__ = ()

    def map(self, fn: Callable[[OutputHandle], Any]) -> Any:
        """Call `fn` with the handle of one value; what it invokes runs once for each mapping key."""
        result = fn(OutputHandle(self.composition, self.node_name, self.output_name, self.dynamic_sources))
        if isinstance(result, OutputHandle) and not isinstance(result, DynamicHandle):
            return _mapped(result)
        if isinstance(result, tuple) and all(type(part) is OutputHandle for part in result):
            return tuple(_mapped(part) for part in result)
        if result is None:
            return None
        raise DagflowInvalidDefinitionError(
            f"in the body of '{self.composition.graph_name}': the function given to map() over {self!r} must "
            "return one "
            f"output or a tuple of outputs of the nodes that it invoked, not {result!r}"
        )

    def collect(self) -> CollectHandle:
        """All values as one list."""
        return CollectHandle(self)


class CollectHandle:
    """In a graph's body: all values of a dynamic output."""

    __slots__ = ("source",)

    def __init__(self, source: DynamicHandle) -> None:
        self.source = source

    def __repr__(self) -> str:
        return f"all values of {self.source!r}"


class GraphInputHandle:
    """In a graph's body: one of its own inputs."""

    __slots__ = ("graph_name", "input_name")

    def __init__(self, graph_name: str, input_name: str) -> None:
        self.graph_name = graph_name
        self.input_name = input_name

    def __repr__(self) -> str:
        return f"input '{self.input_name}' of graph '{self.graph_name}'"


class OutputHandles(tuple[OutputHandle, ...]):
    """In a graph's body: the outputs of a node with several, to be unpacked or asked for by name."""

    def __init__(self, handles: Iterable[OutputHandle]) -> None:
        # attributes of the instance, so that an output may be named like a method of tuples
        self.__dict__.update((handle.output_name, handle) for handle in self)

    def __getattr__(self, name: str) -> OutputHandle:
        names = list(self.__dict__)
        raise DagflowInvalidDefinitionError(
            f"node '{self[0].node_name}' has no output '{name}'; its outputs are {names}."
            f"{nearest(name, names)}"
        )


class Composition:
    """What the body of one graph has done so far."""

    __slots__ = ("graph_name", "numbers", "wiring")

    def __init__(self, graph_name: str) -> None:
        self.graph_name = graph_name
        self.wiring = Wiring()
        self.numbers: dict[str, int] = {}  # definition name -> the last number that made a name of it

    def invoke(
        self,
        definition: NodeDefinition,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        pending: PendingInvocation | None = None,
    ) -> Any:
        """Add a node. Returns its output handle, several of them, or None."""
        wiring = self.wiring
        name = self._node_name(definition, pending)
        inputs = dict(kwargs)
        names = definition.input_names
        if len(args) > len(names):
            raise DagflowInvalidDefinitionError(
                f"in the body of '{self.graph_name}': '{name}' was called with {len(args)} positional "
                "arguments, but has "
                f"{len(names)} input{'s' if len(names) != 1 else ''} ({list(names)})"
            )
        for input_name, value in zip(names, args):  # noqa: B905 - fewer arguments than inputs is usual
            if input_name in kwargs:
                raise DagflowInvalidInvocationError(
                    f"in the body of '{self.graph_name}': input '{input_name}' of '{name}' was given twice"
                )
            inputs[input_name] = value
        dependencies: dict[str, Dependency] = {}
        dynamic: frozenset[str] = frozenset()
        for input_name, value in inputs.items():
            if input_name not in names:
                raise DagflowInvalidDefinitionError(
                    f"in the body of '{self.graph_name}': '{name}' has no input '{input_name}'; its inputs "
                    "are "
                    f"{list(names)}.{nearest(input_name, names)}"
                )
            if type(value) is OutputHandle and value.composition is self:
                dependencies[input_name] = DependencyDefinition(value.node_name, value.output_name)
                if value.dynamic_sources:
                    dynamic |= value.dynamic_sources
            else:
                source = self._source(value, name, input_name)
                if source is not None:
                    dependencies[input_name] = source
        if len(dynamic) > 1:
            raise DagflowInvalidDefinitionError(
                f"in the body of '{self.graph_name}': '{name}' would be mapped over more than one dynamic "
                "output: "
                f"{' and '.join(repr(source) for source in sorted(dynamic))}. Collect one of them first."
            )
        known = wiring.node_defs.setdefault(definition.name, definition)
        if known is not definition:
            raise DagflowInvalidDefinitionError(
                f"in the body of '{self.graph_name}': two different definitions are named "
                f"'{definition.name}'. "
                "Give one of them another name."
            )
        wiring.invocations[name] = (
            NodeInvocation(definition.name, name if name != definition.name else None)
            if pending is None
            else NodeInvocation(
                definition.name,
                name if name != definition.name else None,
                pending.tags,
                pending.hooks,
                pending.retry_policy,
            )
        )
        wiring.dependencies[name] = dependencies
        return self._handles(definition, name, dynamic)

    def _node_name(self, definition: NodeDefinition, pending: PendingInvocation | None) -> str:
        used = self.wiring.invocations
        if pending is not None and pending.given_alias is not None:
            if pending.given_alias in used:
                raise DagflowInvalidDefinitionError(
                    f"in the body of '{self.graph_name}': '{pending.given_alias}' was invoked twice without "
                    "aliasing; "
                    "give each invocation an alias of its own"
                )
            return pending.given_alias
        name = definition.name
        if name in used:
            known = self.wiring.node_defs.get(definition.name)
            if known is None:
                raise DagflowInvalidDefinitionError(
                    f"in the body of '{self.graph_name}': '{name}' is already the alias of another node"
                )
            number = self.numbers.get(definition.name, 1)
            while name in used:
                number += 1
                name = f"{definition.name}_{number}"
            self.numbers[definition.name] = number
        return name

    def _source(self, value: Any, node: str, input_name: str) -> Dependency | None:
        """The dependency that an argument stands for; None for an input of the graph, which is mapped."""
        if isinstance(value, GraphInputHandle) and value.graph_name == self.graph_name:
            self.wiring.input_mappings.append(InputMapping(value.input_name, node, input_name))
            return None
        if isinstance(value, CollectHandle) and value.source.composition is self:
            return DynamicCollectDependencyDefinition(value.source.node_name, value.source.output_name)
        if isinstance(value, list):
            return MultiDependencyDefinition(
                [self._element(part, index, node, input_name) for index, part in enumerate(value)]
            )
        raise self._refusal(value, node, input_name)

    def _element(
        self, value: Any, index: int, node: str, input_name: str
    ) -> DependencyDefinition | GraphInputSlot:
        if type(value) is OutputHandle and value.composition is self:
            return DependencyDefinition(value.node_name, value.output_name)
        if isinstance(value, GraphInputHandle) and value.graph_name == self.graph_name:
            self.wiring.input_mappings.append(InputMapping(value.input_name, node, input_name, index))
            return GRAPH_INPUT_SLOT
        raise self._refusal(value, node, f"{input_name}[{index}]")

    def _refusal(self, value: Any, node: str, input_name: str) -> DagflowInvalidDefinitionError:
        place = f"in the body of '{self.graph_name}': input '{input_name}' of '{node}'"
        if _is_foreign(value, self):
            return DagflowInvalidDefinitionError(
                f"{place} was given {value!r}, which belongs to the body of another graph. Pass it through "
                "an input and an output of that graph."
            )
        if isinstance(value, DynamicHandle):
            return DagflowInvalidDefinitionError(
                f"{place} was given the dynamic {value!r}. Call .map() or .collect() on it."
            )
        if isinstance(value, OutputHandles):
            return DagflowInvalidDefinitionError(
                f"{place} was given all {len(value)} outputs of '{value[0].node_name}' at once. Unpack them, "
                f"or choose one by name, like {value[0].node_name}().{value[0].output_name}"
            )
        if isinstance(value, (NodeDefinition, PendingInvocation)):
            return DagflowInvalidDefinitionError(
                f"{place} was given '{value.name}' itself, not an output of it. Did you forget the "
                "parentheses: "
                f"{value.name}()?"
            )
        return DagflowInvalidDefinitionError(
            f"{place} was given {value!r} of type '{type(value).__name__}'. In the body of a graph an "
            "argument must be an "
            "output of another node, an input of the graph, or a list of these. Give constants through "
            "config, through a "
            "default of the parameter, or through an op that returns them."
        )

    def _handles(self, definition: NodeDefinition, name: str, dynamic: frozenset[str]) -> Any:
        outputs = definition.output_names
        if not outputs:
            return None
        own_dynamic = definition.dynamic_outputs()
        if not own_dynamic and len(outputs) == 1:
            return OutputHandle(self, name, outputs[0], dynamic)
        if own_dynamic and dynamic:
            raise DagflowInvalidDefinitionError(
                f"in the body of '{self.graph_name}': '{name}' has a dynamic output and is itself mapped "
                "over "
                f"{' and '.join(repr(source) for source in sorted(dynamic))}. Collect that first."
            )
        handles = OutputHandles(
            DynamicHandle(self, name, output, frozenset({f"{name}.{output}"}))
            if output in own_dynamic
            else OutputHandle(self, name, output, dynamic)
            for output in outputs
        )
        return handles[0] if len(outputs) == 1 else handles


def compose(graph_name: str, body: Callable[[], Any]) -> tuple[Wiring, Any]:
    """Run `body` as the body of a graph; return the wiring and what the body returned."""
    composition = Composition(graph_name)
    token = _current.set(composition)
    try:
        result = body()
    finally:
        _current.reset(token)
    return composition.wiring, result


def _is_foreign(value: Any, composition: Composition) -> bool:
    if isinstance(value, GraphInputHandle):
        return value.graph_name != composition.graph_name
    handle = value.source if isinstance(value, CollectHandle) else value
    return isinstance(handle, OutputHandle) and handle.composition is not composition


def _mapped(handle: OutputHandle) -> DynamicHandle:
    return DynamicHandle(handle.composition, handle.node_name, handle.output_name, handle.dynamic_sources)


_current: ContextVar[Composition | None] = ContextVar("dagflow_composition", default=None)


def current_composition() -> Composition | None:
    """What the graph's body that runs now has done so far, None outside of one."""
    return _current.get()
