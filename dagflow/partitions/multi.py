"""Partitions along two dimensions, with a key for each pair of their keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    ParameterCheckError,
    repr_of,
)
from dagflow.partitions.definition import PartitionsDefinition, hash_of
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.keys import DynamicPartitionsStore, Moment, PartitionKeyRange, TimeWindow
from dagflow.partitions.multi_key import SEPARATOR, MultiPartitionKey
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.tags import system_tag

_RESERVED = "|[],"


class PartitionDimensionDefinition(NamedTuple):
    """A dimension of a multi-partitions definition: its name and the partitions along it."""

    name: str
    partitions_def: PartitionsDefinition


class MultiPartitionsDefinition(PartitionsDefinition):
    """Partitions along two dimensions: one for each pair of a key of the first and a key of the second.

    Args:
        partitions_defs: The partitions definition of each of the two dimensions, by name.

    Raises:
        DagflowInvalidInvocationError: The number of dimensions is not two.
        DagflowInvalidDefinitionError: A dimension is neither static, dynamic with a name, nor of time, or has
            keys that contain `|`, `[`, `]` or `,`.
        ParameterCheckError: The argument is not a mapping from names to partitions definitions.

    Attributes:
        partitions_defs: The two dimensions, in the alphabetical order of their names.

    Example:
        >>> sales = MultiPartitionsDefinition({
        ...     "region": StaticPartitionsDefinition(["north", "south"]),
        ...     "colour": StaticPartitionsDefinition(["red", "blue"]),
        ... })
        >>> sales.get_partition_keys()
        ['red|north', 'red|south', 'blue|north', 'blue|south']
    """

    __slots__ = ("partitions_defs",)

    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition]) -> None:
        if not isinstance(partitions_defs, Mapping):
            raise ParameterCheckError(
                f"'partitions_defs' must map two names to partitions definitions, not "
                f"{repr_of(partitions_defs)}"
            )
        if len(partitions_defs) != 2:
            raise DagflowInvalidInvocationError(
                f"a MultiPartitionsDefinition has exactly two dimensions, not {len(partitions_defs)}"
            )
        for name, definition in partitions_defs.items():
            _check_dimension(name, definition)
        self.partitions_defs: tuple[PartitionDimensionDefinition, ...] = tuple(
            PartitionDimensionDefinition(name, definition)
            for name, definition in sorted(partitions_defs.items())
        )

    @property
    def dimensions(self) -> dict[str, PartitionsDefinition]:
        """The partitions definition of each dimension by name, in alphabetical order."""
        return dict(self.partitions_defs)

    @property
    def partition_dimension_names(self) -> list[str]:
        """The names of the dimensions, in alphabetical order."""
        return [dimension.name for dimension in self.partitions_defs]

    @property
    def time_window_dimension(self) -> PartitionDimensionDefinition:
        """The dimension that consists of time windows.

        Raises:
            CheckError: Not exactly one dimension consists of time windows.
        """
        found = [
            each
            for each in self.partitions_defs
            if isinstance(each.partitions_def, TimeWindowPartitionsDefinition)
        ]
        if len(found) != 1:
            raise CheckError(
                f"a time window needs exactly one dimension of time, but {self!r} has {len(found)}"
            )
        return found[0]

    @property
    def primary_dimension(self) -> PartitionDimensionDefinition:
        """The dimension that consists of time windows; if not exactly one does, the first dimension by name.

        Example:
            >>> from dagflow import DailyPartitionsDefinition
            >>> towns = StaticPartitionsDefinition(["york", "bath"])
            >>> sales = MultiPartitionsDefinition({"a": towns, "b": DailyPartitionsDefinition("2024-01-01")})
            >>> sales.primary_dimension.name, sales.secondary_dimension.name
            ('b', 'a')
        """
        are_of_time = [
            isinstance(each.partitions_def, TimeWindowPartitionsDefinition) for each in self.partitions_defs
        ]
        return self.partitions_defs[1 if are_of_time == [False, True] else 0]

    @property
    def secondary_dimension(self) -> PartitionDimensionDefinition:
        """The dimension that is not the primary one."""
        first, second = self.partitions_defs
        return second if self.primary_dimension is first else first

    @property
    def has_time_window_dimension(self) -> bool:
        """True if at least one dimension consists of time windows."""
        return any(
            isinstance(each.partitions_def, TimeWindowPartitionsDefinition) for each in self.partitions_defs
        )

    @property
    def time_window_partitions_def(self) -> TimeWindowPartitionsDefinition:
        """The partitions definition of the dimension that consists of time windows.

        Raises:
            CheckError: Not exactly one dimension consists of time windows.
        """
        definition = self.time_window_dimension.partitions_def
        assert isinstance(definition, TimeWindowPartitionsDefinition)
        return definition

    def get_partitions_def_for_dimension(self, dimension_name: str) -> PartitionsDefinition:
        """Return the partitions definition of one dimension.

        Raises:
            CheckError: The dimension is unknown.
        """
        for dimension in self.partitions_defs:
            if dimension.name == dimension_name:
                return dimension.partitions_def
        raise CheckError(
            f"there is no dimension '{dimension_name}' in {self!r}: its dimensions are "
            + " and ".join(f"'{name}'" for name in self.partition_dimension_names)
        )

    def get_partition_keys(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return all pairs of keys as `MultiPartitionKey`; the second dimension changes fastest."""
        return self.pairs(
            *(
                each.partitions_def.get_partition_keys(current_time, dynamic_partitions_store)
                for each in self.partitions_defs
            )
        )

    def has_partition_key(
        self,
        partition_key: str,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether `partition_key` is one of the keys, as a string or as a `MultiPartitionKey`.

        The names of the dimensions of a `MultiPartitionKey` are ignored.
        """
        parts = self._parts(partition_key)
        return parts is not None and all(
            each.partitions_def.has_partition_key(part, current_time, dynamic_partitions_store)
            for each, part in zip(self.partitions_defs, parts, strict=True)
        )

    def get_partition_key_from_str(self, partition_key_str: str) -> MultiPartitionKey:
        """Return a string such as `"red|blue"` as a MultiPartitionKey. Its parts may be unknown keys.

        The names of the dimensions of a MultiPartitionKey are ignored.

        Raises:
            CheckError: The string does not have two parts.

        Example:
            >>> colours = StaticPartitionsDefinition(["red", "blue"])
            >>> pairs = MultiPartitionsDefinition({"a": colours, "b": colours})
            >>> pairs.get_partition_key_from_str("red|blue").keys_by_dimension
            {'a': 'red', 'b': 'blue'}
        """
        parts = self._parts(partition_key_str)
        if parts is None:
            raise CheckError(
                f"'{partition_key_str}' is not a partition key of {self!r}. "
                "Its keys have two parts, joined by '|'."
            )
        return self._key(*parts)

    def is_valid_key_format(self, partition_key: str) -> bool:
        """Return whether a string has two parts. They may be unknown keys.

        Example:
            >>> towns = StaticPartitionsDefinition(["york", "bath"])
            >>> MultiPartitionsDefinition({"from": towns, "to": towns}).is_valid_key_format("york|rome")
            True
        """
        return self._parts(partition_key) is not None

    def get_multipartition_keys_with_dimension_value(
        self,
        dimension_name: str,
        dimension_partition_key: str,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return the keys with a fixed part along one dimension and each key of the other dimension.

        Args:
            dimension_name: The name of the dimension with the fixed part.
            dimension_partition_key: The fixed part.
            current_time: The current time; None means the time of the clock.
            dynamic_partitions_store: The store of the keys of dynamic partitions.

        Raises:
            CheckError: The dimension is unknown.
            DagflowUnknownPartitionError: The dimension does not have the key.
        """
        return self.get_multipartition_keys_with_dimension_values(
            dimension_name, [dimension_partition_key], current_time, dynamic_partitions_store
        )

    def get_multipartition_keys_with_dimension_values(
        self,
        dimension_name: str,
        dimension_partition_keys: Iterable[str],
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return the keys with some parts along one dimension and each key of the other dimension.

        The parts are in the given order, and the keys of the other dimension change fastest. The arguments
        and errors are those of `get_multipartition_keys_with_dimension_value`.
        """
        definition = self.get_partitions_def_for_dimension(dimension_name)
        given = list(dimension_partition_keys)
        for part in given:
            definition.validate_partition_key(
                part, current_time=current_time, dynamic_partitions_store=dynamic_partitions_store
            )
        other = next(each for each in self.partitions_defs if each.name != dimension_name)
        others = other.partitions_def.get_partition_keys(current_time, dynamic_partitions_store)
        return [
            MultiPartitionKey({dimension_name: part, other.name: key}) for part in given for key in others
        ]

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return the keys whose parts lie between the parts of start and end, along both dimensions.

        Raises:
            CheckError: The start or the end does not have two parts, or is outside the time dimension.
            DagflowInvalidInvocationError: A static or dynamic dimension does not have their parts.
            DagflowUnknownPartitionError: A part is in another format than the keys of the time dimension.
        """
        first, last = (self.get_partition_key_from_str(key) for key in partition_key_range)
        ranges = (
            each.partitions_def.get_partition_keys_in_range(
                PartitionKeyRange(first.keys_by_dimension[each.name], last.keys_by_dimension[each.name]),
                current_time,
                dynamic_partitions_store,
            )
            for each in self.partitions_defs
        )
        return self.pairs(*ranges)

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """Return the time window of a key: the window of its part along the time dimension.

        The other part is not checked.

        Raises:
            CheckError: Not exactly one dimension consists of time windows.
            CheckError: `partition_key` does not have two parts.
            DagflowUnknownPartitionError: Its part along the time dimension has the wrong format.
        """
        key = self.get_partition_key_from_str(partition_key).keys_by_dimension[
            self.time_window_dimension.name
        ]
        return self.time_window_partitions_def.time_window_for_partition_key(key)

    def get_tags_for_partition_key(self, partition_key: str) -> dict[str, str]:
        """Return the tags of a run for `partition_key`: the whole key, and its part along each dimension.

        Raises:
            CheckError: `partition_key` does not have two parts.
        """
        tags = {system_tag("partition"): str(partition_key)}
        for name, key in self.get_partition_key_from_str(partition_key).keys_by_dimension.items():
            tags[system_tag(f"partition/{name}")] = key
        return tags

    def get_serializable_unique_identifier(
        self, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str:
        """Return a hash of the names of the dimensions and of their contents: 40 hexadecimal digits."""
        return hash_of(
            [
                text
                for name, definition in self.partitions_defs
                for text in (name, definition.get_serializable_unique_identifier(dynamic_partitions_store))
            ]
        )

    def validate_partition_definition(self) -> None:
        """Raise an error if a dimension is invalid.

        Raises:
            DagflowInvalidDefinitionError: It is.
        """
        for each in self.partitions_defs:
            each.partitions_def.validate_partition_definition()

    def _key(self, first: str, second: str) -> MultiPartitionKey:
        return MultiPartitionKey(dict(zip(self.partition_dimension_names, (first, second), strict=True)))

    def pairs(self, first: list[str], second: list[str]) -> list[str]:
        """Return a MultiPartitionKey for each pair of a key in `first` and a key in `second`.

        The dimensions are in the alphabetical order of their names. The keys in `second` change fastest.
        """
        return [self._key(one, other) for one in first for other in second]

    def _parts(self, key: str) -> tuple[str, str] | None:
        parts = key.split(SEPARATOR) if isinstance(key, str) else []
        return (parts[0], parts[1]) if len(parts) == 2 else None

    def has_dimensions_of(self, partition_key: str) -> bool:
        """Return False for a MultiPartitionKey with other dimensions than the definition. Internal."""
        if not isinstance(partition_key, MultiPartitionKey):
            return True
        return [*partition_key.keys_by_dimension] == self.partition_dimension_names

    def hint(
        self,
        partition_key: str,
        current_time: Moment | None,
        dynamic_partitions_store: DynamicPartitionsStore | None,
    ) -> str:
        """Return the end of the error message about an unknown key. It starts with a space.

        The string is empty if both parts of the key exist.
        """
        own_names = " and ".join(self.partition_dimension_names)
        if isinstance(partition_key, MultiPartitionKey) and not self.has_dimensions_of(partition_key):
            given_names = " and ".join(partition_key.keys_by_dimension)
            return f" The key is of the dimensions {given_names}, but the definition has {own_names}."
        parts = self._parts(partition_key)
        if parts is None:
            return f" Its keys have two parts, joined by '|': {own_names}."
        given = (current_time, dynamic_partitions_store)
        hints = [
            f" Dimension '{each.name}' has no key '{part}'." + each.partitions_def.hint(part, *given)
            for each, part in zip(self.partitions_defs, parts, strict=True)
            if not each.partitions_def.has_partition_key(part, *given)
        ]
        return "".join(hints)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MultiPartitionsDefinition) and self.partitions_defs == other.partitions_defs

    def __hash__(self) -> int:
        return hash(self.partitions_defs)

    def __repr__(self) -> str:
        return f"MultiPartitionsDefinition({dict(self.partitions_defs)!r})"


_DIMENSIONS = (StaticPartitionsDefinition, TimeWindowPartitionsDefinition, DynamicPartitionsDefinition)


def _check_dimension(name: object, definition: object) -> None:
    if not isinstance(name, str) or not isinstance(definition, PartitionsDefinition):
        raise ParameterCheckError(
            f"dimension {repr_of(name)} of a MultiPartitionsDefinition must be a string with a partitions "
            f"definition, not {repr_of(definition)}"
        )
    if not isinstance(definition, _DIMENSIONS):
        raise DagflowInvalidDefinitionError(
            f"dimension '{name}' of a MultiPartitionsDefinition must be static, dynamic or of time, "
            f"not {repr_of(definition)}"
        )
    if isinstance(definition, DynamicPartitionsDefinition) and definition.name is None:
        raise DagflowInvalidDefinitionError(
            f"dimension '{name}' of a MultiPartitionsDefinition is {definition!r}, but dynamic partitions "
            "along a dimension must have a name: store the keys in an instance"
        )
    samples = []
    if isinstance(definition, StaticPartitionsDefinition):
        samples = definition.get_partition_keys()
    elif isinstance(definition, TimeWindowPartitionsDefinition):
        samples = [definition.fmt]
    for sample in samples:
        if any(character in sample for character in _RESERVED):
            raise DagflowInvalidDefinitionError(
                f"dimension '{name}' of a MultiPartitionsDefinition has keys that contain one of | [ ] , "
                f"('{sample}'), which keys with two dimensions reserve: use other characters"
            )
