"""Graphs: nodes, what ties them together, and which of their inputs and outputs face outward."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, overload

from dagflow._util import nearest
from dagflow.annotations import resolve_annotation
from dagflow.config.field import Field
from dagflow.dag import find_cycle, levels
from dagflow.defs import _entry
from dagflow.defs.composition import (
    DynamicHandle,
    GraphInputHandle,
    InvokedNodeOutputHandle,
    NodeDefinition,
    compose,
    same_name,
)
from dagflow.defs.configured import ConfigMapping, as_config_mapping, configured_field, new_name
from dagflow.defs.mapped import mapped_nodes
from dagflow.defs.op import InputDefinition, OutputDefinition
from dagflow.defs.policy import RetryPolicy
from dagflow.defs.signature import annotations_of, location
from dagflow.defs.wiring import (
    Dependency,
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    GraphIn,
    GraphOut,
    InputMapping,
    MultiDependencyDefinition,
    NodeInvocation,
    OutputMapping,
    Wiring,
    sources,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_type,
)
from dagflow.keys import NodeHandle, check_name, jsonable_tags
from dagflow.types import Any as AnyType
from dagflow.types import DagflowType

if TYPE_CHECKING:
    from dagflow.defs.job import JobDefinition

_Mapping = TypeVar("_Mapping", InputMapping, OutputMapping)


class Node:
    """A node of a graph: a definition under a name, with what is said of it there."""

    __slots__ = ("definition", "hook_defs", "name", "retry_policy", "tags")

    def __init__(self, invocation: NodeInvocation, definition: NodeDefinition) -> None:
        self.name = invocation.node_name
        self.definition = definition
        self.tags: Mapping[str, str] = (
            {**definition.tags, **invocation.tags} if invocation.tags else definition.tags
        )
        self.hook_defs: frozenset[Any] = invocation.hook_defs or frozenset()
        self.retry_policy: RetryPolicy | None = invocation.retry_policy

    def __repr__(self) -> str:
        return f"<node '{self.name}' of {self.definition!r}>"


class GraphDefinition(NodeDefinition):
    """Nodes and their dependencies. Usually made by `@graph`.

    Args:
        name: Its name, which is also that of its node in another graph.
        description: A sentence for people.
        node_defs: The ops and graphs in it.
        dependencies: Node name (or NodeInvocation, for an alias) to input name to DependencyDefinition,
            MultiDependencyDefinition or DynamicCollectDependencyDefinition.
        input_mappings: Which inputs of nodes its own inputs feed.
        output_mappings: Which outputs of nodes are its own outputs.
        config: A ConfigMapping from its own config to that of its nodes.
        tags: Become tags of its runs.

    Raises:
        DagflowInvalidDefinitionError: A name, node, input or output that is not there, or a cycle.

    Example:
        >>> from dagflow import GraphDefinition, op
        >>> @op
        ... def one():
        ...     return 1
        >>> GraphDefinition("g", node_defs=[one]).execute_in_process().output_for_node("one")
        1
    """

    __slots__ = (
        "__dict__",
        "_definitions",
        "_fed_by",
        "_in_order",
        "compiled_job",
        "config_mapping",
        "dependencies",
        "input_assets",
        "input_mappings",
        "node_dict",
        "output_mappings",
        "parent_graph_def",
    )
    node_type_str = "graph"

    def __init__(
        self,
        name: str,
        description: str | None = None,
        node_defs: Sequence[NodeDefinition] | None = None,
        dependencies: Mapping[str | NodeInvocation, Mapping[str, Dependency]] | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        wiring = kwargs.pop("_wiring", None)
        self.parent_graph_def: GraphDefinition | None = kwargs.pop("_parent", None)
        if kwargs:
            raise ParameterCheckError(f"GraphDefinition has no parameter '{next(iter(kwargs))}'")
        self.name = check_name(name, "graph")
        self.description = description
        self.tags = jsonable_tags(tags, f"graph '{name}'")
        self.config_mapping = as_config_mapping(config, f"graph '{name}'")
        is_traced = wiring is not None
        if wiring is None:
            wiring = _wiring(name, node_defs, dependencies)
            wiring.input_mappings = list(input_mappings or ())
            wiring.output_mappings = list(output_mappings or ())
        self._definitions: dict[str, NodeDefinition] = wiring.node_defs
        self.node_dict = {
            node_name: Node(invocation, wiring.node_defs[invocation.name])
            for node_name, invocation in wiring.invocations.items()
        }
        self.dependencies: dict[str, dict[str, Dependency]] = wiring.dependencies
        self.input_assets: Mapping[tuple[str, str], Any] = wiring.input_assets
        self.input_mappings: list[InputMapping] = wiring.input_mappings
        self.output_mappings: list[OutputMapping] = wiring.output_mappings
        self.output_names = tuple(mapping.graph_output_name for mapping in self.output_mappings)
        if not is_traced:
            _check_dependencies(self)
        _check_mappings(self)
        self._fed_by = {
            (
                mapping.mapped_node_name,
                mapping.mapped_node_input_name,
                mapping.fan_in_index,
            ): mapping.graph_input_name
            for mapping in self.input_mappings
        }
        self.ins = _graph_ins(self)
        self.outs = {mapping.graph_output_name: self._output_def(mapping) for mapping in self.output_mappings}
        self.input_names = tuple(self.ins)
        self._in_order: tuple[Node, ...] | None = None
        self.compiled_job: JobDefinition | None = None
        if self.parent_graph_def is not None:
            self.__dict__.update(self.parent_graph_def.__dict__)
        self.mapped_nodes = mapped_nodes(self)

    def _output_def(self, mapping: OutputMapping) -> OutputDefinition:
        inner = self.node_dict[mapping.mapped_node_name].definition.outs[mapping.mapped_node_output_name]
        return OutputDefinition(
            mapping.graph_output_name,
            inner,
            dagflow_type=mapping.dagflow_type or AnyType,
            description=mapping.graph_output_description,
            is_dynamic=inner.is_dynamic or mapping.from_dynamic_mapping,
        )

    @property
    def node_defs(self) -> list[NodeDefinition]:
        """The definitions of the nodes, each once."""
        return list(self._definitions.values())

    @property
    def nodes(self) -> list[Node]:
        """The nodes."""
        return list(self.node_dict.values())

    @property
    def nodes_in_topological_order(self) -> tuple[Node, ...]:
        """The nodes by level (those that depend on nothing first), and within a level by name."""
        if self._in_order is None:
            parents = {
                name: [source.node for dependency in inputs.values() for source in sources(dependency)]
                for name, inputs in self.dependencies.items()
            }
            level = levels(parents)
            names = sorted(self.node_dict, key=lambda name: (level[name], name))
            self._in_order = tuple([self.node_dict[name] for name in names])
        return self._in_order

    @property
    def composition_fn(self) -> Callable[..., Any] | None:
        """The function whose body it is, if it was made of one."""
        fn: Callable[..., Any] | None = getattr(self, "__wrapped__", None)
        return fn

    @property
    def has_config_mapping(self) -> bool:
        """Whether it has config of its own, from which that of its nodes is made."""
        return self.config_mapping is not None

    @property
    def is_subselected(self) -> bool:
        """Whether it is a part of a larger graph, which is its `parent_graph_def`."""
        return self.parent_graph_def is not None

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        """This definition and all that stand in it, however deep."""
        yield self
        for definition in self._definitions.values():
            yield from definition.iterate_node_defs()

    def has_node_named(self, name: str) -> bool:
        """Whether a node of the graph has this name."""
        return name in self.node_dict

    def get_node(self, handle: NodeHandle) -> Node:
        """The node at this place, in this graph or in one inside it."""
        graph_def: NodeDefinition = self if handle.parent is None else self.get_node(handle.parent).definition
        if not isinstance(graph_def, GraphDefinition):
            raise DagflowInvariantViolationError(
                f"'{handle.parent}' is no graph, so it has no node '{handle.name}'"
            )
        return graph_def.node_named(handle.name)

    def get_input_mapping(self, input_name: str) -> InputMapping:
        """The first mapping of an input.

        Raises:
            CheckError: There is none.
        """
        return _first(self.input_mappings, "graph_input_name", input_name, f"graph '{self.name}'")

    def get_output_mapping(self, output_name: str) -> OutputMapping:
        """The mapping of an output.

        Raises:
            CheckError: There is none.
        """
        return _first(self.output_mappings, "graph_output_name", output_name, f"graph '{self.name}'")

    def node_names(self) -> list[str]:
        """The names of the nodes."""
        return list(self.node_dict)

    def node_named(self, name: str) -> Node:
        """The node with this name.

        Raises:
            DagflowInvariantViolationError: There is none.
        """
        if name not in self.node_dict:
            raise DagflowInvariantViolationError(
                f"graph '{self.name}' has no node '{name}'.{nearest(name, self.node_dict)}"
            )
        return self.node_dict[name]

    def graph_input_of(self, node: str, input_name: str, index: int | None = None) -> str | None:
        """The input of this graph that feeds an input of a node (or the element `index` of its list), if one
        does.
        """
        return self._fed_by.get((node, input_name, index))

    def dynamic_outputs(self) -> frozenset[str]:
        """The names of the outputs that have a value for each mapping key."""
        return frozenset(name for name, out in self.outs.items() if out.is_dynamic)

    @property
    def config_schema(self) -> Field | None:
        """The schema of its own config, None where it has no config mapping."""
        return None if self.config_mapping is None else self.config_mapping.config_schema

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> GraphDefinition:
        """This graph with the config of its config mapping given beforehand.

        Args:
            config_or_config_fn: The config, or a function that makes it of what the run config gives.
            name: The name of the new graph; default: that of the function.
            config_schema: What the function gets from the run config.
            description: Default: that of this graph.

        Raises:
            DagflowInvalidDefinitionError: This graph has no config mapping.
            CheckError: There is no name.
        """
        mapping = self.config_mapping
        if mapping is None:
            raise DagflowInvalidDefinitionError(
                f"graph '{self.name}' has no config mapping, so there is nothing to be configured. Only "
                "graphs "
                "utilizing config mapping can be pre-configured; give it one with 'config'."
            )
        new = copy.copy(self)
        new.name = check_name(new_name(config_or_config_fn, name, f"graph '{self.name}'"), "graph")
        field = configured_field(
            mapping.config_schema,
            config_or_config_fn,
            config_schema,
            kind="GraphDefinition",
            place=f"graph {new.name} (a configured '{self.name}')",
        )
        new.config_mapping = ConfigMapping(mapping.config_fn, field, mapping.receive_processed_config_values)
        new.description = self.description if description is None else description
        new.compiled_job = None
        return new

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: Any = None,
        hooks: set[Any] | frozenset[Any] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        op_selection: Sequence[str] | None = None,
        partitions_def: Any = None,
        asset_layer: Any = None,
        input_values: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        owners: Sequence[str] | None = None,
    ) -> JobDefinition:
        """Make a job of this graph. Parameters as those of JobDefinition; `op_selection` keeps a part of the
        ops.
        """
        from dagflow.defs.job import JobDefinition

        job = JobDefinition(
            graph_def=self,
            name=name,
            description=description if description is not None else self.description,
            resource_defs=resource_defs,
            config=config,
            tags=tags,
            run_tags=run_tags,
            metadata=metadata,
            logger_defs=logger_defs,
            executor_def=executor_def,
            hook_defs=hooks,
            op_retry_policy=op_retry_policy,
            partitions_def=partitions_def,
            input_values=input_values,
            asset_layer=asset_layer,
            owners=owners,
        )
        return job.with_op_selection(op_selection) if op_selection else job

    def execute_in_process(
        self,
        run_config: Any = None,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run this graph here and now, as a job of the same name.

        Args:
            run_config: Config of the run; that of the nodes stands under "ops".
            instance: What remembers the run; default: an ephemeral one of its own.
            resources: Resource definitions or values by key.
            raise_on_error: Whether the first failure is raised; else the result tells.
            op_selection: Clauses that choose a part of the ops.
            run_id: A UUID as text.
            input_values: Values of the graph's inputs.

        Returns:
            ExecuteInProcessResult.
        """
        return _entry.execute_in_process(
            self,
            run_config=run_config,
            instance=instance,
            resources=resources,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            run_id=run_id,
            input_values=input_values,
        )

    def __repr__(self) -> str:
        return f"<graph '{self.name}'>"


