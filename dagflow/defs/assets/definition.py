"""Assets: what is known of one (AssetSpec), what it reads (AssetIn, AssetDep), and the op that makes it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagflow import _doors
from dagflow.defs.graphs.wiring import ReadableAsset
from dagflow.defs.hooks.definition import HookDefinition, attached_requirements
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import current_composition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.parts.owners import checked_owners
from dagflow.defs.resources.definition import ResourceDefinition, as_resource, as_resources
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_optional, check_type
from dagflow.keys import (
    AssetKey,
    CoercibleToAssetKey,
    check_name,
    jsonable_tags,
    system_tag,
    system_tag_spellings,
)
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.partitions.mapping import PartitionMapping

DEFAULT_GROUP = "default"


@dataclass(frozen=True, slots=True)
class AssetIn:
    """What is said of an asset that a parameter reads.

    Args:
        key: The asset; default: the parameter's name, with `key_prefix`.
        metadata: What an I/O manager may want to know.
        key_prefix: Put before the parameter's name.
        input_manager_key: The resource that loads it, instead of the I/O manager of the asset that is read.
        partition_mapping: Which of its partitions are read for a partition; default: `default_mapping`.
        dagflow_type: The type of the value.
    """

    key: CoercibleToAssetKey | None = None
    metadata: Mapping[str, Any] | None = None
    key_prefix: str | Sequence[str] | None = None
    input_manager_key: str | None = None
    partition_mapping: PartitionMapping | None = None
    dagflow_type: Any = None

    def key_for(self, parameter: str) -> AssetKey:
        """The key of the asset that the parameter reads."""
        if self.key is not None:
            return AssetKey.from_coercible(self.key)
        return AssetKey(parameter).with_prefix(self.key_prefix) if self.key_prefix else AssetKey(parameter)


class AssetDep:
    """An asset that comes before another one, without being loaded by it.

    Args:
        asset: A key, text, AssetsDefinition, AssetSpec or SourceAsset.
        partition_mapping: Which of its partitions a partition depends on.
        metadata: What is known about the dependency.
    """

    __slots__ = ("asset_key", "metadata", "partition_mapping")

    def __init__(
        self,
        asset: Any,
        *,
        partition_mapping: PartitionMapping | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.asset_key = key_of(asset)
        self.partition_mapping = partition_mapping
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(
            metadata, f"dependency on {self.asset_key}"
        )

    @staticmethod
    def from_coercible(value: Any) -> AssetDep:
        """The dependency that a key, a definition or an AssetDep stands for."""
        return value if isinstance(value, AssetDep) else AssetDep(value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetDep):
            return NotImplemented
        return (self.asset_key, self.partition_mapping) == (other.asset_key, other.partition_mapping)

    def __hash__(self) -> int:
        return hash(self.asset_key)

    def __repr__(self) -> str:
        return f"AssetDep({self.asset_key!r})"


class AssetSpec(ReadableAsset):
    """What is known of an asset, apart from how it is made. On its own: an asset that something else makes.

    Args:
        key: Its key.
        deps: Assets that come before it.
        description: A sentence for people.
        metadata: What is known about it.
        skippable: Whether a function that makes several assets may leave it out.
        group_name: The group that it is shown in.
        code_version: The version of the code that makes it.
        owners: Who answers for it.
        tags: Short texts by name.
        kinds: Of what technology it is.
        partitions_def: Its partitions.
    """

    __slots__ = (
        "code_version",
        "deps",
        "description",
        "group_name",
        "key",
        "metadata",
        "owners",
        "partitions_def",
        "skippable",
        "tags",
    )

    key: AssetKey
    partitions_def: PartitionsDefinition | None

    def __init__(
        self,
        key: CoercibleToAssetKey,
        *,
        deps: Iterable[Any] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        self.key = AssetKey.from_coercible(key)
        place = f"asset '{self.key.to_user_string()}'"
        self.deps = [AssetDep.from_coercible(dep) for dep in deps or ()]
        self.description = description
        if metadata:
            normalize_metadata(metadata, place)  # refuses what cannot be metadata; the rest stays as it is
        self.metadata: Mapping[str, Any] = metadata or {}
        self.skippable = skippable
        self.group_name = DEFAULT_GROUP if group_name is None else _group(group_name, place)
        self.code_version = code_version
        self.owners = checked_owners(owners, place)
        self.tags = {**jsonable_tags(tags, place), **{system_tag(f"kind/{kind}"): "" for kind in kinds or ()}}
        self.partitions_def = check_optional(partitions_def, PartitionsDefinition, "partitions_def")

    @property
    def io_manager_key(self) -> str:
        """The resource that loads it, where nothing here makes it."""
        keys = (self.metadata.get(key) for key in system_tag_spellings("io_manager_key"))
        return next((key for key in keys if key), DEFAULT_IO_MANAGER_KEY)

    def with_io_manager_key(self, io_manager_key: str) -> AssetSpec:
        """This spec, loaded by another resource.

        Args:
            io_manager_key: The key of the I/O manager. It is kept in the metadata.

        Raises:
            ParameterCheckError: The key is no text.

        Example:
            >>> AssetSpec("beans").with_io_manager_key("cellar").metadata
            {'dagflow/io_manager_key': 'cellar'}
        """
        key = check_type(io_manager_key, str, "io_manager_key", f"asset '{self.key.to_user_string()}'")
        new = copy.copy(self)
        new.metadata = {**self.metadata, system_tag("io_manager_key"): key}
        return new

    @property
    def kinds(self) -> set[str]:
        """Of what technology it is."""
        starts = system_tag_spellings("kind/")
        return {tag[len(start) :] for tag in self.tags for start in starts if tag.startswith(start)}

    def __repr__(self) -> str:
        return f"AssetSpec({self.key!r})"


def _group(name: Any, place: str) -> str:
    for part in check_type(name, str, "group_name", place).split("/"):
        check_name(part, f"group of {place} (or a part of one, between slashes)", reserved=False)
    return str(name)


class SourceAsset(ReadableAsset):
    """An asset that is only read: something else makes it.

    Args:
        key: Its key.
        metadata: What is known about it.
        io_manager_key: The resource that loads it; None means "io_manager".
        io_manager_def: The I/O manager itself.
        description: A sentence for people.
        partitions_def: Its partitions.
        group_name: The group that it is shown in.
        resource_defs: Resources that its I/O manager needs.
        tags: Short texts by name.
    """

    __slots__ = ("io_manager_key", "resource_defs", "spec")

    io_manager_key: str

    def __init__(
        self,
        key: CoercibleToAssetKey,
        metadata: Mapping[str, Any] | None = None,
        io_manager_key: str | None = None,
        io_manager_def: Any = None,
        description: str | None = None,
        partitions_def: PartitionsDefinition | None = None,
        group_name: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.spec = AssetSpec(
            key,
            metadata=metadata,
            description=description,
            partitions_def=partitions_def,
            group_name=group_name,
            tags=tags,
        )
        self.io_manager_key, self.resource_defs = io_manager_resources(
            self.spec.key, io_manager_key, io_manager_def, resource_defs
        )

    @property
    def key(self) -> AssetKey:
        """Its key."""
        return self.spec.key

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Its partitions."""
        return self.spec.partitions_def

    @property
    def io_manager_def(self) -> ResourceDefinition | None:
        """The I/O manager that it brings along, None if it brings none."""
        return self.resource_defs.get(self.io_manager_key)

    def get_io_manager_key(self) -> str:
        """The resource that loads it."""
        return self.io_manager_key

    def __repr__(self) -> str:
        return f"SourceAsset({self.key!r})"


