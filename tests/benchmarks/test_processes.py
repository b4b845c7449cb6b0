"""Benchmarks of steps in processes and on a cluster, compared with plain processes and plain tasks."""

from __future__ import annotations

import importlib
import multiprocessing
import operator
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
import {library}

@{library}.op
def one():
    return 1

@{library}.op
def more(n):
    return n + 1

@{library}.op
def apart():
    return 1

def chain(length, executor):
    @{library}.job(executor_def=getattr({library}, executor))
    def steps():
        n = one()
        for number in range(length - 1):
            n = more.alias(f"n{{number}}")(n)
    return steps

def crowd(size, executor):
    @{library}.job(executor_def=getattr({library}, executor))
    def steps():
        for number in range(size):
            apart.alias(f"n{{number}}")()
    return steps
"""


@pytest.fixture(name="jobs")
def _jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Provide a function that builds a job of a runtime in a module that other processes can import."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = []

    def job(runtime: Any, function: str, *arguments: Any) -> Any:
        library = runtime.__name__
        modules.append(f"benchmark_jobs_of_{library}")
        (tmp_path / f"{modules[-1]}.py").write_text(JOBS.format(library=library))
        importlib.invalidate_caches()
        return runtime.build_reconstructable_job(
            modules[-1], function, arguments, reconstructor_working_directory=str(tmp_path)
        )

    yield job
    for name in modules:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("library", ["dagflow", "dagster"])
def test_a_step_in_a_process(measure: Callable[..., Any], jobs: Callable[..., Any], library: str) -> None:
    """Measure a chain with a process for each step, after the fork server has started; events are stored."""
    runtime = pytest.importorskip(library)
    length = STEPS[library]
    job = jobs(runtime, "chain", length, "multiprocess_executor")
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}} if library == "dagster" else None
    rounds = 1 if library == "dagster" else 5

    with runtime.instance_for_test() as instance:
        run = lambda: runtime.execute_job(job, instance, run_config=config)  # noqa: E731
        result = measure("process", library, run, per=length, rounds=rounds)

    assert result.success
    assert len(result.get_step_success_events()) == length


def test_a_bare_process(measure: Callable[..., Any]) -> None:
    """Measure as many processes of Python's own fork server, each started and joined."""
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
    """Provide a cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", scheduler_kwargs={"dashboard": False}
    ) as cluster:
        yield cluster


@pytest.mark.parametrize(("row", "function"), [("task", "crowd"), ("task_chain", "chain")])
def test_a_task(
    measure: Callable[..., Any], jobs: Callable[..., Any], cluster: Any, row: str, function: str
) -> None:
    """Measure 1,000 steps, independent or in a chain, as tasks of a running cluster."""
    if not hasattr(dagflow, "dask_executor"):
        pytest.skip("this checkout has no dask executor")
    job = jobs(dagflow, function, TASKS, "dask_executor")
    existing = {"cluster": {"existing": {"address": cluster.scheduler_address}}}

    with dagflow.instance_for_test() as instance:
        run = lambda: dagflow.execute_job(  # noqa: E731
            job, instance, run_config={"execution": {"config": existing}}
        )
        result = measure(row, "dagflow", run, per=TASKS, rounds=3)

    assert len(result.get_step_success_events()) == TASKS


@pytest.mark.parametrize(("row", "is_chain"), [("task", False), ("task_chain", True)])
def test_a_bare_task(measure: Callable[..., Any], cluster: Any, row: str, is_chain: bool) -> None:
    """Measure as many tasks, submitted to the same cluster one by one."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster, set_as_default=False) as client:

        def run() -> list[int]:
            futures = [client.submit(abs, 1, pure=False)]
            for _ in range(TASKS - 1):
                before = futures[-1] if is_chain else 1
                futures.append(client.submit(operator.neg, before, pure=False))
            values: list[int] = client.gather(futures)
            return values

        values = measure(row, "bare", run, per=TASKS, rounds=3)

    assert len(values) == TASKS
