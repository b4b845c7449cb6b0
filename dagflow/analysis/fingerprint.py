"""Fingerprints: a hash for each facet of a definition, to detect changes of a definition.

The code facet is a hash of the syntax tree of the function, without docstrings, and of the functions of the
same project that it calls. Comments, layout, descriptions and tags are ignored.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property, partial
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from dagflow.config.field import Field
from dagflow.config.mapping import Mapped
from dagflow.copies import WithFirst
from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.dependency import AssetDep
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.hooks.definition import HookDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.parts.configured import ConfigMapping
from dagflow.defs.parts.function import is_config_annotation
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.errors import ParameterCheckError, repr_of
from dagflow.keys import AssetCheckKey, AssetKey


class Fingerprint(NamedTuple):
    """A hash for each facet of a definition. Equal fingerprints mean that nothing relevant has changed."""

    code: str
    arguments: str
    config: str
    types: str
    resources: str
    partitions: str


def fingerprint(definition: Any, key: AssetKey | AssetCheckKey | None = None) -> Fingerprint:
    """Return the fingerprint of a definition, or of one asset or check of it.

    Args:
        definition: An op, asset, check, graph, job or resource.
        key: The asset or check, of a definition with several. The facts about the others do not count then;
            their common function does.

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
    if isinstance(definition, JobDefinition):
        inner = _graph_fingerprint(definition.graph)
        resources = _resource_parts(definition.resource_defs)
        return inner._replace(
            config=_hash(inner.config, *_run_config_parts(definition)),
            arguments=_hash(
                inner.arguments,
                definition.op_retry_policy,
                sorted(definition.input_values),
                _hook_parts(definition.hook_defs),
            ),
            resources=_hash(inner.resources, resources),
            partitions=_hash(inner.partitions, definition.partitions_def),
        )
    if isinstance(definition, GraphDefinition):
        return _graph_fingerprint(definition)
    if isinstance(definition, AssetsDefinition):
        return _assets_fingerprint(definition, key)
    if isinstance(definition, SourceAsset):
        return _source_fingerprint(definition)
    if isinstance(definition, AssetSpec):
        return _facts_fingerprint(Fingerprint(*_NOTHING), [definition])
    if isinstance(definition, OpDefinition):
        return _op_fingerprint(definition)
    if isinstance(definition, ResourceDefinition):
        return Fingerprint(
            _resource_hash(definition), "", _hash(*_config_parts(definition.config_field)), "", "", ""
        )
    raise ParameterCheckError(
        f"fingerprint takes an op, asset, graph, job or resource, not {repr_of(definition)} of type "
        f"'{type(definition).__name__}'"
    )


_NOTHING = [""] * len(Fingerprint._fields)


def _assets_fingerprint(definition: AssetsDefinition, key: AssetKey | AssetCheckKey | None) -> Fingerprint:
    """Return the fingerprint of assets and checks, or of one of them."""
    specs = [definition.specs_by_key[one] for one in sorted(definition.keys) if key in (None, one)]
    checks = [spec for spec in definition.check_specs if key in (None, spec.key)]
    if key is not None and not specs and not checks:
        raise ParameterCheckError(f"{definition!r} has no asset or check {key!r}")
    reads = sorted((name, read.to_string()) for name, read in definition.keys_by_input_name.items())
    mappings = sorted((one.to_string(), _text(value)) for one, value in definition.partition_mappings.items())
    own = _facts_fingerprint(_node_fingerprint(definition, key), specs, checks)
    return own._replace(
        arguments=_hash(
            own.arguments,
            reads,
            definition.can_subset,
            definition.execution_type.name,
            _hook_parts(definition.hook_defs),
        ),
        resources=_hash(own.resources, _resource_parts(definition.resource_defs)),
        partitions=_hash(own.partitions, mappings),
    )


def _node_fingerprint(definition: AssetsDefinition, key: AssetKey | AssetCheckKey | None) -> Fingerprint:
    """Return the fingerprint of the op or graph of assets; that of nothing for assets that are only read."""
    if definition.is_declaration:
        return Fingerprint(*_NOTHING)
    node_def = definition.node_def
    if isinstance(node_def, GraphDefinition):
        return _graph_fingerprint(node_def)
    of_others = {name for name, other in definition.keys_by_output_name.items() if key not in (None, other)}
    checks = definition.check_specs_by_output_name
    of_others.update(name for name, spec in checks.items() if key not in (None, spec.key))
    return _op_fingerprint(definition.op, of_others)


def _facts_fingerprint(
    own: Fingerprint, specs: Iterable[AssetSpec], checks: Iterable[AssetCheckSpec] = ()
) -> Fingerprint:
    """Return a fingerprint with the facts about assets and checks that a run depends on."""
    assets = [[spec.key.to_string(), _dep_parts(spec.deps), spec.skippable, spec.metadata] for spec in specs]
    of_checks = [
        [
            spec.name,
            spec.asset_key.to_string(),
            spec.blocking,
            _dep_parts(spec.additional_deps),
            spec.metadata,
        ]
        for spec in checks
    ]
    declared: list[AssetSpec | AssetCheckSpec] = [*specs, *checks]
    deps = [dep for spec in specs for dep in spec.deps]
    deps += [dep for spec in checks for dep in spec.additional_deps]
    mapped = [dep for dep in deps if dep.partition_mapping is not None]
    mappings = sorted(_text((dep.asset_key.to_string(), dep.partition_mapping)) for dep in mapped)
    return own._replace(
        code=_hash(own.code, [spec.code_version for spec in specs]),
        arguments=_hash(own.arguments, assets, of_checks),
        partitions=_hash([spec.partitions_def for spec in declared], mappings),
    )


