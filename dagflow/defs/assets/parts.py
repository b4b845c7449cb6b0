"""AssetParts: the selected part of an AssetsDefinition."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from dagflow.defs.assets.facts import AssetFacts
from dagflow.defs.assets.ports import AssetInput, AssetOutput
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.errors import CheckError, DagflowInvalidSubsetError
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.partitions.definition import PartitionsDefinition

_Part = TypeVar("_Part", bound="AssetParts")


class AssetParts(AssetFacts):
    """The assets and checks of a definition that a run selects. A base of AssetsDefinition."""

    __slots__ = ()

    def index_ports(self) -> None:
        """Set `output_names`, `outputs` and `inputs` from the keys, specs and partition mappings."""
        self.output_names = {key: name for name, key in self.keys_by_output_name.items()}
        self.outputs = {
            name: AssetOutput(self.specs_by_key[key], self.event_of_outputs)
            for name, key in self.keys_by_output_name.items()
        }
        self.inputs = {
            name: AssetInput(key, self.partition_mappings.get(key), self.partitions_def)
            for name, key in self.keys_by_input_name.items()
        }

    def select(
        self,
        keys: AbstractSet[AssetKey],
        check_keys: AbstractSet[AssetCheckKey],
        *,
        keeps_values: bool = False,
    ) -> None:
        """Keep only some of the assets and checks. The specs of all assets stay.

        Only a definition that nothing else has yet may be changed.

        Args:
            keys: The assets.
            check_keys: The checks.
            keeps_values: Whether to keep the inputs with values that the selected assets do not depend on.
                The function of an op gets them in any case.
        """
        others = {name: key for name, key in self.keys_by_output_name.items() if key not in keys}
        self.keys_by_output_name = {
            name: key for name, key in self.keys_by_output_name.items() if key in keys
        }
        self.check_specs_by_output_name = {
            name: spec for name, spec in self.check_specs_by_output_name.items() if spec.key in check_keys
        }
        if isinstance(self._node_def, GraphDefinition):
            from dagflow.defs.assets.graph_part import graph_part  # few runs select a part of a graph

            wanted = [*self.keys_by_output_name, *self.check_specs_by_output_name]
            self._node_def, self.given, self.stored = graph_part(self._node_def, wanted, others)
            read = {name: key for name, key in self.keys_by_input_name.items() if name in self._node_def.ins}
        else:
            needed = {dep.asset_key for key in self.output_keys() for dep in self.specs_by_key[key].deps}
            for spec in self.check_specs_by_output_name.values():
                needed |= {spec.asset_key, *(dep.asset_key for dep in spec.additional_deps)}
            ins = self.node_def.ins
            read = {
                name: key
                for name, key in self.keys_by_input_name.items()
                if key in needed or (keeps_values and not ins[name].dagflow_type.is_nothing)
            }
        self.keys_by_input_name = read
        self.is_subset = True
        self.index_ports()

    def subset_for(
        self: _Part,
        selected_asset_keys: AbstractSet[AssetKey],
        selected_asset_check_keys: AbstractSet[AssetCheckKey] | None = None,
    ) -> _Part:
        """Return the part of this definition that a run selects.

        Args:
            selected_asset_keys: The assets. Keys that are not of this definition are ignored.
            selected_asset_check_keys: The checks; default: the checks of the selected assets.

        Raises:
            CheckError: The definition cannot be divided.
        """
        if not self.can_subset:
            raise CheckError(
                f"{self!r} cannot be divided. Select all of its assets and checks, or define it with "
                "can_subset=True."
            )
        if selected_asset_check_keys is None:
            selected_asset_check_keys = {
                key for key in self.check_keys if key.asset_key in selected_asset_keys
            }
        return self.part_of_whole(selected_asset_keys, selected_asset_check_keys)

    def part_of_whole(
        self: _Part,
        keys: AbstractSet[AssetKey],
        check_keys: AbstractSet[AssetCheckKey],
        *,
        keeps_values: bool = False,
    ) -> _Part:
        """Return a part of the whole definition. The arguments are those of `select`."""
        part = copy.copy(self.whole)
        part._whole = self.whole  # noqa: SLF001 - a copy of its own
        part.select(self.keys & keys, self.check_keys & check_keys, keeps_values=keeps_values)
        return part

    @property
    def whole(self: _Part) -> _Part:
        """The definition that this is the selected part of; itself, if it is whole."""
        return self if self._whole is None else self._whole

    def part_with(self: _Part, keys: AbstractSet[AssetKey], check_keys: AbstractSet[AssetCheckKey]) -> _Part:
        """Return this definition if it is selected as a whole, else its selected part.

        Args:
            keys: The selected assets, also those of other definitions.
            check_keys: The selected checks, also those of other definitions.

        Raises:
            DagflowInvalidSubsetError: A part is selected, but the definition cannot be divided.
        """
        if self.keys <= keys and self.check_keys <= check_keys:
            return self
        if not self.can_subset:
            chosen = [key.to_user_string() for key in self.output_keys() if key in keys]
            chosen += [key.to_user_string() for key in sorted(self.check_keys) if key in check_keys]
            raise DagflowInvalidSubsetError(
                f"{self!r} cannot be divided, but only {sorted(chosen)} of it is selected. Its assets are "
                f"{sorted(key.to_user_string() for key in self.output_keys())}, its checks "
                f"{sorted(key.to_user_string() for key in self.check_keys)}. Select all of them, for example "
                "with AssetSelection.required_multi_asset_neighbors(), or define it with can_subset=True."
            )
        return self.part_of_whole(keys, check_keys, keeps_values=True)

    def get_attributes_dict(self) -> dict[str, Any]:
        """Return the arguments of AssetsDefinition that make an equal definition.

        Example:
            >>> from dagflow import AssetsDefinition, asset
            >>> @asset
            ... def water():
            ...     return 1
            >>> AssetsDefinition(**{**water.get_attributes_dict(), "can_subset": True}).can_subset
            True
        """
        whole = self.whole
        selected: dict[str, Any] = {}
        if self.is_subset:
            selected = {"selected_asset_keys": self.keys, "selected_asset_check_keys": self.check_keys}
        return {
            "keys_by_input_name": whole.keys_by_input_name,
            "keys_by_output_name": whole.keys_by_output_name,
            "node_def": whole._node_def,  # noqa: SLF001 - of the same class
            "specs": whole.specs,
            "partition_mappings": whole.partition_mappings,
            "check_specs_by_output_name": whole.check_specs_by_output_name,
            "can_subset": self.can_subset,
            "execution_type": self.execution_type,
            "resource_defs": self.resource_defs,
            "backfill_policy": self.backfill_policy,
            "hook_defs": self.hook_defs,
            **selected,
        }

    def output_keys(self) -> Iterable[AssetKey]:
        """Return the keys of the selected assets that its op or graph makes, in the order of the outputs."""
        return self.keys_by_output_name.values()

    def own_partitions(self) -> Iterator[PartitionsDefinition]:
        """Yield the partitions of each selected asset and check that has partitions."""
        for output in self.outputs.values():
            if output.partitions_def is not None:
                yield output.partitions_def
        for spec in self.check_specs_by_output_name.values():
            if spec.partitions_def is not None:
                yield spec.partitions_def

    def describe(self) -> str:
        """Return what it is, and the keys of its selected assets or checks: "asset 'tea'"."""
        found = [repr(key.to_user_string()) for key in self.output_keys()]
        what = "asset" if found else "check"
        found = found or [repr(key.to_user_string()) for key in sorted(self.check_keys)]
        return f"{what}{'s' if len(found) > 1 else ''} {', '.join(found)}"

    def inputs_with_keys(self, keys: Mapping[str, AssetKey]) -> Mapping[str, AssetInput]:
        """Return the inputs that read assets, with other keys for those that `keys` resolves differently.

        Args:
            keys: The key that each input reads, by name.
        """
        if keys is self.keys_by_input_name:
            return self.inputs
        return {
            name: AssetInput(keys[name], item.partition_mapping, item.partitions_def)
            for name, item in self.inputs.items()
        }
