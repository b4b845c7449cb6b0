"""The checks of the types of the arguments of AssetsDefinition."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.assets.dependency import checked_mapping
from dagflow.errors import ElementCheckError, ParameterCheckError, check_optional, check_type, repr_of
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.partitions.mapping import PartitionMapping

_PLACE = "an AssetsDefinition"


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
