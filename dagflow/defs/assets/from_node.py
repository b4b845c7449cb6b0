"""The arguments of AssetsDefinition for the assets that an op or graph makes: keys and specs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.argument_checks import check_known, checked_keys
from dagflow.defs.assets.check_spec import checks_by_output
from dagflow.defs.assets.dependency import AssetDep, checked_mapping
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import NodeDefinition
from dagflow.errors import (
    CheckError,
    ElementCheckError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.partitions.mapping import PartitionMapping


def of_node(
    node_def: NodeDefinition,
    keys_by_input_name: Mapping[str, AssetKey] | None,
    keys_by_output_name: Mapping[str, AssetKey] | None,
    key_prefix: str | Sequence[str] | None,
    internal_asset_deps: Mapping[str, set[AssetKey]] | None,
    partition_mappings: Mapping[str, PartitionMapping] | None,
    group_name: str | None,
    check_specs: Iterable[AssetCheckSpec] | None,
    facts: Mapping[str, Mapping[str, Any] | None],
) -> dict[str, Any]:
    """Return the arguments of AssetsDefinition. They are those of `AssetsDefinition.from_graph`.

    Args:
        facts: The facts by output name, by the name of the argument.

    Raises:
        CheckError: An argument does not fit the inputs and outputs.
        DagflowInvalidDefinitionError: A fact is invalid.
    """
    check_type(node_def, NodeDefinition, "node_def", "AssetsDefinition.from_graph or from_op")
    what = node_def.describe_node()
    if group_name is not None and facts["group_names_by_output_name"]:
        raise ParameterCheckError(
            f"the assets of {what} were given 'group_name' and 'group_names_by_output_name'. Give one of "
            "them."
        )
    read = _input_keys(node_def, keys_by_input_name)
    made = _output_keys(node_def, keys_by_output_name, key_prefix, check_specs)
    checks = checks_by_output(check_specs, made.values(), what)
    if isinstance(node_def, OpDefinition) or not checks:
        _check_complete(made, node_def.outs, checks, "keys_by_output_name", f"outputs of {what}")
    mappings = check_optional(partition_mappings, Mapping, "partition_mappings", what) or {}
    check_known(mappings, read, "partition_mappings", f"input of {what}")
    mappings_by_key = {
        read[name]: checked_mapping(mapping, f"input '{name}' of {what}")
        for name, mapping in mappings.items()
    }
    for argument, values in facts.items():
        by_output = check_optional(values, Mapping, argument, what) or {}
        check_known(by_output, made, argument, f"output of {what} with an asset")
    deps = _internal_deps(node_def, internal_asset_deps, made)
    specs = []
    for name, key in made.items():
        given = _given_facts(facts, name)
        if given["group_name"] is None:
            given["group_name"] = group_name
        upstream = dict.fromkeys(read.values()) if deps is None else sorted(deps.get(name, ()))
        specs.append(
            AssetSpec(
                key,
                deps=[AssetDep(one, partition_mapping=mappings_by_key.get(one)) for one in upstream],
                **_merged(_facts_of_output(node_def, name), given),
            )
        )
    return {
        "node_def": node_def,
        "keys_by_input_name": read,
        "keys_by_output_name": made,
        "specs": specs,
        "partition_mappings": {key: one for key, one in mappings_by_key.items() if one is not None},
        "check_specs_by_output_name": checks,
    }


def _input_keys(node_def: NodeDefinition, given: Mapping[str, AssetKey] | None) -> dict[str, AssetKey]:
    keys = checked_keys(given, "keys_by_input_name")
    if not keys:
        return {name: AssetKey(name) for name in node_def.ins}
    what = f"inputs of {node_def.describe_node()}"
    _check_complete(keys, node_def.ins, (), "keys_by_input_name", what)
    return keys


def _output_keys(
    node_def: NodeDefinition,
    given: Mapping[str, AssetKey] | None,
    key_prefix: str | Sequence[str] | None,
    check_specs: Iterable[AssetCheckSpec] | None,
) -> dict[str, AssetKey]:
    keys = checked_keys(given, "keys_by_output_name")
    if not keys:
        of_checks = {spec.get_python_identifier() for spec in check_specs or ()}
        keys = {
            name: AssetKey(node_def.name if name == "result" and len(node_def.outs) == 1 else name)
            for name in node_def.outs
            if name not in of_checks
        }
    return {name: key.with_prefix(key_prefix) for name, key in keys.items()} if key_prefix else keys


def _check_complete(
    given: Iterable[str], known: Iterable[str], others: Iterable[str], argument: str, what: str
) -> None:
    names, known = [*given, *others], list(known)
    if set(names) != set(known):
        raise CheckError(
            f"'{argument}' has the names {names}, but the {what} are {known}. Give a key for each of them, "
            "and for nothing else."
        )


def _internal_deps(
    node_def: NodeDefinition, given: Mapping[str, set[AssetKey]] | None, made: Mapping[str, AssetKey]
) -> Mapping[str, set[AssetKey]] | None:
    what = node_def.describe_node()
    deps = check_optional(given, Mapping, "internal_asset_deps", what)
    if not deps:
        return None
    check_known(deps, made, "internal_asset_deps", f"output of {what} with an asset")
    for name, keys in deps.items():
        if not isinstance(keys, (set, frozenset)) or not all(isinstance(key, AssetKey) for key in keys):
            raise ElementCheckError(
                f"'internal_asset_deps' of {what} holds {repr_of(keys)} for output '{name}'. Give a set of "
                "AssetKeys."
            )
    return deps


def _facts_of_output(node_def: NodeDefinition, name: str) -> dict[str, Any]:
    """Return the facts that the output of an op has. The leaf of a graph has no facts about the asset."""
    if not isinstance(node_def, OpDefinition):
        return {"description": node_def.outs[name].description}
    out = node_def.outs[name]
    return {
        "description": out.description or node_def.description,
        "code_version": out.code_version or node_def.code_version,
        "metadata": out.metadata,
        "skippable": not out.is_required,
    }


def _merged(of_output: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of an output and the given facts. The given ones win, and metadata is merged."""
    merged = {**of_output, **{name: value for name, value in given.items() if value is not None}}
    merged["metadata"] = {**(of_output.get("metadata") or {}), **(given.get("metadata") or {})}
    return merged


