"""The parts that all programs share: the first lines, arguments, braces, keys and the function `run`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

HEAD = ["import datetime", "import typing", "", "import dagflow as dg", "", "trace = []", ""]


def text(lines: Iterable[str]) -> str:
    """Return lines as one string."""
    return "\n".join(lines) + "\n"


def arguments(values: dict[str, str | None]) -> str:
    """Return the arguments of a call, without those whose code is None or empty."""
    return ", ".join(f"{name}={value}" for name, value in values.items() if value)


def braced(parts: Iterable[str]) -> str | None:
    """Return a dict or set display; None if it is empty."""
    inner = ", ".join(parts)
    return f"{{{inner}}}" if inner else None


def listed(parts: Iterable[str]) -> str | None:
    """Return a list display; None if it is empty."""
    inner = ", ".join(parts)
    return f"[{inner}]" if inner else None


def names(definitions: Iterable[Any]) -> list[str]:
    """Return the names of definitions."""
    return [definition.name for definition in definitions]


def policy(retries: int | None) -> str | None:
    """Return a retry policy."""
    return None if retries is None else f"dg.RetryPolicy(max_retries={retries})"


def run(call: str, given: dict[str, str | None]) -> list[str]:
    """Return the function `run`: one call, with the arguments of the run."""
    function, _, first = call.partition(", ")
    inner = ", ".join(part for part in (first, arguments(given), "**arguments") if part)
    return ["", "def run(**arguments):", f"    return {function}({inner})"]


def indented(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines as the body of a block."""
    for line in lines:
        yield f"    {line}"


def key_of(path: str) -> str:
    """Return the asset key of a path such as "a/b"."""
    return f"dg.AssetKey({path.split('/')!r})"


def identifier(path: str) -> str:
    """Return the name that stands for the key of a path."""
    return path.replace("/", "__")