def _dep_parts(deps: Iterable[AssetDep]) -> list[str]:
    return sorted(dep.asset_key.to_string() for dep in deps)


def _source_fingerprint(asset: SourceAsset) -> Fingerprint:
    observing = None if asset.observe_fn is None else asset.op
    own = _facts_fingerprint(Fingerprint(*_NOTHING), [asset.spec])
    return own._replace(
        code=_hash(*code_of(asset.observe_fn)) if asset.observe_fn else "",
        arguments=_hash(own.arguments, asset.io_manager_key),
        config=_hash(*_config_parts(observing.config_field)) if observing else "",
        resources=_hash(sorted(asset.observe_resource_keys), _resource_parts(asset.resource_defs)),
    )


def _op_fingerprint(op: OpDefinition, ignored: Collection[str] = ()) -> Fingerprint:
    """Return the fingerprint of an op without some of its outputs."""
    outs = [(name, out) for name, out in op.outs.items() if name not in ignored]
    return Fingerprint(
        code=_hash(op.code_version, *code_of(op.body.fn)),
        arguments=_hash(
            op.retry_policy,
            [(name, one.default_value, one.input_manager_key, one.metadata) for name, one in op.ins.items()],
            [(name, out.is_required, out.is_dynamic, out.io_manager_key, out.metadata) for name, out in outs],
        ),
        config=_hash(*_config_parts(op.config_field), *_config_class_parts(op.body.config)),
        types=_hash(
            [(name, item.dagflow_type.key) for name, item in op.ins.items()],
            [(name, out.dagflow_type.key) for name, out in outs],
        ),
        resources=_hash(sorted(op.required_resource_keys)),
        partitions="",
    )


def _graph_fingerprint(graph: GraphDefinition) -> Fingerprint:
    inner = [
        (name, fingerprint(node.definition), [node.retry_policy, _hook_parts(node.hook_defs)])
        for name, node in sorted(graph.node_dict.items())
    ]
    wiring = [
        (name, sorted((key, repr(value)) for key, value in deps.items()))
        for name, deps in sorted(graph.dependencies.items())
    ]
    return Fingerprint(
        code=_hash(
            [(name, own.code) for name, own, _ in inner], wiring, graph.input_mappings, graph.output_mappings
        ),
        arguments=_hash([(name, own.arguments, options) for name, own, options in inner]),
        config=_hash(
            [(name, own.config) for name, own, _ in inner],
            *_mapping_parts(graph.config_mapping),
        ),
        types=_hash([(name, own.types) for name, own, _ in inner]),
        resources=_hash([(name, own.resources) for name, own, _ in inner]),
        partitions="",
    )


def _hook_parts(hooks: Iterable[HookDefinition]) -> list[Any]:
    return sorted(
        (hook.name, code_of(hook.decorated_fn), sorted(hook.required_resource_keys)) for hook in hooks
    )


def _resource_parts(definitions: Mapping[str, ResourceDefinition]) -> list[Any]:
    return [
        (key, _resource_hash(value), _config_parts(value.config_field))
        for key, value in sorted(definitions.items())
    ]


def _resource_hash(resource: ResourceDefinition) -> str:
    resource_cls = getattr(resource, "resource_cls", None)
    if resource_cls is not None:
        nested = [(_resource_hash(inner), _config_parts(inner.config_field)) for inner in resource.nested]
        return _hash(*code_of_class(resource_cls), nested)
    if resource.resource_type == "function":
        return _hash(resource.version, *code_of(resource.resource_fn))
    return _hash(resource.resource_type, type(resource.value).__qualname__)


def _run_config_parts(job: JobDefinition) -> list[Any]:
    partitioned = job.partitioned_config
    if partitioned is None:
        return [job.default_config, *_mapping_parts(job.config_mapping)]
    if partitioned.constant_config is not None:
        return [partitioned.constant_config]
    return code_of(partitioned.run_config_for_partition_key_fn)


def _mapping_parts(mapping: ConfigMapping | None) -> list[Any]:
    return [] if mapping is None else [*code_of(mapping.config_fn), *_config_parts(mapping.config_schema)]


def _config_parts(field: Field | None) -> list[Any]:
    """Return the schema and the default of a config field, and the config that `configured` set before."""
    if field is None:
        return []
    schema = field.config_type
    if not isinstance(schema, Mapped):
        return [schema.describe(), field.default]
    given = code_of(schema.source) if callable(schema.source) else schema.source
    inner = schema.inner if isinstance(schema.inner, Field) else None
    return [schema.describe(), field.default, given, _config_parts(inner)]


