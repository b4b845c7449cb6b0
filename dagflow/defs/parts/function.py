"""The only reader of the signature of a user's function.

A `Body` holds how the function is called: its context, config, resources and inputs, and whether it returns,
yields or is awaited. Contexts, Config classes and resource types are recognized by a marker attribute of the
class (`__dagflow_context__`, `__dagflow_config__`, `__dagflow_resource__`), so that this module imports none
of them.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import CellType, FunctionType, MethodType
from typing import Any

from dagflow._util import UNSET
from dagflow.errors import DagflowInvalidDefinitionError, repr_of

CONTEXT_NAMES = frozenset({"context", "_context", "context_", "_"})
POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD = range(5)
"""The roles of a parameter, numbered as `inspect.Parameter.kind` numbers them."""

# flags of a code object; `inspect` names them too, but takes 6 ms to import
_VAR_POSITIONAL, _VAR_KEYWORD, _GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x04, 0x08, 0x20, 0x80, 0x200


_EMPTY_CELL = CellType()


class Parameter:
    """A parameter of a function. `annotation` and `default` are UNSET if there is none."""

    __slots__ = ("annotation", "default", "name", "role")

    def __init__(
        self, name: str, role: int = POSITIONAL_OR_KEYWORD, annotation: Any = UNSET, default: Any = UNSET
    ) -> None:
        self.name: str = name
        self.role: int = role
        self.annotation: Any = annotation
        self.default: Any = default

    @property
    def has_default(self) -> bool:
        """Whether the signature gives a default."""
        return self.default is not UNSET


def parameters_of(fn: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of a function, in order.

    A plain function is read directly; `inspect`, which is slow to import, reads everything else.

    Raises:
        TypeError, ValueError: The signature cannot be read.

    Example:
        >>> [(parameter.name, parameter.has_default) for parameter in parameters_of(lambda a, b=1: a)]
        [('a', False), ('b', True)]
    """
    if type(fn) is not FunctionType or hasattr(fn, "__wrapped__") or hasattr(fn, "__signature__"):
        return _inspected_parameters(fn)
    code, names = fn.__code__, iter(fn.__code__.co_varnames)
    annotations, count = fn.__annotations__, code.co_argcount
    defaults = dict(zip(range(count - 1, -1, -1), reversed(fn.__defaults__ or ()), strict=False))
    parameters = [
        Parameter(
            name,
            POSITIONAL_ONLY if position < code.co_posonlyargcount else POSITIONAL_OR_KEYWORD,
            annotations.get(name, UNSET),
            defaults.get(position, UNSET),
        )
        for position, name in zip(range(count), names, strict=False)
    ]
    keywords = [name for _, name in zip(range(code.co_kwonlyargcount), names, strict=False)]
    if code.co_flags & _VAR_POSITIONAL:
        name = next(names)
        parameters.append(Parameter(name, VAR_POSITIONAL, annotations.get(name, UNSET)))
    values = fn.__kwdefaults__ or {}
    for name in keywords:
        annotation = annotations.get(name, UNSET)
        parameters.append(Parameter(name, KEYWORD_ONLY, annotation, values.get(name, UNSET)))
    if code.co_flags & _VAR_KEYWORD:
        name = next(names)
        parameters.append(Parameter(name, VAR_KEYWORD, annotations.get(name, UNSET)))
    return parameters


def named_parameters(fn: Callable[..., Any], what: str) -> list[Parameter]:
    """Return the parameters of a function of user code, as `parameters_of`.

    Args:
        fn: The function.
        what: The definition, for messages.

    Raises:
        DagflowInvalidDefinitionError: The signature cannot be read.
    """
    try:
        return parameters_of(fn)
    except (TypeError, ValueError) as error:
        raise DagflowInvalidDefinitionError(
            f"{what}: the signature of {repr_of(fn)} cannot be read"
        ) from error


def name_of(fn: Any) -> str:
    """Return the name of a function, or the name of the class of another callable object."""
    name = getattr(fn, "__name__", None)
    return name if isinstance(name, str) else type(fn).__name__


