"""Calling a definition like a function: an op, an asset or a resource, without a run.

Arguments, config, contexts and outputs go through the same code as in a run; what the execution API wants
otherwise stands in `dagflow.context.availability`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, closing
from typing import Any

from dagflow._util import UNSET, nearest
from dagflow.call import SPECIAL, Yielded, outputs_of, type_check_error
from dagflow.config.objects import plain_config
from dagflow.config.read import read_config
from dagflow.config.scalar import copied
from dagflow.context.init import InitResourceContext
from dagflow.context.op import StepContext
from dagflow.context.resources import ResourcesOfType
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition, where
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.defs.parts.function import is_config_annotation
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DagflowMissingResourceError,
)
from dagflow.events.user import DynamicOutput
from dagflow.invocation.build import DirectContext, build_init_resource_context, build_op_context
from dagflow.invocation.resources import start_resources
from dagflow.resources import StartedResources
from dagflow.types.kinds import DagflowType, TypeCheckContext


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
    started = _resources(op, assets_def, context, arguments)
    for name, definition in op.ins.items():
        if name in arguments and not definition.dagflow_type.is_any:
            _check(op, definition.dagflow_type, context, arguments[name], f'input "{name}"')
    body = op.body
    running = _Running(op, assets_def, context, config, started)
    how = _HOW.get(body.kind)
    if how is not None:
        return how(running, arguments)
    with running:  # not through `running.call`: a frame less stands above the user's function
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
        raise _without_context(op)
    if given is None:
        return build_op_context(), rest, kwargs
    if not isinstance(given, StepContext):
        raise _without_context(op, f" Its first argument was {given!r} of type '{type(given).__name__}'.")
    if not isinstance(given, DirectContext):
        raise DagflowInvalidInvocationError(
            f"{where(op)} was called inside a run with the context of another op. Connect the two in a "
            "graph, or call the plain function that both share."
        )
    return given, rest, kwargs


def _without_context(op: OpDefinition, found: str = "") -> DagflowInvalidInvocationError:
    function = getattr(op.body.fn, "__name__", op.name)
    return DagflowInvalidInvocationError(
        f"Decorated function '{function}' has context argument, but no context was provided when invoking."
        f"{found} Pass one made by build_op_context() or build_asset_context() as "
        f"'{op.body.context_name}' to {where(op)}."
    )


def _inputs(op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """All arguments of the function but the context, by name, with the defaults of the inputs."""
    body = op.body
    order = body.order
    if kwargs or len(args) > len(order):
        _check_count(op, args, kwargs)
    arguments = dict(zip(order, args))  # noqa: B905 - fewer arguments than parameters is usual
    for name, value in kwargs.items():
        if name in arguments:
            raise DagflowInvalidInvocationError(
                f"op {op.name} got multiple values for argument '{name}'. Give it once, by position or by "
                f"name ({where(op)})."
            )
        if name in order or (body.takes_any_keyword and name in op.ins):
            arguments[name] = value
    for parameter in body.inputs:
        name = parameter.name
        if name not in arguments:
            default = op.ins[name].default_value
            if default is UNSET:
                raise DagflowInvalidInvocationError(
                    f'No value provided for required input "{name}".{nearest(name, kwargs)} Pass it as an '
                    f"argument of {where(op)}."
                )
            arguments[name] = default
    return arguments


_NOTHING_IS_IGNORED = "Nothing dependencies are ignored when directly invoking ops."


def _check_count(op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse more arguments than there are parameters; of fewer, unknown keywords are ignored."""
    body = op.body
    valued = [name for name, definition in op.ins.items() if not definition.dagflow_type.is_nothing]
    for name in kwargs:
        if name in op.ins and name not in valued:
            raise DagflowInvalidInvocationError(
                f"Attempted to provide value for nothing input '{name}'. {_NOTHING_IS_IGNORED} It was given "
                f"to {where(op)}."
            )
    if body.takes_any_keyword and len(args) > len(body.order):
        raise DagflowInvalidInvocationError(
            f"op '{op.name}' has {len(body.order)} positional inputs, but {len(args)} positional inputs were "
            f"provided. Pass the others by name: {where(op)} takes them as keywords."
        )
    taken = {*body.order, *valued} if body.takes_any_keyword else body.order
    if len(args) + len(kwargs) > len(taken):
        hint = ""
        if len(valued) < len(op.ins):
            hint = (
                " This may be because you attempted to provide a value for a nothing dependency. "
                + _NOTHING_IS_IGNORED
            )
        elif args and body.context is None:
            hint = (
                " This may be because an argument was provided for the context parameter, but no context "
                "parameter was defined for the op."
            )
        raise DagflowInvalidInvocationError(
            f"Too many input arguments were provided for op '{op.name}'.{hint} It takes {sorted(taken)}, but "
            f"{len(args)} positional arguments and the keywords {sorted(kwargs)} were given to {where(op)}."
        )


