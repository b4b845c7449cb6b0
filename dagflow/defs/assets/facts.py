"""AssetFacts: the facts about the assets and checks of an AssetsDefinition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from dagflow._util import nearest
from dagflow.defs.assets.dependency import HasAssetKey
from dagflow.defs.assets.ports import MATERIALIZED, OBSERVED, AssetExecutionType, AssetInput, AssetOutput
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.leaves import NodePath, leaf_output
from dagflow.defs.hooks.definition import HookDefinition, attached_requirements, hook_requirements
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import NodeDefinition
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import CheckError, DagflowInvariantViolationError
from dagflow.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey
from dagflow.tags import system_tag_spellings

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.backfill import BackfillPolicy
    from dagflow.partitions.definition import PartitionsDefinition
    from dagflow.partitions.mapping import PartitionMapping


STUB_MARKER = "auto_created_stub_asset"
"""The metadata of the spec of an asset that is only named as a dependency."""


class AssetFacts(HasAssetKey):
    """The facts about the assets and checks of a definition. The base of AssetsDefinition.

    Attributes:
        given: The outputs that each op of a graph shall give, by its path; empty for a whole definition.
        stored: The assets of the same definition that ops of a graph load, by path and input; empty for a
            whole definition.
        last_job: The job of the last run of a list of assets that begins with this definition, and what it
            was built from; None if there is none.
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
        "given",
        "hook_defs",
        "inputs",
        "is_subset",
        "keys_by_input_name",
        "keys_by_output_name",
        "last_job",
        "output_names",
        "outputs",
        "partition_mappings",
        "partitions_def",
        "resource_defs",
        "specs_by_key",
        "stored",
    )

    _caches: ClassVar[Mapping[str, Callable[[], Any]]] = {"last_job": type(None)}

    __name__: str
    __wrapped__: Callable[..., Any]
    backfill_policy: BackfillPolicy | None
    can_subset: bool
    given: Mapping[NodePath, frozenset[str]]
    inputs: dict[str, AssetInput]
    is_subset: bool
    keys_by_input_name: dict[str, AssetKey]
    keys_by_output_name: dict[str, AssetKey]
    last_job: tuple[Sequence[Any], ResourceDefinition | None, Any] | None
    specs_by_key: dict[AssetKey, AssetSpec]
    check_specs_by_output_name: dict[str, AssetCheckSpec]
    execution_type: AssetExecutionType
    hook_defs: frozenset[HookDefinition]
    output_names: dict[AssetKey, str]
    outputs: dict[str, AssetOutput]
    partition_mappings: dict[AssetKey, PartitionMapping]
    partitions_def: PartitionsDefinition | None
    resource_defs: dict[str, ResourceDefinition]
    stored: Mapping[NodePath, Mapping[str, AssetKey]]
    _node_def: NodeDefinition | None
    _whole: Any  # of the same class; None if this is no part

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
    def descriptions_by_key(self) -> dict[AssetKey, str]:
        """The description of each asset that has one."""
        return {
            key: spec.description for key, spec in self.specs_by_key.items() if spec.description is not None
        }

    @property
    def owners_by_key(self) -> dict[AssetKey, list[str]]:
        """The owners of each asset."""
        return {key: list(spec.owners) for key, spec in self.specs_by_key.items()}

    @property
    def automation_conditions_by_key(self) -> dict[AssetKey, AutomationCondition]:
        """The automation condition of each asset that has one."""
        return {
            key: spec.automation_condition
            for key, spec in self.specs_by_key.items()
            if spec.automation_condition is not None
        }

    @property
    def legacy_freshness_policies_by_key(self) -> dict[AssetKey, LegacyFreshnessPolicy]:
        """The freshness policy in its older form, of each asset that has one."""
        return {
            key: spec.legacy_freshness_policy
            for key, spec in self.specs_by_key.items()
            if spec.legacy_freshness_policy is not None
        }

    @property
    def auto_materialize_policies_by_key(self) -> dict[AssetKey, AutoMaterializePolicy]:
        """The automation condition in its older form, of each asset that has one."""
        return {
            key: condition.as_auto_materialize_policy()
            for key, condition in self.automation_conditions_by_key.items()
        }

    @property
    def dependency_keys(self) -> set[AssetKey]:
        """The keys that its selected assets and checks depend on, including those of its own assets."""
        found = set(self.keys_by_input_name.values())
        for key in self.keys:
            found |= {dep.asset_key for dep in self.specs_by_key[key].deps}
        return found

    @property
    def input_names(self) -> KeysView[str]:
        """The names of the inputs that read assets."""
        return self.keys_by_input_name.keys()

    @property
    def unique_id(self) -> str:
        """Eight hexadecimal digits that depend on the keys of the selected assets and checks only."""
        keys = [key.to_string() for key in sorted(self.keys)]
        keys += [key.to_user_string() for key in sorted(self.check_keys)]
        return sha256("\n".join(keys).encode()).hexdigest()[:8]

    @property
    def required_resource_keys(self) -> set[str]:
        """The keys of the resources that its op or graph, its inputs and outputs and its hooks need."""
        return {requirement.key for requirement in self.own_requirements()}

    def own_requirements(self) -> Iterator[Requirement]:
        """Return the resources that its op or graph, the inputs and its hooks need."""
        if self._node_def is None:
            for spec in self.specs_by_key.values():
                yield from spec.own_requirements()
            return
        yield from self._node_def.all_requirements()
        place = f"asset '{self._node_def.name}'"
        if isinstance(self._node_def, GraphDefinition):
            yield from hook_requirements(self.hook_defs, place, self._node_def).values()
        elif self.hook_defs:
            yield from attached_requirements(self.hook_defs, place).values()

    def get_asset_spec(self, key: AssetKey | None = None) -> AssetSpec:
        """Return the facts about one of the assets.

        Args:
            key: The key of the asset; default: the key of the one asset.

        Raises:
            KeyError: There is no asset with this key.
        """
        return self.specs_by_key[self.key if key is None else key]

    def get_output_name_for_asset_key(self, key: AssetKey) -> str:
        """Return the name of the output that stores an asset.

        Raises:
            DagflowInvariantViolationError: No output stores an asset with this key.
        """
        if key not in self.output_names:
            raise DagflowInvariantViolationError(
                f"{self!r} does not make asset '{key.to_user_string()}'."
                f"{nearest(key.to_user_string(), [one.to_user_string() for one in self.output_names])}"
            )
        return self.output_names[key]

    def get_output_name_for_asset_check_key(self, key: AssetCheckKey) -> str:
        """Return the name of the output that gives the result of a check.

        Raises:
            DagflowInvariantViolationError: No output gives the result of a check with this key.
        """
        for name, spec in self.check_specs_by_output_name.items():
            if spec.key == key:
                return name
        raise DagflowInvariantViolationError(
            f"{self!r} does not evaluate the check '{key.to_user_string()}'."
        )

    def get_io_manager_key_for_asset_key(self, key: AssetKey) -> str:
        """Return the key of the resource that stores an asset. Of a declaration, the one that loads it.

        Raises:
            DagflowInvariantViolationError: There is no asset with this key.
        """
        if self._node_def is None and key in self.specs_by_key:
            return self.specs_by_key[key].io_manager_key
        return leaf_output(self.node_def, self.get_output_name_for_asset_key(key)).definition.io_manager_key

    def get_partition_mapping(self, in_asset_key: AssetKey) -> PartitionMapping | None:
        """Return the partition mapping of a dependency; None without one.

        Args:
            in_asset_key: The key of the asset that is read.
        """
        return self.partition_mappings.get(in_asset_key)

    def to_source_asset(self, key: CoercibleToAssetKey | None = None) -> SourceAsset:
        """Return one of the assets as an asset that is only read.

        Args:
            key: The key of the asset; default: the key of the one asset.

        Raises:
            CheckError: There is no asset with this key, or there are several and no key is given.
        """
        if key is None and len(self.keys) != 1:
            raise CheckError(f"{self!r} has {len(self.keys)} assets, so 'key' must be given")
        wanted = self.key if key is None else AssetKey.from_coercible(key)
        if wanted not in self.keys:
            raise CheckError(f"{self!r} has no asset '{wanted.to_user_string()}'")
        spec = self.specs_by_key[wanted]
        manager_key = self.get_io_manager_key_for_asset_key(wanted)
        return SourceAsset(
            wanted,
            metadata=spec.metadata,
            io_manager_key=manager_key,
            io_manager_def=self.resource_defs.get(manager_key),
            description=spec.description,
            partitions_def=spec.partitions_def,
            group_name=None if spec.group_name == DEFAULT_GROUP else spec.group_name,
            resource_defs=self.resource_defs,
            tags=spec.tags,
        )

    def to_source_assets(self) -> list[SourceAsset]:
        """Return all assets as assets that are only read.

        Example:
            >>> from dagflow import asset
            >>> @asset
            ... def water():
            ...     return 1
            >>> water.to_source_assets()
            [SourceAsset(AssetKey(['water']))]
        """
        return [self.to_source_asset(key) for key in sorted(self.keys)]