@overload
def graph(compose_fn: Callable[..., Any]) -> GraphDefinition: ...


@overload
def graph(
    compose_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: Any = None,
) -> Callable[[Callable[..., Any]], GraphDefinition]: ...


def graph(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: Any = None,
) -> GraphDefinition | Callable[[Callable[..., Any]], GraphDefinition]:
    """Make a graph of a function whose body calls ops and graphs. Usable bare.

    Args:
        compose_fn: The function. Its parameters are the graph's inputs, what it returns the outputs.
        name: Default: the function's name.
        description: Default: the function's docstring.
        ins: Descriptions of inputs.
        out: One GraphOut, or several by name; needed for several outputs.
        tags: Become tags of its runs.
        config: A ConfigMapping from its own config to that of its nodes.

    Returns:
        The GraphDefinition, or a decorator.

    Example:
        >>> from dagflow import graph, op
        >>> @op
        ... def one():
        ...     return 1
        >>> @graph
        ... def g():
        ...     return one()
        >>> g.execute_in_process().output_value()
        1
    """

    def decorate(fn: Callable[..., Any]) -> GraphDefinition:
        own_name = name if name is not None else getattr(fn, "__name__", "graph")
        return trace(fn, own_name, description, ins, out, tags, config, "graph")

    return decorate if compose_fn is None else decorate(compose_fn)


