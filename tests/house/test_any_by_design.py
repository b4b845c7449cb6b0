"""Tests of `tests/typing/any_by_design.txt`, the list of public members that return Any."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import dagflow
import dagflow.testing
import pytest_dagflow

LIST = Path(__file__).parents[1] / "typing" / "any_by_design.txt"
MODULES = (dagflow, dagflow.testing, pytest_dagflow)
PACKAGES = ("dagflow", "pytest_dagflow")
ANY = {"Any", "AnyValue"}  # modules that define a type named Any import Python's under another name
SPECIAL = {"__call__", "__enter__", "__getattr__", "__getitem__", "__iter__", "__next__"}


def return_type(member: object) -> str:
    """Return the return annotation of a function, method or property, as a string."""
    if isinstance(member, property):
        member = member.fget
    elif isinstance(member, functools.cached_property):
        member = member.func
    elif isinstance(member, classmethod | staticmethod):
        member = member.__func__
    annotations = getattr(inspect.unwrap(member) if callable(member) else member, "__annotations__", {})
    return str(annotations.get("return", ""))


def is_own(cls: type) -> bool:
    """Return whether a class belongs to one of the two packages."""
    return cls.__module__.split(".")[0] in PACKAGES


def returned_by(value: object) -> Iterator[tuple[str, str]]:
    """Yield the name and return type of a function, or of each public member of a class.

    An override has the name of the member that it overrides.
    """
    if inspect.isfunction(value):
        yield value.__name__, return_type(value)
    elif inspect.isclass(value):
        classes = [cls for cls in value.__mro__ if is_own(cls)]
        for name in {name for cls in classes for name in vars(cls)}:
            if name.startswith("_") and name not in SPECIAL:
                continue
            owners = [cls for cls in classes if name in vars(cls)]
            owner = owners[-1] if return_type(vars(owners[-1])[name]) in ANY else owners[0]
            yield f"{owner.__name__}.{name}", return_type(vars(owners[0])[name])


def members_that_return_any() -> set[str]:
    """Return the names of the public members that return Any.

    The exported names are public, and so are the classes in the return types of public members.
    """
    todo = [getattr(module, name) for module in MODULES for name in module.__all__]
    classes: dict[str, list[object]] = {}
    for info in pkgutil.walk_packages(dagflow.__path__, "dagflow."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                classes.setdefault(name, []).append(value)
    seen: list[object] = []
    found = set()
    while todo:
        value = todo.pop()
        if any(value is other for other in seen):
            continue
        seen.append(value)
        for name, returned in returned_by(value):
            if returned in ANY:
                found.add(name)
            todo += [cls for word in re.findall(r"\w+", returned) for cls in classes.get(word, ())]
    return found


def test_list_is_complete() -> None:
    """The list has exactly the public members that return Any, sorted, each with a reason."""
    rows = [line.partition(": ") for line in LIST.read_text(encoding="utf-8").splitlines()]
    names = [name for name, _, _ in rows]

    assert names == sorted(members_that_return_any())
    assert all(len(reason) > 10 for _, _, reason in rows)


class Described:
    """An example of a class with members that return Any."""

    @property
    def value(self) -> AnyValue:  # noqa: F821
        """Any, under its second name."""

    @classmethod
    def create(cls) -> Any:  # noqa: F821
        """Any."""

    def count(self) -> int:
        """No Any."""


def test_kinds_of_members() -> None:
    """The return types of properties and class methods are found like those of functions."""
    assert return_type(vars(Described)["value"]) == "AnyValue"
    assert return_type(vars(Described)["create"]) == "Any"
    assert return_type(vars(Described)["count"]) == "int"
    assert return_type(dagflow.materialize) == "ExecuteInProcessResult"
