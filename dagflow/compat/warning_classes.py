"""The classes of warnings of Dagster, and the functions of packages that issue them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from dagflow.compat.checking import failed

T = TypeVar("T")
_F = TypeVar("_F", bound=Callable[..., Any])


class BetaWarning(Warning):
    """A warning about the use of a beta feature of a package."""


class PreviewWarning(Warning):
    """A warning about the use of a preview feature of a package."""


class SupersessionWarning(FutureWarning):
    """A warning about the use of a feature that another one has replaced."""


class ConfigArgumentWarning(SyntaxWarning):
    """A warning about a parameter that is annotated with a Config class and not named `config`."""


def deprecation_warning(
    subject: str, breaking_version: str, additional_warn_text: str | None = None, stacklevel: int = 3
) -> None:
    """Warn that a feature will be removed.

    Args:
        subject: The feature.
        breaking_version: The version without it.
        additional_warn_text: A further sentence.
        stacklevel: The number of calls between the warning and the line that it names.
    """
    text = f"{subject} is deprecated and will be removed in {breaking_version}."
    _issue(text, additional_warn_text, DeprecationWarning, stacklevel)


def beta_warning(subject: str, additional_warn_text: str | None = None, stacklevel: int = 3) -> None:
    """Warn that a feature is in beta."""
    _issue(f"{subject} is currently in beta and may change.", additional_warn_text, BetaWarning, stacklevel)


def preview_warning(subject: str, additional_warn_text: str | None = None, stacklevel: int = 3) -> None:
    """Warn that a feature is in preview."""
    text = f"{subject} is currently in preview and may change."
    _issue(text, additional_warn_text, PreviewWarning, stacklevel)


def supersession_warning(subject: str, additional_warn_text: str | None = None, stacklevel: int = 3) -> None:
    """Warn that another feature has replaced one."""
    text = f"{subject} is superseded and its usage is discouraged."
    _issue(text, additional_warn_text, SupersessionWarning, stacklevel)


def _issue(text: str, more: str | None, category: type[Warning], stacklevel: int) -> None:
    warnings.warn(f"{text} {more}" if more else text, category, stacklevel=stacklevel + 1)


@contextmanager
def disable_dagster_warnings() -> Iterator[None]:
    """Suppress the warnings of this module, and about deprecated features, for a block."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, BetaWarning, PreviewWarning, SupersessionWarning):
            warnings.simplefilter("ignore", category)
        yield


def suppress_dagster_warnings(function: _F) -> _F:
    """Suppress the warnings of this module in each call of a function."""

    @wraps(function)
    def quiet(*args: Any, **kwargs: Any) -> Any:
        with disable_dagster_warnings():
            return function(*args, **kwargs)

    return quiet  # type: ignore[return-value]


def normalize_renamed_param(
    new_val: T, new_arg: str, old_val: T, old_arg: str, coerce_old_to_new: Callable[[T], T] | None = None
) -> T:
    """Return the value of an argument that may be given under its old name.

    Raises:
        CheckError: Both values are given.

    Example:
        >>> normalize_renamed_param(None, "size", 3, "length")
        3
    """
    if new_val is not None and old_val is not None:
        failed(f'both "{old_arg}" and "{new_arg}" were given; "{old_arg}" is the old name')
    if old_val is None:
        return new_val
    return coerce_old_to_new(old_val) if coerce_old_to_new else old_val
