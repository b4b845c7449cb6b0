"""Names for annotations, and constants, that projects import from private modules of Dagster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_origin

from dagflow.keys import AssetKey
from dagflow.types.annotations import resolve_type
from dagflow.types.kinds import DagflowType

RawMetadataValue = Any
RawMetadataMapping = MetadataUserInput = ArbitraryMetadataMapping = MetadataMapping = Mapping[str, Any]
CoercibleToAssetKey = AssetKey | str | Sequence[str]
CoercibleToAssetKeyPrefix = str | Sequence[str]

DEFAULT_OUTPUT = "result"
DEFAULT_IO_MANAGER_KEY = "io_manager"


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
