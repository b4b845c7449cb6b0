"""The resources of a run: started in the order of their requirements, and stopped in reverse."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from dagflow import (
    DagflowInvariantViolationError,
    DagflowResourceFunctionError,
    Field,
    In,
    Nothing,
    Permissive,
    ResourceDefinition,
    job,
    op,
    resource,
)


@pytest.fixture(name="story")
def _story():
    """Return the recorded actions in order."""
    return []


def tracked(story, name, needs=(), way="generator", fails=None):
    """A resource that tells when it starts and stops, and can fail at either.

    Args:
        way: "generator", "contextmanager", or "plain" (nothing to stop).
        fails: "start" or "stop".
    """

    def steps(context):
        for key in needs:
            story.append(f"{name} has {getattr(context.resources, key)}")
        if fails == "start":
            raise ValueError(name)
        story.append(f"{name} starts")
        yield name
        story.append(f"{name} stops")
        if fails == "stop":
            raise ValueError(name)

    def plain(context):
        return next(steps(context))

    makers = {"generator": steps, "contextmanager": contextmanager(steps), "plain": plain}
    return ResourceDefinition(makers[way], required_resource_keys=set(needs))


def test_a_default_is_not_shared_by_runs():
    """A resource that mutates its default config does not change it for the next run."""
    schema = Field(Permissive({"cups": Field([int], default_value=[1])}))

    @resource(config_schema=schema)
    def shelf(context):
        context.resource_config["cups"].append(2)
        return list(context.resource_config["cups"])

    read = op(name="read", required_resource_keys={"shelf"})(lambda context: context.resources.shelf)
    made = job(name="j", resource_defs={"shelf": shelf})(lambda: (read(), None)[1])

    for _ in range(2):
        assert made.execute_in_process().output_for_node("read") == [1, 2]


def job_with(story, resource_defs, body=None):
    """Build a job of one op that requires the given resources."""

    @op(required_resource_keys=set(resource_defs))
    def work(context):
        story.append("work")
        return None if body is None else body(context)

    @job(resource_defs=resource_defs)
    def j():
        work()

    return j


@pytest.mark.parametrize("way", ["generator", "contextmanager"])
def test_a_resource_cleans_up_behind_its_yield(story, way):
    """The code after the yield runs after the steps."""
    seen = []
    j = job_with(story, {"mill": tracked(story, "mill", way=way)}, lambda c: seen.append(c.resources.mill))

    assert j.execute_in_process().success
    assert seen == ["mill"]
    assert story == ["mill starts", "work", "mill stops"]


def test_what_one_needs_is_started_before_it_and_stopped_after_it(story):
    """A resource starts after its requirements and stops before them."""
    defs = {
        "a": tracked(story, "a", needs=["c"]),
        "b": tracked(story, "b", way="plain"),
        "c": tracked(story, "c", needs=["d"], way="contextmanager"),
        "d": tracked(story, "d"),
    }

    assert job_with(story, defs).execute_in_process().success
    starts = [line for line in story if line.endswith("starts")]
    assert starts == ["b starts", "d starts", "c starts", "a starts"]
    assert story[-4:] == ["work", "a stops", "c stops", "d stops"]
    assert "a has c" in story


def test_only_what_is_needed_is_started(story):
    """A resource that no step of the plan requires is not started."""

    @op(required_resource_keys={"mill"})
    def grind():
        pass

    @op(ins={"after": In(Nothing)}, required_resource_keys={"idle"})
    def rest():
        pass

    @job(resource_defs={"mill": tracked(story, "mill"), "idle": tracked(story, "idle")})
    def both():
        rest(grind())

    both.execute_in_process(op_selection=["grind"])
    assert story == ["mill starts", "mill stops"]


@pytest.mark.parametrize("raise_on_error", [True, False])
def test_those_that_were_started_are_stopped_when_one_does_not_start(story, raise_on_error):
    """If a resource does not start, no step runs and the started resources stop in reverse."""
    defs = {
        "a": tracked(story, "a"),
        "b": tracked(story, "b", needs=["a"], way="contextmanager"),
        "c": tracked(story, "c", needs=["b"], fails="start"),
        "d": tracked(story, "d", needs=["c"]),
    }
    j = job_with(story, defs)

    if raise_on_error:
        with pytest.raises(DagflowResourceFunctionError, match="'c'") as caught:
            j.execute_in_process()
        assert isinstance(caught.value.__cause__, ValueError)
        assert caught.value.user_exception is caught.value.__cause__
        assert caught.value.is_user_code_error
    else:
        assert not j.execute_in_process(raise_on_error=False).success

    assert [line for line in story if "has" not in line] == ["a starts", "b starts", "b stops", "a stops"]


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, SystemExit, pytest.fail.Exception])
def test_resources_are_stopped_whatever_a_step_raises(story, raised):
    """Resources are stopped whatever a step raises."""

    def body(context):
        raise raised("no")

    defs = {"a": tracked(story, "a"), "b": tracked(story, "b", needs=["a"])}
    with pytest.raises(raised):
        job_with(story, defs, body).execute_in_process()

    assert story[-3:] == ["work", "b stops", "a stops"]


def test_a_resource_that_does_not_stop_keeps_no_other_from_stopping(story):
    """Each failure to stop is an event with the error. The others are stopped, and the run succeeds."""
    defs = {
        "a": tracked(story, "a", fails="stop"),
        "b": tracked(story, "b", needs=["a"], fails="stop"),
        "c": tracked(story, "c", needs=["b"]),
    }

    result = job_with(story, defs).execute_in_process()

    assert result.success
    assert story[-3:] == ["c stops", "b stops", "a stops"]
    failed = [event for event in result.all_events if event.is_engine_event and event.engine_event_data.error]
    assert ["'b'" in event.message or "'a'" in event.message for event in failed] == [True, True]
    assert [event.engine_event_data.error.cls_name for event in failed] == ["ValueError", "ValueError"]


def test_a_generator_that_yields_nothing_is_no_resource():
    """The error about a generator without a yield has its location."""

    @resource
    def mill():
        yield from ()

    with pytest.raises(DagflowInvariantViolationError, match=r"yielded nothing"):
        job_with([], {"mill": mill}).execute_in_process()


def test_a_generator_that_yields_twice_is_closed(story):
    """A second yield is a failure of the teardown, and the generator is closed."""

    @resource
    def mill():
        try:
            yield 1
            yield 2
        finally:
            story.append("closed")

    result = job_with(story, {"mill": mill}).execute_in_process()

    (failed,) = [
        event for event in result.all_events if event.is_engine_event and event.engine_event_data.error
    ]
    assert "more than once" in failed.engine_event_data.error.message
    assert story == ["work", "closed"]


def test_a_context_manager_that_is_returned_is_the_resource_itself(story):
    """A returned context manager, such as a file, is passed to the step without being entered."""

    class File:
        def __enter__(self):
            story.append("entered")

        def __exit__(self, *_):
            story.append("left")

    file, seen = File(), []
    j = job_with(story, {"file": ResourceDefinition(lambda _: file)}, lambda c: seen.append(c.resources.file))

    assert j.execute_in_process().success
    assert (seen, story) == ([file], ["work"])


def test_a_resource_reads_its_config():
    """The config of a resource is checked and has defaults."""

    @resource(config_schema={"size": int, "name": str})
    def mill(context):
        return dict(context.resource_config)

    seen = []
    j = job_with([], {"mill": mill}, lambda c: seen.append(c.resources.mill))
    config = {"resources": {"mill": {"config": {"size": 3, "name": "x"}}}}

    assert j.execute_in_process(run_config=config).success
    assert seen == [{"size": 3, "name": "x"}]


def test_events_about_resources():
    """The events have the keys, the classes and the times, and a failure has the original error."""
    result = job_with([], {"mill": ResourceDefinition(lambda _: {})}).execute_in_process()
    (started,) = [e for e in result.all_events if e.event_type.name == "RESOURCE_INIT_STARTED"]
    (ended,) = [e for e in result.all_events if e.event_type.name == "RESOURCE_INIT_SUCCESS"]

    assert "[io_manager, mill]" in started.message
    assert "[io_manager, mill]" in ended.message
    assert started.engine_event_data.marker_start == "resources"
    assert ended.engine_event_data.marker_end == "resources"
    assert set(ended.engine_event_data.metadata) == {
        "io_manager",
        "io_manager:init_time",
        "mill",
        "mill:init_time",
    }

    def fails(_):
        raise OSError("jammed")

    result = job_with([], {"mill": ResourceDefinition(fails)}).execute_in_process(raise_on_error=False)
    (failed,) = [event for event in result.all_events if event.is_resource_init_failure]
    assert "[io_manager, mill]" in failed.message
    assert failed.engine_event_data.error.cls_name == "OSError"
