"""That types of one job that bear the same name are the same."""

from __future__ import annotations

from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.ops.definition import OpDefinition, where
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.types.kinds import BUILTIN_TYPES, DagflowType

_BUILTIN: dict[str, tuple[DagflowType, OpDefinition | None]] = {
    kind.display_name: (kind, None) for kind in BUILTIN_TYPES
}
_SEEN = {id(kind) for kind in BUILTIN_TYPES}
"""By identity, since a type of the user may say that it equals anything; types live as long as the graph."""


def check_type_names(graph_def: GraphDefinition, place: str) -> None:
    """Raise where two types in a graph, however deep, have one name: messages and config name types.

    Args:
        graph_def: The graph.
        place: What it belongs to, for the message.

    Raises:
        DagflowInvalidDefinitionError: There are two.
    """
    known: dict[str, tuple[DagflowType, OpDefinition | None]] = {}
    seen: set[int] = set()
    for definition in graph_def.iterate_node_defs():
        if not isinstance(definition, OpDefinition):
            continue
        for slots in (definition.ins, definition.outs):
            for slot in slots.values():
                kind: DagflowType = slot.dagflow_type
                if id(kind) in _SEEN or id(kind) in seen:
                    continue
                seen.add(id(kind))
                for named in _named(kind):
                    name = named.display_name
                    other, owner = _BUILTIN.get(name) or known.setdefault(name, (named, definition))
                    if other is not named:
                        raise _same_name(named, definition, owner, place)


def _same_name(
    kind: DagflowType, definition: OpDefinition, owner: OpDefinition | None, place: str
) -> DagflowInvalidDefinitionError:
    other = "a type of dagflow" if owner is None else f"another type, that of {where(owner)}"
    return DagflowInvalidDefinitionError(
        f"{place}: the type '{kind.display_name}' of {where(definition)} has the same name as {other}. "
        "Use one type in both places, or give each a name of its own."
    )


def _named(kind: DagflowType) -> list[DagflowType]:
    own = [kind] if kind.has_unique_name else []
    return own + [named for inner in kind.inner_types for named in _named(inner)]
