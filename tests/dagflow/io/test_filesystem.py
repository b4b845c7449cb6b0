"""The values in files: inside one folder, one file for each key, never partly written."""

from __future__ import annotations

import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    AssetKey,
    DagflowInstance,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    DynamicOut,
    DynamicOutput,
    EnvVar,
    FilesystemIOManager,
    GraphDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    Out,
    ParameterCheckError,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    build_input_context,
    build_output_context,
    custom_path_fs_io_manager,
    fs_io_manager,
    job,
    materialize,
    op,
)
from dagflow._util import escaped
from dagflow.io.filesystem import PickleFiles

AWKWARD = [
    "../../x", "/etc/x", "", ".", "..", "...", "a/b", "a\\b", "nul\0byte", "x" * 300, "ü" * 300, "日本",
    "\ud800", "%", "%%", "%2E", ".hidden", "a.b", " ", "\n", "C:\\x", "~", "$HOME", "*", "con",
]  # fmt: skip


def output(parts, partition=None):
    """Build the context of an output that is an asset."""
    return build_output_context(
        step_key="s", name="result", asset_key=AssetKey(parts), partition_key=partition
    )


def files_in(folder):
    """Return the relative paths of all files in a folder."""
    return sorted(
        os.path.relpath(os.path.join(place, name), folder)
        for place, _, names in os.walk(folder)
        for name in names
    )


@pytest.mark.parametrize("key", AWKWARD)
def test_no_key_leads_out_of_the_folder(key, tmp_path):
    """No part of an asset key, partition or step leads out of the folder, and all values can be loaded."""
    base = tmp_path / "in" / "here"
    manager = PickleFiles(base)

    manager.handle_output(output([key]), 1)
    manager.handle_output(output(["parted"], key), 2)
    manager.handle_output(output(["deep", key, "end"]), 3)
    manager.handle_output(build_output_context(step_key=key, name="result", run_id="r"), 4)

    outside = [path for path in files_in(tmp_path) if not path.startswith(os.path.join("in", "here", ""))]
    assert outside == []
    assert len(files_in(base)) == 4
    loaded = [
        manager.load_input(build_input_context(asset_key=AssetKey([key]), dagflow_type=int)),
        manager.load_input(build_input_context(asset_key="parted", partition_key=key, dagflow_type=int)),
        manager.load_input(build_input_context(asset_key=AssetKey(["deep", key, "end"]), dagflow_type=int)),
        manager.load_input(
            build_input_context(
                name="n",
                dagflow_type=int,
                upstream_output=build_output_context(step_key=key, name="result", run_id="r"),
            )
        ),
    ]
    assert loaded == [1, 2, 3, 4]


@pytest.mark.parametrize("partition", ["../../x", "/etc/x"])
def test_awkward_partitions_in_a_run(partition, tmp_path):
    """A run with an unusual partition key stores and loads its values."""

    @asset(partitions_def=StaticPartitionsDefinition([partition]))
    def water(context):
        return context.partition_key

    instance = DagflowInstance.ephemeral(tempdir=str(tmp_path / "in"))
    result = materialize([water], partition_key=partition, instance=instance)

    assert result.asset_value("water") == partition
    assert [path.split(os.sep)[0] for path in files_in(tmp_path)] == ["in"]


@given(st.lists(st.text(), min_size=2, max_size=2, unique=True))
def test_two_parts_are_never_the_same_file_name(parts):
    """Different strings have different file names."""
    first, second = (escaped(part) for part in parts)

    assert first != second


@given(st.text())
def test_every_part_is_a_file_name(part):
    """A file name is not empty, not a relative path, has no separator and is not too long."""
    name = escaped(part)

    assert name not in ("", ".", "..")
    assert not set(name) & {"/", "\\", "\0"}
    assert not name.startswith(".")
    assert len(name.encode()) <= 255


@given(
    st.lists(
        st.lists(st.text(st.sampled_from("a/.%\0"), max_size=3), min_size=2, max_size=2),
        min_size=2,
        max_size=2,
        unique_by=tuple,
    )
)
def test_two_keys_never_share_a_file(keys):
    """Two keys of the same length have different paths."""
    manager = PickleFiles("/base")
    first, second = (os.fspath(manager.get_path(output(key))) for key in keys)

    assert first != second
    assert os.path.normpath(first) == first
    assert os.path.dirname(os.path.dirname(first)) == "/base"


