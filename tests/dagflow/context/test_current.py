"""`get()` of the contexts: the context of the step that runs now."""

from __future__ import annotations

import threading

import pytest

from dagflow import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetExecutionContext,
    AssetObservation,
    DagflowInvariantViolationError,
    OpExecutionContext,
    Output,
    asset,
    asset_check,
    job,
    materialize_to_memory,
    op,
    success_hook,
)

CLASSES = (OpExecutionContext, AssetExecutionContext, AssetCheckExecutionContext)


def found_now():
    """Return the names of the classes whose `get` finds a context now."""
    return [cls.__name__ for cls in CLASSES if finds(cls)]


def finds(cls):
    """Return whether `get` of a class finds a context now."""
    try:
        context = cls.get()
    except DagflowInvariantViolationError:
        return False
    assert type(context) is cls
    return True


def test_outside_of_steps():
    """Without a run, in a direct call, in another thread and in a hook there is no context."""
    seen = []

    @op
    def brew():
        seen.append(found_now())

    @success_hook
    def after(context):
        seen.append(found_now())

    @op
    def starts_a_thread():
        thread = threading.Thread(target=lambda: seen.append(found_now()))
        thread.start()
        thread.join()

    @job
    def cafe():
        starts_a_thread.with_hooks({after})()

    brew()
    cafe.execute_in_process()

    assert seen == [[], [], []]
    assert found_now() == []
    with pytest.raises(
        DagflowInvariantViolationError, match=r"OpExecutionContext.get\(\) was called outside"
    ):
        OpExecutionContext.get()


def test_in_each_kind_of_step():
    """A step has a context of its op, and one of its asset or check."""
    seen = {}

    @op
    def brew():
        seen["op"] = found_now()

    @job
    def cafe():
        brew()

    @asset
    def beans():
        seen["asset"] = found_now()

    @asset
    async def water():
        seen["async"] = found_now()

    @asset
    def tea():
        seen["generator"] = found_now()
        yield Output(1)

    @asset_check(asset=beans)
    def fresh():
        seen["check"] = found_now()
        return AssetCheckResult(passed=True)

    cafe.execute_in_process()
    materialize_to_memory([beans, water, tea, fresh])

    of_asset = ["OpExecutionContext", "AssetExecutionContext"]
    assert seen == {
        **dict.fromkeys(("op", "asset", "async", "generator"), of_asset),
        "check": ["OpExecutionContext", "AssetCheckExecutionContext"],
    }


def test_it_is_the_context_of_the_parameter():
    """In a function with a context, get returns this object."""

    @asset
    def beans(context):
        assert AssetExecutionContext.get() is context
        assert OpExecutionContext.get().run_id == context.run_id

    assert materialize_to_memory([beans]).success


def test_what_it_logs_is_recorded():
    """Metadata and events that a function without a context adds by get belong to its step."""

    @asset
    def beans():
        context = AssetExecutionContext.get()
        context.add_output_metadata({"rows": 3})
        context.log_event(AssetObservation("water"))
        return 1

    result = materialize_to_memory([beans])

    (materialization,) = result.asset_materializations_for_node("beans")
    assert materialization.metadata["rows"].value == 3
    assert [event.asset_key.path for event in result.get_asset_observation_events()] == [["water"]]


def test_the_context_of_a_run_inside_a_step():
    """A run that a step starts has contexts of its own, and the outer one is back afterwards."""
    seen = []

    @asset
    def inner():
        seen.append(AssetExecutionContext.get().asset_key.path)

    @asset
    def outer():
        materialize_to_memory([inner])
        seen.append(AssetExecutionContext.get().asset_key.path)

    materialize_to_memory([outer])

    assert seen == [["inner"], ["outer"]]


@pytest.mark.parametrize("annotation", ["AssetExecutionContext", "OpExecutionContext"])
def test_a_failed_step_leaves_no_context(annotation):
    """After a step failed there is no context."""

    @asset
    def beans():
        raise ValueError

    materialize_to_memory([beans], raise_on_error=False)

    assert annotation not in found_now()
