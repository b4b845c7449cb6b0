"""The modes of `interleavings`: the reduction by commuting steps, random orders, priorities and replay."""

from __future__ import annotations

import itertools
from collections import Counter
from math import factorial

import pytest
from drawn_pipelines import descriptions
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pipelines import job_of

from dagflow import (
    AssetCheckResult,
    DagflowError,
    DynamicOut,
    DynamicOutput,
    GraphDefinition,
    In,
    Out,
    ParameterCheckError,
    RetryPolicy,
    asset,
    asset_check,
    fs_io_manager,
    job,
    materialize_to_memory,
    mem_io_manager,
    op,
    resource,
    success_hook,
)
from dagflow import DependencyDefinition as Edge
from dagflow.analysis.commuting import Commuting, count_orders
from dagflow.analysis.orders import Replayed, replay_string
from dagflow.testing import in_order, interleavings, run_options, unfinished_orders


def made_op(name, inputs=(), resources=(), value=1):
    """Return an op that returns a value."""

    @op(name=name, ins={one: In() for one in inputs}, required_resource_keys=set(resources))
    def made(**_):
        return value() if callable(value) else value

    return made


def steps(count, **arguments):
    """Return a job of independent steps."""
    ops = [made_op(f"s{number}", **arguments) for number in range(count)]
    return GraphDefinition("independent", node_defs=ops).to_job(
        resource_defs={key: resource(lambda _: {}) for key in arguments.get("resources", ())}
    )


def count(run, **arguments):
    """Return the number of orders of a search."""
    return sum(1 for _ in interleavings(run, **arguments))


# the reduction


@pytest.mark.parametrize("number", [1, 2, 7, 12])
def test_steps_that_share_nothing_have_one_order(number):
    """All orders of independent steps are one class."""
    assert count(steps(number), mode="reduced") == 1


@pytest.mark.parametrize("number", [2, 3, 4])
def test_steps_that_share_a_resource_have_every_order(number):
    """Steps with one resource do not commute."""
    assert count(steps(number, resources=["db"]), mode="reduced") == factorial(number)


def test_steps_with_two_resources():
    """Three users of one resource and two of another: 3! * 2! classes of 5! orders."""
    ops = [
        *(made_op(f"a{number}", resources=["a"]) for number in range(3)),
        *(made_op(f"b{number}", resources=["b"]) for number in range(2)),
    ]
    whole = GraphDefinition("two", node_defs=ops).to_job(
        resource_defs={key: resource(lambda _: {}) for key in "ab"}
    )

    assert count(whole, mode="reduced") == factorial(3) * factorial(2)
    assert count(whole, mode="all") == factorial(5)


def test_beyond_the_limit_the_search_is_reduced():
    """The mode "auto" takes every order up to the limit, and one of each class beyond it."""
    assert count(steps(4)) == 24
    assert count(steps(4), limit=23) == 1
    assert count(steps(7)) == 1
    assert count(steps(4), limit=9, exhaustive=False) == 9


def test_more_classes_than_the_limit_are_an_error():
    """The error says that the reduction was not enough."""
    with pytest.raises(DagflowError, match="more than 5 orders, even of those that differ in more than comm"):
        count(steps(3, resources=["db"]), limit=5)


@st.composite
def shared_graphs(draw):
    """Draw up to five nodes: inputs among the nodes before, resources, and a mutable or plain value."""
    rows = []
    for at in range(draw(st.integers(1, 5))):
        above = draw(st.lists(st.integers(0, at - 1), max_size=2, unique=True)) if at else []
        rows.append((above, draw(st.sets(st.sampled_from("xy"), max_size=1)), draw(st.booleans())))
    return rows


def job_of_rows(rows):
    """Return the job of drawn rows."""
    ops = [
        made_op(f"n{at}", [f"i{one}" for one in above], keys, list if is_mutable else 1)
        for at, (above, keys, is_mutable) in enumerate(rows)
    ]
    edges = {f"n{at}": {f"i{one}": Edge(f"n{one}") for one in above} for at, (above, _, _) in enumerate(rows)}
    return GraphDefinition("drawn", node_defs=ops, dependencies=edges).to_job(
        resource_defs={key: resource(lambda _: {}) for key in "xy"}
    )


