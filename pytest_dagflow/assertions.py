"""Assertions on what a run did: one on the sequence of its events, and small ones for the usual questions.

Each takes a result or a list of events, raises AssertionError with all that helps to mend the test, and
DagflowError at once where the question itself is wrong (a misspelt node, event or mode).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from dagflow import AssetKey, DagflowError, DagflowEvent, DagflowEventType
from dagflow.testing import canonical_events, causality
from pytest_dagflow.sequence import ev
from pytest_dagflow.sequence.compared import (
    IgnoredEvents,
    check_node_name,
    compared,
    events_of,
    is_inside,
    names_event_type,
)
from pytest_dagflow.sequence.difference import Comparison, describe_outcome, explain_mismatch, failure_text
from pytest_dagflow.sequence.matchers import ANYTHING, Match, as_error, as_key, is_equal, suggest
from pytest_dagflow.sequence.matching import MODES, tree_of
from pytest_dagflow.sequence.patterns import (
    EventPattern,
    Group,
    as_pattern,
    chain,
    par,
    pattern_of,
    read_field,
)

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
    "chain",
    "ev",
    "par",
]


def assert_event_sequence(
    result_or_events: object,
    patterns: Iterable[object],
    *,
    mode: str = "causal",
    within: object = None,
    forbid: Iterable[object] = (),
    ignore: IgnoredEvents = (),
) -> None:
    """Assert that the events of a run are, or hold, a sequence.

    Args:
        result_or_events: A result, its `all_events`, the fixture `dag_events`, or a list of events.
        patterns: Event types, texts ("STEP_SUCCESS", "STEP_SUCCESS:brew"), calls of `ev`, `par` (any
            order) and `chain` (in order), nested freely. Each stands for one event.
        mode: "causal": in this order, with gaps, and the order is caused and not luck; "subsequence": in
            this order, with gaps; "contiguous": next to each other; "exact", "prefix", "suffix": all
            events, or the first, or the last; "unordered": all events, as a multiset.
        within: Only the events of this node (a dotted path) or step and of what is inside it.
        forbid: Patterns that must match nothing.
        ignore: More event types, steps or patterns to leave out. Events of the machinery (engine, resource
            start, captured logs, workers) are left out unless a pattern names them; None leaves out nothing.

    Raises:
        AssertionError: It does not hold.
        DagflowError: An argument that is none: an unknown event, mode or node, something that is no pattern,
            or the mode "causal" on a list that does not know its plans.

    Example:
        >>> assert_event_sequence([], [], mode="exact")
        >>> assert_event_sequence([], ["STEP_SUCESS"])
        Traceback (most recent call last):
            ...
        dagflow.errors.DagflowError: 'STEP_SUCESS' is no event type. Did you mean 'STEP_SUCCESS'...
    """
    __tracebackhide__ = True
    if mode not in MODES:
        raise DagflowError(
            f"{mode!r} is no mode.{suggest(str(mode), MODES)} The modes are {', '.join(MODES)}"
        )
    wanted = [as_pattern(pattern) for pattern in _listed("patterns", patterns)]
    forbidden = [_single("forbid", pattern) for pattern in _listed("forbid", forbid)]
    everything = events_of(result_or_events)
    causal_order = causality(everything) if mode == "causal" else None
    named = list(_leaves_of(wanted))
    events = compared(everything, named, within, ignore)
    _assert_none_forbidden(everything, forbidden, within, ignore)
    _assert_counts(events, everything, named)
    tree, leaves = tree_of(wanted, mode)
    masks = _masks(leaves, events)
    comparison = Comparison(tree, leaves, masks, events, mode, causal_order, everything)
    if comparison.find_assignment() is None:
        raise AssertionError(explain_mismatch(comparison))


def assert_succeeded(result_or_events: object) -> None:
    """Assert that each run succeeded (and that there is one).

    Raises:
        AssertionError: A run failed, or none ended.

    Example:
        >>> assert_succeeded([DagflowEvent("PIPELINE_SUCCESS", "cafe")])
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    ends = _end_events(events)
    if not ends or any(end.event_type.name != "RUN_SUCCESS" for end in ends):
        said = [f"{pattern_of(end)!r}: {end.message}" for end in ends if end.event_type.name != "RUN_SUCCESS"]
        raise AssertionError(
            failure_text("the run did not succeed: " + ("; ".join(said) or "it never ended"), events)
        )


