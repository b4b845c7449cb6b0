"""The links between a test and nodes: read from its markers, parameters and code, without running it."""

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
_GLOBAL_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_CELL_LOADS = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"})
_ATTRIBUTE_LOADS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_WITHOUT_VALUE = frozenset({"EXTENDED_ARG", "PUSH_NULL"})
_LOOKUPS = frozenset({"get_job_def", "resolve_job_def", "get_job", "get_assets_def", "resolve_assets_def"})
"""The methods of a project that return a definition by its name."""


class Link(NamedTuple):
    """A definition or an expression that a test touches.

    Attributes:
        target: A definition, or a string in the syntax of `--dag-select`.
        reason: The source of the link, for `--dag-explain`.
    """

    target: object
    reason: str


def links_of(item: pytest.Item, is_definition: Callable[[object], bool]) -> list[Link]:
    """Return the links of a test, the strongest first: declared by a marker, then inferred.

    Args:
        item: The test.
        is_definition: Checks whether a value is a definition that has nodes.
    """
    declared = [*_declared_links(item, is_definition), *_plugin_links(item)]
    inferred = [
        Link(found, reason)
        for value, reason in _inferred_values(item)
        for element in elements_of(value)
        for found in (element, *_started_by(element))
        if is_definition(found)
    ]
    return declared + inferred


def _started_by(value: object) -> list[object]:
    """Return the jobs that a schedule or sensor starts, and the assets of its target.

    A job of which only the name is known is left out, because it may be missing in the test session.
    """
    from dagflow import ScheduleDefinition, SensorDefinition

    if isinstance(value, ScheduleDefinition):
        targets = [value.target]
    elif isinstance(value, SensorDefinition):
        targets = list(value.targets)
    else:
        return []
    return [found for target in targets for found in (target.job, *target.assets) if found is not None]


