"""The built-in I/O managers: the one table from the resource type of a definition to its I/O manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dagflow._util import has_class
from dagflow.context.init import InitResourceContext
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.io_managers import (
    custom_path_fs_io_manager,
    default_io_manager,
    fs_io_manager,
    mem_io_manager,
)
from dagflow.io.manager import IOManager
from dagflow.io.memory import InMemoryIOManager

if TYPE_CHECKING:
    from dagflow.io.filesystem import PickleFiles


def _memory(_: InitResourceContext) -> InMemoryIOManager:
    return InMemoryIOManager()


def _files(context: InitResourceContext) -> PickleFiles:
    from dagflow.io.filesystem import PickleFiles  # imported lazily: a run in memory does not need it

    base = (context.resource_config or {}).get("base_dir")
    return PickleFiles(base or context.instance.storage_directory())


def _files_at_paths(context: InitResourceContext) -> PickleFiles:
    from dagflow.io.filesystem import PickleFilesAtPaths

    return PickleFilesAtPaths(context.resource_config["base_dir"])


BUILTINS: dict[str, Callable[[InitResourceContext], IOManager]] = {
    mem_io_manager.resource_type: _memory,
    fs_io_manager.resource_type: _files,
    custom_path_fs_io_manager.resource_type: _files_at_paths,
    default_io_manager.resource_type: _files,
}
"""The function that makes the I/O manager, by resource type of the definition."""


def build_builtin(resource_type: str, context: InitResourceContext) -> IOManager:
    """Return the built-in I/O manager of a resource type."""
    return BUILTINS[resource_type](context)


def is_memory_of_run(resource: ResourceDefinition) -> bool:
    """Return whether a resource keeps values in the memory of one run only."""
    return resource.resource_type == mem_io_manager.resource_type


def is_in_memory(resource: ResourceDefinition) -> bool:
    """Return whether a resource keeps values in memory, where no other process can read them."""
    return is_memory_of_run(resource) or (
        resource.resource_type == "value" and has_class(resource.value, InMemoryIOManager)
    )
