"""Tests of the small assertions: each passes when it holds, and shows the actual events when it fails."""

from __future__ import annotations

import re

import pytest

from dagflow import (
    AssetCheckEvaluation,
    AssetKey,
    DagflowError,
    DagflowEvent,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    asset,
    graph,
    job,
    materialize_to_memory,
    op,
    resource,
)
from dagflow.testing import canonical_events
from pytest_dagflow import (
    assert_before,
    assert_check,
    assert_failed,
    assert_materialized,
    assert_not_ran,
    assert_output,
    assert_ran,
    assert_retried,
    assert_same_run,
    assert_skipped,
    assert_succeeded,
)


@op
def beans():
    return 1


@op
def brew(beans):
    return {"cups": beans}


@op
def serve(brew):
    return brew


@op
def tidy():
    return 0


@op
def spill():
    raise ValueError("the cup was hot")


@op(out=Out(is_required=False))
def maybe():
    yield from ()


@op(retry_policy=RetryPolicy(max_retries=2))
def flaky(context):
    if context.retry_number < 2:
        raise OSError("no water")


@graph
def machine():
    return brew(beans())


@job
def cafe():
    serve(machine())
    tidy()


@job
def accident():
    serve.alias("serve_spilt")(spill())
    serve.alias("serve_maybe")(maybe())
    tidy()


@job
def trying():
    flaky()


@pytest.fixture(scope="module")
def good():
    """Return a successful run."""
    return cafe.execute_in_process()


@pytest.fixture(scope="module")
def bad():
    """Return a run with a failure, blocked steps and a skipped step."""
    return accident.execute_in_process(raise_on_error=False)


def refused(assertion, *arguments, **named):
    """Return the message of the failed assertion."""
    with pytest.raises(AssertionError) as caught:
        assertion(*arguments, **named)
    return str(caught.value)


def test_assert_succeeded(good, bad):
    """The message begins with the end of the run and contains the traceback."""
    assert_succeeded(good)
    assert_succeeded(list(good.all_events))

    text = refused(assert_succeeded, bad)
    assert text.startswith("the run did not succeed: 'spill' failed with ValueError: the cup was hot")
    assert 'raise ValueError("the cup was hot")' in text
    assert "it has no events" in refused(assert_succeeded, [])


def test_assert_failed(good, bad):
    """A failure matches by node, error and message, each optional."""
    assert_failed(bad)
    assert_failed(bad, "spill")
    assert_failed(bad, "spill", ValueError, "was h.t")
    assert_failed(bad, error=(KeyError, Exception))
    assert_failed(bad, match="cup")

    assert "the run did not fail" in refused(assert_failed, good)
    assert refused(assert_failed, bad, "tidy").startswith("'tidy' did not fail: it succeeded\n")
    assert "'serve_spilt' did not fail: it waits for 'spill', which" in refused(
        assert_failed, bad, "serve_spilt"
    )
    assert "not with error=KeyError" in refused(assert_failed, bad, "spill", KeyError)
    assert "the cup was hot" in refused(assert_failed, bad, match="cold")


def test_assert_failed_and_canonical_events_name_the_same_error():
    """Both name the cause of a requested retry, which is the user's own error."""

    @op
    def retried():
        raise RetryRequested(max_retries=1) from ValueError("no beans")

    @job
    def trying_again():
        retried()

    result = trying_again.execute_in_process(raise_on_error=False)

    assert_failed(result, "retried", ValueError, "no beans")
    assert [fact["error"] for fact in canonical_events(result) if fact["type"] == "STEP_FAILURE"] == [
        "ValueError"
    ]
    text = refused(assert_failed, result, error=KeyError)
    assert text.startswith("the run failed with ValueError: no beans, not with error=KeyError")


def test_assert_failed_knows_a_failure_of_the_run_itself():
    """A resource that fails to start is a failure of the run."""

    @resource
    def grinder():
        raise OSError("jammed")

    @op(required_resource_keys={"grinder"})
    def grind():
        pass

    @job(resource_defs={"grinder": grinder})
    def morning():
        grind()

    assert_failed(morning.execute_in_process(raise_on_error=False), error=OSError, match="jammed")


