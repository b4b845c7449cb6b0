"""The links between a test and nodes: read from its markers, parameters and code, without running it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, TypeGuard, cast

import pytest

from pytest_dagflow import hooks
from pytest_dagflow.hook_calls import implementations
from pytest_dagflow.selecting.references import NotLoaded, RunOf, TicksOf, nested_code, references, unwrap

ALWAYS = "dag_always"
"""The marker of tests that run under every selection."""
_NODES, _PARTITIONS = "dag_nodes", "dag_partitions"
_MARKERS = frozenset({ALWAYS, _NODES, _PARTITIONS})
_CONTAINER_DEPTH = 3
_PLAIN_TYPES = frozenset({str, int, float, bool, bytes, type(None), FunctionType, ModuleType, type})
_LIBRARIES = frozenset({"site-packages", "dist-packages"})
_RUNTIMES = frozenset({"dagflow", "pytest_dagflow", "dagster"})
_DYNAMIC = frozenset({
    "__import__", "eval", "exec", "getfixturevalue", "globals", "import_module", "load_module", "run_module",
    "run_path", "subprocess",
})  # fmt: skip
"""Names in code behind which a run of a pipeline may be hidden."""
_LINK_FORM = "a list of names, expressions and definitions, as in ['water', orders]"
_SETUP_METHODS = (
    "setUp", "tearDown", "setUpClass", "tearDownClass", "asyncSetUp", "asyncTearDown", "setup_method",
    "teardown_method", "setup_class", "teardown_class",
)  # fmt: skip


class Link(NamedTuple):
    """A definition or an expression that a test touches.

    Attributes:
        target: A definition, a string in the syntax of `--dag-select`, or a call of `dag_run` or
            `dag_clock.ticks`.
        reason: The source of the link, for `--dag-explain`.
    """

    target: object
    reason: str


@dataclass
class Links:
    """The links of a test, and whether its code can reach dagflow at all.

    Attributes:
        found: The links, the strongest first.
        is_always: Whether a marker says that the test runs under every selection.
        can_reach: Whether the test may run or call a definition.
        is_dynamic: Whether it may do so through names that its code does not show.
    """

    found: list[Link] = field(default_factory=list)
    is_always: bool = False
    can_reach: bool = False
    is_dynamic: bool = False


def links_of(
    item: pytest.Item, is_definition: Callable[[object], bool], fixtures: Fixtures | None = None
) -> Links:
    """Return the links of a test, the strongest first: declared by a marker, then inferred.

    Args:
        item: The test.
        is_definition: Checks whether a value is a definition that has nodes.
        fixtures: The known fixtures. Pass one object for many tests, because it finds shared ones once.

    Raises:
        pytest.UsageError: A plugin that links tests to nodes raised, or returned something else.
    """
    marks = [mark for mark in item.iter_markers() if mark.name in _MARKERS]
    declared = _declared_links(marks, is_definition) if marks else ()
    links = Links([*declared, *_plugin_links(item, is_definition)])
    links.is_always = any(mark.name == ALWAYS for mark in marks)
    for value, reason in _inferred_values(item, links, (fixtures or Fixtures()).of(item)):
        links.can_reach = True
        if isinstance(value, RunOf | TicksOf) or is_definition(value):
            links.found.append(Link(value, reason))
    links.can_reach = links.can_reach or links.is_dynamic or bool(links.found)
    return links


def elements_of(value: object, depth: int = _CONTAINER_DEPTH) -> Iterator[object]:
    """Yield the elements of a list, tuple, set or dict, down to a depth; any other value itself."""
    cls = type(value)
    if cls in _PLAIN_TYPES or issubclass(cls, RunOf | TicksOf | NotLoaded):
        yield value
        return
    elements = _contained(value, cls) if depth else None
    if elements is None:
        yield value
        return
    for element in elements:
        yield from elements_of(element, depth - 1)


def _contained(value: Any, cls: type) -> list[object] | None:
    """Return the elements of a container; None for any other value, also one that only claims to be one."""
    base = _known_container_of(cls) if type(cls) is type else _container_of(cls)  # others may have no hash
    if base is None:
        return None
    if base is dict:
        return [*dict.values(value)]
    if base is Mapping:
        with suppress(Exception):  # code of the user
            return [*value.values()]
        return None
    return [*base.__iter__(value)]  # a subclass may refuse


def _container_of(cls: type) -> Any:
    """Return the class of containers from which a class inherits; None for a class of other values."""
    return next((base for base in _CONTAINERS if issubclass(cls, base)), None)


_CONTAINERS = (list, tuple, set, frozenset, dict, Mapping)
_known_container_of = lru_cache(maxsize=4096)(_container_of)


def _declared_links(marks: Iterable[pytest.Mark], is_definition: Callable[[object], bool]) -> Iterator[Link]:
    for mark in sorted(marks, key=lambda mark: mark.name):
        if mark.name == ALWAYS:
            continue
        if mark.name == _NODES:
            targets: Iterable[object] = elements_of(mark.args)
        else:
            targets = filter(is_definition, (*mark.args, *mark.kwargs.values()))
        for target in targets:
            yield Link(target, f"declared by {mark.name}")


def _plugin_links(item: pytest.Item, is_definition: Callable[[object], bool]) -> Iterator[Link]:
    for one in implementations(hooks.pytest_dagflow_link, item.config, item):
        result = one.call(item=item)
        if isinstance(result, str) or not isinstance(result, Iterable | None):
            raise one.refuse(f"{_LINK_FORM}, or None", result)
        with one.naming_errors():  # the hook may be a generator
            targets = list(elements_of(list(result or ())))
        for target in targets:
            if not isinstance(target, str) and not is_definition(target):
                raise one.refuse(f"{_LINK_FORM}: a list without", target)
            yield Link(target, f"linked by plugin {one.plugin}")


def _inferred_values(
    item: pytest.Item, links: Links, fixtures: WinningFixtures
) -> Iterator[tuple[object, str]]:
    """Yield the values of the runtime to which a test leads, each with the reason."""
    callspec = getattr(item, "callspec", None)
    for name, value in (callspec.params if callspec else {}).items():
        for element in elements_of(value):
            if _is_of_runtime(element):
                yield element, f"inferred from parameter '{name}'"
    test = getattr(item, "obj", None)
    for function in (doctest_function(item) if test is None else test, *methods_beside(item)):
        yield from _reached_from(function, "", links)
    for name, function in fixtures.of_project:
        yield from _reached_from(function, f" in fixture '{name}'", links)
    links.can_reach = links.can_reach or fixtures.has_runtime


def _reached_from(function: object, where: str, links: Links) -> Iterator[tuple[object, str]]:
    inner = unwrap(function)
    if inner is None:
        return
    reach = _reach_of(inner)
    links.is_dynamic = links.is_dynamic or reach.is_dynamic
    for name, value, holder in reach.values:
        yield value, f"inferred from '{name}'{holder}{where}"


@dataclass(frozen=True, eq=False)
class WinningFixtures:
    """The fixtures that a test uses, also those that its fixtures use.

    A fixture that overrides another one is followed by the other if it uses it.

    Attributes:
        functions: The function of each fixture.
        of_project: The name and the function of each that the project defines.
        has_runtime: Whether dagflow defines one of them.
    """

    functions: tuple[Callable[..., object], ...]
    of_project: tuple[tuple[str, Callable[..., object]], ...]
    has_runtime: bool


class Fixtures:
    """The fixtures of tests. Those of tests with the same fixtures are found once, and are one object."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[object, ...], ...], WinningFixtures] = {}

    def of(self, item: pytest.Item) -> WinningFixtures:
        """Return the fixtures of a test."""
        info = getattr(item, "_fixtureinfo", None)  # pytest has no public name for the fixtures of a test
        definitions = info.name2fixturedefs if info else {}
        key = tuple([(name, *found) for name, found in definitions.items()])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _winning_fixtures(definitions)
        return known


