"""How tests of the engine make a small job and write down its steps."""

from __future__ import annotations

import pytest

from dagflow import job, op


@pytest.fixture(name="steps")
def _steps(sequence):
    """As `sequence`, but only what lies between LOGS_CAPTURED and the end: the events of steps."""

    def text(run):
        events = getattr(run, "all_events", run)
        return sequence([event for event in events if event.step_handle is not None])

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
