"""The modules below `dagster` that public packages import, although their names begin with an underscore.

A package for a database, for example, builds on classes that Dagster does not export at its top. Each module
here has these names of dagflow, and all names of the module `dagster`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# module -> {module of dagflow: names that are not exported by dagflow}
MODULES: dict[str, dict[str, str]] = {
    "dagster._config.pythonic_config": {},
    "dagster._core.definitions.data_version": {},
    "dagster._core.definitions.metadata": {"dagflow.metadata.table_set": "TableMetadataSet"},
    "dagster._core.definitions.observe": {},
    "dagster._core.definitions.partitions.utils": {},
    "dagster._core.storage.branching.branching_io_manager": {"dagflow.io.branching": "BranchingIOManager"},
    "dagster._core.storage.db_io_manager": {
        "dagflow.io.db": (
            "DbClient DbIOManager DbTypeHandler TablePartitionDimension TableSlice escape_sql_string_literal "
            "static_where_clause"
        ),
    },
    "dagster._core.storage.file_manager": {"dagflow.io.file_manager": "FileManager LocalFileManager"},
    "dagster._core.storage.fs_io_manager": {},
    "dagster._core.storage.io_manager": {"dagflow.compat_packages": "dagster_maintained_io_manager"},
    "dagster._core.storage.upath_io_manager": {},
    "dagster._utils.backoff": {"dagflow.compat_packages": "backoff"},
    "dagster_shared.libraries": {},
}

_PLACES = {name: place for row in MODULES.values() for place, names in row.items() for name in names.split()}
_PARENTS = {
    ".".join(parts[:length])
    for parts in (name.split(".") for name in MODULES)
    for length in range(1, len(parts))
} - {"dagster"}


def private_name(name: str) -> Any:
    """Return an object by the name that a module below `dagster` has for it.

    Raises:
        KeyError: No such module has this name.

    Example:
        >>> private_name("TableSlice")
        <class 'dagflow.io.db.TableSlice'>
    """
    return getattr(import_module(_PLACES[name]), name)


class Finder(MetaPathFinder, Loader):
    """Finds the modules of the table, and the packages that they are in."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module is imported, None for a module that is not in the table."""
        if fullname in MODULES or fullname in _PARENTS:
            return ModuleSpec(fullname, self, origin=__file__, is_package=fullname in _PARENTS)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, without names."""
        return _Private(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the names of the module are looked up at their first use."""


class _Private(ModuleType):
    """A module below `dagster`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__name__ not in MODULES:
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'", name=name)
        value = getattr(sys.modules["dagster"], name)
        setattr(self, name, value)
        return value
