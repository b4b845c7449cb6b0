"""AssetChecksDefinition: checks of assets that are made elsewhere, and the op that evaluates them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.errors import CheckError
from dagflow.keys import AssetCheckKey, AssetKey


class AssetChecksDefinition(AssetsDefinition):
    """Checks of assets that are made elsewhere, and the op that evaluates them. Made by `@asset_check`."""

    __slots__ = ()
    is_of_checks = True

    @staticmethod
    def create(
        *,
        keys_by_input_name: Mapping[str, AssetKey],
        node_def: OpDefinition,
        check_specs_by_output_name: Mapping[str, AssetCheckSpec],
        can_subset: bool = False,
        resource_defs: Mapping[str, Any] | None = None,
    ) -> AssetChecksDefinition:
        """Return the definition of checks that an op evaluates.

        Args:
            keys_by_input_name: The key of the asset that each input of the op reads.
            node_def: The op.
            check_specs_by_output_name: The checks, by the name of the output that gives their result.
            can_subset: Whether a run may select some of the checks.
            resource_defs: The resources that come with the checks.
        """
        return AssetChecksDefinition(
            keys_by_input_name=keys_by_input_name,
            node_def=node_def,
            check_specs_by_output_name=check_specs_by_output_name,
            can_subset=can_subset,
            resource_defs=resource_defs,
            specs=[],
        )

    @property
    def check_key(self) -> AssetCheckKey:
        """The key of the one check.

        Raises:
            CheckError: There are several checks.
        """
        return self.check_spec.key

    @property
    def check_spec(self) -> AssetCheckSpec:
        """The declaration of the one check.

        Raises:
            CheckError: There are several checks.
        """
        specs = self.check_specs
        if len(specs) != 1:
            raise CheckError(f"{self!r} has {len(specs)} checks, not one; use 'check_specs'")
        return specs[0]

    @property
    def name(self) -> str:
        """The name of the one check.

        Raises:
            CheckError: There are several checks.
        """
        return self.check_spec.name

    @property
    def asset_key(self) -> AssetKey:
        """The key of the checked asset.

        Raises:
            CheckError: There are several checks.
        """
        return self.check_spec.asset_key
