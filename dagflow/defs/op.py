"""Ops: the functional unit of a pipeline, with its inputs, outputs, config and needs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from inspect import Parameter as _Parameter
from typing import Any, ClassVar, TypeVar, get_args, get_origin, overload

from dagflow._util import UNSET, nearest
from dagflow.annotations import resolve_annotation, resolve_type
from dagflow.config.annotation import kind_of
from dagflow.config.field import ANYTHING, Field, resolve_field
from dagflow.config.objects import plain_config
from dagflow.defs import _entry
from dagflow.defs.composition import NodeDefinition, current_composition
from dagflow.defs.configured import configured_field, new_name
from dagflow.defs.policy import RetryPolicy
from dagflow.defs.signature import CONTEXT_NAMES, Body, Parameter, is_config_annotation, location, resolved
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidPythonicConfigDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_type,
)
from dagflow.events.user import DynamicOutput, Output
from dagflow.keys import (
    AssetKey,
    CoercibleToAssetKey,
    check_name,
    jsonable_tags,
    system_tag_spellings,
)
from dagflow.metadata.value import normalize_metadata
from dagflow.types import Any as AnyType
from dagflow.types import DagflowType

_F = TypeVar("_F", bound=Callable[..., Any])
DEFAULT_IO_MANAGER_KEY = "io_manager"
DEFAULT_OUTPUT = "result"


class _Spec:
    """What is said of an input or output: equal if all of it is equal. Never changed once made."""

    __slots__ = ()
    _said: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Spec) or self._said != other._said:
            return NotImplemented
        names = {getattr(spec, "name", None) for spec in (self, other)}  # that of an In fits any
        return len(names - {None}) < 2 and all(
            getattr(self, name) == getattr(other, name) for name in self._said
        )

    def _say(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"'{name}' of {self!r} cannot be changed. Make a new one.")

    def __hash__(self) -> int:
        return hash(self._said)  # metadata and defaults need not be hashable

    def __repr__(self) -> str:
        said = (f"{name}={getattr(self, name)!r}" for name in self._said)
        return f"{type(self).__name__}({', '.join(said)})"


class In(_Spec):
    """What is said of an input.

    Args:
        dagflow_type: Its type; default: that of the parameter's annotation.
        description: A sentence for people.
        default_value: Used when nothing is connected; default: that of the signature.
        metadata: What an I/O manager may want to know.
        asset_key: The asset that the input reads.
        asset_partitions: Partitions of that asset that it reads.
        input_manager_key: The resource that loads it, instead of the I/O manager of the output that it reads.

    Raises:
        DagflowInvalidDefinitionError: The type is none.
        DagflowInvalidMetadata: A metadata value is of an unsupported kind.

    Example:
        >>> In(int).dagflow_type
        <ScalarType Int>
    """

    __slots__ = (
        "asset_key",
        "asset_partitions",
        "dagflow_type",
        "default_value",
        "description",
        "input_manager_key",
        "metadata",
    )
    _said = __slots__
    dagflow_type: Any
    description: str | None
    default_value: Any
    metadata: Mapping[str, Any]
    asset_key: AssetKey | None
    asset_partitions: Any
    input_manager_key: str | None

    def __init__(
        self,
        dagflow_type: Any = UNSET,
        description: str | None = None,
        default_value: Any = UNSET,
        metadata: Mapping[str, Any] | None = None,
        asset_key: CoercibleToAssetKey | None = None,
        asset_partitions: Any = None,
        input_manager_key: str | None = None,
    ) -> None:
        self._say(
            dagflow_type=dagflow_type if dagflow_type is UNSET else resolve_type(dagflow_type, "an In"),
            description=description,
            default_value=default_value,
            metadata=_checked(metadata, "an In"),
            asset_key=None if asset_key is None else AssetKey.from_coercible(asset_key),
            asset_partitions=asset_partitions,
            input_manager_key=input_manager_key,
        )


class Out(_Spec):
    """What is said of an output.

    Args:
        dagflow_type: Its type; default: that of the return annotation.
        description: A sentence for people.
        is_required: Whether a step that ends without it has failed.
        io_manager_key: The resource that stores it; None means "io_manager".
        metadata: What an I/O manager may want to know.
        code_version: The version of the code that makes it; default: that of the op.

    Raises:
        DagflowInvalidDefinitionError: The type is none.
        DagflowInvalidMetadata: A metadata value is of an unsupported kind.

    Example:
        >>> Out(is_required=False).io_manager_key
        'io_manager'
    """

    __slots__ = ("code_version", "dagflow_type", "description", "io_manager_key", "is_required", "metadata")
    _said = (*__slots__, "is_dynamic")
    is_dynamic = False
    dagflow_type: Any
    description: str | None
    is_required: bool
    io_manager_key: str
    metadata: Mapping[str, Any]
    code_version: str | None

    def __init__(
        self,
        dagflow_type: Any = UNSET,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        code_version: str | None = None,
    ) -> None:
        self._say(
            dagflow_type=dagflow_type if dagflow_type is UNSET else resolve_type(dagflow_type, "an Out"),
            description=description,
            is_required=is_required,
            io_manager_key=io_manager_key or DEFAULT_IO_MANAGER_KEY,
            metadata=_checked(metadata, "an Out"),
            code_version=code_version,
        )


class DynamicOut(Out):
    """An output that has any number of values, each with a mapping key. Arguments as Out."""

    __slots__ = ()
    is_dynamic = True


class InputDefinition(In):
    """An input of an op or graph: an `In` with a name and its type settled."""

    __slots__ = ("name",)
    name: str
    dagflow_type: DagflowType

    def __init__(self, name: str, given: In, **settled: Any) -> None:
        self._say(name=name, **{said: settled.get(said, getattr(given, said)) for said in In._said})

    @property
    def has_default_value(self) -> bool:
        """Whether it may stay unconnected."""
        return self.default_value is not UNSET


class OutputDefinition(Out):
    """An output of an op or graph: an `Out` with a name and its type settled."""

    __slots__ = ("is_dynamic", "name")
    name: str
    dagflow_type: DagflowType

    def __init__(self, name: str, given: Out, **settled: Any) -> None:
        self._say(name=name, **{said: settled.get(said, getattr(given, said)) for said in Out._said})


def _checked(metadata: Mapping[str, Any] | None, what: str) -> Mapping[str, Any]:
    if not metadata:
        return {}
    normalize_metadata(metadata, what)
    return metadata


class OpDefinition(NodeDefinition):
    """An op. Made by `@op`; called like its function, or in a graph's body to become a node there.

    Attributes: `name`, `description`, `ins` and `outs` (definitions by name), `config_field` (None: anything
    goes), `required_resource_keys`, `tags`, `retry_policy`, `version`, `code_version`, `pool`, `body` (how
    the function is called), `is_wrapped` (for each output of which the return annotation says something,
    whether it says `Output`), `plain_output` (the only output, where a bare value can be returned for it).
    """

    __slots__ = (
        "__dict__",
        "__wrapped__",
        "_dynamic_outputs",
        "body",
        "code_version",
        "config_field",
        "is_wrapped",
        "plain_output",
        "pool",
        "required_resource_keys",
        "retry_policy",
        "version",
    )
    node_type_str = "op"

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
    ) -> None:
        what = f"{owner} '{name}'"
        if not callable(compute_fn):
            raise ParameterCheckError(f"{what}: 'compute_fn' must be a function, not {compute_fn!r}")
        self.name = check_name(name, owner)
        ins = check_type(ins or {}, Mapping, "ins", what)
        body = Body(_taking_each_input(compute_fn, ins), what)
        if owner == "op" and body.context == "asset":
            raise DagflowInvalidDefinitionError(
                f"{what} ({location(compute_fn)}): the context of an op cannot be annotated with "
                "AssetExecutionContext. "
                "Use OpExecutionContext."
            )
        self.body = body
        if version is not None and code_version is not None:
            raise CheckError(
                f"{what}: 'version' is an older name of 'code_version', so give only one of the two"
            )
        self.version = self.code_version = code_version if code_version is not None else version
        self.ins: Mapping[str, InputDefinition] = _inputs(body, ins, what)
        self.outs: Mapping[str, OutputDefinition] = _outputs(body, outs, what, self.code_version)
        self.input_names = tuple(self.ins)
        self.output_names = tuple(self.outs)
        self.is_wrapped = _wrapped_outputs(body, self.outs)
        self.plain_output = _plain_output(self.outs, self.is_wrapped)
        self._dynamic_outputs = frozenset(name for name, out in self.outs.items() if out.is_dynamic)
        self.config_field = _config_field(body, config_schema, what)
        _warn_of_config_names(body, what)
        if owner == "op":
            refuse_resources_twice(body, required_resource_keys, "op")
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
        self.pool = _checked_pool(pool, self.tags, what)
        update_wrapper(self, compute_fn)

    @property
    def config_schema(self) -> Field:
        """The schema of this op's config; without one, anything goes."""
        return ANYTHING if self.config_field is None else self.config_field

    @property
    def compute_fn(self) -> Callable[..., Any]:
        """The function."""
        return self.body.fn

    @property
    def positional_inputs(self) -> list[str]:
        """The inputs that positional arguments stand for: those of the signature, and the only one that is
        not in it, if there is one only.
        """
        named = [parameter.name for parameter in self.body.inputs]
        further = [name for name in self.input_names if name not in named]
        return named + further if len(further) == 1 else named

    def dynamic_outputs(self) -> frozenset[str]:
        """The names of the outputs that have a value for each mapping key."""
        return self._dynamic_outputs

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> OpDefinition:
        """This op with its config given beforehand.

        Args:
            config_or_config_fn: The config, or a function that makes it of what the run config gives.
            name: The name of the new op; default: that of the function.
            config_schema: What the function gets from the run config.
            description: Default: that of this op.

        Raises:
            CheckError: There is no name.

        Example:
            >>> @op(config_schema={"grams": int})
            ... def brew(context):
            ...     return context.op_config["grams"]
            >>> brew.configured({"grams": 18}, name="espresso")
            <op 'espresso'>
        """
        new = copy.copy(self)
        new.name = check_name(new_name(config_or_config_fn, name, where(self)), "op")
        new.config_field = configured_field(
            self.config_field,
            config_or_config_fn,
            config_schema,
            kind="OpDefinition",
            place=f"op '{new.name}'",
        )
        new.description = self.description if description is None else description
        return new

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """In a graph's body: become a node there. Elsewhere: run the function directly, without a run."""
        composition = current_composition()
        if composition is not None:
            return composition.invoke(self, args, kwargs)
        return _entry.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<op '{self.name}'>"


