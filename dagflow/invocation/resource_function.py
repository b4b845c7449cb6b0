"""Direct calls of the function of a resource."""

from __future__ import annotations

import os
from typing import Any

from dagflow._util import UNSET
from dagflow.config.read import read_config
from dagflow.context.init import InitResourceContext
from dagflow.defs.parts.function import named_parameters
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.requirements import lack
from dagflow.errors import DagflowInvalidDefinitionError, DagflowInvalidInvocationError, repr_of
from dagflow.invocation.build import build_init_resource_context


def invoke_resource(definition: ResourceDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a resource.

    Raises:
        DagflowInvalidInvocationError: The context is missing, or an argument has the wrong name or class.
        DagflowInvalidDefinitionError: The context lacks a resource that this one requires.
        DagflowInvalidConfigError: The config does not match.
    """
    if not definition.takes_context:
        if args or kwargs:
            raise DagflowInvalidInvocationError(
                f"Attempted to invoke resource with argument, but the function at {definition.place} takes "
                "no init context. Give it that parameter, or call it without arguments."
            )
        return definition.resource_fn()
    context = _init_context(definition, args, kwargs)
    for key in sorted(definition.required_resource_keys):
        if key not in context.resources:
            raise DagflowInvalidDefinitionError(
                f"resource with key '{key}' required by the resource at {definition.place} was not provided."
                + lack(
                    key,
                    context.resources,
                    f"Use build_init_resource_context(resources={{'{key}': ...}}).",
                )
            )
    config = UNSET if context.resource_config is None else context.resource_config
    preamble = f"Error in config for resource at {definition.place}"
    checked = read_config(definition.config_field, config, preamble, os.environ)
    return definition.resource_fn(context.with_config(checked, definition))


def _init_context(
    definition: ResourceDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> InitResourceContext:
    """Return the init context among the arguments, or a default context for None if that suffices."""
    here = f"of the resource at {definition.place}; pass one made by build_init_resource_context()"
    if len(args) + len(kwargs) != 1:
        raise DagflowInvalidInvocationError(
            f"the resource function has context argument, but no context was provided when invoking. It is "
            f"the only argument {here}."
        )
    name = next((each.name for each in named_parameters(definition.resource_fn, here)), "init_context")
    if kwargs and name not in kwargs:
        raise DagflowInvalidInvocationError(
            f"Resource initialization expected argument '{name}'. Got {list(kwargs)} as arguments {here}."
        )
    context = args[0] if args else kwargs[name]
    if isinstance(context, InitResourceContext):
        return context
    if context is not None:
        raise DagflowInvalidInvocationError(f"{repr_of(context)} is not an init context {here}")
    if definition.required_resource_keys:
        raise DagflowInvalidInvocationError(
            f"the resource needs the resources {sorted(definition.required_resource_keys)}, but no context "
            f"was provided. Those belong in the context {here}."
        )
    if definition.config_field is not None and definition.config_field.is_required:
        raise DagflowInvalidInvocationError(
            f"the resource has a required config schema, but no context was provided. Its config belongs in "
            f"the context {here}."
        )
    return build_init_resource_context()
