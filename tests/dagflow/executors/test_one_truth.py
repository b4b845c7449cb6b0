"""One truth: a pipeline comes to the same events and outputs wherever its steps run.

Left out, by name: failures of resources (they start once a run in process, and once a step elsewhere, and the
specification has their runs end differently), and interrupts.
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

import pytest
from drawn_pipelines import ALWAYS, descriptions
from hypothesis import Phase, example, given, settings
from pipelines import FAULTS, PROCESS_FAULTS, job_of, observed

from dagflow import DagflowInstance, build_reconstructable_job, execute_job, instance_for_test

FOLDER = str(Path(__file__).parent)
THOROUGH = 500  # examples; hypothesis profiles with at least as many are thorough, others have the same few
asked = settings().max_examples
is_thorough = asked >= THOROUGH


def examples(few: int, many: int) -> settings:
    """How many examples there are: steps that are processes take their time, and lost ones more."""
    return settings(
        max_examples=many if is_thorough else few,
        derandomize=not is_thorough,
        # an example is not made smaller for minutes unless that was asked for
        phases=list(Phase) if is_thorough else [Phase.explicit, Phase.reuse, Phase.generate],
    )


@dataclass(frozen=True)
class Place:
    """Where steps run.

    Attributes:
        executor: That of the job: a name in `dagflow`, None for the default.
        config: Its config.
    """

    executor: str | None = None
    config: dict[str, Any] = field(default_factory=dict)


PLACES = {
    "in_process": Place(config={"in_process": {}}),
    "multiprocess": Place(config={"multiprocess": {"max_concurrent": 2}}),
    "one process at a time": Place("multiprocess_executor", {"max_concurrent": 1}),
    "dask": Place("dask_executor"),  # on the cluster of this file
}
PROCESSES = [name for name in PLACES if name != "in_process"]


@pytest.fixture(scope="module", name="place")
def _place(request: pytest.FixtureRequest) -> Place:
    """A row of the table by its name."""
    place = PLACES[request.param]
    if place.executor == "dask_executor":
        address = request.getfixturevalue("cluster")
        return Place(place.executor, {"cluster": {"existing": {"address": address}}})
    return place


@pytest.fixture(scope="module", name="cluster")
def _cluster() -> Iterator[str]:
    """The address of a cluster of two processes."""
    dask = pytest.importorskip("dask", reason="it is not installed: pip install -e '.[dask]'")
    distributed = pytest.importorskip("distributed", reason="it is not installed: pip install -e '.[dask]'")
    config = {
        "distributed.scheduler.allowed-failures": 0,
        # else a worker that is being started again is given up, if it was lost for the first time so long ago
        "distributed.deploy.lost-worker-timeout": "1 day",
    }
    with (
        dask.config.set(config),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
    ):
        yield cluster.scheduler_address


@pytest.fixture(scope="module", name="instance")
def _instance() -> Iterator[DagflowInstance]:
    """One instance for all runs."""
    with instance_for_test() as instance:
        yield instance


def run(description: str, place: Place, instance: DagflowInstance) -> dict[str, Any]:
    """What came of a pipeline in a place."""
    job = build_reconstructable_job(
        "pipelines", "job_of", (description, place.executor), reconstructor_working_directory=FOLDER
    )
    with execute_job(job, instance, run_config={"execution": {"config": place.config}}) as result:
        return observed(result)


def each(faults: list[str], **changes: Any) -> str:
    """A description of one op for each fault, each with a retry and an op behind it."""
    rows = []
    for place, what in enumerate(faults):
        usual = {"outs": [["result", "required"]], "yields": [["result", None]], "retries": 1, "fault": None}
        fault = {"what": what, "attempts": ALWAYS, "after": 0, "key": None, **changes}
        rows += [
            {**usual, "name": f"n{place}", "reads": [], "fault": fault},
            {**usual, "name": f"after{place}", "reads": [["value", f"n{place}", "result"]]},
        ]
    return json.dumps({"rows": rows, "hooks": [["failure", False]], "retries": None})


def collected(keys: list[str]) -> str:
    """A description of a dynamic output with these keys that is collected as it is."""
    usual = {"outs": [["result", "required"]], "yields": [["result", None]], "retries": None, "fault": None}
    many = {"outs": [["result", "dynamic"]], "yields": [["result", key] for key in keys]}
    rows = [
        {**usual, **many, "name": "many", "reads": []},
        {**usual, "name": "all", "reads": [["collect", "many", "result"]]},
    ]
    return json.dumps({"rows": rows, "hooks": [], "retries": None})


@pytest.mark.parametrize("place", PLACES, indirect=True)
@given(description=descriptions())
@example(description=each(list(FAULTS)))
@example(description=each(list(FAULTS), attempts=1, after=1))
@example(description=collected([]))
@example(description=collected(["b", "a"]))
@examples(6, 200)
def test_every_executor_tells_the_same(place: Place, instance: DagflowInstance, description: str) -> None:
    """Law: events and outputs are those of a run in this process with all values in memory."""
    here = job_of(description).execute_in_process(raise_on_error=False)

    assert run(description, place, instance) == observed(here)


@pytest.mark.parametrize("place", PROCESSES[1:], indirect=True)
@given(description=descriptions(process_faults=True))
@example(description=each(list(PROCESS_FAULTS), attempts=1))
@example(description=each([what for what in PROCESS_FAULTS if what != "hang"], attempts=1, after=1))
@examples(3, 50)
def test_lost_processes_are_told_the_same(place: Place, instance: DagflowInstance, description: str) -> None:
    """Law: also where steps end their process, hang, or give what cannot be stored."""
    first = PLACES[PROCESSES[0]]

    assert run(description, place, instance) == run(description, first, instance)


def test_another_process_makes_the_same_job() -> None:
    """A description is all that it needs: the same events and outputs, also where hashes differ."""
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
