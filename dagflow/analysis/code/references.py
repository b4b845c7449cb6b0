"""The targets of the references of a block: blocks of project modules, or names outside of the project."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import NamedTuple

from dagflow.analysis.code.modules import Modules

_BUILTINS = frozenset(dir(builtins))
_OF_MODULES = frozenset(
    [
        "__name__",
        "__file__",
        "__doc__",
        "__path__",
        "__package__",
        "__spec__",
        "__loader__",
        "__builtins__",
        "__annotations__",
        "__debug__",
        "__class__",
        "__module__",
        "__qualname__",
    ]
)
_DYNAMIC = (
    "builtins.__import__",
    "importlib.import_module",
    "importlib.util.",
    "importlib.machinery.",
    "pkgutil.",
    "runpy.",
    "sys.modules",
)
"""Functions that load modules by a name that is not in the code. A final dot stands for all names below."""
WIDE = "*"


def id_of(path: str, name: str = "") -> str:
    """Return the id of a block; that of the module's own statements if it has no name."""
    return f"{path}::{name}" if name else path


def parts_of(block_id: str) -> tuple[str, str]:
    """Return the path and the name of the id of a block."""
    path, _, name = block_id.partition("::")
    return path, name


class Targets(NamedTuple):
    """The targets of a reference.

    Attributes:
        ids: The ids of blocks, in the order of the imports that lead to them.
        outside: Names outside of the project, such as `math.floor`.
        runs: The paths of the modules that a local import runs.
    """

    ids: tuple[str, ...]
    outside: tuple[str, ...]
    runs: tuple[str, ...] = ()


class References:
    """The resolution of references, by syntax alone.

    Args:
        modules: The modules of the project.
    """

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._resolved: dict[tuple[str, str], Targets] = {}

    def resolve(self, path: str, reference: str) -> Targets:
        """Return the targets of a reference in a module."""
        key = (path, reference)
        if key not in self._resolved:
            self._resolved[key] = self._resolve(path, reference)
        return self._resolved[key]

    def _resolve(self, path: str, reference: str) -> Targets:
        if reference == WIDE:
            return Targets((id_of(path, WIDE),), ())
        if reference.startswith("**"):
            return Targets((reference,), ())
        if reference.startswith("+"):
            return Targets((), (), tuple(self.run_by(path, [reference[1:]])))
        walk = _Walk(self.modules, is_known=reference.startswith("!"))
        bare = reference.lstrip("!")
        if bare.startswith("@"):
            walk.follow_import(path, bare[1:], [])
        else:
            walk.follow_name(path, bare.lstrip("?").split("."), is_optional=bare.startswith("?"))
        return Targets(tuple(walk.ids), tuple(walk.outside))

    def run_by(self, path: str, targets: Iterable[str]) -> list[str]:
        """Return the paths of the modules that imports of a module run."""
        found: dict[str, None] = {}
        for target in targets:
            level, name, attribute = target.split(":")
            files = list(self.modules.find(path, int(level), name))
            if attribute:
                inner = [one for file in files for one in self.modules.submodules(file, attribute)]
                files += inner or self.modules.find(path, int(level), f"{name}.{attribute}".lstrip("."))
            for position in range(1, name.count(".") + 1) if not files else ():
                files += self.modules.find(path, int(level), ".".join(name.split(".")[:position]))
            for file in files:
                found.update(dict.fromkeys(self.modules.packages_of(file)))
                found[file] = None
        return list(found)


class _Walk:
    """One walk from a reference to its targets."""

    def __init__(self, modules: Modules, is_known: bool) -> None:
        self.modules = modules
        self.is_known = is_known
        self.ids: dict[str, None] = {}
        self.outside: dict[str, None] = {}
        self._seen: set[tuple[str, ...]] = set()

    def follow_name(self, path: str, parts: list[str], is_optional: bool = False) -> None:
        """Follow a name of a module and its attributes."""
        module = self.modules.parsed(path)
        if module is None:
            self.ids[path] = None
            return
        name = parts[0]
        if self._follow_bound(path, parts) or is_optional:
            return
        if name in _BUILTINS:
            self._follow_builtin(path, name)
        elif name not in _OF_MODULES:
            outside = [star for star in module.stars if not self._files_of(path, star)]
            for star in outside:
                self.outside[f"{star.split(':')[1]}.*.{'.'.join(parts)}"] = None
            if not outside:
                self.ids[id_of(path, WIDE)] = None

    def _follow_builtin(self, path: str, name: str) -> None:
        if name in ("globals", "eval", "exec"):
            self.ids[id_of(path, WIDE)] = None
        elif name == "__import__" and not self.is_known:
            self.ids["**"] = None

    def _follow_bound(self, path: str, parts: list[str]) -> bool:
        """Follow a name if its module binds it, and return whether it does."""
        module, name = self.modules.parsed(path), parts[0]
        key = (path, *parts)
        if module is None or key in self._seen:
            return module is not None
        self._seen.add(key)
        is_bound = bool(name) and name in module.blocks
        if is_bound:
            self.ids[id_of(path, name)] = None
        for target in module.imports.get(name, ()):
            is_bound = True
            self.follow_import(path, target, parts[1:])
        files = [file for star in module.stars for file in self._files_of(path, star)]
        for file in files:
            if not name.startswith("__") and self._follow_bound(file, parts):
                is_bound = True
                exported = self.modules.parsed(file)
                if len(files) > 1 and exported and "__all__" in exported.blocks:
                    self.ids[id_of(file, "__all__")] = None  # it decides which of two stars binds the name
        return is_bound

    def _files_of(self, path: str, star: str) -> tuple[str, ...]:
        level, name, _ = star.split(":")
        return self.modules.find(path, int(level), name)

    def follow_import(self, path: str, target: str, rest: list[str]) -> None:
        """Follow an import and the attributes of the imported name."""
        level, name, attributes = target.split(":")
        parts = [*(attributes.split(".") if attributes else []), *rest]
        for count in range(len(parts) + 1):  # a folder without `__init__.py` is a package without a file
            place = ".".join([*([name] if name else []), *parts[:count]])
            files = self.modules.find(path, int(level), place)
            for file in files:
                self._follow_in(file, parts[count:])
            if files:
                return
        whole = ".".join([*([name] if name else []), *parts])
        if not parts and self.modules.named(f"{name}."):
            self.ids[f"**{name}."] = None
        dynamic = any(f"{whole}.".startswith(one if one.endswith(".") else f"{one}.") for one in _DYNAMIC)
        if dynamic and not self.is_known:
            self.ids["**"] = None
        self.outside["." * int(level) + whole] = None

    def _follow_in(self, path: str, parts: list[str]) -> None:
        """Follow attributes of a module. A bare module counts with everything in it."""
        if not parts:
            self.ids[id_of(path, WIDE)] = None
            return
        module = self.modules.parsed(path)
        if module is None:
            self.ids[path] = None
            return
        is_bound = self._follow_bound(path, parts)
        submodules = self.modules.submodules(path, parts[0])
        for file in submodules:
            self._follow_in(file, parts[1:])
        if not is_bound and not submodules and parts[0] not in _OF_MODULES:
            self.ids[id_of(path, WIDE)] = None
