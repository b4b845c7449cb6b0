"""The dask executor: each step is a task of a `distributed` cluster.

The scheduler of the cluster only decides on which worker a task runs; the parent keeps all other decisions.
Workers connect to the parent directly, without encryption (`executors/parent_server.py`), and send the same
messages as the process of a step (`executors/wire.py`). A worker asks the parent before it runs user code of
a task. So a task that the scheduler restarts is refused: only the parent retries a step. The connection shows
whether the worker of a started task lives. For other tasks the parent checks their futures twice a second.
"""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from time import monotonic
from typing import Any

from dagflow.engine.run_state import RunState
from dagflow.engine.worker_loop import run_in_workers
from dagflow.engine.workers import Task, TaskLost, TaskReport, TaskStarted
from dagflow.errors import ChildProcessCrashException, DagflowUnmetExecutorRequirementsError, repr_of
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.executors.dask_task import run_task
from dagflow.executors.parent_server import DISCONNECTED, STARTED, ParentServer, TaskMessage
from dagflow.executors.process_exit import LIMIT, SHORT_WAIT, finish_threads
from dagflow.executors.tasks import last_lines, pickled_spec, tag_limits
from dagflow.executors.wire import LAST_TYPES
from dagflow.executors.worker import read_report, run_spec_of, task_spec_of
from dagflow.plan.tags import priority_of
from dagflow.preparations import preparations

_MAX_TASKS = 5_000  # in the scheduler at a time: enough for it to see how much there is to do
_MAX_LOSSES = 10
_CHECK_INTERVAL = 0.5  # seconds between two checks of the futures
_TIMEOUT = 10  # seconds for an answer of the scheduler
_NO_WORKERS_TIMEOUT = "60 s"  # after which a step fails if a local cluster has no worker


def run_on_dask(state: RunState, config: Mapping[str, Any]) -> bool:
    """Run all steps on a cluster.

    Args:
        state: The run.
        config: The checked config of the executor.

    Returns:
        Whether the run succeeded.
    """
    limits = tag_limits(config.get("tag_concurrency_limits") or ())
    return run_in_workers(state, lambda: DaskWorkers(state, config), limits)


class _SubmittedTask:
    """A task that the scheduler has or will get.

    Attributes:
        spec: The pickled TaskSpec.
        future: The future of the task; None before it is submitted.
        losses: The number of workers that died before they started the task.
        is_end_missing: Whether the future has ended, but no last message had arrived at the last check.
    """

    __slots__ = ("future", "is_end_missing", "losses", "name", "spec", "task")

    def __init__(self, task: Task, spec: bytes) -> None:
        self.name = task.name
        self.task = task
        self.spec = spec
        self.future: Any = None
        self.losses = 0
        self.is_end_missing = False


