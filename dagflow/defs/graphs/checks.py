"""The checks of the nodes, dependencies and mappings of a graph; and its inputs, from its mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, TypeVar

from dagflow._util import nearest
from dagflow.dag import find_cycle
from dagflow.defs.graphs.content import GraphContent
from dagflow.defs.graphs.wiring import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    InputMapping,
    MultiDependencyDefinition,
    NodeInvocation,
    OutputMapping,
    Wiring,
)
from dagflow.defs.ops.node import NodeDefinition, same_name
from dagflow.defs.ops.ports import InputDefinition
from dagflow.defs.parts.function import location
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import check_name
from dagflow.types.annotations import resolve_type
from dagflow.types.kinds import Any as AnyType
from dagflow.types.kinds import DagflowType

_Mapping = TypeVar("_Mapping", InputMapping, OutputMapping)


def wiring_of(graph_name: str, node_defs: Any, dependencies: Any) -> Wiring:
    """Check the nodes and dependencies of a graph that is not traced, and return them as a Wiring.

    Raises:
        ParameterCheckError: `node_defs` is not a list.
        DagflowInvalidDefinitionError: An element is not a node, two nodes have one name, or the dependencies
            have another shape or an unknown node.
    """
    wiring = Wiring()
    place = f"graph '{graph_name}'"
    wiring.node_defs = _node_defs(node_defs, place)
    if not isinstance(dependencies, (Mapping, type(None))):
        raise DagflowInvalidDefinitionError(
            f'{place}: The expected type for "dependencies" is Union[Mapping[str, ...], '
            f"Mapping[NodeInvocation, ...]], not {type(dependencies).__name__}. Map each node to a dict with "
            "the DependencyDefinition of its inputs."
        )
    invoked = set()
    for key, inputs in (dependencies or {}).items():
        invocation = (
            key if isinstance(key, NodeInvocation) else NodeInvocation(check_type(key, str, "dependencies"))
        )
        _check_invocation(wiring, invocation, inputs, place)
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


def _node_defs(node_defs: Any, place: str) -> dict[str, NodeDefinition]:
    if isinstance(node_defs, NodeDefinition):
        raise ParameterCheckError(
            f'Param "node_defs" is not a Sequence, but {repr_of(node_defs)} itself, in {place}. Put it in '
            f"a list: "
            f"node_defs=[{node_defs.name}]."
        )
    by_name: dict[str, NodeDefinition] = {}
    for definition in check_type(node_defs or (), Sequence, "node_defs", place):
        if not isinstance(definition, NodeDefinition):
            raise DagflowInvalidDefinitionError(
                f"{place}: Invalid item in node list: {repr_of(definition)}. {_hint_for(definition)}"
            )
        known = by_name.setdefault(definition.name, definition)
        if known is not definition:
            raise DagflowInvalidDefinitionError(f"{place}: {same_name(definition.name, known, definition)}")
    return by_name


def _hint_for(item: Any) -> str:
    """Return a hint for an item of a node list that is not a node."""
    if not callable(item):
        return "It must hold ops and graphs."
    name = getattr(item, "__name__", type(item).__name__)
    return (
        f"You have passed a lambda or function {name} ({location(item)}), which is not an op. Decorate it "
        "with @op, or call @op(name=...) on it."
    )


def _check_invocation(wiring: Wiring, invocation: NodeInvocation, inputs: Any, place: str) -> None:
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
            f"{invocation.node_name}. Name its input: "
            f"{{'{invocation.node_name}': {{'<input>': {repr_of(inputs)}}}}}."
            if isinstance(inputs, _DEPENDENCIES)
            else f"{place}: the dependencies of node '{invocation.node_name}' must map names of inputs "
            f"to DependencyDefinition, not {repr_of(inputs)}"
        )
    if invocation.node_name in wiring.invocations:
        raise DagflowInvalidDefinitionError(f"{place}: two nodes are named '{invocation.node_name}'")


def check_dependencies(graph_def: GraphContent) -> None:
    """Raise if a dependency between the nodes of a graph is invalid.

    Raises:
        DagflowInvalidDefinitionError: An unknown input, node or output, a value of another class, or a cycle.
    """
    for node_name, inputs in graph_def.wires.items():
        definition = graph_def.node_dict[node_name].definition
        for input_name, dependency in inputs.items():
            if input_name not in definition.input_names:
                raise DagflowInvalidDefinitionError(
                    f"graph '{graph_def.name}': {definition.node_type_str} \"{node_name}\" does not have "
                    f'input "{input_name}"; its inputs are {list(definition.input_names)}.'
                    f"{nearest(input_name, definition.input_names)}"
                )
            _check_dependency(dependency, graph_def.name, node_name, input_name)
            for source in dependency.get_node_dependencies():
                if source.node == node_name:
                    raise DagflowInvalidDefinitionError(
                        f"graph '{graph_def.name}': node '{node_name}' has a circular reference: its input "
                        f"'{input_name}' reads its own output"
                    )
                _check_output(
                    graph_def, source.node, source.output, f"input '{input_name}' of node '{node_name}'"
                )
    cycle = find_cycle(graph_def.parents)
    if cycle is not None:
        path = " -> ".join(f"'{name}'" for name in [*cycle, cycle[0]])
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': Circular dependencies exist between nodes: {path}. "
            "Remove one dependency of this cycle."
        )


_DEPENDENCIES = (DependencyDefinition, MultiDependencyDefinition, DynamicCollectDependencyDefinition)


def _check_dependency(dependency: Any, graph_name: str, node: str, input_name: str) -> None:
    if not isinstance(dependency, _DEPENDENCIES):
        raise DagflowInvalidDefinitionError(
            f'graph \'{graph_name}\': Expected IDependencyDefinition for node "{node}" input "{input_name}": '
            "a DependencyDefinition, MultiDependencyDefinition or DynamicCollectDependencyDefinition, not "
            f"{repr_of(dependency)}"
        )


def graph_ins(graph_def: GraphContent) -> dict[str, InputDefinition]:
    """Return the inputs of a graph. Missing attributes come from the inputs that it feeds: the type if they
    agree on it, all others from the first.
    """
    fed: dict[str, list[tuple[InputMapping, InputDefinition]]] = {}
    for mapping in graph_def.input_mappings:
        inner = graph_def.node_dict[mapping.mapped_node_name].definition.ins[mapping.mapped_node_input_name]
        fed.setdefault(mapping.graph_input_name, []).append((mapping, inner))
    ins = {}
    for name, pairs in fed.items():
        mapping, first = pairs[0]
        inner_types = {_element_type(inner, mapping) for mapping, inner in pairs}
        dagflow_type = mapping.dagflow_type
        if dagflow_type is None or dagflow_type.is_any:
            dagflow_type = inner_types.pop() if len(inner_types) == 1 else AnyType
        ins[name] = InputDefinition(
            name, first, dagflow_type=dagflow_type, description=mapping.graph_input_description
        )
    return ins


def _element_type(inner: InputDefinition, mapping: InputMapping) -> DagflowType:
    """Return the type of the input that a mapping feeds, or of one element, if it feeds only one."""
    whole = inner.dagflow_type
    if mapping.fan_in_index is None or whole.is_nothing or whole.is_any:
        return whole
    return whole.inner_types[0] if len(whole.inner_types) == 1 else AnyType


def _check_output(graph_def: GraphContent, node_name: str, output: str, place: str) -> None:
    if node_name not in graph_def.node_dict:
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': {place} reads from an unknown node: node \"{node_name}\" "
            f"not found in node list.{nearest(node_name, graph_def.node_dict)}"
        )
    outputs = graph_def.node_dict[node_name].definition.output_names
    if output not in outputs:
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': {place} reads an unknown output: node \"{node_name}\" does "
            f'not have output "{output}"; its outputs are {list(outputs)}.{nearest(output, outputs)}'
        )


def checked_mappings(given: Any, cls: type[_Mapping], argument: str, graph_name: str) -> list[_Mapping]:
    """Check an argument that holds mappings, and return them, with resolved types.

    Raises:
        ParameterCheckError: It is not a list, or a field of a mapping has the wrong type.
        ElementCheckError: An element is not a mapping.
    """
    place = f"graph '{graph_name}'"
    mappings = []
    for mapping in check_type(given or (), Sequence, argument, place):
        if not isinstance(mapping, cls):
            raise ElementCheckError(
                f"'{argument}' of {place} must hold {cls.__name__}s, but holds {repr_of(mapping)}"
            )
        for field, value in mapping._asdict().items():
            if field.endswith("_name"):
                check_type(value, str, field, f"an {cls.__name__} of {place}")
        if isinstance(mapping, InputMapping):
            check_type(mapping.fan_in_index, (int, type(None)), "fan_in_index", f"an InputMapping of {place}")
        if mapping.dagflow_type is not None:
            mapping = mapping._replace(
                dagflow_type=resolve_type(mapping.dagflow_type, f"{repr_of(mapping)} of {place}")
            )
        mappings.append(mapping)
    return mappings


def check_mappings(graph_def: GraphContent) -> None:
    """Raise if a mapping of an input or output of a graph is invalid.

    Raises:
        DagflowInvalidDefinitionError: A mapping names an unknown node, input or output, or an input that has
            a source already; an element of a list has no source; or two outputs have one name.
    """
    fed: set[tuple[str, str, int | None]] = set()
    for mapping in graph_def.input_mappings:
        _check_input_mapping(graph_def, mapping, fed)
        fed.add(mapping.maps_to)
    _check_lists(graph_def, fed)
    if len(set(graph_def.output_names)) < len(graph_def.output_names):
        raise DagflowInvalidDefinitionError(
            f"graph '{graph_def.name}': two mappings have the same output name; its outputs are "
            f"{list(graph_def.output_names)}"
        )
    for output in graph_def.output_mappings:
        check_name(output.graph_output_name, f"output of graph '{graph_def.name}'")
        place = f"its output '{output.graph_output_name}'"
        check_texts(place, graph_output_description=output.graph_output_description)
        _check_output(graph_def, output.mapped_node_name, output.mapped_node_output_name, place)


def _check_input_mapping(
    graph_def: GraphContent, mapping: InputMapping, fed: Set[tuple[str, str, int | None]]
) -> None:
    check_name(mapping.graph_input_name, f"input of graph '{graph_def.name}'")
    node, input_name, index = mapping.maps_to
    place = f"graph '{graph_def.name}': the mapping of its input '{mapping.graph_input_name}'"
    check_texts(place, graph_input_description=mapping.graph_input_description)
    if node not in graph_def.node_dict:
        raise DagflowInvalidDefinitionError(
            f"{place} leads to node '{node}', which is not in the graph.{nearest(node, graph_def.node_dict)}"
        )
    names = graph_def.node_dict[node].definition.input_names
    if input_name not in names:
        raise DagflowInvalidDefinitionError(
            f"{place} leads to input '{input_name}' of node '{node}', which has the inputs {list(names)}."
            f"{nearest(input_name, names)}"
        )
    dependency = graph_def.wires[node].get(input_name)
    if (dependency is not None and index is None) or (node, input_name, index) in fed:
        satisfied_by = (
            "another mapping" if dependency is None else f"output of {dependency.get_node_dependencies()}"
        )
        raise DagflowInvalidDefinitionError(
            f"{place} leads to input '{input_name}' of node '{node}', which is already satisfied by "
            f"{satisfied_by}"
        )
    if index is not None and not _is_slot(dependency, index):
        raise DagflowInvalidDefinitionError(
            f"{place} leads to element {index} of input '{input_name}' of node '{node}', but "
            + (
                f"index {index} in the MultiDependencyDefinition of this input is not a GraphInputSlot"
                if isinstance(dependency, MultiDependencyDefinition)
                else "the dependency of this input is not a MultiDependencyDefinition"
            )
        )


def _check_lists(graph_def: GraphContent, fed: set[tuple[str, str, int | None]]) -> None:
    for node, inputs in graph_def.wires.items():
        for input_name, dependency in inputs.items():
            if not isinstance(dependency, (MultiDependencyDefinition, DynamicCollectDependencyDefinition)):
                continue
            place = f"graph '{graph_def.name}': input '{input_name}' of node '{node}'"
            dagflow_type = graph_def.node_dict[node].definition.ins[input_name].dagflow_type
            if not dagflow_type.supports_fan_in:
                raise DagflowInvalidDefinitionError(
                    f"{place} is fed by a list, which its type '{dagflow_type.display_name}' does not "
                    "support: several outputs become a list. Use List[...] as its type."
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
