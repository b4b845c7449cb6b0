"""Copies of AssetsDefinitions with other specs, and `map_asset_specs`.

The function and the name of the op stay the same. Keys, dependencies and the facts in the specs change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.spec import AssetSpec, free_input_name
from dagflow.defs.ops.ports import In, InputDefinition, OutputDefinition
from dagflow.defs.parts.function import location
from dagflow.errors import CheckError, DagflowInvalidDefinitionError
from dagflow.keys import AssetKey
from dagflow.types.kinds import Nothing

if TYPE_CHECKING:
    from dagflow.defs.assets.definition import AssetsDefinition


def with_specs(
    asset: AssetsDefinition,
    specs: Mapping[AssetKey, AssetSpec],
    renamed: Mapping[AssetKey, AssetKey] | None = None,
) -> AssetsDefinition:
    """Return a copy of a definition with other specs.

    Args:
        asset: The definition.
        specs: The new spec of each of its assets, by the present key. Its key and dependencies count.
        renamed: The new keys of assets that it reads, by present key.

    Raises:
        CheckError: A dependency is missing in the new specs, but a parameter of the function reads it.
        DagflowInvalidDefinitionError: A dependency is new, but the function has parameters that read assets.
    """
    new = copy.copy(asset)
    new.specs_by_key = {specs[key].key: specs[key] for key in asset.specs_by_key}
    new.keys_by_output_name = {name: specs[key].key for name, key in asset.keys_by_output_name.items()}
    renamed = renamed or {}
    new.keys_by_input_name = {name: renamed.get(key, key) for name, key in asset.keys_by_input_name.items()}
    new.partition_mappings = {renamed.get(key, key): found for key, found in asset.partition_mappings.items()}
    ins = _fit_inputs(new)
    outs = {
        name: _output(out, asset.specs_by_key[key], specs[key])
        for name, key in asset.keys_by_output_name.items()
        for out in [asset.node_def.outs[name]]
    }
    outs = {**asset.node_def.outs, **outs}
    if ins != asset.node_def.ins or any(outs[name] is not out for name, out in asset.node_def.outs.items()):
        new.node_def = asset.node_def.with_ports(ins, outs)
    definitions = [spec.partitions_def for spec in new.specs_by_key.values()]
    if definitions != [spec.partitions_def for spec in asset.specs_by_key.values()]:
        new.partitions_def = next((found for found in definitions if found is not None), None)
    new.index_ports()
    return new


def mapped(asset: AssetsDefinition, func: Callable[[AssetSpec], AssetSpec]) -> AssetsDefinition:
    """Return a copy of a definition with the specs that a function returns; see `map_asset_specs`."""
    specs: dict[AssetKey, AssetSpec] = {}
    for key, spec in asset.specs_by_key.items():
        new = specs[key] = _called(func, spec)
        if new.key != key:
            raise DagflowInvalidDefinitionError(
                f"the function of map_asset_specs changes the key '{key.to_user_string()}' of {asset!r} to "
                f"'{new.key.to_user_string()}', but the key of an asset that is computed must stay. Change "
                "it in its decorator, or load it with a key_prefix."
            )
        if any(name not in new.metadata for name in spec.metadata):
            specs[key] = new.replace_attributes(metadata={**spec.metadata, **new.metadata})
    return asset if specs == asset.specs_by_key else with_specs(asset, specs)


def map_asset_specs(func: Callable[[AssetSpec], AssetSpec], iterable: Iterable[Any]) -> list[Any]:
    """Change the specs of assets by a function.

    Args:
        func: Returns the new spec for a spec. The key of an asset that is computed must stay the same, and
            its old metadata is kept unless the new metadata has the same name.
        iterable: AssetsDefinitions and AssetSpecs. Other objects are returned unchanged.

    Returns:
        The new definitions, in the same order.

    Raises:
        CheckError: The function returns something else than an AssetSpec, or removes the dependency of a
            parameter.
        DagflowInvalidDefinitionError: The key of an asset that is computed changes, or an asset whose
            function has parameters gets another dependency.

    Example:
        >>> from dagflow import asset
        >>> @asset
        ... def water():
        ...     return 1
        >>> (owned,) = map_asset_specs(lambda spec: spec.merge_attributes(owners=["team:bar"]), [water])
        >>> owned.get_asset_spec().owners
        ['team:bar']
    """
    return [
        _called(func, item)
        if isinstance(item, AssetSpec)
        else item.map_asset_specs(func)
        if hasattr(type(item), "map_asset_specs")
        else item
        for item in iterable
    ]


def _called(func: Callable[[AssetSpec], AssetSpec], spec: AssetSpec) -> AssetSpec:
    new = func(spec)
    if not isinstance(new, AssetSpec):
        raise CheckError(
            f"the function of map_asset_specs returned {new!r} of type '{type(new).__name__}' for asset "
            f"'{spec.key.to_user_string()}'. It must return an AssetSpec."
        )
    return new


def _output(out: OutputDefinition, old: AssetSpec, new: AssetSpec) -> OutputDefinition:
    """Return the output of an asset with the facts of its new spec; the same output if nothing changes."""
    replaced: dict[str, Any] = {}
    if new.metadata != old.metadata:
        replaced["metadata"] = new.metadata
    if new.code_version != old.code_version:
        replaced["code_version"] = new.code_version
    if new.skippable != old.skippable:
        replaced["is_required"] = not new.skippable
    if new.io_manager_key != old.io_manager_key:
        replaced["io_manager_key"] = new.io_manager_key
    return OutputDefinition(out.name, out, **replaced) if replaced else out


def _fit_inputs(new: AssetsDefinition) -> dict[str, InputDefinition]:
    """Add and remove the inputs that only order the steps, and return all inputs of the op.

    They come from the dependencies in the specs. Dependencies between the assets of one definition are no
    inputs.
    """
    node_def, read = new.node_def, new.keys_by_input_name
    wanted = {
        dep.asset_key: dep
        for spec in new.specs_by_key.values()
        for dep in spec.deps
        if dep.asset_key not in new.specs_by_key or dep.asset_key in read.values()
    }
    ins = dict(node_def.ins)
    for name, key in list(read.items()):
        if key in wanted:
            if ins[name].asset_key != key:
                ins[name] = InputDefinition(name, ins[name], asset_key=key)
            continue
        if not ins[name].dagflow_type.is_nothing:
            raise CheckError(
                f"the new spec of {new!r} has no dependency on '{key.to_user_string()}', but the parameter "
                f"'{name}' of its function ({location(node_def.body.fn)}) reads it. Only dependencies of "
                "'deps' can be removed."
            )
        del ins[name], read[name]
        new.partition_mappings.pop(key, None)
    added = [dep for key, dep in wanted.items() if key not in read.values()]
    readers = [name for name in read if not ins[name].dagflow_type.is_nothing]
    if added and readers:
        raise DagflowInvalidDefinitionError(
            f"the new spec of {new!r} adds a dependency on '{added[0].asset_key.to_user_string()}', but the "
            f"function ({location(node_def.body.fn)}) reads assets by parameters ({', '.join(readers)}). "
            "Add the dependency to 'deps' of its decorator."
        )
    for dep in added:
        name = free_input_name(dep.asset_key, read)
        read[name] = dep.asset_key
        ins[name] = InputDefinition(name, In(Nothing, asset_key=dep.asset_key))
    for key, dep in wanted.items():
        if dep.partition_mapping is not None:
            new.partition_mappings[key] = dep.partition_mapping
    return ins