def trace(
    fn: Callable[..., Any],
    name: str,
    description: str | None,
    ins: Mapping[str, GraphIn] | None,
    out: GraphOut | Mapping[str, GraphOut] | None,
    tags: Mapping[str, Any] | None,
    config: Any,
    what: str,
) -> GraphDefinition:
    """The graph that a body describes. `what` is "graph" or "job", for messages."""
    check_name(name, what)
    if not callable(fn):
        raise DagflowInvalidDefinitionError(f"@{what} must decorate a function, not {fn!r}")
    parameters = _parameters(fn, f"{what} '{name}'")
    for given in check_type(ins or {}, Mapping, "ins", f"{what} '{name}'"):
        if given not in parameters:
            raise DagflowInvalidDefinitionError(
                f"{what} '{name}' ({location(fn)}): 'ins' names an input '{given}' that is no parameter of "
                "the function."
                f"{nearest(given, parameters)}"
            )
    handles = {parameter: GraphInputHandle(name, parameter) for parameter in parameters}
    wiring, result = compose(name, lambda: fn(**handles))
    place = f"{what} '{name}' ({location(fn)})"
    mapped = {mapping.graph_input_name for mapping in wiring.input_mappings}
    for parameter in parameters:
        if parameter not in mapped:
            raise DagflowInvalidDefinitionError(
                f"{place}: its input '{parameter}' feeds no node, so it is an unmapped input. Use it, or "
                "take it away."
            )
    annotations = annotations_of(fn)
    types = {
        parameter: resolve_annotation(annotations[parameter], f"input '{parameter}' of {what} '{name}'")
        for parameter in parameters
        if parameter in annotations
    }
    wiring.input_mappings = [
        mapping._replace(
            graph_input_description=(ins or {}).get(mapping.graph_input_name, _NO_GRAPH_IN).description,
            dagflow_type=types.get(mapping.graph_input_name),
        )
        for mapping in sorted(
            wiring.input_mappings, key=lambda mapping: parameters.index(mapping.graph_input_name)
        )
    ]
    wiring.output_mappings = _output_mappings(result, out, place, what, annotations.get("return"))
    graph_def = GraphDefinition(
        name,
        description if description is not None else inspect.getdoc(fn),
        config=config,
        tags=tags,
        _wiring=wiring,
    )
    update_wrapper(graph_def, fn)
    return graph_def


