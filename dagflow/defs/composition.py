"""Tracing the body of a graph or job: each call of an op or graph in it becomes a node, each value a handle.

While a body runs, a `Composition` stands in a context variable; `NodeDefinition.__call__` asks for it. What
the body did is collected as a `Wiring`, from which `dagflow.defs.graph` makes the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dagflow._util import nearest
from dagflow.defs.hook import check_hooks
from dagflow.defs.policy import RetryPolicy
from dagflow.defs.signature import location
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
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    check_type,
)
from dagflow.keys import check_name, jsonable_tags

if TYPE_CHECKING:
    from dagflow.defs.job import JobDefinition
    from dagflow.defs.op import InputDefinition, OutputDefinition
    from dagflow.types import DagflowType


class NodeDefinition:
    """What can stand in a graph: an op, or a graph. Called in a graph's body it becomes a node there.

    Attributes: `name`, `description`, `tags`, `ins` and `outs` (definitions by name), `input_names`,
        `output_names`.
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

    @property
    def positional_inputs(self) -> list[str]:
        """The inputs that positional arguments stand for."""
        return list(self.input_names)

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
            "only "
            "valid in a function decorated with @job or @graph. Run it with execute_in_process()."
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
        return self._with(tags={**self.tags, **jsonable_tags(tags, f"node '{self.name}'")})

    def with_hooks(self, hook_defs: set[Any] | frozenset[Any]) -> PendingInvocation:
        """The same with further hooks."""
        return self._with(hooks=self.hooks | check_hooks(hook_defs, "hook_defs", f"node '{self.name}'"))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingInvocation:
        """The same with another retry policy."""
        return self._with(retry_policy=check_type(retry_policy, RetryPolicy, "retry_policy"))

    def _with(self, **changes: Any) -> PendingInvocation:
        said = {name: getattr(self, name) for name in PendingInvocation.__slots__}
        pending = PendingInvocation(**{**said, **changes})
        composition = _current.get()
        if composition is not None:
            composition.uninvoked.pop(self.name, None)
            composition.uninvoked[pending.name] = pending
        return pending

    def to_job(self, name: str | None = None, **arguments: Any) -> JobDefinition:
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
        made: JobDefinition = to_job(name=name or self.given_alias, **arguments)
        return made

    def execute_in_process(self, **arguments: Any) -> Any:
        """Run a graph here and now, with what this invocation says. Arguments as
        `GraphDefinition.execute_in_process`.

        Raises:
            DagflowInvalidInvocationError: The definition is no graph.
        """
        return self.to_job().execute_in_process(**arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        composition = _current.get()
        if composition is None:
            return self.definition(*args, **kwargs)  # called directly, alias and tags mean nothing
        return composition.invoke(self.definition, args, kwargs, self)


class InvokedNodeOutputHandle:
    """In a graph's body: one output of a node."""

    __slots__ = ("composition", "node_name", "output_name")

    def __init__(self, composition: Composition, node_name: str, output_name: str) -> None:
        self.composition = composition
        self.node_name = node_name
        self.output_name = output_name

    def __repr__(self) -> str:
        return f"output '{self.output_name}' of '{self.node_name}'"

    def __iter__(self) -> Iterator[Any]:
        raise self._misused(
            "Attempted to iterate over an",
            "is one output. Give the op several outputs with out={...} to unpack them.",
        )

    def __getitem__(self, index: Any) -> Any:
        raise self._misused(
            "Attempted to index in to an",
            "is one output. Give the op several outputs with out={...} to choose one.",
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("map", "collect"):
            hint = f"is not dynamic, so it has no {name}(). Give the op out=DynamicOut()."
        else:
            hint = f"has been made already. Consider checking the location of parentheses: node.{name}(...)(...)."
        kind = "hook" if name == "with_hooks" else name
        raise self._misused(f"attempted to call {kind} method for", hint)

    def _misused(self, what: str, hint: str) -> DagflowInvariantViolationError:
        return DagflowInvariantViolationError(
            f"in the body of '{self.composition.graph_name}': {what} InvokedNodeOutputHandle. {self!r} {hint}"
        )


class DynamicHandle(InvokedNodeOutputHandle):
    """In a graph's body: a dynamic output of a node. Map it, or collect it."""

    __slots__ = ()

    def map(self, fn: Callable[[InvokedNodeOutputHandle], Any]) -> Any:
        """Call `fn` with the handle of one value; what it invokes runs once for each mapping key.

        Returns:
            What `fn` returned (an output, several in a tuple, or None), to be mapped on or collected.

        Raises:
            CheckError: `fn` returned something else.
        """
        result = fn(InvokedNodeOutputHandle(self.composition, self.node_name, self.output_name))
        if isinstance(result, InvokedNodeOutputHandle):
            return _mapped(result)
        if isinstance(result, OutputHandles):
            return OutputHandles(map(_mapped, result))
        if isinstance(result, tuple) and all(isinstance(part, InvokedNodeOutputHandle) for part in result):
            return tuple(map(_mapped, result))
        if result is None:
            return None
        raise CheckError(
            f"in the body of '{self.composition.graph_name}': the function given to map() over {self!r} must "
            f"return one output or a tuple of outputs of the nodes that it invoked, not {result!r}"
        )

    def __iter__(self) -> Iterator[Any]:
        raise self._misused("Attempted to iterate over an", "is dynamic: call .map() or .collect() on it.")

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


class OutputHandles(tuple[InvokedNodeOutputHandle, ...]):
    """In a graph's body: the outputs of a node with several, to be unpacked or asked for by name."""

    def __init__(self, handles: Iterable[InvokedNodeOutputHandle]) -> None:
        # attributes of the instance, so that an output may be named like a method of tuples
        self.__dict__.update((handle.output_name, handle) for handle in self)

    def __getattr__(self, name: str) -> InvokedNodeOutputHandle:
        names = list(self.__dict__)
        raise DagflowInvalidDefinitionError(
            f"node '{self[0].node_name}' has no output '{name}'; its outputs are {names}."
            f"{nearest(name, names)}"
        )


class Composition:
    """What the body of one graph has done so far."""

    __slots__ = ("graph_name", "numbers", "uninvoked", "wiring")

    def __init__(self, graph_name: str) -> None:
        self.graph_name = graph_name
        self.wiring = Wiring()
        self.uninvoked: dict[str, PendingInvocation] = {}
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
        if args:
            self._bind(definition, name, args, inputs)
        dependencies: dict[str, Dependency] = {}
        for input_name, value in inputs.items():
            if input_name not in names:
                raise DagflowInvalidDefinitionError(
                    f"in the body of '{self.graph_name}': '{name}' has no input '{input_name}'; its inputs "
                    "are "
                    f"{list(names)}.{nearest(input_name, names)}"
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
                f"{len(positions) + 1} of "
                f"'{name}' to an input, because the function has no parameter there. Use keyword args "
                "instead; "
                f"the inputs are {list(names)}."
            )
        for input_name, value in zip(positions, args):  # noqa: B905 - fewer arguments than inputs is usual
            if input_name in inputs:
                raise DagflowInvalidInvocationError(
                    f"in the body of '{self.graph_name}': {definition.node_type_str} {name} got multiple "
                    "values for "
                    f"argument '{input_name}'. Give it once, by position or by name."
                )
            inputs[input_name] = value

    def warn_of_uninvoked(self) -> None:
        """Warn where a definition was given an alias, tags, hooks or a retry policy, and then was not
        called.
        """
        for name, pending in self.uninvoked.items():
            import warnings  # few bodies need it

            call = (
                f"{name}(...)"
                if pending.given_alias is None
                else f"{pending.definition.name}.alias('{name}')(...)"
            )
            warnings.warn(
                f"the body of '{self.graph_name}' received an uninvoked {pending.definition.describe_node()}"
                + ("" if pending.given_alias is None else f" (aliased as '{name}')")
                + f", which is no node of it. Call it: {call}.",
                UserWarning,
                stacklevel=5,
            )

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
        """The dependency that an argument stands for; None for an input of the graph, which is mapped, and
        for an asset, which is loaded.
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
        from dagflow.defs.asset import AssetSpec, SourceAsset  # few bodies read assets

        if isinstance(value, (AssetSpec, SourceAsset)):
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
                f"{place} was given '{value.name}' itself, not an output of it. Did you forget parentheses? "
                f"Write {value.name}()."
            )
        return DagflowInvalidDefinitionError(
            f"{place} was given {value!r} of type '{type(value).__name__}'. In the body of a graph an "
            "argument must be an "
            "output of another node, an input of the graph, or a list of these. Give constants through "
            "config, through a "
            "default of the parameter, or through an op that returns them."
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
    token = _current.set(composition)
    try:
        result = body()
    finally:
        _current.reset(token)
    if composition.uninvoked:
        composition.warn_of_uninvoked()
    return composition.wiring, result


def same_name(name: str, one: NodeDefinition, other: NodeDefinition) -> str:
    """The complaint about two definitions of one name."""
    places = " and ".join(
        f"{definition.describe_node()} ({location(getattr(definition, '__wrapped__', None))})"
        for definition in (one, other)
    )
    return f"Detected conflicting node definitions with the same name '{name}': {places}. Give one of them another name."


def _is_foreign(value: Any, composition: Composition) -> bool:
    if isinstance(value, GraphInputHandle):
        return value.graph_name != composition.graph_name
    handle = value.source if isinstance(value, CollectHandle) else value
    return isinstance(handle, InvokedNodeOutputHandle) and handle.composition is not composition


def _mapped(handle: InvokedNodeOutputHandle) -> DynamicHandle:
    return DynamicHandle(handle.composition, handle.node_name, handle.output_name)


_current: ContextVar[Composition | None] = ContextVar("dagflow_composition", default=None)


def current_composition() -> Composition | None:
    """What the graph's body that runs now has done so far, None outside of one."""
    return _current.get()
