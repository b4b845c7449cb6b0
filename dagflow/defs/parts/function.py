"""The only reader of the signature of a user's function.

A `Body` holds how the function is called: its context, config, resources and inputs, and whether it returns,
yields or is awaited. Contexts, Config classes and resource types are recognized by a marker attribute of the
class (`__dagflow_context__`, `__dagflow_config__`, `__dagflow_resource__`), so that this module imports none
of them.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from functools import partial
from types import FunctionType, GenericAlias, MethodType, UnionType
from typing import Any

from dagflow._util import UNSET, nearest
from dagflow.copies import Copied
from dagflow.defs.parts.evaluation import Unresolved, code_of, evaluated, own_annotations, unwrapped
from dagflow.errors import DagflowInvalidDefinitionError, repr_of
from dagflow.types.annotations import plain_form

CONTEXT_NAMES = frozenset({"context", "_context", "context_", "_"})
POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD = range(5)
"""The roles of a parameter, numbered as `inspect.Parameter.kind` numbers them."""

# flags of a code object; `inspect` names them too, but takes 6 ms to import
_VAR_POSITIONAL, _VAR_KEYWORD, _GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x04, 0x08, 0x20, 0x80, 0x200


class Parameter(Copied):
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
    if not _is_plain(fn):
        return _inspected(fn)[0]
    code, names = fn.__code__, iter(fn.__code__.co_varnames)
    annotations, count = own_annotations(fn), code.co_argcount
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


def check_decorated(fn: object, decorator: str) -> None:
    """Raise DagflowInvalidDefinitionError if the argument of a decorator is not a function."""
    if not callable(fn):
        raise DagflowInvalidDefinitionError(f"@{decorator} must decorate a function, not {repr_of(fn)}")


def _is_plain(fn: Callable[..., Any]) -> bool:
    return type(fn) is FunctionType and not hasattr(fn, "__wrapped__") and not hasattr(fn, "__signature__")


def _inspected(fn: Callable[..., Any]) -> tuple[list[Parameter], Any]:
    """Return the parameters and the return annotation of a callable, UNSET without one."""
    import inspect

    if sys.version_info >= (3, 14):
        import annotationlib

        signature = inspect.signature(fn, annotation_format=annotationlib.Format.FORWARDREF)
    else:
        signature = inspect.signature(fn)
    empty = inspect.Parameter.empty
    parameters = [
        Parameter(
            parameter.name,
            int(parameter.kind),
            UNSET if parameter.annotation is empty else parameter.annotation,
            UNSET if parameter.default is empty else parameter.default,
        )
        for parameter in signature.parameters.values()
    ]
    returned = signature.return_annotation
    return parameters, UNSET if returned is empty else returned


def documentation_of(fn: Any) -> str | None:
    """Return the docstring of a function without its indentation, None if there is none."""
    if type(fn) is FunctionType:
        text = fn.__doc__
        if text is None or "\n" not in text:
            return text if text is None else text.strip()
    import inspect  # to remove the indentation

    return inspect.getdoc(fn)


class Body(Copied):
    """A user's function and how it is called.

    Attributes:
        fn: The function.
        function_type: "plain" (returns), "generator", "async" or "async_generator".
        is_indirect: Whether this is the type of a function that `fn`, a plain function, wraps. Then the
            result of `fn` decides, because `fn` may have waited for the other function.
        context: The annotation of the context parameter: "any", "op", "asset" or "check"; None without a
            context.
        context_name: The name of the context parameter.
        context_first: Whether the context is the first positional argument. If not, it is passed by name.
        config: The annotation of the `config` parameter; None without this parameter.
        config_default: The default of the `config` parameter, UNSET if there is none.
        read_config: Converts checked config to the value of the parameter; None if they are the same. Set by
            the definition.
        resources: The parameters that receive resources.
        optional_resources: Those of `resources` that are None if there is no resource.
        inputs: The other parameters, in order.
        is_bound: Whether a run passes further arguments by name: config, resources, or the context.
        order: The names of the parameters for positional arguments: all but the context, in order.
        return_annotation: The return annotation, UNSET if there is none.
        takes_any_keyword: Whether the function has `**kwargs`.
    """

    __slots__ = (
        "config",
        "config_default",
        "context",
        "context_first",
        "context_name",
        "fn",
        "function_type",
        "inputs",
        "is_bound",
        "is_indirect",
        "optional_resources",
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
        self.optional_resources: frozenset[str] = frozenset()
        self.context_first: bool = False
        self.takes_any_keyword: bool = False
        parameters = named_parameters(fn, what)
        annotations = annotations_of(fn)
        self.return_annotation: Any = annotations.get("return", UNSET)
        inputs = []
        for position, parameter in enumerate(parameters):
            annotation = annotations.get(parameter.name, parameter.annotation)
            by_keyword = parameter.role == KEYWORD_ONLY
            is_first = position == 0 and parameter.role not in (VAR_POSITIONAL, VAR_KEYWORD)
            if parameter.name in CONTEXT_NAMES and self.context is None and (is_first or by_keyword):
                self.context, self.context_name = _context_annotation(annotation, what, fn), parameter.name
                self.context_first = not by_keyword
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
                refuse_factory(annotation, parameter.name, what, fn)
                self.resources += (parameter.name,)
                if parameter.default is None or (not parameter.has_default and _allows_none(annotation)):
                    self.optional_resources |= {parameter.name}
            else:
                parameter.annotation = annotation
                inputs.append(parameter)
        self.inputs: tuple[Parameter, ...] = tuple(inputs)
        by_name = self.context is not None and not self.context_first
        self.is_bound: bool = self.config is not None or bool(self.resources) or by_name
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
    code = code_of(unwrapped(fn)) if callable(fn) else None
    return f"{code.co_filename}:{code.co_firstlineno}" if code else "unknown place"


def is_resource_annotation(annotation: Any) -> bool:
    """Return whether a parameter with this annotation receives a resource.

    Always for the class of a resource and for `ResourceParam`, also inside Optional, Annotated and aliases.
    """
    if isinstance(annotation, type):
        return hasattr(annotation, "__dagflow_resource__")
    if isinstance(annotation, GenericAlias):
        return hasattr(annotation.__origin__, "__dagflow_resource__")
    if annotation is UNSET or isinstance(annotation, Unresolved):
        return False
    if _is_resource_param(annotation):
        return True
    parts = _alternatives(annotation)
    if len(parts) != 1 or parts[0] is not annotation:
        return bool(parts) and all(map(is_resource_annotation, parts))
    return hasattr(typing.get_origin(annotation) or annotation, "__dagflow_resource__")


def _is_resource_param(annotation: Any) -> bool:
    notes = getattr(annotation, "__metadata__", ())
    return isinstance(notes, tuple) and any(hasattr(note, "__dagflow_resource__") for note in notes)


def _alternatives(annotation: Any) -> list[Any]:
    """Return the parts of a union without None, or the annotation itself, without Annotated and aliases."""
    plain = plain_form(annotation)
    if typing.get_origin(plain) not in (typing.Union, UnionType):
        return [plain]
    return [part for part in typing.get_args(plain) if part is not type(None)]


def _allows_none(annotation: Any) -> bool:
    if _is_resource_param(annotation):
        return False  # `ResourceParam[X | None]`: the resource exists, its value may be None
    plain = plain_form(annotation)
    is_union = typing.get_origin(plain) in (typing.Union, UnionType)
    return is_union and any(part is type(None) for part in typing.get_args(plain))


def refuse_factory(annotation: Any, name: str, what: str, fn: Callable[..., Any]) -> None:
    """Raise if the annotation is a class whose objects create a resource, but are not one."""
    if any(getattr(part, "__dagflow_resource__", None) == "factory" for part in _alternatives(annotation)):
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
    if not found:
        return None
    annotation = resolved(found[0], "the config", fn, "remove the annotation")
    return annotation if is_config_annotation(annotation) else None


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
    code = code_of(target)
    flags = 0 if code is None else code.co_flags
    if flags & _GENERATOR:
        return "generator"
    if flags & _COROUTINE or hasattr(target, "_is_coroutine_mark"):  # of inspect.markcoroutinefunction
        return "async"
    return "async_generator" if flags & _ASYNC_GENERATOR else "plain"


def annotations_of(fn: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a callable as objects. See `evaluated` for unknown names."""
    return evaluated(own_annotations(fn) if _is_plain(fn) else _inspected_annotations(fn), fn)


