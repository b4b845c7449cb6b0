"""The keys of partitions along several dimensions."""

from __future__ import annotations

from collections.abc import Mapping

from dagflow.errors import ElementCheckError, ParameterCheckError, repr_of

SEPARATOR = "|"


class MultiPartitionKey(str):
    """The key of a partition along several dimensions: a string with the key of each dimension.

    The string joins the keys by `|`, in the alphabetical order of the names of the dimensions.

    Args:
        keys_by_dimension: The key along each dimension, by the name of the dimension.

    Raises:
        ParameterCheckError: The argument is not a mapping.
        ElementCheckError: A name or a key is not a string.

    Example:
        >>> key = MultiPartitionKey({"region": "north", "date": "2024-01-01"})
        >>> key
        '2024-01-01|north'
        >>> key.keys_by_dimension
        {'date': '2024-01-01', 'region': 'north'}
    """

    __slots__ = ("_dimensions",)
    _dimensions: tuple[tuple[str, str], ...]

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> MultiPartitionKey:
        if not isinstance(keys_by_dimension, Mapping):
            raise ParameterCheckError(
                f"'keys_by_dimension' must map names of dimensions to keys, not {repr_of(keys_by_dimension)}"
            )
        for name, key in keys_by_dimension.items():
            if not isinstance(name, str) or not isinstance(key, str):
                raise ElementCheckError(
                    f"names of dimensions and their keys must be strings, not {repr_of(name)} and "
                    f"{repr_of(key)}"
                )
        dimensions = tuple(sorted(keys_by_dimension.items()))
        self = super().__new__(cls, SEPARATOR.join(key for _, key in dimensions))
        self._dimensions = dimensions
        return self

    @property
    def keys_by_dimension(self) -> dict[str, str]:
        """The key along each dimension, in the alphabetical order of the names of the dimensions."""
        return dict(self._dimensions)

    def __getnewargs__(self) -> tuple[dict[str, str]]:  # type: ignore[override]
        return (self.keys_by_dimension,)
