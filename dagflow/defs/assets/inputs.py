"""The inputs of the function of an asset: the assets that its parameters read, and the dependencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from dagflow._util import UNSET, nearest
from dagflow.defs.assets.dependency import AssetDep, AssetIn, free_input_name
from dagflow.defs.ops.ports import In
from dagflow.defs.parts.function import Body, location
from dagflow.errors import DagflowInvalidDefinitionError, check_type, repr_of
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.types.annotations import resolve_type
from dagflow.types.kinds import Nothing

if TYPE_CHECKING:
    from dagflow.partitions.mapping import PartitionMapping


def inputs_of_assets(
    body: Body, ins: Mapping[str, AssetIn], deps: Sequence[AssetDep], place: str
) -> tuple[dict[str, AssetKey], dict[str, In], dict[AssetKey, PartitionMapping]]:
    """Return the key that each input reads, the inputs, and the partition mappings by key.

    An asset of `deps` that a parameter reads too is one input, with the mapping of the `AssetDep`.
    """
    at = location(body.fn)
    where = place if at in place else f"{place} ({at})"
    parameters = [parameter.name for parameter in body.inputs]
    keys: dict[str, AssetKey] = {}
    inputs: dict[str, In] = {}
    read: dict[AssetKey, PartitionMapping | None] = {}
    for parameter in [*parameters, *(given for given in ins if given not in parameters)]:
        given = check_type(ins.get(parameter) or AssetIn(), AssetIn, f"ins[{repr_of(parameter)}]", place)
        if parameter not in parameters and not _is_nothing(given) and not body.takes_any_keyword:
            raise DagflowInvalidDefinitionError(
                f"{where}: 'ins' names an input '{parameter}' that is not a parameter "
                f"of the function.{nearest(parameter, parameters)}"
            )
        key = keys[parameter] = given.resolve_key(parameter)
        inputs[parameter] = In(
            UNSET if given.dagflow_type is None else given.dagflow_type,
            metadata=given.metadata,
            asset_key=key,
            input_manager_key=given.input_manager_key,
        )
        if read.setdefault(key, given.partition_mapping) != given.partition_mapping:
            raise DagflowInvalidDefinitionError(
                f"{place} ({location(body.fn)}): two inputs read asset '{key.to_user_string()}' with "
                "different partition mappings. Use one mapping, or read the asset once."
            )
    for dep in deps:
        if dep.asset_key not in read:
            input_name = free_input_name(dep.asset_key, keys)
            keys[input_name] = dep.asset_key
            inputs[input_name] = In(Nothing, asset_key=dep.asset_key)
        elif read[dep.asset_key] is not None:
            raise DagflowInvalidDefinitionError(
                f"{place} ({location(body.fn)}): asset '{dep.asset_key.to_user_string()}' is in 'deps', and "
                "an AssetIn gives it a partition mapping. Remove it from 'deps', or give the mapping to its "
                "AssetDep instead."
            )
        read[dep.asset_key] = dep.partition_mapping
    return keys, inputs, {key: mapping for key, mapping in read.items() if mapping is not None}


def deps_of_inputs(
    keys: Mapping[str, AssetKey], mappings: Mapping[AssetKey, PartitionMapping], deps: Sequence[AssetDep]
) -> Iterator[AssetDep]:
    """Yield a dependency for each asset that is read and not in `deps`."""
    named = {dep.asset_key for dep in deps}
    for key in keys.values():
        if key not in named:
            yield AssetDep(key, partition_mapping=mappings.get(key))


def check_self_dependency(
    mapping: PartitionMapping | None, partitions_def: PartitionsDefinition | None, place: str
) -> None:
    from dagflow.partitions.multi_mapping import depends_on_earlier_windows  # few assets depend on themselves

    if not depends_on_earlier_windows(mapping, partitions_def):
        raise DagflowInvalidDefinitionError(
            f"{place} depends on itself. Only an asset with partitions by time can do this, if each of them "
            "depends on earlier ones: partition_mapping=TimeWindowPartitionMapping(start_offset=-1, "
            "end_offset=-1). If another asset is meant, give its key in 'ins' or 'deps'."
        )


def _is_nothing(given: AssetIn) -> bool:
    return given.dagflow_type is not None and resolve_type(given.dagflow_type, "an AssetIn").is_nothing
