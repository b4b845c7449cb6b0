"""The table of the built-in I/O managers."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from dagflow import (
    ConfigurableResource,
    InMemoryIOManager,
    OpExecutionContext,
    ResourceDefinition,
    ResourceDependency,
    build_asset_context,
    build_hook_context,
    build_init_resource_context,
    build_input_context,
    build_op_context,
    build_output_context,
    build_resources,
    custom_path_fs_io_manager,
    fs_io_manager,
    job,
    mem_io_manager,
    op,
)
from dagflow.defs.resources.io_managers import default_io_manager
from dagflow.io.builtin import BUILTINS, is_in_memory, is_memory_of_run
from dagflow.io.filesystem import PickleFiles


def test_each_built_in_definition_has_its_object() -> None:
    """There is a row for each definition without a function."""
    assert set(BUILTINS) == {
        mem_io_manager.resource_type,
        fs_io_manager.resource_type,
        custom_path_fs_io_manager.resource_type,
        default_io_manager.resource_type,
    }


@pytest.mark.parametrize(
    ("definition", "of_run", "in_memory"),
    [
        (mem_io_manager, True, True),
        (fs_io_manager, False, False),
        (custom_path_fs_io_manager, False, False),
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


class Shop(ConfigurableResource[Any]):
    """A resource with I/O managers inside."""

    shelf: ResourceDependency[Any]
    shelves: list[ResourceDependency[Any]] = pydantic.Field(default_factory=list)


@op(required_resource_keys={"shop"})
def look(context: OpExecutionContext) -> Any:
    shop = context.resources.shop
    return [type(shelf) for shelf in (shop.shelf, *shop.shelves)]


def test_the_same_objects_inside_a_resource() -> None:
    """A built-in I/O manager may be nested in a resource."""
    shop = Shop(shelf=fs_io_manager, shelves=[mem_io_manager, fs_io_manager.configured({"base_dir": "/x"})])

    made = look(build_op_context({"shop": shop}))
    in_run = job(name="j", resource_defs={"shop": shop})(lambda: (look(), None)[1]).execute_in_process()

    assert made == in_run.output_for_node("look") == [PickleFiles, InMemoryIOManager, PickleFiles]


def test_the_same_objects_in_a_direct_call() -> None:
    """A built-in definition is called as any resource function, also the default I/O manager of a job."""
    empty = job(name="j")(lambda: None)
    context = build_init_resource_context(config={"base_dir": "/x"})

    assert type(fs_io_manager(context)) is PickleFiles
    assert type(empty.resource_defs["io_manager"](build_init_resource_context())) is PickleFiles
    assert type(mem_io_manager(None)) is InMemoryIOManager


@pytest.mark.parametrize(
    "build",
    [build_op_context, build_input_context, build_output_context, build_hook_context, build_asset_context],
)
def test_the_resources_of_a_job_everywhere(build: Any) -> None:
    """Every builder of contexts starts the resources of a job, of which none was named."""
    empty = job(name="j")(lambda: None)

    assert type(build(resources=empty.resource_defs).resources.io_manager) is PickleFiles
