"""Failures of steps: the recorded error, its source, the raised exception and retries."""

from __future__ import annotations

import asyncio

import pytest

from dagflow import (
    DagflowInstance,
    DagflowInvariantViolationError,
    DagflowMaxRetriesExceededError,
    DagflowResourceFunctionError,
    DagflowStepOutputNotFoundError,
    DagflowType,
    DagflowTypeCheckDidNotPass,
    Failure,
    In,
    IOManager,
    MetadataValue,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    TypeCheck,
    failure_hook,
    in_process_executor,
    job,
    op,
    resource,
    success_hook,
)
from dagflow.testing import canonical_events, observe
from pytest_dagflow import assert_failed


def failure_of(fn, **options):
    """Run a function as an op. Return the data of its failure, and the exception with raise_on_error."""

    @op(name="brew", **options)
    def brew():
        return fn()

    @job
    def j():
        brew()

    result = j.execute_in_process(raise_on_error=False)
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - the test looks at it
        j.execute_in_process()
    return result.failure_data_for_node("brew"), caught.value


def raising(error):
    """Return a function that raises this error."""

    def fn():
        raise error

    return fn


def test_an_error_of_the_user():
    """Recorded in a wrapper with its cause; the caller gets the very error."""
    error = ValueError("spilt")
    data, raised = failure_of(raising(error))

    assert raised is error
    assert data.error.cls_name == "DagflowExecutionStepExecutionError"
    assert (data.error.cause.cls_name, data.error.cause.message) == ("ValueError", "ValueError: spilt\n")
    assert any("raise error" in line for line in data.error.cause.stack)
    assert data.error_source.name == "USER_CODE_ERROR"
    assert data.user_failure_data is None


def test_a_failure_on_purpose():
    """A `Failure` is recorded without a wrapper, with its description and metadata."""
    failure = Failure("spilt", metadata={"cups": 3})
    data, raised = failure_of(raising(failure))

    assert raised is failure
    assert (data.error.cls_name, data.error_source.name) == ("Failure", "FRAMEWORK_ERROR")
    said = data.user_failure_data
    assert (said.label, said.description) == ("intentional-failure", "spilt")
    assert said.metadata["cups"].value == 3


@pytest.mark.parametrize(
    ("fn", "options", "error"),
    [
        (lambda: "x", {"out": Out(int)}, DagflowTypeCheckDidNotPass),
        (lambda: 1, {"out": {"a": Out(), "b": Out()}}, DagflowInvariantViolationError),
        (lambda: (Output(1) for _ in ()), {}, DagflowStepOutputNotFoundError),
        (raising(DagflowInvariantViolationError("so")), {}, DagflowInvariantViolationError),
    ],
)
def test_errors_of_the_framework(fn, options, error):
    """Framework errors are recorded and raised without a wrapper, and never retried."""
    data, raised = failure_of(fn, retry_policy=RetryPolicy(3), **options)

    assert type(raised) is error
    assert data.error.cls_name == error.__name__
    assert data.error_source.name == "FRAMEWORK_ERROR"


@pytest.mark.parametrize("error", [ValueError("spilt"), Failure("spilt")])
def test_retries_of_a_policy_that_are_used_up(error):
    """The last error is the cause of the recorded error; the raised error has the number of retries."""
    data, raised = failure_of(raising(error), retry_policy=RetryPolicy(2))

    assert data.error.cls_name == "RetryRequestedFromPolicy"
    assert "max_retries of 2" in data.error.message
    assert data.error.cause.cls_name == type(error).__name__
    assert data.error_source.name == "USER_CODE_ERROR"
    assert (data.user_failure_data is not None) == isinstance(error, Failure)
    assert isinstance(raised, DagflowMaxRetriesExceededError)
    assert raised.__cause__ is error
    assert all(text in str(raised) for text in ("'brew'", "max_retries of 2", "spilt"))
    assert raised.user_code_process_error_infos[0].cls_name == type(error).__name__


def test_the_message_about_used_up_retries_has_the_frames_of_the_user_only():
    """The message has the lines of the user's code and no frame of dagflow, also of the causes."""

    def body():
        try:
            raise KeyError("beans")
        except KeyError as error:
            raise ValueError("spilt") from error

    _, raised = failure_of(body, retry_policy=RetryPolicy(1))

    frames = [line for line in str(raised).splitlines() if line.startswith('  File "')]
    assert len(frames) == 3
    assert {line.partition('", line ')[0] for line in frames} == {f'  File "{__file__}'}