def _taking_each_input(fn: Callable[..., Any], ins: Mapping[str, In]) -> Callable[..., Any]:
    """A function of (context, inputs), which takes all inputs as one dict, as one that takes each by its
    name.
    """
    code = getattr(fn, "__code__", None)
    if code is None or code.co_argcount != 2 or code.co_varnames[1] not in ("inputs", "_inputs"):
        return fn
    if code.co_varnames[0] not in CONTEXT_NAMES or code.co_varnames[1] in ins:
        return fn

    def compute(context: Any, **inputs: Any) -> Any:
        return fn(context, inputs)

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
        kind = AnyType if spec.dagflow_type is UNSET else spec.dagflow_type
        if not kind.is_nothing and not body.takes_any_keyword:
            raise DagflowInvalidDefinitionError(
                f"{what} ({location(body.fn)}): 'ins' names an input '{name}' that is no parameter of the "
                "function."
                f"{nearest(name, parameters)} Add the parameter, or make it an In(Nothing)."
            )
        place = f"input '{name}' of {what}"
        _check_default(spec.default_value, kind, place)
        inputs[name] = InputDefinition(name, spec, dagflow_type=kind)
    return inputs


def _input(parameter: Parameter, given: In | None, what: str) -> InputDefinition:
    place = f"input '{parameter.name}' of {what}"
    spec = In() if given is None else check_type(given, In, f"ins[{parameter.name!r}]", what)
    if spec.dagflow_type is UNSET:
        annotation = resolved(parameter.annotation)
        kind = AnyType if annotation is _Parameter.empty else resolve_annotation(annotation, place)
        is_nothing = kind.is_nothing or annotation is type(None)
    else:
        kind = spec.dagflow_type
        is_nothing = kind.is_nothing
    if is_nothing:
        said = "is annotated with Nothing" if spec.dagflow_type is UNSET else "is of type Nothing"
        raise DagflowInvalidDefinitionError(
            f"{place} {said}, which carries no value, but is a parameter of the function. "
            "Take the parameter away and say ins={...: In(Nothing)}, or give the input another type."
        )
    default = spec.default_value
    if default is UNSET and parameter.has_default:
        default = parameter.default
    _check_default(default, kind, place)
    return InputDefinition(parameter.name, spec, dagflow_type=kind, default_value=default)


