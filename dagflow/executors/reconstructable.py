"""Finding a job again, in this process or in another: `reconstructable` makes of a job, or of a function that
makes one, a pointer of plain data that survives JSON.

A pointer names a module, the file of the module, and an attribute. In a process that has the module already,
it is used as it is. In a fresh one it is imported by its name where that leads to the same file, and is
otherwise loaded from its file under that name; so the tests of a folder without packages are found, and a
script, which runs again as `__mp_main__` the way Python's multiprocessing does it.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import FunctionType, ModuleType
from typing import Any

from dagflow._util import nearest
from dagflow.defs.assets.spec import key_of
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.definition import JobDefinition, job_of_graph
from dagflow.errors import (
    DagflowImportError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_optional,
    check_type,
)
from dagflow.keys import AssetKey

_MAIN, _MAIN_OF_A_CHILD = "__main__", "__mp_main__"
_INSTEAD = (
    "Use a function or decorated function defined at module scope instead, or use build_reconstructable_job."
)
_FIELDS = (
    "module", "file", "package", "attribute", "working_directory", "args", "kwargs",
    "op_selection", "asset_selection",
)  # fmt: skip

_being_imported: ContextVar[str | None] = ContextVar("being_imported", default=None)
"""The module that is being imported in a process that is to run steps of its jobs."""


class ReconstructableJob:
    """Where a job is found again, and which part of it is meant. Made by `reconstructable` or
    `build_reconstructable_job`; immutable.

    Attributes:
        module: The module that has it.
        file: The file of the module, None where it has none.
        package: The package of a script that was started with `python -m`, else None.
        attribute: The name there, of a job or of a function that returns one.
        working_directory: The folder in which modules are looked for first.
        args, kwargs: What the function is called with.
        op_selection: Clauses that choose a part of the ops, None for all.
        asset_selection: The keys of the chosen assets, None for all.

    Example:
        >>> pointer = ReconstructableJob("shop", "shop.py", "cafe", "somewhere")
        >>> ReconstructableJob.from_dict(pointer.to_dict()).attribute
        'cafe'
    """

    __slots__ = (*_FIELDS, "_definition")

    def __init__(
        self,
        module: str,
        file: str | None,
        attribute: str,
        working_directory: str,
        *,
        package: str | None = None,
        args: Collection[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        op_selection: Collection[str] | None = None,
        asset_selection: Collection[AssetKey] | None = None,
    ) -> None:
        self.module = module
        self.file = file
        self.package = package
        self.attribute = attribute
        self.working_directory = working_directory
        self.args = tuple(args)
        self.kwargs = dict(kwargs or {})
        self.op_selection = None if op_selection is None else frozenset(op_selection)
        self.asset_selection = None if asset_selection is None else frozenset(asset_selection)
        self._definition: JobDefinition | None = None

    def get_definition(self) -> JobDefinition:
        """The job, cut down to what is selected; found at the first call.

        Raises:
            DagflowImportError: The module does not import.
            DagflowInvariantViolationError: The module does not have it, or it is no job.
            DagflowInvalidSubsetError: A selection chooses nothing.
        """
        if self._definition is None:
            with _first_on_path(self.working_directory):
                whole = _job_of(_attribute(module_of(self), self.attribute), self)
            self._definition = _part_of(whole, self)
        return self._definition

    @property
    def job_name(self) -> str:
        """The name of the job."""
        return self.get_definition().name

    def get_subset(
        self,
        *,
        op_selection: Collection[str] | None = None,
        asset_selection: Collection[Any] | None = None,
    ) -> ReconstructableJob:
        """The same job with another selection, checked when the definition is asked for.

        Args:
            op_selection: Clauses such as "*a"; None or nothing selects all.
            asset_selection: Keys of assets; None selects all.

        Raises:
            ParameterCheckError: A selection is a text, or no collection.
        """
        for name, given in (("op_selection", op_selection), ("asset_selection", asset_selection)):
            if given is not None and (isinstance(given, str) or not isinstance(given, Collection)):
                raise ParameterCheckError(f"parameter '{name}' must be a list or set, not {given!r}")
        changed = {
            "op_selection": op_selection or None,
            "asset_selection": None if asset_selection is None else [key_of(key) for key in asset_selection],
        }
        values = {name: getattr(self, name) for name in _FIELDS}
        return ReconstructableJob(**{**values, **changed})

    def to_dict(self) -> dict[str, Any]:
        """This pointer as plain JSON."""
        values = {name: getattr(self, name) for name in _FIELDS}
        values["args"] = list(self.args)
        if self.op_selection is not None:
            values["op_selection"] = sorted(self.op_selection)
        if self.asset_selection is not None:
            values["asset_selection"] = sorted(key.path for key in self.asset_selection)
        return values

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> ReconstructableJob:
        """The pointer that `to_dict` was called on."""
        values = dict(given)
        if values["asset_selection"] is not None:
            values["asset_selection"] = [AssetKey(path) for path in values["asset_selection"]]
        return ReconstructableJob(**values)

    def __repr__(self) -> str:
        return f"<reconstructable job '{self.module}.{self.attribute}'>"


def reconstructable(target: Any) -> ReconstructableJob:
    """What another process can make a job of again.

    Args:
        target: A job made by `@job`, or a function without arguments that returns a job; at module scope.

    Raises:
        DagflowInvariantViolationError: It is something else, or another process could not find it: a lambda,
            something inside a function, a job made by `to_job`, something of an interactive session.

    Example:
        >>> reconstructable(lambda: None)
        Traceback (most recent call last):
        ...
        dagflow.errors.DagflowInvariantViolationError: Reconstructable target can not be a lambda. Use ...
    """
    made_by = _maker(target)
    name, qualified_name = made_by.__name__, made_by.__qualname__
    if name == "<lambda>":
        raise DagflowInvariantViolationError(f"Reconstructable target can not be a lambda. {_INSTEAD}")
    if qualified_name != name:
        raise DagflowInvariantViolationError(
            f"Reconstructable target '{name}' has a different __qualname__ '{qualified_name}', so it is not "
            f"defined at module scope, and nothing else can find it. {_INSTEAD}"
        )
    if made_by is target:
        _check_needs_nothing(made_by)
    module = inspect.getmodule(made_by)
    file = getattr(module, "__file__", None)
    if module is None or file is None:
        raise DagflowInvariantViolationError(
            "reconstructable() can not reconstruct jobs defined in interactive environments like a "
            f"notebook or the Python prompt, as '{name}' is. Define it in a module and import it from there."
        )
    if isinstance(target, JobDefinition) and getattr(module, name, None) is not target:
        raise DagflowInvariantViolationError(
            f"the attribute '{name}' of module '{module.__name__}' is not the job '{target.name}' that "
            f"reconstructable() was given, so another process would find something else. {_INSTEAD}"
        )
    script = None
    if module.__name__ == _MAIN:
        script = module.__spec__
        sys.modules.setdefault(_MAIN_OF_A_CHILD, module)  # by which a child names what it pickles
    pointer = ReconstructableJob(
        module.__name__,
        os.path.abspath(file),
        name,
        os.getcwd(),
        package=None if script is None else script.parent or None,
    )
    pointer.get_definition()
    return pointer


def build_reconstructable_job(
    reconstructor_module_name: str,
    reconstructor_function_name: str,
    reconstructable_args: tuple[Any, ...] | None = None,
    reconstructable_kwargs: Mapping[str, Any] | None = None,
    reconstructor_working_directory: str | None = None,
) -> ReconstructableJob:
    """What another process can make a job of again, by calling a function with arguments.

    Args:
        reconstructor_module_name: The module of the function.
        reconstructor_function_name: A function that returns a job.
        reconstructable_args: Its positional arguments, made of texts, numbers, lists and dicts.
        reconstructable_kwargs: Its keyword arguments, likewise.
        reconstructor_working_directory: A folder in which the module is looked for first; default: the
            current one.

    Raises:
        DagflowImportError: The module does not import.
        DagflowInvariantViolationError: It does not have the function, what that returns is no job, or JSON
            would change an argument.
        ParameterCheckError: An argument is of the wrong type.
    """
    module_name = check_type(reconstructor_module_name, str, "reconstructor_module_name")
    function_name = check_type(reconstructor_function_name, str, "reconstructor_function_name")
    args = check_optional(reconstructable_args, tuple, "reconstructable_args") or ()
    kwargs = check_optional(reconstructable_kwargs, Mapping, "reconstructable_kwargs") or {}
    folder = check_optional(reconstructor_working_directory, str, "reconstructor_working_directory")
    for name, value in (*enumerate(args), *kwargs.items()):
        _check_plain(name, value, f"'{module_name}.{function_name}'")
    found = ReconstructableJob(
        module_name, None, function_name, folder or os.getcwd(), args=args, kwargs=kwargs
    )
    with _first_on_path(found.working_directory):
        file = getattr(module_of(found), "__file__", None)
    found.file = None if file is None else os.path.abspath(file)
    found.get_definition()
    return found


def load(pointer: Mapping[str, Any]) -> JobDefinition:
    """The job of a pointer (its `to_dict`), in a process that was made for it: its folder stays on the path.

    Raises:
        DagflowImportError: Its module does not import.
    """
    preload(pointer)
    return ReconstructableJob.from_dict(pointer).get_definition()


def preload(pointer: Mapping[str, Any]) -> None:
    """Import the module of a pointer (its `to_dict`), in a process that was made for it.

    Raises:
        DagflowImportError: It does not import.
    """
    found = ReconstructableJob.from_dict(pointer)
    if found.working_directory not in sys.path:
        sys.path.insert(0, found.working_directory)
    token = _being_imported.set(found.file or found.module)
    try:
        module_of(found)
    finally:
        _being_imported.reset(token)


def check_may_run() -> None:
    """Raise where a module runs a job while another process of a run imports it to find the job again.

    Raises:
        DagflowInvariantViolationError: It does; every process of that run would start another run.
    """
    module = _being_imported.get()
    if module is not None:
        raise DagflowInvariantViolationError(
            f"a job is run while '{module}' is imported by a process that is to run its steps, and so would "
            "be run again and again. Put what runs jobs below 'if __name__ == \"__main__\":'."
        )


def module_of(pointer: ReconstructableJob) -> ModuleType:
    """The module of a pointer, imported if it is not there yet.

    Raises:
        DagflowImportError: It does not import.
    """
    name, file = pointer.module, pointer.file
    present = sys.modules.get(name)
    if present is not None and (file is None or _is_file(getattr(present, "__file__", None), file)):
        return present
    try:
        if name == _MAIN and file is not None:
            return _script(file, pointer.package)
        if file is None or _leads_to(name, file):
            return importlib.import_module(name)
        return _from_file(name, file)
    except Exception as error:
        of_file = "" if file is None else f" (file '{file}')"
        raise DagflowImportError(
            f"Encountered {type(error).__name__}: `{error}` while importing module '{name}'{of_file}. It was "
            f"looked for in '{pointer.working_directory}' and on Python's path. Mend the module, or start "
            "where its imports can be found."
        ) from error


def _leads_to(name: str, file: str) -> bool:
    """Whether importing a module by name gives what is in a file."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # a package of that path that is none, or is not there
        return False
    return spec is not None and _is_file(spec.origin, file)


