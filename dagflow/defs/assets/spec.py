"""Facts about assets: AssetSpec and SourceAsset (one asset), AssetIn and AssetDep (one dependency).

How an asset is computed is in `definition`.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from dagflow.absent import explains_absent
from dagflow.copies import Copied
from dagflow.defs.graphs.wiring import ReadableAsset
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.parts.owners import check_owners
from dagflow.defs.resources.definition import ResourceDefinition, as_resource, as_resources
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import (
    RESERVED_NAMES,
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
from dagflow.values import Constant

if TYPE_CHECKING:
    from dagflow.partitions.mapping import PartitionMapping

DEFAULT_GROUP = "default"


class HasAssetKey(Copied):
    """A definition that computes assets and, if it computes one only, has the key of that asset."""

    __slots__ = ()

    @property
    def key(self) -> AssetKey:
        """The key of the one asset."""
        raise NotImplementedError


class AssetIn(Constant):
    """The asset that a parameter reads, and how it is loaded.

    Args:
        key: The asset; default: the parameter's name, with `key_prefix`.
        metadata: Metadata for the I/O manager.
        key_prefix: Put before the parameter's name.
        input_manager_key: The resource that loads the asset, instead of the asset's own I/O manager.
        partition_mapping: The partitions that a partition reads; default: `default_mapping`.
        dagflow_type: The type of the value.
    """

    __slots__ = (
        "dagflow_type",
        "input_manager_key",
        "key",
        "key_prefix",
        "metadata",
        "partition_mapping",
    )

    key: CoercibleToAssetKey | None
    metadata: Mapping[str, Any] | None
    key_prefix: str | Sequence[str] | None
    input_manager_key: str | None
    partition_mapping: PartitionMapping | None
    dagflow_type: Any

    def __init__(
        self,
        key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        key_prefix: str | Sequence[str] | None = None,
        input_manager_key: str | None = None,
        partition_mapping: PartitionMapping | None = None,
        dagflow_type: Any = None,
    ) -> None:
        if key is not None:
            AssetKey.from_coercible(key)
        if key_prefix is not None:
            AssetKey(key_prefix)
        if metadata:
            normalize_metadata(metadata, "an AssetIn")
        self._set(
            key=key,
            metadata=metadata,
            key_prefix=key_prefix,
            input_manager_key=check_optional(input_manager_key, str, "input_manager_key", "an AssetIn"),
            partition_mapping=_checked_mapping(partition_mapping, "an AssetIn"),
            dagflow_type=dagflow_type,
        )

    def key_for(self, parameter: str) -> AssetKey:
        """Return the key of the asset that the parameter reads."""
        if self.key is not None:
            return AssetKey.from_coercible(self.key)
        return AssetKey(parameter).with_prefix(self.key_prefix) if self.key_prefix else AssetKey(parameter)


class AssetDep:
    """An asset that comes before another asset, without being loaded.

    Args:
        asset: A key, string, AssetsDefinition, AssetSpec or SourceAsset.
        partition_mapping: The partitions of the asset that a partition depends on.
        metadata: Metadata of the dependency.
    """

    __slots__ = ("asset_key", "metadata", "partition_mapping")

    def __init__(
        self,
        asset: Any,
        *,
        partition_mapping: PartitionMapping | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.asset_key: AssetKey = key_of(asset)
        self.partition_mapping: PartitionMapping | None = _checked_mapping(
            partition_mapping, f"dependency on {self.asset_key}"
        )
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(
            metadata, f"dependency on {self.asset_key}"
        )

    @staticmethod
    def from_coercible(value: Any) -> AssetDep:
        """Turn a key, a definition or an AssetDep into an AssetDep."""
        return value if isinstance(value, AssetDep) else AssetDep(value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetDep):
            return NotImplemented
        return (self.asset_key, self.partition_mapping, self.metadata) == (
            other.asset_key,
            other.partition_mapping,
            other.metadata,
        )

    def __hash__(self) -> int:
        return hash(self.asset_key)

    def __repr__(self) -> str:
        return f"AssetDep({self.asset_key!r})"


class AssetSpec(ReadableAsset):
    """The facts about an asset, apart from how it is computed. On its own: an asset that is only read.

    Args:
        key: Its key.
        deps: The assets that come before it. An asset that is named twice is one dependency.
        description: A sentence for people.
        metadata: Metadata by name.
        skippable: Whether the function that makes the asset may leave it out.
        group_name: The group that it is shown in.
        code_version: The version of the code that makes it.
        owners: Its owners: email addresses, or teams as `team:name`.
        tags: Short strings by name.
        kinds: Its technologies, such as "sql".
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

    @explains_absent
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
        check_texts(place, description=description, code_version=code_version)
        self.deps: list[AssetDep] = unique_deps(() if deps is None else deps, place)
        self.description: str | None = description
        if metadata:
            normalize_metadata(metadata, place)  # only checks: users read their own values back
        self.metadata: Mapping[str, Any] = metadata or {}
        self.skippable: bool = check_type(skippable, bool, "skippable", place)
        self.group_name: str = DEFAULT_GROUP if group_name is None else _group(group_name, place)
        self.code_version: str | None = code_version
        self.owners: list[str] = check_owners(owners, place)
        self.tags: dict[str, str] = {
            **jsonable_tags(tags, place),
            **{
                system_tag(f"kind/{kind}"): ""
                for kind in check_elements(() if kinds is None else kinds, str, "kinds")
            },
        }
        self.partitions_def = check_optional(partitions_def, PartitionsDefinition, "partitions_def")

    @property
    def io_manager_key(self) -> str:
        """The resource that loads the asset."""
        keys = (self.metadata.get(key) for key in system_tag_spellings("io_manager_key"))
        return next((key for key in keys if key), DEFAULT_IO_MANAGER_KEY)

    def with_io_manager_key(self, io_manager_key: str) -> AssetSpec:
        """Return a copy of this spec that another resource loads.

        Args:
            io_manager_key: The key of the I/O manager. It is stored in the metadata.

        Raises:
            ParameterCheckError: The key is not a string.

        Example:
            >>> AssetSpec("beans").with_io_manager_key("cellar").metadata
            {'dagflow/io_manager_key': 'cellar'}
        """
        key = check_type(io_manager_key, str, "io_manager_key", f"asset '{self.key.to_user_string()}'")
        new = copy.copy(self)
        new.metadata = {**self.metadata, system_tag("io_manager_key"): key}
        return new

    def with_partitions_def(self, partitions_def: PartitionsDefinition) -> AssetSpec:
        """Return a copy of this spec with other partitions."""
        place = f"asset '{self.key.to_user_string()}'"
        new = copy.copy(self)
        new.partitions_def = check_type(partitions_def, PartitionsDefinition, "partitions_def", place)
        return new

    @property
    def kinds(self) -> set[str]:
        """Its technologies."""
        starts = system_tag_spellings("kind/")
        return {tag[len(start) :] for tag in self.tags for start in starts if tag.startswith(start)}

    @explains_absent
    def replace_attributes(
        self,
        *,
        key: CoercibleToAssetKey | EllipsisType = ...,
        deps: Iterable[Any] | EllipsisType | None = ...,
        description: str | EllipsisType | None = ...,
        metadata: Mapping[str, Any] | EllipsisType | None = ...,
        skippable: bool | EllipsisType = ...,
        group_name: str | EllipsisType | None = ...,
        code_version: str | EllipsisType | None = ...,
        owners: Sequence[str] | EllipsisType | None = ...,
        tags: Mapping[str, str] | EllipsisType | None = ...,
        kinds: Iterable[str] | EllipsisType | None = ...,
        partitions_def: PartitionsDefinition | EllipsisType | None = ...,
    ) -> AssetSpec:
        """Return a copy of this spec with the given attributes. None clears an attribute.

        The kinds are kept if `tags` is given, and the other tags are kept if `kinds` is given.

        Raises:
            CheckError, DagflowInvalidDefinitionError: An attribute is invalid, as in AssetSpec(...).

        Example:
            >>> beans = AssetSpec("beans", tags={"roast": "dark"}, kinds={"csv"})
            >>> beans.replace_attributes(tags={"roast": "light"}).tags
            {'roast': 'light', 'dagflow/kind/csv': ''}
        """
        starts = system_tag_spellings("kind/")
        return AssetSpec(
            self.key if key is ... else key,
            deps=self.deps if deps is ... else deps,
            description=self.description if description is ... else description,
            metadata=self.metadata if metadata is ... else metadata,
            skippable=self.skippable if skippable is ... else skippable,
            group_name=self.group_name if group_name is ... else group_name,
            code_version=self.code_version if code_version is ... else code_version,
            owners=self.owners if owners is ... else owners,
            tags={name: tag for name, tag in self.tags.items() if not name.startswith(starts)}
            if tags is ...
            else tags,
            kinds=sorted(self.kinds) if kinds is ... else kinds,
            partitions_def=self.partitions_def if partitions_def is ... else partitions_def,
        )

    def merge_attributes(
        self,
        *,
        deps: Iterable[Any] | EllipsisType = ...,
        metadata: Mapping[str, Any] | EllipsisType = ...,
        owners: Sequence[str] | EllipsisType = ...,
        tags: Mapping[str, str] | EllipsisType = ...,
        kinds: Iterable[str] | EllipsisType = ...,
    ) -> AssetSpec:
        """Return a copy of this spec with further dependencies, metadata, owners, tags or kinds.

        Metadata and tags with an existing name replace the old ones.

        Raises:
            TypeError: An argument is None.
            CheckError, DagflowInvalidDefinitionError: An argument is invalid, as in AssetSpec(...).

        Example:
            >>> AssetSpec("beans", tags={"roast": "dark"}).merge_attributes(tags={"origin": "peru"}).tags
            {'roast': 'dark', 'origin': 'peru'}
        """
        given = {"deps": deps, "metadata": metadata, "owners": owners, "tags": tags, "kinds": kinds}
        for name, value in given.items():
            if value is None:
                raise TypeError(
                    f"'{name}' of merge_attributes for asset '{self.key.to_user_string()}' is None. Leave "
                    f"the argument out to keep the attribute, or clear it by replace_attributes({name}=None)."
                )
        return self.replace_attributes(
            deps=... if deps is ... else [*self.deps, *deps],
            metadata=... if metadata is ... else {**self.metadata, **metadata},
            owners=... if owners is ... else [*self.owners, *owners],
            tags=... if tags is ... else {**self.tags, **tags},
            kinds=... if kinds is ... else [*sorted(self.kinds), *kinds],
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetSpec):
            return NotImplemented
        return self is other or all(
            getattr(self, name) == getattr(other, name) for name in AssetSpec.__slots__
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"AssetSpec({self.key!r})"


def unique_deps(deps: Iterable[Any], place: str) -> list[AssetDep]:
    """Turn keys, definitions and AssetDeps into AssetDeps, one for each asset.

    Raises:
        ParameterCheckError: `deps` is not a list.
        DagflowInvariantViolationError: Two AssetDeps of one asset have different mappings or metadata.
    """
    if isinstance(deps, str) or not isinstance(deps, Iterable):
        raise ParameterCheckError(
            f"parameter 'deps' of {place} must be a list of assets, not {repr_of(deps)}"
        )
    by_key: dict[AssetKey, AssetDep] = {}
    for value in deps:
        dep = AssetDep.from_coercible(value)
        if by_key.setdefault(dep.asset_key, dep) != dep:
            raise DagflowInvariantViolationError(
                f"{place} names asset '{dep.asset_key.to_user_string()}' more than once in its dependencies, "
                "with different partition mappings or metadata. Keep one of these dependencies."
            )
    return list(by_key.values())


def _checked_mapping(partition_mapping: Any, place: str) -> PartitionMapping | None:
    if partition_mapping is None:
        return None
    from dagflow.partitions.mapping import PartitionMapping  # few assets have a mapping

    return check_type(partition_mapping, PartitionMapping, "partition_mapping", place)


def _group(name: Any, place: str) -> str:
    for part in check_type(name, str, "group_name", place).split("/"):
        check_name(part, f"group of {place} (or a part of one, between slashes)", reserved=False)
    return str(name)


class SourceAsset(ReadableAsset):
    """An asset that is only read.

    Args:
        key: Its key.
        metadata: Metadata by name.
        io_manager_key: The resource that loads it; default: "io_manager".
        io_manager_def: The I/O manager itself.
        description: A sentence for people.
        partitions_def: Its partitions.
        group_name: The group that it is shown in.
        resource_defs: Resources that its I/O manager needs.
        tags: Short strings by name.
    """

    __slots__ = ("io_manager_key", "resource_defs", "spec")

    io_manager_key: str

    resource_defs: dict[str, ResourceDefinition]

    @explains_absent
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
        self.spec: AssetSpec = AssetSpec(
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
        """The I/O manager of the asset itself; None if the run provides the I/O manager."""
        return self.resource_defs.get(self.io_manager_key)

    def get_io_manager_key(self) -> str:
        """Return the key of the resource that loads it."""
        return self.io_manager_key

    def with_spec(self, spec: AssetSpec) -> SourceAsset:
        """Return a copy with other facts. Its resources stay the same."""
        new = copy.copy(self)
        new.spec = spec
        return new

    def __repr__(self) -> str:
        return f"SourceAsset({self.key!r})"


def key_of(value: Any) -> AssetKey:
    """Return the key of an asset that is given as a key, a string, a sequence of parts or a definition.

    Raises:
        ParameterCheckError: The value names no asset.
    """
    if isinstance(value, (ReadableAsset, HasAssetKey)):
        return value.key
    if isinstance(value, AssetDep):
        return value.asset_key
    if isinstance(value, (str, AssetKey)) or (
        isinstance(value, Sequence) and all(isinstance(p, str) for p in value)
    ):
        return AssetKey.from_coercible(value)
    raise ParameterCheckError(f"{repr_of(value)} does not name an asset: use its key or its definition")


def free_input_name(key: AssetKey, taken: Collection[str]) -> str:
    """Return a name for the input of a dependency that is neither reserved nor the name of another input."""
    name = "_".join(key.path).replace("-", "_").replace(".", "_")
    while name in taken or name in RESERVED_NAMES:
        name += "_"
    return name


def io_manager_resources(
    key: AssetKey, io_manager_key: str | None, io_manager_def: Any, resource_defs: Mapping[str, Any] | None
) -> tuple[str, dict[str, ResourceDefinition]]:
    """Return the key of an asset's I/O manager, and the resources that come with the asset."""
    place = f"asset '{key.to_user_string()}'"
    check_texts(place, io_manager_key=io_manager_key)
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
