"""Ops: the functional unit of a pipeline, with its inputs, outputs, config and needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from inspect import Parameter as _Parameter
from typing import Any, TypeVar, get_args, get_origin, overload

from dagflow._util import UNSET, nearest
from dagflow.annotations import resolve_annotation, resolve_type
from dagflow.config.field import Field, resolve_field
from dagflow.defs import _entry
from dagflow.defs.composition import NodeDefinition, current_composition
from dagflow.defs.policy import RetryPolicy
from dagflow.defs.signature import Body, Parameter, is_config_annotation, location, resolved
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidPythonicConfigDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_type,
)
from dagflow.events.user import DynamicOutput, Output
from dagflow.keys import AssetKey, CoercibleToAssetKey, check_name, jsonable_tags
from dagflow.metadata.value import MetadataValue, normalize_metadata
from dagflow.types import Any as AnyType
from dagflow.types import DagflowType

_F = TypeVar("_F", bound=Callable[..., Any])
DEFAULT_IO_MANAGER_KEY = "io_manager"
DEFAULT_OUTPUT = "result"


@dataclass(frozen=True, slots=True)
class In:
    """What is said of an input.

    Args:
        dagflow_type: Its type; default: that of the parameter's annotation.
        description: A sentence for people.
        default_value: Used when nothing is connected; default: that of the signature.
        metadata: What an I/O manager may want to know.
        asset_key: The asset that the input reads.
        asset_partitions: Partitions of that asset that it reads.
        input_manager_key: The resource that loads it, instead of the I/O manager of the output that it reads.
    """

    dagflow_type: Any = UNSET
    description: str | None = None
    default_value: Any = UNSET
    metadata: Mapping[str, Any] | None = None
    asset_key: CoercibleToAssetKey | None = None
    asset_partitions: Any = None
    input_manager_key: str | None = None


@dataclass(frozen=True, slots=True)
class Out:
    """What is said of an output.

    Args:
        dagflow_type: Its type; default: that of the return annotation.
        description: A sentence for people.
        is_required: Whether a step that ends without it has failed.
        io_manager_key: The resource that stores it; None means "io_manager".
        metadata: What an I/O manager may want to know.
        code_version: The version of the code that makes it.
    """

    dagflow_type: Any = UNSET
    description: str | None = None
    is_required: bool = True
    io_manager_key: str | None = None
    metadata: Mapping[str, Any] | None = None
    code_version: str | None = None


class DynamicOut(Out):
    """An output that has any number of values, each with a mapping key. Arguments as Out."""

    __slots__ = ()


class InputDefinition:
    """An input of an op: name, type, default and what the `In` said."""

    __slots__ = (
        "asset_key",
        "dagflow_type",
        "default_value",
        "description",
        "input_manager_key",
        "metadata",
        "name",
    )

    def __init__(self, name: str, dagflow_type: DagflowType, default_value: Any, given: In) -> None:
        self.name = name
        self.dagflow_type = dagflow_type
        self.default_value = default_value
        self.description = given.description
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(given.metadata, f"input '{name}'")
        self.asset_key = None if given.asset_key is None else AssetKey.from_coercible(given.asset_key)
        self.input_manager_key = given.input_manager_key

    @property
    def has_default_value(self) -> bool:
        """Whether it may stay unconnected."""
        return self.default_value is not UNSET


class OutputDefinition:
    """An output of an op: name, type and what the `Out` said."""

    __slots__ = (
        "code_version",
        "dagflow_type",
        "description",
        "io_manager_key",
        "is_dynamic",
        "is_required",
        "metadata",
        "name",
    )

    def __init__(self, name: str, dagflow_type: DagflowType, given: Out) -> None:
        self.name = name
        self.dagflow_type = dagflow_type
        self.is_required = given.is_required
        self.is_dynamic = isinstance(given, DynamicOut)
        self.io_manager_key = given.io_manager_key or DEFAULT_IO_MANAGER_KEY
        self.description = given.description
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(given.metadata, f"output '{name}'")
        self.code_version = given.code_version


class OpDefinition(NodeDefinition):
    """An op. Made by `@op`; called like its function, or in a graph's body to become a node there.

    Attributes: `name`, `description`, `ins` and `outs` (definitions by name), `config_field` (None: anything
    goes), `required_resource_keys`, `tags`, `retry_policy`, `version`, `code_version`, `pool`, `body` (how
    the function is called).
    """

    __slots__ = (
        "__dict__",
        "__wrapped__",
        "_dynamic_outputs",
        "body",
        "code_version",
        "config_field",
        "ins",
        "outs",
        "pool",
        "required_resource_keys",
        "retry_policy",
        "version",
    )

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
        owner: str = "op",
        input_defaults: Mapping[str, Any] | None = None,
    ) -> None:
        what = f"{owner} '{name}'"
        if not callable(compute_fn):
            raise ParameterCheckError(f"{what}: 'compute_fn' must be a function, not {compute_fn!r}")
        self.name = check_name(name, owner)
        body = Body(compute_fn, what)
        if owner == "op" and body.context == "asset":
            raise DagflowInvalidDefinitionError(
                f"{what} ({location(compute_fn)}): the context of an op cannot be annotated with "
                "AssetExecutionContext. "
                "Use OpExecutionContext."
            )
        self.body = body
        self.ins = _inputs(body, check_type(ins or {}, Mapping, "ins", what), what)
        self.outs = _outputs(body, outs, what)
        self.input_names = tuple(self.ins)
        self.output_names = tuple(self.outs)
        self._dynamic_outputs = frozenset(name for name, out in self.outs.items() if out.is_dynamic)
        self.config_field = _config_field(body, config_schema, what)
        if required_resource_keys is not None and not isinstance(
            required_resource_keys, (set, frozenset, list, tuple)
        ):
            raise ParameterCheckError(
                f"{what}: 'required_resource_keys' must be a set of texts, not {required_resource_keys!r}"
            )
        self.required_resource_keys = frozenset(required_resource_keys or ()) | frozenset(body.resources)
        self.tags = jsonable_tags(tags, what)
        self.description = description if description is not None else _doc(compute_fn)
        self.retry_policy = (
            None if retry_policy is None else check_type(retry_policy, RetryPolicy, "retry_policy", what)
        )
        self.version = version
        self.code_version = code_version if code_version is not None else version
        self.pool = pool
        update_wrapper(self, compute_fn)

    @property
    def config_schema(self) -> Field | None:
        """The schema of this op's config, None where anything goes."""
        return self.config_field

    @property
    def input_defs(self) -> list[InputDefinition]:
        """The inputs, in order."""
        return list(self.ins.values())

    @property
    def output_defs(self) -> list[OutputDefinition]:
        """The outputs, in order."""
        return list(self.outs.values())

    def dynamic_outputs(self) -> frozenset[str]:
        """The names of the outputs that have a value for each mapping key."""
        return self._dynamic_outputs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """In a graph's body: become a node there. Elsewhere: run the function directly, without a run."""
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self, args, kwargs)
        return _entry.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<op '{self.name}'>"


