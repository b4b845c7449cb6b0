"""The decorators that packages import from the private module `dagster._annotations`.

They mark functions, classes, methods and parameters as public, deprecated, superseded, beta or preview. A
call of a marked function issues a warning, except for `public`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar

from dagflow.compat import warning_classes as issue

T = TypeVar("T")
_MARKS = "_dagster_marks"  # an attribute, because classes and functions both can have it


def public(obj: T) -> T:
    """Mark a class, function or method as public, and return it."""
    return _marked(obj, "public")


def deprecated(
    __obj: Any = None,
    *,
    breaking_version: str,
    additional_warn_text: str | None = None,
    subject: str | None = None,
    emit_runtime_warning: bool = True,
) -> Any:
    """Mark something as deprecated: a call issues a DeprecationWarning.

    Args:
        breaking_version: The version without it.
        additional_warn_text: A further sentence of the warning.
        subject: Its name in the warning; default: its own name.
        emit_runtime_warning: Whether calls warn.
    """
    warn = partial(
        issue.deprecation_warning,
        breaking_version=breaking_version,
        additional_warn_text=additional_warn_text,
    )
    return _apply(__obj, "deprecated", warn if emit_runtime_warning else None, subject)


def superseded(
    __obj: Any = None,
    *,
    additional_warn_text: str | None = None,
    subject: str | None = None,
    emit_runtime_warning: bool = True,
) -> Any:
    """Mark something that another feature has replaced: a call issues a SupersessionWarning."""
    warn = partial(issue.supersession_warning, additional_warn_text=additional_warn_text)
    return _apply(__obj, "superseded", warn if emit_runtime_warning else None, subject)


def beta(
    __obj: Any = None,
    *,
    additional_warn_text: str | None = None,
    subject: str | None = None,
    emit_runtime_warning: bool = True,
) -> Any:
    """Mark something as beta: a call issues a BetaWarning."""
    warn = partial(issue.beta_warning, additional_warn_text=additional_warn_text)
    return _apply(__obj, "beta", warn if emit_runtime_warning else None, subject)


def preview(
    __obj: Any = None,
    *,
    additional_warn_text: str | None = None,
    subject: str | None = None,
    emit_runtime_warning: bool = True,
) -> Any:
    """Mark something as preview: a call issues a PreviewWarning."""
    warn = partial(issue.preview_warning, additional_warn_text=additional_warn_text)
    return _apply(__obj, "preview", warn if emit_runtime_warning else None, subject)


def deprecated_param(
    __obj: Any = None,
    *,
    param: str,
    breaking_version: str,
    additional_warn_text: str | None = None,
    emit_runtime_warning: bool = True,
) -> Any:
    """Mark a parameter as deprecated: a call that gives it, and not None, issues a DeprecationWarning."""
    warn = partial(
        issue.deprecation_warning,
        breaking_version=breaking_version,
        additional_warn_text=additional_warn_text,
    )
    return _apply_to_param(__obj, param, warn if emit_runtime_warning else None)


hidden_param = deprecated_param


def beta_param(
    __obj: Any = None,
    *,
    param: str,
    additional_warn_text: str | None = None,
    emit_runtime_warning: bool = True,
) -> Any:
    """Mark a parameter as beta: a call that gives it, and not None, issues a BetaWarning."""
    warn = partial(issue.beta_warning, additional_warn_text=additional_warn_text)
    return _apply_to_param(__obj, param, warn if emit_runtime_warning else None)


def only_allow_hidden_params_in_kwargs(annotatable: Any, kwargs: Mapping[str, Any]) -> None:
    """Check that the further keywords of a function are hidden parameters.

    Raises:
        TypeError: One is not.
    """
    for name in kwargs:
        if name not in _marks(annotatable):
            raise TypeError(f"{annotatable.__name__} got an unexpected keyword argument '{name}'")


def is_public(obj: Any) -> bool:
    """Return whether something is marked as public.

    Example:
        >>> is_public(public(lambda: None)), is_public(len)
        (True, False)
    """
    return "public" in _marks(obj)


def is_deprecated(obj: Any) -> bool:
    """Return whether something is marked as deprecated."""
    return "deprecated" in _marks(obj)


def is_superseded(obj: Any) -> bool:
    """Return whether something is marked as superseded."""
    return "superseded" in _marks(obj)


def is_beta(obj: Any) -> bool:
    """Return whether something is marked as beta."""
    return "beta" in _marks(obj)


def is_preview(obj: Any) -> bool:
    """Return whether something is marked as preview."""
    return "preview" in _marks(obj)


def _marks(obj: Any) -> tuple[str, ...]:
    marks: tuple[str, ...] = getattr(_function_of(obj), "__dict__", {}).get(_MARKS, ())
    return marks


def _marked(obj: T, mark: str) -> T:
    target = _function_of(obj)
    if hasattr(target, "__dict__"):  # a definition may have none, and nothing asks for its marks
        setattr(target, _MARKS, (*_marks(obj), mark))
    return obj


def _function_of(obj: Any) -> Any:
    if isinstance(obj, property):
        return obj.fget
    return obj.__func__ if isinstance(obj, staticmethod | classmethod) else obj


def _apply(obj: Any, mark: str, warn: Callable[..., None] | None, subject: str | None) -> Any:
    """Mark an object and let its calls warn; without an object, return the decorator."""
    if obj is None:
        return lambda given: _apply(given, mark, warn, subject)
    is_callable = inspect.isclass(obj) or inspect.isroutine(_function_of(obj))
    if warn is None or not is_callable:  # the call of a resource or another definition is no use of it
        return _marked(obj, mark)
    shown = (
        subject
        or f"{_kind_of(obj)} `{getattr(_function_of(obj), '__qualname__', obj).rpartition('<locals>.')[2]}`"
    )
    return _marked(
        _before_each_call(obj, lambda args, kwargs: warn(shown, stacklevel=_level_of_the_call())), mark
    )


def _apply_to_param(obj: Any, param: str, warn: Callable[..., None] | None) -> Any:
    if obj is None:
        return lambda given: _apply_to_param(given, param, warn)
    target = _function_of(obj)
    names = [*inspect.signature(target).parameters]
    subject = (
        f"Parameter `{param}` of {_kind_of(obj).lower()} `{target.__qualname__.rpartition('<locals>.')[2]}`"
    )

    def check(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        offset = 1 if inspect.isclass(obj) else 0  # the arguments of a constructor begin with the new object
        given = {**dict(zip(names, args[offset:], strict=False)), **kwargs}
        if warn is not None and given.get(param) is not None:
            warn(subject, stacklevel=_level_of_the_call())

    return _marked(_before_each_call(obj, check), param)


def _level_of_the_call() -> int:
    """Return the stack level of the call of what is marked: a function may have several marks."""
    level, frame = 2, sys._getframe(1)  # noqa: SLF001 - the public functions are slower
    while frame.f_back is not None and frame.f_globals.get("__name__") == __name__:
        level, frame = level + 1, frame.f_back
    return level


def _kind_of(obj: Any) -> str:
    if inspect.isclass(obj):
        return "Class"
    kinds = {property: "Property", staticmethod: "Static method", classmethod: "Class method"}
    return kinds.get(type(obj), "Function")


def _before_each_call(obj: Any, do: Callable[[tuple[Any, ...], Mapping[str, Any]], None]) -> Any:
    """Return an object that calls `do` before each call; a class is changed in place."""
    if isinstance(obj, property):
        return property(_before_each_call(obj.fget, do), obj.fset, obj.fdel, obj.__doc__)
    if isinstance(obj, staticmethod | classmethod):
        return type(obj)(_before_each_call(obj.__func__, do))
    is_class = inspect.isclass(obj)
    name = (
        "__new__" if is_class and "__init__" not in obj.__dict__ and "__new__" in obj.__dict__ else "__init__"
    )
    function = getattr(obj, name) if is_class else obj

    @wraps(function)
    def warned(*args: Any, **kwargs: Any) -> Any:
        do(args, kwargs)
        return function(*args, **kwargs)

    if not is_class:
        return warned
    setattr(obj, name, staticmethod(warned) if name == "__new__" else warned)
    return obj
