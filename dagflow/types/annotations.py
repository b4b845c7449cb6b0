"""Conversion of annotations, classes and generics to types, and the types that users register for classes.

Classes, containers and optional values are read here, the rarer forms of `typing` in `forms.py`.
"""

# ruff: noqa: UP006 - `typing.List` and its like are types, and the spelling of annotations that are kept
from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any as AnyValue
from typing import TypeVar, Union, overload
from weakref import WeakSet

from dagflow.errors import (
    DagflowInvalidDefinitionError,
    check_type,
    repr_of,
)
from dagflow.types import containers
from dagflow.types.kinds import (
    Any,
    Bool,
    ClassType,
    DagflowType,
    Float,
    Int,
    Nothing,
    PythonObjectDagflowType,
    String,
)
from dagflow.types.loaders import (
    DagflowTypeLoader,
    PlainDictLoader,
)


class _Generic:
    """A generic type such as `dagflow.List`. All but `Optional` can also be used without brackets.

    Unlike the generic types of `typing`, it takes a DagflowType in the brackets.
    """

    __slots__ = ("_count", "_make", "_name")

    def __init__(self, make: Callable[..., DagflowType], count: int | None) -> None:
        self._make = make
        self._name = make.__name__
        self._count = count

    def __getitem__(self, given: AnyValue) -> DagflowType:
        parts = given if isinstance(given, tuple) else (given,)
        if self._make is containers.Tuple and len(parts) == 2 and parts[1] is Ellipsis:
            from dagflow.types.forms import tuple_of

            return tuple_of(resolve_type(parts[0], "the type inside Tuple[...]"))
        if self._count not in (None, len(parts)):
            raise DagflowInvalidDefinitionError(
                f"{self._name}[...] takes {self._count} type{'s'[: self._count != 1]}, not {len(parts)}"
            )
        return self._make(*(resolve_type(part, f"the type inside {self._name}[...]") for part in parts))

    def __repr__(self) -> str:
        return f"dagflow.{self._name}"


List: _Generic = _Generic(containers.List, 1)
Set: _Generic = _Generic(containers.Set, 1)
Dict: _Generic = _Generic(containers.Dict, 2)
Tuple: _Generic = _Generic(containers.Tuple, None)
Optional: _Generic = _Generic(containers.Optional, 1)

_LIST = containers.List(Any)
_DICT = PythonObjectDagflowType(dict, "PythonDict", "dict", loader=PlainDictLoader())
_KNOWN: dict[AnyValue, DagflowType] = {
    None: Any,
    AnyValue: Any,
    type(None): Nothing,
    int: Int,
    float: Float,
    str: String,
    bool: Bool,
    list: _LIST,
    List: _LIST,
    typing.List: _LIST,
    typing.Sequence: _LIST,
    dict: _DICT,
    Dict: _DICT,
    typing.Dict: _DICT,
    typing.Mapping: _DICT,
    tuple: ClassType(tuple, "PythonTuple", "tuple"),
    set: ClassType(set, "PythonSet", "set"),
    complex: ClassType((complex, float, int), "complex", "complex"),  # as for type checkers
}
_KNOWN[typing.Tuple] = _KNOWN[Tuple] = _KNOWN[tuple]
_KNOWN[typing.Set] = _KNOWN[Set] = _KNOWN[set]
_registered: dict[type, DagflowType] = {}
"""The types that users registered for classes. A class has at most one."""
_inferred: WeakSet[type] = WeakSet()
"""The classes that were used as a type without a registered one; registering a type for them is an error."""


def resolve_type(given: AnyValue, where: str) -> DagflowType:
    """Return the type for an annotation, a class or a DagflowType.

    Args:
        given: The annotation, class or DagflowType.
        where: The owner of the type, for the error message ("input 'x' of op 'brew'").

    Raises:
        DagflowInvalidDefinitionError: `given` is not supported as a type.

    Example:
        >>> resolve_type(list[int], "input 'x'")
        <List [Int]>
        >>> resolve_type(None, "input 'x'")
        <Any Any>
    """
    if isinstance(given, DagflowType):
        return given
    try:
        known = _KNOWN.get(given)
    except Exception:  # not hashable
        known = None
    if known is not None:
        return known
    try:
        origin = getattr(given, "__origin__", None)
    except Exception as error:  # an object with its own `__getattr__`
        raise DagflowInvalidDefinitionError(
            f"{object.__repr__(given)} cannot be the type of {where}: {type(error).__name__}: {error}"
        ) from error
    if origin is not None or isinstance(given, types.UnionType):
        found = _generic_type(given, where)
        if found is not None:
            return found
    elif isinstance(given, type):
        return class_type(given, where)
    from dagflow.types.forms import form_type  # imported lazily: most annotations are classes and containers

    found = form_type(given, where, resolve_type)
    if found is not None:
        return found
    hint = " Did you mean 'typing.Any'?" if given is any else ""
    raise DagflowInvalidDefinitionError(
        f"{repr_of(given)} cannot be the type of {where}.{hint} Use a class, a form of typing such as "
        f"'list[int]', "
        "or create a DagflowType"
    )


_COMMON = (Union, types.UnionType, list, dict, set, tuple)


def plain_form(annotation: AnyValue) -> AnyValue:
    """Return an annotation without the parts that do not concern its values.

    These are `Annotated`, `NewType`, an alias by `type X = ...`, `Final` and their like.

    Example:
        >>> plain_form(typing.Annotated[int, "cups"])
        <class 'int'>
    """
    if annotation is AnyValue or type(annotation) is type:
        return annotation
    origin = typing.get_origin(annotation)
    if isinstance(annotation, type) if origin is None else origin in _COMMON:
        return annotation
    from dagflow.types.forms import unwrapped_form  # imported lazily: most annotations are classes

    return unwrapped_form(annotation)


