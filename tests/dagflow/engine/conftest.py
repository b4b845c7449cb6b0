"""How tests of the engine write down a run: as the text in which its specification gives sequences."""

from __future__ import annotations

import pytest

from dagflow import job, op


def _text(events):
    keys = (f"[{event.step_key}]" if event.step_key else "" for event in events)
    return " > ".join(f"{event.event_type.name}{key}" for event, key in zip(events, keys, strict=True))


@pytest.fixture(name="sequence")
def _sequence():
    """Writes the events of a result (or a list of events) as 'RUN_START > STEP_START[brew] > ...'."""
    return lambda run: _text(getattr(run, "all_events", run))


@pytest.fixture(name="steps")
def _steps():
    """As `sequence`, but only what lies between LOGS_CAPTURED and the end: the events of steps."""

    def text(run):
        events = getattr(run, "all_events", run)
        return _text([event for event in events if event.step_handle is not None])

    return text


@pytest.fixture(name="job_of")
def _job_of():
    """Makes a job of one function that is an op; `options` are those of the op."""

    def make(fn, resource_defs=None, **options):
        definition = op(**options)(fn) if options else op(fn)

        @job(resource_defs=resource_defs or {})
        def only():
            definition()

        return only

    return make
