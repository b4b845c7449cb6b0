"""File managers: resources that keep files for the ops of a run, and the handles by which ops pass them on.

A file is written under a temporary name and then renamed, so no handle ever leads to a half-written file.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO, Any
from uuid import uuid4

from dagflow.config.choice import StringSource
from dagflow.config.field import Field
from dagflow.context.init import InitResourceContext
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.errors import ParameterCheckError, check_type, repr_of
from dagflow.instance.instance import DagflowInstance
from dagflow.values import Constant


class FileHandle(ABC):
    """The base of handles of files. A handle can be the value of an output.

    Example:
        >>> class Remote(FileHandle):
        ...     path_desc = "s3://cafe/menu.txt"
        >>> Remote().path_desc
        's3://cafe/menu.txt'
    """

    __slots__ = ()

    @property
    @abstractmethod
    def path_desc(self) -> str:
        """The place of the file, for messages."""


class LocalFileHandle(Constant, FileHandle):
    """The handle of a file on this machine.

    Args:
        path: The path of the file.

    Example:
        >>> LocalFileHandle("/tmp/menu.txt").path_desc
        '/tmp/menu.txt'
    """

    __slots__ = ("path",)

    path: str

    def __init__(self, path: str) -> None:
        self._set(path=check_type(path, str, "path", "a LocalFileHandle"))

    @property
    def path_desc(self) -> str:
        """The path of the file."""
        return self.path


class FileManager(ABC):
    """The base of file managers. A subclass keeps its files in a place of its own, such as a bucket."""

    @abstractmethod
    def copy_handle_to_local_temp(self, file_handle: Any) -> str:
        """Copy a file to a temporary file on this machine, and return its path."""

    @abstractmethod
    def delete_local_temp(self) -> None:
        """Remove all files of `copy_handle_to_local_temp`."""

    @abstractmethod
    def read(self, file_handle: Any, mode: str = "rb") -> AbstractContextManager[IO[Any]]:
        """Open a file with the mode "rb" or "r", for use in a `with` block."""

    @abstractmethod
    def read_data(self, file_handle: Any) -> bytes:
        """Return the bytes of a file."""

    @abstractmethod
    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> FileHandle:
        """Store the content of an open file, and return the handle of the new file."""

    @abstractmethod
    def write_data(self, data: bytes, ext: str | None = None) -> FileHandle:
        """Store bytes, and return the handle of the new file."""


class LocalFileManager(FileManager):
    """The file manager that keeps its files in one folder of this machine.

    Args:
        base_dir: The folder. It is created by the first write.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = LocalFileManager(folder)
        ...     files.read_data(files.write_data(b"espresso", ext="txt"))
        b'espresso'
    """

    def __init__(self, base_dir: str | os.PathLike[str]) -> None:
        self.base_dir: str = os.fspath(check_type(base_dir, (str, os.PathLike), "base_dir", "a file manager"))
        self._temporary: list[str] = []

    @classmethod
    def for_instance(cls, instance: DagflowInstance, run_id: str) -> LocalFileManager:
        """Return the file manager for the files of one run, in the storage folder of an instance."""
        return cls(os.path.join(instance.storage_directory(), run_id, "files"))

    def ensure_base_dir_exists(self) -> None:
        """Create the folder, unless it exists."""
        os.makedirs(self.base_dir, exist_ok=True)

    def copy_handle_to_local_temp(self, file_handle: LocalFileHandle) -> str:
        """Copy a file to a temporary file with the same extension, and return its path.

        Raises:
            FileNotFoundError: The file does not exist.
        """
        import shutil  # imported lazily, as tempfile is: few runs have temporary files
        import tempfile

        with self.read(file_handle) as source:
            handle, path = tempfile.mkstemp(suffix=os.path.splitext(file_handle.path)[1])
            self._temporary.append(path)
            with os.fdopen(handle, "wb") as target:
                shutil.copyfileobj(source, target)
        return path

    def delete_local_temp(self) -> None:
        """Remove all files of `copy_handle_to_local_temp`."""
        while self._temporary:
            with suppress(FileNotFoundError):  # the user has removed or moved it
                os.unlink(self._temporary.pop())

    @contextmanager
    def read(self, file_handle: LocalFileHandle, mode: str = "rb") -> Iterator[IO[Any]]:
        """Open a file, for use in a `with` block.

        Args:
            file_handle: The handle of the file.
            mode: "rb" for bytes, "r" for text in UTF-8.

        Raises:
            ParameterCheckError: The handle is no LocalFileHandle, or the mode does not read.
            FileNotFoundError: The file does not exist.
        """
        check_type(file_handle, LocalFileHandle, "file_handle", "a local file manager")
        _check_mode(mode, "r")
        with open(file_handle.path, mode, encoding=None if mode == "rb" else "utf-8") as file:
            yield file

    def read_data(self, file_handle: LocalFileHandle) -> bytes:
        """Return the bytes of a file.

        Raises:
            ParameterCheckError: The handle is no LocalFileHandle.
            FileNotFoundError: The file does not exist.
        """
        with self.read(file_handle) as file:
            data: bytes = file.read()
        return data

    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> LocalFileHandle:
        """Store the content of an open file in a new file. If this fails, there is no new file.

        Args:
            file_obj: The open file, or another object with the method `read`.
            mode: "wb" for bytes, "w" for text, which is stored in UTF-8.
            ext: The extension of the new file, such as "csv".

        Raises:
            ParameterCheckError: `file_obj` cannot be read, or its content does not fit the mode.
        """
        if not hasattr(file_obj, "read"):
            raise ParameterCheckError(
                f"'file_obj' must be an open file, not {repr_of(file_obj)}. Store bytes with write_data."
            )
        _check_mode(mode, "w")
        path = os.path.join(self.base_dir, f"{uuid4()}{_suffix(ext)}")
        unfinished = os.path.join(self.base_dir, f".{os.path.basename(path)}.part")
        self.ensure_base_dir_exists()
        try:
            with open(unfinished, mode, encoding=None if mode == "wb" else "utf-8") as file:
                while chunk := file_obj.read(1 << 16):
                    if isinstance(chunk, str) is (mode == "wb"):
                        fitting = "w" if mode == "wb" else "wb"
                        raise ParameterCheckError(
                            f"'file_obj' returned {type(chunk).__name__}, which the mode '{mode}' cannot "
                            f"store. Use mode='{fitting}'."
                        )
                    file.write(chunk)
            os.replace(unfinished, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(unfinished)
            raise
        return LocalFileHandle(path)

    def write_data(self, data: bytes, ext: str | None = None) -> LocalFileHandle:
        """Store bytes in a new file. If this fails, there is no new file.

        Args:
            data: The bytes.
            ext: The extension of the new file, such as "csv".

        Raises:
            ParameterCheckError: `data` is no bytes object.
        """
        from io import BytesIO

        check_type(data, bytes, "data", "a local file manager")
        return self.write(BytesIO(data), ext=ext)


def _check_mode(mode: str, letter: str) -> None:
    if mode not in (letter, f"{letter}b"):
        raise ParameterCheckError(f"'mode' must be '{letter}' or '{letter}b', not {repr_of(mode)}")


def _suffix(ext: str | None) -> str:
    """Return an extension with a dot before it."""
    if not ext:
        return ""
    check_type(ext, str, "ext", "a local file manager")
    if "/" in ext or os.sep in ext or "\0" in ext:
        raise ParameterCheckError(f"'ext' must be an extension such as 'csv', without folder, not {ext!r}")
    return f".{ext.removeprefix('.')}"


def _start(context: InitResourceContext) -> Iterator[LocalFileManager]:
    base_dir = (context.resource_config or {}).get("base_dir")
    manager = LocalFileManager(base_dir or os.path.join(context.instance.storage_directory(), "file_manager"))
    try:
        yield manager
    finally:
        manager.delete_local_temp()


local_file_manager: ResourceDefinition = ResourceDefinition(
    _start,
    {"base_dir": Field(StringSource, is_required=False)},
    description="Keeps files in a local folder, by default in the storage folder of the instance.",
)
"""The resource whose value is a LocalFileManager. Its temporary files are removed at the end of the run.

Example:
    >>> import tempfile
    >>> from dagflow import job, op
    >>> @op(required_resource_keys={"file_manager"})
    ... def write(context):
    ...     return context.resources.file_manager.write_data(b"espresso")
    >>> @op(required_resource_keys={"file_manager"})
    ... def read(context, handle):
    ...     return context.resources.file_manager.read_data(handle)
    >>> @job(resource_defs={"file_manager": local_file_manager})
    ... def cafe():
    ...     read(write())
    >>> cafe.execute_in_process().output_for_node("read")
    b'espresso'
"""