def test_requested_retries_that_are_used_up():
    """The request is in the recorded error; the caller gets DagflowMaxRetriesExceededError."""
    data, raised = failure_of(raising(RetryRequested(0)))

    assert (data.error.cls_name, data.error.cause) == ("RetryRequested", None)
    assert isinstance(raised, DagflowMaxRetriesExceededError)
    assert raised.user_code_process_error_infos[0].cls_name == "RetryRequested"


def test_what_a_retry_says():
    """STEP_UP_FOR_RETRY has the error, its cause and the delay."""

    @op(retry_policy=RetryPolicy(delay=0))
    def flaky(context):
        if context.retry_number == 0:
            raise ValueError("spilt")

    @op
    def asks(context):
        if context.retry_number == 0:
            raise RetryRequested() from KeyError("why")

    @job
    def j():
        flaky()
        asks()

    events = [event for event in j.execute_in_process().all_events if event.is_step_up_for_retry]
    data = {event.step_key: event.step_retry_data for event in events}
    assert (data["flaky"].error.cls_name, data["flaky"].seconds_to_wait) == ("RetryRequestedFromPolicy", 0)
    assert data["flaky"].error.cause.cls_name == "ValueError"
    assert (data["asks"].error.cls_name, data["asks"].seconds_to_wait) == ("RetryRequested", None)
    assert data["asks"].error.cause.cls_name == "KeyError"


EXITS = [SystemExit, asyncio.CancelledError, GeneratorExit]


@pytest.mark.parametrize("exit_class", EXITS)
def test_an_exit_is_a_failed_step(exit_class):
    """An exit or a cancellation in an op fails its step and nothing else; a policy does not retry it."""

    @op(retry_policy=RetryPolicy(max_retries=1))
    def leaves():
        raise exit_class

    @op
    def beans():
        return 1

    @job
    def j():
        leaves()
        beans()

    result = j.execute_in_process(raise_on_error=False)

    assert result.get_failed_step_keys() == {"leaves"}
    assert result.is_node_success("beans")
    with pytest.raises(exit_class):
        j.execute_in_process()


def test_a_canceled_async_op_is_a_failed_step():
    """An async op whose task is canceled fails; with raise_on_error the caller gets the cancellation."""

    @op
    async def canceled():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    @job
    def j():
        canceled()

    result = j.execute_in_process(raise_on_error=False)

    assert result.failure_data_for_node("canceled").error.cls_name == "CancelledError"
    with pytest.raises(asyncio.CancelledError):
        j.execute_in_process()


@pytest.mark.parametrize("exit_class", EXITS)
@pytest.mark.parametrize("place", ["start", "stop", "hook", "handle_output", "type"])
def test_an_exit_outside_of_a_body_fails_the_run(exit_class, place):
    """An exit in a resource, hook, I/O manager or type check fails the run; it is raised only if wanted."""

    def leave_in(here):
        if here == place:
            raise exit_class
        return True

    @resource
    def thing():
        leave_in("start")
        yield 1
        leave_in("stop")

    @success_hook
    def cheer(_):
        leave_in("hook")

    class Storing(IOManager):
        def handle_output(self, context, value):
            leave_in("handle_output")

        def load_input(self, context):
            """Load nothing: no step reads an output."""

    @op(required_resource_keys={"thing"}, out=Out(DagflowType(lambda _, value: leave_in("type"), "Cup")))
    def brew():
        return 1

    @job(resource_defs={"thing": thing, "io_manager": Storing()}, hooks={cheer})
    def j():
        brew()

    assert not j.execute_in_process(raise_on_error=False).success
    with pytest.raises(exit_class):
        j.execute_in_process()


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, ValueError])
def test_an_observer_is_always_heard(raised):
    """The exception of an observer is raised, whatever its type and although the run does not raise."""

    @op
    def brew():
        return 1

    @job
    def j():
        brew()

    def refuse(event):
        raise raised

    with observe(refuse), pytest.raises(raised):
        j.execute_in_process(raise_on_error=False)


@pytest.mark.parametrize(
    ("error", "source"), [(KeyboardInterrupt, "INTERRUPT"), *((kind, "UNEXPECTED_ERROR") for kind in EXITS)]
)
def test_what_is_no_error_of_the_code(error, source):
    """An interrupt has the source INTERRUPT; an exit is an unexpected error."""
    data, raised = failure_of(raising(error()))

    assert (data.error.cls_name, data.error_source.name) == (error.__name__, source)
    assert type(raised) is error


