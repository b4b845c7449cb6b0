"""The differences in the code and the declaration of a node itself, for reports.

`Since.facets_of` is for selections: it may name more than what differs, so that no test is missed. Here a
facet is named only if a block of code differs to which the function or an argument of the node leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_dagflow.selecting.since import FACETS_BY_KEYWORD, Since

if TYPE_CHECKING:
    from dagflow.testing import Node

_CODE, _ARGUMENTS, _RESOURCES = "code", "arguments", "resources"


class OwnChanges:
    """The differences of single nodes between a revision and the working tree.

    Args:
        since: The differences of the project.
    """

    def __init__(self, since: Since) -> None:
        self._since = since
        self._resources = dict(_resources(since))

    def of(self, node: Node) -> dict[str, tuple[str, ...]]:
        """Return the facets of a node that differ, each with the blocks of code that differ.

        Args:
            node: The node.
        """
        since = self._since
        found: dict[str, dict[str, None]] = {}
        if not since.has_code or since.is_new(node):
            return {}
        self._add(found, _CODE, self._differing(since.now.roots(node.definition)))
        for block_id in since.names_of(node.definition):
            self._add_arguments(found, block_id, is_own=True)
        for container in node.part_of:
            for block_id in since.names_of(container):
                of_container: dict[str, dict[str, None]] = {}
                self._add_arguments(of_container, block_id, is_own=False)
                if not node.attributes.get("resource"):
                    of_container.pop(_RESOURCES, None)
                for facet, details in of_container.items():
                    self._add(found, facet, details)
        for key in node.attributes.get("resource", ()):
            for resource in self._resources.get(key, ()):
                self._add(found, _RESOURCES, self._differing(since.now.roots(resource)))
        code = found.get(_CODE, {})
        return {
            facet: tuple(detail for detail in details if facet == _CODE or detail not in code)
            for facet, details in found.items()
        }

    def _differing(self, ids: Iterable[str]) -> list[str]:
        """Return a sentence for each block that differs among those to which blocks lead."""
        from dagflow.testing import changed_blocks

        ids = list(ids)
        if not ids:
            return []
        return changed_blocks(self._since.old.blocks_from(ids), self._since.now.blocks_from(ids))

    def _add_arguments(self, found: dict[str, dict[str, None]], block_id: str, *, is_own: bool) -> None:
        """Add the facets of the arguments of decorators that differ; of a container those that nodes have."""
        if not (self._since.has_block(block_id, of_revision=True) and self._since.has_block(block_id)):
            return
        old, now = (graph.arguments_of(block_id) for graph in (self._since.old, self._since.now))
        path, _, name = block_id.partition("::")
        for keyword in {**old, **now}:
            facet = FACETS_BY_KEYWORD.get(keyword, _ARGUMENTS if is_own else "")
            if not facet:
                continue
            before, after = old.get(keyword), now.get(keyword)
            if before is None or after is None or before[0] != after[0]:
                what = f"argument '{keyword}'" if keyword else "an argument"
                self._add(found, facet, [f"{path}: {what} of {name} changed"])
            else:
                self._add(found, facet, self._differing_values(after[1]))

    def _differing_values(self, ids: Iterable[str]) -> list[str]:
        """Return a sentence for each block that differs behind an argument, without definitions in it."""
        from dagflow.testing import changed_blocks

        ids = list(ids)
        old, now = (graph.blocks_from(ids, stops=True) for graph in (self._since.old, self._since.now))
        return changed_blocks(old, now)

    @staticmethod
    def _add(found: dict[str, dict[str, None]], facet: str, details: Iterable[str]) -> None:
        details = list(details)
        if details:
            found.setdefault(facet, {}).update(dict.fromkeys(details))


def _resources(since: Since) -> Iterator[tuple[str, list[object]]]:
    """Yield the key of each resource of the projects in the imported modules, with its definitions."""
    from dagflow import Definitions

    found: dict[str, list[object]] = {}
    for _, module in since.modules:
        for value in list(vars(module).values()):
            if isinstance(value, Definitions):
                resources: Mapping[str, Any] = value.resources or {}
                for key, resource in resources.items():
                    found.setdefault(key, []).append(resource)
    yield from found.items()
