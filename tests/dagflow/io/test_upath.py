"""The values at paths of their own: paths, partitions, async functions, and writes that fail."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    AssetIn,
    AssetKey,
    CheckError,
    ConfigurableIOManager,
    DagflowInvariantViolationError,
    DagflowTypeCheckDidNotPass,
    DailyPartitionsDefinition,
    DynamicOut,
    DynamicOutput,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    Nothing,
    ParameterCheckError,
    PartitionKeyRange,
    SpecificPartitionsPartitionMapping,
    StaticPartitionsDefinition,
    UPathIOManager,
    asset,
    build_input_context,
    build_output_context,
    job,
    materialize,
    op,
)

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")
AWKWARD = [
    "../../x",
    "/etc/x",
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "nul\0byte",
    "x" * 300,
    "\ud800",
    ".hidden",
    "%",
]


class JsonFiles(UPathIOManager):
    """An I/O manager that stores values as JSON."""

    extension = ".json"

    def dump_to_path(self, context, obj, path):
        path.write_text(json.dumps(obj))

    def load_from_path(self, context, path):
        return json.loads(path.read_text())


class PlainFiles(JsonFiles):
    """An I/O manager whose files have no extension."""

    extension = None


class AsyncJsonFiles(JsonFiles):
    """An I/O manager that loads values when all loads have begun."""

    def __init__(self, base_path, together=0):
        super().__init__(base_path)
        self.together, self.begun = together, 0

    async def load_from_path(self, context, path):
        self.begun += 1
        while self.begun < self.together:
            await asyncio.sleep(0)
        return json.loads(path.read_text())


class Half(JsonFiles):
    """An I/O manager that fails after half of the value is written."""

    def dump_to_path(self, context, obj, path):
        path.write_text('{"hal')
        raise OSError("the disk is full")


@asset(partitions_def=DAYS)
def sales(context):
    return context.partition_key


@asset
def report(sales):
    return sales


@asset(ins={"sales": AssetIn(metadata={"allow_missing_partitions": True})})
def partial_report(sales):
    return sales


@asset(partitions_def=DAYS)
def summary(sales):
    return sales


@asset(partitions_def=DAYS, ins={"sales": AssetIn(metadata={"allow_missing_partitions": True})})
def partial_summary(sales):
    return sales


def run(manager, *assets, only=None, **options):
    """Materialize assets with an I/O manager."""
    return materialize(assets, resources={"io_manager": manager}, selection=only, **options)


def store_days(manager, *days):
    """Materialize partitions of the sales."""
    for day in days:
        run(manager, sales, partition_key=f"2024-01-0{day}")


def files_in(folder):
    """Return the relative paths of all files in a folder, and of all empty folders."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() or not any(path.iterdir())
    )


def test_paths_of_assets_and_ops(tmp_path):
    """The path of an asset is its key and partition, of another output its run, step, name and mapping."""
    manager = JsonFiles(tmp_path)

    @asset(key_prefix=["shop", "bar"])
    def water():
        return 1

    @op(out=DynamicOut())
    def cups():
        yield DynamicOutput(1, "a")

    @op
    def fill(cup):
        return cup

    @job(resource_defs={"io_manager": manager})
    def service():
        cups().map(fill)

    run(manager, water)
    store_days(manager, 2)
    run_id = service.execute_in_process().run_id

    assert files_in(tmp_path) == sorted([
        "shop/bar/water.json",
        "sales/2024-01-02.json",
        f"{run_id}/cups/result/a.json",
        f"{run_id}/fill[a]/result.json",
    ])  # fmt: skip


def test_metadata_of_none(tmp_path):
    """The path of a None is no metadata, but the metadata of the subclass is."""

    class Counted(JsonFiles):
        def get_metadata(self, context, obj):
            return {"size": 0}

    @asset
    def water():
        return None

    result = run(Counted(tmp_path), water)
    (event,) = result.filter_events(lambda event: event.is_step_materialization)
    assert list(event.materialization.metadata) == ["size"]
    assert files_in(tmp_path) == ["water.json"]


