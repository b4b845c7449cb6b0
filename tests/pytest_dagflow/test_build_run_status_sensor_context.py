"""Tests of the fixture `build_run_status_sensor_context`."""

from __future__ import annotations

import pytest


def test_a_sensor_gets_a_run_of_the_test(pumps: pytest.Pytester):
    """The instance is that of the test; the resources are those of the test, or of another context."""
    pumps.makepyfile(
        """
        from conftest import opened
        from dagflow import DagflowRunStatus, ResourceParam, SkipReason, job, run_status_sensor

        @job
        def brew(): ...

        @run_status_sensor(run_status=DagflowRunStatus.SUCCESS)
        def done(context, pump: ResourceParam[str]):
            return SkipReason(f"{pump}, {context.dagflow_run.job_name}")

        def facts(result):
            return dict(dagflow_event=result.get_run_success_event(), dagflow_run=result.dagflow_run)

        def test_sensor(build_run_status_sensor_context, execute_in_process, dag_instance):
            context = build_run_status_sensor_context("done", **facts(execute_in_process(brew)))
            assert done(context).skip_message == "water, brew"
            assert context.instance is dag_instance
            assert opened == ["pump"]

        def test_context(build_run_status_sensor_context, build_sensor_context, execute_in_process):
            tick = build_sensor_context(resources={"pump": "tea"})
            run = facts(execute_in_process(brew))
            context = build_run_status_sensor_context("done", context=tick, **run)
            assert done(context).skip_message == "tea, brew"
        """
    )

    pumps.runpytest("-W", "error").assert_outcomes(passed=2)
