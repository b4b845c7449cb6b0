"""The two questions about a path: is it code of the project, and is it a file of the project.

Files count under the root folder of the session, or under the git repository that contains it. Virtual
environments, caches and temporary folders do not count.
"""

from __future__ import annotations

import os
import tempfile
from enum import Enum
from importlib.util import source_from_cache
from pathlib import Path

import pytest

_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_IN_LIBRARIES = f"{os.sep}site-packages{os.sep}"
_EXCLUDED_FOLDERS = frozenset({".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", ".eggs"}).union(
    {".hypothesis", "node_modules", "__pycache__"}, _LIBRARIES
)
_OWN = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
_OWN_PACKAGES = tuple(os.path.join(_OWN, name, "") for name in ("pytest_dagflow", "dagflow"))
_BESIDE_PYTEST = os.path.dirname(os.path.dirname(pytest.__file__))
_PYTEST = tuple(os.path.join(_BESIDE_PYTEST, name, "") for name in ("pytest", "_pytest", "pluggy"))
_STANDARD = os.path.dirname(os.__file__)
_STANDARD_FOLDERS = tuple({os.path.join(folder, "") for folder in (_STANDARD, os.path.realpath(_STANDARD))})
# the modules through which code reads files and variables for its caller
_TRANSPARENT_MODULES = frozenset({"os", "_collections_abc", "posixpath", "ntpath", "genericpath", "pathlib"})


class Code(Enum):
    """The owner of a line of code on the stack."""

    PROJECT = "project"
    LIBRARY = "library"
    STANDARD = "standard library"
    TRANSPARENT = "standard library, on behalf of the caller"
    CONFIG = "the reader of config in dagflow"
    RUNTIME = "the rest of dagflow"
    PYTEST = "pytest or the import machinery, which read files for themselves"
    LINES = "the reader of source lines for tracebacks"
    DOCTEST = "an example in a string"


def folder_of_project(root: str) -> str:
    """Return the root of the git repository around a folder; the folder itself if there is no repository."""
    for folder in (Path(root), *Path(root).parents):
        if (folder / ".git").exists():
            return str(folder)
    return root


class Places:
    """The folders of one session.

    Args:
        root: The root folder of the session, absolute.
        temporary: Folders whose files do not count, such as that of `--basetemp`.
    """

    def __init__(self, root: str, temporary: tuple[str, ...] = ()) -> None:
        self.root = root
        self.project = folder_of_project(root)
        self._folders = tuple({self.project, os.path.realpath(self.project)})
        self._prefixes = tuple(os.path.join(folder, "") for folder in self._folders)
        system = os.path.realpath(tempfile.gettempdir()) + os.sep
        is_inside = (os.path.realpath(root) + os.sep).startswith(system)
        self._temporary = tuple(os.path.join(os.path.abspath(folder), "") for folder in temporary)
        self._temporary += () if is_inside else (system,)
        self._system = system
        self._files: dict[str, str] = {}
        self._codes: dict[str, Code] = {}

    def file_of(self, path: str) -> str:
        """Return the path of a project file relative to the root folder; "" for any other file."""
        if not os.path.isabs(path):
            try:
                path = os.path.join(os.getcwd(), path)
            except OSError:  # the working directory was deleted
                return ""
        elif _IN_LIBRARIES in path or not (path.startswith(self._folders) or os.pardir in path):
            return ""  # quickly, since most of the files are those of imports
        found = self._files.get(path)
        if found is None:
            found = self._files[path] = self._find_file(path)
        return found

    def _find_file(self, path: str) -> str:
        path = os.path.normpath(path)
        for prefix in self._prefixes:
            if (path + os.sep).startswith(prefix):
                break
        else:
            return ""
        if path.endswith(".pyc"):
            try:
                path = source_from_cache(path)
            except ValueError:  # compiled without the folder __pycache__
                path = path[:-1]
        inside = path[len(prefix) :]
        if is_excluded(inside) or self.is_temporary(path):
            return ""
        relative = os.path.relpath(os.path.join(self.project, inside), self.root)
        return relative.replace(os.sep, "/")

    def is_temporary(self, path: str) -> bool:
        """Return whether an absolute path is in a temporary folder that is no part of the project."""
        path = path + os.sep
        is_elsewhere = path.startswith(self._system) and not path.startswith(self._prefixes)
        return is_elsewhere or path.startswith(self._temporary)

    def code_of(self, filename: str) -> Code:
        """Return the owner of the code of a file, by the file name of a code object."""
        found = self._codes.get(filename)
        if found is None:
            found = self._codes[filename] = _find_code(filename)
        return found


def is_excluded(relative: str) -> bool:
    """Return whether a path below the project is inside a virtual environment or cache.

    Example:
        >>> is_excluded(".venv/lib/x.py"), is_excluded("data/x.csv")
        (True, False)
    """
    parts = relative.split(os.sep)
    if not _EXCLUDED_FOLDERS.isdisjoint(parts):
        return True
    return any(part.startswith(".") and part.endswith("_cache") for part in parts)


def _find_code(filename: str) -> Code:
    if filename.startswith("<frozen importlib._bootstrap>"):
        return Code.PYTEST
    if filename.startswith("<frozen "):  # since Python 3.11 the modules that every start of Python needs
        return _standard_code(filename[len("<frozen ") : -1])
    if filename.startswith("<"):
        return Code.DOCTEST if filename.startswith("<doctest ") else Code.LIBRARY
    path = os.path.abspath(filename)
    if path.startswith(_PYTEST):
        return Code.PYTEST
    for folder in _OWN_PACKAGES:
        if path.startswith(folder):
            is_config = path[len(folder) :].startswith(f"config{os.sep}")
            return Code.CONFIG if is_config else Code.RUNTIME
    if not _LIBRARIES.isdisjoint(path.split(os.sep)):
        return Code.LIBRARY
    for standard in _STANDARD_FOLDERS:
        if path.startswith(standard):
            # since Python 3.13 pathlib is a package
            return _standard_code(path[len(standard) :].partition(os.sep)[0].removesuffix(".py"))
    return Code.PROJECT


def _standard_code(module: str) -> Code:
    if module == "linecache":
        return Code.LINES
    return Code.TRANSPARENT if module in _TRANSPARENT_MODULES else Code.STANDARD
