"""`ParentServer`: processes with the secret of a run may start its tasks, each attempt once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dagflow.executors.parent_server import (
    DISCONNECTED,
    INTERRUPT,
    KILL,
    START_REPLY,
    START_REQUEST,
    STARTED,
    ParentServer,
    TaskMessage,
    connect_to_parent,
)
from dagflow.executors.wire import receive, send
from dagflow.processes import Process, this_process

SETUP = b"the setup of a run"


@pytest.fixture(name="server")
def _server() -> Iterator[ParentServer]:
    server = ParentServer("127.0.0.1", SETUP)
    yield server
    server.close()


class Worker:
    """The worker's side of a connection. The worker process is this process."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, *message: Any) -> None:
        """Send a message to the parent."""
        send(self.connection, json.dumps(message).encode())

    def receive(self) -> Any:
        """Return the next message of the parent."""
        return json.loads(receive(self.connection))


def receive_until(server: ParentServer, is_enough: Callable[[list[TaskMessage]], bool]) -> list[TaskMessage]:
    """Return the messages that a server receives until they are enough, within half a minute."""
    received: list[TaskMessage] = []
    for _ in range(600):
        received += server.receive(0.05)
        if is_enough(received):
            return received
    raise AssertionError(f"not enough messages within half a minute: {received}")


