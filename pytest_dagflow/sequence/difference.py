"""The message of a failed assertion: the differences between patterns and events.

The first line is the problem. The tracebacks of failed steps follow. An assertion with patterns also shows
the patterns and events side by side, and the actual events as patterns to paste.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagflow
from dagflow import DagflowEvent, Failure
from pytest_dagflow.sequence import matching, tree
from pytest_dagflow.sequence.compared import has_plans, is_inside
from pytest_dagflow.sequence.matchers import (
    MetadataMatcher,
    count,
    is_equal,
    source_text,
    suggest,
    unwrap_error,
)
from pytest_dagflow.sequence.patterns import EventPattern, pattern_of, read_field
from pytest_dagflow.session import is_verbose, shown_event

_MAX_SIMILAR_ROWS = 12
_MAX_FAILURES = 3


@dataclass(frozen=True)
class Comparison:
    """Patterns, and the events that they are compared with.

    Attributes:
        tree: The order of the leaves.
        leaves: The patterns, one for each expected event.
        masks: For each leaf the matching positions, as a bit set.
        events: The compared events.
        mode: The mode of the assertion.
        causality: The causal order of the events; None if the mode is not "causal".
        all_events: All events, including those that are not compared.
    """

    tree: tree.Node
    leaves: Sequence[EventPattern]
    masks: Sequence[int]
    events: Sequence[DagflowEvent]
    mode: str
    causality: Any
    all_events: Sequence[DagflowEvent]
    _causes: dict[tuple[int, ...], Callable[[int], int]] = field(default_factory=dict)

    def caused(self, one: int, other: int) -> bool:
        """Return whether the event at one position caused the event at another."""
        return bool(self.causality.caused(self.events[one], self.events[other]))

    def causes_among(self, positions: Sequence[int]) -> Callable[[int], int]:
        """Return the function that returns the causes of an event among the events at some positions."""
        key = tuple(positions)
        if key not in self._causes:
            among = self.causality.causes_among([self.events[position] for position in positions])
            self._causes[key] = functools.cache(among)
        return self._causes[key]

    def find_assignment(self) -> matching.Assignment | None:
        """Return an assignment that satisfies the mode, or None."""
        return matching.find_assignment(self.tree, self.masks, len(self.events), self.mode, self.causes_among)

    def find_partial_assignment(self) -> matching.Assignment:
        """Return a large assignment of some leaves in the order of the mode, with gaps."""
        mode = "causal" if self.mode == "causal" else "subsequence"
        kept: matching.Assignment = {}

        def add(leaves: list[int]) -> None:
            nonlocal kept
            part = tree.prune(self.tree, {*kept, *leaves})
            found = matching.find_assignment(part, self.masks, len(self.events), mode, self.causes_among)
            if found is not None:
                kept = found
            elif len(leaves) > 1:
                add(leaves[: len(leaves) // 2])
                add(leaves[len(leaves) // 2 :])

        add(tree.leaves_in(self.tree))
        return kept


def explain_mismatch(comparison: Comparison) -> str:
    """Return the message for a comparison without an assignment."""
    found = comparison.find_partial_assignment()
    rows, first_reason = _align(comparison, found)
    expected = {id(comparison.events[position]) for position in found.values()}
    return "\n".join([
        first_reason,
        *traceback_lines(event for event in comparison.all_events if id(event) not in expected),
        "",
        f"{count(len(comparison.leaves), 'pattern')} and the {count(len(comparison.events), 'event')} "
        f"compared in mode '{comparison.mode}' (= matched, - missing, + unexpected):",
        *rows,
        *pattern_list(comparison.events, comparison.leaves),
    ])  # fmt: skip


def failure_text(
    problem: str,
    events: Sequence[DagflowEvent],
    compared: Sequence[DagflowEvent] = (),
    patterns: Sequence[EventPattern] = (),
) -> str:
    """Return a problem and the tracebacks of the failed steps.

    Args:
        problem: The problem, in one or two lines.
        events: All events.
        compared: The events that the patterns of the assertion were compared with.
        patterns: These patterns. With them the actual events are shown as patterns to paste.
    """
    block = pattern_list(compared, patterns) if patterns else ()
    return "\n".join([problem, *traceback_lines(events), *block])


def describe_error(error: object) -> str:
    """Return the class and the message of the user's own error in a record, in one line."""
    errors = unwrap_error(error)
    text = " ".join(errors[-1].message.split()) if errors else "no error"
    return text.removeprefix(f"{Failure.__module__}.")  # users import it from `dagflow`


