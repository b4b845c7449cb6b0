"""The executor that carries out each step as a task of a `distributed` cluster.

The scheduler decides on which worker a task runs, and nothing else: which steps there are and what comes of
them stays with the parent. Workers speak to it over a connection of their own, on which they prove that they
know the secret of the run, and say what the process of a step would say (`executors/worker.py`). Before a
task runs code of the user it asks whether its attempt may start: a scheduler that starts a lost task again is
told no, since the parent decides whether a step is tried again.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from dagflow.engine.parallel import BrokenOff, Report, Task, run_in_workers
from dagflow.engine.state import RunState
from dagflow.errors import (
    ChildProcessCrashException,
    DagflowUnmetExecutorRequirementsError,
)
from dagflow.events.data import SerializableErrorInfo
from dagflow.executors.dask_task import run_task
from dagflow.executors.switchboard import DIE, INTERRUPT, Switchboard
from dagflow.executors.tasks import last_lines, pickled, tag_limits
from dagflow.executors.worker import assignment_of, errand_of, file_key_of, report_of

_MOST_LOSSES = 10


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


class DaskWorkers:
    """The workers of a run on a cluster (see `engine.parallel.Workers`).

    Attributes:
        limit: How many tasks at a time: two for each thread of the cluster, so that none has to wait for the
            parent.

    Raises:
        DagflowUnmetExecutorRequirementsError: There is no `distributed`, or no scheduler.
    """

    title = "dask executor"

    def __init__(self, state: RunState, config: Mapping[str, Any]) -> None:
        self._state = state
        self._instance = state.get_instance()
        self._pointer = state.pointer.to_dict()
        self._assignment = pickled(assignment_of(state), "the run")
        self._told: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._futures: dict[str, tuple[Task, Any, int]] = {}
        self._client, self._cluster = _connected(config.get("cluster") or {"local": {}})
        try:
            self._switchboard = Switchboard(_host_towards(self._client.scheduler.address), self._hear)
            cluster = self._client.scheduler_info(-1)["workers"]
            threads = sum(worker["nthreads"] for worker in cluster.values())
        except BaseException:
            self._close_cluster()
            raise
        self.limit = config.get("max_concurrent") or 2 * threads or 1

    def start(self, task: Task) -> None:
        """Hand a task to the scheduler."""
        errand = pickled(errand_of(self._state, task), f"step '{task.step.key}'")
        self._submit(task, errand, 0)

    def _submit(self, task: Task, errand: bytes, losses: int) -> None:
        name = file_key_of(*task)
        self._switchboard.tasks[name] = task
        paths = self._instance.captured_log_paths(self._state.run.run_id, name)
        files = tuple(os.fspath(path) for path in paths)
        work = (*self._switchboard.address, self._pointer, self._assignment, errand, files)
        key = f"{name}-{self._state.run.run_id}-{losses}"
        try:
            future = self._client.submit(run_task, name, *work, key=key, pure=False, retries=0)
        except Exception as error:  # the scheduler is gone
            self._told.put(_lost(task, f"could not be handed to the scheduler: {error}"))
            return
        self._futures[name] = task, future, losses
        future.add_done_callback(lambda future: self._settled(future, task, errand, losses))

    def _settled(self, future: Any, task: Task, errand: bytes, losses: int) -> None:
        """The scheduler says how a task ended: of interest only where its worker did not say so."""
        if future.status == "finished":
            return
        error = future.exception() if future.status == "error" else None
        name = file_key_of(*task)
        is_lost_before = type(error).__name__ == "KilledWorker" and not self._switchboard.has_begun(name)
        if is_lost_before and losses < _MOST_LOSSES:
            self._submit(task, errand, losses + 1)  # its worker died of another task
            return
        why = f"{type(error).__name__}: {error}" if error is not None else f"its future is {future.status}"
        self._told.put(_lost(task, f"was lost by the scheduler ({why})"))

    def _hear(self, task: Task, message: list[Any] | None, worker: str) -> None:
        if message is None:
            self._told.put(_lost(task, f"was lost: the connection to its worker ({worker}) broke"))
            return
        self._told.put(report_of(task, message))

    def reports(self, timeout: float | None) -> Sequence[Report]:
        """What happened since the last time."""
        told: list[Report | None] = []
        with suppress(queue.Empty):
            told.append(self._told.get(timeout=timeout))
            while True:
                told.append(self._told.get_nowait())
        reports = [report for report in told if report is not None]
        for report in reports:
            if isinstance(report, BrokenOff) or type(report).__name__ == "Ended":
                self._futures.pop(file_key_of(*report.task), None)
        return reports

    def wake(self) -> None:
        """Let `reports` return now."""
        self._told.put(None)

    def interrupt(self) -> None:
        """Ask all tasks to end; those that have not begun are taken back."""
        for name, (task, future, _) in list(self._futures.items()):
            if self._switchboard.has_begun(name):
                self._switchboard.tell(name, INTERRUPT)
            else:
                self._switchboard.refuse(name)
                future.cancel()
                self._told.put(_lost(task, "was taken back"))

    def kill(self, task: Task) -> None:
        """End the worker of a task."""
        self._switchboard.tell(file_key_of(*task), DIE)

    def output_of(self, task: Task) -> str:
        """The last lines of what a task wrote."""
        return last_lines(self._instance.captured_log_paths(self._state.run.run_id, file_key_of(*task)))

    def close(self) -> None:
        """Take back what is left, and end the cluster if it was started for this run."""
        for _, future, _ in self._futures.values():
            with suppress(Exception):  # the scheduler may be gone
                future.cancel()
        self._futures.clear()
        self._switchboard.close()
        self._close_cluster()

    def _close_cluster(self) -> None:
        with suppress(Exception):  # likewise
            self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def _connected(cluster: Mapping[str, Any]) -> tuple[Any, Any]:
    """A client, and the cluster that was started for it, None where one exists already."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise DagflowUnmetExecutorRequirementsError(
            "the dask executor needs the package 'distributed', which is not installed here: "
            "pip install 'pytest-dagflow[dask]'"
        ) from error
    if "existing" in cluster:
        address = cluster["existing"]["address"]
        try:
            return Client(address, set_as_default=False), None
        except OSError as error:
            raise DagflowUnmetExecutorRequirementsError(
                f"no scheduler answers at {address!r}, the address at execution.config.cluster.existing of "
                f"the run config ({error}). Start one ('dask scheduler'), or leave 'cluster' away."
            ) from error
    given = {"n_workers": os.cpu_count(), "threads_per_worker": 1, "dashboard_address": ":0"}
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        local = LocalCluster(**{**given, **(cluster.get("local") or {})})
    try:
        return Client(local, set_as_default=False), local
    except BaseException:
        local.close()
        raise


def _host_towards(address: str) -> str:
    """The own address at which who can be reached at `address` can reach this process."""
    from distributed.comm import get_address_host
    from distributed.utils import get_ip

    host = get_address_host(address)
    return "127.0.0.1" if host in ("127.0.0.1", "localhost", "::1") else get_ip(host)


def _lost(task: Task, what: str) -> BrokenOff:
    text = f"step '{task.step.key}' {what}"
    return BrokenOff(task, SerializableErrorInfo.from_exception(ChildProcessCrashException(text)), text)
