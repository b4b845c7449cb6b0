"""Where dagflow does otherwise than the reference on purpose: each with its reason, and how it is recognized.

A predicate gets the program and both observations. One that is true excuses the whole program, so it is as
narrow as can be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from observation import Observation


class KnownDifference(NamedTuple):
    """A difference that is meant."""

    name: str
    reason: str
    applies: Callable[[str, Observation, Observation], bool]


def _read_nothing(source: str, theirs: Observation, ours: Observation) -> bool:
    return any(" KeyError" in line and not line.startswith("HOOK") for line in theirs.events)


def _async_dynamic(source: str, theirs: Observation, ours: Observation) -> bool:
    failed = re.compile("(DagflowExecutionStepExecutionError|RetryRequestedFromPolicy) ValueError ")
    return bool(re.search(r"DynamicOut\b[\s\S]*\nasync def", source)) and any(
        failed.search(line) for line in theirs.events
    )


def _lost_teardown(source: str, theirs: Observation, ours: Observation) -> bool:
    def failed(seen: Observation) -> int:
        return sum(line.startswith("ENGINE_EVENT") and "LookupError" in line for line in seen.events)

    return failed(ours) > failed(theirs) > 0


def _fan_in_of_a_type(source: str, theirs: Observation, ours: Observation) -> bool:
    return (theirs.defined, ours.defined) == ("CheckError", "DagflowInvalidDefinitionError")


def _dynamic_nothing(source: str, theirs: Observation, ours: Observation) -> bool:
    return "DynamicOut(dg.Nothing" in source and any(
        line.startswith("STEP_OUTPUT") and line.endswith(" None True") and line not in ours.events
        for line in theirs.events
    )


def _selected_slots(source: str, theirs: Observation, ours: Observation) -> bool:
    return bool(
        re.search(r"=\[[^]]*\b[mn]\b.*\n[\s\S]*op_selection=", source)
        and theirs.raised == "DagflowInvalidSubsetError"
    )


def _no_value(source: str, theirs: Observation, ours: Observation) -> bool:
    seen = (*theirs.outputs.values(), *theirs.events)
    return "MaterializeResult" in source and any(
        "NoValueSentinel" in text or "DagflowTypeCheckDidNotPass" in text for text in seen
    )


def _default_config(source: str, theirs: Observation, ours: Observation) -> bool:
    has_both = re.search(r"job\((?=.*config=)[\s\S]*input_values=", source)
    return bool(has_both) and theirs.raised == "DagflowInvalidConfigError"


def _empty_slot(source: str, theirs: Observation, ours: Observation) -> bool:
    return theirs.raised == "KeyError" and bool(re.search(r"=\[[^]]*\b[mn]\b", source))


def _planned_partition(source: str, theirs: Observation, ours: Observation) -> bool:
    def without(seen: Observation) -> Observation:
        events = (line for line in seen.events if not line.startswith("ASSET_MATERIALIZATION_PLANNED"))
        return replace(seen, events=tuple(events))

    return "partitions_def" in source and without(theirs) == without(ours)


KNOWN_DIFFERENCES = (
    KnownDifference(
        "an input with a value reads an output that has none, in memory",
        "An error of dagflow that says what to do. In the reference the I/O manager in memory raises a "
        "KeyError that names a run id.",
        _read_nothing,
    ),
    KnownDifference(
        "an async op with a dynamic output",
        "It works as any other op. The reference iterates it in one context and closes it in another, which "
        "a variable of its own refuses with a ValueError.",
        _async_dynamic,
    ),
    KnownDifference(
        "several resources cannot be stopped",
        "Each has an event with its error. The reference writes one event, with the error of the last.",
        _lost_teardown,
    ),
    KnownDifference(
        "a list of inputs of the graph for an input whose type is no list",
        "The error is that of a list of outputs, DagflowInvalidDefinitionError; in the reference a check of "
        "its own fails.",
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
    KnownDifference(
        "the value of an asset that was materialized without one",
        "To ask for it is an error, as for every output without a value, and there is nothing to check the "
        "type of. In the reference it is a class of its own.",
        _no_value,
    ),
    KnownDifference(
        "the partition with which an asset without partitions is planned",
        "None. In the reference it is that of the run when other assets have partitions, but not always.",
        _planned_partition,
    ),
    KnownDifference(
        "a default config of a job whose inputs come with the call",
        "They go together. The reference checks the default as if the values of the inputs were to be in it.",
        _default_config,
    ),
    KnownDifference(
        "an element of a list that is an input of the graph without a value",
        "The default of the parameter is used. In the reference a KeyError escapes.",
        _empty_slot,
    ),
)


def excuse(source: str, theirs: Observation, ours: Observation) -> KnownDifference | None:
    """The known difference that explains why two observations are not the same."""
    return next((known for known in KNOWN_DIFFERENCES if known.applies(source, theirs, ours)), None)
