"""The wire format of the package `dagster-pipes`: names of variables, encoded parameters, and messages."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, TypedDict

from dagflow.errors import DagflowPipesExecutionError, repr_of

CONTEXT_VARIABLE = "DAGSTER_PIPES_CONTEXT"
MESSAGES_VARIABLE = "DAGSTER_PIPES_MESSAGES"
CONTEXT_ARGUMENT = "--dagster-pipes-context"
MESSAGES_ARGUMENT = "--dagster-pipes-messages"
_VERSION_FIELD = "__dagster_pipes_version"


class PipesMessage(TypedDict):
    """A message of the external process; on the wire it also has the version of the protocol."""

    method: str
    params: dict[str, Any] | None


def encode_param(value: object) -> str:
    """Return a JSON value in the form of an environment variable, which `dagster-pipes` decodes.

    Args:
        value: A value of numbers, strings, lists and dicts.

    Example:
        >>> encode_param({})
        'eJyrrgUAAXUA+Q=='
    """
    return base64.b64encode(zlib.compress(json.dumps(value).encode())).decode()


def parse_message(line: bytes | str) -> PipesMessage:
    """Return the message in a line.

    Args:
        line: A JSON object with the fields `__dagster_pipes_version`, `method` and `params`.

    Raises:
        DagflowPipesExecutionError: The line is not a message.

    Example:
        >>> parse_message('{"__dagster_pipes_version": "0.1", "method": "closed", "params": {}}')["method"]
        'closed'
    """
    try:
        message = json.loads(line)
    except ValueError as error:
        raise _not_a_message(line) from error
    if not isinstance(message, dict) or _VERSION_FIELD not in message:
        raise _not_a_message(line)
    params = message.get("params")
    if not isinstance(message.get("method"), str) or not (params is None or isinstance(params, dict)):
        raise _not_a_message(line)
    return {"method": message["method"], "params": params}


def _not_a_message(line: bytes | str) -> DagflowPipesExecutionError:
    text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
    return DagflowPipesExecutionError(
        f"The external process wrote a line that is not a message of dagster-pipes: {repr_of(text)}. Only "
        "dagster-pipes may write to the channel of the messages."
    )