def check_raises(_, value):
    raise LookupError("check")


def check_fails_on_purpose(_, value):
    raise Failure("check")


def check_breaks_a_rule(_, value):
    raise DagflowInvariantViolationError("check")


@pytest.mark.parametrize(
    ("check", "recorded", "raised"),
    [
        (check_raises, "DagflowTypeCheckError", LookupError),
        (check_fails_on_purpose, "DagflowTypeCheckError", Failure),
        (check_breaks_a_rule, "DagflowInvariantViolationError", DagflowInvariantViolationError),
    ],
)
@pytest.mark.parametrize("place", ["input", "output"])
def test_a_type_check_that_raises(check, recorded, raised, place):
    """The caller gets the error of the check; the event names the type and the checked value."""
    kind = DagflowType(check, "Cup")

    @op(out=Out(kind) if place == "output" else Out())
    def beans():
        return 1

    @op(ins={"n": In(kind) if place == "input" else In()})
    def brew(n):
        return n

    @job
    def j():
        brew(beans())

    with pytest.raises(raised, match="check"):
        j.execute_in_process()
    node, name = ("brew", "input 'n'") if place == "input" else ("beans", "output 'result'")
    error = j.execute_in_process(raise_on_error=False).failure_data_for_node(node).error
    assert error.cls_name == recorded
    if recorded == "DagflowTypeCheckError":
        assert all(text in error.message for text in (name, "'Cup'", f"'{node}'"))


def test_what_a_type_check_says():
    """Description and metadata of the check are in the event and in the error."""

    def check(_, value):
        return TypeCheck(False, description="too hot", metadata={"degrees": 99})

    @op(out=Out(DagflowType(check, "Cup")))
    def brew():
        return 1

    @job
    def j():
        brew()

    with pytest.raises(DagflowTypeCheckDidNotPass, match=r"\"result\".*\"Cup\".*too hot.*'brew'") as caught:
        j.execute_in_process()
    assert caught.value.metadata["degrees"].value == 99
    assert caught.value.dagflow_type.display_name == "Cup"
    (event,) = [
        event for event in j.execute_in_process(raise_on_error=False).all_events if event.is_successful_output
    ]
    data = event.step_output_data.type_check_data
    assert (data.success, data.description, data.metadata["degrees"].value) == (False, "too hot", 99)


def test_a_resource_of_a_run_inside_keeps_its_wrapper():
    """The outer caller gets the wrapper of the inner run, also after a retry."""
    error = DagflowResourceFunctionError("'mill'", user_exception=ValueError())

    data, raised = failure_of(raising(error))
    assert raised is error
    assert data.error.cls_name == "DagflowResourceFunctionError"
    _, raised = failure_of(raising(error), retry_policy=RetryPolicy(1))
    assert raised.__cause__ is error


def seen_by_hooks(fn, executor_def=None, **options):
    """Run a function as an op with a failure hook. Return the errors that the hook gets, and the result."""
    seen = []

    @failure_hook
    def watch(context):
        seen.append(context.op_exception)

    @op(name="brew", **options)
    def brew():
        return fn()

    @job(hooks={watch}, executor_def=executor_def)
    def j():
        brew()

    return seen, j.execute_in_process(raise_on_error=False), j


def requesting(error, cls=RetryRequested):
    """Return a function that asks for one retry because of this error."""

    def fn():
        raise cls(max_retries=1) from error

    return fn


class Later(RetryRequested):
    """A request for a retry of the user's own class."""


@pytest.mark.parametrize("cls", [RetryRequested, Later])
def test_the_users_own_error_after_the_last_retry(cls):
    """The hook, the events, the assertions and the caller get the error for which a retry was requested."""
    error = ValueError("spilt")
    seen, result, j = seen_by_hooks(requesting(error, cls))

    assert seen == [error]
    failures = [facts["error"] for facts in canonical_events(result) if facts["type"] == "STEP_FAILURE"]
    assert failures == ["ValueError"]
    assert_failed(result, "brew", ValueError, match="spilt")
    with pytest.raises(DagflowMaxRetriesExceededError) as caught:
        j.execute_in_process()
    assert caught.value.__cause__ is error


