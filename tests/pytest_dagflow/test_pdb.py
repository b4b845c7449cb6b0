"""Tests of `--pdb`: the debugger opens in the frame of the user, not in that of the engine."""

from __future__ import annotations

import pytest

PIPELINE = """
    import pytest
    from dagflow import (
        IOManager, Output, asset, build_schedule_context, job, op, resource, schedule,
    )

    @op
    def brew():
        where = "the op"
        raise ValueError("dry")

    @op
    def pour():
        where = "the generator"
        yield Output({}["none"])

    @job
    def cafe():
        brew()

    @job
    def bar():
        pour()

    @asset
    async def later():
        where = "the coroutine"
        return 1 / 0

    class Shelf(IOManager):
        def handle_output(self, context, obj):
            where = "the manager"
            raise OSError("full")

        def load_input(self, context):
            pass

    @resource
    def stove():
        where = "the resource"
        raise RuntimeError("cold")

    @asset(required_resource_keys={"stove"})
    def soup():
        pass

    @schedule("@daily", job=cafe)
    def daily(context):
        where = "the schedule"
        raise LookupError("no run")

    def test_op():
        cafe.execute_in_process()

    def test_generator():
        bar.execute_in_process()

    def test_async(materialize_to_memory):
        materialize_to_memory([later])

    def test_manager(materialize):
        @asset
        def cup():
            return 1

        materialize([cup], resources={"io_manager": Shelf()})

    def test_resource(materialize_to_memory):
        materialize_to_memory([soup], resources={"stove": stove})

    def test_schedule():
        daily.evaluate_tick(build_schedule_context())

    def test_own():
        where = "the test"
        assert not cafe.execute_in_process(raise_on_error=False)
"""


class Recorder:
    """A plugin that records the variable `where` of the frame in which the debugger would open."""

    def __init__(self) -> None:
        self.places: list[object] = []

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self, call: pytest.CallInfo[None]) -> None:
        """Record the last frame, as `pdb.post_mortem` opens it."""
        assert call.excinfo is not None
        self.places.append(call.excinfo.traceback[-1].frame.f_locals.get("where"))


def test_the_debugger_opens_in_the_frame_of_the_user(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    """Also for generators, coroutines, I/O managers, resources and ticks. The report does not change."""
    pytester.makepyfile(test_pipeline=PIPELINE)
    recorder = Recorder()
    monkeypatch.setattr("pdb.Pdb.interaction", lambda *arguments: None)

    result = pytester.runpytest_inprocess("--pdb", "-p", "no:randomly", plugins=[recorder])

    result.assert_outcomes(failed=7)
    assert recorder.places == [
        "the op",
        "the generator",
        "the coroutine",
        "the manager",
        "the resource",
        "the schedule",
        "the test",
    ]
    result.stdout.fnmatch_lines(["*ScheduleExecutionError: *no run*"])
