"""The modules below `dagster`, and `dagster_shared`: names of dagflow by the table, and placeholders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from dagflow.compat.paths import EVERYWHERE, MODULES, PACKAGES, PUBLIC_MODULES
from dagflow.compat.placeholders import Absent, private, refuse_patch, touch

_MISSING: Any = object()
_OF_TOOLS = ("__", "_mock_", "_pytest")  # attributes by which tools recognize their own objects


def private_name(name: str) -> Any:
    """Return an object by the name that some module below `dagster` has for it.

    Raises:
        KeyError: No such module has this name.

    Example:
        >>> private_name("TableSlice")
        <class 'dagflow.io.db.TableSlice'>
    """
    return _ours(EVERYWHERE[name])


def _ours(source: str) -> Any:
    place, _, name = source.partition(":")
    module = import_module(place)
    return getattr(module, name) if name else module


class Finder(MetaPathFinder, Loader):
    """Finds `dagster`, `dagster_shared` and every module below them."""

    def __init__(self, dagster: ModuleType) -> None:
        self._dagster = dagster

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module is imported; None if the name is no module of these packages."""
        root, _, below = fullname.partition(".")
        if root not in ("dagster", "dagster_shared"):
            return None
        # `from dagster import x` asks for the module `dagster.x` if there is no name `x`
        if root == "dagster" and below and below[0] != "_" and below.split(".")[0] not in PUBLIC_MODULES:
            return None
        # `mock.patch("dagster._core.events.DagsterEvent.x")` asks whether the class is a module
        if any(letter.isupper() for letter in fullname):
            return None
        return ModuleSpec(fullname, self, origin=__file__, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, without names. A second import of `dagster` returns the same module."""
        return self._dagster if spec.name == "dagster" else _Private(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the names of the module are looked up at their first use."""


class _Private(ModuleType):
    """A module below `dagster`, or of `dagster_shared`."""

    def __getattr__(self, name: str) -> Any:
        whole = f"{self.__name__}.{name}"
        if name.startswith(_OF_TOOLS) and name != "__version__":
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'", name=name)
        value = self._own(name)
        if value is _MISSING:
            value = getattr(sys.modules["dagster"], name, _MISSING)
        if value is _MISSING:
            touch(whole, is_used=False)
            return private(whole)
        if not isinstance(value, Absent):  # each line that imports a placeholder is registered
            super().__setattr__(name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        known = name.startswith("__") or name in self.__dict__ or isinstance(value, ModuleType)
        if not known and self._own(name) is _MISSING and not _is_public(name):
            refuse_patch(f"{self.__name__}.{name}")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name in self.__dict__:  # `mock.patch` also deletes what it could not set
            super().__delattr__(name)

    def _own(self, name: str) -> Any:
        """Return the object or module that the table has for a name of this module."""
        row, whole = MODULES.get(self.__name__, {}), f"{self.__name__}.{name}"
        if name in row:
            return _ours(row[name])
        found = getattr(import_module(row["*"]), name, _MISSING) if "*" in row else _MISSING
        return import_module(whole) if found is _MISSING and whole in PACKAGES else found


def _is_public(name: str) -> bool:
    value = getattr(sys.modules["dagster"], name, _MISSING)
    return value is not _MISSING and not isinstance(value, Absent)
