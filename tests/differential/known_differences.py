"""Intended differences from the reference: each with its reason, and a predicate that recognizes it.

A predicate of `KNOWN_DIFFERENCES` gets the program and both observations. If it is true, the whole program is
excused, so each predicate is as narrow as possible. A predicate of `KNOWN_WINDOWS` gets the definitions, the
question and both answers; one of `KNOWN_TIMES` the local time of a tick that only one library has; one of
`KNOWN_REQUESTS` or `KNOWN_MAPPINGS` the schedule or the mapping and both answers; one of `KNOWN_HISTORIES`
the definitions and the history.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from observation import Observation
from windows import DAY, Link, Windows, skips_midnight


class KnownDifference(NamedTuple):
    """An intended difference."""

    name: str
    reason: str
    applies: Callable[..., bool]


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
        "NoValueSentinel" in line or "DagflowTypeCheckDidNotPass" in line for line in seen
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


def _several_results(source: str, theirs: Observation, ours: Observation) -> bool:
    def count(seen: Observation) -> int:
        return sum(line.startswith("ASSET_CHECK_EVALUATION[") for line in seen.events)

    refused = re.compile(r"STEP_FAILURE\[[\w.]+] DagflowInvariantViolationError")
    return bool(re.search(r"return [(\[].*AssetCheckResult", source)) and (
        count(ours) > count(theirs)
        or any(refused.match(line) and line not in theirs.events for line in ours.events)
    )


def _checked_materialization(source: str, theirs: Observation, ours: Observation) -> bool:
    def without(seen: Observation) -> Observation:
        target = re.compile("(?<=^ASSET_CHECK_EVALUATION)(.*) (True|False)$")
        events = tuple(target.sub(r"\1", line) for line in seen.events)
        return replace(seen, events=events, result_events=())

    return "partition_key=" in source and without(theirs) == without(ours)


def _check_error(source: str, theirs: Observation, ours: Observation) -> bool:
    def with_plain(seen: Observation) -> Observation:
        lines = tuple(re.sub(r"DagflowExecution\w+Error( CheckError)?", "CheckError", x) for x in seen.events)
        lines = tuple(re.sub("FRAMEWORK_ERROR|USER_CODE_ERROR", "", line) for line in lines)
        return replace(seen, events=lines, result_events=())

    return "CheckError" in " ".join(theirs.events) and with_plain(theirs) == with_plain(ours)


def _no_check_result(source: str, theirs: Observation, ours: Observation) -> bool:
    returned = re.search(r"_check\([^@]*return (None|True|dg.Output|dg.MaterializeResult)", source)
    failed = re.compile(r"STEP_FAILURE\[\w*check\w*] DagflowInvariantViolationError")
    return bool(returned) and any(failed.match(line) and line not in theirs.events for line in ours.events)


def _result_in_a_tuple(source: str, theirs: Observation, ours: Observation) -> bool:
    def stored(seen: Observation) -> int:
        return sum(line.startswith("HANDLED_OUTPUT") for line in seen.events)

    has_facts = any(x.startswith("ASSET_MATERIALIZATION[") and x not in theirs.events for x in ours.events)
    return "return (dg.MaterializeResult" in source and (stored(theirs) > stored(ours) or has_facts)


def _checked_tuple(source: str, theirs: Observation, ours: Observation) -> bool:
    failed = {line.partition("]")[0].partition("[")[2] for line in ours.events if "STEP_FAILURE[" in line}
    given = re.compile(r"(STEP_OUTPUT|ASSET_MATERIALIZATION|ASSET_CHECK_EVALUATION|HANDLED_OUTPUT)\[(.*?)]")

    def without(seen: Observation) -> tuple[str, ...]:
        matches = ((line, given.match(line)) for line in seen.events)
        return tuple(line for line, match in matches if not (match and match[2] in failed))

    return bool(re.search(r"return \(.*Result\(", source)) and without(theirs) == without(ours)


def _no_partition(source: str, theirs: Observation, ours: Observation) -> bool:
    failed = re.compile("STEP_FAILURE.* DagflowInvariantViolationError FRAMEWORK_ERROR")
    if "partitions_def=" not in source:
        return False
    return any(failed.match(line) and line not in ours.events for line in theirs.events)


def _cycle(source: str, theirs: Observation, ours: Observation) -> bool:
    expected = "DagflowInvalidDefinitionError"
    return any(
        (left, right) == (expected, "CircularDependencyError")
        for left, right in ((theirs.defined, ours.defined), (theirs.raised, ours.raised))
    )


def _result_of_an_op(source: str, theirs: Observation, ours: Observation) -> bool:
    failed = re.compile(r"STEP_FAILURE\[\w+\.\w+] DagflowInvariantViolationError")
    has_results = re.search(
        r"def \w+\(context[^@]*return dg.MaterializeResult[\s\S]*graph_multi_asset", source
    )
    return bool(has_results) and any(failed.match(line) and line not in ours.events for line in theirs.events)


KNOWN_DIFFERENCES = (
    KnownDifference(
        "an input that needs a value reads an output without a value, in memory",
        "dagflow raises an error with a remedy. In the reference the I/O manager in memory raises a "
        "KeyError that names a run id.",
        _read_nothing,
    ),
    KnownDifference(
        "an async op with a dynamic output",
        "dagflow runs it like any other op. The reference iterates it in one context and closes it in "
        "another, so one of its context variables raises a ValueError.",
        _async_dynamic,
    ),
    KnownDifference(
        "several resources cannot be stopped",
        "Each has an event with its error. The reference writes one event, with the last error.",
        _lost_teardown,
    ),
    KnownDifference(
        "a list of graph inputs for an input whose type is not a list",
        "dagflow raises DagflowInvalidDefinitionError, as for a list of outputs; in the reference an "
        "internal check fails.",
        _fan_in_of_a_type,
    ),
    KnownDifference(
        "a dynamic output of type Nothing without a yielded value",
        "It has no keys. The reference writes a STEP_OUTPUT without a mapping key.",
        _dynamic_nothing,
    ),
    KnownDifference(
        "an op selection in a graph whose input is an element of a list",
        "dagflow selects it like any other. The reference rejects every part of such a graph.",
        _selected_slots,
    ),
    KnownDifference(
        "the value of an asset that was materialized without a value",
        "Reading it is an error, as for every output without a value, and no type is checked. In the "
        "reference the value is a sentinel class.",
        _no_value,
    ),
    KnownDifference(
        "the planned partition of an asset without partitions",
        "It is None. In the reference it is sometimes the partition of the run, if other assets have "
        "partitions.",
        _planned_partition,
    ),
    KnownDifference(
        "check results in a returned tuple or list",
        "dagflow records them, and refuses those that are not declared or given twice. The reference drops "
        "all of them in silence.",
        _several_results,
    ),
    KnownDifference(
        "the checked materialization in a run of a partition",
        "The evaluation of a check of an asset without partitions names the materialization. The reference "
        "searches the materialization of the run's partition, which such an asset has not.",
        _checked_materialization,
    ),
    KnownDifference(
        "an I/O manager raises a CheckError",
        "It is an error of dagflow, so it is not wrapped in another one. In the reference it is no error of "
        "the library.",
        _check_error,
    ),
    KnownDifference(
        "a check that returns something else than a result",
        "dagflow refuses it. The reference drops it in silence.",
        _no_check_result,
    ),
    KnownDifference(
        "an asset that returns its result in a tuple",
        "It is the result, as for several assets. The reference stores the tuple as the value.",
        _result_in_a_tuple,
    ),
    KnownDifference(
        "an invalid result in a returned tuple",
        "dagflow checks the whole tuple first, and stores nothing of it. The reference stores the elements "
        "before the invalid one.",
        _checked_tuple,
    ),
    KnownDifference(
        "a partitioned asset that reads another one, in a run without a partition",
        "It runs, as other assets do without a partition. The reference fails when it computes the versions "
        "of the inputs.",
        _no_partition,
    ),
    KnownDifference(
        "assets and blocking checks that wait for each other",
        "It is a CircularDependencyError, a subclass of the error in the reference, as for each other cycle.",
        _cycle,
    ),
    KnownDifference(
        "an op in a graph of several assets that gives a MaterializeResult",
        "It is the result of the asset that the op makes. The reference takes no such result, with "
        "or without an asset key.",
        _result_of_an_op,
    ),
    KnownDifference(
        "a default config of a job with input values",
        "dagflow accepts both. The reference checks the default as if it had to contain the input values.",
        _default_config,
    ),
    KnownDifference(
        "an element of a list that is a graph input without a value",
        "dagflow uses the default of the parameter. The reference raises a KeyError.",
        _empty_slot,
    ),
)


def _is_before_first(link: Link, name: str, theirs: Any, ours: Any) -> bool:
    has_both = name.startswith("upstream") and isinstance(theirs, list) and isinstance(ours, list)
    if not has_both or theirs[0] != ours[0]:
        return False
    return bool(link.upstream.exclusions) or theirs[1] == ours[1][1:]


def _is_mapped_down(link: Link, name: str, theirs: Any, ours: Any) -> bool:
    return name.startswith("downstream") and bool(link.downstream.exclusions)


def _is_stored_gap(link: Link, name: str, theirs: Any, ours: Any) -> bool:
    may_differ = bool(link.upstream.exclusions) or name.startswith("subset around")
    both = isinstance(theirs, dict) and isinstance(ours, dict)
    return may_differ and both and theirs["keys"] == ours["keys"]


def _is_skipped_midnight(link: Link, name: str, theirs: Any, ours: Any) -> bool:
    return any(
        _has_start_at_midnight(windows) and _skips_midnight(windows, link.now)
        for windows in (link.upstream, link.downstream)
    )


def _has_start_at_midnight(windows: Windows) -> bool:
    crons = [each for each in (windows.cron, *windows.exclusions) if isinstance(each, str)]
    return any(cron.split()[1] in ("0", "*/8") for cron in crons if cron != "0 0 * * *")


def _skips_midnight(windows: Windows, now: datetime) -> bool:
    last = max(now.replace(tzinfo=None), windows.end or windows.start)
    days = range(-45, (last - windows.start).days + 46)  # windows around these have up to a month
    return any(skips_midnight(windows.zone, windows.start + day * DAY) for day in days)


KNOWN_WINDOWS = (
    KnownDifference(
        "windows that are all left out",
        "The definition is invalid, as are 100,000 left out windows in a row. The reference searches without "
        "an end.",
        lambda link, name, theirs, ours: (
            name == "definition" and bool(link.upstream.exclusions or link.downstream.exclusions)
        ),
    ),
    KnownDifference(
        "windows after the end of a definition without keys",
        "There are none. The reference has windows that start after the end, if none ends before it.",
        lambda link, name, theirs, ours: name == "keys" and not ours,
    ),
    KnownDifference(
        "a window before the first one that contains the begin of a downstream window",
        "It is missing. The reference drops it, so a run reads less than it should. It also counts the last "
        "window before excluded ones as missing, although it ends before them.",
        _is_before_first,
    ),
    KnownDifference(
        "downstream partitions with exclusions",
        "Both directions of the mapping agree. The reference maps upstream partitions to downstream "
        "partitions without the gaps of exclusions.",
        _is_mapped_down,
    ),
    KnownDifference(
        "the stored windows of a subset with the same keys",
        "They are the windows of its keys. The reference stores excluded windows between them too, and the "
        "time that a subset was asked for, also if windows start and end at other times.",
        _is_stored_gap,
    ),
    KnownDifference(
        "a start that the clock skips next to midnight",
        "It is at the end of the jump, as at other hours. The reference keeps a time that no clock shows.",
        _is_skipped_midnight,
    ),
)


class Partitioned(NamedTuple):
    """The description of a schedule of partitions."""

    kind: str
    partitions: dict[str, Any]
    times: dict[str, int]


def _is_shown_twice(time: datetime) -> bool:
    return time.replace(fold=0).utcoffset() != time.replace(fold=1).utcoffset()


KNOWN_TIMES = (
    KnownDifference(
        "a tick that the clock skips next to midnight",
        "It is at the end of the jump, as at other hours. The reference moves it by the hour of the jump.",
        lambda time: time.hour <= 1 and skips_midnight(str(time.tzinfo), time),
    ),
    KnownDifference(
        "a tick at a time before midnight that the clock shows twice",
        "It is at the first time for each cron expression. The reference ticks at the first time of daily "
        "expressions, and at the second time of others.",
        lambda time: time.hour == 23 and _is_shown_twice(time),
    ),
)
KNOWN_REQUESTS = (
    KnownDifference(
        "hours where the clock changes by half an hour",
        "They start at the full hours of the clock. The reference starts them at the half hours until the "
        "clock changes again.",
        lambda drawn, theirs, ours: (
            drawn.kind == "Hourly" and drawn.partitions.get("timezone") == "Australia/Lord_Howe"
        ),
    ),
    KnownDifference(
        "a tick after the end of a definition without keys",
        "It is skipped. The reference raises an error about a window that starts before the first one.",
        lambda drawn, theirs, ours: (
            theirs == "DagsterUnknownPartitionError"
            and ours == ([], False)
            and "end_date" in drawn.partitions
        ),
    ),
)

KNOWN_HISTORIES = (
    KnownDifference(
        "conditions about the runs of new updates, after a first evaluation of an empty log",
        "Updates since that evaluation count. The reference counts none, because its position is missing.",
        lambda definitions, history: "_run_tags(" in definitions and history.startswith("E"),
    ),
)


def _is_reversed(drawn: Any, theirs: Any, ours: Any) -> bool:
    offsets = re.findall(r"TimeWindowPartitionMapping\((-?\d), (-?\d)\)", drawn.mapping)
    return any(int(start) > int(end) for start, end in offsets)


def _shares_a_dimension(drawn: Any, theirs: Any, ours: Any) -> bool:
    names = re.findall(r'DimensionPartitionMapping\("(\w+)"', drawn.mapping)
    return theirs == "CheckError" and len(set(names)) < len(names)


KNOWN_MAPPINGS = (
    KnownDifference(
        "two upstream dimensions that are mapped from one downstream dimension",
        "Each is mapped, as any other dimension. The reference expects a downstream dimension for each.",
        _shares_a_dimension,
    ),
    KnownDifference(
        "a mapping that does not fit the partitions",
        "Both raise an error, and that of dagflow names the definition or the key.",
        lambda drawn, theirs, ours: isinstance(theirs, str) and isinstance(ours, str),
    ),
    KnownDifference(
        "a StaticPartitionMapping with an unknown key",
        "It is an error at each use. The reference raises it only in some directions.",
        lambda drawn, theirs, ours: "StaticPartitionMapping" in drawn.mapping and isinstance(ours, str),
    ),
    KnownDifference(
        "a specific partition that does not exist upstream",
        "It is missing. The reference takes it for existing, or raises a ValueError of its format.",
        lambda drawn, theirs, ours: "SpecificPartitions" in drawn.mapping and not isinstance(ours, str),
    ),
    KnownDifference(
        "the dimension of a MultiToSingleDimensionPartitionMapping",
        "It is the named one. The reference ignores the name.",
        lambda drawn, theirs, ours: 'SingleDimensionPartitionMapping("' in drawn.mapping,
    ),
    KnownDifference(
        "offsets whose start is after their end",
        "They map to nothing. The reference maps to windows that begin before the end.",
        _is_reversed,
    ),
)


def explanation(table: Sequence[KnownDifference], *facts: Any) -> KnownDifference | None:
    """Return the known difference of a table that explains a difference; None if there is none.

    Args:
        table: One of the tables of this module.
        facts: What the predicates of the table get.
    """
    return next((known for known in table if known.applies(*facts)), None)
