"""Fixed jobs, each step in a process of its own, in the reference and in dagflow: the same events in a step.

A process of the reference takes about a second, so these are few; how a job ends in general is compared in
process (`test_side_by_side`), and in process with processes in `tests/dagflow/executors/test_one_truth.py`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from observation import SPELLINGS

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")
QUICK = 10  # examples; hypothesis profiles with no more than these leave out what no Python version changes
pytestmark = pytest.mark.skipif(settings().max_examples <= QUICK, reason="the quick profile leaves it out")

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
    """The jobs as a module of each library, which child processes can import too."""
    spelled = JOBS
    for ours, theirs in SPELLINGS.items():
        spelled = spelled.replace(ours, theirs)
    for library, text in (("dagflow", JOBS), ("dagster", spelled)):
        (tmp_path / f"jobs_of_{library}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)  # where the reference looks for a module in a child process
    yield
    for library in ("dagflow", "dagster"):
        sys.modules.pop(f"jobs_of_{library}", None)


def lanes(library: str, name: str) -> dict[str | None, list[str]]:
    """The events of a run in the log of its instance: of the run as a whole, and of each step."""
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
    """Not dagflow under its name, as `dagflow.compat.install()` would make it."""
    assert reference.op is not dagflow.op


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["retry_and_map", "failure_and_skip"])
def test_steps_in_processes(name: str) -> None:
    """The same events in the same order, in the lane of the run and in that of each step."""
    assert lanes("dagflow", name) == lanes("dagster", name)


@pytest.mark.filterwarnings("ignore")
def test_a_process_that_dies() -> None:
    """The same too, but for what it said just before, which the reference may lose and dagflow keeps."""
    theirs, ours = lanes("dagster", "crash"), lanes("dagflow", "crash")

    ours["gone"].remove("STEP_START")
    theirs["gone"] = [kind for kind in theirs["gone"] if kind != "STEP_START"]
    assert ours == theirs