def _config_class_parts(annotation: Any) -> list[str]:
    """Return the code of the methods and validators of the Config class of an op."""
    return code_of_class(annotation) if is_config_annotation(annotation) else []


def _hash(*parts: Any) -> str:
    return hashlib.sha256(
        "\0".join(_text(part) for part in parts).encode("utf-8", "surrogatepass")
    ).hexdigest()


def _text(part: Any) -> str:
    """Return a string that is the same in another process: without addresses, sets sorted."""
    if isinstance(part, dict):
        return "{" + ",".join(sorted(f"{_text(key)}:{_text(value)}" for key, value in part.items())) + "}"
    if isinstance(part, (set, frozenset)):
        return "{" + ",".join(sorted(_text(item) for item in part)) + "}"
    if isinstance(part, (list, tuple)):
        return "[" + ",".join(_text(item) for item in part) + "]"
    text = repr(part)
    return f"<{type(part).__qualname__}>" if " at 0x" in text else text


def code_of(fn: Callable[..., Any]) -> list[str]:
    """Return the syntax trees of a function and of the functions of its project that it calls.

    Indirect calls are included, docstrings are not.
    """
    seen: dict[Any, str] = {}
    todo = [_plain(fn)]
    while todo:
        current = todo.pop()
        if current is None or current.__code__ in seen:
            continue
        seen[current.__code__] = _syntax(current)
        todo += [other for other in _called(current) if _same_project(other, current)]
    first, *others = seen.values() or ("",)
    return [first, *_bound(fn), *sorted(others)]


def _bound(fn: Callable[..., Any]) -> list[str]:
    """Return the arguments that a function was given before, such as the fixed config of a graph."""
    if isinstance(fn, partial):
        return [_text([fn.args, fn.keywords])]
    return [_text(fn.first)] if isinstance(fn, WithFirst) and not callable(fn.first) else []


def code_of_class(cls: type) -> list[str]:
    """Return the names and syntax trees of the methods of a class and of its bases.

    Methods of dagflow and of libraries are excluded.
    """
    code: list[str] = []
    for base in cls.__mro__:
        for name, value in sorted(vars(base).items()):
            if isinstance(value, property):
                value = value.fget
            elif isinstance(value, cached_property):
                value = value.func
            elif isinstance(value, (classmethod, staticmethod)):
                value = value.__func__
            if isinstance(value, FunctionType) and not _is_of_library(value):
                code += [name, *code_of(value)]
    return code


def _plain(fn: Any) -> FunctionType | None:
    fn = inspect.unwrap(fn)
    while isinstance(fn, partial):
        fn = inspect.unwrap(fn.func)
    if isinstance(fn, MethodType):
        fn = fn.__func__
    if callable(fn) and not isinstance(fn, (FunctionType, type)):
        fn = inspect.unwrap(type(fn).__call__)  # a callable object
    return fn if isinstance(fn, FunctionType) else None


def _syntax(fn: FunctionType) -> str:
    try:
        if (
            fn.__code__.co_filename == "<string>"
        ):  # newer Pythons have the source of `python -c` under this name
            raise OSError("made by exec")
        tree = ast.parse(textwrap.dedent(inspect.getsource(fn)))
    except (OSError, SyntaxError, TypeError):  # without source, or a lambda inside a line
        return repr((fn.__code__.co_code, _constants(fn.__code__.co_consts), fn.__code__.co_names))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            node.decorator_list = []  # the arguments of decorators are in the other facets
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _constants(values: Iterable[Any]) -> list[str]:
    return [
        repr((value.co_code, _constants(value.co_consts), value.co_names))
        if hasattr(value, "co_code")
        else repr(value)
        for value in values
    ]


def _called(fn: FunctionType) -> Iterator[FunctionType]:
    """Yield the functions whose names occur in the code of a function.

    They are from its module, from the enclosing function, or attributes of a module.
    """
    names = set(_names(fn.__code__))
    cells = zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True)
    around = {name: _content(cell) for name, cell in cells}
    for name in sorted(names | set(around)):
        value = around[name] if name in around else fn.__globals__.get(name)
        inner = (getattr(value, other, None) for other in names) if isinstance(value, ModuleType) else ()
        for candidate in (value, *inner):
            plain = _plain(candidate) if _is_function(candidate) else None
            if plain is not None:
                yield plain


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _is_function(value: Any) -> bool:
    if isinstance(value, FunctionType):
        return True
    try:
        return isinstance(value.__wrapped__, FunctionType)  # a wrapper such as a cache or an op
    except Exception:  # __getattr__ of a user's class may raise any
        return False


def _names(code: Any) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from _names(constant)


def _same_project(fn: FunctionType, origin: FunctionType) -> bool:
    top = (fn.__module__ or "").partition(".")[0]
    return top == (origin.__module__ or "").partition(".")[0] or not _is_of_library(fn)


def _is_of_library(fn: FunctionType) -> bool:
    top = (fn.__module__ or "").partition(".")[0]
    path = fn.__code__.co_filename
    return "site-packages" in path or top in sys.stdlib_module_names or top == "dagflow"
