"""The values in tables of a database: table slices, the order of calls, handlers, and metadata."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, Optional

import pytest

from dagflow import (
    AssetIn,
    AssetSpec,
    CheckError,
    DagflowInstance,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    IOManagerDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    Out,
    Output,
    ParameterCheckError,
    SpecificPartitionsPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindow,
    asset,
    build_input_context,
    build_output_context,
    job,
    materialize,
    op,
)
from dagflow.io.db import (
    DbClient,
    DbIOManager,
    DbTypeHandler,
    TablePartitionDimension,
    TableSlice,
    escape_sql_string_literal,
    static_where_clause,
)

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")
REGIONS = StaticPartitionsDefinition(["north", "south"])
BOTH = MultiPartitionsDefinition({"region": REGIONS, "day": DAYS})


class Client(DbClient):
    """A client that records its calls."""

    story: list[Any]

    def __init__(self) -> None:
        self.story = []

    @contextmanager
    def connect(self, context: Any, table_slice: TableSlice) -> Iterator[str]:
        self.story.append("connect")
        try:
            yield "connection"
        finally:
            self.story.append("close")

    def ensure_schema_exists(self, context: Any, table_slice: Any, connection: Any) -> None:
        self.story.append(f"schema {table_slice.schema} in {connection}")

    def delete_table_slice(self, context: Any, table_slice: Any, connection: Any) -> None:
        self.story.append(f"delete {table_slice.table} in {connection}")

    @staticmethod
    def get_select_statement(table_slice: TableSlice) -> str:
        return f"SELECT * FROM {table_slice.table}"


class Numbers(DbTypeHandler[int]):
    """A handler that records table slices."""

    supported_types = (int,)

    def __init__(self, returned: Any = None, types: Any = (int,), error: Exception | None = None) -> None:
        self.returned, self.supported_types, self.error = returned, types, error
        self.stored: list[TableSlice] = []
        self.loaded: list[TableSlice] = []

    def handle_output(self, context: Any, table_slice: TableSlice, obj: Any, connection: Any) -> Any:
        assert connection == "connection"
        if self.error is not None:
            raise self.error
        self.stored.append(table_slice)
        return self.returned

    def load_input(self, context: Any, table_slice: TableSlice, connection: Any) -> int:
        assert connection == "connection"
        self.loaded.append(table_slice)
        return 5


def manager_of(*handlers: DbTypeHandler[Any], client: Any = None, **options: Any) -> DbIOManager:
    """Build a manager for a database named shop."""
    return DbIOManager(
        **{"type_handlers": handlers, "db_client": client or Client(), "database": "shop", **options}
    )


def run(manager: DbIOManager, *assets: Any, only: Any = None, **options: Any) -> Any:
    """Materialize assets with an I/O manager."""
    return materialize(assets, resources={"io_manager": manager}, selection=only, **options)


@asset(key_prefix=["cafe", "bar"])
def beans() -> int:
    return 1


@asset
def coffee(beans: int) -> int:
    return beans


@asset(partitions_def=DAYS, metadata={"partition_expr": "day"})
def sales() -> int:
    return 1


@asset
def total(sales: int) -> int:
    return sales


def test_a_write_and_a_read() -> None:
    """A write connects, makes the schema, deletes the slice and stores; a read connects and loads."""
    client, handler = Client(), Numbers()

    assert run(manager_of(handler, client=client), beans, coffee).output_for_node("coffee") == 5
    write = ["connect", "schema bar in connection", "delete beans in connection", "close"]
    assert client.story[:6] == [*write, "connect", "close"]
    assert handler.stored == [
        TableSlice("beans", "bar", "shop", None, []),
        TableSlice("coffee", "public", "shop", None, []),
    ]
    assert handler.loaded == [TableSlice("beans", "bar", "shop", None, [])]


@pytest.mark.parametrize(
    ("metadata", "schema", "expected"),
    [({}, None, "bar"), ({}, "own", "own"), ({"schema": "wanted"}, "own", "wanted")],
)
def test_the_schema_of_an_asset(metadata: Any, schema: Any, expected: str) -> None:
    """The schema is that of the metadata, else of the manager, else the part before the last one."""
    handler = Numbers()

    @asset(key_prefix=["cafe", "bar"], metadata={**metadata, "table": "ignored"})
    def milk() -> int:
        return 1

    run(manager_of(handler, schema=schema), milk)
    assert handler.stored == [TableSlice("milk", expected, "shop", None, [])]


def test_outputs_that_are_no_assets() -> None:
    """The table of another output has its name; its schema is that of the Out, of the manager, or public."""
    handler = Numbers()

    @op(out={"first": Out(int, metadata={"schema": "wanted"}), "second": Out(int)})
    def two() -> Any:
        return 1, 2

    @op
    def read(value: int) -> None:
        pass

    manager = IOManagerDefinition.hardcoded_io_manager(manager_of(handler))

    @job(resource_defs={"io_manager": manager})
    def cafe() -> None:
        read(two()[0])

    assert cafe.execute_in_process().success
    assert [each[:3] for each in handler.stored] == [
        ("first", "wanted", "shop"),
        ("second", "public", "shop"),
    ]
    assert handler.loaded == [TableSlice("first", "wanted", "shop", None, [])]


def test_columns_of_an_input() -> None:
    """The columns are those of the metadata of the input, whose schema has no meaning."""
    handler = Numbers()

    @asset(ins={"beans": AssetIn(["cafe", "bar", "beans"], metadata={"columns": ["kind"], "schema": "x"})})
    def kinds(beans: int) -> int:
        return beans

    run(manager_of(handler), beans, kinds, only=[kinds])
    assert handler.loaded == [TableSlice("beans", "bar", "shop", ["kind"], [])]


def test_metadata_of_yielded_outputs_has_no_influence() -> None:
    """Only the metadata of the definition influences the slice."""
    handler = Numbers()

    @asset
    def water() -> Iterator[Output[int]]:
        yield Output(1, metadata={"schema": "x", "partition_expr": "y"})

    run(manager_of(handler), water)
    assert handler.stored == [TableSlice("water", "public", "shop", None, [])]


def test_an_external_asset() -> None:
    """The table of an external asset is that of its key and metadata."""
    handler = Numbers()
    menu = AssetSpec(["old", "menu"], metadata={"schema": "wanted"})

    @asset
    def copy(menu: int) -> int:
        return menu

    run(manager_of(handler), menu, copy)
    assert handler.loaded == [TableSlice("menu", "wanted", "shop", None, [])]


def test_partitions_of_time() -> None:
    """Partitions of time are one time window: of one key, and of adjacent keys."""
    handler = Numbers()
    manager = manager_of(handler)

    run(manager, sales, partition_key="2024-01-02")
    run(manager, sales, total, only=[total])

    def window(first: int, last: int) -> list[TablePartitionDimension]:
        ends = [datetime(2024, 1, day, tzinfo=timezone.utc) for day in (first, last)]
        return [TablePartitionDimension("day", TimeWindow(*ends))]

    assert handler.stored[0].partition_dimensions == window(2, 3)
    assert handler.loaded[0].partition_dimensions == window(1, 4)


def test_partitions_of_time_that_are_not_adjacent() -> None:
    """Partitions of time with a gap between them are no slice."""

    @asset(
        ins={
            "sales": AssetIn(
                partition_mapping=SpecificPartitionsPartitionMapping(["2024-01-01", "2024-01-03"])
            )
        }
    )
    def odd(sales: int) -> int:
        return sales

    with pytest.raises(CheckError, match="'2024-01-01', '2024-01-03', which are not one range"):
        run(manager_of(Numbers()), sales, odd, only=[odd])


def test_no_partitions() -> None:
    """An input of no partitions has a slice of no keys."""
    handler = Numbers()

    @asset(ins={"sales": AssetIn(partition_mapping=SpecificPartitionsPartitionMapping([]))})
    def nothing(sales: int) -> int:
        return sales

    run(manager_of(handler), sales, nothing, only=[nothing])
    assert handler.loaded[0].partition_dimensions == [TablePartitionDimension("day", [])]


@pytest.mark.parametrize("dynamic", [False, True])
def test_partitions_with_keys(dynamic: bool) -> None:
    """Static and dynamic partitions are the list of their keys."""
    handler = Numbers()
    manager = manager_of(handler)
    definition = DynamicPartitionsDefinition(name="regions") if dynamic else REGIONS

    @asset(partitions_def=definition, metadata={"partition_expr": "region"})
    def shops() -> int:
        return 1

    @asset
    def count(shops: int) -> int:
        return shops

    with DagflowInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("regions", ["north", "south"])
        run(manager, shops, partition_key="south", instance=instance)
        run(manager, shops, count, only=[count], instance=instance)
    assert handler.stored[0].partition_dimensions == [TablePartitionDimension("region", ["south"])]
    assert handler.loaded[0].partition_dimensions == [TablePartitionDimension("region", ["north", "south"])]


def test_partitions_of_two_dimensions() -> None:
    """Multi-partitions have one item for each dimension, in alphabetical order."""
    handler = Numbers()

    @asset(partitions_def=BOTH, metadata={"partition_expr": {"region": "r", "day": "d"}})
    def cube() -> int:
        return 1

    run(manager_of(handler), cube, partition_key=MultiPartitionKey({"region": "south", "day": "2024-01-02"}))
    days, regions = handler.stored[0].partition_dimensions or ()
    assert (days.partition_expr, days.partitions.start.day) == ("d", 2)
    assert regions == TablePartitionDimension("r", ["south"])


def test_pairs_that_are_no_product() -> None:
    """Multi-partitions that are not all pairs of their parts are no slice of a table."""

    @asset(partitions_def=BOTH, metadata={"partition_expr": {"region": "r", "day": "d"}})
    def cube() -> int:
        return 1

    pairs = ["2024-01-01|north", "2024-01-02|south"]

    @asset(ins={"cube": AssetIn(partition_mapping=SpecificPartitionsPartitionMapping(pairs))})
    def some(cube: int) -> int:
        return cube

    with pytest.raises(CheckError, match="2 partitions here, which are not all pairs of 2 keys of 'day'"):
        run(manager_of(Numbers()), cube, some, only=[some])


@pytest.mark.parametrize(
    ("definition", "expression", "message"),
    [
        (DAYS, None, "asset 'cube' has partitions, but its metadata has no 'partition_expr'"),
        (BOTH, "day", "Write a dict with a column for each dimension: day, region."),
        (BOTH, {"day": "d"}, "has no column for the dimension 'region'"),
        (DAYS, 3, "asset 'cube' has 3 as the column"),
        (DAYS, {"day": "d"}, "as the column of its partitions. Write a string"),
        (BOTH, {"day": "d", "region": 3}, "asset 'cube' has 3 as the column"),
    ],
)
def test_the_column_of_partitions_is_unknown(definition: Any, expression: Any, message: str) -> None:
    """A partitioned asset without the column of its partitions is refused before it connects."""
    client = Client()
    metadata = {} if expression is None else {"partition_expr": expression}

    @asset(name="cube", partitions_def=definition, metadata=metadata)
    def cube() -> int:
        return 1

    key = "2024-01-01" if definition is DAYS else "2024-01-01|north"
    with pytest.raises(ValueError, match=message):
        run(manager_of(Numbers(), client=client), cube, partition_key=key)
    assert client.story == []


def test_metadata() -> None:
    """The materialization has the metadata of the handler, the query and the name of the table."""
    result = run(manager_of(Numbers({"rows": 1, "Query": "other"})), beans)

    (event,) = result.filter_events(lambda event: event.is_step_materialization)
    values = {key: value.value for key, value in event.materialization.metadata.items()}
    assert values == {"rows": 1, "Query": "SELECT * FROM beans", "dagflow/table_name": "shop.bar.beans"}


@pytest.mark.parametrize("returned", [7, [1], "text"])
def test_a_handler_that_returns_no_metadata(returned: Any) -> None:
    """A handler that returns anything but a dict is named; the connection is closed."""
    client = Client()

    with pytest.raises(
        DagflowInvariantViolationError, match=r"handle_output of Numbers returned .* for asset"
    ):
        run(manager_of(Numbers(returned), client=client), beans)
    assert client.story[-1] == "close"


def test_an_async_handler() -> None:
    """A handler that is async is refused, because its body would not run."""

    class Async(Numbers):
        async def handle_output(self, *args: Any) -> None:
            pass

    with pytest.raises(DagflowInvariantViolationError, match="handle_output of Async is async"):
        run(manager_of(Async()), beans)


def test_a_handler_that_raises() -> None:
    """The error of a handler is the error of the run, and the connection is closed."""
    client = Client()

    with pytest.raises(OSError, match="disk full"):
        run(manager_of(Numbers(error=OSError("disk full")), client=client), beans)
    assert client.story[-1] == "close"


def test_two_handlers_for_one_type() -> None:
    """Two handlers for one type are refused by name."""

    class Others(Numbers):
        pass

    with pytest.raises(CheckError, match="two handlers for the same type, 'int': Numbers and Others"):
        manager_of(Numbers(), Others())


def test_wrong_parts() -> None:
    """A handler or client that lacks methods is refused."""
    with pytest.raises(ParameterCheckError, match="'type_handlers' of DbIOManager must be objects"):
        manager_of(3)
    with pytest.raises(ParameterCheckError, match="must be a DbClient, but 3 lacks connect, delete_table"):
        manager_of(client=3)
    with pytest.raises(TypeError, match="abstract"):
        DbTypeHandler()


@pytest.mark.parametrize(
    "method", ["connect", "delete_table_slice", "ensure_schema_exists", "get_select_statement"]
)
def test_a_client_without_sql(method: str) -> None:
    """A method that a client does not define names itself."""
    count = 1 if method == "get_select_statement" else 2 if method == "connect" else 3

    with pytest.raises(NotImplementedError, match=f"must define {method}"):
        getattr(DbClient, method)(*[None] * count)


class Base(ABC):  # noqa: B024 - only its subclasses by registration matter
    """A base class."""


class Derived(Base):
    """A subclass."""


class Registered:
    """A subclass by registration."""


Base.register(Registered)


def test_the_handler_of_a_value() -> None:
    """The handler is that of the exact type, else of the nearest base class."""
    bases, numbers, booleans = Numbers(types=[Base]), Numbers(), Numbers(types=[bool])

    def stored(value: Any, *handlers: Numbers) -> list[int]:
        counts = [len(each.stored) for each in handlers]
        context = build_output_context(asset_key="a")
        manager_of(*handlers).handle_output(context, value)
        return [len(each.stored) - count for each, count in zip(handlers, counts, strict=True)]

    assert stored(True, numbers) == [1]
    assert stored(True, numbers, booleans) == [0, 1]
    assert stored(Derived(), numbers, bases) == [0, 1]
    assert stored(Registered(), bases) == [1]


def test_no_handler_for_a_value() -> None:
    """An output without handler names the manager, the type and the known types."""

    @asset
    def milk() -> float:
        return 1.5

    text = "^Tables does not have a handler for type 'float'. It has handlers for 'int'. Give a handler"
    with pytest.raises(CheckError, match=text):
        run(manager_of(Numbers(), io_manager_name="Tables"), milk)
    with pytest.raises(CheckError, match=r"It has no handlers.$"):
        run(manager_of(), milk)


def test_an_output_of_nothing() -> None:
    """None is refused, unless the output is of type Nothing, which is not stored."""

    @asset
    def forgotten():
        pass

    @asset
    def nothing() -> None:
        pass

    client = Client()
    with pytest.raises(DagflowInvariantViolationError, match=r"asset 'forgotten' is None.*'-> None'"):
        run(manager_of(Numbers(), client=client), forgotten)
    assert run(manager_of(Numbers(), client=client), nothing).success
    assert client.story == []


def loaded_by(annotation: Any, *types: Any, default: Any = None) -> list[Any]:
    """Load an input with a handler for each type; return the types whose handlers were called."""
    handlers = [Numbers(types=[each]) for each in types]
    context = build_input_context(asset_key="a", dagflow_type=annotation)
    manager_of(*handlers, default_load_type=default).load_input(context)
    return [each for each, handler in zip(types, handlers, strict=True) if handler.loaded]


def test_the_type_of_an_input() -> None:
    """The annotation has the type; without one it is the default, or the only one."""
    assert loaded_by(int, int, str) == [int]
    assert loaded_by(bool, int, str) == [int]
    assert loaded_by(list[int], list, str) == [list]
    assert loaded_by(Optional[int], int, str) == [int]  # noqa: UP045
    assert loaded_by(Any, int) == [int]
    assert loaded_by(None, int) == [int]
    assert loaded_by(Any, int, str, default=str) == [str]


def test_an_input_without_type() -> None:
    """Without a type that has a handler, the error asks for an annotation."""
    with pytest.raises(CheckError, match="Annotate the input with 'int' or 'str'"):
        loaded_by(Any, int, str)
    with pytest.raises(CheckError, match=r"type 'float'. It has handlers for 'int'"):
        loaded_by(float, int)
    with pytest.raises(CheckError, match=r"for type '(typing.Union|int \| str)"):
        loaded_by(int | str, int, str)


def test_contexts_that_are_built_directly() -> None:
    """Values are stored and loaded with contexts that are built directly."""
    handler = Numbers()
    manager = manager_of(handler)

    manager.handle_output(build_output_context(asset_key=["bar", "a"]), 1)
    assert manager.load_input(build_input_context(asset_key=["bar", "a"])) == 5
    assert handler.stored == handler.loaded == [TableSlice("a", "bar", "shop", None, [])]
    with pytest.raises(DagflowInvariantViolationError, match="input 'a' reads no output of this run"):
        manager.load_input(build_input_context("a"))


def test_load_asset_value() -> None:
    """A value is loaded without a run, of one partition or of all."""
    handler = Numbers()
    defs = Definitions([sales], resources={"io_manager": manager_of(handler)})

    assert defs.load_asset_value("sales", python_type=int, partition_key="2024-01-02") == 5
    assert defs.load_asset_value("sales", python_type=int) == 5
    one, every = handler.loaded
    assert len(one.partition_dimensions or ()) == 1
    assert every.partition_dimensions == []


def test_sql() -> None:
    """Keys are quoted in a condition, and the parts of a name are joined by dots."""
    assert escape_sql_string_literal("a''b") == "a''''b"
    assert static_where_clause(TablePartitionDimension("c", ["a", "o'b"])) == "c in ('a', 'o''b')"
    assert static_where_clause(TablePartitionDimension("c", [])) == "c in ()"
    assert DbClient.get_table_name(TableSlice("t", "s")) == "s.t"
    assert DbClient.get_table_name(TableSlice("t", "s", "d")) == "d.s.t"