def test_the_users_own_error_if_retries_are_disabled():
    """The hook gets the error for which a retry was requested, not the request."""
    error = ValueError("spilt")
    seen, result, _ = seen_by_hooks(
        requesting(error), in_process_executor.configured({"retries": {"disabled": {}}})
    )

    assert seen == [error]
    assert_failed(result, "brew", ValueError)


def test_a_request_without_a_cause_is_the_users_own_error():
    """The hook gets the request itself, if the user gave no error with it."""
    request = RetryRequested(max_retries=0)
    seen, result, _ = seen_by_hooks(raising(request))

    assert seen == [request]
    assert_failed(result, "brew", RetryRequested)


def test_the_users_own_error_of_a_run_inside():
    """The hook gets the error inside the wrapper that an inner run has raised."""
    error = ValueError("spilt")
    seen, *_ = seen_by_hooks(raising(DagflowResourceFunctionError("'mill'", user_exception=error)))

    assert seen == [error]


@pytest.mark.parametrize("options", [{}, {"retry_policy": RetryPolicy(1)}])
@pytest.mark.parametrize("way", ["given", "assigned", "added"])
def test_a_hook_reads_the_metadata_of_a_failure(way, options):
    """The metadata of a Failure are metadata values, in the hook and in the event, however they were set."""
    failure = Failure("spilt", metadata={"why": "no lid"} if way == "given" else {"cup": 1})
    if way == "assigned":
        failure.metadata = {"why": "no lid"}
    elif way == "added":
        failure.metadata["why"] = "no lid"
    seen, result, _ = seen_by_hooks(raising(failure), **options)

    assert seen == [failure]
    assert seen[0].metadata["why"] == MetadataValue.text("no lid")
    assert result.failure_data_for_node("brew").user_failure_data.metadata["why"].value == "no lid"


def test_metadata_of_a_failure_that_is_invalid():
    """A value that metadata cannot hold is recorded as its string, if it was put into the dict later."""
    failure = Failure("spilt")
    failure.metadata["cup"] = range(3)
    seen, result, _ = seen_by_hooks(raising(failure))

    assert seen[0].metadata["cup"] == MetadataValue.text("range(0, 3)")
    assert result.failure_data_for_node("brew").error.cls_name == "Failure"


def test_a_long_chain_of_causes_is_stored(tmp_path):
    """A step whose error has 1,000 causes is a failed step, also in a stored instance."""

    def fn():
        error = None
        for number in range(1000):
            cause, error = error, ValueError(number)
            error.__cause__ = cause
        raise error

    @op
    def brew():
        fn()

    @job
    def j():
        brew()

    with DagflowInstance.local_temp(tmp_path) as instance:
        result = j.execute_in_process(raise_on_error=False, instance=instance)
        (stored,) = [
            record.dagflow_event.event_specific_data.error
            for record in instance.all_logs(result.run_id)
            if record.dagflow_event and record.dagflow_event.is_step_failure
        ]
    assert "ValueError: 999\n" in stored.to_string()
    assert "ValueError: 0\n" in stored.to_string()


def test_errors_of_loading_are_retried():
    """A retry policy also covers errors of I/O managers and type loaders."""
    calls = []

    class Flaky(IOManager):
        def handle_output(self, context, obj):
            pass

        def load_input(self, context):
            calls.append(context.name)
            raise OSError("lost")

    @op
    def beans():
        return 1

    @op(retry_policy=RetryPolicy(1))
    def brew(beans):
        return beans

    @job(resource_defs={"io_manager": Flaky()})
    def j():
        brew(beans())

    with pytest.raises(DagflowMaxRetriesExceededError, match="lost"):
        j.execute_in_process()
    assert calls == ["beans", "beans"]


def test_a_value_that_was_refused_can_be_read():
    """The result has the value of an output even if its type check or its I/O manager failed."""

    class Full(IOManager):
        def handle_output(self, context, obj):
            raise OSError("full")

        def load_input(self, context):
            raise AssertionError("nothing was stored")

    @op(out={"word": Out(int), "three": Out()})
    def both():
        return "word", 3

    @op
    def three():
        return 3

    @job(resource_defs={"io_manager": Full()})
    def j():
        both()
        three()

    result = j.execute_in_process(raise_on_error=False)
    assert (result.output_for_node("both", "word"), result.output_for_node("three")) == ("word", 3)
