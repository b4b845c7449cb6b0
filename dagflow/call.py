"""The call of a user's function: its arguments, the outputs in its result, and the wrapping of its errors.

Steps of runs and direct calls share this module. `call_user` is on the stack while the function of an op
runs. All other functions of the user are called inside `user_code`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Protocol

from dagflow._util import UNSET, has_class
from dagflow.asset_results import Given, given_by, is_asset_result, is_check_result, returned_results
from dagflow.defs.assets.ports import NO_PORTS, AssetPorts
from dagflow.defs.ops.definition import OpDefinition, op_location
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.defs.parts.function import Body
from dagflow.errors import (
    DagflowError,
    DagflowExecutionStepExecutionError,
    DagflowInvariantViolationError,
    DagflowStepOutputNotFoundError,
    DagflowTypeCheckDidNotPass,
    DagflowUserCodeExecutionError,
    repr_of,
)
from dagflow.event_loop import waiting
from dagflow.events.user import (
    SPECIAL_RESULTS,
    DynamicOutput,
    Failure,
    Output,
    RetryRequested,
    UserEvent,
)
from dagflow.types.annotations import resolve_type
from dagflow.types.kinds import DagflowType, ScalarType, TypeCheck, TypeCheckContext

NOT_WRAPPED = (DagflowError, Failure, RetryRequested)
"""The exception classes that are never wrapped: those of dagflow, and those that users raise on purpose."""


class Emit(Protocol):
    """A function that receives each output as it appears: definition, value, and the wrapper of the value."""

    def __call__(self, output: OutputDefinition, value: Any, given: Any = None) -> None: ...


def call_user(
    op: OpDefinition,
    step_key: str,
    context: Any,
    arguments: dict[str, Any],
    emit: Emit,
    emit_event: Callable[[Any], None],
    ports: AssetPorts = NO_PORTS,
) -> None:
    """Call the function of an op, and emit each output as it appears.

    Args:
        op: The op.
        step_key: The key of the step, for messages.
        context: The context; ignored unless the function takes it as its first positional argument.
        arguments: The other arguments, by parameter name.
        emit: Receives the outputs.
        emit_event: Receives the other events that a generator yields.
        ports: The assets and checks that it shall give.

    Raises:
        DagflowExecutionStepExecutionError: The function raised; `user_exception` is its error.
        DagflowInvariantViolationError: The function returned or yielded an invalid output.
        DagflowStepOutputNotFoundError: A required output is missing.
    """
    body = op.body
    fn = body.fn
    try:
        result = fn(context, **arguments) if body.context_first else fn(**arguments)
    except NOT_WRAPPED:
        raise
    except Exception as error:
        raise wrapped(error, op, step_key) from error
    plain = op.plain_output
    if (
        plain is not None
        and type(result) not in SPECIAL_RESULTS
        and body.function_type == "plain"
        and not ports.checks
    ):
        emit(plain, result)
    else:
        emit_result(op, step_key, result, emit, emit_event, ports)


def emit_result(
    op: OpDefinition,
    step_key: str,
    result: Any,
    emit: Emit,
    emit_event: Callable[[Any], None],
    ports: AssetPorts = NO_PORTS,
) -> None:
    """Emit each output in the result of a function. A generator or coroutine is run to its end.

    Arguments and errors as `call_user`.
    """
    if isinstance(result, GeneratorType):
        _drain(op, step_key, result, emit, emit_event, ports)
    elif is_async(op.body, result):
        _run_async(op, step_key, result, emit, emit_event, ports)
    else:
        _emit_returned(op, step_key, result, emit, ports)


def _emit_returned(op: OpDefinition, step_key: str, result: Any, emit: Emit, ports: AssetPorts) -> None:
    """Emit the outputs in the result of a function. One check result counts as if the function yielded it."""
    if is_check_result(result) and not (isinstance(result, UserEvent) or ports.passes_check_results):
        yielded = YieldedOutputs(op, ports=ports)
        for output, value, given in yielded.outputs(result) or ():
            emit(output, value, given)
        _finish(op, step_key, yielded, emit)
        return
    names = set()
    for output, value, given in outputs_of(op, result, ports):
        emit(output, value, given)
        names.add(output.name)
    if ports.are_observed:  # every other result is complete, or is refused before the first output
        for name, output in op.outs.items():
            if name not in names and output.is_required:
                raise missing_output(op, step_key, name)


def is_async(body: Body, result: Any) -> bool:
    """Return whether the result of a function must be awaited."""
    return isinstance(result, (CoroutineType, AsyncGeneratorType)) or (
        body.function_type == "async" and isinstance(result, Awaitable)
    )


def wrapped(error: Exception, op: OpDefinition, step_key: str) -> DagflowExecutionStepExecutionError:
    """Build the error that is recorded after the function of an op raised."""
    return DagflowExecutionStepExecutionError(
        f"the body of {op_location(op)} raised {type(error).__name__} in step '{step_key}'",
        user_exception=error,
        step_key=step_key,
        op_name=step_key.rpartition(".")[2],
        op_def_name=op.name,
    )


@contextmanager
def user_code(make: Callable[[Exception], DagflowUserCodeExecutionError]) -> Iterator[None]:
    """Wrap the errors of a function of the user that is called in this block.

    Args:
        make: Returns the wrapper of an error.
    """
    try:
        yield
    except NOT_WRAPPED:
        raise
    except Exception as error:
        raise make(error) from error


def outputs_of(
    op: OpDefinition, result: Any, ports: AssetPorts = NO_PORTS
) -> Iterator[tuple[OutputDefinition, Any, Any]]:
    """Yield each output in the result of a function: definition, value, and the wrapper of the value.

    Raises:
        DagflowInvariantViolationError: The result does not match the outputs of the op.
    """
    outs = list(op.outs.values())
    if issubclass(type(result), UserEvent):
        raise DagflowInvariantViolationError(
            f"{op_location(op)} returned an {type(result).__name__}. If you are returning an "
            "AssetMaterialization or an ExpectationResult from op you must yield them directly, or log them "
            "with context.log_event. Only the output itself is returned."
        )
    if (ports is not NO_PORTS or len(outs) == 1) and not ports.passes_check_results:
        named = returned_results(op, ports, result)
        if named is not None:
            yield from named
            return
    if not outs:
        if result is not None:
            raise DagflowInvariantViolationError(
                f"{op_location(op)} has no outputs, but returned {repr_of(result)}. Return nothing, or "
                f"give the op "
                "an output."
            )
        return
    if len(outs) == 1:
        output = outs[0]
        if output.is_dynamic:
            yield from _dynamic(op, output, result)
        else:
            yield output_in(op, output, result)
        return
    if result is None and all(output.dagflow_type.is_nothing and output.is_required for output in outs):
        for output in outs:
            yield output, None, None
        return
    if not isinstance(result, tuple):
        raise DagflowInvariantViolationError(
            f"op '{op.name}' has multiple outputs, but only one output was returned: a "
            f"'{type(result).__name__}'. Return a tuple with a value for each of {list(op.outs)}, or yield "
            f"an Output for each, in {op_location(op)}."
        )
    if len(result) != len(outs):
        raise DagflowInvariantViolationError(
            f"Length mismatch: {op_location(op)} has {len(outs)} outputs ({list(op.outs)}), but returned a "
            f"tuple of {len(result)}"
        )
    for output, value in zip(outs, result, strict=True):
        if output.is_dynamic:
            yield from _dynamic(op, output, value)
        else:
            yield output_in(op, output, value)


def output_in(op: OpDefinition, output: OutputDefinition, value: Any) -> tuple[OutputDefinition, Any, Any]:
    """Return the output in a returned value, bare or in a wrapper."""
    if has_class(value, Output):
        if op.is_wrapped.get(output.name) is False:
            raise DagflowInvariantViolationError(
                f"{op_location(op)}: received Output object for output '{output.name}' which does not have "
                "an Output annotation. Annotate it with Output[...], or return the bare value."
            )
        _check_position(op, output, value)
        return output, value.value, value
    if op.is_wrapped.get(output.name):
        raise DagflowInvariantViolationError(
            f"Error with output for op \"{op.name}\": output '{output.name}' has generic output annotation, "
            "but did not receive an Output object for this output. Received instead an object of type "
            f"{type(value)}. Wrap it, or take Output[...] out of the annotation, in {op_location(op)}."
        )
    if has_class(value, DynamicOutput):
        raise DagflowInvariantViolationError(
            f"{op_location(op)} returned a DynamicOutput for output '{output.name}', which is not dynamic. "
            "Make it a DynamicOut()."
        )
    return output, value, None


def _dynamic(
    op: OpDefinition, output: OutputDefinition, result: Any
) -> Iterator[tuple[OutputDefinition, Any, Any]]:
    for part in result if isinstance(result, list) else ():
        if not isinstance(part, DynamicOutput):
            raise DagflowInvariantViolationError(
                f"Error with output for op \"{op.name}\": dynamic output '{output.name}' at position "
                f"{list(op.outs).index(output.name)} expected a list of DynamicOutput objects, but received "
                f"an item with type {type(part)}. Wrap it, DynamicOutput(..., mapping_key=...), in "
                f"{op_location(op)}."
            )
    if not isinstance(result, list):
        raise DagflowInvariantViolationError(
            f"{op_location(op)}: dynamic output '{output.name}' expected a list of DynamicOutput objects, "
            f"but instead received instead an object of type {type(result)}. Return a list, or yield its "
            "items."
        )
    for part in result:
        _check_position(op, output, part)
        yield output, part.value, part


def _check_position(
    op: OpDefinition, output: OutputDefinition, given: Output[Any] | DynamicOutput[Any]
) -> None:
    if given.output_name not in (output.name, "result"):
        raise DagflowInvariantViolationError(
            f"{op_location(op)}: Output was explicitly named '{given.output_name}', which does not match the "
            f"output definition specified for position {list(op.outs).index(output.name)}: '{output.name}'."
        )


class YieldedOutputs:
    """The outputs that a generator has yielded so far. Each may be yielded once, and required ones must be.

    Args:
        op: The op.
        again: The beginning of the error about a repeated output.
    """

    __slots__ = ("again", "op", "ports", "seen")

    def __init__(
        self,
        op: OpDefinition,
        again: str = 'Compute for op "{op}" returned an output "{output}"',
        ports: AssetPorts = NO_PORTS,
    ) -> None:
        self.op: OpDefinition = op
        self.again: str = again
        self.ports: AssetPorts = ports
        self.seen: set[Any] = set()

    def outputs(self, item: Any) -> list[Given] | None:
        """Return the outputs in a yielded object, with their values; None for another event.

        Raises:
            DagflowInvariantViolationError: The object is invalid, or an output was already yielded.
        """
        if isinstance(item, UserEvent):
            return None
        if is_asset_result(item):
            found = given_by(self.op, self.ports, item)
            for output, _, _ in found:
                self._once(output.name)
            return found
        if not isinstance(item, (Output, DynamicOutput)):
            hint = " Raise it instead." if isinstance(item, BaseException) else ""
            raise DagflowInvariantViolationError(
                f"{op_location(self.op)} yielded a value of type {type(item)}: {repr_of(item)}. A "
                f"generator may "
                "yield Output, DynamicOutput, AssetMaterialization, AssetObservation, ExpectationResult and "
                f"AssetCheckEvaluation only.{hint}"
            )
        output = self._named(item.output_name)
        if output.is_dynamic != isinstance(item, DynamicOutput):
            wanted, verb = ("DynamicOutput", "is a") if output.is_dynamic else ("Output", "is not a")
            raise DagflowInvariantViolationError(
                f"{op_location(self.op)} must yield {wanted} for output '{output.name}', not "
                f"{type(item).__name__}: the output {verb} DynamicOut"
            )
        if isinstance(item, DynamicOutput):
            self._once(output.name, item.mapping_key)
            self.seen.add(output.name)
        else:
            self._once(output.name)
        return [(output, item.value, item)]

    def missing(self) -> Iterable[OutputDefinition]:
        """Return the outputs that were not yielded, except dynamic ones."""
        return [
            output for name, output in self.op.outs.items() if name not in self.seen and not output.is_dynamic
        ]

    def _named(self, name: str) -> OutputDefinition:
        output = self.op.outs.get(name)
        if output is None:
            raise DagflowInvariantViolationError(
                f"{op_location(self.op)} yielded an output named '{name}', but its outputs are "
                f"{list(self.op.outs)}"
            )
        return output

    def _once(self, name: str, mapping_key: str | None = None) -> None:
        key = name if mapping_key is None else (name, mapping_key)
        if key in self.seen:
            with_key = "" if mapping_key is None else f' with mapping_key "{mapping_key}"'
            raise DagflowInvariantViolationError(
                f"{self.again.format(op=self.op.name, output=name)}{with_key} multiple times. Yield it once, "
                f"in {op_location(self.op)}."
            )
        self.seen.add(key)


def type_check_error(
    what: str, expected: DagflowType, check: TypeCheck, place: str
) -> DagflowTypeCheckDidNotPass:
    """Build the error about a value that did not pass the check of its type.

    Args:
        what: The input or output of the value: 'step input "n"'.
        expected: The type.
        check: The result of the check.
        place: The op, with file and line.
    """
    description = f" Description: {check.description}" if check.description else ""
    return DagflowTypeCheckDidNotPass(
        f'Type check failed for {what} - expected type "{expected.display_name}".{description} [{place}]',
        dict(check.metadata),
        expected,
    )


def missing_output(op: OpDefinition, step_key: str, name: str) -> DagflowStepOutputNotFoundError:
    """Build the error about a step that ended without a required output."""
    return DagflowStepOutputNotFoundError(
        f'Core compute for op "{op.name}" did not return an output for non-optional output "{name}". '
        f"Yield it, or declare it with is_required=False, in {op_location(op)}, which ran as step "
        f"'{step_key}'.",
        step_key=step_key,
        output_name=name,
    )


def _drain(
    op: OpDefinition,
    step_key: str,
    generator: Any,
    emit: Emit,
    emit_event: Callable[[Any], None],
    ports: AssetPorts,
) -> None:
    yielded = YieldedOutputs(op, ports=ports)
    try:
        while True:
            try:
                item = next(generator)
            except StopIteration as stop:
                if stop.value is not None:
                    raise _returned_by_generator(op, stop.value) from None
                break
            except NOT_WRAPPED:
                raise
            except Exception as error:
                raise wrapped(error, op, step_key) from error
            _emit_item(yielded, item, emit, emit_event)
    finally:
        generator.close()
    _finish(op, step_key, yielded, emit)


def _returned_by_generator(op: OpDefinition, value: Any) -> DagflowInvariantViolationError:
    return DagflowInvariantViolationError(
        f"{op_location(op)} is a generator and returned {repr_of(value)}, which would be lost. Yield it, as "
        "Output(...), before the function ends."
    )


def _emit_item(yielded: YieldedOutputs, item: Any, emit: Emit, emit_event: Callable[[Any], None]) -> None:
    found = yielded.outputs(item)
    if found is None:
        emit_event(item)
        return
    for output, value, given in found:
        emit(output, value, given)


def _finish(op: OpDefinition, step_key: str, yielded: YieldedOutputs, emit: Emit) -> None:
    for output in yielded.missing():
        if not output.is_required:
            continue
        if output.dagflow_type.is_nothing and not yielded.ports.are_observed:
            emit(output, None)
        else:
            raise missing_output(op, step_key, output.name)


def _run_async(
    op: OpDefinition,
    step_key: str,
    running: Any,
    emit: Emit,
    emit_event: Callable[[Any], None],
    ports: AssetPorts,
) -> None:
    with waiting() as wait:

        def wait_wrapped(awaitable: Any) -> Any:
            try:
                return wait(awaitable)
            except NOT_WRAPPED:
                raise
            except Exception as error:
                raise wrapped(error, op, step_key) from error

        if not isinstance(running, AsyncGeneratorType):
            _emit_returned(op, step_key, wait_wrapped(running), emit, ports)
            return
        yielded = YieldedOutputs(op, ports=ports)
        try:
            while (item := wait_wrapped(anext(running, UNSET))) is not UNSET:
                _emit_item(yielded, item, emit, emit_event)
        finally:
            wait(running.aclose())
        _finish(op, step_key, yielded, emit)


def check_dagflow_type(dagflow_type: Any, value: Any) -> TypeCheck:
    """Check a value against a type, outside any run.

    Args:
        dagflow_type: A DagflowType, or an object that resolves to one, such as `int`.
        value: The value.

    Returns:
        The result of the check. It is not a success if the check function raises `Failure`.

    Raises:
        DagflowInvalidDefinitionError: `dagflow_type` does not resolve to a type.
        DagflowInvariantViolationError: The check function returned neither a bool nor a TypeCheck.
        BaseException: Any other error of the check function.

    Example:
        >>> from dagflow import Int
        >>> check_dagflow_type(Int, 3).success
        True
        >>> check_dagflow_type(list[int], [1, "2"]).description
        'Value "2" of python type "str" must be a int.'
    """
    found = resolve_type(dagflow_type, "check_dagflow_type")
    if isinstance(found, ScalarType):
        return found.type_check(None, value)
    import logging

    try:
        return found.type_check(TypeCheckContext("", logging.getLogger("dagflow"), None, found), value)
    except Failure as failure:
        return TypeCheck(False, failure.description, failure.metadata)
