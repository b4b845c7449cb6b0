"""The module of a job: where it is, and its import in the processes of a run.

A module that is imported already is used as it is. Otherwise it is imported by its name, if the name leads to
the same file, or else loaded from its file under that name. So a test module in a folder without packages is
found. A script runs again as `__mp_main__`, as in Python's multiprocessing.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import NamedTuple

from dagflow.errors import DagflowImportError, DagflowInvariantViolationError

MAIN, MAIN_OF_WORKER = "__main__", "__mp_main__"

_imported_by_worker: ContextVar[str | None] = ContextVar("imported_by_worker", default=None)
"""The module that this process imports now in order to run steps of its jobs."""


class ModuleLocation(NamedTuple):
    """The location of a module.

    Attributes:
        name: The full name of the module.
        file: The file of the module; None if it has no file.
        directory: The directory that is searched first.
        package: The package of a script that was started with `python -m`; None for any other module.
    """

    name: str
    file: str | None
    directory: str
    package: str | None = None

    def load(self) -> ModuleType:
        """Return the module, and import it if necessary. `directory` must be on the path.

        Raises:
            DagflowImportError: The import fails.
        """
        name, file = self.name, self.file
        present = sys.modules.get(name)
        if present is not None and (file is None or _is_file(getattr(present, "__file__", None), file)):
            return present
        try:
            if name == MAIN and file is not None:
                return _load_script(file, self.package)
            if file is None or _leads_to(name, file):
                return importlib.import_module(name)
            return _load_file(name, file)
        except Exception as error:
            of_file = "" if file is None else f" (file '{file}')"
            raise DagflowImportError(
                f"Encountered {type(error).__name__}: `{error}` while importing module '{name}'{of_file}. It "
                f"was searched for in '{self.directory}' and on Python's path. Correct the module, or start "
                "where its imports can be found."
            ) from error

    def load_for_steps(self) -> None:
        """Import the module in a process that runs its steps. The directory stays on the path.

        Raises:
            DagflowImportError: The import fails.
        """
        if self.directory not in sys.path:
            sys.path.insert(0, self.directory)
        token = _imported_by_worker.set(self.file or self.name)
        try:
            self.load()
        finally:
            _imported_by_worker.reset(token)


def check_not_imported_by_worker() -> None:
    """Check that no module runs a job while a worker imports the module.

    Raises:
        DagflowInvariantViolationError: A module does. Every worker would start another run.
    """
    module = _imported_by_worker.get()
    if module is not None:
        raise DagflowInvariantViolationError(
            f"a job is run while '{module}' is imported by a process that is to run its steps, and so would "
            "be run again and again. Move the code that runs jobs below 'if __name__ == \"__main__\":'."
        )


@contextmanager
def first_on_path(directory: str) -> Iterator[None]:
    """Search a directory first for modules, within a `with` block."""
    sys.path.insert(0, directory)
    try:
        yield
    finally:
        if directory in sys.path:
            sys.path.remove(directory)


def _leads_to(name: str, file: str) -> bool:
    """Return whether the import of a name loads a certain file."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # a parent package is missing, or is not a package
        return False
    return spec is not None and _is_file(spec.origin, file)


def _is_file(path: str | None, file: str) -> bool:
    return path is not None and os.path.realpath(path) == os.path.realpath(file)


def _load_file(name: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"'{file}' is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _load_script(file: str, package: str | None) -> ModuleType:
    """Run the script of the parent, without the code below `if __name__ == "__main__"`."""
    module = ModuleType(MAIN_OF_WORKER)
    module.__file__ = file
    if package is not None:
        importlib.import_module(package)
        name = f"{package}.{os.path.splitext(os.path.basename(file))[0]}"
        module.__spec__ = importlib.util.spec_from_file_location(name, file)  # multiprocessing reads it
    module.__package__ = package
    present = sys.modules.get(MAIN)
    sys.modules[MAIN] = sys.modules[MAIN_OF_WORKER] = module  # pickles of the parent contain this name
    try:
        with open(file, "rb") as source:
            exec(compile(source.read(), file, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[MAIN_OF_WORKER]
        if present is not None:
            sys.modules[MAIN] = present
        raise
    return module
