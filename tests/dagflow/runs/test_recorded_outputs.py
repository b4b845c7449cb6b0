"""`recorded_outputs`: the outputs and ended steps of a run, read from its events."""

from __future__ import annotations

from typing import Any

from run_jobs import branch, one, silent

from dagflow import (
    DynamicOut,
    DynamicOutput,
    Out,
    Output,
    RetryPolicy,
    job,
    op,
)
from dagflow.runs.recorded_outputs import RecordedOutputs, announced_outputs, recorded_outputs


@op
def same(x: Any) -> Any:
    return x


@op(out={"first": Out(), "second": Out()})
def half() -> Any:
    yield Output(1, "first")
    raise ValueError


@op(out=DynamicOut(), retry_policy=RetryPolicy(max_retries=1))
def cups(context) -> Any:
    yield DynamicOutput(1, f"try_{context.retry_number}")
    if context.retry_number == 0:
        raise ValueError
    yield DynamicOutput(2, "b")


def recorded(body: Any) -> RecordedOutputs:
    """Return the recorded outputs of a run of a job with a body."""
    return recorded_outputs(job(name="j")(body).execute_in_process(raise_on_error=False).all_events)


def test_outputs() -> None:
    """Each produced output is included, with whether its value was stored."""
    found = recorded(lambda: (one(), silent()))

    assert found.outputs == {("one", "result", None): True, ("silent", "result", None): False}
    assert found.ended == {"one", "silent"}


def test_skips() -> None:
    """A skipped step and a step with a missing output have ended."""

    def body() -> None:
        _, no = branch()
        same(no)

    found = recorded(body)

    assert found.outputs == {("branch", "yes", None): True}
    assert found.ended == {"branch", "same"}


def test_a_failed_step() -> None:
    """Outputs of a failed step are excluded, and neither it nor its downstream steps have ended."""

    def body() -> None:
        first, _ = half()
        same(first)

    assert recorded(body) == RecordedOutputs({}, frozenset())


def test_a_step_that_was_tried_again() -> None:
    """Only the outputs of the last attempt are included, in order."""
    found = recorded(lambda: (cups().map(same), None)[1])

    assert list(found.outputs)[:2] == [("cups", "result", "try_1"), ("cups", "result", "b")]
    assert found.ended == {"cups", "same[try_1]", "same[b]"}


def test_every_output_that_came() -> None:
    """Outputs of failed attempts are included too, with whether their values were stored."""

    @job
    def j() -> None:
        half()
        silent()
        cups()

    events = j.execute_in_process(raise_on_error=False).all_events

    assert announced_outputs(events) == {
        ("cups", "result", "try_0"): True,
        ("cups", "result", "try_1"): True,
        ("cups", "result", "b"): True,
        ("half", "first", None): True,
        ("silent", "result", None): False,
    }


def test_no_events() -> None:
    """Without events there are no outputs."""
    assert recorded_outputs([]) == RecordedOutputs({}, frozenset())
