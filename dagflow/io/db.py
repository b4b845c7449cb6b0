"""The I/O manager that stores each value in a table of a database, and the parts that a database supplies.

A package for a database has a client with the SQL of the database, and a handler for each type of values.
`DbIOManager` computes the table, the schema and the partitions from the context, and calls them.
"""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from math import prod
from typing import Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin

from dagflow.context.io import InputContext, OutputContext, is_nothing
from dagflow.errors import CheckError, DagflowInvariantViolationError, ParameterCheckError, repr_of
from dagflow.event_loop import refuse_coroutine
from dagflow.io.manager import IOManager, value_name
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.definition import PartitionsDefinition, range_of
from dagflow.partitions.keys import TimeWindow
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.tags import system_tag

T = TypeVar("T")


class TablePartitionDimension(NamedTuple):
    """The partitions of a table slice along one dimension.

    Attributes:
        partition_expr: The column, or another SQL expression, that has the partition of a row.
        partitions: The keys, or the time window of all keys.

    Example:
        >>> static_where_clause(TablePartitionDimension("region", ["north", "south"]))
        "region in ('north', 'south')"
    """

    partition_expr: str
    partitions: TimeWindow | Sequence[str]


class TableSlice(NamedTuple):
    """The rows and columns of a table that an output stores or an input loads.

    Attributes:
        table: The name of the table.
        schema: The schema of the table.
        database: The database of the table.
        columns: The columns to load; None means all.
        partition_dimensions: The partitions, one item for each dimension; empty means all rows.

    Example:
        >>> DbClient.get_table_name(TableSlice("beans", "cafe", database="shop"))
        'shop.cafe.beans'
    """

    table: str
    schema: str
    database: str | None = None
    columns: Sequence[str] | None = None
    partition_dimensions: Sequence[TablePartitionDimension] | None = None


class DbTypeHandler(ABC, Generic[T]):
    """The base of classes that store and load the values of one or more types in a database.

    Example:
        >>> class Numbers(DbTypeHandler[int]):
        ...     @property
        ...     def supported_types(self):
        ...         return [int]
        ...     def handle_output(self, context, table_slice, obj, connection):
        ...         connection[table_slice.table] = obj
        ...     def load_input(self, context, table_slice, connection):
        ...         return connection[table_slice.table]
        >>> Numbers().supported_types
        [<class 'int'>]
    """

    @abstractmethod
    def handle_output(
        self, context: OutputContext, table_slice: TableSlice, obj: T, connection: Any
    ) -> Mapping[str, Any] | None:
        """Store `obj` in a table slice, whose old rows are deleted already. Return metadata, or None."""

    @abstractmethod
    def load_input(self, context: InputContext, table_slice: TableSlice, connection: Any) -> T:
        """Return the value of a table slice."""

    @property
    @abstractmethod
    def supported_types(self) -> Sequence[type[Any]]:
        """The types of the values. Values of subclasses are stored too, unless they have a handler."""


class DbClient:
    """The base of classes with the SQL of one kind of database. All methods are static.

    Example:
        >>> from contextlib import contextmanager
        >>> class Dicts(DbClient):
        ...     @staticmethod
        ...     @contextmanager
        ...     def connect(context, table_slice):
        ...         yield {}
        ...     @staticmethod
        ...     def ensure_schema_exists(context, table_slice, connection):
        ...         connection.setdefault(table_slice.schema, {})
        ...     @staticmethod
        ...     def delete_table_slice(context, table_slice, connection):
        ...         connection.pop(table_slice.table, None)
        ...     @staticmethod
        ...     def get_select_statement(table_slice):
        ...         return f"SELECT * FROM {Dicts.get_table_name(table_slice)}"
        >>> Dicts.get_select_statement(TableSlice("beans", "cafe"))
        'SELECT * FROM cafe.beans'
    """

    @staticmethod
    def connect(
        context: OutputContext | InputContext, table_slice: TableSlice
    ) -> AbstractContextManager[Any]:
        """Return a context manager whose value is a connection to the database."""
        raise NotImplementedError("a DbClient must define connect")

    @staticmethod
    def delete_table_slice(context: OutputContext, table_slice: TableSlice, connection: Any) -> None:
        """Delete the rows of a table slice. A missing table is no error."""
        raise NotImplementedError("a DbClient must define delete_table_slice")

    @staticmethod
    def ensure_schema_exists(context: OutputContext, table_slice: TableSlice, connection: Any) -> None:
        """Create the schema of a table slice, unless it exists."""
        raise NotImplementedError("a DbClient must define ensure_schema_exists")

    @staticmethod
    def get_select_statement(table_slice: TableSlice) -> str:
        """Return the statement that selects a table slice."""
        raise NotImplementedError("a DbClient must define get_select_statement")

    @staticmethod
    def get_table_name(table_slice: TableSlice) -> str:
        """Return the name of the table with its schema, and with its database if it has one."""
        name = f"{table_slice.schema}.{table_slice.table}"
        return f"{table_slice.database}.{name}" if table_slice.database else name


