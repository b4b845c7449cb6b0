"""The run config of a job: its schema, and the check of a config against it.

    {execution?, loggers?, ops?, resources?, inputs?}

The schema is built once for a job, and only if a config is given or required.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.config.field import Field, Permissive, Shape
from dagflow.config.mapping import Mapped, MappingMessages
from dagflow.config.parse import Reading
from dagflow.config.paths import Path
from dagflow.config.read import read_config
from dagflow.config.scalar import Any as AnyConfig
from dagflow.config.scalar import ConfigType
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.unfed_inputs import inputs_without_value, unfed_fields
from dagflow.defs.jobs.content import JobContent
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import NodeDefinition
from dagflow.defs.parts.configured import ConfigMapping
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.needs import needed_keys
from dagflow.errors import DagflowInvalidConfigError

if TYPE_CHECKING:
    from dagflow.defs.executors.definition import ExecutorDefinition

_OPTIONAL = Field(AnyConfig, is_required=False)
_CONNECT_IT = "Connect it to an output, give it a default, or give its value in the run config"
_MADE_WRONG = "Its config mapping made config that does not match the nodes inside it; the paths begin there."


class RunConfigSchema(NamedTuple):
    """The schema of a job's run config. `config_mapping` is applied before it; None without a mapping."""

    run_config_schema_type: ConfigType
    config_mapping: ConfigMapping | None

    @property
    def config_type(self) -> ConfigType:
        """The schema; a shorter name of `run_config_schema_type`."""
        return self.run_config_schema_type


def read_run_config(
    job: JobContent,
    given: Mapping[str, Any],
    *,
    bound_inputs: frozenset[str] = frozenset(),
    environ: Mapping[str, str],
    in_process: bool = True,
) -> dict[str, Any]:
    """Check a run config against the schema of a job.

    Args:
        job: The job, with its selection applied.
        given: The config. The default config of the job supplies missing entries.
        bound_inputs: Inputs of the graph with a value, which are not read from config.
        environ: The environment variables that `{"env": "NAME"}` reads.
        in_process: Whether `execution` is ignored, because the executor is replaced.

    Returns:
        The root entries of the run config, with defaults. Config mappings are applied: the entry of a graph
        with a config mapping has the `ops` that the mapping made.

    Raises:
        DagflowInvalidConfigError: The config is invalid. The error lists every problem.
        DagflowConfigMappingFunctionError: The function of a config mapping, or of `configured`, raised.
    """
    value = _over_default(job.default_config, given)
    schema: ConfigType = schema_of(job, bound_inputs, in_process)
    preamble = f"Error in config for {job.describe_target()}"
    mapping = job.config_mapping
    if mapping is not None:
        schema = Mapped(
            mapping.config_schema,
            mapping.config_fn,
            schema,
            MappingMessages(
                f"on {job.describe_target()}", f"{preamble}, in the result of its config mapping"
            ),
            is_raw=mapping.is_raw,
        )
        preamble = f"Error in config mapping of {job.describe_target()}"
    elif not given and job.partitioned_config is not None:
        preamble += ", which is partitioned: its 'config' is used only for a run with a partition_key"
    elif not given and job.default_config:
        preamble += ", in its default config (the 'config' that the job was made with)"
    try:
        read: dict[str, Any] = read_config(schema, value, preamble, environ, path=())
    except DagflowInvalidConfigError as error:
        hint = "" if mapping is not None else _unconnected(job, value, bound_inputs)
        if not hint:
            raise
        raise DagflowInvalidConfigError(preamble + hint, error.errors, error.config_value) from None
    return read


def _unconnected(job: JobContent, config: Mapping[str, Any], bound_inputs: frozenset[str]) -> str:
    """Return a hint about the inputs that nothing feeds, and that have no value in the run config."""
    given = config.get("inputs")
    top = [
        name
        for name, field in _top_inputs(job, bound_inputs).items()
        if field.is_required and not (isinstance(given, Mapping) and name in given)
    ]
    inner = [] if job.asset_layer is not None else list(inputs_without_value(job.graph, config))
    hint = ""
    if top:
        example = "{" + ", ".join(f"'{name}': ..." for name in top) + "}"
        hint += f". Graph '{job.graph.name}' has no value for {top}: pass input_values={example}"
    if inner:
        hint += f". Connected to nothing: {', '.join(inner)}. {_CONNECT_IT}"
    return hint


