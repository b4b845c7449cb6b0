"""The run config of a job: its schema, and what a given config says of each op and resource.

    {execution?, loggers?, ops?, resources?, inputs?}

The schema is worked out once for a job, and only when a config is given or something must be given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dagflow._util import UNSET
from dagflow.config.field import Field, Shape
from dagflow.config.parse import Parsed, parse
from dagflow.config.scalar import Any as AnyConfig
from dagflow.defs.executor import ExecutorDefinition
from dagflow.defs.graph import GraphDefinition
from dagflow.defs.inputs import config_field, graph_inputs, loose_fields
from dagflow.defs.job import JobDefinition
from dagflow.defs.op import DEFAULT_IO_MANAGER_KEY, OpDefinition
from dagflow.errors import CheckError, DagflowInvalidConfigError

_OPTIONAL = Field(AnyConfig, is_required=False)
_LOG_LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET")
_CONSOLE = Shape(
    {
        "log_level": Field(str, default_value="DEBUG"),
        "name": Field(str, default_value="dagflow"),
    }
)


class RunConfig(NamedTuple):
    """What a run config says, checked and with its defaults: the root entries. `used_env`: it holds an env
    value.
    """

    value: Mapping[str, Any]
    used_env: bool


def read_run_config(
    job: JobDefinition,
    given: Mapping[str, Any],
    *,
    bound_inputs: frozenset[str] = frozenset(),
    environ: Mapping[str, str],
    in_process: bool = True,
) -> RunConfig:
    """Check a run config against the schema of a job.

    Args:
        job: The job, with its selection applied.
        given: The config; an empty one takes the job's default config.
        bound_inputs: Inputs of the graph that are given as values, so not through config.
        environ: Where `{"env": "NAME"}` looks.
        in_process: Whether `execution` is ignored, because the executor is replaced.

    Raises:
        DagflowInvalidConfigError: All that is wrong with it.
    """
    value = dict(given) if given else dict(job.default_config)
    if "execution" in value and not in_process:
        value["execution"] = _normal_execution(value["execution"], job.executor_def)
    parsed: Parsed = parse(schema_of(job, bound_inputs, in_process), value, environ=environ)
    if parsed.errors:
        raise DagflowInvalidConfigError(f"Error in config for job '{job.name}'", parsed.errors, value)
    return RunConfig(parsed.value, parsed.used_env)


def needs_config(job: JobDefinition, bound_inputs: frozenset[str]) -> bool:
    """Whether a run of this job must be given some config."""
    key = ("needs_config", bound_inputs)
    if key not in job.compiled:
        demanding = [name for name, resource in job.resource_defs.items() if _demands(resource.config_field)]
        job.compiled[key] = (
            bool(job.default_config)
            or _graph_needs_config(job, job.graph, "")
            or any(field.is_required for field in _top_inputs(job, bound_inputs).values())
            or bool(demanding and not _used_resources(job).isdisjoint(demanding))
        )
    return bool(job.compiled[key])


def schema_of(job: JobDefinition, bound_inputs: frozenset[str], in_process: bool) -> Shape:
    """The schema of a job's run config."""
    key = ("schema", bound_inputs, in_process)
    if key not in job.compiled:
        executor = job.executor_def.config_field
        used = _used_resources(job)
        entries: dict[str, Any] = {
            "execution": _OPTIONAL if in_process else Field(Shape({"config": executor or _OPTIONAL})),
            "loggers": Field(Shape({
                name: Field(Shape({"config": Field(_CONSOLE)}), is_required=False)
                for name in (job.logger_defs or ("console",))
            })),
            "ops": Field(Shape(_nodes(job, job.graph, ""))),
            "resources": Field(Shape({
                name: Field(
                    Shape({"config": resource.config_field or _OPTIONAL}),
                    is_required=None if name in used else False,
                )
                for name, resource in job.resource_defs.items()
            })),
        }  # fmt: skip
        inputs = _top_inputs(job, bound_inputs)
        if inputs:
            entries["inputs"] = Field(Shape(inputs))
        job.compiled[key] = Shape(entries)
    schema: Shape = job.compiled[key]
    return schema


def _used_resources(job: JobDefinition) -> set[str]:
    """The keys of the resources that a run of the whole job starts: those of no other need config."""
    layer = job.asset_layer
    wanted = _resources_of(job.graph)
    for asset in layer.known.values() if layer is not None else ():
        wanted.add(getattr(asset, "io_manager_key", None) or DEFAULT_IO_MANAGER_KEY)
    used: set[str] = set()
    while wanted:
        key = wanted.pop()
        if key in job.resource_defs and key not in used:
            used.add(key)
            wanted |= job.resource_defs[key].required_resource_keys
    return used


def _resources_of(graph_def: GraphDefinition) -> set[str]:
    keys: set[str] = set()
    definitions = {id(node.definition): node.definition for node in graph_def.node_dict.values()}
    for definition in definitions.values():
        if isinstance(definition, GraphDefinition):
            keys |= _resources_of(definition)
        elif isinstance(definition, OpDefinition):
            keys |= definition.required_resource_keys
            for item in definition.ins.values():
                keys |= item.dagflow_type.required_resource_keys
                keys.add(item.input_manager_key or DEFAULT_IO_MANAGER_KEY)
                if item.dagflow_type.loader is not None:
                    keys |= item.dagflow_type.loader.required_resource_keys()
            for output in definition.outs.values():
                keys |= output.dagflow_type.required_resource_keys | {output.io_manager_key}
    return keys


