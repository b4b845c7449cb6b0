"""File managers: files and their handles, writes that fail, and temporary files."""

from __future__ import annotations

import pickle
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest

from dagflow import (
    DagflowInstance,
    DagflowInvalidConfigError,
    FileHandle,
    LocalFileHandle,
    ParameterCheckError,
    build_resources,
    job,
    local_file_manager,
    op,
)
from dagflow.io.file_manager import FileManager, LocalFileManager


@pytest.fixture
def files(tmp_path: Path) -> Any:
    """Return a file manager for a new folder."""
    manager = LocalFileManager(tmp_path / "files")
    yield manager
    manager.delete_local_temp()


def test_write_and_read_data(files: LocalFileManager) -> None:
    """Bytes are stored in a new file of the folder, and read by its handle."""
    first, second = files.write_data(b"beans"), files.write_data(b"beans", ext="txt")

    assert (files.read_data(first), files.read_data(second)) == (b"beans", b"beans")
    assert sorted(Path(files.base_dir).iterdir()) == sorted(Path(each.path) for each in (first, second))
    assert (Path(first.path).suffix, Path(second.path).suffix) == ("", ".txt")


def test_the_dot_of_an_extension(files: LocalFileManager) -> None:
    """An extension may have its dot."""
    assert Path(files.write_data(b"", ext=".tar.gz").path).name.endswith(".tar.gz")
    assert ".." not in Path(files.write_data(b"", ext=".csv").path).name


def test_write_an_open_file(files: LocalFileManager) -> None:
    """An open file is stored as bytes, or as text in UTF-8."""
    binary, text = files.write(BytesIO(b"beans")), files.write(StringIO("bohnen für"), mode="w", ext="txt")

    assert files.read_data(binary) == b"beans"
    with files.read(text, mode="r") as file:
        assert file.read() == "bohnen für"
    with files.read(text) as file:
        assert file.read() == "bohnen für".encode()


def test_a_large_file(files: LocalFileManager) -> None:
    """A file of any size is stored whole."""
    content = bytes(range(256)) * 1000

    assert files.read_data(files.write(BytesIO(content))) == content


class Broken(BytesIO):
    """A file that breaks after its first part."""

    reads = 0

    def read(self, *args: Any) -> bytes:
        self.reads += 1
        if self.reads > 1:
            raise OSError("the disk is gone")
        return b"half"


def test_a_write_that_fails(files: LocalFileManager) -> None:
    """A write that fails half-way leaves no file."""
    with pytest.raises(OSError, match="the disk is gone"):
        files.write(Broken())

    assert list(Path(files.base_dir).iterdir()) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda files: files.write(StringIO("x")), "returned str, .*Use mode='w'"),
        (lambda files: files.write(BytesIO(b"x"), mode="w"), "returned bytes, .*Use mode='wb'"),
        (lambda files: files.write(b"x"), "must be an open file, not b'x'. Store bytes with write_data"),
        (lambda files: files.write_data("x"), "parameter 'data'"),
        (lambda files: files.write(BytesIO(), mode="a"), "'mode' must be 'w' or 'wb', not 'a'"),
        (lambda files: files.read(LocalFileHandle("x"), mode="w").__enter__(), "must be 'r' or 'rb'"),
        (lambda files: files.read_data("x"), "parameter 'file_handle'"),
        (lambda files: files.write_data(b"", ext="/../x"), "'ext' must be an extension"),
        (lambda files: files.write_data(b"", ext=3), "parameter 'ext'"),
        (lambda files: LocalFileManager(3), "parameter 'base_dir'"),
        (lambda files: LocalFileHandle(3), "parameter 'path'"),
    ],
)
def test_wrong_arguments(files: LocalFileManager, call: Any, message: str) -> None:
    """An argument without a meaning is refused, and leaves no file."""
    with pytest.raises(ParameterCheckError, match=message):
        call(files)

    assert not Path(files.base_dir).exists() or list(Path(files.base_dir).iterdir()) == []


