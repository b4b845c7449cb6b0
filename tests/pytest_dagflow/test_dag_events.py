"""Tests of the fixture `dag_events`."""

from __future__ import annotations

import pytest

KITCHEN = """
    import dagflow
    from dagflow import asset, job, op

    @op
    def boil():
        return 1

    @op
    def brew(boil):
        raise ValueError("burnt")

    @job
    def breakfast():
        brew(boil())

    @asset
    def water():
        return 1
"""


@pytest.fixture
def kitchen(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a job whose second step fails, and an asset."""
    pytester.makepyfile(kitchen=KITCHEN)
    return pytester


def test_it_has_the_events_of_all_runs_in_order(kitchen: pytest.Pytester):
    """Runs are included however they are started, whether they fail or succeed."""
    kitchen.makepyfile(
        """
        import pytest
        from dagflow import materialize_to_memory as dagflow_materialize_to_memory
        from kitchen import breakfast, water

        def test_all(dag_events, materialize_to_memory):
            first = materialize_to_memory([water])
            second = dagflow_materialize_to_memory([water])
            with pytest.raises(ValueError, match="burnt"):
                breakfast.execute_in_process()

            ids = list(dict.fromkeys(event.run_id for event in dag_events))
            assert ids[:2] == [first.run_id, second.run_id]
            assert dag_events[: len(first.all_events)] == first.all_events
            assert dag_events[-1].event_type.name == "RUN_FAILURE"
            assert len(ids) == 3

        def test_none(dag_events):
            assert dag_events == []
        """
    )

    kitchen.runpytest("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=2)


def test_it_can_be_asked_what_caused_what(kitchen: pytest.Pytester):
    """The list has the plans of its runs, also after `clear()`, so the mode "causal" accepts it."""
    kitchen.makepyfile(
        """
        from kitchen import breakfast, water
        from pytest_dagflow import assert_event_sequence, ev

        def test_causal(dag_events, materialize_to_memory):
            materialize_to_memory([water])
            dag_events.clear()
            assert dag_events == []
            breakfast.execute_in_process(raise_on_error=False)

            assert_event_sequence(dag_events, [ev.output("boil"), ev.failure("brew", error=ValueError)])
            assert not [event for event in dag_events if event.step_key == "water"]
        """
    )

    kitchen.runpytest().assert_outcomes(passed=1)


def test_it_grows_while_a_run_goes_on(kitchen: pytest.Pytester):
    """Code inside a run can read the events so far."""
    kitchen.makepyfile(
        """
        from dagflow import job, op

        def test_live(dag_events):
            seen = []

            @op
            def look():
                seen.extend(event.event_type.name for event in dag_events)

            @job
            def j():
                look()

            j.execute_in_process()

            assert seen[0] == "RUN_START"
            assert seen[-1] == "STEP_START"
            assert len(dag_events) > len(seen)
        """
    )

    kitchen.runpytest().assert_outcomes(passed=1)


def test_it_sees_the_runs_of_fixtures_that_use_a_bound_call(kitchen: pytest.Pytester):
    """The order in which the test names the fixtures does not matter."""
    kitchen.makepyfile(
        """
        import pytest
        from kitchen import water

        @pytest.fixture
        def made(materialize_to_memory):
            return materialize_to_memory([water])

        def test_made(made, dag_events):
            assert dag_events == made.all_events
        """
    )

    kitchen.runpytest().assert_outcomes(passed=1)


def test_the_next_test_does_not_see_them(kitchen: pytest.Pytester):
    """The next test has no events, and its runs are not observed."""
    kitchen.makepyfile(
        """
        from dagflow.observers import current_observers
        from kitchen import breakfast

        def test_first(dag_events):
            breakfast.execute_in_process(raise_on_error=False)
            assert len(current_observers()) == 1

        def test_second():
            assert current_observers() == ()
        """
    )

    kitchen.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=2)
