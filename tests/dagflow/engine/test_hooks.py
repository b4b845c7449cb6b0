"""Hooks in runs: when they are called, the attributes of their contexts, and their errors."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetMaterialization,
    CheckError,
    DagflowInstance,
    DynamicOut,
    DynamicOutput,
    Failure,
    HookExecutionResult,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    asset,
    event_list_hook,
    failure_hook,
    get_dagflow_logger,
    graph,
    job,
    materialize_to_memory,
    op,
    success_hook,
)
from dagflow.testing import VirtualClock, run_options


@op
def beans():
    return 2


@op
def brew(beans):
    return beans


@op
def spill():
    raise ValueError("spilt")


@success_hook
def cheer(context):
    """Do nothing."""


@failure_hook
def nay(context):
    """Do nothing."""


@success_hook
def broken(context):
    raise ValueError("boo")


def seen_by(decorator, **options):
    """Return a hook, and its calls by step key."""
    seen = {}

    @decorator(**options)
    def watch(context):
        seen[context.step_key] = context

    return watch, seen


def flaky(failures, **options):
    """Return an op that fails this many times before it succeeds."""

    @op(name="flaky", **options)
    def fn(context):
        if context.retry_number < failures:
            raise ValueError(context.retry_number)

    return fn


def test_s15_a_hook_that_raises_and_a_hook_of_a_failure(sequence):
    """A hook that raises fails nothing; the hook of a failure is called when the run goes on."""

    @job
    def j():
        beans.with_hooks({broken})()
        spill.with_hooks({nay})()

    result = j.execute_in_process(raise_on_error=False)
    assert sequence(result) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED > RESOURCE_INIT_SUCCESS > LOGS_CAPTURED > "
        "STEP_START[beans] > STEP_OUTPUT[beans] > HANDLED_OUTPUT[beans] > STEP_SUCCESS[beans] > "
        "HOOK_ERRORED[beans] > STEP_START[spill] > STEP_FAILURE[spill] > HOOK_COMPLETED[spill] > "
        "ENGINE_EVENT > RUN_FAILURE"
    )
    (errored,) = (event for event in result.all_events if event.event_type_value == "HOOK_ERRORED")
    assert errored.message is None
    assert errored.hook_errored_data.error.cls_name == "ValueError"
    assert errored.hook_errored_data.error.message == "ValueError: boo\n"


def test_s16_hooks_after_a_retried_attempt(sequence):
    """An attempt that is retried calls neither kind of hook."""

    @job(hooks={nay})
    def j():
        flaky(1, retry_policy=RetryPolicy(max_retries=1))()

    assert sequence(j.execute_in_process()) == (
        "RUN_START > ENGINE_EVENT > RESOURCE_INIT_STARTED[flaky] > RESOURCE_INIT_SUCCESS[flaky] > "
        "LOGS_CAPTURED > STEP_START[flaky] > STEP_UP_FOR_RETRY[flaky] > HOOK_SKIPPED[flaky] > "
        "STEP_RESTARTED[flaky] > STEP_OUTPUT[flaky] > HANDLED_OUTPUT[flaky] > STEP_SUCCESS[flaky] > "
        "HOOK_SKIPPED[flaky] > ENGINE_EVENT > RUN_SUCCESS"
    )


def test_hooks_come_by_name_after_the_skips_of_a_step(steps):
    """The hooks of a step are called by name, after its downstream steps are skipped or blocked."""

    @op(out={"hot": Out(is_required=False), "cold": Out(is_required=False)})
    def pick():
        yield Output(1, "hot")

    @job(hooks={nay, cheer})
    def j():
        _, cold = pick()
        brew(brew.alias("first")(cold))

    result = j.execute_in_process()
    assert steps(result) == (
        "STEP_START[pick] > STEP_OUTPUT[pick] > HANDLED_OUTPUT[pick] > STEP_SUCCESS[pick] > "
        "STEP_SKIPPED[first] > STEP_SKIPPED[brew] > HOOK_COMPLETED[pick] > HOOK_SKIPPED[pick]"
    )
    messages = [event.message for event in result.all_events if event.is_hook_event]
    assert '"cheer"' in messages[0]
    assert '"pick"' in messages[0]
    assert '"nay"' in messages[1]
    assert '"pick"' in messages[1]


def test_steps_that_do_not_run_have_no_hooks_but_a_line(steps):
    """A blocked step has no event and no hook, but a line in the log of the instance."""

    @job(hooks={cheer})
    def j():
        brew.alias("last")(brew(spill()))

    instance = DagflowInstance.ephemeral()
    result = j.execute_in_process(raise_on_error=False, instance=instance)
    assert steps(result) == "STEP_START[spill] > STEP_FAILURE[spill] > HOOK_SKIPPED[spill]"

    log = instance.all_logs(result.run_id)
    lines = [entry for entry in log if entry.dagflow_event is None]
    assert [(line.step_key, line.level) for line in lines] == [("brew", 40), ("last", 40)]
    assert "'brew' is not executed" in lines[0].message
    assert "['spill']" in lines[0].message
    assert "['brew']" in lines[1].message
    before = [entry.dagflow_event.event_type_value for entry in log[: log.index(lines[0])]]
    assert before[-1] == "STEP_FAILURE"


def test_a_raised_failure_ends_the_run_before_its_hooks(steps):
    """With raise_on_error no hook is called after the failure."""

    @job(hooks={nay})
    def j():
        spill()

    instance = DagflowInstance.ephemeral()
    with pytest.raises(ValueError, match="spilt"):
        j.execute_in_process(instance=instance)

    (run,) = instance.get_runs()
    events = [entry.dagflow_event for entry in instance.all_logs(run.run_id)]
    assert steps(events) == "STEP_START[spill] > STEP_FAILURE[spill]"


def test_other_steps_run_while_one_waits_for_its_retry(steps):
    """The hooks of an attempt do not wait for the next attempt."""

    @job(hooks={cheer})
    def j():
        flaky(1, retry_policy=RetryPolicy(delay=5))()
        spare = beans.alias("spare")
        spare()

    with run_options(clock=VirtualClock(0)):
        found = steps(j.execute_in_process())

    assert found.split(" > STEP_RESTARTED")[0] == (
        "STEP_START[flaky] > STEP_UP_FOR_RETRY[flaky] > HOOK_SKIPPED[flaky] > STEP_START[spare] > "
        "STEP_OUTPUT[spare] > HANDLED_OUTPUT[spare] > STEP_SUCCESS[spare] > HOOK_COMPLETED[spare]"
    )


def test_mapped_steps_have_the_hooks_of_their_node(steps):
    """A hook is called for each mapping key."""
    watch, seen = seen_by(success_hook)

    @op(out=DynamicOut())
    def cups():
        yield DynamicOutput(1, "a", metadata={"size": 1})
        yield DynamicOutput(2, "b")

    @job(hooks={watch})
    def j():
        cups().map(brew)

    j.execute_in_process()
    assert list(seen) == ["cups", "brew[a]", "brew[b]"]
    assert seen["cups"].op_output_values == {"result": {"a": 1, "b": 2}}
    assert seen["cups"].op_output_metadata["result"]["a"]["size"].value == 1
    assert seen["cups"].op_output_metadata["result"]["b"] == {}
    assert seen["brew[b]"].op_output_values == {"result": 2}


def test_hooks_add_up():
    """The hooks of the job, of the enclosing graphs and of the node itself are called, each once."""
    called = []

    def noting(name):
        return success_hook(name=name)(lambda context: called.append((name, context.step_key)))

    all_over, inside, own = noting("all_over"), noting("inside"), noting("own")

    @graph
    def inner():
        beans.with_hooks({own, all_over})()

    @all_over
    @job
    def j():
        inner.with_hooks({inside})()
        beans.alias("outside")()

    j.execute_in_process()
    assert sorted(called) == [
        ("all_over", "inner.beans"),
        ("all_over", "outside"),
        ("inside", "inner.beans"),
        ("own", "inner.beans"),
    ]


def test_hooks_of_assets():
    """The hooks of an asset are called; the output without a value is None."""
    watch, seen = seen_by(success_hook)

    @asset(hooks={watch})
    def water():
        return 1

    @asset(hooks={watch})
    def note(water) -> None:
        pass

    @asset
    def other():
        return 3

    materialize_to_memory([water, note, other])
    assert {key: dict(context.op_output_values) for key, context in seen.items()} == {
        "water": {"result": 1},
        "note": {"result": None},
    }


def test_what_a_hook_knows():
    """Every attribute of the context of a hook has its value in a run."""
    watch, seen = seen_by(success_hook, required_resource_keys={"cup"})

    @op(config_schema={"grams": [int]}, required_resource_keys={"mill"})
    def grind(context):
        context.add_output_metadata({"kind": "fine"})
        return 5

    @job(hooks={watch}, resource_defs={"cup": "blue", "mill": object()})
    def cafe():
        grind.alias("first")()

    instance = DagflowInstance.ephemeral()
    config = {"ops": {"first": {"config": {"grams": [18]}}}}
    result = cafe.execute_in_process(config, instance=instance)
    context = seen["first"]

    assert (context.job_name, context.run_id, context.step_key) == ("cafe", result.run_id, "first")
    assert context.op.name == "first"
    assert context.op_config == {"grams": [18]}
    assert context.hook_def is watch
    assert context.required_resource_keys == {"cup"}
    assert context.resources._asdict() == {"cup": "blue"}
    assert context.op_exception is None
    assert context.op_output_values == {"result": 5}
    assert context.op_output_metadata["result"]["kind"].value == "fine"
    assert context.instance is instance
    context.log.info("seen")
    last = instance.all_logs(result.run_id)[-1]
    assert (last.step_key, last.message) == ("first", "seen")


def test_what_a_hook_logs_belongs_to_its_step():
    """Log lines of a hook have its step, even if other steps were skipped or blocked before."""

    @failure_hook
    def tell(context):
        context.log.info("by context")
        get_dagflow_logger().info("by name")

    @job(hooks={tell})
    def j():
        brew(spill())

    instance = DagflowInstance.ephemeral()
    result = j.execute_in_process(raise_on_error=False, instance=instance)
    lines = [entry for entry in instance.all_logs(result.run_id) if not entry.is_dagflow_event]
    assert [(line.step_key, line.message) for line in lines[1:]] == [
        ("spill", "by context"),
        ("spill", "by name"),
    ]


def test_a_hook_cannot_change_the_config_of_the_plan():
    """Each call gets its own copy of the config."""

    @success_hook
    def grab(context):
        context.op_config["grams"].clear()

    @op(config_schema={"grams": [int]})
    def grind(context):
        return list(context.op_config["grams"])

    @job(hooks={grab}, config={"ops": {"grind": {"config": {"grams": [18]}}}})
    def cafe():
        grind()

    assert [cafe.execute_in_process().output_for_node("grind") for _ in range(2)] == [[18], [18]]


def _half():
    yield Output(1, "hot", metadata={"degrees": 90})
    raise ValueError("half")


@pytest.mark.parametrize(
    ("fn", "options", "error", "values"),
    [
        (_half, {"out": {"hot": Out(), "cold": Out()}}, ValueError, {"hot": 1}),
        (lambda: "x", {"out": Out(int)}, Exception, {"result": "x"}),
        (lambda: None, {"out": {"m": Out(Nothing)}}, None, {"m": None}),
    ],
    ids=["raises", "wrong type", "no value"],
)
def test_what_came_in_the_attempt(fn, options, error, values):
    """The context has the exception and the outputs of the attempt, including one of the wrong type."""
    watch, seen = seen_by(failure_hook if error else success_hook)

    @job(hooks={watch})
    def j():
        op(name="pour", **options)(fn)()

    j.execute_in_process(raise_on_error=False)
    context = seen["pour"]
    assert context.op_output_values == values
    assert list(context.op_output_metadata) == list(values)
    assert context.op_exception is None if error is None else isinstance(context.op_exception, error)


@pytest.mark.parametrize(
    ("error", "options"),
    [
        (ValueError("x"), {"retry_policy": RetryPolicy(max_retries=1)}),
        (RetryRequested(max_retries=1), {}),
        (Failure("on purpose"), {}),
    ],
    ids=repr,
)
def test_the_error_of_a_failure(error, options):
    """The context has the user's exception without the wrapper, from the last attempt."""
    watch, seen = seen_by(failure_hook)

    @op(**options)
    def pour():
        raise error

    @job(hooks={watch})
    def j():
        pour()

    j.execute_in_process(raise_on_error=False)
    assert seen["pour"].op_exception is error


