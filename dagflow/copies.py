"""Copies of definitions: `Copied`, the base of all definitions, copies and pickles them.

A definition does not change, so a deep copy of it is itself. It is pickled by reference, if a module has it
under the name of its function, as a decorator leaves it there. Otherwise it is pickled by its attributes, and
its functions by reference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any, ClassVar, TypeVar

_Self = TypeVar("_Self", bound="Copied")


class Copied:
    """The base of definitions: they can be copied and pickled.

    Attributes:
        _caches: The attributes that no pickle has, each with a function that makes its first value.

    Example:
        >>> import copy
        >>> class Port(Copied):
        ...     def __init__(self, name):
        ...         self.name = name
        >>> port = Port("beans")
        >>> copy.deepcopy(port) is port, copy.copy(port) is port, copy.copy(port).name
        (True, False, 'beans')
    """

    __slots__ = ()
    _caches: ClassVar[Mapping[str, Callable[[], Any]]] = {}

    def decorated(self) -> Callable[..., Any] | None:
        """Return the decorated function, whose name in its module may be that of the definition."""
        return getattr(self, "__wrapped__", None)

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield the places where the definition may be: a module and a name in it, which may have dots."""
        fn = self.decorated()
        if isinstance(fn, FunctionType):
            yield fn.__module__, fn.__qualname__
            name = getattr(self, "name", None)
            if isinstance(name, str):
                yield fn.__module__, name

    def __copy__(self: _Self) -> _Self:
        copy = object.__new__(type(self))
        for name, value in _attributes(self).items():
            object.__setattr__(copy, name, value)
        return copy

    def __deepcopy__(self: _Self, memo: Any) -> _Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        for reference in self.references():
            if _found(*reference) is self:
                return _found, reference
        state = {
            name: _FunctionOf(self, value) if isinstance(value, FunctionType) else value
            for name, value in _attributes(self).items()
            # `update_wrapper` sets `__annotate__` on Python 3.14, a function that no module has
            if name not in self._caches and name != "__annotate__"
        }
        return _blank, (type(self),), state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        for name, make in self._caches.items():
            object.__setattr__(self, name, make())


class WithFirst(Copied):
    """A function with its first argument given, as a `functools.partial` that can be pickled.

    The argument may be a function that a decorator has replaced in its module.

    Example:
        >>> WithFirst(pow, 2)(3)
        8
    """

    __slots__ = ("__dict__", "first", "function")

    def __init__(self, function: Callable[..., Any], first: Any) -> None:
        self.function = function
        self.first = first
        if callable(first):
            self.__wrapped__ = first  # its signature and its code count

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield nothing: no module has this object."""
        return iter(())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(self.first, *args, **kwargs)


def first_of(value: Any, *_: object) -> Any:
    """Return the first argument."""
    return value


class _FunctionOf:
    """A function in the pickle of a definition. In its module the definition may have its name."""

    __slots__ = ("fn", "owner")

    def __init__(self, owner: Copied, fn: FunctionType) -> None:
        self.owner = owner
        self.fn = fn

    def __reduce__(self) -> tuple[Any, ...]:
        fn, where = self.fn, (self.fn.__module__, self.fn.__qualname__)
        found = _found(*where)
        if found is fn:
            return _found, where
        if isinstance(found, Copied) and found.decorated() is fn:
            return _decorated, where
        from pickle import PicklingError  # imported lazily: few programs pickle a definition

        code = fn.__code__
        raise PicklingError(
            f"{self.owner!r} cannot be pickled, because its function '{fn.__qualname__}' "
            f"({code.co_filename}:{code.co_firstlineno}) cannot be found under this name in module "
            f"'{fn.__module__}'. Define both at the top of a module."
        )


def _attributes(owner: object) -> dict[str, Any]:
    """Return the attributes in the slots and in the dict of an object; empty slots are left out."""
    names = [
        name
        for cls in reversed(type(owner).__mro__)
        for name in cls.__dict__.get("__slots__", ())
        if name not in ("__dict__", "__weakref__")
    ]
    found = {name: getattr(owner, name) for name in names if hasattr(owner, name)}
    return {**found, **getattr(owner, "__dict__", {})}


def _blank(cls: type[_Self]) -> _Self:
    return object.__new__(cls)


def _found(module: str, name: str) -> Any:
    """Return what a module has under a name, which may have dots; None if there is nothing.

    The module is imported if necessary, in the process that reads a pickle.
    """
    if module not in sys.modules:
        __import__(module)
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = None if part == "<locals>" else getattr(found, part, None)
    return found


def _decorated(module: str, name: str) -> Any:
    return _found(module, name).decorated()