def sharing_pairs(rows):
    """Return the pairs of nodes that share something, by a definition of its own."""

    def objects(at):
        found = set()
        for one in rows[at][0]:
            if rows[one][2]:
                found |= {one} | objects(one)
        return found

    return {
        (f"n{one}", f"n{other}")
        for one, other in itertools.permutations(range(len(rows)), 2)
        if rows[one][1] & rows[other][1] or objects(one) & objects(other)
    }


@settings(max_examples=60, deadline=None)
@given(shared_graphs())
def test_each_class_of_orders_has_exactly_one(rows):
    """Law: the reduced orders are one of each trace of all orders, compared with brute force."""
    pairs = sharing_pairs(rows)

    def trace(order):
        return frozenset(
            (one, other) for one, other in itertools.combinations(order, 2) if (one, other) in pairs
        )

    whole = job_of_rows(rows)
    every = [order for order, _ in interleavings(whole, mode="all")]
    reduced = [order for order, _ in interleavings(whole, mode="reduced")]

    assert set(reduced) <= set(every)
    assert Counter(map(trace, reduced)) == Counter(set(map(trace, every)))


@settings(deadline=None)
@given(descriptions(most=4))
def test_no_class_is_missing_in_any_pipeline(description):
    """Law: with retries, failures, skipped and mapped steps too, each order has an equivalent reduced one."""
    run = lambda: job_of(description).execute_in_process(raise_on_error=False)  # noqa: E731
    commuting = Commuting()
    every = []
    for order, result in interleavings(run, limit=200, exhaustive=False):
        commuting.learn(result)
        every.append(order)
    assume(len(every) < 200)

    def trace(order):
        keys = sorted(set(order))
        return frozenset(
            (one, other, tuple(key for key in order if key in (one, other)))
            for one, other in itertools.combinations_with_replacement(keys, 2)
            if commuting.sharing[commuting.number(one)] >> commuting.number(other) & 1
        )

    reduced = [order for order, _ in interleavings(run, mode="reduced")]

    assert set(map(trace, reduced)) == set(map(trace, every))


@given(shared_graphs())
def test_orders_are_counted_without_runs(rows):
    """Law: the number of orders from the plan is the number of orders of the search."""
    upstream = {f"n{at}": [f"n{one}" for one in above] for at, (above, _, _) in enumerate(rows)}
    found = count(job_of_rows(rows), mode="all")

    assert count_orders(list(upstream), upstream, 1_000) == found
    assert count_orders(list(upstream), upstream, found - 1) == found


@pytest.mark.parametrize(
    ("values", "number"), [(1, 1), ("text", 1), ((1, "a"), 1), (lambda: [], 2), (lambda: ([],), 2)]
)
def test_readers_of_one_value(values, number):
    """Two readers of one value commute if nobody can change the value."""
    top, left, right = made_op("top", value=values), made_op("left", ["x"]), made_op("right", ["x"])

    @job
    def fan():
        found = top()
        left(x=found), right(x=found)

    assert count(fan, mode="reduced") == number


def test_an_object_that_is_passed_on():
    """A step can return the object that it got, so its readers share that object."""
    top = made_op("top", value=list)

    @op
    def same(x):
        return x

    @job
    def passes():
        found = top()
        same.alias("reader")(same.alias("middle")(found)), same.alias("beside")(found)

    assert count(passes, mode="reduced") == 3


def test_values_that_are_stored_outside_memory(tmp_path):
    """Steps that store with one I/O manager outside memory do not commute."""
    whole = GraphDefinition("files", node_defs=[made_op("a"), made_op("b")])
    files = fs_io_manager.configured({"base_dir": str(tmp_path)})

    assert count(whole.to_job(resource_defs={"io_manager": files}), mode="reduced") == 2
    assert count(whole.to_job(resource_defs={"io_manager": mem_io_manager}), mode="reduced") == 1


def test_a_resource_that_resources_need():
    """Two resources that need a third one share it."""

    @resource(required_resource_keys={"db"})
    def table(_):
        return {}

    @resource
    def db(_):
        return {}

    @resource(required_resource_keys={"db"})
    def other(_):
        return {}

    ops = [made_op("a", resources=["x"]), made_op("b", resources=["y"])]
    whole = GraphDefinition("nested", node_defs=ops)

    assert count(whole.to_job(resource_defs={"x": table, "y": other, "db": db}), mode="reduced") == 2


