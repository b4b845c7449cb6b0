"""Data versions: `DataVersionsByPartition` from user code, and `DataProvenance` from the tags of an event.

`DataVersion` itself lies in `dagflow.events.user`, because each output can have one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagflow.errors import ElementCheckError, check_type, repr_of
from dagflow.events.user import DataVersion, SpecialResult
from dagflow.keys import AssetKey
from dagflow.tags import system_tag, system_tag_spellings
from dagflow.values import ByValue

UNKNOWN_POINTER = "NULL"
"""The pointer in the tags of a materialization to an input without an event."""


class DataVersionsByPartition(SpecialResult):
    """The data versions of several partitions, returned by the function of an observable source asset.

    Args:
        data_versions_by_partition: A DataVersion, or its string, by partition key.

    Raises:
        ParameterCheckError: The argument is not a dict.
        ElementCheckError: A key is not a string, or a value is neither a string nor a DataVersion.

    Example:
        >>> DataVersionsByPartition({"2024-01-01": "3"}).data_versions_by_partition
        {'2024-01-01': DataVersion(value='3')}
    """

    __slots__ = ("data_versions_by_partition",)

    def __init__(self, data_versions_by_partition: Mapping[str, str | DataVersion]) -> None:
        given = check_type(
            data_versions_by_partition, Mapping, "data_versions_by_partition", "a DataVersionsByPartition"
        )
        for key, version in given.items():
            if not isinstance(key, str) or not isinstance(version, (str, DataVersion)):
                raise ElementCheckError(
                    "a DataVersionsByPartition must have a string or a DataVersion for each partition key, "
                    f"but {repr_of(key)} has {repr_of(version)}"
                )
        self.data_versions_by_partition: dict[str, DataVersion] = {
            key: DataVersion(version) if isinstance(version, str) else version
            for key, version in given.items()
        }


class DataProvenance(ByValue):
    """The versions of the code and of the inputs with which an asset was materialized.

    Args:
        code_version: The version of the code.
        input_data_versions: The data version of each input.
        input_storage_ids: The storage id of the latest event of each input; None if it had no event.
        is_user_provided: Whether user code gave the data version of the materialization.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        ElementCheckError: A key is not an AssetKey, or a value is of the wrong type.

    Example:
        >>> beans = AssetKey("beans")
        >>> DataProvenance("1", {beans: DataVersion("a")}, {beans: 7}, False).input_storage_ids[beans]
        7
    """

    __slots__ = ("code_version", "input_data_versions", "input_storage_ids", "is_user_provided")

    def __init__(
        self,
        code_version: str,
        input_data_versions: Mapping[AssetKey, DataVersion],
        input_storage_ids: Mapping[AssetKey, int | None],
        is_user_provided: bool,
    ) -> None:
        place = "a DataProvenance"
        self.code_version: str = check_type(code_version, str, "code_version", place)
        self.input_data_versions: Mapping[AssetKey, DataVersion] = _by_key(
            input_data_versions, DataVersion, "input_data_versions"
        )
        self.input_storage_ids: Mapping[AssetKey, int | None] = _by_key(
            input_storage_ids, (int, type(None)), "input_storage_ids"
        )
        self.is_user_provided: bool = check_type(is_user_provided, bool, "is_user_provided", place)

    @staticmethod
    def from_tags(tags: Mapping[str, str]) -> DataProvenance | None:
        """Return the provenance in the tags of a materialization, None if they have no code version.

        Args:
            tags: The tags of an AssetMaterialization.

        Raises:
            ParameterCheckError: `tags` is not a dict.

        Example:
            >>> DataProvenance.from_tags({"dagflow/code_version": "2"}).code_version
            '2'
        """
        check_type(tags, Mapping, "tags", "DataProvenance.from_tags")
        code_version = _tag(tags, "code_version")
        if code_version is None:
            return None
        return DataProvenance(
            code_version,
            {key: DataVersion(value) for key, value in _tags_of_inputs(tags, "input_data_version/")},
            {
                key: None if value == UNKNOWN_POINTER else int(value)
                for key, value in _tags_of_inputs(tags, "input_event_pointer/")
            },
            _tag(tags, "data_version_is_user_provided") == "true",
        )

    def has_input_asset(self, key: AssetKey) -> bool:
        """Return whether the asset is one of the inputs.

        Example:
            >>> DataProvenance("1", {}, {AssetKey("beans"): 7}, False).has_input_asset(AssetKey("beans"))
            True
        """
        return key in self.input_data_versions or key in self.input_storage_ids


def tags_of_version(version: DataVersion | None, *, is_user_provided: bool) -> dict[str, str]:
    """Return the tags of a materialization or observation with a data version; none without a version.

    Args:
        version: The data version.
        is_user_provided: Whether a tag records that user code gave the version.

    Example:
        >>> tags_of_version(DataVersion("7"), is_user_provided=False)
        {'dagflow/data_version': '7'}
    """
    if version is None:
        return {}
    tags = {system_tag("data_version"): version.value}
    if is_user_provided:
        tags[system_tag("data_version_is_user_provided")] = "true"
    return tags


def _by_key(values: Any, expected: type | tuple[type, ...], name: str) -> Any:
    for key, value in check_type(values, Mapping, name, "a DataProvenance").items():
        if not isinstance(key, AssetKey) or not isinstance(value, expected):
            raise ElementCheckError(
                f"parameter '{name}' of a DataProvenance must be a dict by AssetKey, but {repr_of(key)} has "
                f"the value {repr_of(value)}"
            )
    return dict(values)


def _tag(tags: Mapping[str, str], name: str) -> str | None:
    return next((tags[tag] for tag in system_tag_spellings(name) if tag in tags), None)


def _tags_of_inputs(tags: Mapping[str, str], name: str) -> list[tuple[AssetKey, str]]:
    starts = system_tag_spellings(name)
    return [
        (AssetKey.from_user_string(tag[len(start) :]), value)
        for tag, value in tags.items()
        for start in starts
        if tag.startswith(start)
    ]
