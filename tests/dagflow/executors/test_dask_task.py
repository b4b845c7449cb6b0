"""Tasks on threads of a worker: they start once, can be interrupted, and are lost without a last message."""

from __future__ import annotations

import pickle
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed", reason="it is not installed: pip install -e '.[dask]'")

from dask_jobs import found
from run_checks import of_type, wait_for
from thread_client import KilledWorker, ThreadClient

from dagflow import DagflowEventType, DagflowInstance, execute_job, instance_for_test
from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.executors import dask as executor
from dagflow.executors import dask_task
from dagflow.executors.dask_task import run_task
from dagflow.executors.parent_server import ParentAddress
from dagflow.testing import observe

T = DagflowEventType
RunTask = Callable[[], Any]


@pytest.fixture(name="instance")
def _instance() -> Iterator[DagflowInstance]:
    with instance_for_test() as instance:
        yield instance


@pytest.fixture(name="run")
def _run(instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that runs a job with a client; `ops` is the config of its ops."""
    monkeypatch.setattr(executor, "_CHECK_INTERVAL", 0.01)

    def run(name: str, client: ThreadClient, *, raise_on_error: bool = False, **ops: Any) -> Any:
        monkeypatch.setattr(executor, "_connect", lambda _: (client, None))
        for stream in ("stdout", "stderr"):  # the monkeypatch restores them
            monkeypatch.setattr(sys, stream, getattr(sys, stream))
        run_config = {"ops": {op: {"config": config} for op, config in ops.items()}}
        return execute_job(found(name), instance, run_config=run_config, raise_on_error=raise_on_error)

    return run


def test_a_task_that_is_started_twice_runs_once(run: Callable[..., Any], tmp_path: Path) -> None:
    """The second start of an attempt is refused and sends nothing."""
    refused: list[Any] = []

    def twice(run_it: RunTask, _: int) -> None:
        first = threading.Thread(target=run_it)
        first.start()
        wait_for((tmp_path / "notes").exists, "the step")
        refused.append(run_it())
        (tmp_path / "go").touch()
        first.join()

    result = run("waiting", ThreadClient(waits=twice), waits={"folder": str(tmp_path)})

    assert result.success
    assert refused == [None]
    assert len((tmp_path / "notes").read_text(encoding="utf-8").splitlines()) == 1
    assert of_type(result, T.STEP_START).count(("waits", "STEP_START")) == 1


def test_a_task_that_did_not_start_is_submitted_again(run: Callable[..., Any]) -> None:
    """Another task killed its worker, so no attempt is lost."""

    def lose_twice(run_it: RunTask, count: int) -> None:
        if count < 2:
            raise KilledWorker(count)
        run_it()

    result = run("chain", ThreadClient(one=lose_twice))

    assert result.success
    assert of_type(result, T.STEP_WORKER_STARTING, T.STEP_UP_FOR_RETRY) == [
        ("one", "STEP_WORKER_STARTING"),
        ("add_one", "STEP_WORKER_STARTING"),
    ]


def test_a_task_that_never_starts_is_lost(run: Callable[..., Any]) -> None:
    """A run ends although all workers of its cluster die."""

    def lose(run_it: RunTask, count: int) -> None:
        raise KilledWorker(count)

    error = run("chain", ThreadClient(one=lose)).failure_data_for_node("one").error

    assert error.cls_name == "ChildProcessCrashException"
    assert "was lost by the scheduler (KilledWorker: 10)" in error.message


def test_a_task_without_a_last_message(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is lost if its future has ended."""
    monkeypatch.setattr(dask_task, "execute_task", lambda *_: None)

    error = run("chain", ThreadClient()).failure_data_for_node("one").error

    assert "ended in its worker without a last message (finished)" in error.message


def test_a_worker_that_does_not_reach_the_parent(run: Callable[..., Any]) -> None:
    """The step fails with the address that the worker tried."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # unused after the end of the block

    def go_wrong(_: RunTask, count: int) -> None:
        run_task(pickle.dumps(("one.1", b"", ParentAddress("127.0.0.1", port, b"secret"))))

    error = run("chain", ThreadClient(one=go_wrong)).failure_data_for_node("one").error

    assert f"does not reach the parent of the run at 127.0.0.1:{port}" in error.message


def test_priorities_are_forwarded(run: Callable[..., Any]) -> None:
    """The scheduler gets the steps in order, with the priorities of their tags."""
    client = ThreadClient()
    run("ranked", client)

    assert client.priorities == [("z", 5), ("a", 0)]


def test_a_lost_client_fails_the_steps(run: Callable[..., Any]) -> None:
    """Steps that cannot be submitted fail at once."""
    client = ThreadClient()
    client.status = "connecting"

    error = run("chain", client).failure_data_for_node("one").error

    assert "could not be submitted to the scheduler: the connection to it is lost" in error.message


def test_an_interrupt_reaches_the_thread(
    run: Callable[..., Any], tmp_path: Path, interrupted: Callable[[Callable[[], Any]], Any]
) -> None:
    """A running step ends with it. A step that has not started is withdrawn and does not fail."""
    has_failed = threading.Event()

    def start_late(run_it: RunTask, _: int) -> None:
        has_failed.wait(30)
        with pytest.raises(ConnectionError):
            run_it()

    def interrupt(event: Any) -> None:
        if (event.step_key, event.event_type) == ("waits", T.STEP_START):
            signal.raise_signal(signal.SIGINT)
        if event.event_type is T.STEP_FAILURE:
            has_failed.set()

    client = ThreadClient(one=start_late)
    client.close = lambda: has_failed.wait(30) and ThreadClient.close(client)  # type: ignore[method-assign]
    with observe(interrupt):
        waits = {"folder": str(tmp_path)}
        result = interrupted(lambda: run("waiting", client, raise_on_error=True, waits=waits))

    assert of_type(result, T.STEP_FAILURE) == [("waits", "STEP_FAILURE")]
    error = result.failure_data_for_node("waits").error
    assert error.cls_name == "DagflowExecutionInterruptedError"
    assert "interrupted from outside" in error.message
    assert result.failure_data_for_node("waits").error_source.name == "INTERRUPT"
    assert result.get_run_failure_event().job_failure_data.failure_reason.name == "UNEXPECTED_TERMINATION"


class FakeSender:
    """A `MessageSender` that stores the types of messages, and calls a function during each."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, message_type: str, *content: Any) -> None:
        self.meanwhile()
        self.sent.append(message_type)


def task_sender(sender: FakeSender) -> Any:
    """Return the sender of a task of this thread."""
    return dask_task._TaskSender("brew.1", sender)  # type: ignore[arg-type] # noqa: SLF001 - tested by itself


def test_no_message_is_interrupted() -> None:
    """An interrupt during a message is raised after the message."""
    fake = FakeSender()
    sender = task_sender(fake)
    fake.meanwhile = sender.interrupt

    with pytest.raises(DagflowExecutionInterruptedError, match="from outside"):
        sender("event", 1)

    assert fake.sent == ["event"]


@pytest.mark.parametrize("last", ["ended", "error"])
def test_nothing_is_interrupted_after_the_last_message(last: str) -> None:
    """The thread may run another task by then."""
    fake = FakeSender()
    sender = task_sender(fake)
    fake.meanwhile = sender.interrupt
    sender(last)
    sender.interrupt()

    assert fake.sent == [last]
    assert sender.is_last_sent


def test_an_interrupt_is_raised_in_the_thread_of_the_task() -> None:
    """It is raised as soon as the thread runs Python code again."""
    has_begun, ended = threading.Event(), []
    senders: list[Any] = []

    def work() -> None:
        senders.append(task_sender(FakeSender()))
        has_begun.set()
        try:
            while True:
                threading.Event().wait(0.01)
        except DagflowExecutionInterruptedError:
            ended.append(True)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    has_begun.wait(30)
    senders[0].interrupt()
    thread.join(30)

    assert ended == [True]
