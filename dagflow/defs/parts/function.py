"""The only reader of the signature of a user's function.

A `Body` holds how the function is called: its context, config, resources and inputs, and whether it returns,
yields or is awaited. Contexts, Config classes and resource types are recognized by a marker attribute of the
class (`__dagflow_context__`, `__dagflow_config__`, `__dagflow_resource__`), so that nothing of them is
imported here.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

from dagflow.errors import DagflowInvalidDefinitionError

CONTEXT_NAMES = frozenset({"context", "_context", "context_", "_"})
_Parameter = inspect.Parameter


class Parameter(typing.NamedTuple):
    """An input parameter. `annotation` and `default` are `inspect.Parameter.empty` if there is none."""

    name: str
    annotation: Any
    default: Any

    @property
    def has_default(self) -> bool:
        """Whether the signature gives a default."""
        return self.default is not _Parameter.empty


class Body:
    """A user's function and how it is called.

    Attributes:
        fn: The function.
        function_type: "plain" (returns), "generator", "async" or "async_generator".
        context: The annotation of the context parameter: "any", "op" or "asset"; None without a context.
        context_name: The name of the context parameter.
        config: The annotation of the `config` parameter, None if there is none.
        config_default: The default of the `config` parameter, `inspect.Parameter.empty` if there is none.
        read_config: Converts checked config to the value of the parameter; None if they are the same. Set by
            the definition.
        resources: The parameters that name resources.
        inputs: The other parameters, in order.
        order: The names of the parameters for positional arguments: all but the context, in order.
        return_annotation: `inspect.Parameter.empty` if there is none.
        takes_any_keyword: Whether it has `**kwargs`.
    """

    __slots__ = (
        "config",
        "config_default",
        "context",
        "context_name",
        "fn",
        "function_type",
        "inputs",
        "order",
        "read_config",
        "resources",
        "return_annotation",
        "takes_any_keyword",
    )

    def __init__(self, fn: Callable[..., Any], what: str) -> None:
        self.fn: Callable[..., Any] = fn
        self.function_type: str = _function_type(fn)
        self.context: str | None = None
        self.context_name: str | None = None
        self.config: Any = None
        self.config_default: Any = _Parameter.empty
        self.read_config: Callable[[Any], Any] | None = None
        self.resources: tuple[str, ...] = ()
        self.takes_any_keyword: bool = False
        try:
            signature = inspect.signature(fn)
        except (TypeError, ValueError) as error:
            raise DagflowInvalidDefinitionError(f"{what}: the signature of {fn!r} cannot be read") from error
        annotations = annotations_of(fn)
        self.return_annotation: Any = annotations.get("return", signature.return_annotation)
        inputs = []
        for position, parameter in enumerate(signature.parameters.values()):
            annotation = annotations.get(parameter.name, parameter.annotation)
            if position == 0 and parameter.name in CONTEXT_NAMES:
                self.context, self.context_name = _context_annotation(annotation, what, fn), parameter.name
            elif parameter.name == "context":
                raise DagflowInvalidDefinitionError(
                    f'"context" is not a valid name for an input of {what} ({location(fn)}): it is reserved '
                    "for the context. Make it the first parameter."
                )
            elif parameter.kind is _Parameter.VAR_KEYWORD:
                self.takes_any_keyword = True
            elif parameter.kind in (_Parameter.VAR_POSITIONAL, _Parameter.POSITIONAL_ONLY):
                is_vararg = parameter.kind is _Parameter.VAR_POSITIONAL
                shown = "positional vararg parameter '*" if is_vararg else "positional-only parameter '"
                raise DagflowInvalidDefinitionError(
                    f"@{what} decorated function has {shown}{parameter.name}' ({location(fn)}), which cannot "
                    "be an input, because inputs are passed by name. Give each input a parameter of its own."
                )
            elif parameter.name == "config":
                self.config, self.config_default = annotation, parameter.default
            elif is_resource_annotation(annotation):
                _refuse_factory(annotation, parameter.name, what, fn)
                self.resources += (parameter.name,)
            else:
                inputs.append(Parameter(parameter.name, annotation, parameter.default))
        self.inputs: tuple[Parameter, ...] = tuple(inputs)
        self.order: tuple[str, ...] = tuple(
            name
            for name, parameter in signature.parameters.items()
            if name != self.context_name and parameter.kind is not _Parameter.VAR_KEYWORD
        )

    @property
    def is_generator(self) -> bool:
        """Whether it yields."""
        return self.function_type in ("generator", "async_generator")


def location(fn: Any) -> str:
    """Return the file and line of a function, for messages.

    Example:
        >>> location(len)
        'unknown place'
    """
    code = getattr(inspect.unwrap(fn), "__code__", None) if callable(fn) else None
    return f"{code.co_filename}:{code.co_firstlineno}" if code else "unknown place"


def is_resource_annotation(annotation: Any) -> bool:
    """Return whether a parameter with this annotation receives a resource."""
    return hasattr(annotation, "__dagflow_resource__") or any(
        hasattr(extra, "__dagflow_resource__") for extra in getattr(annotation, "__metadata__", ())
    )


def _refuse_factory(annotation: Any, name: str, what: str, fn: Callable[..., Any]) -> None:
    """Raise if the annotation is a class whose objects create a resource, but are not one."""
    if getattr(annotation, "__dagflow_resource__", None) == "factory":
        raise DagflowInvalidDefinitionError(
            f"Resource param '{name}' of {what} ({location(fn)}) is annotated as '{annotation}', whose "
            "objects create a resource, but are not one. Annotate it with the type of the resource: "
            "'ResourceParam[<its type>]', or 'ResourceParam[Any]'."
        )


def is_config_annotation(annotation: Any) -> bool:
    """Return whether an annotation is a Config class."""
    return isinstance(annotation, type) and bool(getattr(annotation, "__dagflow_config__", False))


def config_class_of(fn: Callable[..., Any]) -> Any:
    """Return the Config class that annotates the parameter of a function; None if there is none."""
    found = [value for name, value in annotations_of(fn).items() if name != "return"]
    return found[0] if found and is_config_annotation(found[0]) else None


def _function_type(fn: Callable[..., Any]) -> str:
    target = inspect.unwrap(fn)
    if not inspect.isfunction(target) and not inspect.ismethod(target):
        target = getattr(target, "func", None) or type(target).__call__  # a partial; a callable object
    if inspect.isgeneratorfunction(target):
        return "generator"
    if inspect.iscoroutinefunction(target):
        return "async"
    return "async_generator" if inspect.isasyncgenfunction(target) else "plain"


def annotations_of(fn: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations as objects. An annotation with a name that only a type checker knows becomes
    an `_Unresolved`.
    """
    raw = getattr(inspect.unwrap(fn), "__annotations__", None) or {}
    if not any(_holds_text(value) for value in raw.values()):
        return {name: type(None) if value is None else value for name, value in raw.items()}
    try:
        return typing.get_type_hints(inspect.unwrap(fn), localns=_closure(fn), include_extras=True)
    except Exception:
        return {name: _evaluate(fn, value) for name, value in raw.items()}


