"""The parsed modules of a project in pytest's cache, by the hash of their source.

A later session parses only the modules that have changed since. Under xdist the first worker writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_dagflow.selecting.record_file import replace_file
from pytest_dagflow.session import cache_file, worker_input_of

_FILE = "modules.json"
_MAX_MODULES = 20_000
"""The number of modules that are kept; the oldest are removed first."""


class _Modules(MutableMapping[str, Any]):
    """Parsed modules as JSON strings, which take a tenth of the memory of their values.

    Args:
        texts: The string of each module, by the hash of its source.

    Attributes:
        texts: The same, with new modules.
        has_new: Whether a module was added.
    """

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self.has_new: bool = False

    def __getitem__(self, key: str) -> Any:
        """Return the value of a module, which is decoded each time."""
        return json.loads(self.texts[key])

    def __contains__(self, key: object) -> bool:
        """Return whether a module is known."""
        return key in self.texts

    def __setitem__(self, key: str, value: Any) -> None:
        """Add a module."""
        self.texts[key] = json.dumps(value, separators=(",", ":"))
        self.has_new = True

    def __delitem__(self, key: str) -> None:
        """Remove a module."""
        del self.texts[key]

    def __iter__(self) -> Iterator[str]:
        """Yield the hashes of all modules."""
        return iter(self.texts)

    def __len__(self) -> int:
        """Return the number of modules."""
        return len(self.texts)


_KEY = pytest.StashKey[_Modules]()


def parsed_modules(config: pytest.Config) -> MutableMapping[str, Any]:
    """Return the parsed modules of earlier sessions. New ones can be added, and are saved at the end."""
    if _KEY not in config.stash:
        path = cache_file(config, _FILE)
        config.stash[_KEY] = _Modules({} if path is None else _read(path))
    modules: _Modules = config.stash[_KEY]
    return modules


def save_parsed_modules(config: pytest.Config) -> None:
    """Write the modules of this session to pytest's cache, if there are new ones."""
    modules, path = config.stash.get(_KEY, None), cache_file(config, _FILE)
    is_other_worker = worker_input_of(config).get("workerid", "gw0") != "gw0"
    if path is None or is_other_worker or modules is None or not modules.has_new:
        return
    kept = dict(list(modules.texts.items())[-_MAX_MODULES:])
    with suppress(OSError):  # the note about the record names the folder that cannot be written
        replace_file(path, [json.dumps(kept, separators=(",", ":"))])


def _read(path: Path) -> dict[str, str]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no session has written it, or it was cut: all modules are parsed again
        return {}
    # an earlier version stored values that are no strings
    known = stored.items() if isinstance(stored, dict) else ()
    return {key: text for key, text in known if isinstance(text, str)}
