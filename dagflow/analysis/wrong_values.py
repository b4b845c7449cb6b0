"""Wrong values for faults: of a wrong type, corrupt, or half written."""

from __future__ import annotations

import builtins
import io
import pathlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from dagflow.errors import CheckError


class WrongValue:
    """A value that no declared type has."""

    def __repr__(self) -> str:
        return "<a value of a wrong type, from a fault of the test>"


def corrupted(value: Any, name: str, step_key: str) -> Any:
    """Return a value of the same type with other content.

    Args:
        value: A plain value, or a table with `iloc` or `slice`, which loses its last row.
        name: The input, for the error message.
        step_key: The step, for the error message.

    Raises:
        CheckError: There is no rule for values of this type, or the value is empty.

    Example:
        >>> corrupted(3, "n", "brew"), corrupted([1, 2], "n", "brew"), corrupted("tea", "n", "brew")
        (-4, [1], 'te\\ufffd')
    """
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return -value - 1
    if isinstance(value, float):
        return float("nan")
    if isinstance(value, (str, bytes, list, tuple, set, frozenset, dict)) and value:
        if isinstance(value, str):
            return value[:-1] + "\ufffd"
        if isinstance(value, bytes):
            return value[:-1] + bytes([value[-1] ^ 0xFF])
        if isinstance(value, (list, tuple)):
            return value[:-1] if type(value) in (list, tuple) else type(value)(*value[:-1])
        if isinstance(value, dict):
            return {key: value[key] for key in list(value)[:-1]}
        return type(value)(list(value)[:-1])
    if hasattr(value, "iloc") and len(value):
        return value.iloc[:-1]
    if hasattr(value, "slice") and hasattr(value, "schema") and len(value):
        return value.slice(0, len(value) - 1)
    raise CheckError(
        f"fault corrupt_input: no rule corrupts input '{name}' of step '{step_key}', which is {value!r:.100} "
        f"of type '{type(value).__name__}'. Pass the corrupt value: corrupt_input(..., value=...)."
    )


@contextmanager
def cut_writes(error: Exception, on_cut: Callable[[], None]) -> Iterator[list[object]]:
    """Cut the first write to a file that this thread opens in the block: half is written, then it raises.

    Files that are opened by `open`, `io.open` and pathlib are covered, not those of native libraries.

    Args:
        error: The exception of the write.
        on_cut: Called after half of the content was written.

    Yields:
        A list that is empty until a write was cut.
    """
    entry = _Cut(error, on_cut, [])
    thread = threading.get_ident()
    with _lock:
        if not _cuts:
            _replace_open()
        _cuts[thread] = entry
    try:
        yield entry.files
    finally:
        with _lock:
            del _cuts[thread]
            if not _cuts:
                _restore_open()


class _Cut(NamedTuple):
    """The cut of one thread: its error, the function to call, and the files that were cut."""

    error: Exception
    on_cut: Callable[[], None]
    files: list[object]


_lock = threading.Lock()
_cuts: dict[int, _Cut] = {}
"""The cut of each thread. Invariant: `open` is replaced exactly while it is not empty."""
_originals: list[Any] = []


def _places() -> list[Any]:
    """Return the objects whose attribute `open` opens files. Python 3.10 has one more, which pathlib uses."""
    accessor = getattr(pathlib, "_NormalAccessor", None)
    return [builtins, io] if accessor is None else [builtins, io, accessor]


def _replace_open() -> None:
    for place in _places():
        _originals.append(place.open)
        place.open = partial(_open_cut, place.open)


def _restore_open() -> None:
    for place in _places():
        place.open = _originals.pop(0)


def _open_cut(original: Any, file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    found = original(file, mode, *args, **kwargs)
    entry = _cuts.get(threading.get_ident())
    if entry is None or entry.files or not set(mode) & set("wax+"):
        return found
    return _CutFile(found, entry)


class _CutFile:
    """A file whose first write is cut."""

    def __init__(self, file: Any, cut: _Cut) -> None:
        self._file = file
        self._cut = cut

    def write(self, content: Any) -> Any:
        """Write half of the content, and raise."""
        if self._cut.files or not len(content):
            return self._file.write(content)
        self._cut.files.append(self)
        self._file.write(content[: len(content) // 2])
        self._file.flush()
        self._cut.on_cut()
        raise self._cut.error

    def writelines(self, lines: Any) -> None:
        """Write the lines one by one."""
        for line in lines:
            self.write(line)

    def __enter__(self) -> _CutFile:
        self._file.__enter__()
        return self

    def __exit__(self, *details: Any) -> Any:
        return self._file.__exit__(*details)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