_NO_GRAPH_IN = GraphIn()


def check_definitions(graph_def: GraphDefinition, place: str) -> None:
    """Raise where two definitions in a graph, however deep, have one name.

    Args:
        graph_def: The graph.
        place: What it belongs to, for the message.

    Raises:
        DagflowInvalidDefinitionError: There are two.
    """
    known: dict[str, NodeDefinition] = {}
    definitions = graph_def.iterate_node_defs()
    next(definitions)  # the graph itself, whose name a node may well have
    for definition in definitions:
        whole = definition
        while isinstance(whole, GraphDefinition) and whole.parent_graph_def is not None:
            whole = whole.parent_graph_def  # parts of one graph may well differ
        other = known.setdefault(definition.name, whole)
        if other is not whole:
            raise DagflowInvalidDefinitionError(f"{place}: {same_name(definition.name, other, definition)}")


def _parameters(fn: Callable[..., Any], place: str) -> list[str]:
    parameters = inspect.signature(fn).parameters.values()
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise DagflowInvalidDefinitionError(
                f"{place} ({location(fn)}): the parameter '{parameter}' cannot be an input, because inputs "
                "are passed by name. Give each input a parameter of its own."
            )
    return [parameter.name for parameter in parameters]


def _output_mappings(
    result: Any, out: GraphOut | Mapping[str, GraphOut] | None, place: str, what: str, annotation: Any
) -> list[OutputMapping]:
    if result is None and not out:
        return []
    named = {"result": out} if isinstance(out, GraphOut) else out
    returned = _returned(result, None if isinstance(out, GraphOut) else named, place, what)
    types = _output_types(annotation, list(returned), place)
    return [
        _output_mapping(name, handle, place)._replace(
            graph_output_description=named[name].description if named else None, dagflow_type=types.get(name)
        )
        for name, handle in returned.items()
    ]


