"""Base classes of objects that are compared by their fields: `ByValue`, and `Constant` for immutable ones.

They replace dataclasses, because the class statement of a dataclass costs about a millisecond.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

_Self = TypeVar("_Self", bound="ByValue")
_Constant = TypeVar("_Constant", bound="Constant")


class ByValue:
    """The base of objects that are equal if their class and their fields are equal.

    The fields are the slots of the base and then the slots of the class. If the parameters of the constructor
    have another order, the class lists the fields in that order in `_names`.

    Example:
        >>> class Point(ByValue):
        ...     __slots__ = ("x",)
        ...     def __init__(self, x):
        ...         self.x = x
        >>> Point(1), Point(1) == Point(1)
        (Point(x=1), True)
        >>> Point._fields, Point(1)._asdict(), Point(1)._replace(x=2)
        (('x',), {'x': 1}, Point(x=2))
    """

    __slots__: tuple[str, ...] = ()
    _names: ClassVar[tuple[str, ...]] = ()
    _fields: ClassVar[tuple[str, ...]] = ()
    """The names of the fields, for code that reads named tuples."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()  # Generic sets the type parameters here
        own = cls.__dict__
        if "_names" not in own:
            cls._names = (*cls._names, *own.get("__slots__", ()))
        cls._fields = cls._names

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Return the names of the fields."""
        return cls._names

    def with_changes(self: _Self, **changes: Any) -> _Self:
        """Return a copy with some fields changed.

        Args:
            **changes: The new values, by the name of the constructor's parameter.
        """
        return type(self)(**{**self._asdict(), **changes})

    _replace = with_changes

    def _asdict(self) -> dict[str, Any]:
        """Return the values of the fields by name."""
        return dict(zip(self._names, self._values(), strict=True))

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self._names])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        try:  # fields that have no hash (dicts, lists) are skipped
            return hash(
                (type(self), *[field for field in self._values() if type(field).__hash__ is not None])
            )
        except TypeError:  # a tuple with a list in it
            return hash(type(self))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._names)
        return f"{type(self).__name__}({fields})"


class Constant(ByValue):
    """The base of immutable objects. `_names` has the order of the parameters of the constructor.

    Example:
        >>> Constant().size = 3
        Traceback (most recent call last):
            ...
        AttributeError: a Constant does not change: create a new one instead of setting 'size'
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"a {type(self).__name__} does not change: create a new one instead of setting '{name}'"
        )

    def _set(self, **fields: Any) -> None:
        """Set fields while the object is created."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        names = [name for cls in type(self).__mro__ for name in cls.__dict__.get("__slots__", ())]
        return _constant, (type(self), {name: getattr(self, name) for name in names if hasattr(self, name)})


def _constant(cls: type[_Constant], fields: dict[str, Any]) -> _Constant:
    """Return an object with these fields; the constructor may take them in another order, or change them."""
    constant = cls.__new__(cls)
    for name, value in fields.items():
        object.__setattr__(constant, name, value)
    return constant