def describe_failures(events: Iterable[DagflowEvent]) -> Iterator[str]:
    """Yield each failed step with its error, in one line; the first few of many."""
    failures = [event for event in events if event.event_type.name == "STEP_FAILURE"]
    for event in failures[:_MAX_FAILURES]:
        error = getattr(shown_event(event).event_specific_data, "error", None)
        yield f"'{event.step_key}' failed" + (f" with {describe_error(error)}" if error is not None else "")
    if len(failures) > _MAX_FAILURES:
        yield f"{count(len(failures) - _MAX_FAILURES, 'more step')} failed"


def describe_outcome(node: str, events: Sequence[DagflowEvent]) -> str:
    """Return the outcome of each step of a node in a few words, with the keys of inner and mapped steps."""
    own = [event for event in events if is_inside(node, event.step_key)]
    last: dict[Any, str] = {
        event.step_key: event.event_type.name for event in own if event.event_type.name in _OUTCOMES
    }
    if not last:
        if not has_plans(events):
            return "it has no events in this list"
        return _reason_of_no_events(node, events) or "it has no events"
    return ", ".join(
        _OUTCOMES[name] + (f" ('{step}')" if step != node else "") for step, name in last.items()
    )


def _reason_of_no_events(node: str, events: Any) -> str:
    """Return the nearest step above a node that did not succeed, as a sentence; empty without one."""
    upstream = {step.key: step.upstream_keys for plan in events.plans.values() for step in plan.steps}
    ends = {
        event.step_key: event.event_type.name
        for event in events
        if event.event_type.name in ("STEP_FAILURE", "STEP_SKIPPED")
    }
    waiting = [key for key in upstream if is_inside(node, key)]
    for key in waiting:
        if key in ends:
            return f"it waits for '{key}', which {_OUTCOMES[ends[key]].removeprefix('it ')}"
        waiting += [above for above in upstream.get(key, ()) if above not in waiting]
    return ""


_OUTCOMES = {
    "STEP_START": "it started and did not end",
    "STEP_RESTARTED": "it restarted and did not end",
    "STEP_UP_FOR_RETRY": "it waited for a retry",
    "STEP_SUCCESS": "it succeeded",
    "STEP_FAILURE": "it failed",
    "STEP_SKIPPED": "it was skipped",
}


def traceback_lines(events: Iterable[DagflowEvent]) -> list[str]:
    """Return the tracebacks of the failed steps, without the frames of dagflow."""
    lines: list[str] = []
    for event in events:
        is_failure = event.event_type.name in _FAILURE_EVENTS
        errors = unwrap_error(shown_event(event).event_specific_data.error) if is_failure else []
        if not errors:
            continue
        what = f"step '{event.step_key}' failed" if event.step_key else "the run failed"
        own = [line for line in errors[-1].stack if _RUNTIME_FOLDER not in line]
        traceback = "".join([*own, errors[-1].message]).rstrip("\n")
        lines += ["", f"{what}:", *(f"    {line}" for line in traceback.split("\n"))]
    return lines


_FAILURE_EVENTS = ("STEP_FAILURE", "RESOURCE_INIT_FAILURE")
_RUNTIME_FOLDER = os.path.dirname(os.path.abspath(dagflow.__file__)) + os.sep


def pattern_list(events: Sequence[DagflowEvent], patterns: Sequence[EventPattern]) -> list[str]:
    """Return the lines that show events as a list of patterns.

    With `-vv`, without patterns and for few events the list is whole and holds in mode "exact". Otherwise it
    has the events of the steps and of the types in the patterns.
    """
    if not events:
        return ["", "there are no events to compare"]
    is_whole = is_verbose() or not patterns or len(events) <= _MAX_SIMILAR_ROWS
    rows, folded = [], 0
    is_touched = _touched_by(patterns)
    for event in events:
        if is_whole or is_touched(event):
            rows += _folded_line(folded)
            rows.append(f"        {pattern_of(event)!r},")
            folded = 0
        else:
            folded += 1
    rows += _folded_line(folded)
    if len(rows) > 2 * _MAX_SIMILAR_ROWS and not is_whole:
        hidden = len(rows) - 2 * _MAX_SIMILAR_ROWS
        rows[_MAX_SIMILAR_ROWS:-_MAX_SIMILAR_ROWS] = [f"        # ... {hidden} more lines"]
    is_complete = not any(row.startswith("        # ") for row in rows)
    title = "to paste: they hold in mode 'exact'" if is_complete else "to paste from; with -vv all of them"
    return ["", f"actual events as patterns ({title}):", "    [", *rows, "    ]"]


def _touched_by(patterns: Sequence[EventPattern]) -> Callable[[DagflowEvent], bool]:
    """Return a function that checks whether an event has a step or a type that the patterns name."""
    types = {pattern.event_type for pattern in patterns if "step" not in pattern.fields}
    steps = {pattern.fields["step"] for pattern in patterns if isinstance(pattern.fields.get("step"), str)}
    matchers = [step for pattern in patterns if not isinstance(step := pattern.fields.get("step", ""), str)]

    def is_touched(event: DagflowEvent) -> bool:
        if event.event_type in types or event.step_key in steps:
            return True
        return event.step_key is not None and any(is_equal(step, event.step_key) for step in matchers)

    return is_touched