def _check_default(default: Any, kind: DagflowType, place: str) -> None:
    if default is not UNSET and kind.checks_at_definition and not kind.type_check(None, default).success:
        raise DagflowInvalidDefinitionError(
            f"the default {default!r} of {place} is of type '{type(default).__name__}', which does not pass "
            f"the type check of its type '{kind.display_name}'"
        )


def _outputs(
    body: Body, given: Mapping[str, Out] | None, what: str, code_version: str | None
) -> dict[str, OutputDefinition]:
    annotation = resolved(body.return_annotation)
    if given is None:
        given = {DEFAULT_OUTPUT: DynamicOut() if _is_list_of_dynamic(annotation) else Out()}
    if _is_dynamic(annotation) and not body.is_generator:
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}): Op annotated with return type DynamicOutput. DynamicOutputs can "
            "only be "
            "returned in the context of a List. If only one output is needed, use the Output API."
        )
    check_type(given, Mapping, "out", what)
    outputs: dict[str, OutputDefinition] = {}
    types = _return_types(body, annotation, given, what)
    for (name, spec), inferred in zip(given.items(), types, strict=True):
        check_type(spec, Out, f"out[{name!r}]", what)
        check_name(name, f"output of {what}")
        kind = inferred if spec.dagflow_type is UNSET else spec.dagflow_type
        version = code_version if spec.code_version is None else spec.code_version
        outputs[name] = OutputDefinition(name, spec, dagflow_type=kind, code_version=version)
    return outputs


