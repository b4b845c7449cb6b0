"""`context.pdb`: a debugger that reads from the terminal inside an op."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading

import pytest

from dagflow import build_op_context
from dagflow.context.debugger import ForkedPdb

pytestmark = pytest.mark.not_in_wasm("there is no terminal")

TEST = """
from dagflow import job, op

@op
def brew(context):
    cups = 41
    context.pdb.set_trace()
    return cups + 1

@job
def cafe():
    brew()

def test_debugged():
    print("came back with", cafe.execute_in_process().output_for_node("brew"))
"""


def test_each_context_has_one() -> None:
    """`pdb` is a subclass of Python's debugger, also in a direct call."""
    assert isinstance(build_op_context().pdb, ForkedPdb)


def _talk(arguments: list[str], folder: str, typed: list[bytes]) -> str:
    """Return the output of a program on its own terminal; each of `typed` answers a prompt of the
    debugger.
    """
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        arguments, stdin=inner, stdout=inner, stderr=inner, cwd=folder, env={**os.environ, "TERM": "dumb"}
    )
    os.close(inner)
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    seen, answered = b"", 0
    try:
        while chunk := _read(terminal):
            seen += chunk
            if seen.count(b"(Pdb) ") > answered < len(typed):
                os.write(terminal, typed[answered] + b"\n")
                answered += 1
        process.wait()
    finally:
        deadline.cancel()
        os.close(terminal)
    return seen.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side is closed
        return b""


def test_under_pytest(pytester: pytest.Pytester) -> None:
    """With `pytest -s` the user can see, read and change the frame of the op, and continue."""
    pytester.makepyfile(TEST)
    seen = _talk(
        [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        str(pytester.path),
        [b"p cups * 2", b"cups = 1", b"c"],
    )

    assert "82" in seen
    assert ")brew()" in seen  # newer Pythons stop one line earlier
    assert "came back with 2" in seen
    assert "1 passed" in seen


def test_where_standard_input_is_replaced(pytester: pytest.Pytester) -> None:
    """The debugger reads from the terminal, and restores the replaced standard input afterwards."""
    script = pytester.makepyfile(
        script="""
        import io, sys
        from dagflow import build_op_context

        sys.stdin = replaced = io.StringIO("q")
        build_op_context().pdb.set_trace()
        print("the same again:", sys.stdin is replaced)
        """
    )
    seen = _talk([sys.executable, str(script)], str(pytester.path), [b"c"])

    assert "the same again: True" in seen