def _folded_line(number: int) -> list[str]:
    return [f"        # ... {count(number, 'event')} of other steps and types"] if number else []


def _align(comparison: Comparison, found: matching.Assignment) -> tuple[list[str], str]:
    """Return a line for each pattern and each unexpected event, and the problem for the first line."""
    leaf_at = {position: leaf for leaf, position in found.items()}
    missing = _MissingReasons(comparison, found)
    strict = _strict_positions(comparison, found)
    reasons = {leaf: missing.reason(leaf) for leaf in tree.leaves_in(comparison.tree) if leaf not in found}
    after: dict[int, list[int]] = {}  # a missing pattern is shown after the pattern before it
    last = -1
    for leaf in tree.leaves_in(comparison.tree):
        last = max(last, found.get(leaf, last))
        if leaf in reasons:
            after.setdefault(last, []).append(leaf)
    rows, others = [], 0
    for position in range(-1, len(comparison.events)):
        if position >= 0 and position not in leaf_at and position not in strict:
            others += 1
        elif position >= 0:
            rows += _other_events_line(others)
            others = 0
            event = comparison.events[position]
            is_matched = position in leaf_at
            shown = comparison.leaves[leaf_at[position]] if is_matched else pattern_of(event)
            rows.append(f"  {'=' if is_matched else '+'} {shown!r}  (#{position + 1})")
        for leaf in after.get(position, ()):
            rows += _other_events_line(others)
            others = 0
            rows.append(f"  - {comparison.leaves[leaf]!r}  {reasons[leaf]}")
    rows += _other_events_line(others)
    if reasons:
        leaf, reason = next(iter(reasons.items()))
        return _shorten_runs(rows), f"{comparison.leaves[leaf]!r} {reason}"
    position = min(strict - set(leaf_at), default=0)
    problem = f"{pattern_of(comparison.events[position])!r} (#{position + 1}) is unexpected here"
    return _shorten_runs(rows), problem


def _other_events_line(number: int) -> list[str]:
    return [f"      ... {count(number, 'other event')}"] if number else []


def _shorten_runs(rows: list[str]) -> list[str]:
    """Return the rows without the middle of long runs of matched, and of unexpected rows."""
    if is_verbose():
        return rows
    short: list[str] = []
    for mark, group in itertools.groupby(rows, key=lambda row: row[:4]):
        run, what = list(group), {"  = ": "that match", "  + ": "that are unexpected"}.get(mark)
        if what is not None and len(run) > _MAX_SIMILAR_ROWS:
            run = [*run[:4], f"      ... {len(run) - 8} more {what}", *run[-4:]]
        short += run
    return short


def _strict_positions(comparison: Comparison, found: matching.Assignment) -> set[int]:
    """Return the positions at which the mode allows no unmatched event."""
    number, taken = len(comparison.events), found.values()
    if comparison.mode in ("exact", "unordered"):
        return set(range(number))
    if comparison.mode == "prefix":
        return set(range(number)[: len(comparison.leaves)])
    if comparison.mode == "suffix":
        return set(range(number)[max(0, number - len(comparison.leaves)) :])
    if comparison.mode == "contiguous" and taken:
        return set(range(min(taken), max(taken) + 1))
    return set()