def _is_dynamic(annotation: Any) -> bool:
    return DynamicOutput in (annotation, get_origin(annotation))


def _is_list_of_dynamic(annotation: Any) -> bool:
    return get_origin(annotation) is list and any(_is_dynamic(part) for part in get_args(annotation))


def _wrapped_outputs(body: Body, outs: Mapping[str, OutputDefinition]) -> dict[str, bool]:
    """For each output of which the return annotation says something: whether it says `Output`."""
    annotation = resolved(body.return_annotation)
    parts = (annotation,) if len(outs) == 1 else get_args(annotation)
    if body.is_generator or len(parts) != len(outs):
        return {}
    return {
        name: Output in (part, get_origin(part))
        for (name, out), part in zip(outs.items(), parts, strict=True)
        if not out.is_dynamic and part not in (_Parameter.empty, Any, None, type(None))
    }


def _plain_output(
    outs: Mapping[str, OutputDefinition], is_wrapped: Mapping[str, bool]
) -> OutputDefinition | None:
    if len(outs) != 1:
        return None
    (out,) = outs.values()
    return None if out.is_dynamic or is_wrapped.get(out.name) else out


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
            f"{what} ({location(body.fn)}): Expected Tuple annotation for multiple outputs, but received "
            f"non-tuple annotation. It has {len(outs)} outputs; {annotation!r} must be a Tuple with a type "
            "for "
            "each."
        )
    parts = get_args(annotation)
    if len(parts) != len(outs):
        raise DagflowInvariantViolationError(
            f"{what} ({location(body.fn)}): Expected Tuple annotation to have number of entries matching the number "
            f"of outputs for more than one output. Expected {len(outs)} outputs but annotation has {len(parts)}."
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


def refuse_resources_twice(body: Body, required_resource_keys: Any, decorator: str) -> None:
    """Refuse `required_resource_keys` on a function whose parameters name resources.

    Raises:
        ParameterCheckError: There are both.
    """
    if required_resource_keys and body.resources:
        raise ParameterCheckError(
            f"Cannot specify resource requirements in both @{decorator} decorator and as arguments to the "
            f"decorated function ({location(body.fn)}): 'required_resource_keys' has "
            f"{sorted(required_resource_keys)}, the parameters {list(body.resources)}. Make all of them "
            "parameters."
        )


def _warn_of_config_names(body: Body, what: str) -> None:
    for parameter in body.inputs:
        if is_config_annotation(parameter.annotation):
            import warnings

            warnings.warn(
                f"Parameter '{parameter.name}' on op/asset function {what.partition(' ')[2]} was annotated "
                "as a "
                "dagflow.Config type. Did you mean to name this parameter 'config' instead? It is an input "
                "now "
                f"({location(body.fn)}).",
                stacklevel=4,
            )


def _config_field(body: Body, schema: Any, what: str) -> Field | None:
    """The schema of an op's config: that given, or that of its `config` parameter."""
    if body.config is None:
        return None if schema is None else resolve_field(schema)
    place = f"{what} ({location(body.fn)})"
    if schema is not None:
        raise ParameterCheckError(
            f"{place} has both a 'config' parameter and a 'config_schema'. Keep one of them."
        )
    if body.config is _Parameter.empty:
        raise DagflowInvalidPythonicConfigDefinitionError(
            f"{place}: the parameter 'config' has no annotation. Annotate it with a Config class, or with "
            "int, float, str, bool, dict or list."
        )
    kind = kind_of(body.config, f"the parameter 'config' of {place}")
    body.read_config = kind.incoming
    default = body.config_default
    if not is_config_annotation(body.config):
        return Field(kind.node, UNSET if default is _Parameter.empty else plain_config(default))
    if default is not _Parameter.empty:
        raise CheckError(
            f"{place}: Cannot provide a default value when using a Config class. Give the fields of "
            f"'{body.config.__name__}' defaults instead of the parameter 'config'."
        )
    field: Field = body.config.to_config_schema()
    return field
