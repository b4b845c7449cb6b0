"""Reading and checking of config against its schema, with one error for all mistakes.

The environment is always an argument: only the outermost caller chooses the variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagflow._util import UNSET
from dagflow.config.parse import Parsed, Readable, Reading, parse
from dagflow.config.paths import Path
from dagflow.errors import DagflowInvalidConfigError

_CONFIG: Path = ("config",)


def read_config(
    schema: Readable | None,
    value: Any,
    preamble: str,
    environ: Mapping[str, str],
    *,
    path: Path = _CONFIG,
) -> Any:
    """Check config against its schema and return it with the defaults of the schema.

    Args:
        schema: A schema node or a Field; None accepts any value.
        value: The config; UNSET if none was given.
        preamble: The first line of the error, as "Error in config for op 'brew'".
        environ: The environment variables for `{"env": "NAME"}`.
        path: The path of the value, for messages.

    Returns:
        The config as user code receives it; None if none was given and the schema has no default.

    Raises:
        DagflowInvalidConfigError: The value does not match the schema. The error lists every mistake.
        DagflowConfigMappingFunctionError: The function of a config mapping raised.

    Example:
        >>> from dagflow.config.field import resolve_field
        >>> read_config(resolve_field({"cups": int}), {"cups": 2}, "Error in config for the bar", {})
        {'cups': 2}
    """
    if schema is None:
        return None if value is UNSET else value
    return read_parsed(schema, value, preamble, environ, path=path).value


def read_parsed(
    schema: Readable, value: Any, preamble: str, environ: Mapping[str, str] | None, *, path: Path = _CONFIG
) -> Parsed:
    """Check config as `read_config`, and also return whether an environment variable was looked up.

    Without an environment, no variable is set.
    """
    parsed = parse(schema, value, path=path, environ=environ)
    if parsed.errors:
        raise DagflowInvalidConfigError(preamble, parsed.errors, {} if value is UNSET else value)
    return parsed._replace(value=None) if parsed.value is UNSET else parsed


def check_config(schema: Readable | None, value: Any, preamble: str, *, path: Path = _CONFIG) -> None:
    """Check config at definition time.

    Environment variables are not looked up, and the functions of config mappings are not called.

    Raises:
        DagflowInvalidConfigError: The value does not match the schema. The error lists every mistake.

    Example:
        >>> from dagflow import IntSource
        >>> from dagflow.config.field import resolve_field
        >>> check_config(resolve_field(IntSource), {"env": "CUPS"}, "Error in config for the bar")
    """
    if schema is None:
        return
    reading = Reading(None)
    schema.read(value, path, reading)
    if reading.errors:
        raise DagflowInvalidConfigError(preamble, reading.errors, value)
