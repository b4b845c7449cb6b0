"""Names for annotations, types and constants that projects import from private modules of Dagster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, get_origin

from dagflow.compat.checking import mapping_param
from dagflow.errors import DagflowInvalidMetadata
from dagflow.keys import AssetKey
from dagflow.metadata.normalize import normalize_metadata as normalize_metadata_of
from dagflow.metadata.value import MetadataValue
from dagflow.types.annotations import resolve_type
from dagflow.types.kinds import ClassType, DagflowType

RawMetadataValue = Any
RawMetadataMapping = MetadataUserInput = ArbitraryMetadataMapping = MetadataMapping = Mapping[str, Any]
CoercibleToAssetKey = AssetKey | str | Sequence[str]
CoercibleToAssetKeyPrefix = str | Sequence[str]

DEFAULT_OUTPUT = "result"
DEFAULT_IO_MANAGER_KEY = "io_manager"


class SQLClient(ABC):
    """The interface of resources that run a query, as those of dagster-snowflake do."""

    @abstractmethod
    def connect_and_execute(self, sql: str) -> None:
        """Connect to the database, run a query, and drop its result."""


class TypeHintInferredDagflowType(ClassType):
    """The type of the instances of a class that an annotation names.

    Args:
        python_type: The class.

    Example:
        >>> TypeHintInferredDagflowType(bytes).display_name
        'bytes'
    """

    __slots__ = ()

    def __init__(self, python_type: type) -> None:
        super().__init__(
            python_type, f"{python_type.__module__}.{python_type.__qualname__}", python_type.__name__
        )


def is_dict_type(type_obj: Any) -> bool:
    """Return whether an annotation is a dict or mapping. An I/O manager then loads several partitions.

    Example:
        >>> is_dict_type(dict[str, int]), is_dict_type(list)
        (True, False)
    """
    origin = get_origin(type_obj) or type_obj
    return isinstance(origin, type) and issubclass(origin, Mapping)


def resolve_dagflow_type(dagflow_type: Any) -> DagflowType:
    """Return the type of an annotation, as an input of it has.

    Example:
        >>> resolve_dagflow_type(int).display_name
        'Int'
    """
    return resolve_type(dagflow_type, "a type")


def normalize_metadata(metadata: Mapping[str, Any], allow_invalid: bool = False) -> dict[str, MetadataValue]:
    """Return metadata with each value as a MetadataValue.

    Args:
        metadata: The values by name.
        allow_invalid: Whether a value of an unknown type becomes a string, which names the type.

    Raises:
        ParameterCheckError: The metadata is not a dict.
        DagflowInvalidMetadata: A value has an unknown type.

    Example:
        >>> normalize_metadata({"cups": 3})["cups"].value
        3
    """
    mapping_param(metadata, "metadata", key_type=str)
    if not allow_invalid:
        return normalize_metadata_of(metadata, "the given metadata")
    return {name: _valid(name, value) for name, value in metadata.items()}


def _valid(name: str, value: Any) -> MetadataValue:
    try:
        return normalize_metadata_of({name: value}, "the given metadata")[name]
    except DagflowInvalidMetadata:
        return MetadataValue.text(f"[{type(value).__name__}] (unserializable)")
