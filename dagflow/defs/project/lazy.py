"""`@definitions`: a function that returns Definitions when a project is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from dagflow.defs.parts.function import location
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.repository import RepositoryDefinition
from dagflow.errors import CheckError, DagflowInvariantViolationError, repr_of

if TYPE_CHECKING:
    LoadedDefinitions = Definitions | RepositoryDefinition


class LazyDefinitions:
    """A function that returns Definitions. `@definitions` makes it; each call calls the function."""

    def __init__(self, load_fn: Callable[..., LoadedDefinitions]) -> None:
        if not callable(load_fn):
            raise CheckError(f"@definitions must decorate a function, not {repr_of(load_fn)}")
        parameters = inspect.signature(load_fn).parameters
        if len(parameters) > 1:
            raise DagflowInvariantViolationError(
                f"the function of @definitions ({location(load_fn)}) must have no parameters, or one for the "
                f"context of the load, but it has {list(parameters)}"
            )
        self.load_fn: Callable[..., LoadedDefinitions] = load_fn
        update_wrapper(self, load_fn)

    def __call__(self, *context: Any) -> LoadedDefinitions:
        """Call the function, and return its Definitions.

        Args:
            context: The argument of a function with one parameter.

        Raises:
            DagflowInvariantViolationError: The function returns something else.
        """
        found = self.load_fn(*context)
        if not isinstance(found, (Definitions, RepositoryDefinition)):
            raise DagflowInvariantViolationError(
                f"the function of @definitions ({location(self.load_fn)}) must return a Definitions or "
                f"RepositoryDefinition object, but it returned {repr_of(found)} of type "
                f"'{type(found).__name__}'"
            )
        return found

    def __repr__(self) -> str:
        return f"<definitions of {location(self.load_fn)}>"


def definitions(fn: Callable[..., LoadedDefinitions]) -> LazyDefinitions:
    """Mark a function that returns the Definitions of a project. It is called when the project is loaded.

    Args:
        fn: A function without parameters, or with one for the context of the load.

    Raises:
        CheckError: `fn` is not a function.
        DagflowInvariantViolationError: `fn` has several parameters.

    Example:
        >>> from dagflow import AssetSpec
        >>> @definitions
        ... def kitchen():
        ...     return Definitions(assets=[AssetSpec("beans")])
        >>> kitchen().resolve_all_asset_keys()
        [AssetKey(['beans'])]
    """
    return LazyDefinitions(fn)
