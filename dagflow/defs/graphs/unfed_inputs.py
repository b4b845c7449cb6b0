"""Inputs that no node feeds: which they are, and whether the run config can give their values."""

from __future__ import annotations

from dagflow._util import UNSET
from dagflow.config.field import Field
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.ops.ports import InputDefinition
from dagflow.errors import DagflowInvalidDefinitionError


def loose_inputs(graph_def: GraphDefinition, node_name: str) -> dict[str, InputDefinition]:
    """The inputs of a node that need a value which neither another node, nor an input of the graph, nor an
    input manager or asset gives.
    """
    wired = graph_def.dependencies[node_name]
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


def _config_field(item: InputDefinition, name: str, where: str) -> Field | None:
    """What the run config may say of an input that nothing feeds; None if it can say nothing.

    Args:
        item: The input of an op.
        name: The name under which it faces outward.
        where: What has it, for the message.

    Raises:
        DagflowInvalidDefinitionError: It has no default, and its type cannot be read from config.
    """
    is_required = item.default_value is UNSET
    loader = item.dagflow_type.loader
    if loader is not None:
        return Field(loader.config_type, is_required=is_required)
    if is_required:
        raise DagflowInvalidDefinitionError(
            f"Input '{name}' of {where} has no way of being resolved: nothing feeds it, it has no default, "
            f"and its type '{item.dagflow_type.display_name}' has no loader that could read it from config. "
            "Connect it, give it a default, or pass it through 'input_values'."
        )
    return None


def loose_fields(graph_def: GraphDefinition, node_name: str, path: str) -> dict[str, Field]:
    """What the run config may say of each loose input of a node, where there is one.

    Args:
        graph_def: The graph.
        node_name: The node.
        path: The path to the graph, with a dot at its end.

    Raises:
        DagflowInvalidDefinitionError: Nothing can feed one of them.
    """
    loose = loose_inputs(graph_def, node_name)
    if not loose:
        return {}
    kind = graph_def.node_dict[node_name].definition.node_type_str
    where = f"{kind} '{path}{node_name}'"
    fields = {name: _config_field(item, name, where) for name, item in loose.items()}
    return {name: field for name, field in fields.items() if field is not None}


def check_loose_inputs(graph_def: GraphDefinition, path: str = "") -> None:
    """Raise where an input inside a graph can be fed by nothing.

    Args:
        graph_def: The graph.
        path: The path to the graph, with a dot at its end.

    Raises:
        DagflowInvalidDefinitionError: There is such an input.
    """
    for name, node in graph_def.node_dict.items():
        definition = node.definition
        if len(graph_def.dependencies[name]) < len(definition.input_names):
            loose_fields(graph_def, name, path)
        if isinstance(definition, GraphDefinition):
            check_loose_inputs(definition, f"{path}{name}.")
