"""Imports of the runtime past the assertion rewriting of pytest.

pytest rewrites the assertions of every package in a distribution that brings a plugin, and looks each of its
modules up in a cache of its own. That doubles the import time of `dagflow`, which has no assertion for users.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class RuntimeFinder:
    """The finder of `dagflow` and its modules, as Python itself finds them."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of `dagflow`, None for every other module."""
        if name == "dagflow" or name.startswith("dagflow."):
            return PathFinder.find_spec(name, path, target)
        return None


def install_finder() -> None:
    """Put the finder before that of pytest."""
    remove_finder()
    sys.meta_path.insert(0, RuntimeFinder)


def remove_finder() -> None:
    """Remove the finder, if it is installed."""
    if RuntimeFinder in sys.meta_path:
        sys.meta_path.remove(RuntimeFinder)