def specs_from_facts(
    node_def: NodeDefinition | None,
    made: Mapping[str, AssetKey],
    read: Mapping[str, AssetKey],
    asset_deps: Mapping[AssetKey, Iterable[AssetKey]] | None,
    facts: Mapping[str, Mapping[AssetKey, Any] | None],
) -> dict[AssetKey, AssetSpec]:
    """Return the specs of the assets of a definition, from facts that are given by key.

    Args:
        node_def: The op or graph. Its outputs have facts too.
        made: The key of each output.
        read: The key of each input. Each asset depends on them, unless `asset_deps` is given.
        asset_deps: The keys that each asset depends on.
        facts: Facts by key, by the name of the argument.

    Raises:
        CheckError: There are no keys, `asset_deps` is not of these keys, or a fact is of the wrong type.
    """
    if not made:
        raise CheckError(
            "an AssetsDefinition needs a 'node_def' with 'keys_by_output_name', or 'specs' for assets that "
            "are only read"
        )
    keys = set(made.values())
    if asset_deps is not None and set(asset_deps) != keys:
        raise CheckError(
            f"'asset_deps' has the keys {sorted(key.to_user_string() for key in asset_deps)}, but the "
            f"assets are {sorted(key.to_user_string() for key in keys)}. Give the dependencies of each asset."
        )
    inputs = list(dict.fromkeys(read.values()))
    found = {}
    for name, key in made.items():
        given = _given_facts(facts, key)
        of_output = {} if node_def is None or name not in node_def.outs else _facts_of_output(node_def, name)
        deps = inputs if asset_deps is None else sorted(asset_deps[key])
        found[key] = AssetSpec(key, deps=deps, **_merged(of_output, given))
    return found


def _given_facts(facts: Mapping[str, Mapping[Any, Any] | None], owner: object) -> dict[str, Any]:
    """Return the facts about one asset, by the name of the attribute of its spec.

    Args:
        facts: The facts about all assets, by the name of the argument.
        owner: The key of the asset, or the name of its output.
    """
    return {
        _ATTRIBUTES[argument.partition("_by_")[0]]: (values or {}).get(owner)
        for argument, values in facts.items()
    }


_ATTRIBUTES = {
    "group_names": "group_name",
    "metadata": "metadata",
    "tags": "tags",
    "descriptions": "description",
    "owners": "owners",
    "code_versions": "code_version",
    "automation_conditions": "automation_condition",
    "legacy_freshness_policies": "legacy_freshness_policy",
    "auto_materialize_policies": "auto_materialize_policy",
}
"""The attribute of a spec, by the part of the name of an argument before `_by_key` or `_by_output_name`."""
