"""Small immutable classes, as packages declare them by the private module `dagster._record`.

They are frozen dataclasses whose values are checked against the annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from inspect import get_annotations
from typing import Any, TypeVar, get_type_hints

from dagflow.call import check_dagflow_type
from dagflow.compat.checking import invariant
from dagflow.errors import DagflowError, ParameterCheckError, repr_of

T = TypeVar("T")
_CHECKED = "_is_checked_record"
_HINTS = "_types_of_record"


class IHaveNew:
    """The base of the classes of `record_custom`, whose own `__new__` passes all fields to this one."""

    def __new__(cls, **values: Any) -> Any:
        """Return a new record with these values of its fields."""
        return _made(cls, values)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Do nothing: the fields are set already."""


def record(cls: Any = None, *, checked: bool = True, kw_only: bool = True) -> Any:
    """Make an immutable class of annotated names, compared by value.

    Args:
        cls: The class. Without it, the result is a decorator.
        checked: Whether the types of the values are checked.
        kw_only: Whether the arguments are keywords only.

    Example:
        >>> @record
        ... class Cup:
        ...     size: int
        ...     of: str = "tea"
        >>> Cup(size=3) == copy(Cup(size=2), size=3), as_dict(Cup(size=3))
        (True, {'size': 3, 'of': 'tea'})
    """
    if cls is None:
        return lambda given: record(given, checked=checked, kw_only=kw_only)
    if checked:
        cls.__post_init__ = _check_values
    return _prepared(cls, kw_only=kw_only)


def record_custom(
    cls: Any = None, *, checked: bool = True, field_to_new_mapping: Mapping[str, str] | None = None
) -> Any:
    """Make an immutable class with an own `__new__`, which calls that of `IHaveNew`.

    Args:
        cls: The class. Without it, the result is a decorator.
        checked: Whether the types of the values are checked.
        field_to_new_mapping: The arguments of `__new__` by field, if the names differ.
    """
    if cls is None:
        return lambda given: record_custom(given, checked=checked, field_to_new_mapping=field_to_new_mapping)
    setattr(cls, _CHECKED, checked)
    return _prepared(cls, init=False)


def _prepared(cls: Any, **options: bool) -> Any:
    for name in get_annotations(cls):
        default = vars(cls).get(name)
        if isinstance(default, list | dict | set):  # a record is immutable, so that the default can be shared
            setattr(cls, name, field(default_factory=lambda value=default: value))  # type: ignore[misc]
    cls.__reduce__ = _reduce
    return dataclass(frozen=True, **options)(cls)


def _made(cls: type[T], values: Mapping[str, Any]) -> T:
    made = object.__new__(cls)
    known = {each.name for each in fields(cls)}  # type: ignore[arg-type]
    invariant(known == values.keys(), f"{cls.__name__} has the fields {sorted(known)}, not {sorted(values)}")
    for name, value in values.items():
        object.__setattr__(made, name, value)
    if getattr(cls, _CHECKED, False):
        _check_values(made)
    return made


def _reduce(self: Any) -> Any:
    return _made, (type(self), as_dict(self))


def _check_values(self: Any) -> None:
    for name, hint in _hints(type(self)).items():
        value = getattr(self, name)
        try:
            is_right = check_dagflow_type(hint, value).success
        except DagflowError:  # an annotation without a check, such as a Protocol
            continue
        if not is_right:
            raise ParameterCheckError(
                f"the field '{name}' of {type(self).__name__} is not a {hint}: {repr_of(value)}"
            )


def _hints(cls: type[Any]) -> dict[str, Any]:
    """Return the annotations of the fields; none if one names a class that only type checkers import."""
    found = vars(cls).get(_HINTS)
    if found is None:
        try:
            hints = get_type_hints(cls)
        except NameError:
            hints = {}
        found = {each.name: hints[each.name] for each in fields(cls) if each.name in hints}
        setattr(cls, _HINTS, found)
    kept: dict[str, Any] = found
    return kept


def is_record(obj: Any) -> bool:
    """Return whether a value is a record.

    Example:
        >>> is_record(3)
        False
    """
    return is_dataclass(type(obj)) and type(obj).__dict__.get("__reduce__") is _reduce


def as_dict(obj: Any) -> dict[str, Any]:
    """Return the fields of a record.

    Raises:
        CheckError: It is no record.
    """
    invariant(is_record(obj), f"{repr_of(obj)} is not a record")
    return {each.name: getattr(obj, each.name) for each in fields(obj)}


def copy(record: T, **kwargs: Any) -> T:
    """Return a copy of a record with some fields changed.

    Raises:
        ParameterCheckError: A value has the wrong type.
    """
    values = {**as_dict(record), **kwargs}
    return _made(type(record), values) if isinstance(record, IHaveNew) else type(record)(**values)


replace = copy