def test_assert_ran(good, bad):
    """A failed node ran; a skipped node and a node downstream of a failure did not."""
    assert_ran(good, "machine", "machine.brew", "serve", "tidy")
    assert_ran(bad, "spill")

    assert "'serve_maybe' did not run: it was skipped" in refused(assert_ran, bad, "tidy", "serve_maybe")
    assert "'serve_spilt' did not run: it waits for 'spill', which" in refused(assert_ran, bad, "serve_spilt")


def test_assert_not_ran(good, bad):
    """A skipped node and a node downstream of a failure did not run; any other node did."""
    assert_not_ran(bad, "serve_spilt", "serve_maybe")

    assert "'machine' ran: it succeeded ('machine.beans')" in refused(assert_not_ran, good, "machine")


def test_assert_skipped(good, bad):
    """Only a node with STEP_SKIPPED was skipped."""
    assert_skipped(bad, "serve_maybe")

    assert "'serve_spilt' was not skipped: it waits for 'spill', which" in refused(
        assert_skipped, bad, "serve_spilt"
    )
    assert "'tidy' was not skipped: it succeeded" in refused(assert_skipped, good, "tidy")


def test_assert_before(good, bad):
    """Nodes or patterns are ordered; an order by luck fails."""
    assert_before(good, "machine.beans", "serve")
    assert_before(good, "machine", "serve")
    assert_before(good, "STEP_SUCCESS:machine.beans", "LOADED_INPUT:serve")
    assert_before(bad, "maybe", "serve_maybe")

    assert "nothing orders them" in refused(assert_before, good, "machine", "tidy")
    assert "did not come before" in refused(assert_before, good, "serve", "machine")
    assert "'serve_spilt' has no event" in refused(assert_before, bad, "spill", "serve_spilt")


def test_assert_retried(good):
    """The number of retries and the delays before them are compared."""
    result = trying.execute_in_process()
    assert_retried(result, "flaky", 2)
    assert_retried(result, "flaky", 2, delays=[0, 0])
    assert_retried(good, "tidy", 0)

    assert "'flaky' was retried 2 times, not 1" in refused(assert_retried, result, "flaky", 1)
    assert "'flaky' waited [0, 0] seconds, not [1, 2]" in refused(
        assert_retried, result, "flaky", 2, delays=[1, 2]
    )


@pytest.mark.parametrize("times", [-1, True, "two", None])
def test_assert_retried_needs_a_count(good, times):
    """A number of retries that is not a count is an error."""
    with pytest.raises(DagflowError, match="times must be an integer of at least 0"):
        assert_retried(good, "tidy", times)


@pytest.mark.parametrize(
    ("delays", "message"),
    [(5, "delays must be a list"), ("55", "delays must be a list"), ([5], "times is 2, not 1")],
)
def test_assert_retried_needs_a_delay_for_each_retry(good, delays, message):
    """Delays that do not fit the number of retries are an error."""
    with pytest.raises(DagflowError, match=message):
        assert_retried(good, "tidy", 2, delays=delays)


@pytest.mark.parametrize("option", ["rel", "abs"])
@pytest.mark.parametrize("value", [-1, "a", True, float("nan")])
def test_assert_output_needs_tolerances_that_are_numbers(good, option, value):
    """A tolerance that is not a number of at least 0 is an error."""
    with pytest.raises(DagflowError, match=f"{option} must be a number of at least 0"):
        assert_output(good, "tidy", 0, **{option: value})


def test_assert_output_needs_a_result(good):
    """Events have no values; the error says so and shows no event."""
    with pytest.raises(DagflowError, match=r"events have no values\. It got an object of type 'EventL"):
        assert_output(good.all_events, "tidy", 0)


