"""Conversion of plain values to metadata values: `normalize_metadata`, and the older `MetadataEntry`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from dagflow._util import is_double
from dagflow.errors import DagflowInvalidMetadata, ParameterCheckError, check_optional, check_type, repr_of
from dagflow.keys import AssetKey
from dagflow.metadata.value import (
    BoolMetadataValue,
    DagflowAssetMetadataValue,
    FloatMetadataValue,
    IntMetadataValue,
    JsonMetadataValue,
    MetadataValue,
    NullMetadataValue,
    PathMetadataValue,
    TableColumnLineageMetadataValue,
    TableSchemaMetadataValue,
    TextMetadataValue,
)
from dagflow.values import Constant

_set = object.__setattr__
_BY_TYPE: dict[type, Callable[[Any], MetadataValue]] = {
    bool: BoolMetadataValue,
    int: IntMetadataValue,
    float: FloatMetadataValue,
    str: TextMetadataValue,
    type(None): lambda _: NullMetadataValue(),
    dict: JsonMetadataValue,
    list: JsonMetadataValue,
    AssetKey: DagflowAssetMetadataValue,
    os.PathLike: PathMetadataValue,
}


def normalize_metadata(metadata: Mapping[str, Any] | None, where: str) -> dict[str, MetadataValue]:
    """Convert every value of a metadata dict to a `MetadataValue`.

    Args:
        metadata: Values by name: numbers, strings, bools, None, dicts, lists, asset keys, paths or
            `MetadataValue`s.
        where: The owner of the metadata for error messages, for example "output 'x'".

    Returns:
        A new dict; empty for None.

    Raises:
        DagflowInvalidMetadata: A value is of another type, or cannot be encoded as JSON.
        ParameterCheckError: `metadata` is not a mapping, or a name is not a string.

    Example:
        >>> normalize_metadata({"rows": 3, "note": "all"}, "output 'x'")
        {'rows': IntMetadataValue(value=3), 'note': TextMetadataValue(text='all')}
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise ParameterCheckError(f"the metadata of {where} must be a dict, not {repr_of(metadata)}")
    if not metadata:
        return {}
    result = {}
    for name, value in metadata.items():
        if not isinstance(name, str):
            raise ParameterCheckError(
                f"the names in the metadata of {where} must be strings, not {repr_of(name)}"
            )
        if issubclass(type(value), MetadataValue):  # not isinstance: a double claims another class
            result[name] = value
            continue
        wrap = _BY_TYPE.get(type(value)) or _wrapper_of(name, value, where)
        try:
            result[name] = wrap(value)
        except DagflowInvalidMetadata as error:
            raise DagflowInvalidMetadata(f"'{name}' in the metadata of {where}: {error}") from error
    return result


def _wrapper_of(name: str, value: object, where: str) -> Callable[[Any], MetadataValue]:
    """Return the wrapper for a value whose exact type is not in `_BY_TYPE`."""
    from dagflow.metadata.table import TableColumnLineage, TableSchema  # imported lazily: rare

    if not is_double(value):
        if isinstance(value, TableSchema):
            return TableSchemaMetadataValue
        if isinstance(value, TableColumnLineage):
            return TableColumnLineageMetadataValue
        for value_type, wrap in _BY_TYPE.items():
            if isinstance(value, value_type):
                return wrap
    raise DagflowInvalidMetadata(
        f"'{name}' in the metadata of {where} is {repr_of(value)} of type '{type(value).__name__}', which "
        f"metadata "
        "cannot hold. Use a number, a string, a bool, None, a dict, a list, an asset key or a path, or wrap "
        "it, as in MetadataValue.md(...)."
    )


class MetadataEntry(Constant):
    """A metadata value with its name and a description: the older form of `{label: value}`.

    Args:
        label: The name.
        description: A description of the value.
        entry_data: The value; `value` is another name of this argument.

    Raises:
        DagflowInvalidMetadata: The value is of an unsupported type.

    Example:
        >>> MetadataEntry("rows", value=3).entry_data
        IntMetadataValue(value=3)
    """

    __slots__ = ("description", "entry_data", "label")
    _names = ("label", "description", "entry_data")
    label: str
    description: str | None
    entry_data: MetadataValue

    def __init__(
        self, label: str, description: str | None = None, entry_data: Any = None, value: Any = None
    ) -> None:
        _set(self, "label", check_type(label, str, "label"))
        _set(self, "description", check_optional(description, str, "description"))
        given = {label: value if entry_data is None else entry_data}
        _set(self, "entry_data", normalize_metadata(given, "a MetadataEntry")[label])

    @property
    def value(self) -> MetadataValue:
        """The value."""
        return self.entry_data
