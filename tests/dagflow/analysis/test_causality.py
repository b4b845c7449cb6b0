"""Causality: happens-before from events and plan, and the canonical form of a run."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pipelines
import pytest
from drawn_pipelines import descriptions
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    DagflowError,
    DagflowEvent,
    DependencyDefinition,
    GraphDefinition,
    In,
    Nothing,
    OpDefinition,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    asset,
    job,
    materialize_to_memory,
    op,
)
from dagflow.events.data import ComputeLogsCaptureData
from dagflow.testing import canonical_events, causality, run_options


@op
def beans():
    return 1


@op
def brew(beans):
    return beans


@op
def serve(brew):
    return brew


@op
def tidy():
    return 0


@job
def cafe():
    serve(brew(beans()))
    tidy()


def event(result, kind, step=None, nth=0):
    """Return the n-th event of a type, of a step."""
    return [e for e in result.all_events if e.event_type.name == kind and e.step_key == step][nth]


def caused(result, one, other):
    """Return whether one event, given as type and step, caused another."""
    return causality(result).caused(event(result, *one), event(result, *other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("STEP_START", "beans"), ("STEP_SUCCESS", "beans")),
        (("STEP_OUTPUT", "beans"), ("LOADED_INPUT", "brew")),
        (("STEP_SUCCESS", "beans"), ("STEP_START", "brew")),
        (("STEP_START", "beans"), ("STEP_SUCCESS", "serve")),
        (("RUN_START",), ("STEP_START", "tidy")),
        (("RESOURCE_INIT_SUCCESS",), ("STEP_START", "tidy")),
        (("RUN_START",), ("RESOURCE_INIT_STARTED",)),
        (("STEP_START", "tidy"), ("RUN_SUCCESS",)),
        (("RUN_START",), ("RUN_SUCCESS",)),
    ],
)
def test_what_had_to_come_first_caused_what_came_later(one, other):
    """An event that had to come first caused the later one, but not the other way round."""
    result = cafe.execute_in_process()

    assert caused(result, one, other)
    assert not caused(result, other, one)


def test_steps_that_no_path_connects_are_ordered_by_luck():
    """Steps without a path between them are not ordered, whichever ran first."""
    result = cafe.execute_in_process()
    ends = [event(result, "STEP_SUCCESS", step) for step in ("beans", "tidy")]
    starts = [event(result, "STEP_START", step) for step in ("tidy", "beans")]

    assert not any(causality(result).caused(*pair) for pair in zip(ends, starts, strict=True))


def test_an_attempt_comes_before_the_next_one():
    """The attempts of a step are one sequence of events."""

    @op(retry_policy=RetryPolicy(max_retries=1))
    def flaky(context):
        if context.retry_number == 0:
            raise ValueError("not yet")
        return 1

    @job
    def trying():
        brew(flaky())

    result = trying.execute_in_process()

    assert caused(result, ("STEP_START", "flaky"), ("STEP_RESTARTED", "flaky"))
    assert caused(result, ("STEP_UP_FOR_RETRY", "flaky"), ("STEP_OUTPUT", "flaky"))
    assert caused(result, ("STEP_UP_FOR_RETRY", "flaky"), ("LOADED_INPUT", "brew"))


def test_a_dependency_without_a_value_orders_too():
    """A dependency of type Nothing orders the steps, although no value is loaded."""

    @op(out=Out(Nothing))
    def heat():
        pass

    @op(ins={"after": In(Nothing)})
    def pour():
        pass

    @job
    def hot():
        pour(heat())

    result = hot.execute_in_process()

    assert caused(result, ("STEP_SUCCESS", "heat"), ("STEP_START", "pour"))


def test_a_skip_is_caused_by_what_was_not_given():
    """The step with the missing output caused the skip, and also the skips behind it."""

    @op(out=Out(is_required=False))
    def maybe():
        yield from ()

    @job
    def empty():
        serve(brew(maybe()))

    result = empty.execute_in_process()

    assert caused(result, ("STEP_SUCCESS", "maybe"), ("STEP_SKIPPED", "brew"))
    assert caused(result, ("STEP_SUCCESS", "maybe"), ("STEP_SKIPPED", "serve"))


class Seen(list):
    """Events with plans, like those of a result: `TYPE:step ...`, and the upstream steps of each step."""

    def __init__(self, texts, **upstream):
        pairs = (text.partition(":")[::2] for text in texts.split())
        super().__init__(DagflowEvent(kind, "cafe", step_key=step or None) for kind, step in pairs)
        steps = [SimpleNamespace(key=key, upstream_keys=keys.split()) for key, keys in upstream.items()]
        self.plans = {"": SimpleNamespace(steps=steps)}
        self.all_events = self


def test_nobody_waits_for_a_hook():
    """A hook runs after the end of its step, so downstream steps do not wait for it."""
    seen = Seen("STEP_SUCCESS:beans HOOK_COMPLETED:beans STEP_START:brew", beans="", brew="beans")

    assert caused(seen, ("STEP_SUCCESS", "beans"), ("HOOK_COMPLETED", "beans"))
    assert caused(seen, ("STEP_SUCCESS", "beans"), ("STEP_START", "brew"))
    assert not caused(seen, ("HOOK_COMPLETED", "beans"), ("STEP_START", "brew"))
    assert "came after that end" in causality(seen).explain(seen[1], seen[2])


def test_mapped_steps_stand_side_by_side():
    """The dynamic step caused each mapped step, and each caused the collecting step, but not its sibling."""
    seen = Seen(
        "STEP_SUCCESS:cups STEP_START:brew[b] STEP_SUCCESS:brew[b] STEP_START:brew[a] STEP_SUCCESS:brew[a] "
        "STEP_START:total",
        **{"cups": "", "brew[b]": "cups", "brew[a]": "cups", "total": "brew[b] brew[a]"},
    )

    assert caused(seen, ("STEP_SUCCESS", "cups"), ("STEP_START", "brew[a]"))
    assert caused(seen, ("STEP_SUCCESS", "brew[b]"), ("STEP_START", "total"))
    assert caused(seen, ("STEP_SUCCESS", "cups"), ("STEP_START", "total"))
    assert not caused(seen, ("STEP_SUCCESS", "brew[b]"), ("STEP_START", "brew[a]"))


def test_a_collecting_step_of_a_run_waits_for_each_mapped_step():
    """The plan of a run has the template and the mapped steps beside it."""
    seen = Seen(
        "STEP_SUCCESS:cups STEP_SUCCESS:brew[a] STEP_SUCCESS:brew[b] STEP_START:total",
        **{"cups": "", "brew[?]": "cups", "total": "brew[?]", "brew[a]": "cups", "brew[b]": "cups"},
    )

    assert caused(seen, ("STEP_SUCCESS", "brew[b]"), ("STEP_START", "total"))
    assert not caused(seen, ("STEP_SUCCESS", "brew[a]"), ("STEP_SUCCESS", "brew[b]"))


def test_what_collects_nothing_still_waited():
    """A collecting step waited for the dynamic step, even without any mapped step."""
    seen = Seen("STEP_SUCCESS:cups STEP_START:total", **{"cups": "", "brew[?]": "cups", "total": "brew[?]"})

    assert caused(seen, ("STEP_SUCCESS", "cups"), ("STEP_START", "total"))


def test_what_a_step_that_did_not_run_waits_for_orders_nothing():
    """The value of such a step is given, so its readers do not wait for its upstream steps."""
    seen = Seen("STEP_SUCCESS:beans STEP_START:serve", beans="", brew="beans", serve="brew")

    assert not caused(seen, ("STEP_SUCCESS", "beans"), ("STEP_START", "serve"))


def test_events_of_the_executor_belong_to_the_start_or_the_end_of_the_run():
    """Executor events between the steps are not ordered; captured logs of one step belong to it."""
    seen = Seen("ENGINE_EVENT STEP_START:beans ENGINE_EVENT STEP_SUCCESS:beans ENGINE_EVENT", beans="")
    capture = DagflowEvent(
        "LOGS_CAPTURED", "cafe", event_specific_data=ComputeLogsCaptureData("k", ["beans"])
    )
    seen.insert(2, capture)
    judge = causality(seen)
    start, begun, _, between, success, end = seen

    assert judge.caused(start, begun)
    assert judge.caused(begun, capture)
    assert judge.caused(start, between)
    assert not judge.caused(begun, between)
    assert not judge.caused(between, success)
    assert "nothing orders them" in judge.explain(between, success)
    assert judge.caused(success, end)


def test_explain_names_the_path_or_its_absence():
    """The explanation is a sentence for assertions."""
    result = cafe.execute_in_process()
    judge = causality(result)

    def explain(one, other):
        return judge.explain(event(result, *one), event(result, *other))

    assert explain(("STEP_SUCCESS", "beans"), ("STEP_START", "serve")) == (
        "STEP_SUCCESS of 'beans' comes before STEP_START of 'serve': step 'serve' waits for step 'beans' "
        "(beans -> brew -> serve)"
    )
    assert explain(("STEP_SUCCESS", "beans"), ("STEP_START", "tidy")).endswith(
        "nothing orders them: no path of the plan leads from step 'beans' to step 'tidy'"
    )
    assert "both belong to step 'beans'" in explain(("STEP_START", "beans"), ("STEP_SUCCESS", "beans"))
    assert "start or the end of the whole run" in explain(("RUN_START",), ("STEP_SUCCESS", "beans"))
    assert "did not come before" in explain(("STEP_START", "serve"), ("STEP_START", "beans"))


def test_events_of_two_runs_are_not_ordered():
    """In a list of two runs only events of the same run are ordered."""
    first, second = cafe.execute_in_process(), cafe.execute_in_process()
    plans = {**first.all_events.plans, **second.all_events.plans}
    events = type(first.all_events)([*first.all_events, *second.all_events], plans)
    judge = causality(events)

    assert not judge.caused(event(first, "RUN_SUCCESS"), event(second, "RUN_START"))
    assert "two runs" in judge.explain(event(first, "RUN_SUCCESS"), event(second, "RUN_START"))
    assert judge.caused(event(second, "RUN_START"), event(second, "RUN_SUCCESS"))


def test_a_bare_list_is_an_error_that_names_the_way_out():
    """A copy of the list does not have the plan."""
    events = list(cafe.execute_in_process().all_events)

    with pytest.raises(DagflowError, match="exact, prefix, suffix, contiguous, subsequence or unordered"):
        causality(events)
    with pytest.raises(DagflowError, match="does not have the plan"):
        canonical_events(events)


def test_other_values_and_foreign_events_are_errors():
    """Other values and events of other runs raise DagflowError."""
    one, other = cafe.execute_in_process(), cafe.execute_in_process()

    with pytest.raises(DagflowError, match="must be a result or a list of events"):
        causality(3)
    with pytest.raises(DagflowError, match="is not among the"):
        causality(one).caused(event(one, "RUN_START"), event(other, "RUN_START"))


def test_a_run_whose_plan_is_missing_is_an_error():
    """The error names the run."""
    result = cafe.execute_in_process()
    events = type(result.all_events)(result.all_events, {})

    with pytest.raises(DagflowError, match=f"not have the plan of run '{result.run_id}'"):
        causality(events).caused(event(result, "RUN_START"), event(result, "RUN_SUCCESS"))


def test_a_list_knows_its_events_by_value_too():
    """An equal event from a second read of the run is accepted."""
    result = cafe.execute_in_process()
    judge = causality(result.all_events)

    assert judge.caused(result.all_events[0], result.all_events[-1])


def test_canonical_events_tell_a_run_without_ids_and_times():
    """The exact form of a chain of two steps and an independent step."""

    @job
    def small():
        brew(beans())

    assert canonical_events(small.execute_in_process()) == [
        {"type": "STEP_START", "step": "beans", "attempt": 1},
        {"type": "STEP_OUTPUT", "step": "beans", "attempt": 1, "output": "result", "passed": True},
        {
            "type": "HANDLED_OUTPUT",
            "step": "beans",
            "attempt": 1,
            "output": "result",
            "manager": "io_manager",
        },
        {"type": "STEP_SUCCESS", "step": "beans", "attempt": 1},
        {"type": "STEP_START", "step": "brew", "attempt": 1},
        {
            "type": "LOADED_INPUT",
            "step": "brew",
            "attempt": 1,
            "input": "beans",
            "manager": "io_manager",
            "upstream_step": "beans",
            "upstream_output": "result",
        },
        {"type": "STEP_INPUT", "step": "brew", "attempt": 1, "input": "beans", "passed": True},
        {"type": "STEP_OUTPUT", "step": "brew", "attempt": 1, "output": "result", "passed": True},
        {"type": "HANDLED_OUTPUT", "step": "brew", "attempt": 1, "output": "result", "manager": "io_manager"},
        {"type": "STEP_SUCCESS", "step": "brew", "attempt": 1},
    ]


def test_canonical_events_do_not_depend_on_the_order_that_was_picked():
    """Any valid order of the steps gives the same list."""
    usual = cafe.execute_in_process()
    with run_options(pick=lambda ready: ready[-1]):
        other = cafe.execute_in_process()

    assert [e.step_key for e in usual.all_events] != [e.step_key for e in other.all_events]
    assert canonical_events(usual) == canonical_events(other)


def test_canonical_events_keep_attempts_and_name_the_users_error():
    """The error is the user's own, not the wrapper around it."""

    @op(retry_policy=RetryPolicy(max_retries=1))
    def never():
        raise ValueError("no")

    @job
    def trying():
        never()

    told = canonical_events(trying.execute_in_process(raise_on_error=False))

    assert [(fact["type"], fact["attempt"], fact.get("error")) for fact in told] == [
        ("STEP_START", 1, None),
        ("STEP_UP_FOR_RETRY", 1, "ValueError"),
        ("STEP_RESTARTED", 2, None),
        ("STEP_FAILURE", 2, "ValueError"),
    ]


