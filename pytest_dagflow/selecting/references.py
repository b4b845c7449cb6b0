"""The references in the code of a function: globals, closures, `module.attribute` chains and lookups by name.

Nothing is imported, called or run.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple, cast

from pytest_dagflow.selecting.instructions import (
    ATTRIBUTE,
    CELL,
    CONSTANT,
    GLOBAL,
    IMPORT,
    IMPORTED,
    LOCAL,
    OTHER,
    STORE,
    chains,
    global_names,
    imports_modules,
    instructions,
)

_MAX_WRAPPERS = 30
_WITHOUT_VALUE = frozenset({OTHER, CONSTANT, STORE})
_LOOKUPS = frozenset({"get_job_def", "resolve_job_def", "get_job", "get_assets_def", "resolve_assets_def"})
"""The methods of a project that return a definition by its name."""
RUN_FIXTURE = "dag_run"
"""The fixture that runs a part of the project by its name."""
CLOCK_FIXTURE, TICKS = "dag_clock", "ticks"
"""The fixture of the time, and its method that evaluates the ticks of the project."""
_ASSERTION_VARIABLE = "@py_assert"
"""The variables in which an assertion keeps values."""
_ASSERTION_NAME = "@pytest_ar"
_ASSERTION_PREFIX = f"{_ASSERTION_NAME}."
"""The functions that pytest adds to an assertion. They get values only for the message."""


_Read = Callable[[CodeType, Mapping[str, object], Mapping[str, object]], Iterator[tuple[str, object]]]
"""A function that yields the names and values that code loads, of its globals and closure variables."""


class RunOf(NamedTuple):
    """A call of `dag_run`.

    Attributes:
        text: The literal in the call: an asset, a job or a selection; None if it is not a literal.
    """

    text: str | None


class TicksOf(NamedTuple):
    """A call of `dag_clock.ticks`.

    Attributes:
        texts: The first literals in the call. Names of schedules and sensors are among them; without one, the
            whole project may tick.
    """

    texts: tuple[str, ...]


class NotLoaded(NamedTuple):
    """A module that the code imports, and that is not loaded yet.

    Attributes:
        name: The name of the module.
    """

    name: str


def references(function: object) -> list[tuple[str, object]]:
    """Return the globals, closure variables and `module.attribute` chains that the code of a function names.

    Returns:
        Pairs of name and value, in the order of the code. Nothing is imported or called.

    Example:
        >>> [name for name, value in references(lambda: sys.modules)]
        ['sys.modules']
    """
    inner = unwrap(function)
    return list(_references(inner).items()) if inner else []


def unwrap(function: object) -> FunctionType | None:
    """Return the function inside methods, decorators and hypothesis tests; None if there is no function."""
    for _ in range(_MAX_WRAPPERS):
        if type(function) is FunctionType and not function.__dict__:
            return function
        hypothesis_test = getattr(getattr(function, "hypothesis", None), "inner_test", None)
        inner = (
            hypothesis_test or getattr(function, "__func__", None) or getattr(function, "__wrapped__", None)
        )
        if inner is None:
            break
        function = inner
    return function if isinstance(function, FunctionType) else None


@lru_cache(maxsize=16384)
def _references(function: FunctionType) -> dict[str, object]:
    closure = dict(_closure_variables(function))
    codes = list(nested_code(function.__code__))
    read = _reader_for(codes, function.__globals__, closure)
    try:
        return _read_all(read, codes, function.__globals__, closure)
    except _NeedsOrderError:
        return _read_all(_named_values, codes, function.__globals__, closure)


def _read_all(
    read: _Read, codes: list[CodeType], globals_: Mapping[str, object], closure: Mapping[str, object]
) -> dict[str, object]:
    return {
        name: value
        for code in codes
        for name, value in read(code, globals_, closure)
        if value is not None
        and not name.startswith("@")  # names that pytest adds when it rewrites assertions
    }


def _reader_for(
    codes: list[CodeType], globals_: Mapping[str, object], closure: Mapping[str, object]
) -> _Read:
    """Return the function that reads code: the slowest one if values depend on the order of instructions."""
    read = _global_values
    for code in codes:
        if RUN_FIXTURE in code.co_varnames or TICKS in code.co_names or imports_modules(code):
            return _named_values
        for name in code.co_names:
            value = globals_.get(name)
            if value is None or name[0] == "@":
                continue
            if isinstance(value, ModuleType):
                read = _chained_values
            elif _is_project(value):
                return _named_values
    for value in closure.values():
        if isinstance(value, ModuleType) or _is_project(value):
            return _named_values
    return read


class _NeedsOrderError(Exception):
    """Code whose values depend on the order of its instructions."""


def _chained_values(
    code: CodeType, globals_: Mapping[str, object], closure: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """Yield the same as `_named_values` for code that only loads globals and attributes of modules.

    Raises:
        _NeedsOrderError: The code stores a module in a variable, or loads a project from one.
    """
    is_shown = False
    for kind, names, is_stored, is_adjacent in chains(code):
        name = names[0]
        is_argument = is_shown and is_adjacent
        is_shown = name == _ASSERTION_NAME
        if is_argument or name[0] == "@":
            continue
        value = (globals_ if kind is GLOBAL else closure).get(name)
        count = 1
        while count < len(names) and isinstance(value, ModuleType):
            name, value = f"{name}.{names[count]}", _module_attribute(value, names[count])
            count += 1
        if isinstance(value, ModuleType):
            if is_stored:
                raise _NeedsOrderError
        elif _is_project(value):
            raise _NeedsOrderError
        yield name, value


def _global_values(
    code: CodeType, globals_: Mapping[str, object], closure: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """Yield the globals and closure variables that the instructions load. Reads no other instruction."""
    for name in global_names(code):
        if name in globals_:
            yield name, globals_[name]
    for name in code.co_freevars:
        if name in closure:
            yield name, closure[name]


def _closure_variables(function: FunctionType) -> Iterator[tuple[str, object]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # an empty cell: the variable is not assigned yet
            yield name, cell.cell_contents


def nested_code(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and the code objects of the functions, classes and comprehensions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested_code(constant)


def _named_values(
    code: CodeType, globals_: Mapping[str, object], closure: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """Yield the names and values that the instructions load: a name, then the attributes of modules.

    A lookup in a project by a constant, such as `defs.get_job_def("boil")`, is one name. What pytest loads
    only for the message of an assertion is left out.
    """
    reader = _Reader(globals_, closure, code.co_cellvars)
    constants: dict[str, object] = {}  # an assertion keeps the constants of its calls in variables
    constant: object = None
    for kind, argument in instructions(code):
        if kind == STORE and argument.startswith(_ASSERTION_VARIABLE):
            constants[argument] = constant
        constant = argument if kind == CONSTANT else constants.get(argument)
        if reader.value is not None or reader.name == CLOCK_FIXTURE:
            if reader.extend(kind, argument, constant):
                continue
            if not reader.keep(kind, argument):
                yield reader.name, reader.value
        elif kind in _WITHOUT_VALUE:
            continue
        reader.load(kind, argument)
    yield reader.name, reader.value


class _Reader:
    """The value that the last instructions loaded.

    Args:
        globals_: The globals of the code.
        closure: Its closure variables.
        cells: The variables that its nested functions read.

    Attributes:
        name: The name of the value, such as `shop.defs`.
        value: The value; None if it is not known.
    """

    def __init__(
        self, globals_: Mapping[str, object], closure: Mapping[str, object], cells: tuple[str, ...]
    ) -> None:
        self.name, self.value = "", cast("object", None)
        self._globals, self._closure, self._cells = globals_, closure, cells
        self._lookup = ""  # the method of a project that was loaded
        self._imported: ModuleType | None = None
        # by local variable: modules, and what an assertion keeps: projects, their methods, and `ticks`
        self._kept: dict[str, tuple[str, object, str]] = {}

    def extend(self, kind: str, argument: str, constant: object) -> bool:
        """Return whether an instruction loads an attribute of the value.

        A constant that is passed to the method of a project, or to `dag_run`, narrows the value. A definition
        that is passed to `dag_clock.ticks` is the value.
        """
        value = self.value
        if kind == ATTRIBUTE:
            if argument == TICKS and self.name == CLOCK_FIXTURE:
                self._tick(())
                return True
            if isinstance(value, ModuleType):
                self.name, self.value = f"{self.name}.{argument}", _module_attribute(value, argument)
                return True
            if argument in _LOOKUPS and _is_project(value):
                self._lookup = argument
                return True
        if isinstance(value, TicksOf):
            return self._extend_ticks(value, kind, argument, constant)
        if self._lookup and (kind == CONSTANT or isinstance(constant, str)):
            self.name = f"{self.name}.{self._lookup}({constant!r})"
            self.value = _look_up(value, self._lookup, constant)
        elif isinstance(value, RunOf) and isinstance(constant, str):
            self.name, self.value = f"{RUN_FIXTURE}({constant!r})", RunOf(constant)
        return False

    def _extend_ticks(self, value: TicksOf, kind: str, argument: str, constant: object) -> bool:
        """Return whether an instruction after `dag_clock.ticks` loads a name or a definition."""
        if isinstance(constant, str):
            self._tick((*value.texts, constant))
            return True
        if value.texts or kind != GLOBAL or self._globals.get(argument) is None:
            return False
        self.load(kind, argument)
        return True

    def _tick(self, texts: tuple[str, ...]) -> None:
        self.name = f"{CLOCK_FIXTURE}.{TICKS}({', '.join(map(repr, texts))})"
        self.value = TicksOf(texts)

    def _is_read(self, kind: str) -> bool:
        """Return whether an instruction reads the variable of `dag_run`, and makes no closure of it."""
        return kind == CELL or (kind == LOCAL and RUN_FIXTURE not in self._cells)

    def keep(self, kind: str, argument: str) -> bool:
        """Return whether the value is complete only where the variable that stores it is loaded."""
        if kind != STORE:
            return kind == IMPORTED and self.value is self._imported
        is_of_assertion = argument.startswith(_ASSERTION_VARIABLE) and (
            isinstance(self.value, TicksOf) or _is_project(self.value)
        )
        if is_of_assertion or isinstance(self.value, ModuleType):
            self._kept[argument] = self.name, self.value, self._lookup
        return is_of_assertion

    def load(self, kind: str, argument: str) -> None:
        """Set the value to that which an instruction loads."""
        is_shown = self.name.startswith(_ASSERTION_PREFIX)
        self.name, self.value, self._lookup = "", None, ""
        if is_shown or kind in _WITHOUT_VALUE:
            return
        self.name = argument
        if kind == GLOBAL:
            self.value = self._globals.get(argument)
        elif kind == CELL:
            self.value = self._closure.get(argument)
        elif kind == IMPORT:
            self._imported = _loaded_module(argument, self._globals)
            self.value = NotLoaded(argument) if self._imported is None else self._imported
        elif kind == IMPORTED and self._imported:
            self.name = f"{self._imported.__name__}.{argument}"
            self.value = _module_attribute(self._imported, argument)
        if self.value is None and argument in self._kept:
            self.name, self.value, self._lookup = self._kept[argument]
        elif self.value is None and argument == RUN_FIXTURE and self._is_read(kind):
            self.value = RunOf(None)


def _loaded_module(name: str, globals_: Mapping[str, object]) -> ModuleType | None:
    """Return a module that is loaded, by its name or its name relative to the package of the code."""
    package = str(globals_.get("__package__") or "")
    relative = f"{package}.{name}" if package and name else package
    return sys.modules.get(name) or sys.modules.get(relative)


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


def forget_loaded() -> None:
    """Forget the references of functions. Modules that were loaded since then may have changed them."""
    _references.cache_clear()
