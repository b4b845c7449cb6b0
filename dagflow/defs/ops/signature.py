"""The inputs and outputs of an op, from its signature and from `In` and `Out`, which win over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from dagflow._util import UNSET, nearest
from dagflow.defs.ops.ports import DEFAULT_OUTPUT, DynamicOut, In, InputDefinition, Out, OutputDefinition
from dagflow.defs.parts.function import Body, Parameter, location, resolved
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    check_type,
    repr_of,
)
from dagflow.events.user import DynamicOutput, Output
from dagflow.keys import check_name
from dagflow.types.annotations import resolve_annotation
from dagflow.types.kinds import Any as AnyType
from dagflow.types.kinds import DagflowType

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
            inputs[name] = _input(parameters[name], given.get(name), descriptions.get(name), what)
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


def _input(parameter: Parameter, given: In | None, doc: str | None, what: str) -> InputDefinition:
    place = f"input '{parameter.name}' of {what}"
    spec = _PLAIN_IN if given is None else check_type(given, In, f"ins[{parameter.name!r}]", what)
    if spec.dagflow_type is UNSET:
        annotation = resolved(parameter.annotation)
        dagflow_type = AnyType if annotation is UNSET else resolve_annotation(annotation, place)
        is_nothing = dagflow_type.is_nothing or annotation is type(None)
    else:
        dagflow_type = spec.dagflow_type
        is_nothing = dagflow_type.is_nothing
    if is_nothing:
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
    annotation = resolved(body.return_annotation)
    if given is None:
        given = {DEFAULT_OUTPUT: DynamicOut() if _is_list_of_dynamic(annotation) else _PLAIN_OUT}
    if _is_dynamic(annotation) and not body.is_generator:
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}): Op annotated with return type DynamicOutput. DynamicOutputs can "
            "only be returned in the context of a List. If only one output is needed, use the Output API."
        )
    check_type(given, Mapping, "out", what)
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


def _is_dynamic(annotation: Any) -> bool:
    return annotation is DynamicOutput or get_origin(annotation) is DynamicOutput


def _is_list_of_dynamic(annotation: Any) -> bool:
    return get_origin(annotation) is list and any(_is_dynamic(part) for part in get_args(annotation))


def wrapped_outputs(body: Body, outs: Mapping[str, OutputDefinition]) -> dict[str, bool]:
    """Return whether the return annotation of each output is `Output`, for each output with an annotation."""
    annotation = resolved(body.return_annotation)
    if annotation is UNSET or body.is_generator:
        return {}
    parts = (annotation,) if len(outs) == 1 else get_args(annotation)
    if len(parts) != len(outs):
        return {}
    return {
        name: part is Output or get_origin(part) is Output
        for (name, out), part in zip(outs.items(), parts, strict=True)
        if not out.is_dynamic and not any(part is known for known in (Any, None, type(None)))
    }


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
    if annotation is UNSET or annotation is Any or body.is_generator:
        return [AnyType] * len(outs)
    if len(outs) == 1:
        return [resolve_annotation(_without_wrapper(annotation), f"the output of {what}")]
    if get_origin(annotation) is not tuple:
        if annotation is tuple:
            return [AnyType] * len(outs)
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}): Expected Tuple annotation for multiple outputs, but received "
            f"non-tuple annotation. It has {len(outs)} outputs; {repr_of(annotation)} must be a Tuple with "
            f"a type "
            "for each."
        )
    parts = get_args(annotation)
    if len(parts) != len(outs):
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}): Expected Tuple annotation to have number of entries matching the "
            f"number of outputs for more than one output. Expected {len(outs)} outputs but annotation has "
            f"{len(parts)}. Write one type for each of {list(outs)}, in this order."
        )
    return [
        resolve_annotation(_without_wrapper(part), f"output '{name}' of {what}")
        for name, part in zip(outs, parts, strict=True)
    ]


def _without_wrapper(annotation: Any) -> Any:
    """Return the inner type of an annotation: int for `Output[int]`, `DynamicOutput[int]` and
    `List[DynamicOutput[int]]`, Any for a bare wrapper.
    """
    if annotation is Output or annotation is DynamicOutput:
        return Any
    origin = get_origin(annotation)
    if origin is Output or origin is DynamicOutput:
        return get_args(annotation)[0]
    if origin is list and get_args(annotation):
        (inner,) = get_args(annotation)
        if get_origin(inner) is DynamicOutput or inner is DynamicOutput:
            return _without_wrapper(inner)
    return Any if getattr(origin or annotation, "__dagflow_result__", False) else annotation
