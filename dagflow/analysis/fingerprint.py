"""Fingerprints: a hash for each facet of a definition, to detect changes of a definition.

The facets `code` and `module` come from the graph of code blocks, the other facets from the definition.
Functions, classes and objects in any facet count with their code. Descriptions, tags, groups, owners and
kinds are ignored.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from dagflow._util import UNSET
from dagflow.analysis.code.blocks import digest_of
from dagflow.analysis.code.graph import CodeGraph
from dagflow.config.field import Field
from dagflow.config.mapping import Mapped
from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.dependency import AssetDep
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.hooks.definition import HookDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import In
from dagflow.defs.parts.configured import ConfigMapping
from dagflow.defs.parts.function import is_config_annotation
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.errors import ParameterCheckError, repr_of
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.types.kinds import DagflowType


class Fingerprint(NamedTuple):
    """A hash for each facet of a definition. Equal fingerprints mean that nothing relevant has changed.

    Attributes:
        code: Its functions, and everything of the project that they lead to.
        config: Config schemas, defaults and config functions.
        types: The types of inputs and outputs.
        partitions: Partitions and partition mappings.
        resources: Resource keys, and the resources of the definition: their code and public values.
        retry: Retry policies.
        hooks: Hooks, with their code.
        checks: The check specs.
        module: The statements without a name that run when its modules are imported.
        arguments: Everything else: dependencies, inputs, outputs, I/O manager keys, metadata.
    """

    code: str = ""
    config: str = ""
    types: str = ""
    partitions: str = ""
    resources: str = ""
    retry: str = ""
    hooks: str = ""
    checks: str = ""
    module: str = ""
    arguments: str = ""


def fingerprint(
    definition: Any, key: AssetKey | AssetCheckKey | None = None, *, graph: CodeGraph | None = None
) -> Fingerprint:
    """Return the fingerprint of a definition, or of one asset or check of it.

    Args:
        definition: An op, asset, check, graph, job or resource.
        key: The asset or check, of a definition with several. The facts about the others do not count then;
            their common function does.
        graph: The code of the project; default: a new graph of the current folder. Pass one graph to many
            calls, because it computes shared code once.

    Raises:
        ParameterCheckError: The definition is of another type, or has no such asset or check.

    Example:
        >>> from dagflow import op
        >>> from dagflow.testing import fingerprint
        >>> @op
        ... def one():
        ...     return 1
        >>> fingerprint(one) == fingerprint(one)
        True
    """
    return _facts(definition, key).fingerprint(CodeGraph(os.getcwd()) if graph is None else graph)


_FACETS = {
    "code_version": "code",
    "config_schema": "config",
    "config": "config",
    "dagflow_type": "types",
    "dagster_type": "types",
    "partitions_def": "partitions",
    "partition_mappings": "partitions",
    "backfill_policy": "partitions",
    "required_resource_keys": "resources",
    "resource_defs": "resources",
    "io_manager_def": "resources",
    "retry_policy": "retry",
    "op_retry_policy": "retry",
    "hooks": "hooks",
    "check_specs": "checks",
    "blocking": "checks",
    "additional_deps": "checks",
}
"""The facet of each argument of the decorators of definitions; `arguments` for all others."""
_IGNORED = frozenset({"description", "tags", "group_name", "owners", "kinds", "op_tags", "run_tags"})


def fingerprint_from(block_id: str, graph: CodeGraph) -> Fingerprint:
    """Return the fingerprint of a definition by the syntax of its block, for code that is not imported.

    It can be compared with another one by syntax, and not with one of `fingerprint`.

    Args:
        block_id: The id of its block, such as `shop/assets.py::beans`.
        graph: The code of the project, such as that of a git revision.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from dagflow.testing import CodeGraph, fingerprint_from
        >>> text = "from dagflow import RetryPolicy, op\\n@op(retry_policy=RetryPolicy({}))\\ndef brew(): ..."
        >>> found = []
        >>> for retries in (1, 2):
        ...     with tempfile.TemporaryDirectory() as folder:
        ...         _ = Path(folder, "shop.py").write_text(text.format(retries))
        ...         found.append(fingerprint_from("shop.py::brew", CodeGraph(folder, is_live=False)))
        >>> found[0].retry == found[1].retry, found[0].code == found[1].code
        (False, True)
    """
    parts: dict[str, list[str]] = {}
    code = graph.code_from([block_id])
    modules = {code.module}
    for keyword, (digest, ids) in sorted(graph.arguments_of(block_id).items()):
        if keyword not in _IGNORED:
            inner = graph.code_from(ids, stops=True)  # a definition among them is a node of its own
            modules.add(inner.module)
            parts.setdefault(_FACETS.get(keyword, "arguments"), []).extend((keyword, digest, inner.code))
    found = {facet: digest_of(*rows) for facet, rows in parts.items()}
    found["code"] = digest_of(code.code, found.get("code", ""))
    return Fingerprint(**found, module=digest_of(*sorted(modules)))


class _Facts:
    """The facts of a definition by facet: plain data, and functions, classes and objects with code."""

    def __init__(self) -> None:
        self.facets: dict[str, list[Any]] = {}

    def add(self, facet: str, *facts: Any) -> None:
        self.facets.setdefault(facet, []).extend(facts)

    def include(self, other: _Facts, label: Any = None) -> None:
        """Add the facts of a part, such as an op of a graph."""
        for facet, facts in other.facets.items():
            self.add(facet, label, *facts)

    def fingerprint(self, graph: CodeGraph) -> Fingerprint:
        found = {facet: graph.code(*facts) for facet, facts in self.facets.items()}
        modules = sorted({one.module for one in found.values() if one.module})
        return Fingerprint(
            **{facet: one.code for facet, one in found.items()}, module=digest_of(*modules) if modules else ""
        )


def _facts(definition: Any, key: AssetKey | AssetCheckKey | None = None) -> _Facts:
    facts = _Facts()
    if isinstance(definition, JobDefinition):
        facts.include(_facts(definition.graph))
        facts.add("config", *_run_config_parts(definition))
        facts.add("arguments", sorted(definition.input_values))
        facts.add("retry", definition.op_retry_policy)
        facts.add("hooks", *_hook_parts(definition.hook_defs))
        _add_resources(facts, definition.resource_defs)
        facts.add("partitions", definition.partitions_def)
    elif isinstance(definition, GraphDefinition):
        _add_graph(facts, definition)
    elif isinstance(definition, AssetsDefinition):
        _add_assets(facts, definition, key)
    elif isinstance(definition, SourceAsset):
        _add_source(facts, definition)
    elif isinstance(definition, AssetSpec):
        _add_specs(facts, [definition])
    elif isinstance(definition, OpDefinition):
        _add_op(facts, definition)
    elif isinstance(definition, ResourceDefinition):
        facts.add("code", *_resource_code(definition))
        facts.add("config", *_config_parts(definition.config_field))
    else:
        raise ParameterCheckError(
            f"fingerprint takes an op, asset, graph, job or resource, not {repr_of(definition)} of type "
            f"'{type(definition).__name__}'"
        )
    return facts


def _add_assets(facts: _Facts, definition: AssetsDefinition, key: AssetKey | AssetCheckKey | None) -> None:
    """Add the facts of assets and checks, or of one of them."""
    specs = [definition.specs_by_key[one] for one in sorted(definition.keys) if key in (None, one)]
    checks = [spec for spec in definition.check_specs if key in (None, spec.key)]
    if key is not None and not specs and not checks:
        raise ParameterCheckError(f"{definition!r} has no asset or check {key!r}")
    if not definition.is_declaration:
        _add_node(facts, definition, key)
    _add_specs(facts, specs, checks)
    reads = sorted((name, read.to_string()) for name, read in definition.keys_by_input_name.items())
    facts.add("arguments", reads, definition.can_subset, definition.execution_type.name)
    facts.add("hooks", *_hook_parts(definition.hook_defs))
    _add_resources(facts, definition.resource_defs)
    mappings = [(one.to_string(), value) for one, value in definition.partition_mappings.items()]
    facts.add("partitions", sorted(mappings, key=lambda row: row[0]))


def _add_node(facts: _Facts, definition: AssetsDefinition, key: AssetKey | AssetCheckKey | None) -> None:
    """Add the facts of the op or graph of assets."""
    node_def = definition.node_def
    if isinstance(node_def, GraphDefinition):
        _add_graph(facts, node_def)
        return
    of_others = {name for name, other in definition.keys_by_output_name.items() if key not in (None, other)}
    checks = definition.check_specs_by_output_name
    of_others.update(name for name, spec in checks.items() if key not in (None, spec.key))
    _add_op(facts, definition.op, of_others)


def _add_specs(facts: _Facts, specs: Iterable[AssetSpec], checks: Iterable[AssetCheckSpec] = ()) -> None:
    """Add the facts of the specs of assets and checks that a run depends on."""
    for spec in specs:
        facts.add("code", spec.code_version)
        facts.add("arguments", spec.key.to_string(), _dep_parts(spec.deps), spec.skippable, spec.metadata)
    for check in checks:
        row = [check.name, check.asset_key.to_string(), check.blocking, _dep_parts(check.additional_deps)]
        facts.add("checks", row, check.metadata)
    declared: list[AssetSpec | AssetCheckSpec] = [*specs, *checks]
    deps = [dep for spec in specs for dep in spec.deps]
    deps += [dep for check in checks for dep in check.additional_deps]
    mapped = [
        (dep.asset_key.to_string(), dep.partition_mapping)
        for dep in deps
        if dep.partition_mapping is not None
    ]
    facts.add(
        "partitions",
        [spec.partitions_def for spec in declared],
        sorted(mapped, key=lambda row: (row[0], repr(row[1]))),
    )


def _dep_parts(deps: Iterable[AssetDep]) -> list[str]:
    return sorted(dep.asset_key.to_string() for dep in deps)


def _add_source(facts: _Facts, asset: SourceAsset) -> None:
    _add_specs(facts, [asset.spec])
    facts.add("arguments", asset.io_manager_key)
    facts.add("resources", sorted(asset.observe_resource_keys))
    _add_resources(facts, asset.resource_defs)
    if asset.observe_fn is not None:
        facts.add("code", asset.observe_fn)
        facts.add("config", *_config_parts(asset.op.config_field))


def _add_op(facts: _Facts, op: OpDefinition, ignored: Collection[str] = ()) -> None:
    """Add the facts of an op without some of its outputs."""
    outs = [(name, out) for name, out in op.outs.items() if name not in ignored]
    facts.add("code", op.code_version, op.body.fn)
    facts.add("retry", op.retry_policy)
    facts.add(
        "arguments",
        [(name, _default_parts(one), one.input_manager_key, one.metadata) for name, one in op.ins.items()],
        [(name, out.is_required, out.is_dynamic, out.io_manager_key, out.metadata) for name, out in outs],
    )
    facts.add("config", *_config_parts(op.config_field), *_config_class_parts(op.body.config))
    facts.add(
        "types",
        [(name, _type_parts(item.dagflow_type)) for name, item in op.ins.items()],
        [(name, _type_parts(out.dagflow_type)) for name, out in outs],
    )
    facts.add("resources", sorted(op.required_resource_keys))


def _default_parts(ins: In) -> list[Any]:
    return [] if ins.default_value is UNSET else [ins.default_value]


def _type_parts(dagflow_type: DagflowType) -> list[Any]:
    """Return the key of a type, and its functions."""
    if dagflow_type.is_builtin:
        return [dagflow_type.key]
    return [dagflow_type.key, getattr(dagflow_type, "_check", None), dagflow_type.loader]


def _add_graph(facts: _Facts, graph: GraphDefinition) -> None:
    for name, node in sorted(graph.node_dict.items()):
        facts.include(_facts(node.definition), name)
        facts.add("retry", node.retry_policy)
        facts.add("hooks", *_hook_parts(node.hook_defs))
    wiring = [
        (name, sorted((key, repr(value)) for key, value in deps.items()))
        for name, deps in sorted(graph.wires.items())
    ]
    facts.add("code", wiring, repr(graph.input_mappings), repr(graph.output_mappings))
    facts.add("config", *_mapping_parts(graph.config_mapping))


def _hook_parts(hooks: Iterable[HookDefinition]) -> list[Any]:
    ordered = sorted(hooks, key=lambda hook: hook.name)
    return [(hook.name, hook.decorated_fn, sorted(hook.required_resource_keys)) for hook in ordered]


def _add_resources(facts: _Facts, definitions: Mapping[str, ResourceDefinition]) -> None:
    for key, value in sorted(definitions.items()):
        facts.add("resources", key, _resource_code(value), _config_parts(value.config_field))


def _resource_code(resource: ResourceDefinition) -> list[Any]:
    resource_cls = getattr(resource, "resource_cls", None)
    if resource_cls is not None:
        nested = [(_resource_code(inner), _config_parts(inner.config_field)) for inner in resource.nested]
        return [resource_cls, nested]
    if resource.resource_type == "function":
        return [resource.version, resource.resource_fn]
    return [resource.resource_type, resource.value]


def _run_config_parts(job: JobDefinition) -> list[Any]:
    partitioned = job.partitioned_config
    if partitioned is None:
        return [job.default_config, *_mapping_parts(job.config_mapping)]
    if partitioned.constant_config is not None:
        return [partitioned.constant_config]
    return [partitioned.run_config_for_partition_key_fn]


def _mapping_parts(mapping: ConfigMapping | None) -> list[Any]:
    return [] if mapping is None else [mapping.config_fn, *_config_parts(mapping.config_schema)]


def _config_parts(field: Field | None) -> list[Any]:
    """Return the schema and the default of a config field, and the config that `configured` set before."""
    if field is None:
        return []
    schema = field.config_type
    if not isinstance(schema, Mapped):
        return [schema.describe(), field.default]
    inner = schema.inner if isinstance(schema.inner, Field) else None
    return [schema.describe(), field.default, schema.source, _config_parts(inner)]


def _config_class_parts(annotation: Any) -> list[Any]:
    """Return the Config class of an op, whose methods and validators count."""
    return [annotation] if is_config_annotation(annotation) else []
