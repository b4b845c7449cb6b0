"""Step 5: the events of a run, compared with patterns in seven modes. `causal` is the default."""

import pytest
from dagflow import DagflowEventType
from pytest_dagflow import assert_event_sequence, chain, ev, par

from weather.assets import clean_observations, monthly_statistics, raw_observations
from weather.station import StationTimeout
from weather.storm import station_watch, watch_config


@pytest.fixture
def storm(execute_in_process, dag_clock):
    """Run the job for a stormy day, on a line whose first call times out."""
    return execute_in_process(station_watch, run_config=watch_config("2012-12-17", timeouts=1))


def test_causal_holds_when_the_order_has_a_reason(storm):
    """Each event caused the next one. The alert and the logbook are independent of each other: `par`."""
    assert_event_sequence(
        storm,
        [
            ev.step_up_for_retry("fetch_reading"),
            ev.step_restarted("fetch_reading"),
            ev.output("storm_desk.triage", "entry"),
            par(
                ev.step_success("storm_desk.write_logbook"),
                chain(
                    ev.output("storm_desk.triage", "storm"),
                    ev.loaded_input("storm_desk.send_alert"),
                    ev.step_success("storm_desk.send_alert"),
                ),
            ),
            ev.run_success(),
        ],
    )


def test_causal_refuses_an_order_that_held_by_luck(storm):
    """The alert was sent before the logbook was written, but the graph does not require this order."""
    lucky = ["STEP_SUCCESS:storm_desk.send_alert", "STEP_START:storm_desk.write_logbook"]

    assert_event_sequence(storm, lucky, mode="subsequence")
    with pytest.raises(AssertionError, match="nothing orders them"):
        assert_event_sequence(storm, lucky)


def test_exact_is_the_whole_story_of_one_step(storm):
    """`within` keeps the events of a node, or of a graph and the nodes inside it."""
    assert_event_sequence(
        storm,
        [
            ev.step_start("fetch_reading"),
            ev.step_up_for_retry("fetch_reading", seconds_to_wait=30),
            ev.step_restarted("fetch_reading"),
            ev.step_output("fetch_reading"),
            ev.handled_output("fetch_reading"),
            ev.step_success("fetch_reading"),
        ],
        mode="exact",
        within="fetch_reading",
    )


def test_prefix_and_suffix_are_how_a_run_begins_and_ends(storm):
    """A pattern is an event type, a string, or a call of `ev`."""
    assert_event_sequence(storm, [DagflowEventType.RUN_START, "STEP_START:fetch_reading"], mode="prefix")
    assert_event_sequence(storm, [ev.step_success(), "RUN_SUCCESS"], mode="suffix")


def test_contiguous_lets_nothing_come_between(storm):
    """Each input is loaded, then checked, without other events between."""
    step = "storm_desk.send_alert"

    assert_event_sequence(storm, [ev.loaded_input(step), ev.step_input(step)], mode="contiguous")


def test_subsequence_allows_gaps(storm):
    """The events have this order, with any others between them."""
    assert_event_sequence(
        storm, ["RUN_START", "STEP_START:storm_desk.triage", "RUN_SUCCESS"], mode="subsequence"
    )


def test_unordered_counts_and_does_not_care_for_order(storm):
    """Three steps succeed, once each; `ignore` drops other events."""
    outputs = [DagflowEventType.STEP_OUTPUT, DagflowEventType.HANDLED_OUTPUT]

    assert_event_sequence(
        storm,
        [
            ev.step_success("storm_desk.write_logbook"),
            ev.step_success("storm_desk.send_alert"),
            ev.step_success("storm_desk.triage"),
        ],
        mode="unordered",
        within="storm_desk",
        ignore=["STEP_START", "STEP_INPUT", "LOADED_INPUT", *outputs],
    )


def test_times_counts_and_forbid_excludes(storm):
    """There is exactly one retry, and no failure."""
    assert_event_sequence(storm, [ev.step_up_for_retry("fetch_reading", times=1)], forbid=[ev.step_failure()])


def test_a_field_may_be_a_matcher(materialize, four_years):
    """Any object with its own `==` is a matcher; the metadata may have more entries."""
    result = materialize(
        [raw_observations, clean_observations, monthly_statistics],
        selection=[monthly_statistics],
        partition_key="2012-12-01",
        resources=four_years,
    )

    december = {"rain_mm": pytest.approx(174, abs=1)}
    assert_event_sequence(result, [ev.materialization("monthly_statistics", metadata=december)])


def test_a_failure_is_named_by_its_error(execute_in_process, dag_clock):
    """The pattern has the class of the user's error, and a part of its message."""
    result = execute_in_process(
        station_watch, run_config=watch_config("2012-12-17", timeouts=9), raise_on_error=False
    )

    assert_event_sequence(
        result,
        [
            ev.step_up_for_retry("fetch_reading", times=3),
            ev.failure("fetch_reading", error=StationTimeout, match="no answer"),
            ev.run_failure(),
        ],
    )
