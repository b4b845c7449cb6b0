"""Step 3: what a selection contains, without a run. These tests are about every node of the project."""

import pytest
from dagflow import AssetSelection

from almanac.project import TO_PRINT, defs


def names(selection):
    """Return the assets and checks of a selection as strings."""
    graph = defs.resolve_asset_graph()
    keys = [*selection.resolve(graph), *selection.resolve_checks(graph)]
    return sorted(key.to_user_string() for key in keys)


def test_the_job_needs_no_wind():
    """A selection of assets has the checks of these assets."""
    assert names(TO_PRINT) == [
        "days",
        "days:rainy_days_are_wet",
        "days:sunny_days_are_dry",
        "days:year_is_complete",
        "page",
        "rain",
        "temperature",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+page", ["page", "rain", "temperature"]),
        ("group:tables and not key:wind", ["rain", "temperature"]),
        ('sinks(group:"tables")', ["rain", "temperature", "wind"]),
    ],
)
def test_selections_as_strings(text, expected):
    """`from_string` reads the strings that `selection=` accepts."""
    assert names(AssetSelection.from_string(text)) == expected
