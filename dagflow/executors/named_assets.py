"""`reconstructable_assets`: a pointer to the job of some assets, by which another process can load it.

`materialize` gets assets without a job. Each of them must be the attribute of a module, as a job for
`reconstructable` must.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.errors import DagflowInvariantViolationError, repr_of
from dagflow.executors.module_location import ModuleLocation, first_on_path
from dagflow.executors.reconstructable import ReconstructableJob, build_reconstructable_job


def reconstructable_assets(
    assets: Sequence[Any], modules: Iterable[ModuleType], selection: str | Sequence[str] | None = None
) -> ReconstructableJob:
    """Return a pointer to the job that runs assets.

    Args:
        assets: The assets, and SourceAssets or AssetSpecs for assets that are only read.
        modules: The modules to search for them; the modules of their functions are searched too.
        selection: The assets that run, as a string or a list of strings.

    Raises:
        DagflowInvariantViolationError: An asset is not the attribute of a module, or the selection is not
            made of strings.
    """
    known = [module for module in modules if getattr(module, "__file__", None)]
    places = [_place_of(asset, known) for asset in assets]
    if selection is not None and not isinstance(selection, str):
        strings = isinstance(selection, (list, tuple)) and all(isinstance(part, str) for part in selection)
        if not strings:
            raise DagflowInvariantViolationError(
                f"the selection {repr_of(selection)} cannot be sent to another process. Use a string or a "
                "list of strings."
            )
        selection = list(selection)
    return build_reconstructable_job(__name__, "job_of_places", (places, selection))


def job_of_places(places: Sequence[tuple[Any, str]], selection: Any) -> JobDefinition:
    """Return the job of the assets at some places: each the fields of a ModuleLocation, and an attribute."""
    assets = []
    for fields, attribute in places:
        location = ModuleLocation(*fields)
        with first_on_path(location.directory):
            assets.append(getattr(location.load(), attribute))
    return build_asset_job(assets, selection=selection)


def _place_of(asset: Any, modules: Sequence[ModuleType]) -> list[Any]:
    function = getattr(asset, "__wrapped__", None)
    own = sys.modules.get(getattr(function, "__module__", ""))
    for module in modules if own is None else (own, *modules):
        for name, value in vars(module).items():
            if value is asset:
                file = getattr(module, "__file__", None)
                path = None if file is None else os.path.abspath(file)
                return [list(ModuleLocation(module.__name__, path, os.getcwd())), name]
    raise DagflowInvariantViolationError(
        f"{asset!r} is not defined at the top of a module, so another process cannot find it. Move it there, "
        "or run it in this process."
    )