def in_thread(function: Callable[[], Any]) -> Callable[[], Any]:
    """Call a function in a thread. Returns a function that returns its result, or None before the end."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()

    def result() -> Any:
        if results:
            thread.join()
        return results[0] if results else None

    return result


@pytest.fixture(name="connect")
def _connect(server: ParentServer) -> Iterator[Callable[[], Worker]]:
    """Return a function that connects another worker with the secret."""
    made: list[Worker] = []

    def connect() -> Worker:
        result = in_thread(lambda: connect_to_parent(server.address))
        receive_until(server, lambda received: result() is not None)
        connection, setup = result()
        assert setup == SETUP
        connection.settimeout(30)
        made.append(Worker(connection))
        return made[-1]

    yield connect
    for worker in made:
        worker.connection.close()


@pytest.fixture(name="worker")
def _worker(connect: Callable[[], Worker]) -> Worker:
    return connect()


def start(server: ParentServer, worker: Worker, name: str) -> None:
    """Start a task on a worker."""
    worker.send(START_REQUEST, name, 0)
    receive_until(server, bool)
    assert worker.receive() == [START_REPLY, 0, True]


def test_a_task_starts_once(server: ParentServer, connect: Callable[[], Worker]) -> None:
    """A second start request is refused, from another worker and from the same one."""
    first, second = connect(), connect()
    start(server, first, "brew.1")

    second.send(START_REQUEST, "brew.1", 7)
    first.send(START_REQUEST, "brew.1", 8)
    first.send("line", "brew.1", "still here")
    received = receive_until(server, bool)
    second_reply = in_thread(second.receive)
    receive_until(server, lambda _: second_reply() is not None)

    assert second_reply() == [START_REPLY, 7, False]
    assert first.receive() == [START_REPLY, 8, False]
    assert received == [TaskMessage("brew.1", ["line", "still here"])]


def test_messages_follow_the_start(server: ParentServer, worker: Worker) -> None:
    """STARTED comes first and has the process id; then come the messages in their order."""
    worker.send(START_REQUEST, "brew.1", 0)
    worker.send("event", "brew.1", 5)
    worker.send("ended", "brew.1", None)
    received = receive_until(server, lambda received: len(received) == 3)

    assert [message for _, message in received] == [[STARTED, os.getpid()], ["event", 5], ["ended", None]]
    assert {name for name, _ in received} == {"brew.1"}
    assert server.is_decided("brew.1")


def test_messages_after_the_last_are_ignored(server: ParentServer, worker: Worker) -> None:
    """A task that has ended does not start again, and a broken connection does not lose it."""
    start(server, worker, "brew.1")
    worker.send("error", "brew.1", {})
    worker.send("line", "brew.1", "an afterthought")
    worker.send(START_REQUEST, "brew.1", 1)
    worker.connection.close()

    assert receive_until(server, bool) == [TaskMessage("brew.1", ["error", {}])]
    assert server.receive(0.05) == []


def test_messages_of_another_worker_are_ignored(server: ParentServer, connect: Callable[[], Worker]) -> None:
    """Only the worker that started a task can send its messages."""
    first, second = connect(), connect()
    start(server, first, "brew.1")
    second.send("ended", "brew.1", None)
    second.send("ended", "tea.1", None)
    first.send("line", "brew.1", "mine")

    assert receive_until(server, bool) == [TaskMessage("brew.1", ["line", "mine"])]


def test_a_broken_connection_loses_its_tasks(server: ParentServer, connect: Callable[[], Worker]) -> None:
    """Its running tasks are lost, its ended ones and those of other workers are not."""
    first, second = connect(), connect()
    start(server, first, "brew.1")
    start(server, first, "tea.1")
    start(server, second, "water.1")
    first.send("ended", "tea.1", None)
    first.connection.close()

    received = receive_until(server, lambda received: len(received) == 2)
    own = this_process()
    assert received == [
        TaskMessage("tea.1", ["ended", None]),
        TaskMessage("brew.1", [DISCONNECTED, f"process {own.pid} of {own.host}"]),
    ]


def test_a_refused_task_does_not_start(server: ParentServer, worker: Worker) -> None:
    """The parent can refuse a task before its start request."""
    server.refuse("brew.1")
    worker.send(START_REQUEST, "brew.1", 3)
    reply = in_thread(worker.receive)
    received = receive_until(server, lambda _: reply() is not None)

    assert reply() == [START_REPLY, 3, False]
    assert received == []


def test_a_running_task_is_interrupted(server: ParentServer, worker: Worker) -> None:
    """The worker gets INTERRUPT for a running task only."""
    start(server, worker, "brew.1")
    server.interrupt("tea.1")
    server.interrupt("brew.1")

    assert worker.receive() == [INTERRUPT, "brew.1"]


def test_a_process_of_this_host_is_killed(server: ParentServer) -> None:
    """It is killed by a signal, so it does not have to read messages."""
    program = (
        "import json; from dagflow.executors.parent_server import ParentAddress, connect_to_parent; "
        "from dagflow.executors.wire import send; "
        f"connection, _ = connect_to_parent(ParentAddress(*{tuple(server.address)!r})); "
        "send(connection, json.dumps(['start_request', 'brew.1', 0]).encode()); "
        "import signal; signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        receive_until(server, bool)
        server.kill("brew.1")
        received = receive_until(server, bool)

    assert process.returncode == -9
    assert received[0].content[0] == DISCONNECTED


def test_a_process_of_another_host_gets_kill(server: ParentServer) -> None:
    """So does a process whose id belongs to another process by now."""
    result = in_thread(lambda: connect_to_parent(server.address))
    other = Process("elsewhere", os.getpid(), "some time ago")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("dagflow.executors.parent_server.this_process", lambda: other)
        receive_until(server, lambda _: result() is not None)
    worker = Worker(result()[0])
    with worker.connection:
        start(server, worker, "brew.1")
        server.kill("brew.1")

        assert worker.receive() == [KILL, "brew.1"]


def test_a_process_without_the_secret_is_rejected(server: ParentServer) -> None:
    """It gets a challenge, and after a wrong proof the connection is closed."""
    with socket.create_connection(server.address[:2], timeout=30) as outsider:
        challenge = in_thread(lambda: receive(outsider))
        receive_until(server, lambda _: challenge() is not None)
        send(outsider, bytes(64))
        end = in_thread(lambda: outsider.recv(1) or "the end")
        received = receive_until(server, lambda _: end() is not None)

    assert len(challenge()) == 32
    assert end() == "the end"
    assert received == []


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\1x", b""])
def test_invalid_bytes_close_the_connection(server: ParentServer, worker: Worker, noise: bytes) -> None:
    """A connection without a valid proof does not disturb the others."""
    with socket.create_connection(server.address[:2], timeout=30) as outsider:
        server.receive(0.05)
        outsider.sendall(noise)
        server.receive(0.05)
    start(server, worker, "brew.1")


def test_an_invalid_message_closes_the_connection(server: ParentServer, worker: Worker) -> None:
    """A worker whose memory user code has corrupted loses its tasks."""
    start(server, worker, "brew.1")
    send(worker.connection, b"\xff\xfe")

    assert [content[0] for _, content in receive_until(server, bool)] == [DISCONNECTED]


def test_a_false_parent_is_rejected() -> None:
    """A worker accepts the setup only from a parent that has the secret."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ParentServer("127.0.0.1", SETUP)
        server.close()

        def pretend() -> None:
            connection, _ = listener.accept()
            with connection:
                send(connection, bytes(32))
                receive(connection)
                send(connection, bytes(32))
                send(connection, b"do as I say")

        thread = threading.Thread(target=pretend)
        thread.start()
        with pytest.raises(ConnectionRefusedError, match="is not the parent"):
            connect_to_parent(server.address._replace(port=listener.getsockname()[1]))
        thread.join()


def test_a_parent_that_is_gone_is_named() -> None:
    """The error has the address and the remedy: workers must be able to connect to it."""
    server = ParentServer("127.0.0.1", SETUP)
    server.close()

    with pytest.raises(ConnectionError, match=rf"127.0.0.1:{server.address.port} .* able to connect to it"):
        connect_to_parent(server.address)


def test_wake_ends_receive(server: ParentServer) -> None:
    """It does so before the call too, and more than once."""
    for _ in range(3):
        server.wake()

    assert server.receive(None) == []
