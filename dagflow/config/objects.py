"""Config as Python objects, without pydantic: `RunConfig`, `EnvVar`, and their conversion to plain config.

The `Config` classes are in `dagflow.config.model`. This module recognises them by `__dagflow_config__`.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from typing import Any, NoReturn

from dagflow._util import MAX_DEPTH, class_has
from dagflow.config.parse import Reading
from dagflow.config.paths import TOO_DEEP, Path
from dagflow.errors import DagflowInvalidConfigError, check_elements, check_type


class EnvVar(str):
    """The content of an environment variable, looked up when the run starts.

    For fields of Config objects and resources. In plain config write `{"env": "NAME"}` instead.

    Example:
        >>> EnvVar("DB_URL").env_var_name
        'DB_URL'
        >>> EnvVar("NO_SUCH_VARIABLE").get_value(default="sqlite://")
        'sqlite://'
    """

    @property
    def __dagflow_env_var__(self) -> str:
        return self.env_var_name

    @property
    def env_var_name(self) -> str:
        """The name of the variable."""
        return str.__str__(self)

    @classmethod
    def int(cls, name: str) -> IntEnvVar:
        """Return a variable whose content is an integer.

        Example:
            >>> EnvVar.int("PORT")
            EnvVar.int('PORT')
        """
        return IntEnvVar(name)

    def get_value(self, default: str | None = None) -> str | None:
        """Return the current content of the variable, or the default if it is not set."""
        return os.environ.get(self.env_var_name, default)

    def __str__(self) -> str:
        _raise_read_too_early(f'EnvVar("{self.env_var_name}")')


class IntEnvVar(int):
    """The content of an environment variable as an integer; made by `EnvVar.int`."""

    env_var_name: str

    def __new__(cls, name: str) -> IntEnvVar:
        variable = super().__new__(cls, 0)
        variable.env_var_name = name
        return variable

    @property
    def __dagflow_env_var__(self) -> str:
        return self.env_var_name

    def get_value(self, default: int | None = None) -> int | None:
        """Return the current content of the variable, or the default if it is not set.

        Raises:
            ValueError: The content is not an integer.
        """
        content = os.environ.get(self.env_var_name)
        return default if content is None else int(content)

    def __int__(self) -> int:
        _raise_read_too_early(f'EnvVar.int("{self.env_var_name}")')

    def __str__(self) -> str:
        _raise_read_too_early(f'EnvVar.int("{self.env_var_name}")')

    def __repr__(self) -> str:
        return f"EnvVar.int({self.env_var_name!r})"


def _raise_read_too_early(variable: str) -> NoReturn:
    raise RuntimeError(
        f"{variable} was used as a value, but it is looked up only when a run starts. Pass it to a Config "
        "object or a resource, or read it now with get_value()."
    )


class RunConfig:
    """A run config whose parts may be Config objects. Every function that takes a run config accepts it.

    Args:
        ops: A Config object, or a dict as in a plain run config, by op.
        resources: A resource object, or a dict, by key.
        loggers: The config of the loggers, by name.
        execution: The config of the executor.

    Raises:
        ParameterCheckError: A part is not a mapping.

    Example:
        >>> from dagflow import Config
        >>> class Beans(Config):
        ...     grams: int = 18
        >>> RunConfig(ops={"brew": Beans()}).to_config_dict()["ops"]
        {'brew': {'config': {'grams': 18}}}
    """

    __slots__ = ("execution", "loggers", "ops", "resources")

    def __init__(
        self,
        ops: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        loggers: Mapping[str, Any] | None = None,
        execution: Mapping[str, Any] | None = None,
    ) -> None:
        self.ops: dict[str, Any] = _part(ops, "ops")
        self.resources: dict[str, Any] = _part(resources, "resources")
        self.loggers: dict[str, Any] = _part(loggers, "loggers")
        self.execution: dict[str, Any] = _part(execution, "execution")

    def to_config_dict(self) -> dict[str, Any]:
        """Return the run config as a plain dict. It always has the four keys."""
        return {
            "loggers": dict(self.loggers),
            "resources": {key: _entry(value) for key, value in self.resources.items()},
            "ops": _op_entries(self.ops),
            "execution": dict(self.execution),
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RunConfig):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __repr__(self) -> str:
        parts = ((name, getattr(self, name)) for name in ("ops", "resources", "loggers", "execution"))
        return f"RunConfig({', '.join(f'{name}={value!r}' for name, value in parts if value)})"


def _part(given: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    if given is None:
        return {}
    part: dict[str, Any] = dict(check_type(given, Mapping, name))
    check_elements(part, str, name)
    return part


def _op_entries(ops: dict[str, Any]) -> dict[str, Any]:
    try:
        return {name: _entry(value) for name, value in ops.items()}
    except RecursionError:
        raise too_deep_error(ops, ("ops",), "a RunConfig") from None


def _entry(value: Any, depth: int = 0) -> Any:
    """Return the plain entry of an op, graph or resource. A Config object becomes `{"config": ...}`."""
    if depth > MAX_DEPTH:
        raise RecursionError(TOO_DEEP)
    if is_config_object(value):
        return {"config": plain_config(value)}
    if isinstance(value, Mapping) and isinstance(value.get("ops"), Mapping):
        return {**value, "ops": {name: _entry(inner, depth + 1) for name, inner in value["ops"].items()}}
    return value


def is_config_object(value: Any) -> bool:
    """Return whether a value is an object of a Config class."""
    return hasattr(type(value), "__dagflow_config__")


def plain_config(value: Any) -> Any:
    """Return a Python value as plain config.

    Config objects become dicts, members of enums their names, environment variables `{"env": "NAME"}`.

    Example:
        >>> plain_config([EnvVar("DB_URL"), (1, 2)])
        [{'env': 'DB_URL'}, [1, 2]]
    """
    try:
        return _plain(value, 0)
    except RecursionError:
        raise too_deep_error(value, (), "config") from None


def _plain(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise RecursionError(TOO_DEEP)
    if is_config_object(value):
        return value.to_config_value()
    if class_has(value, "__dagflow_env_var__"):
        return {"env": value.__dagflow_env_var__}
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, Mapping):
        return {_plain(key, depth + 1): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    return value


def holds_env_var(value: Any, depth: int = 0) -> bool:
    """Return whether a value is an environment variable, or contains one at any depth.

    Raises:
        RecursionError: The value contains itself, or is nested too deep.
    """
    if depth > MAX_DEPTH:
        raise RecursionError(TOO_DEEP)
    if is_config_object(value):
        return bool(value.holds_env_vars())
    if isinstance(value, Mapping):
        return any(holds_env_var(item, depth + 1) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds_env_var(item, depth + 1) for item in value)
    return isinstance(value, (EnvVar, IntEnvVar))


def too_deep_error(value: Any, path: Path, place: str) -> DagflowInvalidConfigError:
    """Return the error about a value that contains itself, or is nested too deep.

    Args:
        value: The value.
        path: The path of the value, for the message.
        place: The owner of the config, as "Config class 'Beans'".
    """
    reading = Reading(None)
    reading.too_deep(None, value, path)
    return DagflowInvalidConfigError(f"Error in {place}", reading.errors, value)
