"""A pipeline has the same events and outputs with every executor.

Not covered: interrupts, and failures of resources. Resources start once per run in process, but once per step
in workers, and the specification defines different ends of these runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import profiles
import pytest
from drawn_pipelines import ALWAYS, descriptions
from hypothesis import Phase, example, given, settings
from pipelines import FAULTS, PROCESS_FAULTS, job_of, observed

from dagflow import DagflowInstance, build_reconstructable_job, execute_job, instance_for_test

FOLDER = str(Path(__file__).parent)


def examples(few: int, many: int) -> settings:
    """Return settings with few or many examples: step processes are slow, and lost ones are slower."""
    # shrinking an example may take minutes, so only a thorough profile does it
    phases = list(Phase) if profiles.IS_THOROUGH else [Phase.explicit, Phase.reuse, Phase.generate]
    return profiles.examples(few, many, phases=phases)


@dataclass(frozen=True)
class Target:
    """The executor of a job.

    Attributes:
        executor: A name in `dagflow`; None for the default.
        config: The config of the executor.
    """

    executor: str | None = None
    config: dict[str, Any] = field(default_factory=dict)


TARGETS = {
    "in_process": Target(config={"in_process": {}}),
    "multiprocess": Target(config={"multiprocess": {"max_concurrent": 2}}),
    "one process at a time": Target("multiprocess_executor", {"max_concurrent": 1}),
    "dask": Target("dask_executor"),  # on the cluster of this file
}
PROCESSES = [name for name in TARGETS if name != "in_process"]


@pytest.fixture(scope="module", name="target")
def _target(request: pytest.FixtureRequest) -> Target:
    """Return a row of the table."""
    target = TARGETS[request.param]
    if target.executor == "dask_executor":
        address = request.getfixturevalue("cluster")
        return Target(target.executor, {"cluster": {"existing": {"address": address}}})
    return target


@pytest.fixture(scope="module", name="cluster")
def _cluster() -> Iterator[str]:
    """Return the address of a cluster with two worker processes."""
    dask = pytest.importorskip("dask", reason="it is not installed: pip install -e '.[dask]'")
    distributed = pytest.importorskip("distributed", reason="it is not installed: pip install -e '.[dask]'")
    config = {
        "distributed.scheduler.allowed-failures": 0,
        # otherwise a worker that restarts is given up, if its first loss was longer ago than this
        "distributed.deploy.lost-worker-timeout": "1 day",
    }
    with (
        dask.config.set(config),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
    ):
        yield cluster.scheduler_address


@pytest.fixture(scope="module", name="instance")
def _instance() -> Iterator[DagflowInstance]:
    """Return one instance for all runs."""
    with instance_for_test() as instance:
        yield instance


def run(description: str, target: Target, instance: DagflowInstance) -> dict[str, Any]:
    """Return the events and outputs of a pipeline with an executor."""
    job = build_reconstructable_job(
        "pipelines", "job_of", (description, target.executor), reconstructor_working_directory=FOLDER
    )
    with execute_job(job, instance, run_config={"execution": {"config": target.config}}) as result:
        return observed(result)


def each(faults: list[str], **changes: Any) -> str:
    """Return a pipeline with one op per fault, each with a retry and a downstream op."""
    rows = []
    for number, what in enumerate(faults):
        usual = {"outs": [["result", "required"]], "yields": [["result", None]], "retries": 1, "fault": None}
        fault = {"what": what, "attempts": ALWAYS, "after": 0, "key": None, **changes}
        rows += [
            {**usual, "name": f"n{number}", "reads": [], "fault": fault},
            {**usual, "name": f"after{number}", "reads": [["value", f"n{number}", "result"]]},
        ]
    return json.dumps({"rows": rows, "hooks": [["failure", False]], "retries": None})


def collected(keys: list[str]) -> str:
    """Return a pipeline that collects a dynamic output with these keys."""
    usual = {"outs": [["result", "required"]], "yields": [["result", None]], "retries": None, "fault": None}
    many = {"outs": [["result", "dynamic"]], "yields": [["result", key] for key in keys]}
    rows = [
        {**usual, **many, "name": "many", "reads": []},
        {**usual, "name": "all", "reads": [["collect", "many", "result"]]},
    ]
    return json.dumps({"rows": rows, "hooks": [], "retries": None})


@pytest.mark.parametrize("target", TARGETS, indirect=True)
@given(description=descriptions())
@example(description=each(list(FAULTS)))
@example(description=each(list(FAULTS), attempts=1, after=1))
@example(description=collected([]))
@example(description=collected(["b", "a"]))
@examples(6, 200)
def test_every_executor_has_the_same_result(
    target: Target, instance: DagflowInstance, description: str
) -> None:
    """Law: events and outputs are those of a run in this process with all values in memory."""
    here = job_of(description).execute_in_process(raise_on_error=False)

    assert run(description, target, instance) == observed(here)


@pytest.mark.parametrize("target", PROCESSES[1:], indirect=True)
@given(description=descriptions(process_faults=True))
@example(description=each(list(PROCESS_FAULTS), attempts=1))
@example(description=each([what for what in PROCESS_FAULTS if what != "hang"], attempts=1, after=1))
@examples(3, 50)
def test_lost_processes_have_the_same_result(
    target: Target, instance: DagflowInstance, description: str
) -> None:
    """Law: the same holds for steps that end their process, hang, or return values that cannot be stored."""
    first = TARGETS[PROCESSES[0]]

    assert run(description, target, instance) == run(description, first, instance)


def test_another_process_builds_the_same_job() -> None:
    """A description has the same events and outputs in another process with other hashes."""
    description = each(list(FAULTS), attempts=1)
    program = (
        "import json, sys\n"
        "from pipelines import job_of, observed\n"
        "print(json.dumps(observed(job_of(sys.argv[1]).execute_in_process(raise_on_error=False))))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, description],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([FOLDER, *sys.path]), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == observed(job_of(description).execute_in_process(raise_on_error=False))
