"""Objects that user code returns, yields, logs or raises: outputs, materializations, failures.

The results of the functions of assets are in `asset_result`. The engine turns all of these into
events (`dagflow.events.record`); nothing here depends on a run.
Semantics: sections "Signatures" and "Return / yield rules" of the execution API.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from copy import copy
from math import inf
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, ClassVar, Generic, TypeVar

from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    Restorable,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetKey, CoercibleToAssetKey, check_name
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue, PathMetadataValue
from dagflow.tags import check_asset_tags, system_tag_spellings
from dagflow.values import ByValue

T = TypeVar("T")
_V = TypeVar("_V", bound=ByValue)
_Asset = TypeVar("_Asset", bound="AssetMaterialization")
Metadata = Mapping[str, MetadataValue]


def with_metadata(value: _V, metadata: Mapping[str, Any] | None, where: str) -> _V:
    """Return a copy of `value` with this metadata; `where` describes the value in error messages."""
    changed: Any = copy(value)
    changed.metadata = normalize_metadata(metadata, where)
    return changed  # type: ignore[no-any-return]


SPECIAL_RESULTS: set[type] = {GeneratorType, CoroutineType, AsyncGeneratorType, tuple}
"""The classes of results that are not plain values of an output. Each subclass of SpecialResult adds itself,
so that a run without asset checks does not import their classes.
"""


class SpecialResult(ByValue):
    """The base of objects that mean more than their value when user code returns or yields them.

    Attributes:
        is_check_result: Whether it is the result of an asset check.
    """

    __slots__ = ()

    is_check_result: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        SPECIAL_RESULTS.add(cls)


class UserEvent(SpecialResult):
    """The base of objects that user code logs with `context.log_event` or yields beside its outputs.

    Attributes:
        becomes: The type of the resulting event.
    """

    __slots__ = ()

    becomes: ClassVar[str]


class Output(SpecialResult, Generic[T]):
    """One output of an op or asset: a value with its metadata and tags.

    Args:
        value: The value.
        output_name: The name of the output.
        metadata: The metadata of the events of the output.
        data_version: The user's own version of the value.
        tags: The tags of the materialization, if the output is an asset.

    Example:
        >>> Output(1) == Output(1)
        True
    """

    __slots__ = ("data_version", "metadata", "output_name", "tags", "value")

    def __init__(
        self,
        value: T,
        output_name: str | None = "result",
        metadata: Mapping[str, Any] | None = None,
        data_version: DataVersion | None = None,
        *,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.value: T = value
        self.output_name: str = (
            check_type(output_name, str, "output_name") if output_name is not None else "result"
        )
        self.metadata: dict[str, MetadataValue] = (
            {} if metadata is None else normalize_metadata(metadata, f"output '{output_name}'")
        )
        self.data_version: DataVersion | None = data_version
        if data_version is not None:
            check_type(data_version, DataVersion, "data_version", f"output '{output_name}'")
        self.tags: Mapping[str, str] | None = (
            None if tags is None else checked_tags(tags, f"output '{output_name}'")
        )

    def with_metadata(self, metadata: Mapping[str, Any] | None) -> Output[T]:
        """Return a copy with this metadata instead of its own."""
        return with_metadata(self, metadata, f"output '{self.output_name}'")


class DynamicOutput(SpecialResult, Generic[T]):
    """One of several values of a dynamic output, identified by `mapping_key`.

    Args:
        value: The value.
        mapping_key: Letters, digits and `_`; unique among the values of this output in a run.
        output_name: The name of the output.
        metadata: The metadata of the events of the output.

    Raises:
        ParameterCheckError: The mapping key is not a string.
        DagflowInvalidDefinitionError: The mapping key has other characters.

    Example:
        >>> DynamicOutput(3, "a").mapping_key
        'a'
    """

    __slots__ = ("mapping_key", "metadata", "output_name", "value")

    def __init__(
        self,
        value: T,
        mapping_key: str,
        output_name: str | None = "result",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.value: T = value
        check_type(mapping_key, str, "mapping_key")
        self.mapping_key: str = check_name(mapping_key, "mapping key", reserved=False)
        if not isinstance(output_name, str):
            output_name = check_optional(output_name, str, "output_name") or "result"
        self.output_name: str = output_name
        self.metadata: dict[str, MetadataValue] = (
            {} if metadata is None else normalize_metadata(metadata, f"output '{output_name}'")
        )


class DataVersion(ByValue):
    """A version that the user gives to the data of an asset."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value: str = check_type(value, str, "value")