def test_paths(tmp_path):
    """The path of an asset is its key and partition, that of an output is run, step and name."""

    @asset(key_prefix=["shop", "bar"])
    def water():
        return 1

    days = DailyPartitionsDefinition("2024-01-01")

    @asset(partitions_def=days)
    def tea():
        return 2

    instance = DagflowInstance.ephemeral(tempdir=str(tmp_path))
    materialize([water], instance=instance)
    materialize([tea], partition_key="2024-01-05", instance=instance)
    assert files_in(instance.storage_directory()) == [
        os.path.join("shop", "bar", "water"),
        os.path.join("tea", "2024-01-05"),
    ]

    @op
    def brew():
        return 3

    @job(resource_defs={"io_manager": fs_io_manager})
    def j():
        brew()

    config = {"resources": {"io_manager": {"config": {"base_dir": str(tmp_path / "jobs")}}}}
    result = j.execute_in_process(run_config=config)
    assert files_in(tmp_path / "jobs") == [os.path.join(result.run_id, "brew", "result")]


def test_the_path_is_metadata(tmp_path):
    """HANDLED_OUTPUT and the materialization have the path as metadata."""

    @asset
    def water():
        return 1

    result = materialize([water], instance=DagflowInstance.ephemeral(tempdir=str(tmp_path)))

    (handled,) = [event for event in result.all_events if event.is_handled_output]
    path = handled.handled_output_data.metadata["path"].value
    assert path == str(tmp_path / "storage" / "water")
    assert result.asset_materializations_for_node("water")[0].metadata["path"].value == path
    with open(path, "rb") as file:
        assert pickle.load(file) == 1


class Unpicklable:
    """A value that raises when it is pickled."""

    def __reduce__(self):
        raise TypeError("not me")


@pytest.mark.parametrize("value", [lambda: 1, Unpicklable(), [1, (i for i in ())]])
def test_what_cannot_be_pickled(value, tmp_path):
    """The error names asset and type. The earlier value stays, and no partial file is left."""
    manager = PickleFiles(tmp_path)
    manager.handle_output(output(["a"]), "before")

    with pytest.raises(DagflowInvariantViolationError, match=r"'a'.*cannot be pickled") as caught:
        manager.handle_output(output(["a"]), value)

    assert f"'{type(value).__name__}'" in str(caught.value)
    assert files_in(tmp_path) == ["a"]
    assert manager.load_input(build_input_context(asset_key="a", dagflow_type=str)) == "before"


class Interrupts:
    """A value that raises KeyboardInterrupt when it is pickled."""

    def __reduce__(self):
        raise KeyboardInterrupt


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    """An interrupt leaves no file behind."""
    with pytest.raises(KeyboardInterrupt):
        PickleFiles(tmp_path).handle_output(output(["a"]), ["x" * 100_000, Interrupts()])

    assert files_in(tmp_path) == []


def test_an_asset_that_is_a_folder_of_others(tmp_path):
    """A key that is the beginning of another one raises an error that names both, in either order."""
    manager = PickleFiles(tmp_path)
    manager.handle_output(output(["a"]), 1)
    with pytest.raises(DagflowInvariantViolationError, match=r"asset 'a/b' .*with the key 'a'") as caught:
        manager.handle_output(output(["a", "b"]), 2)
    assert str(tmp_path / "a") in str(caught.value)

    manager.handle_output(output(["c", "d"]), 3)
    with pytest.raises(IsADirectoryError, match=r"asset 'c' .*a folder.*begin with 'c/'"):
        manager.handle_output(output(["c"]), 4)
    assert files_in(tmp_path) == ["a", os.path.join("c", "d")]
    with pytest.raises(IsADirectoryError, match="'c'"):
        manager.load_input(build_input_context(asset_key="c", dagflow_type=int))


def test_an_asset_gets_partitions_later(tmp_path):
    """The first partition replaces the value that the asset had without partitions."""
    manager = PickleFiles(tmp_path)
    manager.handle_output(output(["raw", "a"]), 1)
    read = build_input_context(asset_key=["raw", "a"], partition_key="x", dagflow_type=int)

    with pytest.raises(FileNotFoundError, match=r"partition 'x'.*stored without partitions"):
        manager.load_input(read)
    for partition in ("x", "y"):
        manager.handle_output(output(["raw", "a"], partition), partition)

    assert files_in(tmp_path) == [os.path.join("raw", "a", name) for name in ("x", "y")]
    assert manager.load_input(read) == "x"


def test_a_value_that_cannot_be_stored_replaces_nothing(tmp_path):
    """A partition that cannot be pickled leaves the value that the asset had without partitions."""
    manager = PickleFiles(tmp_path)
    manager.handle_output(output(["a"]), 1)

    with pytest.raises(DagflowInvariantViolationError, match="cannot be pickled"):
        manager.handle_output(output(["a"], "x"), lambda: 1)
    assert files_in(tmp_path) == ["a"]


