"""The modules of a project: found by the paths of their files, parsed once, and never imported."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
from collections.abc import Collection, Iterator, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from dagflow.analysis.code.blocks import FORMAT, ParsedModule, parse_module

_LIBRARIES = frozenset({"site-packages", "dist-packages", "node_modules", "__pycache__", "__pypackages__"})
_OWN = frozenset({"dagflow", "pytest_dagflow"})
PARSED: dict[str, ParsedModule] = {}
"""The modules that this process has parsed, by the hash of their source."""


class Sources(Protocol):
    """The files of a project: those of a folder, or of a revision in a version control system.

    Paths are relative to the root of the project, with forward slashes.
    """

    def paths(self) -> Collection[str]:
        """Return the paths of the Python files."""
        ...

    def text(self, path: str) -> str:
        """Return the text of a file."""
        ...

    def has(self, path: str) -> bool:
        """Return whether a file exists, Python or not."""
        ...


class FolderSources:
    """The Python files under a folder, and those of packages that are installed as editable.

    Folders whose name begins with a dot, virtual environments, installed packages and dagflow itself are left
    out.

    Args:
        root: The root folder of the project.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "shop.py").write_text("RATE = 3")
        ...     sources = FolderSources(folder)
        ...     "shop.py" in sources.paths(), sources.text("shop.py")
        (True, 'RATE = 3')
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = os.path.abspath(root)
        self._paths: dict[str, None] | None = None

    def paths(self) -> Collection[str]:
        """Return the paths of the Python files, relative to the root."""
        if self._paths is None:
            folders = [self.root, *(one for one in editable_folders() if not _is_within(one, self.root))]
            self._paths = {self.relative(path): None for folder in folders for path in _python_files(folder)}
        return self._paths

    def relative(self, path: str) -> str:
        """Return the path of a file relative to the root, with forward slashes."""
        try:
            return os.path.relpath(path, self.root).replace(os.sep, "/")
        except ValueError:  # on another drive of Windows
            return path.replace(os.sep, "/")

    def text(self, path: str) -> str:
        """Return the text of a file.

        Args:
            path: Its path relative to the root.

        Raises:
            OSError: The file cannot be read.
        """
        return decoded(Path(self.root, path).read_bytes())

    def has(self, path: str) -> bool:
        """Return whether a file exists.

        Args:
            path: Its path relative to the root.
        """
        return os.path.isfile(os.path.join(self.root, path))


def decoded(source: bytes) -> str:
    """Return source code as a string, by the encoding that it declares."""
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding).replace("\r\n", "\n")
    except (LookupError, SyntaxError, UnicodeDecodeError):
        return source.decode("utf-8", "replace")


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _python_files(folder: str) -> Iterator[str]:
    own = own_folders()
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _LIBRARIES
            and os.path.join(current, name) not in own
            and not os.path.exists(os.path.join(current, name, "pyvenv.cfg"))
        )
        yield from (os.path.join(current, name) for name in sorted(files) if name.endswith(".py"))


@lru_cache(maxsize=1)
def own_folders() -> frozenset[str]:
    """Return the folders of this distribution, which is no part of a project."""
    package = Path(__file__).parents[2]
    return frozenset({str(package), str(package.parent / "pytest_dagflow")})


@lru_cache(maxsize=1)
def editable_folders() -> tuple[str, ...]:
    """Return the folders of the distributions that are installed as editable."""
    folders = []
    for distribution in importlib.metadata.distributions():
        text = distribution.read_text("direct_url.json")
        if not text or distribution.metadata["Name"] == "pytest-dagflow":
            continue
        try:
            stored = json.loads(text)
            is_editable = stored.get("dir_info", {}).get("editable", False)
            path = unquote(urlsplit(stored["url"]).path)
        except (AttributeError, KeyError, ValueError):  # written by another tool
            continue
        if os.name == "nt":
            path = path.lstrip("/")
        if is_editable and os.path.isdir(path):
            folders.append(os.path.abspath(path))
    return tuple(sorted(set(folders)))


@lru_cache(maxsize=1)
def _library_folders() -> tuple[str, ...]:
    import sysconfig

    paths = sysconfig.get_paths()
    return tuple(os.path.realpath(paths[name]) for name in ("stdlib", "platstdlib"))


@lru_cache(maxsize=4096)
def is_library(path: str) -> bool:
    """Return whether a file belongs to the standard library, an installed package or dagflow."""
    parts = path.split(os.sep)
    if not _LIBRARIES.isdisjoint(parts) or any(_is_within(path, one) for one in own_folders()):
        return True
    return any(_is_within(os.path.realpath(path), one) for one in _library_folders())


