"""Mappings between the partitions of a downstream asset and the upstream partitions that they depend on.

`PartitionMapping` is the interface that users implement. `KeyMapping` is the base of the mappings in
`mappings` and `multi_mapping`, which compute keys. `multi_mapping.default_mapping` returns the mapping of a
dependency that does not name one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from dagflow.errors import CheckError, DagflowInvariantViolationError, check_type, repr_of
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import DynamicPartitionsStore, Moment
from dagflow.partitions.loading import partition_loading_context
from dagflow.partitions.subset import DefaultPartitionsSubset, PartitionsSubset
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.partitions.window_subset import TimeWindowPartitionsSubset


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamPartitionsResult:
    """The upstream partitions that some downstream partitions depend on.

    Args:
        partitions_subset: Those that exist.
        required_but_nonexistent_subset: Those that do not exist. A run that needs one of them is an error.

    Raises:
        ParameterCheckError: A value is not a subset.
    """

    partitions_subset: PartitionsSubset
    required_but_nonexistent_subset: PartitionsSubset

    def __post_init__(self) -> None:
        for name in ("partitions_subset", "required_but_nonexistent_subset"):
            check_type(getattr(self, name), PartitionsSubset, name, "an UpstreamPartitionsResult")

    @property
    def required_but_nonexistent_partition_keys(self) -> list[str]:
        """The keys of the partitions that do not exist, in order."""
        return sorted(self.required_but_nonexistent_subset.get_partition_keys())


class MappedKeys(NamedTuple):
    """The upstream keys that some downstream keys depend on, without duplicates: an UpstreamPartitionsResult.

    Attributes:
        existing: The keys that exist.
        missing: The keys that do not exist.
    """

    existing: list[str]
    missing: list[str]


class Link(NamedTuple):
    """The two definitions that a mapping connects, with the arguments for their keys.

    Attributes:
        downstream: The partitions of the downstream asset, or None if it has no partitions.
        upstream: The partitions of the upstream asset.
        now: The current time; time windows that end later do not exist. None: the current clock.
        dynamic: The store of the keys of dynamic partitions.
    """

    downstream: PartitionsDefinition | None
    upstream: PartitionsDefinition
    now: Moment | None
    dynamic: DynamicPartitionsStore | None

    def mapped(self, keys: Iterable[str]) -> MappedKeys:
        """Return upstream keys in the given order without duplicates, divided into existing and missing.

        Keys of partitions along two dimensions get the names of the upstream dimensions.
        """
        typed = getattr(self.upstream, "get_partition_key_from_str", str)
        mapped = MappedKeys([], [])
        for key in dict.fromkeys(map(str, keys)):
            if self.upstream.has_partition_key(key, self.now, self.dynamic):
                mapped.existing.append(typed(key))
            else:
                mapped.missing.append(key)
        return mapped


class PartitionMapping(ABC):
    """The dependency of the partitions of a downstream asset on the partitions of an upstream asset.

    Your own subclass implements `get_upstream_mapped_partitions_result_for_partitions`, which a run calls,
    `get_downstream_partitions_for_partitions`, `validate_partition_mapping` and `description`. In these
    methods, the keys of dynamic partitions and the current time are those of the run.

    Example:
        >>> from dagflow import StaticPartitionsDefinition, UpstreamPartitionsResult
        >>> class Initial(PartitionMapping):
        ...     description = "Each partition depends on the upstream partition of its first letter."
        ...     def get_upstream_mapped_partitions_result_for_partitions(
        ...         self, downstream_partitions_subset, downstream_partitions_def, upstream_partitions_def,
        ...         current_time=None, dynamic_partitions_store=None,
        ...     ):
        ...         letters = {key[0] for key in downstream_partitions_subset.get_partition_keys()}
        ...         return UpstreamPartitionsResult(
        ...             partitions_subset=upstream_partitions_def.subset_with_partition_keys(letters),
        ...             required_but_nonexistent_subset=upstream_partitions_def.empty_subset(),
        ...         )
        ...     def get_downstream_partitions_for_partitions(
        ...         self, upstream_partitions_subset, upstream_partitions_def, downstream_partitions_def,
        ...         current_time=None, dynamic_partitions_store=None,
        ...     ):
        ...         names = downstream_partitions_def.get_partition_keys()
        ...         return downstream_partitions_def.subset_with_partition_keys(
        ...             [name for name in names if name[0] in upstream_partitions_subset])
        ...     def validate_partition_mapping(self, upstream_partitions_def, downstream_partitions_def):
        ...         pass
        >>> letters, names = StaticPartitionsDefinition(["a", "b"]), StaticPartitionsDefinition(["ann", "bo"])
        >>> Initial().upstream_keys(["bo"], names, letters)
        ['b']
    """

    __slots__ = ()

    @abstractmethod
    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition | None,
        upstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the upstream partitions that some downstream partitions depend on.

        Args:
            downstream_partitions_subset: The downstream partitions; None if the asset has no partitions.
            downstream_partitions_def: Their definition; None if the asset has no partitions.
            upstream_partitions_def: The definition of the upstream partitions.
            current_time: The current time. Default: the time of the run, or of the clock.
            dynamic_partitions_store: The store of the keys of dynamic partitions. Default: that of the run.
        """

    @abstractmethod
    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return the existing downstream partitions that depend on at least one of some upstream partitions.

        The arguments are those of `get_upstream_mapped_partitions_result_for_partitions`.
        """

    @abstractmethod
    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise an error if the mapping cannot connect two definitions."""

    @property
    @abstractmethod
    def description(self) -> str:
        """A sentence about the mapping, for people."""

    def upstream_keys(
        self,
        keys: Sequence[str],
        downstream_def: PartitionsDefinition | None,
        upstream_def: PartitionsDefinition,
        *,
        now: Moment | None = None,
        dynamic: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return the upstream keys that some downstream keys depend on, without duplicates.

        Args:
            keys: Keys of `downstream_def`; empty if `downstream_def` is None.
            downstream_def: The partitions of the downstream asset, or None if it has no partitions.
            upstream_def: The partitions of the upstream asset.
            now: The current time. Default: the time of the current clock.
            dynamic: The store of the keys of dynamic partitions.

        Raises:
            DagflowInvariantViolationError: The keys depend on upstream keys that do not exist.
            CheckError, DagflowInvalidDefinitionError: The mapping does not support these definitions, or its
                result is not an UpstreamPartitionsResult.

        Example:
            >>> from dagflow import LastPartitionMapping, StaticPartitionsDefinition
            >>> towns = StaticPartitionsDefinition(["york", "leeds", "bath"])
            >>> LastPartitionMapping().upstream_keys([], None, towns)
            ['bath']
        """
        link = Link(downstream_def, upstream_def, now, dynamic)
        mapped = self.mapped_keys(keys, link)
        if mapped.missing:
            raise _missing_error(mapped.missing, link)
        return mapped.existing

    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the upstream keys that some downstream keys depend on, in the order of the upstream keys.

        Raises:
            CheckError: The result is not an UpstreamPartitionsResult.
        """
        downstream, upstream = link.downstream, link.upstream
        with partition_loading_context(link.now, link.dynamic):
            subset = None if downstream is None else downstream.subset_with_partition_keys(keys)
            result: Any = self.get_upstream_mapped_partitions_result_for_partitions(
                subset, downstream, upstream
            )
            found = getattr(result, "partitions_subset", None)
            missing = getattr(result, "required_but_nonexistent_subset", None)
            if found is None or missing is None:
                raise CheckError(
                    f"{type(self).__name__}.get_upstream_mapped_partitions_result_for_partitions must return "
                    f"an UpstreamPartitionsResult, not {repr_of(result)}"
                )
            mapped = link.mapped(keys_in_order(found, upstream))
            return MappedKeys(mapped.existing, [*mapped.missing, *keys_in_order(missing, upstream)])


class KeyMapping(PartitionMapping):
    """The base of mappings that compute keys. Mappings with the same content are equal.

    Subclasses implement `mapped_keys`, and `_content` if they have attributes.
    """

    __slots__ = ()

    _depends_on_key = True
    """Whether different downstream keys can depend on different upstream keys."""

    @abstractmethod
    def mapped_keys(self, keys: Sequence[str], link: Link) -> MappedKeys:
        """Return the upstream keys that some downstream keys depend on.

        Args:
            keys: The downstream keys; empty if the downstream asset has no partitions.
            link: The two definitions, the current time and the store of dynamic keys.

        Raises:
            CheckError, DagflowInvalidDefinitionError: The mapping does not support the definitions.
        """

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition | None,
        upstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the upstream partitions that some downstream partitions depend on."""
        keys: Sequence[str] = ()
        with partition_loading_context(current_time, dynamic_partitions_store) as context:
            link = Link(downstream_partitions_def, upstream_partitions_def, *context)
            if downstream_partitions_subset is not None and downstream_partitions_def is not None:
                keys = keys_in_order(downstream_partitions_subset, downstream_partitions_def)
            mapped = self.mapped_keys(keys, link)
        return UpstreamPartitionsResult(
            partitions_subset=_subset_of(upstream_partitions_def, mapped.existing),
            required_but_nonexistent_subset=_subset_of(upstream_partitions_def, mapped.missing),
        )

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return the existing downstream partitions that depend on at least one of some upstream partitions.

        Raises:
            CheckError: The downstream asset has no partitions.
        """
        with partition_loading_context(current_time, dynamic_partitions_store) as context:
            link = Link(downstream_partitions_def, upstream_partitions_def, *context)
            keys = downstream_of(link, self).get_partition_keys(link.now, link.dynamic)
            changed = set(upstream_partitions_subset.get_partition_keys())
            if self._depends_on_key:
                keys = [key for key in keys if not changed.isdisjoint(self.mapped_keys([key], link).existing)]
            elif changed.isdisjoint(self.mapped_keys([], link).existing):
                keys = []
            return _subset_of(downstream_partitions_def, keys)

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition | None,
    ) -> None:
        """Raise an error if the mapping cannot connect two definitions. The default accepts all."""

    def _content(self) -> tuple[object, ...]:
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyMapping) and (
            (type(self), self._content()) == (type(other), other._content())
        )

    def __hash__(self) -> int:
        return hash((type(self), self._content()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._content()))})"


