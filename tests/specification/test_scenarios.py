"""Tests of whole runs: their events are the sequences in `event_scenarios.md`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dagflow import (
    AssetMaterialization,
    AssetObservation,
    DagflowInstance,
    DynamicOut,
    DynamicOutput,
    ExpectationResult,
    In,
    IOManager,
    MaterializeResult,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    asset,
    failure_hook,
    job,
    materialize,
    materialize_to_memory,
    op,
    resource,
    success_hook,
)

PAGE = Path(__file__).with_name("event_scenarios.md").read_text(encoding="utf-8")
EXPECTED = {
    int(number): re.sub(r"\s+", " ", text)
    for number, text in re.findall(r"^\*\*S(\d+)\. .*?\n\n`(.*?)`$", PAGE, re.MULTILINE | re.DOTALL)
}


@op
def beans():
    return 1


@op
def brew(beans):
    return beans


@op
def spill():
    raise ValueError("spilt")


@op(retry_policy=RetryPolicy(max_retries=1))
def flaky(context):
    if context.retry_number == 0:
        raise ValueError


@op(retry_policy=RetryPolicy(max_retries=1))
def never():
    raise ValueError


@op(out={"hot": Out(is_required=False), "cold": Out(is_required=False)})
def pick():
    yield Output(1, "hot")


@op
def hot_cup(hot):
    return hot


@op
def cold_cup(cold):
    return cold


@op
def cold_mix(cup):
    return cup


@op(out=DynamicOut())
def cups():
    yield DynamicOutput(2, "b")
    yield DynamicOutput(1, "a")


@op(out=DynamicOut())
def nocups():
    yield from ()


@op
def total(cups):
    return sum(cups)


@op(out=Out(Nothing))
def heat():
    pass


@op(ins={"after": In(Nothing)})
def serve():
    return 1


@op(required_resource_keys={"mill"})
def grind():
    return 1


@op
def word():
    return "a"


@op
def num(n: int):
    raise AssertionError("the body ran")


@op
def wordint() -> int:
    return "a"  # type: ignore[return-value]


@op
def need(n: int = 5):
    return n


@op
def ki():
    raise KeyboardInterrupt


@asset
def water():
    return 1


@asset
def tea(water):
    return water


@success_hook
def broken(context):
    raise ValueError("hook")


@failure_hook
def nay(context):
    pass


@resource
def no_mill():
    raise ValueError


@resource
def sticky_mill():
    yield 1
    raise ValueError


class Broken(IOManager):
    """An I/O manager with one method that raises."""

    def __init__(self, half):
        self.half = half

    def handle_output(self, context, obj):
        if self.half == "handle_output":
            raise OSError("full")

    def load_input(self, context):
        raise OSError("lost")


def returns_a_result():
    return MaterializeResult()


def returns_none() -> None:
    pass


def yields(context):
    yield AssetObservation("river")
    yield AssetMaterialization("shelf")
    yield ExpectationResult(True)
    yield Output(1)


def logs(context):
    context.log_event(AssetObservation("river"))
    context.log_event(AssetMaterialization("shelf"))
    context.log_event(ExpectationResult(True))
    return 1


def yields_and_logs(context):
    context.log_event(AssetObservation("river"))
    yield AssetMaterialization("shelf")
    context.log_event(ExpectationResult(True))
    yield Output(1)


def run(body, run_config=None, *, raises=False, **arguments):
    """Return a function that runs a job with this body and returns its events."""

    def whole() -> None:
        body()

    made = job(name="j", **arguments)(whole)
    return lambda: made.execute_in_process(run_config, raise_on_error=raises).all_events


def assets(how, *made):
    return lambda: how(list(made)).all_events


def skips():
    hot, cold = pick()
    hot_cup(hot)
    cold_mix(cold_cup(cold))


def logged(started):
    """Run a function, and return the events of its only run from the instance."""
    instance = DagflowInstance.ephemeral()
    try:
        started(instance)
    except (ValueError, KeyboardInterrupt):
        assert instance.get_runs()[0].is_failure
    (run_id,) = [one.run_id for one in instance.get_runs()]
    entries = instance.all_logs(run_id)
    return [entry.dagflow_event for entry in entries if entry.is_dagflow_event]


def stops_at_once(raised):
    def whole() -> None:
        raised()
        beans.alias("z_beans")()

    return lambda: logged(lambda instance: job(whole).execute_in_process(instance=instance))


def planned():
    """Return the events of the instance, with the planned events sorted, because their order is free."""
    events = logged(lambda instance: materialize([water, tea], instance=instance))
    return sorted(events[:2], key=lambda event: event.step_key) + events[2:]


SCENARIOS = [
    (1, run(beans)),
    (2, run(lambda: brew(beans()))),
    (3, run(lambda: (brew(spill()), beans()))),
    (4, run(flaky, raises=True)),
    (5, run(never)),
    (6, run(skips)),
    (7, run(lambda: total(cups().map(brew).collect()))),
    (8, run(lambda: total(nocups().map(brew).collect()))),
    (9, run(lambda: serve(heat()))),
    (10, assets(materialize, water, tea)),
    (10, assets(materialize_to_memory, water, tea)),
    *[
        (11, assets(how, asset(name="note")(body)))
        for how in (materialize, materialize_to_memory)
        for body in (returns_a_result, returns_none)
    ],
    *[(12, run(op(name="reporter")(body))) for body in (yields, logs, yields_and_logs)],
    (15, run(lambda: (beans.with_hooks({broken})(), spill.with_hooks({nay})()))),
    (16, run(flaky, hooks={nay})),
    (17, run(grind, resource_defs={"mill": no_mill})),
    (18, run(grind, resource_defs={"mill": sticky_mill}, raises=True)),
    (19, run(lambda: num(word()))),
    (20, run(wordint)),
    (21, run(beans, resource_defs={"io_manager": Broken("handle_output")})),
    (22, run(lambda: brew(beans()), resource_defs={"io_manager": Broken("load_input")})),
    (23, run(need)),
    (23, run(need, {"ops": {"need": {"inputs": {"n": 6}}}})),
    (24, stops_at_once(spill.alias("a_spill"))),
    (25, planned),
    (31, run(lambda: (ki(), beans.alias("z_beans")()))),
    (31, stops_at_once(ki)),
]


@pytest.mark.parametrize(("number", "events"), SCENARIOS, ids=[f"S{number}" for number, _ in SCENARIOS])
def test_a_scenario(number, events, sequence):
    """The events of a run, each with its step, are equal to those on the page."""
    assert sequence(events()) == EXPECTED[number]


def test_each_scenario_of_the_page_is_run():
    """The scenarios here and on the page have the same numbers."""
    assert {number for number, _ in SCENARIOS} == set(EXPECTED)
    assert len(EXPECTED) == len(re.findall(r"^\*\*S", PAGE, re.MULTILINE)) == 24


@pytest.mark.parametrize("raises", [True, False])
def test_what_an_interrupt_leaves_behind(raises):
    """The step and the run failed; the interrupt is raised only with `raise_on_error`."""
    instance = DagflowInstance.ephemeral()

    @job
    def j():
        ki()

    if raises:
        with pytest.raises(KeyboardInterrupt):
            j.execute_in_process(instance=instance)
    else:
        assert not j.execute_in_process(instance=instance, raise_on_error=False).success

    (run_of_j,) = instance.get_runs()
    events = [entry.dagflow_event for entry in instance.all_logs(run_of_j.run_id) if entry.is_dagflow_event]
    assert run_of_j.is_failure
    assert events[-2].step_failure_data.error.cls_name == "KeyboardInterrupt"
    assert "interrupted unexpectedly" in events[-1].message
    assert events[-1].job_failure_data.failure_reason.name == "UNEXPECTED_TERMINATION"
    assert events[-1].job_failure_data.first_step_failure_event is None


def test_what_is_planned_stands_in_the_log_of_the_instance_only():
    """The first event of the result is the start of the run."""
    result = materialize([water, tea])

    assert result.all_events[0].event_type.name == "RUN_START"
    assert result.get_asset_materialization_planned_events() == []
