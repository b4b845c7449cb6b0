"""Small functions that projects and packages import from private modules of Dagster."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import count
from traceback import TracebackException
from types import TracebackType
from typing import Any, TypeVar
from uuid import uuid4

from dagflow.clock import SYSTEM_CLOCK
from dagflow.compat.checking import failed, invariant
from dagflow.defs.loggers.definition import LoggerDefinition, colored_console_logger
from dagflow.defs.resources.classes import ConfigurableResourceFactory
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.instance.instance import DagflowInstance

T = TypeVar("T")

PICKLE_PROTOCOL = 4


def as_maintained(definition: T) -> T:
    """Mark a resource of Dagster's own packages, as Dagster does for its usage statistics; return it."""
    definition._is_of_dagster = True  # type: ignore[attr-defined] # noqa: SLF001 - the mark is ours
    return definition


def add_maintained_marks() -> None:
    """Give resources the method that reads the mark. Classes of packages override it with another answer."""
    ResourceDefinition._is_dagster_maintained = (  # type: ignore[attr-defined] # noqa: SLF001
        lambda self: getattr(self, "_is_of_dagster", False)
    )
    ConfigurableResourceFactory._is_dagster_maintained = classmethod(  # type: ignore[attr-defined] # noqa: SLF001
        lambda cls: False
    )


def default_system_loggers(
    instance: DagflowInstance | None,
) -> list[tuple[LoggerDefinition, dict[str, object]]]:
    """Return the loggers that Dagster gives to a job without loggers, each with its config.

    Args:
        instance: The instance, whose `python_logs` may set the level.

    Example:
        >>> [(definition, config)] = default_system_loggers(None)
        >>> config
        {'name': 'dagster', 'log_level': 'DEBUG'}
    """
    settings = {} if instance is None else instance.python_logs
    level = settings.get("python_log_level", "DEBUG")
    return [(colored_console_logger, {"name": "dagster", "log_level": level})]


def backoff(
    fn: Callable[..., T],
    retry_on: tuple[type[BaseException], ...],
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    max_retries: int = 4,
    delay_generator: Iterator[float] | None = None,
) -> T:
    """Call a function again after some errors, with waits that become longer.

    Args:
        fn: The function.
        retry_on: The classes of errors after which it is called again.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        max_retries: The number of calls after the first one.
        delay_generator: The seconds of each wait; default: 0.1, 0.2, 0.4 and so on.

    Returns:
        The result of the first call that raises none of these errors.

    Example:
        >>> backoff(int, (ValueError,), ["7"])
        7
    """
    delays = delay_generator or (0.1 * 2**power for power in count())
    retries = 0
    while True:
        try:
            return fn(*(args or ()), **(kwargs or {}))
        except retry_on:
            if retries == max_retries:
                raise
        retries += 1
        SYSTEM_CLOCK.sleep(next(delays))


def cached_method(method: Callable[..., T]) -> Callable[..., T]:
    """Keep the results of a method in its object, by the arguments of the call.

    Example:
        >>> class Cup:
        ...     @cached_method
        ...     def fill(self, of):
        ...         return [of]
        >>> cup = Cup()
        >>> cup.fill("tea") is cup.fill(of="tea"), cup.fill("tea") is Cup().fill("tea")
        (True, False)
    """
    import inspect  # imported lazily: few suites use it

    signature = inspect.signature(method)
    attribute = f"_results_of_{method.__name__}"

    @wraps(method)
    def cached(self: Any, *args: Any, **kwargs: Any) -> T:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        key = tuple([(name, value) for name, value in bound.arguments.items() if value is not self])
        results: dict[Any, T] = self.__dict__.setdefault(attribute, {})
        if key not in results:
            results[key] = method(self, *args, **kwargs)
        return results[key]

    return cached


def merge_dicts(*args: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return one dict of several; a later one replaces the entries of an earlier one.

    Raises:
        CheckError: There is no argument.

    Example:
        >>> merge_dicts({"a": 1}, {"a": 2, "b": 3})
        {'a': 2, 'b': 3}
    """
    invariant(args, "merge_dicts needs at least one dict")
    return {key: value for each in args for key, value in each.items()}


def deep_merge_dicts(onto_dict: Mapping[Any, Any], from_dict: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return one dict of two, and likewise of two dicts under the same key.

    Example:
        >>> deep_merge_dicts({"a": {"x": 1}}, {"a": {"y": 2}})
        {'a': {'x': 1, 'y': 2}}
    """
    merged = dict(onto_dict)
    for key, value in from_dict.items():
        both = isinstance(merged.get(key), dict) and isinstance(value, dict)
        merged[key] = deep_merge_dicts(merged[key], value) if both else value
    return merged


def dict_without_keys(ddict: Mapping[Any, Any], *keys: Any) -> dict[Any, Any]:
    """Return a dict without some of its keys.

    Example:
        >>> dict_without_keys({"a": 1, "b": 2}, "a")
        {'b': 2}
    """
    return {key: value for key, value in ddict.items() if key not in keys}


def make_new_run_id() -> str:
    """Return a new id of a run.

    Example:
        >>> len(make_new_run_id())
        36
    """
    return str(uuid4())


def parse_env_var(env_var_str: str) -> tuple[str, str]:
    """Return the name and the value of `NAME=value`, or of an environment variable `NAME`.

    Raises:
        CheckError: The environment variable is not set.

    Example:
        >>> parse_env_var("CUP=blue=ish")
        ('CUP', 'blue=ish')
    """
    name, equals, value = env_var_str.partition("=")
    if not equals and name not in os.environ:
        failed(f"the environment variable {name} is not set")
    return name, value if equals else os.environ[name]


def coerce_valid_log_level(log_level: str | int) -> int:
    """Return a level of Python's logging.

    Args:
        log_level: The level, or its name in upper or lower case.

    Raises:
        CheckError: There is no level of this name.

    Example:
        >>> coerce_valid_log_level("info")
        20
    """
    if isinstance(log_level, int):
        return log_level
    levels = {"CRITICAL": 50, "FATAL": 50, "ERROR": 40, "WARNING": 30, "WARN": 30, "INFO": 20, "DEBUG": 10}
    invariant(log_level.upper() in levels, f"unknown log level '{log_level}'; use one of {', '.join(levels)}")
    return levels[log_level.upper()]


def serializable_error_info_from_exc_info(
    exc_info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None],
) -> SerializableErrorInfo:
    """Return the stored form of an exception.

    Args:
        exc_info: The result of `sys.exc_info()`.

    Raises:
        CheckError: There is no exception.

    Example:
        >>> import sys
        >>> try:
        ...     int("tea")
        ... except ValueError:
        ...     print(serializable_error_info_from_exc_info(sys.exc_info()).cls_name)
        ValueError
    """
    cls, error, traceback = exc_info
    if cls is None or error is None:
        failed("serializable_error_info_from_exc_info was called without an exception")
    return SerializableErrorInfo.from_traceback(TracebackException(cls, error, traceback))


def non_secure_md5_hash_str(s: bytes) -> str:
    """Return the MD5 digest of bytes, as a name of something.

    Example:
        >>> non_secure_md5_hash_str(b"tea")
        '7239ea2b5dc943f61f3c0a0276c20974'
    """
    return hashlib.md5(s, usedforsecurity=False).hexdigest()