def test_assert_materialized():
    """Key, partition and metadata are compared; the message is about the asset, without patterns to paste."""

    @asset(key_prefix="shop")
    def cup():
        return Output(1, metadata={"rows": 3})

    result = materialize_to_memory([cup])
    assert_materialized(result, "shop/cup")
    assert_materialized(result, ["shop", "cup"], partition=None, metadata={"rows": 3})
    assert_materialized(result, AssetKey(["shop", "cup"]))

    text = refused(assert_materialized, result, "shop/cub")
    assert text == "asset 'shop/cub' was not materialized. Did you mean 'shop/cup'?"
    text = refused(assert_materialized, result, "shop/cup", metadata={"rows": 4})
    assert (
        text == "asset 'shop/cup' was materialized, but with other values: metadata: rows: expected 4, was 3"
    )
    assert refused(assert_materialized, result, "tea") == "asset 'tea' was not materialized: only 'shop/cup'"
    assert refused(assert_materialized, [], "tea") == "asset 'tea' was not materialized: nothing was"


def test_assert_check():
    """Asset, name and result are compared; the message is about the check."""

    @asset
    def tea(context):
        context.log_event(AssetCheckEvaluation(AssetKey("tea"), "hot", passed=False, metadata={}))

    result = materialize_to_memory([tea])
    assert_check(result, "tea", "hot", passed=False)
    assert_check(result, "tea", passed=False)

    text = refused(assert_check, result, "tea", "hot")
    assert text == (
        "check 'hot' of asset 'tea' was evaluated, but with other values: passed: expected True, was False"
    )
    text = refused(assert_check, result, "tea", "hto")
    assert text == "check 'hto' of asset 'tea' was not evaluated. Did you mean 'hot' of 'tea'?"
    assert refused(assert_check, result, "cup").startswith("a check of asset 'cup' was ")
    assert (
        refused(assert_check, [], "tea", "hot") == "check 'hot' of asset 'tea' was not evaluated: nothing was"
    )


def test_assert_output(good):
    """The value is compared with a plain value, a matcher, or an object that `==` cannot compare."""

    class Positive:
        def __eq__(self, other):
            return other > -1

        __hash__ = None

    assert_output(good, "machine.brew", {"cups": 1})
    assert_output(good, "tidy", Positive())

    text = refused(assert_output, good, "tidy", 7)
    assert text == "output of 'tidy' is 0, expected 7"
    with pytest.raises(DagflowError, match="needs the result of a run"):
        assert_output(list(good.all_events), "tidy", 0)


def test_assert_output_shows_what_differs():
    """The message has the place of the first difference, and no endless value; the options change `==`."""

    @asset(key_prefix="shop")
    def cups():
        return [{"id": number, "size": 0.5} for number in range(5000)]

    @op(out={"left": Out(), "right": Out()})
    def split():
        return 1, 2

    @job
    def halves():
        split()

    result = materialize_to_memory([cups])
    expected = [{"id": number, "size": 0.5} for number in reversed(range(5000))]
    wrong = [{**row, "size": 0.7} if row["id"] == 7 else row for row in expected]

    assert_output(result, "shop/cups", expected, keys=["id"])
    assert_output(result, AssetKey(["shop", "cups"]), expected, ignore_order=True)
    assert_output(result, "shop__cups", wrong, keys=["id"], abs=0.3)
    assert_output(result, "shop__cups", wrong, keys=["id"], rel=0.3)
    text = refused(assert_output, result, "shop/cups", wrong, keys=["id"])
    assert text.split("\n") == [
        "output of 'shop__cups': 1 of 5,000 rows differs in column 'size'",
        "  size:",
        "    id=7: 0.5, expected 0.7",
    ]
    text = refused(assert_output, halves.execute_in_process(), "split", 3, name="right")
    assert text == "output 'right' of 'split' is 2, expected 3"
    with pytest.raises(DagflowError, match=r"write keys=\['id'\]"):
        assert_output(result, "shop/cups", expected, keys="id")


def test_assert_output_compares_arrays():
    """Arrays are equal if their shapes and all their elements are."""
    numpy = pytest.importorskip("numpy")

    @op
    def numbers():
        return numpy.array([1, 2])

    @job
    def counting():
        numbers()

    result = counting.execute_in_process()
    assert_output(result, "numbers", numpy.array([1, 2]))

    refused(assert_output, result, "numbers", numpy.array([1, 3]))
    refused(assert_output, result, "numbers", numpy.array([1, 2, 3]))


