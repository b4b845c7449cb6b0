"""Tasks on threads: asked for once, interrupted in time, told as lost where they say nothing themselves."""

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
from dask_processes import wait_for
from thread_client import KilledWorker, ThreadClient

from dagflow import DagflowEventType, DagflowInstance, execute_job, instance_for_test
from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.executors import dask as executor
from dagflow.executors import dask_task
from dagflow.executors.dask_task import run_task
from dagflow.executors.switchboard import Address
from dagflow.testing import observe

T = DagflowEventType
CarryOut = Callable[[], Any]


@pytest.fixture(name="instance")
def _instance() -> Iterator[DagflowInstance]:
    with instance_for_test() as instance:
        yield instance


@pytest.fixture(name="run")
def _run(instance: DagflowInstance, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a job with a client; `ops` is config of its ops."""
    monkeypatch.setattr(executor, "_LOOK", 0.01)

    def run(name: str, client: ThreadClient, **ops: Any) -> Any:
        monkeypatch.setattr(executor, "_connected", lambda _: (client, None))
        for stream in ("stdout", "stderr"):  # they are put back
            monkeypatch.setattr(sys, stream, getattr(sys, stream))
        return execute_job(
            found(name), instance, run_config={"ops": {op: {"config": told} for op, told in ops.items()}}
        )

    return run


def of_type(result: Any, *types: DagflowEventType) -> list[tuple[str | None, str]]:
    """Step and type of the events of some types."""
    return [
        (event.step_key, event.event_type.name) for event in result.all_events if event.event_type in types
    ]


def test_a_task_that_is_started_twice_runs_once(run: Callable[..., Any], tmp_path: Path) -> None:
    """The second start of an attempt is refused, and says nothing."""
    refused: list[Any] = []

    def twice(carry_out: CarryOut, _: int) -> None:
        first = threading.Thread(target=carry_out)
        first.start()
        wait_for((tmp_path / "notes").exists, "the step")
        refused.append(carry_out())
        (tmp_path / "go").touch()
        first.join()

    result = run("waiting", ThreadClient(waits=twice), waits={"folder": str(tmp_path)})

    assert result.success
    assert refused == [None]
    assert len((tmp_path / "notes").read_text(encoding="utf-8").splitlines()) == 1
    assert of_type(result, T.STEP_START).count(("waits", "STEP_START")) == 1


def test_a_task_that_never_began_is_handed_over_again(run: Callable[..., Any]) -> None:
    """Its worker died of something else, so that no attempt is lost with it."""

    def lose_twice(carry_out: CarryOut, count: int) -> None:
        if count < 2:
            raise KilledWorker(count)
        carry_out()

    result = run("chain", ThreadClient(one=lose_twice))

    assert result.success
    assert of_type(result, T.STEP_WORKER_STARTING, T.STEP_UP_FOR_RETRY) == [
        ("one", "STEP_WORKER_STARTING"),
        ("add_one", "STEP_WORKER_STARTING"),
    ]


def test_a_task_that_never_begins_is_lost_in_the_end(run: Callable[..., Any]) -> None:
    """A cluster whose workers all die does not keep a run for ever."""

    def lose(carry_out: CarryOut, count: int) -> None:
        raise KilledWorker(count)

    error = run("chain", ThreadClient(one=lose)).failure_data_for_node("one").error

    assert error.cls_name == "ChildProcessCrashException"
    assert "was lost by the scheduler (KilledWorker: 10)" in error.message


def test_a_task_that_ends_without_a_word(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It was allowed to begin, and its future says that it is over."""
    monkeypatch.setattr(dask_task, "carry_out", lambda *_: None)

    error = run("chain", ThreadClient()).failure_data_for_node("one").error

    assert "ended in its worker without a word (finished)" in error.message


def test_a_worker_that_does_not_reach_the_parent(run: Callable[..., Any]) -> None:
    """The step fails with what the worker tried."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # where nobody listens, once it is closed

    def go_wrong(_: CarryOut, count: int) -> None:
        run_task(pickle.dumps(("one.1", b"", Address("127.0.0.1", port, b"secret"))))

    error = run("chain", ThreadClient(one=go_wrong)).failure_data_for_node("one").error

    assert f"does not reach the parent of the run at 127.0.0.1:{port}" in error.message


def test_priorities_are_handed_on(run: Callable[..., Any]) -> None:
    """The scheduler gets the steps in their order, with the priorities of their tags."""
    client = ThreadClient()
    run("ranked", client)

    assert client.priorities == [("z", 5), ("a", 0)]


def test_a_lost_client_takes_nothing(run: Callable[..., Any]) -> None:
    """Steps that cannot be handed over fail at once."""
    client = ThreadClient()
    client.status = "connecting"

    error = run("chain", client).failure_data_for_node("one").error

    assert "could not be handed to the scheduler: the connection to it is lost" in error.message


def test_an_interrupt_reaches_the_thread(run: Callable[..., Any], tmp_path: Path) -> None:
    """The step under way ends with it; what had not begun is taken back, and did not fail."""
    is_over = threading.Event()

    def come_late(carry_out: CarryOut, _: int) -> None:
        is_over.wait(30)
        with pytest.raises(ConnectionError):
            carry_out()

    def interrupt(event: Any) -> None:
        if (event.step_key, event.event_type) == ("waits", T.STEP_START):
            signal.raise_signal(signal.SIGINT)
        if event.event_type is T.STEP_FAILURE:
            is_over.set()

    client = ThreadClient(one=come_late)
    client.close = lambda: is_over.wait(30) and ThreadClient.close(client)  # type: ignore[method-assign]
    with observe(interrupt):
        result = run("waiting", client, waits={"folder": str(tmp_path)})

    assert of_type(result, T.STEP_FAILURE) == [("waits", "STEP_FAILURE")]
    error = result.failure_data_for_node("waits").error
    assert error.cls_name == "DagflowExecutionInterruptedError"
    assert "interrupted from outside" in error.message
    assert result.failure_data_for_node("waits").error_source.name == "INTERRUPT"
    assert result.get_run_failure_event().job_failure_data.failure_reason.name == "UNEXPECTED_TERMINATION"


class Speaker:
    """An `Outgoing` that notes what is said, and does something meanwhile."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, kind: str, *content: Any) -> None:
        self.meanwhile()
        self.said.append(kind)


def test_no_message_is_interrupted() -> None:
    """An interrupt that comes while something is said is raised behind it."""
    speaker = Speaker()
    voice = dask_task._Voice("brew.1", speaker)  # type: ignore[arg-type] # noqa: SLF001 - by itself
    speaker.meanwhile = voice.interrupt

    with pytest.raises(DagflowExecutionInterruptedError, match="from outside"):
        voice("event", 1)

    assert speaker.said == ["event"]


@pytest.mark.parametrize("last", ["ended", "broken"])
def test_nothing_is_interrupted_after_the_last_message(last: str) -> None:
    """The thread is no more that of the task."""
    speaker = Speaker()
    voice = dask_task._Voice("brew.1", speaker)  # type: ignore[arg-type] # noqa: SLF001
    speaker.meanwhile = voice.interrupt
    voice(last)
    voice.interrupt()

    assert speaker.said == [last]
    assert voice.is_over


def test_a_thread_is_interrupted_where_it_is() -> None:
    """In the middle of what it does, as soon as it runs Python code again."""
    is_there, ended = threading.Event(), []
    voices: list[Any] = []

    def work() -> None:
        voices.append(dask_task._Voice("brew.1", Speaker()))  # type: ignore[arg-type] # noqa: SLF001
        is_there.set()
        try:
            while True:
                threading.Event().wait(0.01)
        except DagflowExecutionInterruptedError:
            ended.append(True)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    is_there.wait(30)
    voices[0].interrupt()
    thread.join(30)

    assert ended == [True]
