"""How far patterns and events agree, and how that is shown: the text of a failed assertion.

The text begins with what went wrong in a line. Then come the traceback of a failed step, patterns and events
side by side, and what happened as patterns to paste.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import dagflow
from dagflow import DagflowEvent
from pytest_dagflow.sequence import matching
from pytest_dagflow.sequence.compared import compared, has_plans, is_inside
from pytest_dagflow.sequence.matchers import MetadataMatcher, source_text, suggest, unwrap_error
from pytest_dagflow.sequence.patterns import EventPattern, pattern_of

_MAX_PATTERNS = 40


@dataclass(frozen=True)
class Comparison:
    """Patterns against the events that they are compared with.

    Attributes:
        tree: The order of the leaves.
        leaves: The patterns, one for each event that is wanted.
        masks: For each leaf the places that it matches.
        events: The events that are compared.
        mode: What the order must be.
        causality: Who caused what; None where nobody asks.
        everything: All events, those too that are not compared.
    """

    tree: matching.Node
    leaves: Sequence[EventPattern]
    masks: Sequence[int]
    events: Sequence[DagflowEvent]
    mode: str
    causality: Any
    everything: Sequence[DagflowEvent]

    def caused(self, one: int, other: int) -> bool:
        """Whether the event at one place caused that at another."""
        return bool(self.causality.caused(self.events[one], self.events[other]))

    def find_assignment(self) -> matching.Assignment | None:
        """An assignment that satisfies the mode, or None."""
        return matching.find(self.tree, self.masks, len(self.events), self.mode, self.caused)

    def find_largest_assignment(self) -> matching.Assignment:
        """An assignment of as many leaves as can be had in written order, where gaps are allowed."""
        mode = "causal" if self.mode == "causal" else "subsequence"
        kept: matching.Assignment = {}

        def add(leaves: list[int]) -> None:
            nonlocal kept
            part = matching.prune(self.tree, {*kept, *leaves})
            found = matching.find(part, self.masks, len(self.events), mode, self.caused)
            if found is not None:
                kept = found
            elif len(leaves) > 1:
                add(leaves[: len(leaves) // 2])
                add(leaves[len(leaves) // 2 :])

        add(matching.leaves_in(self.tree))
        return kept


def explain_mismatch(comparison: Comparison) -> str:
    """Why a comparison that has no solution has none, with all that helps to mend it."""
    found = comparison.find_largest_assignment()
    rows, first_reason = _align(comparison, found)
    failure_text = {id(comparison.events[position]) for position in found.values()}
    return "\n".join([
        f"mode '{comparison.mode}' does not hold: {first_reason}",
        *traceback_lines(event for event in comparison.everything if id(event) not in failure_text),
        "",
        f"{len(comparison.leaves)} patterns and the {len(comparison.events)} events compared "
        "(= matched, - missing, + not wanted here):",
        *rows,
        *pattern_list(comparison.events),
    ])  # fmt: skip


def failure_text(
    problem: str, events: Sequence[DagflowEvent], shown: Sequence[DagflowEvent] | None = None
) -> str:
    """What is wrong in a line or two, the traceback of a failed step, and what happened.

    Args:
        problem: What is wrong.
        events: All events.
        shown: Those that are shown; None shows the ones that are usually compared.
    """
    shown = compared(events, (), None, ()) if shown is None else shown
    return "\n".join([problem, *traceback_lines(events), *(pattern_list(shown) if events else ())])


def describe_outcome(node: str, events: Sequence[DagflowEvent]) -> str:
    """In a few words what became of a node, step by step."""
    own = [event for event in events if is_inside(node, event.step_key)]
    last: dict[Any, str] = {
        event.step_key: event.event_type.name for event in own if event.event_type.name in _OUTCOMES
    }
    if not last:
        return "it has no events" if has_plans(events) else "it has no events in this list"
    return ", ".join(f"{_OUTCOMES[kind]} ('{step}')" for step, kind in last.items())


_OUTCOMES = {
    "STEP_START": "it began and never ended",
    "STEP_RESTARTED": "it began again and never ended",
    "STEP_UP_FOR_RETRY": "it was to be retried",
    "STEP_SUCCESS": "it succeeded",
    "STEP_FAILURE": "it failed",
    "STEP_SKIPPED": "it was skipped",
}


def traceback_lines(events: Iterable[DagflowEvent]) -> list[str]:
    """The tracebacks of the steps that failed among these events, the user's own frames only."""
    lines: list[str] = []
    for event in events:
        errors = (
            unwrap_error(event.event_specific_data.error) if event.event_type.name in _FAILURE_EVENTS else []
        )
        if not errors:
            continue
        what = f"step '{event.step_key}' failed" if event.step_key else "the run failed"
        own = [line for line in errors[-1].stack if _RUNTIME_FOLDER not in line]
        text = "".join([*own, errors[-1].message]).rstrip("\n")
        lines += ["", f"{what}:", *(f"    {line}" for line in text.split("\n"))]
    return lines


