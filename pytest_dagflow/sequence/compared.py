"""Which events an assertion looks at: those of a result or list, inside a node, without what is ignored.

Also the names of the nodes that a run has, so that a misspelt one is an error and no silent "it did not run".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dagflow import AssetKey, DagflowError, DagflowEvent, DagflowEventType
from pytest_dagflow.sequence.matchers import suggest
from pytest_dagflow.sequence.patterns import EventPattern, Group, as_pattern, event_type

IgnoredEvents = Iterable[object] | None


def events_of(source: object) -> Sequence[DagflowEvent]:
    """The events of a result, or the list itself.

    Raises:
        DagflowError: It is neither a result nor a list of events.
    """
    events: Any = getattr(source, "all_events", source)
    if not isinstance(events, Sequence) or isinstance(events, (str, bytes)):
        raise DagflowError(
            f"a result or a list of events is needed, not {source!r} of type '{type(source).__name__}'"
        )
    wrong = next((event for event in events if not isinstance(event, DagflowEvent)), None)
    if wrong is not None:
        raise DagflowError(
            f"a list of events is needed; this one holds {wrong!r} of '{type(wrong).__name__}'"
        )
    return events


def has_plans(events: Sequence[DagflowEvent]) -> bool:
    """Whether a list of events knows the plans of its runs."""
    return getattr(events, "plans", None) is not None


def check_node_name(node: object, events: Sequence[DagflowEvent], *, where: str = "node") -> str:
    """The path of a node (or the key of a step) that these runs have.

    Args:
        node: Its dotted path, a step key, or an asset key (an AssetKey, or a text with slashes).
        events: The events of the runs.
        where: What the node was given as, for the message.

    Raises:
        DagflowError: It is no name, or the runs have no such node; near names are given. A bare list cannot
            tell a node that did not run from a misspelt one, so there only the kind of value is checked.
    """
    name = node.to_python_identifier() if isinstance(node, AssetKey) else node
    if not isinstance(name, str) or not name:
        raise DagflowError(f"{where} must be the path of a node or a step key, as text, not {node!r}")
    if "/" in name:
        name = AssetKey(name.split("/")).to_python_identifier()
    if has_plans(events):
        check_node_exists(name, events, where)
    return name


def check_node_exists(name: str, events: Sequence[DagflowEvent], where: str) -> None:
    """Raise DagflowError, with near names, if no step of these runs is at or inside a node."""
    steps = _step_keys(events)
    if not any(is_inside(name, step) for step in steps):
        nodes = sorted({node for step in steps for node in _enclosing_nodes(step)})
        guess = suggest(name, nodes) or (f" There is {', '.join(map(repr, nodes[:20]))}." if nodes else "")
        raise DagflowError(f"{where} '{name}' is in none of these runs.{guess}")


def is_inside(node: str, step_key: str | None) -> bool:
    """Whether a step is that of a node, or of a node inside it.

    Example:
        >>> is_inside("machine", "machine.brew[a]"), is_inside("machine.brew[b]", "machine.brew[a]")
        (True, False)
    """
    return step_key is not None and (step_key == node or step_key.startswith((f"{node}.", f"{node}[")))


def compared(
    events: Sequence[DagflowEvent], named: Iterable[EventPattern], within: object, ignore: IgnoredEvents
) -> list[DagflowEvent]:
    """The events that patterns are compared with.

    Args:
        events: All events.
        named: The patterns; a type that one of them names is looked at, quiet or not.
        within: The node to keep, or None.
        ignore: Types, steps or patterns to drop; None drops nothing and makes no type quiet.

    Raises:
        DagflowError: An unknown node, or something that cannot be ignored.
    """
    loud = {pattern.event_type for pattern in named}
    dropped = () if ignore is None else _ignore_rules(ignore, events)
    if within is not None:
        name = check_node_name(within, events, where="within")
        check_node_exists(name, events, "within")
        events = [event for event in events if is_inside(name, event.step_key)]
    return [
        event
        for event in events
        if (ignore is None or event.event_type in loud or not _is_machinery(event))
        and not any(_is_dropped(rule, event) for rule in dropped)
    ]


def _is_machinery(event: DagflowEvent) -> bool:
    """Whether this is an event of the machinery, which no sequence has to list."""
    is_loud: bool = event.is_step_event or event.is_hook_event or event.event_type.name.startswith("RUN_")
    return not is_loud


def _ignore_rules(ignore: Iterable[object], events: Sequence[DagflowEvent]) -> tuple[EventPattern | str, ...]:
    if isinstance(ignore, (str, EventPattern, Group)) or not isinstance(ignore, Iterable):
        raise DagflowError(
            f"ignore must be a list of event types, steps or patterns, or None, not {ignore!r}"
        )
    rules: list[EventPattern | str] = []
    for value in ignore:
        is_step = isinstance(value, AssetKey) or (isinstance(value, str) and not names_event_type(value))
        if isinstance(value, Group):
            raise DagflowError(f"ignore drops single events, so {value!r} has no meaning there")
        if not is_step:
            rule = as_pattern(value)
            assert isinstance(rule, EventPattern)
            rules.append(rule)
        else:
            rules.append(check_node_name(value, events, where="a step in ignore"))
    return tuple(rules)


def names_event_type(text: str) -> bool:
    """Whether a text names an event type, and not a node.

    Raises:
        DagflowError: It is meant to name one, but misspelt.

    Example:
        >>> names_event_type("STEP_START:brew"), names_event_type("brew")
        (True, False)
    """
    name = text.partition(":")[0]
    if ":" in text or (name.isupper() and suggest(name, DagflowEventType.__members__)):
        event_type(name)
        return True
    return False


def _is_dropped(rule: EventPattern | str, event: DagflowEvent) -> bool:
    return is_inside(rule, event.step_key) if isinstance(rule, str) else rule.matches(event)


def _step_keys(events: Sequence[DagflowEvent]) -> set[str]:
    keys = {event.step_key for event in events if event.step_key is not None}
    for plan in (getattr(events, "plans", None) or {}).values():
        keys.update(step.key for step in plan.steps)
    return keys


def _enclosing_nodes(step_key: str) -> Iterable[str]:
    """A step key and the paths of the nodes around it."""
    yield step_key
    parts = step_key.partition("[")[0].split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])
