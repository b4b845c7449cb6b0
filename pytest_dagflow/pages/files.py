"""The files of reports: their check before the tests, and their writing at the end."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest


def checked_path(text: str, folder: Path, *, given: str, form: str) -> Path:
    """Return the path of a report that can be written. Missing folders are created at the end.

    Args:
        text: The path, relative to the folder.
        folder: The folder in which pytest was started.
        given: The option with its value, for the message.
        form: The form to write instead, for the message.

    Raises:
        pytest.UsageError: The file cannot be written.
    """
    path = folder / Path(text).expanduser()
    problem = _problem_of(path)
    if problem:
        raise pytest.UsageError(f"{given}: {problem}. Write {form}")
    return path


def _problem_of(path: Path) -> str:
    """Return the reason why a file cannot be written; empty if it can."""
    if path.is_dir():
        return f"'{path}' is a folder, and the report is one file"
    if path.exists():
        return "" if os.access(path, os.W_OK) else f"'{path}' is not writable"
    parent = next(one for one in path.parents if one.exists())
    if not parent.is_dir():
        return f"'{parent}' is a file, and the report needs a folder there"
    return "" if os.access(parent, os.W_OK | os.X_OK) else f"the folder '{parent}' is not writable"


def check_templates(option: str) -> None:
    """Raise if the library of the templates is not installed.

    Args:
        option: The option that needs it.

    Raises:
        pytest.UsageError: It is not installed.
    """
    if find_spec("jinja2") is None:
        raise pytest.UsageError(
            f"{option} needs jinja2, which is not installed: pip install 'pytest-dagflow[report]'"
        )


def write_report(path: Path, text: str) -> None:
    """Write a report, and create missing folders.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def shown_path(path: Path, folder: Path) -> str:
    """Return a path relative to a folder, if it is inside."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
