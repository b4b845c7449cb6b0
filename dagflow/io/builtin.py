"""The I/O managers that resources without a function of the user's stand for, by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagflow.context.init import InitResourceContext
from dagflow.io.memory import InMemoryIOManager


def _memory(_: InitResourceContext) -> InMemoryIOManager:
    return InMemoryIOManager()


def _files(context: InitResourceContext) -> Any:
    from dagflow.io.filesystem import PickleFiles  # a run in memory needs it not

    base = (context.resource_config or {}).get("base_dir")
    return PickleFiles(base or context.instance.storage_directory())


BUILTINS: dict[str, Callable[[InitResourceContext], Any]] = {
    "memory_io_manager": _memory, "filesystem_io_manager": _files, "default_io_manager": _files
}  # fmt: skip
"""What makes the resources that have no function of the user's, by kind."""
