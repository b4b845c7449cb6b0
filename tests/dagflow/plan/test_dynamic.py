"""Runs with dynamic outputs: mapping and collecting, their order, failures and skips."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dagflow import (
    DagflowInvalidConfigError,
    DagflowInvariantViolationError,
    DagflowTypeCheckDidNotPass,
    DynamicOut,
    DynamicOutput,
    GraphOut,
    In,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    graph,
    op,
)


@op(out=DynamicOut())
def cups():
    yield DynamicOutput(2, "b")
    yield DynamicOutput(1, "a")


@op(out=DynamicOut())
def glasses():
    return [DynamicOutput(20, "y"), DynamicOutput(10, "x")]


@op(out=DynamicOut())
def none():
    return []


@op(out=DynamicOut(is_required=False))
def perhaps_none():
    return []


@op(out=DynamicOut())
def breaks():
    yield DynamicOutput(1, "a")
    raise ValueError("after one")


@op(out=DynamicOut(), retry_policy=RetryPolicy())
def tries_again(context):
    yield DynamicOutput(1, f"k{context.retry_number}")
    if context.retry_number == 0:
        raise ValueError("first")
    yield DynamicOutput(2, "z")


@op(out=DynamicOut(Nothing))
def signals():
    yield DynamicOutput(None, "x")
    yield DynamicOutput(None, "y")


@op(out={"n": DynamicOut(), "l": DynamicOut(), "w": Out()})
def mixed():
    yield DynamicOutput(1, "i", "n")
    yield DynamicOutput("A", "k", "l")
    yield Output("W", "w")
    yield DynamicOutput(2, "j", "n")


@op
def one():
    return 100


@op
def brew(x):
    return x


@op
def add(x, y):
    return x + y


@op
def total(xs):
    return xs


@op(out=Out(is_required=False))
def only_a(x):
    if x == 1:
        yield Output(x)


@op(out=Out(is_required=False))
def never(x):
    yield from ()


@op
def fails_b(x):
    if x == 2:
        raise ValueError("b")
    return x


@op(retry_policy=RetryPolicy())
def flaky(context, x):
    if context.retry_number == 0 and x == 2:
        raise ValueError("b")
    return x


@op
def key(context, x):
    return context.get_mapping_key()


@op(out={"p": Out(), "q": Out()})
def halves(x):
    return x, x * 10


@op(tags={"dagflow/priority": 2})
def first(x):
    return x


@op(out=Out(Nothing))
def quiet(x):
    pass


@op(ins={"after": In(Nothing)})
def then():
    return 1


@op(out=DynamicOut())
def splits(x):
    yield DynamicOutput(x, "p")


@graph
def twice(x):
    return brew.alias("again")(brew(x))


@graph
def tray():
    return cups()


@graph
def brewed():
    return cups().map(brew)


@graph
def summed():
    return total(cups().map(brew).collect())


@graph
def tray_of_trays():
    return brewed().map(brew.alias("n"))


@graph(out={"raw": GraphOut(), "done": GraphOut()})
def both():
    some = cups()
    return {"raw": some, "done": some.map(brew)}


@graph
def with_more(k):
    return cups().map(lambda x: add(x, k))


def two_chains():
    total(cups().map(brew).map(brew.alias("e")).collect())


def a_chain_inside():
    total(cups().map(lambda x: brew.alias("e")(brew(x))).collect())


def with_another_value():
    value = one()
    cups().map(lambda x: add(x, value))


def several_outputs_of_a_mapped_op():
    some = cups().map(halves)
    total(some.q.map(brew).collect())
    total.alias("t")(some.p.collect())


def two_sources():
    total(cups().map(brew).collect())
    total.alias("t")(glasses().map(brew.alias("e")).collect())


def collected_twice():
    some = cups()
    total(some.map(brew).collect())
    total.alias("t")(some.collect())


def joined():
    total(cups().map(lambda x: add(brew(x), brew.alias("e")(x))).collect())


def a_tuple():
    left, right = cups().map(lambda x: (brew(x), brew.alias("e")(x)))
    total(left.collect())
    total.alias("t")(right.collect())


def several_dynamic_outputs():
    n, other, w = mixed()
    n.map(brew)
    other.map(lambda x: add(x, w))
    total(n.collect())


def other_outputs_by_name():
    some = mixed()
    some.n.map(brew)
    brew.alias("e")(some.w)


def outputs_of_a_graph():
    raw, done = both()
    total(raw.collect())
    total.alias("t")(done.map(brew.alias("e")).collect())


def others_are_ready():
    cups().map(brew)
    one.alias("zz")()
    add(one(), one.alias("o2")())


def collected_after_a_graph(source):
    some = source()
    total.alias("a")(some.map(twice).collect())
    total.alias("b")(some.map(brew).collect())


def a_priority():
    some = cups()
    some.map(brew)
    some.map(first)
    one()


@op
def early_failure():
    raise ValueError("x")


@op(tags={"dagflow/priority": -5})
def late_failure():
    raise ValueError("x")


@op(tags={"dagflow/priority": 5}, out=Out(is_required=False))
def early_skip():
    yield from ()


@op(tags={"dagflow/priority": -5}, out=Out(is_required=False))
def late_skip():
    yield from ()


@graph
def with_one(a):
    return total([a, one()])


B, A = {"b": 2, "a": 1}, [2, 1]
ROWS = [
    ("map", lambda: cups().map(brew), {"cups": B, "brew": B}, "cups brew[b] brew[a]"),
    ("collect", lambda: total(cups().collect()), {"total": A}, "cups total"),
    ("nothing done", lambda: total(cups().map(lambda x: x).collect()), {"total": A}, "cups total"),
    ("two chains", two_chains, {"e": B, "total": A}, "cups brew[b] brew[a] e[b] e[a] total"),
    ("a chain inside", a_chain_inside, {"e": B, "total": A}, "cups brew[b] brew[a] e[b] e[a] total"),
    ("another value", with_another_value, {"add": {"b": 102, "a": 101}}, "cups one add[b] add[a]"),
    (
        "outputs by name",
        several_outputs_of_a_mapped_op,
        {"total": [20, 10], "t": A},
        "cups halves[b] halves[a] brew[b] brew[a] t total",
    ),
    (
        "two sources",
        two_sources,
        {"total": A, "t": [20, 10], "e": {"y": 20, "x": 10}},
        "cups glasses brew[b] brew[a] e[y] e[x] total t",
    ),
    ("collected twice", collected_twice, {"total": A, "t": A}, "cups brew[b] brew[a] t total"),
    ("joined", joined, {"total": [4, 2]}, "cups brew[b] brew[a] e[b] e[a] add[b] add[a] total"),
    ("a tuple", a_tuple, {"total": A, "t": A}, "cups brew[b] brew[a] e[b] e[a] total t"),
    (
        "several dynamic outputs",
        several_dynamic_outputs,
        {"brew": {"i": 1, "j": 2}, "add": {"k": "AW"}, "total": [1, 2]},
        "mixed add[k] brew[i] brew[j] total",
    ),
    ("others by name", other_outputs_by_name, {"e": "W"}, "mixed e brew[i] brew[j]"),
    (
        "keys",
        lambda: cups().map(brew).map(key),
        {"key": {"b": "b", "a": "a"}},
        "cups brew[b] brew[a] key[b] key[a]",
    ),
    ("a dynamic op, mapped", lambda: cups().map(splits), {"splits": B}, "cups splits[b] splits[a]"),
    ("no values", lambda: total(none().map(brew).map(key).collect()), {"total": []}, "none total"),
    (
        "no values, optional",
        lambda: total(perhaps_none().map(brew).collect()),
        {},
        "perhaps_none total:SKIPPED",
    ),
    ("none collected, optional", lambda: total(perhaps_none().collect()), {}, "perhaps_none total:SKIPPED"),
    ("no values, in plan order", lambda: collected_after_a_graph(none), {"a": [], "b": []}, "none a b"),
    (
        "no values, skipped in plan order",
        lambda: collected_after_a_graph(perhaps_none),
        {},
        "perhaps_none a:SKIPPED b:SKIPPED",
    ),
    (
        "some skipped",
        lambda: total(cups().map(only_a).collect()),
        {"total": [1]},
        "cups only_a[b] only_a[a] total",
    ),
    (
        "skipped inside",
        lambda: total(cups().map(only_a).map(brew).collect()),
        {"brew": {"a": 1}, "total": [1]},
        "cups only_a[b] brew[b]:SKIPPED only_a[a] brew[a] total",
    ),
    (
        "all skipped",
        lambda: brew(total(cups().map(never).collect())),
        {},
        "cups never[b] never[a] total:SKIPPED brew:SKIPPED",
    ),
    (
        "one fails",
        lambda: total(cups().map(fails_b).map(brew).collect()),
        {"brew": {"a": 1}},
        "cups fails_b[b] fails_b[b]:FAILURE fails_b[a] brew[a]",
    ),
    (
        "one is tried again",
        lambda: total(cups().map(flaky).map(brew).collect()),
        {"total": A},
        "cups flaky[b] flaky[b]:UP_FOR_RETRY flaky[a] flaky[b]:RESTARTED brew[a] brew[b] total",
    ),
    (
        "fails beside, before",
        lambda: total(cups().map(lambda x: add(x, early_failure.alias("a")())).collect()),
        {},
        "a a:FAILURE cups",
    ),
    (
        "fails beside, after",
        lambda: cups().map(lambda x: add(x, late_failure())),
        {},
        "cups late_failure late_failure:FAILURE",
    ),
    (
        "skipped beside, before",
        lambda: total(cups().map(lambda x: add(x, early_skip())).collect()),
        {},
        "early_skip cups add[b]:SKIPPED add[a]:SKIPPED total:SKIPPED",
    ),
    (
        "skipped beside, after",
        lambda: total(cups().map(lambda x: add(x, late_skip())).collect()),
        {},
        "cups late_skip add[b]:SKIPPED add[a]:SKIPPED total:SKIPPED",
    ),
    (
        "a list in a graph",
        lambda: cups().map(with_one),
        {"with_one": {"b": [2, 100], "a": [1, 100]}},
        "cups with_one.one with_one.total[b] with_one.total[a]",
    ),
    ("the source fails", lambda: total(breaks().map(brew).collect()), {}, "breaks breaks:FAILURE"),
    (
        "the source is tried again",
        lambda: total(tries_again().map(brew).collect()),
        {"total": [1, 2], "brew": {"k1": 1, "z": 2}},
        "tries_again tries_again:UP_FOR_RETRY tries_again:RESTARTED brew[k1] brew[z] total",
    ),
    ("the order of keys", lambda: total(glasses().collect()), {"total": [20, 10]}, "glasses total"),
    ("signals", lambda: signals().map(then), {"then": {"x": 1, "y": 1}}, "signals then[x] then[y]"),
    ("only ordered", lambda: then(cups().map(brew).collect()), {"then": 1}, "cups brew[b] brew[a] then"),
    ("only ordered, no values", lambda: then(none().map(brew).collect()), {"then": 1}, "none then"),
    (
        "ordered by quiet ones",
        lambda: then(cups().map(quiet).collect()),
        {"then": 1},
        "cups quiet[b] quiet[a] then",
    ),
    ("others are ready", others_are_ready, {}, "cups o2 one zz brew[b] brew[a] add"),
    ("a priority", a_priority, {}, "cups first[b] first[a] one brew[b] brew[a]"),
    (
        "a graph",
        lambda: total(cups().map(twice).collect()),
        {"twice": B, "twice.brew": B, "total": A},
        "cups twice.brew[b] twice.brew[a] twice.again[b] twice.again[a] total",
    ),
    (
        "made in a graph",
        lambda: tray().map(brew),
        {"tray": B, "tray.cups": B, "brew": B},
        "tray.cups brew[b] brew[a]",
    ),
    (
        "mapped in a graph",
        lambda: total(brewed().map(brew.alias("e")).collect()),
        {"brewed": B, "total": A},
        "brewed.cups brewed.brew[b] brewed.brew[a] e[b] e[a] total",
    ),
    (
        "collected in a graph",
        lambda: brew(summed()),
        {"summed": A, "brew": A},
        "summed.cups summed.brew[b] summed.brew[a] summed.total brew",
    ),
    (
        "graphs in graphs",
        lambda: total(tray_of_trays().collect()),
        {"tray_of_trays": B, "tray_of_trays.brewed": B, "total": A},
        "tray_of_trays.brewed.cups tray_of_trays.brewed.brew[b] tray_of_trays.brewed.brew[a] "
        "tray_of_trays.n[b] tray_of_trays.n[a] total",
    ),
    (
        "outputs of a graph",
        outputs_of_a_graph,
        {"total": A, "t": A},
        "both.cups both.brew[b] both.brew[a] total e[b] e[a] t",
    ),
    (
        "an input of a graph",
        lambda: with_more(one()),
        {"with_more": {"b": 102, "a": 101}},
        "one with_more.cups with_more.add[b] with_more.add[a]",
    ),
]


def made(body):
    """Return a graph whose body returns nothing."""

    def whole() -> None:
        body()

    return graph(name="g")(whole)


def course(result):
    """Return the started steps and the other outcomes of steps, in order."""
    names = ("START", "FAILURE", "SKIPPED", "UP_FOR_RETRY", "RESTARTED")
    seen = [
        (event.step_key, event.event_type.value.removeprefix("STEP_"))
        for event in result.all_events
        if event.event_type.value.removeprefix("STEP_") in names
    ]
    return " ".join(step if what == "START" else f"{step}:{what}" for step, what in seen)


@pytest.mark.parametrize(
    ("body", "outputs", "steps"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_a_dynamic_graph(body, outputs, steps):
    """The run has the expected values and order; mapped steps come in the order of their keys."""
    result = made(body).execute_in_process(raise_on_error=False)

    assert course(result) == steps
    for node, value in outputs.items():
        found = result.output_for_node(node)
        assert found == value
        assert list(found) == list(value) if isinstance(value, dict) else True


@pytest.mark.parametrize("body", [lambda: total(cups().map(fails_b).collect()), lambda: breaks().map(brew)])
def test_a_failure_is_raised_as_it_is(body):
    """A failure of a mapped step or of the dynamic step is raised unchanged."""
    with pytest.raises(ValueError, match=r"^(b|after one)$"):
        made(body).execute_in_process()


@pytest.mark.parametrize(
    "node", ["total", "brew", "none"], ids=["a collector that did not run", "a map over nothing", "no values"]
)
def test_what_never_came_is_asked_for(node):
    """The error about an output without a value names output and node."""
    body = (lambda: total(cups().map(fails_b).collect())) if node == "total" else (lambda: none().map(brew))
    result = made(body).execute_in_process(raise_on_error=False)

    with pytest.raises(DagflowInvariantViolationError, match=f"'result'.*'{node}'"):
        result.output_for_node(node)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["*brew"], "cups brew[b] brew[a]"),
        (["cups"], "cups"),
        (["*total"], "cups brew[b] brew[a] total"),
        (["cups+"], "cups brew[b] brew[a]"),
    ],
)
def test_a_selection_of_a_dynamic_graph(selection, expected):
    """The selected part runs, and mapped nodes stay mapped."""
    body = made(lambda: total(cups().map(brew).collect()))

    assert course(body.execute_in_process(op_selection=selection)) == expected


def test_a_selection_without_the_source_needs_config():
    """Without its dynamic output a step runs once, with a value of the run config."""
    whole = made(lambda: total(cups().map(brew).collect()))

    def run(selection, **inputs):
        config = {"ops": {selection: {"inputs": inputs}}} if inputs else {}
        return whole.execute_in_process(config, op_selection=[selection]).output_for_node(selection)

    assert run("brew", x={"value": 5}) == 5
    assert run("total", xs={"value": [5]}) == [5]
    with pytest.raises(DagflowInvalidConfigError, match=r"'brew'.*'x'"):
        run("brew")


def test_the_output_of_a_whole_graph():
    """A dynamic output of the graph of the run is a dict."""

    @graph
    def whole() -> Any:
        return cups().map(brew)

    assert whole.execute_in_process().output_value() == {"b": 2, "a": 1}


def gives(*values, type_=Any):
    """Return a graph with one dynamic op that yields these outputs."""

    @op(out=DynamicOut(type_))
    def gives():
        yield from values

    return made(lambda: gives().map(brew))


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([DynamicOutput(1, "k"), DynamicOutput(2, "k")], DagflowInvariantViolationError, "key .k. "),
        ([Output(1)], DagflowInvariantViolationError, "DynamicOutput"),
        ([DynamicOutput(1, "k", "other")], DagflowInvariantViolationError, "'other'"),
        ([5], DagflowInvariantViolationError, "5"),
    ],
)
def test_what_a_dynamic_output_cannot_be_given(values, error, message):
    """The error names the op with its location, and the output."""
    with pytest.raises(error) as raised:
        gives(*values).execute_in_process()

    assert re.search(r"op ['\"]gives['\"]", str(raised.value))
    assert re.search(r"test_dynamic\.py:\d+", str(raised.value))
    assert re.search(message, str(raised.value))


def test_each_value_is_checked():
    """A value of the wrong type fails the step; the result has it and the values before it."""
    broken = gives(DynamicOutput(1, "i"), DynamicOutput("x", "k"), type_=int)

    result = broken.execute_in_process(raise_on_error=False)

    assert course(result) == "gives gives:FAILURE"
    assert result.output_for_node("gives") == {"i": 1, "k": "x"}
    with pytest.raises(DagflowTypeCheckDidNotPass, match=r"\"result\".*\"Int\".*'gives' \(.*test_dynamic"):
        broken.execute_in_process()