def test_hooks_for_any_event():
    """They are called after every attempt with its events; the error of a retried attempt is None."""
    seen, errors = [], []

    @event_list_hook
    def watch(context, event_list):
        seen.append([event.event_type_value for event in event_list])
        errors.append(context.op_exception)
        return HookExecutionResult("watch", is_skipped=len(seen) > 1)

    @op(retry_policy=RetryPolicy())
    def pour(context):
        context.log_event(AssetMaterialization("cup"))
        if not context.retry_number:
            raise ValueError

    @job(hooks={watch})
    def j():
        beans.with_hooks(set())()
        pour()

    result = j.execute_in_process(op_selection=["pour"])
    assert seen == [
        ["STEP_START", "STEP_UP_FOR_RETRY"],
        ["STEP_RESTARTED", "ASSET_MATERIALIZATION", "STEP_OUTPUT", "HANDLED_OUTPUT", "STEP_SUCCESS"],
    ]
    assert errors == [None, None]
    hooks = [event.event_type_value for event in result.all_events if event.is_hook_event]
    assert hooks == ["HOOK_COMPLETED", "HOOK_SKIPPED"]


@pytest.mark.parametrize(
    ("body", "cls_name"),
    [
        (lambda context, event_list: context.resources.nope, "DagflowUnknownResourceError"),
        (lambda context, event_list: (_ for _ in ()).throw(Failure("x")), "Failure"),
    ],
    ids=["unknown resource", "fails on purpose"],
)
def test_a_hook_that_goes_wrong_fails_nothing(body, cls_name):
    """Errors of dagflow and failures in a hook are recorded too, and fail nothing."""
    bad = event_list_hook(name="bad")(body)

    @job(hooks={bad})
    def j():
        beans()

    result = j.execute_in_process()
    (event,) = (event for event in result.all_events if event.is_hook_event)
    assert result.success
    assert event.event_type_value == "HOOK_ERRORED"
    assert event.hook_errored_data.error.cls_name == cls_name


def test_a_hook_without_a_result_ends_the_run():
    """A hook that returns something else than a HookExecutionResult ends the run, and no step fails."""

    @job(hooks={event_list_hook(name="bad")(lambda context, event_list: None)})
    def j():
        beans()

    result = j.execute_in_process(raise_on_error=False)

    assert not result.success
    assert [event.event_type.name for event in result.all_events][-2:] == ["STEP_SUCCESS", "RUN_FAILURE"]
    with pytest.raises(CheckError, match="hook 'bad' must return a HookExecutionResult, not None"):
        j.execute_in_process()


def test_an_interrupt_in_a_hook_ends_the_run(sequence):
    """An interrupt in a hook ends the run, but no step fails."""

    @success_hook
    def stop(context):
        raise KeyboardInterrupt

    @job(hooks={stop})
    def j():
        beans()

    result = j.execute_in_process(raise_on_error=False)
    assert not result.success
    assert sequence(result).endswith("STEP_SUCCESS[beans] > RUN_FAILURE")
    with pytest.raises(KeyboardInterrupt):
        j.execute_in_process()
