"""One dependency of an asset: `AssetIn` of a parameter, `AssetDep` of an asset that is not loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, Union

from dagflow.copies import Copied
from dagflow.defs.graphs.wiring import ReadableAsset
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import RESERVED_NAMES, AssetKey, CoercibleToAssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.values import Constant

if TYPE_CHECKING:
    from dagflow.partitions.mapping import PartitionMapping


class HasAssetKey(Copied):
    """A definition that computes assets and, if it computes one only, has the key of that asset."""

    __slots__ = ()

    @property
    def key(self) -> AssetKey:
        """The key of the one asset."""
        raise NotImplementedError

    @property
    def keys(self) -> Set[AssetKey]:
        """The keys of all assets."""
        raise NotImplementedError

    def coerced_to_asset_key(self) -> AssetKey:
        """Return the key of the one asset, for `AssetKey.from_coercible_or_definition`."""
        return self.key


CoercibleToAsset = CoercibleToAssetKey | HasAssetKey | ReadableAsset
"""An asset: its key, or its definition."""

CoercibleToAssetDep = Union["AssetDep", CoercibleToAsset]
"""A dependency: an asset, or an AssetDep."""


class AssetIn(Constant):
    """The asset that a parameter reads, and how it is loaded.

    Args:
        key: The asset; default: the parameter's name, with `key_prefix`.
        metadata: Metadata for the I/O manager.
        key_prefix: Put before the parameter's name.
        input_manager_key: The resource that loads the asset, instead of the asset's own I/O manager.
        partition_mapping: The partitions that a partition reads; default: `default_mapping`.
        dagflow_type: The type of the value.

    Raises:
        CheckError: An argument is of the wrong type, or both `key` and `key_prefix` are given.

    Example:
        >>> AssetIn(key_prefix="raw").resolve_key("beans")
        AssetKey(['raw', 'beans'])
    """

    __slots__ = (
        "dagflow_type",
        "input_manager_key",
        "key",
        "key_prefix",
        "metadata",
        "partition_mapping",
    )
    _names = ("key", "metadata", "key_prefix", "input_manager_key", "partition_mapping", "dagflow_type")

    key: AssetKey | None
    metadata: Mapping[str, Any] | None
    key_prefix: list[str]
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
        if key is not None and key_prefix:
            raise CheckError(
                f"an AssetIn has the key {repr_of(key)} and the key_prefix {repr_of(key_prefix)}. Give one "
                "of them: 'key' is the whole key."
            )
        if metadata is not None:
            normalize_metadata(metadata, "an AssetIn")
        self._set(
            key=None if key is None else AssetKey.from_coercible(key),
            metadata=metadata,
            key_prefix=[] if key_prefix is None else AssetKey(key_prefix).path,
            input_manager_key=check_optional(input_manager_key, str, "input_manager_key", "an AssetIn"),
            partition_mapping=checked_mapping(partition_mapping, "an AssetIn"),
            dagflow_type=dagflow_type,
        )

    @staticmethod
    def from_coercible(value: Any) -> AssetIn:
        """Turn a key, a string or a sequence of parts into an AssetIn. An AssetIn stays as it is.

        Raises:
            ParameterCheckError: The value is something else.

        Example:
            >>> AssetIn.from_coercible("beans").key
            AssetKey(['beans'])
        """
        return value if isinstance(value, AssetIn) else AssetIn(AssetKey.from_coercible(value))

    def resolve_key(self, input_name: str) -> AssetKey:
        """Return the key of the asset that a parameter reads.

        Args:
            input_name: The name of the parameter.

        Example:
            >>> AssetIn("grounds").resolve_key("beans")
            AssetKey(['grounds'])
        """
        if self.key is not None:
            return self.key
        key = AssetKey(input_name)
        return key.with_prefix(self.key_prefix) if self.key_prefix else key


class AssetDep:
    """An asset that comes before another asset, without being loaded.

    Args:
        asset: A key, string, AssetsDefinition of one asset, AssetSpec or SourceAsset.
        partition_mapping: The partitions of the asset that a partition depends on.
        metadata: Metadata of the dependency.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagflowInvalidDefinitionError: The AssetsDefinition has several assets.

    Example:
        >>> AssetDep("beans", metadata={"grams": 18}).metadata
        {'grams': 18}
    """

    __slots__ = ("asset_key", "metadata", "partition_mapping")

    def __init__(
        self,
        asset: CoercibleToAsset,
        *,
        partition_mapping: PartitionMapping | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(asset, AssetDep):
            raise ParameterCheckError(
                f"parameter 'asset' of an AssetDep is the AssetDep of '{asset.asset_key.to_user_string()}': "
                "use the key of the asset, or its definition"
            )
        self.asset_key: AssetKey = _only_key(asset) if isinstance(asset, HasAssetKey) else key_of(asset)
        place = f"dependency on {self.asset_key}"
        self.partition_mapping: PartitionMapping | None = checked_mapping(partition_mapping, place)
        if metadata is not None:
            normalize_metadata(metadata, place)  # only checks: users read their own values back
        self.metadata: Mapping[str, Any] = metadata or {}

    @staticmethod
    def from_coercible(value: CoercibleToAssetDep) -> AssetDep:
        """Turn a key, a definition or an AssetDep into an AssetDep."""
        return value if isinstance(value, AssetDep) else AssetDep(value)

    def with_key(self, renamed: Mapping[AssetKey, AssetKey]) -> AssetDep:
        """Return the same dependency on an asset with a new key; this object if its key stays.

        Args:
            renamed: The new keys, by present key.
        """
        if self.asset_key not in renamed:
            return self
        new_key = renamed[self.asset_key]
        return AssetDep(new_key, partition_mapping=self.partition_mapping, metadata=self.metadata)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AssetDep):
            return NotImplemented
        return (self.asset_key, self.partition_mapping, self.metadata) == (
            other.asset_key,
            other.partition_mapping,
            other.metadata,
        )

    def __lt__(self, other: AssetDep) -> bool:
        return self.asset_key < other.asset_key

    def __hash__(self) -> int:
        return hash(self.asset_key)

    def __repr__(self) -> str:
        return f"AssetDep({self.asset_key!r})"


def _only_key(definition: HasAssetKey) -> AssetKey:
    keys = sorted(definition.keys)
    if len(keys) != 1:
        names = ", ".join(f"'{key.to_user_string()}'" for key in keys) or "none"
        raise DagflowInvalidDefinitionError(
            f"an AssetDep is about one asset, and {repr_of(definition)} has the keys {names}. Give the key "
            "of one of them."
        )
    return keys[0]


def own_deps_of(
    deps: Iterable[CoercibleToAssetDep] | None, older: Iterable[CoercibleToAssetDep] | None, place: str
) -> list[AssetDep]:
    """Return the dependencies that an asset names in `deps` or in the older `non_argument_deps`.

    Raises:
        DagflowInvalidDefinitionError: Both were given.
    """
    if deps is not None and older is not None:
        raise DagflowInvalidDefinitionError(
            f"{place} has 'deps' and 'non_argument_deps', which is the older form of the same. Keep 'deps'."
        )
    given = deps if older is None else older
    return unique_deps(() if given is None else given, place)


def unique_deps(deps: Iterable[CoercibleToAssetDep], place: str, argument: str = "deps") -> list[AssetDep]:
    """Turn keys, definitions and AssetDeps into AssetDeps, one for each asset.

    Args:
        deps: The values. A definition of several assets stands for all of them.
        place: The owner of the dependencies, for the message.
        argument: The name of the argument, for the message.

    Raises:
        ParameterCheckError: `deps` is not a list.
        DagflowInvariantViolationError: Two AssetDeps of one asset have different mappings or metadata.
    """
    if isinstance(deps, str) or not isinstance(deps, Iterable):
        raise ParameterCheckError(
            f"parameter '{argument}' of {place} must be a list of assets, not {repr_of(deps)}"
        )
    by_key: dict[AssetKey, AssetDep] = {}
    for value in deps:
        if isinstance(value, HasAssetKey):
            given = [AssetDep(key) for key in sorted(value.keys)]
        else:
            given = [AssetDep.from_coercible(value)]
        for dep in given:
            if by_key.setdefault(dep.asset_key, dep) != dep:
                raise DagflowInvariantViolationError(
                    f"{place} names asset '{dep.asset_key.to_user_string()}' more than once in its "
                    "dependencies, with different partition mappings or metadata. Keep one of these "
                    "dependencies."
                )
    return list(by_key.values())


def mappings_of_deps(deps: Iterable[AssetDep], place: str) -> dict[AssetKey, PartitionMapping]:
    """Return the partition mappings of dependencies, by key of the upstream asset.

    Raises:
        DagflowInvalidDefinitionError: An upstream asset has two different mappings.
    """
    found: dict[AssetKey, PartitionMapping] = {}
    for dep in deps:
        mapping = dep.partition_mapping
        if mapping is not None and found.setdefault(dep.asset_key, mapping) != mapping:
            raise DagflowInvalidDefinitionError(
                f"{place}: two different PartitionMappings for asset '{dep.asset_key.to_user_string()}': "
                f"{repr_of(found[dep.asset_key])} and {repr_of(mapping)}. Use one of them."
            )
    return found


def checked_mapping(partition_mapping: Any, place: str) -> PartitionMapping | None:
    """Return an argument that is None or a partition mapping.

    Raises:
        ParameterCheckError: It is something else.
    """
    if partition_mapping is None:
        return None
    from dagflow.partitions.mapping import PartitionMapping  # few assets have a mapping

    return check_type(partition_mapping, PartitionMapping, "partition_mapping", place)


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
