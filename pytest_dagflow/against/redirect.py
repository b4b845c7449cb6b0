"""The imports of a session on a revision: what would come from the working tree comes from its worktree.

A project can be on the path by its root folder, `pythonpath`, PYTHONPATH or an editable install, each with
the absolute path of the working tree. This module maps `sys.path`, and puts a finder before all others that
maps each module they find. It has no import of this package, because it is loaded before pytest.
"""

from __future__ import annotations

import importlib.util
import json
import os
import site
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

VARIABLE = "DAG_AGAINST_REDIRECT"
"""The environment variable with both folders, for the processes that this one starts."""
PREPARATION = "pytest_dagflow.against.redirect:install_from_environment"
"""The functions that the processes of steps call first."""
_OWN = ("dagflow", "pytest_dagflow")
"""The packages of this tool, which is the same on both sides."""
_OWN_FOLDER = Path(__file__).parents[2]
_LIBRARIES = frozenset({"site-packages", "dist-packages"})


def install(working_top: str, checkout_top: str) -> None:
    """Map the imports of this process, and of the processes that it starts.

    A second call only moves the finder before those that were added since.

    Args:
        working_top: The top folder of the working tree.
        checkout_top: The top folder of the worktree of the revision.
    """
    found = _installed()
    if found is not None:
        sys.meta_path.remove(found)
        sys.meta_path.insert(0, found)
        return
    places = Places(working_top, checkout_top)
    os.environ[VARIABLE] = json.dumps([working_top, checkout_top])
    from_path = [entry for entry in sys.path if places.is_foreign(entry)]
    sys.path[:] = [places.mapped(entry) for entry in sys.path]
    given = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    entries = [places.mapped(entry) for entry in given]
    # those of an editable install come after the libraries, where a new interpreter would find them unmapped
    entries += [one for one in map(places.mapped, from_path) if one not in entries and _is_safe_first(one)]
    if entries:
        os.environ["PYTHONPATH"] = os.pathsep.join(entries)
    if "pytest" not in sys.modules:  # modules that the start of Python has imported
        for name in [name for name, file in _files() if places.is_foreign(file)]:
            del sys.modules[name]
    sys.meta_path.insert(0, Redirect(places))
    sys.path_importer_cache.clear()


def install_from_environment() -> None:
    """Map the imports as the process that started this one, if it does."""
    folders = os.environ.get(VARIABLE)
    if folders:
        install(*json.loads(folders))


def foreign_modules() -> list[str]:
    """Return the files of modules that were nevertheless imported from the working tree."""
    found = _installed()
    return [] if found is None else module_files(found.places.working, found.places)


def project_files() -> list[str]:
    """Return the files of modules that were imported from the worktree.

    None are if the project is installed without links to its files: it is then the same on both sides.
    """
    found = _installed()
    return [] if found is None else module_files(found.places.there, found.places)


def module_files(top: Path, places: Places | None = None) -> list[str]:
    """Return the files of modules that were imported from a folder, absolute and without links.

    Args:
        top: The top folder of the working tree or of the worktree.
        places: The places of both; default: there is one only.
    """
    places = places or Places(str(top), "")
    files = {os.path.realpath(file) for _, file in _files()}
    return sorted(file for file in files if places.is_code_of(top, file))


