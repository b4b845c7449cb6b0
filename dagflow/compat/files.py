"""Small functions about files that packages import from private modules of Dagster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
