"""Ops: the functional unit of a pipeline, with its inputs, outputs, config and required resources."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import update_wrapper
from typing import Any, ClassVar, TypeVar, overload

from dagflow import _doors
from dagflow._util import UNSET, warn
from dagflow.config.field import ANYTHING, Field, resolve_field
from dagflow.config.objects import plain_config
from dagflow.defs.ops.node import NodeDefinition, current_composition
from dagflow.defs.ops.ports import DEFAULT_OUTPUT, In, InputDefinition, Out, OutputDefinition
from dagflow.defs.ops.signature import inputs_of, outputs_of, plain_output_of, wrapped_outputs
from dagflow.defs.parts.configured import configured_field, new_name
from dagflow.defs.parts.evaluation import code_of
from dagflow.defs.parts.function import (
    CONTEXT_NAMES,
    Body,
    check_decorated,
    documentation_of,
    is_config_annotation,
    location,
    name_of,
)
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.requirements import Requirement, required_by
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidPythonicConfigDefinitionError,
    ParameterCheckError,
    check_optional,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import check_name, resource_keys
from dagflow.tags import definition_tags, system_tag_spellings

_F = TypeVar("_F", bound=Callable[..., Any])
_TAKES_ANY_ARGUMENT = 0x04  # the flag of a code object with *args


_FOREIGN_CONTEXTS = {
    ("op", "check"): ("AssetCheckExecutionContext", "OpExecutionContext"),
    **{
        (owner, "check"): ("AssetCheckExecutionContext", "AssetExecutionContext")
        for owner in ("asset", "multi_asset")
    },
    **{
        (owner, "asset"): ("AssetExecutionContext", "AssetCheckExecutionContext")
        for owner in ("asset_check", "multi_asset_check")
    },
}
"""The annotations of the context that a decorator refuses, with the class to use.