def _config(op: OpDefinition, context: DirectContext | None, arguments: dict[str, Any]) -> Any:
    """The checked config. Where the function has a `config` parameter, it is put among the arguments."""
    body = op.body
    given = context.op_config_given if context is not None else None
    if body.config is None:
        if op.config_field is None and given is None:
            return None
    elif "config" in arguments:
        if given is not None:
            raise DagflowInvalidInvocationError(
                f"Cannot provide config in both context and kwargs: {where(op)} was given both"
            )
        given = arguments["config"]
        if (
            is_config_annotation(body.config)
            and isinstance(given, body.config)
            and not given.holds_env_vars()
        ):
            return None if context is None else given.to_config_value()
        given = plain_config(given)
    value, preamble = UNSET if given is None else given, f"Error in config for {where(op)}"
    checked = read_config(op.config_field, value, preamble, os.environ)
    if body.config is not None:
        arguments["config"] = checked if body.read_config is None else body.read_config(copied(checked))
    return checked


def _resources(
    op: OpDefinition,
    assets_def: AssetsDefinition | None,
    context: DirectContext | None,
    arguments: dict[str, Any],
) -> StartedResources | None:
    """See that every resource is there; put those that are parameters among the arguments.

    Returns:
        Those that came as arguments or with the asset, started; None if none did.
    """
    if not op.required_resource_keys:
        return None
    values: Mapping[str, Any] = context.resource_values if context is not None else {}
    given = {key: arguments[key] for key in op.body.resources if key in arguments}
    if given and values:
        raise DagflowInvalidInvocationError(
            f"Cannot provide resources in both context and kwargs: the context has {sorted(values)}, and "
            f"{where(op)} was called with {sorted(given)}"
        )
    readable = op.required_resource_keys if op.body.context is not None else op.body.resources
    for key in sorted(readable):
        if assets_def is not None and key in values and key in assets_def.resource_defs:
            raise DagflowInvalidInvocationError(
                f"the context has a resource '{key}', but {assets_def!r} brings one with this key along. "
                "Give it in one place only."
            )
        if key not in given and key not in values and assets_def is not None:
            given.update(_brought_along(assets_def, key))
        if key not in given and key not in values:
            error = DagflowMissingResourceError if key in op.body.resources else DagflowInvalidDefinitionError
            raise error(
                f"resource with key '{key}' required by op '{op.name}' was not provided."
                f"{nearest(key, values)} Give it to the context of {where(op)}: "
                f"build_op_context(resources={{'{key}': ...}})."
            )
        if key in op.body.resources and key not in given:
            arguments[key] = values[key]
    if not given:
        return None
    instance = (context or build_op_context()).scope.get_instance
    started = start_resources(as_resources(given, where(op)), None, instance)
    arguments.update({key: started.values[key] for key in op.body.resources if key in given})
    return started


def _brought_along(assets_def: AssetsDefinition, key: str) -> dict[str, ResourceDefinition]:
    """A resource that comes with an asset, and those of the asset that it needs."""
    own = assets_def.resource_defs
    if key not in own:
        return {}
    place = repr(assets_def)
    return {name: own[name] for name in start_order(own, {key: Requirement(key, place)}, place)}


class _Running:
    """Ties a context to what runs with it, for a `with` block, at whose end `started` is stopped."""

    __slots__ = ("assets_def", "config", "context", "of_context", "op", "started")

    def __init__(
        self,
        op: OpDefinition,
        assets_def: AssetsDefinition | None,
        context: DirectContext | None,
        config: Any,
        started: StartedResources | None,
    ) -> None:
        self.op = op
        self.assets_def = assets_def
        self.context = context
        self.config = config
        self.started = started

    def call(self, arguments: dict[str, Any]) -> Any:
        """What the user's function returns."""
        body = self.op.body
        return body.fn(**arguments) if body.context is None else body.fn(self.context, **arguments)

    def __enter__(self) -> None:
        context = self.context
        if context is None:
            return
        if context.running is not None:
            self._stop()
            kind = "op" if self.assets_def is None else "asset"
            raise DagflowInvalidInvocationError(
                f"This context is currently being used to execute '{context.running}'. The context cannot "
                f"be used to execute another {kind} until '{context.running}' has finished executing. Build "
                f"one of its own for {where(self.op)}."
            )
        scope = context.scope
        context.running = self.op.name
        scope.events.clear()
        scope.metadata.clear()
        scope.produced.clear()
        of_context = self.of_context = scope.resource_values
        if self.started is not None:
            further = dict(self.started.values)
            scope.resource_values = lambda: {**of_context(), **further}
        scope.bind(self.op, self.assets_def, self.config)

    def __exit__(self, *_: object) -> None:
        context = self.context
        if context is not None:
            context.scope.resource_values = self.of_context
            context.scope.bind(None, None, context.op_config_given)
            context.running = None
        self._stop()

    def _stop(self) -> None:
        failures = [] if self.started is None else self.started.stop()
        if failures:
            raise failures[0][1]


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
        _check(op, output.dagflow_type, context, value, f'output "{output.name}"')


