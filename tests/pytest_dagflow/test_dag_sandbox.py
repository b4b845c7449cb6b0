"""Tests of the fixture `dag_sandbox`."""

from __future__ import annotations

import pytest

CAFE = """
    from dagflow import Definitions, RetryPolicy, asset, job, op

    @asset(required_resource_keys={"mill"}, retry_policy=RetryPolicy(max_retries=2, delay=3600))
    def beans(context) -> int:
        return context.resources.mill

    @asset
    def cup(beans: int) -> int:
        return beans + 1

    @op
    def pour():
        return 1

    @job
    def kitchen():
        pour()

    defs = Definitions([beans, cup], jobs=[kitchen], resources={"mill": 1})
"""


@pytest.fixture
def cafe(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with two assets."""
    pytester.makepyfile(cafe=CAFE)
    pytester.makeini("[pytest]\ndag_definitions = cafe:defs\n")
    return pytester


def test_each_example_is_isolated(cafe: pytest.Pytester):
    """Instance, events, clock, stubs and faults are new in each, and all bound functions are there."""
    cafe.makepyfile(
        """
        import pytest
        from cafe import *
        from hypothesis import given, settings, strategies as st
        from pytest_dagflow import assert_retried

        examples = []

        @settings(max_examples=10, database=None)
        @given(n=st.integers(0, 5), attempt=st.sampled_from([1, 2]))
        def test_property(dag_sandbox, n, attempt):
            with dag_sandbox({"mill": n}) as dag:
                dag.clock.move_to("2024-01-01")
                dag.faults.fail("beans", on_attempt=range(1, attempt + 1))
                result = dag.materialize_to_memory([beans, cup])

                assert result.asset_value("cup") == n + 1
                assert_retried(result, "beans", attempt)
                assert dag.clock.sleeps == [3600] * attempt
                assert {event.run_id for event in dag.events} == {result.run_id}
                assert len(dag.instance.get_runs()) == 1
                dag.faults.sometimes("retried twice", attempt == 2)
                examples.append(dag.instance)

        def test_after():
            assert len(set(map(id, examples))) == len(examples) > 3

        def test_functions(dag_sandbox):
            with dag_sandbox(resources={"mill": 3}) as dag:
                assert beans(dag.build_asset_context()) == 3
                dag.stub("beans", 10)
                assert dag.materialize([beans, cup]).asset_value("cup") == 11
                assert dag.execute_in_process("kitchen").success
                assert dag.run("kitchen").output_for_node("pour") == 1
                with pytest.raises(AttributeError, match="no attribute 'materialise'.*'materialize'"):
                    dag.materialise
            with dag_sandbox() as first, dag_sandbox(real_time=True) as second:
                assert first.instance is not second.instance
        """
    )

    cafe.runpytest_inprocess("-W", "error", "-p", "no:randomly").assert_outcomes(passed=3)


def test_a_sandbox_is_strict(cafe: pytest.Pytester):
    """An example with an unused stub or fault fails. A condition must hold in one of all examples."""
    cafe.makepyfile(
        """
        from cafe import *
        from hypothesis import given, settings, strategies as st

        @settings(max_examples=20, database=None)
        @given(attempt=st.integers(1, 3))
        def test_fault(dag_sandbox, attempt):
            with dag_sandbox({"mill": 1}) as dag:
                dag.faults.fail("beans", on_attempt=attempt)
                dag.materialize_to_memory([beans, cup])

        def test_stub(dag_sandbox):
            with dag_sandbox() as dag:
                dag.stub("cups", 1)
                dag.execute_in_process(kitchen)

        @settings(max_examples=7, database=None)
        @given(n=st.integers(0, 100))
        def test_sometimes(dag_sandbox, n):
            with dag_sandbox() as dag:
                dag.faults.sometimes("negative", n < 0)
                dag.faults.sometimes("positive", n >= 0)

        def test_own_error(dag_sandbox):
            with dag_sandbox() as dag:
                dag.stub("cups", 1)
                assert not "its own error"

        def test_clock(dag_sandbox):
            with dag_sandbox(real_time=True) as dag:
                dag.clock

        def test_resources(dag_sandbox):
            with dag_sandbox(["mill"]) as dag:
                pass
        """
    )

    result = cafe.runpytest_inprocess("-p", "no:randomly")

    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(
        [
            "*dag_faults: fail('beans', on_attempt=2) never fired: 'beans' never reached attempt 2*",
            "dag_stub: the stub of 'cups' was not used: no run had this node.*",
            "dag_sandbox: sometimes('negative') never held: it was false in all * calls",
            "this sandbox has no clock, because of dag_sandbox(real_time=True)",
            "argument 'resources' of dag_sandbox must have resources by key*",
        ]
    )
    assert result.stdout.str().count("sometimes('negative') never held") <= 2  # with the summary
    assert "sometimes('positive')" not in result.stdout.str().replace('dag.faults.sometimes("positive"', "")