class AssetsDefinition:
    """One or more assets and the op that makes them. Made by `@asset`; called like its function.

    Attributes: `node_def` (the op), `keys_by_input_name`, `keys_by_output_name`, `specs` (by key),
    `partitions_def`, `partition_mappings` (by key of the asset that is read), `resource_defs`, `hook_defs`.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "__wrapped__",
        "hook_defs",
        "keys_by_input_name",
        "keys_by_output_name",
        "node_def",
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
        self.node_def = node_def
        self.hook_defs = hook_defs
        self.keys_by_input_name = dict(keys_by_input_name)
        self.keys_by_output_name = dict(keys_by_output_name)
        self.specs_by_key = {spec.key: spec for spec in specs}
        self.partitions_def = partitions_def
        self.partition_mappings = dict(partition_mappings or {})
        self.resource_defs = dict(resource_defs or {})
        self.__wrapped__ = node_def.body.fn
        self.__doc__ = node_def.description
        self.__name__ = node_def.name

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
        """The op that makes them."""
        return self.node_def

    @property
    def specs(self) -> list[AssetSpec]:
        """What is known of each asset."""
        return list(self.specs_by_key.values())

    @property
    def group_names_by_key(self) -> dict[AssetKey, str]:
        """The group of each asset."""
        return {key: spec.group_name for key, spec in self.specs_by_key.items()}

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
        """The assets that it reads or comes after."""
        return set(self.keys_by_input_name.values())

    def io_manager_key_for(self, key: AssetKey) -> str:
        """The resource that stores this asset."""
        for output, own in self.keys_by_output_name.items():
            if own == key:
                return self.node_def.outs[output].io_manager_key
        raise DagflowInvalidDefinitionError(
            f"'{self.node_def.name}' does not make asset '{key.to_user_string()}'"
        )

    def own_requirements(self) -> Iterator[Requirement]:
        """Return the resources that its op, the inputs of the op and its hooks need."""
        yield from self.node_def.own_requirements()
        yield from self.node_def.input_requirements()
        yield from attached_requirements(self.hook_defs, f"asset '{self.node_def.name}'").values()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """In a graph's body: become a node there, which makes no asset. Elsewhere: run the function directly,
        without a run.
        """
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self.op, args, kwargs)
        return _doors.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<asset {', '.join(repr(key.to_user_string()) for key in self.keys_by_output_name.values())}>"


AnyAsset = AssetsDefinition | SourceAsset | AssetSpec


class AssetLayer:
    """Which nodes of a job are assets, and what is known of the assets that they only read.

    Attributes: `by_node` (node name to AssetsDefinition), `known` (every asset by key, those only read
        included).
    """

    __slots__ = ("by_node", "known")

    def __init__(self, by_node: Mapping[str, AssetsDefinition], known: Mapping[AssetKey, AnyAsset]) -> None:
        self.by_node = by_node
        self.known = known

    def io_manager_key(self, key: AssetKey) -> str:
        """The resource that stores this asset."""
        asset = self.known.get(key)
        if isinstance(asset, AssetsDefinition):
            return asset.io_manager_key_for(key)
        return DEFAULT_IO_MANAGER_KEY if asset is None else asset.io_manager_key

    def partitions_def(self, key: AssetKey) -> PartitionsDefinition | None:
        """The partitions of this asset."""
        asset = self.known.get(key)
        return None if asset is None else asset.partitions_def

    def spec(self, key: AssetKey) -> AssetSpec | None:
        """What is known of this asset."""
        asset = self.known.get(key)
        if isinstance(asset, AssetsDefinition):
            return asset.specs_by_key[key]
        return asset.spec if isinstance(asset, SourceAsset) else asset


def key_of(value: Any) -> AssetKey:
    """The key of an asset that is given as a key, a text, a sequence of parts or a definition.

    Raises:
        ParameterCheckError: The value names no asset.
    """
    if isinstance(value, (AssetsDefinition, SourceAsset, AssetSpec)):
        return value.key
    if isinstance(value, AssetDep):
        return value.asset_key
    if isinstance(value, (str, AssetKey)) or (
        isinstance(value, Sequence) and all(isinstance(p, str) for p in value)
    ):
        return AssetKey.from_coercible(value)
    raise ParameterCheckError(f"{value!r} does not name an asset: use its key or its definition")


def io_manager_resources(
    key: AssetKey, io_manager_key: str | None, io_manager_def: Any, resource_defs: Mapping[str, Any] | None
) -> tuple[str, dict[str, ResourceDefinition]]:
    """The key under which an asset's I/O manager is found, and the resources that come with the asset."""
    place = f"asset '{key.to_user_string()}'"
    resources = as_resources(resource_defs, place)
    if io_manager_def is None:
        return io_manager_key or DEFAULT_IO_MANAGER_KEY, resources
    own_key = io_manager_key or key.to_python_identifier("io_manager")
    if own_key in resources and resources[own_key] is not io_manager_def:
        raise DagflowInvalidDefinitionError(
            f"{place} has an 'io_manager_def' and a different resource with the key '{own_key}'. Keep one of "
            "them."
        )
    return own_key, {**resources, own_key: as_resource(io_manager_def)}