def test_path_of_two_dimensions(tmp_path):
    """A multi-partition has a folder for each dimension, in alphabetical order of the dimensions."""
    grid = MultiPartitionsDefinition({"region": StaticPartitionsDefinition(["a/b"]), "day": DAYS})

    @asset(partitions_def=grid)
    def stock(context):
        return str(context.partition_key)

    @asset(partitions_def=grid)
    def order(stock):
        return stock

    key = MultiPartitionKey({"region": "a/b", "day": "2024-01-01"})
    result = run(JsonFiles(tmp_path), stock, order, partition_key=key)

    assert result.asset_value("order") == "2024-01-01|a/b"
    assert files_in(tmp_path) == ["order/2024-01-01/a%2Fb.json", "stock/2024-01-01/a%2Fb.json"]


def test_path_of_a_plain_string_in_two_dimensions(tmp_path):
    """A multi-partition key that is a plain string has the same path."""
    grid = MultiPartitionsDefinition({"region": StaticPartitionsDefinition(["n"]), "day": DAYS})
    context = build_output_context(asset_key="stock", partition_key="2024-01-01|n", asset_partitions_def=grid)

    assert JsonFiles(tmp_path).get_path(context) == tmp_path / "stock" / "2024-01-01" / "n.json"


@pytest.mark.parametrize("key", AWKWARD)
def test_no_key_leads_out_of_the_folder(key, tmp_path):
    """No part of an asset key, partition or step leads out of the folder, and all values can be loaded."""
    manager = JsonFiles(tmp_path / "in" / "here")
    outputs = [
        build_output_context(asset_key=AssetKey([key])),
        build_output_context(asset_key="parted", partition_key=key),
        build_output_context(asset_key=AssetKey(["deep", key, "end"])),
        build_output_context(step_key=key, name="result", run_id="r"),
    ]

    for number, context in enumerate(outputs):
        manager.handle_output(context, number)

    assert len(files_in(tmp_path / "in" / "here")) == 4
    assert len(files_in(tmp_path)) == 4
    inputs = [
        build_input_context(asset_key=AssetKey([key])),
        build_input_context(asset_key="parted", partition_key=key),
        build_input_context(asset_key=AssetKey(["deep", key, "end"])),
        build_input_context(upstream_output=outputs[3]),
    ]
    assert [manager.load_input(context) for context in inputs] == [0, 1, 2, 3]


@given(
    st.lists(st.text() | st.text(st.sampled_from("a/.%"), max_size=4), min_size=2, max_size=2, unique=True),
    st.booleans(),
)
def test_two_partitions_never_share_a_path(keys, has_extension):
    """Different partitions have different paths, all below the folder of the asset."""
    manager = JsonFiles(Path("base")) if has_extension else PlainFiles(Path("base"))
    first, second = (manager.get_path(build_output_context(asset_key="a", partition_key=key)) for key in keys)

    assert first != second
    for path in (first, second):
        assert os.path.normpath(path) == str(path)
        assert path.parts[:2] == ("base", "a")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("2024/01/02", "2024/01/02.json"),
        ("a.b", "a.b.json"),
        ("2024-01-01-00:00", "2024-01-01-00:00.json"),
        ("/a", "%2Fa.json"),
        ("..", "...json"),
        (".", "%2E.json"),
        ("x/..", "x/...json"),
        ("a/../b", "a/%2E%2E/b.json"),
        ("a//b", "a/%2Fb.json"),
        ("a/", "a/%2F.json"),
    ],
)
def test_paths_of_partition_keys(key, path):
    """A slash in a key separates folders, and no name is special to the filesystem."""
    context = build_output_context(asset_key="n", partition_key=key)

    assert JsonFiles(Path("base")).get_path(context).as_posix() == f"base/n/{path}"


def test_dots_without_an_extension():
    """A file name of dots is escaped if no extension follows."""
    context = build_output_context(asset_key="n", partition_key="..")

    assert PlainFiles(Path("base")).get_path(context) == Path("base/n/%2E%2E")