def assert_failed(
    result_or_events: object, node: object = None, error: object = None, match: Match = None
) -> None:
    """Assert that a run failed: at a node, with an error.

    Args:
        result_or_events: A result or a list of events.
        node: The node (or step) that failed; None for any, or for the run itself.
        error: The exception class (subclasses count), several in a tuple, a name, or a matcher.
        match: A regular expression to be found in the error's message.

    Raises:
        AssertionError: The run succeeded, or failed elsewhere or otherwise.
        DagflowError: An unknown node, or an argument of a wrong kind.

    Example:
        >>> assert_failed([DagflowEvent("PIPELINE_FAILURE", "cafe")])
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    expected = as_error(error, match)
    name = None if node is None else check_node_name(node, events)
    if not any(end.event_type.name in ("RUN_FAILURE", "RUN_CANCELED") for end in _end_events(events)):
        raise AssertionError(failure_text("the run did not fail", events))
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
    if not any(is_equal(expected, read_field(event, "error")) for event in failures):
        where = f"'{name}'" if name is not None else "the run"
        raise AssertionError(failure_text(f"{where} failed, but not with {expected!r}", events))


def assert_ran(result_or_events: object, *nodes: object) -> None:
    """Assert that each of these nodes ran, whatever came of it (of a graph: a step in it).

    Raises:
        AssertionError: A node did not begin.
        DagflowError: An unknown node.

    Example:
        >>> assert_ran([DagflowEvent("STEP_START", "cafe", step_key="machine.brew")], "machine")
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    for name in _node_names(nodes, events):
        if not _events_of_node(events, name, "STEP_START", "STEP_RESTARTED"):
            raise AssertionError(
                failure_text(f"'{name}' did not run: {describe_outcome(name, events)}", events)
            )


def assert_not_ran(result_or_events: object, *nodes: object) -> None:
    """Assert that none of these nodes began: skipped, behind a failure, or given a value.

    Raises:
        AssertionError: A node ran.
        DagflowError: An unknown node.

    Example:
        >>> assert_not_ran([DagflowEvent("STEP_START", "cafe", step_key="beans")], "brew")
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    for name in _node_names(nodes, events):
        if _events_of_node(events, name, "STEP_START", "STEP_RESTARTED"):
            raise AssertionError(failure_text(f"'{name}' ran: {describe_outcome(name, events)}", events))


def assert_skipped(result_or_events: object, *nodes: object) -> None:
    """Assert that each of these nodes was skipped, because an input of it never came, and did not run.

    Raises:
        AssertionError: A node ran, or has no events (as behind a failure).
        DagflowError: An unknown node.

    Example:
        >>> assert_skipped([DagflowEvent("STEP_SKIPPED", "cafe", step_key="brew")], "brew")
    """
    __tracebackhide__ = True
    events = events_of(result_or_events)
    for name in _node_names(nodes, events):
        if not _events_of_node(events, name, "STEP_SKIPPED") or _events_of_node(events, name, "STEP_START"):
            raise AssertionError(
                failure_text(f"'{name}' was not skipped: {describe_outcome(name, events)}", events)
            )


def assert_before(result_or_events: object, a: object, b: object) -> None:
    """Assert that `a` came before `b`, and had to: whatever is `a` caused whatever is `b`.

    Args:
        result_or_events: A result, its `all_events` or the fixture `dag_events`.
        a: A node, whose end counts, or a pattern, of which every event counts.
        b: A node, whose start counts, or a pattern, of which every event counts.

    Raises:
        AssertionError: One of them has no event, they came the other way round, or nothing orders them.
        DagflowError: An unknown node, or a list that does not know its plans.

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
    earlier = _events_of_side(events, a, "STEP_SUCCESS", "STEP_SKIPPED", "STEP_FAILURE")
    later = _events_of_side(events, b, "STEP_START", "STEP_SKIPPED")
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
    """Assert how often a node was tried again.

    Args:
        result_or_events: A result or a list of events.
        node: The node or step.
        times: The number of further attempts; 0 for none.
        delays: The seconds that were waited before each of them, in order; each may be a matcher.

    Raises:
        AssertionError: It was tried again more or less often, or after other delays.
        DagflowError: An unknown node, or a `times` that is no count.

    Example:
        >>> assert_retried([DagflowEvent("STEP_UP_FOR_RETRY", "cafe", step_key="brew")], "brew", 1)
    """
    __tracebackhide__ = True
    if not isinstance(times, int) or isinstance(times, bool) or times < 0:
        raise DagflowError(f"times must be a count, 0 or more, not {times!r}")
    events = events_of(result_or_events)
    name = check_node_name(node, events)
    retries = _events_of_node(events, name, "STEP_UP_FOR_RETRY")
    if len(retries) != times:
        raise AssertionError(failure_text(f"'{name}' was retried {len(retries)} times, not {times}", events))
    waited = [read_field(event, "seconds_to_wait") for event in retries]
    if delays is not None and not (len(delays) == times and all(map(is_equal, delays, waited))):
        raise AssertionError(failure_text(f"'{name}' waited {waited} seconds, not {list(delays)}", events))


