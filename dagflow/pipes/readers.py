"""The readers of messages in files. A thread reads while the process writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any, BinaryIO

from dagflow.errors import check_type
from dagflow.pipes.handler import PipesMessageHandler, PipesMessageReader
from dagflow.pipes.protocol import parse_message

_INTERVAL = 0.05  # seconds between two looks at the file; the end of the session is noticed at once
_CHUNK = 1 << 20


class PipesFileMessageReader(PipesMessageReader):
    """A reader of messages in a file. A thread reads it until the session ends.

    Args:
        path: The path of the file. An existing file is emptied.
        include_stdio_in_messages: Whether the process also sends its stdout and stderr as messages.
        cleanup_file: Whether to remove the file at the end.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        include_stdio_in_messages: bool = False,
        cleanup_file: bool = True,
    ) -> None:
        self._path = os.path.abspath(check_type(path, (str, os.PathLike), "path"))
        self._includes_stdio = check_type(include_stdio_in_messages, bool, "include_stdio_in_messages")
        self._removes_file = check_type(cleanup_file, bool, "cleanup_file")

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Mapping[str, Any]]:
        """Create the file, and yield its path as a parameter."""
        closed = Event()
        try:
            with open(self._path, "w+b") as file:
                thread = Thread(target=_read, args=(file, handler, closed), name="dagflow-pipes", daemon=True)
                thread.start()
                try:
                    yield {"path": self._path, "include_stdio_in_messages": self._includes_stdio}
                finally:
                    closed.set()
                    thread.join()
        finally:
            if self._removes_file:
                with suppress(FileNotFoundError):
                    os.remove(self._path)

    def no_messages_debug_text(self) -> str:
        """Return a sentence for the warning about a process that sent no message."""
        return f"Attempted to read messages from file {self._path}."


class PipesTempFileMessageReader(PipesMessageReader):
    """A reader of messages in a temporary file. The default of `PipesSubprocessClient`.

    Args:
        include_stdio_in_messages: Whether the process also sends its stdout and stderr as messages.

    Raises:
        ParameterCheckError: The argument is not a bool.
    """

    def __init__(self, include_stdio_in_messages: bool = False) -> None:
        self._includes_stdio = check_type(include_stdio_in_messages, bool, "include_stdio_in_messages")

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[Mapping[str, Any]]:
        """Create the file, and yield its path as a parameter."""
        with TemporaryDirectory(prefix="dagflow-pipes-") as folder:
            reader = PipesFileMessageReader(os.path.join(folder, "messages"), self._includes_stdio)
            with reader.read_messages(handler) as params:
                yield params

    def no_messages_debug_text(self) -> str:
        """Return a sentence for the warning about a process that sent no message."""
        return "Attempted to read messages from a local temporary file."


def _read(file: BinaryIO, handler: PipesMessageHandler, closed: Event) -> None:
    """Handle each line of a file that grows, until it is `closed` and everything was read."""
    rest = b""
    while True:
        is_complete = closed.is_set()  # before the read, because the last lines are written before
        chunk = file.read(_CHUNK)
        if chunk:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                _handle(line, handler)
        elif is_complete:
            break
        else:
            closed.wait(_INTERVAL)
    if rest.strip():
        _handle(rest, handler)


def _handle(line: bytes, handler: PipesMessageHandler) -> None:
    try:
        handler.handle_message(parse_message(line))
    except Exception:  # the session raises it at its end, and the other messages still arrive
        handler.report_pipes_framework_exception("the reader of the messages", sys.exc_info())
