"""Placeholders of names that dagflow does not have, and the register of the names that a suite touched.

A placeholder can be imported, annotated with and subclassed. It raises, by name, when it is called, when its
subclass is called, and in `isinstance`. An attribute of a private name is a placeholder of its own, because
modules read such attributes when they are imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from functools import cache
from importlib import import_module
from types import FrameType
from typing import Any, NamedTuple, NoReturn, Union

from dagflow.errors import DagflowAbsentError


class Touched(NamedTuple):
    """A name of Dagster that is not in dagflow, and a line that imports or uses it.

    Attributes:
        name: The whole name, such as `dagster._core.launcher.RunLauncher`.
        is_used: Whether the line uses it: calls, subclasses or patches it, or checks a type.
        where: The file and the line, joined by a colon.
    """

    name: str
    is_used: bool
    where: str


_touched: dict[Touched, None] = {}  # a dict, because it keeps the order


def touched() -> tuple[Touched, ...]:
    """Return the absent names that this process has imported or used since `install()`, in order.

    Each name is there once for each line.

    Example:
        >>> isinstance(touched(), tuple)
        True
    """
    return tuple(_touched)


def touch(name: str, *, is_used: bool) -> None:
    """Register that the user's code imports or uses an absent name."""
    frame = _frame_of_the_user()
    if not frame.f_globals.get("__name__", "").startswith("_pytest."):  # it looks at each name of a module
        _touched[Touched(name, is_used, f"{frame.f_code.co_filename}:{frame.f_lineno}")] = None


def _frame_of_the_user() -> FrameType:
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the public functions are slower
    while frame is not None and frame.f_back is not None and _is_inner(frame):
        frame = frame.f_back
    assert frame is not None
    return frame


def _is_inner(frame: FrameType) -> bool:
    module: str = frame.f_globals.get("__name__", "")
    return module.startswith(("dagflow.compat", "importlib", "_frozen_importlib", "unittest.mock", "pkgutil"))


class Absent:
    """The placeholder of a name that dagflow does not have.

    Args:
        name: The name, with its module if it is private.
        message: The sentence of the errors.
        is_private: Whether an attribute is a placeholder too; otherwise it raises.

    Raises:
        DagflowAbsentError: It, or a subclass, is called, or it is the second argument of `isinstance`.
        AttributeError: An attribute is read, and the name is public.
    """

    def __init__(self, name: str, message: str, *, is_private: bool = False) -> None:
        self._name, self._is_private = name, is_private
        self._base: type | None = None
        self.__doc__ = message

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        touch(self._name, is_used=True)
        raise DagflowAbsentError(self.__doc__)

    __call__ = __iter__ = __instancecheck__ = __subclasscheck__ = __enter__ = __bool__ = __len__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __contains__ = __fspath__ = _refuse

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        touch(self._name, is_used=True)
        if self._base is None:  # one class, because a class may have a base only once

            def refuse(cls: type, *args: object, **kwargs: object) -> NoReturn:
                self._refuse()

            body = {"__new__": refuse, "__init_subclass__": _accept_keywords, "__doc__": self.__doc__}
            self._base = type(self._name.rpartition(".")[2], (), body)
        return (self._base,)

    def __getitem__(self, _: object) -> Absent:
        return self  # part of an annotation, as Name[int]

    def __getattr__(self, name: str) -> Any:
        if not self._is_private or name.startswith("_"):
            raise AttributeError(self.__doc__, name=name)
        if self._name.rpartition(".")[2].islower():  # it may be a module, as in `from dagster._core import x`
            return getattr(import_module(self._name), name)
        return private(f"{self._name}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            refuse_patch(f"{self._name}.{name}")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        """Do nothing: `mock.patch` also deletes what it could not set."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str | bytes | int | float | Enum):
            self._refuse()  # False would hide that the name is absent
        return self is other

    __hash__ = object.__hash__

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007 - `|` would call this method again

    __ror__ = __or__

    def __get_pydantic_core_schema__(self, source: object, handler: Callable[[Any], Any]) -> Any:
        return handler(Any)  # a field of a model is not checked

    def __repr__(self) -> str:
        return f"<'{self._name}', which is not in dagflow>"


@classmethod  # type: ignore[misc]
def _accept_keywords(cls: type, **_: object) -> None:
    """Accept the keywords of a class statement, because the absent class may be a model of pydantic."""


def refuse_patch(name: str) -> NoReturn:
    """Raise the error about a new value for an absent name, as `mock.patch` sets it.

    Raises:
        DagflowAbsentError: In each case.
    """
    touch(name, is_used=True)
    raise DagflowAbsentError(
        f"'{name}' cannot be patched: it is a private name of Dagster that is not in dagflow, so nothing "
        "reads it. Patch a public name, or give the test a resource of its own."
    )


@cache
def private(name: str) -> Any:
    """Return the placeholder of a private name, the same one each time.

    The placeholder of a class of errors or warnings is such a class, which nothing raises or issues: `except`
    and filters of warnings accept nothing else.

    Args:
        name: The name with its module.

    Example:
        >>> private("dagster._core.launcher.RunLauncher")
        <'dagster._core.launcher.RunLauncher', which is not in dagflow>
    """
    own = name.rpartition(".")[2]
    message = f"'{name}' is a private name of Dagster that is not in dagflow. Use a public name instead."
    base = Warning if own.endswith("Warning") else Exception if own.endswith(("Error", "Exception")) else None
    if base is not None and own[0].isupper():
        return type(own, (base,), {"__doc__": message, "__module__": name.rpartition(".")[0]})
    return Absent(name, message, is_private=True)
