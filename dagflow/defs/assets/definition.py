"""AssetsDefinition: one or more assets and the op that computes them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from dagflow import _doors
from dagflow.defs.assets.changed import inputs_of_specs, mapped_specs, output_of_spec, specs_from_facts
from dagflow.defs.assets.dependency import AssetDep
from dagflow.defs.assets.facts import AssetFacts
from dagflow.defs.assets.ports import AssetExecutionType, AssetInput, AssetOutput
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.leaves import leaf_output
from dagflow.defs.hooks.definition import HookDefinition, attached_requirements
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import NodeDefinition, current_composition
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, DagflowInvalidSubsetError
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.partitions.mapping import PartitionMapping


class AssetsDefinition(AssetFacts):
    """One or more assets, and the op or graph that computes them. Made by `@asset` and similar decorators.

    One that an op computes is called like its function. Without `node_def` it declares assets that are only
    read.

    Args:
        keys_by_input_name, keys_by_output_name: The key of each asset that is read or stored.
        node_def: The op or graph.
        partitions_def: The partitions of the assets. A spec may have partitions of its own.
        partition_mappings: The partition mappings, by key of the asset that is read.
        asset_deps: The keys that each asset depends on, by its key; default: every asset that is read.
        selected_asset_keys, selected_asset_check_keys: The selected part; default: everything.
        can_subset: Whether a run may select some of the assets and checks.
        resource_defs: The resources that come with the assets.
        group_names_by_key, metadata_by_key, tags_by_key, descriptions_by_key, owners_by_key,
            code_versions_by_key: Facts about the assets, by key. Not with `specs`.
        backfill_policy: How many partitions one run of a backfill gets.
        check_specs_by_output_name: The checks, by the name of the output that gives their result.
        is_subset: Whether it is the selected part of a larger definition.
        specs: All facts about each asset.
        execution_type: What the function does; default: it materializes the assets.
        hook_defs: The hooks of the op, or of each op in the graph.

    Attributes:
        keys_by_input_name, keys_by_output_name: As the arguments, of the selected assets.
        specs_by_key: The facts about each asset, also about those that are not selected.
        outputs: The AssetOutput of each output that stores an asset, by the name of the output.
        inputs: The AssetInput of each input that reads an asset, by the name of the input.
        output_names: The name of the output that stores an asset, by key.
        check_specs_by_output_name: The selected checks.
        partitions_def: The partitions of the assets.
        partition_mappings, resource_defs, hook_defs, can_subset, is_subset, execution_type, backfill_policy:
            As the arguments.

    Raises:
        CheckError: Neither specs nor a node, a key is missing, or facts are given twice.
        DagflowInvalidDefinitionError: The facts do not fit together.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "__wrapped__",
        "_node_def",
        "_whole",
        "backfill_policy",
        "can_subset",
        "check_specs_by_output_name",
        "execution_type",
        "hook_defs",
        "inputs",
        "is_subset",
        "keys_by_input_name",
        "keys_by_output_name",
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
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        node_def: NodeDefinition | None = None,
        partitions_def: PartitionsDefinition | None = None,
        partition_mappings: Mapping[AssetKey, PartitionMapping] | None = None,
        asset_deps: Mapping[AssetKey, set[AssetKey]] | None = None,
        selected_asset_keys: AbstractSet[AssetKey] | None = None,
        can_subset: bool = False,
        resource_defs: Mapping[str, Any] | None = None,
        group_names_by_key: Mapping[AssetKey, str] | None = None,
        metadata_by_key: Mapping[AssetKey, Mapping[str, Any]] | None = None,
        tags_by_key: Mapping[AssetKey, Mapping[str, str]] | None = None,
        backfill_policy: Any = None,
        descriptions_by_key: Mapping[AssetKey, str] | None = None,
        check_specs_by_output_name: Mapping[str, AssetCheckSpec] | None = None,
        selected_asset_check_keys: AbstractSet[AssetCheckKey] | None = None,
        is_subset: bool = False,
        owners_by_key: Mapping[AssetKey, Sequence[str]] | None = None,
        specs: Iterable[AssetSpec] | None = None,
        execution_type: AssetExecutionType | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        code_versions_by_key: Mapping[AssetKey, str] | None = None,
    ) -> None:
        facts = {
            "group_names_by_key": group_names_by_key, "metadata_by_key": metadata_by_key,
            "tags_by_key": tags_by_key, "descriptions_by_key": descriptions_by_key,
            "owners_by_key": owners_by_key, "code_versions_by_key": code_versions_by_key,
        }  # fmt: skip
        if specs is None:
            if node_def is None or (not keys_by_output_name and not check_specs_by_output_name):
                raise CheckError(
                    "an AssetsDefinition needs a 'node_def' with 'keys_by_output_name', or 'specs' for "
                    "assets that are only read"
                )
            specs = specs_from_facts(
                (keys_by_output_name or {}).values(), (keys_by_input_name or {}).values(), asset_deps, facts
            )
        else:
            given = [name for name, value in facts.items() if value is not None]
            if given:
                raise CheckError(
                    f"an AssetsDefinition was given 'specs' and '{given[0]}'. Put the facts into the specs."
                )
        self._node_def: NodeDefinition | None = node_def
        self.hook_defs: frozenset[HookDefinition] = frozenset() if hook_defs is None else frozenset(hook_defs)
        self.keys_by_input_name: dict[str, AssetKey] = dict(keys_by_input_name or {})
        self.keys_by_output_name: dict[str, AssetKey] = dict(keys_by_output_name or {})
        self.specs_by_key: dict[AssetKey, AssetSpec] = {
            spec.key: spec.of_definition(partitions_def) for spec in specs
        }
        if partitions_def is None:
            definitions = (spec.partitions_def for spec in self.specs_by_key.values())
            partitions_def = next((found for found in definitions if found is not None), None)
        self.partitions_def: PartitionsDefinition | None = partitions_def
        self.partition_mappings: dict[AssetKey, PartitionMapping] = dict(partition_mappings or {})
        self.check_specs_by_output_name: dict[str, AssetCheckSpec] = dict(check_specs_by_output_name or {})
        self._whole: AssetsDefinition | None = None
        self.can_subset: bool = can_subset
        self.is_subset: bool = is_subset
        self.backfill_policy: Any = backfill_policy
        if execution_type is None:
            execution_type = (
                AssetExecutionType.UNEXECUTABLE if node_def is None else AssetExecutionType.MATERIALIZATION
            )
        self.execution_type: AssetExecutionType = execution_type
        self.index_ports()
        self.resource_defs: dict[str, ResourceDefinition] = dict(resource_defs or {})
        if node_def is not None:
            if isinstance(node_def, OpDefinition):
                self.__wrapped__: Callable[..., Any] = node_def.body.fn
            self.__doc__ = node_def.description
            self.__name__: str = node_def.name
        if selected_asset_keys is not None or selected_asset_check_keys is not None:
            self._select(
                self.keys if selected_asset_keys is None else selected_asset_keys,
                self.check_keys if selected_asset_check_keys is None else selected_asset_check_keys,
            )

    def index_ports(self) -> None:
        """Set `output_names`, `outputs` and `inputs` from the keys, specs and partition mappings."""
        self.output_names: dict[AssetKey, str] = {key: name for name, key in self.keys_by_output_name.items()}
        self.outputs: dict[str, AssetOutput] = {
            name: AssetOutput(self.specs_by_key[key], self.event_of_outputs)
            for name, key in self.keys_by_output_name.items()
        }
        self.inputs: dict[str, AssetInput] = {
            name: AssetInput(key, self.partition_mappings.get(key), self.partitions_def)
            for name, key in self.keys_by_input_name.items()
        }

    def _select(self, keys: AbstractSet[AssetKey], check_keys: AbstractSet[AssetCheckKey]) -> None:
        """Keep only some of the assets and checks. The specs of all assets stay."""
        self.keys_by_output_name = {
            name: key for name, key in self.keys_by_output_name.items() if key in keys
        }
        self.check_specs_by_output_name = {
            name: spec for name, spec in self.check_specs_by_output_name.items() if spec.key in check_keys
        }
        needed = {dep.asset_key for key in self.output_keys() for dep in self.specs_by_key[key].deps}
        for spec in self.check_specs_by_output_name.values():
            needed |= {spec.asset_key, *(dep.asset_key for dep in spec.additional_deps)}
        self.keys_by_input_name = {
            name: key for name, key in self.keys_by_input_name.items() if key in needed
        }
        self.is_subset = True
        self.index_ports()

    def subset_for(
        self,
        selected_asset_keys: AbstractSet[AssetKey],
        selected_asset_check_keys: AbstractSet[AssetCheckKey] | None = None,
    ) -> AssetsDefinition:
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
        part = copy.copy(self.whole)
        part._whole = self.whole  # noqa: SLF001 - a copy of its own
        part._select(selected_asset_keys, selected_asset_check_keys)  # noqa: SLF001 - a copy of its own
        return part

    @property
    def whole(self) -> AssetsDefinition:
        """The definition that this is the selected part of; itself, if it is whole."""
        return self if self._whole is None else self._whole

    def part_with(
        self, keys: AbstractSet[AssetKey], check_keys: AbstractSet[AssetCheckKey]
    ) -> AssetsDefinition:
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
        return self.subset_for(keys, check_keys)

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

    @property
    def is_declaration(self) -> bool:
        """Whether it only declares assets, and nothing computes them."""
        return self._node_def is None

    @property
    def node_def(self) -> NodeDefinition:
        """The op or graph that computes the assets.

        Raises:
            CheckError: Nothing computes them.
        """
        if self._node_def is None:
            raise CheckError(f"{self!r} declares assets that are only read, so it has no 'node_def'")
        return self._node_def

    @property
    def op(self) -> OpDefinition:
        """The op that computes the assets.

        Raises:
            CheckError: A graph computes them, or nothing.
        """
        if not isinstance(self.node_def, OpDefinition):
            raise CheckError(f"{self!r} is computed by a graph, so it has no 'op'; use 'node_def'")
        return self.node_def

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
        new.check_specs_by_output_name = {
            name: _check_with_key(spec, specs, renamed)
            for name, spec in self.check_specs_by_output_name.items()
        }
        if isinstance(self._node_def, OpDefinition):
            node_def = self._node_def
            ins = inputs_of_specs(node_def, new.specs_by_key, new.keys_by_input_name, new.partition_mappings)
            outs = dict(node_def.outs)
            for name, key in self.keys_by_output_name.items():
                outs[name] = output_of_spec(outs[name], self.specs_by_key[key], specs[key])
            if ins != node_def.ins or outs != node_def.outs:
                new._node_def = node_def.with_ports(ins, outs)  # noqa: SLF001 - a copy of its own
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
        return leaf_output(self.node_def, self.output_names[key]).definition.io_manager_key

    def own_requirements(self) -> Iterator[Requirement]:
        """Return the resources that its op or graph, the inputs and its hooks need."""
        if self._node_def is None:
            for spec in self.specs_by_key.values():
                yield from spec.own_requirements()
            return
        yield from self._node_def.all_requirements()
        if self.hook_defs:
            yield from attached_requirements(self.hook_defs, f"asset '{self._node_def.name}'").values()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a node to the graph whose body is running, or else call the function without a run.

        Such a node stores no asset.
        """
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self.op, args, kwargs)
        return _doors.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        names = [repr(key.to_user_string()) for key in self.keys_by_output_name.values() or self.specs_by_key]
        return f"<asset {', '.join(names)}>" if names else f"<checks of '{self.__name__}'>"


class AssetChecksDefinition(AssetsDefinition):
    """Checks of assets that are made elsewhere, and the op that evaluates them. Made by `@asset_check`."""

    __slots__ = ()

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


def _check_with_key(
    spec: AssetCheckSpec, specs: Mapping[AssetKey, AssetSpec], renamed: Mapping[AssetKey, AssetKey]
) -> AssetCheckSpec:
    """Return the declaration of a check, for the new keys of its asset and of its other dependencies."""
    old = spec.asset_key
    key = specs[old].key if old in specs else renamed.get(old, old)
    deps = [
        AssetDep(renamed[dep.asset_key], partition_mapping=dep.partition_mapping, metadata=dep.metadata)
        if dep.asset_key in renamed
        else dep
        for dep in spec.additional_deps
    ]
    if key == old and deps == spec.additional_deps:
        return spec
    new = spec.replace_key(AssetCheckKey(key, spec.name))
    new.additional_deps = deps
    return new


AnyAsset = AssetsDefinition | SourceAsset | AssetSpec