def test_an_asset_loses_its_partitions(tmp_path):
    """An asset without partitions does not replace its partitions; both errors say that they are there."""
    manager = PickleFiles(tmp_path)
    manager.handle_output(output(["a"], "x"), 1)

    with pytest.raises(IsADirectoryError, match=r"asset 'a' .*partitions .*stored with before"):
        manager.handle_output(output(["a"]), 2)
    with pytest.raises(IsADirectoryError, match=r"asset 'a' .*values that were stored with partitions"):
        manager.load_input(build_input_context(asset_key="a", dagflow_type=int))
    assert files_in(tmp_path) == [os.path.join("a", "x")]


def test_a_partition_that_is_a_folder_of_others(tmp_path):
    """A partition key that is the beginning of another one raises an error that names the file."""
    manager = PickleFiles(tmp_path)
    manager.handle_output(output(["a"], "x"), 1)

    with pytest.raises(
        DagflowInvariantViolationError, match=r"asset 'a' .*'.*x' is a file, and not a folder"
    ):
        manager.handle_output(output(["a"], "x/y"), 2)
    assert files_in(tmp_path) == [os.path.join("a", "x")]


def test_a_path_of_an_op_that_is_a_folder(tmp_path):
    """An output of an op whose path is a folder raises an error that names it."""
    context = build_output_context(step_key="brew", name="result", run_id="r")
    (tmp_path / "r" / "brew" / "result").mkdir(parents=True)

    with pytest.raises(IsADirectoryError, match=r"output 'result' of step 'brew' .*this is a folder"):
        PickleFiles(tmp_path).handle_output(context, 1)


def test_two_dimensions(tmp_path):
    """A multi-partition has a folder for its first dimension."""
    grid = MultiPartitionsDefinition(
        {"region": StaticPartitionsDefinition(["n"]), "day": StaticPartitionsDefinition(["d"])}
    )

    @asset(partitions_def=grid)
    def stock():
        return 1

    materialize(
        [stock],
        partition_key=MultiPartitionKey({"region": "n", "day": "d"}),
        resources={"io_manager": FilesystemIOManager(base_dir=tmp_path)},
    )
    assert files_in(tmp_path) == [os.path.join("stock", "d", "n")]


def test_a_folder_from_an_environment_variable(tmp_path, monkeypatch):
    """The folder may come from an environment variable, for the class and for the definition."""
    monkeypatch.setenv("BEANS", str(tmp_path / "a"))
    water = asset(name="water")(lambda: 1)

    materialize([water], resources={"io_manager": FilesystemIOManager(base_dir=EnvVar("BEANS"))})
    monkeypatch.setenv("BEANS", str(tmp_path / "b"))
    configured = fs_io_manager.configured({"base_dir": {"env": "BEANS"}})
    materialize([water], resources={"io_manager": configured})
    assert files_in(tmp_path) == [os.path.join(folder, "water") for folder in "ab"]


def test_a_value_that_is_not_there(tmp_path):
    """A missing value raises FileNotFoundError with asset, partition and path."""
    manager = PickleFiles(tmp_path)

    with pytest.raises(FileNotFoundError, match=r"asset 'a/b'.*partition 'p'") as caught:
        manager.load_input(build_input_context(asset_key=["a", "b"], partition_key="p", dagflow_type=int))
    assert str(tmp_path / "a" / "b" / "p") in str(caught.value)
    with pytest.raises(FileNotFoundError, match="output 'result' of step 'brew'"):
        manager.load_input(
            build_input_context(
                name="n", dagflow_type=int, upstream_output=build_output_context("brew", "result")
            )
        )


def test_an_input_that_reads_nothing(tmp_path):
    """An input without an output or an asset raises an error."""
    with pytest.raises(DagflowInvariantViolationError, match="'n'"):
        PickleFiles(tmp_path).load_input(build_input_context(name="n", dagflow_type=int))


def test_an_input_of_type_nothing(tmp_path):
    """An input of type Nothing is None, and no file is read."""
    from dagflow import Nothing

    context = build_input_context(asset_key="a", dagflow_type=Nothing)
    assert PickleFiles(tmp_path).load_input(context) is None


