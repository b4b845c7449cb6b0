"""Tests of the fixture `build_schedule_context`."""

from __future__ import annotations

import pytest


def test_a_schedule_has_the_defaults_of_the_test(pumps: pytest.Pytester):
    """The context has the instance, the resources, and the time of `dag_clock`; arguments win."""
    pumps.makepyfile(
        """
        from datetime import datetime
        import pytest
        from conftest import opened
        from dagflow import CheckError, DagflowInstance, ResourceParam, RunRequest, schedule

        @schedule("@daily", job_name="brew")
        def daily(context, pump: ResourceParam[str]):
            return RunRequest(run_key=f"{pump} {context.scheduled_execution_time.isoformat()}")

        NOON = datetime(2024, 1, 5, 12)

        def test_call(build_schedule_context, dag_instance):
            context = build_schedule_context(scheduled_execution_time=NOON)
            assert daily(context).run_key == "water 2024-01-05T12:00:00"
            assert context.instance is dag_instance
            assert opened == ["pump"]

        def test_keyword(build_schedule_context):
            context = build_schedule_context(scheduled_execution_time=NOON)
            assert daily(context, pump="tea").run_key == "tea 2024-01-05T12:00:00"
            assert opened == []

        def test_tick(build_schedule_context, dag_clock):
            dag_clock.move_to("2024-02-29T03:00")
            (request,) = daily.evaluate_tick(build_schedule_context()).run_requests
            assert request.run_key == "water 2024-02-29T03:00:00+00:00"

        def test_real_time(build_schedule_context):
            with pytest.raises(CheckError, match="no scheduled_execution_time was set"):
                daily(build_schedule_context())

        def test_other_instance(build_schedule_context, dag_local_instance, dag_instance):
            context = build_schedule_context(instance_ref=dag_local_instance.ref())
            assert context.instance.root_directory == dag_local_instance.root_directory
        """
    )

    pumps.runpytest("-W", "error").assert_outcomes(passed=5)
