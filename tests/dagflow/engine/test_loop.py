"""Runs from the first to the last event: retries, early ends, picks, faults, given values."""

from __future__ import annotations

import gc
import os
import random

import pytest

from dagflow import (
    Backoff,
    CheckError,
    DagflowExecutionInterruptedError,
    DagflowInstance,
    DagflowInvariantViolationError,
    DagflowMaxRetriesExceededError,
    DagflowResourceFunctionError,
    Failure,
    Jitter,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    asset,
    graph,
    job,
    materialize,
    materialize_to_memory,
    observers,
    op,
    resource,
)
from dagflow.testing import VirtualClock, observe_runs, run_options


@op
def beans():
    return 1


@op
def brew(beans):
    return beans + 1


def flaky_op(failures, name="flaky", **options):
    """Return an op that fails this many times before it succeeds."""

    def body(context):
        if context.retry_number < failures:
            raise ValueError(f"attempt {context.retry_number}")
        return context.retry_number

    return op(name=name, **options)(body)


def run_on_a_clock(definition, **options):
    """Run a job on a virtual clock. Return the result and the delays."""
    with run_options(clock=VirtualClock(0)) as settings:
        result = definition.execute_in_process(**options)
    return result, settings.clock.sleeps


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        (None, [10, 10, 10, 10]),
        (Backoff.LINEAR, [10, 20, 30, 40]),
        (Backoff.EXPONENTIAL, [10, 30, 70, 150]),
    ],
)
def test_waits_grow_as_the_policy_says(backoff, waits):
    """The delays before the attempts follow the policy, and are in the events."""

    @job
    def j():
        flaky_op(4, retry_policy=RetryPolicy(max_retries=4, delay=10, backoff=backoff))()

    result, slept = run_on_a_clock(j)

    assert result.output_for_node("flaky") == 4
    assert slept == waits
    asked = [
        event.step_retry_data.seconds_to_wait for event in result.all_events if event.is_step_up_for_retry
    ]
    assert asked == waits


@pytest.mark.parametrize(("jitter", "low", "high"), [(Jitter.FULL, 0, 10), (Jitter.PLUS_MINUS, 0, 20)])
def test_a_jitter_keeps_within_its_bounds(jitter, low, high):
    """Jitter changes a delay within the bounds of the policy."""

    @job
    def j():
        flaky_op(8, retry_policy=RetryPolicy(max_retries=8, delay=10, jitter=jitter))()

    _, slept = run_on_a_clock(j)

    assert len(slept) == 8
    assert all(low <= seconds <= high for seconds in slept)


def test_the_chance_of_a_jitter_can_be_given():
    """The same seed gives the same delays, so a run with jitter can be repeated."""

    @job
    def j():
        flaky_op(3, retry_policy=RetryPolicy(max_retries=3, delay=10, jitter=Jitter.FULL))()

    def waits(seed):
        with run_options(random=random.Random(seed)):
            return run_on_a_clock(j)[1]

    assert waits(1) == waits(1) != waits(2)
    assert len(set(waits(1))) == 3


def test_a_policy_without_a_delay_waits_not_at_all():
    """The delay in the event is 0, and the message does not mention it."""

    @job
    def j():
        flaky_op(1, retry_policy=RetryPolicy())()

    result, slept = run_on_a_clock(j)

    (event,) = [event for event in result.all_events if event.is_step_up_for_retry]
    assert slept == []
    assert event.step_retry_data.seconds_to_wait == 0
    assert "seconds" not in event.message


def test_others_run_while_one_waits(steps):
    """Other steps run during the delay of a retry; the run sleeps if only retries are left."""

    @job
    def j():
        flaky_op(1, retry_policy=RetryPolicy(delay=60))()
        brew(beans.alias("z_beans")())

    result, slept = run_on_a_clock(j)

    starts = [event for event in result.all_events if event.is_step_start or event.is_step_restarted]
    assert steps(starts) == (
        "STEP_START[flaky] > STEP_START[z_beans] > STEP_START[brew] > STEP_RESTARTED[flaky]"
    )
    assert slept == [60]


def test_the_earliest_retry_comes_first(steps):
    """Of several pending retries the earliest runs first."""

    @job
    def j():
        flaky_op(1, "slow", retry_policy=RetryPolicy(delay=60))()
        flaky_op(1, "slower", retry_policy=RetryPolicy(delay=90))()
        flaky_op(2, "quick", retry_policy=RetryPolicy(2, delay=20))()

    result, slept = run_on_a_clock(j)

    restarts = [event for event in result.all_events if event.is_step_restarted]
    assert steps(restarts) == (
        "STEP_RESTARTED[quick] > STEP_RESTARTED[quick] > STEP_RESTARTED[slow] > STEP_RESTARTED[slower]"
    )
    assert slept == [20, 20, 20, 30]


