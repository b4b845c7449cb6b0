"""Small functions about files that packages import from private modules of Dagster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dagflow.compat.checking import invariant
from dagflow.errors import repr_of


def ensure_dir(path: str) -> str:
    """Create a folder and its parents, unless they exist, and return its path."""
    Path(path).mkdir(parents=True, exist_ok=True)
    return path


mkdir_p = ensure_dir


def ensure_file(path: str) -> str:
    """Create an empty file and its folders, unless they exist, and return its path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()
    return path


@contextmanager
def safe_tempfile_path() -> Iterator[str]:
    """Yield the path of a new temporary file that does not exist yet. It is removed at the end.

    Example:
        >>> with safe_tempfile_path() as path:
        ...     Path(path).exists()
        False
    """
    with tempfile.TemporaryDirectory() as folder:
        yield str(Path(folder, "file"))


def get_system_temp_directory() -> str:
    """Return the folder of temporary files.

    Example:
        >>> Path(get_system_temp_directory()).is_dir()
        True
    """
    return tempfile.gettempdir()


class TempfileManager:
    """Makes temporary files and folders, which `close` removes together.

    Example:
        >>> manager = TempfileManager()
        >>> path = Path(manager.tempfile().name)
        >>> manager.close()
        >>> path.exists()
        False
    """

    def __init__(self) -> None:
        self._folders: list[tempfile.TemporaryDirectory[str]] = []
        self._files: list[IO[bytes]] = []

    def tempdir(self) -> str:
        """Return the path of a new folder."""
        self._folders.append(tempfile.TemporaryDirectory())
        return self._folders[-1].name

    def tempfile(self) -> IO[bytes]:
        """Return a new file, which is open for bytes; `name` is its path."""
        made = open(Path(self.tempdir(), "file"), "w+b")  # noqa: SIM115 - `close` closes it
        self._files.append(made)
        return made

    def close(self) -> None:
        """Close all files, and remove them and all folders."""
        while self._files:
            self._files.pop().close()
        while self._folders:
            self._folders.pop().cleanup()


def check_file_like_obj(obj: object) -> None:
    """Check that an object can be read or written like a file.

    Raises:
        CheckError: It can be neither.
    """
    invariant(hasattr(obj, "read") or hasattr(obj, "write"), f"{repr_of(obj)} is not like a file")
