"""Messages over a socket: four bytes of length, then the content.

A worker sends JSON, because user code runs in it. A parent sends pickles, because it sends values. The first
item of a worker's message is its type:

* `EVENT`: an event of the task; `LINE`: a log line of user code;
* `ENDED`: the outcome of the attempt; `ERROR`: an error that kept the task from its end. One of these two is
  the last message about the step;
* `NOTICE`: a message for the user about the process, such as its wait for threads after the last message.
"""

from __future__ import annotations

import json
import os
import pickle
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

EVENT, LINE, ENDED, ERROR, NOTICE = "event", "line", "ended", "error", "notice"
LAST_TYPES = (ENDED, ERROR)
MAX_LENGTH = (1 << 32) - 1
"""The maximum length of a message, in bytes."""

_LENGTH = struct.Struct("!I")
_CHUNK = 1 << 16
_FOLLOWED_TYPES = (EVENT, LINE)  # another message usually follows at once
_MORE = getattr(socket, "MSG_MORE", 0)  # Linux waits up to 0.2 s and sends several messages together


def framed(content: bytes) -> bytes:
    """Return a message with its length, as it is sent."""
    return _LENGTH.pack(len(content)) + content


def send(connection: socket.socket, content: bytes, flags: int = 0) -> None:
    """Send one message."""
    connection.sendall(framed(content), flags)


def receive(connection: socket.socket) -> bytes:
    """Return the next message. Raises EOFError if the other side has closed the connection."""
    (length,) = _LENGTH.unpack(_receive_exactly(connection, _LENGTH.size))
    return _receive_exactly(connection, length)


def send_object(connection: socket.socket, value: Any) -> None:
    """Send a value as a pickle, to a process that this one started."""
    send(connection, pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))


def receive_object(connection: socket.socket) -> Any:
    """Return a value that was sent by the process that started this one."""
    return pickle.loads(receive(connection))


class MessageReader:
    """The messages of a socket, read without waiting.

    Attributes:
        is_closed: Whether the other side has closed the connection.
        max_length: The maximum length of a message.
    """

    __slots__ = ("_buffer", "connection", "is_closed", "max_length")

    def __init__(self, connection: socket.socket, max_length: int = MAX_LENGTH) -> None:
        self.connection: socket.socket = connection
        self.max_length: int = max_length
        self._buffer = bytearray()
        self.is_closed: bool = False
        connection.setblocking(False)

    def messages(self) -> Iterator[bytes]:
        """Yield the complete messages that have arrived. An incomplete one stays in the buffer.

        Raises:
            ValueError: A message is longer than `max_length`.
        """
        self._read()
        buffer = self._buffer
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, start)
            if length > self.max_length:
                raise ValueError(f"a message of {length} bytes exceeds the maximum of {self.max_length}")
            end = start + _LENGTH.size + length
            if len(buffer) < end:
                break
            yield bytes(buffer[start + _LENGTH.size : end])
            start = end
        del buffer[:start]

    def _read(self) -> None:
        while not self.is_closed and len(self._buffer) <= self.max_length:
            try:
                chunk = self.connection.recv(_CHUNK)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                chunk = b""
            self._buffer += chunk
            self.is_closed = not chunk


class MessageSender:
    """A sender of messages to the parent, from any thread. A process that user code forks sends nothing."""

    __slots__ = ("_connection", "_lock", "_pid")

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def __call__(self, message_type: str, *content: Any) -> None:
        """Send a message: its type and plain JSON."""
        if os.getpid() != self._pid:
            return
        message = json.dumps([message_type, *content]).encode()
        with self._lock:
            send(self._connection, message, _MORE if message_type in _FOLLOWED_TYPES else 0)


def _receive_exactly(connection: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        chunk = connection.recv(min(_CHUNK, length - len(content)))
        if not chunk:
            raise EOFError("the process at the other side is gone")
        content += chunk
    return bytes(content)
