"""The tracing of the body of a graph or job: each call of an op or graph becomes a node.

Each value becomes a handle of `dagflow.defs.graphs.handles`.

While a body runs, a context variable of `dagflow.defs.ops.node` holds its `Composition`. A definition that
is called adds itself to it. `dagflow.defs.graphs.definition` makes a graph of the resulting `Wiring`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagflow._util import nearest, warn
from dagflow.defs.graphs.handles import (
    CollectHandle,
    DynamicHandle,
    GraphInputHandle,
    InvokedNodeOutputHandle,
    OutputHandles,
)
from dagflow.defs.graphs.wiring import (
    GRAPH_INPUT_SLOT,
    Dependency,
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    GraphInputSlot,
    InputMapping,
    MultiDependencyDefinition,
    NodeInvocation,
    ReadableAsset,
    Wiring,
)
from dagflow.defs.ops.node import COMPOSITION, NodeDefinition, PendingInvocation, same_name
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    repr_of,
)


class Composition:
    """The nodes and dependencies of one graph, while its body runs."""

    __slots__ = ("graph_name", "numbers", "uninvoked", "wiring")

    def __init__(self, graph_name: str) -> None:
        self.graph_name: str = graph_name
        self.wiring: Wiring = Wiring()
        self.uninvoked: dict[str, PendingInvocation] = {}
        self.numbers: dict[str, int] = {}  # definition name -> the last number in the name of a node

    def invoke(
        self,
        definition: NodeDefinition,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        pending: PendingInvocation | None = None,
    ) -> Any:
        """Add a node. Return the handle of its output, several handles, or None."""
        wiring = self.wiring
        name = self._node_name(definition, pending)
        inputs = dict(kwargs)
        names = definition.input_names
        if args:
            self._bind(definition, name, args, inputs)
        dependencies: dict[str, Dependency] = {}
        for input_name, value in inputs.items():
            if input_name not in names:
                raise DagflowInvalidDefinitionError(
                    f"in the body of '{self.graph_name}': '{name}' has no input '{input_name}'; its inputs "
                    f"are {list(names)}.{nearest(input_name, names)}"
                )
            if type(value) is InvokedNodeOutputHandle and value.composition is self:
                dependencies[input_name] = DependencyDefinition(value.node_name, value.output_name)
            else:
                source = self._source(value, name, input_name)
                if source is not None:
                    dependencies[input_name] = source
        known = wiring.node_defs.setdefault(definition.name, definition)
        if known is not definition:
            raise DagflowInvalidDefinitionError(
                f"in the body of '{self.graph_name}': {same_name(definition.name, known, definition)}"
            )
        if pending is not None:
            self.uninvoked.pop(pending.name, None)
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
        return self._handles(definition, name)

    def _bind(
        self, definition: NodeDefinition, name: str, args: tuple[Any, ...], inputs: dict[str, Any]
    ) -> None:
        """Add the positional arguments to the inputs by name."""
        names, positions = definition.input_names, definition.positional_inputs
        if len(args) > len(names):
            raise DagflowInvalidDefinitionError(
                f"in the body of '{self.graph_name}': '{name}' was called with {len(args)} positional "
                f"arguments, but has {len(names)} input{'s' if len(names) != 1 else ''} ({list(names)})"
            )
        if len(args) > len(positions):
            raise DagflowInvalidDefinitionError(
                f"in the body of '{self.graph_name}': could not resolve positional argument "
                f"{len(positions) + 1} of '{name}' to an input, because the function has no parameter there. "
                f"Use keyword args instead; the inputs are {list(names)}."
            )
        for input_name, value in zip(positions, args):  # noqa: B905 - fewer arguments than inputs is usual
            if input_name in inputs:
                raise DagflowInvalidInvocationError(
                    f"in the body of '{self.graph_name}': {definition.node_type_str} {name} got multiple "
                    f"values for argument '{input_name}'. Give it once, by position or by name."
                )
            inputs[input_name] = value

    def warn_of_uninvoked(self) -> None:
        """Warn about each definition that got an alias, tags, hooks or a retry policy, but was not called."""
        for name, pending in self.uninvoked.items():
            call = (
                f"{name}(...)"
                if pending.given_alias is None
                else f"{pending.definition.name}.alias('{name}')(...)"
            )
            warn(
                f"the body of '{self.graph_name}' received an uninvoked {pending.definition.describe_node()}"
                + ("" if pending.given_alias is None else f" (aliased as '{name}')")
                + f", so it is not a node of the graph. Call it: {call}."
            )

    def _node_name(self, definition: NodeDefinition, pending: PendingInvocation | None) -> str:
        used = self.wiring.invocations
        if pending is not None and pending.given_alias is not None:
            if pending.given_alias in used:
                raise DagflowInvalidDefinitionError(
                    f"in the body of '{self.graph_name}': '{pending.given_alias}' was invoked twice without "
                    "aliasing; give each invocation an alias of its own"
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
        """Return the dependency of an argument; None for an input of the graph, which is mapped, and for an
        asset, which is loaded.
        """
        if isinstance(value, GraphInputHandle) and value.graph_name == self.graph_name:
            self.wiring.input_mappings.append(InputMapping(value.input_name, node, input_name))
            return None
        if isinstance(value, CollectHandle) and value.source.composition is self:
            return DynamicCollectDependencyDefinition(value.source.node_name, value.source.output_name)
        if isinstance(value, list):
            return MultiDependencyDefinition(
                [self._element(part, index, node, input_name) for index, part in enumerate(value)]
            )
        if isinstance(value, ReadableAsset):
            self.wiring.input_assets[node, input_name] = value
            return None
        raise self._refusal(value, node, input_name)

    def _element(
        self, value: Any, index: int, node: str, input_name: str
    ) -> DependencyDefinition | GraphInputSlot:
        if type(value) is InvokedNodeOutputHandle and value.composition is self:
            return DependencyDefinition(value.node_name, value.output_name)
        if isinstance(value, GraphInputHandle) and value.graph_name == self.graph_name:
            self.wiring.input_mappings.append(InputMapping(value.input_name, node, input_name, index))
            return GRAPH_INPUT_SLOT
        refusal = self._refusal(value, node, f"{input_name}[{index}]")
        raise DagflowInvalidDefinitionError(
            f"{refusal} Lists can only contain the output from previous op invocations or input mappings."
        )

    def _refusal(self, value: Any, node: str, input_name: str) -> DagflowInvalidDefinitionError:
        place = f"in the body of '{self.graph_name}': input '{input_name}' of '{node}'"
        if _is_foreign(value, self):
            return DagflowInvalidDefinitionError(
                f"{place} was given {repr_of(value)}, which belongs to the body of another graph. Pass it "
                f"through "
                "an input and an output of that graph."
            )
        if isinstance(value, DynamicHandle):
            return DagflowInvalidDefinitionError(
                f"{place} was given the dynamic {repr_of(value)}. Call .map() or .collect() on it."
            )
        if isinstance(value, OutputHandles):
            return DagflowInvalidDefinitionError(
                f"{place} was given all {len(value)} outputs of '{value[0].node_name}' at once. Unpack them, "
                f"or choose one by name, like {value[0].node_name}().{value[0].output_name}"
            )
        if isinstance(value, (NodeDefinition, PendingInvocation)):
            return DagflowInvalidDefinitionError(
                f"{place} was given '{value.name}' itself, not an output of it. Did you forget parentheses? "
                f"Write {value.name}()."
            )
        return DagflowInvalidDefinitionError(
            f"{place} was given {repr_of(value)} of type '{type(value).__name__}'. Must pass the output from "
            "previous node invocations or inputs to the composition function as inputs when invoking nodes "
            "during composition. Give constants through config, through a default of the parameter, or "
            "through an op that returns them."
        )

    def _handles(self, definition: NodeDefinition, name: str) -> Any:
        outputs = definition.output_names
        if not outputs:
            return None
        dynamic = definition.dynamic_outputs()
        if not dynamic and len(outputs) == 1:
            return InvokedNodeOutputHandle(self, name, outputs[0])
        handles = OutputHandles(
            (DynamicHandle if output in dynamic else InvokedNodeOutputHandle)(self, name, output)
            for output in outputs
        )
        return handles[0] if len(outputs) == 1 else handles


def compose(graph_name: str, body: Callable[[], Any]) -> tuple[Wiring, Any]:
    """Run `body` as the body of a graph; return the wiring and what the body returned."""
    composition = Composition(graph_name)
    token = COMPOSITION.set(composition)
    try:
        result = body()
    finally:
        COMPOSITION.reset(token)
    if composition.uninvoked:
        composition.warn_of_uninvoked()
    return composition.wiring, result


def _is_foreign(value: Any, composition: Composition) -> bool:
    if isinstance(value, GraphInputHandle):
        return value.graph_name != composition.graph_name
    handle = value.source if isinstance(value, CollectHandle) else value
    return isinstance(handle, InvokedNodeOutputHandle) and handle.composition is not composition