class DaskWorkers:
    """The workers of a run on a cluster (implements `engine.workers.Workers`).

    Attributes:
        limit: The maximum number of tasks in the scheduler.

    Raises:
        DagflowUnmetExecutorRequirementsError: `distributed` is not installed, the scheduler does not answer,
            or the run cannot be pickled.
    """

    title = "dask executor"
    ending = ()  # its processes outlive their tasks

    def __init__(self, state: RunState, config: Mapping[str, Any]) -> None:
        self.limit = config.get("max_concurrent") or _MAX_TASKS
        self._state = state
        self._instance = state.get_instance()
        self._group = f"{state.job.name}-{state.run.run_id}"
        self._reports: list[TaskReport] = []
        self._tasks: dict[str, _SubmittedTask] = {}  # by name, until their end
        self._to_submit: list[_SubmittedTask] = []
        self._ended_futures: list[Any] = []
        self._next_check = 0.0
        self._is_interrupted = False
        run_spec = pickled_spec(run_spec_of(state), "the run")
        setup = pickle.dumps((tuple(preparations), state.pointer.to_dict(), run_spec))
        self._client, self._cluster = _connect(config.get("cluster") or {"local": {}})
        try:
            self._server = ParentServer(_own_host(self._client.scheduler.address), setup)
        except BaseException:
            self._close_cluster()
            raise

    def start(self, task: Task) -> None:
        """Start a task. It is submitted at the next call of `reports`, together with other new tasks."""
        spec = pickled_spec(task_spec_of(self._state, task), f"step '{task.step.key}'")
        submitted = self._tasks[task.name] = _SubmittedTask(task, spec)
        self._to_submit.append(submitted)

    def _submit_all(self) -> None:
        tasks, self._to_submit = self._to_submit, []
        for priority, group in groupby(tasks, lambda submitted: priority_of(submitted.task.step)):
            self._submit(list(group), priority)

    def _submit(self, group: Sequence[_SubmittedTask], priority: int) -> None:
        address = self._server.address
        contents = [pickle.dumps((submitted.name, submitted.spec, address)) for submitted in group]
        keys = [(self._group, submitted.name, submitted.losses) for submitted in group]
        try:
            if self._client.status != "running":
                raise ConnectionError("the connection to it is lost")
            futures = self._client.map(run_task, contents, key=keys, pure=False, priority=priority)
        except Exception as error:
            for submitted in group:
                self._lose(submitted, f"could not be submitted to the scheduler: {error}")
            return
        for submitted, future in zip(group, futures, strict=True):
            submitted.future = future

    def reports(self, timeout: float | None) -> Sequence[TaskReport]:
        """Return the reports since the last call; wait for one for at most `timeout` seconds."""
        self._submit_all()
        waits = [] if timeout is None else [timeout]
        if self._tasks:
            waits.append(max(0.0, self._next_check - monotonic()))
        if self._reports:
            waits.append(0.0)
        for message in self._server.receive(min(waits, default=None)):
            self._handle(message)
        if monotonic() >= self._next_check:
            self._next_check = monotonic() + _CHECK_INTERVAL
            self._check_futures()
        reports, self._reports = self._reports, []
        return reports

    def _handle(self, message: TaskMessage) -> None:
        task_name, (message_type, *content) = message
        submitted = self._tasks.get(task_name)
        if submitted is None:
            return
        if message_type == DISCONNECTED:
            self._lose(submitted, f"was lost: the connection to its worker ({content[0]}) broke")
        elif message_type == STARTED:
            self._reports.append(TaskStarted(submitted.task, content[0]))
        else:
            self._reports.append(read_report(submitted.task, message.content))
            if message_type in LAST_TYPES:
                self._ended_futures.append(submitted.future)  # the release of a future costs a message
                del self._tasks[task_name]
                if len(self._ended_futures) > _MAX_TASKS:
                    self._ended_futures.clear()

    def _check_futures(self) -> None:
        """Find tasks that have ended for the scheduler, but sent no last message."""
        for submitted in list(self._tasks.values()):
            status = "pending" if submitted.future is None else submitted.future.status
            if status == "pending":
                continue
            error = _error_of(submitted.future) if status == "error" else None
            was_killed = type(error).__name__ == "KilledWorker"
            reason = status if error is None else f"{type(error).__name__}: {error}"
            if self._server.is_decided(submitted.name):
                if status in ("finished", "error") and not was_killed:
                    self._lose_at_second_check(submitted, reason)
                # else the connection to the worker shows whether it lives
            elif was_killed and submitted.losses < _MAX_LOSSES:
                submitted.losses += 1  # another task killed the worker
                self._to_submit.append(submitted)
            else:
                self._lose(submitted, f"was lost by the scheduler ({reason})")

    def _lose_at_second_check(self, submitted: _SubmittedTask, reason: str) -> None:
        """Lose a task whose future has ended, unless its last message may still arrive."""
        if submitted.is_end_missing:
            self._lose(submitted, f"ended in its worker without a last message ({reason})")
        submitted.is_end_missing = True

    def _lose(self, submitted: _SubmittedTask, what: str) -> None:
        text = f"step '{submitted.task.step.key}' {what}"
        error = SerializableErrorInfo.from_exception(ChildProcessCrashException(text))
        self._reports.append(TaskLost(submitted.task, error, text))
        self._server.refuse(submitted.name)
        # this also releases the future, so the scheduler does not restart the task
        del self._tasks[submitted.name]

    def wake(self) -> None:
        """Make `reports` return now."""
        self._server.wake()

    def interrupt(self) -> None:
        """Ask all started tasks to end, and withdraw the others."""
        self._is_interrupted = True
        self._to_submit.clear()
        for submitted in list(self._tasks.values()):
            if self._server.is_decided(submitted.name):
                self._server.interrupt(submitted.name)
            else:
                self._lose(submitted, "was withdrawn")

    def kill(self, task: Task) -> None:
        """Kill the worker of a task."""
        self._server.kill(task.name)

    def output_of(self, task: Task) -> str:
        """Return the last lines that a task wrote."""
        return last_lines(self._instance.captured_log_paths(self._state.run.run_id, task.name))

    def close(self) -> None:
        """Release all tasks, and close the cluster if it was started for this run."""
        if self._cluster is not None and not self._is_interrupted:
            self._finish_processes()
        self._server.close()
        self._close_cluster()

    def _finish_processes(self) -> None:
        """Wait for the threads that steps left in the processes of the cluster, for a limited time."""
        notify = self._state.options.notify
        names = self._threads_after(SHORT_WAIT)
        if names:
            notify(f"the run has ended, and the cluster waits up to {LIMIT:g} s for the threads {names}")
            names = self._threads_after(LIMIT)
            if names:
                notify(f"the cluster is closed, although the threads {names} had not finished")

    def _threads_after(self, seconds: float) -> str:
        """Return the names of the threads that have not finished in this time."""
        try:
            by_worker = self._client.run(finish_threads, seconds, on_error="ignore")
        except Exception:  # the scheduler may be gone
            return ""
        return ", ".join(repr(name) for names in by_worker.values() for name in names)

    def _close_cluster(self) -> None:
        with suppress(Exception):  # the scheduler may be gone
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def _error_of(future: Any) -> BaseException | None:
    """Return the error of a future, or the error of reading it."""
    try:
        error: BaseException | None = future.exception(timeout=_TIMEOUT)
    except Exception as read_error:
        return read_error
    return error


