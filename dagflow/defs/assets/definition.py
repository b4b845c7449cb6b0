"""AssetsDefinition: one or more assets and the op that computes them; and the facts about any kind of asset.

The bases of AssetsDefinition:

    facts     AssetFacts: the attributes, and the properties that follow from them
    parts     AssetParts: the selected part of a definition
    copies    AssetCopies: changed copies of a definition

`argument_checks` checks the arguments, `from_node` fills in those of `from_graph` and `from_op`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, ClassVar

from dagflow import _doors
from dagflow.defs.assets.argument_checks import (
    check_by_key,
    check_checks,
    check_policy,
    check_ports,
    check_selected,
    check_specs_of,
    checked_keys,
    checked_mappings,
    checked_specs,
)
from dagflow.defs.assets.copies import AssetCopies
from dagflow.defs.assets.from_node import of_node, specs_from_facts
from dagflow.defs.assets.ports import AssetExecutionType
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.leaves import NodePath
from dagflow.defs.hooks.definition import HookDefinition, check_hooks
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import NodeDefinition, current_composition
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.errors import CheckError, check_optional, check_type
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.backfill import BackfillPolicy
    from dagflow.partitions.mapping import PartitionMapping


class AssetsDefinition(AssetCopies):
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
            code_versions_by_key, legacy_freshness_policies_by_key, auto_materialize_policies_by_key: Facts
            about the assets, by key. Not with `specs`.
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

    is_of_checks: ClassVar[bool] = False
    """Whether its function evaluates checks only, of assets that are made elsewhere."""

    __slots__ = ()

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
        legacy_freshness_policies_by_key: Mapping[AssetKey, LegacyFreshnessPolicy] | None = None,
        backfill_policy: BackfillPolicy | None = None,
        descriptions_by_key: Mapping[AssetKey, str] | None = None,
        check_specs_by_output_name: Mapping[str, AssetCheckSpec] | None = None,
        selected_asset_check_keys: AbstractSet[AssetCheckKey] | None = None,
        is_subset: bool = False,
        owners_by_key: Mapping[AssetKey, Sequence[str]] | None = None,
        specs: Iterable[AssetSpec] | None = None,
        execution_type: AssetExecutionType | None = None,
        auto_materialize_policies_by_key: Mapping[AssetKey, AutoMaterializePolicy] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        code_versions_by_key: Mapping[AssetKey, str] | None = None,
    ) -> None:
        facts = {
            "group_names_by_key": group_names_by_key, "metadata_by_key": metadata_by_key,
            "tags_by_key": tags_by_key, "descriptions_by_key": descriptions_by_key,
            "owners_by_key": owners_by_key, "code_versions_by_key": code_versions_by_key,
            "legacy_freshness_policies_by_key": legacy_freshness_policies_by_key,
            "auto_materialize_policies_by_key": auto_materialize_policies_by_key,
        }  # fmt: skip
        check_optional(node_def, NodeDefinition, "node_def", "an AssetsDefinition")
        for name, values in (*facts.items(), ("asset_deps", asset_deps)):
            check_by_key(values, name)
        check_selected(selected_asset_keys, AssetKey, "selected_asset_keys")
        check_selected(selected_asset_check_keys, AssetCheckKey, "selected_asset_check_keys")
        check_checks(check_specs_by_output_name)
        check_policy(backfill_policy)
        keys_by_input_name = checked_keys(keys_by_input_name, "keys_by_input_name")
        keys_by_output_name = checked_keys(keys_by_output_name, "keys_by_output_name")
        check_optional(partitions_def, PartitionsDefinition, "partitions_def", "an AssetsDefinition")
        specs_by_key = (
            specs_from_facts(node_def, keys_by_output_name, keys_by_input_name, asset_deps, facts)
            if specs is None
            else checked_specs(specs, facts, partitions_def)
        )
        check_ports(node_def, keys_by_input_name, keys_by_output_name, check_specs_by_output_name or {})
        check_type(can_subset, bool, "can_subset", "an AssetsDefinition")
        if node_def is None and (can_subset or backfill_policy is not None):
            raise CheckError(
                "an AssetsDefinition was given 'can_subset' or 'backfill_policy', but no 'node_def', so "
                "nothing makes its assets. Leave them out."
            )
        self._node_def: NodeDefinition | None = node_def
        self.hook_defs: frozenset[HookDefinition] = check_hooks(hook_defs, "hook_defs")
        self.keys_by_input_name: dict[str, AssetKey] = keys_by_input_name
        self.keys_by_output_name: dict[str, AssetKey] = keys_by_output_name
        self.specs_by_key: dict[AssetKey, AssetSpec] = {
            key: spec.of_definition(partitions_def) for key, spec in specs_by_key.items()
        }
        if partitions_def is None:
            declared: Iterable[AssetSpec | AssetCheckSpec] = (
                self.specs_by_key.values() or (check_specs_by_output_name or {}).values()
            )
            definitions = (spec.partitions_def for spec in declared)
            partitions_def = next((found for found in definitions if found is not None), None)
        self.partitions_def: PartitionsDefinition | None = partitions_def
        self.partition_mappings: dict[AssetKey, PartitionMapping] = checked_mappings(partition_mappings)
        self.check_specs_by_output_name: dict[str, AssetCheckSpec] = dict(check_specs_by_output_name or {})
        self._whole: AssetsDefinition | None = None
        self.last_job = None
        self.can_subset: bool = check_type(can_subset, bool, "can_subset", "an AssetsDefinition")
        self.is_subset: bool = check_type(is_subset, bool, "is_subset", "an AssetsDefinition")
        self.backfill_policy: BackfillPolicy | None = backfill_policy
        if execution_type is None:
            execution_type = (
                AssetExecutionType.UNEXECUTABLE if node_def is None else AssetExecutionType.MATERIALIZATION
            )
        self.execution_type: AssetExecutionType = check_type(
            execution_type, AssetExecutionType, "execution_type", "an AssetsDefinition"
        )
        self.given: Mapping[NodePath, frozenset[str]] = {}
        self.stored: Mapping[NodePath, Mapping[str, AssetKey]] = {}
        check_specs_of(self)
        self.index_ports()
        self.resource_defs: dict[str, ResourceDefinition] = as_resources(
            resource_defs, "an AssetsDefinition", "resource_defs"
        )
        if node_def is not None:
            fn = node_def.decorated()
            if fn is not None:
                self.__wrapped__ = fn
            self.__doc__ = node_def.description
            self.__name__ = node_def.name
        if selected_asset_keys is not None or selected_asset_check_keys is not None:
            self.select(
                self.keys if selected_asset_keys is None else selected_asset_keys,
                self.check_keys if selected_asset_check_keys is None else selected_asset_check_keys,
            )

    @staticmethod
    def from_graph(
        graph_def: NodeDefinition,
        *,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        key_prefix: str | Sequence[str] | None = None,
        internal_asset_deps: Mapping[str, set[AssetKey]] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        partition_mappings: Mapping[str, PartitionMapping] | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        group_name: str | None = None,
        group_names_by_output_name: Mapping[str, str | None] | None = None,
        descriptions_by_output_name: Mapping[str, str] | None = None,
        metadata_by_output_name: Mapping[str, Mapping[str, Any] | None] | None = None,
        tags_by_output_name: Mapping[str, Mapping[str, str] | None] | None = None,
        legacy_freshness_policies_by_output_name: Mapping[str, LegacyFreshnessPolicy | None] | None = None,
        automation_conditions_by_output_name: Mapping[str, AutomationCondition | None] | None = None,
        backfill_policy: BackfillPolicy | None = None,
        can_subset: bool = False,
        check_specs: Sequence[AssetCheckSpec] | None = None,
        owners_by_output_name: Mapping[str, Sequence[str]] | None = None,
        code_versions_by_output_name: Mapping[str, str | None] | None = None,
        auto_materialize_policies_by_output_name: Mapping[str, AutoMaterializePolicy | None] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
    ) -> AssetsDefinition:
        """Return a definition whose assets a graph makes.

        Args:
            graph_def: The graph, or an op.
            keys_by_input_name, keys_by_output_name: The keys; default: the names of the inputs and outputs.
                The key of an output "result" is by default the name of the graph.
            key_prefix: The parts before the key of each asset that it makes.
            internal_asset_deps: The keys that an asset depends on, by output name; default: all inputs.
            partitions_def: The partitions of the assets.
            partition_mappings: The partition mappings by input name.
            resource_defs: The resources that come with the assets.
            group_name: The group of all assets.
            group_names_by_output_name, descriptions_by_output_name, metadata_by_output_name,
                tags_by_output_name, legacy_freshness_policies_by_output_name,
                automation_conditions_by_output_name, owners_by_output_name, code_versions_by_output_name,
                auto_materialize_policies_by_output_name: Facts about the assets, by output name.
            backfill_policy: How many partitions one run of a backfill gets.
            can_subset: Whether a run may select some of the assets and checks.
            check_specs: The checks. The output with the result of a check has the name of its asset and its
                own name: "asset_check".
            hook_defs: The hooks of each op.

        Raises:
            CheckError: The keys do not fit the inputs and outputs, or an op at an end of the graph makes no
                asset.
            DagflowInvalidDefinitionError: A fact is invalid.

        Example:
            >>> from dagflow import AssetsDefinition, graph, op
            >>> @op
            ... def boil():
            ...     return 100
            >>> @graph
            ... def water():
            ...     return boil()
            >>> AssetsDefinition.from_graph(water).key
            AssetKey(['water'])
        """
        facts = {
            "group_names_by_output_name": group_names_by_output_name,
            "descriptions_by_output_name": descriptions_by_output_name,
            "metadata_by_output_name": metadata_by_output_name, "tags_by_output_name": tags_by_output_name,
            "legacy_freshness_policies_by_output_name": legacy_freshness_policies_by_output_name,
            "automation_conditions_by_output_name": automation_conditions_by_output_name,
            "owners_by_output_name": owners_by_output_name,
            "code_versions_by_output_name": code_versions_by_output_name,
            "auto_materialize_policies_by_output_name": auto_materialize_policies_by_output_name,
        }  # fmt: skip
        return AssetsDefinition(
            **of_node(
                graph_def, keys_by_input_name, keys_by_output_name, key_prefix, internal_asset_deps,
                partition_mappings, group_name, check_specs, facts,
            ),
            partitions_def=partitions_def, resource_defs=resource_defs, backfill_policy=backfill_policy,
            can_subset=can_subset, hook_defs=hook_defs,
        )  # fmt: skip

    @staticmethod
    def from_op(
        op_def: NodeDefinition,
        *,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        key_prefix: str | Sequence[str] | None = None,
        internal_asset_deps: Mapping[str, set[AssetKey]] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        partition_mappings: Mapping[str, PartitionMapping] | None = None,
        group_name: str | None = None,
        group_names_by_output_name: Mapping[str, str | None] | None = None,
        descriptions_by_output_name: Mapping[str, str] | None = None,
        metadata_by_output_name: Mapping[str, Mapping[str, Any] | None] | None = None,
        tags_by_output_name: Mapping[str, Mapping[str, str] | None] | None = None,
        legacy_freshness_policies_by_output_name: Mapping[str, LegacyFreshnessPolicy | None] | None = None,
        automation_conditions_by_output_name: Mapping[str, AutomationCondition | None] | None = None,
        backfill_policy: BackfillPolicy | None = None,
        can_subset: bool = False,
        auto_materialize_policies_by_output_name: Mapping[str, AutoMaterializePolicy | None] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
    ) -> AssetsDefinition:
        """Return a definition whose assets an op makes. The arguments and errors are those of `from_graph`.

        Args:
            op_def: The op, or a graph. The description, metadata and code version of its outputs belong to
                the assets.

        Example:
            >>> from dagflow import AssetsDefinition, Out, op
            >>> @op(out={"tea": Out(), "leaves": Out()})
            ... def brew():
            ...     return 1, 2
            >>> sorted(AssetsDefinition.from_op(brew, key_prefix="bar").keys)
            [AssetKey(['bar', 'leaves']), AssetKey(['bar', 'tea'])]
        """
        return AssetsDefinition.from_graph(
            op_def,
            keys_by_input_name=keys_by_input_name,
            keys_by_output_name=keys_by_output_name,
            key_prefix=key_prefix,
            internal_asset_deps=internal_asset_deps,
            partitions_def=partitions_def,
            partition_mappings=partition_mappings,
            group_name=group_name,
            group_names_by_output_name=group_names_by_output_name,
            descriptions_by_output_name=descriptions_by_output_name,
            metadata_by_output_name=metadata_by_output_name,
            tags_by_output_name=tags_by_output_name,
            legacy_freshness_policies_by_output_name=legacy_freshness_policies_by_output_name,
            automation_conditions_by_output_name=automation_conditions_by_output_name,
            backfill_policy=backfill_policy,
            can_subset=can_subset,
            auto_materialize_policies_by_output_name=auto_materialize_policies_by_output_name,
            hook_defs=hook_defs,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a node to the graph whose body is running, or else call the function without a run.

        Such a node stores no asset.
        """
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self.node_def, args, kwargs)
        if isinstance(self.node_def, OpDefinition):
            return _doors.invoke(self, args, kwargs)
        return self.node_def(*args, **kwargs)

    def __repr__(self) -> str:
        names = [repr(key.to_user_string()) for key in self.keys_by_output_name.values() or self.specs_by_key]
        return f"<asset {', '.join(names)}>" if names else f"<checks of '{self.__name__}'>"


AnyAsset = AssetsDefinition | SourceAsset | AssetSpec


def spec_of(asset: AnyAsset, key: AssetKey) -> AssetSpec:
    """Return the facts about one asset of a definition, or of an asset that is only read."""
    if isinstance(asset, AssetsDefinition):
        return asset.specs_by_key[key]
    return asset.spec if isinstance(asset, SourceAsset) else asset


def io_manager_key_of(asset: AnyAsset, key: AssetKey) -> str:
    """Return the key of the resource that stores one asset of a definition, or that loads an asset."""
    if isinstance(asset, AssetsDefinition):
        return asset.get_io_manager_key_for_asset_key(key)
    return asset.io_manager_key
