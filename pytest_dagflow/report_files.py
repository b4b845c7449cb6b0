"""The files of reports: how they are written, the paths of source files in them, and the text of names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

_WORKSPACE = "GITHUB_WORKSPACE"
_SUMMARY = "GITHUB_STEP_SUMMARY"


class Paths(NamedTuple):
    """The paths of source files in a report.

    Attributes:
        root: The root folder of the session, to which relative paths belong.
        base: The folder to which the paths in the report are relative.
    """

    root: Path
    base: Path

    def real(self, file: str) -> str:
        """Return the path of a file on this machine."""
        return os.path.normpath(self.root / file)

    def shown(self, file: str) -> str:
        """Return the path of a file in the report."""
        real = Path(self.real(file))
        try:
            return Path(os.path.relpath(real, self.base)).as_posix()
        except ValueError:  # on another drive
            return real.as_posix()


def repository_root(start: Path) -> Path:
    """Return the root of the repository in a job of GitHub, whose code scanning and annotations expect it.

    Args:
        start: The folder elsewhere, in which pytest was started.
    """
    workspace = os.environ.get(_WORKSPACE)
    return Path(workspace) if workspace else start


def write_file(path: Path, text: str) -> None:
    """Write a report, and create the folders above it.

    Raises:
        OSError: The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def append_to_summary(render: Callable[[], str]) -> str:
    """Append a Markdown report to the summary of a job of GitHub; do nothing elsewhere.

    Args:
        render: Returns the report.

    Returns:
        The reason why it could not be written; empty otherwise.
    """
    summary = os.environ.get(_SUMMARY)
    if not summary:
        return ""
    try:
        with open(summary, "a", encoding="utf-8", newline="\n") as file:
            file.write(render())
    except OSError as error:
        return f"the summary for GitHub cannot be written: {error}"
    return ""


def json_text(document: Any) -> str:
    """Return a document as JSON.

    Example:
        >>> print(json_text([]), end="")
        []
    """
    return json.dumps(document, indent=1) + "\n"


def visible(text: str) -> str:
    """Return a text in one line, with an escape for each character that has no picture.

    Example:
        >>> print(visible("a\\nb\\u202ec"))
        a\\nb\\u202ec
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
