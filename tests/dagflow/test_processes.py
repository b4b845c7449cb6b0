"""The identity of processes, and whether they run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dagflow import processes
from dagflow.processes import Process, is_alive, start_of, this_host, this_process


@pytest.fixture
def child():
    """A process that waits."""
    code = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_this_process():
    """This process is alive, and its identity does not change."""
    found = this_process()

    assert found == this_process() == Process(this_host(), os.getpid(), found.start)
    assert found.start
    assert is_alive(found)


def test_another_process_of_the_same_id(child):
    """A process with the same id and another start time is not the same."""
    assert is_alive(Process("host", child.pid, start_of(child.pid)))
    assert not is_alive(Process("host", child.pid, this_process().start + "0"))


def test_a_process_that_ended(child):
    """A process that ended is not alive, even as a zombie."""
    process = Process("host", child.pid, start_of(child.pid))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(process)

    child.wait()
    assert not is_alive(process)


def test_elsewhere_than_on_linux(child, monkeypatch):
    """`ps` returns the same result."""
    pytest.importorskip("shutil").which("ps") or pytest.skip("there is no 'ps'")
    monkeypatch.setattr(processes.sys, "platform", "darwin")

    assert is_alive(this_process())
    start = start_of(child.pid)
    assert start
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert start_of(child.pid) is None
    assert start_of(2**22 + 1) is None