def test_assert_same_run(good, bad):
    """Two runs of one job are the same, although their ids and times differ."""
    assert_same_run(good, cafe.execute_in_process())

    text = refused(assert_same_run, good, bad)
    assert text.startswith("the runs differ: the first has RUN_SUCCESS, the second RUN_FAILURE\n")
    assert "\n-STEP_START machine.beans\n" in text


def test_a_long_difference_of_two_runs_is_folded():
    """The summary has the counts, and the first lines follow."""

    @job
    def long():
        for number in range(40):
            tidy.alias(f"t{number}")()

    @job
    def short():
        tidy.alias("t0")()

    lines = refused(assert_same_run, long.execute_in_process(), short.execute_in_process()).splitlines()

    assert lines[0] == "the runs differ: 156 events only in the first run"
    assert len(lines) == 42
    assert lines[-1] == "... 122 more lines; with -vv all of them"


@pytest.mark.parametrize("assertion", [assert_ran, assert_not_ran, assert_skipped, assert_failed])
def test_an_unknown_node_is_an_error_with_near_names(good, assertion):
    """A misspelt node does not count as a node that did not run."""
    with pytest.raises(
        DagflowError, match=re.escape("node 'machin' is not in these runs. Did you mean 'machine'")
    ):
        assertion(good, "machin")


def test_on_a_bare_list_a_node_without_events_did_not_run():
    """Without a plan an unknown node cannot be detected."""
    assert_not_ran([DagflowEvent("STEP_START", "cafe", step_key="beans")], "brew")


@pytest.mark.parametrize("assertion", [assert_ran, assert_not_ran, assert_skipped])
def test_no_node_at_all_is_an_error(good, assertion):
    """An assertion without a node is a mistake."""
    with pytest.raises(DagflowError, match="pass at least one node"):
        assertion(good)


def test_assert_succeeded_needs_the_end_of_each_run():
    """A run that never ended did not succeed, although another one did."""
    ids = ("first", "second")
    start = [DagflowEvent("PIPELINE_START", "cafe", run_id=run_id) for run_id in ids]
    end = [DagflowEvent("PIPELINE_SUCCESS", "cafe", run_id=run_id) for run_id in ids]

    assert_succeeded([start[0], end[0], start[1], end[1]])
    assert refused(assert_succeeded, [start[0], end[0], start[1]]) == (
        "the run did not succeed: run second did not end"
    )
    assert refused(assert_succeeded, [start[0]]) == "the run did not succeed: it did not end"
    assert refused(assert_succeeded, []) == "the run did not succeed: it has no events"


def test_assert_failed_says_what_happened_instead():
    """A canceled run in which no step failed, a run without an end, and a success are told apart."""
    start, step = DagflowEvent("PIPELINE_START", "run"), DagflowEvent("STEP_FAILURE", "run", step_key="brew")
    canceled, done = DagflowEvent("PIPELINE_CANCELED", "run"), DagflowEvent("PIPELINE_SUCCESS", "run")

    assert_failed([start, step, canceled], "brew")
    for arguments in ((), (None, ValueError)):
        text = refused(assert_failed, [start, canceled], *arguments)
        assert text == "the run was canceled, and no step failed"
    assert refused(assert_failed, [start, done]) == "the run did not fail: it succeeded"
    assert refused(assert_failed, [start]) == "the run did not fail: it did not end"
    assert refused(assert_failed, []) == "the run did not fail: it has no events"


def test_an_assertion_without_patterns_shows_no_patterns(good):
    """The message is the problem, and the tracebacks of failed steps."""
    assert refused(assert_failed, good) == "the run did not fail: it succeeded"
    assert "\n" not in refused(assert_skipped, good, "machine.beans")
    assert "\n" not in refused(assert_retried, good, "tidy", 1)
    assert "[" not in refused(assert_not_ran, good, "machine.beans")
