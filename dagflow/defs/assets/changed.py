"""Changes of the specs of assets: `map_asset_specs`, and the inputs and outputs that fit changed specs.

`AssetsDefinition.with_specs` makes the copy of a definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.dependency import AssetDep, free_input_name
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.defs.ops.ports import In, InputDefinition, OutputDefinition
from dagflow.defs.parts.function import location
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, repr_of
from dagflow.keys import AssetKey
from dagflow.types.kinds import Nothing

if TYPE_CHECKING:
    from dagflow.defs.ops.definition import OpDefinition
    from dagflow.defs.ops.node import NodeDefinition
    from dagflow.partitions.mapping import PartitionMapping


def mapped_specs(
    func: Callable[[AssetSpec], AssetSpec], specs: Mapping[AssetKey, AssetSpec]
) -> dict[AssetKey, AssetSpec]:
    """Return the specs that a function returns for the specs of one definition, by the same keys.

    Old metadata is kept unless the new metadata has the same name.
    """
    new: dict[AssetKey, AssetSpec] = {}
    for key, spec in specs.items():
        new[key] = found = _called(func, spec)
        if found.key != key:
            raise DagflowInvalidDefinitionError(
                f"the function of map_asset_specs changes the key of asset '{key.to_user_string()}' to "
                f"'{found.key.to_user_string()}', but the key of an asset that is computed must stay. Change "
                "it in its decorator, or load it with a key_prefix."
            )
        if any(name not in found.metadata for name in spec.metadata):
            new[key] = found.replace_attributes(metadata={**spec.metadata, **found.metadata})
    return new


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
            f"the function of map_asset_specs returned {repr_of(new)} of type '{type(new).__name__}' for "
            f"asset '{spec.key.to_user_string()}'. It must return an AssetSpec."
        )
    return new


def output_of_spec(out: OutputDefinition, old: AssetSpec, new: AssetSpec) -> OutputDefinition:
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


def changed_attributes(
    spec: AssetSpec, renamed: Mapping[AssetKey, AssetKey], facts: Mapping[str, Any]
) -> AssetSpec:
    """Return a spec with other keys and facts.

    Args:
        spec: The spec.
        renamed: The new keys, by present key.
        facts: The new facts by the name of the attribute: a dict by present key, or a fact for each asset.

    Raises:
        DagflowInvalidDefinitionError: The spec has such a fact already.
    """
    key = spec.key
    new: dict[str, Any] = {}
    for name, given in facts.items():
        value = given.get(key) if isinstance(given, Mapping) else given
        if value is None:
            continue
        if name == "metadata":
            new[name] = {**spec.metadata, **value}
            continue
        old = getattr(spec, name)
        if old and (name, old) != ("group_name", DEFAULT_GROUP):
            raise DagflowInvalidDefinitionError(
                f"asset '{key.to_user_string()}' has the {name} {repr_of(old)}, so it cannot be given "
                f"{repr_of(value)}. Leave out one of them, or use map_asset_specs."
            )
        new[name] = value
    deps = [dep.with_key(renamed) for dep in spec.deps]
    return spec.replace_attributes(key=renamed.get(key, key), deps=deps, **new)


def check_graph_deps(
    graph_def: NodeDefinition, specs: Mapping[AssetKey, AssetSpec], read: Mapping[str, AssetKey]
) -> None:
    """Raise if the specs of assets that a graph makes have other dependencies than the graph.

    Args:
        graph_def: The graph.
        specs: The new specs by key.
        read: The key that each input of the graph reads.

    Raises:
        CheckError: A dependency is new, or missing.
    """
    wanted = {dep.asset_key for spec in specs.values() for dep in spec.deps} - specs.keys()
    keys = set(read.values()) - specs.keys()
    if wanted != keys:
        changed = sorted(key.to_user_string() for key in wanted ^ keys)
        raise CheckError(
            f"the new specs of the assets of graph '{graph_def.name}' add or remove the dependencies "
            f"{changed}. Only the dependencies of assets that an op makes can be changed: change the inputs "
            "of the graph instead."
        )


def check_same_managers(
    graph_def: NodeDefinition, old: Mapping[AssetKey, AssetSpec], new: Mapping[AssetKey, AssetSpec]
) -> None:
    """Raise if the specs of assets that a graph makes name other I/O managers than before.

    Args:
        graph_def: The graph.
        old: The present specs by key.
        new: The new specs by the same keys.

    Raises:
        DagflowInvalidDefinitionError: A spec names another I/O manager.
    """
    for key, spec in old.items():
        if new[key].io_manager_key != spec.io_manager_key:
            raise DagflowInvalidDefinitionError(
                f"the new spec of asset '{key.to_user_string()}' has the I/O manager "
                f"'{new[key].io_manager_key}', but an op of graph '{graph_def.name}' stores the asset. Give "
                "the io_manager_key to the Out of this op."
            )


def inputs_of_specs(
    node_def: OpDefinition,
    specs: Mapping[AssetKey, AssetSpec],
    read: dict[str, AssetKey],
    mappings: dict[AssetKey, PartitionMapping],
) -> dict[str, InputDefinition]:
    """Return the inputs of an op that fit the dependencies in the specs of its assets.

    Inputs that only order the steps are added and removed. Dependencies between the assets of one definition
    are no inputs.

    Args:
        node_def: The op.
        specs: The new specs by key.
        read: The key that each input reads, by name. It is changed.
        mappings: The partition mappings by key. It is changed.

    Raises:
        CheckError: A dependency is missing, but a parameter of the function reads it.
        DagflowInvalidDefinitionError: A dependency is new, but the function has parameters that read assets.
    """
    what = f"asset '{node_def.name}'"
    wanted = {
        dep.asset_key: dep
        for spec in specs.values()
        for dep in spec.deps
        if dep.asset_key not in specs or dep.asset_key in read.values()
    }
    if not specs:  # an op of checks: its inputs stay
        wanted = {key: AssetDep(key) for key in read.values()}
    ins = dict(node_def.ins)
    for name, key in list(read.items()):
        if key in wanted:
            if ins[name].asset_key != key:
                ins[name] = InputDefinition(name, ins[name], asset_key=key)
            continue
        if not ins[name].dagflow_type.is_nothing:
            raise CheckError(
                f"the new spec of {what} has no dependency on '{key.to_user_string()}', but the parameter "
                f"'{name}' of its function ({location(node_def.body.fn)}) reads it. Only dependencies of "
                "'deps' can be removed."
            )
        del ins[name], read[name]
        mappings.pop(key, None)
    added = [dep for key, dep in wanted.items() if key not in read.values()]
    readers = [name for name in read if not ins[name].dagflow_type.is_nothing]
    if added and readers:
        raise DagflowInvalidDefinitionError(
            f"the new spec of {what} adds a dependency on '{added[0].asset_key.to_user_string()}', but the "
            f"function ({location(node_def.body.fn)}) reads assets by parameters ({', '.join(readers)}). "
            "Add the dependency to 'deps' of its decorator."
        )
    for dep in added:
        name = free_input_name(dep.asset_key, read)
        read[name] = dep.asset_key
        ins[name] = InputDefinition(name, In(Nothing, asset_key=dep.asset_key))
    for key, dep in wanted.items():
        if dep.partition_mapping is not None:
            mappings[key] = dep.partition_mapping
    return ins
