"""Step 0: plain functions have plain tests. A marker links them to the node that uses the function."""

from datetime import date, timedelta

import pytest

from weather.units import Observation, longest_dry_spell


@pytest.mark.dag_nodes("records")
def test_the_longest_of_several_dry_spells():
    """`--dag-select records` keeps this test because of its marker."""
    rain = [0.0, 4.0, 0.0, 0.0, 4.0, 0.0]
    days = [Observation(date(2012, 1, 1) + timedelta(n), mm, 5.0, 0.0, 10.0, "") for n, mm in enumerate(rain)]

    assert [day.day.day for day in longest_dry_spell(days, dry_below_mm=0.1)] == [3, 4]
