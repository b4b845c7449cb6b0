"""Step 10: what must hold for every day, reading and order. Strategies draw the examples."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_dagflow.strategies import check_idempotent, check_partitions_independent, partition_keys

from weather.assets import DAYS, clean_observations, raw_observations
from weather.storm import triage
from weather.units import Observation

DAILY = [raw_observations, clean_observations]


def test_days_do_not_depend_on_each_other(archive):
    """Each day runs alone, and after other days in both orders, always with the same values."""
    check_partitions_independent(DAILY, resources={"archive": archive})


@settings(max_examples=5, deadline=None)
@given(day=partition_keys(DAYS))
def test_a_day_can_run_again(archive, day):
    """A second run of a day stores what the first one stored, also on the leap day."""
    check_idempotent(DAILY, partition_key=day, resources={"archive": archive})


@settings(max_examples=25, deadline=None)
@given(reading=st.builds(Observation))
def test_every_reading_has_an_entry(reading):
    """The op takes every value of its class, not only those of the archive."""
    outputs = list(triage(reading))

    assert outputs[0].output_name == "entry"
    assert len(outputs) <= 2
