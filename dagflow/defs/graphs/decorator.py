"""`@graph`: the decorator that makes a graph of a function, with inputs and outputs from its signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from typing import Any, get_args, get_origin, overload

from dagflow._util import nearest
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.handles import DynamicHandle, GraphInputHandle, InvokedNodeOutputHandle
from dagflow.defs.graphs.tracing import compose
from dagflow.defs.graphs.wiring import GraphIn, GraphOut, OutputMapping
from dagflow.defs.ops.ports import InputDefinition, OutputDefinition
from dagflow.defs.ops.signature import docstring_of
from dagflow.defs.parts.function import (
    POSITIONAL_ONLY,
    VAR_KEYWORD,
    VAR_POSITIONAL,
    annotations_of,
    check_decorated,
    documentation_of,
    location,
    name_of,
    named_parameters,
    resolved,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    check_elements,
    check_optional,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import check_name
from dagflow.types.annotations import plain_form, resolve_annotation
from dagflow.types.kinds import DagflowType


@overload
def graph(compose_fn: Callable[..., Any]) -> GraphDefinition: ...


@overload
def graph(
    compose_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: Any = None,
) -> Callable[[Callable[..., Any]], GraphDefinition]: ...


def graph(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: Any = None,
) -> GraphDefinition | Callable[[Callable[..., Any]], GraphDefinition]:
    """Make a graph of a function whose body calls ops and graphs. Use it with or without arguments.

    Args:
        compose_fn: The function. Its parameters are the inputs of the graph, its result the outputs.
        name: Default: the name of the function.
        description: Default: the docstring of the function.
        input_defs, output_defs: An older form of `ins` and `out`.
        ins: Descriptions of inputs.
        out: One GraphOut, or several by name; needed for several outputs.
        tags: Tags of its runs.
        config: A ConfigMapping from its own config to the config of its nodes.

    Returns:
        The GraphDefinition, or a decorator.

    Example:
        >>> from dagflow import graph, op
        >>> @op
        ... def one():
        ...     return 1
        >>> @graph
        ... def g():
        ...     return one()
        >>> g.execute_in_process().output_value()
        1
    """

    old_inputs = check_elements(input_defs or (), InputDefinition, "input_defs")
    old_outputs = check_elements(output_defs or (), OutputDefinition, "output_defs")

    def decorate(fn: Callable[..., Any]) -> GraphDefinition:
        own_name = name_of(fn) if name is None else name
        own_ins = ins or {item.name: GraphIn(item.description) for item in old_inputs}
        own_out = out or {item.name: GraphOut(item.description) for item in old_outputs} or None
        return trace(fn, own_name, description, own_ins, own_out, tags, config, "graph")

    return decorate if compose_fn is None else decorate(compose_fn)


def trace(
    fn: Callable[..., Any],
    name: str,
    description: str | None,
    ins: Mapping[str, GraphIn] | None,
    out: GraphOut | Mapping[str, GraphOut] | None,
    tags: Mapping[str, Any] | None,
    config: Any,
    what: str,
) -> GraphDefinition:
    """Trace the body of a graph, and return the graph.

    Args:
        what: "graph", "job", or the name of the decorator of an asset, for messages.
    """
    check_decorated(fn, what)
    check_name(name, what)
    parameters = _parameters(fn, f"{what} '{name}'")
    _check_ins(ins, parameters, fn, f"{what} '{name}'")
    handles = {parameter: GraphInputHandle(name, parameter) for parameter in parameters}
    wiring, result = compose(name, lambda: fn(**handles))
    place = f"{what} '{name}' ({location(fn)})"
    mapped = {mapping.graph_input_name for mapping in wiring.input_mappings}
    for parameter in parameters:
        if parameter not in mapped:
            raise DagflowInvalidDefinitionError(
                f"{place}: its input '{parameter}' feeds no node, so it is an unmapped input. Use it, or "
                "remove it."
            )
    annotations = annotations_of(fn)
    types = {
        parameter: _type_of(annotations[parameter], f"input '{parameter}' of {what} '{name}'", fn)
        for parameter in parameters
        if parameter in annotations
    }
    returned = resolved(
        annotations.get("return"), f"the output of {what} '{name}'", fn, "remove the annotation"
    )
    descriptions, _ = docstring_of(fn)
    wiring.input_mappings = [
        mapping._replace(
            graph_input_description=(ins or {}).get(mapping.graph_input_name, _NO_GRAPH_IN).description
            or descriptions.get(mapping.graph_input_name),
            dagflow_type=types.get(mapping.graph_input_name),
        )
        for mapping in sorted(
            wiring.input_mappings, key=lambda mapping: parameters.index(mapping.graph_input_name)
        )
    ]
    wiring.output_mappings = _output_mappings(result, out, place, what, returned)
    graph_def = GraphDefinition(
        name,
        description if description is not None else documentation_of(fn),
        config=config,
        tags=tags,
        _wiring=wiring,
    )
    update_wrapper(graph_def, fn)
    return graph_def


def _check_ins(ins: Any, parameters: Sequence[str], fn: Callable[..., Any], graph: str) -> None:
    for given, graph_in in (check_optional(ins, Mapping, "ins", graph) or {}).items():
        check_type(graph_in, GraphIn, "ins", graph)
        check_texts(f"input '{given}' of {graph}", description=graph_in.description)
        if given not in parameters:
            raise DagflowInvalidDefinitionError(
                f"{graph} ({location(fn)}): 'ins' names an input '{given}' that is not a parameter of the "
                f"function.{nearest(given, parameters)}"
            )


def _type_of(annotation: Any, place: str, fn: Callable[..., Any]) -> DagflowType:
    return resolve_annotation(resolved(annotation, place, fn, "remove the annotation"), place)


_NO_GRAPH_IN = GraphIn()
_STARS = {VAR_POSITIONAL: "*", VAR_KEYWORD: "**", POSITIONAL_ONLY: ""}


def _parameters(fn: Callable[..., Any], place: str) -> list[str]:
    parameters = named_parameters(fn, place)
    for parameter in parameters:
        if parameter.role in _STARS:
            raise DagflowInvalidDefinitionError(
                f"{place} ({location(fn)}): the parameter '{_STARS[parameter.role]}{parameter.name}' cannot "
                "be an input, because inputs are passed by name. Give each input a parameter of its own."
            )
    return [parameter.name for parameter in parameters]


def _output_mappings(
    result: Any, out: GraphOut | Mapping[str, GraphOut] | None, place: str, what: str, annotation: Any
) -> list[OutputMapping]:
    if result is None and not out:
        return []
    named = {"result": out} if isinstance(out, GraphOut) else out
    for output_name, graph_out in (check_optional(named, Mapping, "out", place) or {}).items():
        check_type(graph_out, GraphOut, "out", place)
        check_texts(f"output '{output_name}' of {place}", description=graph_out.description)
    returned = _returned(result, None if isinstance(out, GraphOut) else named, place, what)
    types = _output_types(annotation, list(returned), place)
    return [
        _output_mapping(name, handle, place)._replace(
            graph_output_description=named[name].description if named else None, dagflow_type=types.get(name)
        )
        for name, handle in returned.items()
    ]


def _output_types(annotation: Any, names: Sequence[str], place: str) -> dict[str, DagflowType]:
    """Return the types in the return annotation, by output; empty without a fitting annotation."""
    if annotation is None or annotation is type(None):
        return {}
    annotation = plain_form(annotation)
    parts = (annotation,) if len(names) == 1 else get_args(annotation)
    if len(parts) != len(names) or (len(names) > 1 and get_origin(annotation) is not tuple):
        return {}
    return {
        name: resolve_annotation(part, f"output '{name}' of {place}")
        for name, part in zip(names, parts, strict=True)
    }


def _returned(result: Any, named: Mapping[str, GraphOut] | None, place: str, what: str) -> dict[str, Any]:
    """Return the results of a body, by the names of the outputs."""
    names = None if named is None else list(named)
    if what == "job":
        if isinstance(result, tuple) and all(isinstance(part, InvokedNodeOutputHandle) for part in result):
            return {}  # a job may return its last nodes
        raise DagflowInvalidDefinitionError(
            f"{place} returned {repr_of(result)}, but a job has 0 outputs defined. Return nothing, or use "
            f"@graph "
            "and to_job()."
        )
    if names is None:
        if isinstance(result, InvokedNodeOutputHandle):
            return {"result": result}
        hint = (
            "Name the outputs with out={...}."
            if isinstance(result, (dict, tuple))
            else "Return an output of a node."
        )
        raise DagflowInvalidDefinitionError(
            f"{place} returned {repr_of(result)}, which is not one output of a node. {hint}"
        )
    if isinstance(result, InvokedNodeOutputHandle):
        returned: dict[str, Any] = {names[0]: result}
    elif isinstance(result, tuple):
        if len(result) > len(names) and what != "graph":
            raise CheckError(
                f"{place} returned {result[len(names)]!r}, for which it has no output. Its outputs are "
                f"{names}: return an output of an op for each of them, and leave out the ops of the others."
            )
        returned = dict(zip([*names, *(str(index) for index in range(len(names), len(result)))], result))  # noqa: B905
    elif isinstance(result, dict):
        returned = result
    else:
        returned = {}
    missing, extra = (
        [name for name in names if name not in returned],
        [name for name in returned if name not in names],
    )
    if missing or extra:
        raise DagflowInvalidDefinitionError(
            f"{place} has the outputs {names}, but returned {repr_of(list(returned) if returned else result)}"
            + (f"; missing: {missing}" if missing else "")
            + (f"; unknown: {extra}" if extra else "")
        )
    return {name: returned[name] for name in names}


def _output_mapping(name: str, handle: Any, place: str) -> OutputMapping:
    if not isinstance(handle, InvokedNodeOutputHandle):
        hint = " A graph cannot return its own input." if isinstance(handle, GraphInputHandle) else ""
        raise DagflowInvalidDefinitionError(
            f"{place}: output '{name}' must be an output of a node, not {repr_of(handle)}.{hint}"
        )
    return OutputMapping(
        check_name(name, f"output of {place}"),
        handle.node_name,
        handle.output_name,
        from_dynamic_mapping=isinstance(handle, DynamicHandle),
    )
