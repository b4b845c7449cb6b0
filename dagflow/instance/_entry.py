"""The door from an instance up to what makes runs. The only function of `instance` that imports upward."""

from __future__ import annotations

from typing import Any


def create_run_for_job(instance: Any, job_def: Any, **arguments: Any) -> Any:
    """`create_run_for_job` of an instance was called."""
    from dagflow.runs.in_process import create_run

    return create_run(instance, job_def, **arguments)
