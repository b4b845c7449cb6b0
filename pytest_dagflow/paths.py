"""The paths that options name, checked before the tests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest


def given_path(text: str, folder: Path, prefix: str) -> Path:
    """Return the path that an option names. It may not exist yet.

    Args:
        text: The path, relative to the folder.
        folder: The folder in which pytest was started.
        prefix: The argument before the path, such as "--dag-html=", for the message.

    Raises:
        pytest.UsageError: The path is empty, or no file can have it.
    """
    if not text.strip():
        raise pytest.UsageError(f"{prefix.rstrip('=:')}: the path is empty. Write {prefix}PATH")
    try:
        path = folder / Path(text).expanduser()
        path.exists()
    except RuntimeError:
        problem = f"there is no home folder of '{Path(text).parts[0]}'"
    except OSError as error:  # such as a name that is too long
        problem = error.strerror or str(error)
    else:
        return path
    raise pytest.UsageError(f"{prefix}{text}: {problem}. Write {prefix}PATH")


def report_path(text: str, folder: Path, prefix: str) -> Path:
    """Return the path of a report that can be written. Missing folders are created at the end.

    Args:
        text: The path, relative to the folder.
        folder: The folder in which pytest was started.
        prefix: The argument before the path.

    Raises:
        pytest.UsageError: The file cannot be written.
    """
    path = given_path(text, folder, prefix)
    problem = _why_not_writable(path)
    if problem:
        raise pytest.UsageError(f"{prefix}{text}: {problem}. Write {prefix}PATH")
    return path


def created_folder(text: str, folder: Path, prefix: str) -> Path:
    """Return the path of a folder for files, which can be created if it is missing.

    Args:
        text: The path, relative to the folder.
        folder: The folder in which pytest was started.
        prefix: The argument before the path.

    Raises:
        pytest.UsageError: It is a file, or below one.
    """
    path = given_path(text, folder, prefix)
    existing = existing_part(path)
    if not existing.is_dir():
        raise pytest.UsageError(f"{prefix}{text}: '{existing}' is a file. Write {prefix}FOLDER")
    return path


def existing_part(path: Path) -> Path:
    """Return a path, or the nearest folder above it that exists."""
    return next(one for one in (path, *path.parents) if one.exists())


def check_distinct(paths: Iterable[Path], option: str) -> None:
    """Raise if two reports have the same file, because the later one would replace the other.

    Args:
        paths: The files of the reports.
        option: The option that names them, for the message.

    Raises:
        pytest.UsageError: Two are the same.
    """
    seen: set[str] = set()
    for path in paths:
        real = os.path.realpath(path)
        if real in seen:
            raise pytest.UsageError(f"{option}: two reports have the file '{path}'. Name another file")
        seen.add(real)


def shown_path(path: Path, folder: Path) -> str:
    """Return a path relative to a folder, if it is inside."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _why_not_writable(path: Path) -> str:
    """Return the reason why a file cannot be written; empty if it can."""
    if path.is_dir():
        return f"'{path}' is a folder, and the report is one file"
    if path.exists():
        return "" if os.access(path, os.W_OK) else f"'{path}' is not writable"
    parent = existing_part(path)
    if not parent.is_dir():
        return f"'{parent}' is a file, and the report needs a folder there"
    return "" if os.access(parent, os.W_OK | os.X_OK) else f"the folder '{parent}' is not writable"
