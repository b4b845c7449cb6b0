"""The definitions that a job runs: those of the selected assets and checks, or the selected parts of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from dagflow.defs.assets.catalog import AssetCatalog
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.short_names import ShortNames
from dagflow.errors import DagflowInvalidDefinitionError, repr_of
from dagflow.keys import AssetCheckKey, AssetKey

if TYPE_CHECKING:
    from dagflow.defs.assets.asset_graph import AssetGraph


def chosen_parts(
    catalog: AssetCatalog,
    selection: Any,
    names: ShortNames,
    *,
    is_global: bool = False,
    graph: AssetGraph | None = None,
) -> list[AssetsDefinition]:
    """Return the definitions that a job runs, or the selected parts of them.

    Args:
        catalog: All assets and checks.
        selection: An AssetSelection, or another value that `AssetSelection.from_coercible` accepts; None
            selects all assets that are made, and their checks.
        names: The short names of all assets.
        is_global: Whether, without a selection, all observations and the checks of all other assets run too.
        graph: The graph of the assets and checks, if it is there already.

    Raises:
        DagflowError: The selection is of another form.
        DagflowInvalidAssetSelectionError: A selection string cannot be parsed.
        DagflowInvalidDefinitionError: A selected asset cannot run.
        DagflowInvalidSubsetError: The selection names an unknown key, or a part of a definition that cannot
            be divided.
    """
    if selection is None and not catalog.checks:
        return list(dict.fromkeys([asset for asset in catalog.assets.values() if _is_run(asset, is_global)]))
    if selection is None:
        keys = {key for key, asset in catalog.assets.items() if _is_run(asset, is_global)}
        checks = {key for key in catalog.checks if is_global or key.asset_key in keys}
    else:
        keys, checks = _selected_keys(catalog, selection, names, graph)
    parts: list[Any] = [asset for key, asset in catalog.assets.items() if key in keys]
    parts += [definition for key, definition in catalog.checks.items() if key in checks]
    return [part.part_with(keys, checks) for part in dict.fromkeys(parts)]


def _is_run(asset: AnyAsset, is_global: bool) -> TypeGuard[AssetsDefinition]:
    """Return whether a job without a selection runs an asset."""
    return isinstance(asset, AssetsDefinition) and (
        asset.is_executable if is_global else asset.is_materializable
    )


def _selected_keys(
    catalog: AssetCatalog, selection: Any, names: ShortNames, graph: AssetGraph | None
) -> tuple[set[AssetKey], set[AssetCheckKey]]:
    """Return the keys of the selected assets and checks, after a check that the assets can run."""
    from dagflow.defs.assets.asset_graph import AssetGraph  # few runs select
    from dagflow.defs.selections.definition import AssetSelection

    chosen = AssetSelection.from_coercible(selection)
    graph = AssetGraph(catalog, names) if graph is None else graph
    keys = chosen.resolve(graph)
    external = sorted(key.to_user_string() for key in keys if not graph.get(key).is_executable)
    if external:
        raise DagflowInvalidDefinitionError(
            f"the selection {repr_of(selection)} contains {external}, which nothing computes, so they cannot "
            "run. Select materializable assets only, for example with AssetSelection.materializable()."
        )
    return keys, chosen.resolve_checks(graph)