def where(definition: OpDefinition) -> str:
    """An op's name and place, for messages."""
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
    """Make an op of a function. Usable bare.

    Args:
        compute_fn: The function. Its parameters are the inputs, a first one named `context` gets the
            context, one named `config` the config.
        name: Default: the function's name.
        description: Default: the function's docstring.
        ins: `In` by input name, for what the signature cannot say.
        out: One `Out`, or several by name; default: one output `result`.
        config_schema: What config it takes: int, str, a dict of such, a Field...
        required_resource_keys: Resources that the body reads from `context.resources`.
        tags: Texts, or values that are encoded as JSON.
        version: An older name of `code_version`.
        retry_policy: How it is tried again when it fails.
        code_version: The version of this code.
        pool: The name of a group of steps that share a limit.

    Returns:
        The OpDefinition, or a decorator.

    Raises:
        DagflowInvalidDefinitionError: A name, input, output, default or schema that cannot be.

    Example:
        >>> @op
        ... def double(n: int) -> int:
        ...     return 2 * n
        >>> double(4)
        8
    """

    def decorate(fn: Callable[..., Any]) -> OpDefinition:
        if not callable(fn):
            raise DagflowInvalidDefinitionError(f"@op must decorate a function, not {fn!r}")
        return OpDefinition(
            fn,
            name if name is not None else getattr(fn, "__name__", type(fn).__name__),
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
        )

    return decorate if compute_fn is None else decorate(compute_fn)


def _outs_by_name(out: Out | Mapping[str, Out] | None) -> Mapping[str, Out] | None:
    return {DEFAULT_OUTPUT: out} if isinstance(out, Out) else out


def _doc(fn: Callable[..., Any]) -> str | None:
    doc = getattr(fn, "__doc__", None)
    if not isinstance(doc, str) or not doc:
        return None
    from inspect import cleandoc

    return cleandoc(doc)


def _inputs(body: Body, given: Mapping[str, In], what: str) -> dict[str, InputDefinition]:
    parameters = {parameter.name: parameter for parameter in body.inputs}
    inputs = {}
    for name, parameter in parameters.items():
        check_name(name, f"input of {what}")
        inputs[name] = _input(parameter, given.get(name), what)
    for name, spec in given.items():
        if name in inputs:
            continue
        check_type(spec, In, f"ins[{name!r}]", what)
        check_name(name, f"input of {what}")
        is_nothing = spec.dagflow_type is not UNSET and resolve_type(spec.dagflow_type, what).is_nothing
        if not is_nothing and not body.takes_any_keyword:
            raise DagflowInvalidDefinitionError(
                f"{what} ({location(body.fn)}): 'ins' names an input '{name}' that is no parameter of the "
                "function."
                f"{nearest(name, parameters)} Add the parameter, or make it an In(Nothing)."
            )
        place = f"input '{name}' of {what}"
        kind = AnyType if spec.dagflow_type is UNSET else resolve_type(spec.dagflow_type, place)
        _check_default(spec.default_value, kind, place)
        inputs[name] = InputDefinition(name, kind, spec.default_value, spec)
    return inputs