def _output_types(annotation: Any, names: Sequence[str], place: str) -> dict[str, DagflowType]:
    """The types that the annotation of what a body returns says; none where it says nothing of them."""
    if annotation is None or annotation is type(None):
        return {}
    parts = (annotation,) if len(names) == 1 else get_args(annotation)
    if len(parts) != len(names) or (len(names) > 1 and get_origin(annotation) is not tuple):
        return {}
    return {
        name: resolve_annotation(part, f"output '{name}' of {place}")
        for name, part in zip(names, parts, strict=True)
    }


def _returned(result: Any, named: Mapping[str, GraphOut] | None, place: str, what: str) -> dict[str, Any]:
    """What a body returned, by the names of the outputs."""
    names = None if named is None else list(named)
    if what == "job":
        if isinstance(result, tuple) and all(isinstance(part, InvokedNodeOutputHandle) for part in result):
            return {}  # a way to have several last nodes in one statement
        raise DagflowInvalidDefinitionError(
            f"{place} returned {result!r}, but a job has 0 outputs defined. Return nothing, or use @graph "
            "and to_job()."
        )
    if names is None:
        if isinstance(result, InvokedNodeOutputHandle):
            return {"result": result}
        hint = (
            "Name the outputs with out={...}."
            if isinstance(result, (dict, tuple))
            else "Return an output of a node."
        )
        raise DagflowInvalidDefinitionError(
            f"{place} returned {result!r}, which is not one output of a node. {hint}"
        )
    if isinstance(result, InvokedNodeOutputHandle):
        returned: dict[str, Any] = {names[0]: result}
    elif isinstance(result, tuple):
        returned = dict(zip([*names, *(str(index) for index in range(len(names), len(result)))], result))  # noqa: B905
    elif isinstance(result, dict):
        returned = result
    else:
        returned = {}
    missing, extra = (
        [name for name in names if name not in returned],
        [name for name in returned if name not in names],
    )
    if missing or extra:
        raise DagflowInvalidDefinitionError(
            f"{place} has the outputs {names}, but returned {list(returned) if returned else result!r}"
            + (f"; missing: {missing}" if missing else "")
            + (f"; unknown: {extra}" if extra else "")
        )
    return {name: returned[name] for name in names}


