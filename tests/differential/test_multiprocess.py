"""Tests of fixed jobs with a process for each step, in the reference and in dagflow.

A process of the reference takes about a second, so the jobs are few. `test_side_by_side` compares runs in
process, and `tests/dagflow/executors/test_one_truth.py` compares them with runs in processes.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import profiles
import pytest
from observation import SPELLINGS

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")
# no version of Python changes these tests
pytestmark = pytest.mark.skipif(profiles.IS_QUICK, reason="the quick profile leaves it out")

JOBS = """
import os
from dagflow import DynamicOut, DynamicOutput, Out, RetryPolicy, failure_hook, job, multiprocess_executor, op

@failure_hook
def cry(context):
    pass

@op
def double(n):
    return 2 * n

@op
def burnt():
    raise ValueError("burnt")

@op(out=Out(is_required=False))
def nothing():
    yield from ()

@op(out=DynamicOut(), retry_policy=RetryPolicy(max_retries=1))
def many(context):
    if context.retry_number == 0:
        raise ValueError("once")
    yield DynamicOutput(1, "a")

@op
def total(ns):
    return sum(ns)

@op
def gone():
    os._exit(9)

@job(executor_def=multiprocess_executor)  # no hooks: the reference may try again before those of an attempt
def retry_and_map():
    total(many().map(double).collect())

@job(executor_def=multiprocess_executor, hooks={cry})
def failure_and_skip():
    double.alias("blocked")(burnt())
    double.alias("skipped")(nothing())

@job(executor_def=multiprocess_executor)
def crash():
    double(gone())
"""


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write the jobs as a module for each library, which child processes can import."""
    spelled = JOBS
    for ours, theirs in SPELLINGS.items():
        spelled = spelled.replace(ours, theirs)
    for library, text in (("dagflow", JOBS), ("dagster", spelled)):
        (tmp_path / f"jobs_of_{library}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)  # the reference searches this path for modules in a child process
    yield
    for library in ("dagflow", "dagster"):
        sys.modules.pop(f"jobs_of_{library}", None)


def lanes(library: str, name: str) -> dict[str | None, list[str]]:
    """Return the event types of a run from its instance: those of the run itself, and those of each step."""
    runtime: Any = importlib.import_module(library)
    job = runtime.reconstructable(getattr(importlib.import_module(f"jobs_of_{library}"), name))
    with runtime.instance_for_test() as instance:
        result = runtime.execute_job(job, instance)
        entries = instance.all_logs(result.run_id)
        found: dict[str | None, list[str]] = {}
        for entry in entries:
            event = getattr(entry, f"{library}_event")
            if event is not None:
                found.setdefault(event.step_key, []).append(event.event_type.name)
        found.setdefault(None, []).append(f"success: {result.success}")
    return found


def test_the_reference_is_another_library() -> None:
    """The reference is not dagflow itself, as after `dagflow.compat.install()`."""
    assert reference.op is not dagflow.op


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["retry_and_map", "failure_and_skip"])
def test_steps_in_processes(name: str) -> None:
    """The run itself and each step have the same events in the same order."""
    assert lanes("dagflow", name) == lanes("dagster", name)


@pytest.mark.filterwarnings("ignore")
def test_a_process_that_dies() -> None:
    """The events are equal, except for the last one before the crash, which the reference may lose."""
    theirs, ours = lanes("dagster", "crash"), lanes("dagflow", "crash")

    ours["gone"].remove("STEP_START")
    theirs["gone"] = [name for name in theirs["gone"] if name != "STEP_START"]
    assert ours == theirs
