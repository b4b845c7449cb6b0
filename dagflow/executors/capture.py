"""Capturing what each of several threads writes to stdout and stderr, in a process that carries out several
steps at once: what Python code writes there goes to files of the step. What a thread that the step started
writes, or what is no Python code, goes where the process writes.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any


@contextmanager
def captured(paths: Sequence[str | os.PathLike[str]]) -> Iterator[None]:
    """Let what this thread writes to stdout and stderr go to two files, which appear when it does.

    Args:
        paths: The files; what stands there already stays.
    """
    _put_up()
    files = _this_thread.files = [_LateFile(path) for path in paths]
    try:
        yield
    finally:
        _this_thread.files = None
        for file in files:
            file.close()


_this_thread = threading.local()
_putting_up = threading.Lock()


def _put_up() -> None:
    """Put forks in the place of both streams; they stay, and lead nowhere else without `captured`."""
    with _putting_up:
        if not isinstance(sys.stdout, _Fork):
            sys.stdout = _Fork(0, sys.stdout)
        if not isinstance(sys.stderr, _Fork):
            sys.stderr = _Fork(1, sys.stderr)


class _Fork:
    """Stands for a stream, and is another file in each thread that captures."""

    def __init__(self, position: int, usual: Any) -> None:
        self._position = position
        self._usual = usual

    def __getattr__(self, name: str) -> Any:
        files = getattr(_this_thread, "files", None)
        return getattr(self._usual if files is None else files[self._position].file, name)

    def flush(self) -> None:
        """Flush it, which is no reason to make a file."""
        files = getattr(_this_thread, "files", None)
        (self._usual if files is None else files[self._position]).flush()


class _LateFile:
    """A file that is opened when it is first asked for, and written line by line."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._file: IO[str] | None = None

    @property
    def file(self) -> IO[str]:
        """The open file."""
        if self._file is None:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._file = open(  # noqa: SIM115 - closed with the step
                self._path, "a", buffering=1, encoding="utf-8", errors="replace"
            )
        return self._file

    def flush(self) -> None:
        """Flush it, if it was opened."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close it, if it was opened."""
        if self._file is not None:
            self._file.close()
