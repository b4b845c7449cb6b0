"""Conversion of annotations, classes and generics to types, and the types that users register for classes.

The types with inner types (`list[int]`, `Cup | None`) are here too, because only annotations create them.
"""

# ruff: noqa: UP006 - `typing.List` and its like are types, and the spelling of annotations that are kept
from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable
from typing import Any as AnyValue
from typing import TypeVar, Union, overload
from weakref import WeakSet

from dagflow.config.scalar import SCALARS
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    check_type,
    repr_of,
)
from dagflow.types.kinds import (
    PASSED,
    Any,
    Bool,
    ClassType,
    DagflowType,
    Float,
    Int,
    LibraryType,
    Nothing,
    PythonObjectDagflowType,
    String,
    TypeCheck,
    TypeCheckContext,
    must_be,
)
from dagflow.types.loaders import (
    DagflowTypeLoader,
    DictLoader,
    ListLoader,
    OptionalLoader,
    PlainDictLoader,
    TupleLoader,
)


class _Container(LibraryType):
    """A type with inner types. Its loader is built on first use: most inputs come from a step, not config."""

    __slots__ = ("_has_loader", "inner_types")

    def __init__(self, key: str, display_name: str, typing_type: AnyValue, *inner_types: DagflowType) -> None:
        super().__init__(f"{key}.{'.'.join(inner.key for inner in inner_types)}", display_name)
        self._typing_type = typing_type
        self.inner_types = inner_types
        self._has_loader: bool | None = None
        self.required_resource_keys = frozenset().union(
            *(inner.required_resource_keys for inner in inner_types)
        )

    @property
    def loader(self) -> DagflowTypeLoader | None:
        if self._has_loader is None:
            loaders = [inner.loader for inner in self.inner_types]
            present = [loader for loader in loaders if loader is not None]
            self._loader = self._make_loader(present) if len(present) == len(loaders) else None
            self._has_loader = self._loader is not None
        return self._loader

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader | None:
        raise NotImplementedError

    @property
    def inner_type(self) -> DagflowType:
        """The type of the items, or of the value that may be None."""
        return self.inner_types[-1]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.inner_types == other.inner_types

    def __hash__(self) -> int:
        return hash((type(self), self.inner_types))


def _spelled(generic: AnyValue, *inner: DagflowType) -> AnyValue:
    return generic[tuple([each.typing_type for each in inner])]


def _first_failure(
    item_type: DagflowType, context: TypeCheckContext | None, values: Iterable[AnyValue]
) -> TypeCheck:
    """Return the type check of the first value that fails, or a passed one."""
    if not item_type.is_any:
        for value in values:
            outcome = item_type.type_check(context, value)
            if not outcome.success:
                return outcome
    return PASSED


class _List(_Container):
    __slots__ = ()
    supports_fan_in = True

    def __init__(self, inner: DagflowType) -> None:
        annotation = _spelled(typing.List, inner)
        super().__init__("List", f"[{inner.display_name}]", annotation, inner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, list):
            return TypeCheck(False, must_be(value, "list"))
        return _first_failure(self.inner_types[0], context, value)

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader:
        return ListLoader(inner[0])


class _Set(_Container):
    __slots__ = ()

    def __init__(self, inner: DagflowType) -> None:
        annotation = _spelled(typing.Set, inner)
        super().__init__("TypedPythonSet", f"Set[{inner.display_name}]", annotation, inner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, set):
            return TypeCheck(False, must_be(value, "set"))
        return _first_failure(self.inner_types[0], context, value)

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader:
        return ListLoader(inner[0], set)


class _Dict(_Container):
    __slots__ = ()

    @property
    def key_type(self) -> DagflowType:
        """The type of the keys."""
        return self.inner_types[0]

    @property
    def value_type(self) -> DagflowType:
        """The type of the values."""
        return self.inner_types[1]

    def __init__(self, key: DagflowType, inner: DagflowType) -> None:
        annotation = _spelled(typing.Dict, key, inner)
        super().__init__(
            "TypedPythonDict", f"Dict[{key.display_name},{inner.display_name}]", annotation, key, inner
        )

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, dict):
            return TypeCheck(False, must_be(value, "dict"))
        outcome = _first_failure(self.inner_types[0], context, value)
        return _first_failure(self.inner_types[1], context, value.values()) if outcome.success else outcome

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader | None:
        key = self.inner_types[0].__dagflow_config_type__
        return DictLoader(key, inner[1]) if key in SCALARS and key is not None else None


