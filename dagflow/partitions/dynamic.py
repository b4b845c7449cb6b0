"""Partitions whose keys can be added and removed at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from dagflow.errors import CheckError, DagflowInvalidDefinitionError, ParameterCheckError, repr_of
from dagflow.partitions.cadence import UTC
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import DynamicPartitionsStore, Moment, check_keys
from dagflow.partitions.loading import effective_store

if TYPE_CHECKING:
    from dagflow.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest


class DynamicPartitionsDefinition(PartitionsDefinition):
    """Partitions whose keys an instance stores under a name: `instance.add_dynamic_partitions(name, keys)`.

    Args:
        partition_fn: A function that returns the keys, called with the current time or None. Instead of
            `name`.
        name: The name under which an instance stores the keys.

    Raises:
        DagflowInvalidDefinitionError: Neither or both of `partition_fn` and `name` are given.

    Example:
        >>> class Store:
        ...     def get_dynamic_partitions(self, partitions_def_name):
        ...         return ["corner", "station"]
        >>> DynamicPartitionsDefinition(name="shops").get_partition_keys(dynamic_partitions_store=Store())
        ['corner', 'station']
    """

    __slots__ = ("name", "partition_fn")

    def __init__(
        self,
        partition_fn: Callable[[datetime | None], Sequence[str]] | None = None,
        name: str | None = None,
    ) -> None:
        if (partition_fn is None) == (name is None):
            raise DagflowInvalidDefinitionError(
                "a DynamicPartitionsDefinition needs either a name, under which an instance stores its keys, "
                "or a partition_fn"
            )
        if name is not None and not isinstance(name, str):
            raise DagflowInvalidDefinitionError(
                f"the name of a DynamicPartitionsDefinition must be a string, not {repr_of(name)}"
            )
        if partition_fn is not None and not callable(partition_fn):
            raise ParameterCheckError(
                f"parameter 'partition_fn' of a DynamicPartitionsDefinition must be a function, not "
                f"{repr_of(partition_fn)}"
            )
        self.partition_fn: Callable[[datetime | None], Sequence[str]] | None = partition_fn
        self.name: str | None = name

    def get_partition_keys(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return all keys, in the order in which they were added.

        Raises:
            CheckError: A store is needed, and none is given.
        """
        if self.partition_fn is not None:
            if current_time is not None and not isinstance(current_time, datetime):
                current_time = datetime.fromtimestamp(current_time, UTC)
            return list(check_keys(self.partition_fn(current_time), repr(self)))
        store = effective_store(dynamic_partitions_store)
        if store is None:
            raise CheckError(
                f"the keys of the dynamic partitions '{self.name}' are stored by an instance: pass it as "
                "dynamic_partitions_store, to partition_loading_context, or as the instance of the run"
            )
        return list(store.get_dynamic_partitions(str(self.name)))

    def validate_partition_definition(self) -> None:
        """Raise an error if `partition_fn` returns invalid keys. Keys in a store are not read.

        Raises:
            DagflowInvalidDefinitionError: A key is a duplicate, or contains `...` or a control character.
        """
        if self.partition_fn is not None:
            self.get_partition_keys()

    def build_add_request(self, partition_keys: Sequence[str]) -> AddDynamicPartitionsRequest:
        """Return the request of a sensor to add keys.

        Args:
            partition_keys: The keys.

        Raises:
            CheckError: The keys are not stored under a name, but returned by a function.

        Example:
            >>> DynamicPartitionsDefinition(name="shops").build_add_request(["corner"])
            AddDynamicPartitionsRequest(partitions_def_name='shops', partition_keys=['corner'])
        """
        from dagflow.partitions.requests import AddDynamicPartitionsRequest  # few sensors ask for partitions

        return AddDynamicPartitionsRequest(self._stored_name("build_add_request"), partition_keys)

    def build_delete_request(self, partition_keys: Sequence[str]) -> DeleteDynamicPartitionsRequest:
        """Return the request of a sensor to delete keys. Arguments and errors as in `build_add_request`."""
        from dagflow.partitions.requests import DeleteDynamicPartitionsRequest

        return DeleteDynamicPartitionsRequest(self._stored_name("build_delete_request"), partition_keys)

    def _stored_name(self, method: str) -> str:
        if self.name is None:
            raise CheckError(
                f"{method} needs partitions whose keys are stored under a name, but the keys of {self!r} are "
                "returned by a function. Define them with DynamicPartitionsDefinition(name=...)."
            )
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DynamicPartitionsDefinition) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[object, ...]:
        return self.name, self.partition_fn

    def __repr__(self) -> str:
        if self.name is not None:
            return f"DynamicPartitionsDefinition(name={self.name!r})"
        return f"DynamicPartitionsDefinition({getattr(self.partition_fn, '__name__', self.partition_fn)})"

    def hint(
        self,
        partition_key: str,
        current_time: Moment | None,
        dynamic_partitions_store: DynamicPartitionsStore | None,
    ) -> str:
        """Return a hint for the error about an unknown key."""
        hint = super().hint(partition_key, current_time, dynamic_partitions_store)
        if self.name is None:
            return hint
        return f"{hint} Add it with instance.add_dynamic_partitions('{self.name}', ['{partition_key}'])."