def _check(op: OpDefinition, kind: DagflowType, context: DirectContext | None, value: Any, what: str) -> None:
    if context is None:
        context = build_op_context()
    resources = ResourcesOfType(context.scope.resource_values, kind.display_name)
    given = TypeCheckContext(context.run_id, lambda: context.log, resources, kind)
    check = kind.type_check(given, value)
    if not check.success:
        raise type_check_error(f'op "{op.name}" {what}', kind, check, where(op))


_AGAIN = "Invocation of op '{op}' yielded an output '{output}'"


def _take(op: OpDefinition, context: DirectContext | None, yielded: Yielded, item: Any) -> None:
    found = yielded.output(item)
    if found is not None:
        _check_output(op, context, *found)
        if context is not None:
            mapping_key = item.mapping_key if isinstance(item, DynamicOutput) else None
            context.scope.produced.add((found[0].name, mapping_key))


def _end(op: OpDefinition, yielded: Yielded, quote: str) -> None:
    for output in yielded.missing():
        if output.is_required and not output.dagflow_type.is_nothing:
            raise DagflowInvariantViolationError(
                f"Invocation of op {quote}{op.name}{quote} did not return an output for non-optional output "
                f"{quote}{output.name}{quote}. Yield it, or make it Out(is_required=False), in {where(op)}."
            )


def _generate(running: _Running, arguments: dict[str, Any]) -> Iterator[Any]:
    op, context = running.op, running.context
    made = running.call(arguments)
    with running, closing(made):
        yielded = Yielded(op, _AGAIN)
        for item in made:
            _take(op, context, yielded, item)
            yield item
        _end(op, yielded, '"')


async def _await(running: _Running, arguments: dict[str, Any]) -> Any:
    with running:
        result = await running.call(arguments)
    return _checked(running.op, running.context, result)


async def _generate_async(running: _Running, arguments: dict[str, Any]) -> AsyncIterator[Any]:
    op, context = running.op, running.context
    made = running.call(arguments)
    with running:
        async with aclosing(made):
            yielded = Yielded(op, _AGAIN)
            async for item in made:
                _take(op, context, yielded, item)
                yield item
            _end(op, yielded, "'")  # so it is quoted in Dagster 1.13, and here only


_HOW = {"generator": _generate, "async": _await, "async_generator": _generate_async}
"""What a call of a function that does not simply return gives, by its kind."""


def _invoke_resource(definition: ResourceDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
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
                f"resource with key '{key}' required was not provided: the resource at {definition.place} "
                f"reads it. Use build_init_resource_context(resources={{'{key}': ...}})."
            )
    config = UNSET if context.resource_config is None else context.resource_config
    preamble = f"Error in config for resource at {definition.place}"
    checked = read_config(definition.config_field, config, preamble, os.environ)
    return definition.resource_fn(context.with_config(checked, definition))


def _init_context(
    definition: ResourceDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> InitResourceContext:
    """The init context among the arguments; one of its own where that is None and nothing of it is needed."""
    here = f"of the resource at {definition.place}; pass one made by build_init_resource_context()"
    if len(args) + len(kwargs) != 1:
        raise DagflowInvalidInvocationError(
            f"the resource function has context argument, but no context was provided when invoking. It is "
            f"the only argument {here}."
        )
    name = next(iter(inspect.signature(definition.resource_fn).parameters))
    if kwargs and name not in kwargs:
        raise DagflowInvalidInvocationError(
            f"Resource initialization expected argument '{name}'. Got {list(kwargs)} as arguments {here}."
        )
    context = args[0] if args else kwargs[name]
    if isinstance(context, InitResourceContext):
        return context
    if context is not None:
        raise DagflowInvalidInvocationError(f"{context!r} is no init context {here}")
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