def test_canonical_events_name_the_cause_of_a_requested_retry():
    """The user's own error is the cause of the retry request, or the request if it has no cause."""

    @op
    def caused(context):
        raise RetryRequested(max_retries=1) from ValueError("no")

    @op
    def asked(context):
        raise RetryRequested(max_retries=1)

    @job
    def trying():
        caused()
        asked()

    facts = canonical_events(trying.execute_in_process(raise_on_error=False))

    assert [(fact["step"], fact["type"], fact["error"]) for fact in facts if "error" in fact] == [
        ("asked", "STEP_UP_FOR_RETRY", "RetryRequested"),
        ("asked", "STEP_FAILURE", "RetryRequested"),
        ("caused", "STEP_UP_FOR_RETRY", "ValueError"),
        ("caused", "STEP_FAILURE", "ValueError"),
    ]


def test_canonical_events_name_assets():
    """Assets are named by their key as a string."""

    @asset(key_prefix="shop")
    def cup():
        return Output(1, metadata={"rows": 1})

    told = canonical_events(materialize_to_memory([cup]))

    assert {"type": "ASSET_MATERIALIZATION", "step": "shop__cup", "attempt": 1, "asset": "shop/cup"} in told


@st.composite
def graphs(draw):
    """Draw, for each of a few steps, the earlier steps that it reads."""
    count = draw(st.integers(1, 6))
    return [sorted(draw(st.sets(st.integers(0, number - 1)))) if number else [] for number in range(count)]