def test_several_partitions_are_a_dict(tmp_path):
    """An input of several partitions is a dict by partition key."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")

    @asset(partitions_def=days)
    def daily(context):
        return context.partition_key[-2:]

    @asset(partitions_def=MonthlyPartitionsDefinition("2024-01-01"))
    def monthly(daily):
        return len(daily), daily["2024-01-31"]

    instance = DagflowInstance.ephemeral(tempdir=str(tmp_path))
    for key in days.get_partition_keys()[:31]:
        materialize([daily], partition_key=key, instance=instance)

    source = SourceAsset("daily", partitions_def=days)
    result = materialize([source, monthly], partition_key="2024-01-01", instance=instance)
    assert result.asset_value("monthly") == (31, "31")


def test_a_value_outlives_its_run(tmp_path):
    """A later run with the same instance loads the value of an earlier run."""

    @asset
    def water():
        return [1]

    @asset
    def tea(water):
        return water

    instance = DagflowInstance.ephemeral(tempdir=str(tmp_path))
    materialize([water], instance=instance)
    result = materialize([water, tea], instance=instance, selection=["tea"])

    assert result.asset_value("tea") == [1]
    (loaded,) = [event.loaded_input_data for event in result.all_events if event.is_loaded_input]
    assert (loaded.upstream_step_key, loaded.upstream_output_name) == (None, None)


class _Unpicklable:
    def __reduce__(self):
        raise LookupError("no state")


class _Unreadable:
    def __reduce__(self):
        return _fail, ()


def _fail():
    raise LookupError("no state")


def test_a_value_that_refuses_to_be_pickled(tmp_path):
    """An error of the value while it is pickled names the asset."""
    a = asset(name="a")(lambda: _Unpicklable())

    with pytest.raises(DagflowInvariantViolationError, match=r"asset 'a'.*cannot be pickled.*no state"):
        materialize([a], resources={"io_manager": FilesystemIOManager(base_dir=str(tmp_path))})


def test_a_value_that_cannot_be_read(tmp_path):
    """An error of the value while it is unpickled names the asset and its file."""
    a = asset(name="a")(lambda: _Unreadable())
    b = asset(name="b")(lambda a: a)

    with pytest.raises(
        DagflowInvariantViolationError, match=r"asset 'a' at '.*a' cannot be unpickled.*no state"
    ):
        materialize([a, b], resources={"io_manager": FilesystemIOManager(base_dir=str(tmp_path))})


def stored_at(folder, definition, **options):
    """Materialize assets, or run a graph, with a path for each output. Return the paths of the files."""
    manager = custom_path_fs_io_manager.configured({"base_dir": str(folder)})
    if isinstance(definition, list):
        materialize(definition, resources={"io_manager": manager}, **options)
    else:
        definition.to_job(resource_defs={"io_manager": manager}).execute_in_process()
    return files_in(folder)


def test_a_path_for_each_output(tmp_path):
    """The path of a value is in the metadata of its output, and the next run overwrites it."""

    beans = op(name="beans", out=Out(metadata={"path": "raw/beans"}))(lambda: 1)

    @asset(metadata={"path": "shop/water"})
    def water():
        return 1

    @asset(metadata={"path": "shop/tea"})
    def tea(water):
        return water + 1

    assert [stored_at(tmp_path / "ops", GraphDefinition("g", node_defs=[beans])) for _ in range(2)] == [
        [os.path.join("raw", "beans")]
    ] * 2
    assert stored_at(tmp_path, [water, tea])[1:] == [os.path.join("shop", name) for name in ("tea", "water")]
    assert stored_at(tmp_path, [water, tea], selection=[tea])[1:]


def test_a_path_for_several_values(tmp_path):
    """Partitions and the values of a dynamic output are files in a folder at the path."""

    @op(out=DynamicOut(metadata={"path": "cups"}))
    def pour():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @asset(metadata={"path": "water"}, partitions_def=StaticPartitionsDefinition(["x", "y"]))
    def water():
        return 1

    assert stored_at(tmp_path / "ops", GraphDefinition("g", node_defs=[pour])) == [
        os.path.join("cups", key) for key in "ab"
    ]
    stored_at(tmp_path / "assets", [water], partition_key="x")
    stored = stored_at(tmp_path / "assets", [water], partition_key="y")
    assert stored == [os.path.join("water", key) for key in "xy"]


@pytest.mark.parametrize("metadata", [{}, {"path": 3}, {"path": ""}])
def test_an_output_without_a_path(metadata, tmp_path):
    """An output without the metadata `path` is named."""
    beans = op(name="beans", out=Out(metadata=metadata))(lambda: 1)

    with pytest.raises(ParameterCheckError, match="output 'result' of step 'beans' at the 'path'"):
        stored_at(tmp_path, GraphDefinition("g", node_defs=[beans]))