def _output_mapping(name: str, handle: Any, place: str) -> OutputMapping:
    if not isinstance(handle, InvokedNodeOutputHandle):
        hint = " A graph cannot return its own input." if isinstance(handle, GraphInputHandle) else ""
        raise DagflowInvalidDefinitionError(
            f"{place}: output '{name}' must be an output of a node, not {handle!r}.{hint}"
        )
    return OutputMapping(
        check_name(name, f"output of {place}"),
        handle.node_name,
        handle.output_name,
        from_dynamic_mapping=isinstance(handle, DynamicHandle),
    )


def _wiring(graph_name: str, node_defs: Any, dependencies: Any) -> Wiring:
    wiring = Wiring()
    place = f"graph '{graph_name}'"
    for definition in check_type(node_defs or (), Sequence, "node_defs", place):
        if not isinstance(definition, NodeDefinition):
            raise DagflowInvalidDefinitionError(
                f"{place}: Invalid item in node list: {definition!r}. {_no_node(definition)}"
            )
        known = wiring.node_defs.setdefault(definition.name, definition)
        if known is not definition:
            raise DagflowInvalidDefinitionError(f"{place}: {same_name(definition.name, known, definition)}")
    if not isinstance(dependencies, (Mapping, type(None))):
        raise DagflowInvalidDefinitionError(
            f'{place}: The expected type for "dependencies" is Union[Mapping[str, Mapping[str, '
            "DependencyDefinition]], Mapping[NodeInvocation, Mapping[str, DependencyDefinition]]], "
            f"not {type(dependencies).__name__}."
        )
    invoked = set()
    for key, inputs in (dependencies or {}).items():
        invocation = (
            key if isinstance(key, NodeInvocation) else NodeInvocation(check_type(key, str, "dependencies"))
        )
        if invocation.name not in wiring.node_defs:
            alias = f' (aliased by "{invocation.alias}" in dependency dictionary)' if invocation.alias else ""
            raise DagflowInvalidDefinitionError(
                f'{place}: Invalid dependencies: node "{invocation.name}"'
                f"{alias or ' in dependency dictionary'} not found in node list."
                f"{nearest(invocation.name, wiring.node_defs)}"
            )
        if not isinstance(inputs, Mapping):
            raise DagflowInvalidDefinitionError(
                f"{place}: Received a IDependencyDefinition one layer too high under key "
                f"{invocation.node_name}. "
                f"Say for which input it is: {{'{invocation.node_name}': {{'<input>': {inputs!r}}}}}."
                if isinstance(inputs, _DEPENDENCIES)
                else f"{place}: the dependencies of node '{invocation.node_name}' must be a mapping of input names "
                f"to DependencyDefinition, not {inputs!r}"
            )
        if invocation.node_name in wiring.invocations:
            raise DagflowInvalidDefinitionError(f"{place}: two nodes are named '{invocation.node_name}'")
        invoked.add(invocation.name)
        wiring.invocations[invocation.node_name] = invocation
        wiring.dependencies[invocation.node_name] = dict(inputs)
    for name in wiring.node_defs:
        if name not in invoked:
            if name in wiring.invocations:
                raise DagflowInvalidDefinitionError(f"{place}: two nodes are named '{name}'")
            wiring.invocations[name] = NodeInvocation(name)
            wiring.dependencies[name] = {}
    return wiring


