"""The doors from a definition up to what runs it. The only functions of `defs` that import upward."""

from __future__ import annotations

from typing import Any


def invoke(definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A definition was called like a function."""
    from dagflow.invocation.invoke import invoke as invoke_definition

    return invoke_definition(definition, args, kwargs)


def execute_in_process(definition: Any, **arguments: Any) -> Any:
    """`execute_in_process` of a job or graph was called."""
    from dagflow.run import execute_in_process as execute

    return execute(definition, **arguments)
