"""The types for the rarer forms of `typing`: unions, `Literal`, `Callable`, `type[...]`, `NewType`, aliases.

A form is checked as its meaning says. A form that cannot be checked counts as Any.
"""

# ruff: noqa: UP006, UP007 - these spellings build types at run time
from __future__ import annotations

import collections
import collections.abc as abc
import types
import typing
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any as AnyValue
from typing import Union

from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.types.containers import Container, Optional, Tuple, first_failure
from dagflow.types.kinds import (
    PASSED,
    Any,
    Bool,
    DagflowType,
    LibraryType,
    Nothing,
    String,
    TypeCheck,
    TypeCheckContext,
    must_be,
)
from dagflow.types.loaders import DagflowTypeLoader, ListLoader

FILES = frozenset({"IO", "TextIO", "BinaryIO", "Any"})
"""Classes of `typing` that no value is an instance of, by `isinstance`."""
_UNCHECKED = frozenset({"NoReturn", "Never", "Self", "Final", "ClassVar", "Any", "TypeAlias", "NamedTuple"})
_WRAPPERS = frozenset({"Final", "ClassVar", "Required", "NotRequired", "ReadOnly"})
_BOOLS = frozenset({"TypeGuard", "TypeIs"})
_SIMPLE = (list, tuple, set, frozenset, collections.deque)
_WITH_ITEMS: frozenset[AnyValue] = frozenset(
    {
        tuple,
        frozenset,
        collections.deque,
        collections.defaultdict,
        collections.OrderedDict,
        collections.Counter,
        abc.Collection,
        abc.Container,
        abc.Iterable,
        abc.MutableMapping,
        abc.MutableSequence,
        abc.MutableSet,
        abc.Reversible,
        abc.Set,
    }
)
Resolve = Callable[[AnyValue, str], DagflowType]
"""`resolve_type`, which reads the parts of a form."""
_open_aliases: ContextVar[tuple[AnyValue, ...]] = ContextVar("_open_aliases", default=())
"""The aliases that are being resolved: an alias inside itself counts as Any."""


class UnionType(Container):
    """The type of the values of one of several types."""

    __slots__ = ()

    def __init__(self, *inner: DagflowType) -> None:
        names = ",".join(each.display_name for each in inner)
        annotation: AnyValue = Union[tuple([each.typing_type for each in inner])]
        super().__init__("Union", f"Union[{names}]", annotation, *inner)

    @property
    def supports_fan_in(self) -> bool:
        return any(inner.supports_fan_in for inner in self.inner_types)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        for inner in self.inner_types:
            if inner.type_check(context, value).success:
                return PASSED
        return TypeCheck(False, must_be(value, " or ".join(inner.display_name for inner in self.inner_types)))

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader | None:
        return None  # the config does not name one of the types


class ItemsType(Container):
    """The type of the instances of a class with items: `tuple[int, ...]`, `frozenset[int]`, `Iterable[int]`.

    The items of Python's own containers are checked. Those of other objects are not: an iterator would be
    used up, and a large array takes long.
    """

    __slots__ = ("_class",)

    def __init__(self, cls: type, name: str, annotation: AnyValue, *inner: DagflowType) -> None:
        super().__init__(f"{cls.__module__}.{cls.__qualname__}", name, annotation, *inner)
        self._class = cls

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemsType) and self._class is other._class and super().__eq__(other)

    def __hash__(self) -> int:
        return hash((self._class, self.inner_types))

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, self._class):
            return TypeCheck(False, must_be(value, self._class.__name__))
        first, *rest = self.inner_types
        if isinstance(value, dict):
            outcome = first_failure(first, context, value)
            return first_failure(rest[0], context, value.values()) if rest and outcome.success else outcome
        return first_failure(first, context, value) if isinstance(value, _SIMPLE) else PASSED

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader | None:
        return ListLoader(inner[0], self._class) if self._class in (tuple, frozenset) else None


def tuple_of(inner: DagflowType) -> ItemsType:
    """Return the type of tuples of any length with items of one type."""
    return ItemsType(tuple, f"Tuple[{inner.display_name},...]", typing.Tuple[inner.typing_type, ...], inner)