def _inspected_parameters(fn: Callable[..., Any]) -> list[Parameter]:
    import inspect

    return [
        Parameter(
            parameter.name,
            int(parameter.kind),
            UNSET if parameter.annotation is parameter.empty else parameter.annotation,
            UNSET if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in inspect.signature(fn).parameters.values()
    ]


def unwrapped(fn: Any) -> Any:
    """Return the function behind decorators that set `__wrapped__`."""
    seen = {id(fn)}
    while hasattr(fn, "__wrapped__"):
        fn = fn.__wrapped__
        if id(fn) in seen:
            break  # it wraps itself, so that its signature cannot be read
        seen.add(id(fn))
    return fn


def documentation_of(fn: Any) -> str | None:
    """Return the docstring of a function without its indentation, None if there is none."""
    if type(fn) is FunctionType:
        text = fn.__doc__
        if text is None or "\n" not in text:
            return text if text is None else text.strip()
    import inspect  # to remove the indentation

    return inspect.getdoc(fn)


class Body:
    """A user's function and how it is called.

    Attributes:
        fn: The function.
        function_type: "plain" (returns), "generator", "async" or "async_generator".
        is_indirect: Whether this is the type of a function that `fn`, a plain function, wraps. Then the
            result of `fn` decides, because `fn` may have waited for the other function.
        context: The annotation of the context parameter: "any", "op" or "asset"; None without a context.
        context_name: The name of the context parameter.
        config: The annotation of the `config` parameter; None without this parameter.
        config_default: The default of the `config` parameter, UNSET if there is none.
        read_config: Converts checked config to the value of the parameter; None if they are the same. Set by
            the definition.
        resources: The parameters that receive resources.
        inputs: The other parameters, in order.
        order: The names of the parameters for positional arguments: all but the context, in order.
        return_annotation: The return annotation, UNSET if there is none.
        takes_any_keyword: Whether the function has `**kwargs`.
    """

    __slots__ = (
        "config",
        "config_default",
        "context",
        "context_name",
        "fn",
        "function_type",
        "inputs",
        "is_indirect",
        "order",
        "read_config",
        "resources",
        "return_annotation",
        "takes_any_keyword",
    )

    def __init__(self, fn: Callable[..., Any], what: str) -> None:
        self.fn: Callable[..., Any] = fn
        self.function_type: str = function_type_of(fn)
        self.is_indirect: bool = self.function_type != "plain" and _type_of_code(fn) == "plain"
        self.context: str | None = None
        self.context_name: str | None = None
        self.config: Any = None
        self.config_default: Any = UNSET
        self.read_config: Callable[[Any], Any] | None = None
        self.resources: tuple[str, ...] = ()
        self.takes_any_keyword: bool = False
        parameters = named_parameters(fn, what)
        annotations = annotations_of(fn)
        self.return_annotation: Any = annotations.get("return", UNSET)
        inputs = []
        for position, parameter in enumerate(parameters):
            annotation = annotations.get(parameter.name, parameter.annotation)
            if position == 0 and parameter.name in CONTEXT_NAMES:
                self.context, self.context_name = _context_annotation(annotation, what, fn), parameter.name
            elif parameter.name == "context":
                raise DagflowInvalidDefinitionError(
                    f'"context" is not a valid name for an input of {what} ({location(fn)}): it is reserved '
                    "for the context. Make it the first parameter."
                )
            elif parameter.role == VAR_KEYWORD:
                self.takes_any_keyword = True
            elif parameter.role in (VAR_POSITIONAL, POSITIONAL_ONLY):
                is_vararg = parameter.role == VAR_POSITIONAL
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
                parameter.annotation = annotation
                inputs.append(parameter)
        self.inputs: tuple[Parameter, ...] = tuple(inputs)
        self.order: tuple[str, ...] = tuple(
            parameter.name
            for parameter in parameters
            if parameter.name != self.context_name and parameter.role != VAR_KEYWORD
        )

    @property
    def is_generator(self) -> bool:
        """True if the function yields."""
        return self.function_type in ("generator", "async_generator")


def location(fn: Any) -> str:
    """Return the file and line of a function, for messages.

    Example:
        >>> location(len)
        'unknown place'
    """
    code = getattr(unwrapped(fn), "__code__", None) if callable(fn) else None
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
    """Return the Config class that annotates the parameter of a function, or None."""
    found = [value for name, value in annotations_of(fn).items() if name != "return"]
    return found[0] if found and is_config_annotation(found[0]) else None


def function_type_of(fn: Callable[..., Any]) -> str:
    """Return "plain", "generator", "async" or "async_generator".

    It is the type of the function that a plain function wraps.
    """
    found = _type_of_code(fn)
    return _type_of_code(unwrapped(fn)) if found == "plain" and hasattr(fn, "__wrapped__") else found


def _type_of_code(target: Any) -> str:
    while isinstance(target, partial):
        target = target.func
    if not isinstance(target, (FunctionType, MethodType)):
        target = type(target).__call__  # a callable object
    code = getattr(target, "__code__", None)
    flags = 0 if code is None else code.co_flags
    if flags & _GENERATOR:
        return "generator"
    if flags & _COROUTINE or hasattr(target, "_is_coroutine_mark"):  # of inspect.markcoroutinefunction
        return "async"
    return "async_generator" if flags & _ASYNC_GENERATOR else "plain"


def annotations_of(fn: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations as objects. An annotation with a name that is unknown at run time becomes an
    `_Unresolved`.
    """
    target = unwrapped(fn)
    raw = getattr(target, "__annotations__", None) or {}
    if not any(_holds_string(value) for value in raw.values()):
        return {name: type(None) if value is None else value for name, value in raw.items()}
    if not hasattr(target, "__wrapped__"):  # `typing` never ends for a function that wraps itself
        with suppress(Exception):
            return typing.get_type_hints(target, localns=_closure(fn), include_extras=True)
    return {name: _evaluate(fn, value) for name, value in raw.items()}


def _holds_string(annotation: Any) -> bool:
    parts = getattr(annotation, "__args__", ())
    return isinstance(annotation, str) or (
        isinstance(parts, tuple) and any(_holds_string(part) for part in parts)
    )


def _closure(fn: Callable[..., Any]) -> dict[str, Any]:
    """Return the values of the variables that a function closes over; empty ones are left out."""
    target = unwrapped(fn)
    names = getattr(getattr(target, "__code__", None), "co_freevars", ())
    cells = getattr(target, "__closure__", None) or ()
    return {
        name: cell.cell_contents
        for name, cell in zip(names, cells, strict=False)
        if cell != _EMPTY_CELL  # its variable is not assigned yet
    }


def _evaluate(fn: Callable[..., Any], annotation: Any) -> Any:
    if annotation is None:
        return type(None)
    if not isinstance(annotation, str):
        return annotation
    try:
        value = eval(annotation, getattr(unwrapped(fn), "__globals__", {}), _closure(fn))
    except Exception:
        return _Unresolved(annotation)
    return type(None) if value is None else value


class _Unresolved:
    """An annotation with a name that is unknown at run time, as a string."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"'{self.text}' (a name that is unknown at run time)"


def _context_annotation(annotation: Any, what: str, fn: Callable[..., Any]) -> str:
    if annotation is UNSET or annotation is Any:
        return "any"
    if isinstance(annotation, _Unresolved):
        name = annotation.text.rpartition(".")[2]
        return {"OpExecutionContext": "op", "AssetExecutionContext": "asset"}.get(name, "any")
    marker = getattr(annotation, "__dagflow_context__", None)
    if marker is None:
        raise DagflowInvalidDefinitionError(
            f"{what} ({location(fn)}): the context parameter is annotated with {repr_of(annotation)}. "
            f"Annotate it "
            "with OpExecutionContext, with AssetExecutionContext (assets only), or not at all."
        )
    return str(marker)


def resolved(annotation: Any) -> Any:
    """Return the annotation, or UNSET if a name in it is unknown at run time."""
    return UNSET if isinstance(annotation, _Unresolved) else annotation
