"""Every order of steps, once each: hand-counted numbers, and what is said when a search cannot be trusted."""

from __future__ import annotations

import contextlib
import itertools
import threading

import pytest
from drawn_pipelines import descriptions
from hypothesis import given
from pipelines import job_of, observed

from dagflow import (
    CheckError,
    DagflowError,
    DynamicOut,
    DynamicOutput,
    Out,
    ParameterCheckError,
    RetryPolicy,
    asset,
    job,
    materialize,
    op,
)
from dagflow.testing import in_order, interleavings, run_options


@op
def one(x=None):
    """An op that can stand anywhere."""
    return x


@op
def both(x, y):
    """An op that waits for two."""
    return [x, y]


@op
def burnt(x=None):
    """Fails."""
    raise ValueError("burnt")


@op(out=Out(is_required=False))
def nothing(x=None):
    """Gives no output, so that what is behind it is skipped."""
    yield from ()


@op(out=DynamicOut())
def many():
    """Two values."""
    yield DynamicOutput(1, "a")
    yield DynamicOutput(2, "b")


def flaky(delay=None):
    """An op that fails the first time."""

    @op(name="flaky", retry_policy=RetryPolicy(delay=delay))
    def made(context):
        if not context.retry_number:
            raise ValueError("once")

    return made


def orders(body, **arguments):
    """The orders in which the steps of a job with this body can be taken, as text."""
    whole = job(name="whole")(body)
    run = lambda: whole.execute_in_process(raise_on_error=False)  # noqa: E731
    return [" ".join(order) for order, _ in interleavings(run, **arguments)]


def test_a_job_without_steps_has_one_order():
    """It is run once."""
    assert orders(lambda: None) == [""]


def test_a_chain_has_one_order():
    """Each step waits for the one before it."""

    def chain():
        one.alias("c")(one.alias("b")(one.alias("a")()))

    assert orders(chain) == ["a b c"]


def test_independent_steps_come_in_every_order():
    """Three steps that do not know each other: 3! orders, the usual one first."""

    def three():
        one.alias("a")(), one.alias("b")(), one.alias("c")()

    expected = [" ".join(order) for order in itertools.permutations("abc")]
    assert orders(three) == expected


def test_the_sides_of_a_diamond_come_in_two_orders():
    """Top and bottom stay where they are."""

    def diamond():
        top = one.alias("top")()
        both(one.alias("l")(top), one.alias("r")(top))

    assert orders(diamond) == ["top l r both", "top r l both"]


def test_two_chains_are_shuffled():
    """Two chains of two: 4! / (2! * 2!) orders, no two of them the same."""

    def chains():
        one.alias("a2")(one.alias("a1")())
        one.alias("b2")(one.alias("b1")())

    found = orders(chains)

    assert len(found) == len(set(found)) == 6
    assert all(order.index("a1") < order.index("a2") for order in found)


def test_priorities_do_not_forbid_an_order():
    """They say what is taken first, not what waits for what."""

    def two():
        one.alias("low")()
        one.alias("high").tag({"dagflow/priority": "1"})()

    assert orders(two) == ["high low", "low high"]


def test_steps_that_appear():
    """Mapped steps are there once their keys are known; with a step behind each: two chains."""

    def mapped():
        both(many().map(one.alias("m")).collect(), one.alias("other")())

    found = orders(mapped)

    assert {order for order in found if order.startswith("other")} == {
        "other many m[a] m[b] both",
        "other many m[b] m[a] both",
    }
    assert len(found) == 2 * 4  # the place of `other` among many and two mapped steps


def test_a_retry_without_delay_comes_at_any_later_turn():
    """The other step stands before, between and behind the attempts."""
    assert orders(lambda: (flaky()(), one())) == ["flaky one flaky", "flaky flaky one", "one flaky flaky"]


def test_a_retry_with_a_delay_comes_when_nothing_else_is_ready():
    """An hour on a clock on which steps take no time."""
    assert orders(lambda: (flaky(delay=3600)(), one())) == ["flaky one flaky", "one flaky flaky"]


def test_what_a_failure_blocks_is_not_taken():
    """The step behind the failed one is in no order, the one beside it in each."""

    def blocked():
        one.alias("behind")(burnt())
        one.alias("beside")()

    assert orders(blocked) == ["beside burnt", "burnt beside"]


def test_what_is_skipped_is_not_taken():
    """A skipped step does not run, whichever step decides that."""

    def skips():
        one.alias("behind")(nothing())
        one.alias("beside")()

    assert orders(skips) == ["beside nothing", "nothing beside"]


def test_assets_have_orders_too():
    """What is run may be a materialization."""

    @asset
    def water():
        return 1

    @asset
    def beans():
        return 2

    found = [
        (order, result.asset_value("water"))
        for order, result in interleavings(lambda: materialize([water, beans]))
    ]

    assert found == [(("beans", "water"), 1), (("water", "beans"), 1)]


