"""The checks of the arguments of AssetsDefinition: their types, and how they fit each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.assets.dependency import checked_mapping
from dagflow.defs.assets.inputs import check_self_dependency
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.leaves import leaf_output, unused_ends
from dagflow.defs.ops.node import NodeDefinition
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ElementCheckError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetKey
from dagflow.tags import system_tag

if TYPE_CHECKING:
    from dagflow.defs.assets.parts import AssetParts
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.mapping import PartitionMapping

_PLACE = "an AssetsDefinition"


def tags_with_kind(
    op_tags: Mapping[str, Any] | None, compute_kind: str | None, *, has_kinds: bool, place: str
) -> Mapping[str, Any] | None:
    """Return the tags of an op with the older form of a kind.

    Args:
        op_tags: The other tags.
        compute_kind: The kind; None without one.
        has_kinds: Whether the assets of the op have kinds.
        place: The owner of the op, for the message.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagflowInvalidDefinitionError: Both forms of kinds were given.

    Example:
        >>> tags_with_kind(None, "sql", has_kinds=False, place="asset 'cups'")
        {'dagflow/compute_kind': 'sql'}
    """
    if not check_optional(compute_kind, str, "compute_kind", place):
        return op_tags
    if has_kinds:
        raise DagflowInvalidDefinitionError(
            f"{place} has 'compute_kind' and 'kinds', which is the newer form of the same. Keep 'kinds'."
        )
    given = check_optional(op_tags, Mapping, "op_tags", place) or {}
    return {**given, system_tag("compute_kind"): compute_kind}


def checked_keys(keys: Mapping[str, AssetKey] | None, name: str) -> dict[str, AssetKey]:
    """Return an argument with keys by the name of an input or output, as a dict.

    Args:
        keys: The argument.
        name: The name of the argument.

    Raises:
        CheckError: The argument is not a dict of AssetKeys.
    """
    if keys is None:
        return {}
    if not isinstance(keys, Mapping):
        raise ParameterCheckError(f"parameter '{name}' must be a dict of AssetKeys, not {repr_of(keys)}")
    for port, key in keys.items():
        if not isinstance(key, AssetKey):
            raise ElementCheckError(
                f"parameter '{name}' holds {repr_of(key)} of type '{type(key).__name__}' for "
                f"{repr_of(port)}. Give an AssetKey."
            )
    return dict(keys)


def check_by_key(values: Any, name: str) -> None:
    """Raise CheckError if an argument is not a dict by AssetKey.

    Args:
        values: The argument.
        name: The name of the argument.
    """
    if values is not None:
        for key in check_type(values, Mapping, name, _PLACE):
            check_type(key, AssetKey, name, _PLACE)


def check_selected(keys: Any, key_type: type[Any], name: str) -> None:
    """Raise CheckError if an argument is not a set of keys.

    Args:
        keys: The argument.
        key_type: The class of the keys.
        name: The name of the argument.
    """
    if keys is not None:
        for key in check_type(keys, AbstractSet, name, _PLACE):
            check_type(key, key_type, name, _PLACE)


def check_checks(checks: Any) -> None:
    """Raise CheckError if `check_specs_by_output_name` is not a dict of AssetCheckSpecs."""
    for spec in (check_optional(checks, Mapping, "check_specs_by_output_name", _PLACE) or {}).values():
        check_type(spec, AssetCheckSpec, "check_specs_by_output_name", _PLACE)


def check_policy(policy: Any) -> None:
    """Raise CheckError if `backfill_policy` is not a BackfillPolicy."""
    if policy is not None:
        from dagflow.partitions.backfill import BackfillPolicy  # few assets have one

        check_type(policy, BackfillPolicy, "backfill_policy", _PLACE)


def checked_mappings(mappings: Any) -> dict[AssetKey, PartitionMapping]:
    """Return the argument `partition_mappings` as a dict.

    Raises:
        CheckError: It is not a dict of partition mappings by AssetKey.
    """
    if not check_optional(mappings, Mapping, "partition_mappings", _PLACE):
        return {}
    check_by_key(mappings, "partition_mappings")
    found: dict[AssetKey, PartitionMapping] = {}
    for key, mapping in mappings.items():
        checked = checked_mapping(mapping, f"'partition_mappings' of {_PLACE}")
        if checked is not None:
            found[key] = checked
    return found


def checked_specs(
    specs: Iterable[AssetSpec],
    facts: Mapping[str, Any],
    partitions_def: PartitionsDefinition | None,
) -> dict[AssetKey, AssetSpec]:
    """Return the argument `specs` by key.

    Args:
        specs: The argument.
        facts: The arguments with facts by key. They must be None.
        partitions_def: The partitions of the definition.

    Raises:
        CheckError: There are facts too, an element is not a spec, or a spec has other partitions.
        DagflowInvalidDefinitionError: Two different specs have one key.
    """
    given = [name for name, value in facts.items() if value is not None]
    if given:
        raise CheckError(
            f"an AssetsDefinition was given 'specs' and '{given[0]}'. Put the facts into the specs."
        )
    if isinstance(specs, (str, Mapping)) or not isinstance(specs, Iterable):
        raise ParameterCheckError(
            f"parameter 'specs' of an AssetsDefinition must be a list of AssetSpecs, not {repr_of(specs)}"
        )
    found: dict[AssetKey, AssetSpec] = {}
    for spec in specs:
        if not isinstance(spec, AssetSpec):
            raise ElementCheckError(
                f"parameter 'specs' of an AssetsDefinition holds {repr_of(spec)} of type "
                f"'{type(spec).__name__}', which is not an AssetSpec"
            )
        if found.setdefault(spec.key, spec) != spec:
            raise DagflowInvalidDefinitionError(
                f"two different AssetSpecs have the key '{spec.key.to_user_string()}'. Keep one of them, or "
                "give one another key."
            )
        own = spec.partitions_def
        if partitions_def is not None and own is not None and own != partitions_def:
            raise CheckError(
                f"the AssetSpec of '{spec.key.to_user_string()}' has the partitions {repr_of(own)}, but its "
                f"definition has {repr_of(partitions_def)}. Give them in one place only."
            )
    return found


def check_ports(
    node_def: NodeDefinition | None,
    keys_by_input_name: Mapping[str, AssetKey],
    keys_by_output_name: Mapping[str, AssetKey],
    checks: Mapping[str, AssetCheckSpec],
) -> None:
    """Raise if the keys and checks do not fit the inputs and outputs of an op or graph.

    Raises:
        CheckError: There is no op or graph, an input or output is unknown, two outputs have one key, or an op
            at an end of a graph makes no asset.
    """
    if node_def is None:
        if keys_by_output_name or keys_by_input_name or checks:
            raise CheckError(
                "an AssetsDefinition was given keys or checks of inputs and outputs, but no 'node_def' with "
                "these inputs and outputs. Give the op or graph, or 'specs' only for assets that are only "
                "read."
            )
        return
    what = node_def.describe_node()
    check_known(keys_by_input_name, node_def.ins, "keys_by_input_name", f"input of {what}")
    check_known(keys_by_output_name, node_def.outs, "keys_by_output_name", f"output of {what}")
    check_known(checks, node_def.outs, "check_specs_by_output_name", f"output of {what}")
    owners: dict[AssetKey, str] = {}
    for name, key in keys_by_output_name.items():
        if owners.setdefault(key, name) != name:
            raise CheckError(
                f"the outputs '{owners[key]}' and '{name}' of {what} have the same asset key "
                f"'{key.to_user_string()}'. Give one of them another key."
            )
        if name in checks:
            raise CheckError(
                f"the output '{name}' of {what} gives the asset '{key.to_user_string()}' and the check "
                f"'{checks[name].key.to_user_string()}'. Give one of them another name."
            )
    if isinstance(node_def, GraphDefinition):
        _check_ends(node_def, {*keys_by_output_name, *checks})


def check_known(given: Iterable[str], known: Collection[str], argument: str, what: str) -> None:
    """Raise CheckError if a name in an argument is unknown.

    Args:
        given: The names in the argument.
        known: The known names.
        argument: The name of the argument.
        what: The kind of names and their owner: "output of op 'brew'".
    """
    unknown = [name for name in given if name not in known]
    if unknown:
        raise CheckError(
            f"'{argument}' names {unknown[0]!r}, which is no {what}. The names are {list(known)}."
        )


def _check_ends(graph_def: GraphDefinition, outputs: Collection[str]) -> None:
    leaves: dict[tuple[tuple[str, ...], str], str] = {}
    for name in sorted(outputs):
        leaf = leaf_output(graph_def, name)
        other = leaves.setdefault((leaf.path, leaf.definition.name), name)
        if other != name:
            raise DagflowInvalidDefinitionError(
                f"the outputs '{other}' and '{name}' of graph '{graph_def.name}' are both the output "
                f"'{leaf.definition.name}' of op '{'.'.join(leaf.path)}', which can make one asset or check "
                "only. Return an output of another op for one of them."
            )
    ends = [".".join(path) for path in unused_ends(graph_def)]
    mapped = [one for one in graph_def.output_mappings if one.graph_output_name in outputs]
    read = {source for sources in graph_def.parents.values() for source in sources}
    read |= {mapping.mapped_node_name for mapping in mapped}
    ends += [one.mapped_node_name for one in graph_def.output_mappings if one.mapped_node_name not in read]
    if ends:
        raise CheckError(
            f"the ops {sorted(set(ends))} of graph '{graph_def.name}' make no asset or check, and nothing "
            "reads their outputs. Return their outputs from the graph and give them keys, or leave the ops "
            "out."
        )


def check_specs_of(definition: AssetParts) -> None:
    """Raise if the specs of a definition do not fit its outputs.

    Raises:
        CheckError: The specs and the outputs are not of the same assets.
        DagflowInvalidDefinitionError: An asset depends on itself.
    """
    if definition.is_declaration:
        return
    made, specs = definition.keys_by_output_name, definition.specs_by_key
    if specs.keys() != set(made.values()):
        missing = sorted(key.to_user_string() for key in set(made.values()) - specs.keys())
        extra = sorted(key.to_user_string() for key in specs.keys() - set(made.values()))
        raise CheckError(
            f"the specs do not fit the outputs of {definition.node_def.describe_node()}: "
            + (f"assets without a spec: {missing}" if missing else "")
            + ("; " if missing and extra else "")
            + (f"specs without an output: {extra}" if extra else "")
            + ". Give 'keys_by_output_name' and 'specs' the same keys."
        )
    if definition.partition_mappings:
        _check_mappings(definition)
    for key, spec in specs.items():
        if any(dep.asset_key == key for dep in spec.deps):
            mapping = definition.partition_mappings.get(key)
            check_self_dependency(mapping, spec.partitions_def, f"asset '{key.to_user_string()}'")


def _check_mappings(definition: AssetParts) -> None:
    known = set(definition.keys_by_input_name.values())
    known |= {dep.asset_key for spec in definition.specs_by_key.values() for dep in spec.deps}
    for key in definition.partition_mappings:
        if key not in known:
            raise CheckError(
                f"{definition.node_def.describe_node()} received a partition mapping for asset "
                f"'{key.to_user_string()}', which it does not depend on. It depends on "
                f"{sorted(one.to_user_string() for one in known)}."
            )
