"""Calling a definition like a function: an op, an asset or a resource, without a run.

Arguments, config, contexts and outputs go through the same code as in a run; what the execution API wants
otherwise stands in `dagflow.context.manner`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, closing, contextmanager
from typing import Any

from dagflow._util import UNSET, nearest
from dagflow.call import SPECIAL, Yielded, outputs_of
from dagflow.context.init import InitResourceContext
from dagflow.context.op import StepContext
from dagflow.context.resources import ResourcesOfType
from dagflow.defs.asset import AssetsDefinition
from dagflow.defs.op import OpDefinition, OutputDefinition, where
from dagflow.defs.resource import ResourceDefinition
from dagflow.defs.signature import is_config_annotation, location
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DagflowTypeCheckDidNotPass,
)
from dagflow.events.user import DynamicOutput
from dagflow.invocation.build import DirectContext, build_op_context
from dagflow.invocation.resources import check_config
from dagflow.types import DagflowType, TypeCheckContext


def invoke(definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a definition.

    Args:
        definition: An op, asset or resource.
        args: Positional arguments, the context first where the function takes one.
        kwargs: Keyword arguments.

    Returns:
        What the function returned; for a generator function a generator of what it yields.

    Raises:
        DagflowInvalidInvocationError: A missing context or input, too many arguments, or a context in use.
        DagflowInvalidConfigError: Config that does not match.
        DagflowTypeCheckDidNotPass: An input or output of the wrong type.
    """
    if isinstance(definition, ResourceDefinition):
        return _invoke_resource(definition, args, kwargs)
    if isinstance(definition, AssetsDefinition):
        return _invoke_op(definition.node_def, definition, args, kwargs)
    return _invoke_op(definition, None, args, kwargs)


