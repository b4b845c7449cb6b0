"""Messages over a socket: each is its length in four bytes, then its bytes. What a worker says to its parent
is JSON, since user code runs in it; what a parent says is a pickle, since it hands over values.
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

_HEAD = struct.Struct("!I")
_CHUNK = 1 << 16
_FOLLOWED = ("event", "line")  # others of them, or the end, will most often follow at once
_MORE = getattr(socket, "MSG_MORE", 0)  # Linux may then wait up to 0.2 s, and send several together
MOST = (1 << 32) - 1
"""How long a message can be, in bytes."""


def framed(content: bytes) -> bytes:
    """A message as it is sent."""
    return _HEAD.pack(len(content)) + content


def send(connection: socket.socket, content: bytes, flags: int = 0) -> None:
    """Send one message."""
    connection.sendall(framed(content), flags)


def receive(connection: socket.socket) -> bytes:
    """The next message. Raises EOFError where the other side is gone."""
    (length,) = _HEAD.unpack(_exactly(connection, _HEAD.size))
    return _exactly(connection, length)


def send_object(connection: socket.socket, value: Any) -> None:
    """Send a value as a pickle, to a process that this one started."""
    send(connection, pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))


def receive_object(connection: socket.socket) -> Any:
    """A value that the process which started this one sent."""
    return pickle.loads(receive(connection))


class Incoming:
    """The messages that come in on a socket that is read without waiting.

    Attributes:
        is_over: Whether the other side is gone.
        most: How long a message may be.
    """

    __slots__ = ("_pending", "connection", "is_over", "most")

    def __init__(self, connection: socket.socket, most: int = MOST) -> None:
        self.connection: socket.socket = connection
        self.most: int = most
        self._pending = bytearray()
        self.is_over: bool = False
        connection.setblocking(False)

    def messages(self) -> Iterator[bytes]:
        """The messages that are here by now; half a message waits for the rest of it.

        Raises:
            ValueError: One is longer than messages may be.
        """
        self._read()
        pending = self._pending
        start = 0
        while len(pending) - start >= _HEAD.size:
            (length,) = _HEAD.unpack_from(pending, start)
            if length > self.most:
                raise ValueError(f"a message of {length} bytes, where {self.most} are the most")
            end = start + _HEAD.size + length
            if len(pending) < end:
                break
            yield bytes(pending[start + _HEAD.size : end])
            start = end
        del pending[:start]

    def _read(self) -> None:
        while not self.is_over and len(self._pending) <= self.most:
            try:
                chunk = self.connection.recv(_CHUNK)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                chunk = b""
            self._pending += chunk
            self.is_over = not chunk


class Outgoing:
    """What a worker says to its parent, from any of its threads. What user code forks has no say."""

    __slots__ = ("_connection", "_lock", "_pid")

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def __call__(self, kind: str, *content: Any) -> None:
        """Say something: its kind, and plain JSON."""
        if os.getpid() != self._pid:
            return
        message = json.dumps([kind, *content]).encode()
        with self._lock:
            send(self._connection, message, _MORE if kind in _FOLLOWED else 0)


def _exactly(connection: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        chunk = connection.recv(min(_CHUNK, length - len(parts)))
        if not chunk:
            raise EOFError("the process at the other side is gone")
        parts += chunk
    return bytes(parts)