def test_hooks_of_one_name():
    """Steps with one hook do not commute."""

    @success_hook
    def tell(_):
        pass

    whole = GraphDefinition("hooked", node_defs=[made_op("a"), made_op("b")])

    assert count(whole.to_job(hooks={tell}), mode="reduced") == 2


def test_checks_of_one_asset():
    """Two checks of one asset do not commute, two assets do."""

    @asset
    def beans():
        return 1

    @asset
    def water():
        return 1

    @asset_check(asset=beans)
    def fresh():
        return AssetCheckResult(passed=True)

    @asset_check(asset=beans)
    def dry():
        return AssetCheckResult(passed=True)

    assert count(lambda: materialize_to_memory([beans, water, fresh, dry]), mode="reduced") == 2


def test_dynamic_steps_commute_with_nothing():
    """Every order of mapped steps and of the steps beside them is found."""

    @op(out=DynamicOut())
    def many():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    one, other = made_op("one", ["x"]), made_op("other")

    @job
    def mapped():
        many().map(lambda x: one(x=x))
        other()

    assert count(mapped, mode="reduced") == count(mapped, mode="all") == 8


def test_a_failure_that_ends_the_run():
    """A failed step commutes with nothing, because it can end the run before another step."""

    @op
    def burnt():
        raise ValueError("burnt")

    a = made_op("a")

    @job
    def fails():
        a(), burnt()

    found = [
        order
        for order, _ in interleavings(lambda: fails.execute_in_process(raise_on_error=False), mode="reduced")
    ]

    assert found == [("a", "burnt"), ("burnt", "a")]


def test_skipped_steps():
    """Each class has an order, if steps are skipped too."""

    @op(out=Out(is_required=False))
    def nothing():
        yield from ()

    behind, beside = made_op("behind", ["x"]), made_op("beside")

    @job
    def skips():
        behind(x=nothing())
        beside()

    assert count(skips, mode="reduced") == 1


def test_retries_are_reduced_too():
    """A retry without delay comes at any turn, and with a shared resource each of them counts."""

    @op(retry_policy=RetryPolicy(), required_resource_keys={"db"})
    def flaky(context):
        if not context.retry_number:
            raise ValueError("once")

    whole = GraphDefinition("retried", node_defs=[flaky, made_op("user", resources=["db"]), made_op("free")])
    whole = whole.to_job(resource_defs={"db": resource(lambda _: {})})

    found = [
        tuple(key for key in order if key != "free") for order, _ in interleavings(whole, mode="reduced")
    ]

    assert sorted(found) == sorted(set(itertools.permutations(["flaky", "flaky", "user"])))


# random orders


@pytest.mark.parametrize("mode", ["random", "pct"])
def test_equal_seeds_lead_to_equal_orders(mode):
    """The orders depend on the seed alone."""

    def drawn(**seed):
        return [order for order, _ in interleavings(steps(6), mode=mode, runs=8, **seed)]

    assert drawn() == drawn(seed=0) != drawn(seed=1)
    assert len(drawn()) == 8


def test_the_first_run_of_pct_has_the_default_order():
    """It counts the turns, from which the changes are drawn."""
    first, _ = next(interleavings(steps(4), mode="pct"))

    assert first == ("s0", "s1", "s2", "s3")


def rate(is_bad, number=6, runs=400, **arguments):
    """Return the part of the orders that are bad."""
    found = [is_bad(order) for order, _ in interleavings(steps(number), mode="pct", runs=runs, **arguments)]
    return sum(found[1:]) / len(found[1:])


def test_the_probability_of_pct():
    """One run finds a problem of depth d with a probability of at least 1 / (n * k ** (d - 1))."""
    assert rate(lambda order: order[-1] == "s0", depth=1) > 0.8 / 6
    assert rate(lambda order: order[0] == "s3" and order[-1] == "s1", depth=2) > 0.8 / 36


# a planted problem, replay


def race():
    """Return a function that starts a run: it fails if "late" comes before both "first" and "second"."""
    taken = []

    def made(name):
        @op(name=name)
        def one():
            taken.append(name)
            assert name != "late" or {"first", "second"} & {*taken}, "too early"

        return one

    names = ["first", "second", "third", "fourth", "late"]
    whole = GraphDefinition("race", node_defs=[made(name) for name in names]).to_job()

    def run():
        taken.clear()
        return whole.execute_in_process()

    return run


