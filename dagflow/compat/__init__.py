"""The module `dagster` for test suites written for Dagster: `install()` provides it on top of dagflow.

It costs nothing before `install()` is called. One rule maps the names: `dagflow` in a name of dagflow is
`dagster` in the name of Dagster. The names of the module are mapped at their first use.
`python -m dagflow.compat script.py` installs it for a script.

- `spellings`: attributes and keywords in Dagster's spelling, with one line for each definition;
- `modules`, `paths`: the modules below `dagster`, and the table of their private names;
- `command`: `python -m dagflow.compat`;
- `placeholders`: names that dagflow does not have, and the register of those that a suite touched;
- the other modules have small functions that projects import from private modules.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from logging import LogRecord
from types import ModuleType
from typing import Any

from dagflow import errors
from dagflow.absent import absent_name
from dagflow.absent_names import FROM_PYTHON, TOPICS
from dagflow.compat.deprecations import with_deprecations
from dagflow.compat.functions import add_maintained_marks
from dagflow.compat.importers import chain_to
from dagflow.compat.modules import Finder, private_name
from dagflow.compat.paths import PACKAGES, VERSION
from dagflow.compat.placeholders import Absent, Touched, touch, touched
from dagflow.compat.settings import dagflow_settings
from dagflow.compat.spellings import (
    add_all_spellings,
    add_spellings,
    as_dagflow,
    as_dagster,
    function_with_spellings,
)
from dagflow.context.log import use_log_name
from dagflow.errors import DagflowInvariantViolationError
from dagflow.instance.home import use_home_variable, use_settings_form
from dagflow.preparations import preparations
from dagflow.tags import use_tag_prefix

__all__ = ["Touched", "install", "touched"]

_ABSENT: Any = object()


def install() -> ModuleType:
    """Make `import dagster` import dagflow, in the whole process.

    The module `dagster` has all names of dagflow in Dagster's spelling (`DagsterInstance`,
    `dagster_type_loader`). Their attributes and keywords exist in Dagster's spelling too
    (`result.dagster_run`, `In(dagster_type=int)`). The tags that dagflow sets begin with `dagster/`, and the
    error classes and loggers have Dagster's names, because test suites check them.
    Each module below `dagster` can be
    imported. A name there is an object of dagflow, or a placeholder, which raises when it is used. Call this
    function before the first `import dagster`: at the top of the outermost `conftest.py`. A second call
    changes nothing.

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
            "dagflow.compat.install() was called too late: this process has imported the real "
            f"'{present.__name__}', from {getattr(present, '__file__', None)!r}{chain_to(present.__name__)}. "
            "Call it before anything imports 'dagster': at the top of the outermost conftest.py, or by "
            "pytest --dag-runtime=dagflow."
        )
    add_all_spellings()
    add_maintained_marks()
    add_spellings(LogRecord, [".dagster_meta"])  # on the records of context.log
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, BaseException):
            # pickle finds the class by __qualname__, which therefore does not change
            error.__name__ = as_dagster(error.__name__)
    use_tag_prefix("dagster/")
    use_home_variable("DAGSTER_HOME")
    use_log_name("dagster")
    use_settings_form(dagflow_settings, "dagster.yaml")
    sys.modules["dagster"] = module = _Dagster()
    # before the real modules, if they are installed, and after the finders that a suite has set
    sys.meta_path.insert(sys.meta_path.index(PathFinder), Finder(module))
    preparations.append("dagflow.compat:install")
    return module


class _Dagster(ModuleType):
    """The module `dagster`. Its names are looked up in dagflow at their first use."""

    def __init__(self) -> None:
        super().__init__("dagster", "dagflow in the spelling of Dagster.")
        self.__file__ = __file__  # the ImportError of `from dagster import ...` names it
        self.__spec__ = ModuleSpec("dagster", None, origin=__file__, is_package=True)
        self.__version__ = VERSION
        self.__path__: list[str] = []  # a package, whose modules Finder finds
        self._names = frozenset(_dagflow().__all__)  # `dagflow` has its imported modules as attributes too
        absent = [name for topic in TOPICS if topic.instead is not FROM_PYTHON for name in topic.names]
        self.__all__ = [as_dagster(name) for name in (*_dagflow().__all__, *absent)]

    def __getattr__(self, name: str) -> Any:
        if f"dagster.{name}" in PACKAGES:
            return import_module(f"dagster.{name}")
        native = as_dagflow(name)
        value = getattr(_dagflow(), native) if native in self._names else _private_name(name)
        if value is _ABSENT:
            message = absent_name(native, name)
            if message is not None:
                touch(f"dagster.{name}", is_used=False)
                return Absent(f"dagster.{name}", message)
            raise AttributeError(
                f"module 'dagster', which dagflow.compat installed, has no attribute '{name}': "
                f"dagflow has no '{native}'"
            )
        value = with_deprecations(native, function_with_spellings(native, value))
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__all__})


def _private_name(name: str) -> Any:
    try:
        return private_name(name)
    except KeyError:
        return _ABSENT


def _dagflow() -> ModuleType:
    return sys.modules["dagflow"]
