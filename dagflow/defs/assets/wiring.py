"""The parts of an asset job: the selected assets, their graph and their common partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagflow._util import nearest
from dagflow.dag import find_cycle
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.dependency import key_of
from dagflow.defs.assets.layer import AssetLayer
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.wiring import Dependency, DependencyDefinition, NodeInvocation, Wiring
from dagflow.defs.parts.function import context_hint, location
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    ParameterCheckError,
    repr_of,
)
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition


def assets_by_key(assets: Any) -> dict[AssetKey, AnyAsset]:
    """Return the assets by key.

    Raises:
        ParameterCheckError: `assets` is not a sequence.
        CheckError: An element is not an asset.
        DagflowInvalidDefinitionError: Two assets have one key.
    """
    if isinstance(assets, (str, Mapping, AssetsDefinition)) or not isinstance(
        assets, (Sequence, set, frozenset)
    ):
        raise ParameterCheckError(
            f"parameter 'assets' must be a list of assets, not {repr_of(assets)} of type "
            f"'{type(assets).__name__}'"
        )
    known: dict[AssetKey, AnyAsset] = {}
    for asset in assets:
        if not isinstance(asset, (AssetsDefinition, SourceAsset, AssetSpec)):
            raise CheckError(
                f"parameter 'assets' holds {repr_of(asset)} of type '{type(asset).__name__}', which is not "
                f"an "
                "asset. Use functions decorated with @asset, SourceAssets and AssetSpecs."
            )
        for key in asset.keys if isinstance(asset, AssetsDefinition) else (asset.key,):
            other = known.setdefault(key, asset)
            if other is not asset and not (type(other) is type(asset) is AssetSpec and other == asset):
                raise DagflowInvalidDefinitionError(
                    f"Duplicate asset key: {repr_of(key)} is the key of {place_of(known[key])} and of "
                    f"{place_of(asset)}. Give one of them another key."
                )
    return known


def place_of(asset: AnyAsset) -> str:
    """Return the file and line of the function of an asset, or the repr of an asset that is only read."""
    return location(asset.node_def.body.fn) if isinstance(asset, AssetsDefinition) else repr(asset)


def selected_assets(
    executable: Mapping[AssetKey, AssetsDefinition], selection: Any, names: ShortNames
) -> dict[AssetKey, AssetsDefinition]:
    """Return the assets that a selection chooses.

    Args:
        executable: All assets that can run, by key.
        selection: Keys, definitions, or clauses such as "+tea".
        names: The short names of all assets.

    Raises:
        ParameterCheckError: The selection is not a list.
        DagflowInvalidDefinitionError: The selection names an unknown asset, or is not a valid clause.
    """
    from dagflow.selection.parse import parse_clause  # few runs select
    from dagflow.selection.resolve import walk

    parents = {
        key: [up for up in set(names.keys_read_by(asset).values()) if up in executable]
        for key, asset in executable.items()
    }
    children: dict[AssetKey, list[AssetKey]] = {key: [] for key in executable}
    for key, before in parents.items():
        for up in before:
            children[up].append(key)
    keys_by_text = {key.to_user_string(): key for key in executable}
    parts = [selection] if isinstance(selection, (str, AssetKey, AssetsDefinition)) else selection
    if not isinstance(parts, Iterable):
        raise ParameterCheckError(
            f"parameter 'selection' must be a list of keys, definitions or clauses, or one of these, not "
            f"{repr_of(selection)}"
        )
    chosen: set[AssetKey] = set()
    for part in parts:
        try:
            if isinstance(part, str):
                clause = parse_clause(part)
                if clause.name is None:
                    chosen |= set(executable)
                    continue
                start = _existing(keys_by_text.get(clause.name), clause.name, keys_by_text)
                chosen |= walk([start], clause.up, parents.__getitem__)
                chosen |= walk([start], clause.down, children.__getitem__)
            else:
                key = key_of(part)
                chosen.add(_existing(key if key in executable else None, key.to_user_string(), keys_by_text))
        except DagflowInvalidSubsetError as error:
            raise DagflowInvalidDefinitionError(
                f"the selection {repr_of(selection)} cannot be run: {error}"
            ) from error
    return {key: asset for key, asset in executable.items() if key in chosen}


def _existing(key: AssetKey | None, name: str, names: Mapping[str, AssetKey]) -> AssetKey:
    if key is None:
        raise DagflowInvalidSubsetError(
            f"no asset '{name}' is among those that can be run: {sorted(names)}.{nearest(name, names)}"
        )
    return key


_NO_RESOURCE = (
    " There is a resource with this key: if that is meant, annotate the parameter with the class of the "
    "resource, or with ResourceParam[...]."
)


def wire_assets(
    chosen: Mapping[AssetKey, AssetsDefinition],
    known: Mapping[AssetKey, AnyAsset],
    resources: Mapping[str, Any],
    names: ShortNames,
) -> tuple[Wiring, AssetLayer]:
    """Return the graph of the chosen assets, and the asset facts of its nodes.

    Args:
        chosen: The assets that run.
        known: All assets, including those that are only read.
        resources: The resources of the job, for a hint in an error.
        names: The short names of all assets.

    Raises:
        DagflowInvalidDefinitionError: An asset that is read is unknown, two assets have one step name, or
            the assets form a cycle.
    """
    wiring, layer = Wiring(), AssetLayer(known)
    parents: dict[AssetKey, list[AssetKey]] = {}
    for key, asset in chosen.items():
        node_def = asset.node_def
        name = node_def.name
        if wiring.node_defs.setdefault(name, node_def) is not node_def:
            raise DagflowInvalidDefinitionError(
                f"two assets would have the step '{name}', because their keys differ only in what separates "
                f"the parts. One of them is '{key.to_user_string()}'. Give it another key."
            )
        wiring.invocations[name] = NodeInvocation(name, hook_defs=asset.hook_defs)
        read = names.keys_read_by(asset)
        layer.add((name,), asset, asset.outputs, asset.inputs_with_keys(read))
        dependencies: dict[str, Dependency] = {}
        parents[key] = []
        for input_name, upstream in read.items():
            source = chosen.get(upstream)
            if source is not None:
                output_name = source.output_names[upstream]
                dependencies[input_name] = DependencyDefinition(source.node_def.name, output_name)
                parents[key].append(upstream)
            elif upstream not in known and not node_def.ins[input_name].dagflow_type.is_nothing:
                value_type = node_def.ins[input_name].dagflow_type
                raise DagflowInvalidDefinitionError(
                    _not_provided(input_name, key, known, names)
                    + (_NO_RESOURCE if input_name in resources else "")
                    + context_hint(input_name, value_type.typing_type)
                )
        wiring.dependencies[name] = dependencies
    cycle = find_cycle(parents)
    if cycle is not None:
        if len(cycle) == 1:
            raise DagflowInvalidDefinitionError(
                f"asset '{cycle[0].to_user_string()}' depends on its own earlier partitions, which cannot "
                "run yet. Leave this dependency out, and load the earlier partition in the function."
            )
        path = " -> ".join(f"'{key.to_user_string()}'" for key in [*cycle, cycle[0]])
        raise DagflowInvalidDefinitionError(
            f"the assets depend on each other in a cycle: {path}. Remove one dependency of this cycle."
        )
    return wiring, layer


def _not_provided(
    input_name: str, reader: AssetKey, known: Mapping[AssetKey, AnyAsset], names: ShortNames
) -> str:
    """Return the message about an input that reads an unknown asset."""
    asset = known[reader]
    assert isinstance(asset, AssetsDefinition)
    upstream = asset.keys_by_input_name[input_name]
    text = upstream.to_user_string()
    problem = (
        f"input '{input_name}' of asset '{reader.to_user_string()}' ({location(asset.node_def.body.fn)}) "
        f"reads asset '{text}', which was not provided."
    )
    candidates = names.candidates(upstream, asset)
    if candidates:
        found = " and ".join(f"'{key.to_user_string()}'" for key in candidates)
        return f"{problem} In its group {found} end with this name: use the whole key of one of them."
    same_ending = [key for key in known if key.path[-1:] == upstream.path and known[key] is not asset]
    if same_ending:
        found = " or ".join(f"'{key.to_user_string()}'" for key in same_ending[:3])
        return (
            f"{problem} Did you mean {found}? An asset of another group needs its whole key: pass "
            f"ins={{'{input_name}': AssetIn(key=...)}}."
        )
    hint = nearest(text, [other.to_user_string() for other in known])
    return f"{problem}{hint} Add its definition, or a SourceAsset with this key."


def common_partitions(
    chosen: Iterable[AssetsDefinition], one_partitioning: bool
) -> PartitionsDefinition | None:
    """Return the partitions of the assets that have partitions, None if no asset has any.

    Args:
        chosen: The assets that run.
        one_partitioning: Whether different partitions are an error. If not, the result is None.

    Raises:
        DagflowInvalidDefinitionError: The assets have different partitions.
    """
    common: tuple[PartitionsDefinition, AssetsDefinition] | None = None
    for asset in chosen:
        if asset.partitions_def is None:
            continue
        for name in asset.outputs:
            partitions_def = asset.outputs[name].partitions_def
            if partitions_def is None:
                continue
            if common is None:
                common = (partitions_def, asset)
            elif common[0] != partitions_def:
                if not one_partitioning:
                    return None
                raise DagflowInvalidDefinitionError(
                    f"{repr_of(common[1])} and {repr_of(asset)} have different partitions definitions "
                    f"({repr_of(common[0])}, "
                    f"{repr_of(partitions_def)}), so they cannot run together. Select assets with one "
                    f"definition."
                )
    return None if common is None else common[0]
