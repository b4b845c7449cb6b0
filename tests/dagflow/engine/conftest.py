"""Fixtures for tests of the engine: small jobs and the events of their steps."""

from __future__ import annotations

import pytest

from dagflow import job, op


@pytest.fixture(name="steps")
def _steps(sequence):
    """Return the events of steps as `sequence` does, without the first and last events of the run."""

    def text(run):
        events = getattr(run, "all_events", run)
        return sequence([event for event in events if event.step_handle is not None])

    return text


@pytest.fixture(name="job_of")
def _job_of():
    """Return a function that creates a job of one op; `options` are the arguments of `@op`."""

    def make(fn, resource_defs=None, **options):
        definition = op(**options)(fn) if options else op(fn)

        @job(resource_defs=resource_defs or {})
        def only():
            definition()

        return only

    return make
