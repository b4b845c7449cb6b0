"""`fault_plans` draws faults that a job can have, which print as lines of `dag_faults`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import dagflow as dg
from dagflow.testing import FaultPlan, VirtualClock, run_options
from pytest_dagflow.strategies import BuiltJob, DrawnFaults, fault_plans, jobs


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2), required_resource_keys={"shop"})
def fetch() -> int:
    return 3


@dg.op
def add(one: int) -> int:
    return one + 1


@dg.job(resource_defs={"shop": dg.ResourceDefinition.hardcoded_resource(1)})
def nightly() -> None:
    add(fetch())


def run(job: dg.JobDefinition, faults: DrawnFaults) -> list[str]:
    """Run a job with faults, and return the messages about those that never fired."""
    plan = FaultPlan(faults)
    with run_options(faults=plan, clock=VirtualClock()):
        job.execute_in_process(raise_on_error=False)
    return plan.unfired()


@given(fault_plans(nightly, max_faults=1))
def test_a_single_fault_fires(faults: DrawnFaults) -> None:
    """The job can have each drawn fault, and it fires."""
    assert run(nightly, faults) == []


@given(fault_plans(nightly, max_faults=1))
def test_the_repr_adds_the_same_faults(faults: DrawnFaults) -> None:
    """The repr of an example adds its faults to `dag_faults`."""
    dag_faults = FaultPlan()

    assert eval(repr(faults)) == list(faults) == dag_faults.faults


@settings(max_examples=30)
@given(st.data())
def test_drawn_jobs_take_their_faults(data: st.DataObject) -> None:
    """Each drawn job runs with some faults, without an error about the faults."""
    job: BuiltJob = data.draw(jobs())

    run(job, data.draw(fault_plans(job)))


def test_all_attempts_of_a_retry_policy() -> None:
    """A node with a retry policy fails at its first attempts, and in the end at all of them."""
    faults = find(fault_plans(nightly), lambda faults: faults[0].on_attempt == (1, 2, 3))

    assert repr(faults) == "[dag_faults.fail('fetch', on_attempt=(1, 2, 3))]"


def test_small_example() -> None:
    """A plan shrinks to one fault of the first node."""
    assert repr(find(fault_plans(nightly), lambda faults: True)) == "[dag_faults.fail('fetch')]"
    assert repr(find(fault_plans(nightly, kinds=["resource_fails"]), lambda faults: True)) == (
        "[dag_faults.resource_fails('shop', on='init')]"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fault_plans(3), "must be a job"),
        (lambda: fault_plans(nightly, max_faults=0), "'max_faults' must be an int"),
        (lambda: fault_plans(nightly, kinds="fail"), "not be a string"),
        (lambda: fault_plans(nightly, kinds=["duplicate"]), "nothing in <job 'nightly'> can have"),
        (lambda: fault_plans(nightly, kinds=["failz"]), "Did you mean 'fail'"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(call: Any, message: str) -> None:
    """An invalid argument is an error of the call, not of a draw."""
    with pytest.raises((dg.ParameterCheckError, dg.CheckError), match=message):
        call()