@given(descriptions(most=4))
def test_every_order_comes_to_the_same(description):
    """Law: in whichever order the steps are taken, each fares the same and gives the same."""
    whole = job_of(description)
    run = lambda: whole.execute_in_process(raise_on_error=False)  # noqa: E731
    usual = observed(run())

    for order, result in interleavings(run, limit=30, exhaustive=False):
        assert observed(result) == usual, order


def test_a_bound_that_is_enough():
    """As many orders as the limit is no error."""
    assert len(orders(lambda: (one.alias("a")(), one.alias("b")()), limit=2)) == 2


def test_a_bound_that_is_not_enough_is_an_error():
    """All orders up to the limit are there, and then it is said that these were not all."""

    @job
    def three():
        one.alias("a")(), one.alias("b")(), one.alias("c")()

    tried = interleavings(three.execute_in_process, limit=4)

    assert len(list(itertools.islice(tried, 4))) == 4
    with pytest.raises(DagflowError, match="more than 4 orders"):
        next(tried)


def test_some_orders_can_be_enough():
    """Who asks for it gets the first orders without an error."""

    def three():
        one.alias("a")(), one.alias("b")(), one.alias("c")()

    assert orders(three, limit=4, exhaustive=False) == orders(three)[:4]


def test_what_the_run_raised_tells_the_order():
    """An error that only one order shows comes out as it is, with a note that is enough to see it again."""
    taken = []

    @op
    def first():
        taken.append("first")

    @op
    def second():
        assert taken == ["first"], "too early"

    @job
    def race():
        first(), second()

    def run():
        taken.clear()
        race.execute_in_process()

    with pytest.raises(AssertionError, match="too early") as raised:
        list(interleavings(run))

    assert "in_order(['second'])" in raised.value.__notes__[0]
    with run_options(pick=in_order(["second"])), pytest.raises(AssertionError, match="too early"):
        run()


def test_a_run_that_remembers_is_no_proof():
    """If other steps are ready than before, nobody knows which orders were tried."""
    calls = []

    @op(out=DynamicOut())
    def forgetful():
        calls.append(1)
        yield from (DynamicOutput(n, f"k{n}") for n in range(len(calls)))

    @job
    def grows():
        one.alias("other")()
        forgetful().map(one)

    with pytest.raises(DagflowError, match="not the same each time: after"):
        list(interleavings(grows.execute_in_process))


def test_a_run_that_ends_too_early_is_no_proof():
    """Also if the run, which must come to a turn with another choice, is over before."""
    jobs = [
        job(name="two")(lambda: (one.alias("a")(), one.alias("b")())),
        job(name="none")(lambda: None),
    ]

    with pytest.raises(
        DagflowError, match=r"after \[\], \['a', 'b'\] were ready before, and now the run was over"
    ):
        list(interleavings(lambda: jobs.pop(0).execute_in_process()))


def test_a_difference_is_told_even_if_the_run_hides_it():
    """What is raised inside the run may be caught by the function around it."""
    jobs = [
        job(name="two")(lambda: (one.alias("a")(), one.alias("b")())),
        job(name="other")(lambda: (one.alias("c")(), one.alias("d")())),
    ]

    def run():
        with contextlib.suppress(DagflowError):
            jobs.pop(0).execute_in_process()

    with pytest.raises(DagflowError, match="not the same each time"):
        list(interleavings(run))


@job
def single():
    """A job of one step."""
    one()


def twice():
    """Starts two runs."""
    single.execute_in_process()
    single.execute_in_process()


def elsewhere():
    """Starts a run on another thread, which has options of its own."""
    thread = threading.Thread(target=single.execute_in_process)
    thread.start()
    thread.join()


def in_its_own_order():
    """Starts a run that does not take the order that it is told."""
    with run_options(pick=in_order(["one"])):
        single.execute_in_process()


@pytest.mark.parametrize(
    ("run", "count"), [(twice, "2"), (lambda: None, "none"), (elsewhere, "none"), (in_its_own_order, "none")]
)
def test_one_run_a_call(run, count):
    """A function that starts no run, or several, has no order of steps."""
    with pytest.raises(DagflowError, match=f"must start one run.* it started {count}"):
        list(interleavings(run))


def test_runs_of_other_threads_do_not_count():
    """Only those that take the order that they are told."""

    def run():
        elsewhere()
        return single.execute_in_process().success

    assert list(interleavings(run)) == [(("one",), True)]


def test_the_caller_keeps_its_options():
    """Between two orders the code that asks for them runs under its own."""
    with run_options() as options:
        for _ in interleavings(single.execute_in_process):
            with run_options() as inside:
                assert inside == options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((single.name,), "'run' must be a function without arguments"),
        ((single.execute_in_process, 0), "'limit' must be a positive number, not 0"),
        ((single.execute_in_process, "9"), "'limit' must be of type 'int'"),
    ],
)
def test_wrong_arguments(arguments, message):
    """They are refused before anything runs."""
    with pytest.raises(ParameterCheckError, match=message):
        interleavings(*arguments)


def test_an_order_that_cannot_be():
    """A step that is not ready when its turn comes ends the run."""
    with run_options(pick=in_order(["two"])), pytest.raises(CheckError, match="'two'"):
        single.execute_in_process()