_CLIENT_METHODS = (
    "connect",
    "delete_table_slice",
    "ensure_schema_exists",
    "get_select_statement",
    "get_table_name",
)


class DbIOManager(IOManager):
    """The I/O manager that stores each value in a table of a database.

    The table of an asset has the last part of its key as name. Its schema is the `schema` in the metadata of
    the asset, else that of the I/O manager, else the part of the key before the last one, else "public". The
    table of another output has the name of the output. A write replaces the rows of its partitions only; the
    metadata `partition_expr` of the asset has their column, or a dict of columns by dimension.

    Args:
        type_handlers: The handlers of all types that can be stored.
        db_client: The client of the database.
        database: The name of the database.
        schema: The schema of tables that name none.
        io_manager_name: The name of this I/O manager for messages; default: the class.
        default_load_type: The type of the inputs without annotation; default: the type of the handlers, if
            there is one only.

    Raises:
        CheckError: Two handlers have one type.
        ParameterCheckError: A handler or the client lacks methods.

    Example:
        >>> DbIOManager(type_handlers=[], db_client=DbClient(), database="shop").handle_output(None, 1)
        Traceback (most recent call last):
        ...
        dagflow.errors.CheckError: DbIOManager does not have a handler for type 'int'. It has no handlers.
    """

    def __init__(
        self,
        *,
        type_handlers: Sequence[DbTypeHandler[Any]],
        db_client: DbClient,
        database: str,
        schema: str | None = None,
        io_manager_name: str | None = None,
        default_load_type: type[Any] | None = None,
    ) -> None:
        self._name = io_manager_name or type(self).__name__
        self._handlers: dict[type[Any], DbTypeHandler[Any]] = {}
        for handler in type_handlers:
            self._add_handler(handler)
        missing = [name for name in _CLIENT_METHODS if not hasattr(db_client, name)]
        if missing:
            raise ParameterCheckError(
                f"'db_client' of {self._name} must be a DbClient, but {repr_of(db_client)} lacks "
                f"{', '.join(missing)}"
            )
        self._client = db_client
        self._database = database
        self._schema = schema
        self._default_load_type = default_load_type

    def _add_handler(self, handler: DbTypeHandler[Any]) -> None:
        if not isinstance(handler, DbTypeHandler):
            raise ParameterCheckError(
                f"'type_handlers' of {self._name} must be objects of DbTypeHandler, not {repr_of(handler)}"
            )
        for each in handler.supported_types:
            if each in self._handlers:
                raise CheckError(
                    f"{self._name} has two handlers for the same type, '{_type_name(each)}': "
                    f"{type(self._handlers[each]).__name__} and {type(handler).__name__}. Remove one of them."
                )
            self._handlers[each] = handler

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Replace the rows of an output by those of `obj`, and add the table to the metadata.

        Raises:
            CheckError: There is no handler for the type, or the partitions are no slice of a table.
            DagflowInvariantViolationError: `obj` is None, or the handler returned something that is no
                metadata.
            ValueError: The metadata `partition_expr` does not have the column of the partitions.
        """
        if obj is None:
            if is_nothing(context):
                return
            raise DagflowInvariantViolationError(
                f"{value_name(context)} is None, an unexpected value that {self._name} cannot store in a "
                "table. If there is no value on purpose, annotate the function with '-> None'."
            )
        handler = self._handler(
            type(obj), f"Give a handler for this type to {self._name}, or convert the value."
        )
        table_slice = self._output_slice(context)
        with self._client.connect(context, table_slice) as connection:
            self._client.ensure_schema_exists(context, table_slice, connection)
            self._client.delete_table_slice(context, table_slice, connection)
            metadata = handler.handle_output(context, table_slice, obj, connection)
            refuse_coroutine(metadata, f"handle_output of {type(handler).__name__}")
            if metadata is not None and not isinstance(metadata, Mapping):
                raise DagflowInvariantViolationError(
                    f"handle_output of {type(handler).__name__} returned {repr_of(metadata)} for "
                    f"{value_name(context)}. Return a dict of metadata, or None."
                )
        context.add_output_metadata(
            {
                **(metadata or {}),
                "Query": MetadataValue.text(self._client.get_select_statement(table_slice)),
                system_tag("table_name"): MetadataValue.text(self._client.get_table_name(table_slice)),
            }
        )

    def load_input(self, context: InputContext) -> Any:
        """Return the value of an input, loaded by the handler of its type.

        Raises:
            CheckError: There is no handler for the type, or the partitions are no slice of a table.
            ValueError: The metadata `partition_expr` does not have the column of the partitions.
        """
        load_type = self._load_type(context)
        names = " or ".join(f"'{_type_name(each)}'" for each in self._handlers)
        handler = self._handler(load_type, f"Annotate the input with {names}." if names else "")
        table_slice = self._input_slice(context)
        with self._client.connect(context, table_slice) as connection:
            value = handler.load_input(context, table_slice, connection)
            refuse_coroutine(value, f"load_input of {type(handler).__name__}")
        return value

    def _load_type(self, context: InputContext) -> Any:
        dagflow_type = context._dagflow_type  # noqa: SLF001 - the public attribute raises if it is unknown
        annotation = Any if dagflow_type is None else _class_of(dagflow_type.typing_type)
        if annotation is not Any:
            return annotation
        if self._default_load_type is not None:
            return self._default_load_type
        return next(iter(self._handlers)) if len(self._handlers) == 1 else Any

    def _handler(self, wanted: Any, remedy: str) -> DbTypeHandler[Any]:
        """Return the handler of a type, or else of its nearest base class."""
        bases = wanted.__mro__ if isinstance(wanted, type) else (wanted,)
        for base in bases:
            if base in self._handlers:
                return self._handlers[base]
        for known, handler in self._handlers.items():  # a base class by registration, as of an ABC
            if isinstance(wanted, type) and isinstance(known, type) and issubclass(wanted, known):
                return handler
        names = ", ".join(f"'{_type_name(each)}'" for each in self._handlers)
        known_types = f"It has handlers for {names}. {remedy}" if names else "It has no handlers."
        raise CheckError(
            f"{self._name} does not have a handler for type '{_type_name(wanted)}'. {known_types.strip()}"
        )

    def _output_slice(self, context: OutputContext) -> TableSlice:
        return self._slice(context, context, context.definition_metadata, None)

    def _input_slice(self, context: InputContext) -> TableSlice:
        upstream = context.upstream_output
        if upstream is None and not context.has_asset_key:
            raise DagflowInvariantViolationError(
                f"input '{context.name}' reads no output of this run and no asset, so {self._name} has no "
                "table to load it from"
            )
        metadata = {} if upstream is None else upstream.definition_metadata
        columns = context.definition_metadata.get("columns")
        return self._slice(context, upstream, metadata, columns)

    def _slice(
        self,
        context: OutputContext | InputContext,
        output: OutputContext | None,
        metadata: Mapping[str, Any],
        columns: Sequence[str] | None,
    ) -> TableSlice:
        """Return the table slice of a context.

        Args:
            context: The context of the output or input.
            output: The context of the output that is stored or read, None if it is unknown.
            metadata: The metadata of the definition of the output.
            columns: The columns to load; None means all.
        """
        schema = metadata.get("schema") or self._schema
        if not context.has_asset_key:
            assert output is not None
            return TableSlice(output.name, schema or "public", self._database, columns, [])
        path = context.asset_key.path
        schema = schema or (path[-2] if len(path) > 1 else "public")
        dimensions = [*_dimensions(context, metadata)] if context.has_asset_partitions else []
        return TableSlice(path[-1], schema, self._database, columns, dimensions)


def _dimensions(
    context: OutputContext | InputContext, metadata: Mapping[str, Any]
) -> Iterator[TablePartitionDimension]:
    """Yield the partitions of a context along each dimension, in alphabetical order of the dimensions."""
    name = value_name(context)
    expression = metadata.get("partition_expr")
    if expression is None:
        raise ValueError(
            f"{name} has partitions, but its metadata has no 'partition_expr', so the column of the "
            'partitions is unknown. Write for example @asset(metadata={"partition_expr": "day"}).'
        )
    definition = context._partitions_def  # noqa: SLF001 - the public attribute raises if it is unknown
    keys = context.asset_partition_keys
    if not isinstance(definition, MultiPartitionsDefinition):
        _check_column(expression, name)
        yield TablePartitionDimension(expression, _partitions(context, definition, keys, name))
        return
    if not isinstance(expression, Mapping):
        raise ValueError(
            f"{name} has partitions of two dimensions, but the 'partition_expr' in its metadata is "
            f"{repr_of(expression)}. Write a dict with a column for each dimension: "
            f"{', '.join(definition.partition_dimension_names)}."
        )
    parts = [definition.get_partition_key_from_str(key).keys_by_dimension for key in keys]
    by_dimension = {
        dimension: list(dict.fromkeys(part[dimension] for part in parts))
        for dimension in definition.partition_dimension_names
    }
    if len(set(keys)) != prod(map(len, by_dimension.values())):
        raise CheckError(
            f"{name} has {len(keys)} partitions here, which are not all pairs of "
            + " and ".join(f"{len(each)} keys of '{name}'" for name, each in by_dimension.items())
            + ". Such partitions are no slice of a table."
        )
    for dimension, own in by_dimension.items():
        if expression.get(dimension) is None:
            raise ValueError(
                f"the 'partition_expr' in the metadata of {name} has no column for the dimension "
                f"'{dimension}', only for {sorted(map(str, expression))}. Add it."
            )
        _check_column(expression[dimension], name)
        of_dimension = definition.get_partitions_def_for_dimension(dimension)
        yield TablePartitionDimension(expression[dimension], _partitions(context, of_dimension, own, name))


def _check_column(expression: object, name: str) -> None:
    """Raise if the column of partitions is not a string, because it becomes a part of the SQL."""
    if not isinstance(expression, str):
        raise ValueError(
            f"the 'partition_expr' in the metadata of {name} has {repr_of(expression)} as the column of its "
            "partitions. Write a string: the column, or another SQL expression."
        )


def _partitions(
    context: OutputContext | InputContext,
    definition: PartitionsDefinition | None,
    keys: Sequence[str],
    name: str,
) -> TimeWindow | Sequence[str]:
    """Return partitions of one dimension: a time window if they are partitions of time, else the keys."""
    if not isinstance(definition, TimeWindowPartitionsDefinition) or not keys:
        return list(keys)
    get_instance = context._get_instance  # noqa: SLF001 - the public attribute raises if it is unknown
    found = range_of(keys, definition, name, None if get_instance is None else get_instance())
    first, last = map(definition.time_window_for_partition_key, found)
    return TimeWindow(first.start, last.end)


def static_where_clause(table_partition: TablePartitionDimension) -> str:
    """Return the SQL condition for the rows of partitions that are keys and no time window.

    Example:
        >>> static_where_clause(TablePartitionDimension("owner", ["O'Hara"]))
        "owner in ('O''Hara')"
    """
    keys = ", ".join(f"'{escape_sql_string_literal(key)}'" for key in table_partition.partitions)  # type: ignore[arg-type]
    return f"{table_partition.partition_expr} in ({keys})"


def escape_sql_string_literal(s: str) -> str:
    """Return a string for use between single quotes in SQL.

    Example:
        >>> escape_sql_string_literal("O'Hara")
        "O''Hara"
    """
    return s.replace("'", "''")


def _class_of(annotation: Any) -> Any:
    """Return the class of an annotation: `list` of `list[int]`, `int` of `int | None`."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        others = [each for each in get_args(annotation) if each is not type(None)]
        return _class_of(others[0]) if len(others) == 1 else annotation
    return origin if isinstance(origin, type) else annotation


def _type_name(each: Any) -> str:
    if not isinstance(each, type):
        return str(each)
    return each.__name__ if each.__module__ == "builtins" else f"{each.__module__}.{each.__qualname__}"
