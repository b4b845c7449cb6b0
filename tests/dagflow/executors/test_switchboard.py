"""Who knows the secret of a run may ask for its tasks, each attempt once; who does not gets nothing."""

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

from dagflow.executors.switchboard import (
    ASK,
    BEGAN,
    DIE,
    INTERRUPT,
    LOST,
    Heard,
    Switchboard,
    call,
)
from dagflow.executors.wire import receive, send
from dagflow.processes import Process, this_process

BRIEFING = b"what is to be done"


@pytest.fixture(name="board")
def _board() -> Iterator[Switchboard]:
    board = Switchboard("127.0.0.1", BRIEFING)
    yield board
    board.close()


class Caller:
    """A process of a worker, on the other side; here it is this one."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def say(self, *message: Any) -> None:
        """Say something to the parent."""
        send(self.connection, json.dumps(message).encode())

    def told(self) -> Any:
        """What the parent says next."""
        return json.loads(receive(self.connection))


def heard_until(board: Switchboard, is_done: Callable[[list[Heard]], bool]) -> list[Heard]:
    """What a switchboard hears until that is enough, within half a minute."""
    heard: list[Heard] = []
    for _ in range(600):
        heard += board.hear(0.05)
        if is_done(heard):
            return heard
    raise AssertionError(f"waited in vain; heard {heard}")


def in_thread(function: Callable[[], Any]) -> Callable[[], Any]:
    """Run something beside the switchboard. Returns what gives its result, None before it has one."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()

    def result() -> Any:
        if results:
            thread.join()
        return results[0] if results else None

    return result


@pytest.fixture(name="connect")
def _connect(board: Switchboard) -> Iterator[Callable[[], Caller]]:
    """Connects another process that knows the secret."""
    made: list[Caller] = []

    def connect() -> Caller:
        result = in_thread(lambda: call(board.address))
        heard_until(board, lambda heard: result() is not None)
        connection, briefing = result()
        assert briefing == BRIEFING
        connection.settimeout(30)
        made.append(Caller(connection))
        return made[-1]

    yield connect
    for caller in made:
        caller.connection.close()


@pytest.fixture(name="caller")
def _caller(connect: Callable[[], Caller]) -> Caller:
    return connect()


def begin(board: Switchboard, caller: Caller, name: str) -> None:
    """Let a process take a task."""
    caller.say(ASK, name, 0)
    heard_until(board, bool)
    assert caller.told() == [ASK, 0, True]


def test_a_task_is_begun_by_who_asks_first(board: Switchboard, connect: Callable[[], Caller]) -> None:
    """The second one is refused, and so is the first when it asks again."""
    first, second = connect(), connect()
    begin(board, first, "brew.1")

    second.say(ASK, "brew.1", 7)
    first.say(ASK, "brew.1", 8)
    first.say("line", "brew.1", "still here")
    heard = heard_until(board, bool)
    second_is_told = in_thread(second.told)
    heard_until(board, lambda _: second_is_told() is not None)

    assert second_is_told() == [ASK, 7, False]
    assert first.told() == [ASK, 8, False]
    assert heard == [Heard("brew.1", ["line", "still here"])]


def test_who_begins_is_heard(board: Switchboard, caller: Caller) -> None:
    """With its process, before all that it says."""
    caller.say(ASK, "brew.1", 0)
    caller.say("event", "brew.1", 5)
    caller.say("ended", "brew.1", None)
    heard = heard_until(board, lambda heard: len(heard) == 3)

    assert [message for _, message in heard] == [[BEGAN, os.getpid()], ["event", 5], ["ended", None]]
    assert {name for name, _ in heard} == {"brew.1"}
    assert board.has_begun("brew.1")


def test_an_ended_task_says_nothing_more(board: Switchboard, caller: Caller) -> None:
    """Nor does it begin again, nor is it lost with its connection."""
    begin(board, caller, "brew.1")
    caller.say("broken", "brew.1", {})
    caller.say("line", "brew.1", "an afterthought")
    caller.say(ASK, "brew.1", 1)
    caller.connection.close()
    caller.say = None  # type: ignore[assignment]

    assert heard_until(board, bool) == [Heard("brew.1", ["broken", {}])]
    assert board.hear(0.05) == []


def test_a_task_of_another_is_not_spoken_for(board: Switchboard, connect: Callable[[], Caller]) -> None:
    """What is said of a task counts only from the process that began it."""
    first, second = connect(), connect()
    begin(board, first, "brew.1")
    second.say("ended", "brew.1", None)
    second.say("ended", "tea.1", None)
    first.say("line", "brew.1", "mine")

    assert heard_until(board, bool) == [Heard("brew.1", ["line", "mine"])]