An op with the context of assets may become a part of a graph-backed asset; the plan of a run checks it.
"""


class OpDefinition(NodeDefinition):
    """An op. Made by `@op`. Call it like its function, or in the body of a graph to add a node.

    Attributes: `name`, `description`, `ins` and `outs` (definitions by name), `config_field` (None: any
    config), `required_resource_keys`, `tags`, `retry_policy`, `version`, `code_version`, `pool`, `body` (the
    function and how it is called), `positional_inputs` (the inputs for positional arguments: those of the
    signature, and the one outside it, if there is only one), `is_wrapped` (whether the return annotation of
    an output is `Output`, for each output with an annotation), `plain_output` (the only output, if the
    function may return its bare value).
    """

    __slots__ = (
        "__dict__",
        "__wrapped__",
        "_all_requirements",
        "_dynamic_outputs",
        "_input_requirements",
        "_requirements",
        "body",
        "code_version",
        "config_field",
        "is_wrapped",
        "plain_output",
        "pool",
        "positional_inputs",
        "required_resource_keys",
        "retry_policy",
        "version",
    )
    node_type_str = "op"
    _caches: ClassVar[Mapping[str, Callable[[], Any]]] = {
        "_all_requirements": type(None),
        "_input_requirements": type(None),
        "_requirements": type(None),
    }

    version: str | None
    code_version: str | None

    def __init__(
        self,
        compute_fn: Callable[..., Any],
        name: str,
        ins: Mapping[str, In] | None = None,
        outs: Mapping[str, Out] | None = None,
        description: str | None = None,
        config_schema: Any = None,
        required_resource_keys: set[str] | frozenset[str] | Sequence[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        version: str | None = None,
        retry_policy: RetryPolicy | None = None,
        code_version: str | None = None,
        pool: str | None = None,
        *,
        owner: str | None = None,
        body: Body | None = None,
    ) -> None:
        by_decorator, owner = owner is not None, owner or "op"
        self.name: str = check_name(name, owner)
        what = f"{owner} '{name}'"
        if not callable(compute_fn):
            raise ParameterCheckError(f"{what}: 'compute_fn' must be a function, not {repr_of(compute_fn)}")
        ins = check_optional(ins, Mapping, "ins", what) or {}
        if body is not None:
            check_type(body, Body, "body", what)
        else:
            body = Body(compute_fn if by_decorator else _adapt_to_inputs(compute_fn, ins), what)
        foreign = _FOREIGN_CONTEXTS.get((owner, str(body.context)))
        if foreign is not None:
            found, remedy = foreign
            raise DagflowInvalidDefinitionError(
                f"{what} ({location(compute_fn)}): its context cannot be annotated with {found}. Use "
                f"{remedy}."
            )
        self.body: Body = body
        check_texts(what, description=description, version=version, code_version=code_version, pool=pool)
        if version is not None and code_version is not None:
            raise CheckError(
                f"{what}: 'version' is an older name of 'code_version', so give only one of the two"
            )
        self.version = self.code_version = code_version if code_version is not None else version
        self._set_ports(inputs_of(body, ins, what), outputs_of(body, outs, what, self.code_version))
        self.config_field: Field | None = _config_field(body, config_schema, what)
        _warn_of_config_names(body, what)
        if owner == "op":
            refuse_resources_twice(body, required_resource_keys, "op")
        self.required_resource_keys: frozenset[str] = resource_keys(required_resource_keys, what) | (
            frozenset(body.resources) - body.optional_resources
        )
        self.tags: dict[str, str] = definition_tags(tags, what)
        self.description: str | None = (
            description if description is not None else documentation_of(compute_fn) or None
        )
        self.retry_policy: RetryPolicy | None = check_optional(
            retry_policy, RetryPolicy, "retry_policy", what
        )
        self.pool: str | None = _checked_pool(pool, self.tags, what)
        update_wrapper(self, compute_fn)

    def _set_ports(self, ins: Mapping[str, InputDefinition], outs: Mapping[str, OutputDefinition]) -> None:
        self.ins: Mapping[str, InputDefinition] = ins
        self.outs: Mapping[str, OutputDefinition] = outs
        self.input_names: tuple[str, ...] = tuple(ins)
        self.output_names: tuple[str, ...] = tuple(outs)
        named = [parameter.name for parameter in self.body.inputs]
        further = [name for name in ins if name not in named]
        self.positional_inputs: list[str] = named + further if len(further) == 1 else named
        self.is_wrapped: dict[str, bool] = wrapped_outputs(self.body, outs)
        self.plain_output: OutputDefinition | None = plain_output_of(outs, self.is_wrapped)
        self._requirements: tuple[Requirement, ...] | None = None
        self._input_requirements: tuple[Requirement, ...] | None = None
        self._all_requirements: tuple[Requirement, ...] | None = None
        self._dynamic_outputs = frozenset(name for name, out in outs.items() if out.is_dynamic)

    def with_ports(
        self, ins: Mapping[str, InputDefinition], outs: Mapping[str, OutputDefinition]
    ) -> OpDefinition:
        """Return a copy of this op with other inputs and outputs, which its function must fit."""
        new = copy.copy(self)
        new._set_ports(ins, outs)  # noqa: SLF001 - a copy of its own
        return new

    @property
    def config_schema(self) -> Field:
        """The schema of the config of this op; any config, if it has no schema."""
        return ANYTHING if self.config_field is None else self.config_field

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield the places where the op may be found: also as the op of an asset."""
        for module, name in super().references():
            yield module, name
            yield module, f"{name}.node_def"

    @property
    def compute_fn(self) -> Callable[..., Any]:
        """The function."""
        return self.body.fn

    def dynamic_outputs(self) -> frozenset[str]:
        """Return the names of the dynamic outputs, which have a value for each mapping key."""
        return self._dynamic_outputs

    def own_requirements(self) -> tuple[Requirement, ...]:
        """Return the resources that each run of it needs: those of its body and of its outputs."""
        if self._requirements is None:
            name, fn = f"op '{self.name}'", self.body.fn
            found = required_by(self.required_resource_keys, name, fn) if self.required_resource_keys else []
            for key in sorted(self.body.optional_resources):
                found.append(Requirement(key, name, fn, is_optional=True))
            for output in self.outs.values():
                found += output.own_requirements(name, fn)
            self._requirements = tuple(found)
        return self._requirements

    def input_requirements(self) -> tuple[Requirement, ...]:
        """Return the resources that its inputs need."""
        if self._input_requirements is None:
            found: list[Requirement] = []
            for item in self.ins.values():
                found += item.own_requirements(f"op '{self.name}'", self.body.fn)
            self._input_requirements = tuple(found)
        return self._input_requirements

    def all_requirements(self) -> tuple[Requirement, ...]:
        """Return the resources that it and its inputs need."""
        if self._all_requirements is None:
            self._all_requirements = self.own_requirements() + self.input_requirements()
        return self._all_requirements

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> OpDefinition:
        """Return a copy of this op with fixed config.

        Args:
            config_or_config_fn: The config, or a function from the config of the new op to this config.
            name: The name of the new op; default: the name of the function.
            config_schema: The schema of the config of the new op.
            description: Default: the description of this op.

        Raises:
            CheckError: The new op has no name.

        Example:
            >>> @op(config_schema={"grams": int})
            ... def brew(context):
            ...     return context.op_config["grams"]
            >>> brew.configured({"grams": 18}, name="espresso")
            <op 'espresso'>
        """
        new = copy.copy(self)
        new.name = check_name(new_name(config_or_config_fn, name, op_location(self)), "op")
        for cache, make in self._caches.items():  # they name the op
            setattr(new, cache, make())
        new.config_field = configured_field(
            self.config_field,
            config_or_config_fn,
            config_schema,
            class_name="OpDefinition",
            place=f"op '{new.name}'",
        )
        new.description = self.description if description is None else description
        return new

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a node to the graph, in the body of a graph. Elsewhere call the function, without a run."""
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self, args, kwargs)
        return _doors.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<op '{self.name}'>"


def _adapt_to_inputs(fn: Callable[..., Any], ins: Mapping[str, In]) -> Callable[..., Any]:
    """Adapt a function that takes all inputs as one dict, with the parameters (context, inputs) or *args, to
    one that takes each input by its name.
    """
    code = code_of(fn)
    if code is None:
        return fn
    takes = code.co_varnames[: code.co_argcount]
    is_context_and_inputs = (
        len(takes) == 2 and takes[0] in CONTEXT_NAMES and takes[1] in {"inputs", "_inputs"} - ins.keys()
    )
    if not is_context_and_inputs and (takes or not code.co_flags & _TAKES_ANY_ARGUMENT):
        return fn

    def compute(context: Any, **inputs: Any) -> Any:
        return fn(context, inputs)

    from inspect import signature  # few functions take their inputs as a dict

    taken: Any = compute
    taken.__signature__ = signature(lambda context, **inputs: None)
    taken.__annotations__, taken.__wrapped__ = {}, fn  # messages name the file and line of `fn`
    return compute


def _checked_pool(pool: str | None, tags: Mapping[str, str], what: str) -> str | None:
    if pool is None:
        return None
    if not pool or any(character.isspace() for character in pool):
        raise DagflowInvalidDefinitionError(
            f"{what}: '{pool}' is not a valid pool name. Choose one without white space."
        )
    key = next((tags[tag] for tag in system_tag_spellings("concurrency_key") if tag in tags), pool)
    if key != pool:
        raise DagflowInvalidDefinitionError(
            f"{what}: its pool '{pool}' conflicts with the concurrency key '{key}' in its tags. Keep the "
            "pool alone."
        )
    return pool


def op_location(definition: OpDefinition) -> str:
    """Return the name, file and line of an op, for messages."""
    return f"op '{definition.name}' ({location(definition.body.fn)})"


@overload
def op(compute_fn: Callable[..., Any]) -> OpDefinition: ...


@overload
def op(
    compute_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], OpDefinition]: ...


def op(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
) -> OpDefinition | Callable[[Callable[..., Any]], OpDefinition]:
    """Make an op of a function. Use it with or without arguments.

    Args:
        compute_fn: The function. Its parameters are the inputs. A first parameter `context` receives the
            context, a parameter `config` the config.
        name: Default: the name of the function.
        description: Default: the docstring of the function.
        ins: `In` by input name, for types and metadata that the signature lacks.
        out: One `Out`, or several by name; default: one output `result`.
        config_schema: The schema of its config: int, str, a dict of such, a Field...
        required_resource_keys: Resources that the function reads from `context.resources`.
        tags: Strings, or values that are encoded as JSON.
        version: An older name of `code_version`.
        retry_policy: The retries after a failure.
        code_version: The version of this code.
        pool: The name of a group of steps that share a limit.

    Returns:
        The OpDefinition, or a decorator.

    Raises:
        DagflowInvalidDefinitionError: An invalid name, input, output, default or schema.

    Example:
        >>> @op
        ... def double(n: int) -> int:
        ...     return 2 * n
        >>> double(4)
        8
    """

    def decorate(fn: Callable[..., Any]) -> OpDefinition:
        check_decorated(fn, "op")
        return OpDefinition(
            fn,
            name_of(fn) if name is None else name,
            ins,
            _outs_by_name(out),
            description,
            config_schema,
            required_resource_keys,
            tags,
            version,
            retry_policy,
            code_version,
            pool,
            owner="op",
        )

    return decorate if compute_fn is None else decorate(compute_fn)


def _outs_by_name(out: Out | Mapping[str, Out] | None) -> Mapping[str, Out] | None:
    return {DEFAULT_OUTPUT: out} if isinstance(out, Out) else out


def refuse_resources_twice(body: Body, required_resource_keys: Any, decorator: str) -> None:
    """Raise if a function has both `required_resource_keys` and parameters that name resources.

    Raises:
        ParameterCheckError: It has both.
    """
    if body.resources and resource_keys(required_resource_keys, f"@{decorator}"):
        raise ParameterCheckError(
            f"Cannot specify resource requirements in both @{decorator} decorator and parameters of the "
            f"function ({location(body.fn)}): 'required_resource_keys' has {sorted(required_resource_keys)}, "
            f"the parameters {list(body.resources)}. Make all of them parameters."
        )


def _warn_of_config_names(body: Body, what: str) -> None:
    for parameter in body.inputs:
        if is_config_annotation(parameter.annotation):
            warn(
                f"Parameter '{parameter.name}' on op/asset function {what.partition(' ')[2]} was annotated "
                "as a dagflow.Config type. Did you mean to name this parameter 'config' instead? It is an "
                f"input now ({location(body.fn)})."
            )


def _config_field(body: Body, schema: Any, what: str) -> Field | None:
    """Return the schema of the config of an op, from the argument or from its `config` parameter."""
    if body.config is None:
        return None if schema is None else resolve_field(schema, what)
    place = f"{what} ({location(body.fn)})"
    if schema is not None:
        raise ParameterCheckError(
            f"{place} has both a 'config' parameter and a 'config_schema'. Keep one of them."
        )
    if body.config is UNSET:
        raise DagflowInvalidPythonicConfigDefinitionError(
            f"{place}: the parameter 'config' has no annotation. Annotate it with a Config class, or with "
            "int, float, str, bool, dict or list."
        )
    from dagflow.config.annotation import annotation_schema  # imported lazily: only ops with config use it

    annotation = annotation_schema(body.config, f"the parameter 'config' of {place}")
    body.read_config = annotation.incoming
    default = body.config_default
    if not is_config_annotation(body.config):
        return Field(annotation.node, UNSET if default is UNSET else plain_config(default))
    if default is not UNSET:
        raise CheckError(
            f"{place}: the parameter 'config' has a default value, which a Config class does not take. Give "
            f"the fields of '{body.config.__name__}' defaults instead."
        )
    field: Field = body.config.to_config_schema()
    return field
