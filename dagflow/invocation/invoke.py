"""Direct calls: an op, asset or resource is called like a function, without a run.

Arguments, config, contexts and outputs go through the same code as in a run. `dagflow.context.availability`
names the attributes that contexts lack here.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import aclosing, closing
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from dagflow import options
from dagflow._util import UNSET, nearest
from dagflow.call import YieldedOutputs, is_async, outputs_of, type_check_error
from dagflow.config.objects import plain_config
from dagflow.config.read import read_config
from dagflow.config.scalar import copied
from dagflow.context.check import AssetCheckExecutionContext
from dagflow.context.op import StepContext
from dagflow.context.resources import ResourcesOfType
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.ports import NO_PORTS, AssetPorts
from dagflow.defs.ops.definition import OpDefinition, op_location
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.defs.parts.function import Body, context_hint, is_config_annotation
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import Requirement, lack, unused_default
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DagflowMissingResourceError,
    repr_of,
)
from dagflow.events.user import SPECIAL_RESULTS, DynamicOutput
from dagflow.invocation.build import (
    DirectAssetCheckContext,
    DirectContext,
    build_asset_check_context,
    build_op_context,
)
from dagflow.invocation.observed import report_of_call
from dagflow.invocation.resource_function import invoke_resource
from dagflow.invocation.resources import start_resources
from dagflow.invocation.watched import watched_code
from dagflow.observers import output_observers
from dagflow.resources import StartedResources
from dagflow.types.kinds import DagflowType, TypeCheckContext


def invoke(definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a definition.

    Args:
        definition: An op, asset or resource.
        args: Positional arguments, the context first if the function takes one.
        kwargs: Keyword arguments.

    Returns:
        The result of the function; for a generator function a generator of its outputs and events.

    Raises:
        DagflowInvalidInvocationError: A context or input is missing, there are too many arguments, or the
            context is in use.
        DagflowInvalidConfigError: The config does not match.
        DagflowTypeCheckDidNotPass: An input or output is of the wrong type.
    """
    if isinstance(definition, ResourceDefinition):
        return invoke_resource(definition, args, kwargs)
    if isinstance(definition, AssetsDefinition):
        return _invoke_op(_op_of(definition), definition, args, kwargs)
    return _invoke_op(definition, None, args, kwargs)


def _op_of(definition: AssetsDefinition) -> OpDefinition:
    if definition.is_declaration or not isinstance(definition.node_def, OpDefinition):
        why = "nothing computes it" if definition.is_declaration else "a graph of ops computes it"
        raise DagflowInvariantViolationError(
            f"{definition!r} cannot be called, because {why}. Run it: materialize([...])."
        )
    return definition.op


