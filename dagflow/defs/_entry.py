"""The doors from a definition up to what runs it. The only functions of `defs` that import upward."""

from __future__ import annotations

from typing import Any


def invoke(definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A definition was called like a function."""
    from dagflow.invocation.invoke import invoke as invoke_definition

    return invoke_definition(definition, args, kwargs)


def invoke_hook(definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A hook was called like a function."""
    from dagflow.invocation.hook import invoke_hook as invoke_definition

    return invoke_definition(definition, args, kwargs)


def invoke_logger(definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A logger was called like a function."""
    from dagflow.invocation.logger import invoke_logger as invoke_definition

    return invoke_definition(definition, args, kwargs)


def execute_in_process(definition: Any, **arguments: Any) -> Any:
    """`execute_in_process` of a job or graph was called."""
    from dagflow.runs.in_process import execute_in_process as execute

    return execute(definition, **arguments)


def subset_of(job: Any, op_selection: Any, asset_selection: Any) -> Any:
    """`get_subset` of a job was called."""
    from dagflow.runs.in_process import subset_of as subset

    return subset(job, op_selection, asset_selection)


def init_context(config: Any) -> Any:
    """A resource is started without a run: the context for that."""
    from dagflow.invocation.build import build_init_resource_context

    return build_init_resource_context(config)
