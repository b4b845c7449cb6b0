"""What a step costs elsewhere: in a process of its own beside a bare one, on a cluster beside a bare task."""

from __future__ import annotations

import importlib
import multiprocessing
import sys
from typing import TYPE_CHECKING, Any

import pytest

import dagflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STEPS = {"dagflow": 20, "dagster": 3, "bare": 20}
TASKS = 1_000
JOBS = """
import {who}

@{who}.op
def one():
    return 1

@{who}.op
def more(n):
    return n + 1

@{who}.op
def apart():
    return 1

def chain(length, executor):
    @{who}.job(executor_def=getattr({who}, executor))
    def steps():
        n = one()
        for place in range(length - 1):
            n = more.alias(f"n{{place}}")(n)
    return steps

def crowd(size, executor):
    @{who}.job(executor_def=getattr({who}, executor))
    def steps():
        for place in range(size):
            apart.alias(f"n{{place}}")()
    return steps
"""


@pytest.fixture(name="jobs")
def _jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Makes a job of a module that other processes can import, as the runtime asked for needs it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def job(runtime: Any, function: str, *arguments: Any) -> Any:
        who = runtime.__name__
        made.append(f"benchmark_jobs_of_{who}")
        (tmp_path / f"{made[-1]}.py").write_text(JOBS.format(who=who))
        importlib.invalidate_caches()
        return runtime.build_reconstructable_job(
            made[-1], function, arguments, reconstructor_working_directory=str(tmp_path)
        )

    yield job
    for name in made:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("who", ["dagflow", "dagster"])
def test_a_step_in_a_process(measure: Callable[..., Any], jobs: Callable[..., Any], who: str) -> None:
    """A chain, each step in a process of its own, once the server of its module is up; events are stored."""
    runtime = pytest.importorskip(who)
    length = STEPS[who]
    job = jobs(runtime, "chain", length, "multiprocess_executor")
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}} if who == "dagster" else None
    rounds = 1 if who == "dagster" else 5

    with runtime.instance_for_test() as instance:
        run = lambda: runtime.execute_job(job, instance, run_config=config)  # noqa: E731
        result = measure("process", who, run, per=length, rounds=rounds)

    assert result.success
    assert len(result.get_step_success_events()) == length


def test_a_bare_process(measure: Callable[..., Any]) -> None:
    """As many processes of Python's own fork server, which has nothing to import; each started and joined."""
    context = multiprocessing.get_context("forkserver")

    def run() -> list[int | None]:
        codes = []
        for _ in range(STEPS["bare"]):
            process = context.Process(target=abs, args=(1,))
            process.start()
            process.join()
            codes.append(process.exitcode)
        return codes

    codes = measure("process", "bare", run, per=STEPS["bare"])

    assert codes == [0] * STEPS["bare"]


@pytest.fixture(scope="module", name="cluster")
def _cluster() -> Iterator[Any]:
    """A cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", scheduler_kwargs={"dashboard": False}
    ) as cluster:
        yield cluster


def test_a_task(measure: Callable[..., Any], jobs: Callable[..., Any], cluster: Any) -> None:
    """1,000 steps that wait for nothing, as tasks of a cluster that is up."""
    if not hasattr(dagflow, "dask_executor"):
        pytest.skip("this checkout has no dask executor")
    job = jobs(dagflow, "crowd", TASKS, "dask_executor")
    existing = {"cluster": {"existing": {"address": cluster.scheduler_address}}}

    with dagflow.instance_for_test() as instance:
        run = lambda: dagflow.execute_job(  # noqa: E731
            job, instance, run_config={"execution": {"config": existing}}
        )
        result = measure("task", "dagflow", run, per=TASKS, rounds=1)

    assert len(result.get_step_success_events()) == TASKS


def test_a_bare_task(measure: Callable[..., Any], cluster: Any) -> None:
    """1,000 tasks that wait for nothing, given to the same cluster one by one."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster, set_as_default=False) as client:

        def run() -> list[int]:
            futures = [client.submit(abs, 1, key=f"t{place}", pure=False) for place in range(TASKS)]
            values: list[int] = client.gather(futures)
            return values

        values = measure("task", "bare", run, per=TASKS)

    assert values == [1] * TASKS