_FAILURE_EVENTS = ("STEP_FAILURE", "RESOURCE_INIT_FAILURE")
_RUNTIME_FOLDER = os.path.dirname(os.path.abspath(dagflow.__file__)) + os.sep


def pattern_list(events: Sequence[DagflowEvent]) -> list[str]:
    """What happened, as patterns that match it."""
    if not events:
        return ["", "nothing happened that is compared"]
    lines = ["", "what happened, to paste (it holds in mode 'exact'):", "    ["]
    lines += [f"        {pattern_of(event)!r}," for event in events[:_MAX_PATTERNS]]
    if len(events) > _MAX_PATTERNS:
        lines.append(f"        # and {len(events) - _MAX_PATTERNS} more")
    return [*lines, "    ]"]


def _align(comparison: Comparison, found: matching.Assignment) -> tuple[list[str], str]:
    """A line for each pattern, in written order, and between them the events that nothing matched."""
    leaf_at = {position: leaf for leaf, position in found.items()}
    missing = _MissingReasons(comparison, found)
    strict = _strict_positions(comparison, found)
    reasons = {
        leaf: missing.reason(leaf) for leaf in matching.leaves_in(comparison.tree) if leaf not in found
    }
    after: dict[int, list[int]] = {}  # a missing pattern is shown behind the place of the pattern before it
    last = -1
    for leaf in matching.leaves_in(comparison.tree):
        last = max(last, found.get(leaf, last))
        if leaf in reasons:
            after.setdefault(last, []).append(leaf)
    rows, others = [], 0
    for position in range(-1, len(comparison.events)):
        if position >= 0 and position not in leaf_at and position not in strict:
            others += 1
        elif position >= 0:
            rows += _count_others(others)
            others = 0
            event = comparison.events[position]
            match_leaves = position in leaf_at
            said = comparison.leaves[leaf_at[position]] if match_leaves else pattern_of(event)
            rows.append(f"  {'=' if match_leaves else '+'} {said!r}  (#{position + 1})")
        for leaf in after.get(position, ()):
            rows += _count_others(others)
            others = 0
            rows.append(f"  - {comparison.leaves[leaf]!r}  {reasons[leaf]}")
    rows += _count_others(others)
    if reasons:
        leaf, reason = next(iter(reasons.items()))
        return _shorten_matches(rows), f"{comparison.leaves[leaf]!r} {reason}"
    position = min(strict - set(leaf_at), default=0)
    return _shorten_matches(
        rows
    ), f"{pattern_of(comparison.events[position])!r} (#{position + 1}) is not wanted here"


def _count_others(count: int) -> list[str]:
    return [f"      ... {count} other event{'s' if count > 1 else ''}"] if count else []


def _shorten_matches(rows: list[str]) -> list[str]:
    """The rows with long stretches of matched ones cut out."""
    short: list[str] = []
    stretch: list[str] = []
    for row in [*rows, ""]:
        if row.startswith("  = "):
            stretch.append(row)
            continue
        if len(stretch) > 12:
            stretch = [*stretch[:4], f"      ... {len(stretch) - 8} more that match", *stretch[-4:]]
        short += [*stretch, row]
        stretch = []
    return short[:-1]


def _strict_positions(comparison: Comparison, found: matching.Assignment) -> set[int]:
    """The places that a mode allows no other event at."""
    count, taken = len(comparison.events), found.values()
    if comparison.mode in ("exact", "unordered"):
        return set(range(count))
    if comparison.mode == "prefix":
        return set(range(count)[: len(comparison.leaves)])
    if comparison.mode == "suffix":
        return set(range(count)[max(0, count - len(comparison.leaves)) :])
    if comparison.mode == "contiguous" and taken:
        return set(range(min(taken), max(taken) + 1))
    return set()


