"""Metadata values: the classes, and their constructors as methods of `MetadataValue`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from dagflow._util import to_json
from dagflow.errors import (
    CheckError,
    DagflowInvalidMetadata,
    ParameterCheckError,
    check_elements,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetKey
from dagflow.values import Constant

if TYPE_CHECKING:
    import builtins
    from datetime import datetime

    from dagflow.metadata.table import TableColumnLineage, TableRecord, TableSchema

_set = object.__setattr__


class MetadataValue(Constant):
    """The base of all metadata values, with their constructors: `MetadataValue.url("https://...")`.

    Example:
        >>> MetadataValue.md("**3** cups").value
        '**3** cups'
        >>> MetadataValue.int(3) == MetadataValue.int(3)
        True
    """

    __slots__ = ()

    # `MetadataValue[str]` is an annotation for the kind of its content
    __class_getitem__: Callable[[Any], GenericAlias] = classmethod(GenericAlias)  # type: ignore[assignment]

    @property
    def value(self) -> Any:
        """The content as plain Python."""
        raise NotImplementedError

    @staticmethod
    def int(value: builtins.int) -> IntMetadataValue:
        """Return the metadata value of an integer."""
        return IntMetadataValue(value)

    @staticmethod
    def float(value: builtins.float) -> FloatMetadataValue:
        """Return the metadata value of a float."""
        return FloatMetadataValue(value)

    @staticmethod
    def text(text: str) -> TextMetadataValue:
        """Return the metadata value of a short string."""
        return TextMetadataValue(text)

    @staticmethod
    def bool(value: builtins.bool) -> BoolMetadataValue:
        """Return the metadata value of a bool."""
        return BoolMetadataValue(value)

    @staticmethod
    def null() -> NullMetadataValue:
        """Return the metadata value of None."""
        return NullMetadataValue()

    @staticmethod
    def json(data: Mapping[str, Any] | Sequence[Any] | None) -> JsonMetadataValue:
        """Return the metadata value of nested dicts and lists of numbers and strings."""
        return JsonMetadataValue(data)

    @staticmethod
    def md(data: str) -> MarkdownMetadataValue:
        """Return the metadata value of a string in Markdown."""
        return MarkdownMetadataValue(data)

    @staticmethod
    def path(path: str | os.PathLike[str]) -> PathMetadataValue:
        """Return the metadata value of a path of the file system."""
        return PathMetadataValue(path)

    @staticmethod
    def notebook(path: str | os.PathLike[str]) -> NotebookMetadataValue:
        """Return the metadata value of the path of a notebook."""
        return NotebookMetadataValue(path)

    @staticmethod
    def url(url: str) -> UrlMetadataValue:
        """Return the metadata value of a URL."""
        return UrlMetadataValue(url)

    @staticmethod
    def python_artifact(python_artifact: Callable[..., Any]) -> PythonArtifactMetadataValue:
        """Return the metadata value of a function or class: its module and name."""
        if not callable(python_artifact):
            raise ParameterCheckError(
                f"parameter 'python_artifact' must be a function or a class, not {repr_of(python_artifact)}"
            )
        name: str = getattr(python_artifact, "__name__", type(python_artifact).__name__)
        return PythonArtifactMetadataValue(python_artifact.__module__, name)

    @staticmethod
    def asset(asset_key: AssetKey) -> DagflowAssetMetadataValue:
        """Return a reference to an asset."""
        return DagflowAssetMetadataValue(asset_key)

    @staticmethod
    def dagflow_run(run_id: str) -> DagflowRunMetadataValue:
        """Return a reference to a run."""
        return DagflowRunMetadataValue(run_id)

    @staticmethod
    def timestamp(value: builtins.float | datetime) -> TimestampMetadataValue:
        """Return the metadata value of a moment.

        The argument is seconds since 1970 as a float, or a datetime with a time zone.
        """
        if isinstance(value, float):
            return TimestampMetadataValue(value)
        from datetime import datetime  # imported lazily: only timestamps use it

        if not isinstance(value, datetime):
            raise CheckError(
                f"a timestamp must be a float or a datetime, not {repr_of(value)} of {type(value).__name__!r}"
            )
        if value.tzinfo is None:
            raise CheckError(f"the timestamp {value.isoformat()} must have a time zone: set tzinfo")
        return TimestampMetadataValue(value.timestamp())

    @staticmethod
    def job(
        job_name: str, location_name: str, *, repository_name: str | None = None
    ) -> DagflowJobMetadataValue:
        """Return a reference to a job in a code location."""
        return DagflowJobMetadataValue(job_name, location_name, repository_name)

    @staticmethod
    def pool(pool: str) -> PoolMetadataValue:
        """Return a reference to a pool, the limit of the number of ops that run at once."""
        return PoolMetadataValue(pool)

    @staticmethod
    def table(records: Sequence[TableRecord], schema: TableSchema | None = None) -> TableMetadataValue:
        """Return the metadata value of rows of a table. The default schema matches the first row."""
        return TableMetadataValue(records, schema)

    @staticmethod
    def table_schema(schema: TableSchema) -> TableSchemaMetadataValue:
        """Return the metadata value of the columns of a table."""
        return TableSchemaMetadataValue(schema)

    @staticmethod
    def column_lineage(lineage: TableColumnLineage) -> TableColumnLineageMetadataValue:
        """Return the metadata value of the lineage of the columns of a table."""
        return TableColumnLineageMetadataValue(lineage)


class IntMetadataValue(MetadataValue):
    """An integer; see `MetadataValue.int`."""

    __slots__ = ("value",)
    value: int | None

    def __init__(self, value: int | None) -> None:
        _set(self, "value", check_optional(value, int, "value"))


class FloatMetadataValue(MetadataValue):
    """A float; see `MetadataValue.float`."""

    __slots__ = ("value",)
    value: float | None

    def __init__(self, value: float | None) -> None:
        _set(self, "value", check_optional(value, float, "value"))


class BoolMetadataValue(MetadataValue):
    """A bool; see `MetadataValue.bool`."""

    __slots__ = ("value",)
    value: bool | None

    def __init__(self, value: bool | None) -> None:
        _set(self, "value", check_optional(value, bool, "value"))


class TimestampMetadataValue(MetadataValue):
    """Seconds since 1970; see `MetadataValue.timestamp`."""

    __slots__ = ("value",)
    value: float

    def __init__(self, value: float) -> None:
        _set(self, "value", check_type(value, float, "value"))


class NullMetadataValue(MetadataValue):
    """None; see `MetadataValue.null`."""

    __slots__ = ()
    value: None = None


class TextMetadataValue(MetadataValue):
    """A short string; see `MetadataValue.text`."""

    __slots__ = ("text",)
    text: str | None  # type: ignore[assignment]

    def __init__(self, text: str | None = "") -> None:
        _set(self, "text", check_optional(text, str, "text"))

    @property
    def value(self) -> str | None:
        """The string."""
        return self.text


class MarkdownMetadataValue(MetadataValue):
    """A string in Markdown; see `MetadataValue.md`."""

    __slots__ = ("md_str",)
    md_str: str | None

    def __init__(self, md_str: str | None = "") -> None:
        _set(self, "md_str", check_optional(md_str, str, "md_str"))

    @property
    def value(self) -> str | None:
        """The string."""
        return self.md_str


class UrlMetadataValue(MetadataValue):
    """A URL; see `MetadataValue.url`."""

    __slots__ = ("url",)
    url: str | None  # type: ignore[assignment]

    def __init__(self, url: str | None = "") -> None:
        _set(self, "url", check_optional(url, str, "url"))

    @property
    def value(self) -> str | None:
        """The URL."""
        return self.url


class PathMetadataValue(MetadataValue):
    """A path of the file system; see `MetadataValue.path`."""

    __slots__ = ("fspath",)
    fspath: str

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        if path is not None and not issubclass(type(path), (str, os.PathLike)):
            raise ParameterCheckError(f"parameter 'path' must be a string or a path, not {repr_of(path)}")
        _set(self, "fspath", "" if path is None else os.fspath(path))

    @property
    def value(self) -> str:
        """The path as a string."""
        return self.fspath

    path = value  # type: ignore[assignment]


class NotebookMetadataValue(PathMetadataValue):
    """The path of a notebook; see `MetadataValue.notebook`."""

    __slots__ = ()


class JsonMetadataValue(MetadataValue):
    """Nested dicts and lists; see `MetadataValue.json`.

    Raises:
        DagflowInvalidMetadata: The data cannot be encoded as JSON.
    """

    __slots__ = ("data",)
    data: Any

    def __init__(self, data: Mapping[str, Any] | Sequence[Any] | None) -> None:
        try:
            # the stored value equals the value that is read later: a copy, tuples as lists, strings as keys
            import json  # imported lazily: only runs with JSON metadata use it

            _set(self, "data", json.loads(to_json(data)))
        except (TypeError, ValueError, RecursionError) as error:
            raise DagflowInvalidMetadata(
                f"the metadata value {repr_of(data)} cannot be encoded as JSON: {error}"
            ) from error

    @property
    def value(self) -> Any:
        """The dicts and lists."""
        return self.data


class PythonArtifactMetadataValue(MetadataValue):
    """A function or class; see `MetadataValue.python_artifact`."""

    __slots__ = ("module", "name")
    module: str
    name: str

    def __init__(self, module: str, name: str) -> None:
        _set(self, "module", check_type(module, str, "module"))
        _set(self, "name", check_type(name, str, "name"))

    @property
    def value(self) -> PythonArtifactMetadataValue:
        """This value, because module and name belong together."""
        return self


class DagflowAssetMetadataValue(MetadataValue):
    """A reference to an asset; see `MetadataValue.asset`."""

    __slots__ = ("asset_key",)
    asset_key: AssetKey

    def __init__(self, asset_key: AssetKey) -> None:
        _set(self, "asset_key", check_type(asset_key, AssetKey, "asset_key"))

    @property
    def value(self) -> AssetKey:
        """The key of the asset."""
        return self.asset_key


class DagflowRunMetadataValue(MetadataValue):
    """A reference to a run; see `MetadataValue.dagflow_run`."""

    __slots__ = ("run_id",)
    run_id: str

    def __init__(self, run_id: str) -> None:
        _set(self, "run_id", check_type(run_id, str, "run_id"))

    @property
    def value(self) -> str:
        """The id of the run."""
        return self.run_id


class DagflowJobMetadataValue(MetadataValue):
    """A reference to a job; see `MetadataValue.job`."""

    __slots__ = ("job_name", "location_name", "repository_name")
    job_name: str
    location_name: str
    repository_name: str | None

    def __init__(self, job_name: str, location_name: str, repository_name: str | None = None) -> None:
        _set(self, "job_name", check_type(job_name, str, "job_name"))
        _set(self, "location_name", check_type(location_name, str, "location_name"))
        _set(self, "repository_name", check_optional(repository_name, str, "repository_name"))

    @property
    def value(self) -> DagflowJobMetadataValue:
        """This value, because its names belong together."""
        return self


class PoolMetadataValue(MetadataValue):
    """A reference to a pool; see `MetadataValue.pool`."""

    __slots__ = ("name",)
    name: str

    def __init__(self, pool: str) -> None:
        _set(self, "name", check_type(pool, str, "pool"))

    @property
    def value(self) -> str:
        """The name of the pool."""
        return self.name


class TableMetadataValue(MetadataValue):
    """Rows of a table; see `MetadataValue.table`.

    Raises:
        CheckError: There is neither a row nor a schema, or the rows have different columns.
    """

    __slots__ = ("records", "schema")
    records: Sequence[TableRecord]
    schema: TableSchema

    def __init__(self, records: Sequence[TableRecord], schema: TableSchema | None = None) -> None:
        from dagflow.metadata.table import TableRecord, TableSchema, schema_of_rows  # imported lazily: rare

        rows = check_elements(records, TableRecord, "records")
        _set(self, "records", rows)
        given = schema_of_rows(rows) if schema is None else schema
        _set(self, "schema", check_type(given, TableSchema, "schema"))

    @staticmethod
    def infer_column_type(value: object) -> str:
        """Return the type of a column that has this value: "bool", "int", "float" or "string"."""
        from dagflow.metadata.table import column_type

        return column_type(value)

    @property
    def value(self) -> TableMetadataValue:
        """This value, because rows and schema belong together."""
        return self


class TableSchemaMetadataValue(MetadataValue):
    """The columns of a table; see `MetadataValue.table_schema`."""

    __slots__ = ("schema",)
    schema: TableSchema

    def __init__(self, schema: TableSchema) -> None:
        from dagflow.metadata.table import TableSchema

        _set(self, "schema", check_type(schema, TableSchema, "schema"))

    @property
    def value(self) -> TableSchema:
        """The schema."""
        return self.schema


class TableColumnLineageMetadataValue(MetadataValue):
    """The lineage of the columns of a table; see `MetadataValue.column_lineage`."""

    __slots__ = ("lineage",)
    lineage: TableColumnLineage

    def __init__(self, column_lineage: TableColumnLineage) -> None:
        from dagflow.metadata.table import TableColumnLineage

        _set(self, "lineage", check_type(column_lineage, TableColumnLineage, "column_lineage"))

    @property
    def value(self) -> TableColumnLineage:
        """The lineage."""
        return self.lineage