class Modules:
    """The parsed modules of a project.

    Args:
        sources: The files of the project.
        cache: Parsed modules by the hash of their source, as values for JSON. Parsed modules are added.
    """

    def __init__(self, sources: Sources, cache: MutableMapping[str, Any] | None = None) -> None:
        self.sources = sources
        self.cache = cache
        self.paths: set[str] = set(sources.paths())
        self._parsed: dict[str, ParsedModule | None] = {}
        self._by_stem: dict[str, list[str]] = {}
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}
        self._texts: dict[str, str] = {}
        self._named: dict[str, list[str]] = {}
        for path in sorted(self.paths):
            self._by_stem.setdefault(_stem(path), []).append(path)

    def add(self, path: str) -> None:
        """Add a file that is outside of the project's folders."""
        if path not in self.paths:
            self.paths.add(path)
            self._by_stem.setdefault(_stem(path), []).append(path)
            self._found.clear()
            self._named.clear()

    def parsed(self, path: str) -> ParsedModule | None:
        """Return a module; None if it is not valid Python."""
        if path not in self._parsed:
            self._parsed[path] = self._parse(path)
        return self._parsed[path]

    def _parse(self, path: str) -> ParsedModule | None:
        text = self._texts.get(path) or self.sources.text(path)
        key = f"{FORMAT}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
        if key in PARSED:
            parsed = PARSED[key]
        elif self.cache is not None and key in self.cache:
            parsed = PARSED[key] = ParsedModule.from_json(self.cache[key])
        else:
            try:
                parsed = parse_module(text)
            except (SyntaxError, ValueError, RecursionError):  # ValueError: null bytes
                return None
            PARSED[key] = parsed
        if self.cache is not None and key not in self.cache:
            self.cache[key] = parsed.to_json()
        return parsed

    def mentioning(self, name: str) -> list[str]:
        """Return the paths of the modules whose text has a name."""
        if not self._texts:
            self._texts = {path: self.sources.text(path) for path in sorted(self.paths)}
        return [path for path, text in self._texts.items() if name in text]

    def find(self, path: str, level: int, name: str) -> tuple[str, ...]:
        """Return the paths of a module that an import names; several if more than one file has that name.

        Args:
            path: The path of the module with the import.
            level: The number of leading dots.
            name: The name of the module.
        """
        if level:
            folder = path.split("/")[:-level]
            if len(path.split("/")) < level:
                return ()
            return self._at("/".join([*folder, *(name.split(".") if name else [])]))
        if not name or name.partition(".")[0] in _OWN:
            return ()
        key = (path.rpartition("/")[0], name)
        if key not in self._found:
            self._found[key] = self._absolute(name)
        return self._found[key]

    def _at(self, place: str) -> tuple[str, ...]:
        candidates = (f"{place}/__init__.py" if place else "__init__.py", f"{place}.py")
        return tuple(one for one in candidates if one in self.paths)

    def _absolute(self, name: str) -> tuple[str, ...]:
        suffix = name.replace(".", "/")
        found = []
        for path in self._by_stem.get(name.rpartition(".")[2], ()):
            place = path.removesuffix(".py").removesuffix("/__init__")
            if place == suffix or place.endswith("/" + suffix):
                folder = place[: -len(suffix)].rstrip("/")
                found.append((path, f"{folder}/__init__.py" in self.paths if folder else False))
        outside = [path for path, is_in_package in found if not is_in_package]
        if outside or name.partition(".")[0] in sys.stdlib_module_names:
            return tuple(outside)
        return tuple(path for path, _ in found)

    def submodules(self, path: str, name: str) -> tuple[str, ...]:
        """Return the paths of a submodule of a package; nothing if the module is no package."""
        if path.rpartition("/")[2] != "__init__.py":
            return ()
        folder = path.rpartition("/")[0]
        return self._at(f"{folder}/{name}" if folder else name)

    def within(self, path: str) -> list[str]:
        """Return the paths of all modules inside a package."""
        if path.rpartition("/")[2] != "__init__.py":
            return []
        folder = path.removesuffix("__init__.py")
        return [one for one in sorted(self.paths) if one.startswith(folder) and one != path]

    def packages_of(self, path: str) -> list[str]:
        """Return the paths of the packages around a module, which its import runs too."""
        parts = path.split("/")[:-1]
        found = ["/".join([*parts[:count], "__init__.py"]) for count in range(1, len(parts) + 1)]
        return [one for one in found if one in self.paths and one != path]

    def named(self, prefix: str) -> list[str]:
        """Return the paths of the modules whose dotted name begins with a prefix, in any folder."""
        if prefix not in self._named:
            start = prefix.replace(".", "/")
            self._named[prefix] = [
                path for path in sorted(self.paths) if path.startswith(start) or f"/{start}" in path
            ]
        return self._named[prefix]


def _stem(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
