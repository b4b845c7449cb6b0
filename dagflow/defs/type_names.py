"""That types of one job that bear the same name are the same."""

from __future__ import annotations

from collections.abc import Iterator

from dagflow.defs.graph import GraphDefinition
from dagflow.defs.op import OpDefinition, where
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.types import BUILTIN_TYPES, DagflowType


def check_type_names(graph_def: GraphDefinition, place: str) -> None:
    """Raise where two types in a graph, however deep, have one name: messages and config name types.

    Args:
        graph_def: The graph.
        place: What it belongs to, for the message.

    Raises:
        DagflowInvalidDefinitionError: There are two.
    """
    known: dict[str, tuple[DagflowType, str]] = {
        kind.display_name: (kind, "dagflow") for kind in BUILTIN_TYPES
    }
    for definition in graph_def.iterate_node_defs():
        if not isinstance(definition, OpDefinition):
            continue
        outer = [
            *[item.dagflow_type for item in definition.ins.values()],
            *[output.dagflow_type for output in definition.outs.values()],
        ]
        for kind in [named for whole in outer if not whole.is_any for named in _named(whole)]:
            other, owner = known.setdefault(kind.display_name, (kind, where(definition)))
            if other is not kind:
                raise DagflowInvalidDefinitionError(
                    f"{place}: the type '{kind.display_name}' of {where(definition)} has the same name as "
                    f"another type, that of {owner}. Use one type in both places, or give each a name of its "
                    "own."
                )


def _named(kind: DagflowType) -> Iterator[DagflowType]:
    if kind.has_unique_name:
        yield kind
    for inner in kind.inner_types:
        yield from _named(inner)