def _check_dependencies(graph_def: GraphDefinition) -> None:
    parents: dict[str, list[str]] = {}
    for node_name, inputs in graph_def.dependencies.items():
        parents[node_name] = []
        definition = graph_def.node_dict[node_name].definition
        for input_name, dependency in inputs.items():
            if input_name not in definition.input_names:
                raise DagflowInvalidDefinitionError(
                    f"graph '{graph_def.name}': {definition.node_type_str} \"{node_name}\" does not have "
                    "input "
                    f'"{input_name}"; its inputs are {list(definition.input_names)}.'
                    f"{nearest(input_name, definition.input_names)}"
                )
            _check_dependency(dependency, graph_def.name, node_name, input_name)
            for source in sources(dependency):
                _check_output(
                    graph_def, source.node, source.output, f"input '{input_name}' of node '{node_name}'"
                )
                parents[node_name].append(source.node)
            if node_name in parents[node_name]:
                raise DagflowInvalidDefinitionError(
                    f"graph '{graph_def.name}': node '{node_name}' has a circular reference: its input "
                    f"'{input_name}' reads its own output"
                )
    cycle = find_cycle(parents)
    if cycle is not None:
        path = " -> ".join(f"'{name}'" for name in [*cycle, cycle[0]])
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': Circular dependencies exist between nodes: {path}. "
            "Take one dependency of this cycle away."
        )


_DEPENDENCIES = (DependencyDefinition, MultiDependencyDefinition, DynamicCollectDependencyDefinition)


def _check_dependency(dependency: Any, graph_name: str, node: str, input_name: str) -> None:
    if not isinstance(dependency, _DEPENDENCIES):
        raise DagflowInvalidDefinitionError(
            f'graph \'{graph_name}\': Expected IDependencyDefinition for node "{node}" input "{input_name}": a '
            "DependencyDefinition, MultiDependencyDefinition or DynamicCollectDependencyDefinition, not "
            f"{dependency!r}"
        )


def _no_node(value: Any) -> str:
    if not callable(value):
        return "It must hold ops and graphs."
    name = getattr(value, "__name__", type(value).__name__)
    return (
        f"You have passed a lambda or function {name} ({location(value)}), which is no op. Decorate it with "
        "@op, or "
        "call @op(name=...) on it."
    )


def _first(mappings: Sequence[_Mapping], field: str, name: str, place: str) -> _Mapping:
    for mapping in mappings:
        if getattr(mapping, field) == name:
            return mapping
    known = [getattr(mapping, field) for mapping in mappings]
    raise CheckError(f"{place} has no mapping of '{name}'; there are those of {known}.{nearest(name, known)}")


def _graph_ins(graph_def: GraphDefinition) -> dict[str, InputDefinition]:
    """The inputs of a graph. What is not said of one is taken from the inputs that it feeds: the type if they
    agree on it, everything else from the first.
    """
    fed: dict[str, list[tuple[InputMapping, InputDefinition]]] = {}
    for mapping in graph_def.input_mappings:
        inner = graph_def.node_dict[mapping.mapped_node_name].definition.ins[mapping.mapped_node_input_name]
        fed.setdefault(mapping.graph_input_name, []).append((mapping, inner))
    ins = {}
    for name, pairs in fed.items():
        mapping, first = pairs[0]
        kinds = {_element_type(inner, mapping) for mapping, inner in pairs}
        kind = kinds.pop() if len(kinds) == 1 else AnyType
        said = mapping.dagflow_type
        kind = kind if said is None or said.is_any else said
        ins[name] = InputDefinition(
            name, first, dagflow_type=kind, description=mapping.graph_input_description
        )
    return ins


def _element_type(inner: InputDefinition, mapping: InputMapping) -> DagflowType:
    """The type of what a mapping feeds: of one element, where that is a place in a list."""
    kind = inner.dagflow_type
    if mapping.fan_in_index is None or kind.is_nothing or kind.is_any:
        return kind
    return kind.inner_types[0] if len(kind.inner_types) == 1 else AnyType


