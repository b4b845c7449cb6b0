"""The search through all orders of steps: numbers counted by hand, and errors."""

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
    """Return a value; the op has no inputs."""
    return x


@op
def both(x, y):
    """Wait for two inputs."""
    return [x, y]


@op
def burnt(x=None):
    """Fail."""
    raise ValueError("burnt")


@op(out=Out(is_required=False))
def nothing(x=None):
    """Yield no output, so that the downstream steps are skipped."""
    yield from ()


@op(out=DynamicOut())
def many():
    """Yield two values."""
    yield DynamicOutput(1, "a")
    yield DynamicOutput(2, "b")


def flaky(delay=None):
    """Return an op that fails the first time."""

    @op(name="flaky", retry_policy=RetryPolicy(delay=delay))
    def made(context):
        if not context.retry_number:
            raise ValueError("once")

    return made


def orders(body, **arguments):
    """Return the orders of the steps of a job with this body, as strings."""
    whole = job(name="whole")(body)
    run = lambda: whole.execute_in_process(raise_on_error=False)  # noqa: E731
    return [" ".join(order) for order, _ in interleavings(run, **arguments)]


def test_a_job_without_steps_has_one_order():
    """A job without steps is run once."""
    assert orders(lambda: None) == [""]


def test_a_chain_has_one_order():
    """Each step of a chain waits for the step before it."""

    def chain():
        one.alias("c")(one.alias("b")(one.alias("a")()))

    assert orders(chain) == ["a b c"]


def test_independent_steps_come_in_every_order():
    """Three independent steps have 3! orders, the default order first."""

    def three():
        one.alias("a")(), one.alias("b")(), one.alias("c")()

    expected = [" ".join(order) for order in itertools.permutations("abc")]
    assert orders(three) == expected


def test_the_sides_of_a_diamond_come_in_two_orders():
    """The first and the last step of a diamond keep their positions."""

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
    """Priorities change the default order, but not the dependencies."""

    def two():
        one.alias("low")()
        one.alias("high").tag({"dagflow/priority": "1"})()

    assert orders(two) == ["high low", "low high"]


def test_steps_that_appear():
    """Mapped steps join the run with their keys; each with a downstream step makes two chains."""

    def mapped():
        both(many().map(one.alias("m")).collect(), one.alias("other")())

    found = orders(mapped)

    assert {order for order in found if order.startswith("other")} == {
        "other many m[a] m[b] both",
        "other many m[b] m[a] both",
    }
    assert len(found) == 2 * 4  # the positions of `other` among many and two mapped steps


def test_a_retry_without_delay_comes_at_any_later_turn():
    """The other step is before, between and after the attempts."""
    assert orders(lambda: (flaky()(), one())) == ["flaky one flaky", "flaky flaky one", "one flaky flaky"]


def test_a_retry_with_a_delay_comes_when_nothing_else_is_ready():
    """The delay is an hour on a clock on which steps take no time."""
    assert orders(lambda: (flaky(delay=3600)(), one())) == ["flaky one flaky", "one flaky flaky"]


def test_what_a_failure_blocks_is_not_taken():
    """A step downstream of the failed one is in no order, an independent one in each."""

    def blocked():
        one.alias("behind")(burnt())
        one.alias("beside")()

    assert orders(blocked) == ["beside burnt", "burnt beside"]


def test_what_is_skipped_is_not_taken():
    """A skipped step does not run in any order."""

    def skips():
        one.alias("behind")(nothing())
        one.alias("beside")()

    assert orders(skips) == ["beside nothing", "nothing beside"]


def test_assets_have_orders_too():
    """`run` can be a function that materializes assets."""

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
    """Law: every order gives each step the same outcome and output."""
    whole = job_of(description)
    run = lambda: whole.execute_in_process(raise_on_error=False)  # noqa: E731
    usual = observed(run())

    for order, result in interleavings(run, limit=30, exhaustive=False):
        assert observed(result) == usual, order


def test_a_bound_that_is_enough():
    """As many orders as the limit are not an error."""
    assert len(orders(lambda: (one.alias("a")(), one.alias("b")()), limit=2)) == 2


def test_a_bound_that_is_not_enough_is_an_error():
    """More orders than the limit are an error after all orders up to the limit."""

    @job
    def three():
        one.alias("a")(), one.alias("b")(), one.alias("c")()

    tried = interleavings(three.execute_in_process, limit=4, mode="all")

    assert len(list(itertools.islice(tried, 4))) == 4
    with pytest.raises(DagflowError, match="more than 4 orders"):
        next(tried)


def test_some_orders_can_be_enough():
    """With exhaustive=False more orders than the limit are not an error."""

    def three():
        one.alias("a")(), one.alias("b")(), one.alias("c")()

    assert orders(three, limit=4, exhaustive=False) == orders(three)[:4]


def test_what_the_run_raised_tells_the_order():
    """An error of one order is raised unchanged, with a note that repeats the order."""
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

    assert raised.value.__notes__[0].startswith("order 2 of interleavings(): second\n")
    with run_options(pick=in_order(["second"])), pytest.raises(AssertionError, match="too early"):
        run()


def test_a_run_that_remembers_is_no_proof():
    """Other ready steps than in the run before are an error."""
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
    """A run that ends before the turn with the next choice is an error."""
    jobs = [
        job(name="two")(lambda: (one.alias("a")(), one.alias("b")())),
        job(name="none")(lambda: None),
    ]

    with pytest.raises(
        DagflowError, match=r"after \[\], \['a', 'b'\] were ready before, and now the run was over"
    ):
        list(interleavings(lambda: jobs.pop(0).execute_in_process()))


def test_a_difference_is_told_even_if_the_run_hides_it():
    """The error is raised even if `run` catches exceptions."""
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
    """Return a job of one step."""
    one()


def twice():
    """Start two runs."""
    single.execute_in_process()
    single.execute_in_process()


def elsewhere():
    """Start a run on another thread, which has its own options."""
    thread = threading.Thread(target=single.execute_in_process)
    thread.start()
    thread.join()


def in_its_own_order():
    """Start a run with another `pick` function."""
    with run_options(pick=in_order(["one"])):
        single.execute_in_process()


@pytest.mark.parametrize(
    ("run", "count"), [(twice, "2"), (lambda: None, "none"), (elsewhere, "none"), (in_its_own_order, "none")]
)
def test_one_run_a_call(run, count):
    """A function must start exactly one run with the given order."""
    with pytest.raises(DagflowError, match=f"must start one run.* it started {count}"):
        list(interleavings(run))


def test_runs_of_other_threads_do_not_count():
    """Only runs with the given order count as the run of the function."""

    def run():
        elsewhere()
        return single.execute_in_process().success

    assert list(interleavings(run)) == [(("one",), True)]


def test_the_caller_keeps_its_options():
    """Between two orders the options of the caller are unchanged."""
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
    """Invalid arguments raise before any run."""
    with pytest.raises(ParameterCheckError, match=message):
        interleavings(*arguments)


def test_an_order_that_cannot_be():
    """A step that is not ready at its turn ends the run with an error."""
    with run_options(pick=in_order(["two"])), pytest.raises(CheckError, match="'two'"):
        single.execute_in_process()