class LiteralType(LibraryType):
    """The type of a few values. A value of another class is not one of them: True is not 1."""

    __slots__ = ("_values",)

    def __init__(self, values: tuple[AnyValue, ...], loader: DagflowTypeLoader | None) -> None:
        super().__init__(f"Literal[{','.join(map(repr, values))}]")
        self._values = values
        self._loader = loader
        self._typing_type = typing.Literal[values]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LiteralType) and bool(self._typing_type == other._typing_type)

    def __hash__(self) -> int:
        return hash(self._values)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        for allowed in self._values:
            is_same_class = isinstance(value, type(allowed)) and isinstance(value, bool) == isinstance(
                allowed, bool
            )
            if is_same_class and value == allowed:
                return PASSED
        return TypeCheck(False, must_be(value, f"value of {self.display_name}"))


class ClassOfType(LibraryType):
    """The type of classes: `type[Cup]` is `Cup` and its subclasses."""

    __slots__ = ("_classes",)

    def __init__(self, *classes: type) -> None:
        super().__init__(f"Type[{','.join(cls.__name__ for cls in classes)}]")
        self._classes = classes
        self._typing_type = typing.Type[Union[classes]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassOfType) and self._classes == other._classes

    def __hash__(self) -> int:
        return hash(self._classes)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if isinstance(value, type) and issubclass(value, self._classes):
            return PASSED
        names = " or ".join(cls.__name__ for cls in self._classes)
        found = f"the class '{value.__name__}'" if isinstance(value, type) else f"a '{type(value).__name__}'"
        return TypeCheck(False, f"The value must be the class '{names}' or a subclass of it, not {found}.")


def form_type(given: AnyValue, where: str, resolve: Resolve) -> DagflowType | None:
    """Return the type for a form of `typing`; None if `given` is not a form of `typing`.

    Args:
        given: The annotation.
        where: The owner of the type, for the error message.
        resolve: Returns the type for a part of the form.
    """
    inside = unwrapped_form(given)
    if inside is not given:
        return _opened(given, inside, where, resolve)
    if isinstance(given, typing.TypeVar):
        return _type_of_variable(given, where, resolve)
    origin, arguments = typing.get_origin(given), typing.get_args(given)
    if origin is not None:
        return _generic_form(given, origin, arguments, where, resolve)
    name = _special_name(given)
    if name is None:
        return None
    if name == "LiteralString":
        return String
    if name == "TypedDict":
        return resolve(dict, where)
    return Any if name in _UNCHECKED or name in _VARIABLES else None


_VARIABLES = frozenset({"ParamSpec", "ParamSpecArgs", "ParamSpecKwargs", "TypeVarTuple"})


def _inner(annotation: AnyValue, where: str, resolve: Resolve) -> DagflowType:
    return Nothing if annotation is None else resolve(annotation, where)


def _special_name(given: AnyValue) -> str | None:
    """Return the name of a form without brackets, None if `given` is another object."""
    if "typing" not in type(given).__module__ and getattr(given, "__module__", None) != "typing":
        return None
    cls = type(given).__name__
    return cls if cls in _VARIABLES else getattr(given, "_name", None) or getattr(given, "__name__", None)


def unwrapped_form(annotation: AnyValue) -> AnyValue:
    """Return the annotation inside `Annotated`, `NewType`, an alias, `Final` and their like, at any depth.

    Raises:
        DagflowInvalidDefinitionError: The value of an alias cannot be evaluated.
    """
    seen: list[AnyValue] = []
    while not any(annotation is each for each in seen):
        seen.append(annotation)
        origin = typing.get_origin(annotation)
        if _is_alias(origin if origin is not None else annotation):
            annotation = _value_of_alias(annotation)
        elif origin is typing.Annotated:
            annotation = annotation.__origin__
        elif origin is not None and getattr(origin, "_name", None) in _WRAPPERS:
            annotation = typing.get_args(annotation)[0]
        elif type(annotation).__name__ == "InitVar":
            annotation = annotation.type
        elif type(annotation).__name__ == "NewType":
            annotation = annotation.__supertype__
    return annotation