def keys_in_order(subset: PartitionsSubset, definition: PartitionsDefinition) -> list[str]:
    """Return the keys of a subset in the order of the definition; keys that do not exist are last."""
    keys = subset.get_partition_keys()
    if len(keys) < 2 or isinstance(keys, list):  # the keys of time windows are in order
        return list(keys)
    left = set(keys)
    known = [key for key in definition.get_partition_keys() if key in left]
    return [*known, *sorted(left.difference(known))]


def _subset_of(definition: PartitionsDefinition, keys: Sequence[str]) -> PartitionsSubset:
    """Return a subset of keys, which may be unknown."""
    if isinstance(definition, TimeWindowPartitionsDefinition):
        starts = [definition.windows.start(key) for key in keys]
        if None not in starts:
            return TimeWindowPartitionsSubset(definition, [start for start in starts if start is not None])
    return DefaultPartitionsSubset(keys)


def downstream_of(link: Link, mapping: PartitionMapping) -> PartitionsDefinition:
    """Return the downstream definition of a link for a mapping that needs one.

    Args:
        link: The definitions.
        mapping: The mapping, for the error message.

    Raises:
        CheckError: The downstream asset has no partitions.
    """
    if link.downstream is None:
        raise CheckError(
            f"{repr_of(mapping)} cannot be used by an asset without partitions: give the asset partitions, "
            f"or use "
            "another partition mapping"
        )
    return link.downstream


def _missing_error(keys: Sequence[str], link: Link) -> DagflowInvariantViolationError:
    shown = ", ".join(f"'{key}'" for key in keys[:3]) + (", ..." if len(keys) > 3 else "")
    return DagflowInvariantViolationError(
        f"the partitions depend on upstream partitions that do not exist: {shown} of "
        f"{repr_of(link.upstream)}. "
        "Extend the upstream definition, choose other partitions, or pass a partition_mapping."
        + _dimensions_of(link)
    )


def _dimensions_of(link: Link) -> str:
    """Return a hint about dimensions with different names; an empty string if there are none."""
    downstream: list[str] = getattr(link.downstream, "partition_dimension_names", [])
    upstream: list[str] = getattr(link.upstream, "partition_dimension_names", [])
    if not downstream or not upstream or downstream == upstream:
        return ""
    pairs = " and ".join(f"'{one}' with '{other}'" for one, other in zip(downstream, upstream, strict=True))
    return (
        f" Without a mapping, the dimensions are compared in the alphabetical order of their names: {pairs}. "
        "A MultiPartitionMapping connects them by name."
    )