def test_paths_of_a_subclass(tmp_path):
    """A subclass decides the paths of assets, of partitions and of other outputs."""

    class Own(JsonFiles):
        def get_asset_relative_path(self, context):
            return Path("assets") / super().get_asset_relative_path(context)

        def get_op_output_relative_path(self, context):
            return Path("ops", context.step_key)

        def get_path_for_partition(self, context, path, partition):
            return path / f"day={partition}"

    manager = Own(tmp_path)
    outputs = [
        build_output_context(asset_key="tea", partition_key="2024-01-01"),
        build_output_context(step_key="brew", name="result", run_id="r"),
    ]

    assert [manager.get_path(context).relative_to(tmp_path).as_posix() for context in outputs] == [
        "assets/tea/day=2024-01-01.json",
        "ops/brew.json",
    ]


def test_metadata(tmp_path):
    """The materialization has the path, and the metadata of the subclass, which may replace the path."""

    class Counted(JsonFiles):
        def get_metadata(self, context, obj):
            return {"size": len(obj)} if obj != "gone" else {"path": "elsewhere"}

    @asset
    def jam():
        return "plum"

    @asset
    def tin():
        return "gone"

    result = run(Counted(tmp_path), jam, tin)
    first, second = (result.asset_materializations_for_node(name)[0].metadata for name in ("jam", "tin"))

    assert {name: value.value for name, value in first.items()} == {
        "path": str(tmp_path / "jam.json"),
        "size": 4,
    }
    assert second["path"].value == "elsewhere"


def test_none_is_a_value_and_nothing_is_not(tmp_path):
    """None is stored unless the output is of type Nothing, which is not stored and is loaded as None."""

    @asset
    def empty():
        return None

    @asset
    def absent() -> None:
        return None

    @asset
    def reader(absent, empty):
        return [absent, empty]

    result = run(JsonFiles(tmp_path), empty, absent, reader)

    assert result.asset_value("reader") == [None, None]
    assert files_in(tmp_path) == ["empty.json", "reader.json"]


def test_nothing_in_direct_calls(tmp_path):
    """A direct call neither stores nor loads an output of type Nothing."""
    manager = JsonFiles(tmp_path)
    output = build_output_context(asset_key="absent", dagflow_type=Nothing)

    manager.handle_output(output, None)

    assert manager.load_input(build_input_context(asset_key="absent", upstream_output=output)) is None
    assert files_in(tmp_path) == []


def test_has_output(tmp_path):
    """has_output is true once the value of the output is stored."""
    manager, context = JsonFiles(tmp_path), build_output_context(asset_key="jam")
    before = manager.has_output(context)

    manager.handle_output(context, 1)

    assert (before, manager.has_output(context)) == (False, True)


def test_several_partitions_are_a_dict(tmp_path):
    """Several partitions are loaded in order as a dict, one as its value."""
    manager = JsonFiles(tmp_path)
    store_days(manager, 3, 1, 2)

    whole = run(manager, report, sales, only="report").asset_value("report")
    one = run(manager, summary, sales, only="summary", partition_key="2024-01-02")

    assert list(whole.items()) == [(day, day) for day in ("2024-01-01", "2024-01-02", "2024-01-03")]
    assert one.asset_value("summary") == "2024-01-02"


def test_no_partitions(tmp_path):
    """An input of no partitions is None."""

    @asset(ins={"sales": AssetIn(partition_mapping=SpecificPartitionsPartitionMapping([]))})
    def closed(sales):
        return [sales]

    result = run(JsonFiles(tmp_path), closed, sales, only="closed")

    assert result.asset_value("closed") == [None]


def test_a_missing_partition(tmp_path):
    """A partition without a value is an error that names asset, partition and path."""
    manager = JsonFiles(tmp_path)
    store_days(manager, 1, 3)

    with pytest.raises(FileNotFoundError) as raised:
        run(manager, report, sales, only="report")

    path = tmp_path / "sales" / "2024-01-02.json"
    assert f"no value of asset 'sales', partition '2024-01-02', is stored at '{path}'" in str(raised.value)


