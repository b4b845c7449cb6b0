"""The parsed modules of a project in pytest's cache, by the hash of their source.

A later session parses only the modules that have changed since. Under xdist the first worker writes them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.selecting.record_file import replace_file
from pytest_dagflow.session import cache_file, worker_input_of

_FILE = "modules.json"
_MAX_MODULES = 20_000
"""The number of modules that are kept; the oldest are removed first."""
_KEY = pytest.StashKey[dict[str, Any]]()
_LOADED_KEY = pytest.StashKey[int]()
"""The number of modules that the cache had when it was read."""


def parsed_modules(config: pytest.Config) -> dict[str, Any]:
    """Return the parsed modules of earlier sessions. New ones are added to the dict, and saved at the end."""
    if _KEY not in config.stash:
        path = cache_file(config, _FILE)
        config.stash[_KEY] = {} if path is None else _read(path)
        config.stash[_LOADED_KEY] = len(config.stash[_KEY])
    return config.stash[_KEY]


def save_parsed_modules(config: pytest.Config) -> None:
    """Write the modules of this session to pytest's cache, if there are new ones."""
    modules, path = config.stash.get(_KEY, {}), cache_file(config, _FILE)
    is_other_worker = worker_input_of(config).get("workerid", "gw0") != "gw0"
    if path is None or is_other_worker or len(modules) <= config.stash.get(_LOADED_KEY, 0):
        return
    kept = dict(list(modules.items())[-_MAX_MODULES:])
    with suppress(OSError):  # the note about the record names the folder that cannot be written
        replace_file(path, [json.dumps(kept, separators=(",", ":"))])


def _read(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no session has written it, or it was cut: all modules are parsed again
        return {}
    return stored if isinstance(stored, dict) else {}
