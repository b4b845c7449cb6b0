"""The path of a config value, for messages.

It is a tuple of field names, indexes of list items and `MapPart` values. As a string it is written
`root:ops:brew:config[1]:k`, with `root:m:'a':value` and `root:m:1:key` inside maps.
"""

from __future__ import annotations

from typing import NamedTuple

from dagflow._util import MAX_DEPTH


class MapPart(NamedTuple):
    """One side ("key" or "value") of an entry of a map, as a part of a path."""

    key: object
    side: str


PathPart = str | int | MapPart
Path = tuple[PathPart, ...]
TOO_DEEP = f"config is nested deeper than {MAX_DEPTH} levels"
"""The message of that RecursionError."""


def where(path: Path) -> str:
    """Return the path of a value for use in a sentence: "at the root" or "at path root:a"."""
    return f"at path {path_string(path)}" if path else "at the root"


def path_string(path: Path) -> str:
    """Return the path of a value as a string.

    Example:
        >>> path_string(("ops", "brew", 1, MapPart("a", "value")))
        "root:ops:brew[1]:'a':value"
    """
    parts = ["root"]
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif isinstance(part, MapPart):
            parts.append(f":{part.key!r}:{part.side}")
        else:
            parts.append(f":{part}")
    return "".join(parts)