def _is_alias(given: AnyValue) -> bool:
    return type(given).__name__ == "TypeAliasType"


def _value_of_alias(alias: AnyValue) -> AnyValue:
    """Return the value of an alias by `type X = ...`, with the arguments in its brackets."""
    arguments = typing.get_args(alias)
    try:
        value = (typing.get_origin(alias) if arguments else alias).__value__
    except Exception as error:
        raise DagflowInvalidDefinitionError(
            f"the alias {alias} cannot be evaluated ({type(error).__name__}: {error}): define its names first"
        ) from error
    if arguments and getattr(value, "__parameters__", ()):
        return value[arguments]
    return value


def _opened(given: AnyValue, inside: AnyValue, where: str, resolve: Resolve) -> DagflowType:
    """Return the type for the annotation inside a wrapper; Any if an alias contains itself."""
    outer = _open_aliases.get()
    origin = typing.get_origin(given)
    alias = origin if _is_alias(origin) else given
    if any(alias is each for each in outer):
        return Any
    reset = _open_aliases.set((*outer, alias))
    try:
        return _inner(inside, where, resolve)
    finally:
        _open_aliases.reset(reset)


def _type_of_variable(variable: AnyValue, where: str, resolve: Resolve) -> DagflowType:
    if variable.__constraints__:
        return _union(variable.__constraints__, where, resolve)
    bound = variable.__bound__
    return Any if bound is None or isinstance(bound, typing.ForwardRef) else resolve(bound, where)


def _union(parts: tuple[AnyValue, ...], where: str, resolve: Resolve) -> DagflowType:
    inner = [_inner(part, where, resolve) for part in parts if part is not type(None)]
    if any(each.is_any for each in inner):
        return Any
    found = inner[0] if len(inner) == 1 else UnionType(*inner)
    return Optional(found) if any(part is type(None) for part in parts) else found


def _generic_form(
    given: AnyValue, origin: AnyValue, arguments: tuple[AnyValue, ...], where: str, resolve: Resolve
) -> DagflowType | None:
    name = getattr(origin, "_name", None)
    if origin is Union or origin is types.UnionType:
        return _union(arguments, where, resolve)
    if name == "Literal":
        return _literal(arguments, where, resolve)
    if name in _BOOLS:
        return Bool
    if not isinstance(origin, type):
        return Any
    if origin is tuple and (not arguments or isinstance(arguments[0], tuple)):  # ((),) in Python 3.10
        return Tuple()
    if origin is tuple and arguments[-1] is Ellipsis and len(arguments) == 2:
        return tuple_of(_inner(arguments[0], where, resolve))
    if origin is tuple:
        return resolve(tuple, where)  # of a fixed and a variable part
    if origin is type and arguments:
        return _classes(arguments[0], where, resolve)
    if origin in _WITH_ITEMS and arguments:
        inner = [_inner(argument, where, resolve) for argument in arguments]
        names = ",".join(each.display_name for each in inner)
        return ItemsType(origin, f"{origin.__name__}[{names}]", given, *inner)
    return resolve(origin, where)


def _literal(values: tuple[AnyValue, ...], where: str, resolve: Resolve) -> DagflowType:
    loader = None
    if len({type(value) for value in values}) == 1 and type(values[0]) in (int, str, bool):
        loader = resolve(type(values[0]), where).loader
    return LiteralType(values, loader)


def _classes(argument: AnyValue, where: str, resolve: Resolve) -> DagflowType:
    """Return the type of a class or its subclasses: for `type[argument]`."""
    if isinstance(argument, typing.TypeVar):
        parts = list(argument.__constraints__) or [argument.__bound__]
    else:
        is_union = typing.get_origin(argument) in (Union, types.UnionType)
        parts = list(typing.get_args(argument)) if is_union else [argument]
    parts = [typing.get_origin(part) or part for part in map(unwrapped_form, parts)]
    if any(not isinstance(part, type) or part is AnyValue for part in parts):
        return resolve(type, where)
    if any(getattr(part, "_is_protocol", False) for part in parts):
        return resolve(type, where)
    return ClassOfType(*parts)
