"""Benchmarks of a chain in which each op adds one to the value of the op before it."""

from __future__ import annotations

import logging
import sys
import types
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[], int]

OPS = 1_000
MANY = 100_000


def increment(n: int) -> int:
    """Return the next integer: the body of every op."""
    return n + 1


def dagflow_job(ops: int) -> Any:
    """Return the chain as a job of dagflow."""
    from dagflow import job, op

    @op
    def zero() -> int:
        return 0

    link = op(name="link")(increment)

    @job
    def chain() -> None:
        value = zero()
        for i in range(1, ops + 1):
            value = link.alias(f"n{i}")(value)

    return chain


def dagflow_chain(ops: int) -> Run:
    """Return the chain as a function that runs it with dagflow, which records its events."""
    chain = dagflow_job(ops)
    return lambda: chain.execute_in_process().output_for_node(f"n{ops}")


def dagster_job(ops: int) -> Any:
    """Return the chain as a job of Dagster."""
    dagster = pytest.importorskip("dagster")

    @dagster.op
    def zero() -> Any:
        return 0

    @dagster.op
    def link(n: Any) -> Any:
        return n + 1

    @dagster.job(config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}})
    def chain() -> None:
        value = zero()
        for i in range(1, ops + 1):
            value = link.alias(f"n{i}")(value)

    return chain


def dagster_chain(ops: int) -> Run:
    """Return the chain as a function that runs it with Dagster, without console output."""
    chain = dagster_job(ops)
    return lambda: chain.execute_in_process().output_for_node(f"n{ops}")


def hamilton_chain(ops: int) -> Run:
    """Return the chain as a function that runs it with hamilton."""
    driver = pytest.importorskip("hamilton.driver")
    from hamilton import ad_hoc_utils, base

    functions = []
    for i in range(1, ops + 1):
        names: dict[str, types.FunctionType] = {}
        exec(f"def n{i}(n{i - 1}: int) -> int:\n    return n{i - 1} + 1", names)
        functions.append(names[f"n{i}"])
    module = ad_hoc_utils.create_temporary_module(*functions, module_name="hamilton_chain")
    built = driver.Builder().with_modules(module).with_adapters(base.DictResult()).build()

    def run() -> int:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + 20 * ops)
        try:
            return built.execute([f"n{ops}"], inputs={"n0": 0})[f"n{ops}"]
        finally:
            sys.setrecursionlimit(limit)

    return run


def dask_chain(ops: int) -> Run:
    """Return the chain as a function that runs it with the synchronous scheduler of dask."""
    local = pytest.importorskip("dask.local")

    graph: dict[str, Any] = {"n1": (increment, 0)}
    graph |= {f"n{i}": (increment, f"n{i - 1}") for i in range(2, ops + 1)}
    return lambda: local.get_sync(graph, f"n{ops}")


def kedro_chain(ops: int) -> Run:
    """Return the chain as a function that runs it with kedro's sequential runner, without log output."""
    pytest.importorskip("kedro.runner")
    from kedro.io import DataCatalog, MemoryDataset
    from kedro.pipeline import Pipeline, node
    from kedro.runner import SequentialRunner

    logging.getLogger("kedro").setLevel(logging.CRITICAL)
    pipeline = Pipeline([node(increment, f"n{i - 1}", f"n{i}", name=f"add{i}") for i in range(1, ops + 1)])

    def run() -> int:
        outputs = SequentialRunner().run(pipeline, DataCatalog({"n0": MemoryDataset(0)}))
        return outputs[f"n{ops}"].load()

    return run


def graphlib_chain(ops: int) -> Run:
    """Return the chain as a plain loop over the standard library's sorter, a lower bound for runtimes."""
    graph = {i: [i - 1] if i > 1 else [] for i in range(1, ops + 1)}

    def run() -> int:
        sorter = TopologicalSorter(graph)
        sorter.prepare()
        values = {0: 0}
        while sorter.is_active():
            for i in sorter.get_ready():
                values[i] = increment(values[i - 1])
                sorter.done(i)
        return values[ops]

    return run


CHAINS = {
    "dagflow": dagflow_chain,
    "dagster": dagster_chain,
    "hamilton": hamilton_chain,
    "dask": dask_chain,
    "kedro": kedro_chain,
    "graphlib": graphlib_chain,
}
SLOW = {"dagster", "kedro"}


@pytest.mark.parametrize("runtime", CHAINS)
def test_a_further_op(measure: Callable[..., Any], runtime: str) -> None:
    """Measure each op of a chain of 1,000, with a compiled definition."""
    run = CHAINS[runtime](OPS)
    run()

    last = measure("chain", runtime, run, per=OPS, rounds=1 if runtime in SLOW else 20)

    assert last == OPS


@pytest.mark.parametrize("runtime", ["dagflow", "dask", "graphlib"])
def test_a_further_op_of_very_many(measure: Callable[..., Any], runtime: str) -> None:
    """Measure each op of a chain of 100,000."""
    run = CHAINS[runtime](MANY)
    run()

    last = measure("chain_100000", runtime, run, per=MANY, rounds=3)

    assert last == MANY


@pytest.mark.parametrize("runtime", ["dagflow", "dagster"])
def test_define_and_run_once(measure: Callable[..., Any], runtime: str) -> None:
    """Measure the definition of a job of 1,000 ops and its first run, which compiles it."""
    measure("first", runtime, lambda: CHAINS[runtime](OPS)(), per=OPS, rounds=1 if runtime in SLOW else 5)


def test_read_all_events(measure: Callable[..., Any]) -> None:
    """Measure reading the type and step of each event of a finished run of 1,000 ops."""
    chain = dagflow_job(OPS)

    def read(result: Any) -> list[tuple[str, str | None]]:
        return [(event.event_type_value, event.step_key) for event in result.all_events]

    events = measure(
        "read", "dagflow", read, per=OPS, rounds=20, setup=lambda: ((chain.execute_in_process(),), {})
    )

    kinds = " ".join(kind for kind, step in events if step == "n7")
    assert kinds == "STEP_START LOADED_INPUT STEP_INPUT STEP_OUTPUT HANDLED_OUTPUT STEP_SUCCESS"
