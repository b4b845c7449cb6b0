"""The table of the built-in I/O managers."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import InMemoryIOManager, ResourceDefinition, build_resources, fs_io_manager, mem_io_manager
from dagflow.defs.resources.io_managers import default_io_manager
from dagflow.io.builtin import BUILTINS, is_in_memory, is_memory_of_run
from dagflow.io.filesystem import PickleFiles


def test_each_built_in_definition_has_its_object() -> None:
    """There is a row for each definition without a function."""
    assert set(BUILTINS) == {
        mem_io_manager.resource_type,
        fs_io_manager.resource_type,
        default_io_manager.resource_type,
    }


@pytest.mark.parametrize(
    ("definition", "of_run", "in_memory"),
    [
        (mem_io_manager, True, True),
        (fs_io_manager, False, False),
        (default_io_manager, False, False),
        (ResourceDefinition.hardcoded_resource(InMemoryIOManager()), False, True),
        (ResourceDefinition.hardcoded_resource(3), False, False),
    ],
)
def test_where_values_are_kept(definition: Any, of_run: bool, in_memory: bool) -> None:
    """The predicates distinguish the memory of one run, memory of this process, and files."""
    assert (is_memory_of_run(definition), is_in_memory(definition)) == (of_run, in_memory)


def test_the_same_objects_without_a_run() -> None:
    """`build_resources` creates the built-in I/O managers from the same table."""
    with build_resources({"memory": mem_io_manager, "files": fs_io_manager}) as resources:
        assert type(resources.memory) is InMemoryIOManager
        assert type(resources.files) is PickleFiles
