"""The search for definitions in the variables of modules.

A module is searched in the sorted order of its names. Lists in it are searched too, tuples and dicts are not.
An error that a module raises when it is imported reaches the caller unchanged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from operator import itemgetter
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, NamedTuple

from dagflow.errors import CheckError, ParameterCheckError, check_texts, check_type, repr_of


class Found(NamedTuple):
    """A definition, and the first variable that has it, as "module.name"."""

    value: Any
    place: str


def modules_of(modules: Iterable[ModuleType]) -> list[ModuleType]:
    """Return the modules of a list.

    Raises:
        ParameterCheckError: It is not a list of modules.
    """
    if not isinstance(modules, Iterable):
        raise ParameterCheckError(
            f"parameter 'modules' must be a list of modules, not {repr_of(modules)}. Write [module] for one "
            "module."
        )
    found = list(modules)
    for module in found:
        check_type(module, ModuleType, "modules")
    return found


def calling_module() -> ModuleType:
    """Return the module of the nearest caller outside of dagflow."""
    frame = sys._getframe(1)  # noqa: SLF001 - Python's own, much faster than inspect.stack
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith("dagflow."):
        frame = frame.f_back
    name = frame.f_globals.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or module.__dict__ is not frame.f_globals:
        raise CheckError(
            f"the code at {frame.f_code.co_filename}:{frame.f_lineno} is not in a module, so its definitions "
            "cannot be collected. Give them to Definitions(...) yourself."
        )
    return module


def imported_package(package_name: str) -> ModuleType:
    """Import a package, and return it.

    Raises:
        ParameterCheckError: The name is not a string.
        ModuleNotFoundError: There is no such package.
    """
    check_texts("a loader of a package", package_name=package_name)
    return import_module(package_name)


def modules_in(package: ModuleType) -> Iterator[ModuleType]:
    """Yield a package and all modules in it, at any depth."""
    check_type(package, ModuleType, "package_module")
    if not hasattr(package, "__path__"):
        raise AttributeError(
            f"module '{package.__name__}' is not a package: it has no '__path__'. Use the loader for modules."
        )
    yield package
    for entry in iter_modules(package.__path__, f"{package.__name__}."):
        module = import_module(entry.name)
        if entry.ispkg:
            yield from modules_in(module)
        else:
            yield module


def found_in(modules: Iterable[ModuleType], classes: tuple[type[Any], ...]) -> list[Found]:
    """Return the definitions in modules, each once."""
    found: dict[int, Found] = {}
    for module in modules:
        for name, value in sorted(vars(module).items(), key=itemgetter(0)):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, classes):
                    found.setdefault(id(one), Found(one, f"{module.__name__}.{name}"))
    return list(found.values())
