"""Config that contains itself, or is nested deeper than config ever is: its detection and its error.

The functions that walk through config raise RecursionError below `MAX_DEPTH`. Their callers search for the
place with `bottomless`, which does not recurse. Loaded when the first such value is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dagflow._util import MAX_DEPTH
from dagflow.config.paths import Path, PathPart

_SHOWN = 12


def bottomless(value: Any) -> tuple[Path, str] | None:
    """Return the first place where a value contains itself or is nested too deep, and the problem.

    Example:
        >>> beans = {"origin": [1]}
        >>> bottomless(beans) is None
        True
        >>> beans["origin"].append(beans)
        >>> bottomless(beans)
        (('origin', 1), 'contains itself')
    """
    walked: list[Iterator[tuple[PathPart, Any]]] = [_items(value)]
    path: list[PathPart] = []
    around = [id(value)]
    while walked:
        for part, item in walked[-1]:
            if id(item) in around:
                return (*path, part), "contains itself"
            if _is_container(item):
                if len(walked) > MAX_DEPTH:
                    return tuple(path[:_SHOWN]), f"is nested deeper than {MAX_DEPTH} levels"
                path.append(part)
                around.append(id(item))
                walked.append(_items(item))
                break
        else:
            walked.pop()
            around.pop()
            del path[len(walked) - 1 :]
    return None


def short(path: Path) -> Path:
    """Return a path for a message; the end of a very long path is left out."""
    return path if len(path) <= _SHOWN else (*path[:_SHOWN], "...")


def _is_container(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple)) or hasattr(type(value), "__dagflow_config__")


def _items(value: Any) -> Iterator[tuple[PathPart, Any]]:
    if isinstance(value, (list, tuple)):
        return iter(enumerate(value))
    items = value if isinstance(value, Mapping) else vars(value)
    return iter([(str(key), item) for key, item in items.items()])
