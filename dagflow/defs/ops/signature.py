"""The inputs and outputs of an op, from its signature and from `In` and `Out`, which win over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from dagflow._util import UNSET, nearest
from dagflow.defs.ops.ports import DEFAULT_OUTPUT, DynamicOut, In, InputDefinition, Out, OutputDefinition
from dagflow.defs.parts.evaluation import is_resolved
from dagflow.defs.parts.function import Body, Parameter, location, resolved
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    check_type,
    repr_of,
)
from dagflow.events.asset_result import MaterializeResult, ObserveResult
from dagflow.events.user import DynamicOutput, Output, UserEvent
from dagflow.keys import check_name
from dagflow.types.annotations import plain_form, resolve_annotation
from dagflow.types.kinds import Any as AnyType
from dagflow.types.kinds import ClassType, DagflowType

_PLAIN_IN, _PLAIN_OUT = In(), Out()  # shared, since they are immutable


def docstring_of(fn: Any) -> tuple[Mapping[str, str], str | None]:
    """Return the descriptions in the docstring of a function: by parameter, and of the return value."""
    doc = getattr(fn, "__doc__", None)
    if not isinstance(doc, str) or "\n" not in doc:
        return {}, None
    from dagflow.defs.parts.docstring import read_docstring  # a docstring of one line has no sections

    return read_docstring(doc)


def inputs_of(body: Body, given: Mapping[str, In], what: str) -> dict[str, InputDefinition]:
    """Return the inputs of an op: those with an `In`, by name, then the others, as in the signature."""
    parameters = {parameter.name: parameter for parameter in body.inputs}
    descriptions, _ = docstring_of(body.fn)
    inputs = {}
    for name in [*sorted(given, key=str), *(name for name in parameters if name not in given)]:
        check_name(name, f"input of {what}")
        if name in parameters:
            inputs[name] = _input(parameters[name], given.get(name), descriptions.get(name), body.fn, what)
            continue
        spec = check_type(given[name], In, f"ins[{repr_of(name)}]", what)
        dagflow_type = AnyType if spec.dagflow_type is UNSET else spec.dagflow_type
        if not dagflow_type.is_nothing and not body.takes_any_keyword:
            raise DagflowInvalidDefinitionError(
                f"{what} ({location(body.fn)}): 'ins' names an input '{name}' that is not a parameter of the "
                f"function.{nearest(name, parameters)} Add the parameter, or make it an In(Nothing)."
            )
        _check_default(spec.default_value, dagflow_type, name, what)
        inputs[name] = InputDefinition(name, spec, dagflow_type=dagflow_type)
    return inputs


def _input(
    parameter: Parameter, given: In | None, doc: str | None, fn: Callable[..., Any], what: str
) -> InputDefinition:
    place = f"input '{parameter.name}' of {what}"
    spec = _PLAIN_IN if given is None else check_type(given, In, f"ins[{parameter.name!r}]", what)
    if spec.dagflow_type is UNSET:
        is_of_asset = what.startswith("asset")
        form = "AssetIn(dagflow_type=...)" if is_of_asset else "In(...)"
        annotation = resolved(parameter.annotation, place, fn, f"write ins={{'{parameter.name}': {form}}}")
        if annotation is UNSET:
            dagflow_type: DagflowType = AnyType
        elif annotation is type(None) and is_of_asset:
            dagflow_type = ClassType(type(None), "None", "None")  # the value of an asset with `-> None`
        else:
            dagflow_type = resolve_annotation(annotation, place)
    else:
        dagflow_type = spec.dagflow_type
    if dagflow_type.is_nothing:
        problem = (
            "is annotated with Nothing, a type without values, which takes no parameter. Remove the "
            "parameter and write"
            if spec.dagflow_type is UNSET
            else "is of type Nothing, but a parameter of the function, which would get no value. "
            "Remove the parameter and keep"
        )
        raise DagflowInvalidDefinitionError(
            f"{place} {problem} ins={{'{parameter.name}': In(Nothing)}}, or give the input another type."
        )
    default = spec.default_value
    if default is UNSET and parameter.has_default:
        default = parameter.default
    _check_default(default, dagflow_type, parameter.name, what)
    description = doc if spec.description is None else spec.description
    return InputDefinition(
        parameter.name, spec, dagflow_type=dagflow_type, default_value=default, description=description
    )


def _check_default(default: Any, dagflow_type: DagflowType, name: str, what: str) -> None:
    if default is UNSET:
        return
    if dagflow_type.is_nothing:
        raise DagflowInvalidDefinitionError(
            f"input '{name}' of {what} is of type Nothing, which carries no value, so it has no default. "
            "Remove the default."
        )
    if dagflow_type.checks_at_definition and not dagflow_type.type_check(None, default).success:
        raise DagflowInvalidDefinitionError(
            f"Type check failed for the default_value of InputDefinition {name} of type "
            f"{dagflow_type.display_name}, in {what}: it is {repr_of(default)} of type "
            f"'{type(default).__name__}'"
        )


def outputs_of(
    body: Body, given: Mapping[str, Out] | None, what: str, code_version: str | None
) -> dict[str, OutputDefinition]:
    """Return the outputs of an op, in order.

    Raises:
        DagflowInvalidDefinitionError: An invalid name or type.
        DagflowInvariantViolationError: The return annotation does not fit the outputs.
    """
    if given is not None:
        check_type(given, Mapping, "out", what)
    annotation = _return_annotation(body, given, what)
    if given is None:
        given = {DEFAULT_OUTPUT: DynamicOut() if _is_list_of_dynamic(annotation) else _PLAIN_OUT}
    if _is_dynamic(annotation) and not body.is_generator:
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}): Op annotated with return type DynamicOutput. DynamicOutputs can "
            "only be returned in the context of a List. If only one output is needed, use the Output API."
        )
    outputs: dict[str, OutputDefinition] = {}
    types = _return_types(body, annotation, given, what)
    for (name, spec), inferred in zip(given.items(), types, strict=True):
        check_type(spec, Out, f"out[{repr_of(name)}]", what)
        check_name(name, f"output of {what}")
        dagflow_type = inferred if spec.dagflow_type is UNSET else spec.dagflow_type
        version = code_version if spec.code_version is None else spec.code_version
        description = spec.description
        if description is None and len(given) == 1:
            _, description = docstring_of(body.fn)
        outputs[name] = OutputDefinition(
            name, spec, dagflow_type=dagflow_type, code_version=version, description=description
        )
    return outputs


def _return_annotation(body: Body, given: Mapping[str, Out] | None, what: str) -> Any:
    """Return the return annotation without Annotated and aliases; UNSET if it does not matter."""
    annotation = body.return_annotation
    if annotation is UNSET:
        return UNSET
    if not is_resolved(annotation):
        types = () if given is None else [getattr(out, "dagflow_type", UNSET) for out in given.values()]
        if body.is_generator or (types and UNSET not in types):
            return UNSET
        remedy = "dagflow_type=..." if what.startswith("asset") else "out=Out(...)"
        resolved(annotation, f"the output of {what}", body.fn, f"write {remedy}")
        return UNSET
    return plain_form(annotation)


def _is_dynamic(annotation: Any) -> bool:
    return _is_class_of(annotation, DynamicOutput)


def _is_list_of_dynamic(annotation: Any) -> bool:
    return get_origin(annotation) is list and any(_is_dynamic(part) for part in get_args(annotation))


def wrapped_outputs(body: Body, outs: Mapping[str, OutputDefinition]) -> dict[str, bool]:
    """Return whether the return annotation of each output is `Output`, for each output with an annotation.

    An output whose annotation allows both is left out.
    """
    annotation = body.return_annotation
    if not is_resolved(annotation) or body.is_generator:
        return {}
    annotation = plain_form(annotation)
    parts = [annotation] if len(outs) == 1 else _parts_of_tuple(annotation, len(outs))
    if parts is None or len(parts) != len(outs):
        return {}
    found = {}
    for (name, out), each in zip(outs.items(), parts, strict=True):
        part = plain_form(each)
        is_open = (
            part is Any or part is None or part is type(None) or any(map(_is_wrapper, _union_parts(part)))
        )
        if not out.is_dynamic and not is_open:
            found[name] = _is_class_of(part, Output)
    return found


def plain_output_of(
    outs: Mapping[str, OutputDefinition], is_wrapped: Mapping[str, bool]
) -> OutputDefinition | None:
    """Return the only output, if the function may return its bare value; else None."""
    if len(outs) != 1:
        return None
    (out,) = outs.values()
    return None if out.is_dynamic or is_wrapped.get(out.name) else out


def _return_types(body: Body, annotation: Any, outs: Mapping[str, Out], what: str) -> list[DagflowType]:
    """Return the type of each output in the return annotation; Any without an annotation."""
    if annotation is UNSET or annotation is Any:
        return [AnyType] * len(outs)
    if body.is_generator:
        return [_yielded_type(annotation, what)] if len(outs) == 1 else [AnyType] * len(outs)
    if len(outs) == 1:
        return [resolve_annotation(_value_form(annotation), f"the output of {what}")]
    parts = _parts_of_tuple(annotation, len(outs))
    if parts is None:
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}): Expected Tuple annotation for multiple outputs, but received "
            f"non-tuple annotation. It has {len(outs)} outputs; {repr_of(annotation)} must be a Tuple with "
            f"a type "
            "for each."
        )
    if len(parts) != len(outs):
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}): Expected Tuple annotation to have number of entries matching the "
            f"number of outputs for more than one output. Expected {len(outs)} outputs but annotation has "
            f"{len(parts)}. Write one type for each of {list(outs)}, in this order."
        )
    return [
        resolve_annotation(_value_form(part), f"output '{name}' of {what}")
        for name, part in zip(outs, parts, strict=True)
    ]


def _parts_of_tuple(annotation: Any, count: int) -> list[Any] | None:
    """Return the annotations of `count` outputs in the annotation of a tuple; None for another class."""
    if get_origin(annotation) is tuple:
        parts = list(get_args(annotation))
        return [parts[0]] * count if len(parts) == 2 and parts[1] is Ellipsis else parts
    if not isinstance(annotation, type) or not issubclass(annotation, tuple):
        return [Any] * count if annotation is NoReturn else None
    fields = getattr(annotation, "_fields", None)
    if fields is None:
        return [Any] * count
    try:
        hints = get_type_hints(annotation)
    except Exception:  # of a field whose annotation names a local class
        hints = {}
    return [hints.get(field, Any) for field in fields]


_WRAPPERS = (Output, DynamicOutput, MaterializeResult, ObserveResult)


def _is_wrapper(annotation: Any) -> bool:
    """Return whether an annotation is the class of an object that holds the value of an output."""
    return _is_class_of(annotation, _WRAPPERS)


def _is_class_of(annotation: Any, bases: type | tuple[type, ...]) -> bool:
    cls = get_origin(annotation) or annotation
    return isinstance(cls, type) and issubclass(cls, bases)


def _union_parts(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else ()


def _value_form(annotation: Any) -> Any:
    """Return the annotation of the value: int for `Output[int]`, `MaterializeResult[int]` and
    `List[DynamicOutput[int]]`, Any for a bare wrapper. The parts of a union are read one by one.
    """
    annotation = plain_form(annotation)
    if _is_wrapper(annotation):
        return _value_of_wrapper(annotation)
    parts = _union_parts(annotation)
    if any(map(_is_wrapper, parts)):
        return Union[tuple(map(_value_form, parts))]  # noqa: UP007 - of values
    if _is_list_of_dynamic(annotation):
        return _value_form(get_args(annotation)[0])
    return annotation


def _value_of_wrapper(annotation: Any) -> Any:
    """Return int for `Output[int]` and for a subclass of it, Any if neither gives a type.

    It is None for `ObserveResult`, which never has a value.
    """
    if _is_class_of(annotation, ObserveResult):
        return None
    found = get_args(annotation)
    if not found:
        for base in getattr(get_origin(annotation) or annotation, "__orig_bases__", ()):
            if _is_wrapper(base):
                return _value_of_wrapper(base)
    return found[0] if found and not isinstance(found[0], TypeVar) else Any


def _yielded_type(annotation: Any, what: str) -> DagflowType:
    """Return the type of the only output of a generator: int for `Iterator[Output[int]]`.

    It is Any if the annotation has other parts than outputs and events.
    """
    origin = get_origin(annotation)
    if getattr(origin, "__module__", "") != "collections.abc" or origin.__name__ not in _GENERATORS:
        return AnyType
    item = plain_form((get_args(annotation) or (Any,))[0])
    parts = [part for part in _union_parts(item) or (item,) if not _is_event(part)]
    if not parts or not all(map(_is_wrapper, parts)):
        return AnyType
    return resolve_annotation(Union[tuple(map(_value_form, parts))], f"the output of {what}")  # noqa: UP007


def _is_event(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, UserEvent)


_GENERATORS = frozenset(
    {"Iterator", "Iterable", "Generator", "AsyncIterator", "AsyncIterable", "AsyncGenerator"}
)
