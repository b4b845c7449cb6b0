"""Which definitions a test touches: read from its markers, parameters and code, without running it."""

from __future__ import annotations

import contextlib
import dis
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

import pytest

_CONTAINER_DEPTH = 3
_MAX_WRAPPERS = 30
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_OF_GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_OF_CELLS = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"})
_OF_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD"})


class Tie(NamedTuple):
    """Something that a test touches.

    Attributes:
        target: A definition, or a text such as `--dag-select` takes.
        how: How that is known, for `--dag-explain`.
    """

    target: object
    how: str


def ties_of(item: pytest.Item, is_definition: Callable[[object], bool]) -> list[Tie]:
    """Find what a test touches, the strongest ties first: declared by a marker, then inferred.

    Args:
        item: The test.
        is_definition: Tells definitions from everything else.
    """
    declared = [*_declared(item, is_definition), *_linked(item)]
    inferred = [
        Tie(found, how) for value, how in _inferred(item) for found in members(value) if is_definition(found)
    ]
    return declared + inferred


def members(value: object, depth: int = _CONTAINER_DEPTH) -> Iterator[object]:
    """Give a value, or what it contains if it is a list, tuple, set or dict."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if depth and isinstance(value, list | tuple | set | frozenset):
        for element in value:
            yield from members(element, depth - 1)
    else:
        yield value


def _declared(item: pytest.Item, is_definition: Callable[[object], bool]) -> Iterator[Tie]:
    for mark in item.iter_markers("dag_nodes"):
        for target in mark.args:
            yield Tie(target, "declared by dag_nodes")
    for mark in item.iter_markers("dag_partitions"):
        for target in (*mark.args, *mark.kwargs.values()):
            if is_definition(target):
                yield Tie(target, "declared by dag_partitions")


def _linked(item: pytest.Item) -> Iterator[Tie]:
    answers: list[Iterable[object]] = item.ihook.pytest_dagflow_link(item=item)
    for answer in answers:
        for target in answer or ():
            yield Tie(target, "linked by a plugin")


def _inferred(item: pytest.Item) -> Iterator[tuple[object, str]]:
    callspec = getattr(item, "callspec", None)
    for name, value in (callspec.params if callspec else {}).items():
        yield value, f"inferred from parameter '{name}'"
    test = getattr(item, "obj", None)
    if test is None:
        return
    root = str(item.config.rootpath)
    yield from _reachable(test, "", root)
    fixture_info = getattr(item, "_fixtureinfo", None)  # pytest has no public name for the fixtures of a test
    for name, definitions in (fixture_info.name2fixturedefs if fixture_info else {}).items():
        for definition in definitions:
            yield from _reachable(definition.func, f" in fixture '{name}'", root)


def _reachable(function: object, where: str, root: str) -> Iterator[tuple[object, str]]:
    """What a function refers to, and what the project's functions refer to that it calls directly."""
    for name, value in references(function):
        yield value, f"inferred from '{name}'{where}"
        if _is_of_project(value, root):
            for inner, found in references(value):
                yield found, f"inferred from '{inner}' in {name}(){where}"


def _is_of_project(value: object, root: str) -> bool:
    bare = _bare(value) if isinstance(value, FunctionType) else None
    path = Path(bare.__code__.co_filename) if bare else None
    return path is not None and path.is_relative_to(root) and _LIBRARIES.isdisjoint(path.parts)


def references(function: object) -> list[tuple[str, object]]:
    """Find the globals, closed-over variables and `module.attribute` chains that a function's code names.

    Returns:
        Pairs of name and value, in the order of the code. Nothing is imported or called for it.

    Example:
        >>> [name for name, value in references(lambda: sys.modules)]
        ['sys.modules']
    """
    bare = _bare(function)
    return list(_references(bare).items()) if bare else []


def _bare(function: object) -> FunctionType | None:
    """The function that the user wrote, below methods, decorators and hypothesis."""
    for _ in range(_MAX_WRAPPERS):
        of_hypothesis = getattr(getattr(function, "hypothesis", None), "inner_test", None)
        inner = of_hypothesis or getattr(function, "__func__", None) or getattr(function, "__wrapped__", None)
        if inner is None:
            break
        function = inner
    return function if isinstance(function, FunctionType) else None


@lru_cache(maxsize=4096)
def _references(function: FunctionType) -> dict[str, object]:
    closed = dict(_closed_over(function))
    return {
        name: value
        for code in _codes(function.__code__)
        for name, value in _named(code, function.__globals__, closed)
        if value is not None and not name.startswith("@")  # pytest writes such names into assertions
    }


def _closed_over(function: FunctionType) -> Iterator[tuple[str, object]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # a cell that is still empty
            yield name, cell.cell_contents


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those of the functions, classes and comprehensions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _named(
    code: CodeType, globals_: Mapping[str, object], closed: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """Follow the instructions: a name, then attributes for as long as they lead on from modules."""
    name, value, imported = "", None, None
    for instruction in dis.get_instructions(code):
        operation, argument = instruction.opname, str(instruction.argval)
        if operation in _OF_ATTRIBUTES and isinstance(value, ModuleType):
            name, value = f"{name}.{argument}", _attribute(value, argument)
        elif operation != "EXTENDED_ARG":
            yield name, value
            name, value = argument, None
            if operation in _OF_GLOBALS:
                value = globals_.get(argument)
            elif operation in _OF_CELLS:
                value = closed.get(argument)
            elif operation == "IMPORT_NAME":
                imported = sys.modules.get(argument)
            elif operation == "IMPORT_FROM" and imported:
                name, value = f"{imported.__name__}.{argument}", _attribute(imported, argument)
    yield name, value


def _attribute(module: ModuleType, name: str) -> object:
    """What stands in a module under a name; a lazy module is not made to load anything."""
    found = vars(module).get(name)
    return sys.modules.get(f"{module.__name__}.{name}") if found is None else found
