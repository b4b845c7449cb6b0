"""How a run is written down in tests: as the text in which the specification gives sequences of events."""

from __future__ import annotations

import pytest


@pytest.fixture(name="sequence")
def _sequence():
    """Writes the events of a result (or a list of events) as 'RUN_START > STEP_START[brew] > ...'."""

    def text(run):
        events = getattr(run, "all_events", run)
        return " > ".join(
            f"{event.event_type.name}{f'[{event.step_key}]' if event.step_key else ''}" for event in events
        )

    return text
