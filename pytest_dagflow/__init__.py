"""The pytest plugin of dagflow: the names that tests import from it.

    from pytest_dagflow import assert_event_sequence, assert_materialized, ev

Fixtures, markers and options need no import. Each name is imported at its first use, so that loading the
plugin loads nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_dagflow.assertions import assert_before as assert_before
    from pytest_dagflow.assertions import assert_check as assert_check
    from pytest_dagflow.assertions import assert_event_sequence as assert_event_sequence
    from pytest_dagflow.assertions import assert_failed as assert_failed
    from pytest_dagflow.assertions import assert_materialized as assert_materialized
    from pytest_dagflow.assertions import assert_not_ran as assert_not_ran
    from pytest_dagflow.assertions import assert_output as assert_output
    from pytest_dagflow.assertions import assert_ran as assert_ran
    from pytest_dagflow.assertions import assert_retried as assert_retried
    from pytest_dagflow.assertions import assert_same_run as assert_same_run
    from pytest_dagflow.assertions import assert_skipped as assert_skipped
    from pytest_dagflow.assertions import assert_succeeded as assert_succeeded
    from pytest_dagflow.assertions import assert_ticks as assert_ticks
    from pytest_dagflow.sequence import ev as ev
    from pytest_dagflow.sequence.patterns import chain as chain
    from pytest_dagflow.sequence.patterns import par as par

__all__ = [
    "assert_before",
    "assert_check",
    "assert_event_sequence",
    "assert_failed",
    "assert_materialized",
    "assert_not_ran",
    "assert_output",
    "assert_ran",
    "assert_retried",
    "assert_same_run",
    "assert_skipped",
    "assert_succeeded",
    "assert_ticks",
    "chain",
    "ev",
    "par",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import importlib

    if name == "ev":
        found: object = importlib.import_module("pytest_dagflow.sequence.ev")
    else:
        module = "assertions" if name.startswith("assert_") else "sequence.patterns"
        found = getattr(importlib.import_module(f"pytest_dagflow.{module}"), name)
    globals()[name] = found  # the next access does not call this function
    return found


def __dir__() -> list[str]:
    return __all__
