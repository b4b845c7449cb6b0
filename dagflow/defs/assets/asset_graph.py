"""AssetGraph: all assets and checks of a list of definitions, with the dependencies between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, overload

from dagflow.defs.assets.asset_nodes import AssetCheckNode, AssetNode
from dagflow.defs.assets.catalog import AssetCatalog
from dagflow.defs.assets.definition import AnyAsset, spec_of
from dagflow.defs.assets.facts import STUB_MARKER
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.spec import AssetSpec
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.tags import system_tag

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec


class AssetGraph:
    """All assets and checks of a list of definitions, with the dependencies between them.

    An asset that is only named as a dependency, or only by a check, has a node too. The graph of a project is
    `Definitions.resolve_asset_graph()`.

    Args:
        catalog: All assets and checks by key.
        names: The short names of the assets.

    Attributes:
        catalog: All assets and checks that have definitions.
        names: The short names of the assets.
        asset_nodes: The node of each asset, by key.
        check_nodes: The node of each check, by key.

    Example:
        >>> from dagflow import AssetSpec
        >>> graph = AssetGraph.from_assets([AssetSpec("tea", deps=["water"])])
        >>> graph.get(AssetKey("water")).child_keys
        {AssetKey(['tea'])}
    """

    def __init__(self, catalog: AssetCatalog, names: ShortNames) -> None:
        self.catalog: AssetCatalog = catalog
        self.names: ShortNames = names
        self.asset_nodes: dict[AssetKey, AssetNode] = {
            key: AssetNode(spec_of(definition, key), definition) for key, definition in catalog.assets.items()
        }
        self.check_nodes: dict[AssetCheckKey, AssetCheckNode] = {}
        self._groups: dict[str, list[AssetNode]] | None = None
        self._levels: list[list[AssetNode]] | None = None
        for node in list(self.asset_nodes.values()):
            for dep in node.spec.deps:
                parent = self._node(names.resolve(dep.asset_key, node.definition))
                node.parents.append(parent)
                parent.children.append(node)
        for definition in dict.fromkeys(catalog.checks.values()):
            for spec in definition.check_specs:
                check = self.check_nodes[spec.key] = AssetCheckNode(spec, definition)
                self._node(spec.asset_key).checks.append(check)
                for dep in spec.additional_deps:
                    self._node(dep.asset_key)

    @staticmethod
    def from_assets(assets: Iterable[Any]) -> AssetGraph:
        """Return the graph of AssetsDefinitions, SourceAssets, AssetSpecs and definitions of checks.

        Raises:
            CheckError: An element is not one of these.
            DagflowInvalidDefinitionError: Two assets have one key.
        """
        catalog = AssetCatalog(list(dict.fromkeys(assets)))
        return AssetGraph(catalog, ShortNames(catalog.assets))

    def _node(self, key: AssetKey) -> AssetNode:
        """Return the node of an asset; a new one, if no definition has this key."""
        node = self.asset_nodes.get(key)
        if node is None:
            spec = AssetSpec(key, metadata={system_tag(STUB_MARKER): True})
            node = self.asset_nodes[key] = AssetNode(spec, spec)
        return node

    @overload
    def get(self, key: AssetKey) -> AssetNode: ...

    @overload
    def get(self, key: AssetCheckKey) -> AssetCheckNode: ...

    def get(self, key: AssetKey | AssetCheckKey) -> AssetNode | AssetCheckNode:
        """Return the node of an asset or a check.

        Raises:
            KeyError: The key is unknown.
        """
        return self._entity(key)

    def _entity(self, key: AssetKey | AssetCheckKey) -> AssetNode | AssetCheckNode:
        return self.check_nodes[key] if isinstance(key, AssetCheckKey) else self.asset_nodes[key]

    def has(self, key: AssetKey | AssetCheckKey) -> bool:
        """Return whether an asset or a check has this key."""
        return key in self.check_nodes if isinstance(key, AssetCheckKey) else key in self.asset_nodes

    def get_all_asset_keys(self) -> set[AssetKey]:
        """Return the keys of all assets, also of those that are only named as dependencies."""
        return set(self.asset_nodes)

    def _keys(self, fits: Callable[[AssetNode], object]) -> set[AssetKey]:
        return {key for key, node in self.asset_nodes.items() if fits(node)}

    @property
    def materializable_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets that a definition computes."""
        return self._keys(lambda node: node.is_materializable)

    @property
    def external_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets that no definition computes."""
        return self._keys(lambda node: node.is_external)

    @property
    def observable_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets that a definition observes."""
        return self._keys(lambda node: node.is_observable)

    @property
    def executable_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets that a run can compute or observe."""
        return self._keys(lambda node: node.is_executable)

    @property
    def unexecutable_asset_keys(self) -> set[AssetKey]:
        """The keys of the other assets."""
        return self._keys(lambda node: not node.is_executable)

    @property
    def unpartitioned_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets without partitions."""
        return self._keys(lambda node: not node.is_partitioned)

    @property
    def root_executable_asset_keys(self) -> set[AssetKey]:
        """The keys of the executable assets that depend on no other executable asset."""
        return self._roots(lambda node: node.is_executable)

    @property
    def root_materializable_asset_keys(self) -> set[AssetKey]:
        """The keys of the materializable assets that depend on no other materializable asset."""
        return self._roots(lambda node: node.is_materializable)

    def _roots(self, fits: Callable[[AssetNode], bool]) -> set[AssetKey]:
        """Return the keys of the fitting assets without a fitting ancestor."""
        with_ancestor: set[AssetNode] = set()
        found: set[AssetKey] = set()
        for level in self._nodes_by_level():
            for node in level:
                if any(up in with_ancestor or fits(up) for up in node.parents if up is not node):
                    with_ancestor.add(node)
                elif fits(node):
                    found.add(node.key)
        return found

    @property
    def asset_dep_graph(self) -> dict[str, dict[AssetKey, set[AssetKey]]]:
        """The keys next to each asset: its dependencies as "upstream", its dependents as "downstream"."""
        nodes = self.asset_nodes
        return {
            "upstream": {key: node.parent_keys for key, node in nodes.items()},
            "downstream": {key: node.child_keys for key, node in nodes.items()},
        }

    @property
    def asset_check_keys(self) -> set[AssetCheckKey]:
        """The keys of all checks."""
        return set(self.check_nodes)

    @property
    def assets_defs(self) -> list[AnyAsset]:
        """All definitions, each once."""
        found: list[AnyAsset] = [node.definition for node in self.asset_nodes.values()]
        found += [node.definition for node in self.check_nodes.values()]
        return list(dict.fromkeys(found))

    @property
    def all_group_names(self) -> set[str]:
        """The names of all groups."""
        return set(self.nodes_by_group())

    def nodes_by_group(self) -> Mapping[str, list[AssetNode]]:
        """Return the nodes of the assets of each group, by its name."""
        if self._groups is None:
            self._groups = {}
            for node in self.asset_nodes.values():
                self._groups.setdefault(node.group_name, []).append(node)
        return self._groups

    def asset_keys_for_group(self, group_name: str, require_materializable: bool = False) -> set[AssetKey]:
        """Return the keys of the assets of a group; without externals, if they must be materializable."""
        nodes = self.nodes_by_group().get(group_name, ())
        return {node.key for node in nodes if node.is_materializable or not require_materializable}

    @property
    def toposorted_asset_keys_by_level(self) -> list[set[AssetKey]]:
        """The keys in sets: first the assets without dependencies, then those that depend on these..."""
        return [{node.key for node in level} for level in self._nodes_by_level()]

    @property
    def toposorted_asset_keys(self) -> list[AssetKey]:
        """The keys of all assets, each behind those that it depends on, ordered by level and key."""
        return [key for level in self._nodes_by_level() for key in sorted(node.key for node in level)]

    def _nodes_by_level(self) -> list[list[AssetNode]]:
        if self._levels is None:
            self._levels = list(_levels(self.asset_nodes.values()))
        return self._levels

    def assets_def_for_key(self, key: AssetKey | AssetCheckKey) -> AnyAsset:
        """Return the definition of an asset or check.

        Raises:
            KeyError: The key is unknown.
        """
        return self._entity(key).definition

    def get_ancestor_asset_keys(self, asset_key: AssetKey, include_self: bool = False) -> set[AssetKey]:
        """Return the keys of all assets that an asset depends on, directly or not.

        Raises:
            KeyError: The key is unknown.
        """
        keys = set(self.upstream_key_iterator(asset_key))
        return keys | {asset_key} if include_self else keys - {asset_key}

    def upstream_key_iterator(self, asset_key: AssetKey) -> Iterator[AssetKey]:
        """Yield the keys of the assets that an asset depends on, the nearest first."""
        seen = {self.asset_nodes[asset_key]}
        queue = list(seen)
        for node in queue:
            for parent in node.parents:
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)
                    yield parent.key

    def get_materializable_roots(self, asset_key: AssetKey) -> set[AssetKey]:
        """Return the materializable roots of the graph that an asset depends on, or its own key.

        Raises:
            KeyError: The key is unknown.
        """
        return self.get_ancestor_asset_keys(asset_key, True) & self.root_materializable_asset_keys

    def has_materializable_parents(self, asset_key: AssetKey) -> bool:
        """Return whether an asset depends directly on another materializable asset."""
        node = self.asset_nodes[asset_key]
        return any(parent.is_materializable for parent in node.parents if parent is not node)

    def get_check_spec(self, key: AssetCheckKey) -> AssetCheckSpec:
        """Return the facts about a check.

        Raises:
            KeyError: The key is unknown.
        """
        return self.check_nodes[key].spec

    def get_check_keys_for_assets(self, asset_keys: Iterable[AssetKey]) -> set[AssetCheckKey]:
        """Return the keys of the checks of some assets. Unknown assets have no checks."""
        nodes = (self.asset_nodes[key] for key in asset_keys if key in self.asset_nodes)
        return {check.key for node in nodes for check in node.checks}

    def get_execution_set_asset_and_check_keys(
        self, asset_key_or_check_key: AssetKey | AssetCheckKey
    ) -> set[AssetKey | AssetCheckKey]:
        """Return the keys of the assets and checks that always run together with one of them.

        Raises:
            KeyError: The key is unknown.
        """
        return self._entity(asset_key_or_check_key).execution_set_entity_keys

    def __repr__(self) -> str:
        return f"<AssetGraph with {len(self.asset_nodes)} assets and {len(self.check_nodes)} checks>"


def _levels(nodes: Iterable[AssetNode]) -> Iterator[list[AssetNode]]:
    """Yield the nodes by level. A dependency on itself does not count."""
    waiting = {node: sum(parent is not node for parent in node.parents) for node in nodes}
    level = [node for node, count in waiting.items() if not count]
    while level:
        yield level
        following: list[AssetNode] = []
        for node in level:
            for child in node.children:
                if child is not node:
                    waiting[child] -= 1
                    if not waiting[child]:
                        following.append(child)
        level = following
