"""`reconstructable`: a pointer to a job, by which this or another process can load it.

A ReconstructableJob is a pointer to a job: the location of a module (`executors/module_location.py`), an
attribute of it, arguments and a selection. It is plain data and survives JSON.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Collection, Mapping
from types import FunctionType, ModuleType
from typing import Any

from dagflow._util import nearest
from dagflow.defs.assets.dependency import key_of
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.definition import JobDefinition, job_of_graph
from dagflow.errors import (
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.executors.import_watch import reporting_import
from dagflow.executors.module_location import MAIN, MAIN_OF_WORKER, ModuleLocation, first_on_path
from dagflow.keys import AssetKey

_INSTEAD = (
    "Use a function or decorated function defined at module scope instead, or use build_reconstructable_job."
)
_FIELDS = ("location", "attribute", "args", "kwargs", "op_selection", "asset_selection")


class ReconstructableJob:
    """A pointer to a job, or to a part of it. Created by `reconstructable` or `build_reconstructable_job`;
    immutable.

    Attributes:
        location: The location of the module.
        attribute: The name in the module, of a job or of a function that returns one.
        args, kwargs: The arguments of the function.
        op_selection: Clauses that select ops; None for all.
        asset_selection: The keys of the selected assets; None for all.

    Example:
        >>> job = ReconstructableJob(ModuleLocation("shop", "shop.py", "a_directory"), "cafe")
        >>> ReconstructableJob.from_dict(job.to_dict()).attribute
        'cafe'
    """

    __slots__ = (*_FIELDS, "_definition")

    def __init__(
        self,
        location: ModuleLocation,
        attribute: str,
        *,
        args: Collection[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        op_selection: Collection[str] | None = None,
        asset_selection: Collection[AssetKey] | None = None,
    ) -> None:
        self.location = location
        self.attribute = attribute
        self.args: tuple[Any, ...] = tuple(args)
        self.kwargs: dict[str, Any] = dict(kwargs or {})
        self.op_selection: frozenset[str] | None = None if op_selection is None else frozenset(op_selection)
        self.asset_selection: frozenset[AssetKey] | None = (
            None if asset_selection is None else frozenset(asset_selection)
        )
        self._definition: JobDefinition | None = None

    def get_definition(self) -> JobDefinition:
        """Return the job, reduced to the selection. The first call finds it.

        Raises:
            DagflowImportError: The import of the module fails.
            DagflowInvariantViolationError: The attribute is missing or is not a job.
            DagflowInvalidSubsetError: A selection selects nothing.
        """
        if self._definition is None:
            with first_on_path(self.location.directory):
                whole = _job_of(_attribute(self.location.load(), self.attribute), self)
            self._definition = _subset_of(whole, self)
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
        """Return a pointer to the same job with another selection. `get_definition` checks the selection.

        Args:
            op_selection: Clauses such as "*a"; None or an empty list selects all.
            asset_selection: Keys of assets; None selects all.

        Raises:
            ParameterCheckError: A selection is a string or not a collection.
        """
        for name, given in (("op_selection", op_selection), ("asset_selection", asset_selection)):
            if given is not None and (isinstance(given, str) or not isinstance(given, Collection)):
                raise ParameterCheckError(f"parameter '{name}' must be a list or set, not {repr_of(given)}")
        changed = {
            "op_selection": op_selection or None,
            "asset_selection": None if asset_selection is None else [key_of(key) for key in asset_selection],
        }
        values = {name: getattr(self, name) for name in _FIELDS}
        return ReconstructableJob(**{**values, **changed})

    def to_dict(self) -> dict[str, Any]:
        """Return this pointer as a dict of JSON values."""
        values = {name: getattr(self, name) for name in _FIELDS}
        values["location"] = self.location._asdict()
        values["args"] = list(self.args)
        if self.op_selection is not None:
            values["op_selection"] = sorted(self.op_selection)
        if self.asset_selection is not None:
            values["asset_selection"] = sorted(key.path for key in self.asset_selection)
        return values

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> ReconstructableJob:
        """Return the pointer whose `to_dict` returned a dict."""
        values = {**given, "location": ModuleLocation(**given["location"])}
        if values["asset_selection"] is not None:
            values["asset_selection"] = [AssetKey(path) for path in values["asset_selection"]]
        return ReconstructableJob(**values)

    def __repr__(self) -> str:
        return f"<reconstructable job '{self.location.name}.{self.attribute}'>"


def reconstructable(target: Any) -> ReconstructableJob:
    """Return a pointer by which another process can find a job.

    Args:
        target: A job made by `@job`, or a function without parameters that returns a job. It must be defined
            at the top of a module.

    Raises:
        DagflowInvariantViolationError: The target is anything else: a lambda, a job or function inside
            another function, a job made by `to_job`, or an object of an interactive session.

    Example:
        >>> reconstructable(lambda: None)
        Traceback (most recent call last):
        ...
        dagflow.errors.DagflowInvariantViolationError: Reconstructable target can not be a lambda. Use ...
    """
    function = _function_of(target)
    name, qualified_name = function.__name__, function.__qualname__
    if name == "<lambda>":
        raise DagflowInvariantViolationError(f"Reconstructable target can not be a lambda. {_INSTEAD}")
    if qualified_name != name:
        raise DagflowInvariantViolationError(
            f"Reconstructable target '{name}' has a different __qualname__ '{qualified_name}', so it is not "
            f"defined at module scope, and another process cannot find it. {_INSTEAD}"
        )
    if function is target:
        _check_has_no_parameters(function)
    module = inspect.getmodule(function)
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
    if module.__name__ == MAIN:
        script = module.__spec__
        sys.modules.setdefault(MAIN_OF_WORKER, module)  # pickles of a worker contain this name
    location = ModuleLocation(
        module.__name__,
        os.path.abspath(file),
        os.getcwd(),
        package=None if script is None else script.parent or None,
    )
    pointer = ReconstructableJob(location, name)
    pointer.get_definition()
    return pointer


def build_reconstructable_job(
    reconstructor_module_name: str,
    reconstructor_function_name: str,
    reconstructable_args: tuple[Any, ...] | None = None,
    reconstructable_kwargs: Mapping[str, Any] | None = None,
    reconstructor_working_directory: str | None = None,
) -> ReconstructableJob:
    """Return a pointer to the job that a function returns for some arguments.

    Args:
        reconstructor_module_name: The module of the function.
        reconstructor_function_name: A function that returns a job.
        reconstructable_args: Its positional arguments: strings, numbers, lists and dicts.
        reconstructable_kwargs: Its keyword arguments, of the same types.
        reconstructor_working_directory: A directory that is searched first for the module. Default: the
            current directory.

    Raises:
        DagflowImportError: The import of the module fails.
        DagflowInvariantViolationError: The function is missing or does not return a job, or JSON would change
            an argument.
        ParameterCheckError: An argument is of the wrong type.
    """
    module_name = check_type(reconstructor_module_name, str, "reconstructor_module_name")
    function_name = check_type(reconstructor_function_name, str, "reconstructor_function_name")
    args = check_optional(reconstructable_args, tuple, "reconstructable_args") or ()
    kwargs = check_optional(reconstructable_kwargs, Mapping, "reconstructable_kwargs") or {}
    directory = check_optional(reconstructor_working_directory, str, "reconstructor_working_directory")
    for name, value in (*enumerate(args), *kwargs.items()):
        _check_json(name, value, f"'{module_name}.{function_name}'")
    location = ModuleLocation(module_name, None, directory or os.getcwd())
    with first_on_path(location.directory):
        file = getattr(location.load(), "__file__", None)
    if file is not None:
        location = location._replace(file=os.path.abspath(file))
    pointer = ReconstructableJob(location, function_name, args=args, kwargs=kwargs)
    pointer.get_definition()
    return pointer


def load_job(pointer: Mapping[str, Any], notify: Callable[[str], None]) -> JobDefinition:
    """Return the job of a pointer in a process that runs its steps. Its directory stays on the path.

    Args:
        pointer: The ReconstructableJob as a dict.
        notify: Sends a message for the user to the parent, if the import takes longer than a second.

    Raises:
        DagflowImportError: The import of the module fails.
    """
    job = ReconstructableJob.from_dict(pointer)
    with reporting_import(job.location.name, notify):
        job.location.load_for_steps()
    return job.get_definition()


def _function_of(target: Any) -> Any:
    """Return the function that makes the job: the target itself, or the decorated function.

    Raises:
        DagflowInvariantViolationError: There is no such function.
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
            f"got {type(target)}: {repr_of(target)}. {_INSTEAD}"
        )
    return target


