"""Imports of the runtime past the assertion rewriting of pytest, and calls when it is imported.

pytest rewrites the assertions of every package in a distribution that brings a plugin, and looks each of its
modules up in a cache of its own. That doubles the import time of `dagflow`, which has no assertion for users.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_when_loaded: list[Callable[[], None]] = []


class RuntimeFinder:
    """The finder of `dagflow` and its modules, as Python itself finds them."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of `dagflow`, None for every other module."""
        if name == "dagflow":
            spec = PathFinder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None and _when_loaded:
                spec.loader = _CallingLoader(spec.loader)  # type: ignore[assignment]
            return spec
        return PathFinder.find_spec(name, path, target) if name.startswith("dagflow.") else None


class _CallingLoader:
    """The loader of `dagflow` that calls the functions of `when_loaded` after the import."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        """Import the module, and leave no trace of this loader on it."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        for callback in tuple(_when_loaded):
            callback()


def is_runtime_loaded() -> bool:
    """Return whether the session has imported the runtime. Without it no test runs a pipeline."""
    return "dagflow" in sys.modules


@contextmanager
def when_loaded(callback: Callable[[], None]) -> Iterator[None]:
    """Call a function now if the runtime is loaded, otherwise when it is imported in this block.

    Without the runtime no run is possible, so a session that never imports it pays nothing.
    """
    if is_runtime_loaded():
        callback()
        yield
        return
    _when_loaded.append(callback)
    try:
        yield
    finally:
        _when_loaded.remove(callback)


def install_finder() -> None:
    """Put the finder before that of pytest."""
    remove_finder()
    sys.meta_path.insert(0, RuntimeFinder)


def remove_finder() -> None:
    """Remove the finder, if it is installed."""
    if RuntimeFinder in sys.meta_path:
        sys.meta_path.remove(RuntimeFinder)
