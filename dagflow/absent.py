"""Messages about names and arguments of Dagster that dagflow does not have: `absent_names` has the table.

`dagflow.__getattr__`, the constructors and decorators, and `compat` all get their messages here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

from dagflow.errors import DagflowAbsentError, MissingArgumentsError

_F = TypeVar("_F", bound=Callable[..., Any])


def absent_name(name: str, shown: str | None = None) -> str | None:
    """Return the message about a name that dagflow does not have; None if Dagster has no such name either.

    Args:
        name: The name as it would be in dagflow.
        shown: The name as the user wrote it; default: `name`.

    Example:
        >>> absent_name("PipesLogReader")[:73]
        "'PipesLogReader' (reads the log of an external process) is not in dagflow"
    """
    from dagflow.absent_names import TOPICS  # imported lazily: only error messages use it

    for topic in TOPICS:
        if name in topic.names:
            return _message(shown or name, topic.names[name], topic.is_planned, topic.instead)
    return None


def explains_absent(function: _F) -> _F:
    """Wrap a public function so that an argument which only Dagster has gets a message of its own.

    The function is called as before. Only the TypeError of an unexpected keyword leads to the table.

    Raises:
        DagflowAbsentError: An argument is in the table.
        MissingArgumentsError: A decorator that needs arguments has none.
    """

    @wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            traceback = error.__traceback__
            if traceback is None or traceback.tb_next is not None:  # raised in the function, not by the call
                raise
            if len(args) == 1 and isinstance(args[0], FunctionType) and not kwargs:
                raise MissingArgumentsError(
                    f"@{function.__name__} above the function '{args[0].__name__}' needs arguments: write "
                    f"@{function.__name__}(...). {error}"
                ) from None
            message = _absent_argument(function.__qualname__.removesuffix(".__init__"), kwargs)
            if message is None:
                raise
            raise DagflowAbsentError(message) from None

    return explained  # type: ignore[return-value]


def _absent_argument(owner: str, given: Iterable[str]) -> str | None:
    from dagflow.absent_names import ARGUMENTS  # imported lazily: only error messages use it

    for name in given:
        argument = ARGUMENTS.get(name)
        if argument is not None and owner in argument.owners.split():
            what = f"the argument '{name}' of {owner}"
            return _message(what, argument.meaning, argument.is_planned, argument.instead)
    return None


def _message(what: str, meaning: str, is_planned: bool, instead: str) -> str:
    quoted = what if " " in what else f"'{what}'"
    return f"{quoted} ({meaning}) is not in dagflow{' yet' if is_planned else ''}. {instead}"
