"""The waits of a run for its next retry: their order, and the messages about them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dagflow import Backoff, Failure, RetryPolicy, RetryRequested, job, op
from dagflow.options import notify_on_stderr
from dagflow.testing import (
    SkippingClock,
    SystemClock,
    VirtualClock,
    default_options,
    observe_runs,
    run_options,
)


class FakeSystemClock(SystemClock):
    """A clock that the engine cannot tell from the system clock, except by its type."""


def retried_steps(result: Any) -> list[str]:
    return [event.step_key for event in result.all_events if event.event_type_value == "STEP_RESTARTED"]


@pytest.mark.parametrize("clock_class", [SkippingClock, VirtualClock])
def test_skipped_time_counts_for_the_order_of_retries(clock_class: Any) -> None:
    """A retry of which more time was skipped is not overtaken by one that is due later."""

    @op(retry_policy=RetryPolicy(max_retries=2, delay=20))
    def often(context):
        if context.retry_number < 2:
            raise ValueError

    @op(retry_policy=RetryPolicy(max_retries=1, delay=30))
    def once(context):
        if context.retry_number < 1:
            raise ValueError

    @job
    def both():
        often()
        once()

    clock = clock_class()
    with run_options(clock=clock):
        result = both.execute_in_process()

    assert retried_steps(result) == ["often", "once", "often"]
    assert [round(seconds) for seconds in clock.sleeps] == [20, 10, 10]


def test_the_waits_of_a_clock_stay_in_their_process() -> None:
    """A copy in another process counts its own waits."""
    clock = SkippingClock()
    clock.sleep(5)

    assert pickle.loads(pickle.dumps(clock)).sleeps == []


def test_a_default_clock_skips_waits_everywhere() -> None:
    """Runs inside runs use the default clock as well, and their timestamps are real."""

    @op(retry_policy=RetryPolicy(max_retries=1, delay=1000))
    def inner(context):
        if context.retry_number == 0:
            raise ValueError

    @job
    def inside():
        inner()

    @op
    def outer():
        inside.execute_in_process()

    @job
    def outside():
        outer()

    clock = SkippingClock()
    with default_options(clock=clock):
        events = outside.execute_in_process().all_events

    assert [round(seconds) for seconds in clock.sleeps] == [1000]
    assert events[-1].timestamp - events[0].timestamp < 60


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ValueError("no\nanswer"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (Failure("no answer"), "no answer"),
        (RetryRequested(1, seconds_to_wait=2.5), "RetryRequested"),
        (ValueError("x" * 999), "xxx..."),
    ],
)
def test_a_long_wait_is_shown(monkeypatch: pytest.MonkeyPatch, error: Exception, shown: str) -> None:
    """A real wait of more than a second is shown when it begins: step, seconds, attempt and error."""
    told: list[str] = []
    clock = SystemClock()
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    @op(retry_policy=RetryPolicy(max_retries=1, delay=2.5))
    def slow(context):
        if context.retry_number == 0:
            raise error

    @job
    def patient():
        slow()

    with default_options(notify=told.append), run_options(clock=clock):
        patient.execute_in_process()

    (text,) = told
    assert text.startswith("step 'slow' waits 2.5 s for its attempt 2, after ")
    assert shown in text
    assert "dagflow." not in text  # the module of a class


def test_a_short_or_a_skipped_wait_is_not_shown() -> None:
    """A wait of at most a second, or one that takes no time, is not shown."""
    told: list[str] = []

    @op(retry_policy=RetryPolicy(max_retries=2, delay=0.001, backoff=Backoff.LINEAR))
    def quick(context):
        if context.retry_number < 2:
            raise ValueError

    @job
    def patient():
        quick()

    with default_options(notify=told.append):
        with run_options(clock=SystemClock()):
            patient.execute_in_process()
        with run_options(clock=VirtualClock(0)):
            patient.execute_in_process()

    assert told == []


def test_a_wait_is_shown_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a test tool the message goes to stderr."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    @op(retry_policy=RetryPolicy(max_retries=1, delay=30))
    def slow(context):
        if context.retry_number == 0:
            raise OSError("no answer")

    @job
    def patient():
        slow()

    with default_options(notify=notify_on_stderr), run_options(clock=SystemClock()):
        patient.execute_in_process()

    shown = capsys.readouterr().err
    assert shown == "dagflow: step 'slow' waits 30 s for its attempt 2, after OSError: no answer\n"


@pytest.mark.parametrize("raises", [True, False])
def test_an_interrupted_wait_is_named(raises: bool) -> None:
    """After an interrupt the run says which step waited, for how long and after which error."""

    class Interrupted(VirtualClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    @op(retry_policy=RetryPolicy(max_retries=1, delay=30))
    def slow():
        raise OSError("no answer")

    @job
    def patient():
        slow()

    expected = (
        "the run was interrupted while step 'slow' waited 30 s for its attempt 2, after OSError: no answer"
    )
    seen: list[Any] = []
    with run_options(clock=Interrupted(0)), observe_runs(seen.append):
        if raises:
            with pytest.raises(KeyboardInterrupt, match=expected):
                patient.execute_in_process()
        else:
            patient.execute_in_process(raise_on_error=False)

    assert expected in seen[0].get_run_failure_event().job_failure_data.error.message