def test_missing_partitions_are_allowed(tmp_path):
    """With allow_missing_partitions, missing partitions are left out, and a single one is None."""
    manager = JsonFiles(tmp_path)
    store_days(manager, 1, 3)

    some = run(manager, partial_report, sales, only="partial_report")
    single = run(manager, partial_summary, sales, only="partial_summary", partition_key="2024-01-02")

    assert some.asset_value("partial_report") == {"2024-01-01": "2024-01-01", "2024-01-03": "2024-01-03"}
    assert single.asset_value("partial_summary") is None


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_stored_partition_is_not_missing(kind, tmp_path):
    """With allow_missing_partitions, a load of a stored partition that lacks another file still fails."""

    class Linked(JsonFiles):
        def load_from_path(self, context, path):
            return (path.parent / "other").read_text()

    class AsyncLinked(JsonFiles):
        async def load_from_path(self, context, path):
            return (path.parent / "other").read_text()

    manager = {"plain": Linked, "async": AsyncLinked}[kind](tmp_path)
    store_days(manager, 1)

    with pytest.raises((FileNotFoundError, RuntimeError), match="other"):
        run(manager, partial_report, sales, only="partial_report")


def test_types_of_several_partitions(tmp_path):
    """Several partitions pass the check of a dict type, and of no other type."""
    manager = JsonFiles(tmp_path)
    store_days(manager, 1, 2, 3)

    @asset
    def typed(sales: dict[str, str]):
        return len(sales)

    @asset
    def wrong(sales: str):
        return sales

    assert run(manager, typed, sales, only="typed").asset_value("typed") == 3
    with pytest.raises(DagflowTypeCheckDidNotPass):
        run(manager, wrong, sales, only="wrong")


def test_output_of_several_partitions(tmp_path):
    """An output of several partitions is refused, with the class and the likely cause."""
    context = build_output_context(
        asset_key="sales",
        asset_partitions_def=DAYS,
        asset_partition_key_range=PartitionKeyRange("2024-01-01", "2024-01-02"),
    )

    with pytest.raises(CheckError, match=r"JsonFiles stores one partition .* 2 partitions of .* single run"):
        JsonFiles(tmp_path).handle_output(context, 1)
    assert files_in(tmp_path) == []


def test_async_loads_run_together(tmp_path):
    """An async load_from_path loads all partitions at the same time."""
    manager = AsyncJsonFiles(tmp_path, together=3)
    store_days(JsonFiles(tmp_path), 3, 1, 2)

    whole = run(manager, report, sales, only="report").asset_value("report")

    assert list(whole) == list(whole.values()) == ["2024-01-01", "2024-01-02", "2024-01-03"]


def test_async_load_of_one_partition(tmp_path):
    """An async load_from_path loads one partition as a dict too, and a plain value as it is."""
    manager = AsyncJsonFiles(tmp_path)
    store_days(JsonFiles(tmp_path), 2)

    @asset
    def jam():
        return "plum"

    one = run(manager, summary, sales, only="summary", partition_key="2024-01-02")
    plain = run(manager, jam)

    written = tmp_path / "summary" / "2024-01-02.json"
    assert one.success
    assert json.loads(written.read_text()) == {"2024-01-02": "2024-01-02"}
    assert plain.asset_value("jam") == "plum"


def test_async_loads_that_fail(tmp_path):
    """The error of async loads has the number of failed partitions, and the first of them."""
    store_days(JsonFiles(tmp_path), 1)

    with pytest.raises(RuntimeError, match=r"2 partitions could not be loaded.*'2024-01-02'") as raised:
        run(AsyncJsonFiles(tmp_path), report, sales, only="report")
    assert isinstance(raised.value.__cause__, FileNotFoundError)


def test_async_loads_of_missing_partitions(tmp_path):
    """With allow_missing_partitions, async loads leave out missing partitions."""
    manager = AsyncJsonFiles(tmp_path)
    store_days(JsonFiles(tmp_path), 3)

    some = run(manager, partial_report, sales, only="partial_report")

    assert some.asset_value("partial_report") == {"2024-01-03": "2024-01-03"}


@pytest.mark.not_in_wasm("starts a thread")
def test_async_functions_in_a_running_loop(tmp_path):
    """Async loads and writes work in a run that is started inside of a running event loop."""
    store_days(JsonFiles(tmp_path), 1, 2, 3)

    async def start():
        return run(AsyncJsonFiles(tmp_path, together=3), report, sales, only="report").asset_value("report")

    assert len(asyncio.run(start())) == 3


