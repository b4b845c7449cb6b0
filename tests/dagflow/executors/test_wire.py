"""Messages over a socket arrive unchanged, in parts of any size."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.executors.wire import MessageReader, MessageSender, receive, receive_object, send, send_object

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(name="pair")
def _pair() -> Iterator[Pair]:
    """Return both ends of a connection."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def framed(*contents: bytes) -> bytes:
    """Return the bytes of some messages in the socket."""
    return b"".join(len(content).to_bytes(4, "big") + content for content in contents)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 1_000])
def test_a_message_is_received_as_it_was_sent(pair: Pair, content: bytes) -> None:
    """A message may be longer than one read."""
    sender = threading.Thread(target=send, args=(pair[0], content))
    sender.start()

    assert receive(pair[1]) == content
    sender.join()


def test_an_object_is_received_as_it_was_sent(pair: Pair) -> None:
    """The parent sends values as pickles."""
    send_object(pair[0], {"key": (1, 2.5, None)})

    assert receive_object(pair[1]) == {"key": (1, 2.5, None)}


@pytest.mark.parametrize("cut", range(len(framed(b"abc"))))
def test_half_a_message_is_the_end(pair: Pair, cut: int) -> None:
    """`receive` raises if the other side closes the connection anywhere in a message."""
    pair[0].sendall(framed(b"abc")[:cut])
    pair[0].close()

    with pytest.raises(EOFError, match="is gone"):
        receive(pair[1])


@given(
    contents=st.lists(st.binary(max_size=20), max_size=5),
    cuts=st.lists(st.integers(min_value=0, max_value=120), max_size=6),
)
def test_messages_may_be_cut_at_any_byte(contents: list[bytes], cuts: list[int]) -> None:
    """Law: the messages are the same and in order, whatever the sizes of the parts."""
    whole = framed(*contents)
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    one, other = socket.socketpair()
    with one, other:
        incoming = MessageReader(other)
        found: list[bytes] = []
        for start, end in pairwise(places):
            one.sendall(whole[start:end])
            found += incoming.messages()

    assert found == contents
    assert not incoming.is_closed


def test_messages_before_the_end_are_read(pair: Pair) -> None:
    """Complete messages are yielded, an incomplete one is not, and the reader is closed."""
    pair[0].sendall(framed(b"first", b"second")[:-1])
    pair[0].close()
    incoming = MessageReader(pair[1])

    assert list(incoming.messages()) == [b"first"]
    assert incoming.is_closed
    assert list(incoming.messages()) == []


def test_reading_never_waits(pair: Pair) -> None:
    """Without bytes in the socket there are no messages."""
    incoming = MessageReader(pair[1])

    assert list(incoming.messages()) == []
    assert not incoming.is_closed


def test_a_message_that_is_too_long_is_refused(pair: Pair) -> None:
    """It is refused before it has arrived, so the other side cannot fill the memory."""
    pair[0].sendall((1 << 30).to_bytes(4, "big"))

    with pytest.raises(ValueError, match="1073741824 bytes exceeds the maximum of 64"):
        list(MessageReader(pair[1], 64).messages())


def test_a_limited_reader_reads_little(pair: Pair) -> None:
    """The rest stays in the socket, where the system limits it."""
    pair[0].sendall(framed(b"first") + bytes(100_000))
    incoming = MessageReader(pair[1], 64)

    messages = incoming.messages()

    assert next(messages) == b"first"
    assert len(pair[1].recv(1 << 20)) >= 100_000 - (1 << 16)


def test_threads_send_whole_messages(pair: Pair) -> None:
    """Messages of several threads do not mix."""
    sender = MessageSender(pair[0])
    words = ["x" * 10_000, "y" * 10_000]
    threads = [threading.Thread(target=sender, args=("line", word)) for word in words]
    for thread in threads:
        thread.start()

    received = [json.loads(receive(pair[1])) for _ in threads]
    for thread in threads:
        thread.join()
    assert sorted(received) == [["line", word] for word in words]


def test_an_event_arrives_though_nothing_follows() -> None:
    """The system sends it after a short wait, or when the process ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        other, _ = server.accept()
    with one, other:
        sender = MessageSender(one)
        sender("event", 1)
        other.settimeout(10)
        assert json.loads(receive(other)) == ["event", 1]

        sender("event", 2)
        one.close()
        assert json.loads(receive(other)) == ["event", 2]
