"""The assertion about the sequence of the events of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dagflow import DagflowError, DagflowEvent
from dagflow.testing import causality
from pytest_dagflow.sequence.compared import IgnoredEvents, compared_events, events_of
from pytest_dagflow.sequence.difference import Comparison, explain_mismatch, failure_text
from pytest_dagflow.sequence.matchers import suggest
from pytest_dagflow.sequence.matching import MODES, masks_of
from pytest_dagflow.sequence.patterns import (
    EventPattern,
    as_patterns,
    check_single,
    event_patterns_in,
    pattern_of,
)
from pytest_dagflow.sequence.tree import tree_of
from pytest_dagflow.session import shown_event


def assert_event_sequence(
    result_or_events: object,
    patterns: Iterable[object],
    *,
    mode: str = "causal",
    within: object = None,
    forbid: Iterable[object] = (),
    ignore: IgnoredEvents = (),
) -> None:
    """Assert that the events of a run match a sequence of patterns in the way of a mode.

    Args:
        result_or_events: A result, its `all_events`, the fixture `dag_events`, or a list of events.
        patterns: Event types, strings ("STEP_SUCCESS", "STEP_SUCCESS:brew"), calls of `ev`, `par` (any
            order) and `chain` (in order), nested freely. Each matches one event, or n with `times=n`.
        mode: "subsequence": in this order, with gaps; "causal": the same, and the plan enforces the order;
            "contiguous": in this order, without gaps; "exact", "prefix", "suffix": all events, the first
            or the last ones, in this order; "unordered": all events, in any order.
        within: Compare only the events of this node (a dotted path) or step, and of the nodes inside it.
        forbid: Patterns that must not match any compared event.
        ignore: More event types, steps or patterns to ignore. Internal events (engine, resource start,
            captured logs, workers) are ignored unless a pattern names their type; None ignores nothing.

    Raises:
        AssertionError: The events do not match.
        DagflowError: An argument is invalid: an unknown event, mode or node, a value that is not a pattern,
            the mode "causal" for a list without plans, or no pattern, except in the mode "exact".

    Example:
        >>> assert_event_sequence([], [], mode="exact")
        >>> assert_event_sequence([], ["STEP_SUCESS"])
        Traceback (most recent call last):
            ...
        dagflow.errors.DagflowError: 'STEP_SUCESS' is not an event type. Did you mean 'STEP_SUCCESS'...
    """
    __tracebackhide__ = True
    if mode not in MODES:
        raise DagflowError(
            f"{mode!r} is not a mode.{suggest(str(mode), MODES)} The modes are {', '.join(MODES)}"
        )
    expected = as_patterns("patterns", patterns)
    forbidden = [check_single("forbid", pattern) for pattern in as_patterns("forbid", forbid)]
    all_events = events_of(result_or_events)
    causal_order = causality(all_events) if mode == "causal" else None
    event_patterns = list(event_patterns_in(expected))
    if not event_patterns and not forbidden and mode != "exact":
        raise DagflowError(
            "'patterns' is empty, so every run would match. To compare all events use mode='exact'"
        )
    events = compared_events(all_events, event_patterns, within, ignore)
    _assert_none_forbidden(all_events, forbidden, within, ignore)
    _assert_counts(events, all_events, event_patterns)
    tree, leaves = tree_of(expected, mode)
    comparison = Comparison(tree, leaves, masks_of(leaves, events), events, mode, causal_order, all_events)
    if comparison.find_assignment() is None:
        raise AssertionError(explain_mismatch(comparison))


def _assert_none_forbidden(
    all_events: Sequence[DagflowEvent], forbidden: list[EventPattern], within: object, ignore: IgnoredEvents
) -> None:
    __tracebackhide__ = True
    events = compared_events(all_events, forbidden, within, ignore) if forbidden else []
    for pattern in forbidden:
        wrong = next((event for event in events if pattern.matches(event)), None)
        if wrong is not None:
            problem = (
                f"{pattern!r} is forbidden, but there is {pattern_of(wrong)!r}: {shown_event(wrong).message}"
            )
            raise AssertionError(failure_text(problem, all_events, events, forbidden))


def _assert_counts(
    events: list[DagflowEvent], all_events: Sequence[DagflowEvent], patterns: list[EventPattern]
) -> None:
    __tracebackhide__ = True
    for pattern in patterns:
        if pattern.times is not None:
            count = sum(map(pattern.matches, events))
            if count != pattern.times:
                raise AssertionError(
                    failure_text(f"{pattern!r} matches {count} events", all_events, events, patterns)
                )
