"""The source code of the described pipelines, with the names of dagflow. A failure shows the same code.

A program defines `run(**arguments)`, and a list `trace` to which resources and hooks append entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

from descriptions import (
    Asset,
    Assets,
    Call,
    Collect,
    Each,
    Emit,
    Fail,
    FanIn,
    Graph,
    GraphInput,
    Hook,
    Input,
    Op,
    Output,
    Pipeline,
    Report,
    Resource,
    Source,
    Value,
    output_names,
)
from source_code import HEAD, arguments, braced, names, policy, run, text

FITTING = {
    "int": "7",
    "str": "'text'",
    "float": "1.5",
    "bool": "True",
    "list": "[1, 'a']",
    "dict": "{'a': 1}",
    "typing.List[int]": "[1, 2]",
    "typing.Dict[str, int]": "{'a': 1}",
    "typing.Optional[int]": "None",
    "typing.Tuple[int, str]": "(1, 'a')",
    "typing.Set[str]": "{'a'}",
}
WRONG = {"int": "'wrong'", "float": "1", "bool": "1", "typing.List[int]": "['a']", "str": "None"}


@singledispatch
def program(description: Any) -> str:
    """Return the source code of a described pipeline."""
    raise TypeError(description)


@program.register
def _(pipeline: Pipeline) -> str:
    lines = list(HEAD)
    for hook in pipeline.hooks:
        lines += [*_hook(hook), ""]
    for resource in pipeline.resources:
        lines += [*_resource(resource), ""]
    for definition in pipeline.definitions():
        lines += [*(_op(definition) if isinstance(definition, Op) else _graph(definition)), ""]
    of_job = pipeline.config if pipeline.config_of == "job" else None
    if pipeline.partitioned_config:
        lines += [f"@{pipeline.partitioned_config}", "def of_partition(*key):"]
        lines += [f"    return {of_job or '{}'}", ""]
        of_job = "of_partition"
    settings = {
        "config": of_job,
        "resource_defs": braced(f"{name!r}: {name}" for name in names(pipeline.resources)),
        "hooks": braced(pipeline.job_hooks),
        "op_retry_policy": policy(pipeline.retries),
        "partitions_def": pipeline.partitions,
    }
    if pipeline.as_job:
        lines += [f"@dg.job({arguments(settings)})", *_body(pipeline.graph)]
        made = pipeline.graph.name
    else:
        lines += _graph(pipeline.graph)
        made = f"{pipeline.graph.name}.to_job({arguments(settings)})"
    given = {
        "run_config": pipeline.config if pipeline.config_of == "run" else None,
        "input_values": pipeline.input_values,
        "op_selection": repr(list(pipeline.op_selection)) if pipeline.op_selection else None,
        "partition_key": pipeline.partition_key,
    }
    return text([*lines, "", f"pipeline = {made}", *run("pipeline.execute_in_process", given)])


@program.register
def _(assets: Assets) -> str:
    lines = list(HEAD)
    for asset in assets.assets:
        lines += [*_asset(asset), ""]
    given = {"selection": assets.selection, "partition_key": assets.partition_key}
    made = ", ".join(names(assets.assets))
    return text([*lines, *run(f"dg.materialize_to_memory, [{made}]", given)])


def _tags(tags: tuple[tuple[str, str], ...]) -> str | None:
    return braced(f"{key!r}: {value!r}" for key, value in tags)


def _hook(hook: Hook) -> Iterator[str]:
    yield f"@dg.{hook.on}_hook(name={hook.name!r})"
    yield f"def {hook.name}(context):"
    yield "    error = type(context.op_exception).__name__"
    yield f"    trace.append(f'hook {hook.name} {{context.step_key}} {{error}}')"
    if hook.raises:
        yield "    raise KeyError('hook')"


def _resource(resource: Resource) -> Iterator[str]:
    needs = f"required_resource_keys={set(resource.needs)!r}" if resource.needs else ""
    yield f"@dg.resource({needs})"
    yield f"def {resource.name}(context):"
    if resource.fails == "setup":
        yield "    raise LookupError('setup')"
    yield f"    trace.append('{resource.name} starts')"
    if resource.manner == "return":
        yield f"    return {resource.name!r}"
        return
    yield f"    yield {resource.name!r}"
    if resource.fails == "teardown":
        yield "    raise LookupError('teardown')"
    yield f"    trace.append('{resource.name} stops')"


# --- ops


def _op(op: Op) -> Iterator[str]:
    settings = {
        "ins": braced(f"{i.name!r}: dg.In(dg.Nothing)" for i in op.inputs if i.type == "Nothing"),
        "out": _outs(op.outputs),
        "config_schema": op.config,
        "retry_policy": policy(op.retries),
        "tags": _tags(op.tags),
        "required_resource_keys": repr(set(op.resources)) if op.resources else None,
    }
    yield f"@dg.op({arguments(settings)})"
    read = [i for i in op.inputs if i.type != "Nothing"]
    context = ["context"] if _needs_context(op) else []
    parameters = ", ".join(context + [_parameter(i) for i in read])
    yield f"{'async ' if op.manner == 'async' else ''}def {op.name}({parameters}):"
    known = [i.name for i in read]
    known += ["context.op_config"] if op.config else []
    known += [f"context.resources.{name}" for name in op.resources]
    known += ["context.partition_key"] if op.reads_partition else []
    lines = [line for act in op.acts for line in _act(act, op, known)]
    if op.manner != "yield":
        lines.append(f"return {_returned(op, known)}")
    elif not any(line.startswith("yield") for line in lines):
        lines.append("yield from ()")
    yield from (f"    {line}" for line in lines)


def _needs_context(op: Op) -> bool:
    acts = op.acts
    return bool(
        op.config
        or op.resources
        or op.reads_partition
        or any(isinstance(act, Fail) or (isinstance(act, Report) and act.logged) for act in acts)
    )


def _parameter(given: Input) -> str:
    annotated = f"{given.name}: {given.type}" if given.type else given.name
    if given.default is None:
        return annotated
    return f"{annotated} = {given.default}" if given.type else f"{annotated}={given.default}"


def _outs(outputs: tuple[Output, ...]) -> str | None:
    if outputs == (Output(),):
        return None
    if len(outputs) == 1 and outputs[0].name == "result":
        return _out(outputs[0])
    return "{" + ", ".join(f"{output.name!r}: {_out(output)}" for output in outputs) + "}"


def _out(output: Output) -> str:
    kind = "dg.Nothing" if output.type == "Nothing" else output.type
    parts = [kind or "", "" if output.required else "is_required=False"]
    return f"dg.{'DynamicOut' if output.dynamic else 'Out'}({', '.join(filter(None, parts))})"


def _act(act: Emit | Fail | Report, op: Op, known: list[str]) -> Iterator[str]:
    match act:
        case Fail():
            yield f"if context.retry_number < {act.attempts}:"
            yield f"    raise {act.error}"
        case Report():
            yield f"context.log_event({act.event})" if act.logged else f"yield {act.event}"
        case Emit() if op.manner == "yield":
            for value in _values(act, op, known):
                yield f"yield {value}"


def _values(emit: Emit, op: Op, known: list[str]) -> Iterator[str]:
    """Return the code of the yielded values of an output: an Output, or a DynamicOutput for each key."""
    value = _value(emit, op, known)
    named = f", output_name={emit.output.name!r}"
    if emit.output.dynamic:
        for key in emit.keys:
            yield f"dg.DynamicOutput({value}, mapping_key={key!r}{named})"
    else:
        yield f"dg.Output({value}{named})"


def _value(emit: Emit, op: Op, known: list[str]) -> str:
    kind = emit.output.type
    if kind == "Nothing":
        return "None"
    if kind is None:
        return f"[{', '.join([repr(f'{op.name}.{emit.output.name}'), *known])}]"
    return FITTING[kind] if emit.fits or kind not in WRONG else WRONG[kind]


def _returned(op: Op, known: list[str]) -> str:
    parts = []
    for act in op.acts:
        if isinstance(act, Emit):
            dynamic = act.output.dynamic
            parts.append(f"[{', '.join(_values(act, op, known))}]" if dynamic else _value(act, op, known))
    if len(op.outputs) == 1:
        return parts[0] if parts else "None"
    return "(" + "".join(f"{part}, " for part in parts) + ")"


# --- graphs


def _graph(graph: Graph) -> Iterator[str]:
    outs = braced(f"{name!r}: dg.GraphOut()" for name, _ in graph.outputs)
    yield f"@dg.graph({arguments({'out': outs})})"
    yield from _body(graph)


def _body(graph: Graph) -> Iterator[str]:
    yield f"def {graph.name}({', '.join(_parameter(i) for i in graph.inputs)}):"
    for number, call in enumerate(graph.calls):
        yield f"    v{number} = {_call(call, graph)}"
    if graph.outputs:
        inner = ", ".join(f"{name!r}: {_handle(value, graph)}" for name, value in graph.outputs)
        yield f"    return {{{inner}}}"
    elif not graph.calls:
        yield "    pass"


def _call(call: Call, graph: Graph) -> str:
    added = [
        f".alias({call.alias!r})" if call.alias else "",
        f".tag({_tags(call.tags)})" if call.tags else "",
        f".with_retry_policy({policy(call.retries)})" if call.retries is not None else "",
        f".with_hooks({braced(call.hooks)})" if call.hooks else "",
    ]
    fed = ", ".join(f"{name}={_source(source, graph)}" for name, source in call.arguments)
    invoked = f"{call.definition.name}{''.join(added)}({fed})"
    if call.mapped is None:
        return invoked
    return f"{_handle(call.mapped.value, graph)}.map(lambda each: {invoked})"


def _source(source: Source, graph: Graph) -> str:
    match source:
        case Value():
            return _handle(source, graph)
        case GraphInput(name):
            return name
        case Each():
            return "each"
        case Collect(value):
            return f"{_handle(value, graph)}.collect()"
        case FanIn(parts):
            return f"[{', '.join(_source(part, graph) for part in parts)}]"


def _handle(value: Value, graph: Graph) -> str:
    call = graph.calls[value.call]
    outputs = output_names(call.definition)
    if len(outputs) == 1:
        return f"v{value.call}"
    return f"v{value.call}[{outputs.index(value.output)}]" if call.mapped else f"v{value.call}.{value.output}"


# --- assets


def _asset(asset: Asset) -> Iterator[str]:
    settings = {
        "key_prefix": repr(asset.prefix) if asset.prefix else None,
        "ins": braced(f"{name!r}: dg.AssetIn({name}.key)" for name in asset.reads),
        "deps": f"[{', '.join(asset.follows)}]" if asset.follows else None,
        "partitions_def": asset.partitions,
        "output_required": None if asset.required else "False",
        "retry_policy": policy(asset.retries),
        "dagflow_type": asset.type,
    }
    yield f"@dg.asset({arguments(settings)})"
    arrow = " -> None" if asset.manner == "nothing" else ""
    context = ["context"] if asset.partitions or asset.fail else []
    yield f"def {asset.name}({', '.join([*context, *asset.reads])}){arrow}:"
    if asset.fail is not None:
        yield f"    if context.retry_number < {asset.fail.attempts}:"
        yield f"        raise {asset.fail.error}"
    partition = ["context.partition_key"] if asset.partitions else []
    value = f"[{', '.join([repr(asset.name), *asset.reads, *partition])}]"
    if asset.type is not None:
        value = FITTING[asset.type] if asset.fits else WRONG.get(asset.type, "range(3)")
    yield (
        "    "
        + {
            "return": f"return {value}",
            "Output": f"return dg.Output({value}, metadata={{'rows': 1}})",
            "yield": f"yield dg.Output({value})",
            "MaterializeResult": "return dg.MaterializeResult(metadata={'rows': 1})",
            "None": "return None",
            "nothing": "return None",
            "no yield": "yield from ()",
        }[asset.manner]
    )
