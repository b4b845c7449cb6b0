"""The check that no two types of a job have the same name."""

from __future__ import annotations

from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.ops.definition import OpDefinition, op_location
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.types.kinds import BUILTIN_TYPES, DagflowType

_BUILTIN: dict[str, tuple[DagflowType, OpDefinition | None]] = {
    builtin.display_name: (builtin, None) for builtin in BUILTIN_TYPES
}
_SEEN = {id(builtin) for builtin in BUILTIN_TYPES}
"""By identity, since a type of the user may equal any other. Types live as long as the graph."""


def check_type_names(graph_def: GraphDefinition, place: str) -> None:
    """Raise if two types in a graph, at any depth, have one name, since messages and config name types.

    Args:
        graph_def: The graph.
        place: The owner of the graph, for the message.

    Raises:
        DagflowInvalidDefinitionError: Two types have one name.
    """
    known: dict[str, tuple[DagflowType, OpDefinition | None]] = {}
    seen: set[int] = set()
    for definition in graph_def.iterate_node_defs():
        if not isinstance(definition, OpDefinition):
            continue
        for slots in (definition.ins, definition.outs):
            for slot in slots.values():
                dagflow_type: DagflowType = slot.dagflow_type
                if id(dagflow_type) in _SEEN or id(dagflow_type) in seen:
                    continue
                seen.add(id(dagflow_type))
                for named in _named(dagflow_type):
                    name = named.display_name
                    other, owner = _BUILTIN.get(name) or known.setdefault(name, (named, definition))
                    if other is not named:
                        raise _same_name(named, definition, owner, place)


def _same_name(
    dagflow_type: DagflowType, definition: OpDefinition, owner: OpDefinition | None, place: str
) -> DagflowInvalidDefinitionError:
    other = "a type of dagflow" if owner is None else f"another type, in {op_location(owner)}"
    return DagflowInvalidDefinitionError(
        f"{place}: the type '{dagflow_type.display_name}' of {op_location(definition)} has the same name as "
        f"{other}. Use one type in both places, or give each a name of its own."
    )


def _named(dagflow_type: DagflowType) -> list[DagflowType]:
    own = [dagflow_type] if dagflow_type.has_unique_name else []
    return own + [named for inner in dagflow_type.inner_types for named in _named(inner)]