def test_async_write(tmp_path):
    """An async dump_to_path is awaited."""

    class AsyncWrites(JsonFiles):
        async def dump_to_path(self, context, obj, path):
            await asyncio.sleep(0)
            path.write_text(json.dumps(obj))

    store_days(AsyncWrites(tmp_path), 1)

    assert files_in(tmp_path) == ["sales/2024-01-01.json"]


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_generator_write(kind, tmp_path):
    """A dump_to_path that is a generator is refused, because its body would not run."""

    class Yields(JsonFiles):
        def dump_to_path(self, context, obj, path):
            yield

    class AsyncYields(JsonFiles):
        async def dump_to_path(self, context, obj, path):
            yield

    manager = {"plain": Yields, "async": AsyncYields}[kind](tmp_path)

    with pytest.raises(DagflowInvariantViolationError, match="is a generator"):
        manager.handle_output(build_output_context(asset_key="jam"), 1)


def test_a_failed_write_leaves_the_old_value(tmp_path):
    """A write that fails leaves the old value, no part of the new one, and no other file."""
    store_days(JsonFiles(tmp_path), 1)

    with pytest.raises(OSError, match="the disk is full"):
        store_days(Half(tmp_path), 1)
    with pytest.raises(OSError, match="the disk is full"):
        store_days(Half(tmp_path), 2)

    assert files_in(tmp_path) == ["sales/2024-01-01.json"]
    assert json.loads((tmp_path / "sales" / "2024-01-01.json").read_text()) == "2024-01-01"


@pytest.mark.not_in_wasm("starts a process")
def test_a_process_that_dies_leaves_the_old_value(tmp_path):
    """A process that dies during a write leaves the old value."""
    program = """
import os, sys
from pathlib import Path
from dagflow import UPathIOManager, build_output_context

class Dies(UPathIOManager):
    extension = ".json"
    def dump_to_path(self, context, obj, path):
        path.write_text("[1, ")
        os._exit(9)
    def load_from_path(self, context, path):
        return None

Dies(Path(sys.argv[1])).handle_output(build_output_context(asset_key="jam"), 2)
"""
    manager = JsonFiles(tmp_path)
    manager.handle_output(build_output_context(asset_key="jam"), "old")

    died = subprocess.run([sys.executable, "-c", program, tmp_path], check=False, timeout=60)

    assert died.returncode == 9
    assert manager.load_input(build_input_context(asset_key="jam")) == "old"


def test_a_file_with_companions(tmp_path):
    """All files that dump_to_path writes beside its path are kept."""

    class Described(JsonFiles):
        def dump_to_path(self, context, obj, path):
            super().dump_to_path(context, obj, path)
            path.with_suffix(".txt").write_text("a number")

    Described(tmp_path).handle_output(build_output_context(asset_key="jam"), 1)

    assert files_in(tmp_path) == ["jam.json", "jam.txt"]


def test_a_value_that_is_a_folder(tmp_path):
    """A value may be a folder. The next write changes this folder in place."""

    class Folders(JsonFiles):
        extension = ""

        def dump_to_path(self, context, obj, path):
            path.mkdir(exist_ok=True)
            (path / obj).write_text("")

        def load_from_path(self, context, path):
            return files_in(path)

    manager = Folders(tmp_path)
    manager.handle_output(build_output_context(asset_key="table"), "first")
    manager.handle_output(build_output_context(asset_key="table"), "second")

    assert manager.load_input(build_input_context(asset_key="table")) == ["first", "second"]


def test_writes_in_place(tmp_path):
    """With writes_in_place, dump_to_path gets the final path and can append to the stored value."""

    class Log(JsonFiles):
        writes_in_place = True

        def dump_to_path(self, context, obj, path):
            with path.open("a") as file:
                file.write(obj)

        def load_from_path(self, context, path):
            return path.read_text()

    manager = Log(tmp_path)
    manager.handle_output(build_output_context(asset_key=AssetKey(["a", "b"])), "x")
    manager.handle_output(build_output_context(asset_key=AssetKey(["a", "b"])), "y")

    assert manager.load_input(build_input_context(asset_key=AssetKey(["a", "b"]))) == "xy"