class AssetMaterialization(UserEvent):
    """The report that an asset was written.

    Args:
        asset_key: The asset: a key, a string (one part) or a sequence of parts.
        description: A sentence for the reader.
        metadata: Metadata of the written data.
        partition: The partition key, if the asset is partitioned.
        tags: Strings by name.

    Example:
        >>> AssetMaterialization("water").asset_key
        AssetKey(['water'])
    """

    __slots__ = ("_tags", "asset_key", "description", "metadata", "partition")
    _names = ("asset_key", "description", "metadata", "partition", "tags")

    becomes = "ASSET_MATERIALIZATION"

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.asset_key: AssetKey = AssetKey.from_coercible(asset_key)
        self.description: str | None = check_optional(description, str, "description")
        self.metadata: dict[str, MetadataValue] = (
            normalize_metadata(metadata, self._where()) if metadata is not None else {}
        )
        self.partition: str | None = check_optional(partition, str, "partition")
        self._tags: dict[str, str] | Callable[[], dict[str, str]] = (
            {} if tags is None else checked_tags(tags, self._where())
        )

    @property
    def tags(self) -> dict[str, str]:
        """Strings by name."""
        tags = self._tags
        if not isinstance(tags, dict):
            self._tags = tags = tags()
        return tags

    def with_late_tags(self: _Asset, tags: Callable[[], dict[str, str]]) -> _Asset:
        """Set a function that returns the tags when they are first read. Internal."""
        self._tags = tags
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()

    def _where(self) -> str:
        return f"{type(self).__name__} of asset '{self.asset_key.to_user_string()}'"

    @property
    def label(self) -> str:
        """The parts of the key, joined by spaces."""
        return " ".join(self.asset_key.parts)

    def with_metadata(self: _Asset, metadata: Mapping[str, Any] | None) -> _Asset:
        """Return a copy with this metadata instead of its own."""
        return with_metadata(self, metadata, self._where())

    @staticmethod
    def file(
        path: str | os.PathLike[str],
        description: str | None = None,
        asset_key: CoercibleToAssetKey | None = None,
    ) -> AssetMaterialization:
        """Return the materialization of a file; the default key consists of the parts of its path."""
        value = PathMetadataValue(path)
        key = [part for part in value.path.split(os.sep) if part] if asset_key is None else asset_key
        return AssetMaterialization(key, description, {"path": value})


def checked_tags(tags: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the tags of an event of an asset, after a check."""
    # the tags of dagflow itself hold keys of assets, which may have any characters
    return check_asset_tags(tags, where, system_tag_spellings(""))


class AssetObservation(AssetMaterialization):
    """The report that an asset was observed, but not written. Same arguments as AssetMaterialization."""

    __slots__ = ()

    becomes = "ASSET_OBSERVATION"

    @property
    def data_version(self) -> str | None:
        """The version of the observed data from its tag, None without such a tag."""
        return next(
            (self.tags[tag] for tag in system_tag_spellings("data_version") if tag in self.tags), None
        )


class ExpectationResult(UserEvent):
    """The result of a test of data.

    Args:
        success: True if the data is as expected.
        label: A short name.
        description: A sentence for the reader.
        metadata: The evidence, for example the number of bad rows.
    """

    __slots__ = ("description", "label", "metadata", "success")

    becomes = "STEP_EXPECTATION_RESULT"

    def __init__(
        self,
        success: bool,
        label: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.success: bool = check_type(success, bool, "success")
        self.label: str = "result" if label is None else check_type(label, str, "label")
        self.description: str | None = check_optional(description, str, "description")
        self.metadata: dict[str, MetadataValue] = (
            normalize_metadata(metadata, f"expectation result '{label}'") if metadata else {}
        )


class Failure(Restorable, Exception):
    """An exception that user code raises to fail a step, with a description and metadata.

    Args:
        description: A sentence for the reader.
        metadata: Metadata of the failure.
        allow_retries: False disables the retry policy of the op for this failure. None means True.

    Example:
        >>> Failure("out of beans", metadata={"left": 0}).metadata["left"].value
        0
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        allow_retries: bool | None = None,
    ) -> None:
        super().__init__(description)
        self.description: str | None = check_optional(description, str, "description")
        self._metadata: dict[str, MetadataValue] = normalize_metadata(metadata, "a Failure")
        self.allow_retries: bool = (
            True if allow_retries is None else check_type(allow_retries, bool, "allow_retries")
        )

    @property
    def metadata(self) -> dict[str, MetadataValue]:
        """The metadata as metadata values, also those that were assigned after the failure was created."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: Mapping[str, Any] | None) -> None:
        self._metadata = normalize_metadata(metadata, "a Failure")


class RetryRequested(Restorable, Exception):
    """An exception that user code raises to retry the step.

    Args:
        max_retries: The maximal number of retries of the step. None means 1.
        seconds_to_wait: The delay before the retry, in seconds. None means no delay.

    Raises:
        ParameterCheckError: `max_retries` is not an integer, or `seconds_to_wait` is not a number.
        DagflowInvalidDefinitionError: `seconds_to_wait` is negative or infinite.
    """

    def __init__(self, max_retries: int | None = 1, seconds_to_wait: float | None = None) -> None:
        self.max_retries: int = 1 if max_retries is None else check_type(max_retries, int, "max_retries")
        super().__init__(f"retry requested (at most {self.max_retries})")
        if seconds_to_wait is not None:
            if isinstance(seconds_to_wait, bool) or not isinstance(seconds_to_wait, (int, float)):
                raise ParameterCheckError(
                    f"parameter 'seconds_to_wait' must be a number, not {repr_of(seconds_to_wait)}"
                )
            if not 0 <= seconds_to_wait < inf:
                raise DagflowInvalidDefinitionError(
                    "parameter 'seconds_to_wait' must be a finite number of seconds, 0 or more, but is "
                    f"{repr_of(seconds_to_wait)}"
                )
        self.seconds_to_wait = seconds_to_wait


class RetryRequestedFromPolicy(RetryRequested):
    """A retry by the retry policy of the op. Users see this class name in the recorded error."""