def _is_file(path: str | None, file: str) -> bool:
    return path is not None and os.path.realpath(path) == os.path.realpath(file)


def _from_file(name: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"'{file}' is no file of Python code")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _script(file: str, package: str | None) -> ModuleType:
    """The script that another process runs, without what stands below `if __name__ == "__main__"`."""
    module = ModuleType(_MAIN_OF_A_CHILD)
    module.__file__ = file
    if package is not None:
        importlib.import_module(package)
        name = f"{package}.{os.path.splitext(os.path.basename(file))[0]}"
        module.__spec__ = importlib.util.spec_from_file_location(name, file)  # multiprocessing needs it
    module.__package__ = package
    present = sys.modules.get(_MAIN)
    sys.modules[_MAIN] = sys.modules[_MAIN_OF_A_CHILD] = module  # as what it pickles names it
    try:
        with open(file, "rb") as source:
            exec(compile(source.read(), file, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[_MAIN_OF_A_CHILD]
        if present is not None:
            sys.modules[_MAIN] = present
        raise
    return module


@contextmanager
def _first_on_path(folder: str) -> Iterator[None]:
    """Look for modules in a folder first, for a while."""
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _maker(target: Any) -> Any:
    """The function that makes the job: the target itself, or what was decorated.

    Raises:
        DagflowInvariantViolationError: There is none.
    """
    if isinstance(target, JobDefinition):
        fn = getattr(target, "__wrapped__", None)
        if fn is None:
            raise DagflowInvariantViolationError(
                "Reconstructable target was not a function returning a job definition, or a job definition "
                f"produced by a decorated function. If job '{target.name}' was made with GraphDefinition."
                "to_job, you must wrap the ``to_job`` call in a function at module scope, ie not within any "
                "other functions. To learn more about reconstructable, see its documentation."
            )
        return fn
    if not isinstance(target, FunctionType):
        raise DagflowInvariantViolationError(
            "Reconstructable target should be a function or definition produced by a decorated function, "
            f"got {type(target)}. {_INSTEAD}"
        )
    return target


def _check_needs_nothing(function: FunctionType) -> None:
    needed = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        raise DagflowInvariantViolationError(
            f"Reconstructable target must be callable with no arguments, but '{function.__name__}' needs "
            f"{needed}. Give them with build_reconstructable_job."
        )


def _attribute(module: ModuleType, name: str) -> Any:
    """What a module has under a name.

    Raises:
        DagflowInvariantViolationError: It has nothing.
    """
    if not hasattr(module, name):
        raise DagflowInvariantViolationError(
            f"'{name}' not found in module '{module.__name__}' (file '{getattr(module, '__file__', None)}')."
            f"{nearest(name, vars(module))}"
        )
    return getattr(module, name)


def _job_of(found: Any, pointer: ReconstructableJob) -> JobDefinition:
    """The job that was found, or that the function returns that was found."""
    if isinstance(found, JobDefinition):
        return found
    made = found(*pointer.args, **pointer.kwargs) if callable(found) else found
    if isinstance(made, GraphDefinition):
        made = job_of_graph(made)
    if not isinstance(made, JobDefinition):
        raise DagflowInvariantViolationError(
            "Loadable attributes must be either a JobDefinition, GraphDefinition, Definitions, or "
            f"RepositoryDefinition. Got {made!r}. Let '{pointer.attribute}' of module "
            f"'{pointer.module}' be a job, or a function that returns a job or a graph."
        )
    return made


def _part_of(job: JobDefinition, pointer: ReconstructableJob) -> JobDefinition:
    ops, assets = pointer.op_selection, pointer.asset_selection
    if ops is None and assets is None:
        return job
    return job.get_subset(
        op_selection=None if ops is None else sorted(ops),
        asset_selection=None if assets is None else sorted(assets),
    )


def _check_plain(name: object, value: Any, place: str) -> None:
    try:
        is_plain = json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        is_plain = False
    if not is_plain:
        raise DagflowInvariantViolationError(
            f"argument {name!r} of {place} is {value!r}, which another process can not be sent as JSON. Use "
            "texts, numbers, lists and dicts with texts as keys."
        )