def test_a_retry_stands_behind_those_that_are_ready(steps):
    """A retry without a delay runs after the steps that were ready before."""

    @job
    def j():
        flaky_op(1, "a", retry_policy=RetryPolicy())()
        beans.alias("b")()

    starts = [event for event in j.execute_in_process().all_events if "START" in event.event_type.name]
    assert steps(starts) == "STEP_START[a] > STEP_START[b] > STEP_RESTARTED[a]"


@pytest.mark.parametrize("most", [0, 1, 3])
def test_a_requested_retry_is_tried_as_often_as_it_says(most):
    """RetryRequested needs no policy; after the last retry the error names its maximum."""
    numbers = []

    @op
    def asks(context):
        numbers.append(context.retry_number)
        raise RetryRequested(most, 5) from ValueError("why")

    @job
    def j():
        asks()

    with pytest.raises(DagflowMaxRetriesExceededError, match=f"max_retries of {most} .*'asks'") as caught:
        run_on_a_clock(j)

    assert numbers == list(range(most + 1))
    assert "why" in str(caught.value)


@pytest.mark.parametrize(
    ("of_op", "of_node", "of_job", "attempts"),
    [(None, None, 1, 2), (2, None, 1, 3), (2, 3, 1, 4), (None, 3, None, 4), (None, None, None, 1)],
)
def test_which_policy_counts(of_op, of_node, of_job, attempts):
    """The policy of a node overrides that of the op, which overrides that of the job."""

    def policy(retries):
        return None if retries is None else RetryPolicy(max_retries=retries)

    never = flaky_op(99, retry_policy=policy(of_op))

    @job(op_retry_policy=policy(of_job))
    def j():
        (never if of_node is None else never.with_retry_policy(policy(of_node)))()

    result = j.execute_in_process(raise_on_error=False)

    assert result.retry_attempts_for_node("flaky") == attempts - 1


def test_a_failure_can_forbid_a_retry(job_of):
    """`Failure(allow_retries=False)` disables the retry policy."""

    def final():
        raise Failure("no", allow_retries=False)

    result = job_of(final, retry_policy=RetryPolicy()).execute_in_process(raise_on_error=False)

    assert result.retry_attempts_for_node("final") == 0
    assert result.failure_data_for_node("final").user_failure_data.description == "no"


def test_resources_are_not_made_again_for_a_retry():
    """All attempts of a run share the resources."""
    made = []

    @resource
    def mill():
        made.append(1)
        return made

    @job(resource_defs={"mill": mill})
    def j():
        flaky_op(2, retry_policy=RetryPolicy(2), required_resource_keys={"mill"})()

    assert j.execute_in_process().success
    assert made == [1]


class Outcome(BaseException):
    """The outcome of a test in a test runner, which is not an Exception."""


@pytest.mark.parametrize("raise_on_error", [True, False])
@pytest.mark.parametrize(
    "raised", [Outcome("over"), pytest.fail.Exception("failed"), pytest.skip.Exception("skip")]
)
def test_what_is_no_error_comes_out(raised, raise_on_error, sequence):
    """The outcome of a test ends the run at once, is always raised to the caller, and fails the run."""
    instance = DagflowInstance.ephemeral()

    @op
    def a_test():
        raise raised

    @job
    def j():
        a_test()
        beans()

    with pytest.raises(type(raised)) as caught:
        j.execute_in_process(instance=instance, raise_on_error=raise_on_error)

    assert caught.value is raised
    (run,) = instance.get_runs()
    events = [entry.dagflow_event for entry in instance.all_logs(run.run_id)]
    assert run.is_failure
    assert sequence(events[-3:]) == "STEP_START[a_test] > STEP_FAILURE[a_test] > RUN_FAILURE"
    assert events[-1].job_failure_data.error.cls_name == type(raised).__name__