def _holds_text(annotation: Any) -> bool:
    return isinstance(annotation, str) or any(
        _holds_text(part) for part in getattr(annotation, "__args__", ())
    )


def _closure(fn: Callable[..., Any]) -> dict[str, Any]:
    try:
        return dict(inspect.getclosurevars(inspect.unwrap(fn)).nonlocals)
    except (TypeError, ValueError):
        return {}


def _evaluate(fn: Callable[..., Any], annotation: Any) -> Any:
    if annotation is None:
        return type(None)
    if not isinstance(annotation, str):
        return annotation
    try:
        value = eval(annotation, getattr(inspect.unwrap(fn), "__globals__", {}), _closure(fn))
    except Exception:
        return _Unresolved(annotation)
    return type(None) if value is None else value


class _Unresolved:
    """An annotation with a name that is unknown at run time, as a string."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"'{self.text}' (a name that is not known here)"


def _context_annotation(annotation: Any, what: str, fn: Callable[..., Any]) -> str:
    if annotation is _Parameter.empty or annotation is Any:
        return "any"
    if isinstance(annotation, _Unresolved):
        name = annotation.text.rpartition(".")[2]
        return {"OpExecutionContext": "op", "AssetExecutionContext": "asset"}.get(name, "any")
    marker = getattr(annotation, "__dagflow_context__", None)
    if marker is None:
        raise DagflowInvalidDefinitionError(
            f"{what} ({location(fn)}): the context parameter is annotated with {annotation!r}. Annotate it "
            "with OpExecutionContext, with AssetExecutionContext (assets only), or not at all."
        )
    return str(marker)


def resolved(annotation: Any) -> Any:
    """Return the annotation, or `inspect.Parameter.empty` if a name in it is unknown at run time."""
    return _Parameter.empty if isinstance(annotation, _Unresolved) else annotation
