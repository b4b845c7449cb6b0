"""Capture of stdout and stderr per thread, in a process that runs several steps at once.

Python code on the thread of a step writes to the files of the step. Other threads that the step started, and
code that is not Python, write where the process writes.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any


@contextmanager
def capture_output(paths: Sequence[str | os.PathLike[str]]) -> Iterator[None]:
    """Redirect stdout and stderr of this thread to two files, which are created at the first write.

    Args:
        paths: The files. Output is appended.
    """
    _install_streams()
    files = _this_thread.files = [_LazyFile(path) for path in paths]
    try:
        yield
    finally:
        _this_thread.files = None
        for file in files:
            file.close()


_this_thread = threading.local()
_install_lock = threading.Lock()


def _install_streams() -> None:
    """Replace both streams by forwarding ones. They stay, and without a capture they change nothing."""
    with _install_lock:
        if not isinstance(sys.stdout, _ThreadStream):
            sys.stdout = _ThreadStream(0, sys.stdout)
        if not isinstance(sys.stderr, _ThreadStream):
            sys.stderr = _ThreadStream(1, sys.stderr)


class _ThreadStream:
    """A stream that forwards to a different file in each thread that captures."""

    def __init__(self, position: int, original: Any) -> None:
        self._position = position
        self._original = original

    def __getattr__(self, name: str) -> Any:
        files = getattr(_this_thread, "files", None)
        return getattr(self._original if files is None else files[self._position].file, name)

    def flush(self) -> None:
        """Flush the file of this thread, without creating it."""
        files = getattr(_this_thread, "files", None)
        (self._original if files is None else files[self._position]).flush()


class _LazyFile:
    """A file with line buffering that is opened at its first use."""

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
        """Flush the file, if it is open."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._file is not None:
            self._file.close()
