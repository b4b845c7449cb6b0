"""What user code returns, yields, logs or raises: outputs, materializations, results, failures.

The engine turns these into events (`dagflow.events.record`); nothing here knows a run.
Semantics: sections "Signatures" and "Return / yield rules" of the execution API.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, ClassVar, Generic, TypeVar

from dagflow._util import UNSET, Unset
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_optional, check_type
from dagflow.keys import AssetKey, CoercibleToAssetKey, check_name, system_tag_spellings
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue, PathMetadataValue
from dagflow.values import ByValue

T = TypeVar("T")
_V = TypeVar("_V", bound=ByValue)
_Asset = TypeVar("_Asset", bound="AssetMaterialization")
Metadata = Mapping[str, MetadataValue]


def with_metadata(value: _V, metadata: Mapping[str, Any] | None, where: str) -> _V:
    """Return a copy of `value` with this metadata; `where` names the value in the error message."""
    changed: Any = copy(value)
    changed.metadata = normalize_metadata(metadata, where)
    return changed  # type: ignore[no-any-return]


class UserEvent(ByValue):
    """What `context.log_event` takes, and what a generator may yield beside its outputs.

    Attributes:
        becomes: The type of the event that it becomes.
    """

    __slots__ = ()

    becomes: ClassVar[str]


class Output(ByValue, Generic[T]):
    """One output of an op or asset, with what is said about it.

    Args:
        value: The value.
        output_name: Which output it is.
        metadata: Shown on the output's events.
        data_version: The user's own version of the value.
        tags: Of the materialization, if the output is an asset.

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
            normalize_metadata(metadata, f"output '{output_name}'") if metadata else {}
        )
        self.data_version: DataVersion | None = data_version
        if data_version is not None:
            check_type(data_version, DataVersion, "data_version", f"output '{output_name}'")
        self.tags: Mapping[str, str] | None = _checked_tags(tags, f"output '{output_name}'") if tags else tags

    def with_metadata(self, metadata: Mapping[str, Any] | None) -> Output[T]:
        """A copy with this metadata in place of its own."""
        return with_metadata(self, metadata, f"output '{self.output_name}'")


class DynamicOutput(ByValue, Generic[T]):
    """One of several values of a dynamic output, told apart by `mapping_key`.

    Args:
        value: The value.
        mapping_key: Letters, digits and `_`; unique among the values of this output in a run.
        output_name: Which output it is.
        metadata: Shown on the output's events.

    Raises:
        ParameterCheckError: The mapping key is no text.
        DagflowInvalidDefinitionError: The mapping key holds other characters.

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
        self.output_name: str = output_name if output_name is not None else "result"
        self.metadata: dict[str, MetadataValue] = (
            normalize_metadata(metadata, f"output '{output_name}'") if metadata else {}
        )


class DataVersion(ByValue):
    """A version that the user gives to the data of an asset."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value: str = check_type(value, str, "value")


class AssetMaterialization(UserEvent):
    """That an asset was written somewhere.

    Args:
        asset_key: The asset: key, text (one part) or sequence of parts.
        description: A sentence for people.
        metadata: What is known about the written data.
        partition: The partition key, if the asset is partitioned.
        tags: Short texts by name.

    Example:
        >>> AssetMaterialization("water").asset_key
        AssetKey(['water'])
    """

    __slots__ = ("asset_key", "description", "metadata", "partition", "tags")

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
            normalize_metadata(metadata, self._where()) if metadata else {}
        )
        self.partition: str | None = check_optional(partition, str, "partition")
        self.tags: dict[str, str] = _checked_tags(tags, self._where()) if tags else {}

    def _where(self) -> str:
        return f"{type(self).__name__} of asset '{self.asset_key.to_user_string()}'"

    @property
    def label(self) -> str:
        """The parts of the key, joined by spaces."""
        return " ".join(self.asset_key.parts)

    def with_metadata(self: _Asset, metadata: Mapping[str, Any] | None) -> _Asset:
        """A copy with this metadata in place of its own."""
        return with_metadata(self, metadata, self._where())

    @staticmethod
    def file(
        path: str | os.PathLike[str],
        description: str | None = None,
        asset_key: CoercibleToAssetKey | None = None,
    ) -> AssetMaterialization:
        """That a file was written; without a key, the parts of its path are the key of the asset."""
        value = PathMetadataValue(path)
        key = [part for part in value.path.split(os.sep) if part] if asset_key is None else asset_key
        return AssetMaterialization(key, description, {"path": value})