def _check_output(graph_def: GraphDefinition, node_name: str, output: str, place: str) -> None:
    if node_name not in graph_def.node_dict:
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': {place} reads from a node that is not there: node \"{node_name}\" "
            "not found "
            f"in node list.{nearest(node_name, graph_def.node_dict)}"
        )
    outputs = graph_def.node_dict[node_name].definition.output_names
    if output not in outputs:
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': {place} reads an output that is not there: node \"{node_name}\" does "
            "not have "
            f'output "{output}"; its outputs are {list(outputs)}.{nearest(output, outputs)}'
        )


def _check_mappings(graph_def: GraphDefinition) -> None:
    fed: set[tuple[str, str, int | None]] = set()
    for mapping in graph_def.input_mappings:
        node, input_name = mapping.mapped_node_name, mapping.mapped_node_input_name
        place = f"graph '{graph_def.name}': the mapping of its input '{mapping.graph_input_name}'"
        if node not in graph_def.node_dict:
            raise DagflowInvalidDefinitionError(
                f"{place} leads to node '{node}', which is not in the "
                f"graph.{nearest(node, graph_def.node_dict)}"
            )
        names = graph_def.node_dict[node].definition.input_names
        if input_name not in names:
            raise DagflowInvalidDefinitionError(
                f"{place} leads to input '{input_name}' of node '{node}', which has the inputs {list(names)}."
                f"{nearest(input_name, names)}"
            )
        dependency, index = graph_def.dependencies[node].get(input_name), mapping.fan_in_index
        if (dependency is not None and index is None) or (node, input_name, index) in fed:
            satisfied_by = "another mapping" if dependency is None else f"output of {sources(dependency)}"
            raise DagflowInvalidDefinitionError(
                f"{place} leads to input '{input_name}' of node '{node}', which is already satisfied by "
                f"{satisfied_by}"
            )
        if index is not None and not _is_slot(dependency, index):
            raise DagflowInvalidDefinitionError(
                f"{place} leads to element {index} of input '{input_name}' of node '{node}', but what that "
                "depends on "
                + (
                    f"has no place left free there: index {index} in the MultiDependencyDefinition is not a "
                    "GraphInputSlot"
                    if isinstance(dependency, MultiDependencyDefinition)
                    else "is not a MultiDependencyDefinition"
                )
            )
        fed.add((node, input_name, index))
    _check_lists(graph_def, fed)
    if len(set(graph_def.output_names)) < len(graph_def.output_names):
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': two mappings have the same output name; its outputs are "
            f"{list(graph_def.output_names)}"
        )
    for output in graph_def.output_mappings:
        place = f"its output '{output.graph_output_name}'"
        _check_output(graph_def, output.mapped_node_name, output.mapped_node_output_name, place)


def _check_lists(graph_def: GraphDefinition, fed: set[tuple[str, str, int | None]]) -> None:
    for node, inputs in graph_def.dependencies.items():
        for input_name, dependency in inputs.items():
            if not isinstance(dependency, (MultiDependencyDefinition, DynamicCollectDependencyDefinition)):
                continue
            place = f"graph '{graph_def.name}': input '{input_name}' of node '{node}'"
            kind = graph_def.node_dict[node].definition.ins[input_name].dagflow_type
            if not kind.supports_fan_in:
                raise DagflowInvalidDefinitionError(
                    f"{place} is fed by a list, which its type '{kind.display_name}' does not support: "
                    "several outputs become a list. Use List[...] as its type."
                )
            if isinstance(dependency, DynamicCollectDependencyDefinition):
                continue
            for index in range(len(dependency.dependencies)):
                if _is_slot(dependency, index) and (node, input_name, index) not in fed:
                    raise DagflowInvalidDefinitionError(
                        f"{place}: Unsatisfied GraphInputSlot at index {index} of the list that feeds it: no "
                        "InputMapping has this fan_in_index"
                    )


def _is_slot(dependency: Any, index: int) -> bool:
    return (
        isinstance(dependency, MultiDependencyDefinition)
        and 0 <= index < len(dependency.dependencies)
        and not isinstance(dependency.dependencies[index], DependencyDefinition)
    )