@pytest.mark.parametrize("mode", ["all", "auto", "random", "pct"])
def test_a_planted_problem_is_found_and_replayed(mode):
    """The note of the error has the order and a replay string, which repeats it."""
    with pytest.raises(AssertionError, match="too early") as raised:
        list(interleavings(race(), mode=mode))

    note = raised.value.__notes__[0]
    replay = note.split("replay='")[1].split("'")[0]
    with pytest.raises(AssertionError, match="too early"):
        list(interleavings(race(), replay=replay))
    with pytest.raises(AssertionError, match="too early"), run_options(pick=in_order(replay)):
        race()()


def test_a_planted_problem_of_a_shared_resource_is_found_by_the_reduction():
    """The problem needs another order of two users of a resource, among steps that commute."""

    @resource
    def shelf(_):
        return []

    @op(required_resource_keys={"shelf"})
    def fill(context):
        context.resources.shelf.append(1)

    @op(required_resource_keys={"shelf"})
    def take(context):
        assert context.resources.shelf, "nothing there"

    others = [made_op(f"a{number}") for number in range(8)]
    whole = GraphDefinition("shop", node_defs=[*others, fill, take]).to_job(resource_defs={"shelf": shelf})

    with pytest.raises(AssertionError, match="nothing there") as raised:
        list(interleavings(whole))

    assert raised.value.__notes__[0].startswith(
        "order 2 of interleavings(): a0, a1, a2, a3, a4, a5, a6, a7, take"
    )


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 59)), max_size=30))
def test_replay_strings_repeat_any_choices(turns):
    """Law: a replay string has the choices, so that it repeats them."""
    offered = [tuple(f"s{at}" for at in range(size)) for size, _ in turns]
    chosen = [index % size for size, index in turns]

    replayed = Replayed(replay_string(offered, chosen))

    assert [replayed.choose(ready) for ready in offered] == chosen


def test_long_default_orders_have_short_strings():
    """Zeros are counted."""
    ready = ("a", "b")

    assert replay_string([ready] * 300, [0] * 250 + [1] + [0] * 49).startswith("z250z1_300_")


@pytest.mark.parametrize("text", ["", "nonsense", "12_3", "1_2_XYZ1", "1_2_9792 "])
def test_a_string_that_is_no_replay_string(text):
    """The error says so before any run."""
    with pytest.raises(ParameterCheckError, match="is not a replay string"):
        interleavings(steps(2), replay=text)
    with pytest.raises(ParameterCheckError, match="is not a replay string"):
        in_order(text)


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (4, "other steps were taken"),
        (2, "choice 3 was taken, and now only"),
        (0, "4 steps were taken, and now"),
    ],
)
def test_a_replay_string_of_another_pipeline(number, what):
    """The error says how the run differs."""
    text = replay_string([("x", "y", "z"), ("x", "y"), ("x",), ("q",)], [2, 0, 0, 0])
    text = "0" + text[1:] if not number else text

    with pytest.raises(DagflowError, match=what):
        list(interleavings(steps(number), replay=text))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "pst"}, "not a mode. Did you mean 'pct'"),
        ({"mode": "all", "seed": 1}, "no parameter 'seed' goes with the mode 'all'"),
        ({"mode": "random", "depth": 2}, "no parameter 'depth' goes with the mode 'random'"),
        ({"mode": "pct", "limit": 2}, "no parameter 'limit' goes with the mode 'pct'"),
        (
            {"replay": "0_1_0000", "mode": "pct", "runs": 2},
            "no parameter 'mode' or 'runs' goes with 'replay'",
        ),
        ({"mode": "pct", "runs": 0}, "'runs' must be a positive number, not 0"),
        ({"mode": "pct", "seed": "a"}, "'seed' must be of type 'int'"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    """An argument that the mode does not use is an error."""
    with pytest.raises(ParameterCheckError, match=message):
        interleavings(steps(1), **arguments)


def test_unfinished_orders():
    """The order in progress is known, and the order in which a loop was left, until later loops are left."""
    for order, result in interleavings(steps(2)):
        newest = unfinished_orders()[-1]
        assert newest.run_id == result.run_id
        assert ", ".join(order) in newest.description
    assert newest not in unfinished_orders()

    for _, left in interleavings(steps(2)):
        if left.success:
            break
    assert unfinished_orders()[-1].run_id == left.run_id