def test_an_asset_becomes_partitioned(tmp_path):
    """Without extension, the first partition replaces the file that the asset had without partitions."""

    class Bare(JsonFiles):
        extension = None

    class BareHalf(Half):
        extension = None

    manager = Bare(tmp_path)
    manager.handle_output(build_output_context(asset_key="sales"), "old")
    with pytest.raises(OSError, match="the disk is full"):
        store_days(BareHalf(tmp_path), 1)
    assert files_in(tmp_path) == ["sales"]

    store_days(manager, 1)

    assert files_in(tmp_path) == ["sales/2024-01-01"]
    with pytest.raises(IsADirectoryError):
        manager.handle_output(build_output_context(asset_key="sales"), "again")
    assert files_in(tmp_path) == ["sales/2024-01-01"]


def test_folders_and_files_by_the_subclass(tmp_path):
    """make_directory is called once for each write; a subclass may create folders its own way."""
    created = []

    class Watched(JsonFiles):
        def make_directory(self, path):
            created.append(path)
            super().make_directory(path)

    store_days(Watched(tmp_path), 1)

    assert len(created) == 1
    assert created[0].is_relative_to(tmp_path / "sales")


@pytest.mark.parametrize("base_path", [1, b"folder", object()], ids=["int", "bytes", "object"])
def test_a_base_path_that_is_no_path(base_path):
    """A base path of another type is refused."""
    with pytest.raises(ParameterCheckError, match="'base_path' must be a Path"):
        JsonFiles(base_path)


def test_base_paths_of_this_machine(tmp_path, monkeypatch):
    """The base path may be a string, an object with `__fspath__`, or the current folder."""
    monkeypatch.chdir(tmp_path)

    class Named:
        def __fspath__(self):
            return str(tmp_path)

    for number, base_path in enumerate([str(tmp_path), Named(), None]):
        JsonFiles(base_path).handle_output(build_output_context(asset_key=f"jam_{number}"), 1)

    assert files_in(tmp_path) == ["jam_0.json", "jam_1.json", "jam_2.json"]


@pytest.mark.parametrize("extension", ["json", 1], ids=str)
def test_extension_without_a_dot(extension):
    """An extension that is not a string with a dot is refused."""
    files = type("Files", (JsonFiles,), {"extension": extension})

    with pytest.raises(AssertionError, match=f"begins with a dot, such as '.json', and not {extension!r}"):
        files()


@pytest.mark.parametrize(
    "method", ["get_asset_relative_path", "get_op_output_relative_path", "get_path_for_partition"]
)
def test_a_method_that_returns_no_path(method, tmp_path):
    """A method of the subclass that should return a path and does not is named."""
    files = type("Files", (JsonFiles,), {method: lambda *_: None})
    place = {"step_key": "s", "name": "n"} if "op" in method else {"asset_key": "a", "partition_key": "k"}

    with pytest.raises(DagflowInvariantViolationError, match=f"{method} .*returned None"):
        files(tmp_path).handle_output(build_output_context(**place), 1)


def test_missing_methods():
    """A subclass without load_from_path cannot be instantiated."""

    class Half(UPathIOManager):
        def dump_to_path(self, context, obj, path):
            pass

    with pytest.raises(TypeError, match="load_from_path"):
        Half()


def test_with_a_config_class(tmp_path):
    """A class that is also a ConfigurableIOManager computes its base path from its fields."""

    class Configured(ConfigurableIOManager, JsonFiles):
        base_dir: str

        @property
        def _base_path(self) -> Any:
            return Path(self.base_dir)

    @asset
    def jam():
        return "plum"

    result = run(Configured(base_dir=str(tmp_path)), jam)

    assert result.asset_value("jam") == "plum"
    assert files_in(tmp_path) == ["jam.json"]


def test_log_messages(tmp_path, caplog):
    """Each write, load and skipped partition has a message with path or partition."""
    caplog.set_level("DEBUG")
    manager = JsonFiles(tmp_path)
    store_days(manager, 1)

    run(manager, partial_report, sales, only="partial_report")

    path = tmp_path / "sales" / "2024-01-01.json"
    assert f"Writing to '{path}' with JsonFiles." in caplog.text
    assert f"Loading partition '2024-01-01' from '{path}' with JsonFiles." in caplog.text
    assert "Partition '2024-01-02' is not stored, and the input allows missing partitions." in caplog.text