class Places:
    """The folders of both sides.

    Args:
        working_top: The top folder of the working tree.
        checkout_top: The top folder of the worktree; empty without one.

    Attributes:
        working: The top folder of the working tree, without links.
        there: The top folder of the worktree, without links.
    """

    def __init__(self, working_top: str, checkout_top: str) -> None:
        self.working = Path(os.path.realpath(working_top))
        self.there = Path(os.path.realpath(checkout_top or os.devnull))
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, *_folders_of_libraries()}
        real = {Path(os.path.realpath(prefix)) for prefix in prefixes}
        # one around the working tree, such as /usr, says nothing
        self._prefixes = tuple(one for one in real if one != self.working and self._is_in(self.working, one))
        self._known: dict[str, str] = {}
        self._environments: dict[Path, bool] = {}

    def is_foreign(self, path: str) -> bool:
        """Return whether a path is one of the code in the working tree."""
        return self.mapped(path) != path

    def mapped(self, path: str) -> str:
        """Return the path in the worktree for one of the working tree; any other path itself."""
        if not isinstance(path, str) or not os.path.isabs(path):
            return path
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._map(path)
        return found

    def _map(self, path: str) -> str:
        real = Path(os.path.realpath(path))
        if not self.is_code_of(self.working, str(real)):
            return path
        return str(self.there / real.relative_to(self.working))

    def is_code_of(self, top: Path, real: str) -> bool:
        """Return whether a path without links is below a top folder, and in no environment of Python."""
        path = Path(real)
        if not self._is_in(top, path):
            return False
        if top == self.working and self._is_in(self.there, path):
            return False  # temporary folders may be in the working tree
        inside = path.relative_to(top).parts
        if not _LIBRARIES.isdisjoint(inside) or any(self._is_in(one, path) for one in self._prefixes):
            return False
        if any(self._is_in(_OWN_FOLDER / name, path) for name in _OWN):
            return False
        parents = (top.joinpath(*inside[:length]) for length in range(1, len(inside) + 1))
        return not any(self._is_environment(parent) for parent in parents)

    def _is_environment(self, folder: Path) -> bool:
        found = self._environments.get(folder)
        if found is None:
            found = self._environments[folder] = (folder / "pyvenv.cfg").exists() or (
                folder / "conda-meta"
            ).is_dir()
        return found

    @staticmethod
    def _is_in(top: Path, path: Path) -> bool:
        return path.is_relative_to(top)


class Redirect:
    """The finder before all others: it maps the modules that they find.

    Args:
        places: The folders of both sides.
    """

    def __init__(self, places: Places) -> None:
        self.places = places

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module, in the worktree if it is one of the working tree.

        Raises:
            ModuleNotFoundError: Only the working tree has it.
        """
        if name.partition(".")[0] in _OWN:
            own = path if path is not None else [str(_OWN_FOLDER), *sys.path]
            return next(self._found(name, own, target), None)
        absent = ""
        for spec in self._found(name, path, target):
            moved = self._moved(spec)
            if moved is not None:
                return moved
            absent = absent or str(spec.origin or name)
        if absent:
            message = f"No module named {name!r}: '{absent}' is new in the working tree"
            raise ModuleNotFoundError(message, name=name)
        return None

    def _found(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> Iterator[ModuleSpec]:
        """Yield what the other finders find."""
        for finder in tuple(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec = find(name, path, target)
                if spec is not None:
                    yield spec

    def _moved(self, spec: ModuleSpec) -> ModuleSpec | None:
        """Return the spec in the worktree; None if that does not have the module."""
        origin = spec.origin if spec.has_location else None
        locations = list(spec.submodule_search_locations or ())
        if origin is not None and self.places.is_foreign(origin):
            return self._with_origin(spec, origin, locations)
        if any(map(self.places.is_foreign, locations)):
            moved = [one for one in dict.fromkeys(map(self.places.mapped, locations)) if os.path.isdir(one)]
            if origin is None and not moved:
                return None
            spec.submodule_search_locations = moved
        return spec

    def _with_origin(self, spec: ModuleSpec, origin: str, locations: Iterable[str]) -> ModuleSpec | None:
        there = self.places.mapped(origin)
        if os.path.exists(there):
            # a loader with a path has that of the working tree; others read the one of the spec
            loader = None if hasattr(spec.loader, "path") else spec.loader
            moved = [self.places.mapped(location) for location in locations]
            return importlib.util.spec_from_file_location(
                spec.name, there, loader=loader, submodule_search_locations=moved or None
            )
        # it may have been a package, or a module, before
        place = os.path.dirname(os.path.dirname(there) if locations else there)
        return PathFinder.find_spec(spec.name, [place])


def _installed() -> Redirect | None:
    return next((one for one in sys.meta_path if isinstance(one, Redirect)), None)


def _files() -> Iterator[tuple[str, str]]:
    """Yield the name and the file of each module."""
    for name, module in tuple(sys.modules.items()):
        file: Any = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.isabs(file):
            yield name, file


def _folders_of_libraries() -> list[str]:
    found: list[str] = getattr(site, "getsitepackages", list)()  # old virtual environments have none
    user = getattr(site, "getusersitepackages", str)()
    return [*found, *([user] if user else [])]


def _is_safe_first(folder: str) -> bool:
    """Return whether a folder hides no module of the standard library when it comes first."""
    try:
        names = {name.partition(".")[0] for name in os.listdir(folder)}
    except OSError:
        return False
    return names.isdisjoint(sys.stdlib_module_names)
