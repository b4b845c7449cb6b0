"""Assertions about a run: one for the sequence of its events, and one for each common question.

Each takes a result or a list of events. It raises AssertionError with the actual events if it does not hold,
and DagflowError if an argument is invalid, such as a misspelt node, event or mode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dagflow import AssetCheckKey, AssetKey, DagflowError, DagflowEvent
from dagflow.testing import causality
from pytest_dagflow.sequence import ev
from pytest_dagflow.sequence.compared import (
    FoundNode,
    check_node_name,
    events_of,
    find_node,
    is_inside,
    names_event_type,
)
from pytest_dagflow.sequence.difference import (
    describe_error,
    describe_failures,
    describe_no_match,
    describe_outcome,
    failure_text,
    quoted,
)
from pytest_dagflow.sequence.event_sequence import assert_event_sequence
from pytest_dagflow.sequence.matchers import ANYTHING, Match, as_error, as_key, is_equal
from pytest_dagflow.sequence.patterns import (
    EventPattern,
    as_pattern,
    chain,
    check_single,
    par,
    pattern_of,
    read_field,
)
from pytest_dagflow.sequence.run_difference import end_events, explain_runs
from pytest_dagflow.session import shown_event
from pytest_dagflow.ticks.comparison import assert_ticks
from pytest_dagflow.values.output import assert_output

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


def assert_succeeded(result_or_events: object) -> None:
    """Assert that there is a run, and that each run ended and succeeded.

    Raises:
        AssertionError: A run failed, was canceled or did not end, or there is no event.

    Example:
        >>> assert_succeeded([DagflowEvent("PIPELINE_SUCCESS", "cafe")])
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    ends = end_events(events)
    problems = list(describe_failures(events)) if any(not _is_success(end) for end in ends) else []
    problems += [
        f"{pattern_of(end)!r}: {shown_event(end).message}"
        for end in ends
        if not (_is_success(end) or problems)
    ]
    starts = Counter(event.run_id for event in events if event.event_type.name == "RUN_START")
    ended = Counter(end.run_id for end in ends)
    problems += [
        f"run {run_id} did not end" if ends and run_id else "it did not end"
        for run_id in dict.fromkeys(event.run_id for event in events)
        if ended[run_id] < max(starts[run_id], 1)
    ]
    if problems or not events:
        raise AssertionError(
            failure_text(f"the run did not succeed: {'; '.join(problems) or 'it has no events'}", events)
        )


def _is_success(end: DagflowEvent) -> bool:
    return end.event_type.name == "RUN_SUCCESS"


def assert_failed(
    result_or_events: object, node: object = None, error: object = None, match: Match = None
) -> None:
    """Assert that a run failed, or was canceled after the failure of a step.

    Args:
        result_or_events: A result or a list of events.
        node: The failed node or step; None for any step, a resource or the run itself.
        error: An exception class (or subclass), a tuple of classes, a class name, or a matcher.
        match: A regular expression that is searched in the message of the error.

    Raises:
        AssertionError: The run succeeded, or failed at another node or with another error.
        DagflowError: A node is unknown, or an argument is invalid.

    Example:
        >>> assert_failed([DagflowEvent("PIPELINE_FAILURE", "cafe")])
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    expected = as_error(error, match)
    name = None if node is None else check_node_name(node, events)
    ends = [end.event_type.name for end in end_events(events)]
    if "RUN_FAILURE" not in ends and "RUN_CANCELED" not in ends:
        outcome = "it succeeded" if ends else "it did not end" if events else "it has no events"
        raise AssertionError(failure_text(f"the run did not fail: {outcome}", events))
    failures = [
        event for event in events if event.event_type.name in ("STEP_FAILURE", "RESOURCE_INIT_FAILURE")
    ]
    failures = failures or [event for event in events if event.event_type.name == "RUN_FAILURE"]
    if name is not None:
        failures = [event for event in failures if is_inside(name, event.step_key)]
        if not failures:
            raise AssertionError(
                failure_text(f"'{name}' did not fail: {describe_outcome(name, events)}", events)
            )
    if not failures:
        raise AssertionError(failure_text("the run was canceled, and no step failed", events))
    errors = [read_field(event, "error") for event in failures]
    if not any(is_equal(expected, found) for found in errors):
        where = f"'{name}'" if name is not None else "the run"
        shown = [read_field(shown_event(event), "error") for event in failures]
        actual = " and ".join(dict.fromkeys(map(describe_error, shown)))
        raise AssertionError(failure_text(f"{where} failed with {actual}, not with {expected!r}", events))


def assert_ran(result_or_events: object, *nodes: object) -> None:
    """Assert that each node started, with any outcome. A graph has started if a step in it has.

    A node is a path, a step key, the key of an asset ("shop/cup") or a check ("beans:fresh"). An asset or a
    check started if its step did, and the run selected it.

    Raises:
        AssertionError: A node did not start.
        DagflowError: A node is unknown, or no node is given.

    Example:
        >>> assert_ran([DagflowEvent("STEP_START", "cafe", step_key="machine.brew")], "machine")
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    for node in _found_nodes(nodes, events):
        if not (node.is_selected and _events_of_node(events, node.path, "STEP_START", "STEP_RESTARTED")):
            raise AssertionError(failure_text(f"{node} did not run: {_outcome(node, events)}", events))