def test_a_broken_connection_loses_its_tasks(board: Switchboard, connect: Callable[[], Caller]) -> None:
    """Those that are under way on it, and no others."""
    first, second = connect(), connect()
    begin(board, first, "brew.1")
    begin(board, first, "tea.1")
    begin(board, second, "water.1")
    first.say("ended", "tea.1", None)
    first.connection.close()

    heard = heard_until(board, lambda heard: len(heard) == 2)
    own = this_process()
    assert heard == [
        Heard("tea.1", ["ended", None]),
        Heard("brew.1", [LOST, f"process {own.pid} of {own.host}"]),
    ]


def test_a_refused_task_does_not_begin(board: Switchboard, caller: Caller) -> None:
    """A task can be taken back before it asks."""
    board.refuse("brew.1")
    caller.say(ASK, "brew.1", 3)
    told = in_thread(caller.told)
    heard = heard_until(board, lambda _: told() is not None)

    assert told() == [ASK, 3, False]
    assert heard == []


def test_a_task_under_way_is_interrupted(board: Switchboard, caller: Caller) -> None:
    """Its process is told; one that is not under way concerns nobody."""
    begin(board, caller, "brew.1")
    board.interrupt("tea.1")
    board.interrupt("brew.1")

    assert caller.told() == [INTERRUPT, "brew.1"]


def test_a_process_of_this_machine_is_killed(board: Switchboard) -> None:
    """From outside, so it does not have to listen."""
    program = (
        "import json; from dagflow.executors.switchboard import Address, call; "
        "from dagflow.executors.wire import send; "
        f"connection, _ = call(Address(*{tuple(board.address)!r})); "
        "send(connection, json.dumps(['ask', 'brew.1', 0]).encode()); "
        "import signal; signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        heard_until(board, bool)
        board.kill("brew.1")
        heard = heard_until(board, bool)

    assert process.returncode == -9
    assert heard[0].message[0] == LOST


def test_a_process_of_another_machine_is_told_to_die(board: Switchboard) -> None:
    """As is one whose number is by now that of another process."""
    result = in_thread(lambda: call(board.address))
    other = Process("elsewhere", os.getpid(), "some time ago")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("dagflow.executors.switchboard.this_process", lambda: other)
        heard_until(board, lambda _: result() is not None)
    caller = Caller(result()[0])
    with caller.connection:
        begin(board, caller, "brew.1")
        board.kill("brew.1")

        assert caller.told() == [DIE, "brew.1"]


def test_a_stranger_gets_nothing(board: Switchboard) -> None:
    """Without the secret there is a challenge, and after a wrong answer the end."""
    with socket.create_connection(board.address[:2], timeout=30) as stranger:
        challenge = in_thread(lambda: receive(stranger))
        heard_until(board, lambda _: challenge() is not None)
        send(stranger, bytes(64))
        end = in_thread(lambda: stranger.recv(1) or "the end")
        heard = heard_until(board, lambda _: end() is not None)

    assert len(challenge()) == 32
    assert end() == "the end"
    assert heard == []


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\1x", b""])
def test_noise_is_hung_up_on(board: Switchboard, caller: Caller, noise: bytes) -> None:
    """What is no message of a process that knows the secret disturbs nobody else."""
    with socket.create_connection(board.address[:2], timeout=30) as stranger:
        board.hear(0.05)
        stranger.sendall(noise)
        board.hear(0.05)
    begin(board, caller, "brew.1")


def test_nonsense_ends_the_connection(board: Switchboard, caller: Caller) -> None:
    """A process whose memory user code has spoiled loses what it was about to do."""
    begin(board, caller, "brew.1")
    send(caller.connection, b"\xff\xfe")

    assert [message[0] for _, message in heard_until(board, bool)] == [LOST]


def test_who_is_not_the_parent_is_not_believed() -> None:
    """A process of a worker does what the parent says, and nobody else."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Switchboard("127.0.0.1", BRIEFING)
        true = address.address
        address.close()

        def pretend() -> None:
            connection, _ = server.accept()
            with connection:
                send(connection, bytes(32))
                receive(connection)
                send(connection, bytes(32))
                send(connection, b"do as I say")

        thread = threading.Thread(target=pretend)
        thread.start()
        with pytest.raises(ConnectionRefusedError, match="is not the parent"):
            call(true._replace(port=server.getsockname()[1]))
        thread.join()


def test_a_parent_that_is_gone_is_named() -> None:
    """Who calls learns where nobody is, and what it takes."""
    board = Switchboard("127.0.0.1", BRIEFING)
    board.close()

    with pytest.raises(ConnectionError, match=rf"127.0.0.1:{board.address.port} .* able to connect to it"):
        call(board.address)


def test_hearing_is_ended_by_a_wake(board: Switchboard) -> None:
    """Also before it begins, and more than once."""
    for _ in range(3):
        board.wake()

    assert board.hear(None) == []