def _over_default(default: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run config with missing entries from the default config. An entry of an op or a resource is
    replaced as a whole.
    """
    merged = {**default, **given}
    for key in default.keys() & given.keys():
        if isinstance(default[key], Mapping) and isinstance(given[key], Mapping):
            merged[key] = {**default[key], **given[key]}
    return merged


def needs_config(job: JobContent, bound_inputs: frozenset[str]) -> bool:
    """Return whether a run without config must still read the schema: for a requirement or a default."""
    key = ("needs_config", bound_inputs)
    if key not in job.compiled:
        configured = [
            name for name, resource in job.resource_defs.items() if _resource_needs_config(resource)
        ]
        job.compiled[key] = (
            bool(job.default_config)
            or job.config_mapping is not None
            or _graph_needs_config(job, job.graph, "")
            or any(field.is_required for field in _top_inputs(job, bound_inputs).values())
            or bool(configured and not _used_resources(job).isdisjoint(configured))
        )
    return bool(job.compiled[key])


def schema_of(job: JobContent, bound_inputs: frozenset[str], in_process: bool) -> Shape:
    """Return the schema of a job's run config."""
    key = ("schema", bound_inputs, in_process)
    if key not in job.compiled:
        used = _used_resources(job)
        entries: dict[str, Any] = {
            "execution": _OPTIONAL if in_process else Field(_Execution(job.executor_def)),
            "loggers": Field(Shape({
                name: Field(Shape({"config": logger.config_field}), is_required=False)
                for name, logger in job.loggers.items()
            })),
            "ops": Field(_top_nodes(job)),
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


def _used_resources(job: JobContent) -> set[str]:
    """Return the keys of the resources that a run of the whole job can start; others need no config."""
    wanted = set(job.requirements())
    used: set[str] = set()
    while wanted:
        key = wanted.pop()
        if key in job.resource_defs and key not in used:
            used.add(key)
            wanted |= needed_keys(job.resource_defs[key], job.resource_defs)
    return used


class _Execution(Shape):
    """The entry `execution`: `{"config": ...}`, or one of two older forms."""

    __slots__ = ("executor",)

    def __init__(self, executor: ExecutorDefinition) -> None:
        super().__init__({"config": executor.config_field or Field(Permissive())})
        self.executor = executor

    def read(self, value: Any, path: Path, reading: Reading) -> Any:
        return super().read(_normal_execution(value, self.executor), path, reading)


class _MappedGraph(Mapped):
    """The entry of a graph with a config mapping: `config` becomes the `ops` inside; `inputs` is kept."""

    __slots__ = ()

    def finish(self, outer: Any, inner: Any) -> Any:
        return {"inputs": outer.get("inputs"), "ops": inner}


def _top_nodes(job: JobContent) -> ConfigType:
    nodes = Shape(_nodes(job, job.graph, ""))
    mapping = job.graph.config_mapping
    if mapping is None:
        return nodes
    place = f"top level graph '{job.graph.name}'"
    return Mapped(
        Field(Shape({"config": mapping.config_schema})),
        lambda entry: mapping.config_fn(entry.get("config", {})),
        nodes,
        MappingMessages(
            f"on {place} in {job.describe_target()}",
            f"In {job.describe_target()}, {place} has a configuration error. {_MADE_WRONG}",
        ),
        is_raw=mapping.is_raw,
    )


def _nodes(job: JobContent, graph_def: GraphDefinition, path: str) -> dict[str, Field]:
    shared: dict[int, Field] = {}  # all nodes of an op without unfed inputs share a schema
    fields: dict[str, Field] = {}
    for name, node in graph_def.node_dict.items():
        definition = node.definition
        unfed = _unfed_fields(job, graph_def, name, path)
        if isinstance(definition, GraphDefinition):
            fields[name] = _graph_entry(job, definition, f"{path}{name}.", unfed)
        elif isinstance(definition, OpDefinition):
            if unfed or id(definition) not in shared:
                field = _op_entry(job, definition, unfed)
                if unfed:
                    fields[name] = field
                    continue
                shared[id(definition)] = field
            fields[name] = shared[id(definition)]
    if graph_def.parent_graph_def is not None:
        for name, node in graph_def.parent_graph_def.node_dict.items():
            if name not in fields:
                fields[name] = _unselected_entry(job, node.definition, f"{path}{name}.")
    return fields


def _unselected_entry(job: JobContent, definition: NodeDefinition, path: str) -> Field:
    """Return the optional entry of a node that is not selected, since one run config fits every selection."""
    unfed = {
        name: Field(item.dagflow_type.loader.config_type, is_required=False)
        for name, item in definition.ins.items()
        if item.dagflow_type.loader is not None
    }
    if isinstance(definition, GraphDefinition):
        entry = _graph_entry(job, definition, path, unfed)
    else:
        assert isinstance(definition, OpDefinition)
        entry = _op_entry(job, definition, unfed)
    return Field(entry.config_type, is_required=False)


def _op_entry(job: JobContent, definition: OpDefinition, unfed: Mapping[str, Field]) -> Field:
    inputs = {**unfed, **_input_manager_fields(job, definition)}
    outputs = _io_manager_fields(job, definition)
    return Field(Shape({
        "config": definition.config_field or _OPTIONAL,
        **({"inputs": Field(Shape(inputs))} if inputs else {}),
        **({"outputs": Field(Shape(outputs))} if outputs else {}),
    }))  # fmt: skip


def _graph_entry(job: JobContent, graph_def: GraphDefinition, path: str, unfed: Mapping[str, Field]) -> Field:
    """Return the entry of a graph that is a node. `path` is its path, with a dot at its end."""
    nodes = Shape(_nodes(job, graph_def, path))
    around: dict[str, Any] = {"inputs": Field(Shape(unfed))} if unfed else {}
    mapping = graph_def.config_mapping
    if mapping is None:
        return Field(Shape({"ops": Field(nodes), **around}))
    handle = path[:-1].split(".")
    stack = ":".join(handle)
    return Field(
        _MappedGraph(
            Field(Shape({"config": mapping.config_schema, **around})),
            lambda entry: mapping.config_fn(entry.get("config", {})),
            nodes,
            MappingMessages(
                f"on graph '{handle[-1]}' in {job.describe_target()}",
                f'In {job.describe_target()} at stack "{stack}": Op "{handle[-1]}" with definition '
                f'"{graph_def.name}" has a configuration error. {_MADE_WRONG}',
                f'The definition is instantiated at stack "{stack}".',
            ),
            is_raw=mapping.is_raw,
        )
    )


def _input_manager_fields(job: JobContent, op: OpDefinition) -> dict[str, Field]:
    """Return the config fields of the inputs of an op, from their input managers."""
    fields = {}
    for name, item in op.ins.items():
        field = getattr(job.resource_defs.get(item.input_manager_key or ""), "input_config_field", None)
        if field is not None:
            fields[name] = field
    return fields


def _io_manager_fields(job: JobContent, op: OpDefinition) -> dict[str, Field]:
    """Return the config fields of the outputs of an op, from their I/O managers."""
    fields = {}
    for name, output in op.outs.items():
        field = getattr(job.resource_defs.get(output.io_manager_key), "output_config_field", None)
        if field is not None:
            fields[name] = field
    return fields


def _unfed_fields(job: JobContent, graph_def: GraphDefinition, node_name: str, path: str) -> dict[str, Field]:
    if job.asset_layer is not None:
        return {}  # an input that no node feeds reads an asset, which is loaded
    return unfed_fields(graph_def, node_name, path)


def _top_inputs(job: JobContent, bound: frozenset[str]) -> dict[str, Field]:
    return {
        name: Field(item.dagflow_type.loader.config_type, is_required=not item.has_default_value)
        for name, item in job.graph.ins.items()
        if name not in bound and item.dagflow_type.loader is not None
    }


def _graph_needs_config(job: JobContent, graph_def: GraphDefinition, path: str) -> bool:
    if graph_def.config_mapping is not None:
        return True
    is_io_configured = any(
        getattr(resource, name, None) is not None
        for resource in job.resource_defs.values()
        for name in ("input_config_field", "output_config_field")
    )
    for definition in graph_def.node_defs:
        if not isinstance(definition, OpDefinition):
            continue
        fields = [definition.config_field]
        if is_io_configured:
            fields += _input_manager_fields(job, definition).values()
            fields += _io_manager_fields(job, definition).values()
        if any(map(_must_be_read, fields)):
            return True
    for name, node in graph_def.node_dict.items():
        if any(field.is_required for field in _unfed_fields(job, graph_def, name, path).values()):
            return True
        definition = node.definition
        if isinstance(definition, GraphDefinition) and _graph_needs_config(job, definition, f"{path}{name}."):
            return True
    return False


def _must_be_read(field: Field | None) -> bool:
    """Return whether missing config must be read: the field is required, a default names an environment
    variable, or a function makes the config.
    """
    if field is None:
        return False
    reading = Reading({})
    field.read_absent((), reading)
    return bool(reading.errors) or reading.used_env or reading.has_mappings


def _resource_needs_config(resource: ResourceDefinition) -> bool:
    """Return whether the config of a resource, or of one that is nested in it, must be read."""
    return _must_be_read(resource.config_field) or any(map(_resource_needs_config, resource.nested))


def _normal_execution(value: Any, executor: ExecutorDefinition) -> Any:
    """Convert `{"in_process": {...}}` and `{"multiprocess": {"config": {...}}}` to `{"config": ...}`."""
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


def validated_dict(job: JobContent, config: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a checked run config to the dict that `validate_run_config` returns.

    It has four keys, the executor by name, and each node inside a graph by its path ("graph.node").
    """
    execution = (config.get("execution") or {}).get("config")
    shown: dict[str, Any] = {}
    _show_nodes(config.get("ops") or {}, "", shown)
    return {
        "ops": shown,
        "execution": {job.executor_def.name: execution},
        "resources": {
            name: {"config": (entry or {}).get("config")}
            for name, entry in (config.get("resources") or {}).items()
        },
        "loggers": dict(config.get("loggers") or {}),
    }


def _show_nodes(entries: Mapping[str, Any], path: str, shown: dict[str, Any]) -> None:
    for name, entry in entries.items():
        shown[path + name] = {
            "config": entry.get("config"),
            "inputs": dict(entry.get("inputs") or {}),
            "outputs": entry.get("outputs"),
        }
        if "ops" in entry:
            _show_nodes(entry["ops"], f"{path}{name}.", shown)