def elements_of(value: object, depth: int = _CONTAINER_DEPTH) -> Iterator[object]:
    """Yield the elements of a list, tuple, set or dict, down to a depth; any other value itself."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if depth and isinstance(value, list | tuple | set | frozenset):
        for element in value:
            yield from elements_of(element, depth - 1)
    else:
        yield value


def _declared_links(item: pytest.Item, is_definition: Callable[[object], bool]) -> Iterator[Link]:
    for mark in item.iter_markers("dag_nodes"):
        for target in elements_of(mark.args):
            yield Link(target, "declared by dag_nodes")
    for mark in item.iter_markers("dag_partitions"):
        for target in (*mark.args, *mark.kwargs.values()):
            if is_definition(target):
                yield Link(target, "declared by dag_partitions")


def _plugin_links(item: pytest.Item) -> Iterator[Link]:
    results: list[Iterable[object]] = item.ihook.pytest_dagflow_link(item=item)
    for result in results:
        for target in elements_of(list(result or ())):
            yield Link(target, "linked by a plugin")


def _inferred_values(item: pytest.Item) -> Iterator[tuple[object, str]]:
    callspec = getattr(item, "callspec", None)
    for name, value in (callspec.params if callspec else {}).items():
        yield value, f"inferred from parameter '{name}'"
    root = str(item.config.rootpath)
    test = getattr(item, "obj", None)
    yield from _references_within_project(_doctest_function(item) if test is None else test, "", root)
    fixture_info = getattr(item, "_fixtureinfo", None)  # pytest has no public name for the fixtures of a test
    for name, definitions in (fixture_info.name2fixturedefs if fixture_info else {}).items():
        for definition in definitions:
            yield from _references_within_project(definition.func, f" in fixture '{name}'", root)


def _doctest_function(item: pytest.Item) -> FunctionType | None:
    """Return a function with the code of the examples of a doctest; None for any other item."""
    doctest = getattr(item, "dtest", None)
    if doctest is None:
        return None
    source = "".join(example.source for example in doctest.examples)
    try:
        code = compile(source, item.nodeid, "exec", dont_inherit=True)
    except SyntaxError:  # an example of invalid code
        return None
    return FunctionType(code, doctest.globs)


def _references_within_project(function: object, where: str, root: str) -> Iterator[tuple[object, str]]:
    """Yield the references of a function, and those of the project functions among them, with reasons."""
    for name, value in references(function):
        yield value, f"inferred from '{name}'{where}"
        if _is_project_function(value, root):
            for inner, found in references(value):
                yield found, f"inferred from '{inner}' in {name}(){where}"


def _is_project_function(value: object, root: str) -> bool:
    inner = _unwrap(value) if isinstance(value, FunctionType) else None
    path = Path(inner.__code__.co_filename) if inner else None
    return path is not None and path.is_relative_to(root) and _LIBRARIES.isdisjoint(path.parts)


def references(function: object) -> list[tuple[str, object]]:
    """Return the globals, closure variables and `module.attribute` chains that the code of a function names.

    Returns:
        Pairs of name and value, in the order of the code. Nothing is imported or called.

    Example:
        >>> [name for name, value in references(lambda: sys.modules)]
        ['sys.modules']
    """
    inner = _unwrap(function)
    return list(_references(inner).items()) if inner else []


def _unwrap(function: object) -> FunctionType | None:
    """Return the function inside methods, decorators and hypothesis tests; None if there is no function."""
    for _ in range(_MAX_WRAPPERS):
        hypothesis_test = getattr(getattr(function, "hypothesis", None), "inner_test", None)
        inner = (
            hypothesis_test or getattr(function, "__func__", None) or getattr(function, "__wrapped__", None)
        )
        if inner is None:
            break
        function = inner
    return function if isinstance(function, FunctionType) else None


@lru_cache(maxsize=4096)
def _references(function: FunctionType) -> dict[str, object]:
    closure = dict(_closure_variables(function))
    return {
        name: value
        for code in _nested_code(function.__code__)
        for name, value in _named_values(code, function.__globals__, closure)
        if value is not None
        and not name.startswith("@")  # names that pytest adds when it rewrites assertions
    }


def _closure_variables(function: FunctionType) -> Iterator[tuple[str, object]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # an empty cell: the variable is not assigned yet
            yield name, cell.cell_contents


def _nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and the code objects of the functions, classes and comprehensions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested_code(constant)


def _named_values(
    code: CodeType, globals_: Mapping[str, object], closure: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """Yield the names and values that the instructions load: a name, then the attributes of modules.

    A lookup in a project by a constant, such as `defs.get_job_def("boil")`, is one name. In an assertion it
    is the whole project, because the code that pytest adds there loads the project too.
    """
    name, value, imported, lookup = "", None, None, ""
    modules: dict[str, tuple[str, ModuleType]] = {}  # by the local variable that holds the module
    for instruction in dis.get_instructions(code):
        operation, given = instruction.opname, instruction.argval
        if operation in _WITHOUT_VALUE:
            continue
        # since Python 3.13 one instruction may store a variable and load one, or load two
        stored, argument = map(str, given if isinstance(given, tuple) and len(given) == 2 else (given, given))
        if operation in _ATTRIBUTE_LOADS and isinstance(value, ModuleType):
            name, value = f"{name}.{argument}", _module_attribute(value, argument)
            continue
        if operation in _ATTRIBUTE_LOADS and argument in _LOOKUPS and _is_project(value):
            lookup = argument
            continue
        if lookup and operation == "LOAD_CONST":
            name, value = f"{name}.{lookup}({argument!r})", _look_up(value, lookup, given)
        if operation != "IMPORT_FROM" or value is not imported:
            yield name, value
        if operation.startswith("STORE_") and isinstance(value, ModuleType):
            modules[stored] = name, value
        name, value, lookup = argument, None, ""
        if operation in _GLOBAL_LOADS:
            value = globals_.get(argument)
        elif operation in _CELL_LOADS:
            value = closure.get(argument)
        if value is None and "LOAD_" in operation and argument in modules:
            name, value = modules[argument]
        elif operation == "IMPORT_NAME":
            value = imported = sys.modules.get(argument)
        elif operation == "IMPORT_FROM" and imported:
            name, value = f"{imported.__name__}.{argument}", _module_attribute(imported, argument)
    yield name, value


def _is_project(value: object) -> bool:
    return type(value).__module__.startswith("dagflow.defs.project")


def _look_up(project: object, method: str, name: object) -> object:
    """Return a job or an asset of a project by name, or the whole project if it has no such name."""
    try:
        return getattr(project, method)(name)
    except Exception:  # the test may expect this error
        return project


def _module_attribute(module: ModuleType, name: str) -> object:
    """Return an attribute or a loaded submodule of a module, without calling the module `__getattr__`."""
    found = vars(module).get(name)
    return sys.modules.get(f"{module.__name__}.{name}") if found is None else found