def test_a_missing_file(files: LocalFileManager) -> None:
    """A handle without a file raises FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        files.read_data(LocalFileHandle(f"{files.base_dir}/missing"))


def test_local_copies(files: LocalFileManager) -> None:
    """A local copy has the extension of the file; all copies are removed together, the files are kept."""
    handle = files.write_data(b"beans", ext="csv")
    paths = [Path(files.copy_handle_to_local_temp(handle)) for _ in range(2)]
    found = [(path.read_bytes(), path.suffix, path.parent) for path in paths]
    paths[0].unlink()
    files.delete_local_temp()
    files.delete_local_temp()

    assert [each[:2] for each in found] == [(b"beans", ".csv")] * 2
    assert all(str(folder) != files.base_dir for *_, folder in found)
    assert not any(path.exists() for path in paths)
    assert files.read_data(handle) == b"beans"


def test_handles() -> None:
    """Handles are compared by their path, can be pickled, and have a path for messages."""
    handle = LocalFileHandle("/tmp/x")

    assert handle == pickle.loads(pickle.dumps(handle)) != LocalFileHandle("/tmp/y")
    assert (handle.path, handle.path_desc, isinstance(handle, FileHandle)) == ("/tmp/x", "/tmp/x", True)
    with pytest.raises(TypeError, match="abstract"):
        FileHandle()
    with pytest.raises(TypeError, match="abstract"):
        FileManager()


def test_for_instance(tmp_path: Path) -> None:
    """The files of one run have a folder of their own in the storage folder of the instance."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        manager = LocalFileManager.for_instance(instance, "r1")

        assert Path(manager.base_dir) == Path(instance.storage_directory()) / "r1" / "files"


@op(required_resource_keys={"file_manager"})
def write(context: Any) -> LocalFileHandle:
    """Write a file, and make a copy of it."""
    handle: LocalFileHandle = context.resources.file_manager.write_data(b"beans")
    copies.append(context.resources.file_manager.copy_handle_to_local_temp(handle))
    return handle


@op(required_resource_keys={"file_manager"})
def read(context: Any, handle: LocalFileHandle) -> bytes:
    """Read the file, whose copy is there."""
    assert Path(copies[-1]).exists()
    data: bytes = context.resources.file_manager.read_data(handle)
    return data


@op
def fail(handle: LocalFileHandle) -> None:
    """Fail after the copy was made."""
    raise ValueError("no coffee")


@job(resource_defs={"file_manager": local_file_manager})
def cafe() -> None:
    """Write and read."""
    read(write())


@job(resource_defs={"file_manager": local_file_manager})
def broken() -> None:
    """Write and fail."""
    fail(write())


copies: list[str] = []


def test_the_resource() -> None:
    """The resource stores in the instance, and the end of the run removes the copies."""
    with DagflowInstance.ephemeral() as instance:
        result = cafe.execute_in_process(instance=instance)
        stored = Path(result.output_for_node("write").path)

        assert result.output_for_node("read") == b"beans"
        assert stored.parent == Path(instance.storage_directory()) / "file_manager"
    assert not Path(copies[-1]).exists()


def test_a_run_that_fails() -> None:
    """The copies are also removed after a failed run."""
    assert not broken.execute_in_process(raise_on_error=False).success
    assert not Path(copies[-1]).exists()


def test_the_folder_is_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder may be config, also from an environment variable; other config is refused."""

    def run_config(**config: Any) -> Any:
        return {"resources": {"file_manager": {"config": config}}}

    monkeypatch.setenv("FILES", str(tmp_path / "b"))
    for config in ({"base_dir": str(tmp_path / "a")}, {"base_dir": {"env": "FILES"}}):
        assert cafe.execute_in_process(run_config=run_config(**config)).success
    assert [len(list(tmp_path.joinpath(name).iterdir())) for name in "ab"] == [1, 1]
    with pytest.raises(DagflowInvalidConfigError, match="base"):
        cafe.execute_in_process(run_config=run_config(base=3))


def test_without_a_run() -> None:
    """The resource can be built without a run."""
    with build_resources({"files": local_file_manager}) as resources:
        path = resources.files.copy_handle_to_local_temp(resources.files.write_data(b"beans"))
        assert Path(path).read_bytes() == b"beans"
    assert not Path(path).exists()