class _MissingReasons:
    """Says of a pattern without an event why it has none."""

    def __init__(self, comparison: Comparison, found: matching.Assignment) -> None:
        self.comparison = comparison
        self.found = found

    def reason(self, leaf: int) -> str:
        """A few words for one leaf."""
        candidates = matching.positions_in(self.comparison.masks[leaf])
        free = [position for position in candidates if position not in self.found.values()]
        if free:
            return self._out_of_order(leaf, free)
        pattern = self.comparison.leaves[leaf]
        if candidates:
            wanted = sum(mask == self.comparison.masks[leaf] for mask in self.comparison.masks)
            if wanted > len(candidates):
                return f"is missing: {wanted} wanted, {len(candidates)} in all"
            return f"is missing: {self._named(candidates[0])} belongs to another pattern"
        if any(pattern.matches(event) for event in self.comparison.everything):
            return "is missing: there is such an event, but 'within' or 'ignore' leaves it out"
        return self._nearest_miss(pattern)

    def _out_of_order(self, leaf: int, free: list[int]) -> str:
        comparison, found = self.comparison, self.found
        before, behind = _neighbors(comparison.tree, leaf) or ((), ())
        reasons = []
        for position in free:
            wrong = [
                *((found[other], position) for other in before if other in found),
                *((position, found[other]) for other in behind if other in found),
            ]
            misplaced = [pair for pair in wrong if pair[0] >= pair[1]]
            if misplaced:
                late, early = misplaced[0]
                text = f"is in the wrong order: {self._named(early)} came before {self._named(late)}"
            else:
                luck = [pair for pair in wrong if comparison.causality and not comparison.caused(*pair)]
                if not luck:
                    continue
                one, other = comparison.events[luck[0][0]], comparison.events[luck[0][1]]
                text = f"is in this order by luck: {comparison.causality.explain(one, other)}"
            reasons.append((bool(misplaced), len(wrong), text))
        if not reasons:
            return f"is not in this order: {self._named(free[0])} is there, but another pattern is in its way"
        return min(reasons, key=lambda reason: reason[:2])[2]

    def _named(self, position: int) -> str:
        return f"{pattern_of(self.comparison.events[position])!r} (#{position + 1})"

    def _nearest_miss(self, pattern: EventPattern) -> str:
        events, taken = self.comparison.events, set(self.found.values())
        alike = [
            (
                len(differing_fields),
                position in taken,
                _dissimilarity(differing_fields),
                position,
                differing_fields,
            )
            for position, event in enumerate(events)
            if event.event_type is pattern.event_type
            and (differing_fields := pattern.differing_fields(event))
        ]
        if alike:
            _, _, _, position, differing_fields = min(alike, key=lambda miss: miss[:4])
            fields = "; ".join(_describe_field(*field) for field in differing_fields)
            return f"is missing; the nearest is {self._named(position)}: {fields}"
        name = pattern.event_type.name
        step = pattern.fields.get("step")
        steps = {event.step_key for event in self.comparison.everything if event.step_key}
        if isinstance(step, str) and step not in steps:
            return f"is missing: step '{step}' has no events.{suggest(step, steps)}"
        if isinstance(step, str):
            own = [event.event_type.name for event in events if event.step_key == step]
            return f"is missing: step '{step}' has no {name}, only {', '.join(own) or 'what is not compared'}"
        return f"is missing: there is no {name} among the events compared"


def _neighbors(node: matching.Node, leaf: int) -> tuple[list[int], list[int]] | None:
    """The leaves that must come before a leaf, and those that must come behind; None if it is not there."""
    if isinstance(node, int):
        return ([], []) if node == leaf else None
    for number, part in enumerate(node.parts):
        inside = _neighbors(part, leaf)
        if inside is not None:
            before, behind = inside
            if isinstance(node, matching.Series):
                before += [other for part in node.parts[:number] for other in matching.leaves_in(part)]
                behind += [other for part in node.parts[number + 1 :] for other in matching.leaves_in(part)]
            return before, behind
    return None


def _dissimilarity(differing_fields: Sequence[tuple[str, object, object]]) -> float:
    """How unlike the texts are that differ: 0 for nearly equal ones."""
    return sum(
        1 - difflib.SequenceMatcher(None, repr(expected), repr(actual)).ratio()
        for _, expected, actual in differing_fields
    )


def _describe_field(name: str, expected: object, actual: object) -> str:
    if isinstance(expected, MetadataMatcher) and isinstance(actual, dict):
        return f"{name}: {expected.difference(actual)}"
    if name == "error":
        errors = unwrap_error(actual)
        was = f"{errors[-1].cls_name}: {errors[-1].message.strip()}" if errors else "no error"
        return f"{name}: expected {expected!r}, was {was}"
    return f"{name}: expected {source_text(expected)}, was {source_text(actual)}"
