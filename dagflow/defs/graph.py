"""Graphs: nodes, what ties them together, and which of their inputs and outputs face outward."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from dagflow._util import nearest
from dagflow.dag import find_cycle
from dagflow.defs import _entry
from dagflow.defs.composition import (
    DynamicHandle,
    GraphInputHandle,
    NodeDefinition,
    OutputHandle,
    OutputHandles,
    compose,
)
from dagflow.defs.policy import RetryPolicy
from dagflow.defs.signature import location
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
)
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_type
from dagflow.keys import check_name, jsonable_tags

if TYPE_CHECKING:
    from dagflow.defs.job import JobDefinition


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
        "_fed_by",
        "compiled_job",
        "config_mapping",
        "dependencies",
        "graph_ins",
        "graph_outs",
        "input_mappings",
        "node_defs",
        "node_dict",
        "output_mappings",
    )

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
        self.graph_ins: Mapping[str, GraphIn] = kwargs.pop("_ins", None) or {}
        self.graph_outs: Mapping[str, GraphOut] = kwargs.pop("_outs", None) or {}
        if kwargs:
            raise ParameterCheckError(f"GraphDefinition has no parameter '{next(iter(kwargs))}'")
        self.name = check_name(name, "graph")
        self.description = description
        self.tags = jsonable_tags(tags, f"graph '{name}'")
        self.config_mapping = config
        is_traced = wiring is not None
        if wiring is None:
            wiring = _wiring(name, node_defs or (), dependencies or {})
            wiring.input_mappings = list(input_mappings or ())
            wiring.output_mappings = list(output_mappings or ())
        self.node_defs: dict[str, NodeDefinition] = wiring.node_defs
        self.node_dict = {
            node_name: Node(invocation, wiring.node_defs[invocation.name])
            for node_name, invocation in wiring.invocations.items()
        }
        self.dependencies: dict[str, dict[str, Dependency]] = wiring.dependencies
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
        self.input_names = tuple(dict.fromkeys(mapping.graph_input_name for mapping in self.input_mappings))
        if self.graph_ins:
            self.input_names = tuple(sorted(self.input_names, key=list(self.graph_ins).index))
        self.compiled_job: JobDefinition | None = None

    @property
    def nodes(self) -> list[Node]:
        """The nodes."""
        return list(self.node_dict.values())

    def node_names(self) -> list[str]:
        """The names of the nodes."""
        return list(self.node_dict)

    def node_named(self, name: str) -> Node:
        """The node with this name."""
        if name not in self.node_dict:
            raise DagflowInvalidDefinitionError(
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
        return frozenset(
            mapping.graph_output_name
            for mapping in self.output_mappings
            if mapping.from_dynamic_mapping
            or mapping.mapped_node_output_name
            in self.node_dict[mapping.mapped_node_name].definition.dynamic_outputs()
        )

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
    wiring.output_mappings = _output_mappings(result, out, place, what)
    return GraphDefinition(
        name,
        description if description is not None else inspect.getdoc(fn),
        config=config,
        tags=tags,
        _wiring=wiring,
        _ins={parameter: (ins or {}).get(parameter, GraphIn()) for parameter in parameters},
        _outs={"result": out} if isinstance(out, GraphOut) else out,
    )


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
    result: Any, out: GraphOut | Mapping[str, GraphOut] | None, place: str, what: str
) -> list[OutputMapping]:
    names = None if out is None or isinstance(out, GraphOut) else list(out)
    if result is None and not names and out is None:
        return []
    if what == "job":
        raise DagflowInvalidDefinitionError(
            f"{place} returned {result!r}, but a job has 0 outputs defined. Return nothing, or use @graph "
            "and to_job()."
        )
    if names is None:
        if isinstance(result, OutputHandle):
            return [_output_mapping("result", result, place)]
        hint = (
            "Name the outputs with out={...}."
            if isinstance(result, (dict, tuple))
            else "Return an output of a node."
        )
        raise DagflowInvalidDefinitionError(
            f"{place} returned {result!r}, which is not one output of a node. {hint}"
        )
    if isinstance(result, OutputHandle):
        returned: dict[str, Any] = {names[0]: result}
    elif isinstance(result, OutputHandles) and not set(names) & {handle.output_name for handle in result}:
        returned = dict(zip(names, result))  # noqa: B905 - the lengths are compared below
        if len(result) != len(names):
            returned = {handle.output_name: handle for handle in result}
    elif isinstance(result, OutputHandles):
        returned = {handle.output_name: handle for handle in result}
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
    return [_output_mapping(name, returned[name], place) for name in names]


def _output_mapping(name: str, handle: Any, place: str) -> OutputMapping:
    if not isinstance(handle, OutputHandle):
        hint = " A graph cannot return its own input." if isinstance(handle, GraphInputHandle) else ""
        raise DagflowInvalidDefinitionError(
            f"{place}: output '{name}' must be an output of a node, not {handle!r}.{hint}"
        )
    return OutputMapping(
        check_name(name, f"output of {place}"),
        handle.node_name,
        handle.output_name,
        from_dynamic_mapping=isinstance(handle, DynamicHandle) or bool(handle.dynamic_sources),
    )


def _wiring(
    graph_name: str,
    node_defs: Sequence[NodeDefinition],
    dependencies: Mapping[str | NodeInvocation, Mapping[str, Dependency]],
) -> Wiring:
    wiring = Wiring()
    for definition in node_defs:
        if not isinstance(definition, NodeDefinition):
            raise DagflowInvalidDefinitionError(
                f"graph '{graph_name}': 'node_defs' must hold ops and graphs, but holds {definition!r}"
            )
        if wiring.node_defs.setdefault(definition.name, definition) is not definition:
            raise DagflowInvalidDefinitionError(
                f"graph '{graph_name}': two definitions are named '{definition.name}'"
            )
    invoked = set()
    for key, inputs in dependencies.items():
        invocation = (
            key if isinstance(key, NodeInvocation) else NodeInvocation(check_type(key, str, "dependencies"))
        )
        if invocation.name not in wiring.node_defs:
            raise DagflowInvalidDefinitionError(
                f"graph '{graph_name}': 'dependencies' name a node '{invocation.name}' that is not in "
                "'node_defs'."
                f"{nearest(invocation.name, wiring.node_defs)}"
            )
        if invocation.node_name in wiring.invocations:
            raise DagflowInvalidDefinitionError(
                f"graph '{graph_name}': two nodes are named '{invocation.node_name}'"
            )
        invoked.add(invocation.name)
        wiring.invocations[invocation.node_name] = invocation
        wiring.dependencies[invocation.node_name] = dict(inputs)
    for name in wiring.node_defs:
        if name not in invoked:
            if name in wiring.invocations:
                raise DagflowInvalidDefinitionError(f"graph '{graph_name}': two nodes are named '{name}'")
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
                    f"graph '{graph_def.name}': node '{node_name}' has no input '{input_name}'; its inputs "
                    "are "
                    f"{list(definition.input_names)}.{nearest(input_name, definition.input_names)}"
                )
            for upstream, output in _upstream(dependency, graph_def.name, node_name, input_name):
                _check_output(graph_def, upstream, output, f"input '{input_name}' of node '{node_name}'")
                parents[node_name].append(upstream)
    cycle = find_cycle(parents)
    if cycle is not None:
        path = " -> ".join(f"'{name}'" for name in [*cycle, cycle[0]])
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}' has a cycle: {path}. Take one dependency away."
        )


def _upstream(dependency: Any, graph_name: str, node: str, input_name: str) -> list[tuple[str, str]]:
    if isinstance(dependency, DependencyDefinition):
        return [(dependency.node, dependency.output)]
    if isinstance(dependency, DynamicCollectDependencyDefinition):
        return [(dependency.node_name, dependency.output_name)]
    if isinstance(dependency, MultiDependencyDefinition):
        return [
            (part.node, part.output)
            for part in dependency.dependencies
            if isinstance(part, DependencyDefinition)
        ]
    raise DagflowInvalidDefinitionError(
        f"graph '{graph_name}': the dependency of input '{input_name}' of node '{node}' must be a "
        "DependencyDefinition "
        f"or a MultiDependencyDefinition, not {dependency!r}"
    )


def _check_output(graph_def: GraphDefinition, node_name: str, output: str, place: str) -> None:
    if node_name not in graph_def.node_dict:
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': {place} reads from node '{node_name}', which is not in the graph."
            f"{nearest(node_name, graph_def.node_dict)}"
        )
    outputs = graph_def.node_dict[node_name].definition.output_names
    if output not in outputs:
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': {place} reads output '{output}' of node '{node_name}', which has the "
            "outputs "
            f"{list(outputs)}.{nearest(output, outputs)}"
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
            satisfied_by = "another mapping" if dependency is None else "a dependency"
            raise DagflowInvalidDefinitionError(
                f"{place} leads to input '{input_name}' of node '{node}', which is already satisfied by "
                f"{satisfied_by}"
            )
        if index is not None and not _is_slot(dependency, index):
            raise DagflowInvalidDefinitionError(
                f"{place} leads to element {index} of input '{input_name}' of node '{node}', but that input "
                "depends on no list (MultiDependencyDefinition) with a place left free there"
            )
        fed.add((node, input_name, index))
    if len(set(graph_def.output_names)) < len(graph_def.output_names):
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': two mappings have the same output name; its outputs are "
            f"{list(graph_def.output_names)}"
        )
    for output in graph_def.output_mappings:
        place = f"its output '{output.graph_output_name}'"
        _check_output(graph_def, output.mapped_node_name, output.mapped_node_output_name, place)


def _is_slot(dependency: Any, index: int) -> bool:
    return (
        isinstance(dependency, MultiDependencyDefinition)
        and 0 <= index < len(dependency.dependencies)
        and not isinstance(dependency.dependencies[index], DependencyDefinition)
    )
