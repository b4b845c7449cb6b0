"""Values that misbehave, for the drawn programs: each breaks one habit of Python's objects.

`VALUES` lists the expressions that a program can use. A method that must not be called raises `Misbehaved`,
and `law.py` finds the caller in the traceback.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import enum
import functools
import logging
import sys
import typing
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest.mock import MagicMock, Mock, create_autospec

import dagflow as dg


class Misbehaved(Exception):
    """A method of a value that misbehaves was called."""


def _refuses(name: str) -> Any:
    def method(*_: Any, **__: Any) -> NoReturn:
        raise Misbehaved(name)

    return method


def _without(name: str, *methods: str) -> type:
    """Return a class whose objects refuse these methods."""
    return type(
        name, (), {method: _refuses(f"{name}.{method}") for method in methods} | {"__hash__": object.__hash__}
    )


NoEq = _without("NoEq", "__eq__", "__ne__", "__lt__")
NoRepr = _without("NoRepr", "__repr__", "__str__", "__format__")
NoBool = _without("NoBool", "__bool__")
NoLen = _without("NoLen", "__len__", "__iter__", "__contains__", "__getitem__")
NoCopy = _without("NoCopy", "__copy__", "__deepcopy__")
NoPickle = _without("NoPickle", "__reduce__", "__reduce_ex__")
NoHash = type("NoHash", (), {"__hash__": _refuses("NoHash.__hash__")})
Unhashable = type("Unhashable", (), {"__hash__": None})
NoAttributes = _without("NoAttributes", "__getattr__")


class ArrayLike:
    """Compares element by element, as an array does: the result has no truth value."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> ArrayLike:  # type: ignore[override]
        return self

    __ne__ = __lt__ = __gt__ = __add__ = __eq__

    def __bool__(self) -> bool:
        raise Misbehaved("the truth value of an array is ambiguous")

    def __len__(self) -> int:
        return 2


class EqualToAll:
    """Is equal to every object."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


class AnswersAll:
    """Has every attribute, and each is callable."""

    def __getattr__(self, name: str) -> AnswersAll:
        return self

    def __call__(self, *_: Any, **__: Any) -> AnswersAll:
        return self


class Service:
    """A usual class of a user."""

    def fetch(self) -> int:
        return 1


class Lied(Misbehaved):
    """An object was used as the class that it pretends to have. This is an error of the program."""


def lies(cls: type) -> Any:
    """Return an object that names another class as its own, but has nothing of it."""

    def refuse(self: Any, *_: Any) -> NoReturn:
        raise Lied(f"it is not a {cls.__name__}")

    used = ("__getattr__", "__iter__", "__len__", "__contains__", "__getitem__", "__lt__", "__index__")
    return type("Liar", (), {"__class__": property(lambda self: cls), **dict.fromkeys(used, refuse)})()


class NoUnpickle:
    """Can be written to a file, but not read."""

    def __reduce__(self) -> Any:
        return oops, ()


class SubStr(str):
    """A string of another class, which cannot be shown."""

    __repr__ = _refuses("SubStr.__repr__")


def endless_list() -> list[Any]:
    """Return a list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


def endless_dict() -> dict[str, Any]:
    """Return a dict that holds itself."""
    found: dict[str, Any] = {}
    found["self"] = found
    return found


def deep(levels: int = 3_000) -> Any:
    """Return a dict of many levels."""
    found: Any = 1
    for _ in range(levels):
        found = {"a": found}
    return found


class NoText(Exception):
    """An error that cannot be shown."""

    __str__ = __repr__ = _refuses("NoText.__str__")


class NoPickleError(Exception):
    """An error whose constructor needs more than its message."""

    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(f"{code} {reason}")


def own_cause() -> Exception:
    """Return an error that is its own cause."""
    found = ValueError("cause of itself")
    found.__cause__ = found
    return found


def chained(levels: int = 100) -> Exception:
    """Return an error with many causes."""
    found = ValueError("the first cause")
    for level in range(levels):
        last, found = found, ValueError(level)
        found.__cause__ = last
    return found


def oops(*_: Any, **__: Any) -> NoReturn:
    """Raise, as the code of a user does."""
    raise Misbehaved("oops")


CLASSES = (
    "NoEq", "NoRepr", "NoBool", "NoCopy", "NoPickle", "NoUnpickle", "NoHash", "Unhashable", "NoAttributes",
    "ArrayLike", "EqualToAll", "AnswersAll", "Mock", "MagicMock", "Service",
)  # fmt: skip
ERRORS = (
    "ValueError('usual')", "NoText()", "NoPickleError(1, reason='a')", "own_cause()", "chained()", "KeyError()",
    "ValueError(NoRepr())", "ValueError(endless_list())", "ValueError(10**5_000)", "StopIteration(1)",
    "StopAsyncIteration()", "GeneratorExit()", "SystemExit(1)", "KeyboardInterrupt()", "RecursionError()",
    "MemoryError()", "dg.Failure('usual')", "dg.Failure(metadata={'a': 1})", "dg.RetryRequested(max_retries=1)",
    "dg.DagflowInvariantViolationError('brew')", "UnicodeDecodeError('a', b'b', 0, 1, 'c')", "OSError(2, 'a')",
    "AssertionError()", "asyncio.CancelledError()", "type('Odd', (Exception,), {'__module__': None})()",
)  # fmt: skip
"""Expressions of errors that a function can raise."""
VALUES = (
    *(f"{name}()" for name in CLASSES),
    "create_autospec(Service)", "create_autospec(Service, instance=True)", "create_autospec(Service().fetch)",
    "create_autospec(dg.ConfigurableResource, instance=True)", "MagicMock(spec=dg.ConfigurableResource)",
    "MagicMock(spec=dg.IOManager)", "Mock(spec=dg.ResourceDefinition)", "MagicMock(spec=dg.AssetKey)",
    "lies(str)", "lies(int)", "lies(dict)", "lies(type)", "lies(dg.Output)", "lies(dg.ResourceDefinition)",
    "10**5_000", "-(10**40)", "float('nan')", "float('inf')", "endless_list()", "endless_dict()", "deep()",
    "'\\ud800'", "'\\0'", "''", "' '", "'a b'", "'a/b'", "'ü'", "b'bytes'", "SubStr('a')",
    "Service", "object()", "...", "NotImplemented", "None", "True",
    "0", "-1", "1.5", "'text'", "[]", "{}", "()", "set()", "frozenset({1})", "oops", "lambda: 1", "len", "int",
    "dict", "list[int]", "SimpleNamespace(a=1)", "iter([])", "range(3)", "ValueError('as a value')", "ValueError",
    "KeyboardInterrupt()", "dg.Output(1)", "dg.Out()", "dg.In()", "dg.Nothing", "dg.AssetKey('a')", "dg",
"dg.EnvVar('FUZZ_UNSET')", "dg.RetryPolicy()",
    "dg.StaticPartitionsDefinition(['a'])", "dg.DagflowInstance.ephemeral()",
)  # fmt: skip
"""Expressions of values. Most misbehave, some are usual values in an unusual location."""

NAMES = {
    "dg": dg,
    "asyncio": asyncio,
    "contextmanager": contextmanager,
    "dataclasses": dataclasses,
    "datetime": datetime,
    "enum": enum,
    "functools": functools,
    "logging": logging,
    "sys": sys,
    "typing": typing,
    "Mock": Mock,
    "MagicMock": MagicMock,
    "create_autospec": create_autospec,
    "SimpleNamespace": SimpleNamespace,
    **{name: value for name, value in globals().items() if not name.startswith("_")},
}
"""The names that a program can use."""