def assert_materialized(
    result_or_events: object, key: object, *, partition: object = ANYTHING, metadata: object = ANYTHING
) -> None:
    """Assert that an asset was written.

    Args:
        result_or_events: A result or a list of events.
        key: The asset key: a text ("shop/cup"), a list of parts, an AssetKey or a matcher of the text.
        partition: The partition; None for no partition.
        metadata: Entries that the materialization must have, beside others.

    Raises:
        AssertionError: It was not.
        DagflowError: An argument of a wrong kind.

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
    assert_event_sequence(events_of(result_or_events), [pattern], mode="subsequence")


def assert_check(
    result_or_events: object, asset: object, name: object = ANYTHING, *, passed: object = True
) -> None:
    """Assert that an asset check was evaluated, and passed.

    Args:
        result_or_events: A result or a list of events.
        asset: The asset key: a text ("shop/cup"), a list of parts, an AssetKey or a matcher of the text.
        name: The name of the check.
        passed: Whether it passed; False to assert that it did not.

    Raises:
        AssertionError: It was not evaluated, or went the other way.
        DagflowError: An argument of a wrong kind.

    Example:
        >>> assert_check([], "water", "wet")
        Traceback (most recent call last):
            ...
        AssertionError: mode 'subsequence' does not hold: ev.check("water", "wet", passed=True) is missing...
    """
    __tracebackhide__ = True
    pattern = ev.check(asset, name, passed=passed)
    assert_event_sequence(events_of(result_or_events), [pattern], mode="subsequence")


def assert_output(result: object, node: str, value: object, *, name: str = "result") -> None:
    """Assert what a node gave.

    Args:
        result: The result of a run.
        node: The node, as `output_for_node` takes it.
        value: The value; a matcher, an array or a table may stand here.
        name: The output.

    Raises:
        AssertionError: The value is another one.
        DagflowError: Not a result, an unknown node or output, or a value that cannot be compared.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> result = materialize_to_memory([water])
        >>> assert_output(result, "water", 1)
    """
    __tracebackhide__ = True
    if not hasattr(result, "output_for_node"):
        raise DagflowError(f"assert_output needs the result of a run, not {result!r}")
    actual = result.output_for_node(node, name)
    if not is_equal(value, actual):
        output = f"output '{name}' of '{node}'"
        raise AssertionError(
            failure_text(
                f"{output} is not what was expected\n  expected: {value!r}\n  actual:   {actual!r}", ()
            )
        )


def assert_same_run(one: object, other: object) -> None:
    """Assert that two runs did the same: equal canonical events, so neither ids, times nor luck count.

    Raises:
        AssertionError: They differ.
        DagflowError: Something that is no result, or a list that does not know its plans.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> result = materialize_to_memory([water])
        >>> assert_same_run(result, materialize_to_memory([water]))
    """
    __tracebackhide__ = True
    first, second = canonical_events(one), canonical_events(other)
    ends = [[end.event_type.name for end in _end_events(events_of(run))] for run in (one, other)]
    if first == second and ends[0] == ends[1]:
        return
    texts = [[*map(str, facts), *end] for facts, end in zip((first, second), ends, strict=True)]
    lines = difflib.unified_diff(texts[0], texts[1], "the first run", "the second run", lineterm="", n=2)
    raise AssertionError("the runs differ\n" + "\n".join(lines))


def _listed(name: str, values: object) -> list[object]:
    if isinstance(values, (str, EventPattern, Group)) or not isinstance(values, Iterable):
        raise DagflowError(f"{name} must be a list of patterns, not {values!r}: write {name}=[...]")
    return list(values)


def _single(name: str, value: object) -> EventPattern:
    pattern = as_pattern(value)
    if isinstance(pattern, Group):
        raise DagflowError(f"{name} takes patterns of single events, so {value!r} has no meaning there")
    if pattern.times is not None:
        raise DagflowError(f"{name} takes patterns without times, not {value!r}")
    return pattern


def _leaves_of(patterns: Iterable[EventPattern | Group]) -> Iterable[EventPattern]:
    for pattern in patterns:
        if isinstance(pattern, Group):
            yield from _leaves_of(pattern.items)
        else:
            yield pattern


def _masks(patterns: Sequence[EventPattern], events: Sequence[DagflowEvent]) -> list[int]:
    """For each pattern the places of the events that it matches, as a bit set."""
    positions: dict[tuple[DagflowEventType, str | None], list[int]] = {}
    for position, event in enumerate(events):
        for step in {event.step_key, None}:  # None: of any step
            positions.setdefault((event.event_type, step), []).append(position)
    masks: dict[int, int] = {}
    for pattern in patterns:
        if id(pattern) not in masks:  # one with times=n stands here n times
            named = pattern.fields.get("step")
            own = positions.get((pattern.event_type, named if isinstance(named, str) else None), ())
            masks[id(pattern)] = sum(1 << position for position in own if pattern.matches(events[position]))
    return [masks[id(pattern)] for pattern in patterns]


def _assert_none_forbidden(
    everything: Sequence[DagflowEvent], forbidden: list[EventPattern], within: object, ignore: IgnoredEvents
) -> None:
    __tracebackhide__ = True
    events = compared(everything, forbidden, within, ignore)
    for pattern in forbidden:
        wrong = next((event for event in events if pattern.matches(event)), None)
        if wrong is not None:
            said = f"{pattern!r} is forbidden, but {pattern_of(wrong)!r} happened: {wrong.message}"
            raise AssertionError(failure_text(said, everything))


def _assert_counts(
    events: list[DagflowEvent], everything: Sequence[DagflowEvent], patterns: list[EventPattern]
) -> None:
    __tracebackhide__ = True
    for pattern in patterns:
        if pattern.times is not None:
            count = sum(map(pattern.matches, events))
            if count != pattern.times:
                raise AssertionError(failure_text(f"{pattern!r} matches {count} events", everything, events))


def _end_events(events: Sequence[DagflowEvent]) -> list[DagflowEvent]:
    return [e for e in events if e.event_type.name in ("RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED")]


def _node_names(nodes: tuple[object, ...], events: Sequence[DagflowEvent]) -> list[str]:
    if not nodes:
        raise DagflowError("name at least one node")
    return [check_node_name(node, events) for node in nodes]


def _events_of_node(events: Sequence[DagflowEvent], node: str, *types: str) -> list[DagflowEvent]:
    return [event for event in events if event.event_type.name in types and is_inside(node, event.step_key)]


def _events_of_side(events: Sequence[DagflowEvent], given: Any, *types: str) -> list[DagflowEvent]:
    """The events that one side of `assert_before` stands for."""
    if isinstance(given, AssetKey) or (isinstance(given, str) and not names_event_type(given)):
        return _events_of_node(events, check_node_name(given, events), *types)
    pattern = _single("assert_before", given)
    return [event for event in events if pattern.matches(event)]