def _inspected_annotations(fn: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a callable that is no plain function, as they were written.

    A class returns its instance, whatever its `__init__` is annotated with.
    """
    try:
        parameters, returned = _inspected(fn)
    except (TypeError, ValueError):  # the caller reads the signature too, and reports the error
        return {}
    raw = {each.name: each.annotation for each in parameters if each.annotation is not UNSET}
    target = unwrapped(fn)
    while isinstance(target, partial):
        target = unwrapped(target.func)
    if isinstance(target, type):
        create: Any = target.__new__
        is_usual = type(target).__call__ is type.__call__ and create is object.__new__
        return {**raw, "return": target} if is_usual else raw
    if returned is not UNSET:
        raw["return"] = returned
    if isinstance(unwrapped(fn), FunctionType):
        raw.update(own_annotations(unwrapped(fn)))
    return raw


def _context_annotation(annotation: Any, what: str, fn: Callable[..., Any]) -> str:
    if annotation is UNSET or annotation is Any:
        return "any"
    if isinstance(annotation, Unresolved):
        known = {
            "OpExecutionContext": "op",
            "AssetExecutionContext": "asset",
            "AssetCheckExecutionContext": "check",
        }
        name = annotation.text.strip("'\"").rpartition(".")[2]
        if name in known:  # often imported under `if TYPE_CHECKING` only
            return known[name]
        resolved(annotation, f"the context parameter of {what}", fn, "remove the annotation")
    markers = {getattr(part, "__dagflow_context__", None) for part in _alternatives(annotation)}
    if None in markers:
        raise DagflowInvalidDefinitionError(
            f"{what} ({location(fn)}): the context parameter is annotated with {repr_of(annotation)}. "
            f"Annotate it "
            "with OpExecutionContext, with AssetExecutionContext (assets only), with "
            "AssetCheckExecutionContext (checks only), or not at all."
        )
    return str(markers.pop()) if len(markers) == 1 else "any"


def resolved(annotation: Any, place: str, fn: Callable[..., Any], remedy: str) -> Any:
    """Return the annotation, UNSET without one.

    Args:
        annotation: The annotation, from `Body` or `annotations_of`.
        place: The annotated object, for the message.
        fn: The function with the annotation.
        remedy: Another way to give the type.

    Raises:
        DagflowInvalidDefinitionError: A name in the annotation is unknown at run time.
    """
    if isinstance(annotation, Unresolved):
        raise DagflowInvalidDefinitionError(
            f"{place} ({location(fn)}): its annotation '{annotation.text}' cannot be evaluated "
            f"({annotation.reason}). Define or import its names before the function, and not only under "
            f"'if TYPE_CHECKING', or {remedy}."
        )
    return annotation


def context_hint(name: str, annotation: Any = None) -> str:
    """Return a hint for the error about an input without a value that is probably meant as the context.

    Args:
        name: The name of the input.
        annotation: Its annotation.

    Example:
        >>> context_hint("ctx")
        " Did you mean the context? Its parameter is the first or keyword-only, and named 'context'."
        >>> context_hint("beans")
        ''
    """
    is_context = hasattr(annotation, "__dagflow_context__") or name.strip("_") in _SHORT_FOR_CONTEXT
    if is_context or nearest(name, ["context"]):
        return " Did you mean the context? Its parameter is the first or keyword-only, and named 'context'."
    return ""


_SHORT_FOR_CONTEXT = frozenset({"ctx", "ctxt", "cx", "cxt"})