def _nodes(job: JobDefinition, graph_def: GraphDefinition, path: str) -> dict[str, Field]:
    shared: dict[int, Field] = {}  # many nodes of one op without loose inputs have one schema
    fields: dict[str, Field] = {}
    for name, node in graph_def.node_dict.items():
        definition = node.definition
        loose = _loose_fields(job, graph_def, name, path)
        if isinstance(definition, GraphDefinition):
            entries: dict[str, Any] = {"ops": Field(Shape(_nodes(job, definition, f"{path}{name}.")))}
            if loose:
                entries["inputs"] = Field(Shape(loose))
            entries["outputs"] = _OPTIONAL
            fields[name] = Field(Shape(entries))
        elif isinstance(definition, OpDefinition):
            if loose or id(definition) not in shared:
                inputs = {**loose, **_loaded_with_config(job, definition)}
                outputs = _stored_with_config(job, definition)
                field = Field(Shape({
                    "config": definition.config_field or _OPTIONAL,
                    **({"inputs": Field(Shape(inputs))} if inputs else {}),
                    "outputs": Field(Shape(outputs)) if outputs else _OPTIONAL,
                }))  # fmt: skip
                if loose:
                    fields[name] = field
                    continue
                shared[id(definition)] = field
            fields[name] = shared[id(definition)]
    return fields


def _loaded_with_config(job: JobDefinition, op: OpDefinition) -> dict[str, Field]:
    """The config that input managers take of each input of an op."""
    fields = {}
    for name, item in op.ins.items():
        field = getattr(job.resource_defs.get(item.input_manager_key or ""), "input_config_field", None)
        if field is not None:
            fields[name] = field
    return fields


def _stored_with_config(job: JobDefinition, op: OpDefinition) -> dict[str, Field]:
    """The config that I/O managers take of each output of an op."""
    fields = {}
    for name, output in op.outs.items():
        field = getattr(job.resource_defs.get(output.io_manager_key), "output_config_field", None)
        if field is not None:
            fields[name] = field
    return fields


def _loose_fields(
    job: JobDefinition, graph_def: GraphDefinition, node_name: str, path: str
) -> dict[str, Field]:
    if job.asset_layer is not None:
        return {}  # what no node feeds is an asset, which is loaded
    return loose_fields(graph_def, node_name, path, f"job '{job.name}'")


def _top_inputs(job: JobDefinition, bound: frozenset[str]) -> dict[str, Field]:
    place = f"graph '{job.graph.name}'"
    fields = {
        name: config_field(item, name, place)
        for name, item in graph_inputs(job.graph).items()
        if name not in bound and not item.dagflow_type.is_nothing
    }
    return {name: field for name, field in fields.items() if field is not None}


def _graph_needs_config(job: JobDefinition, graph_def: GraphDefinition, path: str) -> bool:
    if graph_def.config_mapping is not None:
        return True
    for definition in graph_def.node_defs.values():
        if isinstance(definition, OpDefinition) and any(
            _demands(field)
            for field in (
                definition.config_field,
                *_loaded_with_config(job, definition).values(),
                *_stored_with_config(job, definition).values(),
            )
        ):
            return True
    for name, node in graph_def.node_dict.items():
        if any(field.is_required for field in _loose_fields(job, graph_def, name, path).values()):
            return True
        definition = node.definition
        if isinstance(definition, GraphDefinition) and _graph_needs_config(job, definition, f"{path}{name}."):
            return True
    return False


def _demands(field: Field | None) -> bool:
    """Whether it matters that no config is given: some is required, or a default is read from the
    environment.
    """
    if field is None:
        return False
    parsed = parse(field, UNSET, environ={})
    return bool(parsed.errors) or parsed.used_env


def _normal_execution(value: Any, executor: ExecutorDefinition) -> Any:
    """`{"in_process": {...}}` and `{"multiprocess": {"config": {...}}}` as `{"config": ...}`."""
    if not isinstance(value, Mapping) or "config" in value or len(value) != 1:
        return value
    ((name, inner),) = value.items()
    if name not in ("in_process", "multiprocess"):
        return value
    inner = inner or {}
    inner = inner.get("config", inner) if isinstance(inner, Mapping) else inner
    if executor.name == name:
        return {"config": inner}
    return {"config": {name: inner}} if executor.name == "multi_or_in_process_executor" else value


def validated_dict(job: JobDefinition, config: Mapping[str, Any]) -> dict[str, Any]:
    """A checked run config as `validate_run_config` shows it: four keys, the executor by name."""
    execution = (config.get("execution") or {}).get("config")
    loggers = config.get("loggers") or {}
    for name, logger in loggers.items():
        level = (logger.get("config") or {}).get("log_level")
        if isinstance(level, str) and level.upper() not in _LOG_LEVELS:
            raise CheckError(
                f"logger '{name}' has the unknown log level '{level}'. Use one of {', '.join(_LOG_LEVELS)}."
            )
    return {
        "ops": {name: _shown_node(entry) for name, entry in (config.get("ops") or {}).items()},
        "execution": {job.executor_def.name: execution},
        "resources": {
            name: {"config": (entry or {}).get("config")}
            for name, entry in (config.get("resources") or {}).items()
        },
        "loggers": dict(loggers),
    }


def _shown_node(entry: Mapping[str, Any]) -> dict[str, Any]:
    if "ops" in entry:
        return {**entry, "ops": {name: _shown_node(inner) for name, inner in entry["ops"].items()}}
    return {
        "config": entry.get("config"),
        "inputs": dict(entry.get("inputs") or {}),
        "outputs": entry.get("outputs"),
    }