def assert_not_ran(result_or_events: object, *nodes: object) -> None:
    """Assert that no node started: it was skipped, downstream of a failure, or had a given value.

    Raises:
        AssertionError: A node started.
        DagflowError: A node is unknown (not checked in a list without plans), or no node is given.

    Example:
        >>> assert_not_ran([DagflowEvent("STEP_START", "cafe", step_key="beans")], "brew")
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    for node in _found_nodes(nodes, events):
        if node.is_selected and _events_of_node(events, node.path, "STEP_START", "STEP_RESTARTED"):
            raise AssertionError(failure_text(f"{node} ran: {_outcome(node, events)}", events))


def assert_skipped(result_or_events: object, *nodes: object) -> None:
    """Assert that each node was skipped because an input had no value, and did not start.

    For a graph: a step in it was skipped, and no step in it started.

    Raises:
        AssertionError: A node started, or has no events because a node upstream failed.
        DagflowError: A node is unknown, or no node is given.

    Example:
        >>> assert_skipped([DagflowEvent("STEP_SKIPPED", "cafe", step_key="brew")], "brew")
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    for node in _found_nodes(nodes, events):
        was_skipped = node.is_selected and _events_of_node(events, node.path, "STEP_SKIPPED")
        if not was_skipped or _events_of_node(events, node.path, "STEP_START"):
            raise AssertionError(failure_text(f"{node} was not skipped: {_outcome(node, events)}", events))


