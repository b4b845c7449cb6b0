"""The module `dagster` for test suites written for Dagster: `install()` provides it on top of dagflow.

It costs nothing before `install()` is called. One rule maps the names: `dagflow` in a name of dagflow is
`dagster` in the name of Dagster. The names of the module are mapped at their first use. Attributes and
keywords are in a table with one line for each definition. `compat_modules` has the modules below `dagster`.
`python -m dagflow.compat script.py` installs it for a script.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from logging import LogRecord
from operator import attrgetter
from types import ModuleType
from typing import Any, NamedTuple, NoReturn, Union

from dagflow import errors
from dagflow.absent import absent_name
from dagflow.absent_names import FROM_PYTHON, TOPICS, WARNINGS
from dagflow.compat_importers import chain_to
from dagflow.compat_modules import Finder, private_name
from dagflow.errors import DagflowAbsentError, DagflowInvariantViolationError
from dagflow.instance.home import use_home_variable
from dagflow.processes import preparations
from dagflow.tags import use_tag_prefix

# (module, definition or class method) -> its attributes (.name) and keywords (name=) in Dagster's spelling
TABLE = {
    ("automation.run_status_context", "RunStatusSensorContext"): (
        ".dagster_run .dagster_event dagster_run= dagster_event="
    ),
    ("automation.run_status_context", "build_run_status_sensor_context"): (
        "dagster_event= dagster_instance= dagster_run="
    ),
    ("automation.sensor_data", "DagflowRunReaction"): ".dagster_run dagster_run=",
    ("automation.sensor_data", "SensorExecutionData"): ".dagster_run_reactions dagster_run_reactions=",
    ("call", "check_dagflow_type"): "dagster_type=",
    ("types.annotations", "make_python_type_usable_as_dagflow_type"): "dagster_type=",
    ("context.init", "InitResourceContext"): ".dagster_run",
    ("context.io", "InputContext"): ".dagster_type",
    ("context.io", "OutputContext"): ".dagster_type",
    ("context.user_code", "CallContext"): ".dagster_run",
    ("defs.assets.dependency", "AssetIn"): ".dagster_type dagster_type=",
    ("defs.assets.asset_out", "AssetOut"): ".dagster_type dagster_type=",
    ("defs.assets.decorator", "asset"): "dagster_type=",
    ("defs.ops.node", "NodeDefinition"): ".all_dagster_types",
    ("defs.jobs.content", "JobContent"): ".all_dagster_types",
    ("defs.ops.ports", "In"): ".dagster_type dagster_type=",
    ("defs.ops.ports", "Out"): ".dagster_type dagster_type=",
    ("defs.graphs.wiring", "InputMapping"): ".dagster_type dagster_type=",
    ("defs.graphs.wiring", "OutputMapping"): ".dagster_type dagster_type=",
    ("defs.project.libraries", "DagflowLibraryRegistry.register"): "is_dagster_package=",
    ("errors", "DagflowTypeCheckDidNotPass"): ".dagster_type dagster_type=",
    ("events.record", "EventLogEntry"): (
        ".dagster_event .is_dagster_event .get_dagster_event .dagster_event_type dagster_event="
    ),
    ("events.run", "RunRecord"): ".dagster_run dagster_run=",
    ("invocation.io", "build_input_context"): "dagster_type=",
    ("invocation.io", "build_output_context"): "dagster_type=",
    ("invocation.resources", "build_resources"): "dagster_run=",
    ("metadata.value", "MetadataValue"): ".dagster_run",
    ("runs.results", "ExecutionResult"): ".dagster_run",
    ("testing", "instance_for_test"): "set_dagster_home=",
    ("types.kinds", "TypeCheckContext"): "dagster_type=",
}


_ABSENT: Any = object()


class Touched(NamedTuple):
    """A name of Dagster that is not in dagflow, and a line that uses it.

    Attributes:
        name: The whole name, such as `dagster.Component`.
        is_used: Whether the line uses it, and does not only import it.
        where: The file and the line, joined by a colon.
    """

    name: str
    is_used: bool
    where: str


_touched: dict[Touched, None] = {}  # a dict, because it keeps the order


def install() -> ModuleType:
    """Make `import dagster` import dagflow, in the whole process.

    The module `dagster` has all names of dagflow in Dagster's spelling (`DagsterInstance`,
    `dagster_type_loader`). Their attributes and keywords exist in Dagster's spelling too
    (`result.dagster_run`, `In(dagster_type=int)`). The tags that dagflow sets begin with `dagster/`, and the
    error classes have Dagster's names, because test suites check both. Modules below `dagster` exist as far
    as public packages for databases import them. Call it before the first `import dagster`: at the top of the
    outermost `conftest.py`. A second call changes nothing.

    Returns:
        The module `dagster`.

    Raises:
        DagflowInvariantViolationError: The real Dagster has been imported in this process.
    """
    present = sys.modules.get("dagster")
    if isinstance(present, _Dagster):
        return present
    if present is not None:
        raise DagflowInvariantViolationError(
            "dagflow.compat.install() was called too late: this process has imported the real 'dagster', "
            f"from {getattr(present, '__file__', None)!r}.{_imported_by()} Call it before anything imports "
            "'dagster': at the top of the outermost conftest.py, or by pytest --dag-runtime=dagflow."
        )
    for (place, name), spellings in TABLE.items():
        owner, _, method = name.partition(".")
        if method:
            cls = getattr(import_module(f"dagflow.{place}"), owner)
            setattr(cls, method, staticmethod(_with_keywords(getattr(cls, method), spellings.split())))
        elif name[0].isupper():
            _add_spellings(getattr(import_module(f"dagflow.{place}"), name), spellings.split())
    _add_spellings(LogRecord, [".dagster_meta"])  # on the records of context.log
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, BaseException):
            # pickle finds the class by __qualname__, which therefore does not change
            error.__name__ = _as_dagster(error.__name__)
    use_tag_prefix("dagster/")
    use_home_variable("DAGSTER_HOME")
    sys.modules["dagster"] = module = _Dagster()
    # before the real modules, if they are installed, and after the finders that a suite has set
    sys.meta_path.insert(sys.meta_path.index(PathFinder), Finder())
    preparations.append("dagflow.compat:install")
    return module


def _imported_by() -> str:
    chain = chain_to("dagster")
    return f" It was imported by {' > '.join(chain)}." if len(chain) > 1 else ""


class _Dagster(ModuleType):
    """The module `dagster`. Its names are looked up in dagflow at their first use."""

    def __init__(self) -> None:
        super().__init__("dagster", "dagflow in the spelling of Dagster.")
        self.__file__ = __file__  # the ImportError of `from dagster import ...` names it
        self.__spec__ = ModuleSpec("dagster", None, origin=__file__, is_package=True)
        self.__path__: list[str] = []  # a package, whose modules Finder finds
        absent = [name for topic in TOPICS if topic.instead is not FROM_PYTHON for name in topic.names]
        self.__all__ = [_as_dagster(name) for name in (*_dagflow().__all__, *absent)]

    def __getattr__(self, name: str) -> Any:
        native = _as_dagflow(name)
        value: Any = getattr(_dagflow(), native, _ABSENT)
        if value is _ABSENT:
            value = _unexported(name)
        if value is _ABSENT:
            value = _placeholder(name, absent_name(native, name))
        if value is None:
            raise AttributeError(
                f"module 'dagster', which dagflow.compat installed, has no attribute '{name}': "
                f"dagflow has no '{native}'"
            )
        spellings = next((row for (_, own), row in TABLE.items() if own == native and own[0].islower()), "")
        if spellings:
            value = _with_keywords(value, spellings.split())
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__all__})


def touched() -> tuple[Touched, ...]:
    """Return the absent names that this process has used since `install()`, in order.

    Each name is there once for each line.

    Example:
        >>> touched()
        ()
    """
    return tuple(_touched)


def _touch(name: str) -> None:
    frame = sys._getframe(2)  # noqa: SLF001
    if not frame.f_globals.get("__name__", "").startswith("_pytest."):  # it looks at each name of a module
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        _touched[Touched(f"dagster.{name}", is_used=True, where=where)] = None


class Absent:
    """The placeholder of a name that dagflow does not have. It can be imported, and raises when it is used.

    It can also be part of an annotation, which does not use it.

    Raises:
        DagflowAbsentError: It is called, subclassed, subscripted, or the second argument of `isinstance`.
        AttributeError: One of its attributes is read.
    """

    def __init__(self, name: str, message: str) -> None:
        self._name = name
        self.__doc__ = message

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        _touch(self._name)
        raise DagflowAbsentError(self.__doc__)

    __call__ = __getitem__ = __iter__ = __mro_entries__ = __instancecheck__ = __subclasscheck__ = _refuse

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("__"):  # tools ask each object for such names
            _touch(self._name)
        raise AttributeError(self.__doc__, name=name)

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007 - `|` would call this method again

    __ror__ = __or__

    def __repr__(self) -> str:
        return f"<'{self._name}', which is not in dagflow>"


def _unexported(name: str) -> Any:
    try:
        return private_name(name)
    except KeyError:
        return _ABSENT


def _placeholder(name: str, message: str | None) -> Any:
    if message is None:
        return None
    if name in WARNINGS:  # filters of warnings check that it is a class of warnings
        return type(name, (Warning,), {"__doc__": message})
    return Absent(name, message)


def _add_spellings(cls: type, spellings: list[str]) -> None:
    for spelling in spellings:
        if spelling.startswith("."):
            native = _as_dagflow(spelling[1:])
            found = cls.__dict__.get(native)
            own = found if hasattr(found, "__get__") else property(attrgetter(native))
            setattr(cls, spelling[1:], own)
    keywords = [spelling for spelling in spellings if spelling.endswith("=")]
    if keywords:
        maker = "__init__" if "__init__" in cls.__dict__ else "__new__"
        setattr(cls, maker, _with_keywords(getattr(cls, maker), keywords))


def _with_keywords(function: Callable[..., Any], spellings: list[str]) -> Callable[..., Any]:
    """Return a wrapper of a function that accepts some of its keywords in Dagster's spelling too."""
    known = {spelling[:-1]: _as_dagflow(spelling[:-1]) for spelling in spellings}

    @functools.wraps(function)
    def translated(*args: Any, **kwargs: Any) -> Any:
        for name in known.keys() & kwargs.keys():
            if known[name] in kwargs:
                raise TypeError(f"both '{name}' and '{known[name]}' were given; give one of them")
            kwargs[known[name]] = kwargs.pop(name)
        return function(*args, **kwargs)

    return translated


def _as_dagster(name: str) -> str:
    return name.replace("dagflow", "dagster").replace("Dagflow", "Dagster")


def _as_dagflow(name: str) -> str:
    return name.replace("dagster", "dagflow").replace("Dagster", "Dagflow")


def _dagflow() -> ModuleType:
    return sys.modules["dagflow"]


if __name__ == "__main__":
    from dagflow.compat_command import run_command

    # the module that other code imports, because this one has the name `__main__`
    run_command(import_module("dagflow.compat").install)