def _check_has_no_parameters(function: FunctionType) -> None:
    needed = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        raise DagflowInvariantViolationError(
            f"Reconstructable target must be callable with no arguments, but '{function.__name__}' needs "
            f"{needed}. Pass them to build_reconstructable_job."
        )


def _attribute(module: ModuleType, name: str) -> Any:
    """Return an attribute of a module.

    Raises:
        DagflowInvariantViolationError: The module does not have it.
    """
    if not hasattr(module, name):
        raise DagflowInvariantViolationError(
            f"'{name}' not found in module '{module.__name__}' (file '{getattr(module, '__file__', None)}')."
            f"{nearest(name, vars(module))}"
        )
    return getattr(module, name)


def _job_of(found: Any, pointer: ReconstructableJob) -> JobDefinition:
    """Return the job that an attribute is, or that it returns as a function."""
    if isinstance(found, JobDefinition):
        return found
    definition = found(*pointer.args, **pointer.kwargs) if callable(found) else found
    if isinstance(definition, GraphDefinition):
        definition = job_of_graph(definition)
    if not isinstance(definition, JobDefinition):
        raise DagflowInvariantViolationError(
            "Loadable attributes must be either a JobDefinition, GraphDefinition, Definitions, or "
            f"RepositoryDefinition. Got {repr_of(definition)}. Set '{pointer.attribute}' of module "
            f"'{pointer.location.name}' be a job, or a function that returns a job or a graph."
        )
    return definition


def _subset_of(job: JobDefinition, pointer: ReconstructableJob) -> JobDefinition:
    ops, assets = pointer.op_selection, pointer.asset_selection
    if ops is None and assets is None:
        return job
    return job.get_subset(
        op_selection=None if ops is None else sorted(ops),
        asset_selection=None if assets is None else sorted(assets),
    )


def _check_json(name: object, value: Any, function: str) -> None:
    try:
        is_json = json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        is_json = False
    if not is_json:
        raise DagflowInvariantViolationError(
            f"argument {repr_of(name)} of {function} is {repr_of(value)}, which cannot be sent to another "
            f"process as JSON. "
            "Use strings, numbers, lists and dicts with string keys."
        )
