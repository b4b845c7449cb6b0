"""The results of the functions of assets: `MaterializeResult` and `ObserveResult`.

`dagflow.asset_results` has the outputs that they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import GenericAlias
from typing import Any, Generic

from dagflow._util import UNSET, Unset
from dagflow.errors import CheckError, ElementCheckError, check_elements, check_type, repr_of
from dagflow.events.user import DataVersion, SpecialResult, T, UserEvent, checked_tags
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue


class AssetResult(SpecialResult):
    """The base of the results of functions of assets: MaterializeResult and ObserveResult."""

    __slots__ = ("asset_key", "check_results", "data_version", "metadata", "tags")

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None,
        metadata: Mapping[str, Any] | None,
        check_results: Sequence[Any] | None,
        data_version: DataVersion | None,
        tags: Mapping[str, str] | None,
    ) -> None:
        place = self.place()
        self.asset_key: AssetKey | None = None if asset_key is None else AssetKey.from_coercible(asset_key)
        self.metadata: Mapping[str, Any] = {} if metadata is None else metadata
        self.normalized_metadata()  # so that the traceback of invalid metadata has the user's line
        self.check_results: list[Any] = [] if check_results is None else _checked_results(check_results)
        self.data_version: DataVersion | None = data_version
        if data_version is not None:
            check_type(data_version, DataVersion, "data_version", place)
        self.tags: Mapping[str, str] | None = None if tags is None else checked_tags(tags, place)

    @property
    def output_value(self) -> object:
        """The value that the I/O manager stores; UNSET if the I/O manager is not called."""
        return None

    def place(self) -> str:
        """Return its class with an article, for messages."""
        name = type(self).__name__
        return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"

    def normalized_metadata(self) -> dict[str, MetadataValue]:
        """Return the metadata as metadata values; the attribute `metadata` keeps the argument unchanged."""
        return normalize_metadata(self.metadata, self.place())

    def check_result_named(self, check_name: str) -> Any:
        """Return the check result with a name.

        Args:
            check_name: The name of the check.

        Raises:
            CheckError: No check result has this name.
        """
        for result in self.check_results:
            if result.check_name == check_name:
                return result
        names = [result.check_name for result in self.check_results]
        raise CheckError(
            f"{self.place()} has no check result named {repr_of(check_name)}. Its check results are {names}."
        )


class MaterializeResult(AssetResult, Generic[T]):
    """The result of an asset function that wrote its asset, with metadata and, optionally, a value to store.

    Args:
        asset_key: The asset; optional if the function has one asset only.
        metadata: The metadata of the materialization.
        check_results: The results of the asset checks in this function.
        data_version: The user's own version of the data.
        tags: The tags of the materialization.
        value: The value that the I/O manager stores; without it the I/O manager is not called.

    Raises:
        CheckError, DagflowInvalidDefinitionError: An argument is of the wrong type, or a tag is invalid.

    Example:
        >>> MaterializeResult("cups", metadata={"rows": 3}).asset_key
        AssetKey(['cups'])
    """

    __slots__ = ("value",)

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Sequence[Any] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
        value: T | Unset = UNSET,
    ) -> None:
        super().__init__(asset_key, metadata, check_results, data_version, tags)
        self.value: T | Unset = value

    @property
    def output_value(self) -> T | Unset:
        """The value that the I/O manager stores; UNSET if the I/O manager is not called."""
        return self.value


class ObserveResult(AssetResult):
    """The result of a function that observed an asset and did not write it.

    Args:
        asset_key: The asset; optional if the function has one asset only.
        metadata: The metadata of the observation.
        check_results: The results of the asset checks in this function.
        data_version: The version of the observed data.
        tags: The tags of the observation.

    Raises:
        CheckError, DagflowInvalidDefinitionError: An argument is of the wrong type, or a tag is invalid.

    Example:
        >>> ObserveResult("river", metadata={"level": 3}, data_version=DataVersion("7")).data_version
        DataVersion(value='7')
    """

    __slots__ = ()

    # `ObserveResult[str]` is an annotation, as that of its sibling
    __class_getitem__: Callable[[Any], GenericAlias] = classmethod(GenericAlias)  # type: ignore[assignment]

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Sequence[Any] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(asset_key, metadata, check_results, data_version, tags)


def _checked_results(check_results: Sequence[Any]) -> list[Any]:
    for position, result in enumerate(check_elements(check_results, SpecialResult, "check_results"), 1):
        if not result.is_check_result or isinstance(result, UserEvent):  # an evaluation is an event
            raise ElementCheckError(
                "parameter 'check_results' must hold results of asset checks only, AssetCheckResult(...), "
                f"but number {position} is {repr_of(result)}"
            )
    return list(check_results)