def _connect(cluster: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return a client, and the cluster that was started for it (None for an existing cluster).

    Args:
        cluster: The cluster, as in a run config: `existing` with an address, or `local` with arguments of
            `LocalCluster`.

    Raises:
        DagflowUnmetExecutorRequirementsError: `distributed` is not installed, the scheduler does not answer,
            or the workers would be threads of this process.
    """
    try:
        import distributed  # noqa: F401 - only checks that it is installed
    except ImportError as error:
        raise DagflowUnmetExecutorRequirementsError(
            "the dask executor needs the package 'distributed', which is not installed here: "
            "pip install 'pytest-dagflow[dask]'"
        ) from error
    given = (cluster.get("existing") or {}).get("address")
    if given is not None:
        return _client(given, given), None
    local = _local_cluster(cluster.get("local") or {})
    try:
        return _client(local, local.scheduler_address), local
    except BaseException:
        local.close()
        raise


def _local_cluster(arguments: Mapping[str, Any]) -> Any:
    import dask
    from distributed import LocalCluster

    if not arguments.get("processes", True):
        raise DagflowUnmetExecutorRequirementsError(
            "the dask executor runs steps in other processes, and 'processes' at "
            "execution.config.cluster.local of the run config keeps the workers in this one. Remove it, "
            "or use the in-process executor."
        )
    given = {"n_workers": os.cpu_count(), "threads_per_worker": 1, "dashboard_address": ":0", **arguments}
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.scheduler.no-workers-timeout": _NO_WORKERS_TIMEOUT,
    }
    with dask.config.set(settings):
        try:
            return LocalCluster(**given)
        except Exception as error:  # of any type: also those of a worker that did not start
            raise DagflowUnmetExecutorRequirementsError(
                f"no cluster could be started with {dict(arguments)}, which is given at "
                f"execution.config.cluster.local of the run config: {error}. It accepts the arguments of "
                "distributed.LocalCluster."
            ) from error


def _client(scheduler: Any, address: str) -> Any:
    from distributed import Client

    if address.startswith("inproc:"):
        raise DagflowUnmetExecutorRequirementsError(
            f"the dask executor runs steps in other processes, and the cluster at {repr_of(address)} is in "
            "this one. Use another cluster, or the in-process executor."
        )
    try:
        with _without_collection():
            client = Client(scheduler, set_as_default=False, timeout=_TIMEOUT)
    except (OSError, ValueError) as error:
        raise DagflowUnmetExecutorRequirementsError(
            f"no scheduler answers at {repr_of(address)}, the address at execution.config.cluster.existing "
            f"of the "
            f"run config ({error}). Start one ('dask scheduler'), or remove 'cluster'."
        ) from error
    client.scheduler_comm.interval = 0  # send at once: one step often waits for another
    return client


@contextmanager
def _without_collection() -> Iterator[None]:
    """Pause the cyclic collector in a block of code.

    A client that did not connect closes itself when it is collected. If that happens while another client
    starts, `distributed` waits for its own lock without end.
    """
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


def _own_host(address: str) -> str:
    """Return the address of this host in the network of a scheduler address."""
    from distributed.comm import get_address_host
    from distributed.utils import get_ip, get_ipv6

    host = get_address_host(address)
    if host in ("127.0.0.1", "localhost", "::1"):
        return "127.0.0.1"
    own: str = get_ipv6(host) if ":" in host else get_ip(host)
    return own