def job_of(graph):
    """Return a job of ops with these dependencies."""
    ops = [
        OpDefinition(
            compute_fn=lambda: None,
            name=f"op_{number}",
            ins={f"in_{above}": In(Nothing) for above in upstream},
        )
        for number, upstream in enumerate(graph)
    ]
    return GraphDefinition(
        name="drawn",
        node_defs=ops,
        dependencies={
            f"op_{number}": {f"in_{above}": DependencyDefinition(f"op_{above}") for above in upstream}
            for number, upstream in enumerate(graph)
        },
    ).to_job()


@given(graph=graphs(), order=st.randoms(use_true_random=False))
def test_what_caused_what_is_reachability_in_the_plan(graph, order):
    """Law: for any graph and order, causality is reachability, a strict partial order within the run."""
    reaches = [set() for _ in graph]
    for number, upstream in enumerate(graph):
        reaches[number] = set(upstream).union(*(reaches[above] for above in upstream))
    with run_options(pick=lambda ready: order.choice(list(ready))):
        result = job_of(graph).execute_in_process()
    judge = causality(result)

    for number in range(len(graph)):
        for other in range(len(graph)):
            end, start = (
                event(result, "STEP_SUCCESS", f"op_{number}"),
                event(result, "STEP_START", f"op_{other}"),
            )
            assert judge.caused(end, start) == (number in reaches[other])
    assert json.loads(json.dumps(canonical_events(result))) == canonical_events(result)


@given(descriptions())
def test_the_causes_as_bit_sets_are_the_causes_of_pairs(description):
    """Law: `causes_among` answers as `caused` does, for every pair of some events."""
    result = pipelines.job_of(description).execute_in_process(raise_on_error=False)
    judge, events = causality(result), list(result.all_events)[::2]
    causes = judge.causes_among(events)

    for at, later in enumerate(events):
        expected = sum(1 << one for one in range(at) if judge.caused(events[one], later))
        assert causes(at) == expected, later
