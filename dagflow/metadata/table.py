"""Metadata of tables: rows, columns, and the lineage of columns.

A `TableSchema` or a `TableColumnLineage` needs no wrapper in metadata; rows need `MetadataValue.table(...)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagflow.errors import CheckError, ElementCheckError, check_elements, check_optional, check_type, repr_of
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.values import Constant

_set = object.__setattr__
_PLAIN = (str, int, float, bool, type(None))


def _entries(given: Any, types: tuple[type, ...], name: str) -> dict[str, Any]:
    """Return a copy of a dict after a check: its keys are strings, its values of one of the types."""
    check_type(given, Mapping, name)
    for key, value in given.items():
        if not isinstance(key, str):
            raise ElementCheckError(f"parameter '{name}' must have strings as keys, not {repr_of(key)}")
        if not isinstance(value, types):
            wanted = ", ".join("None" if cls is type(None) else cls.__name__ for cls in types)
            raise ElementCheckError(
                f"'{key}' in parameter '{name}' is {repr_of(value)} of type '{type(value).__name__}': "
                f"it must be one of {wanted}"
            )
    return dict(given)


class TableRecord(Constant):
    """One row of a table.

    Args:
        data: A number, string, bool or None for each column name.

    Raises:
        ParameterCheckError: `data` is not a dict.
        ElementCheckError: A column name is not a string, or a value is of another type.

    Example:
        >>> TableRecord({"cups": 3}).data
        {'cups': 3}
    """

    __slots__ = ("data",)
    data: Mapping[str, str | int | float | bool | None]

    def __init__(self, data: Mapping[str, str | int | float | bool | None]) -> None:
        _set(self, "data", _entries(data, _PLAIN, "data"))


class TableColumnConstraints(Constant):
    """The constraints of the values of one column.

    Args:
        nullable: True if a value can be missing.
        unique: True if no value occurs twice.
        other: Further constraints as strings, in any words.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, is of the wrong type.

    Example:
        >>> TableColumnConstraints(unique=True).nullable
        True
    """

    __slots__ = ("nullable", "other", "unique")
    _names = ("nullable", "unique", "other")
    nullable: bool
    unique: bool
    other: Sequence[str]

    def __init__(
        self, nullable: bool = True, unique: bool = False, other: Sequence[str] | None = None
    ) -> None:
        _set(self, "nullable", check_type(nullable, bool, "nullable"))
        _set(self, "unique", check_type(unique, bool, "unique"))
        _set(self, "other", check_elements(other or [], str, "other"))


class TableConstraints(Constant):
    """The constraints of a whole table as strings, in any words.

    Raises:
        ParameterCheckError, ElementCheckError: `other` is not a list of strings.

    Example:
        >>> TableConstraints(["at least one row"]).other
        ['at least one row']
    """

    __slots__ = ("other",)
    other: Sequence[str]

    def __init__(self, other: Sequence[str]) -> None:
        _set(self, "other", check_elements(other, str, "other"))


class TableColumn(Constant):
    """One column of a table.

    Args:
        name: The name of the column.
        type: The type of its values, in any words.
        description: A description of its values.
        constraints: The constraints of its values.
        tags: Strings by name.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, is of the wrong type.

    Example:
        >>> TableColumn("cups", "int").type
        'int'
    """

    __slots__ = ("constraints", "description", "name", "tags", "type")
    _names = ("name", "type", "description", "constraints", "tags")
    name: str
    type: str
    description: str | None
    constraints: TableColumnConstraints
    tags: Mapping[str, str]

    def __init__(
        self,
        name: str,
        type: str = "string",
        description: str | None = None,
        constraints: TableColumnConstraints | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        _set(self, "name", check_type(name, str, "name"))
        _set(self, "type", check_type(type, str, "type"))
        _set(self, "description", check_optional(description, str, "description"))
        given = TableColumnConstraints() if constraints is None else constraints
        _set(self, "constraints", check_type(given, TableColumnConstraints, "constraints"))
        _set(self, "tags", _entries(tags or {}, (str,), "tags"))


class TableSchema(Constant):
    """The columns and the constraints of a table.

    Args:
        columns: The columns, in order.
        constraints: The constraints of the whole table.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, is of the wrong type.

    Example:
        >>> TableSchema.from_name_type_dict({"cups": "int"}).columns[0].name
        'cups'
    """

    __slots__ = ("columns", "constraints")
    columns: Sequence[TableColumn]
    constraints: TableConstraints

    def __init__(self, columns: Sequence[TableColumn], constraints: TableConstraints | None = None) -> None:
        _set(self, "columns", check_elements(columns, TableColumn, "columns"))
        given = TableConstraints([]) if constraints is None else constraints
        _set(self, "constraints", check_type(given, TableConstraints, "constraints"))

    @staticmethod
    def from_name_type_dict(name_type_dict: Mapping[str, str]) -> TableSchema:
        """Return the schema with these column names and types."""
        given = _entries(name_type_dict, (str,), "name_type_dict")
        return TableSchema([TableColumn(name, column_type) for name, column_type in given.items()])


def schema_of_rows(rows: Sequence[TableRecord]) -> TableSchema:
    """Return the schema that matches the values of the first row.

    Raises:
        CheckError: The list is empty, or the rows have different columns.
    """
    if not rows:
        raise CheckError("a table without 'records' needs a 'schema'")
    if any(set(row.data) != set(rows[0].data) for row in rows):
        raise CheckError("all 'records' of a table without a 'schema' must have the same columns")
    return TableSchema([TableColumn(name, column_type(value)) for name, value in rows[0].data.items()])


def column_type(value: object) -> str:
    """Return the type of a column that has this value: "bool", "int", "float" or "string"."""
    return next((cls.__name__ for cls in (bool, int, float) if isinstance(value, cls)), "string")


class TableColumnDep(Constant):
    """A column of another asset.

    Args:
        asset_key: The asset.
        column_name: The column.

    Example:
        >>> TableColumnDep("orders", "price").asset_key
        AssetKey(['orders'])
    """

    __slots__ = ("asset_key", "column_name")
    asset_key: AssetKey
    column_name: str

    def __init__(self, asset_key: CoercibleToAssetKey, column_name: str) -> None:
        _set(self, "asset_key", AssetKey.from_coercible(asset_key))
        _set(self, "column_name", check_type(column_name, str, "column_name"))


class TableColumnLineage(Constant):
    """The lineage of the columns of a table: for each column, the columns of other assets that it is made of.

    Args:
        deps_by_column: The upstream columns by column name. They are sorted by asset key and column name.

    Raises:
        ParameterCheckError, ElementCheckError: An argument, or an element of it, is of the wrong type.
        CheckError: A column has the same upstream column twice.

    Example:
        >>> TableColumnLineage({"total": [TableColumnDep("orders", "price")]}).deps_by_column["total"]
        [TableColumnDep(asset_key=AssetKey(['orders']), column_name='price')]
    """

    __slots__ = ("deps_by_column",)
    deps_by_column: Mapping[str, Sequence[TableColumnDep]]

    def __init__(self, deps_by_column: Mapping[str, Sequence[TableColumnDep]]) -> None:
        found = {}
        for column, given in _entries(deps_by_column, (list, tuple), "deps_by_column").items():
            deps = check_elements(given, TableColumnDep, f"deps_by_column['{column}']")
            if len(set(deps)) < len(deps):
                twice = next(dep for dep in deps if deps.count(dep) > 1)
                raise CheckError(
                    f"column '{column}' names column '{twice.column_name}' of asset "
                    f"'{twice.asset_key.to_user_string()}' twice: name each column that it is made of once"
                )
            found[column] = sorted(deps, key=lambda dep: (dep.asset_key.path, dep.column_name))
        _set(self, "deps_by_column", found)
