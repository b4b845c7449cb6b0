"""The state machine of the steps alone, without a run, a clock or events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    DependencyDefinition,
    GraphDefinition,
    In,
    MultiDependencyDefinition,
    Nothing,
    OpDefinition,
    Out,
)
from dagflow.engine.schedule import Schedule
from dagflow.plan.compile import compile_plan
from dagflow.plan.step import OutputRef
from dagflow.plan.surroundings import Surroundings


def plan_of(wiring, *, nothing=(), tags=None):
    """Return the plan of ops that are wired as `{name: {input: source or [sources]}}`.

    A source is the name of an op, or "name.output"; every op has the outputs `result` and `other`.
    """
    names = set(wiring)
    ops, dependencies = [], {}
    for name in names:
        inputs = wiring[name]

        def body(**arguments):
            raise AssertionError("the schedule ran something")

        ops.append(
            OpDefinition(
                body,
                name,
                ins={key: In(Nothing) if key in nothing else In() for key in inputs},
                outs={"result": Out(is_required=False), "other": Out(is_required=False)},
                tags=(tags or {}).get(name),
            )
        )
        dependencies[name] = {
            key: MultiDependencyDefinition([_dependency(one) for one in source])
            if isinstance(source, list)
            else _dependency(source)
            for key, source in inputs.items()
        }
    graph = GraphDefinition("g", node_defs=ops, dependencies=dependencies)
    return compile_plan(graph.to_job(), {}, Surroundings({}, 0.0))


def _dependency(text):
    node, _, output = text.partition(".")
    return DependencyDefinition(node, output or "result")


class Drive:
    """A schedule that is controlled by step keys."""

    def __init__(self, plan):
        self.plan = plan
        self.schedule = Schedule(plan)

    def take(self):
        index = self.schedule.take()
        return None if index is None else self.plan.steps[index].key

    def finish(self, key, *absent):
        refs = [OutputRef(key, output) for output in absent]
        self.schedule.finish(self.plan.index_by_key[key], refs)
        return self.skips()

    def fail(self, key):
        self.schedule.fail(self.plan.index_by_key[key])
        return self.skips()

    def skips(self):
        return [
            self.plan.steps[index].key for index, failed in self.schedule.take_decided() if failed is None
        ]

    def rest(self):
        """Finish all remaining steps. Return the steps in order."""
        keys = []
        while (key := self.take()) is not None:
            keys.append(key)
            assert self.finish(key) == []
        return keys


def test_steps_without_a_tie_come_by_name():
    """Independent steps come in the order of their keys, not of their definition."""
    assert Drive(plan_of({"zz": {}, "bb": {}, "aa": {}})).rest() == ["aa", "bb", "zz"]


def test_a_step_waits_for_all_before_it():
    """A step is ready when the last of its upstream steps has ended."""
    drive = Drive(plan_of({"a": {}, "b": {}, "sum": {"x": "a", "y": "b"}}))

    assert [drive.take(), drive.take(), drive.take()] == ["a", "b", None]
    assert drive.finish("a") == []
    assert drive.take() is None
    drive.finish("b")
    assert drive.take() == "sum"


def test_who_was_ready_first_comes_first():
    """Steps that become ready come after the steps that are already ready."""
    plan = plan_of({"a0": {}, "z0": {}, "b1": {"x": "a0"}, "a1": {"x": "z0"}})

    assert Drive(plan).rest() == ["a0", "z0", "b1", "a1"]


def test_priorities_come_first():
    """The highest priority is taken first; the default is 0."""
    tags = {"hi": {"dagflow/priority": "3"}, "lo": {"dagflow/priority": -1}}
    plan = plan_of({"lo": {}, "mid": {}, "hi": {}, "aaa": {}}, tags=tags)

    assert Drive(plan).rest() == ["hi", "aaa", "mid", "lo"]


def test_a_step_that_becomes_ready_with_a_high_priority_overtakes():
    """Priority applies to all ready steps."""
    tags = {"last": {"dagflow/priority": "1"}}
    plan = plan_of({"a": {}, "b": {}, "last": {"x": "a"}}, tags=tags)

    assert Drive(plan).rest() == ["a", "last", "b"]


def test_a_priority_that_is_no_number_is_refused():
    """The error names the tag, the step and the value."""
    plan = plan_of({"a": {}}, tags={"a": {"dagflow/priority": "high"}})

    with pytest.raises(ValueError, match=r"'dagflow/priority' of step 'a' is 'high'"):
        Schedule(plan)


def test_a_step_without_its_input_is_skipped():
    """A missing output skips its readers and their downstream steps."""
    plan = plan_of({"pick": {}, "cup": {"x": "pick.other"}, "mix": {"x": "cup"}, "hot": {"x": "pick"}})
    drive = Drive(plan)

    assert drive.take() == "pick"
    assert drive.finish("pick", "other") == ["cup", "mix"]
    assert drive.rest() == ["hot"]


def test_a_step_behind_a_failure_is_blocked_without_a_word():
    """Steps downstream of a failure never become ready, and are not skipped."""
    drive = Drive(plan_of({"a": {}, "b": {"x": "a"}, "c": {"x": "b"}, "free": {}}))

    assert drive.take() == "a"
    assert drive.fail("a") == []
    assert drive.rest() == ["free"]


def test_a_skip_wins_over_a_failure():
    """A step with a missing input and a failed upstream step is skipped."""
    drive = Drive(plan_of({"bad": {}, "opt": {}, "c": {"x": "bad", "y": "opt.other"}, "d": {"x": "c"}}))
    assert [drive.take(), drive.take()] == ["bad", "opt"]

    assert drive.fail("bad") == []
    assert drive.finish("opt", "other") == ["c", "d"]


@pytest.mark.parametrize("nothing", [(), ("x",)])
def test_a_list_runs_with_what_came(nothing):
    """A list of sources needs one of them, also if it only orders."""
    drive = Drive(plan_of({"a": {}, "b": {}, "all": {"x": ["a", "b.other"]}}, nothing=nothing))
    assert [drive.take(), drive.take()] == ["a", "b"]

    assert drive.finish("a") == []
    assert drive.finish("b", "other") == []
    assert drive.take() == "all"


@pytest.mark.parametrize("nothing", [(), ("x",)])
def test_a_list_of_which_nothing_came_is_skipped(nothing):
    """A list whose sources were all skipped skips its step."""
    drive = Drive(plan_of({"a": {}, "b": {}, "all": {"x": ["a.other", "b.other"]}}, nothing=nothing))
    assert [drive.take(), drive.take()] == ["a", "b"]

    assert drive.finish("a", "other") == []
    assert drive.finish("b", "other") == ["all"]


@pytest.mark.parametrize("nothing", [(), ("x",)])
def test_a_list_of_which_one_failed_is_blocked(nothing):
    """A failed source of a list blocks its step."""
    drive = Drive(plan_of({"a": {}, "b": {}, "all": {"x": ["a", "b"]}}, nothing=nothing))
    assert [drive.take(), drive.take()] == ["a", "b"]

    assert drive.finish("a") == []
    assert drive.fail("b") == []
    assert drive.take() is None


def test_one_ordering_source_that_was_skipped_skips():
    """A single Nothing input is not a list: without its source the step is skipped."""
    drive = Drive(plan_of({"a": {}, "b": {"x": "a.other"}}, nothing=("x",)))

    assert drive.take() == "a"
    assert drive.finish("a", "other") == ["b"]


def test_a_retried_step_is_ready_again():
    """A retried step comes after the ready steps of its priority; its downstream steps wait."""
    plan = plan_of({"a": {}, "b": {}, "c": {"x": "a"}})
    drive = Drive(plan)
    assert drive.take() == "a"

    drive.schedule.retry(plan.index_by_key["a"])

    assert drive.rest() == ["b", "a", "c"]


def test_a_step_can_be_taken_out_of_turn():
    """Any ready step can be taken; the others keep their order."""
    plan = plan_of({"a": {}, "b": {}, "c": {}})
    drive = Drive(plan)
    assert [plan.steps[index].key for index in drive.schedule.ready_in_order()] == ["a", "b", "c"]

    drive.schedule.take_index(plan.index_by_key["b"])

    assert drive.rest() == ["a", "c"]


@pytest.mark.parametrize("outcome", ["skip", "block"])
def test_a_long_chain_is_decided_without_recursion(outcome):
    """A chain of a thousand steps can be skipped or blocked at once."""
    wiring = {"s0000": {}} | {f"s{i:04}": {"x": f"s{i - 1:04}"} for i in range(1, 1200)}
    drive = Drive(plan_of(wiring))
    assert drive.take() == "s0000"

    skips = drive.finish("s0000", "result") if outcome == "skip" else drive.fail("s0000")

    assert skips == (sorted(wiring)[1:] if outcome == "skip" else [])
    assert drive.take() is None


def test_many_steps_at_once_are_skipped_in_order():
    """Steps that are skipped together come in plan order."""
    wiring = {"a": {}} | {f"s{i:03}": {"x": "a"} for i in range(200)}
    drive = Drive(plan_of(wiring))
    assert drive.take() == "a"

    assert drive.finish("a", "result") == sorted(wiring)[1:]


@st.composite
def wirings(draw):
    """Draw dependencies of up to nine steps, with single sources and lists, some of which only order."""
    count = draw(st.integers(1, 9))
    names = [f"{draw(st.sampled_from('abcxyz'))}{i}" for i in range(count)]
    wiring = {}
    for i, name in enumerate(names):
        source = st.sampled_from([f"{one}{out}" for one in names[:i] for out in ("", ".other")] or ["none"])
        sources = st.lists(source, min_size=1, max_size=3)
        single = draw(st.dictionaries(st.sampled_from(["p", "q", "np"]), source, max_size=2))
        many = draw(st.dictionaries(st.sampled_from(["l", "nl"]), sources, max_size=1))
        wiring[name] = single | many if i else {}
    return wiring


outcomes = st.lists(st.sampled_from(["fine", "fine", "fine", "fail", "no result", "no other", "retry"]))


def run(plan, results):
    """Run a plan to its end. Return the outcomes in order, as (outcome, step)."""
    drive, seen = Drive(plan), []
    results = iter(results)
    while (key := drive.take()) is not None:
        result = next(results, "fine")
        seen.append(("run", key))
        if result == "retry":
            drive.schedule.retry(plan.index_by_key[key])
            continue
        if result == "fail":
            seen.append(("fail", key))
            skipped = drive.fail(key)
        else:
            skipped = drive.finish(key, *([result[3:]] if result.startswith("no") else []))
            seen.append((result, key))
        seen += [("skip", one) for one in skipped]
    return seen


@given(wirings(), outcomes)
def test_every_step_is_decided(wiring, results):
    """Law: in any graph each step runs, is skipped or is blocked, exactly once."""
    plan = plan_of(wiring, nothing=("np", "nl"))

    seen = run(plan, results)

    ended = [key for what, key in seen if what != "run"]
    left = {step.key for step in plan.steps} - set(ended)
    failed = {key for what, key in seen if what == "fail"}
    assert len(ended) == len(set(ended))
    for step in plan.steps:
        if step.key in left:
            assert (failed | left) & set(step.upstream)


@given(wirings(), outcomes)
def test_no_step_runs_before_what_it_reads(wiring, results):
    """Law: a step runs only after all its upstream steps have ended without a failure."""
    plan = plan_of(wiring, nothing=("np", "nl"))

    ended, failed = set(), set()
    for what, key in run(plan, results):
        if what == "run":
            upstream = set(plan.step_by_key(key).upstream)
            assert upstream <= ended
            assert not upstream & failed
            continue
        ended.add(key)
        if what == "fail":
            failed.add(key)


@given(wirings(), outcomes, st.randoms(use_true_random=False))
def test_the_order_depends_on_nothing_but_the_wiring(wiring, results, random):
    """Law: the order of the definitions of steps and inputs has no effect."""
    shuffled = list(wiring.items())
    random.shuffle(shuffled)
    other = plan_of({name: dict(reversed(inputs.items())) for name, inputs in shuffled}, nothing=("np", "nl"))

    assert run(plan_of(wiring, nothing=("np", "nl")), results) == run(other, results)


def test_skips_come_by_priority():
    """Of steps that are skipped together the highest priority comes first."""
    tags = {"c": {"dagflow/priority": "2"}, "b": {"dagflow/priority": "-1"}}
    drive = Drive(
        plan_of({"a": {}, "b": {"x": "a"}, "c": {"x": "a"}, "d": {"x": "b"}, "e": {"x": "c"}}, tags=tags)
    )
    assert drive.take() == "a"

    assert drive.finish("a", "result") == ["c", "b", "d", "e"]


def test_a_step_without_room_keeps_its_place():
    """A step that is not admitted keeps its position, and the next ones are taken first."""
    plan = plan_of({name: {} for name in "abcd"}, tags={"d": {"dagflow/priority": "1"}})
    schedule = Schedule(plan)

    def taken(*refused):
        index = schedule.take(lambda step: step.key not in refused)
        return None if index is None else plan.steps[index].key

    assert [taken("a", "d"), taken("a"), taken("a"), taken("a"), taken()] == ["b", "d", "c", None, "a"]
