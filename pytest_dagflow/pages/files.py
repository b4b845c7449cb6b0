"""The paths of HTML reports and other reports, checked before the tests."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_dagflow.report_files import why_not_writable


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
    problem = why_not_writable(path)
    if problem:
        raise pytest.UsageError(f"{given}: {problem}. Write {form}")
    return path


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


def shown_path(path: Path, folder: Path) -> str:
    """Return a path relative to a folder, if it is inside."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