def test_url_without_the_library(monkeypatch):
    """A URL without the optional library is an error with the remedy."""
    monkeypatch.setitem(sys.modules, "upath", None)

    with pytest.raises(ImportError, match=r"pip install 'pytest-dagflow\[upath\]'"):
        JsonFiles("memory://shop")


@pytest.mark.not_in_wasm("starts a process")
def test_local_paths_do_not_import_the_library():
    """Local paths work in an interpreter without the optional library."""
    program = (
        "import sys, tempfile; sys.modules['upath'] = None; import dagflow\n"
        "class Text(dagflow.UPathIOManager):\n"
        "    def dump_to_path(self, context, obj, path): path.write_text(obj)\n"
        "    def load_from_path(self, context, path): return path.read_text()\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    Text(folder).handle_output(dagflow.build_output_context(asset_key='a'), 'plum')\n"
        "    print(Text(folder).load_input(dagflow.build_input_context(asset_key='a')))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "plum\n"


@pytest.fixture
def memory():
    """An empty folder of the filesystem in memory, as a UPath."""
    upath = pytest.importorskip("upath")
    base = upath.UPath("memory://dagflow-tests")
    yield base
    if base.exists():
        base.fs.rm(base.path, recursive=True)


def test_remote_paths(memory):
    """Values are stored and loaded on a remote filesystem, given as a URL or as a UPath."""
    store_days(JsonFiles(str(memory)), 1, 2, 3)

    manager = AsyncJsonFiles(memory, together=3)
    result = run(manager, report, sales, only="report")

    assert list(result.asset_value("report")) == ["2024-01-01", "2024-01-02", "2024-01-03"]
    found = memory.fs.find(memory.path)
    assert [path.partition("dagflow-tests/")[2] for path in found] == [
        "report.json",
        "sales/2024-01-01.json",
        "sales/2024-01-02.json",
        "sales/2024-01-03.json",
    ]


def test_a_failed_remote_write_leaves_the_old_value(memory):
    """A write that fails on a remote filesystem leaves the old value and no other file."""
    store_days(JsonFiles(memory), 1)

    with pytest.raises(OSError, match="the disk is full"):
        store_days(Half(memory), 1)

    assert json.loads((memory / "sales" / "2024-01-01.json").read_text()) == "2024-01-01"
    assert len(memory.fs.find(memory.path)) == 1


def test_a_remote_write_replaces_the_old_value(memory):
    """A second write on a remote filesystem replaces the value."""
    manager, context = JsonFiles(memory), build_output_context(asset_key="jam")

    manager.handle_output(context, 1)
    manager.handle_output(build_output_context(asset_key="jam"), 2)

    assert manager.load_input(build_input_context(asset_key="jam")) == 2


def test_filesystem_of_the_base_path(memory, tmp_path):
    """`fs` and `storage_options` are those of the base path."""
    assert JsonFiles(memory).fs is memory.fs
    assert JsonFiles(tmp_path).fs.exists(str(tmp_path))
    assert (JsonFiles(memory).storage_options, JsonFiles(tmp_path).storage_options) == ({}, {})


def test_the_options_of_older_paths():
    """The paths of universal-pathlib before 0.2 have their options in a private attribute."""

    class OldPath(type(Path())):
        _kwargs = {"token": "blue"}  # noqa: RUF012

    assert JsonFiles(OldPath("store")).storage_options == {"token": "blue"}


def test_a_storage_of_its_own() -> None:
    """A manager with its own directories, such as that of a bucket, writes each value at its path."""
    stored: dict[str, Any] = {}

    class Bucket(UPathIOManager):
        def make_directory(self, path: Any) -> None:
            """Do nothing: there are no directories."""

        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            stored[path.as_posix()] = obj

        def load_from_path(self, context: Any, path: Any) -> Any:
            return stored[path.as_posix()]

    @asset
    def tea() -> int:
        return 1

    @asset
    def cup(tea: int) -> int:
        return tea + 1

    bucket = Bucket("bucket")
    result = materialize([tea, cup], resources={"io_manager": bucket})

    assert stored == {"bucket/tea": 1, "bucket/cup": 2}
    assert result.asset_value("cup") == 2