def _winning_fixtures(definitions: Mapping[str, Sequence[Any]]) -> WinningFixtures:
    winning: list[tuple[str, Callable[..., object]]] = []
    for name, candidates in definitions.items():
        for definition in reversed(candidates):
            winning.append((name, definition.func))
            if name not in definition.argnames:
                break
    of_project: list[tuple[str, Callable[..., object]]] = []
    has_runtime = False
    for name, function in winning:
        inner = unwrap(function)
        if inner is not None and is_project_function(inner):
            of_project.append((name, function))
        elif (getattr(function, "__module__", None) or "").partition(".")[0] in _RUNTIMES:
            has_runtime = True
    return WinningFixtures(tuple([function for _, function in winning]), tuple(of_project), has_runtime)


def methods_beside(item: pytest.Item) -> Iterator[object]:
    """Yield the methods of the class of a test that it names, and those that prepare it."""
    if not isinstance(item.parent, pytest.Class):
        return
    cls: type = item.parent.obj
    test = unwrap(getattr(item, "obj", None))
    if test is None:
        return
    todo, seen = [test], {test}
    while todo:
        current = todo.pop()
        names = (
            current.__code__.co_names if current is not test else (*test.__code__.co_names, *_SETUP_METHODS)
        )
        for name in names:
            method = unwrap(vars_of_class(cls, name))
            if method is not None and method not in seen and is_project_function(method):
                seen.add(method)
                todo.append(method)
                yield method


def vars_of_class(cls: type, name: str) -> object:
    """Return an attribute of a class or a base as it is stored, without calling a descriptor."""
    for base in cls.__mro__:
        if name in vars(base):
            found = vars(base)[name]
            return found.__func__ if isinstance(found, staticmethod | classmethod) else found
    return None


def doctest_function(item: pytest.Item) -> FunctionType | None:
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


class Reach(NamedTuple):
    """The values of the runtime that a function refers to, also through functions and classes of the project.

    Attributes:
        values: The name of each value, the value, and the function that refers to it: ` in helper()`.
        is_dynamic: Whether the code may load more than it names: `import_module`, an import in a function.
    """

    values: list[tuple[str, object, str]]
    is_dynamic: bool


