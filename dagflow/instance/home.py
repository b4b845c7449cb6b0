"""The home folder of an instance and its `dagflow.yaml`: the location of its storage and files.

    storage:
      url: postgresql+psycopg://cafe@db/cafe     # default: a SQLite file, sqlite:///history/dagflow.db
    local_artifact_storage:
      base_dir: /data/cafe                       # files go to `storage` below it; default: the home
    env:                                         # required environment variables
      PGPASSWORD:
    python_logs:
      python_log_level: INFO                     # drops lines of context.log below it; default: DEBUG
      managed_python_loggers: [requests]         # Python loggers whose records go to the log of the step
      dagflow_handler_config:                    # handlers, formatters and filters as in logging.config
        handlers:
          file: {class: logging.FileHandler, filename: /var/log/cafe.log}

All settings are optional. Relative paths are relative to the home. In the path of a URL, write `%` and `?` as
`%25` and `%3F`. A string may be `{env: NAME}`, which is looked up when the instance is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dagflow.config.choice import Noneable, StringSource
from dagflow.config.evaluation_errors import EvaluationError, FieldNames
from dagflow.config.field import Field, Map, Permissive, resolve_schema
from dagflow.config.read import read_config
from dagflow.errors import (
    CheckError,
    DagflowHomeNotSetError,
    DagflowInvalidConfigError,
    DagflowInvariantViolationError,
    check_type,
    repr_of,
)
from dagflow.events.levels import level_number

SETTINGS_FILE = "dagflow.yaml"
_settings_files: tuple[str, ...] = (SETTINGS_FILE,)
_SCHEMA = {
    "storage": Field({"url": Field(StringSource, is_required=False)}, is_required=False),
    "local_artifact_storage": Field({"base_dir": Field(StringSource, is_required=False)}, is_required=False),
    "python_logs": Field(
        {
            "python_log_level": Field(StringSource, is_required=False),
            "managed_python_loggers": Field([str], is_required=False),
            "dagflow_handler_config": Field(
                {
                    name: Field(Permissive(), is_required=False)
                    for name in ("handlers", "formatters", "filters")
                },
                is_required=False,
            ),
        },
        is_required=False,
    ),
    "env": Field(Map(str, Noneable(str)), is_required=False, default_value={}),
}
_home_variables: tuple[str, ...] = ("DAGFLOW_HOME",)
_form: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None


class InstanceRef(NamedTuple):
    """The location of a stored instance. Another process can open the instance with it.

    Attributes:
        root_directory: The folder for files.
        url: The database URL of the storage, as SQLAlchemy writes it.
        storage_directory: The folder for the values of I/O managers.
        python_logs: The setting of this name.
    """

    root_directory: str
    url: str
    storage_directory: str
    python_logs: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        url = without_password(self.url)
        return f"InstanceRef({self.root_directory!r}, {url!r}, {self.storage_directory!r})"


def home_variables() -> tuple[str, ...]:
    """Return the names of the environment variables for the home, the highest priority first."""
    return _home_variables


def use_home_variable(name: str) -> None:
    """Add an environment variable for the home, with the lowest priority, in the whole process."""
    global _home_variables
    _home_variables = (*_home_variables, *({name} - set(_home_variables)))


def use_settings_form(form: Callable[[Mapping[str, Any]], Mapping[str, Any]], file_name: str) -> None:
    """Convert all settings by a function before they are read, in the whole process.

    Args:
        form: The function.
        file_name: The name of a settings file of a home that has no `dagflow.yaml`.
    """
    global _form, _settings_files
    _form, _settings_files = form, (*_settings_files, file_name)


def home_folder() -> str:
    """Return the home folder from the environment.

    Raises:
        DagflowHomeNotSetError: The environment variable is not set.
        DagflowInvariantViolationError: Its value is not an absolute path, or not a folder.
    """
    name, value = next(
        ((name, os.environ[name]) for name in _home_variables if os.environ.get(name)), ("", "")
    )
    if not value:
        raise DagflowHomeNotSetError(
            f"The environment variable ${_home_variables[-1]} is not set, so there is no home for the "
            "instance. Set it to the absolute path of a folder, or use DagflowInstance.ephemeral() or "
            "DagflowInstance.local_temp()."
        )
    folder = os.path.expanduser(value)
    if not os.path.isabs(folder):
        raise DagflowInvariantViolationError(
            f'${name} "{value}" must be an absolute path. Each process may have another current folder.'
        )
    if not os.path.isdir(folder):
        raise DagflowInvariantViolationError(
            f'${name} "{value}" is not a directory or does not exist. Create it, or use another.'
        )
    return folder


def ref_of_home(folder: str) -> InstanceRef:
    """Return the location of the instance of a home, from its settings file if there is one.

    Raises:
        DagflowInvalidConfigError: The settings are invalid. Each error has file and line.
        DagflowInvariantViolationError: The file is not valid YAML.
    """
    paths = [os.path.join(folder, name) for name in _settings_files]
    path = next((path for path in paths if os.path.exists(path)), None)
    if path is None:
        return ref_in(folder, {})
    from dagflow.config.yaml import mapping_with_lines  # few homes have a settings file

    settings, lines = mapping_with_lines(path)

    def place(stack: tuple[Any, ...]) -> str:
        while stack and stack not in lines:
            stack = stack[:-1]
        return f"{path}, line {lines[stack]}" if stack else path

    return ref_in(folder, settings, place)


def ref_in(folder: str, settings: Mapping[str, Any], place: Any = None) -> InstanceRef:
    """Return the location of the instance in a folder, and create its folders `history` and `storage`.

    Args:
        folder: The folder.
        settings: The content of a `dagflow.yaml`.
        place: A function that returns file and line of a setting, given its path as a tuple of keys.

    Raises:
        CheckError: The name of the log level is unknown.
        DagflowInvalidConfigError: The settings are invalid.
        DagflowInvariantViolationError: A required environment variable is not set, or a folder cannot be
            created.
    """
    folder = os.path.abspath(check_type(folder, (str, os.PathLike), "tempdir"))
    check_type(settings, Mapping, "overrides")
    if _form is not None:
        settings = _form(settings)
    preamble = "Error in the settings of an instance"
    try:
        known = read_config(resolve_schema(_SCHEMA), settings, preamble, os.environ, path=())
    except DagflowInvalidConfigError as error:
        if place is None:
            raise
        errors = [one._replace(message=f"{place(_stack(one))}: {one.message}") for one in error.errors]
        raise DagflowInvalidConfigError(preamble, errors, settings) from None
    unset = [name for name in known["env"] if name not in os.environ]
    if unset:
        where = "" if place is None else f"{place(('env', unset[0]))}: "
        raise DagflowInvariantViolationError(
            f"{where}the settings of an instance name environment variables that are not set: {unset}. Set "
            "them, or remove them from 'env'."
        )
    base = os.path.join(folder, known.get("local_artifact_storage", {}).get("base_dir", ""))
    history, storage = os.path.join(folder, "history"), os.path.join(base, "storage")
    for needed in (history, storage):
        _make_folder(needed)
    url = known.get("storage", {}).get("url", "sqlite:///history/dagflow.db")
    relative = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:][^:]*)", url)
    if relative is not None:
        url = f"{relative[1]}{folder.replace('%', '%25').replace('?', '%3F')}/{relative[2]}"
    python_logs = known.get("python_logs", {})
    if "python_log_level" in python_logs:
        try:
            level_number(python_logs["python_log_level"])
        except CheckError as error:
            setting = ("python_logs", "python_log_level")
            where = "" if place is None else f"{place(setting)}: "
            raise CheckError(f"{where}{'.'.join(setting)} of the settings of an instance: {error}") from None
    return InstanceRef(folder, url, storage, python_logs)


def _make_folder(path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise DagflowInvariantViolationError(
            f"the folder {repr_of(path)} of an instance cannot be created: {reason}. Check that its parent "
            "folder is writable, or use another folder."
        ) from error


def without_password(url: str) -> str:
    """Return the URL of a storage with its password replaced by `***`.

    Example:
        >>> without_password("postgresql://cafe:secret@host/cafe")
        'postgresql://cafe:***@host/cafe'
    """
    return re.sub(r"(://[^:/]*:)[^@]*(?=@)|([?&]password=)[^&]*", r"\1\2***", url)


def _stack(error: EvaluationError) -> tuple[Any, ...]:
    names = error.error_data.field_names[:1] if isinstance(error.error_data, FieldNames) else []
    return (*error.stack, *names)
