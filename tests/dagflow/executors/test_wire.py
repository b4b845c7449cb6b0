"""Messages over a socket come out as they went in, however the socket cuts them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.executors.wire import Incoming, Outgoing, receive, receive_object, send, send_object

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(name="pair")
def _pair() -> Iterator[Pair]:
    """Both ends of a connection."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def framed(*contents: bytes) -> bytes:
    """The bytes of some messages on their way."""
    return b"".join(len(content).to_bytes(4, "big") + content for content in contents)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 1_000])
def test_a_message_is_received_as_it_was_sent(pair: Pair, content: bytes) -> None:
    """Of any length, also longer than what one read gives."""
    sender = threading.Thread(target=send, args=(pair[0], content))
    sender.start()

    assert receive(pair[1]) == content
    sender.join()


def test_objects_travel(pair: Pair) -> None:
    """To a process of the same run values go as pickles."""
    send_object(pair[0], {"key": (1, 2.5, None)})

    assert receive_object(pair[1]) == {"key": (1, 2.5, None)}


@pytest.mark.parametrize("cut", range(len(framed(b"abc"))))
def test_half_a_message_is_the_end(pair: Pair, cut: int) -> None:
    """Who waits for a message learns that the other side is gone, wherever in the message it went."""
    pair[0].sendall(framed(b"abc")[:cut])
    pair[0].close()

    with pytest.raises(EOFError, match="is gone"):
        receive(pair[1])


@given(
    contents=st.lists(st.binary(max_size=20), max_size=5),
    cuts=st.lists(st.integers(min_value=0, max_value=120), max_size=6),
)
def test_messages_may_be_cut_at_any_byte(contents: list[bytes], cuts: list[int]) -> None:
    """Law: what comes out is what went in, in order, whenever what part of it arrives."""
    whole = framed(*contents)
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    one, other = socket.socketpair()
    with one, other:
        incoming = Incoming(other)
        found: list[bytes] = []
        for start, end in pairwise(places):
            one.sendall(whole[start:end])
            found += incoming.messages()

    assert found == contents
    assert not incoming.is_over


def test_what_was_said_before_the_end_is_heard(pair: Pair) -> None:
    """Whole messages come out, half a one does not, and then it is over."""
    pair[0].sendall(framed(b"first", b"second")[:-1])
    pair[0].close()
    incoming = Incoming(pair[1])

    assert list(incoming.messages()) == [b"first"]
    assert incoming.is_over
    assert list(incoming.messages()) == []


def test_reading_never_waits(pair: Pair) -> None:
    """Where nothing is there, there are no messages."""
    incoming = Incoming(pair[1])

    assert list(incoming.messages()) == []
    assert not incoming.is_over


def test_a_message_that_is_too_long_is_refused(pair: Pair) -> None:
    """Before it is there: nobody can make this process keep as much as he likes."""
    pair[0].sendall((1 << 30).to_bytes(4, "big"))

    with pytest.raises(ValueError, match="1073741824 bytes, where 64 are the most"):
        list(Incoming(pair[1], 64).messages())


def test_only_so_much_is_read_of_a_stranger(pair: Pair) -> None:
    """What comes behind stays in the socket, where the system bounds it."""
    pair[0].sendall(framed(b"first") + bytes(100_000))
    incoming = Incoming(pair[1], 64)

    messages = incoming.messages()

    assert next(messages) == b"first"
    assert len(pair[1].recv(1 << 20)) >= 100_000 - (1 << 16)


def test_several_threads_say_whole_messages(pair: Pair) -> None:
    """What threads say at once does not mix."""
    say = Outgoing(pair[0])
    words = ["x" * 10_000, "y" * 10_000]
    threads = [threading.Thread(target=say, args=("line", word)) for word in words]
    for thread in threads:
        thread.start()

    heard = [json.loads(receive(pair[1])) for _ in threads]
    for thread in threads:
        thread.join()
    assert sorted(heard) == [["line", word] for word in words]


def test_an_event_arrives_though_nothing_follows() -> None:
    """It may wait for company, but not long: the system sends it by itself, and when its process ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        other, _ = server.accept()
    with one, other:
        say = Outgoing(one)
        say("event", 1)
        other.settimeout(10)
        assert json.loads(receive(other)) == ["event", 1]

        say("event", 2)
        one.close()
        assert json.loads(receive(other)) == ["event", 2]