def test_an_exit_is_a_failure_like_others(sequence):
    """SystemExit from an op fails its step; the other steps run, unless failures are raised."""

    @op
    def a_exits():
        raise SystemExit(3)

    @job
    def j():
        a_exits()
        beans()

    result = j.execute_in_process(raise_on_error=False)

    assert result.get_failed_step_keys() == {"a_exits"}
    assert result.is_node_success("beans")
    with pytest.raises(SystemExit):
        j.execute_in_process()


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, DagflowExecutionInterruptedError])
@pytest.mark.parametrize("place", ["start", "stop"])
@pytest.mark.parametrize("raise_on_error", [True, False])
def test_an_interrupt_in_a_resource(interrupt, place, raise_on_error):
    """An interrupt in a resource ends the run after all started resources are stopped."""
    stopped, seen = [], []

    @resource
    def first():
        yield 1
        stopped.append("first")

    @resource(required_resource_keys={"first"})
    def second(context):
        if place == "start":
            raise interrupt
        yield 2
        raise interrupt

    @op(required_resource_keys={"second"})
    def uses():
        pass

    @job(resource_defs={"first": first, "second": second})
    def j():
        uses()

    with observe_runs(seen.append):
        if raise_on_error:
            with pytest.raises(interrupt):
                j.execute_in_process()
        else:
            j.execute_in_process(raise_on_error=False)

    (result,) = seen
    assert stopped == ["first"]
    assert not result.success
    assert result.get_run_failure_event().job_failure_data.failure_reason.name == "UNEXPECTED_TERMINATION"


def test_a_resource_that_fails_ends_the_run(sequence):
    """The caller gets the wrapper with its cause; the run has the reason, and no failed step."""

    @resource
    def mill():
        raise ValueError("jammed")

    @op(required_resource_keys={"mill"})
    def grind():
        pass

    @job(resource_defs={"mill": mill})
    def j():
        grind()

    with pytest.raises(DagflowResourceFunctionError, match="'mill'") as caught:
        j.execute_in_process()
    assert isinstance(caught.value.__cause__, ValueError)

    result = j.execute_in_process(raise_on_error=False)
    data = result.get_run_failure_event().job_failure_data
    assert (data.failure_reason.name, data.first_step_failure_event) == ("RUN_EXCEPTION", None)
    assert data.error.cls_name == "DagflowResourceFunctionError"
    assert "exception was thrown" in result.get_run_failure_event().message


def test_an_error_of_dagflow_in_a_resource_is_not_wrapped():
    """An error of dagflow in a resource function is raised unchanged."""

    @resource
    def mill(context):
        raise DagflowInvariantViolationError("not so")

    @op(required_resource_keys={"mill"})
    def grind():
        pass

    @job(resource_defs={"mill": mill})
    def j():
        grind()

    with pytest.raises(DagflowInvariantViolationError, match="not so"):
        j.execute_in_process()
    assert not j.execute_in_process(raise_on_error=False).success


def test_all_failures_are_named_and_the_first_is_linked():
    """RUN_FAILURE has the failed steps in the order of their failures."""

    def fails():
        raise ValueError

    @job
    def j():
        op(name="b")(fails)()
        op(name="a")(fails)()

    event = j.execute_in_process(raise_on_error=False).get_run_failure_event()

    assert "['a', 'b']" in event.message
    assert event.job_failure_data.first_step_failure_event.step_key == "a"
    assert event.job_failure_data.failure_reason.name == "STEP_FAILURE"


@asset
def water():
    return 1


@asset
def tea(water):
    return water + 1


@pytest.mark.parametrize("fails", [False, True])
def test_files_go_away_with_the_result(fails, monkeypatch):
    """The temporary folder is removed with the last reference to the result or error."""
    folders = []

    @asset
    def notes(context, tea):
        folders.append(context.instance.root_directory)
        if fails:
            raise ValueError
        return tea

    monkeypatch.setattr(observers, "_run_observers", [])  # a test plugin may keep runs for its report
    gc.disable()
    try:
        if fails:
            with pytest.raises(ValueError) as caught:  # noqa: PT011 - any
                materialize([water, tea, notes])
            assert os.path.isdir(folders[0])
            del caught
        else:
            result = materialize([water, tea, notes])
            assert os.path.isdir(folders[0])
            del result

        assert not os.path.exists(folders[0])
    finally:
        gc.enable()


@pytest.mark.parametrize("seed", range(10))
def test_any_legal_order_gives_the_same(seed):
    """Any order of the ready steps has the same outputs, and runs every step once."""

    @graph
    def diamond():
        top = beans()
        brew.alias("join")(brew.alias("left")(top))
        brew.alias("right")(top)
        beans.alias("free")()

    picked = random.Random(seed)

    with run_options(pick=picked.choice):
        result = diamond.execute_in_process()

    starts = [event.step_key for event in result.all_events if event.is_step_start]
    assert sorted(starts) == ["beans", "free", "join", "left", "right"]
    assert starts.index("beans") < starts.index("left") < starts.index("join")
    assert [result.output_for_node(node) for node in ("join", "left", "right", "free")] == [3, 2, 2, 1]


