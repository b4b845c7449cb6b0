"""The files that a glob of the ini keys `dag_files` and `dag_invalidate` matches."""

from __future__ import annotations

import glob
import os
import posixpath
import sys
from fnmatch import fnmatchcase

from pytest_dagflow.selecting.outside.places import is_excluded


def files_matching(root: str, pattern: str) -> list[str]:
    """Return the sorted paths of the files that a glob matches, relative to the root folder.

    Args:
        root: The root folder.
        pattern: A glob relative to the root folder; `**` stands for any number of folders.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     open(os.path.join(root, "prices.csv"), "w").close()
        ...     files_matching(root, "**/*.csv")
        ['prices.csv']
    """
    names = sorted({os.path.normpath(name) for name in _glob(root, pattern)})
    return [
        name.replace(os.sep, "/")
        for name in names
        if not is_excluded(name) and os.path.isfile(os.path.join(root, name))
    ]


def _glob(root: str, pattern: str) -> list[str]:
    if sys.version_info >= (3, 11):
        return glob.glob(pattern, root_dir=root, recursive=True, include_hidden=True)
    return glob.glob(pattern, root_dir=root, recursive=True)


def is_match(path: str, pattern: str) -> bool:
    """Return whether a glob matches a path, also that of a file which is deleted.

    Args:
        path: A path relative to the root folder, with forward slashes.
        pattern: A glob relative to the root folder; `**` stands for any number of folders.

    Example:
        >>> [is_match(path, "data/**/*.csv") for path in ("data/x.csv", "data/a/b/x.csv", "x.csv")]
        [True, True, False]
    """
    return _are_matches(path.split("/"), posixpath.normpath(pattern.replace(os.sep, "/")).split("/"))


def _are_matches(names: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        rest = patterns[1:] or ["*"]
        return any(_are_matches(names[count:], rest) for count in range(len(names)))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _are_matches(names[1:], patterns[1:])
