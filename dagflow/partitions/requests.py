"""Requests of sensors to add or delete the keys of dynamic partitions."""

from __future__ import annotations

from collections.abc import Sequence

from dagflow.errors import check_elements, check_type
from dagflow.values import Constant


class _PartitionsRequest(Constant):
    """The common part of both requests."""

    __slots__ = ("partition_keys", "partitions_def_name")
    _names = ("partitions_def_name", "partition_keys")

    partitions_def_name: str
    partition_keys: Sequence[str]

    def __init__(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        check_type(partitions_def_name, str, "partitions_def_name", type(self).__name__)
        keys = check_elements(partition_keys, str, "partition_keys")
        self._set(partitions_def_name=partitions_def_name, partition_keys=keys)


class AddDynamicPartitionsRequest(_PartitionsRequest):
    """A request of a sensor to add keys of dynamic partitions. `build_add_request` makes it.

    Args:
        partitions_def_name: The name of the DynamicPartitionsDefinition.
        partition_keys: The keys.

    Raises:
        ParameterCheckError: An argument has the wrong type.
        ElementCheckError: A key is not a string.

    Example:
        >>> AddDynamicPartitionsRequest("shops", ["corner"])
        AddDynamicPartitionsRequest(partitions_def_name='shops', partition_keys=['corner'])
    """

    __slots__ = ()
    _names = ("partitions_def_name", "partition_keys")


class DeleteDynamicPartitionsRequest(_PartitionsRequest):
    """A request of a sensor to delete keys of dynamic partitions. `build_delete_request` of the partitions
    makes it. Arguments and errors as in `AddDynamicPartitionsRequest`.

    Example:
        >>> DeleteDynamicPartitionsRequest("shops", ["corner"])
        DeleteDynamicPartitionsRequest(partitions_def_name='shops', partition_keys=['corner'])
    """

    __slots__ = ()
    _names = ("partitions_def_name", "partition_keys")