def test_the_pick_sees_what_is_ready_in_its_usual_order():
    """The `pick` function gets the keys of the ready steps in the default order."""
    seen = []

    def last(keys):
        seen.append(list(keys))
        return keys[-1]

    @job
    def j():
        brew(beans.alias("a")())
        beans.alias("b")()

    with run_options(pick=last):
        assert j.execute_in_process().success

    assert seen == [["a", "b"], ["a"], ["brew"]]


def test_a_pick_that_is_not_ready_is_refused():
    """The error names the picked key and the ready steps."""

    @job
    def j():
        beans()

    with run_options(pick=lambda keys: "tea"), pytest.raises(CheckError, match=r"'tea'.*\['beans'\]"):
        j.execute_in_process(raise_on_error=False)


def test_a_fault_fails_an_attempt():
    """A fault acts as a failure of the step and is retried like one."""

    def fault(step_key, attempt):
        if step_key == "brew" and attempt == 1:
            raise RetryRequested(1)

    @job
    def j():
        brew(beans())

    with run_options(faults=fault):
        result = j.execute_in_process()

    assert result.retry_attempts_for_node("brew") == 1
    assert result.output_for_node("brew") == 2


def test_a_fault_can_be_final():
    """The exception of a fault is the failure of the step."""

    def fault(step_key, attempt):
        raise OSError(f"{step_key} {attempt}")

    @job
    def j():
        brew(beans())

    with run_options(faults=fault):
        result = j.execute_in_process(raise_on_error=False)
        with pytest.raises(OSError, match="beans 1"):
            j.execute_in_process()

    assert result.get_failed_step_keys() == {"beans"}
    assert result.is_node_untouched("brew")


@pytest.mark.parametrize("key", ["beans", ("beans", "result")])
def test_a_given_value_stands_for_its_step(key, steps):
    """A step with a given output has no events; its readers check the value and load nothing."""

    @job
    def j():
        brew(beans())

    with run_options(given={key: 41}):
        result = j.execute_in_process()

    assert steps(result) == (
        "STEP_START[brew] > STEP_INPUT[brew] > STEP_OUTPUT[brew] > HANDLED_OUTPUT[brew] > STEP_SUCCESS[brew]"
    )
    assert result.output_for_node("brew") == 42
    assert result.is_node_untouched("beans")
    assert dict(result.given) == {("beans", "result", None): 41}


def test_a_given_asset(steps):
    """A given value can be named by the asset key."""
    with run_options(given={water.key: 41}):
        result = materialize_to_memory([water, tea])

    assert result.asset_value("tea") == 42
    assert result.asset_value("water") == 41
    assert [one.asset_key for one in result.asset_materializations_for_node("tea")] == [tea.key]


def test_one_of_two_outputs_is_given(steps):
    """A step with only some given outputs runs; downstream steps read the given value."""

    @op(out={"hot": Out(), "cold": Out()})
    def pick():
        yield Output(1, "hot")
        yield Output(2, "cold")

    @job
    def j():
        hot, cold = pick()
        brew.alias("a")(hot)
        brew.alias("b")(cold)

    with run_options(given={("pick", "hot"): 10}):
        result = j.execute_in_process()

    assert [result.output_for_node(node) for node in ("a", "b")] == [11, 3]
    assert steps(result.events_for_node("a")[:2]) == "STEP_START[a] > STEP_INPUT[a]"


def test_a_run_inside_a_run():
    """An op can start a run; the runs are independent, and errors keep their class."""

    @op
    def outer():
        return materialize_to_memory([water, tea]).asset_value("tea")

    @job
    def j():
        brew(outer())

    result = j.execute_in_process()

    assert result.output_for_node("brew") == 3
    assert {event.run_id for event in result.all_events} == {result.run_id}
    assert {event.step_key for event in result.all_events} == {None, "outer", "brew"}


def test_the_failure_of_a_run_inside_a_run():
    """The inner error is the failure of the outer step, unchanged."""

    @resource
    def mill():
        raise ValueError

    @op(required_resource_keys={"mill"})
    def grind():
        pass

    @job(resource_defs={"mill": mill})
    def inner():
        grind()

    @job
    def outer():
        op(name="starts")(lambda: inner.execute_in_process())()

    with pytest.raises(DagflowResourceFunctionError, match="'mill'"):
        outer.execute_in_process()
    result = outer.execute_in_process(raise_on_error=False)
    assert result.failure_data_for_node("starts").error.cls_name == "DagflowResourceFunctionError"
