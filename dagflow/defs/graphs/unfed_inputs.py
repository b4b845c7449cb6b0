"""The inputs that no node feeds, and the fields of the run config for their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagflow._util import UNSET
from dagflow.config.field import Field
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.ops.ports import InputDefinition
from dagflow.defs.parts.function import context_hint
from dagflow.errors import DagflowInvalidDefinitionError


def unfed_inputs(graph_def: GraphDefinition, node_name: str) -> dict[str, InputDefinition]:
    """Return the inputs of a node that no node, input of the graph, input manager or asset feeds."""
    wired = graph_def.wires[node_name]
    if len(wired) == len(graph_def.node_dict[node_name].definition.input_names):
        return {}
    return {
        name: item
        for name, item in graph_def.node_dict[node_name].definition.ins.items()
        if name not in wired
        and not item.dagflow_type.is_nothing
        and item.input_manager_key is None
        and (node_name, name) not in graph_def.input_assets
        and graph_def.graph_input_of(node_name, name) is None
    }


def _config_field(item: InputDefinition, name: str, place: str) -> Field | None:
    """Return the run config field of an unfed input; None if its type has no loader.

    Args:
        item: The input of an op.
        name: The name of the field.
        place: The node, for the message.

    Raises:
        DagflowInvalidDefinitionError: The input has no default, and its type has no loader.
    """
    is_required = item.default_value is UNSET
    loader = item.dagflow_type.loader
    if loader is not None:
        return Field(loader.config_type, is_required=is_required)
    if is_required:
        raise DagflowInvalidDefinitionError(
            f"Input '{name}' of {place} has no way of being resolved: it is connected to nothing, has no "
            f"default, and its type '{item.dagflow_type.display_name}' has no loader that could read it from "
            "config. Connect it, give it a default, or pass it through 'input_values'."
            + context_hint(name, item.dagflow_type.typing_type)
        )
    return None


def unfed_fields(graph_def: GraphDefinition, node_name: str, path: str) -> dict[str, Field]:
    """Return the run config fields of the unfed inputs of a node.

    Args:
        graph_def: The graph.
        node_name: The node.
        path: The path to the graph, with a dot at its end.

    Raises:
        DagflowInvalidDefinitionError: An input can get no value.
    """
    unfed = unfed_inputs(graph_def, node_name)
    if not unfed:
        return {}
    node_type = graph_def.node_dict[node_name].definition.node_type_str
    place = f"{node_type} '{path}{node_name}'"
    fields = {name: _config_field(item, name, place) for name, item in unfed.items()}
    return {name: field for name, field in fields.items() if field is not None}


def check_unfed_inputs(graph_def: GraphDefinition, path: str = "") -> None:
    """Raise if an input inside a graph, at any depth, can get no value.

    Args:
        graph_def: The graph.
        path: The path to the graph, with a dot at its end.

    Raises:
        DagflowInvalidDefinitionError: An input can get no value.
    """
    for name, node in graph_def.node_dict.items():
        definition = node.definition
        if len(graph_def.wires[name]) < len(definition.input_names):
            unfed_fields(graph_def, name, path)
        if isinstance(definition, GraphDefinition):
            check_unfed_inputs(definition, f"{path}{name}.")


def inputs_without_value(graph_def: GraphDefinition, config: Any, path: str = "") -> Iterator[str]:
    """Yield a description of each unfed input inside a graph that has no value in the run config either.

    Args:
        graph_def: The graph.
        config: The entry of the graph in the run config, which may be invalid.
        path: The path to the graph, with a dot at its end.
    """
    for name, node in graph_def.node_dict.items():
        definition = node.definition
        entry = _entry(_entry(config, "ops"), name)
        given = _entry(entry, "inputs")
        for input_name, field in unfed_fields(graph_def, name, path).items():
            if field.is_required and _entry(given, input_name) is None:
                value_type = definition.ins[input_name].dagflow_type
                hint = context_hint(input_name, value_type.typing_type).rstrip(".")
                yield f"input '{input_name}' of {definition.node_type_str} '{path}{name}'{hint and '.'}{hint}"
        if isinstance(definition, GraphDefinition) and definition.config_mapping is None:
            yield from inputs_without_value(definition, entry, f"{path}{name}.")


def _entry(config: Any, key: str) -> Any:
    return config.get(key) if isinstance(config, Mapping) else None
