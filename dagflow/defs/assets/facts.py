"""AssetFacts: the facts about the assets and checks of an AssetsDefinition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.dependency import HasAssetKey
from dagflow.defs.assets.ports import MATERIALIZED, OBSERVED, AssetExecutionType
from dagflow.defs.assets.spec import AssetSpec
from dagflow.errors import CheckError
from dagflow.keys import AssetCheckKey, AssetKey, system_tag_spellings

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec


STUB_MARKER = "auto_created_stub_asset"
"""The metadata of the spec of an asset that is only named as a dependency."""


class AssetFacts(HasAssetKey):
    """The facts about the assets and checks of a definition. The base of AssetsDefinition."""

    __slots__ = ()

    keys_by_input_name: dict[str, AssetKey]
    keys_by_output_name: dict[str, AssetKey]
    specs_by_key: dict[AssetKey, AssetSpec]
    check_specs_by_output_name: dict[str, AssetCheckSpec]
    execution_type: AssetExecutionType

    @property
    def is_declaration(self) -> bool:
        """Whether it only declares assets, and nothing computes them."""
        raise NotImplementedError

    @property
    def key(self) -> AssetKey:
        """The key of the one asset.

        Raises:
            CheckError: There are several assets, or none.
        """
        keys = self.keys
        if len(keys) != 1:
            raise CheckError(f"{self!r} has {len(keys)} assets, so it has no single key; use 'keys'")
        return next(iter(keys))

    @property
    def keys(self) -> set[AssetKey]:
        """The keys of all selected assets."""
        return set(self.specs_by_key if self.is_declaration else self.keys_by_output_name.values())

    @property
    def has_keys(self) -> bool:
        """Whether there are assets."""
        return bool(self.keys)

    @property
    def check_specs(self) -> list[AssetCheckSpec]:
        """The declarations of the selected checks."""
        return list(self.check_specs_by_output_name.values())

    @property
    def check_keys(self) -> set[AssetCheckKey]:
        """The keys of the selected checks."""
        return {spec.key for spec in self.check_specs_by_output_name.values()}

    @property
    def has_check_keys(self) -> bool:
        """Whether there are checks."""
        return bool(self.check_specs_by_output_name)

    def get_spec_for_check_key(self, key: AssetCheckKey) -> AssetCheckSpec:
        """Return the declaration of a check.

        Raises:
            KeyError: There is no check with this key.
        """
        return {spec.key: spec for spec in self.check_specs_by_output_name.values()}[key]

    @property
    def is_executable(self) -> bool:
        """Whether a run can execute its function."""
        return self.execution_type is not AssetExecutionType.UNEXECUTABLE

    @property
    def is_materializable(self) -> bool:
        """Whether its function stores the assets."""
        return self.execution_type is AssetExecutionType.MATERIALIZATION

    @property
    def is_observable(self) -> bool:
        """Whether its function only looks at the assets."""
        return self.execution_type is AssetExecutionType.OBSERVATION

    @property
    def event_of_outputs(self) -> str | None:
        """The type of the event that each asset output becomes; None if the function yields the event."""
        return OBSERVED if self.is_observable else MATERIALIZED

    @property
    def is_external(self) -> bool:
        """Whether something else stores the assets."""
        return self.execution_type is not AssetExecutionType.MATERIALIZATION

    @property
    def is_auto_created_stub(self) -> bool:
        """Whether it stands for an asset without a definition, which is only named as a dependency."""
        names = system_tag_spellings(STUB_MARKER)
        return any(spec.metadata.get(name) is True for spec in self.specs for name in names)

    @property
    def asset_deps(self) -> dict[AssetKey, set[AssetKey]]:
        """The keys that each asset depends on, by its key."""
        return {key: {dep.asset_key for dep in spec.deps} for key, spec in self.specs_by_key.items()}

    @property
    def specs(self) -> list[AssetSpec]:
        """The facts about each asset."""
        return list(self.specs_by_key.values())

    @property
    def group_names_by_key(self) -> dict[AssetKey, str]:
        """The group of each asset, by key."""
        return {key: spec.shown_group for key, spec in self.specs_by_key.items()}

    @property
    def code_versions_by_key(self) -> dict[AssetKey, str | None]:
        """The code version of each asset."""
        return {key: spec.code_version for key, spec in self.specs_by_key.items()}

    @property
    def tags_by_key(self) -> dict[AssetKey, dict[str, str]]:
        """The tags of each asset; kinds are tags too."""
        return {key: dict(spec.tags) for key, spec in self.specs_by_key.items()}

    @property
    def metadata_by_key(self) -> dict[AssetKey, Mapping[str, Any]]:
        """The metadata of each asset."""
        return {key: spec.metadata for key, spec in self.specs_by_key.items()}

    @property
    def descriptions_by_key(self) -> dict[AssetKey, str | None]:
        """The description of each asset."""
        return {key: spec.description for key, spec in self.specs_by_key.items()}

    @property
    def dependency_keys(self) -> set[AssetKey]:
        """The keys of the assets that it reads or comes after."""
        return set(self.keys_by_input_name.values())