def _invoke_op(
    op: OpDefinition, assets_def: AssetsDefinition | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    is_of_checks = assets_def is not None and assets_def.is_of_checks
    given, args, kwargs = _take_context(op, args, kwargs, is_of_checks)
    context: DirectContext | None = given
    shown: Any = given
    if is_of_checks or isinstance(given, DirectAssetCheckContext):
        context, shown = _of_check(op.body, is_of_checks, given)
    arguments = _inputs(op, args, kwargs)
    config = _config(op, context, arguments)
    started = _resources(op, assets_def, context, arguments)
    for name, definition in op.ins.items():
        if name in arguments and not definition.dagflow_type.is_any:
            _check(op, definition.dagflow_type, context, arguments[name], f'input "{name}"')
    body = op.body
    if body.context is not None and not body.context_first:
        arguments[str(body.context_name)] = shown
    bound = _BoundCall(op, assets_def, context, config, started, shown)
    run_call = _CALLERS.get(body.function_type)
    if run_call is not None and not body.is_indirect:
        return run_call(bound, lambda: bound.call(arguments))
    run_call = None
    with bound:  # not through `bound.call`, to save a frame above the user's function
        if bound.watched is not None:
            result = bound.watched.call(lambda: bound.call(arguments))
        elif body.context_first:
            result = body.fn(shown, **arguments)
        else:
            result = body.fn(**arguments)
        if type(result) in SPECIAL_RESULTS or body.is_indirect:
            run_call = _caller_of(body, result)
            bound.stays = run_call is not None
    return _checked(bound, result) if run_call is None else run_call(bound, lambda: result)


_CONTEXTS = (StepContext, AssetCheckExecutionContext)
_DIRECT = (DirectContext, DirectAssetCheckContext)


def _of_check(body: Body, is_of_checks: bool, given: Any) -> tuple[DirectContext | None, Any]:
    """Return the context of the op, and the context that the function gets."""
    if given is None:
        return None, None
    is_of_check = isinstance(given, DirectAssetCheckContext)
    context = given.op_execution_context if is_of_check else given
    if not is_of_checks or body.context == "op":
        return context, context
    if is_of_check or body.context == "any":
        return context, given
    return context, AssetCheckExecutionContext(context.op_execution_context)


def _take_context(
    op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any], is_of_checks: bool
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Split the arguments into the context and the others."""
    body = op.body
    if body.context is None:
        if args and isinstance(args[0], _DIRECT):
            return args[0], args[1:], kwargs
        return None, args, kwargs
    if body.context_name in kwargs:
        kwargs = dict(kwargs)
        given, rest = kwargs.pop(body.context_name), args
    elif args and (body.context_first or isinstance(args[0], _CONTEXTS)):
        given, rest = args[0], args[1:]
    else:
        raise _without_context(op)
    if given is None:
        return build_asset_check_context() if is_of_checks else build_op_context(), rest, kwargs
    if not isinstance(given, _CONTEXTS):
        raise _without_context(
            op, f" Its first argument was {repr_of(given)} of type '{type(given).__name__}'."
        )
    if not isinstance(given, _DIRECT):
        raise DagflowInvalidInvocationError(
            f"{op_location(op)} was called inside a run with the context of another op. Connect the two in a "
            "graph, or call the plain function that both share."
        )
    return given, rest, kwargs


def _without_context(op: OpDefinition, found: str = "") -> DagflowInvalidInvocationError:
    function = getattr(op.body.fn, "__name__", op.name)
    return DagflowInvalidInvocationError(
        f"Decorated function '{function}' has context argument, but no context was provided when invoking."
        f"{found} Pass one made by build_op_context(), build_asset_context() or "
        f"build_asset_check_context() as '{op.body.context_name}' to {op_location(op)}."
    )


def _inputs(op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the function without the context, by name, with the defaults of the inputs."""
    body = op.body
    order = body.order
    if kwargs or len(args) > len(order):
        _check_count(op, args, kwargs)
    arguments = dict(zip(order, args))  # noqa: B905 - fewer arguments than parameters is usual
    for name, value in kwargs.items():
        if name in arguments:
            raise DagflowInvalidInvocationError(
                f"op {op.name} got multiple values for argument '{name}'. Give it once, by position or by "
                f"name ({op_location(op)})."
            )
        if name not in order and not body.takes_any_keyword:
            known = list(dict.fromkeys([*order, *op.ins]))
            raise DagflowInvalidInvocationError(
                f"{op_location(op)} has no input '{name}'.{nearest(name, known)} Its inputs are {known}."
            )
        arguments[name] = value
    for parameter in body.inputs:
        name = parameter.name
        if name not in arguments:
            default = op.ins[name].default_value
            if default is UNSET:
                raise DagflowInvalidInvocationError(
                    f'No value provided for required input "{name}".{nearest(name, kwargs)} Pass it as an '
                    f"argument of {op_location(op)}.{context_hint(name, parameter.annotation)}"
                )
            arguments[name] = default
    return arguments


_NOTHING_IS_IGNORED = "Nothing dependencies are ignored when directly invoking ops."


def _check_count(op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise if there are more arguments than parameters, or one for an input of type Nothing."""
    body = op.body
    valued = [name for name, definition in op.ins.items() if not definition.dagflow_type.is_nothing]
    for name in kwargs:
        if name in op.ins and name not in valued:
            raise DagflowInvalidInvocationError(
                f"Attempted to provide value for nothing input '{name}'. {_NOTHING_IS_IGNORED} It was given "
                f"to {op_location(op)}."
            )
    if body.takes_any_keyword and len(args) > len(body.order):
        raise DagflowInvalidInvocationError(
            f"op '{op.name}' has {len(body.order)} positional inputs, but {len(args)} positional inputs were "
            f"provided. Pass the others by name: {op_location(op)} takes them as keywords."
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
            f"{len(args)} positional arguments and the keywords {sorted(kwargs)} were given to "
            f"{op_location(op)}."
        )


def _config(op: OpDefinition, context: DirectContext | None, arguments: dict[str, Any]) -> Any:
    """Return the checked config. Add it to the arguments, if the function has a `config` parameter."""
    body = op.body
    given = context.op_config_given if context is not None else None
    if body.config is None:
        if op.config_field is None and given is None:
            return None
    elif "config" in arguments:
        if given is not None:
            raise DagflowInvalidInvocationError(
                f"Cannot provide config in both context and kwargs: {op_location(op)} was given both"
            )
        given = arguments["config"]
        if (
            is_config_annotation(body.config)
            and isinstance(given, body.config)
            and not given.holds_env_vars()
        ):
            return None if context is None else given.to_config_value()
        given = plain_config(given)
    value, preamble = UNSET if given is None else given, f"Error in config for {op_location(op)}"
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
    """Check that every resource is given, and add the resources that are parameters to the arguments.

    Returns:
        The started resources from the arguments and from the asset, None without any.
    """
    optional = op.body.optional_resources
    if not op.required_resource_keys and not optional:
        return None
    values: Mapping[str, Any] = context.resource_values if context is not None else {}
    given = {key: arguments[key] for key in op.body.resources if key in arguments}
    defaults: Collection[str] = getattr(values, "defaults", ())
    if given and (explicit := sorted(set(values).difference(defaults))):
        raise DagflowInvalidInvocationError(
            f"Cannot provide resources in both context and kwargs: the context has {explicit}, and "
            f"{op_location(op)} was called with {sorted(given)}"
        )
    readable = op.required_resource_keys if op.body.context is not None else op.body.resources
    for key in sorted(optional.union(readable)):
        is_own = assets_def is not None and key in assets_def.resource_defs and key not in given
        if is_own and key in values and key not in defaults:
            raise DagflowInvalidInvocationError(
                f"the context has a resource '{key}', but {repr_of(assets_def)} brings one with this key "
                f"along. "
                "Give it in one place only."
            )
        if assets_def is not None and (is_own or (key not in given and key not in values)):
            given.update(_resources_of_asset(assets_def, key))
        if key not in given and key not in values and key in optional:
            arguments[key] = None
            continue
        if key not in given and key not in values:
            error = DagflowMissingResourceError if key in op.body.resources else DagflowInvalidDefinitionError
            raise error(
                f"resource with key '{key}' required by op '{op.name}' was not provided."
                + lack(
                    key,
                    values,
                    f"Give it to the context of {op_location(op)}: "
                    f"build_op_context(resources={{'{key}': ...}}).",
                    unused_default(op.body.fn, key),
                )
            )
        if key in op.body.resources and key not in given:
            arguments[key] = values[key]
    if not given:
        return None
    instance = (context or build_op_context()).call_state.run.get_instance
    started = start_resources(as_resources(given, op_location(op)), None, instance)
    arguments.update({key: started.values[key] for key in op.body.resources if key in given})
    return started


def _resources_of_asset(assets_def: AssetsDefinition, key: str) -> dict[str, ResourceDefinition]:
    """Return a resource of an asset, with the resources that it needs; empty if the asset lacks it."""
    own = assets_def.resource_defs
    if key not in own:
        return {}
    place = repr(assets_def)
    return {name: own[name] for name in start_order(own, {key: Requirement(key, place)}, place)}


class _BoundCall:
    """A `with` block of one call, inside which its context is bound.

    The function gets `shown`, which reads the same state. At the end `started` is stopped, unless `stays` is
    set, because then the block is entered again.
    """

    __slots__ = ("assets_def", "config", "context", "number", "op", "shown", "started", "stays", "watched")

    def __init__(
        self,
        op: OpDefinition,
        assets_def: AssetsDefinition | None,
        context: DirectContext | None,
        config: Any,
        started: StartedResources | None,
        shown: Any,
    ) -> None:
        self.op = op
        self.shown = shown
        self.assets_def = assets_def
        self.context = context
        self.config = config
        self.started = started
        self.stays = False
        self.number = 0  # for the observers of outputs, from 1
        self.watched = watched_code(op, assets_def) if options.has_watch else None

    @property
    def ports(self) -> AssetPorts:
        """The assets and checks that the function shall give."""
        found = self.assets_def
        return NO_PORTS if found is None else AssetPorts(found.outputs, found.check_specs_by_output_name)

    @property
    def returns_unchecked(self) -> bool:
        """Whether it is the function of one check. Its result is returned as it is, so that tests see it."""
        found = self.assets_def
        return found is not None and found.is_of_checks and len(self.op.outs) == 1

    def call(self, arguments: dict[str, Any]) -> Any:
        """Call the user's function."""
        body = self.op.body
        return body.fn(self.shown, **arguments) if body.context_first else body.fn(**arguments)

    def __enter__(self) -> None:
        context = self.context
        if context is None:
            return
        if context.running is not None:
            self._stop()
            what = "op" if self.assets_def is None else "asset"
            raise DagflowInvalidInvocationError(
                f"This context is currently being used to execute '{context.running}'. The context cannot "
                f"be used to execute another {what} until '{context.running}' has finished executing. Build "
                f"another context for {op_location(self.op)}."
            )
        context.running = self.op.name
        started = {} if self.started is None else dict(self.started.values)
        context.call_state.bind(self.op, self.assets_def, self.config, started)

    def __exit__(self, *_: object) -> None:
        context = self.context
        if context is not None:
            context.call_state.bind(None, None, context.op_config_given, {})
            context.running = None
        if self.stays:
            self.stays = False
        else:
            self._stop()

    def _stop(self) -> None:
        failures = [] if self.started is None else self.started.stop()
        if failures:
            raise failures[0][1]


def _checked(bound: _BoundCall, result: Any) -> Any:
    """Check the result of a function against the outputs, and return it."""
    op = bound.op
    if bound.returns_unchecked:
        if output_observers:
            _report(bound, next(iter(op.outs.values())), result)
        return result
    if len(op.outs) == 1 and type(result) not in SPECIAL_RESULTS:
        for output in op.outs.values():
            if output.dagflow_type.is_any and not output.is_dynamic:
                if output_observers:
                    _report(bound, output, result)
                return result
    for output, value, given in outputs_of(op, result, bound.ports):
        _check_output(op, bound.context, output, value)
        if output_observers:
            _report(bound, output, value, given)
    return result


def _report(bound: _BoundCall, output: OutputDefinition, value: Any, given: Any = None) -> None:
    state = None if bound.context is None else bound.context.call_state
    bound.number = report_of_call(bound.number, bound.op, bound.assets_def, output, value, given, state)


def _check_output(
    op: OpDefinition, context: DirectContext | None, output: OutputDefinition, value: Any
) -> None:
    if not output.dagflow_type.is_any and value is not UNSET:
        _check(op, output.dagflow_type, context, value, f'output "{output.name}"')


def _check(
    op: OpDefinition, dagflow_type: DagflowType, context: DirectContext | None, value: Any, what: str
) -> None:
    if context is None:
        context = build_op_context()
    resources = ResourcesOfType(context.call_state.resource_values, dagflow_type.display_name)
    given = TypeCheckContext(context.run_id, lambda: context.log, resources, dagflow_type)
    check = dagflow_type.type_check(given, value)
    if not check.success:
        raise type_check_error(f'op "{op.name}" {what}', dagflow_type, check, op_location(op))


_PRODUCED_AGAIN = "Invocation of op '{op}' yielded an output '{output}'"


def _check_item(bound: _BoundCall, yielded: YieldedOutputs, item: Any) -> None:
    op, context = bound.op, bound.context
    for output, value, given in yielded.outputs(item) or ():
        _check_output(op, context, output, value)
        if output_observers:
            _report(bound, output, value, given)
        if context is not None:
            mapping_key = item.mapping_key if isinstance(item, DynamicOutput) else None
            context.call_state.produced.add((output.name, mapping_key))


def _check_missing(op: OpDefinition, yielded: YieldedOutputs, quote: str) -> None:
    for output in yielded.missing():
        is_given_by_run = output.dagflow_type.is_nothing and not yielded.ports.are_observed
        if output.is_required and not is_given_by_run:
            raise DagflowInvariantViolationError(
                f"Invocation of op {quote}{op.name}{quote} did not return an output for non-optional output "
                f"{quote}{output.name}{quote}. Yield it, or declare it with is_required=False, in "
                f"{op_location(op)}."
            )


def _generate(bound: _BoundCall, start: Callable[[], Any]) -> Iterator[Any]:
    op = bound.op
    generator = start() if bound.watched is None else bound.watched.generator(start())
    with bound, closing(generator):
        yielded = YieldedOutputs(op, _PRODUCED_AGAIN, bound.ports)
        for item in generator:
            _check_item(bound, yielded, item)
            yield item
        _check_missing(op, yielded, '"')


async def _await(bound: _BoundCall, start: Callable[[], Any]) -> Any:
    with bound:
        result = await (start() if bound.watched is None else bound.watched.awaited(start()))
    return _checked(bound, result)


async def _generate_async(bound: _BoundCall, start: Callable[[], Any]) -> AsyncIterator[Any]:
    op = bound.op
    generator = start() if bound.watched is None else bound.watched.async_generator(start())
    with bound:
        async with aclosing(generator):
            yielded = YieldedOutputs(op, _PRODUCED_AGAIN, bound.ports)
            async for item in generator:
                _check_item(bound, yielded, item)
                yield item
            _check_missing(op, yielded, "'")  # so it is quoted in Dagster 1.13, and here only


_CALLERS = {"generator": _generate, "async": _await, "async_generator": _generate_async}
"""The functions that call a user's function, by its type, unless it is a plain one."""


def _caller_of(body: Body, result: Any) -> Callable[..., Any] | None:
    """Return the function that continues with the result of a function, None if the result is a value."""
    if isinstance(result, GeneratorType):
        return _generate
    if is_async(body, result):
        return _generate_async if isinstance(result, AsyncGeneratorType) else _await
    return None
