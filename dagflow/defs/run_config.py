"""The run config of a job: its schema, and what a given config says of each op and resource.

    {execution?, loggers?, ops?, resources?, inputs?}

The schema is worked out once for a job, and only when a config is given or something must be given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dagflow._util import UNSET
from dagflow.config.field import Field, Permissive, Shape
from dagflow.config.parse import Parsed, parse
from dagflow.config.scalar import Any as AnyConfig
from dagflow.defs.executor import ExecutorDefinition
from dagflow.defs.graph import GraphDefinition
from dagflow.defs.job import JobDefinition
from dagflow.defs.op import DEFAULT_IO_MANAGER_KEY, InputDefinition, OpDefinition
from dagflow.errors import CheckError, DagflowInvalidConfigError, DagflowInvalidDefinitionError
from dagflow.types import DagflowType

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
        demanding = [
            name
            for name, resource in job.resource_defs.items()
            if resource.config_field is not None and resource.config_field.is_required
        ]
        job.compiled[key] = (
            bool(job.default_config)
            or _graph_needs_config(job, job.graph, (), bound_inputs)
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
            "ops": Field(Shape(_nodes(job, job.graph, (), bound_inputs))),
            "resources": Field(Shape({
                name: Field(
                    Shape({"config": resource.config_field or _OPTIONAL}),
                    is_required=None if name in used else False,
                )
                for name, resource in job.resource_defs.items()
            })),
        }  # fmt: skip
        inputs = {
            name: _input_field(kind, name, f"graph '{job.graph.name}'")
            for name, (kind, default) in graph_inputs(job.graph).items()
            if name not in bound_inputs and not kind.is_nothing and default is UNSET
        }
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


def graph_inputs(graph_def: GraphDefinition) -> dict[str, tuple[DagflowType, Any]]:
    """Type and default of each input of a graph: those of the first input inside that it feeds."""
    found: dict[str, tuple[DagflowType, Any]] = {}
    for mapping in graph_def.input_mappings:
        if mapping.graph_input_name not in found:
            definition = graph_def.node_dict[mapping.mapped_node_name].definition
            if isinstance(definition, GraphDefinition):
                found[mapping.graph_input_name] = graph_inputs(definition)[mapping.mapped_node_input_name]
            elif isinstance(definition, OpDefinition):
                inner = definition.ins[mapping.mapped_node_input_name]
                found[mapping.graph_input_name] = (inner.dagflow_type, inner.default_value)
    return found


def unconnected(graph_def: GraphDefinition, node_name: str) -> list[str]:
    """The inputs of a node that neither another node nor an input of the graph feeds."""
    wired = graph_def.dependencies[node_name]
    return [
        name
        for name in graph_def.node_dict[node_name].definition.input_names
        if name not in wired and graph_def.graph_input_of(node_name, name) is None
    ]


def _nodes(
    job: JobDefinition, graph_def: GraphDefinition, path: tuple[str, ...], bound: frozenset[str]
) -> dict[str, Field]:
    shared: dict[int, Field] = {}  # many nodes of one op without inputs of their own have one schema
    fields: dict[str, Field] = {}
    for name, node in graph_def.node_dict.items():
        definition = node.definition
        loose = _loose_inputs(job, graph_def, name, path)
        if isinstance(definition, GraphDefinition):
            entries: dict[str, Any] = {"ops": Field(Shape(_nodes(job, definition, (*path, name), bound)))}
            if loose:
                entries["inputs"] = Field(Shape(loose))
            entries["outputs"] = _OPTIONAL
            fields[name] = Field(Shape(entries))
        elif isinstance(definition, OpDefinition):
            if loose or id(definition) not in shared:
                field = Field(Shape({
                    "config": definition.config_field or _OPTIONAL,
                    "inputs": Field(Shape(loose)),
                    "outputs": _OPTIONAL,
                }))  # fmt: skip
                if loose:
                    fields[name] = field
                    continue
                shared[id(definition)] = field
            fields[name] = shared[id(definition)]
    return fields


def _loose_inputs(
    job: JobDefinition, graph_def: GraphDefinition, node_name: str, path: tuple[str, ...]
) -> dict[str, Field]:
    definition = graph_def.node_dict[node_name].definition
    fields = {}
    kinds = graph_inputs(definition) if isinstance(definition, GraphDefinition) else {}
    for name in unconnected(graph_def, node_name):
        kind, default, asset_key = kinds[name] + (None,) if kinds else _told(definition, name)
        if kind.is_nothing or asset_key is not None:
            continue
        where = f"op '{'.'.join((*path, node_name))}' of job '{job.name}'"
        fields[name] = _input_field(kind, name, where, is_required=default is UNSET)
    return fields


def _told(definition: Any, name: str) -> tuple[DagflowType, Any, Any]:
    known: InputDefinition = definition.ins[name]
    return known.dagflow_type, known.default_value, known.asset_key


def _input_field(kind: DagflowType, name: str, where: str, is_required: bool = True) -> Field:
    loader = kind.loader
    if loader is None:
        if not is_required:
            return _OPTIONAL
        raise DagflowInvalidDefinitionError(
            f"input '{name}' of {where} is of type '{kind.display_name}' and nothing feeds it: it is "
            "connected to no "
            "output, has no default, and its type has no loader that could read it from config. Connect it, "
            "give it a "
            "default, or pass it through 'input_values'."
        )
    return Field(loader.config_type, is_required=is_required)


def _graph_needs_config(
    job: JobDefinition, graph_def: GraphDefinition, path: tuple[str, ...], bound: frozenset[str]
) -> bool:
    if graph_def.config_mapping is not None:
        return True
    if not path:
        for name, (kind, default) in graph_inputs(graph_def).items():
            if name not in bound and not kind.is_nothing and default is UNSET:
                return True
    for name, node in graph_def.node_dict.items():
        definition = node.definition
        if isinstance(definition, GraphDefinition):
            if _graph_needs_config(job, definition, (*path, name), bound):
                return True
        elif (
            isinstance(definition, OpDefinition)
            and definition.config_field is not None
            and definition.config_field.is_required
        ):
            return True
        if len(graph_def.dependencies[name]) < len(definition.input_names):
            for field in _loose_inputs(job, graph_def, name, path).values():
                if field.is_required:
                    return True
    return False


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


__all__ = [
    "Permissive",
    "RunConfig",
    "graph_inputs",
    "needs_config",
    "read_run_config",
    "schema_of",
    "unconnected",
    "validated_dict",
]
