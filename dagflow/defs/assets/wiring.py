"""The graph of the assets of a job, the asset facts of its nodes, and their common partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagflow._util import nearest
from dagflow.defs.assets.catalog import AssetCatalog, place_of
from dagflow.defs.assets.cycles import without_cycles
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.layer import AssetLayer
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import Dependency, DependencyDefinition, NodeInvocation, Wiring
from dagflow.defs.parts.function import context_hint
from dagflow.errors import DagflowInvalidDefinitionError, repr_of
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition

_NO_RESOURCE = (
    " There is a resource with this key: if that is meant, annotate the parameter with the class of the "
    "resource, or with ResourceParam[...]."
)


def wire_assets(
    parts: Sequence[AssetsDefinition],
    catalog: AssetCatalog,
    resources: Mapping[str, Any],
    names: ShortNames,
) -> tuple[Wiring, AssetLayer]:
    """Return the graph of the chosen assets and checks, and the asset facts of its nodes.

    Args:
        parts: The definitions that run, or the selected parts of them.
        catalog: All assets and checks, including assets that are only read.
        resources: The resources of the job, for a hint in an error.
        names: The short names of all assets.

    Raises:
        DagflowInvalidDefinitionError: An asset that is read is unknown, two definitions have one step name,
            the assets form a cycle, or a check has other partitions than its asset.
    """
    whole = parts
    if not catalog.has_no_cycle:
        parts = _without_cycles(parts, catalog, names)
    wiring, layer = Wiring(), AssetLayer(catalog.assets, catalog.checks)
    node_names = [part.node_def.name for part in parts] if parts is whole else _node_names(parts)
    sources = {
        key: (node_name, output_name)
        for node_name, part in zip(node_names, parts, strict=True)
        for output_name, key in part.keys_by_output_name.items()
    }
    gates: dict[AssetKey, list[DependencyDefinition]] = {}
    if catalog.checks:
        gates = _gates(parts, node_names)
        _check_partitions_of_checks(parts, layer)
    for node_name, part in zip(node_names, parts, strict=True):
        node_def = part.node_def
        is_further = node_name != node_def.name and isinstance(node_def, GraphDefinition)
        definition_name = node_name if is_further else node_def.name  # the parts of a graph differ
        if wiring.node_defs.setdefault(definition_name, node_def) is not node_def:
            owners = [one for one in parts if one.node_def.name == node_def.name][:2]
            shown = " and ".join(f"{one.describe()} ({place_of(one)})" for one in owners)
            identifiers = {key.to_python_identifier() for one in owners for key in one.keys}
            is_by_key = identifiers == {node_def.name} and all(one.keys_by_output_name for one in owners)
            reason = ", because their keys differ only in what separates the parts" if is_by_key else ""
            raise DagflowInvalidDefinitionError(
                f"{shown} would have one step name, '{node_def.name}'{reason}. Give one of them another name "
                "or key."
            )
        alias = None if node_name == node_def.name else node_name
        wiring.invocations[node_name] = NodeInvocation(definition_name, alias, hook_defs=part.hook_defs)
        read = names.keys_read_by(part)
        layer.add_part((node_name,), part, part.inputs_with_keys(read))
        dependencies: dict[str, Dependency] = {}
        for input_name, upstream in read.items():
            source = sources.get(upstream)
            if source is not None and source[0] != node_name:
                dependencies[input_name] = DependencyDefinition(*source)
            elif source is None and upstream not in catalog.assets:
                _check_unknown(part, input_name, catalog.assets, names, resources)
            if gates and upstream in gates and part.keys_by_output_name:
                of_others = tuple(gate for gate in gates[upstream] if gate.node != node_name)
                if of_others:
                    wiring.gates[node_name, input_name] = of_others
        wiring.dependencies[node_name] = dependencies
    return wiring, layer


def _without_cycles(
    parts: Sequence[AssetsDefinition], catalog: AssetCatalog, names: ShortNames
) -> Sequence[AssetsDefinition]:
    """Return the definitions, divided where it is needed. Remember if all of them together have no cycle."""
    found = without_cycles(parts, names)
    if found is parts:
        others = set(catalog.definitions()).difference(parts)
        catalog.has_no_cycle = not any(
            isinstance(other, AssetsDefinition) and other.is_executable for other in others
        )
    return found


def _node_names(parts: Sequence[AssetsDefinition]) -> list[str]:
    """Return the names of the nodes: those of the definitions, with a number for further parts of one."""
    counts: dict[int, int] = {}
    found = []
    for part in parts:
        name, identity = part.node_def.name, id(part.whole)
        counts[identity] = count = counts.get(identity, 0) + 1
        found.append(name if count == 1 else f"{name}_{count}")
    return found


def _gates(
    parts: Sequence[AssetsDefinition], node_names: Sequence[str]
) -> dict[AssetKey, list[DependencyDefinition]]:
    """Return the outputs of blocking checks that the readers of an asset wait for, by its key."""
    found: dict[AssetKey, list[DependencyDefinition]] = {}
    for node_name, part in zip(node_names, parts, strict=True):
        for output_name, spec in part.check_specs_by_output_name.items():
            if spec.blocking:
                found.setdefault(spec.asset_key, []).append(DependencyDefinition(node_name, output_name))
    return found


def _check_partitions_of_checks(parts: Iterable[AssetsDefinition], layer: AssetLayer) -> None:
    """Raise if a check has partitions, but not those of its asset."""
    for part in parts:
        for spec in part.check_specs_by_output_name.values():
            if spec.partitions_def is None:
                continue
            of_asset = layer.partitions_def(spec.asset_key)
            if spec.partitions_def != of_asset:
                asset = f"asset '{spec.asset_key.to_user_string()}'"
                fact = f"has {repr_of(of_asset)}" if of_asset is not None else "has no partitions"
                raise DagflowInvalidDefinitionError(
                    f"check '{spec.name}' of {asset} ({place_of(part)}) has the partitions "
                    f"{repr_of(spec.partitions_def)}, but {asset} {fact}. Give the check the partitions "
                    "of its asset, or none."
                )


def _check_unknown(
    part: AssetsDefinition,
    input_name: str,
    known: Mapping[AssetKey, AnyAsset],
    names: ShortNames,
    resources: Mapping[str, Any],
) -> None:
    """Raise if an input has a value, which an unknown asset would give."""
    value_type = part.node_def.ins[input_name].dagflow_type
    if value_type.is_nothing:
        return
    raise DagflowInvalidDefinitionError(
        _not_provided(part, input_name, known, names)
        + (_NO_RESOURCE if input_name in resources else "")
        + context_hint(input_name, value_type.typing_type)
    )


def _not_provided(
    part: AssetsDefinition, input_name: str, known: Mapping[AssetKey, AnyAsset], names: ShortNames
) -> str:
    """Return the message about an input that reads an unknown asset."""
    upstream = part.keys_by_input_name[input_name]
    text = upstream.to_user_string()
    problem = (
        f"input '{input_name}' of {part.describe()} ({place_of(part)}) "
        f"reads asset '{text}', which was not provided."
    )
    candidates = names.candidates(upstream, part)
    if candidates:
        found = " and ".join(f"'{key.to_user_string()}'" for key in candidates)
        return f"{problem} In its group {found} end with this name: use the whole key of one of them."
    same_ending = [key for key in known if key.path[-1:] == upstream.path and key not in part.keys]
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
        for partitions_def in asset.own_partitions():
            if common is None:
                common = (partitions_def, asset)
            elif common[0] != partitions_def:
                if not one_partitioning:
                    return None
                raise DagflowInvalidDefinitionError(
                    f"{_both(common[1], asset)} must have the same partitions definitions "
                    f"({repr_of(common[0])}, "
                    f"{repr_of(partitions_def)}), so they cannot run together. Select assets with one "
                    f"definition."
                )
    return None if common is None else common[0]


def _both(one: AssetsDefinition, other: AssetsDefinition) -> str:
    return f"the assets of {repr_of(one)}" if one is other else f"{repr_of(one)} and {repr_of(other)}"