def _invoke_op(
    op: OpDefinition, assets_def: AssetsDefinition | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    context, args, kwargs = _take_context(op, args, kwargs)
    arguments = _inputs(op, args, kwargs)
    config = _config(op, context, arguments)
    _resources(op, context, arguments)
    for name, definition in op.ins.items():
        if name in arguments and not definition.dagflow_type.is_any:
            _check(definition.dagflow_type, context, arguments[name], f"input '{name}' of {where(op)}")
    body = op.body
    if body.kind == "generator":
        return _generate(op, assets_def, context, config, arguments)
    if body.kind == "async":
        return _await(op, assets_def, context, config, arguments)
    if body.kind == "async_generator":
        return _generate_async(op, assets_def, context, config, arguments)
    with _running(op, assets_def, context, config):
        result = body.fn(**arguments) if body.context is None else body.fn(context, **arguments)
    return _checked(op, context, result)


def _take_context(
    op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[DirectContext | None, tuple[Any, ...], dict[str, Any]]:
    """The context among the arguments, and the other arguments."""
    body = op.body
    if body.context is None:
        if args and isinstance(args[0], DirectContext):
            return args[0], args[1:], kwargs
        return None, args, kwargs
    if body.context_name in kwargs:
        kwargs = dict(kwargs)
        given, rest = kwargs.pop(body.context_name), args
    elif args:
        given, rest = args[0], args[1:]
    else:
        raise DagflowInvalidInvocationError(
            f"{where(op)} takes a context as its first argument, and none was given. Pass one made by "
            "build_op_context() or "
            "build_asset_context()."
        )
    if given is None:
        return build_op_context(), rest, kwargs
    if not isinstance(given, StepContext):
        raise DagflowInvalidInvocationError(
            f"{where(op)} takes a context as its first argument, but was given {given!r} of type "
            f"'{type(given).__name__}'. "
            "Pass one made by build_op_context() or build_asset_context()."
        )
    if not isinstance(given, DirectContext):
        raise DagflowInvalidInvocationError(
            f"{where(op)} was called inside a run with the context of another op. Connect the two in a "
            "graph, or call the "
            "plain function that both share."
        )
    return given, rest, kwargs


def _inputs(op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """All arguments of the function but the context, by name, with the defaults of the inputs."""
    body = op.body
    order = body.order
    if len(args) > len(order):
        raise DagflowInvalidInvocationError(
            f"{where(op)} was called with {len(args)} positional arguments besides the context, but takes "
            f"{len(order)} "
            f"({list(order)})"
        )
    arguments = dict(zip(order, args))  # noqa: B905 - fewer arguments than parameters is usual
    for name, value in kwargs.items():
        if name in arguments:
            raise DagflowInvalidInvocationError(f"{where(op)} was given its argument '{name}' twice")
        if name in order or (body.takes_any_keyword and name in op.ins):
            arguments[name] = value
    for parameter in body.inputs:
        name = parameter.name
        if name not in arguments:
            default = op.ins[name].default_value
            if default is UNSET:
                raise DagflowInvalidInvocationError(
                    f"{where(op)} was called without its input '{name}'.{nearest(name, kwargs)} Pass it as "
                    "an argument."
                )
            arguments[name] = default
    return arguments


def _config(op: OpDefinition, context: DirectContext | None, arguments: dict[str, Any]) -> Any:
    """The checked config. Where the function has a `config` parameter, it is put among the arguments."""
    body = op.body
    given = context.op_config_given if context is not None else None
    if body.config is None:
        if op.config_field is None and given is None:
            return None
        return check_config(op.config_field, UNSET if given is None else given, where(op))
    if "config" in arguments:
        if given is not None:
            raise DagflowInvalidInvocationError(
                f"{where(op)} was given config both as an argument and in the context; give it in one place"
            )
        given = arguments["config"]
        if is_config_annotation(body.config) and isinstance(given, body.config):
            return given
    checked = check_config(op.config_field, UNSET if given is None else given, where(op))
    arguments["config"] = body.config.from_config(checked) if is_config_annotation(body.config) else checked
    return checked


def _resources(op: OpDefinition, context: DirectContext | None, arguments: dict[str, Any]) -> None:
    """See that every resource is there; put those that are parameters among the arguments."""
    if not op.required_resource_keys:
        return
    values: Mapping[str, Any] = context.resource_values if context is not None else {}
    for key in sorted(op.required_resource_keys):
        if key in arguments:
            continue
        if key not in values:
            raise DagflowInvalidDefinitionError(
                f"resource '{key}', which {where(op)} requires, was not provided.{nearest(key, values)} Give "
                "it to the "
                f"context: build_op_context(resources={{'{key}': ...}})."
            )
        if key in op.body.resources:
            arguments[key] = values[key]


@contextmanager
def _running(
    op: OpDefinition, assets_def: AssetsDefinition | None, context: DirectContext | None, config: Any
) -> Iterator[None]:
    """Tie a context to what runs with it, for the time of a block."""
    if context is None:
        yield
        return
    if context.running is not None:
        raise DagflowInvalidInvocationError(
            f"{where(op)} was called with a context that '{context.running}' is using now. Build a context "
            "for each."
        )
    scope = context.scope
    context.running = op.name
    scope.events.clear()
    scope.metadata.clear()
    scope.produced.clear()
    scope.bind(op, assets_def, config)
    try:
        yield
    finally:
        scope.bind(None, None, context.op_config_given)
        context.running = None


def _checked(op: OpDefinition, context: DirectContext | None, result: Any) -> Any:
    """What the function returned, once it is known to be what the outputs ask for."""
    if len(op.outs) == 1 and type(result) not in SPECIAL:
        for output in op.outs.values():
            if output.dagflow_type.is_any and not output.is_dynamic:
                return result
    for output, value, _ in outputs_of(op, result):
        _check_output(op, context, output, value)
    return result


def _check_output(
    op: OpDefinition, context: DirectContext | None, output: OutputDefinition, value: Any
) -> None:
    if not output.dagflow_type.is_any and value is not UNSET:
        _check(output.dagflow_type, context, value, f"output '{output.name}' of {where(op)}")


def _check(kind: DagflowType, context: DirectContext | None, value: Any, what: str) -> None:
    if context is None:
        context = build_op_context()
    resources = ResourcesOfType(context.scope.resource_values, kind.display_name)
    given = TypeCheckContext(context.run_id, lambda: context.log, resources, kind)
    check = kind.type_check(given, value)
    if not check.success:
        description = f": {check.description}" if check.description else ""
        raise DagflowTypeCheckDidNotPass(
            f"{what} did not pass the check of its type '{kind.display_name}'{description}",
            dict(check.metadata),
            kind,
        )


def _take(op: OpDefinition, context: DirectContext | None, yielded: Yielded, item: Any) -> None:
    found = yielded.output(item)
    if found is not None:
        _check_output(op, context, *found)
        if context is not None:
            mapping_key = item.mapping_key if isinstance(item, DynamicOutput) else None
            context.scope.produced.add((found[0].name, mapping_key))


def _end(op: OpDefinition, yielded: Yielded) -> None:
    for output in yielded.missing():
        if output.is_required and not output.dagflow_type.is_nothing:
            raise DagflowInvariantViolationError(
                f"{where(op)} did not yield its output '{output.name}', which is required"
            )


def _generate(
    op: OpDefinition,
    assets_def: AssetsDefinition | None,
    context: DirectContext | None,
    config: Any,
    arguments: Any,
) -> Iterator[Any]:
    body = op.body
    made = body.fn(**arguments) if body.context is None else body.fn(context, **arguments)
    with _running(op, assets_def, context, config), closing(made):
        yielded = Yielded(op)
        for item in made:
            _take(op, context, yielded, item)
            yield item
        _end(op, yielded)


async def _await(
    op: OpDefinition,
    assets_def: AssetsDefinition | None,
    context: DirectContext | None,
    config: Any,
    arguments: Any,
) -> Any:
    body = op.body
    with _running(op, assets_def, context, config):
        result = await (body.fn(**arguments) if body.context is None else body.fn(context, **arguments))
    return _checked(op, context, result)


async def _generate_async(
    op: OpDefinition,
    assets_def: AssetsDefinition | None,
    context: DirectContext | None,
    config: Any,
    arguments: Any,
) -> AsyncIterator[Any]:
    body = op.body
    made = body.fn(**arguments) if body.context is None else body.fn(context, **arguments)
    with _running(op, assets_def, context, config):
        async with aclosing(made):
            yielded = Yielded(op)
            async for item in made:
                _take(op, context, yielded, item)
                yield item
            _end(op, yielded)


def _invoke_resource(definition: ResourceDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    place = f"the resource at {location(definition.resource_fn)}"
    if not definition.takes_context:
        if args or kwargs:
            raise DagflowInvalidInvocationError(
                f"{place} takes no context, so it must be called without arguments"
            )
        return definition.resource_fn()
    if len(args) + len(kwargs) != 1:
        raise DagflowInvalidInvocationError(
            f"{place} takes one argument, an init context: pass one made by build_init_resource_context()"
        )
    context = args[0] if args else next(iter(kwargs.values()))
    if context is not None and not isinstance(context, InitResourceContext):
        raise DagflowInvalidInvocationError(f"{place} takes an init context, but was given {context!r}")
    if context is None and definition.required_resource_keys:
        raise DagflowInvalidInvocationError(
            f"{place} requires the resources {sorted(definition.required_resource_keys)}, so it needs an "
            "init context"
        )
    if context is None:
        context = InitResourceContext(None, {}, lambda: build_op_context().instance)
    for key in sorted(definition.required_resource_keys):
        if key not in context.resources:
            raise DagflowInvalidDefinitionError(f"resource '{key}', which {place} requires, was not provided")
    config = UNSET if context.resource_config is None else context.resource_config
    checked = check_config(definition.config_field, config, place)
    return definition.resource_fn(context.with_config(checked, definition))