@lru_cache(maxsize=16384)
def _reach_of(function: FunctionType) -> Reach:
    values: list[tuple[str, object, str]] = []
    is_dynamic = False
    todo: list[tuple[FunctionType, str]] = [(function, "")]
    seen = {function}
    for current, holder in todo:
        is_dynamic = is_dynamic or _is_dynamic(current)
        for name, value in references(current):
            is_dynamic = is_dynamic or _hides_runtime(value)
            values += [(name, one, holder) for one in elements_of(value) if _is_link(one)]
            for inner, of in _functions_in(value, name):
                if inner not in seen:
                    seen.add(inner)
                    todo.append((inner, of))
    return Reach(values, is_dynamic)


def _functions_in(value: object, name: str) -> Iterator[tuple[FunctionType, str]]:
    """Yield the project functions in a value: itself, those in a container, and the methods of a class."""
    if value is None or issubclass(type(value), str | int | float | bytes | ModuleType):
        return
    for element in elements_of(value):
        while issubclass(type(element), partial):
            element = cast("partial[Any]", element).func
        if _is_of_runtime(element) and not _is_class(element):
            continue  # a definition is a node itself
        function = _plain_function(element)
        if function is not None:
            if is_project_function(function):
                yield function, f" in {name}()"
            continue
        cls = element if _is_class(element) else type(element)
        for base in cls.__mro__ if is_project_module(cls.__module__) else ():
            if not is_project_module(base.__module__):
                continue
            for attribute in list(vars(base).values()):
                method = unwrap(_accessor(attribute))
                if method is not None:
                    yield method, f" in class {cls.__name__}"


def _plain_function(value: object) -> FunctionType | None:
    if issubclass(type(value), FunctionType | MethodType | staticmethod | classmethod):
        return unwrap(value)
    # a wrapper, such as a cache
    inner = None if _is_class(value) else _own_attributes(value).get("__wrapped__")
    return None if inner is None else unwrap(inner)


def _own_attributes(value: object) -> dict[str, Any]:
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


def _accessor(attribute: object) -> Any:
    """Return the function of a method, property or cached property as it is stored in a class."""
    if isinstance(attribute, property):
        return attribute.fget
    if isinstance(attribute, cached_property):
        return attribute.func
    return attribute if isinstance(attribute, FunctionType | staticmethod | classmethod) else None


def _is_link(value: object) -> bool:
    return type(value) is not NotLoaded and _is_of_runtime(value)


def _is_class(value: object) -> TypeGuard[type]:
    """Return whether a value is a class. `isinstance` asks `__class__`, which a mock sets."""
    return issubclass(type(value), type)


def _is_of_runtime(value: object) -> bool:
    """Return whether a value comes from the runtime: a definition, a function, a class derived from it."""
    cls = type(value)
    if issubclass(cls, ModuleType):
        return cast("ModuleType", value).__name__.partition(".")[0] in _RUNTIMES
    if cls is FunctionType:
        return (value.__module__ or "").partition(".")[0] in _RUNTIMES
    return _is_class_of_runtime(value if _is_class(value) else cls)


@lru_cache(maxsize=4096)
def _is_class_of_runtime(cls: type) -> bool:
    return any(base.__module__.partition(".")[0] in _RUNTIMES for base in cls.__mro__)


def _is_dynamic(function: FunctionType) -> bool:
    return any(not _DYNAMIC.isdisjoint(code.co_names) for code in nested_code(function.__code__))


def _hides_runtime(value: object) -> bool:
    """Return whether code may get definitions out of a module by names that cannot be read."""
    if type(value) is NotLoaded:
        return value.name.partition(".")[0] not in sys.stdlib_module_names
    if issubclass(type(value), ModuleType) and is_project_module(cast("ModuleType", value).__name__):
        return any(_is_of_runtime(found) for found in list(vars(value).values()))
    return False


def is_project_function(function: FunctionType) -> bool:
    """Return whether a function belongs to the project."""
    if not is_project_file(function.__code__.co_filename):  # asked first: most fixtures are of libraries
        return False
    return (function.__module__ or "").partition(".")[0] not in _RUNTIMES


def is_project_module(name: str) -> bool:
    """Return whether a loaded module belongs to the project."""
    file: str | None = getattr(sys.modules.get(name), "__file__", None)
    return name.partition(".")[0] not in _RUNTIMES and is_project_file(file or "")


@lru_cache(maxsize=16384)
def is_project_file(file: str) -> bool:
    """Return whether a file is not of Python itself or of an installed library."""
    path = Path(file)
    is_library = not _LIBRARIES.isdisjoint(path.parts) or path.is_relative_to(_STANDARD_LIBRARY)
    return bool(file) and not file.startswith("<") and not is_library


_STANDARD_LIBRARY = Path(os.__file__).parent


def forget_loaded() -> None:
    """Forget what functions and classes reach. Modules that were loaded since then may have changed it."""
    _reach_of.cache_clear()
    _known_container_of.cache_clear()  # a class can be registered as a Mapping
