"""Where an instance keeps what it remembers: the home folder, its `dagflow.yaml`, and what follows from them.

    storage:
      url: postgresql+psycopg://cafe@db/cafe     # default: a SQLite file, sqlite:///history/dagflow.db
    local_artifact_storage:
      base_dir: /data/cafe                       # files go to `storage` below it; default: the home
    env:                                         # variables that have to be set, or it does not open
      PGPASSWORD:

All of it may be left out. Relative paths count from the home; `%` and `?` in the path of a URL are written as
`%25` and `%3F`. A text may be `{env: NAME}`, which is looked up when the instance is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from dagflow.config.choice import Noneable, StringSource
from dagflow.config.field import Field, Map, resolve_schema
from dagflow.config.parse import EvaluationError, FieldNames, parse
from dagflow.errors import (
    DagflowHomeNotSetError,
    DagflowInvalidConfigError,
    DagflowInvariantViolationError,
    check_type,
)

SETTINGS_FILE = "dagflow.yaml"
_SCHEMA = {
    "storage": Field({"url": Field(StringSource, is_required=False)}, is_required=False),
    "local_artifact_storage": Field({"base_dir": Field(StringSource, is_required=False)}, is_required=False),
    "env": Field(Map(str, Noneable(str)), is_required=False, default_value={}),
}
_home_variables: tuple[str, ...] = ("DAGFLOW_HOME",)


class InstanceRef(NamedTuple):
    """Where a stored instance is, for another process.

    Attributes:
        root_directory: The folder for files.
        url: The storage, as SQLAlchemy writes it.
        storage_directory: The folder for what I/O managers store.
    """

    root_directory: str
    url: str
    storage_directory: str

    def __repr__(self) -> str:
        url = without_password(self.url)
        return f"InstanceRef({self.root_directory!r}, {url!r}, {self.storage_directory!r})"


def home_variables() -> tuple[str, ...]:
    """The environment variables that can name the home, the one that counts more first."""
    return _home_variables


def use_home_variable(name: str) -> None:
    """Let another environment variable name the home too from now on, in the whole process."""
    global _home_variables
    _home_variables = (*_home_variables, *({name} - set(_home_variables)))


def home_folder() -> str:
    """The folder that the environment names.

    Raises:
        DagflowHomeNotSetError: It names none.
        DagflowInvariantViolationError: What it names is no absolute path, or no folder.
    """
    name, value = next(
        ((name, os.environ[name]) for name in _home_variables if os.environ.get(name)), ("", "")
    )
    if not value:
        raise DagflowHomeNotSetError(
            f"The environment variable ${_home_variables[-1]} is not set. So there is no home in which an "
            "instance could remember anything: set it to the absolute path of a folder, or use "
            "DagflowInstance.ephemeral() or DagflowInstance.local_temp()."
        )
    folder = os.path.expanduser(value)
    if not os.path.isabs(folder):
        raise DagflowInvariantViolationError(
            f'${name} "{value}" must be an absolute path. What it is relative to could be anywhere.'
        )
    if not os.path.isdir(folder):
        raise DagflowInvariantViolationError(
            f'${name} "{value}" is not a directory or does not exist. Make it, or name another.'
        )
    return folder


def ref_of_home(folder: str) -> InstanceRef:
    """Where the instance of a home is, by its settings file.

    Raises:
        DagflowInvalidConfigError: The settings cannot be; each mistake comes with file and line.
        DagflowInvariantViolationError: The file is no YAML.
    """
    path = os.path.join(folder, SETTINGS_FILE)
    if not os.path.exists(path):
        return ref_in(folder, {})
    from dagflow.config.yaml import mapping_with_lines  # few homes have a settings file

    settings, lines = mapping_with_lines(path)

    def place(stack: tuple[Any, ...]) -> str:
        while stack and stack not in lines:
            stack = stack[:-1]
        return f"{path}, line {lines[stack]}" if stack else path

    return ref_in(folder, settings, place)


def ref_in(folder: str, settings: Mapping[str, Any], place: Any = None) -> InstanceRef:
    """Where the instance of a folder is, by settings; `history` and `storage` are made there.

    Args:
        folder: The folder.
        settings: What stands in a `dagflow.yaml`.
        place: Says of the path of a setting where it was written.

    Raises:
        DagflowInvalidConfigError: The settings cannot be.
        DagflowInvariantViolationError: A variable that they need is not set, or a folder cannot be made.
    """
    folder = os.path.abspath(check_type(folder, (str, os.PathLike), "tempdir"))
    parsed = parse(resolve_schema(_SCHEMA), check_type(settings, Mapping, "overrides"), environ=os.environ)
    if parsed.errors:
        errors = [
            error if place is None else error._replace(message=f"{place(_stack(error))}: {error.message}")
            for error in parsed.errors
        ]
        raise DagflowInvalidConfigError("Error in the settings of an instance", errors, settings)
    unset = [name for name in parsed.value["env"] if name not in os.environ]
    if unset:
        where = "" if place is None else f"{place(('env', unset[0]))}: "
        raise DagflowInvariantViolationError(
            f"{where}the settings of an instance name environment variables that are not set: {unset}. Set "
            "them, or take them out of 'env'."
        )
    base = os.path.join(folder, parsed.value.get("local_artifact_storage", {}).get("base_dir", ""))
    history, storage = os.path.join(folder, "history"), os.path.join(base, "storage")
    for needed in (history, storage):
        _make_folder(needed)
    url = parsed.value.get("storage", {}).get("url", "sqlite:///history/dagflow.db")
    relative = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:][^:]*)", url)
    if relative is not None:
        url = f"{relative[1]}{folder.replace('%', '%25').replace('?', '%3F')}/{relative[2]}"
    return InstanceRef(folder, url, storage)


def _make_folder(path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise DagflowInvariantViolationError(
            f"the folder {path!r} of an instance cannot be made: {reason}. See whether the one "
            "around it may be written to, or name another."
        ) from error


def without_password(url: str) -> str:
    """The URL of a storage, as it can be shown.

    Example:
        >>> without_password("postgresql://cafe:secret@host/cafe")
        'postgresql://cafe:***@host/cafe'
    """
    return re.sub(r"(://[^:/]*:)[^@]*(?=@)|([?&]password=)[^&]*", r"\1\2***", url)


def _stack(error: EvaluationError) -> tuple[Any, ...]:
    names = error.error_data.field_names[:1] if isinstance(error.error_data, FieldNames) else []
    return (*error.stack, *names)