def _input(parameter: Parameter, given: In | None, what: str) -> InputDefinition:
    place = f"input '{parameter.name}' of {what}"
    spec = In() if given is None else check_type(given, In, f"ins[{parameter.name!r}]", what)
    if spec.dagflow_type is UNSET:
        annotation = resolved(parameter.annotation)
        kind = AnyType if annotation is _Parameter.empty else resolve_annotation(annotation, place)
    else:
        kind = resolve_type(spec.dagflow_type, place)
        if kind.is_nothing:
            raise DagflowInvalidDefinitionError(
                f"{place} is of type Nothing, which carries no value, but is a parameter of the function. "
                "Take the parameter away, or give the input another type."
            )
    default = spec.default_value
    if default is UNSET and parameter.has_default:
        default = parameter.default
    _check_default(default, kind, place)
    return InputDefinition(parameter.name, kind, default, spec)


def _check_default(default: Any, kind: DagflowType, place: str) -> None:
    if default is not UNSET and kind.checks_at_definition and not kind.check(None, default).success:
        raise DagflowInvalidDefinitionError(
            f"the default {default!r} of {place} is of type '{type(default).__name__}', which does not pass "
            f"the type check of its type '{kind.display_name}'"
        )


def _outputs(body: Body, given: Mapping[str, Out] | None, what: str) -> dict[str, OutputDefinition]:
    annotation = resolved(body.return_annotation)
    if given is None:
        given = {DEFAULT_OUTPUT: Out()}
        if get_origin(annotation) is DynamicOutput or annotation is DynamicOutput:
            given = {DEFAULT_OUTPUT: DynamicOut()}
    check_type(given, Mapping, "out", what)
    outputs: dict[str, OutputDefinition] = {}
    types = _return_types(body, annotation, given, what)
    for (name, spec), inferred in zip(given.items(), types, strict=True):
        check_type(spec, Out, f"out[{name!r}]", what)
        place = f"output '{name}' of {what}"
        check_name(name, f"output of {what}")
        outputs[name] = OutputDefinition(
            name, inferred if spec.dagflow_type is UNSET else resolve_type(spec.dagflow_type, place), spec
        )
    return outputs


def _return_types(body: Body, annotation: Any, outs: Mapping[str, Out], what: str) -> list[DagflowType]:
    """The type that the return annotation says of each output; Any where it says nothing."""
    if annotation is _Parameter.empty or annotation is Any or body.is_generator or annotation is type(None):
        return [AnyType] * len(outs)
    if len(outs) == 1:
        return [resolve_annotation(_without_wrapper(annotation), f"the output of {what}")]
    if get_origin(annotation) is not tuple:
        if annotation is tuple:
            return [AnyType] * len(outs)
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}) has {len(outs)} outputs, so its return annotation must be a Tuple "
            "with one "
            f"type for each, not {annotation!r}"
        )
    parts = get_args(annotation)
    if len(parts) != len(outs):
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}) has {len(outs)} outputs, but its return annotation is a Tuple of "
            f"{len(parts)}"
        )
    return [
        resolve_annotation(_without_wrapper(part), f"output '{name}' of {what}")
        for name, part in zip(outs, parts, strict=True)
    ]


def _without_wrapper(annotation: Any) -> Any:
    """`Output[int]` says int; `DynamicOutput[int]` and `List[DynamicOutput[int]]` too; a bare wrapper says
    nothing.
    """
    if annotation in (Output, DynamicOutput):
        return Any
    origin = get_origin(annotation)
    if origin in (Output, DynamicOutput):
        return get_args(annotation)[0]
    if origin is list and get_args(annotation):
        (inner,) = get_args(annotation)
        if get_origin(inner) is DynamicOutput or inner is DynamicOutput:
            return _without_wrapper(inner)
    return Any if getattr(origin or annotation, "__dagflow_result__", False) else annotation


def _config_field(body: Body, schema: Any, what: str) -> Field | None:
    if body.config is None:
        return None if schema is None else resolve_field(schema)
    if schema is not None:
        raise DagflowInvalidDefinitionError(
            f"{what} ({location(body.fn)}) has both a 'config' parameter and a 'config_schema'. Keep one of "
            "them."
        )
    if is_config_annotation(body.config):
        field: Field = body.config.to_config_field()
        return field
    if body.config in (int, float, str, bool, dict, list):
        return resolve_field(body.config)
    raise _bad_config_annotation(body, what)


def _bad_config_annotation(body: Body, what: str) -> DagflowInvalidPythonicConfigDefinitionError:
    said = "no annotation" if body.config is _Parameter.empty else f"the annotation {body.config!r}"
    return DagflowInvalidPythonicConfigDefinitionError(
        f"{what} ({location(body.fn)}): the parameter 'config' has {said}. Annotate it with a Config class, "
        "or with "
        "int, float, str, bool, dict or list."
    )