class _Tuple(_Container):
    __slots__ = ()

    def __init__(self, *inner: DagflowType) -> None:
        names = ",".join(each.display_name for each in inner)
        annotation = _spelled(typing.Tuple, *inner)
        super().__init__("TypedPythonTuple", f"Tuple[{names}]", annotation, *inner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        if not isinstance(value, tuple):
            return TypeCheck(False, must_be(value, "tuple"))
        if len(value) != len(self.inner_types):
            return TypeCheck(
                False,
                f"A value of type '{self.display_name}' must have {len(self.inner_types)} entries, "
                f"not {len(value)}.",
            )
        for item_type, item in zip(self.inner_types, value, strict=True):
            outcome = item_type.type_check(context, item)
            if not outcome.success:
                return outcome
        return PASSED

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader:
        return TupleLoader(inner)


class _Optional(_Container):
    __slots__ = ()

    @property
    def supports_fan_in(self) -> bool:
        return self.inner_types[0].supports_fan_in

    def __init__(self, inner: DagflowType) -> None:
        annotation: AnyValue = typing.Optional[inner.typing_type]  # noqa: UP045
        super().__init__("Optional", f"{inner.display_name}?", annotation, inner)

    def type_check(self, context: TypeCheckContext | None, value: AnyValue) -> TypeCheck:
        return PASSED if value is None else self.inner_types[0].type_check(context, value)

    def _make_loader(self, inner: list[DagflowTypeLoader]) -> DagflowTypeLoader:
        return OptionalLoader(inner[0])


class _Generic:
    """A generic type such as `dagflow.List`. All but `Optional` can also be used without brackets.

    Unlike the generic types of `typing`, it takes a DagflowType in the brackets.
    """

    __slots__ = ("_count", "_make", "_name")

    def __init__(self, make: Callable[..., DagflowType], count: int | None) -> None:
        self._make = make
        self._name = make.__name__[1:]
        self._count = count

    def __getitem__(self, given: AnyValue) -> DagflowType:
        parts = given if isinstance(given, tuple) else (given,)
        if self._count not in (None, len(parts)):
            raise DagflowInvalidDefinitionError(
                f"{self._name}[...] takes {self._count} type{'s'[: self._count != 1]}, not {len(parts)}"
            )
        return self._make(*(resolve_type(part, f"the type inside {self._name}[...]") for part in parts))

    def __repr__(self) -> str:
        return f"dagflow.{self._name}"


List: _Generic = _Generic(_List, 1)
Set: _Generic = _Generic(_Set, 1)
Dict: _Generic = _Generic(_Dict, 2)
Tuple: _Generic = _Generic(_Tuple, None)
Optional: _Generic = _Generic(_Optional, 1)

_LIST = _List(Any)
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
    except TypeError:  # not hashable
        known = None
    if known is not None:
        return known
    if getattr(given, "__origin__", None) is not None or isinstance(given, types.UnionType):
        generic = _generic_type(given, where)
        if generic is not None:
            return generic
    elif isinstance(given, type):
        return _registered.get(given) or _class_type(given, where)
    raise DagflowInvalidDefinitionError(
        f"{repr_of(given)} cannot be the type of {where}: use a class, a list, Dict, Set or fixed Tuple of "
        f"types, "
        "Optional, or create a DagflowType"
    )


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


def _class_type(cls: type, where: str) -> DagflowType:
    if getattr(cls, "_is_protocol", False) and not getattr(cls, "_is_runtime_protocol", False):
        raise DagflowInvalidDefinitionError(
            f"the protocol '{cls.__name__}' cannot be the type of {where}, because a value cannot be checked "
            "against it: put @typing.runtime_checkable above it"
        )
    _inferred.add(cls)
    checked = dict if typing.is_typeddict(cls) else cls
    return ClassType(checked, f"{cls.__module__}.{cls.__qualname__}", cls.__name__)


def _generic_type(annotation: AnyValue, where: str) -> DagflowType | None:
    """Return the type for an annotation such as `list[int]`; None if it is not supported."""
    import collections.abc as abc

    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if not arguments or any(argument is Ellipsis for argument in arguments):
        return None
    if origin is Union or origin is types.UnionType:
        inner = [argument for argument in arguments if argument is not type(None)]
        return _Optional(resolve_type(inner[0], where)) if len(inner) == 1 and len(arguments) == 2 else None
    if origin is list or origin is abc.Sequence:
        return _List(resolve_type(arguments[0], where))
    if origin is dict or origin is abc.Mapping:
        return _Dict(resolve_type(arguments[0], where), resolve_type(arguments[1], where))
    if origin is set:
        return _Set(resolve_type(arguments[0], where))
    if origin is tuple:
        return _Tuple(*(resolve_type(argument, where) for argument in arguments))
    return None


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