def _checked_tags(tags: Mapping[str, str], where: str) -> dict[str, str]:
    if not isinstance(tags, Mapping):
        raise ParameterCheckError(f"the tags of {where} must be texts by name, not {tags!r}")
    for name, text in tags.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise DagflowInvalidDefinitionError(
                f"the tags of {where} must be texts by name, but {name!r} has the value {text!r}"
            )
    return dict(tags)


class AssetObservation(AssetMaterialization):
    """That an asset was looked at, without writing it. Arguments as AssetMaterialization."""

    __slots__ = ()

    becomes = "ASSET_OBSERVATION"

    @property
    def data_version(self) -> str | None:
        """The version of the data that was seen, where a tag says it."""
        return next(
            (self.tags[tag] for tag in system_tag_spellings("data_version") if tag in self.tags), None
        )


class ExpectationResult(UserEvent):
    """Whether something that was expected of the data holds.

    Args:
        success: Whether it holds.
        label: A short name.
        description: A sentence for people.
        metadata: What led to the verdict.
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


class MaterializeResult(ByValue, Generic[T]):
    """That an asset function wrote its asset, with what is said about it and, if wanted, the value to store.

    Args:
        asset_key: Which asset, where the function makes several.
        metadata: Of the materialization.
        check_results: Results of checks that the function made itself.
        data_version: The user's own version of the data.
        tags: Of the materialization.
        value: What the I/O manager stores; without it the I/O manager is not called.
    """

    __slots__ = ("asset_key", "check_results", "data_version", "metadata", "tags", "value")

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Sequence[Any] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
        value: T | Unset = UNSET,
    ) -> None:
        self.asset_key: AssetKey | None = None if asset_key is None else AssetKey.from_coercible(asset_key)
        self.metadata: Mapping[str, Any] = metadata or {}
        self.normalized_metadata()  # what is wrong in it is said where it is written
        self.check_results: list[Any] = list(check_results or ())
        self.data_version: DataVersion | None = data_version
        if data_version is not None:
            check_type(data_version, DataVersion, "data_version", "a MaterializeResult")
        self.tags: Mapping[str, str] | None = _checked_tags(tags, "a MaterializeResult") if tags else tags
        self.value: T | Unset = value

    def normalized_metadata(self) -> dict[str, MetadataValue]:
        """The metadata as metadata values; `metadata` itself is what was given."""
        return normalize_metadata(self.metadata, "a MaterializeResult")


class Failure(Exception):
    """Raise it to fail a step on purpose, with a description and metadata.

    Args:
        description: A sentence for people.
        metadata: What is known about the failure.
        allow_retries: False forbids a retry that a policy would allow. None means True.

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
        self.metadata: dict[str, MetadataValue] = (
            normalize_metadata(metadata, "a Failure") if metadata else {}
        )
        self.allow_retries: bool = (
            True if allow_retries is None else check_type(allow_retries, bool, "allow_retries")
        )


class RetryRequested(Exception):
    """Raise it to have the step tried again.

    Args:
        max_retries: How often it may be retried in all.
        seconds_to_wait: How long to wait before that; None waits not at all.

    Raises:
        ParameterCheckError: `max_retries` is no whole number, or the wait is no number.
    """

    def __init__(self, max_retries: int | None = 1, seconds_to_wait: float | None = None) -> None:
        super().__init__(f"retry requested (at most {max_retries})")
        self.max_retries: int = 1 if max_retries is None else check_type(max_retries, int, "max_retries")
        if seconds_to_wait is not None:
            if isinstance(seconds_to_wait, bool) or not isinstance(seconds_to_wait, (int, float)):
                raise ParameterCheckError(
                    f"parameter 'seconds_to_wait' must be a number, not {seconds_to_wait!r}"
                )
            if seconds_to_wait < 0:
                raise DagflowInvalidDefinitionError(
                    f"parameter 'seconds_to_wait' must not be negative, but is {seconds_to_wait!r}"
                )
        self.seconds_to_wait = seconds_to_wait


class RetryRequestedFromPolicy(RetryRequested):
    """A retry that a policy asks for, not the user's code; seen as the class of the recorded error."""


NOT_RETURNED = (AssetMaterialization, AssetObservation, ExpectationResult)
"""What is logged or yielded, and no output when it is returned."""
