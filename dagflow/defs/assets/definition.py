"""AssetsDefinition: one or more assets and the op that computes them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dagflow import _doors
from dagflow.defs.assets.changed import inputs_of_specs, mapped_specs, output_of_spec
from dagflow.defs.assets.dependency import HasAssetKey
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.hooks.definition import HookDefinition, attached_requirements
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import current_composition
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.keys import AssetKey
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.partitions.mapping import PartitionMapping


class AssetOutput:
    """The asset that one output of an op stores. It owns all facts about that asset in a run.

    Attributes:
        key: The key of the asset.
        spec: The other facts.
        partitions_def: The partitions of the asset, None if it is not partitioned.
    """

    __slots__ = ("key", "partitions_def", "spec")

    def __init__(self, spec: AssetSpec) -> None:
        self.key: AssetKey = spec.key
        self.spec: AssetSpec = spec
        self.partitions_def: PartitionsDefinition | None = spec.partitions_def

    def partition_of(self, run_partition: str | None) -> str | None:
        """Return the partition of the asset that a run for `run_partition` stores."""
        return None if self.partitions_def is None else run_partition

    def __repr__(self) -> str:
        return f"AssetOutput({self.key!r})"


class AssetInput:
    """The asset that one input of an op reads.

    Attributes:
        key: The key of that asset.
        partition_mapping: Maps the partition of the run to partitions of that asset; None: the default.
        partitions_def: The partitions of the assets that the op stores, None if they are not partitioned.
    """

    __slots__ = ("key", "partition_mapping", "partitions_def")

    def __init__(
        self,
        key: AssetKey,
        partition_mapping: PartitionMapping | None = None,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        self.key: AssetKey = key
        self.partition_mapping: PartitionMapping | None = partition_mapping
        self.partitions_def: PartitionsDefinition | None = partitions_def

    def __repr__(self) -> str:
        return f"AssetInput({self.key!r})"


class AssetsDefinition(HasAssetKey):
    """One or more assets and the op that computes them. Made by `@asset`; called like its function.

    Attributes:
        node_def: The op.
        keys_by_input_name, keys_by_output_name: The key of each asset that is read or stored.
        specs_by_key: The facts about each asset.
        outputs: The AssetOutput of each output that stores an asset, by the name of the output.
        inputs: The AssetInput of each input that reads an asset, by the name of the input.
        output_names: The name of the output that stores an asset, by key.
        partitions_def: The partitions of the assets. A spec may have partitions of its own.
        partition_mappings: The partition mappings, by key of the asset that is read.
        resource_defs: The resources that come with the assets.
        hook_defs: The hooks of the op.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "__wrapped__",
        "hook_defs",
        "inputs",
        "keys_by_input_name",
        "keys_by_output_name",
        "node_def",
        "output_names",
        "outputs",
        "partition_mappings",
        "partitions_def",
        "resource_defs",
        "specs_by_key",
    )

    def __init__(
        self,
        *,
        node_def: OpDefinition,
        keys_by_input_name: Mapping[str, AssetKey],
        keys_by_output_name: Mapping[str, AssetKey],
        specs: Iterable[AssetSpec],
        partitions_def: PartitionsDefinition | None = None,
        partition_mappings: Mapping[AssetKey, PartitionMapping] | None = None,
        resource_defs: Mapping[str, ResourceDefinition] | None = None,
        hook_defs: frozenset[HookDefinition] = frozenset(),
    ) -> None:
        self.node_def: OpDefinition = node_def
        self.hook_defs: frozenset[HookDefinition] = hook_defs
        self.keys_by_input_name: dict[str, AssetKey] = dict(keys_by_input_name)
        self.keys_by_output_name: dict[str, AssetKey] = dict(keys_by_output_name)
        self.specs_by_key: dict[AssetKey, AssetSpec] = {
            spec.key: spec
            if partitions_def is None or spec.partitions_def is not None
            else spec.with_partitions_def(partitions_def)
            for spec in specs
        }
        if partitions_def is None:
            definitions = (spec.partitions_def for spec in self.specs_by_key.values())
            partitions_def = next((found for found in definitions if found is not None), None)
        self.partitions_def: PartitionsDefinition | None = partitions_def
        self.partition_mappings: dict[AssetKey, PartitionMapping] = dict(partition_mappings or {})
        self.index_ports()
        self.resource_defs: dict[str, ResourceDefinition] = dict(resource_defs or {})
        self.__wrapped__: Callable[..., Any] = node_def.body.fn
        self.__doc__ = node_def.description
        self.__name__: str = node_def.name

    def index_ports(self) -> None:
        """Set `output_names`, `outputs` and `inputs` from the keys, specs and partition mappings."""
        self.output_names: dict[AssetKey, str] = {key: name for name, key in self.keys_by_output_name.items()}
        self.outputs: dict[str, AssetOutput] = {
            name: AssetOutput(self.specs_by_key[key]) for name, key in self.keys_by_output_name.items()
        }
        self.inputs: dict[str, AssetInput] = {
            name: AssetInput(key, self.partition_mappings.get(key), self.partitions_def)
            for name, key in self.keys_by_input_name.items()
        }

    @property
    def key(self) -> AssetKey:
        """The key of the one asset."""
        if len(self.keys_by_output_name) != 1:
            raise DagflowInvalidDefinitionError(
                f"'{self.node_def.name}' makes {len(self.keys_by_output_name)} assets, so it has no single "
                "key; use 'keys'"
            )
        return next(iter(self.keys_by_output_name.values()))

    @property
    def keys(self) -> set[AssetKey]:
        """The keys of all assets."""
        return set(self.keys_by_output_name.values())

    @property
    def op(self) -> OpDefinition:
        """The op that computes them."""
        return self.node_def

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

    def get_asset_spec(self, key: AssetKey | None = None) -> AssetSpec:
        """Return the facts about one of the assets.

        Args:
            key: The key of the asset; default: the key of the one asset.

        Raises:
            KeyError: There is no asset with this key.
        """
        return self.specs_by_key[self.key if key is None else key]

    def map_asset_specs(self, fn: Callable[[AssetSpec], AssetSpec]) -> AssetsDefinition:
        """Return a copy of this definition with the specs that a function returns for its specs.

        Args:
            fn: Returns the new spec. The key must stay the same. The old metadata is kept unless the new
                metadata has the same name.

        Raises:
            CheckError: `fn` returns something else than a spec, or removes the dependency of a parameter.
            DagflowInvalidDefinitionError: `fn` changes the key, or adds a dependency although the function of
                the asset has parameters that read assets.
        """
        specs = mapped_specs(fn, self.specs_by_key)
        return self if specs == self.specs_by_key else self.with_specs(specs)

    def with_specs(
        self, specs: Mapping[AssetKey, AssetSpec], renamed: Mapping[AssetKey, AssetKey] | None = None
    ) -> AssetsDefinition:
        """Return a copy of this definition with other specs. Its function and the name of its op stay.

        Args:
            specs: The new spec of each of its assets, by the present key. Its key and dependencies count.
            renamed: The new keys of assets that it reads, by present key.

        Raises:
            CheckError: A dependency is missing in the specs, but a parameter of the function reads it.
            DagflowInvalidDefinitionError: A dependency is new, but the function has parameters that read
                assets.
        """
        new, renamed = copy.copy(self), renamed or {}
        new.specs_by_key = {specs[key].key: specs[key] for key in self.specs_by_key}
        new.keys_by_output_name = {name: specs[key].key for name, key in self.keys_by_output_name.items()}
        new.keys_by_input_name = {
            name: renamed.get(key, key) for name, key in self.keys_by_input_name.items()
        }
        new.partition_mappings = {renamed.get(key, key): one for key, one in self.partition_mappings.items()}
        ins = inputs_of_specs(self.node_def, new.specs_by_key, new.keys_by_input_name, new.partition_mappings)
        outs = dict(self.node_def.outs)
        for name, key in self.keys_by_output_name.items():
            outs[name] = output_of_spec(outs[name], self.specs_by_key[key], specs[key])
        if ins != self.node_def.ins or outs != self.node_def.outs:
            new.node_def = self.node_def.with_ports(ins, outs)
        definitions = [spec.partitions_def for spec in new.specs_by_key.values()]
        if definitions != [spec.partitions_def for spec in self.specs_by_key.values()]:
            new.partitions_def = next((one for one in definitions if one is not None), None)
        new.index_ports()
        return new

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

    def io_manager_key_for(self, key: AssetKey) -> str:
        """Return the key of the resource that stores an asset."""
        if key not in self.output_names:
            raise DagflowInvalidDefinitionError(
                f"'{self.node_def.name}' does not make asset '{key.to_user_string()}'"
            )
        return self.node_def.outs[self.output_names[key]].io_manager_key

    def own_requirements(self) -> Iterator[Requirement]:
        """Return the resources that its op, the inputs of the op and its hooks need."""
        yield from self.node_def.own_requirements()
        yield from self.node_def.input_requirements()
        yield from attached_requirements(self.hook_defs, f"asset '{self.node_def.name}'").values()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a node to the graph whose body is running, or else call the function without a run.

        Such a node stores no asset.
        """
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self.op, args, kwargs)
        return _doors.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<asset {', '.join(repr(key.to_user_string()) for key in self.keys_by_output_name.values())}>"


AnyAsset = AssetsDefinition | SourceAsset | AssetSpec
