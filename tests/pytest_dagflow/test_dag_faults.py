"""Tests of the fixture `dag_faults`. The kinds of faults have tests in tests/dagflow/analysis."""

from __future__ import annotations

import pytest

CAFE = """
    from dagflow import RetryPolicy, asset, job, op

    @asset
    def beans() -> int:
        return 1

    @asset(retry_policy=RetryPolicy(max_retries=2, delay=3600))
    def cup(beans: int) -> int:
        return beans + 1

    @op(tags={"dagflow/step_timeout": "3"}, retry_policy=RetryPolicy(max_retries=1, delay=3600))
    def grind() -> int:
        return 1

    @job
    def kitchen():
        grind()
"""


@pytest.fixture
def cafe(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project whose second asset is retried."""
    pytester.makepyfile(cafe=CAFE)
    return pytester


def test_faults_happen_in_each_run_of_the_test(cafe: pytest.Pytester):
    """Bound and direct calls have them, in any order of the fixtures, with virtual time and in processes."""
    cafe.makepyfile(
        """
        import pytest
        from cafe import *
        from dagflow import execute_job, materialize_to_memory as direct, reconstructable
        from pytest_dagflow import assert_retried

        def test_bound(materialize_to_memory, dag_faults, dag_clock):
            dag_faults.fail("cup", on_attempt=(1, 2), error=OSError("no cup"))

            result = materialize_to_memory([beans, cup])

            assert_retried(result, "cup", 2, delays=[3600, 3600])
            assert dag_clock.sleeps == pytest.approx([3600, 3600])

        def test_direct(dag_faults):
            dag_faults.fail("cup", on_attempt=None)
            assert not direct([beans, cup], raise_on_error=False).success
            dag_faults.clear()
            assert direct([beans, cup]).success

        @pytest.fixture
        def made(materialize_to_memory):
            return materialize_to_memory([beans, cup], raise_on_error=False)

        def test_delay(dag_faults, dag_clock, materialize_to_memory):
            dag_faults.delay("beans", 7200)
            materialize_to_memory([beans, cup])

            assert dag_clock.sleeps == [7200]

        @pytest.mark.parametrize("kind", ["hang", "crash"])
        def test_processes(dag_faults, dag_local_instance, dag_clock, kind):
            getattr(dag_faults, kind)(grind)

            result = execute_job(reconstructable(kitchen), dag_local_instance)

            assert_retried(result, "grind", 1)
        """
    )

    cafe.runpytest_inprocess("-W", "error").assert_outcomes(passed=5)


def test_faults_are_strict(cafe: pytest.Pytester):
    """A fault that never fired fails the test at its end, and the message says why."""
    cafe.makepyfile(
        """
        from cafe import *

        def test_typo(dag_faults, materialize_to_memory):
            dag_faults.fail("beens")
            dag_faults.resource_fails("database")
            materialize_to_memory([beans, cup])

        def test_attempt(dag_faults, materialize_to_memory):
            dag_faults.fail("cup", on_attempt=2)
            materialize_to_memory([beans, cup])

        def test_before(dag_faults, materialize_to_memory):
            dag_faults.fail("cup")
            dag_faults.fail("beans")
            assert not materialize_to_memory([beans, cup], raise_on_error=False).success

        def test_cleared(dag_faults, materialize_to_memory):
            dag_faults.fail("cup", mapping_key=None, partition="2024-01-01")
            materialize_to_memory([beans, cup])
            dag_faults.clear()

        def test_in_process(dag_faults, materialize_to_memory):
            dag_faults.hang("cup")
            materialize_to_memory([beans, cup])

        def test_sometimes(dag_faults, materialize_to_memory):
            for _ in range(3):
                result = materialize_to_memory([beans, cup])
                dag_faults.sometimes("succeeds", result.success)
                dag_faults.sometimes("fails", not result.success)
        """
    )

    result = cafe.runpytest_inprocess("-W", "error", "-p", "no:randomly")

    result.assert_outcomes(passed=5, errors=5, failed=1)
    result.stdout.fnmatch_lines(
        [
            "dag_faults: fail('beens') never fired: no run had a node 'beens'. Did you mean 'beans'? "
            "The runs had 'beans', 'cup'",
            "dag_faults: resource_fails('database', on='init') never fired: no run had a resource "
            "'database'. The runs had 'io_manager'",
            "dag_faults: fail('cup', on_attempt=2) never fired: 'cup' never reached attempt 2, its last *",
            "dag_faults: fail('cup') never fired: 'cup' did not run: a step before it failed or gave no *",
            "dag_faults: fail('cup', partition='2024-01-01') never fired: the runs were for no partition, *",
            "dag_faults: sometimes('fails') never held: it was false in all 3 calls",
            "E  *CheckError: fault hang('cup'): step 'cup' runs in the process of the test, which would *",
        ]
    )
