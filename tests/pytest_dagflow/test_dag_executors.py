"""Tests of the marker `dag_executors`."""

from __future__ import annotations

import importlib.util

import pytest

CAFE = """
    from dagflow import (
        RetryPolicy, StaticPartitionsDefinition, asset, asset_check, in_process_executor, job, op,
    )

    @asset
    def beans() -> int:
        return 5

    @asset(retry_policy=RetryPolicy(max_retries=1))
    def cup(beans: int) -> int:
        return beans + 1

    @asset(partitions_def=StaticPartitionsDefinition(["x", "y"]))
    def table(context):
        return context.partition_key

    @op
    def grind() -> int:
        return 1

    @job(executor_def=in_process_executor)
    def kitchen():
        grind()

    def local():
        @asset
        def hidden():
            return 1
        return hidden

    HIDDEN = [local()]
"""


@pytest.fixture
def cafe(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with assets and a job at the top of a module."""
    pytester.makepyfile(cafe=CAFE)
    return pytester


def test_a_test_runs_once_for_each_executor(cafe: pytest.Pytester):
    """Bound calls and `execute_job` use it, with stubs and faults, in each form of a test."""
    cafe.makepyfile(
        """
        import os
        import pytest
        from cafe import *
        from dagflow import asset, execute_job, reconstructable
        from hypothesis import given, settings, strategies as st
        from pytest_dagflow import assert_output, assert_retried, assert_succeeded

        BOTH = pytest.mark.dag_executors("in_process", "multiprocess")

        @asset
        def process():
            return os.getpid()

        @BOTH
        def test_materialize(materialize, request):
            result = materialize([process])

            here = "in_process" in request.node.name
            assert (result.asset_value("process") == os.getpid()) is here

        @BOTH
        @pytest.mark.parametrize("n", [1, 2])
        def test_stub_and_fault(materialize, dag_stub, dag_faults, n):
            dag_stub("beans", n)
            dag_faults.fail("cup")

            result = materialize([beans, cup])

            assert_retried(result, "cup", 1)
            assert_output(result, "cup", n + 1)

        class TestJob:
            pytestmark = BOTH

            def test_job(self, dag_instance, request):
                result = execute_job(reconstructable(kitchen), dag_instance)

                assert_succeeded(result)
                pids = {event.pid for event in result.all_events if event.step_key}
                assert (os.getpid() in pids and len(pids) == 1) is ("in_process" in request.node.name)

        @BOTH
        def test_partition(materialize):
            assert materialize([table], partition_key="y", selection="table").asset_value("table") == "y"

        @BOTH
        @settings(max_examples=2, deadline=None, database=None)
        @given(n=st.integers(0, 9))
        def test_property(dag_sandbox, n):
            with dag_sandbox() as dag:
                dag.stub("beans", n)
                assert dag.materialize([beans, cup]).asset_value("cup") == n + 1
        """
    )

    result = cafe.runpytest_inprocess("-W", "error", "-p", "no:randomly", "-v")

    result.assert_outcomes(passed=12)
    result.stdout.fnmatch_lines(
        ["*::test_materialize?in_process? PASSED*", "*::test_materialize?multiprocess? PASSED*"]
    )


def test_what_cannot_run_elsewhere_is_refused(cafe: pytest.Pytester):
    """The message names the function, or the asset that no other process can find."""
    cafe.makepyfile(
        """
        import pytest
        from cafe import *

        pytestmark = pytest.mark.dag_executors("multiprocess")

        def test_memory(materialize_to_memory):
            materialize_to_memory([beans])

        def test_job(execute_in_process):
            execute_in_process(kitchen)

        def test_project(dag_run):
            dag_run("kitchen")

        def test_local(materialize):
            materialize([*HIDDEN])

        def test_resources(materialize):
            materialize([beans], resources={"db": 1})

        def test_selection(materialize):
            materialize([beans], selection=beans.key)

        def test_failure(materialize, dag_faults):
            dag_faults.fail("beans", error=ValueError("no beans"))
            materialize([beans])
        """
    )

    result = cafe.runpytest_inprocess("-p", "no:randomly")

    result.assert_outcomes(failed=7)
    result.stdout.fnmatch_lines(
        [
            "materialize_to_memory runs in the process of the test, so it cannot use the *",
            "execute_in_process runs in the process of the test*",
            "dag_run runs in the process of the test*",
            "marker dag_executors, executor 'multiprocess': *hidden* is not defined at the top of a module*",
            "materialize cannot send the resources ?'db'? to the processes*",
            "marker dag_executors, executor 'multiprocess': the selection *",
            "E  *DagflowSubprocessError: the run failed in other processes",
            "E  *ValueError: no beans*",
        ]
    )


def test_wrong_marks_are_errors_of_the_collection(cafe: pytest.Pytester):
    """Unknown names, no name, `pytest.param` and methods of a TestCase are refused with the reason."""
    files = {
        "test_unknown": "@pytest.mark.dag_executors('multiproces')\ndef test_it(): pass",
        "test_bare": "pytestmark = pytest.mark.dag_executors\ndef test_it(): pass",
        "test_twice": "@pytest.mark.dag_executors('dask', 'dask')\ndef test_it(): pass",
        "test_param": "one = pytest.param(1, marks=pytest.mark.dag_executors('dask'))\n"
        "@pytest.mark.parametrize('n', [one])\ndef test_it(n): pass",
        "test_case": "class TestIt(unittest.TestCase):\n    @pytest.mark.dag_executors('dask')\n"
        "    def test_it(self): pass",
    }
    cafe.makepyfile(**{name: f"import pytest, unittest\n{body}" for name, body in files.items()})

    result = cafe.runpytest_inprocess("-p", "no:randomly")

    result.assert_outcomes(errors=5)
    result.stdout.fnmatch_lines_random(
        [
            "*marker dag_executors: 'multiproces' is not an executor. Did you mean 'multiprocess'? *",
            "*marker dag_executors: missing an executor: name some of *",
            "*marker dag_executors: an executor is named twice*",
            "*marker dag_executors: it has no effect in pytest.param*",
            "*marker dag_executors: a method of unittest.TestCase cannot run once for each executor*",
        ]
    )


DASK = """
    import pytest
    from cafe import *

    @pytest.mark.dag_executors("dask")
    def test_it(materialize, dag_faults, dag_stub):
        dag_stub("beans", 7)
        dag_faults.fail("cup")

        assert materialize([beans, cup]).asset_value("cup") == 8
"""


def test_dask(cafe: pytest.Pytester):
    """The steps run on a cluster, with stubs and faults."""
    # an import here would take the finder of installed packages away: it replaces the finder, and pytester
    # then restores the list of finders
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("distributed is not installed")
    cafe.makepyfile(DASK)

    cafe.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)


def test_dask_is_skipped_without_its_package(cafe: pytest.Pytester):
    """The reason names the package and its extra."""
    cafe.makepyfile(DASK)
    cafe.makeconftest(
        """
        import importlib.util

        find_spec = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *a: None if name == "distributed" else find_spec(name, *a)
        """
    )

    result = cafe.runpytest_subprocess("-rs", "-p", "no:randomly")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*needs 'distributed': pip install pytest-dagflow?dask?"])


def test_workers_of_xdist_collect_the_same_tests(cafe: pytest.Pytester):
    """The ids are the names of the executors, in the order of the marker."""
    pytest.importorskip("xdist")
    cafe.makepyfile(
        """
        import pytest

        @pytest.mark.dag_executors("in_process", "multiprocess")
        @pytest.mark.parametrize("n", [1, 2])
        def test_it(n):
            pass
        """
    )

    cafe.runpytest_subprocess("-n", "2").assert_outcomes(passed=4)