def assert_before(result_or_events: object, a: object, b: object) -> None:
    """Assert that `a` precedes `b` in every possible order: each event of `a` caused each event of `b`.

    Args:
        result_or_events: A result, its `all_events` or the fixture `dag_events`.
        a: A node, whose end is compared, or a pattern, whose matching events are all compared.
        b: A node, whose start is compared, or a pattern, whose matching events are all compared.

    Raises:
        AssertionError: `a` or `b` has no event, or the order is different or not caused.
        DagflowError: A node is unknown, a pattern is invalid, or the list has no plans.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> result = materialize_to_memory([water])
        >>> assert_before(result, "RUN_START", "water")
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    causal_order = causality(events)
    earlier = _events_to_order(events, a, "STEP_SUCCESS", "STEP_SKIPPED", "STEP_FAILURE")
    later = _events_to_order(events, b, "STEP_START", "STEP_SKIPPED")
    for given, found in ((a, earlier), (b, later)):
        if not found:
            raise AssertionError(failure_text(f"{given!r} has no event in this run", events))
    for one in earlier:
        for other in later:
            if not causal_order.caused(one, other):
                raise AssertionError(failure_text(causal_order.explain(one, other), events))


def assert_retried(
    result_or_events: object, node: object, times: int, *, delays: Sequence[object] | None = None
) -> None:
    """Assert the number of retries of a node.

    Args:
        result_or_events: A result or a list of events.
        node: The node or step. The retries of all steps in a graph are added up.
        times: The number of retries, at least 0.
        delays: The delay before each retry in seconds, in order; each may be a matcher.

    Raises:
        AssertionError: The number of retries or a delay is different.
        DagflowError: A node is unknown, or `times` is not an integer of at least 0.

    Example:
        >>> assert_retried([DagflowEvent("STEP_UP_FOR_RETRY", "cafe", step_key="brew")], "brew", 1)
    """
    __tracebackhide__ = True
    if not isinstance(times, int) or isinstance(times, bool) or times < 0:
        raise DagflowError(f"times must be an integer of at least 0, not {times!r}")
    if delays is not None and (isinstance(delays, str) or not isinstance(delays, Sequence)):
        raise DagflowError(f"delays must be a list with the seconds before each retry, not {delays!r}")
    if delays is not None and len(delays) != times:
        raise DagflowError(f"delays needs one element for each retry: times is {times}, not {len(delays)}")
    events = events_of(result_or_events)
    name = check_node_name(node, events)
    retries = _events_of_node(events, name, "STEP_UP_FOR_RETRY")
    if len(retries) != times:
        raise AssertionError(failure_text(f"'{name}' was retried {len(retries)} times, not {times}", events))
    waited = [read_field(event, "seconds_to_wait") for event in retries]
    if delays is not None and not all(map(is_equal, delays, waited)):
        raise AssertionError(failure_text(f"'{name}' waited {waited} seconds, not {list(delays)}", events))


def assert_materialized(
    result_or_events: object, key: object, *, partition: object = ANYTHING, metadata: object = ANYTHING
) -> None:
    """Assert that an asset was materialized at least once with this partition and metadata.

    Args:
        result_or_events: A result or a list of events.
        key: The asset key: a string ("shop/cup"), a list of parts, an AssetKey or a matcher of the string.
        partition: The partition key; None for no partition. Default: any.
        metadata: Entries that the metadata must contain. Default: any metadata.

    Raises:
        AssertionError: The asset has no such materialization.
        DagflowError: An argument is invalid.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> result = materialize_to_memory([water])
        >>> assert_materialized(result, "water", partition=None)
    """
    __tracebackhide__ = True
    pattern = ev.materialization(as_key("key", key), partition=partition, metadata=metadata)
    what = f"asset {quoted(pattern.fields['key'])}"
    _assert_event(events_of(result_or_events), pattern, what, "materialized", ("key",))


def assert_check(
    result_or_events: object,
    asset: object,
    name: object = ANYTHING,
    *,
    passed: object = True,
    partition: object = ANYTHING,
) -> None:
    """Assert that an asset check was evaluated and passed, or failed if `passed=False`.

    Args:
        result_or_events: A result or a list of events.
        asset: The asset key: a string ("shop/cup"), a list of parts, an AssetKey or a matcher of the string.
        name: The name of the check. Default: any check of the asset.
        passed: The expected result: True, False or a matcher.
        partition: The partition key; None for no partition. Default: any.

    Raises:
        AssertionError: The check was not evaluated, or has another result.
        DagflowError: An argument is invalid.

    Example:
        >>> assert_check([], "water", "wet")
        Traceback (most recent call last):
            ...
        AssertionError: check 'wet' of asset 'water' was not evaluated: nothing was
    """
    __tracebackhide__ = True
    pattern = ev.check(asset, name, passed=passed, partition=partition)
    check = "a check" if name is ANYTHING else f"check {quoted(name)}"
    what = f"{check} of asset {quoted(pattern.fields['asset'])}"
    _assert_event(events_of(result_or_events), pattern, what, "evaluated", ("asset", "name"))


def _assert_event(
    events: Sequence[DagflowEvent], pattern: EventPattern, what: str, verb: str, names: Sequence[str]
) -> None:
    """Assert that an event matches a pattern, whose fields `names` say what the event is about."""
    __tracebackhide__ = True
    if not any(map(pattern.matches, events)):
        raise AssertionError(failure_text(describe_no_match(pattern, events, what, verb, names), events))


def assert_same_run(one: object, other: object) -> None:
    """Assert that two runs end alike and have equal `canonical_events`, independent of ids and times.

    Raises:
        AssertionError: The canonical events or the end events (success, failure, cancellation) differ.
        DagflowError: An argument is not a result or a list of events with plans.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> result = materialize_to_memory([water])
        >>> assert_same_run(result, materialize_to_memory([water]))
    """
    __tracebackhide__ = True
    lines = explain_runs(one, other)
    if lines:
        raise AssertionError("\n".join(lines))


def _found_nodes(nodes: tuple[object, ...], events: Sequence[DagflowEvent]) -> list[FoundNode]:
    if not nodes:
        raise DagflowError("pass at least one node")
    return [find_node(node, events) for node in nodes]


def _outcome(node: FoundNode, events: Sequence[DagflowEvent]) -> str:
    return describe_outcome(node.path, events) if node.is_selected else "no run selected it"


def _events_of_node(events: Sequence[DagflowEvent], node: str, *types: str) -> list[DagflowEvent]:
    return [event for event in events if event.event_type.name in types and is_inside(node, event.step_key)]


def _events_to_order(events: Sequence[DagflowEvent], given: Any, *types: str) -> list[DagflowEvent]:
    """Return the events of one argument of `assert_before`."""
    if isinstance(given, AssetKey | AssetCheckKey) or (
        isinstance(given, str) and not names_event_type(given)
    ):
        return _events_of_node(events, check_node_name(given, events), *types)
    pattern = check_single("assert_before", as_pattern(given))
    return [event for event in events if pattern.matches(event)]