class _MissingReasons:
    """The reasons why patterns have no event."""

    def __init__(self, comparison: Comparison, found: matching.Assignment) -> None:
        self.comparison = comparison
        self.found = found

    def reason(self, leaf: int) -> str:
        """Return the reason for one leaf."""
        candidates = matching.positions_in(self.comparison.masks[leaf])
        free = [position for position in candidates if position not in self.found.values()]
        if free:
            return self._out_of_order(leaf, free)
        pattern = self.comparison.leaves[leaf]
        if candidates:
            expected = sum(mask == self.comparison.masks[leaf] for mask in self.comparison.masks)
            if expected > len(candidates):
                return f"is missing: {expected} expected, {len(candidates)} found"
            return f"is missing: {self._named(candidates[0])} matches another pattern"
        if any(pattern.matches(event) for event in self.comparison.all_events):
            return "is missing: there is such an event, but 'within' or 'ignore' excludes it"
        return self._nearest_miss(pattern)

    def _out_of_order(self, leaf: int, free: list[int]) -> str:
        comparison, found = self.comparison, self.found
        before, after = tree.neighbors_of(comparison.tree, leaf) or ((), ())
        reasons = []
        for position in free:
            wrong = [
                *((found[other], position) for other in before if other in found),
                *((position, found[other]) for other in after if other in found),
            ]
            misplaced = [pair for pair in wrong if pair[0] >= pair[1]]
            if misplaced:
                late, early = misplaced[0]
                reason = (
                    f"(#{early + 1}) came before {self._named(late)}, not after it"
                    if early == position
                    else f"(#{late + 1}) came after {self._named(early)}, not before it"
                )
            else:
                lucky = [pair for pair in wrong if comparison.causality and not comparison.caused(*pair)]
                if not lucky:
                    continue
                one, other = comparison.events[lucky[0][0]], comparison.events[lucky[0][1]]
                reason = (
                    f"is in this order by luck: {comparison.causality.explain(one, other)}. "
                    "Write par(...) around both patterns if any order is right"
                )
            reasons.append((bool(misplaced), len(wrong), reason))
        if not reasons:
            return f"is not in this order: {self._named(free[0])} conflicts with another pattern"
        return min(reasons, key=lambda found: found[:2])[2]

    def _named(self, position: int) -> str:
        return f"{pattern_of(self.comparison.events[position])!r} (#{position + 1})"

    def _nearest_miss(self, pattern: EventPattern) -> str:
        events, taken = self.comparison.events, set(self.found.values())
        similar = [
            (len(differing), position in taken, _dissimilarity(differing), position, differing)
            for position, event in enumerate(events)
            if event.event_type is pattern.event_type and (differing := pattern.differing_fields(event))
        ]
        if similar:
            _, _, _, position, differing = min(similar, key=lambda miss: miss[:4])
            fields = _describe_fields(differing, events[position])
            return f"is missing; the nearest is {self._named(position)}: {fields}"
        name = pattern.event_type.name
        step = pattern.fields.get("step")
        steps = {event.step_key for event in self.comparison.all_events if event.step_key}
        if isinstance(step, str) and step not in steps:
            return f"is missing: step '{step}' has no events.{suggest(step, steps)}"
        if isinstance(step, str):
            own = [event.event_type.name for event in events if event.step_key == step]
            others = ", ".join(own) or "events that are not compared"
            return f"is missing: step '{step}' has no {name}, only {others}"
        return f"is missing: there is no {name} among the compared events"


def describe_no_match(
    pattern: EventPattern, events: Sequence[DagflowEvent], what: str, verb: str, names: Sequence[str]
) -> str:
    """Return the problem of a pattern that no event matches, in one line.

    Args:
        pattern: The pattern.
        events: The events.
        what: The subject of the sentence: "asset 'cup'".
        verb: The verb in the passive: "materialized".
        names: The fields of the pattern that name the subject. The other fields are its values.
    """
    same_type = [event for event in events if event.event_type is pattern.event_type]
    misses = [(pattern.differing_fields(event), event) for event in same_type]
    of_subject = [miss for miss in misses if not any(name in names for name, _, _ in miss[0])]
    if of_subject:
        nearest = min(of_subject, key=lambda miss: (len(miss[0]), _dissimilarity(miss[0])))
        return f"{what} was {verb}, but with other values: {_describe_fields(*nearest)}"
    shown = map(shown_event, same_type)
    others = dict.fromkeys(
        " of ".join(quoted(read_field(event, name)) for name in reversed(names)) for event in shown
    )
    if not others:
        return f"{what} was not {verb}: nothing was"
    wanted = " of ".join(quoted(pattern.fields.get(name, "")) for name in reversed(names))
    close = difflib.get_close_matches(wanted, list(others), n=3)
    if close:
        return f"{what} was not {verb}. Did you mean {' or '.join(close)}?"
    more = ", ..." if len(others) > _MAX_SIMILAR_ROWS else ""
    return f"{what} was not {verb}: only {', '.join([*others][:_MAX_SIMILAR_ROWS])}{more}"


def quoted(value: object) -> str:
    """Return a string in quotes, and any other value, such as a matcher, as source code."""
    return repr(value) if isinstance(value, str) else source_text(value)


def _dissimilarity(differing: Sequence[tuple[str, object, object]]) -> float:
    """Return the difference of the field values as strings: 0 for nearly equal strings."""
    return sum(
        1 - difflib.SequenceMatcher(None, repr(expected), repr(actual)).ratio()
        for _, expected, actual in differing
    )


def _describe_fields(differing: Iterable[tuple[str, object, object]], event: DagflowEvent) -> str:
    """Return the fields in which an event differs from a pattern, with its values as they may be shown."""
    shown = shown_event(event)
    return "; ".join(_describe_field(name, value, read_field(shown, name)) for name, value, _ in differing)


def _describe_field(name: str, expected: object, actual: object) -> str:
    if isinstance(expected, MetadataMatcher) and isinstance(actual, dict):
        return f"{name}: {expected.difference(actual)}"
    if name == "error":
        return f"{name}: expected {expected!r}, was {describe_error(actual)}"
    return f"{name}: expected {source_text(expected)}, was {source_text(actual)}"
