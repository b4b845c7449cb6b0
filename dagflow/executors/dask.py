"""The executor that carries out each step as a task of a `distributed` cluster.

The scheduler decides on which worker a task runs, and nothing else: which steps there are and what comes of
them stays with the parent. Workers speak to it over connections of their own, in which nothing is encrypted
(`executors/switchboard.py`), and say what the process of a step would say (`executors/worker.py`). Before a
task runs code of the user it asks whether its attempt may start: a scheduler that starts a lost task again is
told no, since the parent decides whether a step is tried again. From then on the connection tells whether the
worker lives; before, the future of the task does, which is looked at now and then.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from time import monotonic
from typing import Any

from dagflow.engine.run_state import RunState
from dagflow.engine.worker_loop import Began, BrokenOff, Report, Task, run_in_workers
from dagflow.errors import ChildProcessCrashException, DagflowUnmetExecutorRequirementsError
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.executors.dask_task import run_task
from dagflow.executors.switchboard import BEGAN, LOST, Heard, Switchboard
from dagflow.executors.tasks import last_lines, pickled, tag_limits
from dagflow.executors.worker import assignment_of, errand_of, file_key_of, report_of
from dagflow.plan.tags import priority_of

_MOST_TASKS = 5_000  # that the scheduler has at a time: enough for it to see how much there is to do
_MOST_LOSSES = 10
_LOOK = 0.5  # seconds between two looks at the futures
_TIMEOUT = 10  # seconds for an answer of the scheduler
_NO_WORKERS = "60 s"  # after which a step fails, where no worker of a local cluster is left or comes back


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


class _Submitted:
    """A task that the scheduler has, or will get.

    Attributes:
        name: The task, for workers.
        errand: What there is to do, pickled.
        future: None as long as it was not handed over.
        losses: How often its worker died before it began.
        is_in_doubt: Whether the scheduler says that it is over, and it did not say so itself.
    """

    __slots__ = ("errand", "future", "is_in_doubt", "losses", "name", "task")

    def __init__(self, name: str, task: Task, errand: bytes) -> None:
        self.name = name
        self.task = task
        self.errand = errand
        self.future: Any = None
        self.losses = 0
        self.is_in_doubt = False


class DaskWorkers:
    """The workers of a run on a cluster (see `engine.parallel.Workers`).

    Attributes:
        limit: How many tasks the scheduler has at a time.

    Raises:
        DagflowUnmetExecutorRequirementsError: There is no `distributed`, or no scheduler, or something cannot
            be sent to another process.
    """

    title = "dask executor"

    def __init__(self, state: RunState, config: Mapping[str, Any]) -> None:
        self.limit = config.get("max_concurrent") or _MOST_TASKS
        self._state = state
        self._instance = state.get_instance()
        self._group = f"{state.job.name}-{state.run.run_id}"
        self._told: list[Report] = []
        self._submitted: dict[str, _Submitted] = {}
        self._started: list[_Submitted] = []
        self._done: list[Any] = []
        self._next_look = 0.0
        briefing = pickle.dumps((state.pointer.to_dict(), pickled(assignment_of(state), "the run")))
        self._client, self._cluster = _connected(config.get("cluster") or {"local": {}})
        try:
            self._switchboard = Switchboard(_host_towards(self._client.scheduler.address), briefing)
        except BaseException:
            self._close_cluster()
            raise

    def start(self, task: Task) -> None:
        """Have a task carried out; it goes to the scheduler together with those that start now."""
        name = file_key_of(*task)
        errand = pickled(errand_of(self._state, task), f"step '{task.step.key}'")
        submitted = self._submitted[name] = _Submitted(name, task, errand)
        self._started.append(submitted)

    def _hand_over(self) -> None:
        started, self._started = self._started, []
        for priority, group in groupby(started, lambda submitted: priority_of(submitted.task.step)):
            self._submit(list(group), priority)

    def _submit(self, group: Sequence[_Submitted], priority: int) -> None:
        address = self._switchboard.address
        orders = [pickle.dumps((submitted.name, submitted.errand, address)) for submitted in group]
        keys = [(self._group, submitted.name, submitted.losses) for submitted in group]
        try:
            if self._client.status != "running":
                raise ConnectionError("the connection to it is lost")
            futures = self._client.map(run_task, orders, key=keys, pure=False, priority=priority)
        except Exception as error:
            for submitted in group:
                self._lose(submitted, f"could not be handed to the scheduler: {error}")
            return
        for submitted, future in zip(group, futures, strict=True):
            submitted.future = future

    def reports(self, timeout: float | None) -> Sequence[Report]:
        """What happened since the last time."""
        self._hand_over()
        moments = [] if timeout is None else [timeout]
        if self._submitted:
            moments.append(max(0.0, self._next_look - monotonic()))
        if self._told:
            moments.append(0.0)
        for heard in self._switchboard.hear(min(moments, default=None)):
            self._take(heard)
        if monotonic() >= self._next_look:
            self._next_look = monotonic() + _LOOK
            self._look()
        told, self._told = self._told, []
        return told

    def _take(self, heard: Heard) -> None:
        name, (kind, *content) = heard
        submitted = self._submitted.get(name)
        if submitted is None:
            return
        if kind == LOST:
            self._lose(submitted, f"was lost: the connection to its worker ({content[0]}) broke")
        elif kind == BEGAN:
            self._told.append(Began(submitted.task, content[0]))
        else:
            self._told.append(report_of(submitted.task, heard.message))
            if kind in ("ended", "broken"):
                self._done.append(submitted.future)  # to release it is a message, and can wait
                del self._submitted[name]
                if len(self._done) > _MOST_TASKS:
                    self._done.clear()

    def _look(self) -> None:
        """See what the scheduler says of the tasks that say nothing themselves."""
        for submitted in list(self._submitted.values()):
            status = "pending" if submitted.future is None else submitted.future.status
            if status == "pending":
                continue
            error = _error_of(submitted.future) if status == "error" else None
            was_killed = type(error).__name__ == "KilledWorker"
            why = status if error is None else f"{type(error).__name__}: {error}"
            if self._switchboard.has_begun(submitted.name):
                if status in ("finished", "error") and not was_killed:
                    self._doubt(submitted, why)
                # else the connection to its worker knows better
            elif was_killed and submitted.losses < _MOST_LOSSES:
                submitted.losses += 1  # its worker died of another task
                self._started.append(submitted)
            else:
                self._lose(submitted, f"was lost by the scheduler ({why})")

    def _doubt(self, submitted: _Submitted, why: str) -> None:
        """A task is over, and did not say so: lose it, unless its last words may still be under way."""
        if submitted.is_in_doubt:
            self._lose(submitted, f"ended in its worker without a word ({why})")
        submitted.is_in_doubt = True

    def _lose(self, submitted: _Submitted, what: str) -> None:
        text = f"step '{submitted.task.step.key}' {what}"
        error = SerializableErrorInfo.from_exception(ChildProcessCrashException(text))
        self._told.append(BrokenOff(submitted.task, error, text))
        self._switchboard.refuse(submitted.name)
        # its future goes with it, so the scheduler does not start it again
        del self._submitted[submitted.name]

    def wake(self) -> None:
        """Let `reports` return now."""
        self._switchboard.wake()

    def interrupt(self) -> None:
        """Ask all tasks to end; those that have not begun are taken back."""
        self._started.clear()
        for submitted in list(self._submitted.values()):
            if self._switchboard.has_begun(submitted.name):
                self._switchboard.interrupt(submitted.name)
            else:
                self._lose(submitted, "was taken back")

    def kill(self, task: Task) -> None:
        """End the worker of a task."""
        self._switchboard.kill(file_key_of(*task))

    def output_of(self, task: Task) -> str:
        """The last lines of what a task wrote."""
        return last_lines(self._instance.captured_log_paths(self._state.run.run_id, file_key_of(*task)))

    def close(self) -> None:
        """Take back what is left, and end the cluster if it was started for this run."""
        self._switchboard.close()
        self._close_cluster()

    def _close_cluster(self) -> None:
        with suppress(Exception):  # the scheduler may be gone
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def _error_of(future: Any) -> BaseException | None:
    """The error of a task, as far as it can be read here."""
    try:
        error: BaseException | None = future.exception(timeout=_TIMEOUT)
    except Exception as unread:
        return unread
    return error


def _connected(cluster: Mapping[str, Any]) -> tuple[Any, Any]:
    """A client, and the cluster that was started for it, None where one is there already.

    Args:
        cluster: Which, as in a run config: `existing` with an address, or `local` with arguments of
            `LocalCluster`.

    Raises:
        DagflowUnmetExecutorRequirementsError: There is no `distributed`, no scheduler, or no other process.
    """
    try:
        import distributed  # noqa: F401 - only to see that it is there
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
            "execution.config.cluster.local of the run config keeps the workers in this one. Leave it away, "
            "or use the in-process executor."
        )
    given = {"n_workers": os.cpu_count(), "threads_per_worker": 1, "dashboard_address": ":0", **arguments}
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.scheduler.no-workers-timeout": _NO_WORKERS,
    }
    with dask.config.set(settings):
        try:
            return LocalCluster(**given)
        except Exception as error:  # of whatever kind, down to those of a worker that did not come up
            raise DagflowUnmetExecutorRequirementsError(
                f"no cluster could be started with {dict(arguments)}, which is given at "
                f"execution.config.cluster.local of the run config: {error}. It takes the arguments of "
                "distributed.LocalCluster."
            ) from error


def _client(scheduler: Any, address: str) -> Any:
    from distributed import Client

    if address.startswith("inproc:"):
        raise DagflowUnmetExecutorRequirementsError(
            f"the dask executor runs steps in other processes, and the cluster at {address!r} is in "
            "this one. Use another, or the in-process executor."
        )
    try:
        client = Client(scheduler, set_as_default=False, timeout=_TIMEOUT)
    except (OSError, ValueError) as error:
        raise DagflowUnmetExecutorRequirementsError(
            f"no scheduler answers at {address!r}, the address at execution.config.cluster.existing of the "
            f"run config ({error}). Start one ('dask scheduler'), or leave 'cluster' away."
        ) from error
    client.scheduler_comm.interval = 0  # one step often waits for another: nothing waits for company
    return client


def _host_towards(address: str) -> str:
    """The own address at which those who can be reached at `address` can reach this process."""
    from distributed.comm import get_address_host
    from distributed.utils import get_ip, get_ipv6

    host = get_address_host(address)
    if host in ("127.0.0.1", "localhost", "::1"):
        return "127.0.0.1"
    own: str = get_ipv6(host) if ":" in host else get_ip(host)
    return own