def resolve_annotation(annotation: AnyValue, where: str) -> DagflowType:
    """Return the type for an annotation in a signature. None means no value.

    Raises:
        DagflowInvalidDefinitionError: The annotation is not supported; the message names the alternatives.
    """
    try:
        return Nothing if annotation is None else resolve_type(annotation, where)
    except DagflowInvalidDefinitionError as error:
        raise DagflowInvalidDefinitionError(
            f"{error}. It comes from an annotation: correct it, or give the type with In(...) or Out(...)."
        ) from None


def class_type(cls: type, where: str) -> DagflowType:
    """Return the type for a class: the registered one, or a check by `isinstance`."""
    registered = _registered.get(cls)
    if registered is not None:
        return registered
    if getattr(cls, "_is_protocol", False) and not getattr(cls, "_is_runtime_protocol", False):
        return Any  # `isinstance` does not work
    if cls.__module__ == "typing" or cls.__module__ == "typing_extensions":
        from dagflow.types.forms import FILES

        if cls.__name__ in FILES:
            return Any
    _inferred.add(cls)
    # `typing_extensions` has a metaclass of its own, which `typing` does not know
    is_typed_dict = typing.is_typeddict(cls) or type(cls).__name__ == "_TypedDictMeta"
    checked = dict if is_typed_dict else cls
    return ClassType(checked, f"{cls.__module__}.{cls.__qualname__}", cls.__name__)


def inner_type(annotation: AnyValue, where: str) -> DagflowType:
    """Return the type for a part of an annotation, where None is the value None."""
    return Nothing if annotation is None else resolve_type(annotation, where)


def _generic_type(annotation: AnyValue, where: str) -> DagflowType | None:
    """Return the type for an annotation such as `list[int]`; None for a rare form."""
    import collections.abc as abc

    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if not arguments or any(argument is Ellipsis for argument in arguments):
        return None
    if origin is Union or origin is types.UnionType:
        inner = [argument for argument in arguments if argument is not type(None)]
        return (
            containers.Optional(resolve_type(inner[0], where))
            if len(inner) == 1 and len(arguments) == 2
            else None
        )
    if origin is list or origin is abc.Sequence:
        return containers.List(inner_type(arguments[0], where))
    if origin is dict or origin is abc.Mapping:
        return containers.Dict(inner_type(arguments[0], where), inner_type(arguments[1], where))
    if origin is set:
        return containers.Set(inner_type(arguments[0], where))
    if origin is tuple and not any(map(_is_unpacked, arguments)):
        return containers.Tuple(*(inner_type(argument, where) for argument in arguments))
    return None


def _is_unpacked(annotation: AnyValue) -> bool:
    origin = typing.get_origin(annotation)
    return getattr(annotation, "__unpacked__", False) or getattr(origin, "_name", "") == "Unpack"


_Class = TypeVar("_Class", bound=type)


@overload
def usable_as_dagflow_type(name: _Class) -> _Class: ...
@overload
def usable_as_dagflow_type(
    name: str | None = None, description: str | None = None, loader: DagflowTypeLoader | None = None
) -> Callable[[_Class], _Class]: ...
def usable_as_dagflow_type(
    name: AnyValue = None, description: str | None = None, loader: DagflowTypeLoader | None = None
) -> _Class | Callable[[_Class], _Class]:
    """Register a type for a class, with a name, a description and a loader. Usable with or without arguments.

    Args:
        name: The name of the type. Default: the name of the class.
        description: The meaning of the values.
        loader: A loader that builds a value from config, for inputs without an upstream output.

    Raises:
        DagflowInvalidDefinitionError: The class has a type already.
        ParameterCheckError: The decorated object is not a class, or an argument has the wrong type.

    Example:
        >>> @usable_as_dagflow_type(name="Drink")
        ... class Tea: ...
        >>> resolve_type(Tea, "input 'x'")
        <PythonObjectDagflowType Drink>
    """

    def decorate(cls: _Class) -> _Class:
        given = PythonObjectDagflowType(
            cls, name=None if name is cls else name, description=description, loader=loader
        )
        make_python_type_usable_as_dagflow_type(cls, given)
        return cls

    if name is None or isinstance(name, str):
        return decorate
    return decorate(name)


def make_python_type_usable_as_dagflow_type(python_type: type, dagflow_type: DagflowType) -> None:
    """Register the type for a class that is used as an annotation.

    Args:
        python_type: The class.
        dagflow_type: The type.

    Raises:
        DagflowInvalidDefinitionError: The class has another type already, or was used as a type before.
    """
    check_type(python_type, type, "python_type")
    check_type(dagflow_type, DagflowType, "dagflow_type")
    known = _KNOWN.get(python_type) or _registered.get(python_type)
    if known is dagflow_type:
        return
    if known is not None:
        raise DagflowInvalidDefinitionError(
            f"'{python_type.__name__}' is registered for the type '{known.display_name}' already, "
            "and a class can have only one type"
        )
    if python_type in _inferred:
        raise DagflowInvalidDefinitionError(
            f"'{python_type.__name__}' was used as a type before a type was registered for it: call "
            "make_python_type_usable_as_dagflow_type before the first definition that uses the class"
        )
    _registered[python_type] = dagflow_type
