"""AssetCheckSpec: the declaration of one check of an asset."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow.copies import Copied
from dagflow.defs.assets.dependency import (
    AssetDep,
    CoercibleToAsset,
    CoercibleToAssetDep,
    key_of,
    unique_deps,
)
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.ops.ports import Out
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.types.kinds import Any as AnyType

if TYPE_CHECKING:
    from dagflow.defs.conditions.condition import AutomationCondition


class AssetCheckSpec(Copied):
    """The declaration of a check of an asset: its name, its asset and what depends on its result.

    Args:
        name: The name of the check, unique among the checks of the asset.
        asset: The asset: its key, or its definition.
        description: A sentence for people.
        additional_deps: Further assets that come before the check.
        blocking: Whether the assets that depend on the asset wait for the check, and do not run if it fails
            with the severity ERROR.
        metadata: Metadata by name.
        automation_condition: The condition of runs that start by themselves.
        partitions_def: The partitions of the check: those of the asset; None for one check of all.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        CheckError: `asset` is not one asset.
        ValueError: The checked asset is among `additional_deps`.

    Example:
        >>> AssetCheckSpec("is_fresh", asset="beans").key.to_user_string()
        'beans:is_fresh'
    """

    __slots__ = (
        "additional_deps",
        "asset_key",
        "automation_condition",
        "blocking",
        "description",
        "key",
        "metadata",
        "name",
        "partitions_def",
    )

    def __init__(
        self,
        name: str,
        *,
        asset: CoercibleToAsset,
        description: str | None = None,
        additional_deps: Iterable[CoercibleToAssetDep] | None = None,
        blocking: bool = False,
        metadata: Mapping[str, Any] | None = None,
        automation_condition: AutomationCondition | None = None,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        self.name: str = check_type(name, str, "name", "an AssetCheckSpec")
        place = f"check '{name}'"
        if isinstance(asset, AssetSpec):
            raise ParameterCheckError(
                f"parameter 'asset' of {place} is {asset!r}. Give its key: asset={asset.key.path!r}."
            )
        self.asset_key: AssetKey = key_of(asset)
        self.description: str | None = check_optional(description, str, "description", place)
        deps = unique_deps(() if additional_deps is None else additional_deps, place, "additional_deps")
        self.additional_deps: list[AssetDep] = deps
        for dep in deps:
            if dep.asset_key == self.asset_key:
                raise ValueError(
                    f"{place} of asset '{self.asset_key.to_user_string()}' names this asset in "
                    "'additional_deps'. It comes after its asset anyway: remove it there."
                )
        self.blocking: bool = check_type(blocking, bool, "blocking", place)
        if metadata is not None:
            normalize_metadata(metadata, place)  # only checks: users read their own values back
        self.metadata: Mapping[str, Any] = {} if metadata is None else metadata
        if automation_condition is not None:
            from dagflow.defs.conditions.condition import AutomationCondition  # few checks have one

            check_type(automation_condition, AutomationCondition, "automation_condition", place)
        self.automation_condition: AutomationCondition | None = automation_condition
        self.partitions_def: PartitionsDefinition | None = check_optional(
            partitions_def, PartitionsDefinition, "partitions_def", place
        )
        self.key: AssetCheckKey = AssetCheckKey(self.asset_key, self.name)

    def get_python_identifier(self) -> str:
        """Return the name of the output that gives the result of the check.

        Example:
            >>> AssetCheckSpec("is_fresh", asset=["bar", "beans"]).get_python_identifier()
            'bar__beans_is_fresh'
        """
        return f"{self.asset_key.to_python_identifier()}_{self.name}"

    def replace_key(self, key: AssetCheckKey) -> AssetCheckSpec:
        """Return a copy of this declaration for another asset or with another name.

        Args:
            key: The key of the copy.
        """
        check_type(key, AssetCheckKey, "key", f"check '{self.name}'")
        new = copy.copy(self)
        new.key, new.asset_key, new.name = key, key.asset_key, key.name
        return new

    def with_metadata(self, metadata: Mapping[str, Any]) -> AssetCheckSpec:
        """Return a copy of this declaration with other metadata.

        Args:
            metadata: The metadata of the copy. It replaces all existing entries.

        Raises:
            DagflowInvalidMetadata: A metadata value is of an unsupported type.
        """
        normalize_metadata(metadata, f"check '{self.name}'")
        new = copy.copy(self)
        new.metadata = metadata
        return new

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetCheckSpec):
            return NotImplemented
        return self is other or all(
            getattr(self, name) == getattr(other, name) for name in AssetCheckSpec.__slots__
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"AssetCheckSpec({self.key.to_user_string()!r})"


def checks_by_output(
    check_specs: Iterable[Any] | None, keys: Iterable[AssetKey] | None, place: str
) -> dict[str, AssetCheckSpec]:
    """Return the declarations of checks by the name of the output that gives their result.

    Args:
        check_specs: The declarations.
        keys: The assets that may be checked; None allows every asset.
        place: The definition, for messages.

    Raises:
        ParameterCheckError, CheckError: `check_specs` is not a list of AssetCheckSpecs.
        DagflowInvalidDefinitionError: A check is declared twice, or is of another asset.
    """
    if check_specs is None:
        return {}
    if isinstance(check_specs, (str, Mapping)) or not isinstance(check_specs, Iterable):
        raise ParameterCheckError(
            f"parameter 'check_specs' of {place} must be a list of AssetCheckSpecs, not "
            f"{repr_of(check_specs)}"
        )
    allowed = None if keys is None else list(keys)
    found: dict[str, AssetCheckSpec] = {}
    check_specs = list(check_specs)
    for spec in check_specs:
        if not isinstance(spec, AssetCheckSpec):
            raise CheckError(
                f"parameter 'check_specs' of {place} holds {repr_of(spec)} of type '{type(spec).__name__}', "
                "which is not an AssetCheckSpec"
            )
        if allowed is not None and spec.asset_key not in allowed:
            own = ", ".join(f"'{key.to_user_string()}'" for key in allowed)
            raise DagflowInvalidDefinitionError(
                f"{place} declares the check '{spec.name}' of asset '{spec.asset_key.to_user_string()}', "
                f"which it does not make. It makes {own}. Correct the asset, or use @asset_check."
            )
        name = spec.get_python_identifier()
        if name in found:
            count = sum(other.key == spec.key for other in check_specs if isinstance(other, AssetCheckSpec))
            raise DagflowInvalidDefinitionError(
                f"{place} declares the check '{spec.key.to_user_string()}' {count} times. Declare it once."
            )
        found[name] = spec
    return found


def check_outputs(checks: Mapping[str, AssetCheckSpec], *, can_subset: bool = False) -> dict[str, Out]:
    """Return the outputs of an op that give the results of checks.

    Args:
        checks: The checks, by the name of the output.
        can_subset: Whether a run may leave out some of them.
    """
    return {
        name: Out(AnyType, spec.description, is_required=not can_subset, metadata=spec.metadata)
        for name, spec in checks.items()
    }
