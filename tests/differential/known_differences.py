"""Where dagflow does otherwise than the reference on purpose: each with its reason, and how it is recognized.

A predicate gets the program and both observations. One that is true excuses the whole program, so it is as
narrow as can be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from observation import Observation


class KnownDifference(NamedTuple):
    """A difference that is meant."""

    name: str
    reason: str
    applies: Callable[[str, Observation, Observation], bool]


def _read_nothing(source: str, theirs: Observation, ours: Observation) -> bool:
    return "Nothing" in source and any(" KeyError" in line for line in theirs.quiet.events)


def _async_dynamic(source: str, theirs: Observation, ours: Observation) -> bool:
    failed = "DagflowExecutionStepExecutionError ValueError USER_CODE_ERROR"
    return bool(re.search(r"DynamicOut\b[\s\S]*\nasync def", source)) and any(
        failed in line for line in theirs.quiet.events
    )


def _lost_teardown(source: str, theirs: Observation, ours: Observation) -> bool:
    def failed(seen: Observation) -> int:
        return sum(line.startswith("ENGINE_EVENT") and "LookupError" in line for line in seen.quiet.events)

    return failed(ours) > failed(theirs) > 0


def _fan_in_of_a_type(source: str, theirs: Observation, ours: Observation) -> bool:
    return (theirs.defined, ours.defined) == ("CheckError", "DagflowInvalidDefinitionError")


def _dynamic_nothing(source: str, theirs: Observation, ours: Observation) -> bool:
    return "DynamicOut(dg.Nothing" in source and any(
        line.startswith("STEP_OUTPUT") and line.endswith(" None True") and line not in ours.quiet.events
        for line in theirs.quiet.events
    )


def _selected_slots(source: str, theirs: Observation, ours: Observation) -> bool:
    return bool(
        re.search(r"=\[[^]]*\b[mn]\b.*\n[\s\S]*op_selection=", source)
        and theirs.quiet.raised == "DagflowInvalidSubsetError"
    )


KNOWN_DIFFERENCES = (
    KnownDifference(
        "an input with a value reads an output of type Nothing",
        "It is None. The reference stores nothing for such an output, and lets its I/O manager raise a KeyError "
        "that names a run id.",
        _read_nothing,
    ),
    KnownDifference(
        "an async op with a dynamic output",
        "It works as any other op. The reference iterates it in one context and closes it in another, which a "
        "variable of its own refuses with a ValueError.",
        _async_dynamic,
    ),
    KnownDifference(
        "several resources cannot be stopped",
        "Each has an event with its error. The reference writes one event, with the error of the last.",
        _lost_teardown,
    ),
    KnownDifference(
        "a list of inputs of the graph for an input whose type is no list",
        "The error is that of a list of outputs, DagflowInvalidDefinitionError; in the reference a check of its "
        "own fails.",
        _fan_in_of_a_type,
    ),
    KnownDifference(
        "a dynamic output of type Nothing to which no value is given",
        "It has no keys. The reference writes a STEP_OUTPUT without a mapping key.",
        _dynamic_nothing,
    ),
    KnownDifference(
        "an op selection in a graph whose input is an element of a list",
        "It works as any other. The reference finds every part of such a graph invalid.",
        _selected_slots,
    ),
)


def excuse(source: str, theirs: Observation, ours: Observation) -> KnownDifference | None:
    """The known difference that explains why two observations are not the same."""
    return next((known for known in KNOWN_DIFFERENCES if known.applies(source, theirs, ours)), None)
